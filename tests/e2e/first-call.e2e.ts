// The first call, all the way, in Chromium and in Firefox: a SIP phone dials, an IVR answers, a key, a queue with music, a browser rings, talk, hold, navigation, reload, a closed tab, wrap-up, playback, proof.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Baresip } from "../support/baresip.ts";
import { type Browser, type Chromium, goOnQueue, pageHears, signIn, startChromium, startFirefox } from "../support/browser.ts";
import { hears, hearsOther, hearsSomething, near } from "../support/hearing.ts";
import { isInImage, landlineHere } from "../support/image.ts";
import { testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";
import { readWav, strongest } from "../support/tones.ts";

const callerHz = 440;
const agentHz = 700;

await insideNamespace();
const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];
const landline = landlineHere(options);
const browsers: Browser[] = [];
let supervisor: Page;
let phone: Baresip;
let phones = 0;

function started<B extends Browser>(browser: B): B {
  browsers.push(browser);
  return browser;
}

/** Pictures for whoever wants to look: only when a folder is named. */
async function picture(name: string, of: { screenshot(options: { path: string }): Promise<unknown> } | Browser): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder === undefined) return;
  const path = join(folder, `${name}.png`);
  if ("picture" in of) await of.picture(path);
  else await of.screenshot({ path });
}

/** The agent's browser plays the caller, and the caller hears the agent: both in sound that came after the question. */
async function bothHear(agent: Browser, when: string): Promise<void> {
  await Promise.all([
    pageHears(agent, callerHz, `the agent in ${agent.name} hears ${when}`),
    hears(phone, agent.hz, `the caller hears ${agent.name} ${when}`),
  ]);
}

type Conversation = { readonly id: string; readonly endedAt: number | null; readonly endReason: string | null };
const conversations = async (): Promise<Conversation[]> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;
const newest = async (): Promise<Conversation> => (await conversations())[0]!;

/** A new caller who has heard the menu, pressed a key and then hears music. */
async function dial(key: string): Promise<void> {
  // One device for all callers: the next takes the ports of the one before.
  Baresip.quitAll();
  phone = new Baresip(join(landline.folder, `phone-${++phones}`), ownAddress, callerHz);
  await phone.ready();
  phone.dial(`sip:100@${ownAddress}:5060`);
  await eventually("the call is answered", () => phone.established === 1, 10_000);
  await hearsSomething(phone, "the caller hears the menu");
  phone.press(key);
}

async function answer(agent: Browser): Promise<void> {
  await agent.press("Enter");
  await agent.waitFor('#call[data-call-state="connected"]', 10_000);
  await bothHear(agent, "after the answer");
}

/** The caller's own phone and the log know one call that was never set up anew; `before` is from before the act. */
async function sameCall(before: { readonly id: string; readonly count: number }, when: string): Promise<void> {
  expect(phone.established === 1 && phone.terminated === 0, `the caller's phone lost its call ${when}: ${phone.log.slice(-400)}`);
  const all = await conversations();
  expect(all.length === before.count && all[0]!.id === before.id, `there is another conversation ${when}`);
  expect(all[0]!.endedAt === null, `the conversation ended ${when}: ${all[0]!.endReason}`);
}

const callNow = async (): Promise<{ readonly id: string; readonly count: number }> => {
  const all = await conversations();
  return { id: all[0]!.id, count: all.length };
};

