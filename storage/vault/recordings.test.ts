// Recordings: what was said comes back, and every way of changing a file is found and named.
import { expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { type ConversationId, newId, type RecordingId } from "../../core/lib/id.ts";
import { recordingPath } from "../../core/recording/path.ts";
import { testFolder } from "../../tests/support/postgres.ts";
import { loadOrCreateKeys } from "./keys.ts";
import { FileRecordings } from "./recordings.ts";
import { openRecordingSink } from "./sink.ts";

const env = realEnv("error");
const chunkBytes = 32_000;

function setup() {
  const folder = testFolder();
  const keys = loadOrCreateKeys(env, join(folder, "keys/landline.key"));
  return { folder, keys, recordings: new FileRecordings(env, join(folder, "recordings"), keys) };
}

/** One second of audio that says which second it is. */
const second = (n: number): Uint8Array => new Uint8Array(chunkBytes).fill(n + 1);

async function record(recordings: FileRecordings, seconds: number, close = true) {
  const recordingId = newId<RecordingId>(env);
  const conversationId = newId<ConversationId>(env);
  const target = recordings.target(recordingId, conversationId);
  const sink = await openRecordingSink(target);
  await Promise.all(Array.from({ length: seconds }, (_, n) => sink.write(second(n))));
  const end = close ? await sink.close() : null;
  return { recordingId, conversationId, path: recordingPath(recordingId), file: target.path, end: end! };
}

async function readAll(recordings: FileRecordings, path: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of recordings.read(path)) parts.push(part);
  return Buffer.concat(parts);
}

test("what was written comes back, the end says how much, and nothing of it is readable on disk", async () => {
  const { recordings } = setup();
  const { path, file, end } = await record(recordings, 5);
  expect(end).toMatchObject({ chunks: 6, durationMs: 5_000, sizeBytes: statSync(file).size });
  expect(await readAll(recordings, path)).toEqual(Buffer.concat([0, 1, 2, 3, 4].map(second)));
  expect(readFileSync(file).includes(second(3).subarray(0, 64))).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a signed manifest and every chunk verify", async () => {
  const { recordings } = setup();
  const { end, file: _file, ...ids } = await record(recordings, 3);
  const { manifestSha256 } = await recordings.signManifest({ ...ids, ...end, state: "sealed" });
  expect((await recordings.verify(ids.path, manifestSha256)).findings).toEqual([]);
  expect((await recordings.verify(ids.path, "0".repeat(64))).findings.map((finding) => finding.code)).toEqual(["manifest-changed"]);
});

test("each way of changing a recording is found and named to the chunk and byte", async () => {
  const { recordings } = setup();
  const { end, file, ...ids } = await record(recordings, 4);
  const other = await record(recordings, 4);
  await recordings.signManifest({ ...ids, ...end, state: "sealed" });
  const whole = readFileSync(file);
  const size = chunkBytes + 25;
  const first = whole.length - 4 * size - 25;
  const at = (n: number): number => first + n * size;
  const flipped = Buffer.from(whole);
  flipped[at(2) + 1_000] = flipped[at(2) + 1_000]! ^ 4;
  const swapped = Buffer.concat([
    whole.subarray(0, at(1)),
    whole.subarray(at(2), at(3)),
    whole.subarray(at(1), at(2)),
    whole.subarray(at(3)),
  ]);
  const without = Buffer.concat([whole.subarray(0, at(1)), whole.subarray(at(2))]);
  const foreign = Buffer.concat([whole.subarray(0, at(1)), readFileSync(other.file).subarray(at(1), at(2)), whole.subarray(at(2))]);
  const cases: readonly [string, Buffer, string, string][] = [
    ["flipped bit", flipped, "recording-chunk", `chunk 2 at byte ${at(2)}`],
    ["swapped chunks", swapped, "recording-chunk", `chunk 1 at byte ${at(1)}`],
    ["chunk taken out", without, "recording-chunk", `chunk 1 at byte ${at(1)}`],
    ["chunk of another recording", foreign, "recording-chunk", `chunk 1 at byte ${at(1)}`],
    ["cut between chunks", whole.subarray(0, at(3)), "recording-cut", `chunk 3 at byte ${at(3)}`],
    ["cut inside a chunk", whole.subarray(0, at(3) + 500), "recording-cut", `chunk 3 at byte ${at(3)}`],
    ["something appended", Buffer.concat([whole, Buffer.of(0)]), "recording-beyond-end", `at byte ${whole.length}`],
    ["header changed", Buffer.concat([whole.subarray(0, 20), Buffer.of(0x20), whole.subarray(21)]), "recording-header", "byte 0"],
  ];
  for (const [what, bytes, code, place] of cases) {
    writeFileSync(file, bytes);
    const { findings } = await recordings.verify(ids.path);
    expect([what, findings.length, findings[0]!.code]).toEqual([what, 1, code]);
    expect(findings[0]!.place).toContain(place);
    expect(findings[0]!.place).toContain(ids.path);
  }
  // A whole file that is not the one that was signed.
  writeFileSync(file, readFileSync(other.file));
  expect((await recordings.verify(ids.path)).findings.map((finding) => finding.code)).toContain("recording-header");
});

