// One file of the journal: a header, then sealed records, each bound to the one before, so that none can be changed, moved or taken out.
//
//    0        4            8              44                     80                116         148                   152                168
//    +--------+------------+--------------+----------------------+-----------------+-----------+---------------------+------------------+ - -
//    | "LLJ2" | number u32 | node id (36) | organization id (36) | key id (36)     | salt (32) | previous number u32 | its last tag (16)| records …
//    +--------+------------+--------------+----------------------+-----------------+-----------+---------------------+------------------+ - -
//
//    previous: the segment before it that holds a record, and the tag of the last record acknowledged in it; zeros: none.
//    record:    length u32 (of what follows) | AES-256-GCM ciphertext | tag (16)
//
// The key is HMAC-SHA-256(journal key, salt), the nonce the record's index: a segment whose write failed is never written again.
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { readSync } from "node:fs";
import { journalRecordBytesMax } from "../core/lib/limits.ts";

export const segmentHeaderBytes = 168;
const magic = "LLJ2";
const tagBytes = 16;

/** Where one stands in a segment: the next record's offset and index, and the tag it is bound to. */
export type SegmentCursor = { readonly offset: number; readonly index: number; readonly previousTag: Buffer };

export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.log`;
}

/** Where the journal stood: a segment and the tag of its last record. */
export type SegmentEnd = { readonly number: number; readonly tag: Buffer };
export const noSegment: SegmentEnd = { number: 0, tag: Buffer.alloc(tagBytes) };

export type SegmentHead = {
  readonly number: number;
  readonly nodeId: string;
  readonly organizationId: string;
  readonly keyId: string;
  readonly salt: Uint8Array;
  readonly previous: SegmentEnd;
};

export function segmentHeader({ number, nodeId, organizationId, keyId, salt, previous }: SegmentHead): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  header.write(magic, 0, "latin1");
  header.writeUInt32BE(number, 4);
  header.write(nodeId, 8, "latin1");
  header.write(organizationId, 44, "latin1");
  header.write(keyId, 80, "latin1");
  header.set(salt, 116);
  header.writeUInt32BE(previous.number, 148);
  header.set(previous.tag, 152);
  return header;
}

/** Null when it is none of ours. */
export function parseSegmentHeader(header: Buffer): SegmentHead | null {
  if (header.length < segmentHeaderBytes || header.toString("latin1", 0, 4) !== magic) return null;
  return {
    number: header.readUInt32BE(4),
    nodeId: header.toString("latin1", 8, 44),
    organizationId: header.toString("latin1", 44, 80),
    keyId: header.toString("latin1", 80, 116),
    salt: header.subarray(116, 148),
    previous: { number: header.readUInt32BE(148), tag: header.subarray(152, 168) },
  };
}

/** The places of a segment that its successor may name. */
export class SegmentTags {
  private readonly tags = new Set<string>();
  private isEmpty = true;

  constructor(readonly number: number) {}

  add(cursor: SegmentCursor): void {
    this.tags.add(cursor.previousTag.toString("latin1"));
    this.isEmpty = false;
  }

  /** Whether what a later header names as before it is here. A segment without a record is named by nobody. */
  precedes(previous: SegmentEnd): boolean {
    return this.isEmpty || (previous.number === this.number && this.tags.has(Buffer.from(previous.tag).toString("latin1")));
  }

  get holdsRecords(): boolean {
    return !this.isEmpty;
  }
}

/** A segment of ours, but of an earlier or later form. */
export function isOtherForm(header: Buffer): boolean {
  const found = header.toString("latin1", 0, 4);
  return /^LLJ[0-9]$/.test(found) && found !== magic;
}

export function segmentKey(journalKey: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac("sha256", journalKey).update(salt).digest();
}

/** The cursor before the first record: bound to the header. */
export function segmentStart(header: Buffer): SegmentCursor {
  return { offset: segmentHeaderBytes, index: 0, previousTag: Buffer.from(header.subarray(0, segmentHeaderBytes)) };
}

/** The record's bytes and the cursor after it. */
export function sealRecord(
  key: Uint8Array,
  cursor: SegmentCursor,
  plain: Uint8Array,
): { readonly bytes: Buffer; readonly next: SegmentCursor } {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(cursor.index));
  cipher.setAAD(cursor.previousTag);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const tag = cipher.getAuthTag();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealed.length + tagBytes, 0);
  const bytes = Buffer.concat([length, sealed, tag]);
  return { bytes, next: { offset: cursor.offset + bytes.length, index: cursor.index + 1, previousTag: tag } };
}

export type ReadRecord =
  | { readonly kind: "record"; readonly plain: Buffer; readonly next: SegmentCursor }
  /** Nothing more, or only what a crash left of a write that nobody was told had succeeded. */
  | { readonly kind: "end"; readonly tornBytes: number; readonly isBlank?: true }
  /** A whole record that does not open: changed after it was written. */
  | { readonly kind: "damaged" };

/** Reads the record at the cursor from `fd`, looking no further than `end`. */
export function readRecord(fd: number, key: Uint8Array, cursor: SegmentCursor, end: number): ReadRecord {
  const rest = end - cursor.offset;
  if (rest < 4) return { kind: "end", tornBytes: rest };
  const head = read(fd, cursor.offset, 4);
  const length = head.readUInt32BE(0);
  // A file that grew before its content came reads as zeros.
  if (length === 0) return isZero(fd, cursor.offset, end) ? { kind: "end", tornBytes: rest, isBlank: true } : { kind: "damaged" };
  if (length < tagBytes || length > journalRecordBytesMax) return { kind: "damaged" };
  if (length > rest - 4) return { kind: "end", tornBytes: rest };
  const sealed = read(fd, cursor.offset + 4, length);
  const tag = sealed.subarray(length - tagBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(cursor.index));
  decipher.setAAD(cursor.previousTag);
  decipher.setAuthTag(tag);
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, length - tagBytes)), decipher.final()]);
    return {
      kind: "record",
      plain,
      next: { offset: cursor.offset + 4 + length, index: cursor.index + 1, previousTag: Buffer.from(tag) },
    };
  } catch {
    // The last record may have its length but not all of its pages.
    return cursor.offset + 4 + length === end ? { kind: "end", tornBytes: rest } : { kind: "damaged" };
  }
}

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 8);
  return nonce;
}

function read(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function isZero(fd: number, from: number, to: number): boolean {
  for (let at = from; at < to; at += 65_536) {
    if (read(fd, at, Math.min(65_536, to - at)).some((byte) => byte !== 0)) return false;
  }
  return true;
}
