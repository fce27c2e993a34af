// Records what two legs say, each on its channel, on one clock: late packets find their place, lost ones are silence.
import { recordingChunkMs } from "../../core/lib/limits.ts";
import { g711 } from "./codec/g711.ts";
import { samplesPerTick } from "./outgoing.ts";
import type { CodecName, RecordingSink } from "./plane.ts";

/** How late a packet may be and still be heard where it belongs. */
const delaySamples = 800;
/** The ring holds this much: beyond it a source has jumped and is placed anew. */
const ringSamples = 8_192;
const framesPerChunk = recordingChunkMs / 20;
/** Chunks waiting for the disk; beyond them the disk is too slow and the recording fails rather than eat the memory. */
const pendingChunksMax = 30;

/** One leg's voice as samples over time; `position` counts samples since the recording began. */
class Channel {
  private readonly ring = new Int16Array(ringSamples);
  /** Position minus RTP timestamp of the present source; null: nothing heard yet. */
  private offset: number | null = null;
  private source = 0;

  /** Puts a packet's samples where they belong; `position` is where the recorder is now. */
  put(position: number, ssrc: number, timestamp: number, payload: Uint8Array, start: number, end: number, codec: CodecName): void {
    const { decode } = g711(codec);
    let at = this.offset === null || ssrc !== this.source ? -1 : (timestamp + this.offset) >>> 0;
    // A new source, a jump, or a clock that has drifted beyond the delay: placed anew, one delay ahead.
    if (at < position || at > position + ringSamples - samplesPerTick * 4) {
      const isLate = at >= 0 && position - at < delaySamples && at < position;
      if (isLate) return;
      at = position + delaySamples;
      this.source = ssrc;
      this.offset = (at - timestamp) | 0;
    }
    for (let i = start; i < end; i++) this.ring[(at + i - start) % ringSamples] = decode[payload[i]!]!;
  }

  /** Writes the frame at `position` into every second sample of `frame`, and makes room. */
  take(position: number, frame: Int16Array, at: number): void {
    for (let i = 0; i < samplesPerTick; i++) {
      const slot = (position + i) % ringSamples;
      frame[at + i * 2] = this.ring[slot]!;
      this.ring[slot] = 0;
    }
  }
}

export type RecorderEvents = {
  onProgress(chunks: number, durationMs: number): void;
  onFailed(reason: string): void;
};

export class Recorder {
  readonly left = new Channel();
  readonly right = new Channel();
  private position = 0;
  private frames = 0;
  private chunks = 0;
  private pending = 0;
  private failed = false;
  private chunk = new Int16Array(framesPerChunk * samplesPerTick * 2);
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly sink: RecordingSink,
    private readonly events: RecorderEvents,
  ) {}

  put(channel: "left" | "right", ssrc: number, timestamp: number, packet: Uint8Array, start: number, end: number, codec: CodecName): void {
    this[channel].put(this.position, ssrc, timestamp, packet, start, end, codec);
  }

  /** Every 20 ms. */
  tick(): void {
    if (this.failed) return;
    const at = this.frames * samplesPerTick * 2;
    this.left.take(this.position, this.chunk, at);
    this.right.take(this.position, this.chunk, at + 1);
    this.position += samplesPerTick;
    this.frames += 1;
    if (this.frames === framesPerChunk) this.flush();
  }

  /** What is still within the delay is written too; then the end is sealed. */
  async close(): ReturnType<RecordingSink["close"]> {
    for (let i = 0; i < delaySamples / samplesPerTick; i++) this.tick();
    if (this.frames > 0) this.flush();
    await this.writing;
    return this.sink.close();
  }

  get hasFailed(): boolean {
    return this.failed;
  }

  private flush(): void {
    const samples = this.chunk.subarray(0, this.frames * samplesPerTick * 2);
    const durationMs = (this.position / 8) | 0;
    this.chunk = new Int16Array(framesPerChunk * samplesPerTick * 2);
    this.frames = 0;
    this.pending += 1;
    if (this.pending > pendingChunksMax) return this.fail("the disk is too slow");
    this.writing = this.writing.then(async () => {
      if (this.failed) return;
      try {
        await this.sink.write(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
        this.pending -= 1;
        this.chunks += 1;
        this.events.onProgress(this.chunks, durationMs);
      } catch (error) {
        this.fail(error instanceof Error ? error.message : String(error));
      }
    });
  }

  private fail(reason: string): void {
    if (this.failed) return;
    this.failed = true;
    this.events.onFailed(reason);
  }
}
