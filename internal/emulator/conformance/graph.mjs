// Microsoft's Graph client: an application from its registration to its end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ClientSecretCredential } from "@azure/identity";
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from "@microsoft/microsoft-graph-client";
import { certificate } from "./certificate.mjs";
import { audience } from "./issuer.mjs";

export const graphScope = "https://graph.microsoft.com/.default";

function client(world) {
  const credential = new ClientSecretCredential(world.tenant_id, world.client_id, world.client_secret, {
    authorityHost: world.base_url,
    disableInstanceDiscovery: true,
  });
  return Client.initWithMiddleware({
    baseUrl: `${world.base_url}/`,
    customHosts: new Set([new URL(world.base_url).hostname]),
    authProvider: { getAccessToken: async () => (await credential.getToken(graphScope)).token },
  });
}

export async function graphChecks(check, world) {
  const { eventually } = world;
  const checkEventually = (name, f) => check(name, () => eventually(f));
  const graph = client(world);
  const path = () => `/applications/${world.app.id}`;
  const addSecret = (displayName) =>
    eventually(() => graph.api(`${path()}/addPassword`).post({ passwordCredential: { displayName } }));
  const refused = (promise, status, code) => assert.rejects(promise, (err) => err.statusCode === status && err.code === code);

  await check("graph: register an application", async () => {
    world.app = await graph.api("/applications").post({
      displayName: "Conformance",
      isFallbackPublicClient: true,
      publicClient: { redirectUris: ["http://localhost"] },
    });
    assert.match(world.app.appId, /^[0-9a-f-]{36}$/);
    assert.equal(world.app.signInAudience, "AzureADMyOrg");
  });
  await checkEventually("graph: its service principal", async () => {
    const principal = await graph.api("/servicePrincipals").post({ appId: world.app.appId });
    assert.equal(principal.displayName, "Conformance");
  });
  await checkEventually("graph: read it by client id, with $select", async () => {
    const app = await graph.api(`/applications(appId='${world.app.appId}')`).select("id,displayName").get();
    assert.equal(app.id, world.app.id);
    assert.equal(app.appId, undefined);
  });
  await checkEventually("graph: update one aspect, and the rest stays", async () => {
    await graph.api(path()).update({ web: { homePageUrl: "https://example.com" }, notes: "by a client" });
    const app = await graph.api(path()).get();
    assert.equal(app.web.homePageUrl, "https://example.com");
    assert.deepEqual(app.publicClient.redirectUris, ["http://localhost"]);
  });
  await checkEventually("graph: filter by name", async () => {
    const { value } = await graph.api("/applications").filter("startswith(displayName,'Conform')").get();
    assert.deepEqual(value.map((a) => a.id), [world.app.id]);
  });
  await checkEventually("graph: count, as an advanced query", async () => {
    const advanced = graph.api("/applications").header("ConsistencyLevel", "eventual").count(true);
    const page = await advanced.search('"displayName:Conformance"').get();
    assert.equal(page["@odata.count"], 1);
  });
  await check("graph: page through a list", async () => {
    for (let n = 1; n <= 5; n++) await graph.api("/applications").post({ displayName: `Page ${n}` });
    await eventually(async () => {
      const first = await graph.api("/applications").top(2).get();
      assert.equal(first.value.length, 2);
      const names = [];
      await new PageIterator(graph, first, (app) => names.push(app.displayName) > 0).iterate();
      for (let n = 1; n <= 5; n++) assert.equal(names.filter((x) => x === `Page ${n}`).length, 1);
    });
  });
  await check("graph: a secret is shown once, and can be removed", async () => {
    const secret = await addSecret("passing");
    assert.ok(secret.secretText.startsWith(secret.hint));
    const secrets = async () => (await graph.api(path()).get()).passwordCredentials.map((s) => [s.keyId, s.secretText]);
    await eventually(async () => assert.deepEqual(await secrets(), [[secret.keyId, null]]));
    await eventually(() => graph.api(`${path()}/removePassword`).post({ keyId: secret.keyId }));
    await eventually(async () => assert.deepEqual(await secrets(), []));
  });
  await check("graph: a secret and a certificate to sign in with", async () => {
    world.secret = (await addSecret("staying")).secretText;
    world.certificate = certificate(world.dir, "registered");
    world.stranger = certificate(world.dir, "stranger");
    const der = readFileSync(world.certificate.cert, "utf8").replace(/-----[^-]+-----|\s/g, "");
    const credential = { type: "AsymmetricX509Cert", usage: "Verify", key: der, displayName: "registered" };
    await eventually(() => graph.api(path()).update({ keyCredentials: [credential] }));
    await eventually(async () => assert.equal((await graph.api(path()).get()).keyCredentials.length, 1));
  });
  await check("graph: a federated identity credential", async () => {
    const trusted = { name: "builds", issuer: world.issuer.url, subject: "repo:shop", audiences: [audience] };
    const made = await eventually(() => graph.api(`${path()}/federatedIdentityCredentials`).post(trusted));
    assert.deepEqual(Object.fromEntries(Object.keys(trusted).map((name) => [name, made[name]])), trusted);
  });
  await checkEventually("graph: a batch", async () => {
    const content = new BatchRequestContent([
      { id: "1", request: new Request(`${world.base_url}/applications/${world.app.id}`) },
      { id: "2", request: new Request(`${world.base_url}/applications/${crypto.randomUUID()}`) },
    ]);
    const replies = new BatchResponseContent(await graph.api("/$batch").post(await content.getContent()));
    assert.equal(replies.getResponseById("1").status, 200);
    assert.equal(replies.getResponseById("2").status, 404);
  });
  await check("graph: what isn't there is a 404", () =>
    refused(graph.api(`/applications/${crypto.randomUUID()}`).get(), 404, "Request_ResourceNotFound"));
  await check("graph: a filter that can't be read is a 400", () =>
    assert.rejects(graph.api("/applications").filter("displayName eq").get(), (err) => err.statusCode === 400));
  await check("graph: a property that doesn't exist is a 400", () =>
    refused(graph.api("/applications").post({ displayName: "Odd", colour: "blue" }), 400, "Request_BadRequest"));
  await check("graph: delete and restore", async () => {
    const { id } = await graph.api("/applications").post({ displayName: "Passing" });
    await eventually(() => graph.api(`/applications/${id}`).delete());
    await eventually(() => refused(graph.api(`/applications/${id}`).get(), 404, "Request_ResourceNotFound"));
    await eventually(() => graph.api(`/directory/deletedItems/${id}/restore`).post({}));
    await eventually(async () => assert.equal((await graph.api(`/applications/${id}`).get()).displayName, "Passing"));
  });
}
