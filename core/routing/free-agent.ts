// Gives an agent back to routing: idle when on queue, off queue otherwise, Not Responding when an alert was not taken.
import type { UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import type { InHand } from "./agent.ts";

/** Only if `from` is still what the agent has in hand. False: it was not, nothing changed: nobody is freed twice. */
export async function freeAgent(
  stores: Stores,
  userId: UserId,
  from: InHand,
  change: { readonly at: number; readonly notResponding?: boolean; readonly lastHandledAt?: number },
): Promise<boolean> {
  const agent = await stores.agents.lock(userId);
  if (agent === null) return false;
  const onQueue = agent.presence === "ON_QUEUE";
  const routingStatus = !onQueue ? "OFF_QUEUE" : change.notResponding === true ? "NOT_RESPONDING" : "IDLE";
  const { at, lastHandledAt } = change;
  return stores.agents.take(
    userId,
    from,
    { kind: "nothing" },
    { routingStatus, at, ...(lastHandledAt === undefined ? {} : { lastHandledAt }) },
  );
}
