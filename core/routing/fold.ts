// Rebuilds what routing saw from the log alone: folded up to a sequence, it is the snapshot a decision was made on.
import type { LoggedEvent } from "../events/index.ts";
import type { ParticipantId, QueueId, SkillId, UserId } from "../lib/id.ts";
import type { AgentState, InHand, RoutableAgent } from "./agent.ts";
import type { RoutingSnapshot } from "./match.ts";
import { poolsOf } from "./pool.ts";
import type { Queue } from "./queue.ts";
import type { WaitingConversation } from "./waiting.ts";

/** Everything routing depends on, by id. Mutable while folding; nobody else sees it. */
export type RoutingWorld = {
  readonly queues: Map<string, Queue>;
  readonly members: Map<string, { queueId: QueueId; userId: UserId; joined: boolean }>;
  readonly agents: Map<string, AgentState>;
  readonly skills: Map<string, readonly { skillId: SkillId; proficiency: number }[]>;
  readonly waiting: Map<string, WaitingConversation>;
  /** Our people in calls without a queue, or beside one: by conversation, who is which participant. */
  readonly onCall: Map<string, Map<ParticipantId, UserId>>;
  asOfSeq: number;
  /** Events whose payload is erased: what depends on them cannot be recomputed. */
  erased: number;
};

export function emptyWorld(): RoutingWorld {
  return {
    queues: new Map(),
    members: new Map(),
    agents: new Map(),
    skills: new Map(),
    waiting: new Map(),
    onCall: new Map(),
    asOfSeq: 0,
    erased: 0,
  };
}

type Payload = { readonly [key: string]: unknown };
type Folder = (world: RoutingWorld, payload: Payload, event: LoggedEvent) => void;

/** Applies one event, in sequence order. Types that routing does not depend on change nothing but `asOfSeq`. */
export function fold(world: RoutingWorld, event: LoggedEvent): void {
  world.asOfSeq = event.seq;
  const folder = folders[event.type];
  if (folder === undefined) return;
  if (event.payload === null) world.erased += 1;
  else folder(world, event.payload, event);
}

/** The snapshot of the pool that holds `queueId`, as the store would give it. */
export function snapshotOf(world: RoutingWorld, queueId: QueueId): RoutingSnapshot {
  const memberships = [...world.members.values()];
  const pools = poolsOf([...world.queues.keys()] as QueueId[], memberships);
  const inPool = (id: QueueId): boolean => pools.get(id) === pools.get(queueId);
  const agents = [...world.agents.values()]
    .map((agent): RoutableAgent => {
      const queues = memberships.filter((entry) => entry.userId === agent.userId && inPool(entry.queueId));
      return {
        ...agent,
        skills: world.skills.get(agent.userId) ?? [],
        queues: queues.map((entry) => ({ queueId: entry.queueId, joined: entry.joined })),
      };
    })
    .filter((agent) => agent.queues.length > 0);
  return {
    queues: [...world.queues.values()].filter((queue) => inPool(queue.id)),
    agents,
    waiting: [...world.waiting.values()].filter((entry) => entry.state === "waiting" && inPool(entry.queueId)),
    asOfSeq: world.asOfSeq,
  };
}

