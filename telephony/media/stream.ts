// One stream to one peer: what comes in is counted, its digits are heard, and it goes on to the partner or the mix, and to the recorder.
import type { Env } from "../../core/env/env.ts";
import { rtpPacketBytesMax } from "../../core/lib/limits.ts";
import { type Decoder, decoderOf, type Encoder, encoderOf, silence, unitsPerMs, wayBetween } from "./codec/codec.ts";
import { type Digit, DigitReceiver, type DigitSender, rescaleEvent } from "./dtmf.ts";
import { ToneReceiver } from "./dtmf-tones.ts";
import { type Hearing, type Look, notListening, stepHearing, type Told } from "./hearing.ts";
import type { JitterBuffer } from "./jitter-buffer.ts";
import { Outgoing, payloadBytesMax, samplesPerMs, samplesPerTick } from "./outgoing.ts";
import type { CodecName, Direction, Events, StreamStats } from "./plane.ts";
import type { Player } from "./player.ts";
import type { Recorder } from "./recorder.ts";
import {
  hasMarker,
  payloadEnd,
  payloadStart,
  payloadType,
  rtpHeaderBytes,
  sequenceNumber,
  ssrc,
  timestamp,
  timestampDistance,
} from "./rtp/packet.ts";
import { Reception } from "./rtp/reception.ts";
import { buildRtcp, ntpMiddle, parseRtcp, type ReportBlock, type RtcpPacket, toNtp } from "./rtp/rtcp.ts";
import { type Sound, unheard, withWindow } from "./sound.ts";
import type { Transport } from "./transport.ts";

const reportMs = 5_000;
/** RFC 3389: a phone that says that it is silent. */
const comfortNoise = 13;
/** A round trip longer than this is a peer's wrong arithmetic. */
const roundTripMsMax = 10_000;
/** A window with fewer packets than this (half a second) says nothing about the path. */
const windowPacketsMin = 25;
/** A first packet of a talk spurt after so long: the peer sends nothing while nobody speaks. */
const pauseMs = 200;

export type StreamEvents = {
  onConnected(): void;
  onDigit(digit: string, durationMs: number): void;
  onTrouble(told: Told): void;
  onStats(stats: StreamStats): void;
  onBug(error: unknown): void;
};

/** A packet's samples, while it is in hand, and what becomes of them in another codec: every stream of the thread uses the same room. */
const heardSamples = new Int16Array(rtpPacketBytesMax);
const transcoded = new Uint8Array(rtpPacketBytesMax);
const toneFrame = new Int16Array(samplesPerTick);
/** The zero of A-law is ±8, and G.722 wavers less than that about its own. */
const soundingLevel = 8;

export type Format = Events & { readonly codec: CodecName; readonly payloadType: number };
export type Tap = { readonly recorder: Recorder; readonly channel: "left" | "right" };

export class MediaStream {
  readonly out: Outgoing;
  transport: Transport | null = null;
  private agreed: Format | null = null;
  /** Of the agreed codec: what the peer says as samples, and samples as what it hears. */
  private decoder: Decoder = decoderOf("PCMU");
  private encoder: Encoder = encoderOf("PCMU");
  /** How many samples of the packet in hand are in `heardSamples`; less than none: it is not decoded. */
  private decoded = -1;
  private readonly clock = new EighthClock();
  private readonly mixed = new Uint8Array(payloadBytesMax);
  /** Ours: `sendonly` means that we send and do not listen. */
  direction: Direction = "inactive";
  private isMuted = false;
  /** The call is answered: the peer should be heard. */
  isAnswered = false;
  player: Player | null = null;
  digitsOut: DigitSender | null = null;
  partner: MediaStream | null = null;
  /** Where what the peer says waits for the mix; null: the stream is in none, or nobody there hears it. */
  voice: JitterBuffer | null = null;
  taps: readonly Tap[] = [];
  /** Recorders that take what the peer hears in a mix. */
  overheard: readonly Recorder[] = [];
  private isConnected = false;
  private digitAt = 0;
  private readonly reception = new Reception();
  private readonly digits = new DigitReceiver();
  private readonly tones = new ToneReceiver();
  private source = -1;
  private heardAtMs: number;
  /** Packets of sound, digits and comfort noise; whether anything sounded in them; whether the peer pauses while nobody speaks. */
  private heardPackets = 0;
  private hasSounded = false;
  private pauses = false;
  private hearing: Hearing = notListening;
  private from: Sound = unheard;
  private to: Sound = unheard;
  private window = { received: 0, lost: 0 };
  private jitterMsMax = 0;
  private reportAtMs: number;
  private bytesReceived = 0;
  private discarded = 0;
  private remote: { readonly lost: number; readonly jitterMs: number; readonly highest: number } | null = null;
  private roundTripMs: number | null = null;
  private roundTripMsLongest: number | null = null;
  private reports = 0;
  private senderReports = 0;
  /** Reports that tell what the peer hears. */
  private accounts = 0;
  private reportedSent: number | null = null;
  private isRemoteNamed = false;
  /** Middle NTP bits and arrival of the peer's last sender report. */
  private lastReport: { readonly middle: number; readonly atMs: number } | null = null;

