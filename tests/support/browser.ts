// An agent's browser as a person has one, Chromium or Firefox ESR, behind one small driver: a microphone that hums, no flag that touches media or network.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import puppeteer, { type Page as FirefoxPage, type Browser as FirefoxProcess } from "puppeteer-core";
import { near } from "./hearing.ts";
import { password } from "./landline.ts";
import { eventually } from "./steps.ts";
import { strongest, toneWav } from "./tones.ts";

/** What a test does with a browser. Selectors are plain CSS; whatever waits fails after its time. */
export type Browser = {
  readonly name: "Chromium" | "Firefox";
  /** What its microphone hums. */
  readonly hz: number;
  goto(path: string): Promise<void>;
  reload(): Promise<void>;
  /** A tab of its own in place of the one that was closed. */
  openTab(): Promise<void>;
  closeTab(): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  click(selector: string): Promise<void>;
  press(key: string): Promise<void>;
  /** Until it is in the page. */
  waitFor(selector: string, ms?: number): Promise<void>;
  text(selector: string): Promise<string>;
  evaluate<T, A = undefined>(work: (argument: A) => T | Promise<T>, argument?: A): Promise<T>;
  picture(path: string): Promise<void>;
  quit(): Promise<void>;
};

/** The pages that a driver has: only those that the tests need to go further with are shown. */
export type Chromium = Browser & { readonly page: () => Page };

/** What Firefox's own fake microphone hums. */
const firefoxHz = 1_000;
const size = { width: 1_440, height: 900 };

