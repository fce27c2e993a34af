// Tones: by country, complete, and in the place of their names.
import { expect, test } from "bun:test";
import { toneKeys, toneNames, tonesOf, withTones } from "./tones.ts";

test("each country says its own; where nothing is known, the ITU's 425 Hz", () => {
  expect(tonesOf("GB").ringback).toEqual([
    { hz: [400, 450], onMs: 400, offMs: 200 },
    { hz: [400, 450], onMs: 400, offMs: 2_000 },
  ]);
  expect(tonesOf("US").busy).toEqual([{ hz: [480, 620], onMs: 500, offMs: 500 }]);
  for (const country of [null, "", "XX"]) expect(tonesOf(country).ringback).toEqual([{ hz: [425], onMs: 1_000, offMs: 4_000 }]);
});

test("every tone sounds, pauses, and can be heard by a telephone", () => {
  for (const country of [
    "AT",
    "AU",
    "BE",
    "BR",
    "CA",
    "CH",
    "CZ",
    "DE",
    "DK",
    "ES",
    "FI",
    "FR",
    "GB",
    "IE",
    "IN",
    "IT",
    "JP",
    "NL",
    "NO",
  ]) {
    for (const name of toneNames) {
      for (const { hz, onMs, offMs } of tonesOf(country)[name]) {
        expect(hz.every((frequency) => frequency >= 300 && frequency <= 3_400)).toBe(true);
        expect([onMs > 0, offMs > 0]).toEqual([true, true]);
      }
    }
  }
});

test("a tone's name becomes the tone; a prompt's stays", () => {
  expect(
    withTones(
      [
        { kind: "key", key: "system.welcome" },
        { kind: "key", key: "tone.busy" },
      ],
      "DE",
    ),
  ).toEqual([
    { kind: "key", key: "system.welcome" },
    { kind: "tone", hz: [425], onMs: 480, offMs: 480 },
  ]);
  expect(withTones([{ kind: "key", key: "tone.ringback" }], "GB")).toHaveLength(2);
  expect(toneKeys).toEqual(["tone.ringback", "tone.busy", "tone.congestion"]);
});
