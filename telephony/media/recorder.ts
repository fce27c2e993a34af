// Records what two legs say, or one says and hears, each on its channel, on one clock: late packets find their place, lost ones are silence.
import { recordingChunkMs, recordingChunksWaitingMax, recordingGapMsMax } from "../../core/lib/limits.ts";
import { samplesPerMs, samplesPerTick } from "./outgoing.ts";
import type { RecordingSink } from "./plane.ts";
import { timestampDistance } from "./rtp/packet.ts";

/** How late a packet may be and still be heard where it belongs, and how early one may seem: nobody waits for a recording, so a process that was late itself loses nothing. */
const delaySamples = 300 * samplesPerMs;
/** Delay, earliness and the longest packet fit well. */
const ringSamples = 8_192;
/** This many packets in a row out of place are no jitter: the sender's clock has drifted from ours, or jumped. */
const misplacedMax = 10;
const chunkFrames = recordingChunkMs / 20;
const channels = 2;

/** One leg's voice; positions count samples since the recording began. */
class Channel {
  private readonly ring = new Int16Array(ringSamples);
  /** Where the timestamp `anchorTime` of the present source lies; null: nothing was heard yet. */
  private source: number | null = null;
  private anchorTime = 0;
  private anchorAt = 0;
  private misplaced = 0;

  /** Puts the first `length` samples, a packet's, where they belong. `nowAt` is the present, `writtenAt` what is already taken. */
  put(nowAt: number, writtenAt: number, ssrc: number, timestamp: number, samples: Int16Array, length: number): void {
    let at = this.anchorAt + timestampDistance(this.anchorTime, timestamp);
    if (ssrc !== this.source) at = this.anchor(nowAt, ssrc, timestamp);
    else if (at < writtenAt || at > nowAt + delaySamples) {
      if (++this.misplaced < misplacedMax) return;
      at = this.anchor(nowAt, ssrc, timestamp);
    } else this.misplaced = 0;
    const size = Math.min(length, ringSamples - 2 * delaySamples);
    for (let i = 0; i < size; i++) this.ring[(at + i) % ringSamples] = samples[i]!;
  }

  /** Puts a frame of our own clock at its place; louder than the loudest stays the loudest. */
  set(at: number, writtenAt: number, samples: Int32Array): void {
    if (at < writtenAt) return;
    for (let i = 0; i < samples.length; i++) this.ring[(at + i) % ringSamples] = Math.max(-32_768, Math.min(32_767, samples[i]!));
  }

  /** What seems to be of later than `from` is not to be heard. */
  silence(from: number): void {
    for (let i = 0; i < delaySamples; i++) this.ring[(from + i) % ringSamples] = 0;
  }

  /** Moves the frame at `position` into every second sample of `chunk`. */
  take(position: number, chunk: Int16Array, at: number): void {
    for (let i = 0; i < samplesPerTick; i++) {
      const slot = (position + i) % ringSamples;
      chunk[at + i * channels] = this.ring[slot]!;
      this.ring[slot] = 0;
    }
  }

  private anchor(at: number, ssrc: number, timestamp: number): number {
    this.source = ssrc;
    this.anchorTime = timestamp;
    this.anchorAt = at;
    this.misplaced = 0;
    return at;
  }
}

export type RecorderEvents = {
  onProgress(chunks: number, durationMs: number): void;
  onFailed(reason: string): void;
};

export class Recorder {
  private readonly left = new Channel();
  private readonly right = new Channel();
  /** Samples taken from the channels. */
  private position = 0;
  private frames = 0;
  private chunk = newChunk();
  private chunks = 0;
  private waiting = 0;
  private failure: string | null = null;
  private isPaused = false;
  /** Before this place of the recording nothing is put any more. */
  private resumedAt = 0;
  /** One writer: chunks reach the sink one after the other. */
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly sink: RecordingSink,
    private startMs: number,
    private readonly events: RecorderEvents,
  ) {}

  /** What was said until now stays; nothing that comes from here on is taken, however late or early it is. */
  pause(nowMs: number): void {
    if (this.isPaused) return;
    this.isPaused = true;
    const now = this.at(nowMs);
    for (const channel of [this.left, this.right]) channel.silence(now);
  }

  /** What is said from now on is taken; what comes late of the pause is not. */
  resume(nowMs: number): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.resumedAt = this.at(nowMs);
  }

  put(channel: "left" | "right", nowMs: number, ssrc: number, timestamp: number, samples: Int16Array, length: number): void {
    if (this.isPaused) return;
    this[channel].put(this.at(nowMs), Math.max(this.position, this.resumedAt), ssrc, timestamp, samples, length);
  }

  /** What the left leg hears of a mix is the right channel: 20 ms, due `atMs`. */
  hear(atMs: number, samples: Int32Array): void {
    if (!this.isPaused) this.right.set(this.at(atMs), Math.max(this.position, this.resumedAt), samples);
  }

  /** Takes what is due; a late tick takes more, so that the recording is as long as the call. */
  tick(nowMs: number): void {
    this.takeUpTo(this.at(nowMs) - delaySamples);
  }

  /** What is still within the delay is taken too; then the end is sealed. Null when it failed before. */
  async close(nowMs: number): Promise<Awaited<ReturnType<RecordingSink["close"]>> | null> {
    this.takeUpTo(this.at(nowMs));
    if (this.frames > 0) this.flush();
    await this.writing;
    return this.failure === null ? this.sink.close() : null;
  }

  private at(nowMs: number): number {
    return Math.floor((nowMs - this.startMs) * samplesPerMs);
  }

  private takeUpTo(end: number): void {
    if (this.failure !== null) return;
    // A process that slept for long (a suspended machine) records the sleep as a cut.
    const gap = end - this.position - recordingGapMsMax * samplesPerMs;
    if (gap > 0) {
      this.startMs += gap / samplesPerMs;
      end -= gap;
    }
    while (this.position + samplesPerTick <= end && this.failure === null) {
      const at = this.frames * samplesPerTick * channels;
      this.left.take(this.position, this.chunk, at);
      this.right.take(this.position, this.chunk, at + 1);
      this.position += samplesPerTick;
      if (++this.frames === chunkFrames) this.flush();
    }
  }

  private flush(): void {
    const samples = this.chunk.subarray(0, this.frames * samplesPerTick * channels);
    const durationMs = this.position / samplesPerMs;
    this.chunk = newChunk();
    this.frames = 0;
    if (++this.waiting > recordingChunksWaitingMax) return this.fail("the disk is too slow");
    this.writing = this.writing.then(async () => {
      if (this.failure !== null) return;
      try {
        await this.sink.write(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
      } catch (error) {
        return this.fail(error instanceof Error ? error.message : String(error));
      }
      this.waiting--;
      this.events.onProgress(++this.chunks, durationMs);
    });
  }

  private fail(reason: string): void {
    if (this.failure !== null) return;
    this.failure = reason;
    this.events.onFailed(reason);
    // What was sealed before stays good; the sink marks the end as one that was not ours to choose. Its own failure adds nothing new.
    void this.writing.then(() => this.sink.close()).catch(() => undefined);
  }
}

function newChunk(): Int16Array {
  return new Int16Array(chunkFrames * samplesPerTick * channels);
}
