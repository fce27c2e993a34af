// What routing reads and remembers. The snapshot is one statement, so that its rows and its sequence belong to one instant.
import type { RoutableAgent } from "../../core/routing/agent.ts";
import type { RoutingSnapshot } from "../../core/routing/match.ts";
import type { InConversation } from "../../core/routing/queries.ts";
import type { RoutingStore, StoredDecision } from "../../core/stores.ts";
import { parseInstant, type Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { type AgentRow, agentState, agents } from "./agent-store.ts";
import { queues } from "./queue-store.ts";
import { first, Table } from "./table.ts";
import { waiting } from "./waiting-store.ts";

const decisions = new Table<StoredDecision>(schema.routingDecision);

type AgentWithLists = AgentRow & Pick<RoutableAgent, "skills" | "queues">;

export function routingStore(sql: Session): RoutingStore {
  const skills = sql`
    select user_id, json_agg(json_build_object('skillId', skill_id, 'proficiency', proficiency)) as list from user_skill group by user_id`;
  const memberships = (which: ReturnType<Session>) => sql`
    select user_id, json_agg(json_build_object('queueId', queue_id, 'joined', joined)) as list from queue_member ${which} group by user_id`;
  return {
    // The lock is its own statement: a lock taken in the statement that reads would read what was there before it waited.
    lockPool: async (poolId) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('routing pool ' || ${poolId}, 0))`;
    },
    snapshot: async (organizationId, poolId) => {
      const [row] = await sql<{ queues: object[]; waiting: object[]; agents: object[]; asOfSeq: number }[]>`
        with pool as (select id from queue where organization_id = ${organizationId} and pool_id = ${poolId})
        select
          coalesce((select json_agg(x) from (${queues.from(sql)} join pool on pool.id = t.id) x), '[]') as "queues",
          coalesce((select json_agg(x) from (${waiting.from(sql)} join pool on pool.id = t.queue_id where t.state = 'waiting') x), '[]') as "waiting",
          coalesce((select json_agg(x) from (
            select ${agents.columns(sql)}, coalesce(s.list, '[]') as "skills", m.list as "queues"
            from (${memberships(sql`where queue_id in (select id from pool)`)}) m
            join agent t on t.user_id = m.user_id left join (${skills}) s on s.user_id = t.user_id) x), '[]') as "agents",
          coalesce((select max(seq) from event), 0) as "asOfSeq"`;
      return {
        queues: row!.queues.map(instants),
        waiting: row!.waiting.map(instants),
        agents: row!.agents.map((agent) => routable(instants(agent) as AgentWithLists)),
        asOfSeq: row!.asOfSeq,
      } as RoutingSnapshot;
    },
    isAnyoneWaiting: async (organizationId, poolId) => {
      const [row] = await sql<{ is: boolean }[]>`select exists (select from waiting_conversation w join queue q on q.id = w.queue_id
        where w.state = 'waiting' and q.organization_id = ${organizationId} and q.pool_id = ${poolId}) as "is"`;
      return row!.is;
    },
    insertDecision: (row) => decisions.insert(sql, row),
    decisionsOf: async (id) => sql<StoredDecision[]>`${decisions.from(sql)} where t.conversation_id = ${id} order by t.at, t.id`,
    decision: async (id) => first(await sql`${decisions.from(sql)} where t.id = ${id}`),
    lastDecisionOf: async (id) =>
      first(await sql`${decisions.from(sql)} where t.conversation_id = ${id} order by t.at desc, t.id desc limit 1`),
    agents: async (organizationId) => {
      const rows = await sql<
        AgentWithLists[]
      >`select ${agents.columns(sql)}, coalesce(s.list, '[]') as "skills", coalesce(m.list, '[]') as "queues" from agent t
        left join (${skills}) s on s.user_id = t.user_id left join (${memberships(sql``)}) m on m.user_id = t.user_id
        where t.organization_id = ${organizationId} order by t.user_id`;
      return rows.map(routable);
    },
    queueStays: async (organizationId, sinceAt) =>
      sql`select p.queue_id as "queueId", p.started_at as "startedAt", p.ended_at as "endedAt", coalesce(p.disconnect_type = 'transfer', false) as "answered"
        from participant p join queue q on q.id = p.queue_id
        where p.purpose = 'acd' and q.organization_id = ${organizationId} and (p.started_at >= ${sinceAt} or p.ended_at is null) order by p.started_at`,
    handled: async (queueId, sinceAt) => {
      const [row] = await sql<{ count: number; sumMs: number }[]>`
        select count(*)::int as "count",
          coalesce(sum(extract(epoch from p.ended_at - p.connected_at + coalesce(w.ended_at - w.started_at, interval '0')) * 1000), 0)::float8 as "sumMs"
        from participant p left join after_call_work w on w.participant_id = p.id
        where p.purpose = 'agent' and p.queue_id = ${queueId} and p.connected_at is not null and p.ended_at >= ${sinceAt}`;
      return { count: row!.count, sumMs: Math.round(row!.sumMs) };
    },
    handledByQueue: async (organizationId, sinceAt) => {
      const rows = await sql<{ queueId: string; count: number; sumMs: number }[]>`
        select p.queue_id as "queueId", count(*)::int as "count",
          coalesce(sum(extract(epoch from p.ended_at - p.connected_at + coalesce(w.ended_at - w.started_at, interval '0')) * 1000), 0)::float8 as "sumMs"
        from participant p join queue q on q.id = p.queue_id left join after_call_work w on w.participant_id = p.id
        where p.purpose = 'agent' and q.organization_id = ${organizationId} and p.connected_at is not null and p.ended_at >= ${sinceAt}
        group by p.queue_id`;
      return new Map(rows.map(({ queueId, count, sumMs }) => [queueId, { count, sumMs: Math.round(sumMs) }]));
    },
    inConversation: async (organizationId) => {
      const rows = await sql<(InConversation & { userId: string })[]>`
        select a.user_id as "userId", p.conversation_id as "conversationId", p.id as "participantId", p.queue_id as "queueId",
          a.in_hand_kind = 'conversation' and p.connected_at is not null and p.ended_at is null and p.supervises is null as "isTalking"
        from agent a join participant p on p.id = a.in_hand_id
        where a.organization_id = ${organizationId} and a.in_hand_kind in ('conversation', 'after-call-work')`;
      return new Map(rows.map(({ userId, ...rest }) => [userId, rest]));
    },
  };
}

function routable(row: AgentWithLists): RoutableAgent {
  const { skills, queues: memberships, ...agent } = row;
  return { ...agentState(agent), skills, queues: memberships };
}

// Inside JSON an instant is ISO 8601 text; outside it is epoch ms, under a name that ends in At.
function instants(row: object): object {
  const instant = (key: string, value: unknown): unknown => (key.endsWith("At") && typeof value === "string" ? parseInstant(value) : value);
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, instant(key, value)]));
}
