// The media plane over worker threads: each group of streams lives in one worker, chosen when its first stream opens; a worker that dies ends its own.
import type { Env, Timer } from "../../core/env/env.ts";
import { workerRestartMsMax, workerSilentMs } from "../../core/lib/limits.ts";
import type { BrowserPaths, MediaCommand, MediaEvent, MediaPlane, StreamStats } from "./plane.ts";

/** First message to a worker. */
export type WorkerStart = {
  readonly kind: "start";
  readonly worker: number;
  readonly rtpPorts: readonly [number, number];
  readonly muxAddress: string;
  readonly muxPort: number;
  /** Null: none. */
  readonly muxTcpPort: number | null;
  readonly logLevel: string;
  /** Sounds by key: 16-bit mono 8 kHz. */
  readonly prompts: Readonly<Record<string, Uint8Array>>;
};
export type ToWorker =
  | WorkerStart
  /** Those of one moment, in order: a message costs more than what is in it. */
  | { readonly kind: "commands"; readonly commands: readonly MediaCommand[] }
  /** From the next play on; null takes it away. */
  | { readonly kind: "prompt"; readonly key: string; readonly wav: Uint8Array | null }
  | { readonly kind: "stop" };
export type FromWorker =
  | { readonly kind: "ready"; readonly muxPort: number }
  | { readonly kind: "failed-to-start"; readonly reason: string }
  | { readonly kind: "event"; readonly event: MediaEvent }
  | ({ readonly kind: "load" } & Load)
  | { readonly kind: "stopped" };

/** `ticks`: by how late they came (engine.ts). */
type Load = {
  readonly streams: number;
  readonly packetsPerSecond: number;
  readonly browsers: BrowserPaths;
  readonly ticks: readonly number[];
};

export type WorkerPlaneOptions = {
  readonly env: Env;
  /** The worker's entry point; handed in, as telephony imports nothing of cmd. */
  readonly entry: string;
  readonly starts: readonly Omit<WorkerStart, "kind">[];
};

/** One worker's place: its thread is replaced when it dies. */
type Slot = {
  readonly start: Omit<WorkerStart, "kind">;
  thread: Worker | null;
  isReady: boolean;
  heardAtMs: number;
  muxPort: number;
  load: Load;
  readonly streams: Set<string>;
  readonly recordings: Set<string>;
  /** Of this moment, not yet sent. */
  commands: MediaCommand[];
  /** Deaths since it last lived for long. */
  deaths: number;
};

const watchMs = 1_000;
const restartMs = 250;
const stopMs = 5_000;
/** A stream that has just been placed weighs this much until the worker's own count tells: a call has 50 packets a second each way. */
const packetsPerStream = 100;

export class WorkerPlane implements MediaPlane {
  private readonly slots: readonly Slot[];
  private readonly groups = new Map<string, { readonly slot: Slot; streams: number }>();
  private readonly groupOf = new Map<string, string>();
  private readonly prompts = new Map<string, Uint8Array>();
  private listener: (event: MediaEvent) => void = () => undefined;
  private watch: Timer | null = null;
  private watchedAtMs: number;
  private isClosing = false;
  /** Workers that died and were replaced. */
  crashes = 0;

  private constructor(private readonly options: WorkerPlaneOptions) {
    this.watchedAtMs = options.env.clock.monotonic();
    this.slots = options.starts.map((start) => ({
      start,
      thread: null,
      isReady: false,
      heardAtMs: this.watchedAtMs,
      muxPort: start.muxPort,
      load: idle,
      streams: new Set(),
      recordings: new Set(),
      commands: [],
      deaths: 0,
    }));
  }

  /** Every worker is ready, its ports bound, when it resolves. @throws Error with the reason of a worker that cannot start */
  static async start(options: WorkerPlaneOptions): Promise<WorkerPlane> {
    const plane = new WorkerPlane(options);
    try {
      await Promise.all(plane.slots.map((slot) => plane.launch(slot)));
    } catch (error) {
      for (const { thread } of plane.slots) thread?.terminate();
      throw error;
    }
    plane.keepWatch();
    return plane;
  }

