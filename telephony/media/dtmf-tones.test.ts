// Digits as tones: every one under what Q.24 allows, none in what is shorter, softer or speech, and there and back through a stream.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSamples } from "../../core/lib/samples.ts";
import { DigitSender } from "./dtmf.ts";
import { soundDigit, ToneReceiver } from "./dtmf-tones.ts";

const keys = "123A456B789C*0#D";
const low = [697, 770, 852, 941];
const high = [1_209, 1_336, 1_477, 1_633];
type Sound = { readonly onMs?: number; readonly offMs?: number; readonly off?: number; readonly lowDb?: number; readonly highDb?: number };

/** Each key after the other; tones by `off` beside their place, so many dB below full scale. */
function dialled(digits: string, { onMs = 60, offMs = 60, off = 1, lowDb = -12, highDb = -12 }: Sound = {}): Int16Array {
  const [on, rest] = [onMs * 8, offMs * 8];
  const samples = new Int16Array(digits.length * (on + rest) + 400);
  for (const [n, digit] of [...digits].entries()) {
    const at = keys.indexOf(digit);
    for (let i = 0; i < on; i++) {
      const t = (2 * Math.PI * off * i) / 8_000;
      const value = 10 ** (lowDb / 20) * Math.sin(low[at >> 2]! * t) + 10 ** (highDb / 20) * Math.sin(high[at & 3]! * t);
      samples[n * (on + rest) + i + 37] = Math.round(32_000 * value);
    }
  }
  return samples;
}

function heard(samples: Int16Array, step = 160): { readonly digits: string; readonly ms: readonly number[] } {
  const receiver = new ToneReceiver();
  const ended = [];
  for (let at = 0; at < samples.length; at += step) {
    const part = samples.subarray(at, at + step);
    const digit = receiver.push(part, part.length);
    if (digit !== null) ended.push(digit);
  }
  return { digits: ended.map(({ digit }) => digit).join(""), ms: ended.map(({ durationMs }) => durationMs) };
}

describe("every digit is heard once", () => {
  test.each([
    ["as phones send it", {}],
    ["as short as it may be", { onMs: 40, offMs: 40 }],
    ["held for long", { onMs: 2_000 }],
    ["with tones too high by 1.5 %", { off: 1.015 }],
    ["with tones too low by 1.5 %", { off: 0.985 }],
    ["loud", { lowDb: -7, highDb: -7 }],
    ["soft", { lowDb: -36, highDb: -36 }],
    ["with a high tone 4 dB louder", { lowDb: -15, highDb: -11.2 }],
    ["with a high tone 8 dB softer", { lowDb: -10, highDb: -17.8 }],
  ] as const)("%s", (_, sound: Sound) => {
    expect(heard(dialled(keys, sound)).digits).toBe(keys);
    expect(heard(dialled("1155*", sound), 80).digits).toBe("1155*");
  });

  test("with its length", () => {
    for (const ms of heard(dialled("59", { onMs: 200 })).ms) expect(Math.abs(ms - 200)).toBeLessThanOrEqual(26);
  });

  test("though a disturbance of 10 ms cuts it", () => {
    const samples = dialled("7", { onMs: 200 });
    samples.fill(0, 800, 880);
    expect(heard(samples).digits).toBe("7");
  });
});

describe("nothing is heard", () => {
  test.each([
    ["in what is too short", { onMs: 20 }],
    ["in what is too soft", { lowDb: -50, highDb: -50 }],
    ["where one tone is missing", { highDb: -90 }],
    ["where one is much louder", { lowDb: -30, highDb: -10 }],
    ["in tones far off their place", { off: 1.06 }],
  ] as const)("%s", (_, sound: Sound) => {
    expect(heard(dialled(keys, sound)).digits).toBe("");
  });

  test("in every prompt and in music: speech is no key", () => {
    const folder = join(import.meta.dir, "../../storage/prompts");
    const sounds = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wav"));
    expect(sounds.length).toBeGreaterThan(10);
    expect(sounds.filter((name) => heard(loadSamples(readFileSync(join(folder, name)))).digits !== "")).toEqual([]);
  });
});

test("what we send is what we hear", () => {
  const frame = new Int16Array(160);
  const sender = new DigitSender("12*#", 100, 60);
  const all: number[] = [];
  while (!sender.isDone) {
    sender.sound(frame);
    all.push(...frame);
  }
  expect(heard(Int16Array.from(all)).digits).toBe("12*#");
  soundDigit("5", 0, frame);
  expect(Math.max(...frame)).toBeLessThan(15_000);
});