  constructor(
    readonly streamId: string,
    private readonly env: Env,
    private readonly events: StreamEvents,
  ) {
    this.out = new Outgoing(env.random);
    this.heardAtMs = env.clock.monotonic();
    this.reportAtMs = this.heardAtMs + reportMs;
  }

  get format(): Format | null {
    return this.agreed;
  }

  /** What is agreed again, as after a hold, goes on where it was. */
  set format(format: Format | null) {
    if (format !== null && format.codec !== this.agreed?.codec) {
      this.closeCodec();
      this.decoder = decoderOf(format.codec);
      this.encoder = encoderOf(format.codec);
      this.out.unitsPerMs = unitsPerMs(format.codec);
    }
    if (format !== null) this.digits.unitsPerMs = format.dtmfUnitsPerMs;
    this.agreed = format;
  }

  get packetCount(): number {
    return this.out.packets + this.reception.received;
  }

  get muted(): boolean {
    return this.isMuted;
  }

  /** What the peer says is neither heard by anybody nor recorded, not even what waits already. */
  set muted(muted: boolean) {
    this.isMuted = muted;
    if (muted) this.voice?.clear();
  }

  get isSpeaking(): boolean {
    return this.player !== null || this.digitsOut !== null;
  }

  /** Whether the peer hears its mix now: what we say ourselves covers it. */
  get hearsMix(): boolean {
    return this.format !== null && this.transport?.isReady === true && !this.isSpeaking && this.sends;
  }

  private get jitterMs(): number {
    return this.reception.jitter / unitsPerMs(this.format?.codec ?? "PCMU");
  }

  private get sends(): boolean {
    return this.direction === "sendrecv" || this.direction === "sendonly";
  }

  private get receives(): boolean {
    return this.direction === "sendrecv" || this.direction === "recvonly";
  }

