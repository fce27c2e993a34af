// The media plane over worker threads: each group of streams lives in one worker, chosen when its first stream opens; a worker that dies ends its own.
import type { Env } from "../../core/env/env.ts";
import type { MediaCommand, MediaEvent, MediaPlane, StreamStats } from "./plane.ts";

/** First message to a worker. */
export type WorkerStart = {
  readonly kind: "start";
  readonly worker: number;
  readonly rtpPorts: readonly [number, number];
  readonly muxAddress: string;
  readonly muxPort: number;
  readonly logLevel: string;
  /** Sounds by key: 16-bit mono 8 kHz. */
  readonly prompts: Readonly<Record<string, Uint8Array>>;
};
export type ToWorker = WorkerStart | { readonly kind: "command"; readonly command: MediaCommand } | { readonly kind: "stop" };
export type FromWorker =
  | { readonly kind: "ready"; readonly muxPort: number }
  | { readonly kind: "failed-to-start"; readonly reason: string }
  | { readonly kind: "event"; readonly event: MediaEvent }
  | { readonly kind: "load"; readonly streams: number; readonly packetsPerSecond: number }
  | { readonly kind: "stopped" };

export type WorkerPlaneOptions = {
  readonly env: Env;
  /** The worker's entry point; handed in, as telephony imports nothing of cmd. */
  readonly entry: string;
  readonly starts: readonly Omit<WorkerStart, "kind">[];
};

type Slot = {
  readonly start: Omit<WorkerStart, "kind">;
  thread: Worker;
  muxPort: number;
  load: { streams: number; packetsPerSecond: number };
  readonly streams: Set<string>;
  readonly recordings: Set<string>;
  ready: Promise<void>;
};

const restartMs = 500;
const stopMs = 5_000;

export class WorkerPlane implements MediaPlane {
  private readonly slots: Slot[] = [];
  private readonly groups = new Map<string, { readonly slot: Slot; streams: number }>();
  private readonly groupOf = new Map<string, string>();
  private listener: (event: MediaEvent) => void = () => undefined;
  private closing = false;
  /** Workers that died and were replaced. */
  crashes = 0;

  private constructor(private readonly options: WorkerPlaneOptions) {}

  /** Every worker is ready, its ports bound, when it resolves. @throws Error with the reason of a worker that cannot start */
  static async start(options: WorkerPlaneOptions): Promise<WorkerPlane> {
    const plane = new WorkerPlane(options);
    for (const start of options.starts) plane.slots.push(plane.launch(start));
    await Promise.all(plane.slots.map((slot) => slot.ready));
    return plane;
  }

  send(command: MediaCommand): void {
    const slot = this.slotOf(command);
    slot?.thread.postMessage({ kind: "command", command } satisfies ToWorker);
  }

  onEvent(listener: (event: MediaEvent) => void): void {
    this.listener = listener;
  }

  load() {
    return this.slots.map(({ load, muxPort }, worker) => ({ worker, muxPort, ...load }));
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(
      this.slots.map(
        (slot) =>
          new Promise<void>((done) => {
            const timer = this.options.env.clock.after(stopMs, done);
            slot.thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
              if (data.kind !== "stopped") return;
              timer.cancel();
              done();
            });
            slot.thread.postMessage({ kind: "stop" } satisfies ToWorker);
          }),
      ),
    );
    for (const slot of this.slots) slot.thread.terminate();
  }

  // The least packets, not the least calls: a conference is more work than ten callers who wait.
  private slotOf(command: MediaCommand): Slot | null {
    if (command.kind === "open") {
      const group = this.groups.get(command.groupId) ?? { slot: this.leastLoaded(), streams: 0 };
      this.groups.set(command.groupId, group);
      group.streams += 1;
      group.slot.streams.add(command.streamId);
      this.groupOf.set(command.streamId, command.groupId);
      return group.slot;
    }
    if ("groupId" in command) {
      const slot =
        this.groups.get(command.groupId)?.slot ?? this.slots.find((candidate) => candidate.recordings.has(command.recordingId)) ?? null;
      if (command.kind === "record-start") slot?.recordings.add(command.recordingId);
      return slot;
    }
    const streamId = command.kind === "bridge" ? command.a : command.streamId;
    const groupId = this.groupOf.get(streamId);
    return groupId === undefined ? null : (this.groups.get(groupId)?.slot ?? null);
  }

  private leastLoaded(): Slot {
    return this.slots.reduce((best, slot) => (weight(slot) < weight(best) ? slot : best));
  }

  private launch(start: Omit<WorkerStart, "kind">): Slot {
    const thread = new Worker(this.options.entry);
    const slot: Slot = {
      start,
      thread,
      muxPort: start.muxPort,
      load: { streams: 0, packetsPerSecond: 0 },
      streams: new Set(),
      recordings: new Set(),
      ready: Promise.resolve(),
    };
    slot.ready = this.attach(slot);
    return slot;
  }

  private attach(slot: Slot): Promise<void> {
    const { thread } = slot;
    return new Promise<void>((done, fail) => {
      thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
        if (slot.thread !== thread) return;
        if (data.kind === "ready") {
          slot.muxPort = data.muxPort;
          done();
        } else if (data.kind === "failed-to-start") fail(new Error(data.reason));
        else if (data.kind === "load") slot.load = data;
        else if (data.kind === "event") this.onWorkerEvent(slot, data.event);
      });
      thread.addEventListener("error", ({ message }) => this.died(slot, thread, message));
      thread.addEventListener("close", () => this.died(slot, thread, "exited"));
      thread.postMessage({ kind: "start", ...slot.start } satisfies ToWorker);
    });
  }

  private onWorkerEvent(slot: Slot, event: MediaEvent): void {
    if (event.kind === "stats" && event.final) this.forget(slot, event.streamId);
    if (event.kind === "recording-closed" || event.kind === "recording-failed") slot.recordings.delete(event.recordingId);
    this.listener(event);
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

  // What lived in it has ended: signalling must know at once. A new one takes new calls.
  private died(slot: Slot, thread: Worker, reason: string): void {
    if (slot.thread !== thread || this.closing) return;
    this.crashes += 1;
    this.options.env.log.error("media worker died", { worker: slot.start.worker, reason });
    const streams = [...slot.streams];
    const recordings = [...slot.recordings];
    for (const streamId of streams) this.forget(slot, streamId);
    slot.recordings.clear();
    slot.thread = new Worker(this.options.entry);
    this.options.env.clock.after(restartMs, () => {
      slot.ready = this.attach(slot);
      slot.ready.catch((error: unknown) =>
        this.options.env.log.error("media worker cannot start", { worker: slot.start.worker, reason: String(error) }),
      );
    });
    for (const recordingId of recordings) this.listener({ kind: "recording-failed", recordingId, reason: "worker-died" });
    for (const streamId of streams) this.listener({ kind: "failed", streamId, reason: "worker-died" });
    for (const streamId of streams) this.listener({ kind: "stats", streamId, stats: nothingMeasured, final: true });
  }
}

const nothingMeasured: StreamStats = {
  packetsSent: 0,
  packetsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  packetsLost: 0,
  packetsDiscarded: 0,
  jitterMs: 0,
  remotePacketsLost: null,
  roundTripMs: null,
  packetsRefused: 0,
  codec: null,
  protection: "none",
};

function weight(slot: Slot): number {
  return slot.load.packetsPerSecond + slot.streams.size * 50;
}
