// Plays prompts one after the other, frame by frame, looping without a seam.
import type { Encoder } from "./codec/codec.ts";
import { payloadBytesMax, samplesPerTick } from "./outgoing.ts";

export class Player {
  private readonly parts: readonly Int16Array[];
  private part = 0;
  private at = 0;
  private readonly frame = new Int16Array(samplesPerTick);
  private readonly payload = new Uint8Array(payloadBytesMax);

  /** `parts` are 16-bit mono 8 kHz, shared by all who play them. */
  constructor(
    readonly playId: string,
    parts: readonly Int16Array[],
    private readonly isEndless: boolean,
  ) {
    this.parts = parts.filter((part) => part.length > 0);
  }

  get isDone(): boolean {
    return this.part >= this.parts.length;
  }

  /** The next 20 ms, encoded; the last frame is filled with silence. Empty: the codec has none yet. The buffer is reused. */
  next(encoder: Encoder): Uint8Array {
    const { frame, payload } = this;
    for (let filled = 0; filled < samplesPerTick; ) {
      const samples = this.parts[this.part];
      if (samples === undefined) {
        frame.fill(0, filled);
        break;
      }
      const size = Math.min(samplesPerTick - filled, samples.length - this.at);
      for (let i = 0; i < size; i++) frame[filled + i] = samples[this.at + i]!;
      filled += size;
      this.advance(samples, size);
    }
    return payload.subarray(0, encoder.encode(frame, 0, samplesPerTick, payload, 0));
  }

  /** Time passes for a peer that must not hear us now. */
  skip(): void {
    for (let left = samplesPerTick; left > 0 && !this.isDone; ) {
      const samples = this.parts[this.part]!;
      const size = Math.min(left, samples.length - this.at);
      left -= size;
      this.advance(samples, size);
    }
  }

  private advance(samples: Int16Array, size: number): void {
    this.at += size;
    if (this.at < samples.length) return;
    this.at = 0;
    this.part += 1;
    if (this.isEndless && this.part === this.parts.length) this.part = 0;
  }
}
