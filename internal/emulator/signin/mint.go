package signin

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// lifetime is how long an access token is good for; backdated is how far its start lies before the request, so that a
// client's slow clock does no harm. expires_in is a second less than what is left.
const (
	lifetime  = time.Hour
	backdated = 5 * time.Minute
	expiresIn = int(lifetime/time.Second) - 1
)

// Well-known directory role templates for the claim wids: everybody, global administrator, and what app-only tokens
// carry.
const (
	widUser          = "b79fbf4d-3ef9-4689-8143-76b194e85509"
	widAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	widApplication   = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
)

// base are the claims that every access token holds.
func (x *exchange) base(c *client, in directory, r resource, acr string) jwt.MapClaims {
	claims := jwt.MapClaims{
		"aud": r.aud, "iat": x.now.Add(-backdated).Unix(), "nbf": x.now.Add(-backdated).Unix(), "exp": x.now.Add(lifetime).Unix(),
		"tid": in.ID, "aio": opaque(), "uti": opaque()[:22], "rh": "1." + opaque()[:40], "tenant_region_scope": "EU",
	}
	if _, app, _ := c.view.ApplicationByClientID(r.sp.String("appId")); tokenVersion(app) == 2 {
		claims["ver"], claims["iss"], claims["aud"] = "2.0", x.origin+"/"+in.ID+"/v2.0", r.sp.String("appId")
		claims["azp"], claims["azpacr"] = c.id, acr
		return claims
	}
	claims["ver"], claims["iss"], claims["idp"] = "1.0", "https://sts.windows.net/"+in.ID+"/", "https://sts.windows.net/"+in.ID+"/"
	claims["appid"], claims["appidacr"], claims["app_displayname"] = c.id, acr, c.name
	claims["xms_ftd"], claims["xms_idrel"], claims["xms_tcdt"], claims["xms_tdbr"] = opaque()[:43], "1 7", "1590000000", "EU"
	return claims
}

// tokenVersion is what an API asked for in its own registration. Microsoft's own APIs have none and take version 1,
// whatever the client's registration says.
func tokenVersion(app tenant.Doc) int {
	if app.Doc("api")["requestedAccessTokenVersion"] == float64(2) {
		return 2
	}
	return 1
}

// appToken is the access token of an application by itself. Without a service principal it names none and holds no
// roles.
func (x *exchange) appToken(c *client, in directory, r resource, sp tenant.Doc, acr string) (string, error) {
	claims := x.base(c, in, r, acr)
	claims["idtyp"], claims["wids"] = "app", []string{widApplication}
	if sp != nil {
		claims["oid"], claims["sub"] = sp.String("id"), sp.String("id")
		if roles := rolesOf(c.view, in.ID, sp.String("id"), r); len(roles) > 0 {
			claims["roles"] = roles
		}
	}
	return x.h.sign(claims)
}

// rolesOf lists the application permissions that a service principal holds at an API.
func rolesOf(view *tenant.View, tenantID, principalID string, r resource) []string {
	values := map[string]string{}
	for _, role := range r.sp.Docs("appRoles") {
		values[role.String("id")] = role.String("value")
	}
	var roles []string
	for _, assignment := range view.Find(tenantID, tenant.AppRoleAssignment, func(d tenant.Doc) bool {
		return d.String("principalId") == principalID && d.String("resourceId") == r.id()
	}) {
		if value := values[assignment.String("appRoleId")]; value != "" {
			roles = append(roles, value)
		}
	}
	slices.Sort(roles)
	return roles
}

// userToken is the access token of a client on behalf of a user.
func (x *exchange) userToken(v verdict, a tenant.Account, acr string, methods []string) (string, error) {
	claims := x.base(v.client, v.in, v.resource, acr)
	given, family := names(a)
	wids := []string{widUser}
	if a.Administrator {
		wids = []string{widAdministrator, widUser}
	}
	for name, value := range map[string]any{
		"idtyp": "user", "oid": a.ObjectID, "sub": x.pairwise(a, v.client.id), "name": a.DisplayName,
		"given_name": given, "family_name": family, "ipaddr": "127.0.0.1", "amr": methods, "acct": 0, "acr": "1",
		"puid": x.puid(a), "platf": "14", "signin_state": []string{"kmsi"}, "sid": x.trace, "wids": wids,
		"scp": strings.Join(v.tokenScopes(), " "), "xms_st": map[string]string{"sub": x.pairwise(a, v.client.id)},
	} {
		claims[name] = value
	}
	if claims["ver"] == "2.0" {
		claims["preferred_username"] = a.UserName
	} else {
		claims["upn"], claims["unique_name"] = a.UserName, a.UserName
	}
	return x.h.sign(claims)
}

// names parts an account's display name into the given and the family name.
func names(a tenant.Account) (given, family string) {
	given, family, _ = strings.Cut(a.DisplayName, " ")
	return given, family
}

// tokenScopes is what scp lists: everything consented to at the API, not only what was asked for.
func (v verdict) tokenScopes() []string {
	names := slices.Clone(v.granted)
	if v.resource.isGraph() {
		for _, name := range v.asked.oidc {
			if !containsFold(names, name) {
				names = append(names, name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "offline_access" })
}

// replyScopes is what the reply's scope member lists: the same, in the form in which the request wrote the API's
// address, because clients look there for what they asked for.
func (v verdict) replyScopes() string {
	prefix := ""
	if v.asked.resource != "" {
		prefix = v.asked.resource + "/"
	}
	var out []string
	for _, name := range v.tokenScopes() {
		if slices.Contains(oidcScopes, name) {
			continue
		}
		written := slices.IndexFunc(v.asked.written, func(w string) bool { return strings.EqualFold(w, prefix+name) })
		if written >= 0 {
			out = append(out, v.asked.written[written])
		} else {
			out = append(out, prefix+name)
		}
	}
	if v.asked.all {
		out = append(out, v.asked.written...)
	}
	for _, name := range v.asked.oidc {
		if name != "offline_access" {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

// idToken is the v2.0 id token of a sign-in; hashes are claims about what comes with it.
func (x *exchange) idToken(v verdict, a tenant.Account, nonce string, hashes jwt.MapClaims) (string, error) {
	claims := jwt.MapClaims{
		"aud": v.client.id, "iss": x.origin + "/" + v.in.ID + "/v2.0", "iat": x.now.Add(-backdated).Unix(), "nbf": x.now.Add(-backdated).Unix(),
		"exp": x.now.Add(lifetime).Unix(), "sub": x.pairwise(a, v.client.id), "name": a.DisplayName, "preferred_username": a.UserName,
		"oid": a.ObjectID, "tid": a.TenantID, "ver": "2.0", "uti": opaque()[:22], "rh": "1." + opaque()[:40],
	}
	maps.Copy(claims, hashes)
	if v.asked.wants("email") {
		claims["email"] = a.UserName
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return x.h.sign(claims)
}

// clientInfo tells a client library which account a reply is about.
func clientInfo(a tenant.Account) (string, error) {
	raw, err := json.Marshal(map[string]string{"uid": a.ObjectID, "utid": a.TenantID})
	if err != nil {
		return "", fmt.Errorf("encoding client_info: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// pairwise is a subject that two clients can't compare.
func (x *exchange) pairwise(a tenant.Account, clientID string) string {
	sum := tenant.Digest(x.h.cloud.Seeded().Seed, "pairwise", a.ObjectID, clientID)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (x *exchange) puid(a tenant.Account) string {
	sum := tenant.Digest(x.h.cloud.Seeded().Seed, "puid", a.ObjectID)
	return strings.ToUpper("1003" + hex.EncodeToString(sum[:6]))
}
