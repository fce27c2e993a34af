// RTP header reading and writing: every field, every malformed shape.
import { expect, test } from "bun:test";
import {
  hasMarker,
  isRtcp,
  payloadEnd,
  payloadStart,
  payloadType,
  rtpHeaderBytes,
  sequenceDistance,
  sequenceNumber,
  ssrc,
  timestamp,
  timestampDistance,
  writeHeader,
} from "./packet.ts";

function packetOf(first: number, ...rest: number[]): Uint8Array {
  return Uint8Array.from([first, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ...rest]);
}

test("what was written is read back", () => {
  const packet = new Uint8Array(rtpHeaderBytes);
  writeHeader(packet, true, 101, 0xfffe, 0xfedcba98, 0x89abcdef);
  expect(payloadStart(packet)).toBe(12);
  expect(payloadEnd(packet, 12)).toBe(12);
  expect([hasMarker(packet), payloadType(packet), sequenceNumber(packet)]).toEqual([true, 101, 0xfffe]);
  expect([timestamp(packet), ssrc(packet)]).toEqual([0xfedcba98, 0x89abcdef]);
});

test("RTP-07: contributing sources and a header extension are skipped", () => {
  const packet = packetOf(0x92, ...Array(8).fill(9), 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 55);
  expect(payloadStart(packet)).toBe(12 + 8 + 8);
  expect(packet[payloadStart(packet)]).toBe(55);
});

test("RTP-07: padding is not payload, and an impossible padding count is refused", () => {
  expect(payloadEnd(packetOf(0xa0, 1, 2, 0, 2), 12)).toBe(14);
  expect(payloadEnd(packetOf(0xa0, 1, 2, 0, 0), 12)).toBe(-1);
  expect(payloadEnd(packetOf(0xa0, 1, 2, 0, 5), 12)).toBe(-1);
});

test("RTP-07: no prefix of a packet is read beyond its end", () => {
  const whole = packetOf(0x91, 1, 1, 1, 1, 0xbe, 0xde, 0, 1, 1, 2, 3, 4);
  for (let size = 0; size < whole.length; size++) expect(payloadStart(whole.subarray(0, size))).toBe(-1);
  expect(payloadStart(whole)).toBe(whole.length);
});

test("RTP-07: version 1 and 3 are not RTP", () => {
  for (const first of [0x00, 0x40, 0xc0]) expect(payloadStart(packetOf(first))).toBe(-1);
});

test("RTCP on the RTP port is told apart", () => {
  expect(isRtcp(Uint8Array.of(0x80, 200))).toBe(true);
  expect(isRtcp(Uint8Array.of(0x80, 0x80 | 8))).toBe(false);
  expect(isRtcp(Uint8Array.of(0x80))).toBe(false);
});

test("distances wrap", () => {
  expect(sequenceDistance(0xffff, 2)).toBe(3);
  expect(sequenceDistance(2, 0xffff)).toBe(-3);
  expect(timestampDistance(0xfffffff0, 0x10)).toBe(0x20);
});
