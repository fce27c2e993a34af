// What answered calls outside have cost, and whom alarms have stopped.
import type { CallChargeStore, KeptCharge } from "../../core/stores.ts";
import type { CallStop } from "../../core/telephony/call-alarm.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { Table } from "./table.ts";

const charges = new Table<KeptCharge>(schema.callCharge);
const stops = new Table<CallStop>(schema.callStop);

export function callChargeStore(sql: Session): CallChargeStore {
  return {
    insert: async (row) => {
      await sql`insert into call_charge ${sql(charges.toColumns(sql, row))} on conflict (id) do nothing`;
    },
    since: async (organizationId, from) =>
      sql<
        KeptCharge[]
      >`${charges.from(sql)} where t.organization_id = ${organizationId} and t.started_at >= ${from} order by t.started_at, t.id`,
    countries: async (organizationId) =>
      sql<{ country: string; since: number }[]>`select t.country, min(t.started_at) as since from call_charge t
        where t.organization_id = ${organizationId} group by t.country order by t.country`,
    stop: async (row) => {
      await sql`insert into call_stop ${sql(stops.toColumns(sql, row))} on conflict (alarm_id, subject) do update
        set country = excluded.country, value = excluded.value, stopped_at = excluded.stopped_at, released_at = null
        where call_stop.released_at is not null`;
    },
    release: async (alarmId, subject, at) =>
      (await sql`update call_stop set released_at = ${at} where alarm_id = ${alarmId} and subject = ${subject} and released_at is null`)
        .count === 1,
    stops: async (organizationId) =>
      sql<CallStop[]>`${stops.from(sql)} where t.organization_id = ${organizationId} order by t.stopped_at desc, t.alarm_id, t.subject`,
  };
}
