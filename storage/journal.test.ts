// The journal: acknowledged means on disk; everything acknowledged reaches the log once, in order, whatever happens between.
import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { realEnv } from "../cmd/env.ts";
import type { EventDraft } from "../core/events/event.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { type EventId, newId, type OrganizationId } from "../core/lib/id.ts";
import { postgresAssetBytes, testFolder } from "../tests/support/postgres.ts";
import { type TestStorage, testStorage } from "../tests/support/storage.ts";
import { instantOf } from "./append.ts";
import { PostgresEventLog } from "./event-log.ts";
import { FileJournal, type JournalOptions } from "./journal.ts";
import { segmentHeaderBytes } from "./journal-segment.ts";
import { Hint, LiveTail } from "./live-tail.ts";
import { joinCluster } from "./nodes.ts";
import { connect, type Session } from "./postgres/connect.ts";
import { EmbeddedPostgres } from "./postgres/embedded.ts";
import { migrate } from "./postgres/migrate.ts";
import { PostgresUnitOfWork, type SessionUnit } from "./unit-of-work.ts";
import { DataKeys } from "./vault/data-keys.ts";
import { loadOrCreateKeys } from "./vault/keys.ts";

type Setup = TestStorage & {
  journalFolder: string;
  projected: string[];
  open: (options?: Partial<JournalOptions<Session>>) => FileJournal<Session>;
};

async function setup(): Promise<Setup> {
  const storage = await testStorage();
  const projected: string[] = [];
  const journalFolder = join(storage.folder, "journal");
  const open = (options: Partial<JournalOptions<Session>> = {}): FileJournal<Session> =>
    FileJournal.open(storage.env, journalFolder, storage.keys, {
      unit: storage.unit,
      nodeId: storage.identity.nodeId,
      organizationId: storage.organizationId,
      project: async (_session, event) => {
        projected.push(event.id);
      },
      ...options,
    });
  return { ...storage, journalFolder, projected, open };
}

/** A unit whose database is away until told otherwise. */
function awayUnit(unit: SessionUnit<Session>): { unit: SessionUnit<Session>; comeBack: () => void } {
  let away = true;
  const wrapped = new Proxy(unit, {
    get: (target, key) =>
      key === "run" && away ? () => Promise.reject(new Unavailable("away")) : (Reflect.get(target, key) as unknown as object),
  });
  return { unit: wrapped, comeBack: () => (away = false) };
}

test("events go to disk and from there into the log, in order, each projected once", async () => {
  const { open, draft, log, projected, journalFolder } = await setup();
  const journal = open({ segmentBytesMax: 2_000 });
  const drafts = Array.from({ length: 50 }, (_, n) => draft({ payload: { n, text: "ä\u0000" } }));
  await Promise.all(drafts.map((entry, i) => journal.append(i === 0 ? [entry, draft({ payload: { n: -1 } })] : [entry])));
  await journal.drained();
  expect(journal.pending()).toEqual({ bytes: 0, events: 0 });
  const events = await log.read(0, 100);
  expect(events.map((event) => event.payload!.n)).toEqual([0, -1, ...Array.from({ length: 49 }, (_, n) => n + 1)]);
  expect(projected).toEqual(events.map((event) => event.id));
  await journal.stop();
  expect(readdirSync(journalFolder)).toEqual([]);
});

test("without a database events wait on disk, unreadable to others, and a new start moves them", async () => {
  const { open, draft, log, journalFolder, unit } = await setup();
  const away = awayUnit(unit);
  const first = open({ unit: away.unit });
  const drafts = [draft({ payload: { secret: "4711-secret" } }), draft()];
  await first.append(drafts);
  expect(first.pending().events).toBe(2);
  await first.stop();
  const [name] = readdirSync(journalFolder);
  expect(readFileSync(join(journalFolder, name!)).includes("4711-secret")).toBe(false);
  const second = open();
  expect(second.pending().events).toBe(2);
  await second.drained();
  expect((await log.read(0, 10)).map((event) => event.id)).toEqual(drafts.map((entry) => entry.id));
  await second.stop();
  expect(readdirSync(journalFolder)).toEqual([]);
});

