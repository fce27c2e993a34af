// The port to where recordings are kept: what the exchange and the pages need of it.
import type { ConversationId, RecordingId } from "../lib/id.ts";

export type RecordingFacts = {
  readonly recordingId: RecordingId;
  readonly conversationId: ConversationId;
  /** Relative to the recordings folder. */
  readonly path: string;
  readonly chunks: number;
  readonly durationMs: number;
  readonly sizeBytes: number;
  /** Of the sealed file, lower-case hex. */
  readonly sha256: string;
  /** `interrupted`: a crash ended it; what was sealed before is whole. */
  readonly state: "sealed" | "interrupted";
};

/**
 * A time in which nothing was recorded: the file holds silence of the same length. Instants in epoch ms; `endedAt` null: as long as the
 * recording. `by` and `resumedBy` are ids of a person, a program or a flow; `resumedBy` null: its time was over.
 */
export type RecordingPause = {
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly secure: boolean;
  readonly by: string;
  readonly reason: string;
  readonly resumedBy: string | null;
};

export interface RecordingVault {
  /** Writes and signs (Ed25519) the manifest beside the file; returns the SHA-256 of its bytes, which the log keeps. */
  signManifest(facts: RecordingFacts, pauses?: readonly RecordingPause[]): Promise<{ readonly manifestSha256: string }>;
  /** A file whose writer has died: what was sealed is kept, its end is marked as interrupted. @throws when nothing in it can be read */
  salvage(path: string): Promise<RecordingFacts>;
  /** Decrypts while streaming: interleaved 16-bit little-endian stereo at 8 kHz. Throws, naming the chunk, when anything was changed. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Key, file and manifest, for good; whoever calls it has written the event that says so. Nothing when they are gone already. */
  remove(path: string): void;
  /** gzip, base64: for what goes into an event's payload. */
  compress(text: string): string;
  decompress(base64: string): string;
}
