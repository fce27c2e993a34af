// One outgoing RTP stream: its SSRC's sequence and timestamp never jump, whoever speaks (a prompt, the other leg, a digit).
import type { Env } from "../../core/env/env.ts";
import { hasMarker, rtpHeaderBytes, sequenceNumber, timestamp, writeHeader } from "./rtp/packet.ts";

export const samplesPerTick = 160;
const samplesPerMs = 8;
const packetBytesMax = 1_500;

export class Outgoing {
  readonly ssrc: number;
  packets = 0;
  octets = 0;
  /** RTP timestamp and monotonic ms of the last packet, for sender reports. */
  lastTimestamp: number;
  lastSentAtMs = 0;
  private sequence: number;
  private readonly scratch = new Uint8Array(packetBytesMax);
  /** Offsets from the relayed source to this stream; null until its first packet. */
  private relay: { readonly source: number; readonly sequence: number; readonly timestamp: number } | null = null;

  constructor(env: Pick<Env, "random">) {
    const bytes = Buffer.from(env.random.bytes(10));
    this.ssrc = bytes.readUInt32BE(0);
    this.lastTimestamp = bytes.readUInt32BE(4);
    // RFC 3711 §3.3.1 wants a start below 2^15, so that an early loss cannot be taken for a wrap.
    this.sequence = bytes.readUInt16BE(8) & 0x7fff;
  }

  /** A frame of our own: 20 ms after the last one, or as much later as time has passed. */
  frame(type: number, payload: Uint8Array, nowMs: number, samples = samplesPerTick): Uint8Array {
    const gapMs = nowMs - this.lastSentAtMs;
    const marker = this.packets === 0 || this.relay !== null || gapMs > 60;
    const step = this.packets === 0 ? 0 : gapMs > 60 ? Math.round(gapMs) * samplesPerMs : samples;
    this.relay = null;
    const time = (this.lastTimestamp + step) >>> 0;
    return this.write(marker, type, (this.sequence + 1) & 0xffff, time, payload, nowMs);
  }

  /** A packet of a digit: its timestamp stays where the digit began. */
  event(type: number, payload: Uint8Array, time: number, isFirst: boolean, nowMs: number): Uint8Array {
    this.relay = null;
    return this.write(isFirst, type, (this.sequence + 1) & 0xffff, time, payload, nowMs);
  }

  /** Another stream's packet under our numbers: gaps and order of the source stay visible, a change of source does not jump. */
  relayed(packet: Uint8Array, source: number, type: number, payload: Uint8Array, nowMs: number): Uint8Array {
    let marker = hasMarker(packet);
    if (this.relay?.source !== source) {
      const gapMs = this.packets === 0 ? 0 : Math.max(20, Math.round(nowMs - this.lastSentAtMs));
      this.relay = {
        source,
        sequence: (this.sequence + 1 - sequenceNumber(packet)) & 0xffff,
        timestamp: (this.lastTimestamp + gapMs * samplesPerMs - timestamp(packet)) >>> 0,
      };
      marker = true;
    }
    const sequence = (sequenceNumber(packet) + this.relay.sequence) & 0xffff;
    return this.write(marker, type, sequence, (timestamp(packet) + this.relay.timestamp) >>> 0, payload, nowMs);
  }

  private write(marker: boolean, type: number, sequence: number, time: number, payload: Uint8Array, nowMs: number): Uint8Array {
    const { scratch } = this;
    const size = Math.min(payload.length, packetBytesMax - rtpHeaderBytes);
    writeHeader(scratch, marker, type, sequence, time, this.ssrc);
    scratch.set(size === payload.length ? payload : payload.subarray(0, size), rtpHeaderBytes);
    // A late packet of the source must not turn our own numbers back.
    if (((sequence - this.sequence) << 16) >> 16 > 0 || this.packets === 0) {
      this.sequence = sequence;
      this.lastTimestamp = time;
    }
    this.lastSentAtMs = nowMs;
    this.packets += 1;
    this.octets += size;
    return scratch.subarray(0, rtpHeaderBytes + size);
  }
}
