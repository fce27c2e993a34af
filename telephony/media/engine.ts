// The media engine of one worker: carries out commands, keeps the 20 ms clock, and reports what happens to streams and recordings.
import type { Env, Timer } from "../../core/env/env.ts";
import { streamsPerWorkerMax } from "../../core/lib/limits.ts";
import { assertNever } from "../../core/lib/machine.ts";
import { DigitSender } from "./dtmf.ts";
import type { MediaCommand, MediaEvent, PromptLoader, PromptSource, RecordingSinkFactory } from "./plane.ts";
import { joinSamples, Player, toneSamples } from "./player.ts";
import { Recorder } from "./recorder.ts";
import { type PortRange, RtpTransport, type Transport } from "./rtp-transport.ts";
import { MediaStream } from "./stream.ts";
import type { MuxSession, WebRtcMux } from "./webrtc/mux.ts";

const tickMs = 20;
const houseMs = 1_000;
const reportMs = 5_000;
/** Ticks made up for after a pause of the process; older ones are dropped, or a burst would follow. */
const lateTicksMax = 5;

export type EngineOptions = {
  readonly env: Env;
  readonly ports: PortRange;
  /** Null: this worker carries no WebRTC. */
  readonly mux: WebRtcMux | null;
  readonly prompts: PromptLoader;
  readonly openSink: RecordingSinkFactory;
  readonly emit: (event: MediaEvent) => void;
};

type Recording = {
  readonly recordingId: string;
  recorder: Recorder | null;
  left: MediaStream | null;
  right: MediaStream | null;
  stopped: boolean;
};

export class MediaEngine {
  private readonly streams = new Map<string, MediaStream>();
  private readonly sessions = new Map<string, MuxSession>();
  private readonly plain = new Map<string, RtpTransport>();
  private readonly recordings = new Map<string, Recording>();
  /** Streams that say something of ours. */
  private readonly speaking = new Set<MediaStream>();
  private ticking: Timer | null = null;
  private nextTickMs = 0;
  private counted = { atMs: 0, packets: 0 };
  private readonly house: { timer: Timer | null; count: number } = { timer: null, count: 0 };

