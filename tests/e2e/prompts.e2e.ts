// A prompt from the admin's microphone to the caller's ear: recorded in the browser, played by a flow, replaced while the centre runs.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, signIn, startChromium } from "../support/browser.ts";
import { landlineHere } from "../support/image.ts";
import { testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { strongest, toneWav } from "../support/tones.ts";

const spokenHz = 620;
const uploadedHz = 910;

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
let browser: Chromium | null = null;

/** A caller dials, and listens until the tone is there. */
async function callerHears(name: string, hz: number): Promise<void> {
  const phone = new Baresip(join(landline.folder, name), ownAddress, 440);
  await phone.ready();
  phone.dial(`sip:100@${ownAddress}:5060`);
  let heard = { hz: 0, share: 0 };
  await eventually(
    `the caller hears ${hz} Hz`,
    () => {
      const samples = phone.heard();
      // Any second of what was heard so far: the prompt is followed by a question to the caller.
      for (let at = 0; at + 4_000 <= samples.length; at += 2_000) {
        heard = strongest(samples.subarray(at, at + 4_000));
        if (Math.abs(heard.hz - hz) <= 12 && heard.share > 0.5) return true;
      }
      return false;
    },
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; last heard ${heard.hz} Hz`);
  });
  phone.hangUp();
  await eventually("the call is over", () => phone.terminated === 1);
  phone.quit();
}

await program(
  async () => {
    await landline.start();
    landline.apply(testCentre([ownAddress]));
    browser = await startChromium(landline.http, landline.folder, "owner", spokenHz);
    await signIn(browser, "owner@example.org");
    const page = browser.page();

    await step("a prompt is made and recorded in the browser, and heard before it is saved", async () => {
      await page.goto(`${landline.http}/admin/prompts/new`);
      await page.fill("#name", "Greeting");
      await page.fill("#description", "Welcome to the surgery");
      await page.click('.savebar button[data-kind="primary"]');
      await page.click('.tabs >> text="Sound"');
      await page.click("[data-record]");
      await page.waitForFunction(() => document.querySelector("[data-record-time]")?.textContent === "0:02");
      await page.click("[data-record]");
      await page.waitForSelector("text=Listen to it, then save.");
      const lasts = await page.evaluate(async () => {
        const preview = document.querySelector<HTMLAudioElement>("[data-record-preview]")!;
        preview.preload = "metadata";
        if (Number.isNaN(preview.duration)) await new Promise((done) => preview.addEventListener("loadedmetadata", done, { once: true }));
        return preview.duration;
      });
      expect(lasts > 1.5 && lasts < 4, `the recording lasts ${lasts} s`);
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Callers hear it from the next time");
      await page.waitForSelector("audio[src*='sound.wav']");
    });

    await step("a flow that plays it says so to the caller", async () => {
      const flows = await landline.api<{ entities: { id: string; name: string }[] }>("/api/v2/flows");
      await page.goto(`${landline.http}/admin/flows/${flows.entities.find((flow) => flow.name === "Main")!.id}`);
      const document = JSON.parse(await page.inputValue("#document")) as { actions: Record<string, { audio?: string[] }> };
      document.actions.menu!.audio = ["Greeting", "system.menu"];
      await page.fill("#document", JSON.stringify(document));
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Saved.");
      await callerHears("first", spokenHz);
    });

    await step("a file takes its place while the centre runs; what is no sound is refused with the reason", async () => {
      await page.goto(`${landline.http}/admin/prompts?name=Greeting`);
      await page.click('.table >> text="Greeting"');
      await page.click('.tabs >> text="Sound"');
      await page.setInputFiles("#audio", {
        name: "letter.wav",
        mimeType: "audio/wav",
        buffer: Buffer.from("This is a letter. ".repeat(9)),
      });
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("#audio-error >> text=not a WAV file");
      await page.setInputFiles("#audio", {
        name: "greeting.wav",
        mimeType: "audio/wav",
        buffer: toneWav(uploadedHz, 3, { onMs: 900, offMs: 100 }, 44_100),
      });
      await page.waitForSelector("text=Listen to it, then save.");
      await page.click('.savebar button[data-kind="primary"]');
      await page.waitForSelector("text=Saved.");
      await callerHears("second", uploadedHz);
    });

    await step("it cannot be deleted while the flow plays it, survives a restart, and everything verifies", async () => {
      const { entities } = await landline.api<{ entities: { name: string }[] }>("/api/v2/architect/prompts?name=Greeting");
      expect(entities.length === 1, "the API does not list it");
      page.on("dialog", (dialog) => void dialog.accept());
      await page.click('.tabs >> text="Settings"');
      await page.click('button[data-kind="danger"]');
      await page.waitForSelector('[role="alert"] >> text=This prompt is in use: Flow “Main”');
      await landline.stop();
      await landline.start();
      await callerHears("third", uploadedHz);
      await landline.stop();
      const { code, out } = landline.run(["verify"]);
      expect(code === 0, out);
    });
  },
  async () => {
    Baresip.quitAll();
    await browser?.quit();
    await landline.stop();
  },
);
