// Packets on a stream: two bytes of length before each (RFC 4571 §2), cut out of whatever pieces TCP brings.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |             LENGTH            |  STUN, DTLS, SRTP or SRTCP ...
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { framedPacketBytesMax } from "../../../core/lib/limits.ts";

export const lengthBytes = 2;

export class FrameReader {
  /** The beginning of a frame whose end has not come; made when the first one is cut. */
  private readonly begun: { bytes: Uint8Array | null; filled: number } = { bytes: null, filled: 0 };

  /**
   * Hands over every packet that is whole now, where it lies; empty ones mean nothing (§2) and are left out. False: what comes is no frame of
   * ours, and nothing after it can be read. `take` returns false to have no more.
   */
  push(piece: Uint8Array, take: (packet: Uint8Array) => boolean): boolean {
    const { begun } = this;
    let at = 0;
    while (at < piece.length) {
      if (begun.filled === 0 && piece.length - at >= lengthBytes) {
        const size = (piece[at]! << 8) | piece[at + 1]!;
        if (size > framedPacketBytesMax) return false;
        const end = at + lengthBytes + size;
        if (end <= piece.length) {
          if (size > 0 && !take(piece.subarray(at + lengthBytes, end))) return true;
          at = end;
          continue;
        }
      }
      at = this.fill(piece, at);
      const size = this.sizeBegun();
      if (size > framedPacketBytesMax) return false;
      if (begun.filled < lengthBytes || begun.filled < lengthBytes + size) continue;
      begun.filled = 0;
      if (size > 0 && !take(begun.bytes!.subarray(lengthBytes, lengthBytes + size))) return true;
    }
    return true;
  }

  /** Adds what belongs to the frame that has begun: its length first, then the rest. Returns where the next byte is. */
  private fill(piece: Uint8Array, at: number): number {
    const { begun } = this;
    begun.bytes ??= new Uint8Array(lengthBytes + framedPacketBytesMax);
    const wanted = begun.filled < lengthBytes ? lengthBytes - begun.filled : lengthBytes + this.sizeBegun() - begun.filled;
    const part = piece.subarray(at, at + wanted);
    begun.bytes.set(part, begun.filled);
    begun.filled += part.length;
    return at + part.length;
  }

  private sizeBegun(): number {
    const { bytes, filled } = this.begun;
    return filled < lengthBytes ? 0 : (bytes![0]! << 8) | bytes![1]!;
  }
}

/** Writes a packet as a frame into `room`, which is large enough; returns the frame. */
export function framed(packet: Uint8Array, room: Uint8Array): Uint8Array {
  room[0] = packet.length >> 8;
  room[1] = packet.length & 0xff;
  room.set(packet, lengthBytes);
  return room.subarray(0, lengthBytes + packet.length);
}
