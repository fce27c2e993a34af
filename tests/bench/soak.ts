// `npm run bench:soak -- [--minutes 60] [--calls 50]`: calls come and go for so long; memory, files, dialogs and transactions of the node before and after. Asserts nothing.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { loadAssets } from "../../cmd/assets.ts";
import { loadConfig } from "../../cmd/config.ts";
import { realEnv } from "../../cmd/env.ts";
import { attachNode } from "../../cmd/node.ts";
import { newPhoneSecret } from "../../cmd/phone-secret.ts";
import { machineActor } from "../../cmd/wire.ts";
import { applyCentre } from "../../core/centre/apply.ts";
import { loadCentre } from "../../core/demo/load-centre.ts";
import { Landline } from "../support/landline.ts";
import { insideNamespace } from "../support/namespace.ts";

const given = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const minutes = given("minutes", 60);
const calls = given("calls", 50);
/** As long as everything is warming up, nothing is a baseline. */
const warmMs = Math.min(5, minutes / 4) * 60_000;
const lookMs = Math.max(10_000, (minutes * 60_000) / 30);
/** SIP keeps what is over for 32 s (RFC 3261 §17), robots register for longer. */
const settleMs = 45_000;
const sipPort = 15_060;

type Look = Readonly<Record<"MiB" | "files" | "threads" | "dialogs" | "transactions" | "streams" | "calls", number>>;

await insideNamespace();
const landline = new Landline(["--sip", `127.0.0.1:${sipPort}`, "--rtp-ports", "20000-24999", "--metrics", "127.0.0.1:9464"]);
const running = new Set<Bun.Subprocess<"ignore", "pipe", "inherit">>();

try {
  await landline.start();
  const env = realEnv("error");
  const config = loadConfig({ data: landline.data, "key-file": join(landline.folder, "keys/landline.key") }, {}, null);
  const node = await attachNode(env, config, await loadAssets());
  await applyCentre(node.app, machineActor(node), loadCentre(calls), (username) => newPhoneSecret(env.random, node.keys, username));
  await node.close();
  const header = Object.keys(await look());
  console.log(
    `${calls} calls at once, each of 15 to 30 s, for ${minutes} minutes\n${["", ...header].map((name) => name.padStart(13)).join("")}`,
  );
  show("idle", await look());
  await churn(warmMs, null);
  await Bun.sleep(settleMs);
  const baseline = await look();
  show("baseline", baseline);
  await churn(minutes * 60_000, (at) => look().then((seen) => show(`${(at / 60_000).toFixed(1)} min`, seen)));
  await Bun.sleep(settleMs);
  const after = await look();
  show("afterwards", after);
  const changes = header.map((name) => [baseline[name as keyof Look], after[name as keyof Look]] as const);
  const change = ([before, now]: readonly [number, number]): string =>
    before === 0 ? `${now === 0 ? "" : "+"}${now}` : `${now >= before ? "+" : ""}${((now / before - 1) * 100).toFixed(1)} %`;
  console.log(["change", ...changes.map(change)].map((text) => text.padStart(13)).join(""));
} finally {
  for (const child of running) child.kill("SIGKILL");
  await landline.stop();
  landline.discard();
}
process.exit(0);

/** Robots call for so long, and are gone when it resolves. */
async function churn(forMs: number, every: ((atMs: number) => Promise<void>) | null): Promise<void> {
  const words = [
    join(import.meta.dir, "robots.ts"),
    landline.data,
    join(landline.folder, "keys/landline.key"),
    String(sipPort),
    String(calls),
  ];
  const child = Bun.spawn([process.execPath, ...words], { stdout: "pipe", stderr: "inherit" });
  running.add(child);
  const beganAt = performance.now();
  for (let passed = 0; passed < forMs; passed = performance.now() - beganAt) {
    await Bun.sleep(Math.min(lookMs, forMs - passed));
    await every?.(performance.now() - beganAt);
  }
  child.kill("SIGTERM");
  console.log(`  ${(await new Response(child.stdout).text()).trim()}`);
  await child.exited;
  running.delete(child);
}

async function look(): Promise<Look> {
  const text = await (await fetch("http://127.0.0.1:9464/metrics")).text();
  const of = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, "gm"))].reduce((sum, [, count]) => sum + Number(count), 0);
  const inProcess = (what: string): number => readdirSync(`/proc/${landline.inside}/${what}`).length;
  return {
    ...{ MiB: Math.round(of("process_resident_memory_bytes") / 104_857.6) / 10, files: inProcess("fd"), threads: inProcess("task") },
    ...{ dialogs: of("landline_sip_dialogs"), transactions: of("landline_sip_transactions") },
    ...{ streams: of("landline_media_streams"), calls: of("landline_calls_up") },
  };
}

function show(what: string, seen: Look): void {
  console.log([what, ...Object.values(seen)].map((value) => String(value).padStart(13)).join(""));
}
