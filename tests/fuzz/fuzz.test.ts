// A short run of every fuzzer, with another seed each day it is changed by hand; `npm run fuzz` is the long one. Nothing here looks at a clock.
import { describe, expect, test } from "bun:test";
import { fuzz, keptCorpus } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** About half a second each. */
const inputs: Readonly<Record<string, number>> = {
  sip: 8_000,
  sdp: 8_000,
  rtp: 40_000,
  rtcp: 40_000,
  srtp: 20_000,
  stun: 40_000,
  frames: 8_000,
};

describe("mutated inputs are read as they stand, or refused", () => {
  for (const target of targets)
    test(target.name, () => {
      const count = inputs[target.name]! + keptCorpus(target.name).length;
      const { findings } = fuzz(target, 1, count);
      expect(
        findings.filter(({ what }) => !what.startsWith("took ")).map(({ what, input }) => `${what}\n${input.toString("base64")}`),
      ).toEqual([]);
    });
});
