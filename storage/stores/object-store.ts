// Any configured object by its table: what every admin page and every list of the API reads and writes.
import type { ConfiguredObject, ObjectFilter, ObjectStore } from "../../core/objects/object.ts";
import type { Session } from "../postgres/connect.ts";
import { first, type Table } from "./table.ts";

/** Columns that an update never touches: who it is, and what the log sets. */
const fixed = new Set(["id", "organization_id", "event_seq", "created_at", "version"]);

/** `searched`: columns in which a filter by name looks. */
export function objectStore<Row extends ConfiguredObject>(
  sql: Session,
  table: Table<Row>,
  searched: readonly string[] = ["name"],
): ObjectStore<Row> {
  const matching = (organizationId: string, { name = "", ids, divisionIds }: ObjectFilter) => {
    const looked = searched.map((column) => `t."${column}"`).join(" || chr(10) || ");
    return sql`t.organization_id = ${organizationId}
      ${name === "" ? sql`` : sql`and strpos(lower(${sql.unsafe(looked)}), lower(${name})) > 0`}
      ${ids === undefined ? sql`` : sql`and t.id = any(${ids as string[]})`}
      ${divisionIds === undefined ? sql`` : sql`and t.division_id = any(${divisionIds as string[]}::uuid[])`}`;
  };
  return {
    byId: async (id) => first(await sql`${table.from(sql)} where t.id = ${id}`),
    byName: async (organizationId, name) =>
      first(
        await sql`${table.from(sql)} where t.organization_id = ${organizationId} and lower(t.name) = lower(${name}) order by t.id limit 1`,
      ),
    list: async (organizationId, filter, { pageSize, pageNumber }) => {
      const matches = matching(organizationId, filter);
      const entities = await sql<Row[]>`${table.from(sql)} where ${matches}
        order by lower(t.name), t.id limit ${pageSize} offset ${(pageNumber - 1) * pageSize}`;
      const [count] = await sql<{ total: number }[]>`select count(*)::int as total from ${sql(table.name)} t where ${matches}`;
      return { entities, total: count!.total };
    },
    all: async (organizationId) => sql<Row[]>`${table.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name), t.id`,
    insert: (row) => table.insert(sql, row),
    update: async (row, expectedVersion) => {
      const values = Object.fromEntries(Object.entries(table.toColumns(sql, row)).filter(([column]) => !fixed.has(column)));
      const updated = await sql`update ${sql(table.name)} set ${sql(values)}, version = ${expectedVersion + 1}
        where id = ${row.id} and version = ${expectedVersion}`;
      return updated.count === 1;
    },
    delete: async (id) => (await sql`delete from ${sql(table.name)} where id = ${id}`).count === 1,
  };
}
