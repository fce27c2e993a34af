// Prompts frame by frame: nothing lost between them, no seam in a loop, silence only at the end.
import { expect, test } from "bun:test";
import { encoderOf } from "./codec/codec.ts";
import { g711 } from "./codec/g711.ts";
import { Player } from "./player.ts";
import { share } from "./support/listening.ts";
import { endlessTone, toneSamples } from "./tone.ts";

const ramp = (from: number, size: number) => Int16Array.from({ length: size }, (_, i) => (from + i) * 64);

function played(player: Player, frames: number): number[] {
  const { decode } = g711("PCMA");
  const encoder = encoderOf("PCMA");
  return Array.from({ length: frames }, () => [...player.next(encoder)].map((code) => decode[code]!)).flat();
}

test("prompts follow each other within a frame", () => {
  const player = new Player("p", [ramp(0, 100), new Int16Array(), ramp(100, 100)], false);
  const once = played(new Player("q", [ramp(0, 200)], false), 2);
  expect(played(player, 2)).toEqual(once);
  expect(player.isDone).toBe(true);
  expect(once.slice(200).every((sample) => Math.abs(sample) <= 8)).toBe(true);
});

test("a loop has no seam and no end", () => {
  const player = new Player("p", [ramp(0, 90), ramp(90, 60)], true);
  const samples = played(player, 15);
  const period = samples.slice(0, 150);
  for (let i = 0; i < samples.length; i++) expect(samples[i]!).toBe(period[i % 150]!);
  expect(player.isDone).toBe(false);
});

test("time passes for a prompt that may not be heard", () => {
  const player = new Player("p", [ramp(0, 400)], false);
  player.skip();
  expect(played(player, 1)).toEqual(played(new Player("q", [ramp(160, 160)], false), 1));
  player.skip();
  expect(player.isDone).toBe(true);
});

test("nothing to play is done at once, even in a loop", () => {
  expect(new Player("p", [new Int16Array()], true).isDone).toBe(true);
});

test("a tone begins and ends softly, pauses, and an endless one meets itself", () => {
  const tone = toneSamples([425], 100, 50);
  expect(tone.length).toBe(1_200);
  expect([tone[0], tone[799]].map((sample) => Math.abs(sample!))).toEqual([0, 0]);
  expect(tone.subarray(800).every((sample) => sample === 0)).toBe(true);
  const endless = endlessTone([425, 350]);
  expect(share([...endless, ...endless], 425) + share([...endless, ...endless], 350)).toBeGreaterThan(0.999);
  expect(Math.max(...endless)).toBeLessThan(6_001);
});