test("the database comes back and the journal moves by itself", async () => {
  const { open, draft, log, unit } = await setup();
  const { unit: away, comeBack } = awayUnit(unit);
  const journal = open({ unit: away });
  await journal.append([draft()]);
  const drained = journal.drained();
  comeBack();
  await drained;
  expect((await log.head()).seq).toBe(1);
  await journal.stop();
});

test("a torn tail costs only what nobody was told, at any length of the tear", async () => {
  const { open, draft, journalFolder, unit, log } = await setup();
  const first = open({ unit: awayUnit(unit).unit });
  await first.append([draft({ payload: { n: 1 } })]);
  await first.append([draft({ payload: { n: 2 } })]);
  await first.stop();
  const path = join(journalFolder, readdirSync(journalFolder)[0]!);
  const whole = readFileSync(path);
  const secondLength = whole.readUInt32BE(segmentHeaderBytes) + 4;
  for (const cut of [1, 10, secondLength - 1]) {
    writeFileSync(path, whole.subarray(0, whole.length - cut));
    const torn = open({ unit: awayUnit(unit).unit });
    expect(torn.pending().events).toBe(1);
    await torn.stop();
  }
  writeFileSync(path, whole);
  appendFileSync(path, Buffer.alloc(5_000));
  const zeros = open();
  await zeros.drained();
  await zeros.stop();
  expect((await log.read(0, 10)).map((event) => event.payload!.n)).toEqual([1, 2]);
  expect(readdirSync(journalFolder)).toEqual([]);
});

test("what a start cannot read is never thrown away: a changed length, another magic; another version's and another's name stop it", async () => {
  const { open, draft, journalFolder, unit } = await setup();
  const written = async (): Promise<string> => {
    const journal = open({ unit: awayUnit(unit).unit });
    for (const n of [1, 2, 3]) await journal.append([draft({ payload: { n } })]);
    await journal.stop();
    return join(journalFolder, readdirSync(journalFolder).find((name) => name.endsWith(".log"))!);
  };
  const change = (path: string, at: number, to: string): Buffer => {
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    changed.write(to, at, "latin1");
    writeFileSync(path, changed);
    return bytes;
  };
  const path = await written();
  const second = segmentHeaderBytes + 4 + readFileSync(path).readUInt32BE(segmentHeaderBytes);
  const whole = change(path, second, "\u0000\u0007\u0000\u0000");
  const torn = open();
  await torn.drained();
  await torn.stop();
  expect(readdirSync(journalFolder)).toEqual([`${basename(path)}.torn`]);
  writeFileSync(path, whole);
  change(path, 0, "LLJ1");
  expect(() => open()).toThrow("another version");
  writeFileSync(path, whole);
  change(path, 0, "XXXX");
  await open().stop();
  expect(readdirSync(journalFolder)).toContain(`${basename(path)}.unknown`);
  writeFileSync(join(journalFolder, "0000000077.log"), whole);
  expect(() => open()).toThrow("says that it is number");
});

test("a changed record is noticed; what was before it is moved and the file is kept as evidence", async () => {
  const { open, draft, journalFolder, unit, log } = await setup();
  const first = open({ unit: awayUnit(unit).unit });
  for (const n of [1, 2, 3]) await first.append([draft({ payload: { n } })]);
  await first.stop();
  const path = join(journalFolder, readdirSync(journalFolder)[0]!);
  const bytes = readFileSync(path);
  const second = segmentHeaderBytes + 4 + bytes.readUInt32BE(segmentHeaderBytes);
  bytes[second + 40] = bytes[second + 40]! ^ 1;
  writeFileSync(path, bytes);
  const journal = open();
  await journal.drained();
  await journal.stop();
  expect((await log.read(0, 10)).map((event) => event.payload!.n)).toEqual([1]);
  expect(readdirSync(journalFolder)).toEqual(["0000000001.log.damaged"]);
});

