// Simulated days hold every invariant, and every planted fault is found: a net without holes that is known to catch.
import { describe, expect, test } from "bun:test";
import { faultKinds } from "../../core/simulation/faults.ts";
import { simulate } from "./simulate.ts";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
/** Seeds that each planted fault gets to be found in. */
const faultSeeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

describe("an honest centre", () => {
  for (const seed of seeds) {
    test(`holds every invariant through the day of seed ${seed}`, async () => {
      const outcome = await simulate(seed, { hours: 3 });
      expect(outcome.problem).toBeNull();
      expect(outcome.answered).toBeGreaterThan(50);
    }, 60_000);
  }

  test("is the same, event for event, when the seed is the same", async () => {
    const [a, b] = [await simulate(42, { hours: 1 }), await simulate(42, { hours: 1 })];
    expect({ ...a, reached: [...a.reached] }).toEqual({ ...b, reached: [...b.reached] });
  }, 60_000);

  test("meets crashes, an absent database, a full disk and stale snapshots on the way", async () => {
    const { reached } = await simulate(1, { hours: 3 });
    expect([...reached].sort()).toEqual(["crash", "database-away", "disk-full", "stale-snapshot"]);
  }, 60_000);
});

describe("a planted fault is found:", () => {
  for (const fault of faultKinds) {
    test(fault, async () => {
      let struck = 0;
      for (const seed of faultSeeds) {
        const outcome = await simulate(seed, { hours: 1, fault });
        struck += outcome.struck;
        if (outcome.problem !== null && outcome.struck > 0) return;
      }
      throw new Error(struck === 0 ? "no run came by the place of this fault" : `struck ${struck} times and was never found`);
    }, 120_000);
  }
});
