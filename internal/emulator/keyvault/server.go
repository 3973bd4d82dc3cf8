package keyvault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/appreg/terraform-provider-appreg/internal/emulator/fault"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/graph"
	"github.com/appreg/terraform-provider-appreg/internal/emulator/tenant"
)

// resource is what a token for a vault is asked for, and its audience.
const resource = "https://vault.azure.net"

// call is a request on its way through a handler.
type call struct {
	*Server
	r      *http.Request
	vault  string
	params map[string]string
	body   []byte
	caller graph.Caller
}

// result is what a handler answers; a nil body is an empty one.
type result struct {
	status int
	body   map[string]any
}

// Vault is one vault as a service.
type Vault struct {
	server *Server
	name   string
}

// Vault gives a vault by name.
func (s *Server) Vault(name string) Vault { return Vault{s, name} }

// Match names a request's route, as in "vault:/secrets/{name}", and the secret that it is about.
func (v Vault) Match(r *http.Request, _ []byte) (route, object string) {
	found, params := find(r)
	if found == nil {
		return fault.VaultPrefix, ""
	}
	return fault.VaultPrefix + found.pattern, v.name + "/" + params["name"]
}

// Serve answers one request.
func (v Vault) Serve(r *http.Request, body []byte) *graph.Reply {
	c := &call{Server: v.server, r: r, vault: v.name, body: body}
	res, err := c.serve()
	reply := c.render(res, err)
	reply.ClientID = c.caller.ClientID
	return reply
}

// Fail answers with what a fault asks for.
func (v Vault) Fail(r *http.Request, kind fault.Kind, status int, retryAfter string) *graph.Reply {
	c := &call{Server: v.server, r: r, vault: v.name}
	refusal := &Error{Status: status, Code: "InternalServerError", Message: "An internal server error occurred."}
	if kind == fault.Throttle {
		refusal = errThrottled()
	}
	reply := c.render(nil, refusal)
	if retryAfter != "" {
		reply.Header.Set("Retry-After", retryAfter)
	}
	return reply
}

func (c *call) serve() (*result, error) {
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if err := checkVersion(c.r.URL.Query().Get("api-version")); err != nil {
		return nil, err
	}
	found, params := find(c.r)
	if found == nil {
		return nil, errNotPlayed(c.r.Method + " " + c.r.URL.Path)
	}
	c.params = params
	if name, named := params["name"]; named && !validName.MatchString(name) {
		return nil, errBadName(name)
	}
	if err := c.authorize(found); err != nil {
		return nil, err
	}
	return found.handle(c)
}

// authenticate checks the token: signature, audience, expiry, tenant.
func (c *call) authenticate() error {
	token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return errUnauthorized("AKV10000: Request is missing a Bearer or PoP token.")
	}
	caller, err := c.authority.Verify(token)
	if err != nil {
		return errUnauthorized("AKV10046: Unable to resolve the key used for signature validation.")
	}
	switch strings.TrimSuffix(caller.Audience, "/") {
	case resource, tenant.KeyVaultClientID:
	default:
		return errUnauthorized(fmt.Sprintf("AKV10022: Invalid audience. Expected %s, found: %s.", resource, caller.Audience))
	}
	if !c.cloud.Now().Before(caller.Expires) {
		return errUnauthorized("[TokenExpired] Error validating token: 'S2S12086'.")
	}
	if home := c.cloud.Seeded().TenantID; caller.TenantID != home {
		return errUnauthorized(fmt.Sprintf("AKV10032: Invalid issuer. Expected one of %s, found %s.", issuer(home), issuer(caller.TenantID)))
	}
	c.caller = caller
	return nil
}

func issuer(tenantID string) string { return "https://sts.windows.net/" + tenantID + "/" }

// principal is the object id that permissions are given to.
func (c *call) principal() string {
	if c.caller.UserID != "" {
		return c.caller.UserID
	}
	return c.caller.ServicePrincipalID
}

// render writes results and errors with the headers of the real service.
func (c *call) render(res *result, err error) *graph.Reply {
	requestID := uuid.NewString()
	h := http.Header{}
	h.Set("x-ms-request-id", requestID)
	h.Set("x-ms-keyvault-region", region)
	h.Set("x-ms-keyvault-service-version", "1.9.2000.1")
	h.Set("Cache-Control", "no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000;includeSubDomains")
	if id := c.r.Header.Get("x-ms-client-request-id"); id != "" {
		h.Set("x-ms-client-request-id", id)
	}
	reply := &graph.Reply{Header: h, RequestID: requestID}
	var body map[string]any
	if err != nil {
		e := asError(err)
		reply.Status, body = e.Status, e.envelope()
		if e.Status == http.StatusUnauthorized {
			// Which authority it is the client knows better; what counts is the tenant.
			h.Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="https://login.microsoftonline.com/%s", resource="%s"`, c.cloud.Seeded().TenantID, resource))
		}
	} else {
		reply.Status, body = res.status, res.body
	}
	if body != nil {
		reply.SetJSON("application/json; charset=utf-8", body)
	}
	return reply
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "An internal server error occurred."}
}
