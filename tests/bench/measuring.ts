// What measurements of media share: a process under test, both ends of its streams in another, and the processor time that the first has used.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SrtpSuite } from "../../core/lib/media-encryption.ts";

/** A process that passes media on, and the ports to which the ends of its streams send; theirs are even ones from `firstPort` on. */
export type Relay = { readonly pid: number; readonly to: Leg[]; stop(): void };
/** `key`: under which it sends; null: plainly. */
export type Leg = { readonly port: number; readonly key: string | null };
/** The first side of every call is encrypted, and sends to us under `key`. */
export type Secured = { readonly suite: SrtpSuite; readonly key: string };
export type Measured = { readonly usedMs: number; readonly overMs: number; readonly lossPercent: number; readonly reports: number };

/** Below the ports that the kernel gives away. */
export const firstPort = 24_000;
export const measuredMs = 4_000;
const seconds = 6;

/** The product's media worker with so many streams: bridged in pairs, or in mixes of `parties`. `silent`: only the first of a mix is heard. */
export async function ours(legs: number, parties: number, silent = false, secured: Secured | null = null): Promise<Relay> {
  const words = [legs, firstPort, parties, silent ? 1 : 0].map(String);
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "our-relay.ts"), ...words, ...(secured === null ? [] : [secured.suite, secured.key])],
    {
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  return { pid: child.pid, to: JSON.parse(await firstLine(child.stdout)), stop: () => child.kill() };
}

/** Both ends of every stream say 50 packets a second; after the beginning the processor time of some seconds is taken. */
export async function measure(relay: Relay, secured: Secured | null = null): Promise<Measured> {
  const generator = Bun.spawn(
    [process.execPath, join(import.meta.dir, "generator.ts"), JSON.stringify({ firstPort, to: relay.to, seconds, ...secured })],
    { stdout: "pipe", stderr: "inherit" },
  );
  const output = new Response(generator.stdout).text();
  await Bun.sleep(1_500);
  const [before, startedAt] = [cpuMs(relay.pid), performance.now()];
  await Bun.sleep(measuredMs);
  const usedMs = cpuMs(relay.pid) - before;
  const overMs = performance.now() - startedAt;
  const { sent, received, reports } = JSON.parse((await output).trim().split("\n").at(-1)!) as Record<
    "sent" | "received" | "reports",
    number
  >;
  relay.stop();
  await Bun.sleep(200);
  return { usedMs, overMs, lossPercent: (1 - received / sent) * 100, reports };
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** User and system time of a process, all threads, in ms: the scheduler's own count, not the clock ticks of /proc/PID/stat. */
function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1").split(" ")[0]), 0) / 1e6;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended after "${text}"`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.split("\n")[0]!;
}
