// From an empty directory to a heard call without a phone: set-up in the browser with a code, then customer in one page, agent in another.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { codeAt, stepOf } from "../../core/directory/second-factor.ts";
import { fromBase32 } from "../../core/lib/base32.ts";
import { soundOf, toSamples } from "../support/browser.ts";
import { isSound, near } from "../support/hearing.ts";
import { ContainedLandline, Image, isInImage } from "../support/image.ts";
import { Landline, password } from "../support/landline.ts";
import { lookAround } from "../support/look.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { publishedNetwork } from "../support/published.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";
import { strongest, toneWav } from "../support/tones.ts";

const customerHz = 440;
const agentHz = 700;

await insideNamespace();
/** The same through the image as a desktop runs it, with `--in image`. */
const network = isInImage ? publishedNetwork() : null;
const image = isInImage ? Image.unpack() : null;
const landline =
  image === null
    ? new Landline(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"], false)
    : new ContainedLandline(image, {
        environment: { LANDLINE_PUBLIC_ADDRESS: ownAddress },
        network: network!.command,
        bootstrap: false,
      });
const contexts: BrowserContext[] = [];

/** A browser of its own with a microphone that hums: two people at two desks. */
async function browser(name: string, hz: number): Promise<Page> {
  const hum = join(landline.folder, `microphone-${name}.wav`);
  writeFileSync(hum, toneWav(hz, 12, { onMs: 400, offMs: 200 }, 48_000));
  const context = await chromium.launchPersistentContext(join(landline.folder, `browser-${name}`), {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/London",
    ignoreDefaultArgs: ["--mute-audio"],
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${hum}`],
  });
  contexts.push(context);
  await context.grantPermissions(["microphone"], { origin: landline.http });
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("pageerror", (error) => console.error(`[${name}] ${error}`));
  return page;
}

async function hears(what: string, page: Page, place: string, wanted: number): Promise<void> {
  let last = 0;
  await eventually(
    `${what} hears ${wanted} Hz`,
    async () => {
      last = strongest(toSamples(await page.evaluate(soundOf, place))).hz;
      return near(last, wanted);
    },
    15_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; last heard ${last} Hz`);
  });
}