  constructor(private readonly options: EngineOptions) {
    this.housekeep();
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** In and out, over the time since the last call. */
  packetsPerSecond(): number {
    const nowMs = this.options.env.clock.monotonic();
    let packets = 0;
    for (const stream of this.streams.values()) packets += stream.packetCount;
    const { atMs, packets: before } = this.counted;
    this.counted = { atMs: nowMs, packets };
    return nowMs <= atMs ? 0 : Math.max(0, Math.round(((packets - before) * 1_000) / (nowMs - atMs)));
  }

  handle(command: MediaCommand): void {
    switch (command.kind) {
      case "open":
        void this.open(command);
        return;
      case "connect-rtp": {
        const stream = this.streams.get(command.streamId);
        if (stream === undefined) return;
        const { codec, payloadType, dtmfPayloadType } = command.remote;
        stream.format = { codec, payloadType, dtmfPayloadType };
        stream.direction = command.direction;
        this.plain.get(command.streamId)?.setRemote(command.remote);
        return;
      }
      case "connect-webrtc": {
        const stream = this.streams.get(command.streamId);
        if (stream === undefined) return;
        const { codec, payloadType, dtmfPayloadType } = command.remote;
        stream.format = { codec, payloadType, dtmfPayloadType };
        stream.direction = command.direction;
        this.sessions.get(command.streamId)?.setRemote(command.remote);
        return;
      }
      case "direction": {
        const stream = this.streams.get(command.streamId);
        if (stream !== undefined) stream.direction = command.direction;
        return;
      }
      case "play":
        void this.play(command);
        return;
      case "stop-play": {
        const stream = this.streams.get(command.streamId);
        if (stream?.player?.playId === command.playId) this.endPlay(stream, "stopped");
        return;
      }
      case "send-digits": {
        const stream = this.streams.get(command.streamId);
        if (stream === undefined) return;
        if (stream.sender === null) stream.sender = new DigitSender(command.digits, command.toneMs, command.gapMs);
        else stream.sender.add(command.digits);
        this.speak(stream);
        return;
      }
      case "bridge":
        this.bridge(command.a, command.b);
        return;
      case "unbridge": {
        const stream = this.streams.get(command.streamId);
        if (stream !== undefined) unbridge(stream);
        return;
      }
      case "mute": {
        const stream = this.streams.get(command.streamId);
        if (stream !== undefined) stream.muted = command.muted;
        return;
      }
      case "record-start":
        void this.startRecording(command);
        return;
      case "record-channel": {
        const recording = this.recordings.get(command.recordingId);
        if (recording === undefined) return;
        this.untap(recording, "right");
        recording.right = command.right === null ? null : (this.streams.get(command.right) ?? null);
        this.tap(recording, "right");
        return;
      }
      case "record-stop":
        void this.stopRecording(command.recordingId);
        return;
      case "close":
        this.close(command.streamId);
        return;
      default:
        assertNever(command);
    }
  }

  /** Ends everything: recordings are sealed first. */
  async stop(): Promise<void> {
    await Promise.all([...this.recordings.keys()].map((id) => this.stopRecording(id)));
    for (const id of [...this.streams.keys()]) this.close(id);
    this.house.timer?.cancel();
    this.ticking?.cancel();
    this.options.mux?.close();
  }

  private async open(command: Extract<MediaCommand, { kind: "open" }>): Promise<void> {
    const { streamId, groupId } = command;
    const { env, mux, emit, ports } = this.options;
    if (this.streams.size >= streamsPerWorkerMax) return emit({ kind: "failed", streamId, reason: "too many streams" });
    const stream = new MediaStream(streamId, groupId, env, {
      onConnected: () => emit({ kind: "connected", streamId, protection: stream.transport?.protection ?? "none" }),
      onDigit: (digit, durationMs) => emit({ kind: "digit", streamId, digit, durationMs }),
      onSilent: (forMs) => emit({ kind: "silent", streamId, forMs }),
      onHeardAgain: () => emit({ kind: "heard-again", streamId }),
    });
    this.streams.set(streamId, stream);
    try {
      if (command.transport === "rtp") {
        const transport = await RtpTransport.open(ports, command.localAddress, stream);
        if (this.streams.get(streamId) !== stream) return transport.close();
        stream.transport = transport;
        this.plain.set(streamId, transport);
        emit({ kind: "opened", streamId, local: { rtpPort: transport.rtpPort, rtcpPort: transport.rtcpPort, webrtc: null } });
        return;
      }
      if (mux === null) throw new Error("this worker has no port for browsers");
      const session = mux.session({
        // DTLS is up: that is "connected", before the first packet.
        onConnected: (protection) => {
          if (stream.connected) return;
          stream.connected = true;
          emit({ kind: "connected", streamId, protection });
        },
        onRtp: (packet) => stream.onRtp(packet),
        onRtcp: (packet) => stream.onRtcp(packet),
        onFailed: (reason) => this.fail(streamId, reason),
      });
      stream.transport = webRtcTransport(session);
      this.sessions.set(streamId, session);
      const { ufrag, pwd } = session;
      emit({
        kind: "opened",
        streamId,
        local: { rtpPort: mux.port, rtcpPort: mux.port, webrtc: { ufrag, pwd, fingerprint: mux.fingerprint } },
      });
    } catch (error) {
      this.fail(streamId, error instanceof Error ? error.message : String(error));
    }
  }

  private async play(command: Extract<MediaCommand, { kind: "play" }>): Promise<void> {
    const { streamId, playId, loop } = command;
    const parts = await Promise.all(command.prompts.map((prompt) => this.samplesOf(prompt)));
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    const known = parts.filter((part) => part !== null);
    if (known.length < parts.length || known.every((part) => part.length === 0)) {
      this.options.emit({ kind: "play-finished", streamId, playId, reason: "unknown-prompt" });
      return;
    }
    if (stream.player !== null) this.endPlay(stream, "stopped");
    stream.player = new Player(playId, joinSamples(known), loop);
    this.speak(stream);
  }

  private async samplesOf(prompt: PromptSource): Promise<Int16Array | null> {
    return prompt.kind === "tone" ? toneSamples(prompt.hz, prompt.onMs, prompt.offMs) : this.options.prompts(prompt.key);
  }

  private endPlay(stream: MediaStream, reason: "done" | "stopped"): void {
    const { player, streamId } = stream;
    if (player === null) return;
    stream.player = null;
    if (!stream.isSpeaking) this.speaking.delete(stream);
    this.options.emit({ kind: "play-finished", streamId, playId: player.playId, reason });
  }

  private bridge(a: string, b: string): void {
    const [left, right] = [this.streams.get(a), this.streams.get(b)];
    if (left === undefined || right === undefined || left === right) return;
    unbridge(left);
    unbridge(right);
    left.partner = right;
    right.partner = left;
  }

  private async startRecording(command: Extract<MediaCommand, { kind: "record-start" }>): Promise<void> {
    const { recordingId } = command;
    if (this.recordings.has(recordingId)) return;
    const recording: Recording = {
      recordingId,
      recorder: null,
      left: this.streams.get(command.left) ?? null,
      right: command.right === null ? null : (this.streams.get(command.right) ?? null),
      stopped: false,
    };
    this.recordings.set(recordingId, recording);
    try {
      const sink = await this.options.openSink(command.target);
      recording.recorder = new Recorder(sink, {
        onProgress: (chunks, durationMs) => this.options.emit({ kind: "recording-progress", recordingId, chunks, durationMs }),
        onFailed: (reason) => this.recordingFailed(recording, reason),
      });
      this.tap(recording, "left");
      this.tap(recording, "right");
      this.startTicking();
      if (recording.stopped) await this.finishRecording(recording);
    } catch (error) {
      this.recordingFailed(recording, error instanceof Error ? error.message : String(error));
    }
  }

  private async stopRecording(recordingId: string): Promise<void> {
    const recording = this.recordings.get(recordingId);
    if (recording === undefined || recording.stopped) return;
    recording.stopped = true;
    if (recording.recorder !== null) await this.finishRecording(recording);
  }

  private async finishRecording(recording: Recording): Promise<void> {
    const { recordingId } = recording;
    this.recordings.delete(recordingId);
    this.untap(recording, "left");
    this.untap(recording, "right");
    try {
      const facts = await recording.recorder!.close();
      if (!recording.recorder!.hasFailed) this.options.emit({ kind: "recording-closed", recordingId, ...facts });
    } catch (error) {
      this.options.emit({ kind: "recording-failed", recordingId, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  private recordingFailed(recording: Recording, reason: string): void {
    this.recordings.delete(recording.recordingId);
    this.untap(recording, "left");
    this.untap(recording, "right");
    this.options.emit({ kind: "recording-failed", recordingId: recording.recordingId, reason });
  }

  private tap(recording: Recording, channel: "left" | "right"): void {
    if (recording.recorder !== null) recording[channel]?.taps.push({ recorder: recording.recorder, channel });
  }

  private untap(recording: Recording, channel: "left" | "right"): void {
    const taps = recording[channel]?.taps;
    const index = taps?.findIndex((tap) => tap.recorder === recording.recorder && tap.channel === channel) ?? -1;
    if (index >= 0) taps!.splice(index, 1);
  }

  private fail(streamId: string, reason: string): void {
    if (!this.streams.has(streamId)) return;
    this.options.emit({ kind: "failed", streamId, reason });
  }

  private close(streamId: string): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.streams.delete(streamId);
    this.speaking.delete(stream);
    unbridge(stream);
    for (const recording of this.recordings.values()) {
      if (recording.left === stream) this.untap(recording, "left");
      if (recording.right === stream) this.untap(recording, "right");
    }
    this.options.emit({ kind: "stats", streamId, stats: stream.stats(), final: true });
    stream.transport?.close();
    this.plain.delete(streamId);
    this.sessions.delete(streamId);
  }

  private speak(stream: MediaStream): void {
    this.speaking.add(stream);
    this.startTicking();
  }

  private startTicking(): void {
    if (this.ticking !== null) return;
    this.nextTickMs = this.options.env.clock.monotonic() + tickMs;
    this.schedule();
  }

  // Each tick is timed from the last one's due time, so lateness never adds up; an interval timer drifts 0.16 ms a tick.
  private schedule(): void {
    const { clock } = this.options.env;
    this.ticking = clock.after(Math.max(0, this.nextTickMs - clock.monotonic()), () => {
      this.ticking = null;
      const nowMs = clock.monotonic();
      if (nowMs - this.nextTickMs > tickMs * lateTicksMax) this.nextTickMs = nowMs;
      for (; this.nextTickMs <= nowMs; this.nextTickMs += tickMs) this.tick(nowMs);
      if (this.speaking.size > 0 || this.recordings.size > 0) this.schedule();
    });
  }

  private tick(nowMs: number): void {
    for (const stream of this.speaking) {
      stream.tick(nowMs);
      if (stream.player?.isDone === true) this.endPlay(stream, "done");
      else if (!stream.isSpeaking) this.speaking.delete(stream);
    }
    for (const { recorder } of this.recordings.values()) recorder?.tick();
  }

  private housekeep(): void {
    const { clock } = this.options.env;
    this.house.timer = clock.after(houseMs, () => {
      this.house.count += 1;
      const nowMs = clock.monotonic();
      const isReport = this.house.count % (reportMs / houseMs) === 0;
      for (const stream of this.streams.values()) {
        stream.housekeep(nowMs);
        if (!isReport) continue;
        stream.report();
        this.options.emit({ kind: "stats", streamId: stream.streamId, stats: stream.stats(), final: false });
      }
      this.housekeep();
    });
  }
}

function unbridge(stream: MediaStream): void {
  if (stream.partner?.partner === stream) stream.partner.partner = null;
  stream.partner = null;
}

function webRtcTransport(session: MuxSession): Transport {
  return {
    sendRtp: (packet) => session.sendRtp(packet),
    sendRtcp: (packet) => session.sendRtcp(packet),
    get refused() {
      return session.refused;
    },
    get protection() {
      return session.profile ?? "none";
    },
    close: () => session.close(),
  };
}
