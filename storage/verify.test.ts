// Verification: green when nothing was done, exact when something was.
import { expect, test } from "bun:test";
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { User } from "../core/directory/user.ts";
import type { EventDraft } from "../core/events/event.ts";
import { type ConversationId, newId, type RecordingId, type UserId } from "../core/lib/id.ts";
import { type TestStorage, testStorage } from "../tests/support/storage.ts";
import { erasePayloads, eraseSubject } from "./erase.ts";
import { FileJournal } from "./journal.ts";
import { segmentHeaderBytes } from "./journal-segment.ts";
import { Heads } from "./vault/heads.ts";
import { FileRecordings } from "./vault/recordings.ts";
import { openRecordingSink } from "./vault/sink.ts";
import { type VerifyInput, type VerifyReport, verify, verifyLines } from "./verify.ts";

type Setup = TestStorage & {
  heads: Heads;
  recordings: FileRecordings;
  append: (events: readonly EventDraft[]) => Promise<void>;
  check: (changes?: Partial<VerifyInput>) => Promise<VerifyReport>;
};

async function setup(): Promise<Setup> {
  const storage = await testStorage();
  const { env, folder, keys, dataKeys, log, organizationId, identity, database, unit } = storage;
  const owner = { organizationId, nodeId: identity.nodeId };
  const heads = new Heads(env, join(folder, "checkpoints.log"), keys, log, owner);
  const recordings = new FileRecordings(env, join(folder, "recordings"), keys);
  const input: VerifyInput = {
    sql: database.sql,
    keys,
    dataKeys,
    headFiles: [heads.path],
    headsElsewhere: [],
    journalFolder: join(folder, "journal"),
    recordings,
    nodeId: identity.nodeId,
    rows: true,
  };
  const append = async (events: readonly EventDraft[]): Promise<void> => {
    await unit.run(async () => ({ value: undefined, events }));
  };
  return { ...storage, heads, recordings, append, check: (changes = {}) => verify({ ...input, ...changes }) };
}

const places = (report: VerifyReport): string[] => report.findings.map(({ code, place }) => `${code} @ ${place}`);

/** Rewrites the chain from `seq` on, as somebody would who has the database and reads this repository. */
async function rechain({ database }: Setup, seq: number): Promise<void> {
  await database.sql.unsafe(`do $$
    declare v record; v_prev bytea; v_hash bytea;
    begin
      select hash into v_prev from event where seq = ${seq - 1};
      for v in select * from event where seq >= ${seq} order by seq loop
        v_hash := sha256(convert_to(concat_ws(E'\\n', 'landline.event.v1', v.organization_id, v.seq, encode(v_prev, 'hex'), v.id,
          (extract(epoch from v.at) * 1000)::bigint, v.node_id, v.type, coalesce(v.division_id::text, '-'), v.actor_id,
          case when cardinality(v.subject_ids) = 0 then '-' else array_to_string(v.subject_ids, ',') end, encode(v.payload_digest, 'hex')), 'UTF8'));
        update event set prev = v_prev, hash = v_hash where seq = v.seq;
        v_prev := v_hash;
      end loop;
    end $$`);
}

test("a thousand erased payloads leave the chain green, and each is named with its eraser and policy", async () => {
  const { env, unit, organizationId, identity, draft, append, heads, check } = await setup();
  const drafts = Array.from({ length: 1_200 }, (_, n) => draft({ payload: { n } }));
  for (let i = 0; i < drafts.length; i += 400) await append(drafts.slice(i, i + 400));
  const order = { organizationId, actorId: identity.nodeId, policy: "calls 90 days" };
  const chosen = drafts.filter((_, n) => n % 6 !== 0).map((entry) => entry.id);
  expect((await erasePayloads(env, unit, order, chosen)).payloads).toBe(1_000);
  await heads.sign();
  const report = await check();
  expect(report.findings).toEqual([]);
  expect(report.checked).toMatchObject({ events: 1_201, payloads: 201, heads: 1 });
  expect(report.erased.map((entry) => entry.seq)).toEqual(drafts.flatMap((_, n) => (n % 6 !== 0 ? n + 1 : [])));
  expect(report.erased.every((entry) => entry.by === 1_201 && entry.policy === "calls 90 days")).toBe(true);
  expect(verifyLines(report)).toContain("payloads of 1000 events (2 … 1200) erased by 1201, policy calls 90 days");
  expect(verifyLines(report).at(-1)).toBe("verified: nothing was found");
  expect((await erasePayloads(env, unit, order, chosen.slice(0, 3))).payloads).toBe(0);
});

