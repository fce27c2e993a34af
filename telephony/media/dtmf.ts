// Telephone events (RFC 4733): digits heard, each exactly once, and digits sent.
import { digitsPerSecondMax } from "../../core/lib/limits.ts";
import { soundDigit } from "./dtmf-tones.ts";
import { sequenceDistance, timestampDistance } from "./rtp/packet.ts";

/** By event (RFC 4733 §3.2). */
const digitOfEvent = "0123456789*#ABCD";
const durationMax = 0xffff;
/** A digit whose end packets were all lost ends when its updates (50 ms apart at most) stop for this long. */
const lostEndMs = 200;
/** An event timestamp up to this far in the past is a late packet (a segment lasts 8.2 s at 8 kHz); farther back, the sender restarted its clock. */
const lateMsMax = 10_000;
/** Ended digits remembered, so that their late and repeated packets are known. */
const endedKept = 8;

export type Digit = { readonly digit: string; readonly durationMs: number };

/**
 * Hears the telephone events of one source. A digit is one RTP timestamp; it is told once, at its end.
 * Events longer than 65,535 units come as segments with new timestamps (§2.5.1.3); some senders let the duration wrap instead. Both are one digit.
 */
export class DigitReceiver {
  /** What timestamps and durations count in a millisecond: the rate of the events' clock (RFC 4733 §2.1). */
  unitsPerMs = 8;
  private event = -1;
  private hasHeard = false;
  private startedAt = 0;
  private segmentAt = 0;
  private duration = 0;
  private lastSequence = 0;
  private heardAtMs = 0;
  private ended: number[] = [];
  private tokens = digitsPerSecondMax;
  private tokensAtMs = 0;
  /** Digits cut by the flood limit. */
  refused = 0;

  /** One event packet's payload between `start` and `end`. At most two digits end at once: one whose end was lost, and this one. */
  push(packet: Uint8Array, start: number, end: number, sequence: number, timestamp: number, nowMs: number): Digit[] {
    if (end - start < 4) return [];
    const event = packet[start]!;
    const isEnd = (packet[start + 1]! & 0x80) !== 0;
    const duration = (packet[start + 2]! << 8) | packet[start + 3]!;
    if (event >= digitOfEvent.length || this.ended.includes(timestamp)) return [];

    const digits: Digit[] = [];
    if (timestamp !== this.segmentAt || this.event < 0) {
      // A late packet of a digit before this one: heard of only if it says that the digit ended.
      if (this.isLate(timestamp)) return isEnd ? this.tell([], event, timestamp, duration, nowMs) : [];
      if (this.event >= 0 && this.isNextSegment(event, timestamp)) {
        this.segmentAt = timestamp;
        this.duration = 0;
      } else {
        if (this.event >= 0) this.finish(digits, nowMs);
        this.begin(event, timestamp);
      }
    } else if (event !== this.event) return [];
    else if (sequenceDistance(this.lastSequence, sequence) < 0 && !isEnd) return [];
    else if (duration < this.duration && this.duration - duration > durationMax / 2) {
      // The duration wrapped instead of starting a new segment.
      this.startedAt = (this.startedAt - durationMax - 1) >>> 0;
    }

    this.duration = duration;
    this.lastSequence = sequence;
    this.heardAtMs = nowMs;
    if (isEnd) this.finish(digits, nowMs);
    return digits;
  }

  /** Ends a digit whose end packets never came. Called now and then; cheap when nothing is pressed. */
  expire(nowMs: number): Digit[] {
    const digits: Digit[] = [];
    if (this.event >= 0 && nowMs - this.heardAtMs >= lostEndMs) this.finish(digits, nowMs);
    return digits;
  }

  /** A new source starts its own timestamps: what it repeats is not known to us. */
  restart(nowMs: number): Digit[] {
    const digits: Digit[] = [];
    if (this.event >= 0) this.finish(digits, nowMs);
    this.ended = [];
    this.hasHeard = false;
    return digits;
  }

  get isPressed(): boolean {
    return this.event >= 0;
  }

  private begin(event: number, timestamp: number): void {
    this.event = event;
    this.hasHeard = true;
    this.startedAt = this.segmentAt = timestamp;
    this.duration = 0;
  }

  private isLate(timestamp: number): boolean {
    const distance = timestampDistance(this.segmentAt, timestamp);
    return this.hasHeard && distance < 0 && distance >= -lateMsMax * this.unitsPerMs;
  }

  private isNextSegment(event: number, timestamp: number): boolean {
    const distance = timestampDistance(this.segmentAt, timestamp);
    return event === this.event && distance >= durationMax - this.unitsPerMs * 20 && distance <= durationMax + 1;
  }

