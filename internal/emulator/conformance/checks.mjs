// Each check is a flow that a real client goes through; what it prints is one line per check and the sum.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.mjs";
import { exampleChecks } from "./examples.mjs";
import { graphChecks } from "./graph.mjs";
import { identityChecks } from "./identity.mjs";
import { startIssuer } from "./issuer.mjs";
import { msalChecks } from "./msal.mjs";

const [dir, manners] = process.argv.slice(2);
const facts = JSON.parse(readFileSync(join(dir, "emulator.json"), "utf8"));
const people = facts.users.filter((u) => u.tenant_id === facts.tenant_id);
const world = {
  ...facts,
  dir,
  issuer: await startIssuer(dir),
  // Only replicas that lag give a reason to ask again.
  eventually: manners === "lagging" ? eventually : (f) => f(),
  member: people.find((u) => u.username !== people[0].username && u.second_factor === null),
  careful: people.find((u) => u.second_factor !== null),
};

const sum = { passed: 0, failed: 0 };
async function check(name, f) {
  try {
    await f();
    sum.passed++;
    console.log(`ok    ${name}`);
  } catch (err) {
    sum.failed++;
    console.log(`FAIL  ${name}\n${err.stack}`);
  }
}

// The order counts: Graph's checks register the application that the others sign in to.
await graphChecks(check, world);
// Whoever signs in may do so again.
const checkEventually = (name, f) => check(name, () => world.eventually(f));
await msalChecks(checkEventually, world);
await identityChecks(checkEventually, world);
await exampleChecks(checkEventually, world);
world.issuer.stop();
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;
