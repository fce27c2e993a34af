// Virtual clock and seeded random: the doors of a simulated world. Same seed, same run.
import type { Clock, Env, Log, Random, Timer } from "../env/env.ts";

type Due = { readonly at: number; readonly order: number; readonly run: () => void; cancelled: boolean };

/** Time that moves only when `next` is called, from due entry to due entry. */
export class VirtualTime {
  private readonly due: Due[] = [];
  private order = 0;
  constructor(private nowMs: number) {}

  get now(): number {
    return this.nowMs;
  }

  get idle(): boolean {
    return this.due.length === 0;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Due = { at: this.nowMs + Math.max(0, ms), order: this.order++, run, cancelled: false };
    const index = this.due.findLastIndex((other) => other.at <= entry.at) + 1;
    this.due.splice(index, 0, entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Runs the next entry that is due at or before `until`; false when there is none. */
  next(until: number): boolean {
    while (this.due[0]?.cancelled === true) this.due.shift();
    const entry = this.due[0];
    if (entry === undefined || entry.at > until) {
      this.nowMs = Math.max(this.nowMs, until);
      return false;
    }
    this.due.shift();
    this.nowMs = entry.at;
    entry.run();
    return true;
  }
}

/** xoshiro128**: small, well spread, the same on every machine. */
export class Seeded implements Random {
  private readonly s: Uint32Array;
  constructor(seed: number) {
    // SplitMix32 fills the state, so that neighbouring seeds give unrelated runs.
    let z = seed >>> 0;
    this.s = Uint32Array.from({ length: 4 }, () => {
      z = (z + 0x9e3779b9) >>> 0;
      let t = z ^ (z >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return (t ^ (t >>> 15)) >>> 0;
    });
  }

  /** A whole number, 0 ≤ n < 2³². */
  next(): number {
    const s = this.s;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** 0 ≤ n < bound. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.next() / 2 ** 32 < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() & 0xff);
  }
}

function rotate(x: number, k: number): number {
  return ((x << k) | (x >>> (32 - k))) >>> 0;
}

/** Doors onto virtual time. `skewMs` is how far this node's wall clock is off. */
export function virtualEnv(time: VirtualTime, random: Random, skewMs: () => number = () => 0, log: Log = silentLog): Env {
  const clock: Clock = {
    now: () => time.now + skewMs(),
    monotonic: () => time.now,
    after: (ms, run) => time.after(ms, run),
  };
  return { clock, random, log };
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};