  send(command: MediaCommand): void {
    const slot = this.slotOf(command);
    if (slot?.isReady !== true) {
      this.refuse(command);
      return;
    }
    if (slot.commands.push(command) === 1) queueMicrotask(() => flush(slot));
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.listener = listener;
  }

  /** A prompt beside those that every worker starts with: 16-bit mono 8 kHz WAV, or null to take it away. Plays that run are not touched. */
  setPrompt(key: string, wav: Uint8Array | null): void {
    if (wav === null) this.prompts.delete(key);
    else this.prompts.set(key, wav);
    for (const slot of this.slots) {
      flush(slot);
      slot.thread?.postMessage({ kind: "prompt", key, wav } satisfies ToWorker);
    }
  }

  load() {
    return this.slots.map(({ load, muxPort }, worker) => ({ worker, muxPort, ...load }));
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.watch?.cancel();
    await Promise.all(this.slots.map((slot) => this.stopped(slot)));
    for (const { thread } of this.slots) thread?.terminate();
  }

  private stopped(slot: Slot): Promise<void> {
    const { thread, isReady } = slot;
    flush(slot);
    if (thread === null || !isReady) return Promise.resolve();
    return new Promise((done) => {
      const timer = this.options.env.clock.after(stopMs, done);
      thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind !== "stopped") return;
        timer.cancel();
        done();
      });
      thread.postMessage({ kind: "stop" } satisfies ToWorker);
    });
  }

  // ── Which worker ──

  private slotOf(command: MediaCommand): Slot | null {
    if (command.kind === "open") return this.place(command.streamId, command.groupId);
    if ("recordingId" in command) return this.slotOfRecording(command);
    const groupId = this.groupOf.get(command.kind === "bridge" ? command.a : command.streamId);
    return groupId === undefined ? null : (this.groups.get(groupId)?.slot ?? null);
  }

  private place(streamId: string, groupId: string): Slot | null {
    const slot = this.groups.get(groupId)?.slot ?? this.leastLoaded();
    if (slot === null) return null;
    const group = this.groups.get(groupId) ?? { slot, streams: 0 };
    this.groups.set(groupId, group);
    group.streams += 1;
    slot.streams.add(streamId);
    this.groupOf.set(streamId, groupId);
    return slot;
  }

  // A recording outlives its streams: it is sealed after they have closed.
  private slotOfRecording(command: Extract<MediaCommand, { readonly groupId: string; readonly recordingId: string }>): Slot | null {
    const { groupId, recordingId } = command;
    const slot = this.slots.find(({ recordings }) => recordings.has(recordingId)) ?? this.groups.get(groupId)?.slot ?? null;
    if (command.kind === "record-start") slot?.recordings.add(recordingId);
    return slot;
  }

  // The least packets, not the least calls: a call on hold costs little, one with many legs much.
  private leastLoaded(): Slot | null {
    const weight = ({ load, streams }: Slot): number => load.packetsPerSecond + Math.max(0, streams.size - load.streams) * packetsPerStream;
    return this.slots.reduce<Slot | null>(
      (best, slot) => (slot.isReady && (best === null || weight(slot) < weight(best)) ? slot : best),
      null,
    );
  }

  /** What asked for something new is told that there is none; anything else is about what has already ended. */
  private refuse(command: MediaCommand): void {
    const reason = "no media worker is up";
    queueMicrotask(() => {
      if (command.kind === "open") this.listener({ kind: "failed", streamId: command.streamId, reason });
      if (command.kind === "record-start") this.listener({ kind: "recording-failed", recordingId: command.recordingId, reason });
    });
  }

  private forget(slot: Slot, streamId: string): void {
    slot.streams.delete(streamId);
    const groupId = this.groupOf.get(streamId);
    this.groupOf.delete(streamId);
    const group = groupId === undefined ? undefined : this.groups.get(groupId);
    if (group === undefined) return;
    group.streams -= 1;
    if (group.streams <= 0) this.groups.delete(groupId!);
  }

  // ── Life and death ──

  private launch(slot: Slot): Promise<void> {
    const thread = new Worker(this.options.entry);
    slot.thread = thread;
    slot.heardAtMs = this.options.env.clock.monotonic();
    return new Promise((done, fail) => {
      thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
        if (slot.thread !== thread) return;
        slot.heardAtMs = this.options.env.clock.monotonic();
        if (data.kind === "event") this.onWorkerEvent(slot, data.event);
        else if (data.kind === "load") slot.load = data;
        else if (data.kind === "ready") {
          slot.muxPort = data.muxPort;
          slot.isReady = true;
          done();
        } else if (data.kind === "failed-to-start") {
          fail(new Error(data.reason));
          this.died(slot, thread, data.reason);
        }
      });
      const ended = (reason: string): void => {
        fail(new Error(reason));
        this.died(slot, thread, reason);
      };
      thread.addEventListener("error", ({ message }) => ended(message));
      thread.addEventListener("close", () => ended("exited"));
      const prompts = { ...slot.start.prompts, ...Object.fromEntries(this.prompts) };
      thread.postMessage({ kind: "start", ...slot.start, prompts } satisfies ToWorker);
    });
  }

  private onWorkerEvent(slot: Slot, event: MediaEvent): void {
    if (event.kind === "stats" && event.final) this.forget(slot, event.streamId);
    if (event.kind === "recording-closed" || event.kind === "recording-failed") slot.recordings.delete(event.recordingId);
    this.listener(event);
  }

  /** What lived in it has ended: signalling must know at once. Another takes new calls; one that keeps dying is given ever more time. */
  private died(slot: Slot, thread: Worker, reason: string): void {
    // Before all have started there is no listener and nobody to replace it for: the start fails.
    if (slot.thread !== thread || this.isClosing || this.watch === null) return;
    const { clock, log } = this.options.env;
    log.error("media worker died", { worker: slot.start.worker, reason, streams: slot.streams.size });
    this.crashes += 1;
    slot.thread = null;
    slot.isReady = false;
    slot.commands = [];
    slot.load = idle;
    thread.terminate();
    clock.after(Math.min(workerRestartMsMax, restartMs * 2 ** Math.min(slot.deaths++, 10)), () => {
      if (!this.isClosing) this.launch(slot).catch(() => undefined);
    });
    const streams = [...slot.streams];
    const recordings = [...slot.recordings];
    slot.recordings.clear();
    for (const streamId of streams) this.forget(slot, streamId);
    for (const recordingId of recordings) this.listener({ kind: "recording-failed", recordingId, reason: "worker-died" });
    for (const streamId of streams) this.listener({ kind: "failed", streamId, reason: "worker-died" });
    for (const streamId of streams) this.listener({ kind: "stats", streamId, stats: nothingMeasured, final: true });
  }

  /** A worker that is up tells its load every second. One that does not hangs, and its calls with it. */
  private keepWatch(): void {
    const { clock } = this.options.env;
    this.watch = clock.after(watchMs, () => {
      const nowMs = clock.monotonic();
      // If we slept ourselves, what they told meanwhile is still waiting to be read.
      const wasLate = nowMs - this.watchedAtMs > 2 * watchMs;
      this.watchedAtMs = nowMs;
      this.keepWatch();
      for (const slot of this.slots) {
        if (wasLate) slot.heardAtMs = nowMs;
        else if (slot.thread !== null && nowMs - slot.heardAtMs > workerSilentMs) this.died(slot, slot.thread, "hangs");
        else if (slot.isReady && slot.load.streams > 0) slot.deaths = 0;
      }
    });
  }
}

function flush(slot: Slot): void {
  const { commands, thread } = slot;
  if (commands.length === 0) return;
  slot.commands = [];
  thread?.postMessage({ kind: "commands", commands } satisfies ToWorker);
}

const idle: Load = { streams: 0, packetsPerSecond: 0, ticks: [], browsers: { udp: 0, tcp: 0 } };

const nothingMeasured: StreamStats = {
  packetsSent: 0,
  packetsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  packetsLost: 0,
  packetsDiscarded: 0,
  packetsDuplicated: 0,
  jitterMs: 0,
  jitterMsMax: 0,
  remotePacketsLost: null,
  remoteJitterMs: null,
  roundTripMs: null,
  roundTripMsMax: null,
  from: null,
  to: null,
  packetsRefused: 0,
  codec: null,
  protection: "none",
  protocol: "udp",
};
