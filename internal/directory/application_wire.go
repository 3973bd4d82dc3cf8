package directory

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// fromApplication translates the SDK's model.
func fromApplication(m models.Applicationable) *Application {
	tags, markers := splitMarkers(m.GetTags())
	a := &Application{
		ApplicationSpec: ApplicationSpec{
			DisplayName: text(m.GetDisplayName()), SignInAudience: text(m.GetSignInAudience()), Description: text(m.GetDescription()),
			Notes: text(m.GetNotes()), ServiceManagementReference: text(m.GetServiceManagementReference()), Tags: tags,
			UniqueName: text(m.GetUniqueName()),
		},
		ID: text(m.GetId()), ClientID: text(m.GetAppId()), PublisherDomain: text(m.GetPublisherDomain()),
		CreatedAt: instant(m.GetCreatedDateTime()), CreatedByClientID: extraText(m.GetAdditionalData(), "createdByAppId"),
		FallbackPublicClient: m.GetIsFallbackPublicClient(), IdentifierURIs: m.GetIdentifierUris(),
		Secrets: fromPasswords(m.GetPasswordCredentials()), Certificates: fromKeys(m.GetKeyCredentials()),
		Permissions: fromRequired(m.GetRequiredResourceAccess()), DeletedAt: instant(m.GetDeletedDateTime()),
		markers: markers,
	}
	if web := m.GetWeb(); web != nil {
		a.RedirectURIs.Web, a.HomepageURL, a.LogoutURL = web.GetRedirectUris(), text(web.GetHomePageUrl()), text(web.GetLogoutUrl())
		if grant := web.GetImplicitGrantSettings(); grant != nil {
			a.ImplicitGrant = ImplicitGrant{
				AccessTokens: isTrue(grant.GetEnableAccessTokenIssuance()), IDTokens: isTrue(grant.GetEnableIdTokenIssuance()),
			}
		}
	}
	if spa := m.GetSpa(); spa != nil {
		a.RedirectURIs.SPA = spa.GetRedirectUris()
	}
	if public := m.GetPublicClient(); public != nil {
		a.RedirectURIs.PublicClient = public.GetRedirectUris()
	}
	if api := m.GetApi(); api != nil {
		a.AccessTokenVersion = api.GetRequestedAccessTokenVersion()
	}
	return a
}

func fromPasswords(all []models.PasswordCredentialable) []Secret {
	out := make([]Secret, 0, len(all))
	for _, p := range all {
		s := Secret{
			KeyID: guid(p.GetKeyId()), DisplayName: text(p.GetDisplayName()), Hint: text(p.GetHint()),
			Start: instant(p.GetStartDateTime()), End: instant(p.GetEndDateTime()),
		}
		// Secrets of the Azure AD Graph era keep their label in the custom identifier.
		if label := p.GetCustomKeyIdentifier(); s.DisplayName == "" && utf8.Valid(label) {
			s.DisplayName = string(label)
		}
		out = append(out, s)
	}
	return out
}

func fromRequired(all []models.RequiredResourceAccessable) []APIPermissions {
	out := make([]APIPermissions, 0, len(all))
	for _, r := range all {
		p := APIPermissions{APIClientID: strings.ToLower(text(r.GetResourceAppId()))}
		for _, access := range r.GetResourceAccess() {
			if text(access.GetTypeEscaped()) == "Role" {
				p.RoleIDs = append(p.RoleIDs, guid(access.GetId()))
			} else {
				p.ScopeIDs = append(p.ScopeIDs, guid(access.GetId()))
			}
		}
		out = append(out, p)
	}
	return out
}

// toRequired is the wire form of all permissions, which Graph replaces whole. Each id is checked to be a GUID.
func toRequired(all []APIPermissions) ([]models.RequiredResourceAccessable, error) {
	out := make([]models.RequiredResourceAccessable, 0, len(all))
	for _, p := range all {
		var accesses []models.ResourceAccessable
		add := func(ids []string, kind string) error {
			for _, id := range ids {
				parsed, err := uuid.Parse(id)
				if err != nil {
					return err
				}
				access := models.NewResourceAccess()
				access.SetId(&parsed)
				access.SetTypeEscaped(&kind)
				accesses = append(accesses, access)
			}
			return nil
		}
		if err := add(p.ScopeIDs, "Scope"); err != nil {
			return nil, err
		}
		if err := add(p.RoleIDs, "Role"); err != nil {
			return nil, err
		}
		if len(accesses) == 0 {
			continue
		}
		r := models.NewRequiredResourceAccess()
		r.SetResourceAppId(&p.APIClientID)
		r.SetResourceAccess(accesses)
		out = append(out, r)
	}
	return out, nil
}

// applicationPatch collects what one request writes.
type applicationPatch struct {
	body    *models.Application
	changed bool
}

