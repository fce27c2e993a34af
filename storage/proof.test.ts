// A proof that is taken away: whole when nothing was done to it, and every way of changing it named, without database or key file.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type ConversationId, newId, type RecordingId } from "../core/lib/id.ts";
import { testFolder } from "../tests/support/postgres.ts";
import { type TestStorage, testStorage } from "../tests/support/storage.ts";
import { checkProof, exportProof, headsOfProof, NoProof, type ProofReport, proofLines } from "./proof.ts";
import { Heads } from "./vault/heads.ts";
import { loadOrCreateKeys } from "./vault/keys.ts";
import { FileRecordings } from "./vault/recordings.ts";
import { openRecordingSink } from "./vault/sink.ts";

type Setup = TestStorage & { heads: Heads; happen: (times: number) => Promise<void>; proof: () => Promise<string[]> };

async function setup(): Promise<Setup> {
  const storage = await testStorage();
  const { env, folder, keys, log, organizationId, identity, database, unit, draft } = storage;
  const heads = new Heads(env, join(folder, "checkpoints.log"), keys, log, { organizationId, nodeId: identity.nodeId });
  const recordings = new FileRecordings(env, join(folder, "recordings"), keys);
  const happen = async (times: number): Promise<void> => {
    await unit.run(async () => ({
      value: undefined,
      events: Array.from({ length: times }, () => draft({ payload: { secret: "what was said" } })),
    }));
    await heads.sign();
  };
  const recordingId = newId<RecordingId>(env);
  const conversationId = newId<ConversationId>(env);
  const target = recordings.target(recordingId, conversationId);
  const end = await (await openRecordingSink(target)).close();
  await recordings.signManifest({
    ...{ recordingId, conversationId, path: target.path.slice(recordings.folder.length + 1) },
    ...end,
    state: "sealed",
  });
  const proof = async (): Promise<string[]> => {
    let text = "";
    const input = {
      sql: database.sql,
      keys,
      organizationId,
      headFile: heads.path,
      recordingsFolder: recordings.folder,
      now: env.clock.now(),
    };
    for await (const piece of exportProof(input)) text += piece;
    return text.trimEnd().split("\n");
  };
  return { ...storage, heads, happen, proof };
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const check = (lines: readonly string[]): Promise<ProofReport> => checkProof(each(lines));
const codes = async (lines: readonly string[]): Promise<string[]> =>
  (await check(lines)).findings.map(({ code, place }) => `${code} @ ${place}`);

test("a proof says what was there and holds; nothing that was said is in it", async () => {
  const { happen, proof, organizationId } = await setup();
  await happen(5);
  await happen(5);
  const lines = await proof();
  const report = await check(lines);
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ organizationId, checked: { events: 10, heads: 2, recordings: 1 } });
  expect(proofLines(report).at(-1)).toBe("verified: nothing was found");
  expect(lines.join("\n")).not.toContain("what was said");
});

test("each way of changing a proof is named", async () => {
  const { happen, proof } = await setup();
  await happen(6);
  const lines = await proof();
  const at = (part: string, from = 0): number => lines.findIndex((text, i) => i >= from && text.startsWith(`{"${part}"`));
  const event = at("event") + 2;
  const without = (index: number): string[] => lines.toSpliced(index, 1);
  const changed = (index: number, from: string | RegExp, to: string): string[] => lines.with(index, lines[index]!.replace(from, to));
  const cases: readonly (readonly [what: string, lines: readonly string[], expected: string])[] = [
    ["an event taken out", without(event), "chain-gap @ event 4"],
    ["an event edited", changed(event, '"type":"test.happened"', '"type":"test.other"'), "chain-hash @ event 3"],
    ["an event linked elsewhere", changed(event, /"prev":"../, '"prev":"00'), "chain-link @ event 3"],
    ["the end cut off", lines.slice(0, -1), `proof-cut @ line ${lines.length - 1}`],
    ["the tail of the chain cut off", without(at("event") + 5), "chain-cut @ event 5"],
    ["a head edited", changed(at("head"), String.raw`\"seq\":6`, String.raw`\"seq\":5`), "head-signature @ checkpoints.log line 1"],
    ["a manifest edited", changed(at("recording"), String.raw`\"chunks\":1`, String.raw`\"chunks\":2`), lines[at("recording")]!],
    ["something that is no line", lines.toSpliced(event, 0, "hello"), `proof-line @ line ${event + 1}`],
    ["something after the end", [...lines, lines[event]!], `proof-line @ line ${lines.length + 1}`],
    ["another count", changed(lines.length - 1, '"events":6', '"events":7'), "proof-signature @ the last line"],
  ];
  for (const [what, changedLines, expected] of cases) {
    const found = await codes(changedLines);
    const wanted = expected.startsWith("{") ? "manifest-unsigned" : expected;
    expect([what, found.some((code) => code.startsWith(wanted)), found]).toEqual([what, true, found]);
  }
});

test("a whole proof made anew with another key verifies in itself: only its fingerprint tells", async () => {
  const one = await setup();
  await one.happen(3);
  const other = await setup();
  await other.happen(3);
  const [a, b] = [await check(await one.proof()), await check(await other.proof())];
  expect([a.findings, b.findings]).toEqual([[], []]);
  expect(a.fingerprint).not.toBe(b.fingerprint);
  expect(a.fingerprint).toMatch(/^([0-9a-f]{8} ){7}[0-9a-f]{8}$/);
});

test("an older proof gives heads to hold the log against; another key's gives none", async () => {
  const { happen, proof, keys, env } = await setup();
  await happen(3);
  const lines = await proof();
  expect((await headsOfProof(each(lines), keys)).map(({ seq }) => seq)).toEqual([3]);
  const others = loadOrCreateKeys(env, join(testFolder(), "other.key"));
  await expect(headsOfProof(each(lines), others)).rejects.toBeInstanceOf(NoProof);
});

test("what is no proof is refused in a sentence", async () => {
  for (const lines of [[], ["hello"], ['{"form":"landline.proof.v2"}']]) await expect(check(lines)).rejects.toBeInstanceOf(NoProof);
});
