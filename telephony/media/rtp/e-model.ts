// How speech sounds after the network: from loss and delay to the E-model's rating, and from that to a mean opinion score.

export type Path = {
  /** Of 100 packets, those that never came. */
  readonly lossPercent: number;
  /** Mouth to ear, one way. */
  readonly delayMs: number;
  /** Whether the listener covers gaps (packet loss concealment). */
  readonly conceals: boolean;
};

/** ITU-T G.107 (2015) §7.7: the rating with all parameters at their defaults and no impairment by the network. */
const bestRating = 93.2;
/** ITU-T G.113 (2007) appendix I, table I.4: packet-loss robustness of G.711, without concealment and with that of its appendix I. */
const robustness = { without: 4.3, with: 25.1 } as const;

/**
 * The rating R of G.711 speech (A-law and µ-law alike, Ie = 0), 0 to 93.2: R = 93.2 - Id - Ie,eff. Ie,eff is that of G.107 §7.5.3 for random
 * loss (BurstR = 1); Id is the simplification of Cole and Rosenbluth, "Voice over IP performance monitoring" (2001), within 1 of G.107 below
 * 400 ms.
 */
export function ratingOf({ lossPercent, delayMs, conceals }: Path): number {
  const delay = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  const loss = (95 * lossPercent) / (lossPercent + (conceals ? robustness.with : robustness.without));
  return Math.max(0, bestRating - delay - loss);
}

/** The mean opinion score of a rating, 1 (bad) to 4.5 (ITU-T G.107 annex B). Below 6.5 the cubic falls under 1, which is the floor. */
export function mosOf(rating: number): number {
  if (rating <= 6.5) return 1;
  if (rating >= 100) return 4.5;
  return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
}
