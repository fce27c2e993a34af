// The demo centre: robots call robots through the compiled binary, are recorded and shown, step back for a person, and are wiped; and the load test.
import { join } from "node:path";
import type { Page } from "playwright-core";
import { hear } from "../../telephony/robots/voice.ts";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, signIn, startChromium } from "../support/browser.ts";
import { landlineHere } from "../support/image.ts";
import { binary, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { readWav } from "../support/tones.ts";

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464", "--demo"]);
let browser: Chromium | null = null;

type Conversation = { id: string; startedAt: number; endedAt: number | null; endReason: string | null; calledNumber?: string };
type Recording = { id: string; state: string; path: string; durationMs: number | null };
const conversations = async (): Promise<Conversation[]> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;

/** What is configured, by the names that the API gives. */
async function names(): Promise<string[]> {
  const paths = [
    "/api/v2/routing/queues",
    "/api/v2/routing/skills",
    "/api/v2/routing/wrapupcodes",
    "/api/v2/users",
    "/api/v2/flows",
  ].concat(["/api/v2/architect/ivrs", "/api/v2/telephony/providers/edges/trunks", "/api/v2/stations"]);
  const lists = await Promise.all(paths.map((path) => landline.api<{ entities: { name: string }[] }>(`${path}?pageSize=100`)));
  return lists.flatMap(({ entities }) => entities.map(({ name }) => name));
}
const isDemo = (name: string): boolean => name.includes("(Demo)");

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.LANDLINE_TEST_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

await program(
  async () => {
    await step("the binary starts with the demo", () => landline.start(), { must: true });
    browser = await startChromium(landline.http, landline.folder, "owner", 700);
    await signIn(browser, "owner@example.org");
    const page = browser.page();
    let recordedId = "";

    await step("the board shows robots at work, and says on the page and above it that this is a demo", async () => {
      await eventually(
        "the demo is loaded, and a badge in the top bar says so",
        async () => {
          await page.goto(`${landline.http}/performance/queues`);
          const badge = await page.$('.topbar a[href="/help/demo"]');
          return (await badge?.textContent())?.trim() === "Demo";
        },
        60_000,
      );
      await page.waitForSelector("#demo-note >> text=/that are up: [1-9]/", { timeout: 60_000 });
      await page.waitForSelector('.agents > li[data-status="INTERACTING"] a >> text=(Demo)', { timeout: 60_000 });
      await picture(page, "demo-board");
    });

    await step("a robot's call was queued, answered by a robot, and recorded with each voice on its own channel", async () => {
      const { id, recording } = await eventually(
        "a recording of a robot's call is sealed",
        async () => {
          for (const { id, endedAt } of await conversations()) {
            if (endedAt === null) continue;
            const { entities } = await landline.api<{ entities: Recording[] }>(`/api/v2/landline/conversations/${id}/recordings`);
            const sealed = entities.find(({ state, durationMs }) => state === "sealed" && (durationMs ?? 0) > 8_000);
            if (sealed !== undefined) return { id, recording: sealed };
          }
          return null;
        },
        180_000,
      );
      recordedId = id;
      await page.goto(`${landline.http}/conversations/${id}`);
      const wav = Buffer.from(
        await page.evaluate(async () => {
          const source = [...document.querySelectorAll("audio")].map((audio) => audio.src)[0]!;
          return [...new Uint8Array(await (await fetch(source)).arrayBuffer())];
        }),
      );
      const { left, right } = readWav(wav);
      const [caller, agent] = [hear(left), hear(right)];
      const enough = recording.durationMs! / 4;
      expect(caller.caller > enough && caller.agent === 0, `left is the caller: ${JSON.stringify(caller)} of ${recording.durationMs} ms`);
      expect(agent.agent > enough && agent.caller === 0, `right is the agent: ${JSON.stringify(agent)} of ${recording.durationMs} ms`);
      expect((await page.textContent("#main"))?.includes("(Demo)"), "the conversation does not name the demo's queue or agent");
      await picture(page, "demo-conversation");
    });

    await step("while a person is on the phone no robot begins a call; afterwards they do again", async () => {
      landline.apply(testCentre([ownAddress]));
      const phone = new Baresip(join(landline.folder, "phone"), ownAddress, 440);
      await Bun.sleep(700);
      phone.dial(`sip:100@${ownAddress}:5060`);
      await eventually("the person's call is answered", () => phone.log.includes("Call established"), 10_000);
      await Bun.sleep(1_000);
      const before = new Set((await conversations()).map(({ id }) => id));
      // There is no event for what does not happen; two or three robots would have come in this time.
      await Bun.sleep(40_000);
      const began = (await conversations()).filter(({ id }) => !before.has(id));
      expect(began.length === 0, `${began.length} calls began beside the person's`);
      phone.hangUp();
      await eventually("a robot calls again", async () => (await conversations()).some(({ id }) => !before.has(id)), 120_000);
      phone.quit();
    });

    await step("wiped beside the running node, nothing of the demo is left but what has happened", async () => {
      expect((await names()).filter(isDemo).length > 30, "the demo is not there at all");
      const happened = (await conversations()).length;
      const { code, out, error } = landline.run(["demo", "wipe"]);
      expect(code === 0, `${error}${out}`);
      expect(out.includes("gone: person Amara Osei (Demo)"), out);
      expect((await names()).filter(isDemo).length === 0, `left: ${(await names()).filter(isDemo).join(", ")}`);
      expect((await names()).includes("Accounts"), "the queue of others went with it");
      expect((await conversations()).length >= happened, "conversations are gone");
      await page.goto(`${landline.http}/performance/queues`);
      expect((await page.$('.topbar a[href="/help/demo"]')) === null, "the badge is still there");
      expect((await page.$("#demo-note")) === null, "the note is still there");
      await page.goto(`${landline.http}/conversations/${recordedId}`);
      expect((await page.$("audio")) !== null, "what has happened cannot be looked at any more");
    });

    await step("loaded again beside the node it is whole; wiped again offline; everything verifies", async () => {
      const loaded = landline.run(["demo", "load"]);
      expect(loaded.code === 0 && loaded.out.includes("made queue Accounts (Demo)"), `${loaded.error}${loaded.out}`);
      expect(landline.run(["demo", "load"]).out.includes("there already"), "it was made twice");
      await landline.stop();
      const wiped = landline.run(["demo", "wipe"]);
      expect(wiped.code === 0, `${wiped.error}${wiped.out}`);
      const verified = landline.run(["verify", "--rows"]);
      expect(verified.code === 0, verified.out);
      expect(!/level=error/.test(landline.log), landline.log.split("\n").find((line) => line.includes("level=error")) ?? "");
    });

    await step("a load test of ten calls ends with none failed", async () => {
      const done = Bun.spawnSync([binary, "loadtest", "--calls", "10", "--minutes", "0.5", "--json"], {
        cwd: join(landline.folder, "empty"),
        env: { PATH: process.env.PATH ?? "" },
      });
      const text = done.stdout.toString();
      expect(done.exitCode === 0, `${done.stderr.toString()}${text}`);
      const result = JSON.parse(text) as { tried: number; answered: number; heardBothWays: number; upMax: number; isGood: boolean };
      expect(result.isGood && result.tried >= 10 && result.upMax === 10, text);
      expect(result.heardBothWays === result.tried && result.answered === result.tried, text);
    });
  },
  async () => {
    Baresip.quitAll();
    await browser?.quit();
    await landline.stop();
    landline.discard();
  },
);