  private finish(digits: Digit[], nowMs: number): void {
    const total = ((this.segmentAt - this.startedAt) >>> 0) + this.duration;
    this.remember(this.startedAt);
    this.tell(digits, this.event, this.segmentAt, total, nowMs);
    this.event = -1;
  }

  private tell(digits: Digit[], event: number, timestamp: number, units: number, nowMs: number): Digit[] {
    this.remember(timestamp);
    this.tokens = Math.min(digitsPerSecondMax, this.tokens + ((nowMs - this.tokensAtMs) * digitsPerSecondMax) / 1000);
    this.tokensAtMs = nowMs;
    if (this.tokens < 1) this.refused++;
    else {
      this.tokens--;
      digits.push({ digit: digitOfEvent[event]!, durationMs: Math.round(units / this.unitsPerMs) });
    }
    return digits;
  }

  private remember(timestamp: number): void {
    if (this.ended.includes(timestamp)) return;
    this.ended.push(timestamp);
    if (this.ended.length > endedKept) this.ended.shift();
  }
}

/** The event number of a digit; -1 for what is none. */
export const eventOfDigit = (digit: string): number => (digit.length === 1 ? digitOfEvent.indexOf(digit.toUpperCase()) : -1);

/** One packet to send: all of a digit carry the timestamp of its start. */
export type EventPacket = { readonly payload: Uint8Array; readonly isFirst: boolean; readonly offset: number };

/** Volume of the digits we send, in dBm0 below zero: -10 as phones do. */
const volume = 10;
const endPackets = 3;
const frameMs = 20;

/**
 * Sends digits on the 20 ms clock: an update each tick, three end packets, then the gap.
 * A tone is cut beyond what one event segment holds (§2.5.1.3): 8 s at 8 kHz, 1.3 s at 48.
 */
export class DigitSender {
  private queue: number[] = [];
  private frame = 0;
  private readonly toneFrames: number;
  private readonly gapFrames: number;

  constructor(
    digits: string,
    toneMs: number,
    gapMs: number,
    private readonly unitsPerMs = 8,
  ) {
    const longest = Math.floor(durationMax / (frameMs * unitsPerMs));
    this.toneFrames = Math.max(2, Math.min(longest, Math.round(toneMs / frameMs)));
    this.gapFrames = Math.max(2, Math.min(400, Math.round(gapMs / frameMs)));
    this.add(digits);
  }

  add(digits: string): void {
    for (const digit of digits) {
      const event = eventOfDigit(digit);
      if (event >= 0) this.queue.push(event);
    }
  }

  /** Whether a digit sounds, so that audio must pause. */
  get isSounding(): boolean {
    return this.queue.length > 0 && this.frame < this.toneFrames;
  }

  get isDone(): boolean {
    return this.queue.length === 0;
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** This tick as sound, for a peer that has no events: the digit's tones, or nothing between two. */
  sound(frame: Int16Array): void {
    const sounded = this.frame * frame.length;
    if (this.isSounding) soundDigit(digitOfEvent[this.queue[0]!]!, sounded, frame);
    else frame.fill(0);
    this.tick();
  }

  /** Packets of this tick; `offset` counts units of the clock since the digit's start. */
  tick(): EventPacket[] {
    const event = this.queue[0];
    if (event === undefined) return [];
    this.frame++;
    const packets: EventPacket[] = [];
    const units = Math.min(this.frame, this.toneFrames) * frameMs * this.unitsPerMs;
    if (this.frame < this.toneFrames) packets.push(packetOf(event, false, units, this.frame === 1));
    else if (this.frame === this.toneFrames) {
      // The end is repeated at once (§2.5.1.4): late repeats would sound into the gap of strict receivers.
      for (let sent = 0; sent < endPackets; sent++) packets.push(packetOf(event, true, units, false));
    } else if (this.frame >= this.toneFrames + this.gapFrames) {
      this.queue.shift();
      this.frame = 0;
    }
    return packets;
  }
}

function packetOf(event: number, isEnd: boolean, units: number, isFirst: boolean): EventPacket {
  return { payload: Uint8Array.of(event, (isEnd ? 0x80 : 0) | volume, units >> 8, units & 0xff), isFirst, offset: units };
}

/** The same event under another clock. What is longer than its count can say is as long as it can. */
export function rescaleEvent(packet: Uint8Array, start: number, from: number, to: number): void {
  const duration = (packet[start + 2]! << 8) | packet[start + 3]!;
  const scaled = Math.min(durationMax, Math.round((duration * to) / from));
  packet[start + 2] = scaled >> 8;
  packet[start + 3] = scaled & 0xff;
}
