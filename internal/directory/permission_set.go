package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// SetDelegatedPermissions makes scopeIDs the whole of the application's delegated permissions of one API, and leaves
// its application permissions and all other APIs as they are (see writePart). Graph: PATCH /applications/{id}.
func (c *Client) SetDelegatedPermissions(ctx context.Context, id, apiClientID string, scopeIDs []string) (*Application, error) {
	unlock, err := c.locks.lock(ctx, id)
	if err != nil {
		return nil, c.fail(opSetPermissions, id, err)
	}
	defer unlock()
	apiClientID, scopeIDs = strings.ToLower(apiClientID), lowered(scopeIDs)
	return c.writePart(ctx, id, part{
		op: opSetPermissions, what: "the permissions", removal: len(scopeIDs) == 0, always: true,
		holds: func(app *Application) bool { return sameSet(app.scopeIDs(apiClientID), scopeIDs) },
		merge: func(before *Application) (*Application, models.Applicationable, error) {
			after := before.withScopes(apiClientID, scopeIDs)
			required, err := toRequired(after.Permissions)
			if err != nil {
				return nil, nil, &Error{Kind: KindInvalid, Op: opSetPermissions.name, Object: id, Message: "the id of a permission is not a GUID", Err: err}
			}
			body := models.NewApplication()
			body.SetRequiredResourceAccess(required)
			return after, body, nil
		},
	})
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
