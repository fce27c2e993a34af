// What is asked of routing: the board of queues, and what one agent has in front of them.
import type { App } from "../app.ts";
import { can, userActor } from "../authorization/actor.ts";
import type { Permission } from "../authorization/permissions.ts";
import type { SoundDirection, Trouble } from "../call/call-control.ts";
import type { LegSound } from "../call/live-sound.ts";
import { type Conversation, type Participant, peopleTogether, type Segment, type SupervisionMode } from "../conversation/conversation.ts";
import type { PresenceDefinition } from "../directory/user.ts";
import { startOfDay } from "../lib/calendar.ts";
import type { ConversationId, ParticipantId, QueueId, UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import type { HelpCall } from "../telephony/help.ts";
import type { AfterCallWork, AgentState, RoutableAgent, RoutingStatus } from "./agent.ts";
import { routingStatuses } from "./agent.ts";
import { estimateWaitMs } from "./estimate.ts";
import type { Queue, WrapupCode } from "./queue.ts";
import type { Alert } from "./waiting.ts";

/** Half an hour of the day. */
const trendMs = 30 * 60_000;
/** EWT-1 looks back this far. */
const estimateMs = 3_600_000;

export type TrendPoint = { readonly at: number; readonly serviceLevel: number };
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
  /** The same for each half hour of today in which somebody was answered or gave up, by its beginning. */
  readonly trend: readonly TrendPoint[];
  /** Average speed of answer and handle time, today, ms; null: nothing answered or handled. */
  readonly asaMs: number | null;
  readonly ahtMs: number | null;
  readonly estimatedWaitMs: number | null;
  readonly agents: Readonly<Record<RoutingStatus, number>>;
};

export type InConversation = {
  readonly conversationId: ConversationId;
  readonly participantId: ParticipantId;
  readonly queueId: string | null;
  /** They talk now: not after-call work, and not as somebody who listens. */
  readonly isTalking: boolean;
};
export type Board = {
  readonly asOf: number;
  readonly dayAt: number;
  readonly queues: readonly QueueFigures[];
  readonly agents: readonly RoutableAgent[];
  /** By user id. */
  readonly inConversation: ReadonlyMap<string, InConversation>;
};

/** All queues of the organization with today's figures (day of the server's time zone). The same number of questions for one queue or a hundred. */
export async function queueBoard(app: App): Promise<Board> {
  const now = app.env.clock.now();
  const dayAt = startOfDay(now);
  const { stores, organizationId } = app;
  const [all, agents, stays, today, lastHour, inConversation] = await Promise.all([
    stores.queues.all(organizationId),
    stores.routing.agents(organizationId),
    stores.routing.queueStays(organizationId, dayAt),
    stores.routing.handledByQueue(organizationId, dayAt),
    stores.routing.handledByQueue(organizationId, now - estimateMs),
    stores.routing.inConversation(organizationId),
  ]);
  const staysOf = Map.groupBy(stays, (stay) => stay.queueId as string);
  const nothing = { count: 0, sumMs: 0 };
  const queues = all.map((queue): QueueFigures => {
    const mine = staysOf.get(queue.id) ?? [];
    const open = mine.filter((stay) => stay.endedAt === null);
    const answered = mine.filter((stay) => stay.answered);
    const handled = today.get(queue.id) ?? nothing;
    const members = agents.filter((agent) => agent.queues.some((entry) => entry.queueId === queue.id));
    const joined = members.filter((agent) => agent.queues.some((entry) => entry.queueId === queue.id && entry.joined));
    const byStatus = Object.fromEntries(
      routingStatuses.map((status) => [status, members.filter((agent) => agent.routingStatus === status).length]),
    );
    return {
      queue,
      nWaiting: open.length,
      longestSinceAt: open.length === 0 ? null : Math.min(...open.map((stay) => stay.startedAt)),
      nOffered: mine.length,
      nAnswered: answered.length,
      nAbandoned: mine.length - open.length - answered.length,
      serviceLevel: serviceLevelOf(mine, queue),
      trend: trendOf(mine, queue, dayAt),
      asaMs: answered.length === 0 ? null : answered.reduce((sum, stay) => sum + waitMs(stay), 0) / answered.length,
      ahtMs: handled.count === 0 ? null : handled.sumMs / handled.count,
      estimatedWaitMs: estimateWaitMs(
        open.length + 1,
        lastHour.get(queue.id) ?? nothing,
        joined.filter((agent) => agent.presence === "ON_QUEUE").length,
      ),
      agents: byStatus as Record<RoutingStatus, number>,
    };
  });
  return { asOf: now, dayAt, queues, agents, inConversation };
}

