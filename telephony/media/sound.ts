// The figures of one direction: windows of some seconds become scores, of which the worst and the average stay.
import type { SoundFigures } from "./plane.ts";
import { mosOf, ratingOf } from "./rtp/e-model.ts";

export type Sound = { readonly mosSum: number; readonly figures: SoundFigures | null };
export type Window = {
  readonly lossPercent: number;
  readonly jitterMs: number;
  /** Null: not known; then only the listener's own delay counts. */
  readonly roundTripMs: number | null;
};

export const unheard: Sound = { mosSum: 0, figures: null };
/** One frame on its way into a packet, and one in the device. */
const framesMs = 40;

/**
 * One window more. The delay is half the round trip, two frames, and a jitter buffer of twice the jitter (what listeners' buffers settle at).
 * Listeners are taken to conceal gaps, as browsers, desk phones and gateways of today do.
 */
export function withWindow(sound: Sound, { lossPercent, jitterMs, roundTripMs }: Window): Sound {
  const delayMs = (roundTripMs ?? 0) / 2 + 2 * jitterMs + framesMs;
  const mos = mosOf(ratingOf({ lossPercent, delayMs, conceals: true }));
  const windows = (sound.figures?.windows ?? 0) + 1;
  const mosSum = sound.mosSum + mos;
  const mosMin = Math.min(mos, sound.figures?.mosMin ?? mos);
  return { mosSum, figures: { mos, mosMin, mosAvg: mosSum / windows, lossPercent, windows } };
}
