// The stores in memory: the twin of storage's, for the simulator; one contract suite holds both to the same behaviour.
import type { Prompt } from "../architect/prompt.ts";
import type { Conversation, Participant, Recording, Segment } from "../conversation/conversation.ts";
import type { ConversationFilter, FoundConversation } from "../conversation/search.ts";
import type { Organization } from "../directory/organization.ts";
import type { Totp } from "../directory/second-factor.ts";
import type { Ticket } from "../directory/ticket.ts";
import type { AccessToken, OAuthClient, PresenceDefinition, Session, User } from "../directory/user.ts";
import type { ConfiguredObject, ObjectStore, Page, Paged } from "../objects/object.ts";
import type { AfterCallWork, AgentState, InHand, RoutableAgent } from "../routing/agent.ts";
import type { InConversation } from "../routing/queries.ts";
import type { Queue, QueueMember, Skill, UserSkill, WrapupCode } from "../routing/queue.ts";
import type { Alert, WaitingConversation } from "../routing/waiting.ts";
import type { Setup } from "../setup/setup.ts";
import type { InboxItem, KeptCharge, StoredDecision, Stores } from "../stores.ts";
import type { KeptBinding } from "../telephony/binding.ts";
import type { CallAlarm, CallStop, RateTable } from "../telephony/call-alarm.ts";
import type { HelpCall } from "../telephony/help.ts";
import type { ConferenceRoom, DidPool, FlowRecord, Ivr, NumberPlan, OutboundRoute, Site, Station, Trunk } from "../telephony/telephony.ts";
import type { Whereabouts } from "../telephony/whereabouts.ts";

/** All rows. A transaction works on a copy; `MemoryUnit` swaps it in when it commits. */
export class MemoryTables {
  organizations = new Map<string, Organization>();
  queues = new Map<string, Queue>();
  members: readonly QueueMember[] = [];
  skills = new Map<string, Skill>();
  userSkills: readonly UserSkill[] = [];
  wrapupCodes = new Map<string, WrapupCode>();
  users = new Map<string, User>();
  sessions = new Map<string, Session>();
  clients = new Map<string, OAuthClient>();
  presences = new Map<string, PresenceDefinition>();
  didPools = new Map<string, DidPool>();
  conferenceRooms = new Map<string, ConferenceRoom>();
  rateTables = new Map<string, RateTable>();
  callAlarms = new Map<string, CallAlarm>();
  callCharges = new Map<string, KeptCharge>();
  callStops = new Map<string, CallStop>();
  sites = new Map<string, Site>();
  helpCalls = new Map<string, HelpCall>();
  whereabouts = new Map<string, Whereabouts>();
  bindings = new Map<string, KeptBinding>();
  numberPlans = new Map<string, NumberPlan>();
  outboundRoutes = new Map<string, OutboundRoute>();
  tokens = new Map<string, AccessToken>();
  tickets = new Map<string, Ticket>();
  totps = new Map<string, Totp>();
  recoveryCodes: readonly { userId: string; hash: string; usedAt: number | null }[] = [];
  setups = new Map<string, Setup>();
  agents = new Map<string, AgentState>();
  work = new Map<string, AfterCallWork>();
  waiting = new Map<string, WaitingConversation>();
  alerts = new Map<string, Alert>();
  decisions = new Map<string, StoredDecision>();
  conversations = new Map<string, Conversation>();
  participants = new Map<string, Participant>();
  segments = new Map<string, readonly Segment[]>();
  recordings = new Map<string, Recording>();
  trunks = new Map<string, Trunk>();
  stations = new Map<string, Station>();
  ivrs = new Map<string, Ivr>();
  flows = new Map<string, FlowRecord>();
  prompts = new Map<string, Prompt>();
  promptAudio = new Map<string, Uint8Array>();
  inbox: readonly InboxItem[] = [];

  /** Rows are never changed in place, so copying the containers copies everything. */
  copy(): MemoryTables {
    const copy = new MemoryTables();
    for (const key of Object.keys(this) as (keyof MemoryTables)[]) {
      const value = this[key];
      Object.assign(copy, { [key]: value instanceof Map ? new Map(value as Map<string, unknown>) : value });
    }
    return copy;
  }
}

