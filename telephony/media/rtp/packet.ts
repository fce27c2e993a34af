// Reads and rewrites an RTP packet where it lies (RFC 3550 §5.1): on the relay path no object is made for it.
//
//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |                             SSRC                              |
//  |                    CSRC list, header extension, payload …     |

export const rtpHeaderBytes = 12;

/** Where the payload begins, past CSRCs and header extension; -1 when this is no RTP packet. */
export function payloadStart(packet: Uint8Array): number {
  const size = packet.length;
  if (size < rtpHeaderBytes || packet[0]! >> 6 !== 2) return -1;
  let start = rtpHeaderBytes + (packet[0]! & 0x0f) * 4;
  if ((packet[0]! & 0x10) !== 0) {
    if (start + 4 > size) return -1;
    start += 4 + ((packet[start + 2]! << 8) | packet[start + 3]!) * 4;
  }
  return start <= size ? start : -1;
}

/** Where the payload ends, before padding; -1 when the padding count is impossible. */
export function payloadEnd(packet: Uint8Array, start: number): number {
  if ((packet[0]! & 0x20) === 0) return packet.length;
  const padding = packet[packet.length - 1]!;
  return padding === 0 || start + padding > packet.length ? -1 : packet.length - padding;
}

export const payloadType = (packet: Uint8Array): number => packet[1]! & 0x7f;
export const hasMarker = (packet: Uint8Array): boolean => packet[1]! >= 0x80;
export const sequenceNumber = (packet: Uint8Array): number => (packet[2]! << 8) | packet[3]!;
export const timestamp = (packet: Uint8Array): number => ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;
export const ssrc = (packet: Uint8Array): number => ((packet[8]! << 24) | (packet[9]! << 16) | (packet[10]! << 8) | packet[11]!) >>> 0;

/** Writes a plain 12-byte header: no padding, extension or CSRC. */
export function writeHeader(packet: Uint8Array, marker: boolean, type: number, sequence: number, time: number, source: number): void {
  packet[0] = 0x80;
  packet[1] = marker ? type | 0x80 : type;
  packet[2] = sequence >> 8;
  packet[3] = sequence;
  packet[4] = time >>> 24;
  packet[5] = time >>> 16;
  packet[6] = time >>> 8;
  packet[7] = time;
  packet[8] = source >>> 24;
  packet[9] = source >>> 16;
  packet[10] = source >>> 8;
  packet[11] = source;
}

/** RTP and RTCP share a port (RFC 5761 §4): RTCP types 192–223 look like RTP payload types 64–95. */
export function isRtcp(packet: Uint8Array): boolean {
  return packet.length >= 2 && packet[1]! >= 192 && packet[1]! <= 223;
}

/** Signed distance from `from` to `to` in 16-bit sequence space: positive when `to` is newer. */
export const sequenceDistance = (from: number, to: number): number => ((to - from) << 16) >> 16;

/** Signed distance from `from` to `to` in 32-bit timestamp space. */
export const timestampDistance = (from: number, to: number): number => (to - from) | 0;
