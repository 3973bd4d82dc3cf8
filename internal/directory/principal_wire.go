package directory

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// principal translates a reply, which must have a body.
func (c *Client) principal(ctx context.Context, m models.ServicePrincipalable, err error) (*ServicePrincipal, error) {
	if err := identified(m, err); err != nil {
		return nil, err
	}
	return c.fromPrincipal(ctx, m), nil
}

// fromPrincipal translates the SDK's model. A service principal shows the application's tags as if they were its own;
// they are told apart by the application, which is asked for only when there are tags at all
// and it lives in this tenant.
func (c *Client) fromPrincipal(ctx context.Context, m models.ServicePrincipalable) *ServicePrincipal {
	sp := &ServicePrincipal{
		ServicePrincipalSpec: ServicePrincipalSpec{
			ClientID: text(m.GetAppId()), AccountEnabled: isTrue(m.GetAccountEnabled()),
			AppRoleAssignmentRequired: isTrue(m.GetAppRoleAssignmentRequired()), Notes: text(m.GetNotes()),
		},
		ID: text(m.GetId()), DisplayName: text(m.GetDisplayName()), ApplicationTenantID: guid(m.GetAppOwnerOrganizationId()),
		SignInAudience: text(m.GetSignInAudience()), Secrets: fromPasswords(m.GetPasswordCredentials()),
		Certificates: fromKeys(m.GetKeyCredentials()), CreatedAt: extraTime(m.GetAdditionalData(), "createdDateTime"),
		createdBy: extraText(m.GetAdditionalData(), "createdByAppId"),
	}
	tags, markers := splitMarkers(m.GetTags())
	sp.InheritedTags, sp.Foreign = markers, c.isForeign(ctx, sp)
	if len(tags) > 0 && !sp.Foreign {
		if app, err := c.applicationOf(ctx, sp.ClientID); err == nil {
			sp.InheritedTags = append(sp.InheritedTags, app.Tags...)
		} else {
			c.log.InfoContext(ctx, "The tags of the application could not be told from those of its service principal", "error", err.Error())
		}
	}
	sp.Tags = without(tags, sp.InheritedTags)
	return sp
}

// isForeign tells whether the application of a service principal lives in another tenant.
func (c *Client) isForeign(ctx context.Context, sp *ServicePrincipal) bool {
	own, err := c.claims(ctx)
	return err != nil || own.TenantID != sp.ApplicationTenantID
}

// applicationOf is the application with a client id, from what the process knows or from Graph.
func (c *Client) applicationOf(ctx context.Context, clientID string) (*Application, error) {
	if id := c.applications.find(withClientID(clientID)); id != "" {
		return c.knownApplication(ctx, id, anyAge)
	}
	return c.ApplicationByClientID(ctx, clientID)
}

func principalBody(spec ServicePrincipalSpec) *models.ServicePrincipal {
	body := models.NewServicePrincipal()
	body.SetAppId(&spec.ClientID)
	if !spec.AccountEnabled {
		body.SetAccountEnabled(&spec.AccountEnabled)
	}
	if spec.AppRoleAssignmentRequired {
		body.SetAppRoleAssignmentRequired(&spec.AppRoleAssignmentRequired)
	}
	if spec.Notes != "" {
		body.SetNotes(&spec.Notes)
	}
	if len(spec.Tags) > 0 {
		body.SetTags(spec.Tags)
	}
	return body
}

func (s *ServicePrincipal) candidate() Candidate {
	detail := ""
	if !s.CreatedAt.IsZero() {
		detail = "created " + s.CreatedAt.Format(time.RFC3339)
	}
	return Candidate{ID: s.ID, ClientID: s.ClientID, DisplayName: s.DisplayName, Detail: detail}
}

// extraTime is a point in time that the SDK's model does not know.
func extraTime(extra map[string]any, name string) time.Time {
	if t, ok := extra[name].(*time.Time); ok {
		return instant(t)
	}
	t, err := time.Parse(time.RFC3339, extraText(extra, name))
	if err != nil {
		return time.Time{} // not told, or not in the form that Graph uses
	}
	return instant(&t)
}
