// The embedded server: made once, locked, restarted, and losing nothing that was acknowledged.
import { expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { firstPrev, headerHash } from "../../core/events/chain.ts";
import { type EventId, newId, type OrganizationId } from "../../core/lib/id.ts";
import { postgresAssetBytes, testDatabase, testFolder } from "../../tests/support/postgres.ts";
import { instantOf } from "../append.ts";
import { PostgresEventLog } from "../event-log.ts";
import { joinCluster } from "../nodes.ts";
import { PostgresUnitOfWork } from "../unit-of-work.ts";
import { DataKeys } from "../vault/data-keys.ts";
import { loadOrCreateKeys } from "../vault/keys.ts";
import { connect, type Session } from "./connect.ts";
import { EmbeddedPostgres, runningTarget } from "./embedded.ts";
import { checkServer, externalTarget } from "./external.ts";
import { migrate, migrations } from "./migrate.ts";
import { embeddedPostgresVersion } from "./programs.ts";

const env = realEnv("error");
const asset = { kind: "asset", read: postgresAssetBytes } as const;
const debian = { kind: "system", folder: "/usr/lib/postgresql/15/bin" } as const;

test("kill -9 of the server in the middle of appends keeps every acknowledged event, and it comes back by itself", async () => {
  const data = testFolder();
  chmodSync(data, 0o700);
  await using server = await EmbeddedPostgres.start(env, data, asset);
  await server.ensureDatabase("landline");
  const sql = connect(server.target("landline"), { max: 10, name: "test" });
  expect(await checkServer(sql)).toStartWith(embeddedPostgresVersion);
  await migrate(sql);
  const organizationId = newId<OrganizationId>(env);
  const keys = loadOrCreateKeys(env, join(testFolder(), "landline.key"));
  const dataKeys = new DataKeys(env, connect(server.target("landline"), { max: 1, name: "keys" }), keys, organizationId);
  const identity = await joinCluster(env, sql, newId(env));
  const unit = new PostgresUnitOfWork<Session>(sql, { env, identity, keys: dataKeys }, (session) => session);
  const acknowledged: string[] = [];
  let killed = false;
  const writer = async (): Promise<void> => {
    // Until the server is gone for this writer too: its processes outlive the first by a moment.
    for (;;) {
      const id = newId<EventId>(env);
      const common = { organizationId, divisionId: null, actorId: identity.nodeId, subjectIds: [], payload: { id } };
      const event = { id, at: instantOf(id), type: "test.happened", seal: { kind: "organization" as const }, ...common };
      await unit.run(async () => ({ value: undefined, events: [event] }));
      acknowledged.push(id);
      if (acknowledged.length >= 500 && !killed) {
        killed = true;
        process.kill(server.pid!, "SIGKILL");
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: 10 }, writer));
  expect(ends.some((end) => end.status === "rejected")).toBe(true);
  while (server.crashes === 0 || server.state !== "up") await new Promise((done) => setTimeout(done, 20));
  const events = await new PostgresEventLog(sql, dataKeys).read(0, 100_000);
  const logged = new Set<string>(events.map((event) => event.id));
  expect(acknowledged.filter((id) => !logged.has(id))).toEqual([]);
  let prev = firstPrev;
  for (const event of events) {
    expect([event.prev, event.hash]).toEqual([prev, headerHash(event)]);
    prev = event.hash;
  }
  await sql.end();
}, 30_000);

test("of two processes on one folder one gets in and the other is told; what a dead one left behind is stopped first", async () => {
  const data = testFolder();
  const script = `
    import { realEnv } from ${JSON.stringify(join(import.meta.dir, "../../cmd/env.ts"))};
    import { EmbeddedPostgres, runningTarget } from ${JSON.stringify(join(import.meta.dir, "embedded.ts"))};
    import { postgresAssetBytes } from ${JSON.stringify(join(import.meta.dir, "../../tests/support/postgres.ts"))};
    try {
      const server = await EmbeddedPostgres.start(realEnv("error"), ${JSON.stringify(data)}, { kind: "asset", read: postgresAssetBytes });
      console.log("up " + server.pid);
    } catch (error) { console.log(error.message); }`;
  const start = () => Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const said = async (child: ReturnType<typeof start>): Promise<string> => {
    const { value } = await child.stdout.getReader().read();
    return new TextDecoder().decode(value).trim();
  };
  const children = [start(), start()];
  const lines = await Promise.all(children.map(said));
  expect(lines.filter((line) => line.startsWith("up ")).length).toBe(1);
  expect(lines.find((line) => !line.startsWith("up "))).toBe(`${data} is in use by another Landline process`);
  const orphan = Number(lines.find((line) => line.startsWith("up "))!.slice(3));
  for (const child of children) {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(readFileSync(`/proc/${orphan}/stat`, "utf8")).toContain("postgres");
  await using server = await EmbeddedPostgres.start(env, data, asset);
  expect(server.pid).not.toBe(orphan);
  expect(existsSync(`/proc/${orphan}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${orphan}/stat`, "utf8"))).toBe(false);
}, 30_000);

test("it listens on a socket only, asks for a password, checks pages, and its files belong to no other", async () => {
  const data = testFolder();
  await using server = await EmbeddedPostgres.start(env, data, asset);
  const sql = connect(server.target("postgres"), { max: 1, name: "test" });
  const [row] =
    await sql`select current_setting('listen_addresses') as listen, current_setting('data_checksums') as sums, current_setting('fsync') as fsync`;
  expect(row).toEqual({ listen: "", sums: "on", fsync: "on" });
  await sql.end();
  const wrong = connect({ ...server.target("postgres"), password: "wrong" }, { max: 1, name: "test" });
  await expect(wrong`select 1`.execute()).rejects.toThrow("password authentication failed");
  await wrong.end();
  expect(statSync(join(data, "postgres/password")).mode & 0o777).toBe(0o600);
  expect(statSync(join(data, "postgres/data")).mode & 0o077).toBe(0);
  if (process.getuid?.() === 0) expect(statSync(join(data, "postgres/data")).uid).not.toBe(0);
}, 30_000);

test.skipIf(!existsSync(debian.folder))(
  "the operator's own programs serve too; a folder made by another version is refused",
  async () => {
    const data = testFolder();
    {
      await using server = await EmbeddedPostgres.start(env, data, debian);
      await server.ensureDatabase("landline");
      const sql = connect(server.target("landline"), { max: 2, name: "test" });
      expect(await checkServer(sql)).toStartWith("15.");
      expect((await migrate(sql)).applied.length).toBe(migrations.length);
      await sql.end();
    }
    await expect(EmbeddedPostgres.start(env, data, asset)).rejects.toThrow("was made by PostgreSQL 15, this is 18");
    await expect(EmbeddedPostgres.start(env, testFolder(), { kind: "system", folder: "/nowhere" })).rejects.toThrow("there is no initdb");
  },
  30_000,
);

test.skipIf(process.getuid?.() !== 0)("root finds what another user runs, and tells the password to nobody else", () => {
  const data = join(testFolder(), "deep".repeat(20), "deeper".repeat(10));
  const folder = join(data, "postgres");
  const someone = 54_321;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "password"), "theirs");
  chownSync(folder, someone, someone);
  const { host } = runningTarget(data, "landline")!;
  const socket = `/tmp/landline-${someone}-${host.split("-").at(-1)}`;
  mkdirSync(socket);
  try {
    chownSync(socket, someone, someone);
    expect(runningTarget(data, "landline")).toMatchObject({ host: socket, password: "theirs" });
    chownSync(socket, someone + 1, someone + 1);
    expect(() => runningTarget(data, "landline")).toThrow(`${socket} belongs to somebody else`);
  } finally {
    rmdirSync(socket);
  }
});

