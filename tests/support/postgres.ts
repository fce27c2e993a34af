// A real PostgreSQL for tests: one server per test run, a fresh database per asker, copied from a migrated template.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { buildPostgresAsset } from "../../deploy/postgres-asset.ts";
import { type ConnectTarget, connect, type Sql } from "../../storage/postgres/connect.ts";
import { EmbeddedPostgres, processesIn } from "../../storage/postgres/embedded.ts";
import { lockFile } from "../../storage/postgres/folder-lock.ts";
import { migrate } from "../../storage/postgres/migrate.ts";

export const postgresAsset = join(import.meta.dir, "../../deploy/assets/postgres.tar.zst");
const prefix = "landline-test-";
const template = "landline_template";

export type TestPostgres = { readonly server: EmbeddedPostgres; readonly data: string };
let started: Promise<TestPostgres> | null = null;
let count = 0;

/** The run's server; started by the first who asks, gone with the process. */
export function startTestPostgres(): Promise<TestPostgres> {
  started ??= start();
  return started;
}

/** The asset's bytes, packed first when it is not there yet (half a minute, once per machine). */
export function postgresAssetBytes(): Promise<Uint8Array> {
  buildPostgresAsset(postgresAsset);
  return Bun.file(postgresAsset).bytes();
}

export type TestDatabase = { readonly sql: Sql; readonly target: ConnectTarget; readonly connect: (max: number) => Sql };

const pools: Sql[][] = [];
/** Tests run one after the other: whose database this many others have followed has ended. */
const databasesOpen = 4;

/** A database of one's own, migrated and empty. Its connections end when four others have been asked for, or with the process. */
export async function testDatabase(): Promise<TestDatabase> {
  const { server } = await startTestPostgres();
  if (pools.length >= databasesOpen) for (const sql of pools.shift()!) void sql.end();
  const name = `test_${++count}`;
  const admin = connect(server.target("postgres"), { max: 1, name: "test admin" });
  await admin`create database ${admin(name)} template ${admin(template)}`;
  await admin.end();
  const target = server.target(name);
  const mine: Sql[] = [];
  pools.push(mine);
  const open = (max: number): Sql => {
    const sql = connect(target, { max, name });
    mine.push(sql);
    return sql;
  };
  return { sql: open(4), target, connect: open };
}

/** A folder of its own for a test, inside one that goes with the process. */
export function testFolder(): string {
  folder ??= newFolder();
  const path = mkdtempSync(join(folder, "case-"));
  chmodSync(path, 0o711);
  return path;
}

let folder: string | null = null;

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), prefix));
  // A server inside runs as another user when the tests run as root.
  chmodSync(path, 0o711);
  whenWeAreGone('rm -rf "$0"', path);
  return path;
}

async function start(): Promise<TestPostgres> {
  sweep();
  const data = mkdtempSync(join(tmpdir(), prefix));
  const server = await EmbeddedPostgres.start(realEnv("error"), data, { kind: "asset", read: postgresAssetBytes });
  // Immediate shutdown: nobody needs this cluster again.
  whenWeAreGone('kill -QUIT $(head -n 1 "$0/postgres/data/postmaster.pid"); sleep 0.5; rm -rf "$0"', data);
  await server.ensureDatabase(template);
  const sql = connect(server.target(template), { max: 1, name: "test template" });
  await migrate(sql);
  await sql.end();
  return { server, data };
}

/** Held, or the end of their input would come with the next garbage collection. */
const watchers: ChildProcess[] = [];

// Bun runs no exit handlers after tests; a shell that waits for the end of its input notices our end, however it comes.
function whenWeAreGone(script: string, path: string): void {
  const shell = spawn("sh", ["-c", `cat > /dev/null; ${script}`, path], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  watchers.push(shell);
}

// What a killed run left: its lock is free, its server may live on.
function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const data = join(tmpdir(), name);
    try {
      if (lockFile(join(data, "postgres/app.lock")) === null) continue;
    } catch {
      continue;
    }
    for (const pid of processesIn(join(data, "postgres/data"))) process.kill(pid, "SIGKILL");
    rmSync(data, { recursive: true, force: true });
  }
}
