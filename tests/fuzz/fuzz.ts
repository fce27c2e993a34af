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
  readonly slowestMs: number;
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
  let warm = 0;
  const startedAt = performance.now();
  for (let n = 0; n < count && findings.length < findingsMax; n++) {
    const input = kept[n] ?? mutate(seeds, target.spices, below);
    const ms = timed(target, input, below, findings);
    if (ms > slowestMs) {
      // The machine may have been elsewhere: what is slow is slow again.
      slowestMs = Math.max(slowestMs, Math.min(ms, timed(target, input, below, []), timed(target, input, below, [])));
      if (slowestMs > hangMs) findings.push({ what: `took ${slowestMs.toFixed(0)} ms`, input });
    }
    if (n === Math.floor(count / 10)) warm = heap();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { inputs: count, seconds, slowestMs, growthBytes: heap() - warm, findings };
}

function timed(target: Target, input: Buffer, below: Below, findings: Finding[]): number {
  const startedAt = performance.now();
  try {
    target.run(input, below);
  } catch (error) {
    findings.push({ what: error instanceof Error ? (error.stack ?? error.message) : String(error), input });
  }
  return performance.now() - startedAt;
}

function heap(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}