// patchOf is the request that leads from old to updated and touches nothing else. A property that becomes empty is
// sent as null, which the SDK does for additional data only; a collection that does, as [].
func patchOf(old, updated ApplicationSpec, markers []string) applicationPatch {
	p := applicationPatch{body: models.NewApplication()}
	extra := p.body.GetAdditionalData()
	p.text(extra, "displayName", old.DisplayName, updated.DisplayName)
	p.text(extra, "description", old.Description, updated.Description)
	p.text(extra, "notes", old.Notes, updated.Notes)
	p.text(extra, "serviceManagementReference", old.ServiceManagementReference, updated.ServiceManagementReference)
	p.text(extra, "uniqueName", old.UniqueName, updated.UniqueName)
	if p.text(extra, "signInAudience", old.SignInAudience, updated.SignInAudience) && personal(updated.SignInAudience) {
		// Graph refuses the audience without this, also in a request of its own.
		version := int32(2)
		api := models.NewApiApplication()
		api.SetRequestedAccessTokenVersion(&version)
		p.body.SetApi(api)
	}
	if !sameSet(old.Tags, updated.Tags) {
		p.body.SetTags(withMarkers(updated.Tags, markers))
		p.changed = true
	}
	p.platforms(old, updated)
	return p
}

// text notes a text that differs.
func (p *applicationPatch) text(extra map[string]any, name, old, updated string) bool {
	if old == updated {
		return false
	}
	p.changed = true
	if extra[name] = any(updated); updated == "" {
		extra[name] = nil
	}
	return true
}

// platforms writes the members of web, spa and publicClient that differ; Graph merges what a nested object leaves out.
func (p *applicationPatch) platforms(old, updated ApplicationSpec) {
	web := applicationPatch{}
	body := models.NewWebApplication()
	web.text(body.GetAdditionalData(), "homePageUrl", old.HomepageURL, updated.HomepageURL)
	web.text(body.GetAdditionalData(), "logoutUrl", old.LogoutURL, updated.LogoutURL)
	if !sameSet(old.RedirectURIs.Web, updated.RedirectURIs.Web) {
		body.SetRedirectUris(orEmpty(updated.RedirectURIs.Web))
		web.changed = true
	}
	if was, is := old.ImplicitGrant, updated.ImplicitGrant; was != is {
		grant := models.NewImplicitGrantSettings()
		if was.AccessTokens != is.AccessTokens {
			grant.SetEnableAccessTokenIssuance(&is.AccessTokens)
		}
		if was.IDTokens != is.IDTokens {
			grant.SetEnableIdTokenIssuance(&is.IDTokens)
		}
		body.SetImplicitGrantSettings(grant)
		web.changed = true
	}
	if web.changed {
		p.body.SetWeb(body)
		p.changed = true
	}
	if !sameSet(old.RedirectURIs.SPA, updated.RedirectURIs.SPA) {
		spa := models.NewSpaApplication()
		spa.SetRedirectUris(orEmpty(updated.RedirectURIs.SPA))
		p.body.SetSpa(spa)
		p.changed = true
	}
	if !sameSet(old.RedirectURIs.PublicClient, updated.RedirectURIs.PublicClient) {
		public := models.NewPublicClientApplication()
		public.SetRedirectUris(orEmpty(updated.RedirectURIs.PublicClient))
		p.body.SetPublicClient(public)
		p.changed = true
	}
}

// createBody is the request that makes an application: what differs from an empty one, and the marker.
func createBody(spec ApplicationSpec, marker string) *models.Application {
	spec.UniqueName = "" // set by the address of an upsert, not by a body
	body := patchOf(ApplicationSpec{}, spec, nil).body
	body.SetTags(withMarkers(spec.Tags, []string{marker}))
	return body
}

// applied is a with spec written to it. Owners aren't part of the object.
func (a *Application) applied(spec ApplicationSpec) *Application {
	after := a.clone()
	after.ApplicationSpec = spec.clone()
	after.Owners = nil
	if personal(spec.SignInAudience) && a.SignInAudience != spec.SignInAudience {
		version := int32(2)
		after.AccessTokenVersion = &version
	}
	return after
}

// personal tells whether personal Microsoft accounts may sign in.
func personal(audience string) bool {
	return audience == "AzureADandPersonalMicrosoftAccount" || audience == "PersonalMicrosoftAccount"
}

func orEmpty(values []string) []string {
	if values == nil {
		return []string{}
	}
	return slices.Clone(values)
}

// instant is a point in time as this package shows it: UTC, whole seconds.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

func isTrue(b *bool) bool { return b != nil && *b }

func guid(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// extraText is a text property that the SDK's model does not know.
func extraText(extra map[string]any, name string) string {
	switch v := extra[name].(type) {
	case string:
		return v
	case *string:
		return text(v)
	}
	return ""
}
