// The media engine of one worker: carries out commands, keeps the 20 ms clock, and reports what happens to streams and recordings.
import type { Env, Timer } from "../../core/env/env.ts";
import { digitsToSendMax, promptsPerPlayMax, streamsPerWorkerMax } from "../../core/lib/limits.ts";
import { assertNever } from "../../core/lib/machine.ts";
import { CaptureBatch } from "./capture.ts";
import { DigitSender } from "./dtmf.ts";
import { Mixer } from "./mixer.ts";
import type { BrowserPaths, LocalMedia, MediaCommand, MediaEvent, PromptLoader, PromptSource, RecordingSinkFactory } from "./plane.ts";
import { Player } from "./player.ts";
import type { PortRange } from "./ports.ts";
import { Recorder } from "./recorder.ts";
import { RtpTransport } from "./rtp-transport.ts";
import { newKeyTexts } from "./srtp/srtp.ts";
import { MediaStream, type Tap } from "./stream.ts";
import { endlessTone, toneSamples } from "./tone.ts";
import type { Transport } from "./transport.ts";
import type { MuxSession, WebRtcMux } from "./webrtc/mux.ts";

const tickMs = 20;
const houseMs = 1_000;
/** Ticks made up for after a pause of the process; older ones are dropped, or a burst would follow. */
const lateTicksMax = 5;

export type EngineOptions = {
  readonly env: Env;
  readonly ports: Pick<PortRange, "bind">;
  /** Null: this worker carries no WebRTC. */
  readonly mux: WebRtcMux | null;
  readonly prompts: PromptLoader;
  readonly openSink: RecordingSinkFactory;
  readonly emit: (event: MediaEvent) => void;
};

type Command<K extends MediaCommand["kind"]> = Extract<MediaCommand, { kind: K }>;

/** A stream and what only the engine needs to know of it. */
type Entry = {
  readonly stream: MediaStream;
  readonly how: Command<"open">["transport"];
  transport: RtpTransport | MuxSession | null;
  /** Connects that came before the ports were bound. */
  connect: Command<"connect-rtp"> | Command<"connect-webrtc"> | null;
  /** The play that waits for its prompts. */
  awaited: Command<"play"> | null;
  /** The mix that it is in. */
  mixId: string | null;
  /** As it shall be captured; null: not at all. */
  capture: Command<"capture"> | null;
};

type Recording = {
  readonly recordingId: string;
  /** Null until the sink is open. */
  recorder: Recorder | null;
  readonly left: string;
  right: string | null;
  isPaused: boolean;
  isStopped: boolean;
};
/** Ms; what comes more than 20 ms late has missed its turn. */
export const tickLatenessMs = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100] as const;

export class MediaEngine {
  private readonly streams = new Map<string, Entry>();
  private readonly recordings = new Map<string, Recording>();
  private readonly mixes = new Map<string, Mixer>();
  /** Streams that say something of ours. */
  private readonly speaking = new Set<MediaStream>();
  private ticking: Timer | null = null;
  private nextTickMs = 0;
  /** How many ticks were at most so late, by `tickLatenessMs`, since the start; the last one: later than all of these. */
  readonly ticks = new Array<number>(tickLatenessMs.length + 1).fill(0);
  private house: Timer | null = null;
  private counted = { atMs: 0, packets: 0 };
  /** Made when something is captured for the first time. */
  private captured: CaptureBatch | null = null;
  /** Streams of browsers that are over. */
  private readonly ended = { udp: 0, tcp: 0 };

