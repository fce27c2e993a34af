// Assigns work: one pool, one lock, one snapshot, one decision per waiting conversation; agent, conversation, alert, explanation and event in one transaction.
import { type App, newEvent } from "../app.ts";
import type { Participant } from "../conversation/conversation.ts";
import type { EventDraft } from "../events/index.ts";
import { type AlertId, type ConversationId, newId, type ParticipantId, type UserId } from "../lib/id.ts";
import type { StoredDecision, Stores } from "../stores.ts";
import { type Decision, type ExclusionReason, match, type RoutingSnapshot } from "./match.ts";
import type { Queue } from "./queue.ts";
import type { Alert } from "./waiting.ts";

const nearestKept = 10;

/** One pass over a pool. Returns how many alerts it made. Safe to run anywhere, any time, twice: the conditional updates are the fence. */
export async function assignWork(app: App, poolId: string): Promise<number> {
  // Most passes have nothing to do. Whoever comes to wait a moment later wakes one of their own.
  if (!(await app.stores.routing.isAnyoneWaiting(app.organizationId, poolId))) return 0;
  const { value } = await app.unit.run(async (stores) => {
    // Sent together, carried out one after the other: what is read is what is there once the lock is ours.
    const [, snapshot] = await Promise.all([stores.routing.lockPool(poolId), stores.routing.snapshot(app.organizationId, poolId)]);
    if (snapshot.waiting.length === 0) return { value: 0, events: [] };
    const now = app.env.clock.now();
    const events: EventDraft[] = [];
    let alerts = 0;
    for (const decision of match(snapshot, now)) {
      const event =
        decision.userId === null
          ? await nobody(app, stores, snapshot, decision, now)
          : await offer(app, stores, snapshot, decision, decision.userId, now);
      if (event === null) continue;
      events.push(event);
      if (decision.userId !== null) alerts += 1;
    }
    return { value: alerts, events };
  });
  return value;
}

async function offer(
  app: App,
  stores: Stores,
  snapshot: RoutingSnapshot,
  decision: Decision,
  userId: UserId,
  now: number,
): Promise<EventDraft | null> {
  const queue = snapshot.queues.find((entry) => entry.id === decision.queueId)!;
  const waiting = snapshot.waiting.find((entry) => entry.conversationId === decision.conversationId)!;
  const alertId = newId<AlertId>(app.env);
  // Whoever lost a race (an agent who just went off queue, a caller who just left) keeps their new state; the next pass sees it.
  if (!(await stores.agents.reserve(userId, alertId))) return null;
  if (!(await stores.waiting.offer(waiting.conversationId, alertId))) {
    await stores.agents.take(userId, { kind: "alert", id: alertId }, { kind: "nothing" }, { routingStatus: "IDLE", at: now });
    return null;
  }
  const participantId = newId<ParticipantId>(app.env);
  const deadlineAt = now + queue.alertingTimeoutSeconds * 1_000;
  const { conversationId, participantId: acdParticipantId, divisionId, nodeId } = waiting;
  const participant: Participant = {
    id: participantId,
    conversationId,
    purpose: "agent",
    address: "",
    name: "",
    consultedBy: null,
    addedBy: null,
    supervises: null,
    userId,
    queueId: queue.id,
    flowId: null,
    startedAt: now,
    connectedAt: null,
    endedAt: null,
    disconnectType: null,
    wrapupCode: null,
    heldSince: null,
  };
  const alert: Alert = {
    id: alertId,
    organizationId: app.organizationId,
    divisionId,
    conversationId,
    acdParticipantId,
    participantId,
    queueId: queue.id,
    userId,
    nodeId,
    createdAt: now,
    deadlineAt,
    outcome: null,
    endedAt: null,
  };
  const stored = storedDecision(app, snapshot, decision, queue, now, alertId);
  const [user] = await Promise.all([
    stores.users.byId(userId),
    stores.conversations.insertParticipant(participant),
    stores.conversations.beginSegment({ participantId, conversationId, type: "alert", startedAt: now, endedAt: null }),
    stores.alerts.insert(alert),
    stores.routing.insertDecision(stored),
  ]);
  return newEvent(app, {
    type: "routing.alert.created",
    actorId: app.nodeId,
    subjectIds: [conversationId, userId, queue.id, alertId],
    divisionId,
    seal: { kind: "conversation", id: conversationId },
    payload: {
      alertId,
      participantId,
      acdParticipantId,
      queueId: queue.id,
      userId,
      stationId: user?.stationId ?? null,
      nodeId,
      deadlineAt,
      decisionId: stored.id,
      asOfSeq: stored.asOfSeq,
      decidedAt: now,
      acwPrompt: queue.acwWrapupPrompt,
      acwTimeoutMs: queue.acwTimeoutMs,
    },
  });
}

// "Nobody" is stored when its reason counts change, not at every pass.
async function nobody(app: App, stores: Stores, snapshot: RoutingSnapshot, decision: Decision, now: number): Promise<EventDraft | null> {
  const queue = snapshot.queues.find((entry) => entry.id === decision.queueId)!;
  const conversationId = decision.conversationId as ConversationId;
  const stored = storedDecision(app, snapshot, decision, queue, now, null);
  const last = await stores.routing.lastDecisionOf(conversationId);
  if (last !== null && last.userId === null && last.queueId === stored.queueId && sameCounts(last.counts, stored.counts)) return null;
  await stores.routing.insertDecision(stored);
  return newEvent(app, {
    type: "routing.decision.nobody",
    actorId: app.nodeId,
    subjectIds: [conversationId, queue.id],
    seal: { kind: "conversation", id: conversationId },
    payload: { decisionId: stored.id, queueId: queue.id, asOfSeq: stored.asOfSeq, decidedAt: now, counts: stored.counts },
  });
}

function storedDecision(
  app: App,
  snapshot: RoutingSnapshot,
  decision: Decision,
  queue: Queue,
  now: number,
  alertId: AlertId | null,
): StoredDecision {
  return {
    id: newId(app.env),
    organizationId: app.organizationId,
    at: now,
    asOfSeq: snapshot.asOfSeq,
    conversationId: decision.conversationId as ConversationId,
    queueId: queue.id,
    queueVersion: queue.version,
    userId: decision.userId,
    alertId,
    score: decision.score,
    nearest: nearest(decision),
    counts: reasonCounts(decision),
  };
}

/** The losers nearest to winning: the later a filter, the nearer; ten are kept, the rest is recomputed on demand. */
export function nearest(decision: Decision): readonly { readonly userId: string; readonly reason: ExclusionReason }[] {
  const closeness: Record<ExclusionReason, number> = {
    OUTRANKED: 0,
    BEYOND_POOL: 1,
    SKILL: 2,
    LANGUAGE: 3,
    CAPACITY: 4,
    ALERTING: 5,
    NOT_RESPONDING: 6,
    OFF_QUEUE: 7,
    NOT_JOINED: 8,
    NOT_MEMBER: 9,
  };
  return [...decision.excluded].sort((a, b) => closeness[a.reason] - closeness[b.reason]).slice(0, nearestKept);
}

/** How many candidates each reason kept away. */
export function reasonCounts(decision: Decision): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of decision.excluded) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([reason, count]) => b[reason] === count);
}