function page<T>(rows: readonly T[], { pageSize, pageNumber }: Page): Paged<T> {
  return { entities: rows.slice((pageNumber - 1) * pageSize, pageNumber * pageSize), total: rows.length };
}

function set<T>(map: Map<string, T>, key: string, change: Partial<T>): boolean {
  const row = map.get(key);
  if (row === undefined) return false;
  map.set(key, { ...row, ...change });
  return true;
}

function sameInHand(a: InHand, b: InHand): boolean {
  return a.kind === b.kind && (a.kind === "nothing" || (b.kind !== "nothing" && a.id === b.id));
}

const byName = (a: { name: string; id: string }, b: { name: string; id: string }): number =>
  a.name.toLowerCase() < b.name.toLowerCase() || (a.name.toLowerCase() === b.name.toLowerCase() && a.id < b.id) ? -1 : 1;

/** Newest first. */
function foundConversations(tables: MemoryTables, organizationId: string, filter: ConversationFilter): FoundConversation[] {
  const { text = "", from = 0, to = Number.POSITIVE_INFINITY } = filter;
  const parts = Map.groupBy(tables.participants.values(), (row) => row.conversationId as string);
  const of = (id: string): readonly Participant[] =>
    (parts.get(id) ?? []).toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  const fits = (wanted: readonly string[] | undefined, values: readonly (string | null)[]): boolean =>
    wanted === undefined || values.some((value) => value !== null && wanted.includes(value));
  return [...tables.conversations.values()]
    .filter((row) => row.organizationId === organizationId && row.startedAt >= from && row.startedAt < to)
    .filter((row) => `${row.callerNumber}\n${row.callerName}\n${row.calledNumber}`.toLowerCase().includes(text.toLowerCase()))
    .filter((row) => filter.isLive === undefined || row.endedAt === null)
    .map((conversation) => ({ conversation, participants: of(conversation.id) }))
    .filter(
      ({ conversation, participants }) =>
        fits(filter.conversationIds, [conversation.id]) &&
        fits(filter.endReasons, [conversation.endReason]) &&
        (filter.waitedMs === undefined ||
          participants.some(
            (part) => part.purpose === "acd" && part.endedAt !== null && part.endedAt - part.startedAt >= filter.waitedMs!,
          )) &&
        fits(filter.callerNumbers, [conversation.callerNumber]) &&
        fits(filter.calledNumbers, [conversation.calledNumber]) &&
        fits(
          filter.queueIds,
          participants.map((part) => part.queueId),
        ) &&
        fits(
          filter.userIds,
          participants.map((part) => part.userId),
        ) &&
        fits(
          filter.wrapupCodes,
          participants.map((part) => part.wrapupCode),
        ) &&
        fits(
          filter.disconnectTypes,
          participants.map((part) => part.disconnectType),
        ),
    )
    .sort(({ conversation: a }, { conversation: b }) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
}

/** Storage's objectStore in memory; `searched` is the text in which a filter by name looks. */
function memoryObjects<Row extends ConfiguredObject>(
  rows: () => Map<string, Row>,
  searched: (row: Row) => string = (row) => row.name,
): ObjectStore<Row> {
  const all = (organizationId: string): Row[] => [...rows().values()].filter((row) => row.organizationId === organizationId).sort(byName);
  return {
    byId: async (id) => rows().get(id) ?? null,
    byName: async (organizationId, name) => all(organizationId).find((row) => row.name.toLowerCase() === name.toLowerCase()) ?? null,
    list: async (organizationId, { name = "", ids, divisionIds }, at) =>
      page(
        all(organizationId)
          .filter((row) => searched(row).toLowerCase().includes(name.toLowerCase()))
          .filter((row) => ids === undefined || ids.includes(row.id))
          .filter((row) => divisionIds === undefined || divisionIds.includes(row.divisionId)),
        at,
      ),
    all: async (organizationId) => all(organizationId),
    insert: async (row) => void rows().set(row.id, row),
    update: async (row, expected) => {
      const before = rows().get(row.id);
      if (before?.version !== expected) return false;
      rows().set(row.id, { ...row, version: expected + 1, eventSeq: before.eventSeq });
      return true;
    },
    delete: async (id) => rows().delete(id),
  };
}

/** The ports over one set of tables; `maxSeq` is the log's newest sequence as the tables' snapshot sees it. */
export function memoryStores(tables: () => MemoryTables, maxSeq: () => number): Stores {
  const agentsOf = (organizationId: string, keep: (queueId: string) => boolean): RoutableAgent[] =>
    [...tables().agents.values()]
      .filter((agent) => agent.organizationId === organizationId)
      .map((agent) => ({
        ...agent,
        skills: tables()
          .userSkills.filter((skill) => skill.userId === agent.userId)
          .map(({ skillId, proficiency }) => ({ skillId, proficiency })),
        queues: tables()
          .members.filter((member) => member.userId === agent.userId && keep(member.queueId))
          .map(({ queueId, joined }) => ({ queueId, joined })),
      }));

  return {
    organizations: {
      list: async () => [...tables().organizations.values()],
      byId: async (id) => tables().organizations.get(id) ?? null,
      insert: async (row) => void tables().organizations.set(row.id, row),
      update: async ({ id, name, language, country, timeZone, guestNumber, recordingDays, showsMonitoring, pauseSecondsMax, currency }) =>
        void set(tables().organizations, id, {
          name,
          language,
          country,
          timeZone,
          guestNumber,
          recordingDays,
          showsMonitoring,
          pauseSecondsMax,
          currency,
        }),
    },
    queues: {
      ...memoryObjects(() => tables().queues),
      delete: async (id) => {
        tables().members = tables().members.filter((member) => member.queueId !== id);
        return tables().queues.delete(id);
      },
      members: async (queueId) => tables().members.filter((member) => member.queueId === queueId),
      queuesOf: async (userId) => tables().members.filter((member) => member.userId === userId),
      addMember: async (member) => {
        tables().members = [...tables().members, member];
      },
      removeMember: async (queueId, userId) => {
        const before = tables().members;
        tables().members = before.filter((member) => member.queueId !== queueId || member.userId !== userId);
        return tables().members.length < before.length;
      },
      setJoined: async (queueId, userId, joined) => {
        const before = tables().members;
        tables().members = before.map((member) =>
          member.queueId === queueId && member.userId === userId ? { ...member, joined } : member,
        );
        return before.some((member) => member.queueId === queueId && member.userId === userId);
      },
      memberships: async (organizationId) =>
        tables().members.filter((member) => tables().queues.get(member.queueId)?.organizationId === organizationId),
      setPool: async (id, poolId) => void set(tables().queues, id, { poolId }),
    },
    skills: {
      ...memoryObjects(() => tables().skills),
      ofUser: async (userId) => tables().userSkills.filter((skill) => skill.userId === userId),
      setOfUser: async (userId, skills) => {
        tables().userSkills = [...tables().userSkills.filter((skill) => skill.userId !== userId), ...skills];
      },
      usersOf: async (skillId) =>
        tables()
          .userSkills.filter((skill) => skill.skillId === skillId)
          .map((skill) => skill.userId)
          .sort(),
    },
    wrapupCodes: memoryObjects(() => tables().wrapupCodes),
    users: {
      ...memoryObjects(
        () => tables().users,
        (user) => `${user.name}\n${user.email}`,
      ),
      byEmail: async (organizationId, email) =>
        [...tables().users.values()].find((row) => row.organizationId === organizationId && row.email === email.toLowerCase()) ?? null,
    },
    sessions: {
      byTokenHash: async (hash) => tables().sessions.get(hash) ?? null,
      insert: async (row) => void tables().sessions.set(row.tokenHash, row),
      delete: async (hash) => void tables().sessions.delete(hash),
      deleteOfUser: async (userId) => {
        for (const [hash, row] of tables().sessions) if (row.userId === userId) tables().sessions.delete(hash);
      },
      deleteExpired: async (now) => expire(tables().sessions, now),
    },
    tokens: {
      byHash: async (hash) => tables().tokens.get(hash) ?? null,
      insert: async (row) => void tables().tokens.set(row.tokenHash, row),
      delete: async (hash) => void tables().tokens.delete(hash),
      deleteOfClient: async (clientId) => {
        for (const [hash, row] of tables().tokens) if (row.clientId === clientId) tables().tokens.delete(hash);
      },
      deleteExpired: async (now) => expire(tables().tokens, now),
    },
    oauthClients: memoryObjects(() => tables().clients),
    presences: memoryObjects(() => tables().presences),
    tickets: {
      byHash: async (hash) => tables().tickets.get(hash) ?? null,
      insert: async (row) => void tables().tickets.set(row.tokenHash, row),
      take: async (hash) => tables().tickets.delete(hash),
      voidAll: async (organizationId, kind, userId) => {
        const all = [...tables().tickets.values()].filter(
          (row) => row.organizationId === organizationId && row.kind === kind && (userId === null || row.userId === userId),
        );
        for (const row of all) tables().tickets.delete(row.tokenHash);
        return all.length;
      },
      deleteExpired: async (now) => {
        const all = [...tables().tickets.values()].filter((row) => row.expiresAt !== null && row.expiresAt <= now);
        for (const row of all) tables().tickets.delete(row.tokenHash);
        return all.length;
      },
    },
    secondFactors: {
      totp: async (userId) => tables().totps.get(userId) ?? null,
      putTotp: async (row) => void tables().totps.set(row.userId, row),
      remove: async (userId) => {
        tables().recoveryCodes = tables().recoveryCodes.filter((row) => row.userId !== userId);
        return tables().totps.delete(userId);
      },
      confirm: async (userId, confirmedAt, lastStep) =>
        tables().totps.get(userId)?.confirmedAt === null && set(tables().totps, userId, { confirmedAt, lastStep }),
      useStep: async (userId, step) => {
        const row = tables().totps.get(userId);
        return row !== undefined && row.lastStep < step && set(tables().totps, userId, { lastStep: step });
      },
      setRecoveryCodes: async (userId, hashes) => {
        tables().recoveryCodes = [
          ...tables().recoveryCodes.filter((row) => row.userId !== userId),
          ...hashes.map((hash) => ({ userId, hash, usedAt: null })),
        ];
      },
      useRecoveryCode: async (userId, hash, at) => {
        const is = (row: { userId: string; hash: string; usedAt: number | null }): boolean =>
          row.userId === userId && row.hash === hash && row.usedAt === null;
        const found = tables().recoveryCodes.some(is);
        tables().recoveryCodes = tables().recoveryCodes.map((row) => (is(row) ? { ...row, usedAt: at } : row));
        return found;
      },
      recoveryCodesLeft: async (userId) => tables().recoveryCodes.filter((row) => row.userId === userId && row.usedAt === null).length,
    },
    setup: {
      of: async (organizationId) => tables().setups.get(organizationId) ?? null,
      put: async (row) => void tables().setups.set(row.organizationId, row),
    },
    agents: {
      byUser: async (userId) => tables().agents.get(userId) ?? null,
      lock: async (userId) => tables().agents.get(userId) ?? null,
      insert: async (row) => void tables().agents.set(row.userId, row),
      setPresence: async (userId, presence, routingStatus, at) =>
        void set(tables().agents, userId, {
          presence: presence.system,
          presenceDefinitionId: presence.definitionId,
          presenceAt: at,
          routingStatus,
          routingStatusAt: at,
        }),
      setRoutingStatus: async (userId, routingStatus, at) => void set(tables().agents, userId, { routingStatus, routingStatusAt: at }),
      take: async (userId, from, to, { routingStatus, at, lastHandledAt }) => {
        const agent = tables().agents.get(userId);
        if (agent === undefined || !sameInHand(agent.inHand, from)) return false;
        return set(tables().agents, userId, {
          inHand: to,
          routingStatus,
          routingStatusAt: at,
          lastHandledAt: lastHandledAt ?? agent.lastHandledAt,
        });
      },
      reserve: async (userId, alertId) => {
        const agent = tables().agents.get(userId);
        if (agent?.inHand.kind !== "nothing" || agent.presence !== "ON_QUEUE" || agent.routingStatus !== "IDLE") return false;
        return set(tables().agents, userId, { inHand: { kind: "alert", id: alertId } });
      },
      list: async (organizationId) => [...tables().agents.values()].filter((row) => row.organizationId === organizationId),
      delete: async (userId) => void tables().agents.delete(userId),
      insertAfterCallWork: async (row) => void tables().work.set(row.participantId, row),
      endAfterCallWork: async (id, endedAt, wrapupCode) => {
        const row = tables().work.get(id);
        return row?.endedAt === null && set(tables().work, id, { endedAt, wrapupCode });
      },
      afterCallWork: async (id) => tables().work.get(id) ?? null,
      openAfterCallWorkOf: async (userId) =>
        [...tables().work.values()].find((row) => row.userId === userId && row.endedAt === null) ?? null,
      dueAfterCallWork: async (now, limit) =>
        [...tables().work.values()]
          .filter((row) => row.endedAt === null && row.deadlineAt !== null && row.deadlineAt <= now)
          .sort((a, b) => a.deadlineAt! - b.deadlineAt!)
          .slice(0, limit),
    },
    waiting: {
      byConversation: async (id) => tables().waiting.get(id) ?? null,
      insert: async (row) => void tables().waiting.set(row.conversationId, row),
      offer: async (id, alertId) =>
        tables().waiting.get(id)?.state === "waiting" && set(tables().waiting, id, { state: "alerting", alertId }),
      resolve: async (id, alertId, state) => {
        const row = tables().waiting.get(id);
        if (row?.state !== "alerting" || row.alertId !== alertId) return false;
        return set(tables().waiting, id, { state, alertId: state === "waiting" ? null : alertId });
      },
      leave: async (id) => {
        const row = tables().waiting.get(id);
        return row !== undefined && row.state !== "gone" && set(tables().waiting, id, { state: "gone" });
      },
      ofQueue: async (queueId) =>
        [...tables().waiting.values()]
          .filter((row) => row.queueId === queueId && row.state !== "gone")
          .sort((a, b) => a.enteredAt - b.enteredAt),
      ofNode: async (nodeId) => [...tables().waiting.values()].filter((row) => row.nodeId === nodeId && row.state !== "gone"),
    },
    alerts: {
      byId: async (id) => tables().alerts.get(id) ?? null,
      insert: async (row) => void tables().alerts.set(row.id, row),
      end: async (id, outcome, endedAt) => tables().alerts.get(id)?.outcome === null && set(tables().alerts, id, { outcome, endedAt }),
      openOf: async (userId) => [...tables().alerts.values()].find((row) => row.userId === userId && row.outcome === null) ?? null,
      openOfNode: async (nodeId) => [...tables().alerts.values()].filter((row) => row.nodeId === nodeId && row.outcome === null),
    },
    routing: {
      // One thread: whoever runs holds the lock.
      lockPool: async () => undefined,
      snapshot: async (organizationId, poolId) => {
        const queues = [...tables().queues.values()].filter((row) => row.organizationId === organizationId && row.poolId === poolId);
        const inPool = (queueId: string): boolean => queues.some((queue) => queue.id === queueId);
        return {
          queues,
          agents: agentsOf(organizationId, inPool).filter((agent) => agent.queues.length > 0),
          waiting: [...tables().waiting.values()].filter((row) => row.state === "waiting" && inPool(row.queueId)),
          asOfSeq: maxSeq(),
        };
      },
      isAnyoneWaiting: async (organizationId, poolId) =>
        [...tables().waiting.values()].some((row) => {
          const queue = row.state === "waiting" ? tables().queues.get(row.queueId) : undefined;
          return queue?.poolId === poolId && queue.organizationId === organizationId;
        }),
      insertDecision: async (row) => void tables().decisions.set(row.id, row),
      decisionsOf: async (id) => [...tables().decisions.values()].filter((row) => row.conversationId === id),
      decision: async (id) => tables().decisions.get(id) ?? null,
      lastDecisionOf: async (id) => [...tables().decisions.values()].filter((row) => row.conversationId === id).at(-1) ?? null,
      agents: async (organizationId) => agentsOf(organizationId, () => true),
      queueStays: async (organizationId, sinceAt) =>
        [...tables().participants.values()]
          .filter((row) => row.purpose === "acd" && tables().conversations.get(row.conversationId)?.organizationId === organizationId)
          .filter((row) => row.startedAt >= sinceAt || row.endedAt === null)
          .sort((a, b) => a.startedAt - b.startedAt)
          .map((row) => ({
            queueId: row.queueId!,
            startedAt: row.startedAt,
            endedAt: row.endedAt,
            answered: row.disconnectType === "transfer",
          })),
      handled: async (queueId, sinceAt) => handled(tables(), queueId, sinceAt),
      handledByQueue: async (organizationId, sinceAt) =>
        new Map(
          [...tables().queues.values()]
            .filter((queue) => queue.organizationId === organizationId)
            .map((queue) => [queue.id as string, handled(tables(), queue.id, sinceAt)] as const)
            .filter(([, { count }]) => count > 0),
        ),
      inConversation: async (organizationId) =>
        new Map(
          [...tables().agents.values()].flatMap((agent) => {
            if (
              agent.organizationId !== organizationId ||
              (agent.inHand.kind !== "conversation" && agent.inHand.kind !== "after-call-work")
            )
              return [];
            const row = tables().participants.get(agent.inHand.id);
            return row === undefined ? [] : [[agent.userId as string, inConversation(agent, row)] as const];
          }),
        ),
    },
    conversations: {
      byId: async (id) => tables().conversations.get(id) ?? null,
      insert: async (row) => void tables().conversations.set(row.id, row),
      setAnswered: async (id, answeredAt) => void set(tables().conversations, id, { answeredAt }),
      setPause: async (id, pause) => void set(tables().conversations, id, pause),
      setSipIds: async (id, sipIds) => void set(tables().conversations, id, { sipIds }),
      mergeData: async (id, data) => {
        const row = tables().conversations.get(id);
        if (row !== undefined) set(tables().conversations, id, { data: { ...row.data, ...data } });
      },
      end: async (id, endedAt, endReason) =>
        tables().conversations.get(id)?.endedAt === null && set(tables().conversations, id, { endedAt, endReason }),
      recent: async (organizationId, limit) =>
        [...tables().conversations.values()]
          .filter((row) => row.organizationId === organizationId)
          .sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
          .slice(0, limit),
      search: async (organizationId, filter, before, limit) =>
        foundConversations(tables(), organizationId, filter)
          .filter(
            ({ conversation: { startedAt, id } }) =>
              before === null || startedAt < before.startedAt || (startedAt === before.startedAt && id < before.id),
          )
          .slice(0, limit),
      searchPage: async (organizationId, filter, { pageSize, pageNumber, order }) => {
        const found = foundConversations(tables(), organizationId, filter);
        const ordered = order === "asc" ? found.toReversed() : found;
        return { entities: ordered.slice((pageNumber - 1) * pageSize, pageNumber * pageSize), total: found.length };
      },
      withSipId: async (organizationId, sipId, limit) =>
        [...tables().conversations.values()]
          .filter((row) => row.organizationId === organizationId && row.sipIds.includes(sipId))
          .slice(0, limit)
          .map(({ id }) => id),
      openOfNode: async (nodeId) => [...tables().conversations.values()].filter((row) => row.nodeId === nodeId && row.endedAt === null),
      insertParticipant: async (row) => void tables().participants.set(row.id, row),
      participant: async (id) => tables().participants.get(id) ?? null,
      participants: async (id) =>
        [...tables().participants.values()]
          .filter((row) => row.conversationId === id)
          .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)),
      connectParticipant: async (id, connectedAt) => void set(tables().participants, id, { connectedAt }),
      joinConference: async (id, addedBy) => void set(tables().participants, id, { consultedBy: null, addedBy }),
      setSupervises: async (id, supervises) => void set(tables().participants, id, { supervises }),
      setHeld: async (id, heldSince) => void set(tables().participants, id, { heldSince }),
      endParticipant: async (id, endedAt, disconnectType) => {
        if (tables().participants.get(id)?.endedAt !== null) return false;
        endSegment(tables(), id, endedAt);
        return set(tables().participants, id, { endedAt, disconnectType });
      },
      setWrapup: async (id, wrapupCode) => void set(tables().participants, id, { wrapupCode }),
      beginSegment: async (segment) => {
        endSegment(tables(), segment.participantId, segment.startedAt);
        const before = tables().segments.get(segment.participantId) ?? [];
        tables().segments.set(segment.participantId, [...before, segment]);
      },
      endSegment: async (id, at) => endSegment(tables(), id, at),
      segments: async (ids) =>
        [...tables().segments.values()]
          .flat()
          .filter((row) => ids.includes(row.conversationId))
          .sort((a, b) => a.startedAt - b.startedAt),
      openOfUser: async (userId) =>
        [...tables().participants.values()]
          .filter((row) => row.userId === userId && (row.endedAt === null || tables().work.get(row.id)?.endedAt === null))
          .sort((a, b) => b.startedAt - a.startedAt)
          .map((participant) => ({ participant, conversation: tables().conversations.get(participant.conversationId)! })),
    },
    recordings: {
      byId: async (id) => tables().recordings.get(id) ?? null,
      insert: async (row) => void tables().recordings.set(row.id, row),
      close: async (id, facts) => {
        const state = tables().recordings.get(id)?.state;
        return (state === "recording" || (state === "failed" && facts.state !== "failed")) && set(tables().recordings, id, facts);
      },
      ofConversation: async (id) => [...tables().recordings.values()].filter((row) => row.conversationId === id),
      openOfNode: async (nodeId) => [...tables().recordings.values()].filter((row) => row.nodeId === nodeId && row.state === "recording"),
      before: async (nodeId, startedBefore, limit) =>
        [...tables().recordings.values()]
          .filter((row) => row.nodeId === nodeId && row.startedAt < startedBefore && row.state !== "recording" && row.state !== "erased")
          .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      countBefore: async (organizationId, startedBefore) =>
        [...tables().recordings.values()].filter(
          (row) =>
            row.organizationId === organizationId && row.startedAt < startedBefore && row.state !== "recording" && row.state !== "erased",
        ).length,
      erase: async (id, erasedAt) => {
        const state = tables().recordings.get(id)?.state;
        return (
          state !== undefined && state !== "recording" && state !== "erased" && set(tables().recordings, id, { state: "erased", erasedAt })
        );
      },
      erasedSince: async (nodeId, at) =>
        [...tables().recordings.values()]
          .filter((row) => row.nodeId === nodeId && row.state === "erased" && row.erasedAt! >= at)
          .sort((a, b) => a.erasedAt! - b.erasedAt! || (a.id < b.id ? -1 : 1)),
      since: async (organizationId, sinceAt) => {
        const mine = [...tables().recordings.values()].filter((row) => row.organizationId === organizationId);
        const talked = [...tables().participants.values()].filter((row) => row.purpose === "agent" && row.connectedAt !== null);
        const unrecorded = [...tables().conversations.values()].filter(
          (row) =>
            row.organizationId === organizationId &&
            row.startedAt >= sinceAt &&
            talked.some((part) => part.conversationId === row.id) &&
            !mine.some((recording) => recording.conversationId === row.id),
        );
        return {
          recordings: mine.filter((row) => row.startedAt >= sinceAt).sort((a, b) => a.startedAt - b.startedAt),
          unrecorded: unrecorded.sort((a, b) => a.startedAt - b.startedAt).map((row) => row.id),
        };
      },
      all: async (organizationId) => [...tables().recordings.values()].filter((row) => row.organizationId === organizationId),
    },
    trunks: memoryObjects(() => tables().trunks),
    stations: memoryObjects(() => tables().stations),
    didPools: memoryObjects(() => tables().didPools),
    conferenceRooms: memoryObjects(() => tables().conferenceRooms),
    rateTables: memoryObjects(() => tables().rateTables),
    callAlarms: memoryObjects(() => tables().callAlarms),
    callCharges: {
      insert: async (charge) => {
        if (!tables().callCharges.has(charge.id)) tables().callCharges.set(charge.id, charge);
      },
      since: async (organizationId, from) =>
        [...tables().callCharges.values()]
          .filter((charge) => charge.organizationId === organizationId && charge.startedAt >= from)
          .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)),
      countries: async (organizationId) => {
        const own = [...tables().callCharges.values()].filter((charge) => charge.organizationId === organizationId);
        const names = [...new Set(own.map(({ country }) => country))].sort();
        return names.map((country) => ({
          country,
          since: Math.min(...own.filter((charge) => charge.country === country).map(({ startedAt }) => startedAt)),
        }));
      },
      stop: async (stop) => {
        const key = `${stop.alarmId} ${stop.subject}`;
        const held = tables().callStops.get(key);
        if (held === undefined || held.releasedAt !== null) tables().callStops.set(key, stop);
      },
      release: async (alarmId, subject, at) => {
        const key = `${alarmId} ${subject}`;
        const held = tables().callStops.get(key);
        if (held === undefined || held.releasedAt !== null) return false;
        tables().callStops.set(key, { ...held, releasedAt: at });
        return true;
      },
      stops: async (organizationId) =>
        [...tables().callStops.values()]
          .filter((stop) => stop.organizationId === organizationId)
          .sort((a, b) => b.stoppedAt - a.stoppedAt || (`${a.alarmId} ${a.subject}` < `${b.alarmId} ${b.subject}` ? -1 : 1)),
    },
    sites: memoryObjects(() => tables().sites),
    bindings: {
      ofNode: async (nodeId, now) => [...tables().bindings.values()].filter((row) => row.nodeId === nodeId && row.expiresAt > now),
      put: async (rows) => {
        for (const row of rows) tables().bindings.set(`${row.nodeId} ${row.stationId} ${row.contact}`, row);
      },
      remove: async (nodeId, keys) => {
        for (const { stationId, contact } of keys) tables().bindings.delete(`${nodeId} ${stationId} ${contact}`);
      },
    },
    helpCalls: {
      insert: async (row) => void tables().helpCalls.set(row.conversationId, row),
      waitingFor: async (userId) =>
        [...tables().helpCalls.values()].filter(({ waitingFor }) => waitingFor.includes(userId)).sort((a, b) => b.at - a.at),
      know: async (conversationId, userId) => {
        const row = tables().helpCalls.get(conversationId);
        if (row?.waitingFor.includes(userId) !== true) return false;
        tables().helpCalls.set(conversationId, { ...row, waitingFor: row.waitingFor.filter((id) => id !== userId) });
        return true;
      },
      seeTo: async (conversationId, name) => {
        const row = tables().helpCalls.get(conversationId);
        if (row === undefined || row.seenBy !== "") return false;
        tables().helpCalls.set(conversationId, { ...row, seenBy: name });
        return true;
      },
    },
    whereabouts: {
      all: async (organizationId) => [...tables().whereabouts.values()].filter((row) => row.organizationId === organizationId),
      put: async (row) => void tables().whereabouts.set(row.userId, row),
      remove: async (userId) => void tables().whereabouts.delete(userId),
      deleteExpired: async (now) => expire(tables().whereabouts, now),
    },
    numberPlans: memoryObjects(() => tables().numberPlans),
    outboundRoutes: memoryObjects(() => tables().outboundRoutes),
    ivrs: memoryObjects(() => tables().ivrs),
    flows: memoryObjects(() => tables().flows),
    prompts: {
      ...memoryObjects(() => tables().prompts),
      delete: async (id) => {
        tables().promptAudio.delete(id);
        return tables().prompts.delete(id);
      },
      audio: async (id) => tables().promptAudio.get(id) ?? null,
      setAudio: async (id, wav) => void tables().promptAudio.set(id, wav),
    },
    inbox: {
      insert: async (row) => {
        tables().inbox = [...tables().inbox, row];
      },
      take: async (nodeId, limit) => {
        const mine = tables()
          .inbox.filter((row) => row.nodeId === nodeId)
          .slice(0, limit);
        tables().inbox = tables().inbox.filter((row) => !mine.includes(row));
        return mine;
      },
    },
  };
}