test("destroying a subject's key forgets its payloads; one that comes back is named, and later facts get a new key", async () => {
  const { env, unit, dataKeys, database, organizationId, identity, draft, append, log, check } = await setup();
  const seal = { kind: "conversation", id: "c1" } as const;
  await append([draft({ seal }), draft(), draft({ seal })]);
  const [kept] = await database.sql`select * from event_payload where seq = 3`;
  const order = { organizationId, actorId: identity.nodeId, policy: "request 12" };
  expect((await eraseSubject(env, unit, dataKeys, order, seal)).payloads).toBe(2);
  await database.sql`insert into event_payload ${database.sql(kept as { seq: number })}`;
  await append([draft({ seal, payload: { late: true } })]);
  const events = await log.read(0, 10);
  expect(events.map((event) => event.payload === null)).toEqual([true, false, true, false, false]);
  expect(events.map((event) => event.erased)).toEqual([true, false, true, false, false]);
  const report = await check();
  expect(places(report)).toEqual(["payload-returned @ event 3"]);
  await database.sql`delete from event_payload where seq = 3`;
  const clean = await check();
  expect(clean.findings).toEqual([]);
  expect(clean.erased).toEqual([1, 3].map((seq) => ({ seq, by: 4, policy: "request 12" })));
});

test("another node that still has a destroyed key in memory seals anew instead of failing", async () => {
  const { env, unit, database, keys, organizationId, identity, draft, append, log } = await setup();
  const seal = { kind: "user", id: "u1" } as const;
  await append([draft({ seal })]);
  const { DataKeys } = await import("./vault/data-keys.ts");
  const elsewhere = new DataKeys(env, database.connect(1), keys, organizationId);
  await eraseSubject(env, unit, elsewhere, { organizationId, actorId: identity.nodeId, policy: "p" }, seal);
  await append([draft({ seal, payload: { again: true } })]);
  expect((await log.read(2, 10)).map((event) => event.payload)).toEqual([{ again: true }]);
});

test("a header that was edited is named", async () => {
  const all = await setup();
  await all.append(Array.from({ length: 10 }, () => all.draft()));
  await all.database.sql`update event set actor_id = 'somebody-else' where seq = 4`;
  expect(places(await all.check())).toEqual(["chain-hash @ event 4", "payload-seal @ event 4"]);
});

test("a chain computed anew after an edit agrees with itself; the payload and the signed head contradict it", async () => {
  const all = await setup();
  await all.append(Array.from({ length: 5 }, () => all.draft()));
  await all.heads.sign();
  await all.append(Array.from({ length: 10 }, () => all.draft()));
  await all.heads.sign();
  await all.append([all.draft()]);
  await all.database.sql`update event set actor_id = 'somebody-else' where seq = 9`;
  await rechain(all, 9);
  const report = await all.check();
  expect(places(report)).toEqual(["payload-seal @ event 9", "head-mismatch @ event 15"]);
  expect(report.findings[1]!.message).toContain("written anew after event 5");
});

test("a tail that was cut off is found by the signed head, and by nothing else", async () => {
  const all = await setup();
  await all.append(Array.from({ length: 10 }, () => all.draft()));
  await all.heads.sign();
  await all.database.sql`delete from event_payload where seq > 7`;
  await all.database.sql`delete from event where seq > 7`;
  const report = await all.check();
  expect(places(report)).toEqual(["chain-cut @ event 7"]);
  expect(report.findings[0]!.message).toContain("3 events were cut off");
  expect((await all.check({ headFiles: [] })).remains[0]).toContain("no signed head");
});

test("an event taken out of the middle is a gap", async () => {
  const all = await setup();
  await all.append(Array.from({ length: 6 }, () => all.draft()));
  await all.database.sql`delete from event_payload where seq in (3, 4)`;
  await all.database.sql`delete from event where seq in (3, 4)`;
  const report = await all.check();
  expect(places(report)).toEqual(["chain-gap @ event 5"]);
  expect(report.findings[0]!.message).toBe("events 3 to 4 are missing before it");
});