/** What every browser has to do with a call that is up. */
async function callStays(agent: Browser): Promise<void> {
  const where = `in ${agent.name}`;

  await step(`${where}: hold plays music to the caller, resume joins them again`, async () => {
    await agent.press("h");
    await agent.waitFor('#call [data-key="h"][aria-pressed="true"]', 5_000);
    await hearsOther(phone, agent.hz, "the caller hears music on hold");
    await agent.press("h");
    await agent.waitFor('#call [data-key="h"][aria-pressed="false"]', 5_000);
    await bothHear(agent, "after hold");
  });

  await step(`${where}: twenty navigations leave the call as it is`, async () => {
    const call = await callNow();
    for (let i = 0; i < 10; i++) {
      await agent.click(".card[data-live]");
      await agent.waitFor("#conversation");
      await agent.click('.rail a[href="/"]');
      await agent.waitFor("#desk");
    }
    await sameCall(call, "after twenty navigations");
    await bothHear(agent, "after twenty navigations");
  });

  for (let reload = 1; reload <= 3; reload++) {
    await step(`${where}: reload ${reload}: the call comes back by itself`, async () => {
      const call = await callNow();
      await agent.reload();
      await agent.waitFor('#call[data-call-state="connected"]');
      await bothHear(agent, `after reload ${reload}`);
      await sameCall(call, `after reload ${reload}`);
    });
  }

  await step(`${where}: the caller hangs up; the agent wraps up`, async () => {
    phone.hangUp();
    await agent.waitFor('#call[data-call-state="wrapup"]', 10_000);
    await picture(`wrapup-${agent.name}`, agent);
    await agent.click('#call button[value="Answered"]');
    await agent.waitFor('#call[data-call-state="none"]', 5_000);
  });

  await step(`${where}: the recording holds both tones on their channels, unreadable on disk, and plays; at most 1 % was lost`, () =>
    recorded(agent),
  );
}

type Recording = { readonly id: string; readonly state: string; readonly path: string; readonly durationMs: number };
type Whole = {
  readonly form: string;
  readonly events: unknown[];
  readonly ladder: readonly { readonly direction: string; readonly summary: string; readonly text: string }[];
};

/** The newest conversation, as the supervisor's "Export as JSON" gives it. */
async function wholeConversation(): Promise<Whole> {
  const href = await supervisor.getAttribute('a >> text="Export as JSON"', "href");
  return (await (await fetch(`${landline.http}${href}`, { headers: { cookie: await cookies() } })).json()) as Whole;
}

