// `npm run shots`: every page in fixed states, both schemes and both sizes, as pictures on one contact sheet in dist/shots; not committed, looked at.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { Baresip } from "./support/baresip.ts";
import { Landline, password, testCentre } from "./support/landline.ts";
import { flawsOf, schemes, sizes } from "./support/look.ts";
import { insideNamespace, ownAddress } from "./support/namespace.ts";
import { eventually } from "./support/steps.ts";

const folder = join(import.meta.dir, "../dist/shots");
const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];
const waitingCallers = 9;
/** 128 characters, the longest that a name may be, and none of them a place to break. */
const longName = `Straßenverkehrsordnungswidrigkeiten${"angelegenheiten".repeat(6)}abteilung`.slice(0, 100).padEnd(128, "m");

type Shot = { readonly state: string; readonly page: string; readonly file: string; readonly flaws: readonly string[] };
type Target = { readonly name: string; readonly path: string; readonly as: string | null };
const shots: Shot[] = [];

await insideNamespace();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: ["--no-sandbox"] });
try {
  const wanted = process.argv.slice(2);
  for (const [state, work] of Object.entries({ empty, typical, overloaded, longest, offline })) {
    if (wanted.length > 0 && !wanted.includes(state)) continue;
    await work();
    console.log(`${state}: ${shots.filter((shot) => shot.state === state).length} pictures`);
  }
} finally {
  Baresip.quitAll();
  await browser.close();
}
writeSheet();
const flawed = shots.filter(({ flaws }) => flaws.length > 0);
for (const { file, flaws } of flawed) console.log(`${file}: ${flaws.join("; ")}`);
console.log(`${shots.length} pictures in dist/shots, ${flawed.length} with flaws`);
process.exit(flawed.length > 0 ? 1 : 0);

// ── The states ──

/** As it is after the set-up: an owner and nothing else. */
async function empty(): Promise<void> {
  await inCentre(async (landline) => {
    await shoot("empty", landline, [...admin(), ...common("owner@example.org")]);
  });
}

/** The demo centre at work, with what it has done so far; and how much moves while figures change. */
async function typical(): Promise<void> {
  await inCentre(
    async (landline) => {
      const { entities } = await eventually(
        "robots have ended calls",
        async () => {
          const found = await landline.api<{ entities: { id: string; endedAt: number | null }[] }>("/api/v2/landline/conversations");
          return found.entities.filter(({ endedAt }) => endedAt !== null).length >= 4 ? found : null;
        },
        240_000,
      );
      const first = async (list: string): Promise<string> => (await landline.api<{ entities: { id: string }[] }>(list)).entities[0]!.id;
      const [queue, person] = [await first("/api/v2/routing/queues"), await first("/api/v2/users")];
      const owner = (name: string, path: string): Target => ({ name, path, as: "owner@example.org" });
      await shoot("typical", landline, [
        ...admin(),
        ...common("owner@example.org"),
        owner("conversation", `/conversations/${entities.find(({ endedAt }) => endedAt !== null)!.id}`),
        owner("queue", `/admin/queues/${queue}`),
        owner("queue-members", `/admin/queues/${queue}/members`),
        owner("queue-history", `/admin/queues/${queue}/history`),
        owner("person-skills", `/admin/people/${person}/skills`),
        owner("help", "/help/board"),
        { name: "sign-in", path: "/sign-in", as: null },
      ]);
      await shiftsOf(landline, ["/performance/queues", "/"]);
    },
    ["--demo"],
  );
}

/** More callers than anybody answers. */
async function overloaded(): Promise<void> {
  await inCentre(async (landline) => {
    landline.apply(testCentre([ownAddress]));
    const callers = Array.from({ length: waitingCallers }, (_, n) => {
      // Each phone takes the next port too, for TLS.
      const ports = { port: 5_100 + 2 * n, rtpPorts: `${32_000 + n * 100}-${32_098 + n * 100}` };
      return new Baresip(join(landline.folder, `caller-${n}`), ownAddress, 440, ports);
    });
    for (const caller of callers) {
      await eventually("a phone is ready", () => caller.log.includes("ready"));
      caller.dial(`sip:100@${ownAddress}:5060`);
      await eventually("it is answered", () => caller.established === 1);
      caller.press("2");
    }
    await eventually("all wait", async () => {
      const { queues } = await landline.api<{ queues: { nWaiting: number }[] }>("/api/v2/landline/board");
      return queues.reduce((sum, { nWaiting }) => sum + nWaiting, 0) === waitingCallers;
    });
    await shoot("overloaded", landline, common("owner@example.org"));
    Baresip.quitAll();
  });
}

/** Names as long as they may be, everywhere. */
async function longest(): Promise<void> {
  await inCentre(async (landline) => {
    const post = <T>(path: string, body: object): Promise<T> => landline.api<T>(path, { method: "POST", body });
    await post("/api/v2/routing/skills", { name: longName });
    await post("/api/v2/routing/wrapupcodes", { name: longName });
    const queue = await post<{ id: string }>("/api/v2/routing/queues", { name: longName, description: longName });
    const user = await post<{ id: string }>("/api/v2/users", { name: longName, email: `${"m".repeat(60)}@${"n".repeat(60)}.example.org` });
    await post(`/api/v2/routing/queues/${queue.id}/members`, [{ id: user.id }] as unknown as object);
    const owner = (name: string, path: string): Target => ({ name, path, as: "owner@example.org" });
    await shoot("longest", landline, [
      ...admin(),
      ...common("owner@example.org"),
      owner("queue", `/admin/queues/${queue.id}`),
      owner("queue-members", `/admin/queues/${queue.id}/members`),
      owner("person", `/admin/people/${user.id}`),
      owner("queue-new-wrong", "/admin/queues/new"),
      owner("not-found", "/nowhere"),
    ]);
  });
}

