// Runs one simulated day and says what it found; used by the tests and by `npm run sim`.
import { type FaultKind, Faults } from "../../core/simulation/faults.ts";
import { checkAlways, checkAtRest } from "../../core/simulation/invariants.ts";
import { World } from "../../core/simulation/world.ts";

export type Outcome = {
  readonly seed: number;
  readonly problem: string | null;
  readonly struck: number;
  readonly reached: ReadonlySet<string>;
  /** Types of events. */
  readonly happened: ReadonlySet<string>;
  readonly conversations: number;
  readonly answered: number;
  readonly events: number;
};

/** One world from one seed; the same seed gives the same world, event for event. */
export async function simulate(seed: number, options: { readonly hours: number; readonly fault?: FaultKind }): Promise<Outcome> {
  const faults = new Faults(options.fault ?? null);
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const world = new World({ seed, hours: options.hours, callersPerHour: 60, agents: 8, nodes: 2, faults, settle });
  let problem: string | null = null;
  try {
    const built = world.build();
    // Building takes virtual time too: journals flush, hints travel.
    let done = false;
    built.then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    while (!done) {
      await settle();
      if (!done) world.time.next(world.time.now + 1_000);
    }
    await built;
    await world.play(checkAlways);
    checkAtRest(world);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const conversations = [...world.database.tables.conversations.values()];
  const answered = [...world.database.tables.participants.values()].filter(
    (row) => row.purpose === "agent" && row.connectedAt !== null,
  ).length;
  return {
    seed,
    problem,
    struck: faults.struck,
    reached: world.reached,
    happened: new Set(world.database.events.map(({ type }) => type)),
    conversations: conversations.length,
    answered,
    events: world.database.events.length,
  };
}
