// Packet captures byte by byte: lengths, families and checksums as RFC 791, 768 and 8200 have them.
import { expect, test } from "bun:test";
import { pcapHeader, pcapRecord, pcapRecordAt } from "./pcap.ts";

const payload = new TextEncoder().encode("OPTIONS");
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Of a whole header with its checksum in place: 0xffff when it is right (RFC 1071). */
function onesSum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return total;
}

test("a file begins with its magic, raw IP behind", () => {
  const header = view(pcapHeader());
  expect([header.byteLength, header.getUint32(0, true), header.getUint32(20, true)]).toEqual([24, 0xa1b2c3d4, 101]);
});

test("IPv4: time to the microsecond, lengths, addresses, both checksums", () => {
  const record = pcapRecord(1_700_000_000_123.456, { address: "192.0.2.1", port: 5060 }, { address: "198.51.100.7", port: 5062 }, payload);
  const bytes = view(record);
  expect([bytes.getUint32(0, true), bytes.getUint32(4, true), bytes.getUint32(8, true)]).toEqual([1_700_000_000, 123_456, 35]);
  expect([...record.subarray(28, 36)]).toEqual([192, 0, 2, 1, 198, 51, 100, 7]);
  expect([bytes.getUint16(36), bytes.getUint16(38), bytes.getUint16(40)]).toEqual([5060, 5062, 15]);
  expect(new TextDecoder().decode(record.subarray(44))).toBe("OPTIONS");
  expect(onesSum(record.subarray(16, 36))).toBe(0xffff);
  expect(onesSum(Uint8Array.of(...record.subarray(28, 36), 0, 17, 0, 15, ...record.subarray(36)))).toBe(0xffff);
  expect(pcapRecordAt(record, 0)).toEqual({ atMs: 1_700_000_000_123.456, end: record.length });
});

test("IPv6, and beside it a mapped IPv4", () => {
  const record = pcapRecord(0, { address: "2001:db8::1", port: 1 }, { address: "192.0.2.9", port: 2 }, payload);
  expect(record[16]).toBe(0x60);
  expect([...record.subarray(40, 56)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 9]);
  expect(onesSum(Uint8Array.of(...record.subarray(24, 56), 0, 17, 0, 15, ...record.subarray(56)))).toBe(0xffff);
});

test("what does not fit into one packet is cut", () => {
  const { end } = pcapRecordAt(pcapRecord(0, { address: "::1", port: 1 }, { address: "::1", port: 2 }, new Uint8Array(100_000)), 0);
  expect(end).toBeLessThanOrEqual(16 + 65_535);
});