test("runs of sequences that were pruned leave their signed ends: green while they link, named when one is bent, forged or not in the chain", async () => {
  const all = await setup();
  const { sql } = all.database;
  await all.append(Array.from({ length: 9 }, () => all.draft()));
  const prune = async (from: number, to: number): Promise<void> => {
    const [ends] = await sql<{ prev: string; hash: string }[]>`
      select encode(a.prev, 'hex') as prev, encode(b.hash, 'hex') as hash from event a, event b where a.seq = ${from} and b.seq = ${to}`;
    const run = { from, to, prev: ends!.prev, hash: ends!.hash, partition: "event_y2026m01" };
    await sql`insert into event_pruned values (${from}, ${to}, decode(${run.prev}, 'hex'), decode(${run.hash}, 'hex'), ${run.partition}, now(),
      ${all.keys.keyId}, decode(${all.keys.sign("pruned", run)}, 'base64'))`;
    await sql`delete from event_payload where seq between ${from} and ${to}`;
    await sql`delete from event where seq between ${from} and ${to}`;
  };
  await prune(1, 2);
  await prune(5, 6);
  await prune(9, 9);
  await all.append([all.draft()]);
  const report = await all.check();
  expect([report.findings, report.checked.events, (await all.log.head()).seq]).toEqual([[], 5, 10]);
  expect(report.remains.join()).toContain("5 events were pruned");
  await sql`update event_pruned set hash = set_byte(hash, 0, get_byte(hash, 0) # 1) where from_seq = 5`;
  expect(places(await all.check())).toEqual(["pruned-signature @ events 5 to 6", "chain-link @ event 7"]);
  await sql`update event_pruned set from_seq = 4 where from_seq = 5`;
  expect(places(await all.check())).toEqual(expect.arrayContaining(["pruned-signature @ events 4 to 6", "chain-double @ event 4"]));
});

test("a payload hidden behind a rightly destroyed key, a second row under a sequence, and missing heads are named", async () => {
  const all = await setup();
  const { sql } = all.database;
  const { env, unit, dataKeys, organizationId, identity, draft } = all;
  const seal = { kind: "conversation", id: "c9" } as const;
  await all.append([draft(), draft({ seal }), draft()]);
  await eraseSubject(env, unit, dataKeys, { organizationId, actorId: identity.nodeId, policy: "p" }, seal);
  const [key] = await sql<{ id: string }[]>`select id from data_key where wrapped is null`;
  await sql`update event_payload set key_id = ${key!.id} where seq = 1`;
  expect(places(await all.check())).toEqual(["payload-key @ event 1"]);
  const late = env.clock.now() + 3_600_000;
  const hex = late.toString(16).padStart(12, "0");
  const twin = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000001`;
  await sql`insert into event select seq, 'epoch'::timestamptz + ${late} * interval '1 millisecond', prev, hash, ${twin}::uuid, node_id, type,
    organization_id, division_id, 'victim', subject_ids, payload_digest from event where seq = 2`;
  expect(places(await all.check()).some((place) => place.startsWith("chain-"))).toBe(true);
  await sql`delete from event where id = ${twin}`;
  const other = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000002`;
  await all.append([draft({ id: other as never, at: late })]);
  expect(places(await all.check())).toContain("head-missing @ signed heads");
});

test("a payload that was changed, swapped or quietly deleted is named", async () => {
  const all = await setup();
  await all.append(Array.from({ length: 6 }, (_, n) => all.draft({ payload: { n } })));
  const { sql } = all.database;
  await sql`update event_payload set body = set_byte(body, 30, get_byte(body, 30) # 1) where seq = 2`;
  await sql`update event_payload p set body = q.body from event_payload q where p.seq = 4 and q.seq = 5`;
  await sql`delete from event_payload where seq = 6`;
  const report = await all.check();
  expect(places(report)).toEqual(["payload-seal @ event 2", "payload-seal @ event 4", "payload-missing @ event 6"]);
  expect((await all.log.read(1, 1))[0]).toMatchObject({ payload: null, erased: false });
});

test("heads: a line that was changed, taken out or not signed by us is named; half a line after a crash is not", async () => {
  const all = await setup();
  for (let i = 0; i < 4; i++) {
    await all.append([all.draft()]);
    await all.heads.sign();
  }
  const { path } = all.heads;
  const whole = readFileSync(path, "utf8");
  const lines = whole.trimEnd().split("\n");
  appendFileSync(path, lines[0]!.slice(0, 100));
  await all.append([all.draft()]);
  await all.heads.sign();
  expect((await all.check()).findings).toEqual([]);
  expect((await all.check()).checked.heads).toBe(5);
  writeFileSync(path, whole.replace('"seq":2', '"seq":3'));
  expect(places(await all.check())).toEqual(["head-signature @ checkpoints.log line 2", "head-order @ checkpoints.log line 3"]);
  writeFileSync(path, `${[lines[0], lines[1], lines[3]].join("\n")}\n`);
  expect(places(await all.check())).toEqual(["head-order @ checkpoints.log line 3"]);
});

