package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// SetDelegatedPermissions makes scopeIDs the whole of the application's delegated permissions of one API, and leaves
// its application permissions and all other APIs as they are. Graph has no compare-and-swap for the collection that
// holds them all: it is read right before and read back after the write, and merged again when our part is missing.
// Graph: PATCH /applications/{id}.
func (c *Client) SetDelegatedPermissions(ctx context.Context, id, apiClientID string, scopeIDs []string) (*Application, error) {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return nil, c.fail(opSetPermissions, id, err)
	}
	defer unlock()
	apiClientID, scopeIDs = strings.ToLower(apiClientID), lowered(scopeIDs)
	for attempt := 1; ; attempt++ {
		before, err := c.knownApplication(ctx, id, freshFor)
		if err != nil {
			return nil, err
		}
		if sameSet(before.scopeIDs(apiClientID), scopeIDs) {
			return before, nil
		}
		after := before.withScopes(apiClientID, scopeIDs)
		required, err := toRequired(after.Permissions)
		if err != nil {
			return nil, &Error{Kind: KindInvalid, Op: opSetPermissions.name, Object: id, Message: "the id of a permission is not a GUID", Err: err}
		}
		body := models.NewApplication()
		body.SetRequiredResourceAccess(required)
		if err := c.patchApplication(ctx, opSetPermissions, before, after, body); err != nil {
			return nil, err
		}
		if len(scopeIDs) == 0 {
			// Nothing of ours can be missing.
			return after, nil
		}
		shows := func(app *Application) bool { return sameSet(app.scopeIDs(apiClientID), scopeIDs) }
		got, err := c.applicationShowing(ctx, id, shows)
		switch {
		case err != nil:
			return after, c.unsettled(opSetPermissions, id, "the permissions to show in the application", err)
		case shows(got):
			return after, nil
		case attempt == maxAttempts:
			return nil, &Error{
				Kind: KindConflict, Op: opSetPermissions.name, Object: id, Endpoint: c.endpoint,
				Message: "somebody else keeps writing the permissions of this application at the same time",
			}
		}
	}
}

func (a *Application) scopeIDs(apiClientID string) []string {
	for _, p := range a.Permissions {
		if p.APIClientID == apiClientID {
			return p.ScopeIDs
		}
	}
	return nil
}

// withScopes is the application with other delegated permissions of one API.
func (a *Application) withScopes(apiClientID string, scopeIDs []string) *Application {
	after := a.clone()
	at := slices.IndexFunc(after.Permissions, func(p APIPermissions) bool { return p.APIClientID == apiClientID })
	if at < 0 {
		after.Permissions = append(after.Permissions, APIPermissions{APIClientID: apiClientID})
		at = len(after.Permissions) - 1
	}
	after.Permissions[at].ScopeIDs = slices.Clone(scopeIDs)
	if len(scopeIDs) == 0 && len(after.Permissions[at].RoleIDs) == 0 {
		after.Permissions = slices.Delete(after.Permissions, at, at+1)
	}
	return after
}

// lowered writes GUIDs as Graph does.
func lowered(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strings.ToLower(id)
	}
	return out
}