test("after a crash what was sealed is kept, the torn chunk is cut off, and the end says interrupted", async () => {
  const { recordings } = setup();
  const { recordingId, conversationId, path, file } = await record(recordings, 3, false);
  const sealed = statSync(file).size;
  appendFileSync(file, Buffer.alloc(700, 7));
  truncateSync(file, sealed + 5);
  const { recovered, lost } = await recordings.recover();
  expect(lost).toEqual([]);
  expect(recovered).toEqual([
    expect.objectContaining({
      recordingId,
      conversationId,
      path,
      chunks: 4,
      durationMs: 3_000,
      state: "interrupted",
      sizeBytes: sealed + 25,
    }),
  ]);
  const { manifestSha256 } = await recordings.signManifest(recovered[0]!);
  expect((await recordings.verify(path, manifestSha256)).findings).toEqual([]);
  expect((await readAll(recordings, path)).length).toBe(3 * chunkBytes);
  expect((await recordings.recover()).recovered).toEqual([]);
});

test("a recovery that was interrupted itself, or a close whose manifest was not written, is taken up again", async () => {
  const { recordings } = setup();
  const closed = await record(recordings, 2);
  const open = await record(recordings, 2, false);
  const [a] = (await recordings.recover()).recovered.filter((facts) => facts.recordingId === closed.recordingId);
  expect(a).toEqual({ ...a!, ...closed.end, state: "sealed" });
  const again = (await recordings.recover()).recovered;
  expect(again.map((facts) => facts.state)).toEqual(["sealed", "interrupted"]);
  expect(again[1]!.recordingId).toBe(open.recordingId);
});

test("a file in which nothing can be read is kept aside and reported", async () => {
  const { recordings } = setup();
  const recordingId = newId<RecordingId>(env);
  const { path } = recordings.target(recordingId, newId<ConversationId>(env));
  writeFileSync(path, "LLREC1");
  const { recovered, lost } = await recordings.recover();
  expect([recovered, lost.map((entry) => entry.recordingId)]).toEqual([[], [recordingId]]);
  expect(existsSync(`${path}.lost`)).toBe(true);
});

test("a disk that is full rejects the write; what was sealed before stays whole and readable", async () => {
  const { recordings } = setup();
  const recordingId = newId<RecordingId>(env);
  const target = recordings.target(recordingId, newId<ConversationId>(env));
  const sink = await openRecordingSink(target);
  await sink.write(second(0));
  // A write of the wrong kind fails in the middle as a full disk does.
  await expect(sink.write("no audio" as unknown as Uint8Array)).rejects.toThrow();
  await expect(sink.write(second(1))).rejects.toThrow("cannot be written any more");
  const end = await sink.close();
  expect(end).toMatchObject({ chunks: 2, durationMs: 1_000 });
  expect(await readAll(recordings, recordingPath(recordingId))).toEqual(Buffer.from(second(0)));
});

test("the target's folder must be there, and a file is never written over", async () => {
  const { recordings, folder } = setup();
  const target = recordings.target(newId<RecordingId>(env), newId<ConversationId>(env));
  await (await openRecordingSink(target)).close();
  await expect(openRecordingSink(target)).rejects.toThrow();
  mkdirSync(join(folder, "elsewhere"));
  expect(() => recordings.read("../keys/landline.key")).toThrow("leads out");
});
