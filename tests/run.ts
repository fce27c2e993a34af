// The one test command. `npm test` checks, builds and runs everything; with the name of a program of tests/e2e (`first-call`, `trial`) it only builds and runs that one.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const bun = process.execPath;
const binary = join(root, "dist/landline");
const image = join(root, "dist/landline-image.tar");
const minuteMs = 60_000;
/** The whole run ends within half an hour, whatever hangs. */
const endsAt = Date.now() + 29 * minuteMs;

/** Debian packages that tests use, by the program that shows that they are there. Who is not root goes without. */
const packages: Readonly<Record<string, string>> = {
  baresip: "/usr/bin/baresip",
  buildah: "/usr/bin/buildah",
  chromium: "/usr/bin/chromium",
  coturn: "/usr/bin/turnserver",
  "espeak-ng": "/usr/bin/espeak-ng",
  faketime: "/usr/bin/faketime",
  "dnsmasq-base": "/usr/sbin/dnsmasq",
  "firefox-esr": "/usr/bin/firefox-esr",
  gcc: "/usr/bin/gcc",
  iproute2: "/bin/ip",
  mmdebstrap: "/usr/bin/mmdebstrap",
  openssl: "/usr/bin/openssl",
  kamailio: "/usr/sbin/kamailio",
  // 79 MB with what it needs.
  "linphone-cli": "/usr/bin/linphonec",
  "kamailio-tls-modules": "/usr/lib/x86_64-linux-gnu/kamailio/modules/tls.so",
  "postgresql-15": "/usr/lib/postgresql/15/bin/postgres",
  "qemu-user-static": "/usr/bin/qemu-aarch64-static",
  "rtpengine-daemon": "/usr/bin/rtpengine",
  "sip-tester": "/usr/bin/sipp",
  sox: "/usr/bin/sox",
  strace: "/usr/bin/strace",
  // For systemd-analyze alone.
  systemd: "/usr/bin/systemd-analyze",
  tcpdump: "/usr/bin/tcpdump",
};

/** What an end-to-end program needs from the machine when its text, or that of the support it imports, names the left side. */
const needs: readonly (readonly [mention: string, what: string, isThere: () => boolean])[] = [
  ["/usr/bin/chromium", "chromium", () => existsSync("/usr/bin/chromium")],
  ["/usr/bin/firefox-esr", "firefox-esr", () => existsSync("/usr/bin/firefox-esr")],
  ["support/baresip.ts", "baresip", () => existsSync("/usr/bin/baresip")],
  ["support/coturn.ts", "coturn", () => existsSync("/usr/bin/turnserver")],
  ["support/debian-postgres.ts", "postgresql-15", () => existsSync("/usr/lib/postgresql")],
  ["support/kamailio.ts", "kamailio, dnsmasq-base", () => existsSync("/usr/sbin/kamailio") && existsSync("/usr/sbin/dnsmasq")],
  ["support/linphone.ts", "linphone-cli", () => existsSync("/usr/bin/linphonec")],
  ["spoilUdp(", "gcc", () => existsSync("/usr/bin/gcc")],
  ["support/pcap.ts", "tcpdump", () => existsSync("/usr/bin/tcpdump")],
  ["support/namespace.ts", "iproute2", () => existsSync("/bin/ip")],
  ["support/namespace.ts", "root", isRoot],
];

type Tally = { passed: number; failed: number; readonly leftOut: string[] };
type Outcome = { readonly code: number; readonly output: string; readonly hung: boolean };

const total: Tally = { passed: 0, failed: 0, leftOut: [] };
const running = new Set<ChildProcess>();
/** False once a build has failed: an older binary must not answer for what could not be built. */
let isBuilt = true;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    for (const child of running) killGroup(child, "SIGTERM");
    process.exit(130);
  });