test("rows: an edited, an older, a removed and an invented row are named", async () => {
  const all = await setup();
  const { database, unit, draft, organizationId, divisionId, env } = all;
  const ids = [1, 2, 3, 4].map(() => newId(env));
  const facts = (id: string, name: string, version: number) => ({
    ...{ id, organizationId, divisionId, name, description: "", skillEvaluationMethod: "ALL", scoringMethod: "TimestampAndPriority" },
    ...{
      alertingTimeoutSeconds: 8,
      serviceLevelPercentage: 0.8,
      serviceLevelMs: 20_000,
      acwWrapupPrompt: "OPTIONAL",
      acwTimeoutMs: 60_000,
    },
    ...{ version, createdAt: 1_795_575_977_478, modifiedAt: 1_795_575_977_478 },
  });
  const { audited } = await import("./audited.ts");
  const queues = audited[0]!.table;
  for (const [n, id] of ids.entries()) {
    await unit.run(async (session) => {
      await queues.insert(session, { ...facts(id, `q${n}`, 1), poolId: id });
      return {
        value: undefined,
        events: [
          draft({ type: "routing.queue.created", payload: { before: null, after: facts(id, `q${n}`, 1) }, rows: [{ table: "queue", id }] }),
        ],
      };
    });
  }
  await unit.run(async (session) => {
    await session`update queue set name = 'renamed', version = 2 where id = ${ids[1]!}`;
    return {
      value: undefined,
      events: [
        draft({ type: "routing.queue.updated", payload: { after: facts(ids[1]!, "renamed", 2) }, rows: [{ table: "queue", id: ids[1]! }] }),
      ],
    };
  });
  const green = await all.check();
  expect([green.findings, green.checked.rows]).toEqual([[], 4]);
  const { sql } = database;
  await sql`update queue set service_level_ms = 1 where id = ${ids[0]!}`;
  await sql`update queue set name = 'q1', version = 1, event_seq = 2 where id = ${ids[1]!}`;
  await sql`delete from queue where id = ${ids[2]!}`;
  const invented = newId(env);
  await sql`insert into queue select (jsonb_populate_record(q, jsonb_build_object('id', ${invented}::text, 'name', 'x', 'event_seq', 4))).* from queue q where id = ${ids[3]!}`;
  const unsaid = newId(env);
  await sql`insert into queue select (jsonb_populate_record(q, jsonb_build_object('id', ${unsaid}::text, 'name', 'y', 'event_seq', null))).* from queue q where id = ${ids[3]!}`;
  const report = await all.check();
  expect(places(report).sort()).toEqual(
    [
      `row-differs @ queue ${ids[0]}`,
      `row-event @ queue ${ids[1]}`,
      `row-missing @ queue ${ids[2]}`,
      `row-event @ queue ${invented}`,
      `row-event @ queue ${unsaid}`,
    ].sort(),
  );
  expect(report.findings.find((finding) => finding.code === "row-differs")!.message).toBe("serviceLevelMs differ from event 1");
});

test("rows that are made while it is checked are no contradiction", async () => {
  const { audited } = await import("./audited.ts");
  const all = await setup();
  const { env, unit, draft, organizationId, divisionId } = all;
  const skills = audited.find(({ table }) => table.name === "skill")!.table;
  const make = (): Promise<unknown> => {
    const id = newId(env);
    const common = { organizationId, divisionId, version: 1, createdAt: 1_795_575_977_478, modifiedAt: 1_795_575_977_478 };
    const row = { id, name: id, kind: "skill", ...common };
    return unit.run(async (session) => {
      await skills.insert(session, row);
      const payload = { before: null, after: row };
      return { value: undefined, events: [draft({ type: "routing.skill.created", payload, rows: [{ table: "skill", id }] })] };
    });
  };
  for (let n = 0; n < 20; n++) await make();
  let checking = true;
  const making = (async () => {
    while (checking) await make();
  })();
  for (let n = 0; n < 8; n++) expect((await all.check()).findings).toEqual([]);
  checking = false;
  await making;
  const report = await all.check();
  expect([report.findings, report.checked.rows]).toEqual([[], report.checked.events]);
});

