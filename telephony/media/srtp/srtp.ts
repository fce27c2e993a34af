// SRTP and SRTCP for one peer (RFC 3711, RFC 7714): AES-CM with HMAC-SHA1-80, and AES-128-GCM. Authenticates before it believes anything.
import { type Cipheriv, createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { payloadStart, sequenceNumber, ssrc } from "../rtp/packet.ts";

export type SrtpProfile = "SRTP_AES128_CM_HMAC_SHA1_80" | "SRTP_AEAD_AES_128_GCM";
export type SrtpKeys = { readonly key: Uint8Array; readonly salt: Uint8Array };

/** Master key and salt in bytes, for exporting from DTLS (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export const srtpKeySizes: Readonly<Record<SrtpProfile, { readonly key: number; readonly salt: number }>> = {
  SRTP_AES128_CM_HMAC_SHA1_80: { key: 16, salt: 14 },
  SRTP_AEAD_AES_128_GCM: { key: 16, salt: 12 },
};

const replayWindow = 128;
/** SSRCs one peer may use; a browser uses one for audio. More are somebody's mistake or attack. */
const sourcesMax = 16;
const packetBytesMax = 2_048;
const rtcpEncrypted = 0x80000000;

/** Where one SSRC is in its stream of 48-bit packet indices. */
type Source = { roc: number; highest: number; seen: bigint; rtcpIndex: number; rtcpHighest: number; rtcpSeen: bigint };

interface Cipher {
  /** Bytes added to an RTP packet. */
  readonly overhead: number;
  seal(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number;
  /** -1: not authentic. */
  open(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number;
  sealRtcp(packet: Uint8Array, index: number): Uint8Array;
  openRtcp(packet: Uint8Array): { readonly plain: Uint8Array; readonly index: number } | null;
}

/** One direction pair: `local` protects what we send, `remote` opens what the peer sends. Results lie in a buffer that the next call reuses. */
export class Srtp {
  /** Packets that were not authentic, were replayed, or were no packets. */
  refused = 0;
  private readonly send: Cipher;
  private readonly receive: Cipher;
  private readonly sent = new Map<number, Source>();
  private readonly received = new Map<number, Source>();
  private readonly sealed = new Uint8Array(packetBytesMax);
  private readonly opened = new Uint8Array(packetBytesMax);

  constructor(
    readonly profile: SrtpProfile,
    local: SrtpKeys,
    remote: SrtpKeys,
  ) {
    this.send = cipherOf(profile, local);
    this.receive = cipherOf(profile, remote);
  }

  /** Our own packets come in order: the rollover counter counts up when the sequence number wraps. Null: too big. */
  protect(packet: Uint8Array): Uint8Array | null {
    const header = payloadStart(packet);
    if (header < 0 || packet.length + this.send.overhead > packetBytesMax) return null;
    const source = sourceOf(this.sent, ssrc(packet));
    if (source === null) return null;
    const sequence = sequenceNumber(packet);
    const roc = rocOf(source, sequence);
    advance(source, roc, sequence);
    const size = this.send.seal(packet, header, packet.length, roc, this.sealed);
    return this.sealed.subarray(0, size);
  }

  /** The plain packet, or null when it is not authentic, replayed or too old (RFC 3711 §3.3). State moves only after authentication. */
  unprotect(packet: Uint8Array): Uint8Array | null {
    const header = payloadStart(packet);
    if (header < 0 || packet.length > packetBytesMax || packet.length < header + this.receive.overhead) return this.refuse();
    const known = this.received.get(ssrc(packet));
    if (known === undefined && this.received.size >= sourcesMax) return this.refuse();
    const source = known ?? newSource();
    const sequence = sequenceNumber(packet);
    const roc = rocOf(source, sequence);
    if (roc < 0 || isReplay(source, roc, sequence)) return this.refuse();
    const size = this.receive.open(packet, header, packet.length, roc, this.opened);
    if (size < 0) return this.refuse();
    if (known === undefined) this.received.set(ssrc(packet), source);
    mark(source, roc, sequence);
    return this.opened.subarray(0, size);
  }

  protectRtcp(packet: Uint8Array): Uint8Array | null {
    if (packet.length < 8 || packet.length > packetBytesMax - 64) return null;
    const source = sourceOf(this.sent, rtcpSsrc(packet));
    if (source === null) return null;
    source.rtcpIndex = (source.rtcpIndex + 1) & 0x7fffffff;
    return this.send.sealRtcp(packet, source.rtcpIndex);
  }

  unprotectRtcp(packet: Uint8Array): Uint8Array | null {
    if (packet.length < 8 + 4 || packet.length > packetBytesMax) return this.refuse();
    const result = this.receive.openRtcp(packet);
    if (result === null) return this.refuse();
    const known = this.received.get(rtcpSsrc(packet));
    if (known === undefined && this.received.size >= sourcesMax) return this.refuse();
    const source = known ?? newSource();
    const behind = source.rtcpHighest - result.index;
    if (behind >= replayWindow || (behind >= 0 && (source.rtcpSeen >> BigInt(behind)) & 1n)) return this.refuse();
    this.received.set(rtcpSsrc(packet), source);
    if (behind < 0) {
      source.rtcpSeen = ((source.rtcpSeen << BigInt(Math.min(-behind, replayWindow))) | 1n) & windowMask;
      source.rtcpHighest = result.index;
    } else source.rtcpSeen |= 1n << BigInt(behind);
    return result.plain;
  }

  private refuse(): null {
    this.refused += 1;
    return null;
  }
}

const windowMask = (1n << BigInt(replayWindow)) - 1n;

function newSource(): Source {
  return { roc: 0, highest: -1, seen: 0n, rtcpIndex: 0, rtcpHighest: -1, rtcpSeen: 0n };
}

function sourceOf(sources: Map<number, Source>, id: number): Source | null {
  let source = sources.get(id);
  if (source === undefined) {
    if (sources.size >= sourcesMax) return null;
    source = newSource();
    sources.set(id, source);
  }
  return source;
}

const rtcpSsrc = (packet: Uint8Array): number => ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;

/** The index's rollover counter as guessed from the sequence number (RFC 3711 §3.3.1, appendix A). */
function rocOf(source: Source, sequence: number): number {
  if (source.highest < 0) return source.roc;
  if (source.highest < 0x8000) return sequence - source.highest > 0x8000 ? source.roc - 1 : source.roc;
  return source.highest - 0x8000 > sequence ? source.roc + 1 : source.roc;
}

function advance(source: Source, roc: number, sequence: number): void {
  if (source.highest < 0 || roc > source.roc || (roc === source.roc && sequence > source.highest)) {
    source.roc = roc;
    source.highest = sequence;
  }
}

function behindOf(source: Source, roc: number, sequence: number): number {
  return (source.roc - roc) * 0x10000 + source.highest - sequence;
}

function isReplay(source: Source, roc: number, sequence: number): boolean {
  if (source.highest < 0) return false;
  const behind = behindOf(source, roc, sequence);
  return behind >= replayWindow || (behind >= 0 && ((source.seen >> BigInt(behind)) & 1n) === 1n);
}

function mark(source: Source, roc: number, sequence: number): void {
  const behind = source.highest < 0 ? -1 : behindOf(source, roc, sequence);
  if (behind >= 0) {
    source.seen |= 1n << BigInt(behind);
    return;
  }
  source.seen = source.highest < 0 ? 1n : ((source.seen << BigInt(Math.min(-behind, replayWindow))) | 1n) & windowMask;
  source.roc = roc;
  source.highest = sequence;
}

function cipherOf(profile: SrtpProfile, keys: SrtpKeys): Cipher {
  return profile === "SRTP_AEAD_AES_128_GCM" ? new GcmCipher(keys) : new CmCipher(keys);
}

/** Session keys by label (RFC 3711 §4.3); a GCM salt of 12 bytes is padded to 14 (RFC 7714 §11). */
export function deriveKey(keys: SrtpKeys, label: number, size: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.set(keys.salt, 0);
  iv[7]! ^= label;
  return createCipheriv("aes-128-ctr", keys.key, iv).update(Buffer.alloc(size));
}

class GcmCipher implements Cipher {
  readonly overhead = 16;
  private readonly key: Buffer;
  private readonly salt: Buffer;
  private readonly rtcpKey: Buffer;
  private readonly rtcpSalt: Buffer;
  private readonly iv = Buffer.alloc(12);

  constructor(keys: SrtpKeys) {
    this.key = deriveKey(keys, 0, 16);
    this.salt = deriveKey(keys, 2, 12);
    this.rtcpKey = deriveKey(keys, 3, 16);
    this.rtcpSalt = deriveKey(keys, 5, 12);
  }

  seal(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number {
    const cipher = createCipheriv("aes-128-gcm", this.key, this.ivOf(packet, roc));
    cipher.setAAD(packet.subarray(0, header));
    const sealed = cipher.update(packet.subarray(header, size));
    cipher.final();
    out.set(packet.subarray(0, header));
    out.set(sealed, header);
    out.set(cipher.getAuthTag(), size);
    return size + 16;
  }

  open(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number {
    const end = size - 16;
    const plain = gcmOpen(
      this.key,
      this.ivOf(packet, roc),
      packet.subarray(0, header),
      packet.subarray(header, end),
      packet.subarray(end, size),
    );
    if (plain === null) return -1;
    out.set(packet.subarray(0, header));
    out.set(plain, header);
    return end;
  }

  // RFC 7714 §9.1: 00 00 | SSRC | 00 00 | E and index, xor salt. The AAD is header and trailer.
  sealRtcp(packet: Uint8Array, index: number): Uint8Array {
    const trailer = trailerOf(index);
    const cipher = createCipheriv("aes-128-gcm", this.rtcpKey, this.rtcpIvOf(packet, index));
    cipher.setAAD(Buffer.concat([packet.subarray(0, 8), trailer]));
    const sealed = cipher.update(packet.subarray(8));
    cipher.final();
    return Buffer.concat([packet.subarray(0, 8), sealed, cipher.getAuthTag(), trailer]);
  }

  openRtcp(packet: Uint8Array): { plain: Uint8Array; index: number } | null {
    const end = packet.length - 4;
    if (end - 16 < 8) return null;
    const word = readWord(packet, end);
    if ((word & rtcpEncrypted) === 0) return null;
    const index = word & 0x7fffffff;
    const aad = Buffer.concat([packet.subarray(0, 8), packet.subarray(end)]);
    const plain = gcmOpen(this.rtcpKey, this.rtcpIvOf(packet, index), aad, packet.subarray(8, end - 16), packet.subarray(end - 16, end));
    return plain === null ? null : { plain: Buffer.concat([packet.subarray(0, 8), plain]), index };
  }

  // RFC 7714 §8.1: 00 00 | SSRC | ROC | SEQ, xor salt.
  private ivOf(packet: Uint8Array, roc: number): Buffer {
    const { iv, salt } = this;
    iv[0] = salt[0]!;
    iv[1] = salt[1]!;
    for (let i = 0; i < 4; i++) iv[2 + i] = salt[2 + i]! ^ packet[8 + i]!;
    iv[6] = salt[6]! ^ (roc >>> 24);
    iv[7] = salt[7]! ^ ((roc >>> 16) & 0xff);
    iv[8] = salt[8]! ^ ((roc >>> 8) & 0xff);
    iv[9] = salt[9]! ^ (roc & 0xff);
    iv[10] = salt[10]! ^ packet[2]!;
    iv[11] = salt[11]! ^ packet[3]!;
    return iv;
  }

  private rtcpIvOf(packet: Uint8Array, index: number): Buffer {
    const iv = Buffer.from(this.rtcpSalt);
    for (let i = 0; i < 4; i++) iv[2 + i]! ^= packet[4 + i]!;
    iv[8]! ^= (index >>> 24) & 0x7f;
    iv[9]! ^= (index >>> 16) & 0xff;
    iv[10]! ^= (index >>> 8) & 0xff;
    iv[11]! ^= index & 0xff;
    return iv;
  }
}

function gcmOpen(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Buffer | null {
  const decipher = createDecipheriv("aes-128-gcm", key, iv);
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plain = decipher.update(sealed);
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

class CmCipher implements Cipher {
  readonly overhead = 10;
  private readonly blocks: Cipheriv;
  private readonly salt: Buffer;
  private readonly authKey: Buffer;
  private readonly rtcpBlocks: Cipheriv;
  private readonly rtcpSalt: Buffer;
  private readonly rtcpAuthKey: Buffer;
  private readonly counters = Buffer.alloc(packetBytesMax + 16);
  private readonly rocBytes = Buffer.alloc(4);

  constructor(keys: SrtpKeys) {
    // A standing ECB cipher over our own counters costs a third of a new CTR cipher per packet.
    this.blocks = createCipheriv("aes-128-ecb", deriveKey(keys, 0, 16), null).setAutoPadding(false);
    this.authKey = deriveKey(keys, 1, 20);
    this.salt = deriveKey(keys, 2, 14);
    this.rtcpBlocks = createCipheriv("aes-128-ecb", deriveKey(keys, 3, 16), null).setAutoPadding(false);
    this.rtcpAuthKey = deriveKey(keys, 4, 20);
    this.rtcpSalt = deriveKey(keys, 5, 14);
  }

  seal(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number {
    out.set(packet.subarray(0, header));
    this.xor(this.blocks, this.salt, packet, 8, roc, (packet[2]! << 8) | packet[3]!, packet, out, header, size);
    out.set(this.tag(out, size, roc), size);
    return size + 10;
  }

  open(packet: Uint8Array, header: number, size: number, roc: number, out: Uint8Array): number {
    const end = size - 10;
    if (!timingSafeEqual(this.tag(packet, end, roc), packet.subarray(end, size))) return -1;
    out.set(packet.subarray(0, header));
    this.xor(this.blocks, this.salt, packet, 8, roc, (packet[2]! << 8) | packet[3]!, packet, out, header, end);
    return end;
  }

  sealRtcp(packet: Uint8Array, index: number): Uint8Array {
    const out = Buffer.alloc(packet.length + 14);
    out.set(packet.subarray(0, 8));
    this.xor(this.rtcpBlocks, this.rtcpSalt, packet, 4, index >>> 16, index & 0xffff, packet, out, 8, packet.length);
    out.set(trailerOf(index), packet.length);
    const end = packet.length + 4;
    out.set(createHmac("sha1", this.rtcpAuthKey).update(out.subarray(0, end)).digest().subarray(0, 10), end);
    return out;
  }

  openRtcp(packet: Uint8Array): { plain: Uint8Array; index: number } | null {
    const end = packet.length - 10;
    if (end - 4 < 8) return null;
    const tag = createHmac("sha1", this.rtcpAuthKey).update(packet.subarray(0, end)).digest().subarray(0, 10);
    if (!timingSafeEqual(tag, packet.subarray(end))) return null;
    const word = readWord(packet, end - 4);
    if ((word & rtcpEncrypted) === 0) return null;
    const index = word & 0x7fffffff;
    const plain = Buffer.from(packet.subarray(0, end - 4));
    this.xor(this.rtcpBlocks, this.rtcpSalt, packet, 4, index >>> 16, index & 0xffff, packet, plain, 8, end - 4);
    return { plain, index };
  }

  /** RFC 3711 §4.2.1: HMAC over packet and rollover counter, the first 80 bits. */
  private tag(packet: Uint8Array, size: number, roc: number): Buffer {
    this.rocBytes.writeUInt32BE(roc >>> 0);
    return createHmac("sha1", this.authKey).update(packet.subarray(0, size)).update(this.rocBytes).digest().subarray(0, 10);
  }

  /** RFC 3711 §4.1.1: IV = salt·2^16 xor SSRC·2^64 xor index·2^16; `ssrcAt` says where the SSRC lies. */
  private xor(
    blocks: Cipheriv,
    salt: Buffer,
    packet: Uint8Array,
    ssrcAt: number,
    high: number,
    low: number,
    from: Uint8Array,
    to: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { counters } = this;
    const count = (end - start + 15) >> 4;
    for (let block = 0, at = 0; block < count; block++, at += 16) {
      counters.set(salt, at);
      for (let i = 0; i < 4; i++) counters[at + 4 + i]! ^= packet[ssrcAt + i]!;
      counters[at + 8]! ^= (high >>> 24) & 0xff;
      counters[at + 9]! ^= (high >>> 16) & 0xff;
      counters[at + 10]! ^= (high >>> 8) & 0xff;
      counters[at + 11]! ^= high & 0xff;
      counters[at + 12]! ^= low >> 8;
      counters[at + 13]! ^= low & 0xff;
      counters[at + 14] = block >> 8;
      counters[at + 15] = block & 0xff;
    }
    const stream = blocks.update(counters.subarray(0, count << 4));
    for (let at = start, i = 0; at < end; at++, i++) to[at] = from[at]! ^ stream[i]!;
  }
}

function trailerOf(index: number): Buffer {
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE((rtcpEncrypted | index) >>> 0);
  return trailer;
}

function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
