// Looks at the committed sounds: their levels, their edges, their band, and the seam of the music.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemPrompts } from "../../core/architect/system-prompts.ts";

const rate = 8_000;
const frame = 160;
const files = readdirSync(import.meta.dir).filter((name) => name.endsWith(".wav"));
const sounds = new Map(files.map((name) => [name.slice(0, -".wav".length), readSound(name)]));
const spoken = [...sounds].filter(([key]) => !key.startsWith("music."));
const music = sounds.get("music.default")!;

/** Samples from -1 to 1; the header is checked on the way. */
function readSound(name: string): Float64Array {
  const file = readFileSync(join(import.meta.dir, name));
  expect(file.toString("latin1", 0, 4) + file.toString("latin1", 8, 16)).toBe("RIFFWAVEfmt ");
  expect([file.readUInt16LE(20), file.readUInt16LE(22), file.readUInt32LE(24), file.readUInt16LE(34)]).toEqual([1, 1, rate, 16]);
  expect(file.readUInt32LE(40)).toBe(file.length - 44);
  return Float64Array.from({ length: (file.length - 44) / 2 }, (_, i) => file.readInt16LE(44 + i * 2) / 32_768);
}

const db = (value: number): number => 20 * Math.log10(Math.max(value, 1e-9));

function rms(samples: Float64Array): number {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

function peak(samples: Float64Array): number {
  return samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function framesOf(samples: Float64Array): Float64Array[] {
  return Array.from({ length: Math.floor(samples.length / frame) }, (_, i) => samples.subarray(i * frame, (i + 1) * frame));
}

/** The level of what sounds: frames 30 dB below the loudest are pauses. */
function activeRms(samples: Float64Array): number {
  const levels = framesOf(samples).map(rms);
  const loudest = Math.max(...levels);
  const active = levels.filter((value) => db(value) > db(loudest) - 30);
  return Math.sqrt(active.reduce((sum, value) => sum + value * value, 0) / active.length);
}

const bins = 256;
const hann = Float64Array.from({ length: bins }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / bins));

/** The share of the energy that a telephone would not carry. */
function outsideBand(samples: Float64Array): number {
  let [outside, all] = [0, 0];
  for (let at = 0; at + bins <= samples.length; at += bins)
    for (let bin = 1; bin < bins / 2; bin++) {
      let [re, im] = [0, 0];
      for (let i = 0; i < bins; i++) {
        const value = samples[at + i]! * hann[i]!;
        re += value * cosines[(bin * i) % bins]!;
        im += value * cosines[(bin * i + bins / 4) % bins]!;
      }
      const [energy, hz] = [re * re + im * im, (bin * rate) / bins];
      all += energy;
      if (hz < 230 || hz > 3_500) outside += energy;
    }
  return outside / all;
}
const cosines = Float64Array.from({ length: bins }, (_, i) => Math.cos((2 * Math.PI * i) / bins));

test("what flows may name is what is here", () => expect([...systemPrompts].sort()).toEqual([...sounds.keys()].sort()));

describe("the sounds", () => {
  test("are all there, and together below 1.5 MB", () => {
    const system =
      "welcome menu enter-number error your-position-is wait-under-a-minute estimated-wait-is-about minutes more-than recorded";
    const demo = ["welcome", "menu", "card"].map((name) => `demo.${name}`);
    const numbers = [...Array.from({ length: 21 }, (_, i) => i), 30, 40, 50, 60, 70, 80, 90];
    const keys = [...system.split(" ").map((name) => `system.${name}`), ...numbers.map((n) => `number.${n}`), "music.default", ...demo];
    expect([...sounds.keys()].sort()).toEqual(keys.sort());
    expect([...sounds.values()].reduce((sum, samples) => sum + samples.length * 2 + 44, 0)).toBeLessThan(1_500_000);
  });

  for (const [key, samples] of sounds)
    test(`${key} is about -20 dBFS loud, never above -3, and inside a telephone's band`, () => {
      expect(Math.abs(db(activeRms(samples)) + 20)).toBeLessThan(1);
      expect(db(peak(samples))).toBeLessThan(-3);
      expect(outsideBand(samples)).toBeLessThan(0.01);
    });
});

describe("what is spoken", () => {
  for (const [key, samples] of spoken)
    test(`${key} begins within 50 ms, fades in and out, and is as long as its words`, () => {
      const loudest = db(peak(samples));
      const first = samples.findIndex((value) => db(Math.abs(value)) > loudest - 30);
      expect((first / rate) * 1_000).toBeLessThan(50);
      // The first and the last millisecond of a fade of five.
      for (const edge of [samples.subarray(0, 8), samples.subarray(-8)]) expect(db(peak(edge))).toBeLessThan(-36);
      const seconds = samples.length / rate;
      expect(seconds).toBeGreaterThan(0.25);
      expect(seconds).toBeLessThan(key.startsWith("number.") ? 1 : 6);
    });

  test("no two are the same", () => {
    expect(new Set(spoken.map(([, samples]) => Bun.hash(new Uint8Array(samples.buffer)))).size).toBe(spoken.length);
  });
});

describe("the music", () => {
  test("lasts about half a minute and is never silent", () => {
    expect(Math.abs(music.length / rate - 30)).toBeLessThan(2);
    expect(db(Math.min(...framesOf(music).map(rms)))).toBeGreaterThan(-40);
  });

  test("goes from its end into its beginning as smoothly as anywhere else", () => {
    const round = (i: number): number => music[(i + music.length) % music.length]!;
    const bends = Array.from(music, (_, i) => Math.abs(round(i + 1) - 2 * round(i) + round(i - 1)));
    const usual = [...bends].sort((a, b) => a - b)[Math.floor(bends.length * 0.99)]!;
    for (let i = -4; i <= 4; i++) expect(bends[(i + bends.length) % bends.length]!).toBeLessThan(usual);
    const [end, beginning] = [rms(music.subarray(-rate / 10)), rms(music.subarray(0, rate / 10))];
    expect(Math.abs(db(end) - db(beginning))).toBeLessThan(9);
  });
});
