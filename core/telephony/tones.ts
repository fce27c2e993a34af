// The tones by which telephones say what becomes of a call, country by country. Source: ITU-T E.180 Supplement 2, and the national plans it lists.
import type { Prompt } from "../call/call-control.ts";

export const toneNames = ["ringback", "busy", "congestion"] as const;
export type ToneName = (typeof toneNames)[number];

/** Sound and pause; the whole repeats. Two frequencies sound together, at about −13 dBm0. */
export type Burst = { readonly hz: readonly number[]; readonly onMs: number; readonly offMs: number };
export type ToneSet = Readonly<Record<ToneName, readonly Burst[]>>;

const burst = (hz: readonly number[], onMs: number, offMs: number): Burst => ({ hz, onMs, offMs });
const one = (hz: readonly number[], onMs: number, offMs: number): readonly Burst[] => [burst(hz, onMs, offMs)];
/** Most of the world: one frequency, three cadences (E.180 §4 to §6). */
const plain = (hz: number, ring: readonly [number, number], busyMs: number, congestionMs: number): ToneSet => ({
  ringback: one([hz], ring[0], ring[1]),
  busy: one([hz], busyMs, busyMs),
  congestion: one([hz], congestionMs, congestionMs),
});
/** Rings twice, as in the United Kingdom and where its engineers went. */
const twice = (hz: readonly number[]): readonly Burst[] => [burst(hz, 400, 200), burst(hz, 400, 2_000)];
const northAmerica: ToneSet = {
  ringback: one([440, 480], 2_000, 4_000),
  busy: one([480, 620], 500, 500),
  congestion: one([480, 620], 250, 250),
};
const recommended = plain(425, [1_000, 4_000], 500, 250);

const byCountry: Readonly<Record<string, ToneSet>> = {
  AT: plain(420, [1_000, 5_000], 400, 200),
  AU: { ringback: twice([413, 438]), busy: one([425], 375, 375), congestion: one([425], 375, 375) },
  BE: plain(425, [1_000, 3_000], 500, 167),
  BR: plain(425, [1_000, 4_000], 250, 250),
  CA: northAmerica,
  CH: plain(425, [1_000, 4_000], 500, 200),
  CZ: plain(425, [1_000, 4_000], 330, 165),
  DE: plain(425, [1_000, 4_000], 480, 240),
  DK: plain(425, [1_000, 4_000], 500, 250),
  ES: plain(425, [1_500, 3_000], 200, 200),
  FI: plain(425, [1_000, 4_000], 300, 200),
  FR: plain(440, [1_500, 3_500], 500, 250),
  GB: { ringback: twice([400, 450]), busy: one([400], 375, 375), congestion: [burst([400], 400, 350), burst([400], 225, 525)] },
  IE: { ringback: twice([400, 450]), busy: one([400], 375, 375), congestion: one([400], 400, 350) },
  IN: { ringback: twice([400, 425]), busy: one([400], 750, 750), congestion: one([400], 250, 250) },
  IT: plain(425, [1_000, 4_000], 500, 200),
  JP: plain(400, [1_000, 2_000], 500, 500),
  NL: plain(425, [1_000, 4_000], 500, 250),
  NO: plain(425, [1_000, 4_000], 500, 200),
  NZ: { ringback: twice([400, 450]), busy: one([400], 500, 500), congestion: one([400], 250, 250) },
  PL: plain(425, [1_000, 4_000], 500, 500),
  PT: plain(425, [1_000, 5_000], 500, 200),
  SE: plain(425, [1_000, 5_000], 250, 250),
  US: northAmerica,
  ZA: { ringback: twice([400, 433]), busy: one([400], 500, 500), congestion: one([400], 250, 250) },
};

/** `country`: ISO 3166-1 alpha-2; where nothing is known, what the ITU recommends. */
export function tonesOf(country: string | null): ToneSet {
  return byCountry[country ?? ""] ?? recommended;
}

/** What flows and calls name a tone by, beside the names of prompts. */
export const toneKeys: readonly string[] = toneNames.map((name) => `tone.${name}`);

/** Names of tones become the tones of a country; every other prompt is what it was. */
export function withTones(prompts: readonly Prompt[], country: string | null): readonly Prompt[] {
  return prompts.flatMap((prompt): readonly Prompt[] => {
    const name = prompt.kind === "key" ? toneNames.find((one) => prompt.key === `tone.${one}`) : undefined;
    return name === undefined ? [prompt] : tonesOf(country)[name].map((part) => ({ kind: "tone", ...part }));
  });
}
