// The first call, all the way: a SIP phone dials, an IVR answers, a key, a queue with music, a browser rings, talk, hold, reload, wrap-up, playback, proof.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import puppeteer, { type Browser, type Page as FirefoxPage } from "puppeteer-core";
import { Baresip } from "../support/baresip.ts";
import { ContainedLandline, Image } from "../support/image.ts";
import { Landline, password, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { readWav, strongest, toneWav } from "../support/tones.ts";

const callerHz = 440;
const agentHz = 700;
/** What Firefox's own fake microphone hums. */
const firefoxHz = 1_000;

await insideNamespace();
const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];
/** The same call through the image, by hand: `npm run image`, then with LANDLINE_TEST_IMAGE set. */
const image = process.env.LANDLINE_TEST_IMAGE === undefined ? null : Image.unpack();
const landline = image === null ? new Landline(options) : new ContainedLandline(image, { options });
const contexts: BrowserContext[] = [];
let phone: Baresip | null = null;
let firefox: Browser | null = null;

/** A browser as a person has one: a microphone that hums, and nothing else; root needs --no-sandbox. */
async function browser(name: string): Promise<Page> {
  const hum = join(landline.folder, "microphone.wav");
  writeFileSync(hum, toneWav(agentHz, 12, { onMs: 400, offMs: 200 }, 48_000));
  const context = await chromium.launchPersistentContext(join(landline.folder, `browser-${name}`), {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1440, height: 900 },
    ignoreDefaultArgs: ["--mute-audio"],
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${hum}`],
  });
  contexts.push(context);
  await context.grantPermissions(["microphone"], { origin: landline.http });
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => {
    if (message.type() === "error") console.error(`[${name}] ${message.text()}`);
  });
  page.on("pageerror", (error) => console.error(`[${name}] ${error}`));
  return page;
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto(`${landline.http}/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("button[type=submit]");
  await page.waitForSelector("#main");
}

/** Firefox as a person has it, with its fake microphone. */
async function startFirefox(): Promise<FirefoxPage> {
  firefox = await puppeteer.launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
  });
  const page = await firefox.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(`${landline.http}/sign-in`);
  await page.type("#email", "tomasz@example.org");
  await page.type("#password", password);
  await Promise.all([page.waitForNavigation(), page.click("button[type=submit]")]);
  await page.waitForSelector('[data-softphone-pill][data-state="ready"]', { timeout: 20_000 });
  await page.click('[role="switch"]');
  await page.waitForSelector('[role="switch"][aria-checked="true"]');
  return page;
}

/** What the page's softphone plays: a second of it recorded by the browser itself, its samples handed out. Needs no sound card. */
async function heardInPage(
  page: Pick<Page, "evaluate"> | Pick<FirefoxPage, "evaluate">,
): Promise<{ readonly hz: number; readonly share: number }> {
  const samples = await (page as Page).evaluate(async () => {
    const sound = document.querySelector<HTMLAudioElement>("#softphone audio");
    if (sound?.srcObject == null) return [];
    const recorder = new MediaRecorder(sound.srcObject as MediaStream);
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => void parts.push(data);
    const stopped = new Promise((done) => {
      recorder.onstop = done;
    });
    recorder.start();
    await new Promise((done) => setTimeout(done, 1_200));
    recorder.stop();
    await stopped;
    const context = new OfflineAudioContext(1, 8_000, 8_000);
    const decoded = await context.decodeAudioData(await new Blob(parts).arrayBuffer()).catch(() => null);
    return decoded === null ? [] : [...decoded.getChannelData(0)].slice(-6_000);
  });
  return strongest(Int16Array.from(samples, (sample) => sample * 32_767));
}

/** The last second that the caller heard. */
function heardByCaller(): { hz: number; share: number } {
  const heard = phone!.heard();
  return strongest(heard.subarray(Math.max(0, heard.length - 8_000)));
}

