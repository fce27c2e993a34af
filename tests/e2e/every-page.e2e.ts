// Every page there is, taken from the routes themselves: both schemes and sizes under axe, with real rows and a real call; Tab gets everywhere and is seen where it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { pageRoutes } from "../../web/app.tsx";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, signIn, startChromium } from "../support/browser.ts";
import { hearsSomething } from "../support/hearing.ts";
import { Landline, password, testCentre } from "../support/landline.ts";
import { eachOnce, lookAround, schemes, sizes } from "../support/look.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

/** Pages that only a set-up, a trial or a sign-in with a code has: another program looks at each, under this name. */
const elsewhere: Readonly<Record<string, readonly [program: string, looks: string]>> = {
  "/setup": ["trial", "setup-organization"],
  "/setup/:place": ["trial", "setup-owner"],
  "/trial": ["trial", '"trial"'],
  "/call/:token": ["trial", '"guest"'],
  "/sign-in/code": ["trial", "sign-in-code"],
};
/** What answers a GET and is no page: files, parts of pages, a link that only leads on. */
const noPages =
  /\.(csv|jsonl?|wav|pcap|tar\.gz)$|^\/(live|search|network-test\/ice-servers)$|^\/recordings\/:id\/audio$|^\/sign-in\/once\/:token$/;

/** What has to be done before a page is there. */
const before: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  "/me/second-factor": async (page) => {
    await page.goto(`${landline.http}/me`);
    await page.fill("#factorPassword", password);
    await page.keyboard.press("Enter");
    await page.waitForSelector("code.key");
  },
};

/** Lists that stand on a page of another name. */
const listedOn: Readonly<Record<string, string>> = { "/performance/agents": "/performance/queues" };

/** What the forms of kinds demand that the test centre has none of. */
const filledIn: Readonly<Record<string, string>> = {
  ...{ "#startPhoneNumber": "+441632960200", "#endPhoneNumber": "+441632960209" },
  "#number": "800",
};