  /** What the peer sent, authentic. The hot path: for voice nothing is allocated here, and the packet is passed on where it lies. */
  onRtp(packet: Uint8Array): void {
    const { format } = this;
    const start = payloadStart(packet);
    let end = start < 0 ? -1 : payloadEnd(packet, start);
    if (format === null || end < 0 || !this.receives) {
      this.discarded += 1;
      return;
    }
    const type = payloadType(packet);
    const isDigit = type === format.dtmfPayloadType;
    if (!isDigit && type !== format.payloadType) {
      if (type === comfortNoise) {
        this.hasSounded = this.pauses = true;
        this.heard(this.env.clock.monotonic());
      } else this.discarded += 1;
      return;
    }
    const nowMs = this.env.clock.monotonic();
    const sequence = sequenceNumber(packet);
    const source = ssrc(packet);
    if (source !== this.source) this.newSource(source, sequence, nowMs);
    if (!this.reception.arrived(sequence)) {
      this.discarded += 1;
      return;
    }
    this.bytesReceived += packet.length;
    if (!isDigit && hasMarker(packet) && nowMs - this.heardAtMs > pauseMs && this.heardPackets > 0) this.pauses = true;
    this.decoded = -1;
    if (!this.hasSounded) this.hasSounded = isDigit || this.sounds(packet, start, end);
    this.heard(nowMs);
    if (isDigit) this.tell(this.digits.push(packet, start, end, sequence, timestamp(packet), nowMs));
    else {
      this.reception.measure(timestamp(packet), nowMs * unitsPerMs(format.codec));
      const isTone = !this.muted && format.dtmfPayloadType === null && this.isListenedTo && this.hearTones(packet, start, end);
      if (this.muted) {
        // Nor is the end of it heard, where a decoder remembers.
        if (this.decoded >= 0) this.decoder.reset();
        end = this.hush(packet, start, end);
      } else if (this.taps.length > 0 || this.voice !== null) {
        const size = this.decode(packet, start, end);
        const time = this.timeOf(packet, samplesPerMs);
        for (const { recorder, channel } of this.taps) recorder.put(channel, nowMs, source, time, heardSamples, size);
        this.voice?.put(heardSamples, size, source, time, hasMarker(packet), nowMs);
      }
      // Who is told of a digit by an event is not to hear it too.
      if (isTone && this.partner?.format?.dtmfPayloadType != null) end = this.hush(packet, start, end);
    }
    this.partner?.relay(packet, start, end, isDigit, isDigit && this.muted, this, nowMs);
  }

  /** The packet in hand says nothing any more, decoded or not. Where it ends then. */
  private hush(packet: Uint8Array, start: number, end: number): number {
    if (this.decoded >= 0) heardSamples.fill(0, 0, this.decoded);
    return silence(this.format!.codec, packet, start, end);
  }

  /** Whether anybody wants its digits told: between two who both have them in the voice, that is passed on as it is. What has begun is told to its end. */
  private get isListenedTo(): boolean {
    return this.partner === null || this.partner.format?.dtmfPayloadType != null || this.tones.isSounding;
  }

  /** Whether the tones of a digit sound, of a peer that has no events for it. */
  private hearTones(packet: Uint8Array, start: number, end: number): boolean {
    const ended = this.tones.push(heardSamples, this.decode(packet, start, end));
    if (ended !== null) this.tell([ended]);
    return this.tones.isSounding;
  }

  /** The timestamp of a packet of the peer, under a clock of so many units in a millisecond. */
  private timeOf(packet: Uint8Array, wanted: number): number {
    const time = timestamp(packet);
    const own = this.format === null ? wanted : unitsPerMs(this.format.codec);
    if (own === wanted) return time;
    return own < wanted ? Math.imul(time, wanted / own) >>> 0 : this.clock.at(time);
  }

  /** The packet in hand is in `heardSamples`, decoded once, whoever needs it, as a decoder remembers; so many samples it has. */
  private decode(packet: Uint8Array, start: number, end: number): number {
    if (this.decoded < 0) this.decoded = this.decoder.decode(packet, start, end, heardSamples);
    return this.decoded;
  }

  /** Whether anything sounds in a packet; asked until the first one in which it does. */
  private sounds(packet: Uint8Array, start: number, end: number): boolean {
    const size = this.decode(packet, start, end);
    for (let i = 0; i < size; i++) if (Math.abs(heardSamples[i]!) > soundingLevel) return true;
    return false;
  }

  /** Takes a packet of the partner: what it says goes to our peer, in our codec and under our numbers. */
  private relay(
    packet: Uint8Array,
    start: number,
    end: number,
    isDigit: boolean,
    isHidden: boolean,
    from: MediaStream,
    nowMs: number,
  ): void {
    const { format, transport, out } = this;
    if (format === null || transport === null || this.isSpeaking || !this.sends) return out.pause();
    const type = isDigit ? format.dtmfPayloadType : format.payloadType;
    if (type === null || isHidden) return out.skip();
    const theirs = from.format!;
    const time = from.timeOf(packet, unitsPerMs(format.codec));
    if (isDigit) {
      if (theirs.dtmfUnitsPerMs !== format.dtmfUnitsPerMs) rescaleEvent(packet, start, theirs.dtmfUnitsPerMs, format.dtmfUnitsPerMs);
    } else {
      const way = wayBetween(theirs.codec, format.codec);
      if (way === "samples") return this.transcode(packet, from.decode(packet, start, end), time, nowMs);
      if (way !== "same") for (let i = start; i < end; i++) packet[i] = way[packet[i]!]!;
    }
    const ours = out.relayed(packet, start, end, type, time, nowMs);
    if (ours !== null) transport.sendRtp(ours);
  }

