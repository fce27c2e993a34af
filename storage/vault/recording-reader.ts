// Reads a recording chunk by chunk; whatever is not as it was written is named, to the chunk and the byte.
import { createHash, type Hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import type { Keys } from "./keys.ts";
import {
  audioBytesPerMs,
  type ChunkCursor,
  chunkFlags,
  chunkHeadBytes,
  decodeHeader,
  decodeWrappedKey,
  openChunk,
  RecordingDamaged,
  type RecordingHeader,
  readChunkHead,
} from "./recording-file.ts";
import { unseal } from "./seal.ts";

const blockBytes = 1024 * 1024;

export type ReadChunk = { readonly audio: Buffer; readonly flags: number; readonly cursor: ChunkCursor; readonly next: ChunkCursor };

/** One recording, opened for reading from start to end. */
export class RecordingReader implements AsyncDisposable {
  /** Bytes of the file from `blockAt` on. */
  private block: Buffer = Buffer.alloc(0);
  private blockAt = 0;
  private readonly hash: Hash = createHash("sha256");

  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    readonly header: RecordingHeader,
    readonly start: ChunkCursor,
    readonly key: Uint8Array,
    readonly sizeBytes: number,
  ) {}

  /** @throws RecordingDamaged when the header is not ours, or the key file is another */
  static async open(keys: Keys, path: string): Promise<RecordingReader> {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      const first = Buffer.alloc(Math.min(size, 32 * 1024));
      await handle.read(first, 0, first.length, 0);
      const decoded = decodeHeader(first);
      if (decoded === null) throw new RecordingDamaged("header", `${path} at byte 0`, "the header is damaged or not a recording's");
      // One put in another's place is that other's, whatever it is called.
      const name = basename(path).split(".")[0]!;
      if (decoded.header.recordingId !== name)
        throw new RecordingDamaged(
          "header",
          `${path} at byte 12`,
          `it is the recording ${decoded.header.recordingId} under another's name`,
        );
      const key = recordingKey(keys, path, name);
      const reader = new RecordingReader(handle, path, decoded.header, decoded.start, key, size);
      reader.hash.update(first.subarray(0, decoded.start.offset));
      return reader;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Every chunk up to and including the final one. @throws RecordingDamaged naming chunk and byte */
  async *chunks(): AsyncGenerator<ReadChunk> {
    let cursor = this.start;
    for (;;) {
      const chunk = await this.chunkAt(cursor);
      yield chunk;
      cursor = chunk.next;
      if ((chunk.flags & chunkFlags.final) !== 0) break;
    }
    if (cursor.offset !== this.sizeBytes) {
      throw new RecordingDamaged(
        "beyond-end",
        this.placeOf(cursor),
        `${this.sizeBytes - cursor.offset} bytes follow the end of the recording`,
      );
    }
  }

  /** SHA-256 of what was read so far: of the whole file after the last chunk. Call once. */
  sha256(): string {
    return this.hash.digest("hex");
  }

  placeOf(cursor: ChunkCursor): string {
    return `${this.path} chunk ${cursor.index} at byte ${cursor.offset} (${Math.floor((cursor.offset - this.start.offset) / audioBytesPerMs / 1_000)} s)`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.handle.close();
  }

  private async chunkAt(cursor: ChunkCursor): Promise<ReadChunk> {
    const headBytes = await this.read(cursor.offset, chunkHeadBytes);
    if (headBytes.length < chunkHeadBytes) {
      throw new RecordingDamaged("cut", this.placeOf(cursor), "the file ends here, but the recording does not: its end was cut off");
    }
    const head = readChunkHead(headBytes, cursor);
    if (head === null) throw new RecordingDamaged("chunk", this.placeOf(cursor), "this is not the chunk that belongs here");
    const bytes = await this.read(cursor.offset, head.sizeBytes);
    if (bytes.length < head.sizeBytes) throw new RecordingDamaged("cut", this.placeOf(cursor), "the chunk is cut short");
    const opened = openChunk(this.key, this.header.recordingId, cursor, bytes);
    if (opened === null) throw new RecordingDamaged("chunk", this.placeOf(cursor), "the chunk was changed or belongs elsewhere");
    this.hash.update(bytes);
    return { audio: opened.audio, flags: head.flags, cursor, next: opened.next };
  }

  private async read(offset: number, length: number): Promise<Buffer> {
    if (offset < this.blockAt || offset + length > this.blockAt + this.block.length) {
      const block = Buffer.allocUnsafe(Math.max(blockBytes, length));
      const { bytesRead } = await this.handle.read(block, 0, block.length, offset);
      this.block = block.subarray(0, bytesRead);
      this.blockAt = offset;
    }
    return this.block.subarray(offset - this.blockAt, offset - this.blockAt + length);
  }
}

// The file's own key, from the file beside it.
function recordingKey(keys: Keys, path: string, recordingId: string): Buffer {
  const place = `${path}.key`;
  if (!existsSync(place)) throw new RecordingDamaged("key", place, "the recording's key is gone: nothing in it can be read");
  const wrapped = decodeWrappedKey(readFileSync(place));
  if (wrapped === null) throw new RecordingDamaged("key", place, "it is damaged or not a recording's key");
  if (wrapped.keyId !== keys.keyId) throw new RecordingDamaged("key", place, `it was wrapped with another key file (${wrapped.keyId})`);
  const key = unseal(keys.derive("recordings"), Buffer.from(wrapped.wrapped, "base64"), recordingId);
  if (key === null) throw new RecordingDamaged("key", place, "it was changed, or belongs to another recording");
  return key;
}

/** Decrypts while streaming. @throws RecordingDamaged */
export async function* readRecording(keys: Keys, path: string): AsyncGenerator<Uint8Array> {
  await using reader = await RecordingReader.open(keys, path);
  for await (const { audio } of reader.chunks()) if (audio.length > 0) yield audio;
}
