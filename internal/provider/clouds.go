package provider

import (
	"maps"
	"slices"
	"strings"
)

// cloud is one of Microsoft's clouds: three origins, what its key vaults' hosts end in, and whether personal Microsoft accounts exist there.
type cloud struct {
	authorityHost, graphEndpoint string
	portalURL                    string // "" where no portal address is published
	vaultSuffix                  string // "" where no Key Vault is known
	// ownAuthority says that the authority host is not the cloud's.
	ownAuthority     bool
	personalAccounts bool
}

const defaultCloud = "public"

// clouds by the name in the environment argument. Sources: Microsoft Graph's page on national cloud deployments for
// public, US government and China; the authority hosts that MSAL trusts for China and the sovereign clouds; the Graph
// endpoints of the sovereign clouds are those of Graph PowerShell. The suffixes of key vaults are those of Azure's published
// environments.
func clouds() map[string]cloud {
	return map[string]cloud{
		defaultCloud: {
			authorityHost:    "https://login.microsoftonline.com",
			graphEndpoint:    "https://graph.microsoft.com",
			portalURL:        "https://portal.azure.com",
			vaultSuffix:      "vault.azure.net",
			personalAccounts: true,
		},
		"usgovernment": {
			authorityHost: "https://login.microsoftonline.us",
			graphEndpoint: "https://graph.microsoft.us",
			portalURL:     "https://portal.azure.us",
			vaultSuffix:   "vault.usgovcloudapi.net",
		},
		"usgovernmentl5": {
			authorityHost: "https://login.microsoftonline.us",
			graphEndpoint: "https://dod-graph.microsoft.us",
			portalURL:     "https://portal.azure.us",
			vaultSuffix:   "vault.usgovcloudapi.net",
		},
		"china": {
			authorityHost: "https://login.partner.microsoftonline.cn",
			graphEndpoint: "https://microsoftgraph.chinacloudapi.cn",
			portalURL:     "https://portal.azure.cn",
			vaultSuffix:   "vault.azure.cn",
		},
		"bleu": {
			authorityHost: "https://login.sovcloud-identity.fr",
			graphEndpoint: "https://graph.svc.sovcloud.fr",
		},
		"delos": {
			authorityHost: "https://login.sovcloud-identity.de",
			graphEndpoint: "https://graph.svc.sovcloud.de",
		},
		"govsg": {
			authorityHost: "https://login.sovcloud-identity.sg",
			graphEndpoint: "https://graph.svc.sovcloud.sg",
		},
	}
}

// cloudNames lists the clouds for a message.
func cloudNames() string {
	return strings.Join(slices.Sorted(maps.Keys(clouds())), ", ")
}