/** What runs a second time in the image, where another user, a root that cannot be written and being process 1 could change it. */
const alsoInImage = ["first-call.e2e.ts", "platform-api.e2e.ts"];
/** What takes minutes. */
const longest = ["demo", "durability", "every-page", "image", "carrier", "xray", "first-call", "arm64", "network", "database"].map(
  (name) => `${name}.e2e.ts`,
);
/** Those that go there at all. */
const goesIntoImage = (name: string): boolean =>
  name !== "image.e2e.ts" && /support\/image\.ts/.test(readFileSync(join(root, "tests/e2e", name), "utf8"));

const [mode = "all", ...place] = process.argv.slice(2);
const isInImage = place.join(" ") === "--in image";
const known = mode === "all" || endToEnd().includes(`${mode}.e2e.ts`);
if (!known || (place.length > 0 && !(isInImage && mode !== "all" && goesIntoImage(`${mode}.e2e.ts`)))) {
  const names = endToEnd().map((name) => name.replace(".e2e.ts", ""));
  const there = endToEnd()
    .filter(goesIntoImage)
    .map((name) => name.replace(".e2e.ts", ""));
  console.error(`tests/run.ts knows nothing (everything) or one of ${names.join(", ")}; --in image with ${there.join(", ")}`);
  process.exit(2);
}
await prepare();
if (mode === "all") {
  await check("format and lint", ["x", "biome", "check", "."], 2 * minuteMs);
  await check("types", ["x", "tsc", "--noEmit"], 3 * minuteMs);
  await build();
  // An older image must not answer for one that could not be built.
  rmSync(image, { force: true });
  const units = foldersWithTests().map((folder): Job => ({ name: folder, isOfMachine: true, play: () => unitTests(folder) }));
  const programs = endToEnd().map((name): Job => ({ name, isOfMachine: !hasOwnNetwork(name), play: () => programAndAgain(name) }));
  await inLanes([...units, ...programs.toSorted((a, b) => rankOf(a) - rankOf(b))]);
} else {
  if (isStale()) await build();
  if (isInImage && (!existsSync(image) || statSync(image).mtimeMs < statSync(binary).mtimeMs))
    await check("image", ["deploy/image.ts"], 5 * minuteMs);
  await program(`${mode}.e2e.ts`, isInImage);
}
finish();

/** `isOfMachine`: it has no network of its own. */
type Job = { readonly name: string; readonly isOfMachine: boolean; readonly play: () => Promise<void> };

/**
 * Programs wait two thirds of their time, for a tone to be heard or a node to come back: three at once on two processors, each in a network of its
 * own. Unit tests and programs in the machine's own network, with its ports, follow one another in the first lane.
 */
async function inLanes(jobs: readonly Job[]): Promise<void> {
  const left = [...jobs];
  const next = (isFirst: boolean): Job | undefined => {
    const at = left.findIndex(({ isOfMachine }) => isFirst || !isOfMachine);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const lane = async (_: unknown, number: number): Promise<void> => {
    for (let job = next(number === 0); job !== undefined; job = next(number === 0)) await job.play();
  };
  await Promise.all(Array.from({ length: availableParallelism() > 1 ? 3 : 1 }, lane));
}

/** Those that take longest begin first. */
function rankOf({ name }: Job): number {
  return longest.includes(name) ? longest.indexOf(name) : longest.length;
}

async function programAndAgain(name: string): Promise<void> {
  await program(name);
  // It has built the image.
  if (name === "image.e2e.ts" && existsSync(image)) for (const again of alsoInImage) await program(again, true);
}

function hasOwnNetwork(name: string): boolean {
  return readFileSync(join(root, "tests/e2e", name), "utf8").includes("await insideNamespace()");
}

/** The packages of the lock file, and those of Debian where we may install them. */
async function prepare(): Promise<void> {
  const installed = await run(bun, ["install", "--frozen-lockfile"], 5 * minuteMs);
  if (installed.code !== 0) {
    console.log(installed.output);
    count("install", { passed: 0, failed: 1, leftOut: [] }, 0);
    finish();
  }
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]!));
  if (missing.length === 0 || !isRoot() || !existsSync("/usr/bin/apt-get")) return;
  console.log(`installing ${missing.join(" ")}`);
  const updated = await run("apt-get", ["update", "-q"], 3 * minuteMs);
  if (updated.code !== 0) console.log(`apt-get update ended with ${updated.code}: ${lastLines(updated)}`);
  const together = await install(missing);
  // One that this Debian does not know must not keep the others away.
  if (together.code !== 0)
    for (const name of missing.filter((entry) => !existsSync(packages[entry]!))) {
      const alone = await install([name]);
      if (alone.code !== 0) console.log(`apt-get install ${name} ended with ${alone.code}: ${lastLines(alone)}`);
    }
  const without = missing.filter((name) => !existsSync(packages[name]!));
  if (without.length > 0) console.log(`not to be had: ${without.join(" ")}`);
}