/** The server does not answer any more: what the page says of itself. */
async function offline(): Promise<void> {
  await inCentre(async (landline) => {
    landline.apply(testCentre([ownAddress]));
    for (const target of common("owner@example.org").slice(0, 2)) {
      for (const size of sizes) {
        for (const scheme of schemes) {
          const { context, page } = await open(landline, target.as, size, scheme);
          await page.goto(`${landline.http}${target.path}`);
          await page.waitForSelector('body[data-live="true"]');
          process.kill(landline.pid, "SIGSTOP");
          try {
            await page.waitForSelector('body[data-live="false"]');
            await keep("offline", target.name, page, size, scheme);
          } finally {
            process.kill(landline.pid, "SIGCONT");
          }
          await context.close();
        }
      }
    }
  });
}

// ── How ──

function admin(): Target[] {
  const lists = [
    "queues",
    "skills",
    "wrap-up-codes",
    "presences",
    "flows",
    "prompts",
    "ivrs",
    "conference-rooms",
    "did-pools",
    "stations",
    "trunks",
    "sites",
    "outbound-routes",
    "number-plans",
    "people",
  ];
  return [
    { name: "admin", path: "/admin", as: "owner@example.org" },
    ...[...lists, "oauth-clients", "organization"].map((name) => ({ name, path: `/admin/${name}`, as: "owner@example.org" })),
  ];
}

function common(as: string): Target[] {
  const paths = {
    board: "/performance/queues",
    desk: "/",
    conversations: "/conversations",
    audit: "/audit",
    "audit-log": "/audit/log",
    me: "/me",
  };
  return Object.entries(paths).map(([name, path]) => ({ name, path, as }));
}

async function inCentre(work: (landline: Landline) => Promise<void>, more: readonly string[] = []): Promise<void> {
  const landline = new Landline([...options, ...more]);
  try {
    await landline.start();
    await work(landline);
  } finally {
    await landline.stop();
    landline.discard();
  }
}

async function open(landline: Landline, as: string | null, viewport: (typeof sizes)[number], colorScheme: (typeof schemes)[number]) {
  const context: BrowserContext = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  if (as !== null) {
    await page.goto(`${landline.http}/sign-in`);
    await page.fill("#email", as);
    await page.fill("#password", password);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".app #main");
  }
  return { context, page };
}

async function shoot(state: string, landline: Landline, targets: readonly Target[]): Promise<void> {
  for (const size of sizes) {
    for (const scheme of schemes) {
      for (const as of new Set(targets.map((target) => target.as))) {
        const { context, page } = await open(landline, as, size, scheme);
        for (const { name, path } of targets.filter((target) => target.as === as)) {
          await page.goto(`${landline.http}${path}`);
          await page.waitForLoadState("load");
          if (name.endsWith("-wrong")) {
            await page.focus("#name");
            await page.keyboard.press("Enter");
            await page.waitForSelector("#name-error");
          }
          if ((await page.locator("#live-state").count()) > 0) await page.waitForSelector('body[data-live="true"]');
          await keep(state, name, page, size, scheme);
        }
        await context.close();
      }
    }
  }
}

async function keep(state: string, name: string, page: Page, size: (typeof sizes)[number], scheme: string): Promise<void> {
  const file = `${state}-${name}-${size.width}-${scheme}.png`;
  await page.screenshot({ path: join(folder, file), fullPage: true });
  shots.push({ state, page: name, file, flaws: await flawsOf(page) });
}

/** What moves by itself while figures change, as browsers count it (Layout Instability): nothing should. */
async function shiftsOf(landline: Landline, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { context, page } = await open(landline, "owner@example.org", sizes[0], "light");
    await page.goto(`${landline.http}${path}`);
    await page.waitForSelector('body[data-live="true"]');
    const shifts = await page.evaluate(
      () =>
        new Promise<string[]>((done) => {
          const found: string[] = [];
          type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node: Node | null }[] };
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as Shift[]) {
              const what = entry.sources.map(({ node }) => (node instanceof Element ? `${node.tagName}.${node.className}` : "?")).join(" ");
              if (!entry.hadRecentInput) found.push(`${entry.value.toFixed(4)} ${what}`);
            }
          }).observe({ type: "layout-shift" });
          setTimeout(() => done(found), 30_000);
        }),
    );
    console.log(`layout shifts in 30 s of ${path}: ${shifts.length}${shifts.length > 0 ? ` (${shifts.slice(0, 5).join("; ")})` : ""}`);
    await context.close();
  }
}

function writeSheet(): void {
  const pages = Map.groupBy(shots, ({ state, page }) => `${state} · ${page}`);
  const rows = [...pages].map(([title, of]) => {
    const pictures = of.map(({ file, flaws }) => {
      const border = flaws.length > 0 ? "red" : "#8888";
      return `<a href="${file}"><img src="${file}" alt="${file}" loading="lazy" style="width:24%;border:1px solid ${border}"></a>`;
    });
    return `<h2>${title}</h2>${pictures.join("\n")}`;
  });
  writeFileSync(join(folder, "index.html"), `<!doctype html><title>Landline, every page</title>${rows.join("\n")}`);
}