await insideNamespace();
const landline = new Landline(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
const browsers: Chromium[] = [];
/** What a page asked of others than us, and what its console complained about, since it was last asked. */
const wrong: string[] = [];

async function browserOf(name: string): Promise<Chromium> {
  const browser = await startChromium(landline.http, landline.folder, name, 700);
  browsers.push(browser);
  const page = browser.page();
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (!/^(localhost|127\.0\.0\.1)$/.test(hostname) && !/^(data|blob):$/.test(protocol))
      wrong.push(`${page.url()} asked ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !/404/.test(message.text())) wrong.push(`${page.url()} complains: ${message.text()}`);
  });
  return browser;
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** In both sizes and schemes; nothing asked of elsewhere, no complaint. */
async function look(page: Page, name: string): Promise<void> {
  await lookAround(page, name, (shot) => picture(page, shot), eachOnce);
  const said = wrong.splice(0);
  expect(said.length === 0, said.join("; "));
}

await program(
  async () => {
    const owner = await startOwner();
    const agent = await aCall();
    await agent.quit();
    await rowsEverywhere(owner.page());
    await everyRoute(owner.page());
    await moreStates(owner.page());
  },
  async () => {
    Baresip.quitAll();
    for (const browser of browsers) await browser.quit().catch(() => undefined);
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);

async function startOwner(): Promise<Chromium> {
  let owner: Chromium | null = null;
  await step(
    "a node with a centre, and its owner signed in",
    async () => {
      await landline.start();
      const centre = testCentre([ownAddress]) as { queues: object[]; trunks: object[] };
      landline.apply({
        ...centre,
        // Time enough to look around while it rings.
        queues: centre.queues.map((queue) => ({ ...queue, alertingTimeoutSeconds: 300 })),
        trunks: [...centre.trunks, { name: "Outward", addresses: ["127.0.0.9"], proxies: ["127.0.0.9:5060"] }],
        sites: [{ name: "Leeds", country: "GB" }],
        outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Outward"], classifications: ["National"] }],
        numberPlans: [
          { name: "Branches", site: "Leeds", matchType: "numberList", numbers: [{ start: "700", end: "799" }], classification: "National" },
        ],
      });
      owner = await browserOf("owner");
      await signIn(owner, "owner@example.org");
    },
    { must: true },
  );
  return owner!;
}

/** A real call, from the alert to the wrap-up, looked at in each state of the dock; it is on the other pages afterwards. */
async function aCall(): Promise<Chromium> {
  const agent = await browserOf("agent");
  const page = agent.page();
  const caller = new Baresip(join(landline.folder, "phone"), ownAddress, 440);
  await step("the desk of an agent off queue and on queue", async () => {
    await signIn(agent, "priya@example.org");
    await look(page, "desk-off-queue");
    await goOnQueue(agent);
    await look(page, "desk-on-queue");
    await walk(page, "desk-on-queue");
  });
  const ring = async (): Promise<void> => {
    caller.dial(`sip:100@${ownAddress}:5060`);
    await hearsSomething(caller, "the caller hears the menu");
    caller.press("2");
    await agent.waitFor('#call[data-call-state="alerting"]');
  };
  await step(
    "the dock while it rings",
    async () => {
      await caller.ready();
      await ring();
      await look(page, "dock-alerting");
      await walk(page, "dock-alerting");
    },
    { must: true },
  );
  await step(
    "the dock and the conversation in a call, on hold, and in the wrap-up",
    async () => {
      // Not by Enter: that belongs to the control that Tab has led to.
      await agent.click('#call [data-call="answer"]');
      await agent.waitFor('#call[data-call-state="connected"]', 10_000);
      await look(page, "dock-connected");
      await walk(page, "dock-connected");
      await agent.click(".card[data-live]");
      await agent.waitFor("#conversation");
      await look(page, "conversation-live");
      await agent.press("h");
      await agent.waitFor('#call [data-key="h"][aria-pressed="true"]', 5_000);
      await look(page, "dock-hold");
      await agent.press("h");
      await agent.waitFor('#call [data-key="h"][aria-pressed="false"]', 5_000);
      caller.hangUp();
      await agent.waitFor('#call[data-call-state="wrapup"]', 10_000);
      await look(page, "dock-wrapup");
      await walk(page, "dock-wrapup");
      await agent.click('#call button[value="Answered"]');
      await agent.waitFor('#call[data-call-state="none"]', 5_000);
    },
    { must: true },
  );
  await step("the recording of the call is sealed", async () => {
    const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/landline/conversations");
    await eventually("the recording is sealed", async () => {
      const recordings = await landline.api<{ entities: { state: string }[] }>(
        `/api/v2/landline/conversations/${entities[0]!.id}/recordings`,
      );
      return recordings.entities[0]?.state === "sealed";
    });
  });
  return agent;
}

/** One row at least in every list; what a list of the test centre lacks is made in its own form. */
async function rowsEverywhere(page: Page): Promise<void> {
  await step("every list has a row", async () => {
    for (const { path } of pageRoutes.filter(({ method, path: made }) => method === "GET" && made.endsWith("/new"))) {
      const list = path.slice(0, -"/new".length);
      if ((await firstRow(page, list)) !== null) continue;
      await page.goto(`${landline.http}${path}`);
      await page.fill("#name", "One of these");
      for (const [field, value] of Object.entries(filledIn)) if ((await page.locator(field).count()) > 0) await page.fill(field, value);
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector(".tabs, .told");
      expect((await firstRow(page, list)) !== null, `nothing could be made on ${path}`);
    }
  });
}

/** The id behind the first row of a list. */
async function firstRow(page: Page, list: string): Promise<string | null> {
  await page.goto(`${landline.http}${listedOn[list] ?? list}`);
  const links = await page.$$eval("#main a[href]", (anchors) =>
    anchors.map((anchor) => new URL((anchor as HTMLAnchorElement).href).pathname),
  );
  const ids = links.filter((path) => path.startsWith(`${list}/`)).map((path) => path.slice(list.length + 1).split("/")[0]!);
  return ids.find((id) => /^[0-9a-f-]{36}$/.test(id) || /^[\w-]+$/.test(id) === (id !== "new")) ?? null;
}

/** The routes are asked, so that a page which nobody put on a list fails. */
async function everyRoute(page: Page): Promise<void> {
  const routes = pageRoutes.filter(({ method, path }) => method === "GET" && !noPages.test(path)).map(({ path }) => path);
  for (const path of routes) {
    await step(`${path}: axe, both sizes and schemes, and Tab through it`, async () => {
      const other = elsewhere[path];
      if (other !== undefined) {
        const source = readFileSync(join(import.meta.dir, `${other[0]}.e2e.ts`), "utf8");
        expect(/seen\(/.test(source) && source.includes(other[1]), `${other[0]}.e2e.ts does not look at ${path}`);
        return;
      }
      if (path === "/sign-in") return signedOut();
      await before[path]?.(page);
      const address = await addressOf(page, path);
      const answer = await page.goto(`${landline.http}${address}`);
      expect(
        answer?.status() === 200 && page.url() === `${landline.http}${address}`,
        `${address} is answered ${answer?.status()} at ${page.url()}`,
      );
      const name = path.replaceAll(/\W+/g, "-").replace(/^-|-$/g, "") || "home";
      await look(page, name);
      await walk(page, name);
    });
  }
}

async function addressOf(page: Page, path: string): Promise<string> {
  if (path === "/help/:page") return "/help/desk";
  // Without a question it leads on to a page of its own.
  if (path === "/help") return "/help?q=wrap-up";
  const list = /^(.*)\/:\w+/.exec(path)?.[1];
  if (list === undefined) return path;
  const id = await firstRow(page, list);
  expect(id !== null, `${list} has no row`);
  return path.replace(/:\w+/, id);
}

/** Faces of pages that an address alone does not show. */
async function moreStates(page: Page): Promise<void> {
  await step("a packet capture that goes on: its page, and the word of it at the top", async () => {
    await page.goto(`${landline.http}/admin/capture`);
    await page.fill("#reason", "One way is silent at the carrier");
    await page.click('#main form [data-kind="primary"]');
    await page.waitForSelector("#capturing a");
    await look(page, "capture-on");
    await walk(page, "capture-on");
    await page.click('#main form [data-kind="danger"]');
    await page.waitForSelector("#capturing:empty", { state: "attached" });
  });
  for (const [name, path] of [
    ["conversations-none", "/conversations?text=nobody&period=week"],
    ["audit-log-narrowed", "/audit/log?type=routing.queue"],
    ["glossary", "/help/glossary"],
    ["api-explorer-search", "/admin/api?q=wrapup"],
    ["not-found", "/nowhere"],
  ] as const) {
    await step(`${name}: axe, both sizes and schemes, and Tab through it`, async () => {
      await page.goto(`${landline.http}${path}`);
      await look(page, name);
      await walk(page, name);
    });
  }
}

async function signedOut(): Promise<void> {
  const stranger = await browserOf("stranger");
  await stranger.goto("/sign-in");
  await look(stranger.page(), "sign-in");
  await walk(stranger.page(), "sign-in");
}

/** A stop of the keyboard: what it is, and what is wrong with it, if anything. */
type Stop = { readonly key: string; readonly what: string; readonly flaw: string | null };

/**
 * Presses Tab until it comes round. Everything that can be reached must be, and each stop must show where it is by
 * an outline, on itself or on the label or field around it.
 */
async function walk(page: Page, name: string): Promise<void> {
  await page.setViewportSize(sizes[1]);
  await page.emulateMedia({ colorScheme: schemes[0], reducedMotion: "reduce" });
  const wanted = await page.evaluate(numberStops);
  const seen = new Set<string>();
  const flaws: string[] = [];
  // Wherever the keyboard was last, it goes round once; a player takes several presses.
  let first: string | null = null;
  let last: string | null = null;
  for (let presses = 0; presses < wanted.length * 3 + 40; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(stopHere);
    if (stop !== null && stop.key === first && last !== first) break;
    last = stop?.key ?? null;
    if (stop === null) continue;
    first ??= stop.key;
    if (stop.flaw !== null && !seen.has(stop.key)) flaws.push(`${stop.what}: ${stop.flaw}`);
    seen.add(stop.key);
  }
  const missed = wanted.filter(({ key }) => !seen.has(key)).map(({ what }) => what);
  expect(missed.length === 0, `${name}: Tab does not reach ${missed.slice(0, 4).join(", ")}`);
  expect(flaws.length === 0, `${name}: ${flaws.slice(0, 4).join("; ")}`);
}

/** Runs in the page: numbers everything that the keyboard should reach; the focus goes to the top. */
function numberStops(): { readonly key: string; readonly what: string }[] {
  (document.activeElement as HTMLElement | null)?.blur();
  getSelection()?.removeAllRanges();
  scrollTo(0, 0);
  const selector =
    "a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled, summary, audio[controls], [tabindex]";
  const all = [...document.querySelectorAll<HTMLElement>(selector)].filter((element) => {
    if (element.tabIndex < 0 || !element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) return false;
    if (element.closest("[inert]") !== null) return false;
    // A group of radio buttons is one stop: the chosen one, or the first.
    if (!(element instanceof HTMLInputElement) || element.type !== "radio") return true;
    const group = [...document.querySelectorAll<HTMLInputElement>(`input[type=radio][name="${CSS.escape(element.name)}"]`)].filter(
      (other) => other.form === element.form,
    );
    return element === (group.find(({ checked }) => checked) ?? group[0]);
  });
  return all.map((element, i) => {
    element.dataset.stop = String(i);
    return { key: String(i), what: element.outerHTML.slice(0, 100) };
  });
}

/** Runs in the page: where the focus is; null: nowhere in it. */
function stopHere(): Stop | null {
  const element = document.activeElement as HTMLElement | null;
  if (element === null || element === document.body) return null;
  const key = element.dataset.stop ?? `unknown ${element.outerHTML.slice(0, 60)}`;
  const what = element.outerHTML.slice(0, 100);
  const shows = (one: Element | null): boolean => {
    if (one === null) return false;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 && !/, 0\)$|^transparent$/.test(outlineColor);
  };
  const around = element.closest("label, .search, .input, fieldset > *");
  const box = element.getBoundingClientRect();
  const label = element.closest("label")?.getBoundingClientRect() ?? box;
  const onScreen = label.bottom > 0 && label.top < innerHeight && label.right > 0 && label.left < innerWidth;
  if (!onScreen) return { key, what, flaw: "the focus is off the screen" };
  return { key, what, flaw: shows(element) || shows(around) ? null : "the focus is not seen" };
}