  constructor(private readonly options: EngineOptions) {
    this.housekeep();
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Streams of browsers that were connected, by what carried them. */
  get browsers(): BrowserPaths {
    const counts = { ...this.ended };
    for (const { stream } of this.streams.values()) countPath(counts, stream);
    return counts;
  }

  /** In and out, over the time since the last call. */
  packetsPerSecond(): number {
    const nowMs = this.nowMs();
    let packets = 0;
    for (const { stream } of this.streams.values()) packets += stream.packetCount;
    const { atMs, packets: before } = this.counted;
    this.counted = { atMs: nowMs, packets };
    return nowMs <= atMs ? 0 : Math.max(0, Math.round(((packets - before) * 1_000) / (nowMs - atMs)));
  }

  handle(command: MediaCommand): void {
    switch (command.kind) {
      case "open":
        return this.open(command);
      case "connect-rtp":
      case "connect-webrtc":
        return this.connect(command);
      case "direction":
        return this.with(command, ({ stream }) => {
          stream.direction = command.direction;
        });
      case "expect":
        return this.with(command, ({ stream }) => {
          stream.isAnswered = true;
        });
      case "play":
        return this.with(command, (entry) => void this.play(command, entry));
      case "stop-play":
        return this.with(command, (entry) => this.stopPlay(command, entry));
      case "send-digits":
        return this.with(command, ({ stream }) => this.sendDigits(command, stream));
      case "bridge":
        return this.bridge(command);
      case "unbridge":
        return this.with(command, (entry) => this.part(entry));
      case "move":
        // A link makes it of what an engine does: links.ts.
        return;
      case "mix":
        return this.with(command, (entry) => this.mix(command, entry));
      case "mute":
        return this.with(command, ({ stream }) => {
          stream.muted = command.muted;
        });
      case "record-start":
        return void this.startRecording(command);
      case "record-channel":
        return this.setChannel(command);
      case "record-pause":
        return this.pauseRecording(command);
      case "record-stop":
        return void this.stopRecording(command.recordingId);
      case "capture":
        return this.with(command, (entry) => this.capture(command, entry));
      case "close":
        return this.with(command, () => this.close(command.streamId));
      default:
        return assertNever(command);
    }
  }

  /** Ends everything: recordings are sealed first. */
  async stop(): Promise<void> {
    await Promise.all([...this.recordings.keys()].map((id) => this.stopRecording(id)));
    for (const id of [...this.streams.keys()]) this.close(id);
    this.house?.cancel();
    this.ticking?.cancel();
    this.options.mux?.close();
  }

  // ── Streams ──

  private open(command: Command<"open">): void {
    const { streamId } = command;
    const { emit, env } = this.options;
    if (this.streams.has(streamId)) return;
    const stream: MediaStream = new MediaStream(streamId, env, {
      onConnected: () => emit({ kind: "connected", streamId, protection: stream.transport?.protection ?? "none" }),
      onDigit: (digit, durationMs) => emit({ kind: "digit", streamId, digit, durationMs }),
      onTrouble: (told) => emit({ kind: "trouble", streamId, ...told }),
      onStats: (stats) => emit({ kind: "stats", streamId, stats, final: false }),
      onBug: (error) => this.bug(streamId, error),
    });
    const entry: Entry = { stream, how: command.transport, transport: null, connect: null, awaited: null, mixId: null, capture: null };
    const isFull = this.streams.size >= streamsPerWorkerMax;
    // A refused stream is kept until it is closed, like any other that failed.
    this.streams.set(streamId, entry);
    this.tapAll();
    if (isFull) this.fail(streamId, "too many streams");
    else if (command.transport === "webrtc") this.openWebRtc(entry);
    else void this.openRtp(command, entry);
  }

  private async openRtp({ streamId, localAddress }: Command<"open">, entry: Entry): Promise<void> {
    try {
      const srtp = newKeyTexts(this.options.env.random);
      const transport = await RtpTransport.open(this.options.ports, localAddress, entry.stream, srtp);
      if (this.streams.get(streamId) !== entry) return transport.close();
      this.opened(entry, transport, { rtpPort: transport.localRtpPort, rtcpPort: transport.localRtcpPort, webrtc: null, srtp });
    } catch (error) {
      this.fail(streamId, messageOf(error));
    }
  }

  private openWebRtc(entry: Entry): void {
    const { mux } = this.options;
    const { stream } = entry;
    if (mux === null) return this.fail(stream.streamId, "this worker has no port for browsers");
    const session = mux.session({
      onConnected: () => stream.connected(),
      onRtp: (packet) => stream.onRtp(packet),
      onRtcp: (packet) => stream.onRtcp(packet),
      onFailed: (reason) => this.fail(stream.streamId, reason),
      onBug: (error) => this.bug(stream.streamId, error),
    });
    const webrtc = { ...session.ours, fingerprint: mux.fingerprint, tcpPort: mux.tcpPort };
    this.opened(entry, session, { rtpPort: mux.port, rtcpPort: mux.port, webrtc, srtp: null });
  }

  private opened(entry: Entry, transport: RtpTransport | MuxSession, local: LocalMedia): void {
    entry.transport = transport;
    entry.stream.transport = transport satisfies Transport;
    if (entry.capture !== null) this.capture(entry.capture, entry);
    this.options.emit({ kind: "opened", streamId: entry.stream.streamId, local });
    if (entry.connect !== null) this.connect(entry.connect);
  }

  private connect(command: Command<"connect-rtp"> | Command<"connect-webrtc">): void {
    const entry = this.streams.get(command.streamId);
    if (entry === undefined) return;
    const { stream, transport } = entry;
    entry.connect = transport === null ? command : null;
    const { codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs } = command.remote;
    stream.format = { codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs };
    stream.direction = command.direction;
    if (command.kind === "connect-rtp" && transport instanceof RtpTransport) transport.setRemote(command.remote);
    else if (command.kind === "connect-webrtc" && transport !== null && !(transport instanceof RtpTransport))
      transport.setRemote(command.remote, command.ours);
    else if (transport !== null) this.fail(command.streamId, `a stream opened as ${entry.how} cannot ${command.kind}`);
  }

  private capture(command: Command<"capture">, entry: Entry): void {
    const isOn = command.mode !== "off";
    entry.capture = isOn ? command : null;
    if (isOn) this.captured ??= new CaptureBatch(this.options.env, this.options.emit);
    // What was taken before is handed over before anybody is told that it is over.
    else this.captured?.flush();
    if (entry.transport === null) return;
    entry.transport.tap = isOn ? this.captured!.tap(command, () => entry.stream.format?.dtmfPayloadType ?? null) : null;
  }

  private bridge({ a, b }: Command<"bridge">): void {
    const [left, right] = [this.streams.get(a), this.streams.get(b)];
    if (left === undefined || right === undefined || left === right || left.stream.partner === right.stream) return;
    this.part(left);
    this.part(right);
    left.stream.partner = right.stream;
    right.stream.partner = left.stream;
  }

  private mix({ mixId, heardBy }: Command<"mix">, entry: Entry): void {
    if (entry.mixId !== mixId) this.part(entry);
    const mixer = this.mixes.get(mixId) ?? new Mixer();
    this.mixes.set(mixId, mixer);
    mixer.put(entry.stream, heardBy);
    if (entry.mixId === mixId) return;
    entry.mixId = mixId;
    this.retap(entry);
    this.startTicking();
  }

  /** Out of its bridge, or of its mix. */
  private part(entry: Entry): void {
    const { stream, mixId } = entry;
    unbridge(stream);
    if (mixId === null) return;
    const mixer = this.mixes.get(mixId);
    mixer?.remove(stream);
    if (mixer?.isEmpty === true) this.mixes.delete(mixId);
    entry.mixId = null;
    this.retap(entry);
  }

  private close(streamId: string): void {
    const entry = this.streams.get(streamId);
    if (entry === undefined) return;
    const { stream } = entry;
    this.streams.delete(streamId);
    this.speaking.delete(stream);
    this.part(entry);
    countPath(this.ended, stream);
    this.options.emit({ kind: "stats", streamId, stats: stream.lastStats(), final: true });
    stream.close();
  }

  /** The stream stays, silent, until signalling closes it. */
  private fail(streamId: string, reason: string): void {
    if (this.streams.has(streamId)) this.options.emit({ kind: "failed", streamId, reason });
  }

  /** Nothing more is taken from or sent to a stream of which our own code has thrown. */
  private bug(streamId: string, error: unknown): void {
    const entry = this.streams.get(streamId);
    if (entry === undefined || entry.stream.format === null) return;
    const { stream } = entry;
    this.options.env.log.error("media stream ended by a bug", {
      stream: streamId,
      error: error instanceof Error ? error.stack : String(error),
    });
    stream.format = null;
    stream.player = stream.digitsOut = null;
    this.part(entry);
    this.fail(streamId, "internal error");
  }

  // ── What we say ──

  private async play(command: Command<"play">, entry: Entry): Promise<void> {
    const { streamId, playId, loop } = command;
    const { stream } = entry;
    if (entry.awaited !== null) this.finished(entry.awaited, "stopped");
    if (stream.player !== null) this.endPlay(stream, "stopped");
    entry.awaited = command;
    const parts = await Promise.all(command.prompts.slice(0, promptsPerPlayMax).map((prompt) => this.samplesOf(prompt, loop)));
    // Another play, a stop or the stream's end came first; each has said so.
    if (entry.awaited !== command || this.streams.get(streamId) !== entry) return;
    entry.awaited = null;
    const known = parts.filter((part) => part !== null);
    const player = new Player(playId, known, loop);
    if (known.length < parts.length || player.isDone) return this.finished(command, "unknown-prompt");
    stream.player = player;
    this.speak(stream);
  }

  private async samplesOf(prompt: PromptSource, loop: boolean): Promise<Int16Array | null> {
    if (prompt.kind === "key") return this.options.prompts(prompt.key).catch(() => null);
    return loop && prompt.offMs <= 0 ? endlessTone(prompt.hz) : toneSamples(prompt.hz, prompt.onMs, prompt.offMs);
  }

  private stopPlay({ playId }: Command<"stop-play">, entry: Entry): void {
    if (entry.awaited?.playId === playId) {
      this.finished(entry.awaited, "stopped");
      entry.awaited = null;
    } else if (entry.stream.player?.playId === playId) this.endPlay(entry.stream, "stopped");
  }

  private endPlay(stream: MediaStream, reason: "done" | "stopped"): void {
    const { player, streamId } = stream;
    stream.player = null;
    if (player !== null) this.finished({ streamId, playId: player.playId }, reason);
  }

  private finished({ streamId, playId }: { streamId: string; playId: string }, reason: "done" | "stopped" | "unknown-prompt"): void {
    this.options.emit({ kind: "play-finished", streamId, playId, reason });
  }

  private sendDigits({ digits, toneMs, gapMs }: Command<"send-digits">, stream: MediaStream): void {
    const room = digitsToSendMax - (stream.digitsOut?.waiting ?? 0);
    if (stream.digitsOut === null) stream.digitsOut = new DigitSender(digits.slice(0, room), toneMs, gapMs, stream.format?.dtmfUnitsPerMs);
    else stream.digitsOut.add(digits.slice(0, room));
    this.speak(stream);
  }

  // ── Recordings ──

  private async startRecording({ recordingId, left, right, target }: Command<"record-start">): Promise<void> {
    if (this.recordings.has(recordingId)) return;
    const recording: Recording = { recordingId, recorder: null, left, right, isPaused: false, isStopped: false };
    this.recordings.set(recordingId, recording);
    try {
      const sink = await this.options.openSink(target);
      recording.recorder = new Recorder(sink, this.nowMs(), {
        onProgress: (chunks, durationMs) => this.options.emit({ kind: "recording-progress", recordingId, chunks, durationMs }),
        onFailed: (reason) => this.endRecording(recording, reason),
      });
    } catch (error) {
      return this.endRecording(recording, messageOf(error));
    }
    if (recording.isPaused) recording.recorder.pause(this.nowMs());
    this.tapAll();
    this.startTicking();
    if (recording.isStopped) await this.sealRecording(recording, recording.recorder);
  }

  private setChannel({ recordingId, right }: Command<"record-channel">): void {
    const recording = this.recordings.get(recordingId);
    if (recording === undefined) return;
    recording.right = right;
    this.tapAll();
  }

  private pauseRecording({ recordingId, paused }: Command<"record-pause">): void {
    const recording = this.recordings.get(recordingId);
    if (recording === undefined) return;
    recording.isPaused = paused;
    if (paused) recording.recorder?.pause(this.nowMs());
    else recording.recorder?.resume(this.nowMs());
  }

  private async stopRecording(recordingId: string): Promise<void> {
    const recording = this.recordings.get(recordingId);
    if (recording === undefined || recording.isStopped) return;
    recording.isStopped = true;
    if (recording.recorder !== null) await this.sealRecording(recording, recording.recorder);
  }

  private async sealRecording(recording: Recording, recorder: Recorder): Promise<void> {
    const { recordingId } = recording;
    try {
      const closing = recorder.close(this.nowMs());
      this.endRecording(recording, null);
      const facts = await closing;
      if (facts !== null) this.options.emit({ kind: "recording-closed", recordingId, ...facts });
    } catch (error) {
      this.options.emit({ kind: "recording-failed", recordingId, reason: messageOf(error) });
    }
  }

  /** The calls go on, whatever became of their recording. */
  private endRecording(recording: Recording, failure: string | null): void {
    this.recordings.delete(recording.recordingId);
    this.tapAll();
    if (failure !== null) this.options.emit({ kind: "recording-failed", recordingId: recording.recordingId, reason: failure });
  }

  /** Makes every stream feed the recordings that name it. Rare and simple, rather than kept up to date piece by piece. */
  private tapAll(): void {
    const running = [...this.recordings.values()];
    const hearsMix = (left: string): boolean => (this.streams.get(left)?.mixId ?? null) !== null;
    for (const { stream } of this.streams.values()) {
      stream.taps = running.flatMap(({ recorder, left, right }): Tap[] => {
        const channel = left === stream.streamId ? "left" : right === stream.streamId && !hearsMix(left) ? "right" : null;
        return recorder === null || channel === null ? [] : [{ recorder, channel }];
      });
      stream.overheard = running.flatMap(({ recorder, left }) => (recorder === null || left !== stream.streamId ? [] : [recorder]));
    }
  }

  /** Whose left stream has come to a mix or gone from one takes its right channel from elsewhere. */
  private retap({ stream }: Entry): void {
    if ([...this.recordings.values()].some(({ left }) => left === stream.streamId)) this.tapAll();
  }

  // ── Time ──

  private speak(stream: MediaStream): void {
    this.speaking.add(stream);
    this.startTicking();
  }

  private startTicking(): void {
    if (this.ticking !== null) return;
    this.nextTickMs = this.nowMs() + tickMs;
    this.schedule();
  }

  // Each tick is timed from the last one's due time, so lateness never adds up; an interval timer drifts 0.16 ms a tick.
  private schedule(): void {
    this.ticking = this.options.env.clock.after(Math.max(0, this.nextTickMs - this.nowMs()), () => {
      this.ticking = null;
      const nowMs = this.nowMs();
      const place = tickLatenessMs.findIndex((atMostMs) => nowMs - this.nextTickMs <= atMostMs);
      this.ticks[place < 0 ? tickLatenessMs.length : place]! += 1;
      if (nowMs - this.nextTickMs > tickMs * lateTicksMax) this.nextTickMs = nowMs;
      for (; this.nextTickMs <= nowMs; this.nextTickMs += tickMs) this.tick(this.nextTickMs);
      if (this.speaking.size > 0 || this.recordings.size > 0 || this.mixes.size > 0) this.schedule();
    });
  }

  /** The 20 ms that are due `atMs`: made up for late, they still follow each other without a jump. */
  private tick(atMs: number): void {
    // Before what we say ourselves: a prompt that ends in this tick has filled it.
    for (const mixer of this.mixes.values()) this.tickMix(mixer, atMs);
    for (const stream of this.speaking) {
      try {
        stream.tick(atMs);
      } catch (error) {
        this.bug(stream.streamId, error);
      }
      if (stream.player?.isDone === true) this.endPlay(stream, "done");
      if (!stream.isSpeaking) this.speaking.delete(stream);
    }
    for (const { recorder } of this.recordings.values()) recorder?.tick(atMs);
  }

  /** A mix of which our own code has thrown ends with all its streams, and no other. */
  private tickMix(mixer: Mixer, atMs: number): void {
    try {
      mixer.tick(atMs);
    } catch (error) {
      for (const { streamId } of mixer.streams) this.bug(streamId, error);
    }
  }

  private housekeep(): void {
    this.house = this.options.env.clock.after(houseMs, () => {
      const nowMs = this.nowMs();
      for (const { stream } of this.streams.values()) stream.housekeep(nowMs);
      this.housekeep();
    });
  }

  private nowMs(): number {
    return this.options.env.clock.monotonic();
  }

  private with(command: { readonly streamId: string }, run: (entry: Entry) => void): void {
    const entry = this.streams.get(command.streamId);
    if (entry !== undefined) run(entry);
  }
}

function countPath(counts: { udp: number; tcp: number }, { transport }: MediaStream): void {
  if (transport?.isBrowser === true && transport.protection !== "none") counts[transport.protocol] += 1;
}

function unbridge(stream: MediaStream): void {
  for (const side of [stream, stream.partner]) side?.out.pause();
  if (stream.partner?.partner === stream) stream.partner.partner = null;
  stream.partner = null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
