// Conversations, participants, segments and recordings: what call events are projected into.
import type { Conversation, Participant, Recording, Segment } from "../../core/conversation/conversation.ts";
import type { ConversationFilter, FoundConversation } from "../../core/conversation/search.ts";
import type { ConversationId } from "../../core/lib/id.ts";
import type { ConversationStore, RecordingStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

const conversations = new Table<Conversation>(schema.conversation);
const participants = new Table<Participant>(schema.participant);
const segments = new Table<Segment>(schema.segment);
const recordings = new Table<Recording>(schema.recording);

export function conversationStore(sql: Session): ConversationStore {
  const byId = async (id: string): Promise<Conversation | null> => first(await sql`${conversations.from(sql)} where t.id = ${id}`);
  const endSegment = async (participantId: string, at: number): Promise<void> => {
    await sql`update segment set ended_at = ${at} where participant_id = ${participantId} and ended_at is null`;
  };
  const nothing = sql``;
  type Fragment = typeof nothing;
  const all = (parts: readonly Fragment[]): Fragment => parts.reduce((before, part) => sql`${before} ${part}`, nothing);
  const words = sql`t.caller_number || chr(10) || t.caller_name || chr(10) || t.called_number`;
  // One value is compared, not looked for in a list: only then an index gives the rows in their order.
  const among = (column: Fragment, values: readonly string[], type: Fragment): Fragment =>
    values.length === 1 ? sql`${column} = ${values[0]!}::${type}` : sql`${column} = any(${values as string[]}::${type}[])`;
  /** What the conversation's own row says. */
  const ofItself = ({
    text = "",
    conversationIds,
    callerNumbers,
    calledNumbers,
    endReasons,
    isLive,
  }: ConversationFilter): readonly Fragment[] => [
    ...(text === "" ? [] : [sql`and search_runs(${words}) @> search_needles(${text}) and strpos(lower(${words}), lower(${text})) > 0`]),
    ...(endReasons === undefined ? [] : [sql`and ${among(sql`t.end_reason`, endReasons, sql`text`)}`]),
    ...(isLive === undefined ? [] : [sql`and t.ended_at is null`]),
    ...(conversationIds === undefined ? [] : [sql`and ${among(sql`t.id`, conversationIds, sql`uuid`)}`]),
    ...(callerNumbers === undefined ? [] : [sql`and ${among(sql`t.caller_number`, callerNumbers, sql`text`)}`]),
    ...(calledNumbers === undefined ? [] : [sql`and ${among(sql`t.called_number`, calledNumbers, sql`text`)}`]),
  ];
  /** What one of its parts says; the one that fewest have comes first. */
  const ofParts = (p: Fragment, { userIds, wrapupCodes, queueIds, disconnectTypes, waitedMs }: ConversationFilter): readonly Fragment[] => [
    ...(userIds === undefined ? [] : [among(sql`${p}.user_id`, userIds, sql`uuid`)]),
    ...(wrapupCodes === undefined ? [] : [among(sql`${p}.wrapup_code`, wrapupCodes, sql`text`)]),
    ...(queueIds === undefined ? [] : [among(sql`${p}.queue_id`, queueIds, sql`uuid`)]),
    ...(disconnectTypes === undefined ? [] : [among(sql`${p}.disconnect_type`, disconnectTypes, sql`text`)]),
    ...(waitedMs === undefined
      ? []
      : [sql`(${p}.purpose = 'acd' and ${p}.ended_at - ${p}.started_at >= ${waitedMs}::float8 * interval '1 millisecond')`]),
  ];
  /**
   * `began_at` and `id` of the conversations that fit, each once. Who asks for parts alone is answered from one of the parts' indexes, in
   * its order; everybody else from the conversations. `cut` is put behind the conditions: order, limit, where a page begins.
   */
  const fitting = (organizationId: string, filter: ConversationFilter, cut: (at: Fragment, id: Fragment) => Fragment): Fragment => {
    const { from, to } = filter;
    const itself = ofItself(filter);
    const within = (at: Fragment): Fragment =>
      sql`${from === undefined ? nothing : sql`and ${at} >= ${from}`} ${to === undefined ? nothing : sql`and ${at} < ${to}`}`;
    const has = (id: Fragment, conditions: readonly Fragment[]): Fragment =>
      all(conditions.map((condition) => sql`and exists (select from participant p where p.conversation_id = ${id} and ${condition})`));
    const [lead] = ofParts(sql`l`, filter);
    const conditions = ofParts(sql`p`, filter);
    return lead === undefined || itself.length > 0
      ? sql`select t.started_at as began_at, t.id from conversation t
          where t.organization_id = ${organizationId} ${within(sql`t.started_at`)} ${all(itself)} ${has(sql`t.id`, conditions)}
          ${cut(sql`t.started_at`, sql`t.id`)}`
      : sql`select distinct l.began_at, l.conversation_id as id from participant l
          where l.organization_id = ${organizationId} and ${lead} ${within(sql`l.began_at`)} ${has(sql`l.conversation_id`, conditions.slice(1))}
          ${cut(sql`l.began_at`, sql`l.conversation_id`)}`;
  };
  const withParticipants = async (rows: readonly Conversation[]): Promise<readonly FoundConversation[]> => {
    const ids = rows.map((row) => row.id);
    const parts = await sql<
      Participant[]
    >`${participants.from(sql)} where t.conversation_id = any(${ids as string[]}::uuid[]) order by t.started_at, t.id`;
    const byConversation = Map.groupBy(parts, (row) => row.conversationId);
    return rows.map((conversation) => ({ conversation, participants: byConversation.get(conversation.id) ?? [] }));
  };
  return {
    byId,
    insert: (row) => conversations.insert(sql, row),
    setAnswered: async (id, at) => {
      await sql`update conversation set answered_at = ${at} where id = ${id}`;
    },
    setPause: async (id, { pausedAt, pausedUntil, pauseIsSecure }) => {
      await sql`update conversation set paused_at = ${pausedAt}, paused_until = ${pausedUntil}, pause_is_secure = ${pauseIsSecure}
        where id = ${id}`;
    },
    setSipIds: async (id, sipIds) => {
      await sql`update conversation set sip_ids = ${[...sipIds]}::text[] where id = ${id}`;
    },
    mergeData: async (id, data) => {
      await sql`update conversation set data = data || ${sql.json(data as never)} where id = ${id}`;
    },
    end: async (id, at, reason) =>
      (await sql`update conversation set ended_at = ${at}, end_reason = ${reason} where id = ${id} and ended_at is null`).count === 1,
    recent: async (organizationId, limit) =>
      sql<
        Conversation[]
      >`${conversations.from(sql)} where t.organization_id = ${organizationId} order by t.started_at desc, t.id desc limit ${limit}`,
    search: async (organizationId, filter, before, limit) => {
      const found = fitting(
        organizationId,
        filter,
        (at, id) => sql`${before === null ? nothing : sql`and (${at}, ${id}) < (${before.startedAt}, ${before.id})`}
          order by ${at} desc, ${id} desc limit ${limit}`,
      );
      return withParticipants(
        await sql<Conversation[]>`${conversations.from(sql)} join (${found}) f on f.id = t.id order by f.began_at desc, f.id desc`,
      );
    },
    searchPage: async (organizationId, filter, { pageSize, pageNumber, order }) => {
      const direction = order === "asc" ? sql`asc` : sql`desc`;
      const found = fitting(
        organizationId,
        filter,
        (at, id) => sql`order by ${at} ${direction}, ${id} ${direction} limit ${pageSize} offset ${(pageNumber - 1) * pageSize}`,
      );
      const rows = await sql<Conversation[]>`${conversations.from(sql)} join (${found}) f on f.id = t.id
        order by f.began_at ${direction}, f.id ${direction}`;
      const [count] = await sql<{ total: number }[]>`
        select count(*)::int as total from (${fitting(organizationId, filter, () => nothing)}) f`;
      return { entities: await withParticipants(rows), total: count!.total };
    },
    withSipId: async (organizationId, sipId, limit) => {
      const found = await sql<{ id: ConversationId }[]>`select t.id from conversation t
        where t.organization_id = ${organizationId} and t.sip_ids @> array[${sipId}]::text[] limit ${limit}`;
      return found.map(({ id }) => id);
    },
    openOfNode: async (nodeId) => sql<Conversation[]>`${conversations.from(sql)} where t.node_id = ${nodeId} and t.ended_at is null`,
    insertParticipant: (row) => participants.insert(sql, row),
    participant: async (id) => first(await sql`${participants.from(sql)} where t.id = ${id}`),
    participants: async (id) => sql<Participant[]>`${participants.from(sql)} where t.conversation_id = ${id} order by t.started_at, t.id`,
    connectParticipant: async (id, at) => {
      await sql`update participant set connected_at = ${at} where id = ${id}`;
    },
    joinConference: async (id, addedBy) => {
      await sql`update participant set consulted_by = null, added_by = ${addedBy} where id = ${id}`;
    },
    setSupervises: async (id, supervises) => {
      await sql`update participant set supervises = ${supervises} where id = ${id}`;
    },
    setHeld: async (id, since) => {
      await sql`update participant set held_since = ${since} where id = ${id}`;
    },
    endParticipant: async (id, at, disconnectType) => {
      const ended = await sql`
        with ended as (
          update participant set ended_at = ${at}, disconnect_type = ${disconnectType} where id = ${id} and ended_at is null returning id),
        closed as (update segment set ended_at = ${at} where participant_id in (select id from ended) and ended_at is null)
        select id from ended`;
      return ended.length === 1;
    },
    setWrapup: async (id, code) => {
      await sql`update participant set wrapup_code = ${code} where id = ${id}`;
    },
    beginSegment: async (segment) => {
      await sql`
        with ended as (
          update segment set ended_at = ${segment.startedAt} where participant_id = ${segment.participantId} and ended_at is null)
        insert into segment ${sql(segments.toColumns(sql, segment))}`;
    },
    endSegment,
    segments: async (ids) => sql<Segment[]>`${segments.from(sql)} where t.conversation_id = any(${[...ids]}::uuid[]) order by t.started_at`,
    openOfUser: async (userId) => {
      const mine = await sql<Participant[]>`${participants.from(sql)} where t.user_id = ${userId} and (t.ended_at is null
        or exists (select 1 from after_call_work w where w.participant_id = t.id and w.ended_at is null)) order by t.started_at desc`;
      const open = await Promise.all(
        mine.map(async (participant) => ({ participant, conversation: await byId(participant.conversationId) })),
      );
      return open.flatMap(({ participant, conversation }) => (conversation === null ? [] : [{ participant, conversation }]));
    },
  };
}

export function recordingStore(sql: Session): RecordingStore {
  return {
    byId: async (id) => first(await sql`${recordings.from(sql)} where t.id = ${id}`),
    insert: (row) => recordings.insert(sql, row),
    close: async (id, facts) =>
      (
        await sql`update recording set ${sql(recordings.toColumns(sql, facts))}
          where id = ${id} and (state = 'recording' or (state = 'failed' and ${facts.state} <> 'failed'))`
      ).count === 1,
    ofConversation: async (id) => sql<Recording[]>`${recordings.from(sql)} where t.conversation_id = ${id} order by t.started_at`,
    openOfNode: async (nodeId) => sql<Recording[]>`${recordings.from(sql)} where t.node_id = ${nodeId} and t.state = 'recording'`,
    before: async (nodeId, startedBefore, limit) =>
      sql<Recording[]>`${recordings.from(sql)} where t.node_id = ${nodeId} and t.started_at < ${startedBefore}
        and t.state not in ('recording', 'erased') order by t.started_at, t.id limit ${limit}`,
    countBefore: async (organizationId, startedBefore) => {
      const [row] = await sql<{ count: number }[]>`select count(*)::int as count from recording
        where organization_id = ${organizationId} and started_at < ${startedBefore} and state not in ('recording', 'erased')`;
      return row!.count;
    },
    erase: async (id, at) =>
      (await sql`update recording set state = 'erased', erased_at = ${at} where id = ${id} and state not in ('recording', 'erased')`)
        .count === 1,
    erasedSince: async (nodeId, at) =>
      sql<
        Recording[]
      >`${recordings.from(sql)} where t.node_id = ${nodeId} and t.state = 'erased' and t.erased_at >= ${at} order by t.erased_at, t.id`,
    since: async (organizationId, sinceAt) => {
      const began = await sql<
        Recording[]
      >`${recordings.from(sql)} where t.organization_id = ${organizationId} and t.started_at >= ${sinceAt} order by t.started_at`;
      const unrecorded = await sql<{ id: ConversationId }[]>`
        select c.id from conversation c where c.organization_id = ${organizationId} and c.started_at >= ${sinceAt}
          and exists (select 1 from participant p where p.conversation_id = c.id and p.purpose = 'agent' and p.connected_at is not null)
          and not exists (select 1 from recording r where r.conversation_id = c.id) order by c.started_at`;
      return { recordings: began, unrecorded: unrecorded.map((row) => row.id) };
    },
    all: async (organizationId) =>
      sql<Recording[]>`${recordings.from(sql)} where t.organization_id = ${organizationId} order by t.started_at`,
  };
}
