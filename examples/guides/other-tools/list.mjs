// Lists the tenant's applications. Needs @azure/identity and @microsoft/microsoft-graph-client.
import { ClientSecretCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";

const { ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET, APPREG_AUTHORITY_HOST, APPREG_GRAPH_ENDPOINT } = process.env;

const credential = new ClientSecretCredential(ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET, {
  authorityHost: APPREG_AUTHORITY_HOST,
  disableInstanceDiscovery: true,
});
const graph = Client.initWithMiddleware({
  baseUrl: `${APPREG_GRAPH_ENDPOINT}/`,
  customHosts: new Set([new URL(APPREG_GRAPH_ENDPOINT).hostname]), // else the client sends no token there
  authProvider: {
    getAccessToken: async () => (await credential.getToken("https://graph.microsoft.com/.default")).token,
  },
});

const { value } = await graph.api("/applications").select("appId,displayName").get();
for (const { appId, displayName } of value) console.log(appId, displayName);
