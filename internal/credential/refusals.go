package credential

// plain is what an AADSTS number means to the reader. {client}, {tenant}, {authority} and {scope} are filled in.
type plain struct{ title, advice string }

// Advice that several numbers share.
const (
	wrongTenant = "Check tenant_id (ARM_TENANT_ID); environment (ARM_ENVIRONMENT) must name the cloud that the tenant lives in."
	federation  = "Compare the federated credential on application {client} with the token: issuer, subject and audience must match to the letter, letter case included. A new federated credential takes some minutes to be known everywhere."
	later       = "Try again in a few minutes; https://status.azure.com tells of incidents."
)

// refusals by AADSTS number: those that a credential of this provider can meet.
var refusals = map[int]plain{
	7000215: {
		"The client secret of application {client} is wrong",
		"Check client_secret (ARM_CLIENT_SECRET): it must be the secret's value, not its id. A secret made within the last minutes may not be known everywhere yet.",
	},
	7000222: {
		"The client secret of application {client} has expired",
		"Make a new secret for the application and put its value into client_secret (ARM_CLIENT_SECRET).",
	},
	700016: {
		"Application {client} is not known in tenant {tenant}",
		"Check client_id (ARM_CLIENT_ID), which is the application (client) id and not an object id, and tenant_id (ARM_TENANT_ID). The application needs a service principal in the tenant; a new one takes some minutes to be known everywhere.",
	},
	90002:  {"Tenant {tenant} does not exist at {authority}", wrongTenant},
	900023: {"{tenant} is neither a tenant id nor the domain of a tenant", "Set tenant_id (ARM_TENANT_ID) to the tenant's GUID or to one of its verified domains."},
	50194: {
		"Application {client} belongs to one tenant and can't sign in at {tenant}",
		"Set tenant_id (ARM_TENANT_ID) to the application's own tenant.",
	},
	9001023: {"Signing in without a user needs a tenant of its own, and {tenant} is none", wrongTenant},
	500011: {
		"Microsoft Graph is not known in tenant {tenant}, or not under this address",
		"The token is asked for {scope}: check graph_endpoint (APPREG_GRAPH_ENDPOINT) and environment (ARM_ENVIRONMENT).",
	},
	501051: {
		"Application {client} is not assigned to a role of Microsoft Graph",
		"Grant the application the Graph permissions that its resources need, and give admin consent.",
	},
	7000112: {
		"Application {client} is disabled",
		"Somebody disabled sign-in for its service principal, or Microsoft blocked the application. Enable it under Enterprise applications, Properties, \"Enabled for users to sign-in\".",
	},
	700027: {
		"The certificate is not accepted for application {client}",
		"Upload the certificate's public part to the application, or point client_certificate_path (ARM_CLIENT_CERTIFICATE_PATH) at one that is registered there and has not expired.",
	},
	700024: {
		"The signed assertion is not within its period of validity",
		"Check this machine's clock. An OIDC token lives for minutes: with oidc_token (ARM_OIDC_TOKEN) a long run outlives it; use oidc_token_file_path or oidc_request_url instead.",
	},
	70021:   {"No federated credential of application {client} matches the OIDC token", federation},
	700211:  {"No federated credential of application {client} matches the issuer of the OIDC token", federation},
	700212:  {"No federated credential of application {client} matches the audience of the OIDC token", federation},
	700213:  {"No federated credential of application {client} matches the subject of the OIDC token", federation},
	7002131: {"No federated credential of application {client} matches the subject of the OIDC token", federation},
	7002137: {"No federated credential of application {client} matches the subject of the OIDC token", federation},
	7002138: {"No federated credential of application {client} matches the subject of the OIDC token", federation},
	700229: {
		"The OIDC token is the token of an Entra user, which can't stand in for application {client}",
		"Use a token that your CI system or workload issues to itself.",
	},
	7000216: {"The sign-in of application {client} carried no credential", "Check client_secret (ARM_CLIENT_SECRET), client_certificate_path (ARM_CLIENT_CERTIFICATE_PATH) or use_oidc (ARM_USE_OIDC)."},
	7000218: {"The sign-in of application {client} carried no credential", "Check client_secret (ARM_CLIENT_SECRET), client_certificate_path (ARM_CLIENT_CERTIFICATE_PATH) or use_oidc (ARM_USE_OIDC)."},
	700025:  {"Application {client} is a public client and must not present a credential", "Sign in with another application: automation needs a confidential client."},
	53003:   {"A Conditional Access policy of tenant {tenant} blocks the sign-in of application {client}", "Ask an administrator to look at the policy under Workload identities; the correlation id finds the sign-in in the log."},
	50049:   {"{authority} is not one of Microsoft's sign-in endpoints", "For an authority that is not Microsoft's set disable_instance_discovery (APPREG_DISABLE_INSTANCE_DISCOVERY); else check authority_host (APPREG_AUTHORITY_HOST)."},
	1002012: {"The scope of the token request is not valid", "The token is asked for {scope}: check graph_endpoint (APPREG_GRAPH_ENDPOINT)."},
	90055:   {"Tenant {tenant} receives too many sign-ins", later},
	50196:   {"Application {client} signed in too often within a short time", later},
	90006:   {"The identity platform is not available for the moment", later},
	90012:   {"The identity platform is not available for the moment", later},
	90024:   {"The identity platform is not available for the moment", later},
	90033:   {"The identity platform is not available for the moment", later},
}
