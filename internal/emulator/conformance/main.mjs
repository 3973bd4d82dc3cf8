// Starts the emulator that is in this folder, has Microsoft's own JavaScript clients use it, and stops it again: once as
// it is, and once with replicas that lag. Exits with 0 when every check has passed both times.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { certificate } from "./certificate.mjs";

const here = import.meta.dirname;
for (const flags of [[], ["-lag", "1s"]]) {
  console.log(["appreg-emulator", ...flags].join(" "));
  if (!(await passes(join(here, `emulator${flags.join("")}`), flags))) process.exitCode = 1;
}

// passes tells whether all checks pass against an emulator with these flags.
async function passes(dir, flags) {
  mkdirSync(dir, { mode: 0o700 });
  // The checks are an issuer of foreign tokens, too, whose keys the emulator fetches.
  const issuer = certificate(dir, "localhost");
  const options = { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, SSL_CERT_FILE: issuer.cert } };
  const emulator = spawn(join(here, "appreg-emulator"), ["-dir", dir, ...flags], options);
  const stopped = once(emulator, "exit");
  try {
    await ready(emulator, join(dir, "emulator.json"));
    // Node reads further roots when it starts, so the checks need a process of their own.
    const checks = spawn(process.execPath, [join(here, "checks.mjs"), dir, flags.includes("-lag") ? "lagging" : "prompt"], {
      stdio: "inherit",
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(dir, "ca.pem") },
    });
    const [code] = await once(checks, "exit");
    return code === 0;
  } finally {
    emulator.kill("SIGTERM");
    await stopped;
  }
}

// ready waits until the emulator has written its last file: at most 30 seconds.
async function ready(emulator, file) {
  const end = Date.now() + 30_000;
  while (!existsSync(file)) {
    if (emulator.exitCode !== null) throw new Error(`the emulator ended with ${emulator.exitCode}`);
    if (Date.now() > end) throw new Error("the emulator did not start within 30 seconds");
    await delay(20);
  }
}
