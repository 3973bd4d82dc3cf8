package signin

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"strings"
)

// openIDConfiguration is the v2.0 discovery document. A domain name is answered with the tenant's GUID in every
// address, which is how clients resolve one.
func openIDConfiguration(x *exchange) error {
	d, err := x.directory()
	if err != nil {
		var e = *err
		e.Code = "invalid_tenant"
		return &e
	}
	segment, issuer, region := d.segment(), d.segment(), any("EU")
	if d.alias == aliasCommon || d.alias == aliasOrganizations {
		issuer, region = "{tenantid}", nil
	}
	base := x.origin + "/" + segment
	return x.document(map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                x.origin + "/" + issuer + "/v2.0",
		"request_uri_parameter_supported":       false,
		"userinfo_endpoint":                     x.origin + "/oidc/userinfo",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"end_session_endpoint":                  base + "/oauth2/v2.0/logout",
		"claims_supported":                      strings.Fields("sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr nonce preferred_username name tid ver at_hash c_hash email"),
		"kerberos_endpoint":                     base + "/kerberos",
		"tenant_region_scope":                   region,
		"cloud_instance_name":                   "microsoftonline.com",
		"cloud_graph_host_name":                 "graph.windows.net",
		"msgraph_host":                          x.r.Host,
		"rbac_url":                              "https://pas.windows.net",
	})
}

// adfsConfiguration is the discovery document of a federation server, as clients ask for it that are given an authority
// they can't know: it leads to the main tenant.
func adfsConfiguration(x *exchange) error {
	base := x.origin + "/" + adfsPath
	return x.json(http.StatusOK, map[string]any{
		"issuer": base, "access_token_issuer": base, "authorization_endpoint": base + "/oauth2/authorize", "token_endpoint": base + "/oauth2/token",
		"device_authorization_endpoint": base + "/oauth2/devicecode", "jwks_uri": base + "/discovery/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"pairwise"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported": []string{"openid", "profile", "email", "offline_access"},
	})
}

// openIDConfigurationV1 is the same for the v1.0 endpoints, as far as clients read it.
func openIDConfigurationV1(x *exchange) error {
	d, err := x.directory()
	if err != nil {
		return err
	}
	base, issuer := x.origin+"/"+d.segment(), d.segment()
	if d.alias == aliasCommon || d.alias == aliasOrganizations {
		issuer = "{tenantid}"
	}
	return x.json(http.StatusOK, map[string]any{
		"authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"token_endpoint":         base + "/oauth2/token",
		"issuer":                 "https://sts.windows.net/" + issuer + "/",
		"jwks_uri":               base + "/discovery/keys",
	})
}

func publishedKeys(x *exchange) error {
	d, err := x.directory()
	if err != nil {
		return err
	}
	issuer := d.segment()
	if d.alias == aliasCommon || d.alias == aliasOrganizations {
		issuer = "{tenantid}"
	}
	published, failed := x.h.keys.published()
	if failed != nil {
		return failed
	}
	keys := make([]map[string]any, 0, len(published))
	for _, k := range published {
		keys = append(keys, map[string]any{
			"kty": "RSA", "use": "sig", "kid": k.kid, "x5t": k.kid,
			"n":   base64.RawURLEncoding.EncodeToString(k.key.N.Bytes()),
			"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.key.E)).Bytes()),
			"x5c": []string{base64.StdEncoding.EncodeToString(k.cert)}, "cloud_instance_name": "microsoftonline.com",
			"issuer": x.origin + "/" + issuer + "/v2.0",
		})
	}
	return x.document(map[string]any{"keys": keys})
}

// document sends what anybody may keep for a day and a page of any origin may read.
func (x *exchange) document(body map[string]any) error {
	x.w.Header().Set("Cache-Control", "max-age=86400, private")
	x.w.Header().Set("Access-Control-Allow-Origin", "*")
	return x.json(http.StatusOK, body)
}

// instanceDiscovery vouches for the emulator's own host and for the real authorities, which is what lets a client keep
// its check of the authority on.
func instanceDiscovery(x *exchange) error {
	endpoint, err := url.Parse(x.r.URL.Query().Get("authorization_endpoint"))
	if err != nil || endpoint.Host == "" {
		return errMissingParameter("authorization_endpoint")
	}
	own := x.r.Host
	metadata := []cloudHosts{
		newCloudHosts(own, own),
		newCloudHosts("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"),
		newCloudHosts("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
		newCloudHosts("login.microsoftonline.us", "login.microsoftonline.us", "login.usgovcloudapi.net"),
	}
	for _, cloud := range metadata {
		if containsFold(cloud.Aliases, endpoint.Host) {
			tenant, _, _ := strings.Cut(strings.TrimPrefix(endpoint.Path, "/"), "/")
			return x.document(map[string]any{
				"tenant_discovery_endpoint": "https://" + endpoint.Host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
				"api-version":               "1.1", "metadata": metadata,
			})
		}
	}
	return errUnknownInstance(endpoint.Host)
}

// cloudHosts describes one cloud by its preferred host, the one its tokens are cached under, and all its names.
type cloudHosts struct {
	Network string   `json:"preferred_network"`
	Cache   string   `json:"preferred_cache"`
	Aliases []string `json:"aliases"`
}

func newCloudHosts(network, cache string, others ...string) cloudHosts {
	aliases := []string{network}
	for _, name := range append([]string{cache}, others...) {
		if name != network {
			aliases = append(aliases, name)
		}
	}
	return cloudHosts{Network: network, Cache: cache, Aliases: aliases}
}

// userRealm tells a client whether a user's password is checked here; clients ask before the password grant and spell
// the segment in any letter case.
func userRealm(x *exchange) error {
	if !strings.EqualFold(x.r.PathValue("realm"), "userrealm") {
		return notFound(x)
	}
	_, domain, _ := strings.Cut(x.r.PathValue("user"), "@")
	kind := "Unknown"
	if _, ok := x.h.cloud.Tenant(domain); ok {
		kind = "Managed"
	}
	return x.json(http.StatusOK, map[string]any{
		"ver": "1.0", "account_type": kind, "domain_name": domain, "cloud_instance_name": "microsoftonline.com",
		"cloud_audience_urn": "urn:federation:MicrosoftOnline",
	})
}

// cloudMetadata is Azure's endpoint by which tools learn a cloud's addresses.
func cloudMetadata(x *exchange) error {
	return x.json(http.StatusOK, map[string]any{
		"name": "AzureCloud", "resourceManager": x.origin, "microsoftGraphResourceId": x.origin,
		"authentication": map[string]any{
			"loginEndpoint": x.origin, "audiences": []string{"https://management.core.windows.net/", "https://management.azure.com/"},
			"tenant": "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{"keyVaultDns": "vault.azure.net", "storage": "core.windows.net"},
	})
}

// noSubscriptions is what a resource manager says to somebody without any: enough for command-line tools to log in.
func noSubscriptions(x *exchange) error {
	return x.json(http.StatusOK, map[string]any{"value": []any{}})
}
