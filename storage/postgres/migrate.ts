// Brings a database forward, never back: numbered migrations, one transaction each, one process at a time.
import type { Session, Sql } from "./connect.ts";
import { DatabaseError } from "./external.ts";
import { embedMigrations } from "./migrations.macro.ts" with { type: "macro" };
import type { Migration } from "./migrations.macro.ts";

/** This binary's migrations, oldest first. */
export const migrations: readonly Migration[] = embedMigrations();

/** Whoever migrates holds this advisory lock, so that each migration runs once. */
const migrationLock = 7_311_001;

export type MigrationResult = { readonly applied: readonly string[]; readonly current: string };

/**
 * Applies what is missing. Refuses a database that a newer version has migrated, and one whose history differs from ours.
 * @throws DatabaseError
 */
export async function migrate(sql: Sql, list: readonly Migration[] = migrations): Promise<MigrationResult> {
  const applied: string[] = [];
  for (;;) {
    const name = (await sql.begin((session) => applyNext(session, list))) as string | null;
    if (name === null) return { applied, current: list.at(-1)?.name ?? "" };
    applied.push(name);
  }
}

/** One migration, whole or not at all; null: there is none left. */
async function applyNext(session: Session, list: readonly Migration[]): Promise<string | null> {
  await session`select pg_advisory_xact_lock(${migrationLock})`;
  await session`create table if not exists migration (number int primary key, name text not null, sha256 text not null,
                                                      applied_at timestamptz not null default now())`;
  const done = await session<Migration[]>`select number, name, sha256 from migration order by number`;
  checkHistory(done, list);
  const next = list[done.length];
  if (next === undefined) return null;
  await session.unsafe(next.sql);
  await session`insert into migration (number, name, sha256) values (${next.number}, ${next.name}, ${next.sha256})`;
  return next.name;
}

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
