// DTLS 1.2 handshake messages: fragments put together again in any order, client messages read, server messages written (RFC 6347 §4.2, RFC 5246 §7.4).
//
//  | type 1 | length 3 | message sequence 2 | fragment offset 3 | fragment length 3 | body … |

export const handshakeType = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

export const extension = {
  ecPointFormats: 11,
  useSrtp: 14,
  extendedMasterSecret: 23,
  supportedVersions: 43,
  renegotiationInfo: 0xff01,
} as const;

const headerBytes = 12;
/** A chain of certificates is the longest message; browsers send one of 300 bytes. */
const messageBytesMax = 16 * 1024;
/** A client has five messages; more at once are not one handshake's. */
const messagesAheadMax = 8;

export type Fragment = {
  readonly type: number;
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly body: Uint8Array;
};
export type Message = { readonly type: number; readonly sequence: number; readonly body: Uint8Array };

/** The fragments in one record, up to the first that makes no sense. */
export function parseFragments(record: Uint8Array): Fragment[] {
  const fragments: Fragment[] = [];
  const reader = new ByteReader(record);
  while (reader.left >= headerBytes) {
    const [type, length, sequence, offset] = [reader.byte(), reader.uint(3), reader.uint(2), reader.uint(3)];
    const body = reader.vector(3);
    if (reader.isBroken || length > messageBytesMax || offset + body.length > length) break;
    fragments.push({ type, length, sequence, offset, body });
  }
  return fragments;
}

type Partial = { readonly type: number; readonly body: Uint8Array; readonly has: Uint8Array; missing: number };

/** Puts messages together and hands them out in order; fragments may overlap, repeat, and come in any order. */
export class HandshakeInbox {
  next = 0;
  private readonly partial = new Map<number, Partial>();

  add({ type, length, sequence, offset, body }: Fragment): void {
    if (sequence < this.next || sequence >= this.next + messagesAheadMax) return;
    let message = this.partial.get(sequence);
    if (message === undefined) {
      message = { type, body: new Uint8Array(length), has: new Uint8Array(length), missing: length };
      this.partial.set(sequence, message);
    }
    // Of two stories about one message the first is kept; if it is the forged one, the handshake fails and is begun again.
    if (message.type !== type || message.body.length !== length) return;
    for (let i = 0; i < body.length; i++) {
      if (message.has[offset + i] === 1) continue;
      message.has[offset + i] = 1;
      message.body[offset + i] = body[i]!;
      message.missing--;
    }
  }

  /** The next message, once it is whole. */
  take(): Message | null {
    const message = this.partial.get(this.next);
    if (message === undefined || message.missing > 0) return null;
    this.partial.delete(this.next);
    return { type: message.type, sequence: this.next++, body: message.body };
  }
}

/** As one fragment: what is sent, and what goes into the transcript (RFC 6347 §4.2.6). */
export function writeMessage({ type, sequence, body }: Message): Uint8Array {
  return Buffer.concat([uint(1, type), uint(3, body.length), uint(2, sequence), uint(3, 0), uint(3, body.length), body]);
}

export type ClientHello = {
  readonly version: number;
  readonly random: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly extensions: ReadonlyMap<number, Uint8Array>;
};

/** Null when it is malformed. */
export function parseClientHello(body: Uint8Array): ClientHello | null {
  const reader = new ByteReader(body);
  const version = reader.uint(2);
  const random = reader.bytes(32);
  reader.vector(1);
  reader.vector(1);
  const cipherSuites = words(reader.vector(2));
  reader.vector(1);
  const extensions = new Map<number, Uint8Array>();
  const list = new ByteReader(reader.left > 0 ? reader.vector(2) : new Uint8Array());
  while (list.left > 0 && !list.isBroken) extensions.set(list.uint(2), list.vector(2));
  return reader.isBroken || list.isBroken || reader.left > 0 ? null : { version, random, cipherSuites, extensions };
}

/** The SRTP profiles a client offers (RFC 5764 §4.1.1). */
export function offeredProfiles(extensionBody: Uint8Array | undefined): readonly number[] {
  return extensionBody === undefined ? [] : words(new ByteReader(extensionBody).vector(2));
}

/** The client's own certificate, the first of its chain; null when it sent none. */
export function parseCertificate(body: Uint8Array): Uint8Array | null {
  const certificate = new ByteReader(new ByteReader(body).vector(3)).vector(3);
  return certificate.length > 0 ? certificate : null;
}

export function parseClientKeyExchange(body: Uint8Array): Uint8Array {
  return new ByteReader(body).vector(1);
}

export function parseCertificateVerify(body: Uint8Array): { readonly scheme: number; readonly signature: Uint8Array } {
  const reader = new ByteReader(body);
  return { scheme: reader.uint(2), signature: reader.vector(2) };
}

export function words(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
}

/** A number of `size` bytes. */
export function uint(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = value >>> (8 * (size - 1 - i));
  return bytes;
}

/** A length of `size` bytes, then the parts. */
export function vector(size: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint(size, content.length), content]);
}

/** Reads from front to end; past the end it yields nothing and says that it is broken. */
class ByteReader {
  isBroken = false;
  private at = 0;

  constructor(private readonly source: Uint8Array) {}

  get left(): number {
    return this.isBroken ? 0 : this.source.length - this.at;
  }

  byte(): number {
    return this.uint(1);
  }

  uint(size: number): number {
    return this.bytes(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  vector(size: number): Uint8Array {
    return this.bytes(this.uint(size));
  }

  bytes(size: number): Uint8Array {
    if (size > this.left) {
      this.isBroken = true;
      return new Uint8Array();
    }
    this.at += size;
    return this.source.subarray(this.at - size, this.at);
  }
}
