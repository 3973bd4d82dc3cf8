package graph

import (
	"net/url"
	"slices"
	"strings"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// longestURI is the length of a redirect URI that Graph takes.
const longestURI = 256

// platforms are the places where redirect URIs live.
var platforms = []string{"web", "spa", "publicClient"}

func (c *call) checkRedirectURIs(app tenant.Doc) error {
	var seen []string
	for _, platform := range platforms {
		uris := app.Doc(platform).Strings("redirectUris")
		for i, uri := range uris {
			again := slices.Contains(uris[:i], uri) ||
				slices.Contains(seen, uri) && c.Readings.is(DuplicateRedirectURI, "refused")
			if again || !c.goodRedirectURI(platform, uri, personal(app)) {
				return invalidValue(platform, "application")
			}
		}
		seen = append(seen, uris...)
	}
	if len(seen) > limitsOf(app).redirectURIs {
		return badRequest("One or more properties contains invalid values.")
	}
	return nil
}

// goodRedirectURI follows the documentation's rules on schemes and characters.
func (c *call) goodRedirectURI(platform, uri string, personalAccounts bool) bool {
	if len(uri) > longestURI || strings.ContainsAny(uri, "!$'(),; #") {
		return false
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return false
	}
	if personalAccounts && (u.RawQuery != "" || u.ForceQuery || strings.Contains(uri, "*")) {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
	case "urn":
		if platform == "publicClient" && strings.HasPrefix(uri, "urn:ietf:wg:oauth:2.0:oob") {
			return c.Readings.is(OutOfBandURI, "accepted")
		}
		return platform == "web"
	}
	return platform == "publicClient" && (u.Host != "" || u.Path != "" || u.Opaque != "")
}
