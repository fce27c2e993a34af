// One outgoing RTP stream: its SSRC's sequence and timestamp never jump, whoever speaks (a prompt, the other leg, a digit).
import type { Random } from "../../core/env/env.ts";
import { rtpPacketBytesMax } from "../../core/lib/limits.ts";
import { hasMarker, rtpHeaderBytes, sequenceDistance, sequenceNumber, ssrc, timestampDistance, writeHeader } from "./rtp/packet.ts";

const tickMs = 20;
/** What we say ourselves, what is mixed and what is recorded has 8 kHz. */
export const samplesPerMs = 8;
export const samplesPerTick = tickMs * samplesPerMs;
/** What 20 ms of our own take at most, in any codec. */
export const payloadBytesMax = 400;
/** A pause of ours longer than this starts a new talk spurt. */
const spurtMs = 60;

export class Outgoing {
  readonly ssrc: number;
  packets = 0;
  octets = 0;
  /** What the timestamps count in a millisecond: the codec's clock. */
  unitsPerMs = samplesPerMs;
  private sequence: number;
  /** The newest timestamp sent, and when it was. */
  private time: number;
  private timeAtMs = 0;
  /** Whether the last packet was a frame of our own. */
  private isSpeaking = false;
  private relay: Relay | null = null;
  private readonly scratch = new Uint8Array(rtpPacketBytesMax);

  constructor(random: Random) {
    const bytes = Buffer.from(random.bytes(10));
    this.ssrc = bytes.readUInt32BE(0);
    this.time = bytes.readUInt32BE(4);
    // RFC 3711 §3.3.1 wants a start below 2^15, so that an early loss cannot be taken for a wrap.
    this.sequence = bytes.readUInt16BE(8) & 0x7fff;
  }

  /** The media clock now: what a sender report says (RFC 3550 §6.4.1). */
  timestampAt(nowMs: number): number {
    return this.packets === 0 ? this.time : (this.time + Math.round((nowMs - this.timeAtMs) * this.unitsPerMs)) >>> 0;
  }

  /** A 20 ms frame of our own: right after the last one, or as much later as time has passed. The result's buffer is reused. */
  frame(type: number, payload: Uint8Array, nowMs: number): Uint8Array {
    const continues = this.isSpeaking && nowMs - this.timeAtMs <= spurtMs;
    const time = continues ? (this.time + tickMs * this.unitsPerMs) >>> 0 : this.nextTimestamp(nowMs);
    return this.own(!continues, type, time, payload, nowMs);
  }

  /** The timestamp of a digit that begins now; all its packets carry it. */
  nextTimestamp(nowMs: number): number {
    if (this.packets === 0) return this.time;
    return (this.time + Math.max(tickMs * this.unitsPerMs, Math.round((nowMs - this.timeAtMs) * this.unitsPerMs))) >>> 0;
  }

  /** A packet of a digit. */
  event(type: number, payload: Uint8Array, time: number, isFirst: boolean, nowMs: number): Uint8Array {
    return this.own(isFirst, type, time, payload, nowMs);
  }

  /**
   * Turns another stream's packet into one of ours where it lies: gaps and order of the source stay visible, a change of source does not jump.
   * Null when it is of before the change: our numbers for it are already used. `theirTime`: its timestamp in units of our clock.
   */
  relayed(packet: Uint8Array, start: number, end: number, type: number, theirTime: number, nowMs: number): Uint8Array | null {
    const [source, theirSequence] = [ssrc(packet), sequenceNumber(packet)];
    let marker = hasMarker(packet);
    let { relay } = this;
    if (relay === null || relay.source !== source) {
      const sequence = (this.sequence + 1 - theirSequence) & 0xffff;
      relay = this.relay = {
        source,
        first: theirSequence,
        sequence,
        time: (this.nextTimestamp(nowMs) - theirTime) >>> 0,
        hasTurned: false,
      };
      marker = true;
    } else if (!relay.hasTurned) {
      const distance = sequenceDistance(relay.first, theirSequence);
      if (distance < 0) return null;
      // Half a circle on, the first number says nothing any more.
      if (distance > 0x3fff) relay.hasTurned = true;
    }
    if (start !== rtpHeaderBytes) packet.copyWithin(rtpHeaderBytes, start, end);
    const size = rtpHeaderBytes + end - start;
    const ours = size === packet.length ? packet : packet.subarray(0, size);
    this.isSpeaking = false;
    this.head(ours, marker, type, (theirSequence + relay.sequence) & 0xffff, (theirTime + relay.time) >>> 0, nowMs);
    return ours;
  }

  /** A packet of the relayed source that does not go out: its number is not missed. */
  skip(): void {
    if (this.relay !== null) this.relay.sequence = (this.relay.sequence - 1) & 0xffff;
  }

  /** A packet of the relayed source goes out as two. */
  split(): void {
    if (this.relay !== null) this.relay.sequence = (this.relay.sequence + 1) & 0xffff;
  }

  /** The relayed source goes unheard for a while: what it says then is not missed. */
  pause(): void {
    this.relay = null;
  }

  private own(marker: boolean, type: number, time: number, payload: Uint8Array, nowMs: number): Uint8Array {
    this.relay = null;
    this.isSpeaking = true;
    const packet = this.scratch.subarray(0, rtpHeaderBytes + payload.length);
    packet.set(payload, rtpHeaderBytes);
    this.head(packet, marker, type, (this.sequence + 1) & 0xffff, time, nowMs);
    return packet;
  }

  private head(packet: Uint8Array, marker: boolean, type: number, sequence: number, time: number, nowMs: number): void {
    writeHeader(packet, marker, type, sequence, time, this.ssrc);
    // A late packet of the source must not turn our own numbers back, nor a digit's repeated timestamp our clock.
    if (this.packets === 0 || sequenceDistance(this.sequence, sequence) > 0) this.sequence = sequence;
    if (this.packets === 0 || timestampDistance(this.time, time) > 0) {
      this.time = time;
      this.timeAtMs = nowMs;
    }
    this.packets += 1;
    this.octets += packet.length - rtpHeaderBytes;
  }
}

/** What is added to a source's numbers to make them ours. */
type Relay = { readonly source: number; readonly first: number; sequence: number; readonly time: number; hasTurned: boolean };
