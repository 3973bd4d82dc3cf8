package directory

import (
	"context"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// UpdateApplication writes what differs between old and new, and nothing else, in one PATCH (owners apart: those that
// new has and old has not are added, those that old has and new has not are removed, never the caller). When an owner
// could not be written the application is returned beside the error. Graph: PATCH /applications/{id}.
func (c *Client) UpdateApplication(ctx context.Context, id string, old, updated ApplicationSpec) (*Application, error) {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return nil, c.fail(opUpdateApplication, id, err)
	}
	defer unlock()
	// Tags are replaced whole: the marker among them, which callers don't see, has to be read.
	before, err := c.knownApplication(ctx, id, freshFor)
	if err != nil {
		return nil, err
	}
	return c.updateLocked(ctx, before, old, updated)
}

func (c *Client) updateLocked(ctx context.Context, before *Application, old, updated ApplicationSpec) (*Application, error) {
	after := before
	if patch := patchOf(old, updated, before.markers); patch.changed {
		// What old and updated agree on stays as Graph has it, also where somebody else has changed it meanwhile.
		after = before.applied(overlay(before.ApplicationSpec, old, updated))
		if err := c.patchApplication(ctx, opUpdateApplication, before, after, patch.body); err != nil {
			return nil, err
		}
	}
	if err := c.changeOwners(ctx, before.ID, old.Owners, updated.Owners); err != nil {
		return after, err
	}
	return after, nil
}

// overlay is what an object holds after the difference from old to updated was written to it.
func overlay(current, old, updated ApplicationSpec) ApplicationSpec {
	is, was, want := current.properties(), old.properties(), updated.properties()
	merged := updated.clone()
	keep := func(property string) bool { return was[property] == want[property] && is[property] != want[property] }
	for property, restore := range map[string]func(){
		"display_name":                 func() { merged.DisplayName = current.DisplayName },
		"sign_in_audience":             func() { merged.SignInAudience = current.SignInAudience },
		"description":                  func() { merged.Description = current.Description },
		"notes":                        func() { merged.Notes = current.Notes },
		"service_management_reference": func() { merged.ServiceManagementReference = current.ServiceManagementReference },
		"tags":                         func() { merged.Tags = current.Tags },
		"redirect_uris/web":            func() { merged.RedirectURIs.Web = current.RedirectURIs.Web },
		"redirect_uris/spa":            func() { merged.RedirectURIs.SPA = current.RedirectURIs.SPA },
		"redirect_uris/public_client":  func() { merged.RedirectURIs.PublicClient = current.RedirectURIs.PublicClient },
		"homepage_url":                 func() { merged.HomepageURL = current.HomepageURL },
		"logout_url":                   func() { merged.LogoutURL = current.LogoutURL },
		"implicit_grant/access_tokens": func() { merged.ImplicitGrant.AccessTokens = current.ImplicitGrant.AccessTokens },
		"implicit_grant/id_tokens":     func() { merged.ImplicitGrant.IDTokens = current.ImplicitGrant.IDTokens },
		"unique_name":                  func() { merged.UniqueName = current.UniqueName },
	} {
		if keep(property) {
			restore()
		}
	}
	return merged
}

// SetPublicClient writes isFallbackPublicClient; nil unsets it. Graph: PATCH /applications/{id}.
func (c *Client) SetPublicClient(ctx context.Context, id string, enabled *bool) (*Application, error) {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return nil, c.fail(opSetPublicClient, id, err)
	}
	defer unlock()
	before, err := c.knownApplication(ctx, id, anyAge)
	if err != nil {
		return nil, err
	}
	body := models.NewApplication()
	if enabled == nil {
		body.GetAdditionalData()["isFallbackPublicClient"] = nil
	} else {
		body.SetIsFallbackPublicClient(enabled)
	}
	after := before.clone()
	after.FallbackPublicClient = clonePointer(enabled)
	if err := c.patchApplication(ctx, opSetPublicClient, before, after, body); err != nil {
		return nil, err
	}
	return after, nil
}

// patchApplication sends one PATCH and remembers it. The caller holds the application's lock.
func (c *Client) patchApplication(ctx context.Context, op operation, before, after *Application, body models.Applicationable) error {
	err := c.untilKnown(ctx, op, before.ID, c.applications.believes404, func(ctx context.Context) error {
		_, err := c.applicationBuilder(before.ID).Patch(ctx, body, nil)
		return err
	})
	if err != nil {
		return err
	}
	c.applications.wrote(before.ID, before, after)
	return nil
}

// untilKnown performs a write, again while a replica that lags does not know the object yet.
func (c *Client) untilKnown(ctx context.Context, op operation, id string, believes404 func(string, error) bool, write func(context.Context) error) error {
	_, err := await(ctx, c, wait{op, id, "replicas to know the object"}, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.fail(op, id, write(ctx))
	}, func(_ struct{}, err error) bool {
		return err == nil || KindOf(err) != KindNotFound || believes404(id, err)
	})
	return err
}
