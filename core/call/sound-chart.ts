// How one leg sounded over time: the figures that come every few seconds as columns of bounded length. Pure; the exchange keeps one for each leg.
import { soundPointsMax, soundWindowMs } from "../lib/limits.ts";
import type { MediaVerdict, SoundFigures } from "./call-control.ts";

/** One direction, point by point. Null: nothing was measured in it. */
export type ChartedWay = {
  /** Packets that came (`from`: at us), or that we sent (`to`). */
  readonly packets: readonly number[];
  readonly lost: readonly number[];
  readonly jitterMs: readonly (number | null)[];
  /** Mean opinion score, at its worst; two decimals. */
  readonly mos: readonly (number | null)[];
};

/** Columns of one length, as they lie in the log: `conversation.media.charted`. A point lasts from the one before it, the first from `beganAt`. */
export type SoundChart = {
  readonly beganAt: number;
  readonly forMs: readonly number[];
  readonly roundTripMs: readonly (number | null)[];
  readonly from: ChartedWay;
  readonly to: ChartedWay;
};

/** A chart that grows. */
export type Charting = {
  readonly beganAt: number;
  readonly points: readonly SoundPoint[];
  /** So many measurements make one point; in the last there are `inLast`. */
  readonly perPoint: number;
  readonly inLast: number;
  /** The figures count from the leg's beginning: as they were at the last point. */
  readonly before: Pick<MediaVerdict, "packetsSent" | "packetsReceived" | "packetsLost"> & { readonly remotePacketsLost: number };
  readonly windows: { readonly from: number; readonly to: number };
  /** Measurements since the peer's last report. */
  readonly unreported: number;
};

export type WayPoint = {
  readonly packets: number;
  readonly lost: number;
  readonly jitterMs: number | null;
  readonly mos: number | null;
};
export type SoundPoint = {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly roundTripMs: number | null;
  readonly from: WayPoint;
  readonly to: WayPoint;
};

/**
 * A peer reports when it likes, at half to one and a half of its interval (RFC 3550 §6.3.1): a window without a report is filled by the one before,
 * so often and no more.
 */
const unreportedMax = 2;

/** From the moment that media flows. */
export function beginChart(at: number): Charting {
  return {
    ...{ beganAt: at, points: [], perPoint: 1, inLast: 0, unreported: unreportedMax, windows: { from: 0, to: 0 } },
    before: { packetsSent: 0, packetsReceived: 0, packetsLost: 0, remotePacketsLost: 0 },
  };
}

/** One measurement more. `charting` null: media never flowed; then a window before `at` is taken for the beginning. */
export function withMeasurement(charting: Charting | null, verdict: MediaVerdict, at: number): Charting {
  const state = charting ?? beginChart(at - soundWindowMs);
  const { before, windows } = state;
  const isReported = (verdict.to?.windows ?? 0) !== windows.to;
  const counted = {
    // What came late after all is no negative loss.
    before: {
      packetsSent: verdict.packetsSent,
      packetsReceived: verdict.packetsReceived,
      packetsLost: Math.max(before.packetsLost, verdict.packetsLost),
      remotePacketsLost: Math.max(before.remotePacketsLost, verdict.remotePacketsLost ?? 0),
    },
    windows: { from: verdict.from?.windows ?? 0, to: verdict.to?.windows ?? 0 },
    unreported: isReported ? 0 : state.unreported + 1,
  };
  return { ...state, ...counted, ...withPoint(state, measured(state, counted, verdict, at)) };
}

/** What came and went since the last measurement. */
function measured(
  state: Charting,
  now: Pick<Charting, "before" | "windows" | "unreported">,
  verdict: MediaVerdict,
  at: number,
): SoundPoint {
  const { before } = state;
  const startedAt = state.points.at(-1)?.endedAt ?? state.beganAt;
  const received = now.before.packetsReceived - before.packetsReceived;
  const sent = now.before.packetsSent - before.packetsSent;
  return {
    ...{ startedAt, endedAt: Math.max(at, startedAt), roundTripMs: rounded(verdict.roundTripMs) },
    from: {
      packets: received,
      lost: now.before.packetsLost - before.packetsLost,
      jitterMs: received === 0 ? null : rounded(verdict.jitterMs),
      mos: scoreOf(verdict.from, now.windows.from !== state.windows.from),
    },
    to: {
      packets: sent,
      lost: now.before.remotePacketsLost - before.remotePacketsLost,
      jitterMs: sent === 0 ? null : rounded(verdict.remoteJitterMs),
      mos: scoreOf(verdict.to, sent > 0 && now.unreported <= unreportedMax),
    },
  };
}

