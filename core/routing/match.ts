// Chooses which waiting conversation goes to which agent, and says why not to the others. Pure: assign.ts loads, locks and saves.
import type { QueueId, SkillId, UserId } from "../lib/id.ts";
import type { RoutableAgent } from "./agent.ts";
import type { Queue } from "./queue.ts";
import type { WaitingConversation } from "./waiting.ts";

/** The first reason that keeps a candidate from a conversation; the list is closed (rules of routing, "Decision"). */
export const exclusionReasons = [
  "NOT_MEMBER",
  "NOT_JOINED",
  "OFF_QUEUE",
  "NOT_RESPONDING",
  "ALERTING",
  "CAPACITY",
  "LANGUAGE",
  "SKILL",
  "BEYOND_POOL",
  "OUTRANKED",
] as const;
export type ExclusionReason = (typeof exclusionReasons)[number];

export type RoutingSnapshot = {
  readonly queues: readonly Queue[];
  readonly agents: readonly RoutableAgent[];
  /** State `waiting` only. */
  readonly waiting: readonly WaitingConversation[];
  /** The newest event that this snapshot includes. */
  readonly asOfSeq: number;
};

/** One conversation, looked at once. `userId` null: nobody. Scores are minutes waited + priority, or the priority alone. */
export type Decision = {
  readonly conversationId: string;
  readonly queueId: QueueId;
  readonly userId: UserId | null;
  readonly score: number;
  readonly excluded: readonly { readonly userId: UserId; readonly reason: ExclusionReason }[];
};

const msPerPoint = 60_000;
/** Idle for longer than this, or never handled, counts as this. */
const idleMsMax = 7 * 86_400_000;
/** `BEST` compares the longest idle only. */
const bestPoolMax = 100;

/**
 * Takes the waiting conversations of all queues of a pool in rank order and gives each its best agent; no look-ahead.
 * `now` is epoch ms. Returns one decision per waiting conversation, in the order they were taken.
 */
export function match(snapshot: RoutingSnapshot, now: number): Decision[] {
  const queues = new Map(snapshot.queues.map((queue) => [queue.id, queue]));
  const taken = new Set<UserId>();
  const ranked = snapshot.waiting
    .filter((conversation) => queues.has(conversation.queueId))
    .map((conversation) => ({ conversation, queue: queues.get(conversation.queueId)! }))
    .sort((a, b) => byRank(a, b, now));
  return ranked.map(({ conversation, queue }) => {
    const decision = decide(conversation, queue, snapshot.agents, taken, now);
    if (decision.userId !== null) taken.add(decision.userId);
    return decision;
  });
}

/** Minutes waited plus priority, not rounded. */
export function conversationScore(conversation: WaitingConversation, queue: Queue, now: number): number {
  if (queue.scoringMethod === "PriorityOnly") return conversation.priority;
  return (now - conversation.baseAt) / msPerPoint + conversation.priority;
}

/** One queue's conversations in the order in which they are taken. */
export function inRankOrder(waiting: readonly WaitingConversation[], queue: Queue, now: number): readonly WaitingConversation[] {
  return waiting
    .map((conversation) => ({ conversation, queue }))
    .sort((a, b) => byRank(a, b, now))
    .map(({ conversation }) => conversation);
}

type Ranked = { readonly conversation: WaitingConversation; readonly queue: Queue };

// Heads first, then PriorityOnly queues, then score; ties by earlier base and lower id.
function byRank(a: Ranked, b: Ranked, now: number): number {
  if (a.conversation.atHead !== b.conversation.atHead) return a.conversation.atHead ? -1 : 1;
  const aFirst = a.queue.scoringMethod === "PriorityOnly";
  const bFirst = b.queue.scoringMethod === "PriorityOnly";
  if (aFirst !== bFirst) return aFirst ? -1 : 1;
  const score = conversationScore(b.conversation, b.queue, now) - conversationScore(a.conversation, a.queue, now);
  if (score !== 0) return score;
  return a.conversation.baseAt - b.conversation.baseAt || compare(a.conversation.conversationId, b.conversation.conversationId);
}

