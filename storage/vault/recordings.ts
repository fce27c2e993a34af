// The recordings folder of a node: targets for new ones, signed manifests, reading, recovery after a crash, and verification.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Env } from "../../core/env/env.ts";
import { canonicalJson } from "../../core/lib/canonical.ts";
import type { ConversationId, RecordingId } from "../../core/lib/id.ts";
import { isId } from "../../core/lib/id.ts";
import { recordingChunkMs } from "../../core/lib/limits.ts";
import { recordingPath } from "../../core/recording/path.ts";
import type { RecordingFacts, RecordingPause, RecordingVault } from "../../core/recording/vault.ts";
import { flushPath } from "../files.ts";
import type { Finding } from "../finding.ts";
import type { Keys } from "./keys.ts";
import {
  audioBytesPerMs,
  type ChunkCursor,
  chunkFlags,
  encodeHeader,
  encodeWrappedKey,
  RecordingDamaged,
  sealChunk,
} from "./recording-file.ts";
import { RecordingReader, readRecording } from "./recording-reader.ts";
import { seal } from "./seal.ts";
import type { RecordingTarget } from "./sink.ts";

export type Recovery = {
  readonly recovered: readonly RecordingFacts[];
  /** Files with nothing in them that can be read; kept aside. */
  readonly lost: readonly { readonly recordingId: string; readonly path: string; readonly reason: string }[];
};

/** A chunk of one second and its head. */
const cutBytesMax = 1_000 * audioBytesPerMs + 64;

export class FileRecordings implements RecordingVault {
  constructor(
    private readonly env: Env,
    /** `<data>/recordings`. */
    readonly folder: string,
    private readonly keys: Keys,
  ) {}

  /** A new file with a key of its own, wrapped by the key file: no database is needed to start recording. */
  target(recordingId: RecordingId, conversationId: ConversationId): RecordingTarget {
    const path = join(this.folder, recordingPath(recordingId));
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const key = this.env.random.bytes(32);
    const header = encodeHeader({
      version: 2,
      recordingId,
      conversationId,
      format: "s16le",
      rate: 8_000,
      channels: 2,
      createdAt: this.env.clock.now(),
      chunkMs: recordingChunkMs,
    });
    const wrapped = seal(this.env.random, this.keys.derive("recordings"), key, recordingId).toString("base64");
    return { path, key, wrappedKey: encodeWrappedKey({ version: 1, recordingId, keyId: this.keys.keyId, wrapped }), header };
  }

  /** Written aside and renamed: a manifest is there whole or not at all, and a recording without one is looked at again at start. */
  async signManifest(facts: RecordingFacts, pauses: readonly RecordingPause[] = []): Promise<{ readonly manifestSha256: string }> {
    const statement = { version: 1, ...facts, pauses, format: "s16le/8000/2", keyId: this.keys.keyId };
    const signature = this.keys.sign("recording", statement);
    const text = `${canonicalJson({ ...statement, signature })}\n`;
    const path = this.manifestPath(facts.path);
    writeFileSync(`${path}.half`, text, { mode: 0o600, flush: true });
    renameSync(`${path}.half`, path);
    flushPath(dirname(path));
    return { manifestSha256: createHash("sha256").update(text).digest("hex") };
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return readRecording(this.keys, this.inside(path));
  }

  /** Key, file and manifest, for good. Whoever calls it has written the event that says so. */
  remove(path: string): void {
    const file = this.inside(path);
    const folder = dirname(file);
    if (!existsSync(folder)) return;
    // The key first: without it the rest is noise, whatever becomes of it. Copies that a recovery kept aside hold the same sound.
    rmSync(`${file}.key`, { force: true });
    flushPath(folder);
    for (const name of readdirSync(folder)) if (name.startsWith(basename(file))) rmSync(join(folder, name), { force: true });
    flushPath(folder);
  }

  compress(text: string): string {
    return gzipSync(text).toString("base64");
  }

  decompress(base64: string): string {
    return gunzipSync(Buffer.from(base64, "base64"), { maxOutputLength: 16 * 1024 * 1024 }).toString("utf8");
  }

  /**
   * At start: every file without a manifest was being written, or had just been closed, when the node died. What was sealed is kept, a torn
   * chunk is cut off, and the end is marked as interrupted. The caller signs the manifests and writes the events.
   */
  async recover(): Promise<Recovery> {
    const recovered: RecordingFacts[] = [];
    const lost: Recovery["lost"][number][] = [];
    for (const path of recordingFiles(this.folder)) {
      if (existsSync(`${path}.json`)) continue;
      try {
        recovered.push(await this.recoverFile(path));
      } catch (error) {
        const recordingId = basename(path, ".rec");
        this.env.log.error("a recording cannot be recovered and is kept aside", { recording: recordingId, reason: String(error) });
        renameSync(path, `${path}.lost`);
        if (isId(recordingId)) lost.push({ recordingId, path: relative(this.folder, path), reason: String(error) });
      }
    }
    return { recovered, lost };
  }

  salvage(path: string): Promise<RecordingFacts> {
    return this.recoverFile(this.inside(path));
  }