test("acknowledged records that were cut off or taken away before a later segment are noticed, moved past, and kept as evidence", async () => {
  const { open, draft, journalFolder, unit, log } = await setup();
  const first = open({ unit: awayUnit(unit).unit, segmentBytesMax: 1 });
  for (const n of [1, 2, 3, 4]) await first.append([draft({ payload: { n } })]);
  await first.stop();
  const names = readdirSync(journalFolder).sort();
  expect(names.length).toBe(4);
  // The second ends before its only record, the third is gone: the fourth still says what was before it.
  const second = join(journalFolder, names[1]!);
  writeFileSync(second, readFileSync(second).subarray(0, segmentHeaderBytes));
  const journal = open();
  await journal.drained();
  await journal.stop();
  expect((await log.read(0, 10)).map((event) => event.payload!.n)).toEqual([1, 3, 4]);
  expect(readdirSync(journalFolder)).toEqual([`${names[2]}.gap`]);
});

test("another node's journal is refused", async () => {
  const { open, draft, unit } = await setup();
  const first = open({ unit: awayUnit(unit).unit });
  await first.append([draft()]);
  await first.stop();
  expect(() => open({ nodeId: "0192f0c1-0000-7000-8000-000000000001" })).toThrow("give each node its own data folder");
});

test("what has no canonical form is on disk as evidence before it is acknowledged", async () => {
  const { open, draft, log } = await setup();
  const journal = open();
  await journal.append([draft({ payload: { level: Number.NaN } }), draft({ payload: { name: "half \ud800" } }), draft()]);
  await journal.drained();
  const events = await log.read(0, 10);
  expect(events.map((event) => event.type)).toEqual(["event.unstorable", "event.unstorable", "test.happened"]);
  expect(events[0]!.payload!.type).toBe("test.happened");
  await journal.stop();
});

test("an event that is in the log already is not projected again", async () => {
  const { open, draft, unit, projected, log } = await setup();
  const [known, fresh] = [draft(), draft()];
  const first = open({ unit: awayUnit(unit).unit });
  await first.append([known, fresh]);
  await first.stop();
  await unit.run(async () => ({ value: undefined, events: [known] }));
  const journal = open();
  await journal.drained();
  expect(projected).toEqual([fresh.id]);
  expect((await log.head()).seq).toBe(2);
  await journal.stop();
});

test("what nobody waits for goes with what comes next; what is urgent takes it along at once", async () => {
  const { open, draft, unit, projected } = await setup();
  const batches: number[] = [];
  const counting: SessionUnit<Session> = {
    run: async (work, first) => {
      const done = await unit.run(work, first);
      batches.push(done.events.length);
      return done;
    },
  };
  const journal = open({ unit: counting, isUrgent: ({ type }) => type === "test.urgent" });
  const [one, two, urgent] = [draft(), draft(), draft({ type: "test.urgent" })];
  await journal.append([one]);
  await journal.append([two]);
  expect(projected).toEqual([]);
  await journal.append([urgent]);
  await journal.drained();
  expect([projected, batches]).toEqual([[one.id, two.id, urgent.id], [3]]);
  await journal.append([draft()]);
  while (journal.pending().events > 0) await Bun.sleep(5);
  expect(batches).toEqual([3, 1]);
  await journal.stop();
});

test("an event whose rows the database refuses is kept as event.unstorable, and the others go on", async () => {
  const { open, draft, log } = await setup();
  const bad = draft({ type: "test.bad" });
  const journal = open({
    project: async (session, event) => {
      if (event.id === bad.id) await session`select ${"nul \u0000"}::text`;
    },
  });
  await journal.append([draft(), bad, draft()]);
  await journal.drained();
  const events = await log.read(0, 10);
  expect(events.map((event) => event.type)).toEqual(["test.happened", "event.unstorable", "test.happened"]);
  expect(events[1]!.id).toBe(bad.id);
  expect(events[1]!.payload!.type).toBe("test.bad");
  await journal.stop();
});