const folders: { readonly [type: string]: Folder | undefined } = {
  "routing.queue.created": setQueue,
  "routing.queue.updated": setQueue,
  "routing.queue.deleted": (world, _payload, event) => void world.queues.delete(event.subjectIds[0]!),
  "routing.queue.member.set": (world, payload) => {
    const { queueId, userId, after } = payload as { queueId: QueueId; userId: UserId; after: { joined: boolean } | null };
    const key = `${queueId} ${userId}`;
    if (after === null) world.members.delete(key);
    else world.members.set(key, { queueId, userId, joined: after.joined });
  },
  "user.created": (world, payload, event) => {
    const { id, divisionId } = payload.after as { id: UserId; divisionId: AgentState["divisionId"] };
    world.agents.set(id, newAgent(id, event.organizationId, divisionId, event.at));
  },
  "user.deleted": (world, _payload, event) => {
    world.agents.delete(event.subjectIds[0]!);
    world.skills.delete(event.subjectIds[0]!);
  },
  "user.skills.set": (world, payload) => {
    const { userId, skills } = payload as { userId: UserId; skills: { skillId: SkillId; proficiency: number }[] };
    world.skills.set(userId, skills);
  },
  "user.presence.set": (world, payload) => {
    const {
      userId,
      presence,
      presenceDefinitionId = null,
      routingStatus,
      at,
    } = payload as Pick<AgentState, "userId" | "presence" | "routingStatus"> & { presenceDefinitionId?: string | null; at: number };
    change(world, userId, { presence, presenceDefinitionId, presenceAt: at, routingStatus, routingStatusAt: at });
  },
  "conversation.enqueued": (world, payload, event) => {
    const { participantId, queueId, baseAt, atHead, priority, skillIds, languageId } = payload as WaitingConversation;
    const conversationId = event.subjectIds[0] as WaitingConversation["conversationId"];
    world.waiting.set(conversationId, {
      conversationId,
      participantId,
      organizationId: event.organizationId,
      divisionId: event.divisionId!,
      queueId,
      nodeId: event.node,
      enteredAt: event.at,
      baseAt,
      atHead,
      priority,
      skillIds,
      languageId,
      state: "waiting",
      alertId: null,
    });
  },
  "routing.alert.created": (world, payload, event) => {
    const { alertId, userId } = payload as { alertId: NonNullable<WaitingConversation["alertId"]>; userId: UserId };
    const waiting = world.waiting.get(event.subjectIds[0]!);
    if (waiting !== undefined) world.waiting.set(waiting.conversationId, { ...waiting, state: "alerting", alertId });
    change(world, userId, { inHand: { kind: "alert", id: alertId } });
  },
  "conversation.alert.accepted": (world, payload, event) => {
    const { alertId, userId, participantId } = payload as { alertId: string; userId: UserId; participantId: ParticipantId };
    const waiting = world.waiting.get(event.subjectIds[0]!);
    if (waiting?.alertId === alertId) world.waiting.set(waiting.conversationId, { ...waiting, state: "connected" });
    if (!holds(world, userId, "alert", alertId)) return;
    change(world, userId, {
      inHand: { kind: "conversation", id: participantId },
      routingStatus: "INTERACTING",
      routingStatusAt: event.at,
      lastHandledAt: event.at,
    });
  },
  "conversation.alert.ended": (world, payload, event) => {
    const { alertId, userId, outcome, callerLeft } = payload as { alertId: string; userId: UserId; outcome: string; callerLeft: boolean };
    const waiting = world.waiting.get(event.subjectIds[0]!);
    if (callerLeft) world.waiting.delete(event.subjectIds[0]!);
    else if (waiting?.alertId === alertId && waiting.state === "alerting") {
      world.waiting.set(waiting.conversationId, { ...waiting, state: "waiting", alertId: null });
    }
    if (holds(world, userId, "alert", alertId)) free(world, userId, event.at, outcome !== "withdrawn");
  },
  "conversation.agent.ended": (world, payload, event) => {
    const { participantId, userId, acw, vanished } = payload as {
      participantId: ParticipantId;
      userId: UserId;
      acw: unknown;
      vanished: boolean;
    };
    if (!holds(world, userId, "conversation", participantId)) return;
    change(world, userId, { lastHandledAt: event.at });
    if (acw === null) free(world, userId, event.at, vanished);
    else
      change(world, userId, {
        inHand: { kind: "after-call-work", id: participantId },
        routingStatus: "INTERACTING",
        routingStatusAt: event.at,
      });
  },
  "conversation.started": (world, payload, event) => {
    const { userId, customerParticipantId } = payload as { userId?: UserId; customerParticipantId: ParticipantId };
    occupy(world, event, customerParticipantId, userId ?? null);
  },
  "conversation.dialled": (world, payload, event) => {
    const { userId, participantId } = payload as { userId: UserId | null; participantId: ParticipantId };
    occupy(world, event, participantId, userId);
  },
  "conversation.party.ended": leaveCall,
  "conversation.supervision.started": (world, payload, event) => {
    const { userId, participantId } = payload as { userId: UserId; participantId: ParticipantId };
    occupy(world, event, participantId, userId);
  },
  "conversation.supervision.ended": leaveCall,
  "routing.acw.ended": (world, payload) => {
    const { participantId, userId, at } = payload as { participantId: ParticipantId; userId: UserId; at: number };
    if (holds(world, userId, "after-call-work", participantId)) free(world, userId, at, false);
  },
  "conversation.ended": (world, _payload, event) => {
    const conversationId = event.subjectIds[0]!;
    world.waiting.delete(conversationId);
    for (const [participantId, userId] of world.onCall.get(conversationId) ?? [])
      if (holds(world, userId, "conversation", participantId)) free(world, userId, event.at, false);
    world.onCall.delete(conversationId);
  },
};

