package keyvault

import (
	"net/http"
	"regexp"
	"strings"
)

// region is where all vaults are.
const region = "westeurope"

// Secret permissions, by their names in access policies.
const (
	permitGet     = "get"
	permitList    = "list"
	permitSet     = "set"
	permitDelete  = "delete"
	permitRecover = "recover"
	permitPurge   = "purge"
)

// route is one operation. The permission is what access policies call it, the action what Azure roles do.
type route struct {
	method, pattern    string
	permission, action string
	handle             func(*call) (*result, error)
}

func routes() []route {
	return []route{
		{http.MethodPut, "/secrets/{name}", permitSet, "setSecret/action", setSecret},
		{http.MethodGet, "/secrets/{name}", permitGet, "getSecret/action", getSecret},
		{http.MethodGet, "/secrets/{name}/{version}", permitGet, "getSecret/action", getSecret},
		{http.MethodGet, "/secrets/{name}/versions", permitList, "readMetadata/action", listVersions},
		{http.MethodGet, "/secrets", permitList, "readMetadata/action", listSecrets},
		{http.MethodPatch, "/secrets/{name}", permitSet, "update/action", updateSecret},
		{http.MethodPatch, "/secrets/{name}/{version}", permitSet, "update/action", updateSecret},
		{http.MethodDelete, "/secrets/{name}", permitDelete, "delete", deleteSecret},
		{http.MethodGet, "/deletedsecrets", permitList, "readMetadata/action", listDeleted},
		{http.MethodGet, "/deletedsecrets/{name}", permitGet, "getSecret/action", getDeleted},
		{http.MethodPost, "/deletedsecrets/{name}/recover", permitRecover, "recover/action", recoverSecret},
		{http.MethodDelete, "/deletedsecrets/{name}", permitPurge, "purge/action", purgeSecret},
	}
}

var validName = regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`)

// find gives the route of a request and what its placeholders stand for. A slash more than needed, at either end, does no
// harm. The fixed word "versions" goes before a version.
func find(r *http.Request) (*route, map[string]string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var found *route
	var params map[string]string
	for _, candidate := range routes() {
		p, ok := candidate.match(r.Method, parts)
		if ok && (found == nil || len(p) < len(params)) {
			found, params = &candidate, p
		}
	}
	return found, params
}

func (r route) match(method string, parts []string) (map[string]string, bool) {
	pattern := strings.Split(strings.Trim(r.pattern, "/"), "/")
	if method != r.method || len(parts) != len(pattern) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range pattern {
		switch {
		case strings.HasPrefix(p, "{"):
			params[strings.Trim(p, "{}")] = parts[i]
		case !strings.EqualFold(p, parts[i]):
			return nil, false
		}
	}
	return params, true
}
