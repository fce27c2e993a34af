// STUN as ICE uses it (RFC 8489, RFC 8445): reads binding requests, checks their integrity, writes answers. Never answers what is not authenticated.
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const magicCookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const fingerprintXor = 0x5354554e;
const attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  xorMappedAddress: 0x0020,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
} as const;
const headerBytes = 20;
/** ufrag:ufrag, each at most 256 (RFC 8839 §5.4). */
const usernameBytesMax = 513;
const attributesMax = 32;

export type BindingRequest = {
  readonly transactionId: Uint8Array;
  /** `ourUfrag:theirUfrag`. */
  readonly username: string;
  readonly useCandidate: boolean;
  /** Where MESSAGE-INTEGRITY begins; what is before it is what it covers. */
  readonly integrityAt: number;
};

/** RFC 7983: the first byte of a STUN packet is 0–3. */
export function isStun(packet: Uint8Array): boolean {
  return packet.length >= headerBytes && packet[0]! < 4;
}

/** A binding request with user name and integrity, or null: anything else gets no answer. Integrity is not checked yet. */
export function parseBindingRequest(packet: Uint8Array): BindingRequest | null {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  if (packet.length < headerBytes || view.getUint16(0) !== bindingRequest || view.getUint32(4) !== magicCookie) return null;
  if (view.getUint16(2) !== packet.length - headerBytes || packet.length % 4 !== 0) return null;
  let username: string | null = null;
  let useCandidate = false;
  let integrityAt = -1;
  let count = 0;
  for (let at = headerBytes; at < packet.length; count++) {
    if (at + 4 > packet.length || count === attributesMax) return null;
    const type = view.getUint16(at);
    const size = view.getUint16(at + 2);
    if (at + 4 + size > packet.length) return null;
    // What comes after the integrity is not covered by it, but for the fingerprint.
    if (integrityAt >= 0 && type !== attribute.fingerprint) return null;
    if (type === attribute.username && size <= usernameBytesMax)
      username = Buffer.from(packet.subarray(at + 4, at + 4 + size)).toString("utf8");
    else if (type === attribute.useCandidate) useCandidate = true;
    else if (type === attribute.messageIntegrity && size === 20) integrityAt = at;
    else if (type === attribute.fingerprint && !hasRightFingerprint(packet, at, size, view)) return null;
    at += 4 + ((size + 3) & ~3);
  }
  if (username === null || integrityAt < 0) return null;
  return { transactionId: packet.subarray(8, 20), username, useCandidate, integrityAt };
}

function hasRightFingerprint(packet: Uint8Array, at: number, size: number, view: DataView): boolean {
  if (size !== 4 || at + 8 !== packet.length) return false;
  return (crc32(packet.subarray(0, at)) ^ fingerprintXor) >>> 0 === view.getUint32(at + 4);
}

/** HMAC-SHA1 with our password over all before MESSAGE-INTEGRITY, its length field as if the message ended there (RFC 8489 §14.5). */
export function hasRightIntegrity(packet: Uint8Array, integrityAt: number, password: string): boolean {
  const covered = Buffer.from(packet.subarray(0, integrityAt));
  covered.writeUInt16BE(integrityAt + 24 - headerBytes, 2);
  const expected = createHmac("sha1", password).update(covered).digest();
  return timingSafeEqual(expected, packet.subarray(integrityAt + 4, integrityAt + 24));
}

/** Success with the address we saw, integrity and fingerprint. */
export function bindingAnswer(request: BindingRequest, address: string, port: number, password: string): Buffer {
  const mapped = mappedAddress(address, port, request.transactionId);
  const integrityAt = headerBytes + 4 + mapped.length;
  const answer = Buffer.alloc(integrityAt + 24 + 8);
  answer.writeUInt16BE(bindingSuccess, 0);
  answer.writeUInt32BE(magicCookie, 4);
  answer.set(request.transactionId, 8);
  answer.writeUInt16BE(attribute.xorMappedAddress, headerBytes);
  answer.writeUInt16BE(mapped.length, headerBytes + 2);
  answer.set(mapped, headerBytes + 4);
  answer.writeUInt16BE(integrityAt + 24 - headerBytes, 2);
  answer.writeUInt16BE(attribute.messageIntegrity, integrityAt);
  answer.writeUInt16BE(20, integrityAt + 2);
  answer.set(createHmac("sha1", password).update(answer.subarray(0, integrityAt)).digest(), integrityAt + 4);
  const fingerprintAt = integrityAt + 24;
  answer.writeUInt16BE(answer.length - headerBytes, 2);
  answer.writeUInt16BE(attribute.fingerprint, fingerprintAt);
  answer.writeUInt16BE(4, fingerprintAt + 2);
  answer.writeUInt32BE((crc32(answer.subarray(0, fingerprintAt)) ^ fingerprintXor) >>> 0, fingerprintAt + 4);
  return answer;
}

/** XOR-MAPPED-ADDRESS (RFC 8489 §14.2): family, then port and address xor cookie and transaction id. */
export function mappedAddress(address: string, port: number, transactionId: Uint8Array): Uint8Array {
  const bytes = addressBytes(address);
  const mapped = Buffer.alloc(4 + bytes.length);
  mapped[1] = bytes.length === 4 ? 1 : 2;
  mapped.writeUInt16BE(port ^ (magicCookie >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(magicCookie, 0);
  mask.set(transactionId, 4);
  for (let i = 0; i < bytes.length; i++) mapped[4 + i] = bytes[i]! ^ mask[i]!;
  return mapped;
}

/** Four or sixteen bytes of a literal address. */
export function addressBytes(address: string): Uint8Array {
  if (!address.includes(":")) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").flatMap((part) => (part.includes(".") ? dotted(part) : [Number.parseInt(part, 16)]));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0), ...right];
  return Uint8Array.from(all.slice(0, 8).flatMap((group) => [group >> 8, group & 0xff]));
}

function dotted(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
  return [(a << 8) | b, (c << 8) | d];
}