type Stay = { readonly startedAt: number; readonly endedAt: number | null; readonly answered: boolean };

function waitMs(stay: Stay): number {
  return stay.endedAt! - stay.startedAt;
}

/** Formula GC over stays that have ended. */
function serviceLevelOf(stays: readonly Stay[], queue: Queue): number | null {
  const ended = stays.filter((stay) => stay.endedAt !== null);
  if (ended.length === 0) return null;
  return ended.filter((stay) => stay.answered && waitMs(stay) <= queue.serviceLevelMs).length / ended.length;
}

function trendOf(stays: readonly Stay[], queue: Queue, dayAt: number): readonly TrendPoint[] {
  const ended = stays.filter((stay) => stay.endedAt !== null && stay.endedAt >= dayAt);
  const byHalfHour = Map.groupBy(ended, (stay) => dayAt + Math.floor((stay.endedAt! - dayAt) / trendMs) * trendMs);
  return [...byHalfHour].sort(([a], [b]) => a - b).map(([at, some]) => ({ at, serviceLevel: serviceLevelOf(some, queue)! }));
}

/** Whom somebody talks to, or is about to. */
export type OtherParty = { readonly name: string; readonly number: string };

export type InConference = OtherParty & { readonly participantId: ParticipantId; readonly mayRemove: boolean };
/** Somebody who listens to one's call. */
export type Listener = { readonly name: string; readonly mode: SupervisionMode };

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
  /** Calls for help of which they are to know. */
  readonly helpCalls: readonly HelpCall[];
  /** A call from person to person, or out, that nobody has answered yet: `outgoing` when it is theirs. */
  readonly ringing: {
    readonly conversation: Conversation;
    readonly participant: Participant;
    readonly other: OtherParty;
    readonly outgoing: boolean;
  } | null;
  /** A call that they listen to beside somebody; their station may still be called. */
  readonly supervising: {
    readonly conversation: Conversation;
    readonly participant: Participant;
    readonly beside: OtherParty;
    readonly others: readonly OtherParty[];
    readonly mode: SupervisionMode;
    /** They hear nothing, and nobody hears them. */
    readonly isSecret: boolean;
  } | null;
  /** The agent's part in the conversation that is up, or in after-call work. */
  readonly current: {
    readonly conversation: Conversation;
    readonly participant: Participant;
    readonly queue: Queue | null;
    readonly other: OtherParty;
    /** Whom they ask before passing the call on; null: nobody. */
    readonly consult: (OtherParty & { readonly isUp: boolean; readonly waits: boolean }) | null;
    /** Everybody else in a conference; empty: it is none. */
    readonly conference: readonly InConference[];
    /** Not who was brought in by somebody who is still there, and not into a conference room. */
    readonly mayBringIn: boolean;
    /** Who listens, as far as they are to know. */
    readonly listeners: readonly Listener[];
    readonly isRecorded: boolean;
    /** What of it they may pause, and the pause of this moment. */
    readonly pause: PauseInView | null;
    readonly mayPause: boolean;
    readonly mayPauseSecurely: boolean;
    /** Where it can be passed on to. */
    readonly queues: readonly Queue[];
    readonly work: AfterCallWork | null;
    readonly codes: readonly WrapupCode[];
    readonly waitedMs: number;
    /** What is wrong with the sound at this moment; null: nothing that is known of. */
    readonly trouble: TroubleInCall | null;
  } | null;
};

export type PauseInView = { readonly isSecure: boolean; readonly untilAt: number };

/** `from` of one's own leg: the other does not hear them; `from` of the other's: they do not hear the other. */
export type TroubleInCall = {
  readonly whose: "own" | "other";
  readonly direction: SoundDirection;
  readonly trouble: Trouble;
  readonly name: string;
};

