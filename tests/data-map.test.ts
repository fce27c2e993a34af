// The data map misses no table: what is stored is said to be stored.
import { expect, test } from "bun:test";
import { dataMap } from "../web/pages/audit/data-map.ts";
import { testDatabase } from "./support/postgres.ts";

test("every table is on the data map, once, and nothing else is", async () => {
  const { sql } = await testDatabase();
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by relname`;
  const mapped = dataMap.flatMap(({ tables }) => tables).sort();
  expect(mapped).toEqual(rows.map((row) => row.name).sort());
});
