package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/appreg/terraform-provider-appreg/internal/directory"
)

// The platforms under which a redirect URI can be registered, by attribute name.
const (
	platformWeb    = "web"
	platformSPA    = "spa"
	platformPublic = "public_client"
)

// redirectURIsModel is the attribute redirect_uris.
type redirectURIsModel struct {
	Web          types.Set `tfsdk:"web"`
	SPA          types.Set `tfsdk:"spa"`
	PublicClient types.Set `tfsdk:"public_client"`
}

func redirectURIsType() map[string]attr.Type {
	set := types.SetType{ElemType: types.StringType}
	return map[string]attr.Type{platformWeb: set, platformSPA: set, platformPublic: set}
}

// readRedirectURIs opens the attribute; a null or unknown one has null sets.
func readRedirectURIs(ctx context.Context, o types.Object) redirectURIsModel {
	null := types.SetNull(types.StringType)
	m := redirectURIsModel{Web: null, SPA: null, PublicClient: null}
	if o.IsNull() || o.IsUnknown() {
		return m
	}
	var opened redirectURIsModel
	if o.As(ctx, &opened, basetypes.ObjectAsOptions{}).HasError() {
		return m
	}
	return opened
}

func (m redirectURIsModel) toDirectory() directory.RedirectURIs {
	return directory.RedirectURIs{Web: texts(m.Web), SPA: texts(m.SPA), PublicClient: texts(m.PublicClient)}
}

// redirectURIsFrom maps Graph's platforms, keeping the prior spelling of what is empty.
func redirectURIsFrom(ctx context.Context, prior types.Object, r directory.RedirectURIs) types.Object {
	if prior.IsNull() && len(r.Web)+len(r.SPA)+len(r.PublicClient) == 0 {
		return types.ObjectNull(redirectURIsType())
	}
	was := readRedirectURIs(ctx, prior)
	return types.ObjectValueMust(redirectURIsType(), map[string]attr.Value{
		platformWeb:    keepSet(was.Web, r.Web),
		platformSPA:    keepSet(was.SPA, r.SPA),
		platformPublic: keepSet(was.PublicClient, r.PublicClient),
	})
}

// checkRedirectURIs judges every known redirect URI. The errors name platform and address and belong to redirect_uris as
// a whole: asked for a place within a nested attribute, Terraform shows the first line of the resource instead.
func checkRedirectURIs(ctx context.Context, o types.Object, audience string) diag.Diagnostics {
	var diags diag.Diagnostics
	at := path.Root("redirect_uris")
	m := readRedirectURIs(ctx, o)
	seen := map[string]string{} // address to platform
	for _, p := range []struct {
		platform string
		uris     []string
	}{{platformWeb, texts(m.Web)}, {platformSPA, texts(m.SPA)}, {platformPublic, texts(m.PublicClient)}} {
		for _, uri := range p.uris {
			if problem := redirectProblem(p.platform, uri, audience); problem != "" {
				diags.AddAttributeError(at, "Invalid redirect URI under "+p.platform, problem)
			}
			if other, taken := seen[canonicalURI(uri)]; taken && other != p.platform {
				diags.AddAttributeError(at, "Redirect URI on two platforms",
					fmt.Sprintf("%q is listed under %s and under %s. The platform decides how sign-in treats the application, so an address can have one only.", uri, other, p.platform))
			}
			seen[canonicalURI(uri)] = p.platform
		}
	}
	if limit := redirectLimit(audience); len(seen) > limit {
		diags.AddAttributeError(at, "Too many redirect URIs",
			fmt.Sprintf("There are %d, and an application with sign_in_audience %s can have %d.", len(seen), audience, limit))
	}
	return diags
}

func redirectLimit(audience string) int {
	if personal(audience) {
		return 100
	}
	return 256
}

// canonicalURI lowers what is case-insensitive in an address: its scheme and its host.
func canonicalURI(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	return strings.ToLower(scheme) + "://" + strings.ToLower(rest[:end]) + rest[end:]
}

// redirectProblem says what is wrong with a redirect URI for its platform and audience, "" when nothing is.
func redirectProblem(platform, uri, audience string) string {
	switch {
	case uri == "":
		return "It is empty. Leave it out instead."
	case len([]rune(uri)) > 256:
		return fmt.Sprintf("%q has %d characters; a redirect URI can have 256.", uri, len([]rune(uri)))
	case strings.ContainsAny(uri, "!$'(),;"):
		return fmt.Sprintf("%q contains one of the characters ! $ ' ( ) , ; which a redirect URI can't.", uri)
	case strings.ContainsAny(uri, " \t\r\n"):
		return fmt.Sprintf("%q contains a blank.", uri)
	case strings.Contains(uri, "#"):
		return fmt.Sprintf("%q contains a fragment (#…), which a redirect URI can't.", uri)
	case strings.Contains(uri, "*") && personal(audience):
		return fmt.Sprintf("%q contains a wildcard, which an application for personal Microsoft accounts can't have.", uri)
	case strings.Contains(uri, "?") && personal(audience):
		return fmt.Sprintf("%q contains a query, which an application for personal Microsoft accounts can't have.", uri)
	}
	return schemeProblem(platform, uri)
}

// schemeProblem judges what stands before the path.
func schemeProblem(platform, uri string) string {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || !isScheme(scheme) || strings.Trim(rest, "/") == "" {
		return fmt.Sprintf("%q is not an absolute address: it needs a scheme such as https://, and something after it.", uri)
	}
	switch strings.ToLower(scheme) {
	case "https", "http":
		return hostProblem(platform, uri, strings.ToLower(scheme))
	case "urn":
		if platform == platformSPA {
			return fmt.Sprintf("%q is a URN; a redirect URI under spa begins with https://, or with http://localhost.", uri)
		}
		return ""
	}
	if platform != platformPublic {
		return fmt.Sprintf("%q has a scheme of its own, which only addresses under public_client can. Under %s they begin with https://, or with http://localhost.", uri, platform)
	}
	return ""
}

func hostProblem(platform, uri, scheme string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Hostname() == "":
		return fmt.Sprintf("%q is not an address that names a host.", uri)
	case strings.HasPrefix(u.Host, "["):
		return fmt.Sprintf("%q uses an IPv6 address, which is not supported. Write localhost or 127.0.0.1.", uri)
	case u.User != nil:
		return fmt.Sprintf("%q contains a user name, which a redirect URI can't.", uri)
	}
	if host := strings.ToLower(u.Hostname()); scheme == "http" && host != "localhost" && host != "127.0.0.1" {
		return fmt.Sprintf("%q uses http, which is allowed for localhost only. Under %s write https://.", uri, platform)
	}
	return ""
}

// isScheme judges RFC 3986's form: a letter, then letters, digits, "+", "-" and ".".
func isScheme(s string) bool {
	for i, r := range strings.ToLower(s) {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	return s != ""
}
