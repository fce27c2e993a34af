// Waiting conversations and alerts: states that change only from the state they were thought to be in.
import type { Alert, WaitingConversation } from "../../core/routing/waiting.ts";
import type { AlertStore, WaitingStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

export const waiting = new Table<WaitingConversation>(schema.waitingConversation);
const alerts = new Table<Alert>(schema.alert);

export function waitingStore(sql: Session): WaitingStore {
  return {
    byConversation: async (id) => first(await sql`${waiting.from(sql)} where t.conversation_id = ${id}`),
    insert: async (row) => {
      await sql`delete from waiting_conversation where conversation_id = ${row.conversationId} and state = 'gone'`;
      await waiting.insert(sql, row);
    },
    offer: async (id, alertId) =>
      (
        await sql`update waiting_conversation set state = 'alerting', alert_id = ${alertId} where conversation_id = ${id} and state = 'waiting'`
      ).count === 1,
    resolve: async (id, alertId, state) => {
      const resolved = await sql`update waiting_conversation set state = ${state}, alert_id = ${state === "waiting" ? null : alertId}
        where conversation_id = ${id} and state = 'alerting' and alert_id = ${alertId}`;
      return resolved.count === 1;
    },
    leave: async (id) =>
      (await sql`update waiting_conversation set state = 'gone' where conversation_id = ${id} and state <> 'gone'`).count === 1,
    ofQueue: async (queueId) =>
      sql<WaitingConversation[]>`${waiting.from(sql)} where t.queue_id = ${queueId} and t.state <> 'gone' order by t.entered_at`,
    ofNode: async (nodeId) => sql<WaitingConversation[]>`${waiting.from(sql)} where t.node_id = ${nodeId} and t.state <> 'gone'`,
  };
}

export function alertStore(sql: Session): AlertStore {
  return {
    byId: async (id) => first(await sql`${alerts.from(sql)} where t.id = ${id}`),
    insert: (row) => alerts.insert(sql, row),
    end: async (id, outcome, at) =>
      (await sql`update alert set outcome = ${outcome}, ended_at = ${at} where id = ${id} and outcome is null`).count === 1,
    openOf: async (userId) =>
      first(await sql`${alerts.from(sql)} where t.user_id = ${userId} and t.outcome is null order by t.created_at desc limit 1`),
    openOfNode: async (nodeId) => sql<Alert[]>`${alerts.from(sql)} where t.node_id = ${nodeId} and t.outcome is null`,
  };
}
