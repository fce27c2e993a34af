// What goes wrong in a house of one's own: each trouble is shown in a sentence that says what is wrong and what to do, and is over when it is over.
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { codeAt, stepOf } from "../../core/directory/second-factor.ts";
import { fromBase32 } from "../../core/lib/base32.ts";
import { binary, Landline, password, testCentre } from "../support/landline.ts";
import { withDatabase } from "../support/ledger.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, hasFailed, leftOut, program, step } from "../support/steps.ts";

const otherAddress = "10.77.0.2";
const safe = `https://${ownAddress}:8443`;
const common = ["--sip", `${ownAddress}:5060`, "--media-ports", "19000", "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];
const options = [...common, "--https", `${ownAddress}:8443`];
/** The file system of the data: a fresh node needs half of it, and nearly full are its last 5 %. */
const dataMegabytes = 400;
const nearlyFullMegabytes = 12;
const fakeClock = ["libfaketime.so.1", "libfaketimeMT.so.1"].map((name) => `/usr/lib/x86_64-linux-gnu/faketime/${name}`).find(existsSync);
const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

await insideNamespace();

/** Everything on every line: what is wrong, and what to do. */
function says(text: string, ...parts: readonly (string | RegExp)[]): void {
  for (const part of parts)
    expect(typeof part === "string" ? text.includes(part) : part.test(text), `“${String(part)}” is not said in: ${text.trim()}`);
  expect(!/^\s+at .*\$bunfs/m.test(text), `a stack trace: ${text.slice(0, 300)}`);
}

const landline = new Landline(options, true, { provokes: [/fact="the disk is nearly full/] });
const pictures = process.env.LANDLINE_TEST_PICTURES ?? join(landline.folder, "pictures");
let browser: Browser | null = null;
let far: ChildProcess | null = null;
const mounted: string[] = [];

await program(
  async () => {
    mkdirSync(pictures, { recursive: true });
    mkdirSync(landline.data, { mode: 0o755 });
    mount(landline.data, dataMegabytes);
    await landline.start();
    landline.apply(testCentre([ownAddress]));
    browser = await puppeteer.launch({
      executablePath: browserElsewhere(),
      headless: true,
      // No socket of ours reaches its network.
      pipe: true,
      acceptInsecureCerts: true,
      args: ["--no-sandbox"],
      defaultViewport: { width: 1024, height: 768 },
    });
    await onPages();
    await browser.close();
    await landline.stop();
    await atStart();
    await otherClocks();
  },
  async () => {
    await browser?.close();
    await landline.stop();
    for (const path of mounted) Bun.spawnSync(["umount", path]);
    far?.kill();
    if (!hasFailed()) landline.discard();
  },
);

// ── What an open page says ──

async function onPages(): Promise<void> {
  const page = await signIn(browser!, safe, "gareth@example.org");
  await page.goto(`${safe}/performance/queues`);
  await isLive(page, true);

  await step("a tab that was hidden is right as soon as it is shown", async () => {
    const other = await page.browserContext().newPage();
    await other.bringToFront();
    await eventually("the page is hidden", () => page.evaluate(() => document.visibilityState === "hidden"));
    const session = await page.createCDPSession();
    // As browsers do with tabs that are hidden for long: nothing runs in them any more.
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await landline.api("/api/v2/routing/queues", { method: "POST", body: { name: "Made while nobody looked" } });
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await page.bringToFront();
    const shownAt = performance.now();
    await page.waitForFunction(() => document.querySelector("#board")?.textContent?.includes("Made while nobody looked"));
    console.log(`   what happened meanwhile is there ${Math.round(performance.now() - shownAt)} ms after showing`);
    await isLive(page, true);
    await other.close();
  });

  await step("a server that stands still: the page says so, and is well again by itself", async () => {
    process.kill(landline.pid, "SIGSTOP");
    try {
      says(await banner(page), "Not live", "the server does not answer", "tries again by itself", "see that this computer has a network");
      await picture(page, "server-stopped");
    } finally {
      process.kill(landline.pid, "SIGCONT");
    }
    await isLive(page, true);
    await noBanner(page);
  });

  await step("a network that is cut: the page says so, and what happened meanwhile is there when it is back", async () => {
    ip("link", "set", "here", "down");
    try {
      says(await banner(page), "Not live", "the server does not answer", "tries again by itself", "see that this computer has a network");
      await picture(page, "network-cut");
      await landline.api("/api/v2/routing/queues", { method: "POST", body: { name: "Made without a network" } });
    } finally {
      ip("link", "set", "here", "up");
    }
    await page.waitForFunction(() => document.querySelector("#board")?.textContent?.includes("Made without a network"));
    await isLive(page, true);
    await noBanner(page);
  });

  await step("a form that is sent without a network says that nothing was changed, and keeps what was typed", async () => {
    const mine = await signIn(browser!, safe, "owner@example.org");
    await mine.goto(`${safe}/admin/skills/new`);
    await mine.type("#name", "Typed before the cut");
    await mine.setOfflineMode(true);
    await mine.click('.savebar button[data-kind="primary"]');
    await mine.waitForFunction(() =>
      document.body.textContent?.includes("The server cannot be reached. Nothing was changed: try again when this page is live."),
    );
    expect((await mine.$eval("#name", (input) => (input as HTMLInputElement).value)) === "Typed before the cut", "what was typed is gone");
    await picture(mine, "form-offline");
    await mine.close();
  });

  await step("a disk that is nearly full: every page says so before a call is refused; with room it is silent", async () => {
    const ballast = join(landline.data, "ballast");
    try {
      fill(ballast, nearlyFullMegabytes);
      says(await banner(page), "The disk is nearly full", "make room on the disk of the data folder", "new calls will be refused");
      await picture(page, "disk-nearly-full");
      expect((await fetch(`${landline.http}/readyz`)).status === 200, "it is not ready for calls any more");
      says(landline.log, /level=error fact="the disk is nearly full: make room, or move --data"/);
    } finally {
      rmSync(ballast, { force: true });
    }
    await noBanner(page);
  });
  await page.close();
}

// ── What a start says ──

async function atStart(): Promise<void> {
  const taken = [
    ["tcp", "127.0.0.1", 8_080, "http"],
    ["tcp", ownAddress, 8_443, "https"],
    ["udp", ownAddress, 5_060, "sip"],
    ["tcp", ownAddress, 5_060, "sip"],
    ["udp", "0.0.0.0", 19_000, "media-ports"],
    ["tcp", "0.0.0.0", 19_000, "media-tcp-ports"],
    ["tcp", "127.0.0.1", 9_464, "metrics"],
  ] as const;
  for (const [kind, address, port, option] of taken)
    await step(`${kind} port ${port} is taken: the start names it, its option and the mend`, async () => {
      const release = await hold(kind, address, port);
      try {
        const { code, text } = await refusedStart([]);
        expect(code === 1, `it ended with ${code}: ${text}`);
        says(text, `${kind} port ${port} (--${option}) is held by another program`, "end that program, or choose another port with");
        const { out } = landline.run(["doctor"]);
        says(out, `mend  ${kind} port ${port} (--${option}) is held by another program`);
      } finally {
        release();
      }
    });

  await step("an address that is another machine's, and two options with one port", async () => {
    const strange = await refusedStart(["--http", "192.0.2.1:8080"]);
    says(strange.text, "tcp port 8080 (--http): this machine has no address 192.0.2.1", "give --http one that it has, or 0.0.0.0");
    const twice = await refusedStart(["--metrics", "127.0.0.1:8080"]);
    says(twice.text, "tcp port 8080 (--metrics) is held by another program", "choose another port with --metrics");
  });

  await step("a certificate that is over, or not valid yet: the start says so, and calls are taken all the same", async () => {
    const folder = join(landline.folder, "certificates");
    mkdirSync(folder);
    for (const [name, notBefore, notAfter, what, mend] of [
      ["over", "20200101000000Z", "20210101000000Z", "It was valid until Jan  1 00:00:00 2021 GMT", "get a newer one"],
      [
        "early",
        "20900101000000Z",
        "20910101000000Z",
        "It is valid only from Jan  1 00:00:00 2090 GMT",
        "this server's clock that is wrong",
      ],
    ] as const) {
      const files = certificate(folder, name, notBefore, notAfter);
      const text = await startedFor(["--https-cert", files.cert, "--https-key", files.key], async () => {
        expect((await fetch(`${landline.http}/readyz`)).ok, "it takes no calls");
      });
      says(text, "browsers refuse the certificate of --https-cert", files.cert, what, mend);
    }
    const [one, two] = [join(folder, "over.crt"), certificate(folder, "other", "20200101000000Z", "20900101000000Z").key];
    says(
      (await refusedStart(["--https-cert", one, "--https-key", two])).text,
      `https-key: ${two} does not belong to the certificate`,
      "give the key",
    );
    says(
      (await refusedStart(["--https-cert", `${one}.away`, "--https-key", two])).text,
      `https-cert: ${one}.away cannot be read`,
      "see that it is there and that this user may read it",
    );
    says(
      (await refusedStart(["--https-cert", two, "--https-key", two])).text,
      `https-cert: ${two} is no certificate in PEM form`,
      "give the chain",
    );
  });

  await step("a wrong key file, none, a broken one, one that others can read: none is made up, and the way back is said", async () => {
    const own = join(landline.folder, "keys/landline.key");
    const strange = join(landline.folder, "keys/strange.key");
    const key = JSON.parse(readFileSync(own, "utf8")) as object;
    const bytes = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
    writeFileSync(strange, JSON.stringify({ ...key, keyId: crypto.randomUUID(), master: bytes(), signing: bytes() }), { mode: 0o600 });
    const wrong = await refusedStart(["--key-file", strange]);
    expect(wrong.code === 1, `it ended with ${wrong.code}`);
    says(wrong.text, `key file ${strange} is another centre's`, "name theirs with --key-file", "landline key restore", "recovery kit");
    renameSync(own, `${own}.away`);
    const missing = await refusedStart([]);
    expect(!existsSync(own), "a key file was made up");
    renameSync(`${own}.away`, own);
    says(missing.text, `key file ${own} is not there`, "put the copy back", "landline key restore", "recovery kit");
    writeFileSync(strange, "{}");
    says((await refusedStart(["--key-file", strange])).text, `key file ${strange} is not one of ours`);
    chmodSync(own, 0o644);
    says((await refusedStart([])).text, "can be read by others (mode 644)", `chmod 600 ${own}`);
    chmodSync(own, 0o600);
  });

  await step("no room for a first start, and a disk that is full at a later one", async () => {
    const small = join(landline.folder, "small");
    mkdirSync(small);
    mount(small, 16);
    const first = await refusedStart(["--data", join(small, "data")]);
    says(first.text, /\d+ MB are free under .*small\/data, a first start needs 256/, "make room, or choose another folder with --data");
    const ballast = join(landline.data, "ballast");
    // The log ends with a block, so that there is no room to say why.
    const log = join(landline.data, "postgres/pg.log");
    appendFileSync(log, "\n".repeat(4_096 - (statSync(log).size % 4_096)));
    fill(ballast, 0);
    const later = await refusedStart([]);
    rmSync(ballast);
    says(later.text, "no room is left on the disk", "make room, or move --data");
    says(await startedFor([], () => Promise.resolve()), "fact=ready");
  });

  await step("data that a newer version has changed: the start refuses, and says which version or backup helps", async () => {
    const future = { number: 9_999, name: "9999_future.sql", sha256: "0".repeat(64) };
    await startedFor([], () => withDatabase(landline, (sql) => sql`insert into migration ${sql(future)}`));
    const { code, text } = await refusedStart([]);
    expect(code === 1, `it ended with ${code}: ${text}`);
    says(text, "migrated by a newer Landline (9999_future.sql)", "start that version, or restore a backup from before");
  });
}

// ── Clocks ──

async function otherClocks(): Promise<void> {
  const name = "a clock that is changed: every page says so; a code by another clock says to look at the phone's";
  if (fakeClock === undefined) return leftOut(name, "libfaketime is not there");
  const time = join(landline.folder, "time");
  writeFileSync(time, "+0");
  const moved = new (class extends Landline {
    protected override get environment(): Record<string, string> {
      const fake = { FAKETIME_TIMESTAMP_FILE: time, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
      return { ...super.environment, LD_PRELOAD: fakeClock!, ...fake };
    }
  })(common, false, { provokes: [/fact="this machine's clock was changed/] });
  let here: Browser | null = null;
  try {
    await step(name, async () => {
      await moved.start();
      setUp(moved);
      here = await puppeteer.launch({
        executablePath: "/usr/bin/chromium",
        headless: true,
        args: ["--no-sandbox"],
        defaultViewport: { width: 1024, height: 768 },
      });
      const secret = fromBase32(totpSecret)!;
      const page = await signIn(here, moved.http, "ada@example.org", codeAt(secret, stepOf(Date.now())));
      await isLive(page, true);
      writeFileSync(time, "+10m");
      says(await banner(page), "This server's clock was changed", "times of calls may be wrong", "its time is kept by the network (NTP)");
      await picture(page, "clock-changed");
      says(
        moved.log,
        /level=error fact="this machine's clock was changed: see that its time is kept by the network \(NTP\)" byMs=(599|600)\d{3}/,
      );
      await isLive(page, true);
      await page.deleteCookie(...(await page.cookies()));
      await typePassword(page, moved.http, "ada@example.org");
      await typeCode(page, codeAt(secret, stepOf(Date.now())));
      await page.waitForSelector("#code-error, [role=alert]");
      says(
        await page.$eval("main", ({ textContent }) => textContent ?? ""),
        "That code is not right",
        "check that this phone's clock is right",
      );
      await picture(page, "code-by-another-clock");
      await typeCode(page, codeAt(secret, stepOf(Date.now() + 600_000)));
      await page.waitForSelector(".app #main");
    });
  } finally {
    await (here as Browser | null)?.close();
    await moved.stop();
    if (!hasFailed()) moved.discard();
  }
}

/** An owner with a second factor whose secret is known. */
function setUp(node: Landline): void {
  const { digest } = JSON.parse(node.run(["setup", "kit", "--json"]).out) as { digest: string };
  writeFileSync(join(node.folder, "password.txt"), password);
  const document = [
    "[organization]",
    'name = "Northmere Health"\nlanguage = "en-GB"\ncountry = "GB"\ntime-zone = "Europe/London"',
    `[owner]\nname = "Ada Northmere"\nemail = "ada@example.org"\npassword-file = "password.txt"\ntotp-secret = "${totpSecret}"`,
    `[address]\ncertificate = "none"\n[recovery]\ndigest = "${digest}"\n[demo]\nload = false`,
  ];
  const path = join(node.folder, "setup.toml");
  writeFileSync(path, document.join("\n"));
  const { code, error } = node.run(["setup", "--from", path]);
  expect(code === 0, `setup: ${error}`);
}

// ── How ──

async function signIn(of: Browser, place: string, email: string, code?: string): Promise<Page> {
  const context = await of.createBrowserContext();
  const page = await context.newPage();
  await typePassword(page, place, email);
  if (code !== undefined) await typeCode(page, code);
  await page.waitForSelector(".app #main");
  return page;
}

async function typePassword(page: Page, place: string, email: string): Promise<void> {
  await page.goto(`${place}/sign-in`);
  await page.type("#email", email);
  await page.type("#password", password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function typeCode(page: Page, code: string): Promise<void> {
  await page.type("#code", code);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function isLive(page: Page, live: boolean): Promise<void> {
  await page.waitForSelector(`body[data-live="${live}"]`);
}

/** What stands over the page, once something does. */
async function banner(page: Page): Promise<string> {
  await page.waitForSelector("#live-state.banner");
  return page.$eval("#live-state", ({ textContent }) => textContent ?? "");
}

async function noBanner(page: Page): Promise<void> {
  await page.waitForSelector("#live-state:not(.banner)");
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`) as `${string}.png` });
}

type Started = { readonly child: Bun.Subprocess; readonly said: Promise<string> };

function started(more: readonly string[]): Started {
  const child = Bun.spawn([binary, "serve", ...landline.options, ...more], {
    cwd: join(landline.folder, "empty"),
    env: { PATH: process.env.PATH ?? "" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
  return { child, said: Promise.all(texts).then((all) => all.join("")) };
}

/** A start that ends by itself. */
async function refusedStart(more: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const { child, said } = started(more);
  const patience = setTimeout(() => child.kill("SIGTERM"), 30_000);
  const text = await said;
  clearTimeout(patience);
  return { code: await child.exited, text };
}

/** A start that gets ready, `work` beside it, and its stop: what it has said. */
async function startedFor(more: readonly string[], work: () => Promise<unknown>): Promise<string> {
  const { child, said } = started(more);
  try {
    await eventually("it is ready", async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${await said}`);
      return fetch(`${landline.http}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    await work();
  } finally {
    child.kill("SIGTERM");
  }
  return said;
}

async function hold(kind: "tcp" | "udp", hostname: string, port: number): Promise<() => void> {
  if (kind === "udp") {
    const socket = await Bun.udpSocket({ hostname, port });
    return () => socket.close();
  }
  const listener = Bun.listen({ hostname, port, socket: { data: () => undefined } });
  return () => listener.stop(true);
}

/** Another computer: the far end of the veth in a network of its own, with the browser in it. */
function browserElsewhere(): string {
  far = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "ignore", "inherit"] });
  const { pid } = far;
  // Its own network is there once it differs from ours.
  while (readNetwork(pid!) === readNetwork("self")) Bun.sleepSync(5);
  ip("link", "set", "there", "netns", String(pid));
  const inside = ["nsenter", "--net", `--target=${pid}`];
  for (const words of [
    ["addr", "add", `${otherAddress}/24`, "dev", "there"],
    ["link", "set", "there", "up"],
    ["link", "set", "lo", "up"],
  ])
    run(...inside, "ip", ...words);
  const path = join(landline.folder, "browser");
  writeFileSync(path, `#!/bin/sh\nexec ${inside.join(" ")} /usr/bin/chromium "$@"\n`, { mode: 0o755 });
  return path;
}

function readNetwork(pid: number | "self"): string {
  return run("readlink", `/proc/${pid === "self" ? process.pid : pid}/ns/net`).trim();
}

function certificate(folder: string, name: string, from: string, to: string): { readonly cert: string; readonly key: string } {
  const [cert, key, request] = [join(folder, `${name}.crt`), join(folder, `${name}.key`), join(folder, `${name}.csr`)];
  run(
    "openssl",
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    key,
    "-out",
    request,
    "-subj",
    "/CN=desk.example.org",
  );
  const database = join(folder, `${name}.index`);
  writeFileSync(database, "");
  const serial = join(folder, `${name}.serial`);
  writeFileSync(serial, "01\n");
  const config = join(folder, `${name}.cnf`);
  const authority = ["[ca]", "default_ca = own", "[own]", `database = ${database}`, `serial = ${serial}`, `new_certs_dir = ${folder}`];
  writeFileSync(config, [...authority, "default_md = sha256", "policy = any", "[any]", "commonName = supplied", ""].join("\n"));
  const signing = ["-selfsign", "-keyfile", key, "-startdate", from, "-enddate", to];
  run("openssl", "ca", "-batch", "-notext", "-config", config, "-in", request, "-out", cert, ...signing);
  return { cert, key };
}

function mount(path: string, megabytes: number): void {
  run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "landline-test", path);
  mounted.push(path);
}

/** Writes until no more than so much is free. */
function fill(path: string, freeMegabytes: number): void {
  const free = (): number => Number(run("df", "--output=avail", "-B1", landline.data).split("\n")[1]);
  const fd = openSync(path, "a");
  const bytes = Buffer.alloc(1024 * 1024);
  try {
    for (let size = bytes.length; size > 0 && free() > freeMegabytes * 1024 ** 2; ) {
      try {
        writeSync(fd, bytes, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        size >>= 1;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function ip(...words: string[]): void {
  run("ip", ...words);
}

function run(...words: string[]): string {
  const done = Bun.spawnSync(words);
  if (done.exitCode !== 0) throw new Error(`${words.join(" ")}: ${done.stderr.toString().trim()}`);
  return done.stdout.toString();
}