/** As root it needs --no-sandbox. */
export async function startChromium(origin: string, folder: string, name: string, hz: number): Promise<Chromium> {
  const hum = join(folder, `microphone-${name}.wav`);
  writeFileSync(hum, toneWav(hz, 12, { onMs: 400, offMs: 200 }, 48_000));
  const context: BrowserContext = await chromium.launchPersistentContext(join(folder, `browser-${name}`), {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: size,
    // A node's own certificate is nobody's whom it knows.
    ignoreHTTPSErrors: true,
    ignoreDefaultArgs: ["--mute-audio"],
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${hum}`],
  });
  await context.grantPermissions(["microphone"], { origin });
  let page = context.pages()[0] ?? (await context.newPage());
  const listen = (): void => {
    page.on("console", (message) => {
      if (message.type() === "error") console.error(`[${name}] ${message.text()}`);
    });
    page.on("pageerror", (error) => console.error(`[${name}] ${error}`));
  };
  listen();
  return {
    ...{ name: "Chromium", hz, page: () => page },
    goto: async (path) => void (await page.goto(`${origin}${path}`)),
    reload: async () => void (await page.reload()),
    openTab: async () => {
      page = await context.newPage();
      listen();
    },
    closeTab: () => page.close(),
    fill: (selector, text) => page.fill(selector, text),
    click: (selector) => page.click(selector),
    press: (key) => page.keyboard.press(key),
    waitFor: async (selector, ms = 15_000) => {
      try {
        await page.waitForSelector(selector, { timeout: ms, state: "attached" });
      } catch {
        throw new Error(`${name} has no ${selector} within ${ms} ms; ${await page.evaluate(shown)}`);
      }
    },
    text: async (selector) => (await page.textContent(selector)) ?? "",
    evaluate: <T, A>(work: (argument: A) => T | Promise<T>, argument?: A) =>
      page.evaluate(work as (argument: unknown) => T, argument) as Promise<T>,
    picture: async (path) => void (await page.screenshot({ path })),
    quit: () => context.close(),
  };
}

/** Runs in a page: what a reader of a failed test wants to know of it. */
function shown(): string {
  const call = document.getElementById("call");
  const toasts = [...document.querySelectorAll(".toast, .banner")].map(({ textContent }) => textContent);
  return `the call: ${call?.dataset.callState} ${call?.textContent}; said: ${toasts.join(" ")}; focus: ${document.activeElement?.outerHTML.slice(0, 200)}`;
}

export async function startFirefox(origin: string): Promise<Browser> {
  const firefox: FirefoxProcess = await puppeteer.launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
  });
  const newTab = async (): Promise<FirefoxPage> => {
    const tab = await firefox.newPage();
    await tab.setViewport(size);
    return tab;
  };
  let page = await newTab();
  return {
    ...{ name: "Firefox", hz: firefoxHz },
    goto: async (path) => void (await page.goto(`${origin}${path}`)),
    reload: async () => void (await page.reload()),
    openTab: async () => {
      page = await newTab();
    },
    closeTab: () => page.close(),
    fill: (selector, text) => page.type(selector, text),
    click: async (selector) => {
      await page.waitForSelector(selector, { visible: true, timeout: 15_000 });
      await page.click(selector);
    },
    press: (key) => page.keyboard.press(key as "Enter"),
    waitFor: async (selector, ms = 15_000) => void (await page.waitForSelector(selector, { timeout: ms })),
    text: (selector) => page.$eval(selector, (element) => element.textContent ?? ""),
    evaluate: <T, A>(work: (argument: A) => T | Promise<T>, argument?: A) =>
      page.evaluate(work as (argument: unknown) => T, argument) as Promise<T>,
    picture: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
    quit: () => firefox.close(),
  };
}

/** Signs in and waits for the softphone. */
export async function signIn(browser: Browser, email: string): Promise<void> {
  await browser.goto("/sign-in");
  await browser.fill("#email", email);
  await browser.fill("#password", password);
  await browser.click("button[type=submit]");
  await browser.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
}

/** Ready for calls, as the switch says; whoever is Not Responding turns it off and on again. */
export async function goOnQueue(browser: Browser): Promise<void> {
  for (const from of ["true", "false"]) {
    const isOn = await browser.evaluate(() => document.querySelector('[role="switch"]')?.getAttribute("aria-checked"));
    if (isOn !== from) continue;
    await browser.click('[role="switch"]');
    await browser.waitFor(`[role="switch"][aria-checked="${from === "true" ? "false" : "true"}"]`);
  }
}

/** Runs in a page: a second of what its phone plays, recorded by the browser itself; samples at 8 kHz from −1 to 1. Needs no sound card. */
export async function soundOf(place: string): Promise<number[]> {
  const sound = document.querySelector<HTMLAudioElement>(`${place} audio`);
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
}

/** Run in a page before any other script: whatever it makes sound by itself can be recorded, as at its loudspeaker. */
export function tapLoudspeaker(): void {
  const connect = AudioNode.prototype.connect as (this: AudioNode, to: AudioNode) => AudioNode;
  const taps = new WeakMap<BaseAudioContext, MediaStreamAudioDestinationNode>();
  AudioNode.prototype.connect = function (this: AudioNode, to: AudioNode): AudioNode {
    const { context } = this;
    if (to === context.destination && context instanceof AudioContext) {
      const tap = taps.get(context) ?? context.createMediaStreamDestination();
      taps.set(context, tap);
      connect.call(this, tap);
      const sound = document.getElementById("tapped") ?? document.body.appendChild(document.createElement("div"));
      sound.id = "tapped";
      const audio = sound.querySelector("audio") ?? sound.appendChild(document.createElement("audio"));
      audio.srcObject = tap.stream;
    }
    return connect.call(this, to);
  } as typeof AudioNode.prototype.connect;
}

export function toSamples(sound: readonly number[]): Int16Array {
  return Int16Array.from(sound, (sample) => sample * 32_767);
}

/** Waits until the page's phone plays a tone at `hz`. @throws with what it played last */
export async function pageHears(browser: Browser, hz: number, what: string, ms = 15_000, place = "#softphone"): Promise<void> {
  let heard = { hz: 0, share: 0 };
  await eventually(
    `${what}: ${hz} Hz`,
    async () => {
      heard = strongest(toSamples(await browser.evaluate(soundOf, place)));
      return near(heard.hz, hz);
    },
    ms,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; last heard ${heard.hz} Hz, ${Math.round(heard.share * 100)} % of the energy`);
  });
}
