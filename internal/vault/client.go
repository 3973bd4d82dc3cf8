package vault

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/appreg/terraform-provider-appreg/internal/secret"
	"github.com/appreg/terraform-provider-appreg/internal/settle"
)

// Tags of a version that we wrote.
const (
	tagManagedBy     = "managed-by"
	tagApplicationID = "application-id"
	tagKeyID         = "key-id"
	managedBy        = "terraform-provider-appreg"
)

// ContentType is what the versions say that they hold.
const ContentType = "Client secret of a Microsoft Entra application"

const (
	// maxAttempts bounds how often a write is sent whose replies get lost.
	maxAttempts = 3
	// lateWrite is how long to look for what a request without reply has written: the vault may still be at work on it.
	lateWrite = 5 * time.Second
)

// Client talks to one vault. It is safe for concurrent use.
type Client struct {
	origin  string
	secrets *azsecrets.Client
	grace   time.Duration
}

// Secret is a client secret to be handed over.
type Secret struct {
	Name          string // in the vault
	ApplicationID string // object id of the application
	KeyID         string // identifies the secret, here as in Graph
	Value         secret.Value
	Start, End    time.Time
}

func (s Secret) tags() map[string]*string {
	by := managedBy
	return map[string]*string{tagManagedBy: &by, tagApplicationID: &s.ApplicationID, tagKeyID: &s.KeyID}
}

// Version is what a vault says of a version, without its value.
type Version struct {
	ID                         string // the version's address, https://<vault>/secrets/<name>/<version>
	Enabled                    bool
	Created                    time.Time // whole seconds
	NotBefore, Expires         time.Time // zero for none
	ContentType                string
	ManagedBy                  string // from the tags, "" when there is none
	ApplicationID, ClientKeyID string
}

// Ours tells whether it was written for a client secret.
func (v Version) Ours(applicationID, keyID string) bool {
	return v.ManagedBy == managedBy && strings.EqualFold(v.ApplicationID, applicationID) && strings.EqualFold(v.ClientKeyID, keyID)
}

// Name is the version's own name, the last part of its address.
func (v Version) Name() string { return v.ID[strings.LastIndex(v.ID, "/")+1:] }

// Versionless is the address of the secret, which stands for its newest version.
func (v Version) Versionless() string { return v.ID[:max(strings.LastIndex(v.ID, "/"), 0)] }

// Write adds a version and makes it the newest: PUT /secrets/{name}, which needs the permission Set, and List where a
// reply gets lost. Such a write is looked for by the tag that holds the key id, and sent again when it isn't there. An
// error of KindAmbiguous says that even looking failed, any other that no version was written.
func (c *Client) Write(ctx context.Context, s Secret) (*Version, error) {
	for attempt := 1; ; attempt++ {
		written, err := c.set(ctx, s)
		if err == nil || KindOf(err) != KindAmbiguous {
			return written, err
		}
		found, lookErr := c.lookFor(ctx, s)
		switch {
		case lookErr != nil:
			e := *errorOf(err)
			e.Err = lookErr
			return nil, &e
		case found != nil:
			return found, nil
		case ctx.Err() != nil:
			return nil, c.fail(opWrite, s.Name, ctx.Err())
		case attempt == maxAttempts:
			e := *errorOf(err)
			e.Kind = KindUnreachable
			return nil, &e
		}
	}
}

func (c *Client) set(ctx context.Context, s Secret) (*Version, error) {
	value, contentType, enabled := s.Value.Reveal(), ContentType, true
	ctx, call := newCall(ctx)
	reply, err := c.secrets.SetSecret(ctx, s.Name, azsecrets.SetSecretParameters{
		Value: &value, ContentType: &contentType, Tags: s.tags(),
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: &enabled, NotBefore: &s.Start, Expires: &s.End},
	}, nil)
	v := version(reply.ID, reply.Attributes, reply.ContentType, reply.Tags)
	switch {
	case err == nil && v.ID != "":
		return &v, nil
	case call.status == http.StatusOK: // Accepted, it seems; but what came back isn't what a vault says.
		return nil, &Error{Kind: KindAmbiguous, Op: opWrite.name, Vault: c.origin, Name: s.Name, Status: call.status, Message: "the reply names no version", Err: err}
	}
	return nil, c.fail(opWrite, s.Name, err)
}

// lookFor finds the version that a write has made whose reply was lost, nil when there is none. It goes on for a moment
// after ctx has ended, because what was written must not be forgotten.
func (c *Client) lookFor(ctx context.Context, s Secret) (*Version, error) {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.grace)
	defer cancel()
	late, cancelLate := context.WithTimeout(look, lateWrite)
	defer cancelLate()
	found, err := settle.Until(late, func(context.Context) (*Version, error) {
		versions, err := c.Versions(look, s.Name)
		if i := slices.IndexFunc(versions, func(v Version) bool { return v.Ours(s.ApplicationID, s.KeyID) }); i >= 0 {
			return &versions[i], nil
		}
		return nil, err
	}, func(found *Version, err error) bool { return found != nil || err != nil })
	var absent *settle.TimeoutError
	if errors.As(err, &absent) && absent.Last == nil && absent.Tries > 0 {
		return nil, nil //nolint:nilnil // Looked at, and not there.
	}
	return found, err
}

// Versions lists the versions of a secret, the newest first, without their values: GET /secrets/{name}/versions, which
// needs the permission List. A secret that isn't there has none.
func (c *Client) Versions(ctx context.Context, name string) ([]Version, error) {
	var out []Version
	ctx, _ = newCall(ctx)
	for pager := c.secrets.NewListSecretPropertiesVersionsPager(name, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err := c.fail(opRead, name, err); KindOf(err) == KindNotFound {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		for _, p := range page.Value {
			if p != nil {
				out = append(out, version(p.ID, p.Attributes, p.ContentType, p.Tags))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Version) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// Disable switches a version off, by its own name: PATCH /secrets/{name}/{version}, which needs the permission Set. It
// stays in the vault and can be switched on again. KindNotFound says that it isn't there.
func (c *Client) Disable(ctx context.Context, name, versionName string) error {
	enabled := false
	ctx, _ = newCall(ctx)
	_, err := c.secrets.UpdateSecretProperties(ctx, name, versionName, azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: &enabled},
	}, nil)
	return c.fail(opDisable, name, err)
}

func version(id *azsecrets.ID, attributes *azsecrets.SecretAttributes, contentType *string, tags map[string]*string) Version {
	var v Version
	if id != nil {
		v.ID = string(*id)
	}
	if attributes != nil {
		v.Enabled = attributes.Enabled == nil || *attributes.Enabled
		v.Created, v.NotBefore, v.Expires = instant(attributes.Created), instant(attributes.NotBefore), instant(attributes.Expires)
	}
	v.ContentType = text(contentType)
	v.ManagedBy, v.ApplicationID, v.ClientKeyID = text(tags[tagManagedBy]), text(tags[tagApplicationID]), text(tags[tagKeyID])
	return v
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