/** Whoever is on the phone without a queue is offered nothing meanwhile. What they have in hand already stays in hand. */
function occupy(world: RoutingWorld, event: LoggedEvent, participantId: ParticipantId, userId: UserId | null): void {
  if (userId === null) return;
  const conversationId = event.subjectIds[0]!;
  const people = world.onCall.get(conversationId) ?? new Map<ParticipantId, UserId>();
  world.onCall.set(conversationId, people.set(participantId, userId));
  if (world.agents.get(userId)?.inHand.kind !== "nothing") return;
  const inHand: InHand = { kind: "conversation", id: participantId };
  change(world, userId, { inHand, routingStatus: "COMMUNICATING", routingStatusAt: event.at });
}

function leaveCall(world: RoutingWorld, payload: Payload, event: LoggedEvent): void {
  const { participantId, userId } = payload as { participantId: ParticipantId; userId: UserId | null };
  world.onCall.get(event.subjectIds[0]!)?.delete(participantId);
  if (userId !== null && holds(world, userId, "conversation", participantId)) free(world, userId, event.at, false);
}

function setQueue(world: RoutingWorld, payload: Payload): void {
  const queue = payload.after as Queue;
  world.queues.set(queue.id, { ...queue, poolId: queue.id, eventSeq: null });
}

/** A user as routing first sees one: offline, nothing in hand. */
export function newAgent(
  userId: UserId,
  organizationId: AgentState["organizationId"],
  divisionId: AgentState["divisionId"],
  at: number,
): AgentState {
  return {
    userId,
    organizationId,
    divisionId,
    presence: "OFFLINE",
    presenceDefinitionId: null,
    presenceAt: at,
    routingStatus: "OFF_QUEUE",
    routingStatusAt: at,
    lastHandledAt: null,
    inHand: { kind: "nothing" },
  };
}

function change(world: RoutingWorld, userId: UserId, fields: Partial<AgentState>): void {
  const agent = world.agents.get(userId);
  if (agent !== undefined) world.agents.set(userId, { ...agent, ...fields });
}

function holds(world: RoutingWorld, userId: UserId, kind: InHand["kind"], id: string): boolean {
  const inHand = world.agents.get(userId)?.inHand;
  return inHand !== undefined && inHand.kind === kind && inHand.kind !== "nothing" && inHand.id === id;
}

function free(world: RoutingWorld, userId: UserId, at: number, notResponding: boolean): void {
  const onQueue = world.agents.get(userId)?.presence === "ON_QUEUE";
  change(world, userId, {
    inHand: { kind: "nothing" },
    routingStatus: !onQueue ? "OFF_QUEUE" : notResponding ? "NOT_RESPONDING" : "IDLE",
    routingStatusAt: at,
  });
}
