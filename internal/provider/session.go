package provider

import (
	"context"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
	"github.com/appreg/terraform-provider-appreg/internal/vault"
)

// session is what Configure hands to every resource, data source and ephemeral resource.
type session struct {
	// client talks to the tenant; nil while configured is false.
	client *directory.Client
	// vaults are the cloud's key vaults; nil while configured is false.
	vaults *vault.Vaults
	// authorityHost and graphEndpoint are https origins without a path.
	authorityHost, graphEndpoint string
	// portalURL is the origin of the cloud's portal, "" where none is known.
	portalURL string
	// personalAccounts is false in national clouds, which have none.
	personalAccounts bool
	// tenantID gives the tenant's GUID: the configured one, else the configured domain resolved once, else the token's.
	tenantID func(context.Context) (string, error)
	now      func() time.Time
	// configured is false while provider arguments are unknown: checks that need the tenant are skipped.
	configured bool
	// made are the object ids of what this process created: whatever a plan looks for in others' objects, it isn't in these,
	// so the second plan of an apply need not ask.
	made idSet
	// tracked are the object ids of applications, and the key ids of client secrets, that the state holds, as far as this
	// process has seen it.
	tracked idSet
	// run notes what this process has open.
	run *Run
}