  /** What a packet of the partner says, `size` samples in `heardSamples`, in our codec: as one packet, or as several where one cannot hold so much. */
  private transcode(packet: Uint8Array, size: number, time: number, nowMs: number): void {
    const { encoder, out } = this;
    const { codec, payloadType: type } = this.format!;
    let done = 0;
    do {
      const part = encoder.fits(size - done);
      const bytes = part === 0 ? 0 : encoder.encode(heardSamples, done, part, transcoded, rtpHeaderBytes);
      // Nothing to be heard in it, and no gap either.
      if (bytes === 0) return done === 0 ? out.skip() : undefined;
      if (done > 0) out.split();
      transcoded.set(packet.subarray(0, rtpHeaderBytes));
      const at = (time + (done * unitsPerMs(codec)) / samplesPerMs) >>> 0;
      const end = rtpHeaderBytes + bytes;
      const ours = out.relayed(transcoded.subarray(0, end), rtpHeaderBytes, end, type, at, nowMs);
      if (ours !== null) this.transport!.sendRtp(ours);
      done += part;
    } while (done < size);
  }

  /** 20 ms of the mix, or of a digit, as samples. */
  saySamples(samples: Int16Array, atMs: number): void {
    const bytes = this.encoder.encode(samples, 0, samplesPerTick, this.mixed, 0);
    if (bytes > 0) this.sayMixed(this.mixed.subarray(0, bytes), atMs);
  }

  /** 20 ms of the mix, in the peer's law; asked for while `hearsMix`. */
  sayMixed(payload: Uint8Array, atMs: number): void {
    this.transport!.sendRtp(this.out.frame(this.format!.payloadType, payload, atMs));
  }

  /** Every 20 ms while something of ours is to be said. What has nowhere to go yet waits: a prompt begins when the peer can hear it. */
  tick(nowMs: number): void {
    const { format, transport, player, digitsOut, out } = this;
    if (format === null || transport === null || !transport.isReady) return;
    if (digitsOut !== null && format.dtmfPayloadType === null) {
      digitsOut.sound(toneFrame);
      if (this.sends) this.saySamples(toneFrame, nowMs);
      if (digitsOut.isDone) this.digitsOut = null;
      return;
    }
    if (digitsOut !== null) {
      for (const event of digitsOut.tick()) {
        if (event.isFirst) this.digitAt = out.nextTimestamp(nowMs);
        if (this.sends) transport.sendRtp(out.event(format.dtmfPayloadType!, event.payload, this.digitAt, event.isFirst, nowMs));
      }
      if (digitsOut.isDone) this.digitsOut = null;
      return;
    }
    if (player === null) return;
    if (!this.sends) return player.skip();
    const payload = player.next(this.encoder);
    if (payload.length > 0) transport.sendRtp(out.frame(format.payloadType, payload, nowMs));
  }

  onRtcp(bytes: Uint8Array): void {
    const nowMs = this.env.clock.monotonic();
    for (const packet of parseRtcp(bytes) ?? []) {
      if (packet.kind === "sender-report") this.lastReport = { middle: ntpMiddle(packet.ntpSeconds, packet.ntpFraction), atMs: nowMs };
      if (packet.kind === "sender-report" || packet.kind === "receiver-report") {
        this.reports += 1;
        if (packet.kind === "sender-report") {
          this.senderReports += 1;
          this.reportedSent = packet.packets;
        }
        const ours = packet.reports.find((report) => report.ssrc === this.out.ssrc);
        // Browsers report what they send and what they hear in packets of their own: a sender report without a word on us means nothing.
        if (ours !== undefined || packet.kind === "receiver-report") {
          this.accounts += 1;
          this.isRemoteNamed = ours !== undefined;
        }
        if (ours !== undefined) this.readReport(ours);
      }
    }
  }