/** Into the last point as long as that is not full; neighbours become one where there are too many. */
function withPoint({ points, perPoint, inLast }: Charting, point: SoundPoint): Pick<Charting, "points" | "perPoint" | "inLast"> {
  const last = points.at(-1);
  if (last !== undefined && inLast < perPoint)
    return { points: [...points.slice(0, -1), merged(last, point)], perPoint, inLast: inLast + 1 };
  const grown = [...points, point];
  if (grown.length <= soundPointsMax) return { points: grown, perPoint, inLast: 1 };
  // Of an odd number the last stays alone, and goes on to be filled.
  return { points: pairs(grown), perPoint: perPoint * 2, inLast: grown.length % 2 === 1 ? 1 : perPoint + 1 };
}

/** As the log keeps it. Null: nothing came or went, as at a phone that only rang. */
export function finishedChart({ beganAt, points }: Charting): SoundChart | null {
  if (points.every(({ from, to }) => from.packets === 0 && to.packets === 0)) return null;
  const wayOf = (ways: readonly WayPoint[]): ChartedWay => ({
    packets: ways.map(({ packets }) => packets),
    lost: ways.map(({ lost }) => lost),
    jitterMs: ways.map(({ jitterMs }) => jitterMs),
    mos: ways.map(({ mos }) => mos),
  });
  return {
    beganAt,
    forMs: points.map(({ startedAt, endedAt }) => endedAt - startedAt),
    roundTripMs: points.map(({ roundTripMs }) => roundTripMs),
    from: wayOf(points.map(({ from }) => from)),
    to: wayOf(points.map(({ to }) => to)),
  };
}

export function pointsOf(chart: SoundChart): readonly SoundPoint[] {
  let startedAt = chart.beganAt;
  const wayOf = ({ packets, lost, jitterMs, mos }: ChartedWay, i: number): WayPoint => ({
    ...{ packets: packets[i] ?? 0, lost: lost[i] ?? 0, jitterMs: jitterMs[i] ?? null, mos: mos[i] ?? null },
  });
  return chart.forMs.map((forMs, i) => {
    const point = {
      ...{ startedAt, endedAt: startedAt + forMs, roundTripMs: chart.roundTripMs[i] ?? null },
      ...{ from: wayOf(chart.from, i), to: wayOf(chart.to, i) },
    };
    startedAt = point.endedAt;
    return point;
  });
}

/** No more than `max` points: neighbours become one until it is so. */
export function coarser(points: readonly SoundPoint[], max: number): readonly SoundPoint[] {
  return points.length <= max ? points : coarser(pairs(points), max);
}

function pairs(points: readonly SoundPoint[]): readonly SoundPoint[] {
  return points.flatMap((point, i) => {
    if (i % 2 === 1) return [];
    const next = points[i + 1];
    return [next === undefined ? point : merged(point, next)];
  });
}

/** The worst of both, and the sum of what can be counted. */
function merged(a: SoundPoint, b: SoundPoint): SoundPoint {
  const way = (one: WayPoint, other: WayPoint): WayPoint => ({
    packets: one.packets + other.packets,
    lost: one.lost + other.lost,
    jitterMs: known(Math.max, one.jitterMs, other.jitterMs),
    mos: known(Math.min, one.mos, other.mos),
  });
  return {
    ...{ startedAt: a.startedAt, endedAt: b.endedAt, roundTripMs: known(Math.max, a.roundTripMs, b.roundTripMs) },
    ...{ from: way(a.from, b.from), to: way(a.to, b.to) },
  };
}

function known(which: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : which(a, b);
}

function scoreOf(figures: SoundFigures | null, isMeasured: boolean): number | null {
  return figures === null || !isMeasured ? null : Math.round(figures.mos * 100) / 100;
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
