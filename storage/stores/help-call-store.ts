// Calls for help and who has not said yet that they know.
import type { HelpCallStore } from "../../core/stores.ts";
import type { HelpCall } from "../../core/telephony/help.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { Table } from "./table.ts";

const helpCalls = new Table<HelpCall>(schema.helpCall);

export function helpCallStore(sql: Session): HelpCallStore {
  return {
    insert: (row) => helpCalls.insert(sql, row),
    waitingFor: async (userId) =>
      sql<HelpCall[]>`${helpCalls.from(sql)} where t.waiting_for @> array[${userId}::uuid] order by t.at desc, t.conversation_id`,
    know: async (conversationId, userId) =>
      (
        await sql`update help_call set waiting_for = array_remove(waiting_for, ${userId}::uuid)
          where conversation_id = ${conversationId} and waiting_for @> array[${userId}::uuid]`
      ).count === 1,
    seeTo: async (conversationId, name) =>
      (await sql`update help_call set seen_by = ${name} where conversation_id = ${conversationId} and seen_by = ''`).count === 1,
  };
}
