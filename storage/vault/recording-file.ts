// The form of a recording on disk: a header, then sealed chunks of audio, each bound to its place and to the one before it.
//
//    "LLREC2\n\0" | header length u32 | header JSON | chunk …
//    chunk: ciphertext length u32 | index u32 | flags u8 | AES-256-GCM ciphertext | tag (16)
//
// The key is the file's own. It lies beside it, wrapped, in `<id>.rec.key`: so it can be wrapped anew when the key file is replaced, without a
// byte of what was signed changing, and taking those few bytes away forgets the recording. The nonce is flags and index, the additional data is the recording's id, flags, index and
// the previous tag (for the first: the SHA-256 of all before it). So no chunk can be changed, swapped, repeated or taken out; the end is
// marked by the `final` flag, so none can be cut off either. No number, name or address is in the clear.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { z } from "zod";
import { recordingChunkBytesMax } from "../../core/lib/limits.ts";

export const recordingMagic = Buffer.from("LLREC2\n\0", "latin1");
const headerBytesMax = 16 * 1024;
export const chunkHeadBytes = 9;
export const chunkTagBytes = 16;
/** Interleaved s16le stereo at 8 kHz. */
export const audioBytesPerMs = 32;

/** `final`: nothing follows. `interrupted`: set by the recovery after a crash, so that it cannot pass for an orderly end. */
export const chunkFlags = { final: 1, interrupted: 2 } as const;

const headerSchema = z.strictObject({
  version: z.literal(2),
  recordingId: z.uuid(),
  conversationId: z.uuid(),
  format: z.literal("s16le"),
  rate: z.literal(8_000),
  channels: z.literal(2),
  createdAt: z.number().int(),
  chunkMs: z.number().int(),
});
export type RecordingHeader = z.infer<typeof headerSchema>;

const wrappedKeySchema = z.strictObject({
  version: z.literal(1),
  recordingId: z.uuid(),
  /** Which key file wraps it. */
  keyId: z.uuid(),
  /** Base64 of the sealed key, bound to the recording. */
  wrapped: z.string(),
});
export type WrappedKey = z.infer<typeof wrappedKeySchema>;

export function encodeWrappedKey(key: WrappedKey): Buffer {
  return Buffer.from(`${JSON.stringify(key)}\n`, "utf8");
}

/** Null: none of ours. */
export function decodeWrappedKey(bytes: Buffer): WrappedKey | null {
  try {
    return wrappedKeySchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return null;
  }
}

export type ChunkCursor = { readonly offset: number; readonly index: number; readonly previousTag: Buffer };

/** A recording that is not what was written: `place` says where, to the byte. */
export class RecordingDamaged extends Error {
  override readonly name = "RecordingDamaged";
  constructor(
    readonly code: "header" | "chunk" | "cut" | "beyond-end" | "key",
    readonly place: string,
    message: string,
  ) {
    super(`${place}: ${message}`);
  }
}

export function encodeHeader(header: RecordingHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length, 0);
  return Buffer.concat([recordingMagic, length, json]);
}

/** Null: not one of ours, or torn. `bytes` are the file's first ones, at least as many as there are up to 16 KiB. */
export function decodeHeader(bytes: Buffer): { readonly header: RecordingHeader; readonly start: ChunkCursor } | null {
  if (bytes.length < 12 || !bytes.subarray(0, 8).equals(recordingMagic)) return null;
  const end = 12 + bytes.readUInt32BE(8);
  if (end > bytes.length || end > headerBytesMax) return null;
  try {
    const header = headerSchema.parse(JSON.parse(bytes.toString("utf8", 12, end)));
    return { header, start: firstChunk(bytes.subarray(0, end)) };
  } catch {
    return null;
  }
}

/** Where the first chunk goes after these header bytes. */
export function firstChunk(headerBytes: Buffer): ChunkCursor {
  return { offset: headerBytes.length, index: 0, previousTag: createHash("sha256").update(headerBytes).digest() };
}

export function sealChunk(
  key: Uint8Array,
  recordingId: string,
  cursor: ChunkCursor,
  audio: Uint8Array,
  flags: number,
): { readonly bytes: Buffer; readonly next: ChunkCursor } {
  const head = Buffer.alloc(chunkHeadBytes);
  head.writeUInt32BE(audio.length, 0);
  head.writeUInt32BE(cursor.index, 4);
  head.writeUInt8(flags, 8);
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(head));
  cipher.setAAD(aadOf(recordingId, head, cursor.previousTag));
  const sealed = cipher.update(audio);
  cipher.final();
  const tag = cipher.getAuthTag();
  const bytes = Buffer.concat([head, sealed, tag]);
  return { bytes, next: { offset: cursor.offset + bytes.length, index: cursor.index + 1, previousTag: tag } };
}

export type ChunkHead = { readonly length: number; readonly flags: number; readonly sizeBytes: number };

/** Null when it cannot be the head of the chunk at this cursor. */
export function readChunkHead(head: Buffer, cursor: ChunkCursor): ChunkHead | null {
  if (head.length < chunkHeadBytes || head.readUInt32BE(4) !== cursor.index) return null;
  const length = head.readUInt32BE(0);
  const flags = head.readUInt8(8);
  if (length > recordingChunkBytesMax || flags > 3) return null;
  return { length, flags, sizeBytes: chunkHeadBytes + length + chunkTagBytes };
}

/** `bytes` is the whole chunk. Null when it does not open here. */
export function openChunk(
  key: Uint8Array,
  recordingId: string,
  cursor: ChunkCursor,
  bytes: Buffer,
): { audio: Buffer; next: ChunkCursor } | null {
  const tag = Buffer.from(bytes.subarray(bytes.length - chunkTagBytes));
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(bytes));
  decipher.setAAD(aadOf(recordingId, bytes.subarray(0, chunkHeadBytes), cursor.previousTag));
  decipher.setAuthTag(tag);
  try {
    const audio = decipher.update(bytes.subarray(chunkHeadBytes, bytes.length - chunkTagBytes));
    decipher.final();
    return { audio, next: { offset: cursor.offset + bytes.length, index: cursor.index + 1, previousTag: tag } };
  } catch {
    return null;
  }
}

// Flags are part of it: the mark that a recovery writes at an index shares no nonce with the chunk that a crash tore there.
function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce[0] = head[8]!;
  head.copy(nonce, 8, 4, 8);
  return nonce;
}

function aadOf(recordingId: string, head: Buffer, previousTag: Buffer): Buffer {
  return Buffer.concat([Buffer.from(recordingId, "latin1"), head, previousTag]);
}
