// RTCP compound packets: built, parsed back, truncated, mangled.
import { expect, test } from "bun:test";
import { buildRtcp, ntpMiddle, parseRtcp, type RtcpPacket, toNtp } from "./rtcp.ts";

const report = {
  ssrc: 0xfeedbeef,
  fractionLost: 128,
  packetsLost: -3,
  highestSequence: 0x0001fffe,
  jitter: 17,
  lastSenderReport: 0xabcdef01,
  delaySinceLastSenderReport: 65536,
};
const compound: RtcpPacket[] = [
  {
    kind: "sender-report",
    ssrc: 0xdeadbeef,
    ntpSeconds: 0xe0000000,
    ntpFraction: 0x80000000,
    rtpTimestamp: 0xffffffff,
    packets: 50,
    octets: 8000,
    reports: [report],
  },
  { kind: "source-description", ssrc: 0xdeadbeef, cname: "leg@landline" },
  { kind: "bye", ssrcs: [0xdeadbeef] },
];

test("a compound of all kinds comes back as it went in", () => {
  expect(parseRtcp(buildRtcp(compound))).toEqual(compound);
  const receiver: RtcpPacket[] = [{ kind: "receiver-report", ssrc: 1, reports: [{ ...report, packetsLost: 0x7fffff }] }];
  expect(parseRtcp(buildRtcp(receiver))).toEqual(receiver);
});

test("loss beyond 24 bits is clamped, not wrapped", () => {
  const parsed = parseRtcp(buildRtcp([{ kind: "receiver-report", ssrc: 1, reports: [{ ...report, packetsLost: 2 ** 30 }] }]));
  expect(parsed).toEqual([{ kind: "receiver-report", ssrc: 1, reports: [{ ...report, packetsLost: 0x7fffff }] }]);
});

test("every name length is padded to a word with a closing zero", () => {
  for (let length = 0; length < 12; length++) {
    const packet: RtcpPacket = { kind: "source-description", ssrc: 7, cname: "x".repeat(length) };
    const bytes = buildRtcp([packet]);
    expect(bytes.length % 4).toBe(0);
    expect(bytes[bytes.length - 1]).toBe(0);
    expect(parseRtcp(bytes)).toEqual([packet]);
  }
});

test("RTP-06: no truncation and no flipped bit throws, and a cut compound is refused unless cut between packets", () => {
  const whole = buildRtcp(compound);
  const borders = new Set([52, 52 + 24]);
  for (let size = 0; size < whole.length; size++) {
    const parsed = parseRtcp(whole.subarray(0, size));
    if (borders.has(size)) expect(parsed).not.toBeNull();
    else expect(parsed).toBeNull();
  }
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const mangled = Uint8Array.from(whole);
    mangled[bit >> 3]! ^= 1 << (bit & 7);
    parseRtcp(mangled);
  }
});

test("RTP-06: feedback packets are framed but not read", () => {
  expect(parseRtcp(Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2))).toEqual([{ kind: "other", type: 206 }]);
});

test("RTP-06: a compound of more packets than any peer sends is refused", () => {
  expect(parseRtcp(buildRtcp(Array.from({ length: 33 }, () => ({ kind: "bye", ssrcs: [] }) as const)))).toBeNull();
});

test("wall time becomes NTP and its middle", () => {
  expect(toNtp(1500)).toEqual({ seconds: 2_208_988_801, fraction: 0x80000000 });
  expect(ntpMiddle(0x12345678, 0x9abcdef0)).toBe(0x56789abc);
});
