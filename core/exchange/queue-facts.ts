// What a waiting caller may be told: place and estimated wait.
import type { App } from "../app.ts";
import type { ConversationId, QueueId } from "../lib/id.ts";
import { queueFactsMs } from "../lib/limits.ts";
import { estimateWaitMs } from "../routing/estimate.ts";
import { inRankOrder } from "../routing/match.ts";

const handledWindowMs = 3_600_000;

export type QueueFacts = { readonly position: number | null; readonly estimatedWaitMs: number | null };
const unknown: QueueFacts = { position: null, estimatedWaitMs: null };

/** The place counts from 1. A database that is away or slow gives nothing: the caller hears music rather than silence or a guess. */
export async function queueFacts(app: App, conversationId: ConversationId, queueId: QueueId | null): Promise<QueueFacts> {
  if (queueId === null) return unknown;
  const { clock, log } = app.env;
  return new Promise((done) => {
    const late = clock.after(queueFactsMs, () => done(unknown));
    ask(app, conversationId, queueId)
      .then(done, (error: unknown) => {
        log.warn("no queue facts", { call: conversationId, reason: String(error) });
        done(unknown);
      })
      .finally(() => late.cancel());
  });
}

async function ask(app: App, conversationId: ConversationId, queueId: QueueId): Promise<QueueFacts> {
  const now = app.env.clock.now();
  const [queue, waiting, handled, agents] = await Promise.all([
    app.stores.queues.byId(queueId),
    app.stores.waiting.ofQueue(queueId),
    app.stores.routing.handled(queueId, now - handledWindowMs),
    app.stores.routing.agents(app.organizationId),
  ]);
  if (queue === null) return unknown;
  const here = waiting.filter((entry) => entry.state === "waiting" || entry.state === "alerting");
  const ahead = inRankOrder(here, queue, now);
  const position = Math.max(1, ahead.findIndex((entry) => entry.conversationId === conversationId) + 1);
  const onQueue = agents.filter(
    (agent) => agent.presence === "ON_QUEUE" && agent.queues.some((entry) => entry.queueId === queueId && entry.joined),
  );
  return { position, estimatedWaitMs: estimateWaitMs(position, handled, onQueue.length) };
}
