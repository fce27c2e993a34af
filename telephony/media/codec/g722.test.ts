// G.722 against the ITU's reference speech, and by ear: what a wide band carries, and what becomes of it at 8 kHz.
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import manifest from "../../../tests/corpora/g722/manifest.json";
import { share } from "../support/listening.ts";
import { G722Decoder, G722Encoder, g722Silence } from "./g722.ts";
import { blockMax, Doubler, Halver } from "./resample.ts";

const words = (file: string): Int16Array => {
  const bytes = readFileSync(new URL(`../../../tests/corpora/g722/${file}`, import.meta.url));
  return new Int16Array(new Uint8Array(bytes).buffer);
};
const speech = words("inpsp.bin");
const codes = Uint8Array.from(words("codspw.cod"));

function encoded(samples: Int16Array, encoder = new G722Encoder()): Uint8Array {
  const said = new Uint8Array(samples.length / 2);
  // In frames of 20 ms, as calls do: what is kept between them counts.
  for (let at = 0; at < samples.length; at += 320) {
    const frame = samples.subarray(at, at + 320);
    encoder.encode(frame, frame.length, said, at / 2);
  }
  return said;
}

function decoded(said: Uint8Array, decoder = new G722Decoder()): Int16Array {
  const samples = new Int16Array(2 * said.length);
  for (let at = 0; at < said.length; at += 160)
    decoder.decode(said, at, Math.min(at + 160, said.length), samples.subarray(2 * at, 2 * at + 320));
  return samples;
}

const tone = (hz: number, rate: number, ms = 1_000, amplitude = 8_000): Int16Array =>
  Int16Array.from({ length: (rate * ms) / 1_000 }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rate)));
/** `share` counts in samples of 8 kHz. */
const wideShare = (samples: Int16Array, hz: number): number => share(samples, hz / 2);
const level = (samples: Int16Array): number => Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);

test("what is encoded is bit-exact with G.191", () => {
  expect(speech.length).toBe(97_536);
  expect(encoded(speech)).toEqual(codes);
});

test("what is decoded is bit-exact with G.191", () => {
  const digest = createHash("sha256")
    .update(new Uint8Array(decoded(codes).buffer))
    .digest("hex");
  expect(digest).toBe(manifest.expected.sha256);
});

test("a decoder that is reset hears as a new one does", () => {
  const decoder = new G722Decoder();
  decoded(codes.subarray(0, 20_000), decoder);
  decoder.reset();
  expect(decoded(codes.subarray(0, 1_600), decoder)).toEqual(decoded(codes.subarray(0, 1_600)));
});

for (const [hz, least] of [
  [440, 0.9999],
  [1_000, 0.9999],
  [3_000, 0.999],
  [5_000, 0.99],
  [6_500, 0.99],
] as const)
  test(`a tone of ${hz} Hz comes back as one, as loud as it was`, () => {
    const heard = decoded(encoded(tone(hz, 16_000))).subarray(1_600);
    expect(wideShare(heard, hz)).toBeGreaterThan(least);
    expect(level(heard) / level(tone(hz, 16_000))).toBeWithin(0.95, 1.05);
  });

test("the code of silence ends the loudest sound within 60 ms", () => {
  const decoder = new G722Decoder();
  decoded(encoded(tone(1_000, 16_000, 200, 30_000)), decoder);
  decoded(new Uint8Array(480).fill(g722Silence), decoder);
  expect(Math.max(...decoded(new Uint8Array(1_600).fill(g722Silence), decoder).map(Math.abs))).toBeLessThan(40);
});

test("a decoder that comes late, or has lost a second, hears the tone again within 100 ms", () => {
  const said = encoded(tone(1_000, 16_000, 2_000));
  expect(wideShare(decoded(said.subarray(4_000)).subarray(1_600), 1_000)).toBeGreaterThan(0.999);
  const decoder = new G722Decoder();
  decoded(said.subarray(0, 4_000), decoder);
  expect(wideShare(decoded(said.subarray(12_000), decoder).subarray(1_600), 1_000)).toBeGreaterThan(0.999);
});

function doubled(samples: Int16Array): Int16Array {
  const doubler = new Doubler();
  const wide = new Int16Array(2 * samples.length);
  for (let at = 0; at < samples.length; at += blockMax) doubler.double(samples, at, blockMax, wide.subarray(2 * at, 2 * (at + blockMax)));
  return wide;
}

function halved(samples: Int16Array): Int16Array {
  const halver = new Halver();
  const narrow = new Int16Array(samples.length / 2);
  for (let at = 0; at < narrow.length; at += blockMax) halver.halve(samples.subarray(2 * at, 2 * (at + blockMax)), blockMax, narrow, at);
  return narrow;
}

for (const hz of [300, 1_000, 3_000]) {
  test(`${hz} Hz is the same tone at 8 and at 16 kHz`, () => {
    const wide = doubled(tone(hz, 8_000)).subarray(1_600);
    const narrow = halved(tone(hz, 16_000)).subarray(800);
    expect(wideShare(wide, hz)).toBeGreaterThan(0.9999);
    expect(share(narrow, hz)).toBeGreaterThan(0.9999);
    expect(level(wide) / level(tone(hz, 8_000))).toBeWithin(0.97, 1.03);
    expect(level(narrow) / level(tone(hz, 16_000))).toBeWithin(0.97, 1.03);
  });
}

test("what 8 kHz cannot carry does not come back as another tone", () => {
  for (const hz of [5_000, 6_000, 7_000]) expect(level(halved(tone(hz, 16_000)).subarray(800))).toBeLessThan(40);
});
