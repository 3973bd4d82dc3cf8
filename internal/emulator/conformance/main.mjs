// Starts the emulator that is in this folder, has Microsoft's own JavaScript clients use it, and stops it again.
// Exits with 0 when every check has passed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const here = import.meta.dirname;
const dir = join(here, "emulator");
const emulator = spawn(join(here, "appreg-emulator"), ["-dir", dir], { stdio: ["ignore", "ignore", "inherit"] });
const stopped = once(emulator, "exit");
try {
  await ready(join(dir, "emulator.json"));
  // Node reads further roots when it starts, so the checks need a process of their own.
  const checks = spawn(process.execPath, [join(here, "checks.mjs"), dir], {
    stdio: "inherit",
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(dir, "ca.pem") },
  });
  const [code] = await once(checks, "exit");
  process.exitCode = code ?? 1;
} finally {
  emulator.kill("SIGTERM");
  await stopped;
}

// ready waits until the emulator has written its last file: at most 30 seconds.
async function ready(file) {
  const end = Date.now() + 30_000;
  while (!existsSync(file)) {
    if (emulator.exitCode !== null) throw new Error(`the emulator ended with ${emulator.exitCode}`);
    if (Date.now() > end) throw new Error("the emulator did not start within 30 seconds");
    await delay(20);
  }
}
