// One stream to one peer: what comes in is counted, its digits are heard, and it goes on to the partner and the recorder.
import type { Env } from "../../core/env/env.ts";
import { transcodeTable } from "./codec/g711.ts";
import { DigitReceiver, type DigitSender } from "./dtmf.ts";
import { Outgoing } from "./outgoing.ts";
import type { CodecName, Direction, StreamStats } from "./plane.ts";
import type { Player } from "./player.ts";
import type { Recorder } from "./recorder.ts";
import { payloadEnd, payloadStart, payloadType, sequenceNumber, ssrc, timestamp } from "./rtp/packet.ts";
import { Reception } from "./rtp/reception.ts";
import { buildRtcp, ntpMiddle, parseRtcp, type ReportBlock, toNtp } from "./rtp/rtcp.ts";
import type { Transport } from "./rtp-transport.ts";

const samplesPerMs = 8;
/** RFC 5761 keeps these apart; a sender report carries at most 31 blocks, we have one source. */
const silentFirstMs = 5_000;
const silentAgainMs = 10_000;

export type StreamEvents = {
  onConnected(): void;
  onDigit(digit: string, durationMs: number): void;
  onSilent(forMs: number): void;
  onHeardAgain(): void;
};

export type Format = { readonly codec: CodecName; readonly payloadType: number; readonly dtmfPayloadType: number | null };

export class MediaStream {
  readonly out: Outgoing;
  transport: Transport | null = null;
  format: Format | null = null;
  direction: Direction = "inactive";
  muted = false;
  player: Player | null = null;
  sender: DigitSender | null = null;
  partner: MediaStream | null = null;
  readonly taps: { readonly recorder: Recorder; readonly channel: "left" | "right" }[] = [];
  /** WebRTC says itself when it is up; plain RTP is when the first packet came. */
  connected = false;
  private digitStartedAt = 0;
  private readonly reception = new Reception();
  private readonly digits = new DigitReceiver();
  private source = -1;
  private heardAtMs: number;
  private silentToldMs = 0;
  private bytesReceived = 0;
  private discarded = 0;
  private remoteLost: number | null = null;
  private roundTripMs: number | null = null;
  /** Middle NTP bits and arrival of the peer's last sender report. */
  private lastReport: { readonly middle: number; readonly atMs: number } | null = null;
  private readonly transcoded = new Uint8Array(1_500);

  constructor(
    readonly streamId: string,
    readonly groupId: string,
    private readonly env: Env,
    private readonly events: StreamEvents,
  ) {
    this.out = new Outgoing(env);
    this.heardAtMs = env.clock.monotonic();
  }

  get sends(): boolean {
    return this.direction === "sendrecv" || this.direction === "sendonly";
  }

  get packetCount(): number {
    return this.out.packets + this.reception.received;
  }

  get receives(): boolean {
    return this.direction === "sendrecv" || this.direction === "recvonly";
  }

  /** What the peer sent, plain and authentic. The hot path: nothing is allocated here for voice. */
  onRtp(packet: Uint8Array): void {
    const { format } = this;
    const start = payloadStart(packet);
    const end = start < 0 ? -1 : payloadEnd(packet, start);
    if (format === null || end < start || start < 0 || !this.receives) {
      this.discarded += 1;
      return;
    }
    const type = payloadType(packet);
    const isDigit = type === format.dtmfPayloadType;
    if (!isDigit && type !== format.payloadType) {
      this.discarded += 1;
      return;
    }
    const nowMs = this.env.clock.monotonic();
    const source = ssrc(packet);
    if (source !== this.source) this.newSource(source, sequenceNumber(packet), nowMs);
    if (!this.reception.arrived(sequenceNumber(packet))) {
      this.discarded += 1;
      return;
    }
    this.bytesReceived += packet.length;
    this.heard(nowMs);
    if (isDigit) {
      this.tell(this.digits.push(packet, start, end, sequenceNumber(packet), timestamp(packet), nowMs));
    } else {
      this.reception.measure(timestamp(packet), nowMs * samplesPerMs);
      if (!this.muted)
        for (const { recorder, channel } of this.taps) recorder.put(channel, source, timestamp(packet), packet, start, end, format.codec);
    }
    if (!this.muted) this.partner?.relay(packet, source, packet.subarray(start, end), isDigit, format.codec);
  }

  /** Takes a packet of the partner: what it says goes to our peer, in our codec and under our numbers. */
  relay(packet: Uint8Array, source: number, payload: Uint8Array, isDigit: boolean, codec: CodecName): void {
    const { format } = this;
    if (format === null || !this.sends || this.transport === null || this.player !== null || this.sender !== null) return;
    if (isDigit && format.dtmfPayloadType === null) return;
    const type = isDigit ? format.dtmfPayloadType! : format.payloadType;
    const table = isDigit ? null : transcodeTable(codec, format.codec);
    let body = payload;
    if (table !== null) {
      const { transcoded } = this;
      for (let i = 0; i < payload.length; i++) transcoded[i] = table[payload[i]!]!;
      body = transcoded.subarray(0, payload.length);
    }
    this.transport.sendRtp(this.out.relayed(packet, source, type, body, this.env.clock.monotonic()));
  }

