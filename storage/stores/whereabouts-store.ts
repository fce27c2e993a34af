// Where people said that they work today.
import type { WhereaboutsStore } from "../../core/stores.ts";
import type { Whereabouts } from "../../core/telephony/whereabouts.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { Table } from "./table.ts";

const whereabouts = new Table<Whereabouts>(schema.whereabouts);

export function whereaboutsStore(sql: Session): WhereaboutsStore {
  return {
    all: async (organizationId) => sql<Whereabouts[]>`${whereabouts.from(sql)} where t.organization_id = ${organizationId}`,
    put: async (row) => {
      const { siteId, civic, saidAt, expiresAt } = row;
      const said = sql(whereabouts.toColumns(sql, { siteId, civic, saidAt, expiresAt }));
      await sql`insert into whereabouts ${sql(whereabouts.toColumns(sql, row))} on conflict (user_id) do update set ${said}`;
    },
    remove: async (userId) => void (await sql`delete from whereabouts where user_id = ${userId}`),
    deleteExpired: async (now) => (await sql`delete from whereabouts where expires_at <= ${now}`).count,
  };
}
