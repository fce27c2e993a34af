// What a new owner does on the first day, by pages alone: a skill, a queue, an agent, a prompt of their own, the menu changed, a call, its recording, who heard it.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, pageHears, startChromium } from "../support/browser.ts";
import { hears, near } from "../support/hearing.ts";
import { landlineHere } from "../support/image.ts";
import { testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { readWav, strongest } from "../support/tones.ts";

const [ownerHz, agentHz, callerHz] = [620, 880, 440];
const email = "nina@example.org";

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
const browsers: Chromium[] = [];
let password = "";

async function opened(name: string, hz: number): Promise<Chromium> {
  const browser = await startChromium(landline.http, landline.folder, name, hz);
  browsers.push(browser);
  return browser;
}

async function signInAs(browser: Chromium, who: string, secret: string): Promise<void> {
  await browser.goto("/sign-in");
  await browser.fill("#email", who);
  await browser.fill("#password", secret);
  await browser.click("button[type=submit]");
  await browser.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
}

const picture = async (name: string, browser: Chromium): Promise<void> => {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await browser.page().screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

await program(
  async () => {
    await landline.start();
    landline.apply(testCentre([ownAddress]));
    const owner = await opened("owner", ownerHz);
    const page = owner.page();
    const save = (): Promise<void> => page.click('.savebar button[data-kind="primary"]');
    await signInAs(owner, "owner@example.org", "correct horse battery");

    await step(
      "a skill, a queue, an agent with both",
      async () => {
        await page.goto(`${landline.http}/admin/skills/new`);
        await page.fill("#name", "Nursing");
        await save();
        await page.waitForSelector('h1 >> text="Nursing"');
        await page.goto(`${landline.http}/admin/queues/new`);
        await page.fill("#name", "Surgery");
        await save();
        await page.waitForSelector('h1 >> text="Surgery"');
        const queuePath = new URL(page.url()).pathname.replace(/\/$/, "");
        await page.goto(`${landline.http}/admin/people/new`);
        await page.fill("#name", "Nina Park");
        await page.fill("#email", email);
        await save();
        await page.waitForSelector("text=First password");
        password = await page.evaluate(
          () => [...document.querySelectorAll("code, .mono")].map((one) => one.textContent ?? "").find((text) => text.length === 16) ?? "",
        );
        expect(password.length === 16, "the first password is told once");
        await page.click('.tabs >> text="Skills"');
        await page.selectOption("select[name^='skill-']:right-of(:text('Nursing'))", "4");
        await save();
        await page.waitForSelector("text=Saved.");
        await page.goto(`${landline.http}${queuePath}/members`);
        await page.selectOption("#user", { label: "Nina Park" });
        await page.click('button[value="member"]');
        await page.waitForSelector('th >> text="Nina Park"');
      },
      { must: true },
    );

    await step("a prompt of their own, recorded in the browser", async () => {
      await page.goto(`${landline.http}/admin/prompts/new`);
      await page.fill("#name", "Opening");
      await save();
      await page.click('.tabs >> text="Sound"');
      await page.click("[data-record]");
      await page.waitForFunction(() => document.querySelector("[data-record-time]")?.textContent === "0:02");
      await page.click("[data-record]");
      await page.waitForSelector("text=Listen to it, then save.");
      await save();
      await page.waitForSelector("text=Callers hear it from the next time");
    });

    await step("the menu says it, and a new key leads to the new queue: by a form, seen before it is saved", async () => {
      const flows = await landline.api<{ entities: { id: string; name: string }[] }>("/api/v2/flows");
      const { id } = flows.entities.find(({ name }) => name === "Main")!;
      await page.goto(`${landline.http}/admin/flows/${id}/steps`);
      const heard = page.locator("select[name='menu.audio']");
      await heard.nth(0).selectOption("Opening");
      await heard.nth(1).selectOption("system.menu");
      await page.selectOption("select[name='menu.to.5']", "new:queue");
      await page.click('button[name="preview"]');
      await page.waitForSelector("#preview");
      const preview = (await page.textContent("#preview")) ?? "";
      expect(preview.includes("Opening → system.menu") && /Main menu, Key 5/.test(preview), preview.slice(0, 300));
      expect(!/Apology|A card of ours/.test(preview), `what was not touched is not said to change: ${preview.slice(0, 600)}`);
      await picture("steps", owner);
      await page.selectOption("select[name='menu-queue.queue']", "Surgery");
      await page.fill("input[name='menu-queue.name']", "To the surgery");
      await save();
      await page.waitForSelector("text=Saved.");
      await page.fill("input[name='menu.timeout']", "0");
      await save();
      await page.waitForSelector("text=At least one second");
      await page.click('.tabs >> text="History"');
      await page.waitForSelector("text=Main");
    });

    const agent = await opened("nina", agentHz);
    let caller!: Baresip;
    await step("the new agent signs in, and takes the call that presses the new key", async () => {
      await signInAs(agent, email, password);
      await goOnQueue(agent);
      caller = new Baresip(join(landline.folder, "caller"), ownAddress, callerHz);
      await caller.ready();
      caller.dial(`sip:100@${ownAddress}:5060`);
      await hears(caller, ownerHz, "the caller hears the new prompt", 20_000);
      caller.press("5");
      await agent.waitFor('#call[data-call-state="alerting"]', 15_000);
      await agent.press("Enter");
      await agent.waitFor('#call[data-call-state="connected"]', 10_000);
      await Promise.all([pageHears(agent, callerHz, "the agent hears the caller"), hears(caller, agentHz, "the caller hears the agent")]);
      await Bun.sleep(2_000);
      caller.hangUp();
      await agent.waitFor('#call[data-call-state="wrapup"], #call[data-call-state="none"]', 10_000);
    });

    await step("the call is found, heard, and who else heard it is seen", async () => {
      await page.goto(`${landline.http}/conversations?period=today`);
      await page.click(".table tbody tr:first-child a");
      await page.waitForSelector("#conversation");
      await eventually("the recording is there", async () => {
        await page.reload();
        return (await page.locator("audio[src]").count()) > 0;
      });
      const wav = Buffer.from(
        await page.evaluate(async () => {
          const source = document.querySelector<HTMLAudioElement>("audio[src]")!.src;
          return [...new Uint8Array(await (await fetch(source)).arrayBuffer())];
        }),
      );
      const { left, right } = readWav(wav);
      expect(near(strongest(left.subarray(4_000, 12_000)).hz, callerHz), "left is the caller");
      expect(near(strongest(right.subarray(4_000, 12_000)).hz, agentHz), "right is the agent");
      await page.reload();
      const listened = (await page.textContent("#conversation")) ?? "";
      expect(/Listened|heard/i.test(listened) && listened.includes("owner"), "who listened is on the page");
      await picture("listened", owner);
    });
  },
  async () => {
    Baresip.quitAll();
    for (const browser of browsers) await browser.quit();
    await landline.stop();
    landline.discard();
  },
);
