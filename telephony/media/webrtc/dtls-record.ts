// DTLS 1.2 records (RFC 6347 §4.1) and their protection by AES-128-GCM (RFC 5288).
//
//  | type 1 | version 2 | epoch 2 | sequence 6 | length 2 | fragment … |
import { createCipheriv, createDecipheriv } from "node:crypto";
import { IndexWindow } from "../srtp/window.ts";

export const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
export const dtls12 = 0xfefd;

const headerBytes = 13;
const explicitNonceBytes = 8;
const tagBytes = 16;
/** More records than any flight has in one datagram. */
const recordsPerDatagramMax = 32;

export type DtlsRecord = {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly fragment: Uint8Array;
};

/** The records of one datagram, up to the first that is not whole: what is wrong is dropped silently (§4.1.2.7). */
export function parseRecords(datagram: Uint8Array): DtlsRecord[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const records: DtlsRecord[] = [];
  for (let at = 0; at + headerBytes <= datagram.length && records.length < recordsPerDatagramMax; ) {
    const end = at + headerBytes + view.getUint16(at + 11);
    if (end > datagram.length || view.getUint8(at + 1) !== 0xfe) break;
    records.push({
      type: view.getUint8(at),
      epoch: view.getUint16(at + 3),
      sequence: view.getUint16(at + 5) * 2 ** 32 + view.getUint32(at + 7),
      fragment: datagram.subarray(at + headerBytes, end),
    });
    at = end;
  }
  return records;
}

export function writeRecord(type: number, epoch: number, sequence: number, fragment: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + fragment.length);
  const view = new DataView(record.buffer);
  view.setUint8(0, type);
  view.setUint16(1, dtls12);
  writeNumber(view, 3, epoch, sequence);
  view.setUint16(11, fragment.length);
  record.set(fragment, headerBytes);
  return record;
}

function writeNumber(view: DataView, at: number, epoch: number, sequence: number): void {
  view.setUint16(at, epoch);
  view.setUint16(at + 2, Math.floor(sequence / 2 ** 32));
  view.setUint32(at + 4, sequence % 2 ** 32);
}

/** One direction's keys: `iv` is the nonce's fixed half. */
export type RecordKeys = { readonly key: Uint8Array; readonly iv: Uint8Array };

/** Seals what we send and opens what the peer sends in one epoch. */
export class RecordProtection {
  private readonly window = new IndexWindow();

  constructor(
    private readonly epoch: number,
    private readonly local: RecordKeys,
    private readonly remote: RecordKeys,
  ) {}

  seal(type: number, sequence: number, plain: Uint8Array): Uint8Array {
    const number = this.numberOf(sequence);
    const cipher = createCipheriv("aes-128-gcm", this.local.key, Buffer.concat([this.local.iv, number]));
    cipher.setAAD(additionalData(number, type, plain.length));
    const sealed = Buffer.concat([number, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return writeRecord(type, this.epoch, sequence, sealed);
  }

  /** The plain fragment; null when the record is not authentic or was seen before (§4.1.2.6). */
  open(record: DtlsRecord): Uint8Array | null {
    const { fragment, type, sequence } = record;
    const size = fragment.length - explicitNonceBytes - tagBytes;
    if (size < 0 || record.epoch !== this.epoch || !this.window.isFresh(sequence)) return null;
    const nonce = Buffer.concat([this.remote.iv, fragment.subarray(0, explicitNonceBytes)]);
    const decipher = createDecipheriv("aes-128-gcm", this.remote.key, nonce);
    decipher.setAAD(additionalData(this.numberOf(sequence), type, size));
    decipher.setAuthTag(fragment.subarray(explicitNonceBytes + size));
    const plain = decipher.update(fragment.subarray(explicitNonceBytes, explicitNonceBytes + size));
    try {
      decipher.final();
    } catch {
      return null;
    }
    this.window.add(sequence);
    return plain;
  }

  private numberOf(sequence: number): Uint8Array {
    const number = new Uint8Array(8);
    writeNumber(new DataView(number.buffer), 0, this.epoch, sequence);
    return number;
  }
}

// RFC 5246 §6.2.3.3, the sequence number being epoch and sequence (RFC 6347 §4.1.2.1).
function additionalData(number: Uint8Array, type: number, size: number): Uint8Array {
  return Buffer.concat([number, Uint8Array.of(type, dtls12 >> 8, dtls12 & 0xff, size >> 8, size & 0xff)]);
}
