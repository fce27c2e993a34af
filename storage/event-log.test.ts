// The log against a real PostgreSQL: the chain, its concurrency, its idempotency, its fences.
import { expect, test } from "bun:test";
import { pause } from "../core/env/pause.ts";
import { firstPrev, headerHash } from "../core/events/chain.ts";
import type { EventDraft, LoggedEvent } from "../core/events/event.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { newId } from "../core/lib/id.ts";
import { testStorage } from "../tests/support/storage.ts";
import { NodeFenced } from "./append.ts";
import { Hint, LiveTail } from "./live-tail.ts";
import { joinCluster } from "./nodes.ts";
import type { Session } from "./postgres/connect.ts";
import { PostgresUnitOfWork } from "./unit-of-work.ts";

const append = async (unit: PostgresUnitOfWork<Session>, events: readonly EventDraft[]): Promise<readonly LoggedEvent[]> =>
  (await unit.run(async () => ({ value: undefined, events }))).events;

test("events come back as they went in, chained, with the hash that TypeScript computes too", async () => {
  const { unit, log, draft, divisionId } = await testStorage();
  expect(await log.head()).toEqual({ seq: 0, hash: firstPrev });
  const drafts = [
    draft({ subjectIds: ["a1", "b2"], payload: { name: "Zoë “Ω” 😀", n: 1e21, nested: { list: [null, true] } } }),
    draft({ divisionId: null, subjectIds: [], seal: { kind: "conversation", id: "c1" } }),
    draft({ subjectIds: ["b2"], seal: { kind: "user", id: "u1" }, type: "other.thing" }),
  ];
  const written = await append(unit, drafts);
  const read = await log.read(0, 10);
  expect(read.map((event) => event.payload)).toEqual(drafts.map((entry) => entry.payload));
  // What a commit says of itself is what everybody else reads.
  expect(read.map((event) => ({ ...event }))).toEqual(written.map((event) => ({ ...event })));
  let prev = firstPrev;
  for (const event of read) {
    expect(event.prev).toBe(prev);
    expect(headerHash(event)).toBe(event.hash);
    prev = event.hash;
  }
  expect(await log.head()).toEqual({ seq: 3, hash: prev });
  expect(read[0]!.divisionId).toBe(divisionId);
  expect(read[1]!.divisionId).toBeNull();
  expect((await log.readSubject("b2")).map((event) => event.seq)).toEqual([1, 3]);
  expect((await log.readSubject("b2", { types: ["other.thing"] })).map((event) => event.seq)).toEqual([3]);
  expect((await log.read(1, 1)).map((event) => event.seq)).toEqual([2]);
});

test("twenty writers at once neither fork the chain nor leave a gap", async () => {
  const { env, database, dataKeys, identity, log, draft } = await testStorage();
  const unit = new PostgresUnitOfWork<Session>(database.connect(20), { env, identity, keys: dataKeys }, (session) => session);
  let written = 0;
  const writer = async (n: number): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      const events = [draft({ subjectIds: [`w${n}`] }), ...(i % 3 === 0 ? [draft(), draft()] : [])];
      const { length } = await append(unit, events);
      written += length;
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => writer(n)));
  const events = await log.read(0, 1_000_000);
  expect(events.length).toBe(written);
  events.forEach((event, i) => {
    expect(event.seq).toBe(i + 1);
    expect(event.prev).toBe(i === 0 ? firstPrev : events[i - 1]!.hash);
  });
});

test("an event that is in the log already keeps its place and is not written again", async () => {
  const { unit, log, draft } = await testStorage();
  const [a, b] = [draft(), draft()];
  const [first] = await append(unit, [a]);
  const again = await append(unit, [a, b]);
  expect(again.map((header) => header.seq)).toEqual([1, 2]);
  expect(again[0]!.hash).toBe(first!.hash);
  expect((await log.head()).seq).toBe(2);
});

test("a transaction that fails changes nothing, neither rows nor log", async () => {
  const { env, database, unit, log, draft, organizationId } = await testStorage();
  const failed = unit.run(async (session) => {
    await session`insert into organization (id, name, created_at) values (${organizationId}, 'x', now())`;
    return { value: undefined, events: [draft(), draft({ rows: [{ table: "organization", id: newId(env) }] })] };
  });
  expect(failed).rejects.toThrow("audited-row-missing");
  await failed.catch(() => undefined);
  expect((await log.head()).seq).toBe(0);
  expect(await database.sql`select 1 from organization`).toBeEmpty();
});

test("an audited row carries the sequence of its event; a table that is not on the list is refused", async () => {
  const { unit, draft, organizationId, database } = await testStorage();
  await append(unit, [draft()]);
  await unit.run(async (session) => {
    await session`insert into organization (id, name, created_at) values (${organizationId}, 'x', now())`;
    return { value: undefined, events: [draft({ rows: [{ table: "organization", id: organizationId }] })] };
  });
  const [row] = await database.sql<{ seq: number }[]>`select event_seq as seq from organization`;
  expect(row!.seq).toBe(2);
  expect(append(unit, [draft({ rows: [{ table: "pg_class", id: "1" }] })])).rejects.toThrow("audited-table-unknown");
});

test("a node that was declared dead writes nothing more until it joins again", async () => {
  const { env, database, identity, unit, log, draft } = await testStorage();
  await append(unit, [draft()]);
  const { epoch } = await joinCluster(env, database.sql, identity.nodeId);
  expect(append(unit, [draft()])).rejects.toBeInstanceOf(NodeFenced);
  await append(unit, [draft()]).catch(() => undefined);
  expect((await log.head()).seq).toBe(1);
  identity.epoch = epoch;
  expect((await append(unit, [draft()]))[0]!.seq).toBe(2);
});

