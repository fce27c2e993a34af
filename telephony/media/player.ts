// Plays prompts one after the other, frame by frame, looping without a seam.
import { g711 } from "./codec/g711.ts";
import { samplesPerTick } from "./outgoing.ts";
import type { CodecName } from "./plane.ts";

export class Player {
  private at = 0;
  private readonly payload = new Uint8Array(samplesPerTick);

  constructor(
    readonly playId: string,
    /** All prompts joined: 16-bit mono 8 kHz, at least one sample. */
    private readonly samples: Int16Array,
    private readonly loop: boolean,
  ) {}

  get isDone(): boolean {
    return !this.loop && this.at >= this.samples.length;
  }

  /** The next 20 ms, encoded; the last frame is filled with silence. The buffer is reused. */
  next(codec: CodecName): Uint8Array {
    const { encode, silence } = g711(codec);
    for (let i = 0; i < samplesPerTick; i++) {
      if (this.loop && this.at >= this.samples.length) this.at = 0;
      this.payload[i] = this.at < this.samples.length ? encode[this.samples[this.at]! & 0xffff]! : silence;
      this.at += 1;
    }
    return this.payload;
  }
}

/** A tone with its pause, one period, at -13 dBm0 or so, with soft edges. */
export function toneSamples(hz: readonly number[], onMs: number, offMs: number): Int16Array {
  const on = Math.round(onMs * 8);
  const samples = new Int16Array(on + Math.round(offMs * 8));
  const amplitude = 6_000 / Math.max(1, hz.length);
  const edge = 40;
  for (let i = 0; i < on; i++) {
    const fade = Math.min(1, i / edge, (on - 1 - i) / edge);
    let value = 0;
    for (const frequency of hz) value += Math.sin((2 * Math.PI * frequency * i) / 8_000);
    samples[i] = Math.round(value * amplitude * fade);
  }
  return samples;
}

export function joinSamples(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
