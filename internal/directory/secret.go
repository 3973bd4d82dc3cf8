package directory

import (
	"context"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
)

// Secret is a client secret (passwordCredential) of an application.
type Secret struct {
	KeyID, DisplayName, Hint string
	Start, End               time.Time    // UTC, whole seconds
	Value                    secret.Value // only in the result of AddSecret
}

// Certificate is the public part of a keyCredential.
type Certificate struct {
	KeyID, DisplayName, Thumbprint string
	Start, End                     time.Time
}

// AddSecret makes a client secret. Graph: POST /applications/{id}/addPassword. From the moment that the secret exists
// the result is non-nil and holds its value. A reply that got lost is recovered: ours is removed and made again, or the
// error is KindAmbiguous and lists the candidates.
func (c *Client) AddSecret(ctx context.Context, applicationID, displayName string, end time.Time) (*Secret, error) {
	panic("stub")
}

// SettleSecret waits until the secret shows in the application (AddSecret's second half, so that the caller can store
// the value first).
func (c *Client) SettleSecret(ctx context.Context, applicationID, keyID string) error { panic("stub") }

// RemoveSecret removes a secret; an absent secret or application is success. Graph: POST /applications/{id}/removePassword.
func (c *Client) RemoveSecret(ctx context.Context, applicationID, keyID string) error { panic("stub") }