  // RFC 3550 §6.4.1: round trip = arrival - LSR - DLSR, all in 1/65536 s. Loss there includes what the partner's own path has lost already.
  private readReport(report: ReportBlock): void {
    this.readRoundTrip(report);
    const jitterMs = report.jitter / this.out.unitsPerMs;
    const hasArrived = report.highestSequence !== this.remote?.highest;
    this.remote = { lost: Math.max(0, report.packetsLost), jitterMs, highest: report.highestSequence };
    if (hasArrived)
      this.to = withWindow(this.to, { lossPercent: (report.fractionLost * 100) / 256, jitterMs, roundTripMs: this.roundTripMs });
  }

  private readRoundTrip(report: ReportBlock): void {
    if (report.lastSenderReport === 0) return;
    const { seconds, fraction } = toNtp(this.env.clock.now());
    const units = (ntpMiddle(seconds, fraction) - report.lastSenderReport - report.delaySinceLastSenderReport) | 0;
    const roundTripMs = (Math.max(0, units) * 1_000) / 65_536;
    if (roundTripMs > roundTripMsMax) return;
    this.roundTripMs = roundTripMs;
    this.roundTripMsLongest = Math.max(roundTripMs, this.roundTripMsLongest ?? 0);
  }

  /** The last report says goodbye (RFC 3550 §6.6). */
  close(): void {
    if (this.format !== null && this.source >= 0) this.report({ kind: "bye", ssrcs: [this.out.ssrc] });
    this.transport?.close();
    this.transport = null;
    this.closeCodec();
  }

  private closeCodec(): void {
    this.decoder.close();
    this.encoder.close();
  }

  /** A report about both directions (RFC 3550 §6). */
  private report(...more: readonly RtcpPacket[]): void {
    const { out, lastReport, transport } = this;
    if (transport === null || !transport.isReady) return;
    const nowMs = this.env.clock.monotonic();
    const reports: ReportBlock[] = [];
    if (this.source >= 0)
      reports.push({
        ssrc: this.source,
        ...this.reception.report(),
        lastSenderReport: lastReport?.middle ?? 0,
        delaySinceLastSenderReport: lastReport === null ? 0 : Math.round(((nowMs - lastReport.atMs) * 65_536) / 1_000) >>> 0,
      });
    const { seconds: ntpSeconds, fraction: ntpFraction } = toNtp(this.env.clock.now());
    const { ssrc: source, packets, octets } = out;
    const rtpTimestamp = out.timestampAt(nowMs);
    const first: RtcpPacket =
      packets === 0
        ? { kind: "receiver-report", ssrc: source, reports }
        : { kind: "sender-report", ssrc: source, ntpSeconds, ntpFraction, rtpTimestamp, packets, octets, reports };
    // A name that tells nothing (RFC 7022 §4.2): our own SSRC is random already.
    transport.sendRtcp(buildRtcp([first, { kind: "source-description", ssrc: source, cname: source.toString(36) }, ...more]));
  }

  /** Every second: digits whose end was lost, silence where sound should be, and every five seconds reports to the peer and to us. */
  housekeep(nowMs: number): void {
    this.transport?.housekeep(nowMs);
    this.tell(this.digits.expire(nowMs));
    this.listen(nowMs);
    this.jitterMsMax = Math.max(this.jitterMsMax, this.jitterMs);
    if (nowMs < this.reportAtMs) return;
    this.reportAtMs += reportMs;
    if (this.reportAtMs <= nowMs) this.reportAtMs = nowMs + reportMs;
    if (this.format !== null) this.report();
    this.closeWindow();
    this.events.onStats(this.stats());
  }