/** Pictures for whoever wants to look: only when a folder is named. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

const near = (hz: number, wanted: number): boolean => Math.abs(hz - wanted) <= 12;

async function bothHear(page: Page, when: string): Promise<void> {
  let heard = { hz: 0, share: 0 };
  const told = (error: Error): never => {
    throw new Error(`${error.message}; last heard ${heard.hz} Hz, ${Math.round(heard.share * 100)} % of the energy`);
  };
  await eventually(
    `the agent hears ${callerHz} Hz ${when}`,
    async () => {
      heard = await heardInPage(page);
      return near(heard.hz, callerHz);
    },
    10_000,
  ).catch(told);
  await eventually(
    `the caller hears ${agentHz} Hz ${when}`,
    () => {
      heard = heardByCaller();
      return near(heard.hz, agentHz);
    },
    10_000,
  ).catch(told);
}

type Conversation = { id: string; endedAt: number | null; endReason: string | null };
const newest = async (): Promise<Conversation> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0]!;

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
    const agent = await browser("agent");
    const supervisor = await browser("supervisor");
    await step(
      "an agent and a supervisor sign in; the softphone registers",
      async () => {
        await signIn(agent, "priya@example.org");
        await signIn(supervisor, "gareth@example.org");
        await supervisor.goto(`${landline.http}/performance/queues`);
        await agent.waitForSelector('[data-softphone-pill][data-state="ready"]', { timeout: 15_000 });
        await agent.click('[role="switch"]');
        await agent.waitForSelector('[role="switch"][aria-checked="true"]');
      },
      { must: true },
    );

    await step(
      "a caller dials, hears the menu, presses a key and waits with music; the agent is alerted",
      async () => {
        phone = new Baresip(join(landline.folder, "phone"), ownAddress, callerHz);
        await Bun.sleep(1_000);
        phone.dial(`sip:100@${ownAddress}:5060`);
        await eventually("the call is answered", () => phone!.log.includes("Call established"), 10_000);
        await Bun.sleep(1_500);
        phone.press("1");
        await agent.waitForSelector('#call[data-call-state="alerting"]', { timeout: 15_000 });
        await picture(agent, "alerting");
        expect((await agent.textContent("#call h2"))?.includes("Margaret Ellison"), "the alert says who calls");
        expect((await agent.textContent("#call"))?.includes("Accounts"), "the alert says what was chosen");
      },
      { must: true },
    );

    await step(
      "the agent answers by one key; both hear each other",
      async () => {
        await agent.keyboard.press("Enter");
        await agent.waitForSelector('#call[data-call-state="connected"]', { timeout: 10_000 });
        await bothHear(agent, "after the answer");
        await picture(agent, "connected");
      },
      { must: true },
    );

    await step("the board shows it without a reload", async () => {
      await supervisor.waitForFunction(
        () => /1\s*$/.test(document.querySelector('#board .status[data-is="interacting"]')?.textContent?.trim() ?? ""),
        undefined,
        { timeout: 5_000 },
      );
      const card = supervisor.locator('.agents > li[data-status="INTERACTING"] a');
      expect(/^\/conversations\//.test((await card.getAttribute("href")) ?? ""), "the agent's card does not lead to the conversation");
      await supervisor.selectOption("#agents-status", "IDLE");
      await supervisor.waitForSelector('.agents > li[data-status="INTERACTING"]', { state: "hidden" });
      await supervisor.selectOption("#agents-status", "");
      await picture(supervisor, "board-live");
    });

    await step("hold plays music to the caller, resume joins them again", async () => {
      await agent.keyboard.press("h");
      await agent.waitForSelector('#call [aria-pressed="true"]:has-text("Resume")', { timeout: 5_000 });
      await eventually("the caller does not hear the agent", () => !near(heardByCaller().hz, agentHz), 6_000);
      await agent.keyboard.press("h");
      await bothHear(agent, "after hold");
    });

    await step("twenty navigations leave the call as it is", async () => {
      for (let i = 0; i < 10; i++) {
        await agent.click(".card[data-live]");
        await agent.waitForSelector("#conversation");
        await agent.click('.rail a[href="/"]');
        await agent.waitForSelector("#desk");
      }
      await bothHear(agent, "after twenty navigations");
    });

    for (let reload = 1; reload <= 3; reload++) {
      await step(`reload ${reload}: the call comes back by itself`, async () => {
        await agent.reload();
        await agent.waitForSelector('#call[data-call-state="connected"]', { timeout: 15_000 });
        await eventually(
          "sound is back",
          () => agent.evaluate(() => document.querySelector<HTMLAudioElement>("#softphone audio")?.srcObject != null),
          15_000,
        );
        await bothHear(agent, `after reload ${reload}`);
      });
    }

    await step("the caller hangs up; the agent wraps up", async () => {
      phone!.hangUp();
      await agent.waitForSelector('#call[data-call-state="wrapup"]', { timeout: 10_000 });
      await picture(agent, "wrapup");
      await agent.click('#call button[value="Answered"]');
      await agent.waitForSelector('#call[data-call-state="none"]', { timeout: 5_000, state: "attached" });
    });

    await step("the recording holds both tones on their channels, unreadable on disk, and plays in the page", async () => {
      const { id } = await newest();
      const recording = await eventually("the recording is sealed", async () => {
        const { entities } = await landline.api<{ entities: { id: string; state: string; path: string; durationMs: number }[] }>(
          `/api/v2/landline/conversations/${id}/recordings`,
        );
        return entities[0]?.state === "sealed" ? entities[0] : null;
      });
      const onDisk = readFileSync(join(landline.data, "recordings", recording.path));
      const loud = strongest(readRaw(onDisk));
      expect(loud.share < 0.05, `the file on disk holds a tone at ${loud.hz} Hz`);
      await supervisor.goto(`${landline.http}/conversations/${id}`);
      await picture(supervisor, "conversation");
      const losses = await supervisor.$$eval('[aria-labelledby="quality"] tbody td:nth-child(2)', (cells) =>
        cells.map((cell) => Number.parseFloat(cell.textContent ?? "")),
      );
      expect(losses.length >= 2 && losses.every((loss) => loss <= 1), `lost packets in percent: ${losses.join(", ")}`);
      const wav = Buffer.from(
        await supervisor.evaluate(async () => {
          const source =
            document.querySelector("audio")?.getAttribute("src") ?? [...document.querySelectorAll("audio")].map((audio) => audio.src)[0]!;
          return [...new Uint8Array(await (await fetch(source)).arrayBuffer())];
        }),
      );
      const { left, right } = readWav(wav);
      const middle = (samples: Int16Array): Int16Array => samples.subarray(8_000, 24_000);
      expect(near(strongest(middle(left)).hz, callerHz), `left is the caller: ${strongest(middle(left)).hz} Hz`);
      expect(near(strongest(middle(right)).hz, agentHz), `right is the agent: ${strongest(middle(right)).hz} Hz`);
      await supervisor.evaluate(async () => {
        const audio = document.querySelector("audio")!;
        await audio.play();
        await new Promise((done) => setTimeout(done, 1_000));
        if (audio.currentTime < 0.3) throw new Error(`the player stands at ${audio.currentTime}`);
        audio.pause();
      });
    });

    await step("a closed tab: the caller hears music, goes back to the head of the queue, and Firefox takes the call", async () => {
      phone!.quit();
      phone = new Baresip(join(landline.folder, "phone-2"), ownAddress, callerHz);
      await Bun.sleep(1_000);
      phone.dial(`sip:100@${ownAddress}:5060`);
      await eventually("the call is answered", () => phone!.log.includes("Call established"), 10_000);
      await Bun.sleep(1_000);
      phone.press("2");
      await agent.waitForSelector('#call[data-call-state="alerting"]', { timeout: 15_000 });
      await agent.keyboard.press("Enter");
      await bothHear(agent, "before the tab is closed");
      const colleague = await startFirefox();
      await agent.close();
      await eventually(
        "the caller hears somebody else than the agent",
        () => heardByCaller().share > 0 && !near(heardByCaller().hz, agentHz),
        6_000,
      );
      await colleague.waitForSelector('#call[data-call-state="alerting"]', { timeout: 25_000 });
      await colleague.keyboard.press("Enter");
      await colleague.waitForSelector('#call[data-call-state="connected"]', { timeout: 10_000 });
      await eventually("the caller hears Firefox", () => near(heardByCaller().hz, firefoxHz), 8_000);
      await eventually("Firefox hears the caller", async () => near((await heardInPage(colleague)).hz, callerHz), 10_000);
      phone.hangUp();
      await colleague.waitForSelector('#call[data-call-state="wrapup"]', { timeout: 10_000 });
    });

    await step("the calls are found by number, queue and wrap-up code, and one is taken along whole", async () => {
      await supervisor.goto(`${landline.http}/conversations?text=900342&period=today`);
      const rows = supervisor.locator(".table tbody tr");
      const all = await rows.count();
      expect(all >= 2, `${all} calls are found by number`);
      await picture(supervisor, "conversations");
      await supervisor.selectOption("#by-queue", { label: "Accounts" });
      await supervisor.click('.toolbar button >> text="Search"');
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
      const cookies = (await supervisor.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
      const href = await supervisor.getAttribute('a >> text="Export as JSON"', "href");
      const whole = (await (await fetch(`${landline.http}${href}`, { headers: { cookie: cookies } })).json()) as {
        form: string;
        events: unknown[];
        participants: unknown[];
        ladder: unknown[];
      };
      expect(
        whole.form === "landline.conversation.v1" && whole.events.length > 5 && whole.ladder.length > 4,
        JSON.stringify(whole).slice(0, 300),
      );
      const csv = await (await fetch(`${landline.http}/conversations.csv?text=900342`, { headers: { cookie: cookies } })).text();
      expect(csv.trim().split("\r\n").length === all + 1 && csv.includes("Priya Nair"), csv.slice(0, 400));
    });

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
    for (const [i, context] of contexts.entries())
      await context
        .pages()[0]
        ?.screenshot({ path: join(landline.folder, `last-${i}.png`) })
        .catch(() => undefined);
    phone?.quit();
    await firefox?.close();
    for (const context of contexts) await context.close();
    await landline.stop();
    image?.discard();
    if (process.exitCode !== 0) console.error(landline.log.split("\n").slice(-15).join("\n"));
  },
);

/** The file's own bytes as if they were samples: a tone in them would be audible. */
function readRaw(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: Math.min(16_000, bytes.length >> 1) }, (_, i) => bytes.readInt16LE(i * 2));
}
