// Where phones are that registered over UDP, by node.
import type { BindingStore } from "../../core/stores.ts";
import type { KeptBinding } from "../../core/telephony/binding.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { Table } from "./table.ts";

const bindings = new Table<KeptBinding>(schema.binding);
/** PostgreSQL takes 65,535 parameters in one statement. */
const rowsPerStatement = 1_000;

export function bindingStore(sql: Session): BindingStore {
  return {
    ofNode: async (nodeId, now) =>
      sql<KeptBinding[]>`${bindings.from(sql)} where t.node_id = ${nodeId} and t.expires_at > ${now} order by t.expires_at`,
    put: async (rows) => {
      for (let at = 0; at < rows.length; at += rowsPerStatement) {
        const some = rows.slice(at, at + rowsPerStatement).map((row) => bindings.toColumns(sql, row));
        await sql`insert into binding ${sql(some)} on conflict (node_id, station_id, contact) do update set
          address = excluded.address, port = excluded.port, expires_at = excluded.expires_at, call_id = excluded.call_id, seq = excluded.seq`;
      }
    },
    remove: async (nodeId, keys) => {
      if (keys.length === 0) return;
      const [stations, contacts] = [keys.map(({ stationId }) => stationId), keys.map(({ contact }) => contact)];
      await sql`delete from binding t using unnest(${stations}::uuid[], ${contacts}::text[]) as gone (station_id, contact)
        where t.node_id = ${nodeId} and t.station_id = gone.station_id and t.contact = gone.contact`;
    },
  };
}
