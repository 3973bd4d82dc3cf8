// The examples of the guide about other tools, each as a program of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function exampleChecks(check, world) {
  const env = {
    ...process.env,
    ARM_TENANT_ID: world.tenant_id,
    ARM_CLIENT_ID: world.client_id,
    ARM_CLIENT_SECRET: world.client_secret,
    APPREG_AUTHORITY_HOST: world.base_url,
    APPREG_GRAPH_ENDPOINT: world.base_url,
    APPREG_CA_FILE: world.ca_file,
  };
  for (const [program, file] of [[process.execPath, "list.mjs"], ["sh", "list.sh"]]) {
    await check(`example: ${file}`, async () => {
      const { stdout } = await run(program, [join(import.meta.dirname, file)], { env });
      assert.ok(stdout.split("\n").includes(`${world.app.appId} Conformance`), stdout);
    });
  }
}
