// The E-model at points that its recommendations name.
import { expect, test } from "bun:test";
import { mosOf, ratingOf } from "./e-model.ts";

const clean = { lossPercent: 0, delayMs: 0, conceals: true };

test("ratings become the scores of G.107 table B.1", () => {
  const scores = [93.2, 90, 80, 70, 60, 50, 0, 100].map((rating) => Number(mosOf(rating).toFixed(2)));
  expect(scores).toEqual([4.41, 4.34, 4.02, 3.6, 3.1, 2.58, 1, 4.5]);
});

test("a path without loss and delay has the best rating there is", () => expect(ratingOf(clean)).toBe(93.2));

test("loss costs what G.113 says: far more where the listener does not cover gaps", () => {
  const at = (lossPercent: number, conceals: boolean): number => ratingOf({ ...clean, lossPercent, conceals });
  expect(at(1, true)).toBeCloseTo(93.2 - 95 / 26.1, 6);
  expect(at(1, false)).toBeCloseTo(93.2 - 95 / 5.3, 6);
  expect(mosOf(at(5, true))).toBeCloseTo(3.92, 2);
  expect(mosOf(at(5, false))).toBeCloseTo(2.17, 2);
  expect(at(100, false)).toBeCloseTo(2.117, 3);
});

test("delay hardly matters up to 177 ms, and much beyond", () => {
  const at = (delayMs: number): number => ratingOf({ ...clean, delayMs });
  expect(at(100)).toBeCloseTo(90.8, 6);
  expect(at(177.3)).toBeCloseTo(88.94, 2);
  expect(at(400)).toBeCloseTo(93.2 - 9.6 - 24.497, 3);
  expect(at(10_000)).toBe(0);
});

test("no score falls when the rating rises", () => {
  for (let rating = 0; rating < 100; rating += 0.5) expect(mosOf(rating + 0.5)).toBeGreaterThanOrEqual(mosOf(rating));
});
