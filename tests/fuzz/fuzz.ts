// Runs a target over its kept corpus and then over mutated seeds: what threw, what was slow, what stayed in memory.
import { readdirSync, readFileSync } from "node:fs";
import { type Below, chance, mutate } from "./mutate.ts";

export type Target = {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Words that the parser knows, put in anywhere. */
  readonly spices: readonly Buffer[];
  /** Throws when the parser did, or when what it read is not what stands there. */
  readonly run: (input: Buffer, below: Below) => void;
};

export type Finding = { readonly what: string; readonly input: Buffer };
export type Outcome = {
  readonly inputs: number;
  readonly seconds: number;
  /** By the processor's clock. */
  readonly slowestMs: number;
  readonly slowest: Buffer;
  /** Of the heap, between a tenth of the way and the end. */
  readonly growthBytes: number;
  readonly findings: readonly Finding[];
};

/** A parser that takes longer for one message than this can be stopped with few of them. */
export const hangMs = 100;
/** After a tenth of the inputs everything is warm: what comes on top of that is kept by somebody. */
export const growthBytesMax = 32 * 1024 * 1024;
const findingsMax = 10;

export const corpusFolder = (name: string): string => new URL(`./corpus/${name}/`, import.meta.url).pathname;

/** Inputs that were once found to break something; they come first, as they are. */
export function keptCorpus(name: string): Buffer[] {
  try {
    return readdirSync(corpusFolder(name))
      .sort()
      .map((file) => readFileSync(corpusFolder(name) + file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

export function fuzz(target: Target, seed: number, count: number): Outcome {
  const kept = keptCorpus(target.name);
  const seeds = [...target.seeds, ...kept];
  const below = chance(seed);
  const findings: Finding[] = [];
  let slowestMs = 0;
  let slowest: Buffer = Buffer.alloc(0);
  let warm = 0;
  const startedAt = performance.now();
  for (let n = 0; n < count && findings.length < findingsMax; n++) {
    const input = kept[n] ?? mutate(seeds, target.spices, below);
    const first = timed(target, input, n, findings);
    // The machine may have been elsewhere: what is slow is slow again, and by the processor's clock.
    const ms = first > slowestMs ? Math.min(first, busyMs(target, input, n), busyMs(target, input, n)) : 0;
    if (ms > hangMs) findings.push({ what: `took ${ms.toFixed(0)} ms`, input });
    if (ms > slowestMs) [slowestMs, slowest] = [ms, input];
    if (n === Math.floor(count / 10)) warm = heap();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { inputs: count, seconds, slowestMs, slowest, growthBytes: heap() - warm, findings };
}

function timed(target: Target, input: Buffer, seed: number, findings: Finding[]): number {
  const startedAt = performance.now();
  try {
    target.run(input, chance(seed));
  } catch (error) {
    findings.push({ what: error instanceof Error ? (error.stack ?? error.message) : String(error), input });
  }
  return performance.now() - startedAt;
}

function busyMs(target: Target, input: Buffer, seed: number): number {
  const before = process.cpuUsage();
  timed(target, input, seed, []);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function heap(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}
