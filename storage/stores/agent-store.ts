// Agents: every change of what is in hand names what was there before, so nobody is given two things or freed twice.
import type { AfterCallWork, AgentState, InHand } from "../../core/routing/agent.ts";
import type { AgentStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

export type AgentRow = Omit<AgentState, "inHand"> & { readonly inHandKind: InHand["kind"]; readonly inHandId: string | null };
export const agents = new Table<AgentRow>(schema.agent);
const work = new Table<AfterCallWork>(schema.afterCallWork);

export function agentState(row: AgentRow): AgentState {
  const { inHandKind, inHandId, ...state } = row;
  return { ...state, inHand: (inHandId === null ? { kind: "nothing" } : { kind: inHandKind, id: inHandId }) as InHand };
}

function idOf(inHand: InHand): string | null {
  return inHand.kind === "nothing" ? null : inHand.id;
}

export function agentStore(sql: Session): AgentStore {
  const one = async (rows: Promise<readonly object[]>): Promise<AgentState | null> => {
    const row = first<AgentRow>(await rows);
    return row === null ? null : agentState(row);
  };
  return {
    byUser: (userId) => one(sql`${agents.from(sql)} where t.user_id = ${userId}`),
    lock: (userId) => one(sql`${agents.from(sql)} where t.user_id = ${userId} for update`),
    insert: ({ inHand, ...row }) => agents.insert(sql, { ...row, inHandKind: inHand.kind, inHandId: idOf(inHand) }),
    setPresence: async (userId, presence, routingStatus, at) => {
      await sql`update agent set presence = ${presence.system}, presence_definition_id = ${presence.definitionId}, presence_at = ${at},
        routing_status = ${routingStatus}, routing_status_at = ${at} where user_id = ${userId}`;
    },
    setRoutingStatus: async (userId, routingStatus, at) => {
      await sql`update agent set routing_status = ${routingStatus}, routing_status_at = ${at} where user_id = ${userId}`;
    },
    take: async (userId, from, to, { routingStatus, at, lastHandledAt }) => {
      const taken =
        await sql`update agent set in_hand_kind = ${to.kind}, in_hand_id = ${idOf(to)}, routing_status = ${routingStatus}, routing_status_at = ${at},
        last_handled_at = coalesce(${lastHandledAt ?? null}::timestamptz, last_handled_at)
        where user_id = ${userId} and in_hand_kind = ${from.kind} and in_hand_id is not distinct from ${idOf(from)}::uuid`;
      return taken.count === 1;
    },
    reserve: async (userId, alertId) => {
      const reserved = await sql`update agent set in_hand_kind = 'alert', in_hand_id = ${alertId}
        where user_id = ${userId} and in_hand_kind = 'nothing' and presence = 'ON_QUEUE' and routing_status = 'IDLE'`;
      return reserved.count === 1;
    },
    list: async (organizationId) =>
      (await sql<AgentRow[]>`${agents.from(sql)} where t.organization_id = ${organizationId} order by t.user_id`).map(agentState),
    delete: async (userId) => {
      await sql`delete from agent where user_id = ${userId}`;
    },
    insertAfterCallWork: (row) => work.insert(sql, row),
    endAfterCallWork: async (participantId, endedAt, wrapupCode) =>
      (
        await sql`update after_call_work set ended_at = ${endedAt}, wrapup_code = ${wrapupCode} where participant_id = ${participantId} and ended_at is null`
      ).count === 1,
    afterCallWork: async (participantId) => first(await sql`${work.from(sql)} where t.participant_id = ${participantId}`),
    openAfterCallWorkOf: async (userId) => first(await sql`${work.from(sql)} where t.user_id = ${userId} and t.ended_at is null`),
    dueAfterCallWork: async (now, limit) =>
      sql<AfterCallWork[]>`${work.from(sql)} where t.ended_at is null and t.deadline_at <= ${now} order by t.deadline_at limit ${limit}`,
  };
}
