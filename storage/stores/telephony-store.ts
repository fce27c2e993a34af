// Trunks, stations, IVRs and flows; and the inbox of wishes to a node.
import type { InboxItem, InboxStore, TelephonyStore } from "../../core/stores.ts";
import type { FlowRecord, Ivr, Station, Trunk } from "../../core/telephony/telephony.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

const trunks = new Table<Trunk>(schema.trunk);
const stations = new Table<Station>(schema.station);
const ivrs = new Table<Ivr>(schema.ivr);
const flows = new Table<FlowRecord>(schema.flow);
const inbox = new Table<InboxItem>(schema.inbox);

export function telephonyStore(sql: Session): TelephonyStore {
  return {
    trunks: async (organizationId) => sql<Trunk[]>`${trunks.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    insertTrunk: (row) => trunks.insert(sql, row),
    stations: async (organizationId) =>
      sql<Station[]>`${stations.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    station: async (id) => first(await sql`${stations.from(sql)} where t.id = ${id}`),
    insertStation: (row) => stations.insert(sql, row),
    ivrs: async (organizationId) => sql<Ivr[]>`${ivrs.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    insertIvr: (row) => ivrs.insert(sql, row),
    flows: async (organizationId) =>
      sql<FlowRecord[]>`${flows.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    flow: async (id) => first(await sql`${flows.from(sql)} where t.id = ${id}`),
    insertFlow: (row) => flows.insert(sql, row),
    updateFlow: async (row) => {
      await sql`update flow set name = ${row.name}, document = ${sql.json(row.document as never)}, version = version + 1 where id = ${row.id}`;
    },
  };
}

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
