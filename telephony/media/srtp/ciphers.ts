// The two kinds of cipher of SRTP under their session keys: AES-CM with HMAC-SHA1 (RFC 3711 §4, RFC 6188), AES-GCM (RFC 7714).
import { type Cipheriv, createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";

/** Seals and opens whole packets; indices and replay are its caller's. `header` bytes stay readable. */
export interface SrtpCipher {
  /** Bytes that sealing adds to an RTP packet. */
  readonly overhead: number;
  /** Writes the sealed packet to `out`; its size. */
  seal(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number;
  /** Writes the plain packet to `out`; its size, or -1 when it is not authentic. */
  open(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number;
  sealRtcp(packet: Uint8Array, index: number): Uint8Array;
  openRtcp(packet: Uint8Array): { readonly plain: Uint8Array; readonly index: number } | null;
}

export type SrtpKeys = { readonly key: Uint8Array; readonly salt: Uint8Array };

export const packetBytesMax = 2_048;
const rtcpHeaderBytes = 8;
const encryptedFlag = 0x80000000;

/** Session keys by label (RFC 3711 §4.3, key derivation rate 0), by the master key's own AES; a GCM salt of 12 bytes is padded to 14 (RFC 7714 §11). */
export function deriveKey(master: SrtpKeys, label: number, size: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.set(master.salt, 0);
  iv[7]! ^= label;
  return createCipheriv(`aes-${bitsOf(master.key)}-ctr`, master.key, iv).update(Buffer.alloc(size));
}

const bitsOf = (key: Uint8Array): 128 | 256 => (key.length === 32 ? 256 : 128);

export function gcmCipher(master: SrtpKeys): SrtpCipher {
  const size = master.key.length;
  return new GcmCipher(
    { key: deriveKey(master, 0, size), salt: deriveKey(master, 2, 12) },
    { key: deriveKey(master, 3, size), salt: deriveKey(master, 5, 12) },
  );
}

/** `tagBytes` is that of voice: reports have 80 bits whatever the suite (RFC 4568 §6.2). */
export function counterModeCipher(master: SrtpKeys, tagBytes: 4 | 10): SrtpCipher {
  const size = master.key.length;
  return new CounterModeCipher(
    { stream: new KeyStream(deriveKey(master, 0, size), deriveKey(master, 2, 14)), authKey: deriveKey(master, 1, 20) },
    { stream: new KeyStream(deriveKey(master, 3, size), deriveKey(master, 5, 14)), authKey: deriveKey(master, 4, 20) },
    tagBytes,
  );
}

const gcmTagBytes = 16;

export class GcmCipher implements SrtpCipher {
  readonly overhead = gcmTagBytes;
  private readonly iv = new Uint8Array(12);
  private readonly algorithm: "aes-128-gcm" | "aes-256-gcm";

  constructor(
    private readonly rtp: SrtpKeys,
    private readonly rtcp: SrtpKeys,
  ) {
    this.algorithm = `aes-${bitsOf(rtp.key)}-gcm`;
  }

  seal(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number {
    const cipher = createCipheriv(this.algorithm, this.rtp.key, this.rtpIv(packet, rollover));
    const head = packet.subarray(0, header);
    cipher.setAAD(head);
    out.set(head);
    out.set(cipher.update(packet.subarray(header)), header);
    cipher.final();
    out.set(cipher.getAuthTag(), packet.length);
    return packet.length + gcmTagBytes;
  }

  open(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number {
    const end = packet.length - gcmTagBytes;
    if (end < header) return -1;
    const decipher = createDecipheriv(this.algorithm, this.rtp.key, this.rtpIv(packet, rollover));
    const head = packet.subarray(0, header);
    decipher.setAAD(head);
    decipher.setAuthTag(packet.subarray(end));
    const plain = decipher.update(packet.subarray(header, end));
    if (!isAuthentic(decipher)) return -1;
    out.set(head);
    out.set(plain, header);
    return end;
  }

  // The AAD is the header and the trailer, E flag and index; the trailer comes after the tag (RFC 7714 §9).
  sealRtcp(packet: Uint8Array, index: number): Uint8Array {
    const trailer = trailerOf(index);
    const cipher = createCipheriv(this.algorithm, this.rtcp.key, this.rtcpIv(packet, index));
    const head = packet.subarray(0, rtcpHeaderBytes);
    cipher.setAAD(Buffer.concat([head, trailer]));
    const sealed = cipher.update(packet.subarray(rtcpHeaderBytes));
    cipher.final();
    return Buffer.concat([head, sealed, cipher.getAuthTag(), trailer]);
  }

  openRtcp(packet: Uint8Array): { plain: Uint8Array; index: number } | null {
    const trailerAt = packet.length - 4;
    const tagAt = trailerAt - gcmTagBytes;
    if (tagAt < rtcpHeaderBytes) return null;
    const index = encryptedIndex(packet, trailerAt);
    if (index < 0) return null;
    const decipher = createDecipheriv(this.algorithm, this.rtcp.key, this.rtcpIv(packet, index));
    const head = packet.subarray(0, rtcpHeaderBytes);
    decipher.setAAD(Buffer.concat([head, packet.subarray(trailerAt)]));
    decipher.setAuthTag(packet.subarray(tagAt, trailerAt));
    const plain = decipher.update(packet.subarray(rtcpHeaderBytes, tagAt));
    return isAuthentic(decipher) ? { plain: Buffer.concat([head, plain]), index } : null;
  }

  // RFC 7714 §8.1: 00 00 | SSRC | ROC | SEQ, xor salt.
  private rtpIv(packet: Uint8Array, rollover: number): Uint8Array {
    const { iv } = this;
    iv.set(this.rtp.salt);
    for (let i = 0; i < 4; i++) iv[2 + i]! ^= packet[8 + i]!;
    xorWord(iv, 6, rollover);
    iv[10]! ^= packet[2]!;
    iv[11]! ^= packet[3]!;
    return iv;
  }

  // RFC 7714 §9.1: 00 00 | SSRC | 00 00 | 0 and index, xor salt.
  private rtcpIv(packet: Uint8Array, index: number): Uint8Array {
    const { iv } = this;
    iv.set(this.rtcp.salt);
    for (let i = 0; i < 4; i++) iv[2 + i]! ^= packet[4 + i]!;
    xorWord(iv, 8, index);
    return iv;
  }
}

function isAuthentic(decipher: { final(): unknown }): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}

const reportTagBytes = 10;

type CounterModeKeys = { readonly stream: KeyStream; readonly authKey: Uint8Array };

class CounterModeCipher implements SrtpCipher {
  private readonly rollover = new Uint8Array(4);

  constructor(
    private readonly rtp: CounterModeKeys,
    private readonly rtcp: CounterModeKeys,
    readonly overhead: number,
  ) {}

  seal(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number {
    const end = packet.length;
    out.set(packet.subarray(0, header));
    this.rtp.stream.xor(packet, 8, rollover, sequenceOf(packet), packet, out, header, end);
    out.set(this.tag(out.subarray(0, end), rollover), end);
    return end + this.overhead;
  }

  open(packet: Uint8Array, header: number, rollover: number, out: Uint8Array): number {
    const end = packet.length - this.overhead;
    if (end < header || !timingSafeEqual(this.tag(packet.subarray(0, end), rollover), packet.subarray(end))) return -1;
    out.set(packet.subarray(0, header));
    this.rtp.stream.xor(packet, 8, rollover, sequenceOf(packet), packet, out, header, end);
    return end;
  }

  // Here the trailer comes before the tag, and is covered by it (RFC 3711 §3.4).
  sealRtcp(packet: Uint8Array, index: number): Uint8Array {
    const trailerAt = packet.length;
    const out = new Uint8Array(trailerAt + 4 + reportTagBytes);
    out.set(packet.subarray(0, rtcpHeaderBytes));
    this.rtcp.stream.xor(packet, 4, index >>> 16, index & 0xffff, packet, out, rtcpHeaderBytes, trailerAt);
    out.set(trailerOf(index), trailerAt);
    out.set(hmac(this.rtcp.authKey, out.subarray(0, trailerAt + 4)), trailerAt + 4);
    return out;
  }

  openRtcp(packet: Uint8Array): { plain: Uint8Array; index: number } | null {
    const tagAt = packet.length - reportTagBytes;
    const trailerAt = tagAt - 4;
    if (trailerAt < rtcpHeaderBytes) return null;
    if (!timingSafeEqual(hmac(this.rtcp.authKey, packet.subarray(0, tagAt)), packet.subarray(tagAt))) return null;
    const index = encryptedIndex(packet, trailerAt);
    if (index < 0) return null;
    // A Buffer's own slice would be the packet itself, and its bytes are its sender's.
    const plain = new Uint8Array(packet.subarray(0, trailerAt));
    this.rtcp.stream.xor(packet, 4, index >>> 16, index & 0xffff, packet, plain, rtcpHeaderBytes, trailerAt);
    return { plain, index };
  }

  /** HMAC over packet and rollover counter, the first 80 or 32 bits (RFC 3711 §4.2). */
  private tag(packet: Uint8Array, rollover: number): Uint8Array {
    this.rollover.fill(0);
    xorWord(this.rollover, 0, rollover);
    return createHmac("sha1", this.rtp.authKey).update(packet).update(this.rollover).digest().subarray(0, this.overhead);
  }
}

const sequenceOf = (packet: Uint8Array): number => (packet[2]! << 8) | packet[3]!;
const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac("sha1", key).update(bytes).digest().subarray(0, reportTagBytes);

/** AES in counter mode (RFC 3711 §4.1.1). A standing ECB cipher over our own counters costs a third of a new CTR cipher per packet. */
export class KeyStream {
  private readonly blocks: Cipheriv;
  private readonly counters = new Uint8Array(packetBytesMax + 16);

  constructor(
    key: Uint8Array,
    private readonly salt: Uint8Array,
  ) {
    this.blocks = createCipheriv(`aes-${bitsOf(key)}-ecb`, key, null).setAutoPadding(false);
  }

  /** IV = salt·2^16 xor SSRC·2^64 xor index·2^16, the index being `high`·2^16 + `low`; `ssrcAt` says where `packet` holds its SSRC. */
  xor(packet: Uint8Array, ssrcAt: number, high: number, low: number, from: Uint8Array, to: Uint8Array, start: number, end: number): void {
    const { counters, salt } = this;
    counters.set(salt);
    counters.fill(0, salt.length, 16);
    for (let i = 0; i < 4; i++) counters[4 + i]! ^= packet[ssrcAt + i]!;
    xorWord(counters, 8, high);
    counters[12]! ^= low >> 8;
    counters[13]! ^= low & 0xff;
    const size = (end - start + 15) & ~15;
    for (let at = 16; at < size; at += 16) {
      counters.copyWithin(at, 0, 14);
      counters[at + 14] = at >> 12;
      counters[at + 15] = (at >> 4) & 0xff;
    }
    const stream = this.blocks.update(counters.subarray(0, size));
    for (let i = 0; i < end - start; i++) to[start + i] = from[start + i]! ^ stream[i]!;
  }
}

function xorWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at]! ^= (word >>> 24) & 0xff;
  bytes[at + 1]! ^= (word >>> 16) & 0xff;
  bytes[at + 2]! ^= (word >>> 8) & 0xff;
  bytes[at + 3]! ^= word & 0xff;
}

function trailerOf(index: number): Uint8Array {
  const trailer = new Uint8Array(4);
  xorWord(trailer, 0, (encryptedFlag | index) >>> 0);
  return trailer;
}

/** The index of an encrypted report; -1 for one in clear: sealing was agreed on, so it is not our peer's, whatever its tag says. */
function encryptedIndex(packet: Uint8Array, at: number): number {
  const word = ((packet[at]! << 24) | (packet[at + 1]! << 16) | (packet[at + 2]! << 8) | packet[at + 3]!) >>> 0;
  return word >= encryptedFlag ? word - encryptedFlag : -1;
}