// Runlevel 1 keeps Debian from starting the servers that it installs.
function install(names: readonly string[]): Promise<Outcome> {
  const quiet = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  return run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...names], 8 * minuteMs, quiet);
}

function lastLines({ output }: Outcome): string {
  return output.trim().split("\n").slice(-3).join(" | ");
}

async function build(): Promise<void> {
  isBuilt = await check("build", ["deploy/build.ts"], 5 * minuteMs);
}

/** A command that is one test: it passes or it does not. */
async function check(name: string, words: readonly string[], limitMs: number): Promise<boolean> {
  const startedAt = Date.now();
  const { code, output, hung } = await run(bun, words, limitMs);
  if (code !== 0) console.log(hung ? `${output}\n${name} hung` : output);
  count(name, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, leftOut: [] }, startedAt);
  return code === 0;
}

/** `bun test` over a folder, counted from its closing lines. */
async function unitTests(folder: string): Promise<void> {
  const startedAt = Date.now();
  // Bun gives a test five seconds, which says something about the machine only; what hangs is ended with its folder.
  const { code, output, hung } = await run(bun, ["test", "--timeout", String(2 * minuteMs), `./${folder}/`], 8 * minuteMs);
  const closing = (word: string): number => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0);
  // A file that cannot be loaded, a crash and a hang are failures that no test reports.
  const failed = Math.max(closing("fail"), code === 0 && /^Ran \d+ test/m.test(output) ? 0 : 1);
  // The closing lines are the ones to believe: Bun repeats the names at the end of a long run, and gives none when its environment asks for brevity.
  const passedOver = closing("skip") + closing("todo");
  const named = [...output.matchAll(/^\((?:skip|todo)\) (.+?)(?: \[.*\])?$/gm)]
    .map(([, title]) => `${title}: skipped`)
    .slice(0, passedOver);
  const skipped = [...named, ...Array<string>(passedOver - named.length).fill(`${folder}: one that Bun does not name`)];
  if (failed > 0) {
    const telling = output.split("\n").filter((line) => !/^\((pass|skip|todo)\) /.test(line));
    console.log(`${telling.join("\n")}${hung ? `\n${folder} hung` : ""}`);
  }
  count(folder, { passed: closing("pass"), failed, leftOut: skipped }, startedAt);
}

/** An end-to-end program: a process of its own that says `ok`, `not ok` or `left out`, line by line. */
async function program(name: string, inImage = false): Promise<void> {
  const startedAt = Date.now();
  if (!isBuilt) {
    console.log(`${name} was not run: the binary could not be built`);
    count(name, { passed: 0, failed: 1, leftOut: [] }, startedAt);
    return;
  }
  const path = join(root, "tests/e2e", name);
  const own = readFileSync(path, "utf8");
  const support = [...own.matchAll(/"\.\.\/(support\/[a-z-]+\.ts)"/g)].map(([, file]) => readFileSync(join(root, "tests", file!), "utf8"));
  const text = [own, ...support].join("\n");
  const lacking = needs.filter(([mention, , isThere]) => text.includes(mention) && !isThere()).map(([, what]) => what);
  if (!existsSync(binary)) lacking.unshift("dist/landline");
  if (lacking.length > 0) {
    count(name, { passed: 0, failed: 0, leftOut: [`${name}: needs ${lacking.join(", ")}`] }, startedAt);
    return;
  }
  const { code, output, hung } = await run(bun, [path], 8 * minuteMs, inImage ? { LANDLINE_TEST_IMAGE: "1" } : {});
  const lines = output.split("\n");
  const passed = lines.filter((line) => line.startsWith("ok ")).length;
  const said = lines.filter((line) => line.startsWith("not ok ")).length;
  const leftOut = lines.filter((line) => line.startsWith("left out ")).map((line) => line.slice("left out ".length));
  const ended = code === 0 && passed + leftOut.length > 0;
  const failed = Math.max(said, ended ? 0 : 1);
  if (failed > 0) console.log(`${output}${hung ? `\n${name} hung` : ""}`);
  count(inImage ? `${name} in the image` : name, { passed, failed, leftOut }, startedAt);
}

