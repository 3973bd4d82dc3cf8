import { execFileSync } from "node:child_process";
import { join } from "node:path";

// certificate makes a key pair with a self-signed certificate for a host name, and returns where they are, and where both
// may go.
export function certificate(dir, name) {
  const [key, cert, both] = ["key", "crt", "pem"].map((end) => join(dir, `${name}.${end}`));
  const options = ["-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  execFileSync("openssl", ["req", "-x509", ...options, "-keyout", key, "-out", cert], { stdio: ["ignore", "ignore", "pipe"] });
  return { key, cert, both };
}
