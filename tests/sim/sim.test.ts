// Simulated days hold every invariant, and every planted fault is found: a net without holes that is known to catch.
import { describe, expect, test } from "bun:test";
import { type FaultKind, faultKinds } from "../../core/simulation/faults.ts";
import { type Outcome, simulate } from "./simulate.ts";

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
    const plain = (outcome: typeof a) => ({ ...outcome, reached: [...outcome.reached], happened: [...outcome.happened] });
    expect(plain(a)).toEqual(plain(b));
  }, 60_000);

  test("meets crashes, an absent database, a full disk, stale snapshots, conferences and supervisors on the way", async () => {
    const { reached, happened } = await simulate(1, { hours: 3 });
    expect([...reached].sort()).toEqual(["crash", "database-away", "disk-full", "stale-snapshot"]);
    const calls = ["consult.updated", "held", "party.connected", "supervision.connected", "supervision.switched", "supervision.ended"];
    expect(calls.filter((type) => !happened.has(`conversation.${type}`))).toEqual([]);
  }, 60_000);
});

/** What the invariant says that a fault breaks: whatever else a world complains about is not its discovery. */
const found: Readonly<Record<FaultKind, RegExp>> = {
  "reserve-without-condition": /^agent \S+ (has 2 things in hand|counts as free with something in hand)$/,
  "free-agent-twice": /^agent \S+ (has 2 things in hand|counts as free with something in hand)$/,
  "lose-event": /^event conversation\.flow\.stepped \S+ was acknowledged and is not in the log$/,
  "append-twice": /^event \S+ \S+ is in the log twice$/,
  "acknowledge-before-disk": /^event \S+ \S+ was acknowledged and is not in the log$/,
  "lose-delivery": /^alert \S+ still rings \d+ ms after its deadline$/,
  "deaf-assigner": /^conversation \S+ waits while agent \S+ is idle$/,
  "forget-ring-timer": /^alert \S+ still rings \d+ ms after its deadline$/,
  "forget-lost-agent-timer": /^conversation \S+ waits for an agent who is gone$/,
  "forget-after-call-work": /^after-call work \S+ goes on after its deadline$/,
  "keep-waiting-after-end": /^conversation \S+ is over and still \S+$/,
  "skip-reaper": /^conversation \S+ never ended$/,
  "forget-recording": /^recording \S+ never closed$/,
  "wrong-as-of": /^decision \S+ cannot be recomputed from the log as of \d+$/,
};

const honest = new Map<number, Promise<Outcome>>();
/** The same seed and hours without a fault: what is wrong there already proves nothing about one. */
function honestDay(seed: number): Promise<Outcome> {
  const day = honest.get(seed) ?? simulate(seed, { hours: 1 });
  honest.set(seed, day);
  return day;
}

describe("a planted fault is found by the invariant that it breaks:", () => {
  for (const fault of faultKinds) {
    test(fault, async () => {
      let struck = 0;
      const others: string[] = [];
      for (const seed of faultSeeds) {
        expect((await honestDay(seed)).problem).toBeNull();
        const outcome = await simulate(seed, { hours: 1, fault });
        struck += outcome.struck;
        if (outcome.problem !== null && outcome.struck > 0 && found[fault].test(outcome.problem)) return;
        if (outcome.problem !== null) others.push(outcome.problem);
      }
      throw new Error(
        struck === 0 ? "no run came by the place of this fault" : `struck ${struck} times; found was only ${others.join("; ")}`,
      );
    }, 120_000);
  }
});
