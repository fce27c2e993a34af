// The one time axis that lanes, moments and charts of a conversation share.

/** Where an instant lies on the drawing. */
export type TimeAxis = {
  readonly ticks: readonly number[];
  /** 0 at the left, 1 at the right. */
  readonly share: (at: number) => number;
  readonly percent: (at: number) => string;
};

export type Axis = TimeAxis & { readonly from: number; readonly spanMs: number };

export function axisOf(from: number, to: number): Axis {
  const spanMs = Math.max(1_000, to - from);
  // What was measured a moment after the end, or before the beginning, stays inside the drawing.
  const share = (at: number): number => Math.min(1, Math.max(0, (at - from) / spanMs));
  return { from, spanMs, share, percent: (at) => `${(share(at) * 100).toFixed(2)}%`, ticks: ticksOf(from, spanMs) };
}

/** Round times, at most seven of them, so that two conversations can be compared. */
function ticksOf(from: number, spanMs: number): readonly number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200].map((seconds) => seconds * 1_000);
  const step = steps.find((ms) => spanMs / ms <= 7) ?? Math.ceil(spanMs / 7 / 3_600_000) * 3_600_000;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((from + spanMs - first) / step) + 1 }, (_, i) => first + i * step);
}