test("a password that was put in by hand is named, though the log never held it", async () => {
  const { audited } = await import("./audited.ts");
  const { factsOf } = await import("../core/objects/commands.ts");
  const { userKind } = await import("../core/directory/kinds.ts");
  const all = await setup();
  const { database, unit, draft, organizationId, divisionId, env } = all;
  const users = audited.find(({ table }) => table.name === "user")!.table;
  const common = { organizationId, divisionId, version: 1, eventSeq: null, createdAt: 1_795_575_977_478, modifiedAt: 1_795_575_977_478 };
  const settings = {
    name: "Ada",
    email: "ada@example.org",
    state: "active" as const,
    roles: ["admin"],
    stationId: null,
    extension: null,
    phoneNumber: null,
    dialRights: [],
  };
  const id = newId<UserId>(env);
  const row: User = { ...common, ...settings, id, passwordHash: "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA" };
  await unit.run(async (session) => {
    await users.insert(session, row);
    const payload = { before: null, after: factsOf(userKind, row) };
    return { value: undefined, events: [draft({ type: "user.created", payload, rows: [{ table: "user", id }] })] };
  });
  const green = await all.check();
  expect([green.findings, green.checked.rows]).toEqual([[], 1]);
  expect(JSON.stringify(await all.log.read(0, 1))).not.toContain("argon2id");
  await database.sql`update "user" set password_hash = '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$c29tZWJvZHkgZWxzZSdz'`;
  expect((await all.check()).findings.map(({ message }) => message)).toEqual(["passwordHashDigest differ from event 1"]);
});

test("recordings: a flipped bit is named to file, chunk and byte", async () => {
  const all = await setup();
  const { env, recordings, draft, append } = all;
  const paths: string[] = [];
  for (let n = 0; n < 4; n++) {
    const recordingId = newId<RecordingId>(env);
    const conversationId = newId<ConversationId>(env);
    const target = recordings.target(recordingId, conversationId);
    const sink = await openRecordingSink(target);
    for (let i = 0; i < 8; i++) await sink.write(new Uint8Array(1_000_000).fill(i));
    const end = await sink.close();
    const path = target.path.slice(recordings.folder.length + 1);
    const { manifestSha256 } = await recordings.signManifest({ recordingId, conversationId, path, ...end, state: "sealed" });
    await append([draft({ type: "conversation.recording.closed", payload: { recordingId, path, ...end, manifestSha256 } })]);
    paths.push(path);
  }
  const green = await all.check();
  expect([green.findings, green.checked.recordings]).toEqual([[], 4]);
  const file = join(recordings.folder, paths[2]!);
  const bytes = readFileSync(file);
  bytes[5_000_000] = bytes[5_000_000]! ^ 1;
  writeFileSync(file, bytes);
  const report = await all.check();
  expect(report.findings.length).toBe(1);
  expect(report.findings[0]!.place).toStartWith(`${paths[2]} chunk 4 at byte 4000`);
  copyFileSync(join(recordings.folder, paths[1]!), file);
  expect(places(await all.check())).toContain(`recording-header @ ${paths[2]} at byte 12`);
  await append([draft({ type: "recording.erased", payload: { recordingId: newId(env), path: paths[2]!, policy: "90 days" } })]);
  recordings.remove(paths[2]!);
  expect([(await all.check()).findings, existsSync(file)]).toEqual([[], false]);
  copyFileSync(join(recordings.folder, paths[1]!), file);
  expect(places(await all.check())).toEqual([`recording-returned @ ${paths[2]}`]);
  rmSync(join(recordings.folder, paths[1]!));
  expect(places(await all.check())).toContain(`recording-missing @ ${paths[1]}`);
});

test("the journal is read too", async () => {
  const all = await setup();
  const { env, folder, keys, identity, draft } = all;
  const away = { run: () => Promise.reject(new Error("away")) };
  const journal = FileJournal.open(env, join(folder, "journal"), keys, {
    unit: away,
    nodeId: identity.nodeId,
    organizationId: all.organizationId,
    project: () => Promise.resolve(),
  });
  await journal.append([draft()]);
  await journal.append([draft()]);
  await journal.append([draft()]);
  expect((await all.check()).checked.journalRecords).toBe(3);
  await journal.stop();
  const path = join(folder, "journal/0000000001.log");
  const bytes = readFileSync(path);
  const second = segmentHeaderBytes + 4 + bytes.readUInt32BE(segmentHeaderBytes);
  bytes[second + 50] = bytes[second + 50]! ^ 1;
  writeFileSync(path, bytes);
  expect(places(await all.check())).toEqual([`journal-damaged @ journal 0000000001.log at byte ${second}`]);
});
