// Chance for robots: numbers drawn from the random source that is handed in, so that a test with a seed always sees the same robot.
import type { Random } from "../../core/env/env.ts";

/** 0 ≤ x < 1. */
export function fraction(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32BE(0) / 2 ** 32;
}

/** A whole number, first ≤ n ≤ last. */
export function between(random: Random, [first, last]: readonly [number, number]): number {
  return first + Math.floor(fraction(random) * (last - first + 1));
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[between(random, [0, items.length - 1])]!;
}

/** Exponential: how long until the next of events that come by themselves, or how patient somebody is. At most six times the mean. */
export function exponential(random: Random, mean: number): number {
  return Math.round(Math.min(6, -Math.log(1 - fraction(random))) * mean);
}
