// How the legs of a conversation sounded: as its log tells of those that have ended, and as it is now of those that are up.
import type { MediaVerdict } from "../call/call-control.ts";
import type { ChartedLeg, LegSound } from "../call/live-sound.ts";
import { pointsOf, type SoundChart } from "../call/sound-chart.ts";
import type { LoggedEvent } from "../events/index.ts";

export type LegMedia = LegSound & {
  /** When it was measured for the last time, at its end; null: it is up. */
  readonly measuredAt: number | null;
};

/** What verdicts of before did not hold. */
const notMeasured = {
  ...{ packetsDiscarded: 0, packetsDuplicated: 0, packetsRefused: 0, jitterMsMax: 0, roundTripMsMax: null },
  ...{ remotePacketsLost: null, remoteJitterMs: null, from: null, to: null, protocol: "udp" },
} satisfies Partial<MediaVerdict>;

/** Legs that have ended, in that order, then those that are up. `events`: of one conversation. */
export function legMedia(events: readonly LoggedEvent[], live: readonly LegSound[]): readonly LegMedia[] {
  const ended = events.flatMap((event): LegMedia[] => {
    if (event.type !== "conversation.media.measured" || event.payload === null) return [];
    const { participantId, verdict } = event.payload as unknown as Pick<LegMedia, "participantId"> & { readonly verdict: MediaVerdict };
    // Nothing was ever agreed with this leg: it rang, and was not answered.
    if (verdict.codec === null) return [];
    const jitterMsMax = verdict.jitterMsMax ?? verdict.jitterMs;
    return [{ participantId, verdict: { ...notMeasured, ...verdict, jitterMsMax }, from: null, to: null, measuredAt: event.at }];
  });
  return [...ended, ...live.map((leg) => ({ ...leg, measuredAt: null }))];
}

/** How legs that have ended sounded over time, and those that are up (`live`), in the order in which they began. `events`: of one conversation. */
export function legCharts(events: readonly LoggedEvent[], live: readonly ChartedLeg[]): readonly ChartedLeg[] {
  const ended = events.flatMap((event): ChartedLeg[] => {
    if (event.type !== "conversation.media.charted" || event.payload === null) return [];
    const { participantId, chart } = event.payload as unknown as Pick<LegSound, "participantId"> & { readonly chart: SoundChart };
    return [{ participantId, points: pointsOf(chart) }];
  });
  return [...ended, ...live].sort((a, b) => a.points[0]!.startedAt - b.points[0]!.startedAt);
}