  /** Every 20 ms while something of ours is to be said. */
  tick(nowMs: number): void {
    const { format, transport } = this;
    if (format === null || transport === null || !this.sends) return;
    if (this.sender !== null) {
      for (const event of this.sender.tick()) {
        if (event.isFirst) this.digitStartedAt = (this.out.lastTimestamp + 160) >>> 0;
        if (format.dtmfPayloadType !== null)
          transport.sendRtp(this.out.event(format.dtmfPayloadType, event.payload, this.digitStartedAt, event.isFirst, nowMs));
      }
      if (this.sender.isDone) this.sender = null;
      return;
    }
    if (this.player !== null) transport.sendRtp(this.out.frame(format.payloadType, this.player.next(format.codec), nowMs));
  }

  get isSpeaking(): boolean {
    return this.player !== null || this.sender !== null;
  }

  onRtcp(bytes: Uint8Array): void {
    const nowMs = this.env.clock.monotonic();
    for (const packet of parseRtcp(bytes) ?? []) {
      if (packet.kind === "sender-report") this.lastReport = { middle: ntpMiddle(packet.ntpSeconds, packet.ntpFraction), atMs: nowMs };
      if (packet.kind === "sender-report" || packet.kind === "receiver-report") {
        const mine = packet.reports.find((report) => report.ssrc === this.out.ssrc);
        if (mine !== undefined) this.readReport(mine);
      }
    }
  }

  // RFC 3550 §6.4.1: round trip = arrival - LSR - DLSR, all in 1/65536 s.
  private readReport(report: ReportBlock): void {
    this.remoteLost = Math.max(0, report.packetsLost);
    if (report.lastSenderReport === 0) return;
    const { seconds, fraction } = toNtp(this.env.clock.now());
    const units = (ntpMiddle(seconds, fraction) - report.lastSenderReport - report.delaySinceLastSenderReport) >>> 0;
    if (units < 65_536 * 10) this.roundTripMs = (units / 65_536) * 1_000;
  }

  /** A report about both directions, every five seconds (RFC 3550 §6). */
  report(): void {
    const { transport, format } = this;
    if (transport === null || format === null) return;
    const nowMs = this.env.clock.monotonic();
    const { seconds, fraction } = toNtp(this.env.clock.now());
    const reports: ReportBlock[] = [];
    if (this.source >= 0) {
      reports.push({
        ssrc: this.source,
        ...this.reception.report(),
        lastSenderReport: this.lastReport?.middle ?? 0,
        delaySinceLastSenderReport: this.lastReport === null ? 0 : Math.round(((nowMs - this.lastReport.atMs) * 65_536) / 1_000) >>> 0,
      });
    }
    const name = { kind: "source-description", ssrc: this.out.ssrc, cname: this.streamId.slice(0, 8) } as const;
    const { out } = this;
    if (out.packets === 0) transport.sendRtcp(buildRtcp([{ kind: "receiver-report", ssrc: out.ssrc, reports }, name]));
    else {
      const rtpTimestamp = (out.lastTimestamp + Math.round((nowMs - out.lastSentAtMs) * samplesPerMs)) >>> 0;
      const sender = {
        kind: "sender-report",
        ssrc: out.ssrc,
        ntpSeconds: seconds,
        ntpFraction: fraction,
        rtpTimestamp,
        packets: out.packets,
        octets: out.octets,
        reports,
      } as const;
      transport.sendRtcp(buildRtcp([sender, name]));
    }
  }

  /** Every second: digits whose end was lost, and silence where sound should be. */
  housekeep(nowMs: number): void {
    this.tell(this.digits.expire(nowMs));
    if (this.format === null || !this.receives) {
      this.heardAtMs = nowMs;
      return;
    }
    const silentMs = nowMs - this.heardAtMs;
    const due = this.silentToldMs === 0 ? silentFirstMs : this.silentToldMs + silentAgainMs;
    if (silentMs < due) return;
    this.silentToldMs = due;
    this.events.onSilent(due);
  }

  stats(): StreamStats {
    return {
      packetsSent: this.out.packets,
      packetsReceived: this.reception.received,
      bytesSent: this.out.octets,
      bytesReceived: this.bytesReceived,
      packetsLost: this.reception.lost(),
      packetsDiscarded: this.discarded,
      jitterMs: this.reception.jitter / samplesPerMs,
      remotePacketsLost: this.remoteLost,
      roundTripMs: this.roundTripMs,
      packetsRefused: this.transport?.refused ?? 0,
      codec: this.format?.codec ?? null,
      protection: this.transport?.protection ?? "none",
    };
  }

  private newSource(source: number, sequence: number, nowMs: number): void {
    if (this.source >= 0) {
      this.reception.restart(sequence);
      this.tell(this.digits.restart(nowMs));
    }
    this.source = source;
  }

  private heard(nowMs: number): void {
    this.heardAtMs = nowMs;
    if (this.silentToldMs > 0) {
      this.silentToldMs = 0;
      this.events.onHeardAgain();
    }
    if (this.connected) return;
    this.connected = true;
    this.events.onConnected();
  }

  private tell(heard: readonly { readonly digit: string; readonly durationMs: number }[]): void {
    for (const { digit, durationMs } of heard) this.events.onDigit(digit, durationMs);
  }
}