/** The customer's page plays anything: the menu, before a key is pressed. */
async function hearsSomething(page: Page): Promise<void> {
  await eventually("the customer hears the menu", async () => isSound(toSamples(await page.evaluate(soundOf, "#guest"))));
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** The page as it is, in both sizes and schemes. */
const seen = (page: Page, name: string): Promise<void> => lookAround(page, name, (as) => picture(page, as));

const printed = (): string => /Set up: http:\/\/localhost:8080(\/setup\/\S+)/.exec(landline.log)?.[1] ?? "";
const next = (page: Page): Promise<void> => page.click("main form button[data-kind=primary]");
let secret: Uint8Array = new Uint8Array();
let usedStep = 0;
let recoveryCodes: string[] = [];

await program(
  async () => {
    await landline.start();
    const owner = await browser("owner", agentHz);
    const link = await eventually("the set-up link is printed", printed);

    await step(
      "the link opens the set-up; organisation and owner are given, errors stand beside their fields",
      async () => {
        await owner.goto(`${landline.http}${link}`);
        expect(owner.url() === `${landline.http}/setup/organization`, "the secret is out of the address");
        expect((await owner.inputValue("#timeZone")) === "Europe/London", "the browser's time zone is proposed");
        await next(owner);
        await owner.waitForSelector("#name-error");
        await seen(owner, "setup-organization");
        await owner.fill("#name", "Northmere Health");
        await owner.selectOption("#country", "GB");
        await next(owner);
        await owner.waitForURL(/setup\/owner/);
        await owner.fill("#name", "Ada Northmere");
        await owner.fill("#email", "ada@example.org");
        await owner.fill("#password", "too short");
        await next(owner);
        await owner.waitForSelector("#password-error");
        await seen(owner, "setup-owner");
        expect((await owner.inputValue("#email")) === "ada@example.org", "what was typed is kept");
        await owner.fill("#password", password);
        await next(owner);
        await owner.waitForURL(/setup\/second-factor/);
      },
      { must: true },
    );

    await step("left and resumed: a new visit by the link comes back to the open step", async () => {
      await owner.context().clearCookies();
      expect((await owner.goto(`${landline.http}/setup/owner`))?.status() === 404, "without the cookie there is nothing");
      await owner.goto(`${landline.http}${link}`);
      expect(/setup\/second-factor$/.test(owner.url()), owner.url());
    });

    await step(
      "the second factor: a wrong code is refused, the right one shows ten recovery codes once",
      async () => {
        secret = fromBase32((await owner.textContent(".key")) ?? "")!;
        expect((await owner.locator("svg.qr").count()) === 1, "a QR code");
        await owner.fill("#code", "000000");
        await next(owner);
        await owner.waitForSelector("#code-error");
        await seen(owner, "setup-second-factor");
        usedStep = stepOf(Date.now());
        await owner.fill("#code", codeAt(secret, usedStep));
        await next(owner);
        await owner.waitForSelector(".codes");
        await seen(owner, "setup-codes");
        recoveryCodes = await owner.locator(".codes li").allTextContents();
        expect(new Set(recoveryCodes).size === 10, `${recoveryCodes.length} codes`);
        await owner.click('a[href="/setup"]');
      },
      { must: true },
    );

    await step("the certificate: what is wrong with one is said; this machine alone needs none", async () => {
      await owner.click('input[value="upload"]');
      await owner.fill("#chain", "nonsense");
      await owner.fill("#privateKey", "nonsense");
      await next(owner);
      await owner.waitForSelector("#chain-error");
      await seen(owner, "setup-address");
      await owner.click('input[value="none"]');
      await next(owner);
      await owner.waitForURL(/setup\/network/);
    });

    await step("the network test of this browser: socket, voice and keys are good", async () => {
      for (const name of ["socket", "voice", "encrypted"]) await owner.waitForSelector(`[data-check="${name}"][data-is="good"]`);
      await seen(owner, "setup-network");
      await next(owner);
      await owner.waitForURL(/setup\/recovery/);
    });

    await step("the recovery kit is shown once and asked back", async () => {
      await next(owner);
      const groups = await owner.locator(".groups code").allTextContents();
      await seen(owner, "setup-kit");
      expect(groups.length === 8, `${groups.length} groups`);
      await owner.click("text=I have it on paper");
      expect((await owner.locator(".groups").count()) === 0, "it is not shown again");
      const asked = await owner.locator(".asked input").evaluateAll((inputs) => inputs.map(({ id }) => id));
      expect(asked.length === 3, "three groups are asked");
      const fill = async (of: (index: number) => string): Promise<void> => {
        for (const id of asked) await owner.fill(`#${id}`, of(Number(id.slice("group-".length))));
        await next(owner);
      };
      await fill(() => "AAAA");
      await owner.waitForSelector(".asked .error");
      await seen(owner, "setup-asked");
      await fill((index) => groups[index]!.toLowerCase());
      await owner.waitForURL(/setup\/demo/);
    });

    await step(
      "with the example: the set-up ends, its link is dead, and the owner is at the trial's page",
      async () => {
        await owner.click('input[value="yes"]');
        await seen(owner, "setup-demo");
        await next(owner);
        await owner.waitForURL(/setup\/finish/);
        await seen(owner, "setup-finish");
        await next(owner);
        await seen(owner, "setup-done");
        await owner.click('a[href="/trial"]');
        await owner.waitForSelector("#trial .dial");
        await seen(owner, "trial");
        expect((await fetch(`${landline.http}${link}`, { redirect: "manual" })).status === 404, "the link is dead");
        const cookie = `landline_setup=${link.split("/").at(-1)}`;
        expect((await fetch(`${landline.http}/setup/owner`, { headers: { cookie } })).status === 404, "its pages, too");
      },
      { must: true },
    );

    let guest: Page;
    await step(
      "on queue by the page's button; the customer's page opens in another browser and calls; the menu takes the 2",
      async () => {
        await owner.waitForSelector('[data-softphone-pill][data-state="ready"]', { timeout: 15_000 });
        await owner.click('#trial form[action="/me/presence"] button');
        await owner.waitForSelector('[role="switch"][aria-checked="true"]');
        const opened = owner.context().waitForEvent("page");
        await owner.click('form[action="/trial/call"] button');
        const address = await opened.then(async (page) => {
          await page.waitForURL(/\/call\//);
          const url = page.url();
          await page.close();
          return url;
        });
        expect(Buffer.from(new URL(address).pathname.split("/")[2]!, "base64url").length >= 16, "at least 128 bits");
        guest = await browser("customer", customerHz);
        await guest.goto(address);
        await seen(guest, "guest");
        await guest.click('[data-guest="call"]');
        await guest.waitForSelector('#guest[data-is="up"]', { timeout: 15_000 });
        await hearsSomething(guest);
        await guest.keyboard.press("2");
        await owner.waitForSelector('#call[data-call-state="alerting"]', { timeout: 20_000 });
        await picture(owner, "trial-alerting");
        expect((await owner.textContent("#call"))?.includes("Try it"), "the alert names the queue");
      },
      { must: true },
    );

    await step(
      "the agent answers by one key; each hears the other's tone",
      async () => {
        await owner.bringToFront();
        await owner.keyboard.press("Enter");
        await owner.waitForSelector('#call[data-call-state="connected"]', { timeout: 10_000 });
        await hears("the agent", owner, "#softphone", customerHz);
        await hears("the customer", guest, "#guest", agentHz);
        await seen(guest, "guest-up");
        await seen(owner, "trial-connected");
      },
      { must: true },
    );

    await step("a guest calls once at a time, and nobody else's number", async () => {
      const again = await guest.context().newPage();
      await again.goto(guest.url());
      await again.click('[data-guest="call"]');
      await again.waitForSelector('#guest[data-is="busy"]', { timeout: 10_000 });
      await again.evaluate(() => {
        document.getElementById("guest")!.dataset.number = "+441632960100";
      });
      await again.click('[data-guest="call"]');
      await again.waitForSelector('#guest[data-is="refused"]', { timeout: 10_000 });
      await again.close();
      expect((await owner.getAttribute("#call", "data-call-state")) === "connected", "the call is untouched");
    });

    await step("the customer closes the page in the middle of it: the call ends, and is there to be listened to", async () => {
      await guest.close();
      await owner.waitForSelector('#call[data-call-state="wrapup"]', { timeout: 15_000 });
      await owner.click('#call button[value="Answered"]');
      await owner.waitForSelector('#call[data-call-state="none"]', { timeout: 5_000, state: "attached" });
      await seen(owner, "trial-after");
      await owner.click("text=Open the conversation");
      await owner.waitForSelector("#conversation");
      await owner.waitForSelector("audio", { timeout: 10_000, state: "attached" });
      expect((await owner.textContent("#main"))?.includes("Guest in a browser"), "the conversation says who called");
    });

    await step("one browser is enough: customer and agent in two tabs of it", async () => {
      await owner.click('.rail a[href="/trial"]');
      await owner.waitForSelector("#trial");
      const opened = owner.context().waitForEvent("page");
      await owner.click('form[action="/trial/call"] button');
      const tab = await opened;
      await tab.waitForSelector('[data-guest="call"]');
      await tab.click('[data-guest="call"]');
      await tab.waitForSelector('#guest[data-is="up"]', { timeout: 15_000 });
      await hearsSomething(tab);
      await tab.click('[data-digit="2"]');
      await owner.bringToFront();
      await owner.waitForSelector('#call[data-call-state="alerting"]', { timeout: 20_000 });
      await owner.keyboard.press("Enter");
      await owner.waitForSelector('#call[data-call-state="connected"]', { timeout: 10_000 });
      // Both hear the one microphone of this browser.
      await hears("the agent's tab", owner, "#softphone", agentHz);
      await hears("the customer's tab", tab, "#guest", agentHz);
      await tab.bringToFront();
      await tab.click('[data-guest="end"]');
      await tab.waitForSelector('#guest[data-is="ended"]');
      await owner.waitForSelector('#call[data-call-state="wrapup"]', { timeout: 15_000 });
      await owner.click('#call button[value="Answered"]');
    });

    await step("the next sign-in asks for password and code; the code of the set-up does not count again", async () => {
      const page = await owner.context().newPage();
      await owner.context().clearCookies();
      await page.goto(`${landline.http}/sign-in`);
      await page.fill("#email", "ada@example.org");
      await page.fill("#password", password);
      await page.click("button[type=submit]");
      await page.fill("#code", codeAt(secret, usedStep));
      await page.click("button[type=submit]");
      await page.waitForSelector("#problem");
      await seen(page, "sign-in-code");
      await page.fill("#code", recoveryCodes[3]!);
      await page.click("button[type=submit]");
      await page.waitForSelector(".app #main");
    });

    await step("every act is in the log, and verify finds nothing", async () => {
      const { code, out, error } = landline.run(["verify", "--rows"]);
      expect(code === 0, `${out}${error}`);
    });
  },
  async () => {
    for (const context of contexts) await context.close();
    await landline.stop();
    network?.close();
    image?.discard();
    if (!hasFailed()) landline.discard();
    else console.error(landline.log.split("\n").slice(-12).join("\n"));
  },
);
