import { setTimeout as delay } from "node:timers/promises";

// eventually repeats f until it succeeds, for as long as a replica may be behind several times over, and returns what it
// returns. What f does must bear repeating.
export async function eventually(f) {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      return await f();
    } catch (err) {
      if (Date.now() > end) throw err;
      await delay(100);
    }
  }
}
