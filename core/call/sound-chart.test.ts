// A leg's chart: what each window brought, what silence leaves open, and that it never grows beyond its bound.
import { describe, expect, test } from "bun:test";
import { soundPointsMax } from "../lib/limits.ts";
import type { MediaVerdict, SoundFigures } from "./call-control.ts";
import { beginChart, type Charting, coarser, finishedChart, pointsOf, withMeasurement } from "./sound-chart.ts";

const figures = (mos: number, windows: number): SoundFigures => ({ mos, mosMin: mos, mosAvg: mos, lossPercent: 0, windows });
const nothingYet = { packetsSent: 0, packetsReceived: 0, packetsLost: 0, jitterMs: 0, remotePacketsLost: null, from: null, to: null };

/** A leg that counts as media does: since its beginning. */
class Leg {
  private verdict = { ...nothingYet, remoteJitterMs: null, roundTripMs: null, codec: "PCMU" } as unknown as MediaVerdict;
  private at = 100_000;
  state: Charting = beginChart(this.at);

  window(more: {
    received?: number;
    lost?: number;
    mos?: number;
    sent?: number;
    remoteLost?: number;
    toMos?: number;
    forMs?: number;
  }): this {
    const { verdict } = this;
    this.at += more.forMs ?? 5_000;
    this.verdict = {
      ...verdict,
      packetsReceived: verdict.packetsReceived + (more.received ?? 0),
      packetsLost: verdict.packetsLost + (more.lost ?? 0),
      packetsSent: verdict.packetsSent + (more.sent ?? 0),
      remotePacketsLost: more.remoteLost === undefined ? verdict.remotePacketsLost : (verdict.remotePacketsLost ?? 0) + more.remoteLost,
      from: more.mos === undefined ? verdict.from : figures(more.mos, (verdict.from?.windows ?? 0) + 1),
      to: more.toMos === undefined ? verdict.to : figures(more.toMos, (verdict.to?.windows ?? 0) + 1),
      ...{ jitterMs: 2.4, remoteJitterMs: 3.6, roundTripMs: 11.5 },
    };
    this.state = withMeasurement(this.state, this.verdict, this.at);
    return this;
  }

  get points() {
    return pointsOf(finishedChart(this.state)!);
  }
}

describe("a chart", () => {
  test("says of each window what came in it, not since the beginning", () => {
    const { points } = new Leg().window({ received: 250, sent: 249, mos: 4.3714 }).window({ received: 225, lost: 25, sent: 250, mos: 3.2 });
    expect(points).toEqual([
      {
        ...{ startedAt: 100_000, endedAt: 105_000, roundTripMs: 12 },
        from: { packets: 250, lost: 0, jitterMs: 2, mos: 4.37 },
        to: { packets: 249, lost: 0, jitterMs: 4, mos: null },
      },
      {
        ...{ startedAt: 105_000, endedAt: 110_000, roundTripMs: 12 },
        from: { packets: 225, lost: 25, jitterMs: 2, mos: 3.2 },
        to: { packets: 250, lost: 0, jitterMs: 4, mos: null },
      },
    ]);
  });

  test("is open where nothing came, and where the peer's reports have ceased, but not for one report that is late", () => {
    const leg = new Leg().window({ received: 250, mos: 4.4, sent: 250, toMos: 4.1 });
    leg.window({ sent: 250 }).window({ sent: 250 }).window({ sent: 250 }).window({ received: 250, mos: 4.4, sent: 250, toMos: 4 });
    expect(leg.points.map(({ from }) => from.mos)).toEqual([4.4, null, null, null, 4.4]);
    expect(leg.points.map(({ from }) => from.jitterMs)).toEqual([2, null, null, null, 2]);
    expect(leg.points.map(({ to }) => to.mos)).toEqual([4.1, 4.1, 4.1, null, 4]);
  });

  test("does not take back a loss that came late after all, nor count it twice", () => {
    const leg = new Leg().window({ received: 245, lost: 5 }).window({ received: 252, lost: -2 }).window({ received: 247, lost: 3 });
    expect(leg.points.map(({ from }) => from.lost)).toEqual([5, 0, 1]);
  });

  test("of a phone that only rang is none; without a beginning it begins one window before", () => {
    expect(finishedChart(new Leg().window({}).state)).toBeNull();
    const verdict = { ...nothingYet, packetsReceived: 9 } as unknown as MediaVerdict;
    expect(pointsOf(finishedChart(withMeasurement(null, verdict, 50_000))!)).toMatchObject([{ startedAt: 45_000, endedAt: 50_000 }]);
  });
});

describe("a chart that gets long", () => {
  const hours = (n: number): Leg => {
    const leg = new Leg();
    for (let i = 0; i < n * 720; i++)
      leg.window({ received: 245, lost: i % 7 === 0 ? 5 : 0, sent: 250, mos: i === 400 ? 2.5 : 4.41, toMos: 4.38 });
    return leg;
  };

  test("keeps every window of an hour, in 26 kB of the log at most", () => {
    const chart = finishedChart(hours(1).state)!;
    expect(chart.forMs).toHaveLength(soundPointsMax);
    const { length } = JSON.stringify(chart);
    expect(length).toBeGreaterThan(15_000);
    expect(length).toBeLessThan(26_000);
  });

  test("keeps the worst score, the sum of losses and the whole time, in points of one length, however long it gets", () => {
    for (const [n, forMs] of [
      [1.01, 10_000],
      [2, 10_000],
      [8, 40_000],
    ] as const) {
      const { points } = hours(n);
      const windows = Math.ceil(n * 720);
      expect(points.length).toBeLessThanOrEqual(soundPointsMax);
      expect(points.length).toBeGreaterThan(soundPointsMax / 3);
      expect(new Set(points.slice(0, -1).map((point) => point.endedAt - point.startedAt))).toEqual(new Set([forMs]));
      expect(points.reduce((sum, { from }) => sum + from.lost, 0)).toBe(Math.ceil(windows / 7) * 5);
      expect(points.reduce((sum, { from }) => sum + from.packets, 0)).toBe(windows * 245);
      expect(Math.min(...points.map(({ from }) => from.mos!))).toBe(2.5);
      expect([points[0]!.startedAt, points.at(-1)!.endedAt]).toEqual([100_000, 100_000 + windows * 5_000]);
    }
  });

  test("is shown in fewer points that say the same", () => {
    const { points } = hours(1);
    const few = coarser(points, 60);
    expect(few.length).toBeLessThanOrEqual(60);
    expect(few.reduce((sum, { from }) => sum + from.lost, 0)).toBe(points.reduce((sum, { from }) => sum + from.lost, 0));
    expect(few.filter(({ from }) => from.mos === 2.5)).toHaveLength(1);
  });
});
