// What a waiting caller may be told: place and estimated wait.
import type { App } from "../app.ts";
import type { ConversationId, QueueId } from "../lib/id.ts";
import { estimateWaitMs } from "../routing/estimate.ts";

const handledWindowMs = 3_600_000;

/** The place counts from 1. A database that is away gives place 1 and no estimate: the caller hears music rather than an error. */
export async function queueFacts(
  app: App,
  conversationId: ConversationId,
  queueId: QueueId | null,
): Promise<{ readonly position: number; readonly estimatedWaitMs: number | null }> {
  if (queueId === null) return { position: 1, estimatedWaitMs: null };
  try {
    const [waiting, handled, agents] = await Promise.all([
      app.stores.waiting.ofQueue(queueId),
      app.stores.routing.handled(queueId, app.env.clock.now() - handledWindowMs),
      app.stores.routing.agents(app.organizationId),
    ]);
    const ahead = waiting
      .filter((entry) => entry.state === "waiting" || entry.state === "alerting")
      .sort((a, b) => b.priority - a.priority || a.baseAt - b.baseAt);
    const position = Math.max(1, ahead.findIndex((entry) => entry.conversationId === conversationId) + 1);
    const onQueue = agents.filter(
      (agent) => agent.presence === "ON_QUEUE" && agent.queues.some((entry) => entry.queueId === queueId && entry.joined),
    );
    return { position, estimatedWaitMs: estimateWaitMs(position, handled, onQueue.length) };
  } catch (error) {
    app.env.log.warn("no queue facts", { call: conversationId, reason: String(error) });
    return { position: 1, estimatedWaitMs: null };
  }
}
