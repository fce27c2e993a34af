// The replay window and the index guess, at their edges.
import { expect, test } from "bun:test";
import { IndexWindow, replayWindow } from "./window.ts";

test("an index is fresh once, and not once it has fallen out of the window", () => {
  const window = new IndexWindow();
  window.add(1_000);
  expect(window.isFresh(1_000)).toBe(false);
  expect(window.isFresh(1_000 - replayWindow + 1)).toBe(true);
  expect(window.isFresh(1_000 - replayWindow)).toBe(false);
  expect(window.isFresh(1_001)).toBe(true);
});

test("a jump ahead forgets nothing that could be replayed", () => {
  const window = new IndexWindow();
  for (let index = 0; index < 300; index++) window.add(index);
  window.add(10_000);
  for (let index = 0; index <= 10_000 - replayWindow; index++) expect(window.isFresh(index)).toBe(false);
  expect(window.isFresh(9_999)).toBe(true);
});

test("the guess follows the wrap forwards and backwards, and never below zero's start", () => {
  const window = new IndexWindow();
  expect(window.guess(65_535)).toBe(65_535);
  window.add(65_535);
  expect(window.guess(0)).toBe(65_536);
  expect(window.guess(0x7ffe)).toBe(65_536 + 0x7ffe);
  window.add(65_537);
  expect(window.guess(65_530)).toBe(65_530);
  const young = new IndexWindow();
  young.add(3);
  // Before the first packet there was nothing: an index below zero is fresh to nobody.
  expect(young.isFresh(young.guess(65_500))).toBe(false);
});

test("a guess half the circle away stays in the present cycle", () => {
  const window = new IndexWindow();
  window.add(0x10000 * 5 + 0x8000);
  expect(window.guess(0)).toBe(0x10000 * 5);
  expect(window.guess(0xffff)).toBe(0x10000 * 5 + 0xffff);
});
