// Why this agent, or why nobody: the stored decision, and the whole list recomputed from the log.
import type { App } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { StoredDecision } from "../stores.ts";
import { nearest, reasonCounts } from "./assign.ts";
import { emptyWorld, fold, snapshotOf } from "./fold.ts";
import { type Decision, match } from "./match.ts";

export type Explanation = {
  readonly stored: StoredDecision;
  /** Null when something it depends on was erased since. */
  readonly recomputed: Decision | null;
  /** Whether the log leads to the same winner, score, nearest and counts. */
  readonly agrees: boolean | null;
};

const readBatch = 2_000;

/** Folds the log up to the decision's `asOfSeq` and decides again. @throws Forbidden · NotFound */
export async function explain(app: App, actor: Actor, decisionId: string): Promise<Explanation> {
  demand(actor, "analytics:conversationDetail:view");
  const stored = found(actor, "decision with this id", await app.stores.routing.decision(decisionId));
  const world = emptyWorld();
  for (let after = 0; after < stored.asOfSeq; ) {
    const events = await app.log.read(after, readBatch);
    if (events.length === 0) break;
    for (const event of events) if (event.seq <= stored.asOfSeq && event.organizationId === app.organizationId) fold(world, event);
    after = events.at(-1)!.seq;
  }
  const decisions = match(snapshotOf(world, stored.queueId), stored.at);
  const recomputed = decisions.find((decision) => decision.conversationId === stored.conversationId) ?? null;
  if (recomputed === null) return { stored, recomputed: null, agrees: world.erased > 0 ? null : false };
  return { stored, recomputed, agrees: sameAnswer(stored, recomputed) };
}

// Compared field by field: what comes back from jsonb has its keys in another order.
function sameAnswer(stored: StoredDecision, again: Decision): boolean {
  const facts = (
    userId: string | null,
    score: number,
    losers: StoredDecision["nearest"],
    counts: Readonly<Record<string, number>>,
  ): string =>
    JSON.stringify([
      userId,
      score,
      losers.map((loser) => [loser.userId, loser.reason]),
      Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
  return (
    facts(stored.userId, stored.score, stored.nearest, stored.counts) ===
    facts(again.userId, again.score, nearest(again), reasonCounts(again))
  );
}
