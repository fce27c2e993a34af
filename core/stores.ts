// The ports to what is kept, in verbs of the domain. PostgreSQL (storage) and memory (core/simulation) implement them under one contract suite.

import type { Prompt } from "./architect/prompt.ts";
import type { Wish } from "./call/state.ts";
import type { Conversation, Participant, Recording, Segment } from "./conversation/conversation.ts";
import type { ConversationSearch } from "./conversation/search.ts";
import type { Organization } from "./directory/organization.ts";
import type { Totp } from "./directory/second-factor.ts";
import type { Ticket, TicketKind } from "./directory/ticket.ts";
import type { AccessToken, OAuthClient, PresenceDefinition, Session, User } from "./directory/user.ts";
import type { AlertId, ConversationId, OrganizationId, ParticipantId, PromptId, QueueId, RecordingId, UserId } from "./lib/id.ts";
import type { ObjectStore } from "./objects/object.ts";
import type { AfterCallWork, AgentState, InHand, RoutableAgent, RoutingStatus, SystemPresence } from "./routing/agent.ts";
import type { RoutingSnapshot } from "./routing/match.ts";
import type { InConversation } from "./routing/queries.ts";
import type { Queue, QueueMember, Skill, UserSkill, WrapupCode } from "./routing/queue.ts";
import type { Alert, AlertOutcome, WaitingConversation } from "./routing/waiting.ts";
import type { Setup } from "./setup/setup.ts";
import type { BindingKey, KeptBinding } from "./telephony/binding.ts";
import type { CallAlarm, CallCharge, CallStop, RateTable } from "./telephony/call-alarm.ts";
import type { HelpCall } from "./telephony/help.ts";
import type { ConferenceRoom, DidPool, FlowRecord, Ivr, NumberPlan, OutboundRoute, Site, Station, Trunk } from "./telephony/telephony.ts";
import type { Whereabouts } from "./telephony/whereabouts.ts";

export interface QueueStore extends ObjectStore<Queue> {
  members(queueId: QueueId): Promise<readonly QueueMember[]>;
  queuesOf(userId: UserId): Promise<readonly QueueMember[]>;
  addMember(member: QueueMember): Promise<void>;
  removeMember(queueId: QueueId, userId: UserId): Promise<boolean>;
  setJoined(queueId: QueueId, userId: UserId, joined: boolean): Promise<boolean>;
  /** All memberships of an organization, for computing pools. */
  memberships(organizationId: OrganizationId): Promise<readonly QueueMember[]>;
  /** Sets the pool of a queue without touching its version. */
  setPool(queueId: QueueId, poolId: string): Promise<void>;
}

export interface SkillStore extends ObjectStore<Skill> {
  ofUser(userId: UserId): Promise<readonly UserSkill[]>;
  /** Replaces all skills of a user. */
  setOfUser(userId: UserId, skills: readonly UserSkill[]): Promise<void>;
  /** Who has it. */
  usersOf(skillId: string): Promise<readonly UserId[]>;
}

export interface PromptStore extends ObjectStore<Prompt> {
  /** WAV, 16 bits, one channel, 8 kHz. */
  audio(id: PromptId): Promise<Uint8Array | null>;
  setAudio(id: PromptId, wav: Uint8Array): Promise<void>;
}

export interface UserStore extends ObjectStore<User> {
  byEmail(organizationId: OrganizationId, email: string): Promise<User | null>;
}