  private async recoverFile(path: string): Promise<RecordingFacts> {
    await using reader = await RecordingReader.open(this.keys, path);
    let end: ChunkCursor = reader.start;
    let audioBytes = 0;
    let flags = 0;
    try {
      for await (const chunk of reader.chunks()) {
        end = chunk.next;
        audioBytes += chunk.audio.length;
        flags = chunk.flags;
      }
    } catch (error) {
      if (!(error instanceof RecordingDamaged)) throw error;
      this.env.log.warn("a recording was cut short by a crash", { recording: reader.header.recordingId, at: error.place });
      // A crash cuts, and cuts at most the chunk that was being written; anything else is kept as it was found.
      if (error.code !== "cut" || reader.sizeBytes - end.offset > cutBytesMax) copyFileSync(path, `${path}.damaged`);
    }
    if ((flags & chunkFlags.final) === 0) {
      flags = chunkFlags.final | chunkFlags.interrupted;
      end = await appendMark(reader, end, flags);
    }
    return {
      recordingId: reader.header.recordingId as RecordingId,
      conversationId: reader.header.conversationId as ConversationId,
      path: relative(this.folder, path),
      chunks: end.index,
      durationMs: audioBytes / audioBytesPerMs,
      sizeBytes: end.offset,
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
      state: (flags & chunkFlags.interrupted) === 0 ? "sealed" : "interrupted",
    };
  }

  /** Checks manifest and every chunk. `manifestSha256` is what the log says; undefined: the log is not asked. */
  async verify(path: string, manifestSha256?: string): Promise<{ readonly findings: readonly Finding[]; readonly bytes: number }> {
    const file = this.inside(path);
    const findings: Finding[] = [];
    const manifest = this.readManifest(path, manifestSha256, findings);
    if (!existsSync(file))
      return { findings: [...findings, { code: "recording-missing", place: path, message: "the recording's file is gone" }], bytes: 0 };
    try {
      await using reader = await RecordingReader.open(this.keys, file);
      let chunks = 0;
      for await (const chunk of reader.chunks()) chunks = chunk.next.index;
      if (manifest !== null) compare(path, manifest, { chunks, sizeBytes: reader.sizeBytes, sha256: reader.sha256() }, findings);
      return { findings, bytes: reader.sizeBytes };
    } catch (error) {
      if (!(error instanceof RecordingDamaged)) throw error;
      findings.push({
        code: `recording-${error.code}`,
        place: error.place.replace(`${this.folder}/`, ""),
        message: error.message.slice(error.place.length + 2),
      });
      return { findings, bytes: 0 };
    }
  }

  private readManifest(path: string, expectedSha256: string | undefined, findings: Finding[]): Partial<RecordingFacts> | null {
    const place = `${path}.json`;
    const file = this.manifestPath(path);
    if (!existsSync(file)) {
      findings.push({ code: "manifest-missing", place, message: "the recording's manifest is gone" });
      return null;
    }
    const bytes = readFileSync(file);
    if (expectedSha256 !== undefined && createHash("sha256").update(bytes).digest("hex") !== expectedSha256) {
      findings.push({ code: "manifest-changed", place, message: "the manifest is not the one that the log names" });
    }
    try {
      const { signature, ...statement } = JSON.parse(bytes.toString("utf8")) as { signature: string } & RecordingFacts;
      if (this.keys.verify("recording", statement, signature)) return statement;
    } catch {
      findings.push({ code: "manifest-unsigned", place, message: "the manifest is not even JSON" });
      return null;
    }
    findings.push({ code: "manifest-unsigned", place, message: "the manifest's signature is not ours" });
    return null;
  }

  private manifestPath(path: string): string {
    return `${this.inside(path)}.json`;
  }

  // A path comes from a row; it must not lead out of the folder.
  private inside(path: string): string {
    const file = resolve(this.folder, path);
    if (!file.startsWith(`${resolve(this.folder)}/`))
      throw new RecordingDamaged("header", path, "the path leads out of the recordings folder");
    return file;
  }
}

function compare(
  path: string,
  manifest: Partial<RecordingFacts>,
  real: Pick<RecordingFacts, "chunks" | "sizeBytes" | "sha256">,
  findings: Finding[],
): void {
  for (const [key, own] of [
    ["recordingId", basename(path, ".rec")],
    ["path", path],
  ] as const) {
    if (manifest[key] !== own)
      findings.push({ code: "recording-not-as-signed", place: path, message: `the signed manifest is that of ${manifest[key]}` });
  }
  for (const key of ["chunks", "sizeBytes", "sha256"] as const) {
    if (manifest[key] !== real[key]) {
      findings.push({
        code: "recording-not-as-signed",
        place: path,
        message: `${key} is ${real[key]}, the signed manifest says ${manifest[key]}`,
      });
    }
  }
}

async function appendMark(reader: RecordingReader, end: ChunkCursor, flags: number): Promise<ChunkCursor> {
  const { bytes, next } = sealChunk(reader.key, reader.header.recordingId, end, new Uint8Array(0), flags);
  const handle = await open(reader.path, "r+");
  try {
    await handle.truncate(end.offset);
    await handle.write(bytes, 0, bytes.length, end.offset);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return next;
}

/** Every recording below the folder, in order of day and id. */
export function recordingFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return recordingFiles(path);
      return entry.name.endsWith(".rec") ? [path] : [];
    });
}