test("a deep folder gets its socket elsewhere", async () => {
  const data = join(testFolder(), "deep".repeat(20), "deeper".repeat(10));
  mkdirSync(data, { recursive: true });
  await using server = await EmbeddedPostgres.start(env, data, asset);
  const { socketPath } = server.target("postgres");
  expect(socketPath!.length).toBeLessThan(107);
  const sql = connect(server.target("postgres"), { max: 1, name: "test" });
  expect((await sql`select 1 as one`)[0]).toEqual({ one: 1 });
  await sql.end();
}, 30_000);

test("two processes may migrate at once: each migration runs once", async () => {
  const { connect: open } = await testDatabase();
  const pools = [open(1), open(1), open(1)];
  await pools[0]!`drop schema public cascade`;
  await pools[0]!`create schema public`;
  const results = await Promise.all(pools.map((sql) => migrate(sql)));
  expect(results.flatMap((result) => result.applied).sort()).toEqual(migrations.map((migration) => migration.name));
  expect(await migrate(pools[1]!)).toEqual({ applied: [], current: migrations.at(-1)!.name });
});

test("a database from a newer version is refused, and so is a history that was altered; a failed migration leaves nothing", async () => {
  const { sql } = await testDatabase();
  const broken = { number: migrations.length + 1, name: "0099_broken", sql: "create table half (id int); select 1/0;", sha256: "x" };
  await expect(migrate(sql, [...migrations, broken])).rejects.toThrow("division by zero");
  expect(await sql`select to_regclass('half') as half`).toEqual([{ half: null }] as never);
  await sql`insert into migration (number, name, sha256) values (${migrations.length + 1}, '0099_future', 'x')`;
  await expect(migrate(sql)).rejects.toThrow("migrated by a newer Landline (0099_future)");
  await sql`delete from migration where name = '0099_future'`;
  await sql`update migration set sha256 = 'other' where number = 1`;
  await expect(migrate(sql)).rejects.toThrow("altered after it ran");
});

test("an external URL keeps its TLS wishes and parameters; what cannot work is said in one sentence", () => {
  const ca = join(testFolder(), "ca.pem");
  writeFileSync(ca, "PEM");
  const url = (query: string): string => `postgres://ada:s%40fe@db.example.org:6432/centre?${query}`;
  expect(externalTarget(url("sslmode=disable"))).toMatchObject({
    host: "db.example.org",
    port: 6432,
    database: "centre",
    user: "ada",
    password: "s@fe",
    tls: false,
  });
  expect(externalTarget(url("sslmode=require")).tls).toMatchObject({ rejectUnauthorized: false, servername: "db.example.org" });
  expect(externalTarget(url(`sslmode=verify-full&sslrootcert=${ca}`)).tls).toEqual({
    ca: "PEM",
    rejectUnauthorized: true,
    servername: "db.example.org",
  } as never);
  expect(externalTarget(url(`sslmode=require&sslrootcert=${ca}`)).tls).toMatchObject({ rejectUnauthorized: true });
  expect(externalTarget(url("search_path=landline")).parameters).toEqual({ search_path: "landline" });
  expect(externalTarget("postgres://ada@%2Fvar%2Frun%2Fpostgresql/centre").socketPath).toBe("/var/run/postgresql/.s.PGSQL.5432");
  expect(externalTarget("postgres://ada@[::1]:5433/centre")).toMatchObject({ host: "::1", port: 5433 });
  for (const bad of ["", "mysql://x/y", "postgres:///", "postgres://host", url("sslmode=sometimes"), url("sslrootcert=/nowhere.pem")]) {
    expect(() => externalTarget(bad)).toThrow("database");
  }
});
