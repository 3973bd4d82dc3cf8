package provider

import (
	"net/url"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// The four values of signInAudience.
const (
	audienceMyOrg        = "AzureADMyOrg"
	audienceMultipleOrgs = "AzureADMultipleOrgs"
	audienceAndPersonal  = "AzureADandPersonalMicrosoftAccount"
	audiencePersonal     = "PersonalMicrosoftAccount"
)

// personal reports whether an audience includes personal Microsoft accounts, which have rules of their own.
func personal(audience string) bool {
	return audience == audienceAndPersonal || audience == audiencePersonal
}

// signInTenant is the tenant part of the addresses at which an audience signs in.
func signInTenant(audience, tenantID string) string {
	switch audience {
	case audienceMultipleOrgs:
		return "organizations"
	case audienceAndPersonal:
		return "common"
	case audiencePersonal:
		return "consumers"
	default:
		return tenantID
	}
}

// authorizeURL is where a user's browser is sent to sign in.
func (s *session) authorizeURL(audience, tenantID string) string {
	return s.authorityHost + "/" + signInTenant(audience, tenantID) + "/oauth2/v2.0/authorize"
}

// tokenURL is where codes and secrets are exchanged for tokens.
func (s *session) tokenURL(audience, tenantID string) string {
	return s.authorityHost + "/" + signInTenant(audience, tenantID) + "/oauth2/v2.0/token"
}

// adminConsentURL is the page at which an administrator consents to what the application requests; "" where there is
// nothing to return to, or no administrator (consumers).
func (s *session) adminConsentURL(audience, tenantID, clientID string, redirects directory.RedirectURIs) string {
	redirect := firstRedirectURI(redirects)
	if redirect == "" || audience == audiencePersonal {
		return ""
	}
	// This form of the page doesn't take "common".
	tenant := tenantID
	if audience != audienceMyOrg {
		tenant = "organizations"
	}
	query := url.Values{"client_id": {clientID}, "scope": {s.graphEndpoint + "/.default"}, "redirect_uri": {redirect}}
	return s.authorityHost + "/" + tenant + "/v2.0/adminconsent?" + query.Encode()
}

// firstRedirectURI chooses the same address each time: sets have no order, so the smallest of the first platform.
func firstRedirectURI(r directory.RedirectURIs) string {
	for _, uris := range [][]string{r.Web, r.SPA, r.PublicClient} {
		first := ""
		for _, u := range uris {
			if first == "" || u < first {
				first = u
			}
		}
		if first != "" {
			return first
		}
	}
	return ""
}

// applicationPortalURL is the application's page in the portal, "" in a cloud whose portal is not known.
func (s *session) applicationPortalURL(clientID string) string {
	if s.portalURL == "" {
		return ""
	}
	return s.portalURL + "/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/" + clientID
}
