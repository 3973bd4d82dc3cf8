// The Azure SDK's credentials, and one of their tokens spent at Graph.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DeviceCodeCredential,
  UsernamePasswordCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { graphScope } from "./graph.mjs";
import { claims } from "./msal.mjs";
import { approve } from "./person.mjs";

export async function identityChecks(check, world) {
  const options = { authorityHost: world.base_url, disableInstanceDiscovery: true };
  const userRead = "https://graph.microsoft.com/User.Read";
  const withPassword = (password) =>
    new UsernamePasswordCredential(world.tenant_id, world.app.appId, world.member.username, password, options);
  const token = async (credential, scope = graphScope) => (await credential.getToken(scope)).token;

  await check("identity: client secret, with the tenant's domain", async () => {
    const got = claims(await token(new ClientSecretCredential(world.domain, world.app.appId, world.secret, options)));
    assert.equal(got.tid, world.tenant_id);
  });
  await check("identity: certificate", async () => {
    const { key, cert, both } = world.certificate;
    writeFileSync(both, readFileSync(key, "utf8") + readFileSync(cert, "utf8"), { mode: 0o600 });
    const got = claims(await token(new ClientCertificateCredential(world.tenant_id, world.app.appId, both, options)));
    assert.equal(got.appid, world.app.appId);
  });
  await check("identity: client assertion of a trusted issuer", async () => {
    const assertion = async () => world.issuer.token("repo:shop");
    const got = claims(await token(new ClientAssertionCredential(world.tenant_id, world.app.appId, assertion, options)));
    assert.equal(got.appid, world.app.appId);
  });
  await check("identity: workload identity, by a token in a file", async () => {
    const tokenFilePath = join(world.dir, "token");
    writeFileSync(tokenFilePath, world.issuer.token("repo:shop"), { mode: 0o600 });
    const credential = new WorkloadIdentityCredential({ ...options, tenantId: world.tenant_id, clientId: world.app.appId, tokenFilePath });
    assert.equal(claims(await token(credential)).appid, world.app.appId);
  });
  // Of this refusal, too, the credential keeps its text only.
  await check("identity: another subject of that issuer is refused with 700213", () => {
    const assertion = async () => world.issuer.token("repo:stranger");
    const credential = new ClientAssertionCredential(world.tenant_id, world.app.appId, assertion, options);
    return assert.rejects(token(credential), { message: /\b(AADSTS)?700213\b/ });
  });
  await check("identity: device code, and who it is", async () => {
    let approval;
    const credential = new DeviceCodeCredential({
      ...options,
      tenantId: world.tenant_id,
      clientId: world.app.appId,
      userPromptCallback: ({ verificationUri, userCode }) => {
        approval = approve(verificationUri, userCode, world.member);
      },
    });
    const bearer = await token(credential, userRead);
    await approval;
    const reply = await fetch(`${world.base_url}/v1.0/me`, { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal((await reply.json()).userPrincipalName, world.member.username);
  });
  await check("identity: name and password", async () => {
    assert.equal(claims(await token(withPassword(world.member.password), userRead)).upn, world.member.username);
  });
  // The credential keeps of the refusal its text only.
  await check("identity: a wrong password is refused with 50126", () =>
    assert.rejects(
      token(withPassword("wrong"), userRead),
      { name: "AuthenticationRequiredError", message: /\b(AADSTS)?50126\b/ },
    ));
}