  /** What came since the last window, as a score. Packets that came late after all make no loss negative. */
  private closeWindow(): void {
    const { received } = this.reception;
    const lost = this.reception.lost();
    const came = received - this.window.received;
    const missing = Math.max(0, lost - this.window.lost);
    this.window = { received, lost };
    if (came + missing < windowPacketsMin) return;
    const { jitterMs } = this;
    this.from = withWindow(this.from, { lossPercent: (missing * 100) / (came + missing), jitterMs, roundTripMs: this.roundTripMs });
  }

  /** The last facts: a call that was shorter than a window has what there was of one. */
  lastStats(): StreamStats {
    this.closeWindow();
    return this.stats();
  }

  private listen(nowMs: number): void {
    const { state, outputs } = stepHearing(this.hearing, this.look(), nowMs);
    this.hearing = state;
    for (const output of outputs) this.events.onTrouble(output);
  }

  private look(): Look {
    const { transport } = this;
    const isUp = this.isAnswered && this.format !== null && transport !== null;
    return {
      isExpected: isUp && this.receives,
      isSending: isUp && this.sends && transport.isReady,
      isConnected: transport?.isReady ?? false,
      isGone: transport?.isGone ?? false,
      isBrowser: transport?.isBrowser ?? false,
      ...{ heard: this.heardPackets, hasSounded: this.hasSounded, pauses: this.pauses },
      ...{ refused: transport?.refused ?? 0, refusedFrom: transport?.refusedFrom ?? "", discarded: this.discarded },
      ...{ reports: this.reports, senderReports: this.senderReports, reportedSent: this.reportedSent },
      ...{ accounts: this.accounts, arrived: this.isRemoteNamed ? this.remote!.highest : null },
      ...{ sent: this.out.packets, peer: transport?.peerAddress ?? "" },
      ...{ from: this.from.figures, to: this.to.figures },
    };
  }

  stats(): StreamStats {
    return {
      packetsSent: this.out.packets,
      packetsReceived: this.reception.received,
      bytesSent: this.out.octets,
      bytesReceived: this.bytesReceived,
      packetsLost: this.reception.lost(),
      packetsDiscarded: this.discarded + this.digits.refused,
      packetsDuplicated: this.reception.duplicates,
      jitterMs: this.jitterMs,
      jitterMsMax: Math.max(this.jitterMsMax, this.jitterMs),
      remotePacketsLost: this.remote?.lost ?? null,
      remoteJitterMs: this.remote?.jitterMs ?? null,
      roundTripMs: this.roundTripMs,
      roundTripMsMax: this.roundTripMsLongest,
      from: this.from.figures,
      to: this.to.figures,
      packetsRefused: this.transport?.refused ?? 0,
      codec: this.format?.codec ?? null,
      protection: this.transport?.protection ?? "none",
      protocol: this.transport?.protocol ?? "udp",
    };
  }

  /** WebRTC is up when DTLS is; plain RTP when the first packet came. */
  connected(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    this.events.onConnected();
  }

  onBug(error: unknown): void {
    this.events.onBug(error);
  }

  private newSource(source: number, sequence: number, nowMs: number): void {
    if (this.source >= 0) {
      this.reception.restart(sequence);
      this.tell(this.digits.restart(nowMs));
      this.tones.reset();
      this.decoder.reset();
    }
    this.source = source;
  }

  private heard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.heardPackets += 1;
    if (!this.isConnected) this.connected();
  }

  private tell(heard: readonly Digit[]): void {
    for (const { digit, durationMs } of heard) this.events.onDigit(digit, durationMs);
  }
}

/** A clock of 48 kHz as one of 8 that does not jump where the other's 32 bits run over. */
class EighthClock {
  private theirs = 0;
  private ours = 0;

  at(time: number): number {
    const distance = timestampDistance(this.theirs, time);
    const at = (this.ours + Math.floor(distance / 6)) >>> 0;
    if (Math.abs(distance) < 0x2000_0000) return at;
    this.theirs = (this.theirs + 6 * Math.floor(distance / 6)) >>> 0;
    this.ours = at;
    return at;
  }
}
