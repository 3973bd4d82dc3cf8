// MSAL for Node: an application on its own, and people.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";
import { graphScope } from "./graph.mjs";
import { approve, signIn } from "./person.mjs";

export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

export async function msalChecks(check, world) {
  const options = (more) => ({
    auth: {
      clientId: world.app.appId,
      authority: `${world.base_url}/${world.tenant_id}`,
      knownAuthorities: [new URL(world.base_url).host],
      ...more,
    },
  });
  const confidential = (more) => new ConfidentialClientApplication(options(more));
  const withCertificate = ({ key, cert }) =>
    confidential({
      clientCertificate: {
        thumbprintSha256: new X509Certificate(readFileSync(cert)).fingerprint256.replaceAll(":", "").toLowerCase(),
        privateKey: readFileSync(key, "utf8"),
      },
    });
  const itself = { scopes: [graphScope] };
  const refused = (promise, code, number) => assert.rejects(promise, (err) => err.errorCode === code && String(err.errorNo) === number);

  await check("msal: client secret, then from the cache", async () => {
    const app = confidential({ clientSecret: world.secret });
    const first = await app.acquireTokenByClientCredential(itself);
    assert.equal(claims(first.accessToken).appid, world.app.appId);
    assert.equal(claims(first.accessToken).idtyp, "app");
    const second = await app.acquireTokenByClientCredential(itself);
    assert.equal(second.fromCache, true);
    assert.equal(second.accessToken, first.accessToken);
  });
  await check("msal: a wrong secret is refused with 7000215", () =>
    refused(confidential({ clientSecret: "wrong" }).acquireTokenByClientCredential(itself), "invalid_client", "7000215"));
  await check("msal: certificate", async () => {
    const { accessToken } = await withCertificate(world.certificate).acquireTokenByClientCredential(itself);
    assert.equal(claims(accessToken).appid, world.app.appId);
  });
  await check("msal: a certificate that isn't registered is refused with 700027", () =>
    refused(withCertificate(world.stranger).acquireTokenByClientCredential(itself), "invalid_client", "700027"));

  const user = { scopes: ["https://graph.microsoft.com/User.Read"] };
  await check("msal: device code", async () => {
    let approval;
    const result = await new PublicClientApplication(options()).acquireTokenByDeviceCode({
      ...user,
      deviceCodeCallback: ({ verificationUri, userCode }) => {
        approval = approve(verificationUri, userCode, world.member);
      },
    });
    await approval;
    assert.equal(result.account.username, world.member.username);
    assert.ok(claims(result.accessToken).scp.split(" ").includes("User.Read"));
  });
  await check("msal: authorization code with PKCE and a second factor, then the refresh token", async () => {
    const app = new PublicClientApplication(options());
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const redirectUri = "http://localhost:53100";
    const proof = { codeChallenge: challenge, codeChallengeMethod: "S256" };
    const address = await app.getAuthCodeUrl({ ...user, ...proof, redirectUri, state: "here" });
    const end = await signIn(address, world.careful, redirectUri);
    assert.equal(end.searchParams.get("state"), "here");
    const { account } = await app.acquireTokenByCode({ ...user, redirectUri, code: end.searchParams.get("code"), codeVerifier: verifier });
    const renewed = await app.acquireTokenSilent({ ...user, account, forceRefresh: true });
    assert.equal(renewed.fromCache, false);
    assert.equal(renewed.account.homeAccountId, account.homeAccountId);
  });
  await check("msal: a code is good for one use", async () => {
    const app = new PublicClientApplication(options());
    const redirectUri = "http://localhost";
    const end = await signIn(await app.getAuthCodeUrl({ ...user, redirectUri }), world.member, redirectUri);
    const code = end.searchParams.get("code");
    const redeem = () => new PublicClientApplication(options()).acquireTokenByCode({ ...user, redirectUri, code });
    await redeem();
    await refused(redeem(), "invalid_grant", "54005");
  });
}