function inConversation({ inHand }: AgentState, row: Participant): InConversation {
  const { id: participantId, conversationId, queueId, connectedAt, endedAt, supervises } = row;
  const isTalking = inHand.kind === "conversation" && connectedAt !== null && endedAt === null && supervises === null;
  return { conversationId, participantId, queueId, isTalking };
}

function handled(tables: MemoryTables, queueId: string, sinceAt: number): { readonly count: number; readonly sumMs: number } {
  const rows = [...tables.participants.values()].filter(
    (row) =>
      row.purpose === "agent" && row.queueId === queueId && row.connectedAt !== null && row.endedAt !== null && row.endedAt >= sinceAt,
  );
  const workMs = (id: string): number => {
    const work = tables.work.get(id);
    return work?.endedAt == null ? 0 : work.endedAt - work.startedAt;
  };
  return { count: rows.length, sumMs: rows.reduce((sum, row) => sum + row.endedAt! - row.connectedAt! + workMs(row.id), 0) };
}

function endSegment(tables: MemoryTables, participantId: string, at: number): void {
  const rows = tables.segments.get(participantId);
  if (rows === undefined) return;
  tables.segments.set(
    participantId,
    rows.map((row) => (row.endedAt === null ? { ...row, endedAt: at } : row)),
  );
}

function expire(rows: Map<string, { readonly expiresAt: number }>, now: number): number {
  const expired = [...rows].filter(([, row]) => row.expiresAt <= now);
  for (const [key] of expired) rows.delete(key);
  return expired.length;
}
