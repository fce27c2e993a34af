// The inbox of wishes to a node.
import type { InboxItem, InboxStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { Table } from "./table.ts";

const inbox = new Table<InboxItem>(schema.inbox);

export function inboxStore(sql: Session): InboxStore {
  return {
    insert: (row) => inbox.insert(sql, row),
    // A delete returns its rows in any order; "resume" must not come before "hold".
    take: async (nodeId, limit) => sql<InboxItem[]>`
      with taken as (
        delete from inbox t where t.id in (
          select i.id from inbox i where i.node_id = ${nodeId} order by i.at, i.id limit ${limit} for update skip locked)
        returning ${inbox.columns(sql)}
      )
      select * from taken order by "at", "id"`,
  };
}