function decide(
  conversation: WaitingConversation,
  queue: Queue,
  agents: readonly RoutableAgent[],
  taken: ReadonlySet<UserId>,
  now: number,
): Decision {
  const excluded: { userId: UserId; reason: ExclusionReason }[] = [];
  const eligible: RoutableAgent[] = [];
  for (const agent of agents) {
    const membership = agent.queues.find((entry) => entry.queueId === queue.id);
    if (membership === undefined) continue;
    const reason = exclusion(agent, membership.joined, conversation, queue, taken);
    if (reason === null) eligible.push(agent);
    else excluded.push({ userId: agent.userId, reason });
  }
  const idle = eligible.sort((a, b) => byIdle(a, b, now));
  const ranked = queue.skillEvaluationMethod === "BEST" ? byProficiency(idle.slice(0, bestPoolMax), conversation) : idle;
  for (const agent of idle.slice(ranked.length)) excluded.push({ userId: agent.userId, reason: "BEYOND_POOL" });
  const [winner, ...others] = ranked;
  for (const agent of others) excluded.push({ userId: agent.userId, reason: "OUTRANKED" });
  excluded.sort((a, b) => compare(a.userId, b.userId));
  return {
    conversationId: conversation.conversationId,
    queueId: queue.id,
    userId: winner?.userId ?? null,
    score: conversationScore(conversation, queue, now),
    excluded,
  };
}

function exclusion(
  agent: RoutableAgent,
  joined: boolean,
  conversation: WaitingConversation,
  queue: Queue,
  taken: ReadonlySet<UserId>,
): ExclusionReason | null {
  if (!joined) return "NOT_JOINED";
  if (agent.presence !== "ON_QUEUE" || agent.routingStatus === "OFF_QUEUE") return "OFF_QUEUE";
  if (agent.routingStatus === "NOT_RESPONDING") return "NOT_RESPONDING";
  if (agent.inHand.kind === "alert" || taken.has(agent.userId)) return "ALERTING";
  if (agent.inHand.kind !== "nothing" || agent.routingStatus !== "IDLE") return "CAPACITY";
  if (conversation.languageId !== null && proficiencyOf(agent, conversation.languageId) === null) return "LANGUAGE";
  if (queue.skillEvaluationMethod !== "NONE" && conversation.skillIds.some((skill) => proficiencyOf(agent, skill) === null)) return "SKILL";
  return null;
}

function proficiencyOf(agent: RoutableAgent, skillId: SkillId): number | null {
  return agent.skills.find((skill) => skill.skillId === skillId)?.proficiency ?? null;
}

// Longest since last handling first; then longest on queue, then lower id.
function byIdle(a: RoutableAgent, b: RoutableAgent, now: number): number {
  return idleMs(b, now) - idleMs(a, now) || a.presenceAt - b.presenceAt || compare(a.userId, b.userId);
}

function idleMs(agent: RoutableAgent, now: number): number {
  return agent.lastHandledAt === null ? idleMsMax : Math.min(idleMsMax, now - agent.lastHandledAt);
}

// Highest average over the requested skills and language; equal averages keep the idle order, as the sort is stable.
function byProficiency(idle: readonly RoutableAgent[], conversation: WaitingConversation): RoutableAgent[] {
  const requested = conversation.languageId === null ? conversation.skillIds : [...conversation.skillIds, conversation.languageId];
  const average = (agent: RoutableAgent): number =>
    requested.length === 0 ? 0 : requested.reduce((sum, skill) => sum + (proficiencyOf(agent, skill) ?? 0), 0) / requested.length;
  return [...idle].sort((a, b) => average(b) - average(a));
}

/** Ids compare by code unit. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
