package provider

import (
	"testing"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

func publicSession() *session {
	return &session{authorityHost: "https://login.example", graphEndpoint: "https://graph.example", portalURL: "https://portal.example", personalAccounts: true}
}

func TestAddressesFollowTheAudience(t *testing.T) {
	t.Parallel()
	s := publicSession()
	redirects := directory.RedirectURIs{Web: []string{"https://b.example/x", "https://a.example/cb?x=1"}, SPA: []string{"https://0.example"}}
	const redirect = "&redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fx%3D1&scope=https%3A%2F%2Fgraph.example%2F.default"
	for _, c := range []struct{ audience, authorize, token, consent string }{
		{audienceMyOrg, "https://login.example/T/oauth2/v2.0/authorize", "https://login.example/T/oauth2/v2.0/token", "https://login.example/T/v2.0/adminconsent?client_id=C" + redirect},
		{audienceMultipleOrgs, "https://login.example/organizations/oauth2/v2.0/authorize", "https://login.example/organizations/oauth2/v2.0/token", "https://login.example/organizations/v2.0/adminconsent?client_id=C" + redirect},
		{audienceAndPersonal, "https://login.example/common/oauth2/v2.0/authorize", "https://login.example/common/oauth2/v2.0/token", "https://login.example/organizations/v2.0/adminconsent?client_id=C" + redirect},
		{audiencePersonal, "https://login.example/consumers/oauth2/v2.0/authorize", "https://login.example/consumers/oauth2/v2.0/token", ""},
	} {
		if got := s.authorizeURL(c.audience, "T"); got != c.authorize {
			t.Errorf("%s: authorize at %s", c.audience, got)
		}
		if got := s.tokenURL(c.audience, "T"); got != c.token {
			t.Errorf("%s: token at %s", c.audience, got)
		}
		if got := s.adminConsentURL(c.audience, "T", "C", redirects); got != c.consent {
			t.Errorf("%s: consent at %s, want %s", c.audience, got, c.consent)
		}
	}
	if got := s.adminConsentURL(audienceMyOrg, "T", "C", directory.RedirectURIs{}); got != "" {
		t.Errorf("without a redirect URI there is no page to return to, got %s", got)
	}
	if got := s.adminConsentURL(audienceMyOrg, "T", "C", directory.RedirectURIs{PublicClient: []string{"http://localhost"}}); got == "" {
		t.Error("a redirect URI of a public client will do")
	}
}

func TestPortalAddress(t *testing.T) {
	t.Parallel()
	s := publicSession()
	if got, want := s.applicationPortalURL("C"), "https://portal.example/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/C"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.portalURL = ""
	if got := s.applicationPortalURL("C"); got != "" {
		t.Errorf("an unknown portal has no address, got %s", got)
	}
}
