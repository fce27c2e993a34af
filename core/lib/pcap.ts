// Packet captures as tcpdump and Wireshark read them: classic pcap, microseconds, packets as raw IP with UDP. Pure.
import { ipv6Groups, isIpv4 } from "./ip-address.ts";

export type Endpoint = { readonly address: string; readonly port: number };

/** LINKTYPE_RAW: each packet begins with its IP header. */
const linkTypeRaw = 101;
const snapLength = 65_535;
const headerBytes = 16;
const udp = 17;
/** What of a payload fits into one IP packet beside its headers. */
const payloadMax = snapLength - 48;

/** The file header, little-endian (draft-ietf-opsawg-pcap §4). */
export function pcapHeader(): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, linkTypeRaw, true);
  return bytes;
}

/** One record: `payload` as a UDP datagram of either family, with right lengths and checksums. `atMs`: epoch ms with fractions. Longer payloads are cut. */
export function pcapRecord(atMs: number, from: Endpoint, to: Endpoint, payload: Uint8Array): Uint8Array {
  const isV4 = isIpv4(from.address) && isIpv4(to.address);
  const data = payload.length > payloadMax ? payload.subarray(0, payloadMax) : payload;
  const ipBytes = isV4 ? 20 : 40;
  const udpBytes = 8 + data.length;
  const bytes = new Uint8Array(headerBytes + ipBytes + udpBytes);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(atMs / 1_000);
  view.setUint32(0, seconds, true);
  view.setUint32(4, Math.min(999_999, Math.floor((atMs - seconds * 1_000) * 1_000)), true);
  view.setUint32(8, ipBytes + udpBytes, true);
  view.setUint32(12, ipBytes + udpBytes, true);
  const ip = headerBytes;
  if (isV4) {
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, ipBytes + udpBytes);
    view.setUint8(ip + 8, 64);
    view.setUint8(ip + 9, udp);
    putV4(view, ip + 12, from.address);
    putV4(view, ip + 16, to.address);
    view.setUint16(ip + 10, folded(sum(view, ip, 20, 0)));
  } else {
    view.setUint32(ip, 0x60000000);
    view.setUint16(ip + 4, udpBytes);
    view.setUint8(ip + 6, udp);
    view.setUint8(ip + 7, 64);
    putV6(view, ip + 8, from.address);
    putV6(view, ip + 24, to.address);
  }
  const at = ip + ipBytes;
  view.setUint16(at, from.port);
  view.setUint16(at + 2, to.port);
  view.setUint16(at + 4, udpBytes);
  bytes.set(data, at + 8);
  // RFC 768 and RFC 8200 §8.1: addresses, protocol and length belong to it; a zero would say that there is none.
  const addresses = isV4 ? sum(view, ip + 12, 8, 0) : sum(view, ip + 8, 32, 0);
  view.setUint16(at + 6, folded(sum(view, at, udpBytes, addresses + udp + udpBytes)) || 0xffff);
  return bytes;
}

/** When a record at `offset` was taken, epoch ms with fractions, and where the next one begins. */
export function pcapRecordAt(bytes: Uint8Array, offset: number): { readonly atMs: number; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    atMs: view.getUint32(offset, true) * 1_000 + view.getUint32(offset + 4, true) / 1_000,
    end: offset + headerBytes + view.getUint32(offset + 8, true),
  };
}

function putV4(view: DataView, at: number, address: string): void {
  for (const [i, part] of address.split(".").entries()) view.setUint8(at + i, Number(part));
}

/** Beside an IPv6 peer an IPv4 address is mapped (RFC 4291 §2.5.5.2); what is none is `::`. */
function putV6(view: DataView, at: number, address: string): void {
  const groups = ipv6Groups(isIpv4(address) ? `::ffff:${address}` : address) ?? [];
  for (const [i, group] of groups.entries()) view.setUint16(at + 2 * i, group);
}

/** RFC 1071. */
function sum(view: DataView, at: number, length: number, start: number): number {
  let total = start;
  for (let i = 0; i + 1 < length; i += 2) total += view.getUint16(at + i);
  return length % 2 === 1 ? total + view.getUint8(at + length - 1) * 256 : total;
}

function folded(total: number): number {
  let rest = total;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 65_536);
  return ~rest & 0xffff;
}
