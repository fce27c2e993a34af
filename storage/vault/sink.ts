// Writes one recording, inside the media worker: every chunk is sealed, written and flushed before `write` resolves.
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../core/env/env.ts";
import { recordingChunkBytesMax, recordingChunkMs, recordingChunksWaitingMax, recordingRetryMs } from "../../core/lib/limits.ts";
import { flushData, flushPath, writeAll } from "../files.ts";
import { audioBytesPerMs, type ChunkCursor, chunkFlags, decodeHeader, sealChunk } from "./recording-file.ts";

/** What createRecordingTarget made on the main thread: the same shape as in telephony/media/plane.ts. */
export type RecordingTarget = {
  readonly path: string;
  readonly key: Uint8Array;
  /** What lies beside the file, at `<path>.key`. */
  readonly wrappedKey: Uint8Array;
  readonly header: Uint8Array;
};
export type RecordingEnd = { readonly chunks: number; readonly durationMs: number; readonly sizeBytes: number; readonly sha256: string };
export type RecordingSink = { write(samples: Uint8Array): Promise<void>; close(): Promise<RecordingEnd> };

/**
 * Makes the file and puts its header on disk. The `RecordingSinkFactory` of media workers. With a clock, a chunk that finds no room waits
 * for some, as long as the recorder lets chunks wait.
 */
export async function openRecordingSink(target: RecordingTarget, clock: Clock | null = null): Promise<RecordingSink> {
  const decoded = decodeHeader(Buffer.from(target.header));
  if (decoded === null) throw new Error("the recording's target has no valid header");
  // The key first: a recording is never there without it.
  closeSync(await newFile(`${target.path}.key`, target.wrappedKey));
  const fd = await newFile(target.path, target.header);
  return new FileSink(fd, target, decoded.header.recordingId, decoded.start, clock);
}

async function newFile(path: string, bytes: Uint8Array): Promise<number> {
  const fd = openSync(path, "wx", 0o600);
  try {
    await writeAll(fd, bytes, 0);
    await flushData(fd);
    flushPath(dirname(path));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

class FileSink implements RecordingSink {
  private readonly hash = createHash("sha256");
  private audioBytes = 0;
  /** Writes are one after the other, however they are called. */
  private last: Promise<void> = Promise.resolve();
  private failed = false;

  constructor(
    private readonly fd: number,
    private readonly target: RecordingTarget,
    private readonly recordingId: string,
    private cursor: ChunkCursor,
    private readonly clock: Clock | null,
  ) {
    this.hash.update(target.header);
  }

  write(samples: Uint8Array): Promise<void> {
    return this.inOrder(async () => {
      if (this.failed) throw new Error("the recording cannot be written any more");
      try {
        for (let at = 0; at < samples.length; at += recordingChunkBytesMax) {
          await this.append(samples.subarray(at, at + recordingChunkBytesMax), 0);
        }
      } catch (error) {
        // What was sealed before stays whole; a nonce is never used twice, so nothing but the mark of the end comes after.
        this.failed = true;
        throw error;
      }
    });
  }

  async close(): Promise<RecordingEnd> {
    let end: RecordingEnd | null = null;
    await this.inOrder(async () => {
      try {
        if (this.failed) ftruncateSync(this.fd, this.cursor.offset);
        await this.append(new Uint8Array(0), this.failed ? chunkFlags.final | chunkFlags.interrupted : chunkFlags.final);
        const { index, offset } = this.cursor;
        end = { chunks: index, durationMs: this.audioBytes / audioBytesPerMs, sizeBytes: offset, sha256: this.hash.digest("hex") };
      } finally {
        closeSync(this.fd);
      }
    });
    return end!;
  }

  private async append(audio: Uint8Array, flags: number): Promise<void> {
    const { bytes, next } = sealChunk(this.target.key, this.recordingId, this.cursor, audio, flags);
    await this.put(bytes);
    this.hash.update(bytes);
    this.cursor = next;
    this.audioBytes += audio.length;
  }

  // The same bytes to the same place: a nonce is used for them alone, however often they are tried.
  private async put(bytes: Uint8Array): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += recordingRetryMs) {
      try {
        await writeAll(this.fd, bytes, this.cursor.offset);
        return await flushData(this.fd);
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === "ENOSPC";
        if (this.clock === null || !isFull || waitedMs >= recordingChunksWaitingMax * recordingChunkMs) throw error;
        await new Promise<void>((done) => this.clock!.after(recordingRetryMs, done));
      }
    }
  }

  private inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