export interface SessionStore {
  byTokenHash(tokenHash: string): Promise<Session | null>;
  insert(session: Session): Promise<void>;
  delete(tokenHash: string): Promise<void>;
  deleteOfUser(userId: UserId): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface TokenStore {
  byHash(tokenHash: string): Promise<AccessToken | null>;
  insert(token: AccessToken): Promise<void>;
  delete(tokenHash: string): Promise<void>;
  deleteOfClient(clientId: string): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface AgentStore {
  byUser(userId: UserId): Promise<AgentState | null>;
  /** Reads it and keeps every other transaction from changing it until this one ends. */
  lock(userId: UserId): Promise<AgentState | null>;
  insert(agent: AgentState): Promise<void>;
  /** Presence with the routing status that goes with it; changes nothing else. */
  setPresence(
    userId: UserId,
    presence: { readonly system: SystemPresence; readonly definitionId: string | null },
    routingStatus: RoutingStatus,
    at: number,
  ): Promise<void>;
  setRoutingStatus(userId: UserId, status: RoutingStatus, at: number): Promise<void>;
  /**
   * The fence: changes what is in hand only if it still is `from` (kind and id). Sets the routing status too, and `lastHandledAt` when given.
   * False: it was something else; nothing changed.
   */
  take(
    userId: UserId,
    from: InHand,
    to: InHand,
    change: { readonly routingStatus: RoutingStatus; readonly at: number; readonly lastHandledAt?: number },
  ): Promise<boolean>;
  /** Reserves for an alert: only if nothing is in hand, presence is ON_QUEUE and routing status IDLE. */
  reserve(userId: UserId, alertId: AlertId): Promise<boolean>;
  list(organizationId: OrganizationId): Promise<readonly AgentState[]>;
  /** Whoever is deleted is no agent any more. */
  delete(userId: UserId): Promise<void>;
  insertAfterCallWork(work: AfterCallWork): Promise<void>;
  /** Ends it once: false when it had ended, or is unknown. */
  endAfterCallWork(participantId: ParticipantId, endedAt: number, wrapupCode: string | null): Promise<boolean>;
  afterCallWork(participantId: ParticipantId): Promise<AfterCallWork | null>;
  openAfterCallWorkOf(userId: UserId): Promise<AfterCallWork | null>;
  /** Open ones whose deadline is at or before `now`, oldest first. */
  dueAfterCallWork(now: number, limit: number): Promise<readonly AfterCallWork[]>;
}

export interface WaitingStore {
  byConversation(conversationId: ConversationId): Promise<WaitingConversation | null>;
  /** Inserts, or replaces a row of the same conversation that is `gone`. */
  insert(waiting: WaitingConversation): Promise<void>;
  /** waiting → alerting, only if still waiting. */
  offer(conversationId: ConversationId, alertId: AlertId): Promise<boolean>;
  /** alerting (with this alert) → waiting, or → connected. */
  resolve(conversationId: ConversationId, alertId: AlertId, state: "waiting" | "connected"): Promise<boolean>;
  /** Any state → gone, once. */
  leave(conversationId: ConversationId): Promise<boolean>;
  /** Not gone, ordered by enteredAt. */
  ofQueue(queueId: QueueId): Promise<readonly WaitingConversation[]>;
  /** Not gone and owned by this node. */
  ofNode(nodeId: string): Promise<readonly WaitingConversation[]>;
}

export interface AlertStore {
  byId(id: AlertId): Promise<Alert | null>;
  insert(alert: Alert): Promise<void>;
  /** Once; false when it had ended. */
  end(id: AlertId, outcome: AlertOutcome, at: number): Promise<boolean>;
  openOf(userId: UserId): Promise<Alert | null>;
  openOfNode(nodeId: string): Promise<readonly Alert[]>;
}

/** What is stored of a routing decision: inputs by reference, the winner, the ten nearest losers, counts per reason. */
export type StoredDecision = {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly at: number;
  readonly asOfSeq: number;
  readonly conversationId: ConversationId;
  readonly queueId: QueueId;
  readonly queueVersion: number;
  readonly userId: UserId | null;
  readonly alertId: AlertId | null;
  readonly score: number;
  readonly nearest: readonly { readonly userId: string; readonly reason: string }[];
  readonly counts: Readonly<Record<string, number>>;
};

export interface BindingStore {
  /** Those that have not expired at `now`. */
  ofNode(nodeId: string, now: number): Promise<readonly KeptBinding[]>;
  /** Inserts, or replaces those of the same node, station and contact. */
  put(bindings: readonly KeptBinding[]): Promise<void>;
  remove(nodeId: string, keys: readonly BindingKey[]): Promise<void>;
}

export interface RoutingStore {
  /** Transaction-level lock of one pool: whoever holds it may assign work of the pool. */
  lockPool(poolId: string): Promise<void>;
  /** One statement: the pool's queues, their waiting conversations (state `waiting`), all members as agents, and max(event.seq). */
  snapshot(organizationId: OrganizationId, poolId: string): Promise<RoutingSnapshot>;
  /** Whether a snapshot would show anybody waiting: far cheaper to ask. */
  isAnyoneWaiting(organizationId: OrganizationId, poolId: string): Promise<boolean>;
  insertDecision(decision: StoredDecision): Promise<void>;
  decisionsOf(conversationId: ConversationId): Promise<readonly StoredDecision[]>;
  decision(id: string): Promise<StoredDecision | null>;
  /** The newest "nobody" decision of a conversation, to store the next only when its reasons changed. */
  lastDecisionOf(conversationId: ConversationId): Promise<StoredDecision | null>;
  agents(organizationId: OrganizationId): Promise<readonly RoutableAgent[]>;
  /**
   * Stays in queues (ACD participants) that began at or after `sinceAt` or are still open, oldest first. `answered`: ended by an agent's
   * answer (disconnect type `transfer`); ended otherwise is abandoned.
   */
  queueStays(
    organizationId: OrganizationId,
    sinceAt: number,
  ): Promise<
    readonly { readonly queueId: QueueId; readonly startedAt: number; readonly endedAt: number | null; readonly answered: boolean }[]
  >;
  /** Handled interactions of a queue whose agent participant ended at or after `sinceAt`: how many, and talk + hold + after-call work together. */
  handled(queueId: QueueId, sinceAt: number): Promise<{ readonly count: number; readonly sumMs: number }>;
  /** The same for all queues of the organization in one question; queues that handled nothing are not in it. */
  handledByQueue(
    organizationId: OrganizationId,
    sinceAt: number,
  ): Promise<ReadonlyMap<string, { readonly count: number; readonly sumMs: number }>>;
  /** Who talks, or wraps up, and in which conversation. */
  inConversation(organizationId: OrganizationId): Promise<ReadonlyMap<string, InConversation>>;
}

export interface ConversationStore extends ConversationSearch {
  byId(id: ConversationId): Promise<Conversation | null>;
  insert(conversation: Conversation): Promise<void>;
  setAnswered(id: ConversationId, at: number): Promise<void>;
  setPause(id: ConversationId, pause: Pick<Conversation, "pausedAt" | "pausedUntil" | "pauseIsSecure">): Promise<void>;
  setSipIds(id: ConversationId, sipIds: readonly string[]): Promise<void>;
  mergeData(id: ConversationId, data: Readonly<Record<string, string>>): Promise<void>;
  /** Once; false when it had ended. */
  end(id: ConversationId, at: number, reason: Conversation["endReason"]): Promise<boolean>;
  /** Newest first. */
  recent(organizationId: OrganizationId, limit: number): Promise<readonly Conversation[]>;
  openOfNode(nodeId: string): Promise<readonly Conversation[]>;
  insertParticipant(participant: Participant): Promise<void>;
  participant(id: ParticipantId): Promise<Participant | null>;
  participants(id: ConversationId): Promise<readonly Participant[]>;
  connectParticipant(id: ParticipantId, at: number): Promise<void>;
  /** Nobody asks them alone any more. */
  joinConference(id: ParticipantId, addedBy: ParticipantId): Promise<void>;
  setSupervises(id: ParticipantId, supervises: ParticipantId): Promise<void>;
  setHeld(id: ParticipantId, since: number | null): Promise<void>;
  /** Once; later ends are ignored. Ends its open segment too. */
  endParticipant(id: ParticipantId, at: number, disconnectType: Participant["disconnectType"]): Promise<boolean>;
  setWrapup(id: ParticipantId, code: string): Promise<void>;
  /** Ends the participant's open segment at `startedAt` and opens this one. */
  beginSegment(segment: Segment): Promise<void>;
  /** Ends the participant's open segment, if any. */
  endSegment(participantId: ParticipantId, at: number): Promise<void>;
  segments(ids: readonly ConversationId[]): Promise<readonly Segment[]>;
  /** The agent's open conversations (participant not ended, or in after-call work), newest first. */
  openOfUser(userId: UserId): Promise<readonly { readonly conversation: Conversation; readonly participant: Participant }[]>;
}

export interface RecordingStore {
  byId(id: RecordingId): Promise<Recording | null>;
  insert(recording: Recording): Promise<void>;
  /** Once; but what had failed may still be found whole enough when the node starts again. */
  close(id: RecordingId, facts: Pick<Recording, "endedAt" | "state" | "durationMs" | "sizeBytes" | "chunks" | "sha256">): Promise<boolean>;
  ofConversation(id: ConversationId): Promise<readonly Recording[]>;
  openOfNode(nodeId: string): Promise<readonly Recording[]>;
  /** Of a node, begun before the instant, oldest first; not those that are being recorded or were erased. */
  before(nodeId: string, startedBefore: number, limit: number): Promise<readonly Recording[]>;
  /** The same of the organization, counted. */
  countBefore(organizationId: OrganizationId, startedBefore: number): Promise<number>;
  /** Once, and not while it is being recorded. */
  erase(id: RecordingId, at: number): Promise<boolean>;
  erasedSince(nodeId: string, at: number): Promise<readonly Recording[]>;
  all(organizationId: OrganizationId): Promise<readonly Recording[]>;
  /** Those that began at or after `sinceAt`, and how many conversations in which an agent talked since then have none. */
  since(
    organizationId: OrganizationId,
    sinceAt: number,
  ): Promise<{ readonly recordings: readonly Recording[]; readonly unrecorded: readonly ConversationId[] }>;
}

/** What a node is asked to do with a conversation it owns; the result is an event. Also when the asker is the same node: one path. */
export type InboxItem = {
  readonly id: string;
  readonly nodeId: string;
  readonly conversationId: ConversationId;
  readonly actorId: string;
  readonly at: number;
  readonly command: Wish;
};

export interface InboxStore {
  insert(item: InboxItem): Promise<void>;
  /** Takes and deletes what waits for this node, oldest first (skip locked). */
  take(nodeId: string, limit: number): Promise<readonly InboxItem[]>;
}

export interface HelpCallStore {
  insert(call: HelpCall): Promise<void>;
  /** Newest first: those of which this person is to know and has not said so. */
  waitingFor(userId: UserId): Promise<readonly HelpCall[]>;
  /** Once; false when nothing waited for them. */
  know(conversationId: ConversationId, userId: UserId): Promise<boolean>;
  /** The name of whoever sees to it, for those who still wait; the first who says so. False: somebody has. */
  seeTo(conversationId: ConversationId, name: string): Promise<boolean>;
}

export interface WhereaboutsStore {
  all(organizationId: OrganizationId): Promise<readonly Whereabouts[]>;
  /** In place of what was said before. */
  put(whereabouts: Whereabouts): Promise<void>;
  remove(userId: UserId): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface OrganizationStore {
  list(): Promise<readonly Organization[]>;
  byId(id: OrganizationId): Promise<Organization | null>;
  /** With its home division. */
  insert(organization: Organization): Promise<void>;
  /** Writes everything that can be changed. */
  update(organization: Organization): Promise<void>;
}

export interface TicketStore {
  byHash(tokenHash: string): Promise<Ticket | null>;
  insert(ticket: Ticket): Promise<void>;
  /** Takes it away; true for the one who did: a ticket is used once. */
  take(tokenHash: string): Promise<boolean>;
  /** Voids all of a kind, of one user or (null) of everybody. */
  voidAll(organizationId: OrganizationId, kind: TicketKind, userId: UserId | null): Promise<number>;
  deleteExpired(now: number): Promise<number>;
}

export interface SecondFactorStore {
  totp(userId: UserId): Promise<Totp | null>;
  /** Inserts, or replaces the user's. */
  putTotp(totp: Totp): Promise<void>;
  /** With its recovery codes; false when there was none. */
  remove(userId: UserId): Promise<boolean>;
  /** Confirms an unconfirmed one with its first step. */
  confirm(userId: UserId, at: number, step: number): Promise<boolean>;
  /** Moves the newest used step forward; false when this step or a later one was used already. */
  useStep(userId: UserId, step: number): Promise<boolean>;
  /** Replaces all of a user's. */
  setRecoveryCodes(userId: UserId, hashes: readonly string[]): Promise<void>;
  /** Once; false when it is unknown or was used. */
  useRecoveryCode(userId: UserId, hash: string, at: number): Promise<boolean>;
  recoveryCodesLeft(userId: UserId): Promise<number>;
}

export interface SetupStore {
  of(organizationId: OrganizationId): Promise<Setup | null>;
  /** Inserts, or replaces. */
  put(setup: Setup): Promise<void>;
}

export type KeptCharge = CallCharge & {
  readonly organizationId: OrganizationId;
  readonly conversationId: ConversationId;
  readonly seconds: number;
};

export interface CallChargeStore {
  /** Once for each id. */
  insert(charge: KeptCharge): Promise<void>;
  /** From an instant on, oldest first. */
  since(organizationId: OrganizationId, from: number): Promise<readonly KeptCharge[]>;
  /** Where calls ever went, and since when. */
  countries(organizationId: OrganizationId): Promise<readonly { readonly country: string; readonly since: number }[]>;
  /** What holds already is left as it is. */
  stop(stop: CallStop): Promise<void>;
  /** False: none held. */
  release(alarmId: string, subject: string, at: number): Promise<boolean>;
  /** Those that were released, too; newest first. */
  stops(organizationId: OrganizationId): Promise<readonly CallStop[]>;
}

export type Stores = {
  readonly organizations: OrganizationStore;
  readonly queues: QueueStore;
  readonly skills: SkillStore;
  readonly wrapupCodes: ObjectStore<WrapupCode>;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly oauthClients: ObjectStore<OAuthClient>;
  readonly presences: ObjectStore<PresenceDefinition>;
  readonly tickets: TicketStore;
  readonly secondFactors: SecondFactorStore;
  readonly setup: SetupStore;
  readonly agents: AgentStore;
  readonly waiting: WaitingStore;
  readonly alerts: AlertStore;
  readonly routing: RoutingStore;
  readonly conversations: ConversationStore;
  readonly recordings: RecordingStore;
  readonly trunks: ObjectStore<Trunk>;
  readonly stations: ObjectStore<Station>;
  readonly didPools: ObjectStore<DidPool>;
  readonly conferenceRooms: ObjectStore<ConferenceRoom>;
  readonly rateTables: ObjectStore<RateTable>;
  readonly callAlarms: ObjectStore<CallAlarm>;
  readonly callCharges: CallChargeStore;
  readonly sites: ObjectStore<Site>;
  readonly numberPlans: ObjectStore<NumberPlan>;
  readonly outboundRoutes: ObjectStore<OutboundRoute>;
  readonly ivrs: ObjectStore<Ivr>;
  readonly flows: ObjectStore<FlowRecord>;
  readonly prompts: PromptStore;
  readonly inbox: InboxStore;
  readonly helpCalls: HelpCallStore;
  readonly whereabouts: WhereaboutsStore;
  readonly bindings: BindingStore;
};
