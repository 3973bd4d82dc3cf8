// An issuer of tokens that is nobody Microsoft knows: what a build server is to a workload.
import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

export const audience = "api://AzureADTokenExchange";

// startIssuer serves its keys by OpenID Connect discovery until stop is called.
export async function startIssuer(dir) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }];
  const files = { key: readFileSync(join(dir, "localhost.key")), cert: readFileSync(join(dir, "localhost.crt")) };
  const server = createServer(files, (request, reply) => {
    const document = request.url === "/keys" ? { keys } : { issuer: url, jwks_uri: `${url}/keys` };
    reply.setHeader("content-type", "application/json").end(JSON.stringify(document));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const url = `https://localhost:${server.address().port}`;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (sub) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: url, sub, aud: audience, iat: now, exp: now + 300 };
    const text = `${part({ alg: "RS256", typ: "JWT", kid: "one" })}.${part(claims)}`;
    return `${text}.${createSign("sha256").update(text).sign(privateKey, "base64url")}`;
  };
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, token, stop };
}
