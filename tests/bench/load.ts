// `npm run bench:load -- [--calls 500] [--seconds 600] [--service call|rec] [--search]`: so many two-way calls stand for so long: dropped, lost, late. Asserts nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Landline } from "../support/landline.ts";
import { insideNamespace } from "../support/namespace.ts";
import { Parties } from "./parties.ts";

const given = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
};
const service = given("service", "call");
const calls = Number(given("calls", service === "rec" ? "250" : "500"));
const seconds = Number(given("seconds", "600"));
const searches = process.argv.includes("--search");
/** How long each try of a search stands. */
const searchSeconds = Math.min(seconds, 20);
const node = { address: "127.77.0.10", port: 5_060 };
const [callers, phones] = ["127.77.0.11", "127.77.0.12"];
const metricsUrl = "http://127.0.0.1:9464/metrics";
/** A loss of so much is none, as the acceptance has it. */
const lossPercentMax = 0.01;
const firstMediaPort = 10_000;

await insideNamespace();
const folder = mkdtempSync(join(tmpdir(), "landline-load-"));
const landline = new Landline([
  ...["--sip", `${node.address}:${node.port}`, "--public-address", node.address, "--rtp-ports", "20000-29999"],
  ...["--metrics", "127.0.0.1:9464"],
]);
const programs = { voices: compiled("voices"), lateness: compiled("lateness") };

type Voices = {
  readonly sent: number;
  readonly received: number;
  readonly silences: number;
  readonly sentLate: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
};
type Run = { readonly lossPercent: number; readonly dropped: number; readonly voices: Voices };

try {
  await landline.start();
  const loaded = landline.run(["demo", "load", "--profile", "bench"]);
  if (loaded.code !== 0) throw new Error(`demo load: ${loaded.error}${loaded.out}`);
  // Its agents are put on queue before the node reads them.
  await landline.stop();
  await landline.start();
  const parties = await Parties.open(node, callers, phones);
  if (searches) await search(parties);
  else await stand(parties, calls, seconds);
  parties.close();
} finally {
  await landline.stop();
  landline.discard();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

/** So many calls for so long; printed, and returned. */
async function stand(parties: Parties, count: number, forSeconds: number): Promise<Run> {
  const up: string[] = [];
  const lines: string[] = [];
  const [droppedBefore, setUpAt] = [parties.dropped, performance.now()];
  for (let n = 0; n < count; n++) {
    const ends = await parties.call(service, firstMediaPort + n * 2);
    up.push(ends.callId);
    lines.push(...ends.lines);
  }
  const setUpMs = (performance.now() - setUpAt) / count;
  const idle = Bun.spawn([programs.lateness], { stdout: "pipe" });
  const idleText = new Response(idle.stdout).text();
  const before = { ticks: await ticks(), cpu: cpuMs(), at: performance.now() };
  const child = Bun.spawn([programs.voices, String(forSeconds)], {
    stdin: Buffer.from(`${lines.join("\n")}\n`),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  const after = { ticks: await ticks(), cpu: cpuMs(), at: performance.now() };
  idle.kill("SIGTERM");
  const voices = JSON.parse(text) as Voices;
  const run: Run = { lossPercent: (1 - voices.received / voices.sent) * 100, dropped: parties.dropped - droppedBefore, voices };
  for (const callId of up) await parties.hangUp(callId);
  const base = (await idleText)
    .trim()
    .split("\n")
    .map(Number)
    .sort((a, b) => a - b);
  const baseline = (share: number): string =>
    `${((base[Math.min(base.length - 1, Math.floor(base.length * share))] ?? 0) / 1_000).toFixed(2)} ms`;
  const ms = (us: number): string => `${(us / 1_000).toFixed(2)} ms`;
  const counted = after.ticks.map(([le, sum], n) => [le, sum - (before.ticks[n]?.[1] ?? 0)] as const);
  const all = counted.at(-1)?.[1] ?? 0;
  const late = (share: number): string => {
    const bound = counted.find(([, sum]) => sum >= all * share)?.[0];
    return bound === undefined || bound === "+Inf" ? "later than 100 ms" : `≤ ${Number(bound) * 1_000} ms`;
  };
  console.log(
    [
      `calls        ${count} of “${service}” for ${forSeconds} s, ${setUpMs.toFixed(1)} ms each to come up; ${run.dropped} dropped, ${voices.silences} times a leg heard nothing for a second`,
      `packets      ${voices.sent} sent, ${voices.received} received: ${run.lossPercent.toFixed(4)} % lost; ${voices.sentLate} were sent more than 5 ms late, by the generator itself`,
      `on their way p50 ${ms(voices.p50)}, p99 ${ms(voices.p99)}, p99.9 ${ms(voices.p999)}`,
      all === 0
        ? "ticks        none: what is only passed on needs none"
        : `ticks        ${all}; late p50 ${late(0.5)}, p99 ${late(0.99)}, p99.9 ${late(0.999)}`,
      `C baseline   ${base.length} ticks; late p50 ${baseline(0.5)}, p99 ${baseline(0.99)}, p99.9 ${baseline(0.999)}`,
      `processor    ${(((after.cpu - before.cpu) / (after.at - before.at) / count) * 1_000).toFixed(2)} ms for a second of each call`,
    ].join("\n"),
  );
  return run;
}

/** The largest number without loss: doubled until there is some, then halved between. */
async function search(parties: Parties): Promise<void> {
  const limit = service === "rec" ? 300 : 2_000;
  const isWell = async (count: number): Promise<boolean> => {
    const { lossPercent, dropped } = await stand(parties, count, searchSeconds);
    console.log(`             ${count}: ${lossPercent <= lossPercentMax && dropped === 0 ? "well" : "not well"}\n`);
    return lossPercent <= lossPercentMax && dropped === 0;
  };
  let [well, bad] = [0, Math.min(calls, limit)];
  while (bad < limit && (await isWell(bad))) [well, bad] = [bad, Math.min(bad * 2, limit)];
  while (bad - well > Math.max(10, well / 20)) {
    const middle = (well + bad) >> 1;
    if (await isWell(middle)) well = middle;
    else bad = middle;
  }
  console.log(`largest      ${well} calls without loss, by ${searchSeconds} s each`);
}

/** The node's ticks by how late they came: bound in seconds, and how many were no later. */
async function ticks(): Promise<(readonly [string, number])[]> {
  // A worker tells every second.
  await Bun.sleep(1_100);
  const text = await (await fetch(metricsUrl)).text();
  const sums = new Map<string, number>();
  for (const [, le, count] of text.matchAll(/^landline_media_tick_late_seconds_bucket\{worker="\d+",le="([^"]+)"\} (\d+)$/gm))
    sums.set(le!, (sums.get(le!) ?? 0) + Number(count));
  return [...sums];
}

/** User and system time of the node, all threads, in ms. */
function cpuMs(): number {
  const tasks = `/proc/${landline.inside}/task`;
  return (
    readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "latin1").split(" ")[0]), 0) / 1e6
  );
}

function compiled(name: string): string {
  const program = join(folder, name);
  const built = Bun.spawnSync(["gcc", "-O2", "-o", program, join(import.meta.dir, `${name}.c`)]);
  if (built.exitCode !== 0) throw new Error(`gcc: ${built.stderr.toString().trim()}`);
  return program;
}
