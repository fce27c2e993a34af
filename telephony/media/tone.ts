// Tones as samples: what a prompt of kind "tone" sounds like.
import { toneMsMax } from "../../core/lib/limits.ts";
import { samplesPerMs } from "./outgoing.ts";

const samplesPerSecond = 8_000;
/** 5 ms of rise and fall, so that a tone does not click. */
const edgeSamples = 40;
/** About -13 dBm0 together. */
const amplitude = 6_000;

/** One period, sound and pause, with soft edges. */
export function toneSamples(hz: readonly number[], onMs: number, offMs: number): Int16Array {
  const on = Math.round(clamped(onMs) * samplesPerMs);
  const samples = new Int16Array(on + Math.round(clamped(offMs) * samplesPerMs));
  for (let i = 0; i < on; i++) samples[i] = Math.round(valueAt(hz, i) * Math.min(1, i / edgeSamples, (on - 1 - i) / edgeSamples));
  return samples;
}

/** One second of a tone that never pauses: whole hertz fit a second, so its end meets its beginning. */
export function endlessTone(hz: readonly number[]): Int16Array {
  return Int16Array.from({ length: samplesPerSecond }, (_, i) => Math.round(valueAt(hz.map(Math.round), i)));
}

function valueAt(hz: readonly number[], sample: number): number {
  let sum = 0;
  for (const frequency of hz) sum += Math.sin((2 * Math.PI * frequency * sample) / samplesPerSecond);
  return (sum * amplitude) / Math.max(1, hz.length);
}

const clamped = (ms: number): number => Math.max(0, Math.min(toneMsMax, ms));