test("any isolation but read committed is refused by the database itself", async () => {
  const { database, identity } = await testStorage();
  const forked = database.sql.begin("isolation level repeatable read", (sql) => sql`select append_events(${identity.nodeId}, 1, '[]')`);
  expect(forked).rejects.toThrow("append-isolation");
  await forked.catch(() => undefined);
});

test("what the log cannot hold is kept as event.unstorable, in place, and the others go on", async () => {
  const { unit, log, draft } = await testStorage();
  const bad = [
    draft({ payload: { name: "half \ud800" } }),
    draft({ actorId: "two\nlines" }),
    draft({ subjectIds: ["ok", "a,b"] }),
    draft({ type: "No Such Type" }),
    draft({ payload: { big: "x".repeat(2 * 1024 * 1024) } }),
    draft({ at: 1 }),
  ];
  await append(unit, [draft(), ...bad, draft()]);
  const events = await log.read(0, 100);
  expect(events.map((event) => event.type)).toEqual(["test.happened", ...bad.map(() => "event.unstorable"), "test.happened"]);
  expect(events[3]!.subjectIds).toEqual(["ok"]);
  const kept = JSON.parse(Buffer.from(events[2]!.payload!.base64 as string, "base64").toString("utf8"));
  expect(kept.actorId).toBe("two\nlines");
  expect(events[5]!.payload!.bytes as number).toBeGreaterThan(2 * 1024 * 1024);
});

test("events of any month find their partition", async () => {
  const { env, unit, log, draft } = await testStorage();
  const at = (iso: string): EventDraft => {
    const ms = Date.parse(iso);
    const id = newId({ random: env.random, clock: { ...env.clock, now: () => ms } });
    return draft({ id: id as EventDraft["id"], at: ms });
  };
  await append(unit, [at("2026-01-31T23:59:59.999Z"), at("2026-02-01T00:00:00.000Z"), at("2031-12-31T23:59:59.999Z"), at("1999-05-05")]);
  const events = await log.read(0, 10);
  expect(events.map((event) => event.at)).toEqual(
    ["2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00.000Z", "2031-12-31T23:59:59.999Z", "1999-05-05"].map((iso) => Date.parse(iso)),
  );
  expect(events.every((event) => headerHash(event) === event.hash)).toBe(true);
});

test("the live tail hands every event over once, in order, across two connections", async () => {
  const { env, database, dataKeys, identity, log, draft } = await testStorage();
  const hint = new Hint(database.connect(1), "another");
  const appender = { env, identity, keys: dataKeys };
  const unit = new PostgresUnitOfWork<Session>(
    database.sql,
    appender,
    (session) => session,
    () => hint.ring(),
  );
  const seen: number[] = [];
  let enough: () => void = () => undefined;
  const all = new Promise<void>((done) => {
    enough = done;
  });
  const tail = new LiveTail(
    env,
    database.connect(1),
    log,
    async (events) => {
      seen.push(...events.map((event) => event.seq));
      if (seen.length === 30) enough();
    },
    0,
  );
  await tail.start();
  await Promise.all(Array.from({ length: 30 }, () => append(unit, [draft()])));
  await all;
  await tail.stop();
  expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
});

test("what this process commits is handed on without being read back, in the log's order, with what others wrote between", async () => {
  const { env, database, dataKeys, identity, log, draft } = await testStorage();
  const appender = { env, identity, keys: dataKeys };
  const commits: (readonly LoggedEvent[])[] = [];
  const own = new PostgresUnitOfWork<Session>(
    database.sql,
    appender,
    (session) => session,
    (events) => commits.push(events),
  );
  const other = new PostgresUnitOfWork<Session>(database.sql, appender, (session) => session);
  let reads = 0;
  const counting = new Proxy(log, {
    get: (target, key) => {
      if (key === "read") reads += 1;
      return Reflect.get(target, key).bind(target);
    },
  });
  const seen: LoggedEvent[] = [];
  const tail = new LiveTail(env, database.sql, counting, (events) => void seen.push(...events), 0);
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await pause(env.clock, 5);
  };
  tail.wake();
  while (reads < 1) await pause(env.clock, 5);
  await append(own, [draft(), draft()]);
  await append(own, [draft()]);
  // The answer of the second commit came first.
  tail.committed(commits[1]!);
  tail.committed(commits[0]!);
  await until(3);
  const before = reads;
  await append(own, [draft()]);
  tail.committed(commits[2]!);
  await until(4);
  expect(reads).toBe(before);
  await append(other, [draft()]);
  await append(own, [draft()]);
  tail.committed(commits[3]!);
  await until(6);
  expect(reads).toBe(before + 1);
  // Written again after an answer that was lost: the first has its place already, and the second comes after what another wrote.
  const [known] = await append(other, [draft()]);
  await append(other, [draft()]);
  const late = draft();
  tail.committed([known!, ...(await append(other, [late]))]);
  await until(9);
  expect(seen.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(seen.map((event) => ({ ...event }))).toEqual((await log.read(0, 10)).map((event) => ({ ...event })));
  await tail.stop();
});

test("a database that is away is Unavailable, not an exception of the driver", async () => {
  const { env, database, dataKeys, identity, draft } = await testStorage();
  const { connect } = await import("./postgres/connect.ts");
  const nowhere = connect({ ...database.target, host: "/nowhere", socketPath: "/nowhere/.s.PGSQL.5432" }, { max: 1, name: "nowhere" });
  const unit = new PostgresUnitOfWork<Session>(nowhere, { env, identity, keys: dataKeys }, (session) => session);
  expect(append(unit, [draft()])).rejects.toBeInstanceOf(Unavailable);
  await append(unit, [draft()]).catch(() => undefined);
  await nowhere.end();
});
