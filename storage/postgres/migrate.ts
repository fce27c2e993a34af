// Brings a database forward, never back: numbered migrations, one transaction each, one process at a time.
import type { Sql } from "./connect.ts";
import { DatabaseError } from "./external.ts";
import { embedMigrations } from "./migrations.macro.ts" with { type: "macro" };
import type { Migration } from "./migrations.macro.ts";

/** This binary's migrations, oldest first. */
export const migrations: readonly Migration[] = embedMigrations();

/** Whoever migrates holds this advisory lock: "landline" as a number would not be clearer. */
const migrationLock = 7_311_001;

export type MigrationResult = { readonly applied: readonly string[]; readonly current: string };

/**
 * Applies what is missing. Refuses a database that a newer version has migrated, and one whose history differs from ours.
 * @throws DatabaseError
 */
export async function migrate(sql: Sql, list: readonly Migration[] = migrations): Promise<MigrationResult> {
  const session = await sql.reserve();
  try {
    // A session lock, as each migration is a transaction of its own: what was applied stays applied.
    await session`select pg_advisory_lock(${migrationLock})`;
    await session`create table if not exists migration (number int primary key, name text not null, sha256 text not null,
                                                        applied_at timestamptz not null default now())`;
    const done = await session<Migration[]>`select number, name, sha256 from migration order by number`;
    checkHistory(done, list);
    const applied: string[] = [];
    for (const next of list.slice(done.length)) {
      await session.unsafe(`begin;\n${next.sql}\n;insert into migration (number, name, sha256)
        values (${next.number}, '${next.name}', '${next.sha256}');\ncommit;`);
      applied.push(next.name);
    }
    return { applied, current: list.at(-1)?.name ?? "" };
  } catch (error) {
    await session`rollback`;
    throw error;
  } finally {
    await session`select pg_advisory_unlock_all()`;
    session.release();
  }
}

/** What the database has that this binary does not know; empty: this binary can run on it. For `doctor`. */
function checkHistory(done: readonly Migration[], list: readonly Migration[]): void {
  const unknown = done.filter((entry) => entry.number > list.length);
  if (unknown.length > 0) {
    throw new DatabaseError(
      `the database was migrated by a newer Landline (${unknown.map((entry) => entry.name).join(", ")}): start that version, or restore a backup from before`,
    );
  }
  for (const entry of done) {
    const ours = list[entry.number - 1]!;
    if (ours.sha256 !== entry.sha256 || ours.name !== entry.name) {
      throw new DatabaseError(`migration ${entry.name} in the database is not this version's ${ours.name}: it was altered after it ran`);
    }
  }
}