function count(name: string, tally: Tally, startedAt: number): void {
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.leftOut.push(...tally.leftOut);
  const seconds = startedAt === 0 ? "" : `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
  const counts = `${tally.passed} passed, ${tally.failed} failed${tally.leftOut.length > 0 ? `, ${tally.leftOut.length} left out` : ""}`;
  console.log(`${tally.failed > 0 ? "NOT OK" : "ok    "} ${name.padEnd(20)} ${counts.padEnd(34)} ${seconds}`);
}

/** The closing lines. On a machine that promises everything (CI), what is left out has failed. */
function finish(): never {
  const { passed, leftOut } = total;
  const failed = total.failed + (process.env.CI ? leftOut.length : 0);
  console.log(`left out: ${leftOut.length}${leftOut.length > 0 ? ` (${leftOut.join("; ")})` : ""}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

/** Runs a command as a group of its own with everything it starts; after its time, the group is asked to end, then made to. */
function run(command: string, words: readonly string[], limitMs: number, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  // Whether a program runs in the image is ours to say alone.
  const { LANDLINE_TEST_IMAGE: _, ...around } = process.env;
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd: root, env: { ...around, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    running.add(child);
    const pieces: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => pieces.push(piece));
    let hung = false;
    const patience = setTimeout(
      () => {
        hung = true;
        killGroup(child, "SIGTERM");
        setTimeout(() => killGroup(child, "SIGKILL"), 15_000).unref();
      },
      Math.max(0, Math.min(limitMs, endsAt - Date.now())),
    );
    const done = (code: number): void => {
      clearTimeout(patience);
      running.delete(child);
      resolve({ code: hung ? 124 : code, output: Buffer.concat(pieces).toString(), hung });
    };
    child.on("error", (error) => {
      pieces.push(Buffer.from(error.message));
      done(127);
    });
    // The pipes close after the last output; but a database server that outlives its parent would keep them open.
    child.on("exit", (code) => setTimeout(() => done(code ?? 1), 3_000).unref());
    child.on("close", (code) => done(code ?? 1));
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch (error) {
    // Gone already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function endToEnd(): string[] {
  return readdirSync(join(root, "tests/e2e"))
    .filter((name) => name.endsWith(".e2e.ts"))
    .sort();
}

/** Top folders of ours that hold unit tests; what crosses folders comes last. */
function foldersWithTests(): string[] {
  const ours = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !["node_modules", "dist"].includes(entry.name),
  );
  return ours
    .map(({ name }) => name)
    .filter((name) => readdirSync(join(root, name), { recursive: true, encoding: "utf8" }).some((file) => /\.test\.tsx?$/.test(file)))
    .sort((a, b) => Number(a === "tests") - Number(b === "tests") || (a < b ? -1 : 1));
}

/** Whether anything that the binary is made of is newer than it. */
function isStale(): boolean {
  if (!existsSync(binary)) return true;
  const builtAt = statSync(binary).mtimeMs;
  return ["package.json", "bun.lock", "core", "telephony", "storage", "web", "cmd", "deploy"].some((top) => {
    const path = join(root, top);
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))
      : [path];
    // Folders too: a file that was taken away leaves its mark there alone.
    return files.some((file) => !/\.test\.tsx?$/.test(file) && statSync(file).mtimeMs > builtAt);
  });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
