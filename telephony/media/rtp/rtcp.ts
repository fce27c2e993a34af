// RTCP sender and receiver reports, source descriptions and byes: compound packets to values and back (RFC 3550 §6).

export type ReportBlock = {
  readonly ssrc: number;
  /** Of the packets since the last report, in 256ths. */
  readonly fractionLost: number;
  /** Signed 24 bits: duplicates can make it negative. */
  readonly packetsLost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** In 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
};

export type RtcpPacket =
  | {
      readonly kind: "sender-report";
      readonly ssrc: number;
      readonly ntpSeconds: number;
      readonly ntpFraction: number;
      readonly rtpTimestamp: number;
      readonly packets: number;
      readonly octets: number;
      readonly reports: readonly ReportBlock[];
    }
  | { readonly kind: "receiver-report"; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | { readonly kind: "source-description"; readonly ssrc: number; readonly cname: string }
  | { readonly kind: "bye"; readonly ssrcs: readonly number[] }
  /** Anything else (APP, feedback, XR): well framed, not read. */
  | { readonly kind: "other"; readonly type: number };

const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const bye = 203;
const cnameItem = 1;
/** A datagram holds no more than this many of the smallest (4 bytes would allow 375). */
const packetsPerCompoundMax = 32;

/** All packets of one compound, or null when its framing is wrong (RFC 3550 A.2; reduced-size RTCP of RFC 5506 is let through). */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: RtcpPacket[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length || bytes[at]! >> 6 !== 2 || packets.length === packetsPerCompoundMax) return null;
    const size = (view.getUint16(at + 2) + 1) * 4;
    let end = at + size;
    if (end > bytes.length) return null;
    if ((bytes[at]! & 0x20) !== 0) {
      // Only the last packet of a compound may be padded (§6.4.1).
      const padding = bytes[end - 1]!;
      if (end !== bytes.length || padding === 0 || padding > size - 4) return null;
      end -= padding;
    }
    const packet = parseOne(view, at, end);
    if (packet === null) return null;
    packets.push(packet);
    at += size;
  }
  return packets.length > 0 ? packets : null;
}

function parseOne(view: DataView, at: number, end: number): RtcpPacket | null {
  const count = view.getUint8(at) & 0x1f;
  const type = view.getUint8(at + 1);
  switch (type) {
    case senderReport:
      if (end < at + 28 + count * 24) return null;
      return {
        kind: "sender-report",
        ssrc: view.getUint32(at + 4),
        ntpSeconds: view.getUint32(at + 8),
        ntpFraction: view.getUint32(at + 12),
        rtpTimestamp: view.getUint32(at + 16),
        packets: view.getUint32(at + 20),
        octets: view.getUint32(at + 24),
        reports: reportsAt(view, at + 28, count),
      };
    case receiverReport:
      if (end < at + 8 + count * 24) return null;
      return { kind: "receiver-report", ssrc: view.getUint32(at + 4), reports: reportsAt(view, at + 8, count) };
    case sourceDescription:
      return count === 0 ? { kind: "other", type } : parseSourceDescription(view, at, end);
    case bye:
      if (end < at + 4 + count * 4) return null;
      return { kind: "bye", ssrcs: Array.from({ length: count }, (_, index) => view.getUint32(at + 4 + index * 4)) };
    default:
      return { kind: "other", type };
  }
}

function reportsAt(view: DataView, start: number, count: number): ReportBlock[] {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * 24;
    return {
      ssrc: view.getUint32(at),
      fractionLost: view.getUint8(at + 4),
      packetsLost: (view.getInt32(at + 4) << 8) >> 8,
      highestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSenderReport: view.getUint32(at + 16),
      delaySinceLastSenderReport: view.getUint32(at + 20),
    };
  });
}

/** The first chunk's CNAME is all we use; mixers' further chunks are not of our peer. */
function parseSourceDescription(view: DataView, at: number, end: number): RtcpPacket | null {
  if (end < at + 8) return null;
  const source = view.getUint32(at + 4);
  let item = at + 8;
  while (item < end && view.getUint8(item) !== 0) {
    if (item + 2 > end) return null;
    const size = view.getUint8(item + 1);
    if (item + 2 + size > end) return null;
    if (view.getUint8(item) === cnameItem) {
      const text = new Uint8Array(view.buffer, view.byteOffset + item + 2, size);
      return { kind: "source-description", ssrc: source, cname: new TextDecoder().decode(text) };
    }
    item += 2 + size;
  }
  return { kind: "source-description", ssrc: source, cname: "" };
}

/** One datagram of the given packets. */
export function buildRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const parts = packets.map(buildOne);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function buildOne(packet: RtcpPacket): Uint8Array {
  switch (packet.kind) {
    case "sender-report": {
      const view = framed(senderReport, packet.reports.length, 28 + packet.reports.length * 24);
      view.setUint32(4, packet.ssrc);
      view.setUint32(8, packet.ntpSeconds);
      view.setUint32(12, packet.ntpFraction);
      view.setUint32(16, packet.rtpTimestamp);
      view.setUint32(20, packet.packets);
      view.setUint32(24, packet.octets);
      writeReports(view, 28, packet.reports);
      return bytesOf(view);
    }
    case "receiver-report": {
      const view = framed(receiverReport, packet.reports.length, 8 + packet.reports.length * 24);
      view.setUint32(4, packet.ssrc);
      writeReports(view, 8, packet.reports);
      return bytesOf(view);
    }
    case "source-description": {
      const cname = new TextEncoder().encode(packet.cname).subarray(0, 255);
      // A chunk ends with at least one zero octet and is padded to 32 bits (§6.5).
      const view = framed(sourceDescription, 1, (8 + 2 + cname.length + 4) & ~3);
      view.setUint32(4, packet.ssrc);
      view.setUint8(8, cnameItem);
      view.setUint8(9, cname.length);
      bytesOf(view).set(cname, 10);
      return bytesOf(view);
    }
    case "bye": {
      const view = framed(bye, packet.ssrcs.length, 4 + packet.ssrcs.length * 4);
      for (const [index, source] of packet.ssrcs.entries()) view.setUint32(4 + index * 4, source);
      return bytesOf(view);
    }
    case "other":
      return bytesOf(framed(packet.type, 0, 4));
  }
}

function framed(type: number, count: number, size: number): DataView {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint8(0, 0x80 | count);
  view.setUint8(1, type);
  view.setUint16(2, size / 4 - 1);
  return view;
}

function writeReports(view: DataView, start: number, reports: readonly ReportBlock[]): void {
  reports.forEach((report, index) => {
    const at = start + index * 24;
    view.setUint32(at, report.ssrc);
    view.setInt32(at + 4, Math.max(-0x800000, Math.min(0x7fffff, report.packetsLost)) & 0xffffff);
    view.setUint8(at + 4, report.fractionLost);
    view.setUint32(at + 8, report.highestSequence);
    view.setUint32(at + 12, report.jitter);
    view.setUint32(at + 16, report.lastSenderReport);
    view.setUint32(at + 20, report.delaySinceLastSenderReport);
  });
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer);

/** Wall time as NTP seconds and fraction (RFC 3550 §4: seconds since 1900). */
export function toNtp(epochMs: number): { readonly seconds: number; readonly fraction: number } {
  const seconds = Math.floor(epochMs / 1000);
  return { seconds: (seconds + 2_208_988_800) >>> 0, fraction: Math.floor((epochMs / 1000 - seconds) * 2 ** 32) >>> 0 };
}

/** The middle 32 bits of an NTP time: what LSR carries. */
export function ntpMiddle(seconds: number, fraction: number): number {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}
