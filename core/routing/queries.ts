// What is asked of routing: the board of queues, and what one agent has in front of them.
import type { App } from "../app.ts";
import type { Conversation, Participant } from "../conversation/conversation.ts";
import type { PresenceDefinition } from "../directory/user.ts";
import { startOfDay } from "../lib/calendar.ts";
import type { ParticipantId, QueueId, UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import type { AfterCallWork, AgentState, RoutableAgent, RoutingStatus } from "./agent.ts";
import { routingStatuses } from "./agent.ts";
import { estimateWaitMs } from "./estimate.ts";
import type { Queue, WrapupCode } from "./queue.ts";
import type { Alert } from "./waiting.ts";

export type QueueFigures = {
  readonly queue: Queue;
  readonly nWaiting: number;
  /** When the longest waiting one entered; null: nobody waits. */
  readonly longestSinceAt: number | null;
  readonly nOffered: number;
  readonly nAnswered: number;
  readonly nAbandoned: number;
  /** Formula GC: answered in time ÷ (answered + abandoned), today; null without a denominator. */
  readonly serviceLevel: number | null;
  /** Average speed of answer and handle time, today, ms; null: nothing answered or handled. */
  readonly asaMs: number | null;
  readonly ahtMs: number | null;
  readonly estimatedWaitMs: number | null;
  readonly agents: Readonly<Record<RoutingStatus, number>>;
};

export type Board = { readonly asOf: number; readonly queues: readonly QueueFigures[]; readonly agents: readonly RoutableAgent[] };

/** All queues of the organization with today's figures (day of the server's time zone). */
export async function queueBoard(app: App): Promise<Board> {
  const now = app.env.clock.now();
  const since = startOfDay(now);
  const { stores, organizationId } = app;
  const [all, agents, stays] = await Promise.all([
    stores.queues.all(organizationId),
    stores.routing.agents(organizationId),
    stores.routing.queueStays(organizationId, since),
  ]);
  const queues = await Promise.all(
    all.map(async (queue): Promise<QueueFigures> => {
      const mine = stays.filter((stay) => stay.queueId === queue.id);
      const open = mine.filter((stay) => stay.endedAt === null);
      const answered = mine.filter((stay) => stay.answered);
      const nAbandoned = mine.length - open.length - answered.length;
      const waitMs = (stay: (typeof mine)[number]): number => stay.endedAt! - stay.startedAt;
      const inTime = answered.filter((stay) => waitMs(stay) <= queue.serviceLevelMs).length;
      const handled = await stores.routing.handled(queue.id, since);
      const members = agents.filter((agent) => agent.queues.some((entry) => entry.queueId === queue.id));
      const byStatus = Object.fromEntries(
        routingStatuses.map((status) => [status, members.filter((agent) => agent.routingStatus === status).length]),
      );
      const onQueue = members.filter((agent) => agent.presence === "ON_QUEUE").length;
      return {
        queue,
        nWaiting: open.length,
        longestSinceAt: open.length === 0 ? null : Math.min(...open.map((stay) => stay.startedAt)),
        nOffered: mine.length,
        nAnswered: answered.length,
        nAbandoned,
        serviceLevel: answered.length + nAbandoned === 0 ? null : inTime / (answered.length + nAbandoned),
        asaMs: answered.length === 0 ? null : answered.reduce((sum, stay) => sum + waitMs(stay), 0) / answered.length,
        ahtMs: handled.count === 0 ? null : handled.sumMs / handled.count,
        estimatedWaitMs: estimateWaitMs(open.length + 1, handled, onQueue),
        agents: byStatus as Record<RoutingStatus, number>,
      };
    }),
  );
  return { asOf: now, queues, agents };
}

export type AgentView = {
  readonly agent: AgentState;
  /** The organization's own, by name. */
  readonly presences: readonly PresenceDefinition[];
  /** Rings now. */
  readonly alert: {
    readonly alert: Alert;
    readonly conversation: Conversation;
    readonly queue: Queue | null;
    readonly enteredAt: number;
  } | null;
  /** The agent's part in the conversation that is up, or in after-call work. */
  readonly current: {
    readonly conversation: Conversation;
    readonly participant: Participant;
    readonly queue: Queue | null;
    readonly work: AfterCallWork | null;
    readonly codes: readonly WrapupCode[];
    readonly waitedMs: number;
  } | null;
};

/** What one agent has in front of them; null: no such agent. */
export async function agentView(app: App, userId: UserId): Promise<AgentView | null> {
  const { stores } = app;
  const agent = await stores.agents.byUser(userId);
  if (agent === null) return null;
  const [alert, open, presences] = await Promise.all([
    stores.alerts.openOf(userId),
    stores.conversations.openOfUser(userId),
    stores.presences.all(agent.organizationId),
  ]);
  const connected = open.find((entry) => entry.participant.connectedAt !== null);
  return {
    agent,
    presences,
    alert: alert === null ? null : await alertView(app, alert),
    current: connected === undefined ? null : await currentView(app, connected),
  };
}

async function alertView(app: App, alert: Alert): Promise<AgentView["alert"]> {
  const [conversation, queue, waiting] = await Promise.all([
    app.stores.conversations.byId(alert.conversationId),
    app.stores.queues.byId(alert.queueId),
    app.stores.waiting.byConversation(alert.conversationId),
  ]);
  return conversation === null ? null : { alert, conversation, queue, enteredAt: waiting?.enteredAt ?? alert.createdAt };
}

async function currentView(
  app: App,
  open: { readonly conversation: Conversation; readonly participant: Participant },
): Promise<AgentView["current"]> {
  const { stores } = app;
  const queueId = open.participant.queueId as QueueId;
  const [queue, work, codes, waiting] = await Promise.all([
    stores.queues.byId(queueId),
    stores.agents.afterCallWork(open.participant.id as ParticipantId),
    wrapupCodesOf(stores, queueId),
    stores.waiting.byConversation(open.conversation.id),
  ]);
  const waitedMs = waiting === null ? 0 : (open.participant.connectedAt ?? waiting.enteredAt) - waiting.enteredAt;
  return { ...open, queue, work: work?.endedAt === null ? work : null, codes, waitedMs };
}

/** The codes that agents of a queue may choose from, by name. */
export async function wrapupCodesOf(stores: Stores, queueId: QueueId): Promise<readonly WrapupCode[]> {
  const queue = await stores.queues.byId(queueId);
  if (queue === null) return [];
  const all = await stores.wrapupCodes.all(queue.organizationId);
  return all.filter((code) => queue.wrapupCodeIds.includes(code.id));
}