async function cookies(): Promise<string> {
  return (await supervisor.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

async function recorded(agent: Browser): Promise<void> {
  const { id } = await newest();
  const recording = await eventually("the recording is sealed", async () => {
    const { entities } = await landline.api<{ entities: Recording[] }>(`/api/v2/landline/conversations/${id}/recordings`);
    return entities.length > 0 && entities.every(({ state }) => state === "sealed") ? entities.at(-1)! : null;
  });
  const onDisk = readFileSync(join(landline.data, "recordings", recording.path));
  const loud = strongest(readRaw(onDisk));
  expect(loud.share < 0.05, `the file on disk holds a tone at ${loud.hz} Hz`);
  const ladder = await eventually("the ladder is kept", async () => {
    await supervisor.goto(`${landline.http}/conversations/${id}`);
    const { ladder } = await wholeConversation();
    return ladder.length > 0 ? ladder : null;
  });
  // One dialog of the caller's, whatever the agent's browser did: its INVITE came in once, and so did its BYE.
  const ofTheCaller = ladder
    .filter(({ direction }) => direction === "in")
    .filter(({ text }) => /^(INVITE|BYE) sip:/.test(text) && !/SIP\/2\.0\/WSS?/.test(text));
  const methods = ofTheCaller.map(({ text }) => text.split(" ")[0]).join(" ");
  const callIds = new Set(ofTheCaller.map(({ text }) => /^Call-ID: *(.*)$/im.exec(text)?.[1]));
  expect(methods === "INVITE BYE" && callIds.size === 1, `the caller's dialogs: ${methods}, ${callIds.size} Call-IDs`);
  await picture(`conversation-${agent.name}`, supervisor);
  // Of each leg, what it said: its score, and how much of it was lost.
  const ofSaid = (column: number): Promise<number[]> =>
    supervisor.$$eval(`#media tbody tr:nth-child(2) td:nth-child(${column})`, (cells) =>
      cells.map((cell) => Number.parseFloat(cell.textContent ?? "")),
    );
  const [scores, losses] = await Promise.all([ofSaid(2), ofSaid(3)]);
  expect(scores.length >= 2 && scores.every((score) => score > 4), `mean opinion scores: ${scores.join(", ")}`);
  expect(losses.length >= 2 && losses.every((loss) => loss <= 1), `lost packets in percent: ${losses.join(", ")}`);
  const wav = Buffer.from(
    await supervisor.evaluate(async () => {
      const source = [...document.querySelectorAll<HTMLAudioElement>("audio[src]")].at(-1)!.src;
      return [...new Uint8Array(await (await fetch(source)).arrayBuffer())];
    }),
  );
  const { left, right } = readWav(wav);
  const middle = (samples: Int16Array): Int16Array => samples.subarray(8_000, 24_000);
  expect(near(strongest(middle(left)).hz, callerHz), `left is the caller: ${strongest(middle(left)).hz} Hz`);
  expect(near(strongest(middle(right)).hz, agent.hz), `right is the agent: ${strongest(middle(right)).hz} Hz`);
  await supervisor.evaluate(async () => {
    const audio = document.querySelector<HTMLAudioElement>("audio[src]")!;
    const plays = new Promise<void>((done) => audio.addEventListener("timeupdate", () => audio.currentTime >= 0.3 && done()));
    await audio.play();
    await plays;
    audio.pause();
  });
}

/** The tab of `from` is closed in a call; `to` gets it. */
async function closedTab(from: Browser, to: Browser): Promise<void> {
  await step(
    `a tab of ${from.name} is closed: the caller hears music, goes back to the head of the queue, and ${to.name} takes the call`,
    async () => {
      const call = await callNow();
      await from.closeTab();
      await hearsOther(phone, from.hz, "the caller hears music");
      await to.waitFor('#call[data-call-state="alerting"]', 25_000);
      await answer(to);
      await sameCall(call, `after the tab of ${from.name} was closed`);
    },
  );
}

/** A second browser, tabs that are closed, and what the lists say afterwards. */
async function withBoth(priya: Chromium): Promise<void> {
  const tomasz = started(await startFirefox(landline.http));
  await step("a second call, answered in Chromium; Firefox signs in beside it", async () => {
    await dial("2");
    await priya.waitFor('#call[data-call-state="alerting"]');
    await answer(priya);
    await signIn(tomasz, "tomasz@example.org");
    await goOnQueue(tomasz);
  });
  await closedTab(priya, tomasz);
  await callStays(tomasz);

  await step("a third call, answered in Firefox; Chromium comes back in a new tab", async () => {
    await dial("2");
    await tomasz.waitFor('#call[data-call-state="alerting"]');
    await answer(tomasz);
    await priya.openTab();
    await priya.goto("/");
    await priya.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
    await goOnQueue(priya);
  });
  await closedTab(tomasz, priya);
  await step("the caller hangs up in Chromium's new tab, too", async () => {
    phone.hangUp();
    await priya.waitFor('#call[data-call-state="wrapup"]', 10_000);
  });

  await step("the calls are found by number, queue and wrap-up code, and one is taken along whole", async () => {
    await supervisor.goto(`${landline.http}/conversations?text=900342&period=today`);
    const rows = supervisor.locator(".table tbody tr");
    const all = await rows.count();
    expect(all >= 2, `${all} calls are found by number`);
    await picture("conversations", supervisor);
    await supervisor.selectOption("#by-queue", { label: "Accounts" });
    await supervisor.click('.toolbar .button[type="submit"]');
    await supervisor.waitForURL(/queue=/);
    expect((await rows.count()) < all, "the queue narrows nothing");
    await supervisor.goto(`${landline.http}/conversations?wrapup=Answered`);
    expect((await rows.count()) >= 1, "no call is found by its wrap-up code");
    await supervisor.keyboard.press("Control+K");
    await supervisor.waitForSelector("#palette[open]");
    await supervisor.keyboard.type("0342");
    await supervisor.waitForSelector("#palette-results >> text=Margaret Ellison");
    await supervisor.keyboard.press("Enter");
    await supervisor.waitForSelector("#conversation");
    const whole = await wholeConversation();
    expect(
      whole.form === "landline.conversation.v1" && whole.events.length > 5 && whole.ladder.length > 4,
      JSON.stringify(whole).slice(0, 300),
    );
    expect(!JSON.stringify(whole.events).includes("conversation.media.silent"), "a call that was heard is said to have been silent");
    const csv = await (await fetch(`${landline.http}/conversations.csv?text=900342`, { headers: { cookie: await cookies() } })).text();
    expect(csv.trim().split("\r\n").length === all + 1 && csv.includes("Priya Nair"), csv.slice(0, 400));
  });
}

await program(
  async () => {
    await step(
      "the binary starts in an empty directory and takes a centre",
      async () => {
        await landline.start();
        landline.apply(testCentre([ownAddress]));
      },
      { must: true },
    );
    const priya = started(await startChromium(landline.http, landline.folder, "agent", agentHz));
    const board = started(await startChromium(landline.http, landline.folder, "supervisor", agentHz));
    supervisor = board.page();
    await step(
      "an agent and a supervisor sign in; the softphone registers",
      async () => {
        await signIn(board, "gareth@example.org");
        await board.goto("/performance/queues");
        await signIn(priya, "priya@example.org");
        await goOnQueue(priya);
      },
      { must: true },
    );

    await step(
      "a caller dials, hears the menu, presses a key and waits with music; the agent is alerted",
      async () => {
        await dial("1");
        await priya.waitFor('#call[data-call-state="alerting"]');
        await hearsSomething(phone, "the waiting caller hears music");
        await picture("alerting", priya);
        expect((await priya.text("#call h2")).includes("Margaret Ellison"), "the alert says who calls");
        expect((await priya.text("#call")).includes("Accounts"), "the alert says what was chosen");
      },
      { must: true },
    );

    await step(
      "the agent answers by one key; both hear each other",
      async () => {
        await answer(priya);
        await picture("connected", priya);
      },
      { must: true },
    );

    await step("the board shows it without a reload", async () => {
      await supervisor.waitForFunction(
        () => /1\s*$/.test(document.querySelector('#board .status[data-is="interacting"]')?.textContent?.trim() ?? ""),
        undefined,
        { timeout: 5_000 },
      );
      const card = supervisor.locator('.agents > li[data-status="INTERACTING"] small a:not(.listen)');
      expect(/^\/conversations\//.test((await card.getAttribute("href")) ?? ""), "the agent's card does not lead to the conversation");
      await supervisor.selectOption("#agents-status", "IDLE");
      await supervisor.waitForSelector('.agents > li[data-status="INTERACTING"]', { state: "hidden" });
      await supervisor.selectOption("#agents-status", "");
      await picture("board-live", supervisor);
    });

    await callStays(priya);

    // What browsers do is the same wherever the node runs.
    if (!isInImage) await withBoth(priya);

    await step("the decision is explained and recomputes to the same answer", async () => {
      const { id } = await newest();
      const { entities } = await landline.api<{ entities: { id: string; userId: string | null }[] }>(
        `/api/v2/landline/conversations/${id}/decisions`,
      );
      const decision = entities.find((entry) => entry.userId !== null)!;
      const explanation = await landline.api<{ agrees: boolean }>(`/api/v2/landline/decisions/${decision.id}/explanation`);
      expect(explanation.agrees === true, `the log leads to another answer: ${JSON.stringify(explanation)}`);
    });

    await step("verify passes, and names the place after one flipped byte", async () => {
      const clean = landline.run(["verify", "--rows"]);
      expect(clean.code === 0, `verify: ${clean.out}${clean.error}`);
      const { id } = await newest();
      const { entities } = await landline.api<{ entities: { path: string }[] }>(`/api/v2/landline/conversations/${id}/recordings`);
      const path = join(landline.data, "recordings", entities[0]!.path);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
      const dirty = landline.run(["verify"]);
      expect(dirty.code === 1 && dirty.out.includes(entities[0]!.path), `verify after a flipped byte: ${dirty.out}${dirty.error}`);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
    });
  },
  async () => {
    for (const [i, browser] of browsers.entries())
      if (hasFailed()) await browser.picture(join(landline.folder, `last-${i}.png`)).catch(() => undefined);
    Baresip.quitAll();
    for (const browser of browsers) await browser.quit();
    await landline.stop();
    if (!hasFailed()) landline.discard();
    else console.error(landline.log.split("\n").slice(-15).join("\n"));
  },
);

/** The file's own bytes as if they were samples: a tone in them would be audible. */
function readRaw(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: Math.min(16_000, bytes.length >> 1) }, (_, i) => bytes.readInt16LE(i * 2));
}