test("at its limit new calls are refused, running ones may still write, and then nobody", async () => {
  const { open, draft, unit } = await setup();
  const journal = open({ unit: awayUnit(unit).unit, bytesMax: 20_000 });
  const filler = (): EventDraft => draft({ payload: { text: "x".repeat(2_000) } });
  while (!journal.isFull()) await journal.append([filler()]);
  expect(journal.pending().bytes).toBeGreaterThanOrEqual(20_000);
  await journal.append([filler()]);
  const refused = async (): Promise<void> => {
    for (;;) await journal.append([filler()]);
  };
  expect(refused()).rejects.toBeInstanceOf(Unavailable);
  await refused().catch(() => undefined);
  expect(journal.pending().bytes).toBeLessThan(30_000);
  await journal.stop();
});

test("a disk that refuses is Unavailable and full; when it is well again the journal notices by itself", async () => {
  const { open, draft, journalFolder, log } = await setup();
  const journal = open({ segmentBytesMax: 1 });
  await journal.append([draft()]);
  await journal.drained();
  renameSync(journalFolder, `${journalFolder}.gone`);
  await expect(journal.append([draft()])).rejects.toBeInstanceOf(Unavailable);
  expect(journal.isFull()).toBe(true);
  mkdirSync(journalFolder);
  await until(() => !journal.isFull());
  await journal.append([draft()]);
  await journal.drained();
  expect((await log.head()).seq).toBe(2);
  await journal.stop();
  rmSync(`${journalFolder}.gone`, { recursive: true });
});

test("another key file is refused, not read as damage", async () => {
  const { open, draft, unit, env, folder, journalFolder } = await setup();
  const first = open({ unit: awayUnit(unit).unit });
  await first.append([draft()]);
  await first.stop();
  const others = loadOrCreateKeys(env, join(folder, "other.key"));
  const options = { unit, nodeId: "n", organizationId: "o", project: () => Promise.resolve() };
  expect(() => FileJournal.open(env, journalFolder, others, options)).toThrow("another key file");
});

test("a server that is killed under the journal slows nobody down, and every acknowledged event is in the log once, in order", async () => {
  const env = realEnv("error");
  const data = testFolder();
  await using server = await EmbeddedPostgres.start(env, data, { kind: "asset", read: postgresAssetBytes });
  await server.ensureDatabase("landline");
  const sql = connect(server.target("landline"), { max: 4, name: "test" });
  await migrate(sql);
  const organizationId = newId<OrganizationId>(env);
  const keys = loadOrCreateKeys(env, join(testFolder(), "landline.key"));
  const dataKeys = new DataKeys(env, connect(server.target("landline"), { max: 1, name: "keys" }), keys, organizationId);
  const identity = await joinCluster(env, sql, newId(env));
  const log = new PostgresEventLog(sql, dataKeys);
  const hint = new Hint(sql, "another");
  const unit = new PostgresUnitOfWork<Session>(
    sql,
    { env, identity, keys: dataKeys },
    (session) => session,
    () => hint.ring(),
  );
  const seen: string[] = [];
  const tail = new LiveTail(env, sql, log, (events) => void seen.push(...events.map((event) => event.id)), 0);
  await tail.start();
  const journal = FileJournal.open(env, join(data, "journal"), keys, {
    unit,
    nodeId: identity.nodeId,
    organizationId,
    project: () => Promise.resolve(),
  });
  const acknowledged: string[] = [];
  for (let n = 0; n < 600; n++) {
    const id = newId<EventId>(env);
    const common = { organizationId, divisionId: null, actorId: identity.nodeId, subjectIds: [], payload: { n } };
    await journal.append([{ id, at: instantOf(id), type: "test.happened", seal: { kind: "conversation", id: `c${n % 9}` }, ...common }]);
    acknowledged.push(id);
    if (n === 200) process.kill(server.pid!, "SIGKILL");
    if (n === 400) await until(() => server.crashes === 1 && server.state === "up");
    if (n === 450) process.kill(server.pid!, "SIGKILL");
  }
  await journal.drained();
  expect((await log.read(0, 1_000)).map((event) => event.id)).toEqual(acknowledged as EventId[]);
  await until(() => seen.length === acknowledged.length);
  expect(seen).toEqual(acknowledged);
  expect(server.crashes).toBe(2);
  await tail.stop();
  await journal.stop();
  await sql.end();
}, 30_000);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 10));
}
