// What becomes of a network test: the page keeps it sealed, and whoever tested may send it to the administrators. Nobody else keeps it.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { Json } from "../events/index.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import { networkTestsShown } from "../lib/limits.ts";
import type { NetworkTest } from "./network-test.ts";

const sentType = "telephony.network-test.sent";
/** Where a result is sealed for: only whom it belongs to can send it, and only as it was measured. */
const placeOf = (actor: Actor): string => `network test ${actor.id}`;

/** A result as the page keeps it: nobody else does. */
export function sealedTest(app: App, actor: Actor, test: NetworkTest): string {
  return app.secrets.seal(JSON.stringify(test), placeOf(actor));
}

/** Leaves the result to the administrators: an event under the sender's name. @throws BadInput when it is not the sender's · Conflict when it was sent already */
export async function sendNetworkTest(app: App, actor: Actor, sealed: string): Promise<void> {
  const opened = app.secrets.open(sealed, placeOf(actor));
  if (opened === null) throw new BadInput("This is no result of yours. Test again, then send.", "result");
  const test = JSON.parse(opened) as NetworkTest;
  const before = await app.log.readSubject(test.id, { types: [sentType], limit: 1 });
  if (before.length > 0) throw new Conflict("This result was sent already.");
  const event = newEvent(app, {
    type: sentType,
    actorId: actor.id,
    subjectIds: [test.id, actor.id],
    // Addresses and a browser are a person's: they are forgotten with them.
    seal: actor.userId === null ? { kind: "organization" } : { kind: "user", id: actor.userId },
    payload: { test: test as unknown as Json },
  });
  await app.unit.run(async () => ({ value: undefined, events: [event] }));
}

export type SentNetworkTest = { readonly seq: number; readonly senderId: string; readonly sentAt: number; readonly test: NetworkTest };

/** Who may read what people have sent. */
export const readsNetworkTests = "telephony:plugin:all";

/** The latest that were sent, newest first; without those that were erased. @throws Forbidden */
export async function sentNetworkTests(app: App, actor: Actor): Promise<readonly SentNetworkTest[]> {
  demand(actor, readsNetworkTests, app);
  const events = await app.log.find({ types: [sentType] }, null, networkTestsShown);
  return events.flatMap(({ seq, actorId, at, payload }) =>
    payload === null ? [] : [{ seq, senderId: actorId, sentAt: at, test: payload.test as unknown as NetworkTest }],
  );
}