/** What one agent has in front of them; null: no such agent. */
export async function agentView(app: App, userId: UserId): Promise<AgentView | null> {
  const { stores } = app;
  const agent = await stores.agents.byUser(userId);
  if (agent === null) return null;
  const [alert, open, presences, helpCalls] = await Promise.all([
    stores.alerts.openOf(userId),
    stores.conversations.openOfUser(userId),
    stores.presences.all(agent.organizationId),
    stores.helpCalls.waitingFor(userId),
  ]);
  const talks = open.filter(({ participant }) => participant.supervises === null);
  const supervising = open.find(({ participant }) => participant.supervises !== null && participant.endedAt === null);
  const connected = talks.find((entry) => entry.participant.connectedAt !== null);
  const direct = talks.find(({ participant }) => participant.purpose === "user" && participant.connectedAt === null);
  return {
    agent,
    presences,
    helpCalls,
    alert: alert === null ? null : await alertView(app, alert),
    ringing: direct === undefined ? null : await ringingView(app, direct),
    supervising: supervising === undefined ? null : await supervisingView(app, supervising),
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

type Own = { readonly conversation: Conversation; readonly participant: Participant };

async function ringingView(app: App, own: Own): Promise<AgentView["ringing"]> {
  const participants = await app.stores.conversations.participants(own.conversation.id);
  return { ...own, other: await otherParty(app, own, otherOf(own, participants)), outgoing: !wasCalled(own.participant) };
}

async function currentView(app: App, own: Own): Promise<AgentView["current"]> {
  const { stores } = app;
  const { conversation, participant } = own;
  const { queueId } = participant;
  const [queue, work, codes, waiting, participants, recordings, queues, user] = await Promise.all([
    queueId === null ? null : stores.queues.byId(queueId),
    stores.agents.afterCallWork(participant.id),
    queueId === null ? [] : wrapupCodesOf(stores, queueId),
    stores.waiting.byConversation(conversation.id),
    stores.conversations.participants(conversation.id),
    stores.recordings.ofConversation(conversation.id),
    stores.queues.all(conversation.organizationId),
    participant.userId === null ? null : stores.users.byId(participant.userId),
  ]);
  const isRecorded = recordings.some(({ state }) => state === "recording");
  const may = (permission: Permission): boolean => user !== null && can(userActor(user), permission, conversation);
  const waitedMs = waiting === null ? 0 : (participant.connectedAt ?? waiting.enteredAt) - waiting.enteredAt;
  const asked = participants.findLast((one) => one.consultedBy === participant.id && one.endedAt === null) ?? null;
  const isListenedTo = participants.some((one) => one.supervises !== null && one.endedAt === null);
  const segments = asked !== null || isListenedTo ? await stores.conversations.segments([conversation.id]) : [];
  const consult =
    asked === null
      ? null
      : {
          ...(await partyOf(app, conversation, asked)),
          isUp: asked.connectedAt !== null,
          waits: openSegment(segments, asked)?.type === "hold",
        };
  const together = peopleTogether(participants).filter(({ id }) => id !== participant.id);
  const isInRoom = together.some(({ purpose }) => purpose === "group");
  // Of a conference: whom it was with first.
  const otherOne = together.length > 1 ? together[0]! : otherOf(own, participants);
  const other = await otherParty(app, own, otherOne);
  const heard = asked !== null && consult?.isUp === true ? { id: asked.id, ...consult } : { id: otherOne?.id ?? null, ...other };
  return {
    ...own,
    queue,
    other,
    consult,
    trouble:
      participant.heldSince !== null && consult === null ? null : troubleBetween(app.sound.of(conversation.id), participant.id, heard),
    mayBringIn: !isInRoom && !participants.some(({ id, endedAt }) => id === participant.addedBy && endedAt === null),
    conference: together.length < 2 ? [] : await Promise.all(together.map((one) => inConference(app, own, one))),
    listeners: isListenedTo ? await listenersOf(app, own, participants, segments) : [],
    queues,
    isRecorded,
    pause: pauseOf(conversation),
    mayPause: isRecorded && may("conversation:call:pause"),
    // In a conference room nothing is recorded, and nobody listens.
    mayPauseSecurely: !isInRoom && may("conversation:call:securePause"),
    work: work?.endedAt === null ? work : null,
    codes,
    waitedMs,
  };
}

async function inConference(app: App, { conversation, participant }: Own, one: Participant): Promise<InConference> {
  return { ...(await partyOf(app, conversation, one)), participantId: one.id, mayRemove: one.addedBy === participant.id };
}

/** Whoever is heard is known; whoever is not, where the organization wants it so. */
async function listenersOf(
  app: App,
  { conversation, participant }: Own,
  participants: readonly Participant[],
  segments: readonly Segment[],
): Promise<readonly Listener[]> {
  const showsMonitoring = (await app.stores.organizations.byId(app.organizationId))?.showsMonitoring === true;
  const listening = participants
    .filter(({ supervises, connectedAt, endedAt }) => supervises !== null && connectedAt !== null && endedAt === null)
    .map((one) => ({ one, mode: modeOf(segments, one) }))
    .filter(({ one, mode }) => mode === "barging" || (one.supervises === participant.id && (mode === "coaching" || showsMonitoring)));
  return Promise.all(listening.map(async ({ one, mode }) => ({ name: (await partyOf(app, conversation, one)).name, mode })));
}

async function supervisingView(app: App, own: Own): Promise<AgentView["supervising"]> {
  const { conversation, participant } = own;
  const [participants, segments] = await Promise.all([
    app.stores.conversations.participants(conversation.id),
    app.stores.conversations.segments([conversation.id]),
  ]);
  const beside = participants.find(({ id }) => id === participant.supervises);
  const others = peopleTogether(participants).filter(({ id }) => id !== participant.supervises);
  return {
    ...own,
    beside: beside === undefined ? { name: "", number: "" } : await partyOf(app, conversation, beside),
    others: await Promise.all(others.map((one) => partyOf(app, conversation, one))),
    mode: modeOf(segments, participant),
    isSecret: pauseOf(conversation)?.isSecure === true,
  };
}

/** Null: its recording does not pause. A pause ends with the call. */
export function pauseOf({ pausedAt, pausedUntil, pauseIsSecure, endedAt }: Conversation): PauseInView | null {
  return pausedAt === null || endedAt !== null ? null : { isSecure: pauseIsSecure, untilAt: pausedUntil! };
}

function openSegment(segments: readonly Segment[], { id }: Participant): Segment | undefined {
  return segments.findLast(({ participantId, endedAt }) => participantId === id && endedAt === null);
}

/** Until they hear something they are in none of the three. */
function modeOf(segments: readonly Segment[], supervisor: Participant): SupervisionMode {
  const type = openSegment(segments, supervisor)?.type;
  return type === "coaching" || type === "barging" ? type : "monitoring";
}

/** The worst there is between the two: silence before what is poor, and what one cannot notice oneself first. */
function troubleBetween(
  sounds: readonly LegSound[],
  ownId: ParticipantId,
  other: OtherParty & { readonly id: ParticipantId | null },
): TroubleInCall | null {
  const name = other.name || other.number;
  const found = (["own", "other"] as const).flatMap((whose) => {
    const legs = sounds.filter(({ participantId }) => participantId === (whose === "own" ? ownId : other.id));
    return (["from", "to"] as const).flatMap((direction) =>
      legs.flatMap((leg) => (leg[direction] === null ? [] : [{ whose, direction, trouble: leg[direction], name }])),
    );
  });
  return found.find(({ trouble }) => trouble.cause !== "poor") ?? found[0] ?? null;
}

/** Whoever asks them, else the newest other person in it who is not merely asked and has not left; when all have, who was there last. */
function otherOf({ participant }: Own, participants: readonly Participant[]): Participant | null {
  const isOpen = (id: string): boolean => participants.some((one) => one.id === id && one.endedAt === null);
  const others = participants.filter(({ id, purpose, consultedBy, supervises }) => {
    const isAsked = consultedBy !== null && isOpen(consultedBy);
    return supervises === null && id !== participant.id && purpose !== "ivr" && purpose !== "acd" && !isAsked;
  });
  const asker = others.find(({ id }) => id === participant.consultedBy && isOpen(id));
  return asker ?? others.findLast(({ endedAt }) => endedAt === null) ?? others.at(-1) ?? null;
}

async function otherParty(app: App, { conversation }: Own, other: Participant | null): Promise<OtherParty> {
  if (other === null) return { name: conversation.callerName, number: conversation.callerNumber };
  return partyOf(app, conversation, other);
}

/** Who was called is kept under the name and number of then; who called is not. */
function wasCalled({ address, name }: Participant): boolean {
  return address !== "" || name !== "";
}

async function partyOf(app: App, conversation: Conversation, party: Participant): Promise<OtherParty> {
  if (party.userId === null)
    return wasCalled(party)
      ? { name: party.name, number: party.address }
      : { name: conversation.callerName, number: conversation.callerNumber };
  const user = await app.stores.users.byId(party.userId);
  return { name: user?.name ?? party.name, number: user?.extension ?? party.address };
}

/** The codes that agents of a queue may choose from, by name. */
export async function wrapupCodesOf(stores: Stores, queueId: QueueId): Promise<readonly WrapupCode[]> {
  const queue = await stores.queues.byId(queueId);
  if (queue === null) return [];
  const all = await stores.wrapupCodes.all(queue.organizationId);
  return all.filter((code) => queue.wrapupCodeIds.includes(code.id));
}
