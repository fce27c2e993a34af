// Calls without a queue: from browser to browser and phone, held, passed on at once and after a word, into a queue and out of one, from outside.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import {
  type Browser,
  type Chromium,
  goOnQueue,
  pageHears,
  signIn,
  soundOf,
  startChromium,
  tapLoudspeaker,
  toSamples,
} from "../support/browser.ts";
import { hears, isSound, near } from "../support/hearing.ts";
import { landlineHere } from "../support/image.ts";
import { password, testCentre } from "../support/landline.ts";
import { lookAt, pictureOf } from "../support/look.ts";
import { blockUdp, insideNamespace, otherAddress, ownAddress } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { strongest } from "../support/tones.ts";

await insideNamespace();
const phoneAddress = otherAddress;
const landline = landlineHere([...["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]]);
const [priyaHz, tomaszHz, carolHz, callerHz] = [440, 700, 1_000, 1_300];
const browsers: Chromium[] = [];
let priya: Chromium;
let priyaId: string;
let tomasz: Chromium;
let carol: Baresip;

type Centre = { readonly users: readonly object[] } & Readonly<Record<string, unknown>>;
type Conversation = { readonly id: string; readonly endedAt: number | null; readonly endReason: string | null };

/** The test centre, with extensions, and somebody who has a desk phone. */
function centre(): object {
  const plain = testCentre([ownAddress]) as Centre;
  const [first, second, ...others] = plain.users;
  const phone = { name: "Carol Okafor", email: "carol@example.org", roles: ["agent"], extension: "203", phone: true };
  return {
    ...plain,
    users: [{ ...first, extension: "201", phoneNumber: "+441632960201" }, { ...second, extension: "202" }, phone, ...others],
  };
}

const newest = async (): Promise<Conversation> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0]!;

/** The one before has ended, everywhere, as it should. */
async function ended(reason: string): Promise<void> {
  await eventually(
    `the conversation ends as ${reason}`,
    async () => {
      const { endedAt, endReason } = await newest();
      if (endReason !== null && endReason !== reason) throw new Error(`it ended as ${endReason}`);
      return endedAt !== null;
    },
    10_000,
  );
  for (const browser of browsers) await browser.waitFor('#call[data-call-state="none"]', 5_000);
}

type Sound = { readonly mos: number; readonly mosMin: number };
type Whole = {
  readonly events: readonly { readonly type: string; readonly payload: { readonly cause?: string; readonly direction?: string } }[];
  readonly media: readonly { readonly verdict: { readonly codec: string; readonly from: Sound | null; readonly to: Sound | null } }[];
};

/** Everything that is known of a conversation, as a supervisor takes it along. */
async function wholeOf(id: string): Promise<Whole> {
  supervisor ??= await cookieOf("gareth@example.org");
  return (await (await fetch(`${landline.http}/conversations/${id}/export.json`, { headers: { cookie: supervisor } })).json()) as Whole;
}

let supervisor: string | null = null;
async function cookieOf(email: string): Promise<string> {
  const body = new URLSearchParams({ email, password });
  const answer = await fetch(`${landline.http}/sign-in`, { method: "POST", redirect: "manual", headers: { origin: landline.http }, body });
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** What the dock says of the sound; empty: nothing. */
const saidOfSound = (browser: Browser): Promise<string> =>
  browser.evaluate(() => document.querySelector<HTMLElement>("#call > .sound p")?.textContent ?? "");

/** Until the dock says so. Silence is recognised in five seconds; half of one is the way to the page. */
async function saysOfSound(browser: Browser, sentence: RegExp, sinceAt: number): Promise<void> {
  await eventually(`${sentence} is said`, async () => sentence.test(await saidOfSound(browser)), 10_000).catch(async (error: Error) => {
    throw new Error(`${error.message}; it says “${await saidOfSound(browser)}”`);
  });
  const afterMs = Date.now() - sinceAt;
  expect(afterMs <= 5_500, `it is said after ${afterMs} ms only`);
}

const saysNothing = (browser: Browser): Promise<unknown> =>
  eventually("nothing is said of the sound", async () => (await saidOfSound(browser)) === "", 4_000);

async function dial(browser: Browser, number: string): Promise<void> {
  await browser.fill("#dial", number);
  await browser.press("Enter");
}

async function answer(browser: Browser, from: string): Promise<void> {
  await browser.waitFor('#call[data-call-state="alerting"]', 10_000);
  await pictureOf(browser, "rings");
  expect((await browser.text("#alerting")) === from, `it says who calls: ${await browser.text("#alerting")}`);
  await browser.press("Enter");
  await browser.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
}

const together = (a: Browser, b: Browser, when: string): Promise<unknown> =>
  Promise.all([pageHears(a, b.hz, `one hears ${when}`), pageHears(b, a.hz, `the other hears ${when}`)]);

const withPhone = (browser: Browser, phone: Baresip, phoneHz: number, when: string): Promise<unknown> =>
  Promise.all([pageHears(browser, phoneHz, `the browser hears ${when}`), hears(phone, browser.hz, `the phone hears ${when}`)]);

/** Sound that is nobody's voice: music. */
async function hearsMusic(browser: Browser, voices: readonly number[]): Promise<void> {
  await eventually("music", async () => {
    const samples = toSamples(await browser.evaluate(soundOf, "#softphone"));
    return isSound(samples) && voices.every((hz) => !near(strongest(samples).hz, hz));
  });
}

async function passOn(
  browser: Browser,
  how: "consult" | "transfer",
  to: { readonly number?: string; readonly queue?: string },
): Promise<void> {
  await browser.press("t");
  await browser.waitFor("#transfer:popover-open", 5_000);
  await pictureOf(browser, "transfer");
  if (to.number !== undefined) await browser.fill("#transfer-to", to.number);
  if (to.queue !== undefined) {
    await browser.evaluate((name) => {
      const select = document.querySelector<HTMLSelectElement>("#transfer-queue")!;
      select.value = [...select.options].find((option) => option.text === name)!.value;
    }, to.queue);
  }
  await browser.click(`#transfer button[value="${how}"]`);
}

await program(
  async () => {
    await landline.start();
    const { phones } = landline.apply(centre());
    const { username, secret } = phones[0]!;
    await offerMd5(ownAddress, phoneAddress);
    carol = new Baresip(join(landline.folder, "carol"), phoneAddress, carolHz, {
      account: { username, secret, registrar: ownAddress, answers: "manual" },
      rtpPorts: "30000-30499",
      device: "there",
    });
    for (const [name, hz] of [
      ["priya", priyaHz],
      ["tomasz", tomaszHz],
    ] as const) {
      const browser = await startChromium(landline.http, landline.folder, name, hz);
      browsers.push(browser);
      await browser.page().addInitScript(tapLoudspeaker);
      await signIn(browser, `${name}@example.org`);
    }
    [priya, tomasz] = browsers as [Chromium, Chromium];
    const { entities } = await landline.api<{ entities: { id: string; name: string }[] }>("/api/v2/users?pageSize=100");
    priyaId = entities.find(({ name }) => name === "Priya Nair")!.id;
    await eventually("the desk phone is registered", () => carol.log.includes("200 OK"), 10_000);

    await step(
      "a colleague is called by extension, sees who it is, and both hear each other",
      async () => {
        await dial(priya, "202");
        await priya.waitFor('#call[aria-label="Calling"]', 10_000);
        await pictureOf(priya, "calling");
        // The organisation has said no country: what the ITU recommends.
        await pageHears(priya, 425, "she hears it ring", 10_000, "#tapped");
        await answer(tomasz, "Priya Nair");
        await together(priya, tomasz, "after the answer");
        expect((await priya.text("#call .party strong")) === "Tomasz Zieliński", "she sees whom she talks to");
      },
      { must: true },
    );

    await step("either puts the other on hold, who hears music", async () => {
      await priya.press("h");
      await hearsMusic(tomasz, [priyaHz, tomaszHz]);
      await priya.press("h");
      await together(priya, tomasz, "after hold");
    });

    await step("whoever is on the phone is offered no call of a queue", async () => {
      const { status } = await landline.api<{ status: string }>(`/api/v2/users/${priyaId}/routingstatus`);
      expect(status === "COMMUNICATING", `her routing status is ${status}`);
    });

    await step("a third is asked first, on a desk phone, and left with the one who waited", async () => {
      await passOn(priya, "consult", { number: "203" });
      await hearsMusic(tomasz, [priyaHz, tomaszHz]);
      await eventually("the desk phone rings", () => carol.log.includes("Incoming call"), 10_000);
      carol.accept();
      await withPhone(priya, carol, carolHz, "during the question");
      await pictureOf(priya, "consult");
      await hearsMusic(tomasz, [priyaHz, tomaszHz, carolHz]);
      await priya.click('#call form[action$="/complete-transfer"] button');
      await priya.waitFor('#call[data-call-state="none"]', 10_000);
      await withPhone(tomasz, carol, carolHz, "after the transfer");
      expect((await tomasz.text("#call .party strong")) === "Carol Okafor", "he sees whom he talks to now");
      carol.hangUp();
      await ended("party-hung-up");
    });

    await step("a desk phone calls a browser, which declines", async () => {
      carol.dial(`sip:201@${ownAddress}:5060`);
      await priya.waitFor('#call[data-call-state="alerting"]', 10_000);
      await priya.press("d");
      await ended("declined");
      await eventually("the phone is told", () => carol.log.includes("603"), 5_000);
    });

    await step("a program holds a call, lets it go on and ends it, and passes it on to nobody without harm", async () => {
      await dial(priya, "202");
      await answer(tomasz, "Priya Nair");
      const { id } = await newest();
      const path = `/api/v2/conversations/calls/${id}`;
      type Call = { participants: { id: string; user: { id: string }; purpose: string; state: string; held: boolean }[] };
      const call = await landline.api<Call>(path);
      const states = call.participants.map(({ purpose, state }) => `${purpose} ${state}`).join(", ");
      expect(states === "user connected, user connected", states);
      const hers = call.participants.find(({ user }) => user.id === priyaId)!;
      const one = `${path}/participants/${hers.id}`;
      await landline.api(one, { method: "PATCH", body: { held: true } });
      await eventually("it is held", async () => (await landline.api<Call>(path)).participants.some(({ held }) => held));
      await hearsMusic(tomasz, [priyaHz, tomaszHz]);
      await landline.api(one, { method: "PATCH", body: { held: false } });
      await together(priya, tomasz, "after the program let it go on");
      const refused = await landline
        .api(`${one}/replace`, { method: "POST", body: { address: "299" } })
        .catch((error: Error) => error.message);
      expect(/400 .*nobody's number/.test(String(refused)), String(refused));
      await landline.api(one, { method: "PATCH", body: { state: "disconnected" } });
      await eventually("it has ended", async () => (await newest()).endedAt !== null);
      for (const browser of browsers) await browser.waitFor('#call[data-call-state="none"]', 5_000);
    });

    await step("a number that is nobody's is said to be that, and leaves nothing behind", async () => {
      const { id } = await newest();
      await dial(priya, "299");
      await eventually("it is said", async () =>
        /no such number/.test(await priya.evaluate(() => document.querySelector(".toast")?.textContent ?? "")),
      );
      await eventually("it is in the log", async () => (await newest()).id !== id);
      await ended("rejected");
    });

    await step("a desk phone passes its call on by a key of its own", async () => {
      carol.dial(`sip:201@${ownAddress}:5060`);
      await answer(priya, "Carol Okafor");
      await withPhone(priya, carol, carolHz, "before the transfer");
      carol.transfer(`sip:202@${ownAddress}`);
      // Who stays in the call is who now calls them.
      await answer(tomasz, "Priya Nair").catch(async (error: Error) => {
        throw new Error(`${error.message}; the phone says ${carol.log.slice(-300).replaceAll("\n", " / ")}`);
      });
      await together(priya, tomasz, "after the phone's transfer");
      await priya.press("e");
      await eventually("the call has ended", async () => (await newest()).endedAt !== null);
      for (const browser of browsers) await browser.waitFor('#call[data-call-state="none"]', 5_000);
    });

    const caller = new Baresip(join(landline.folder, "caller"), ownAddress, callerHz);
    await caller.ready();

    await step(
      "a firewall that lets a caller's sound not in is told in five seconds, with its cause, and no more when it is open",
      async () => {
        const open = blockUdp("30000-30999", "20000-20999");
        try {
          caller.dial(`sip:+441632960201@${ownAddress}:5060`);
          await answer(priya, "Margaret Ellison");
          await saysOfSound(priya, /^You cannot hear Margaret Ellison\. Nothing has arrived from 10\.77\.0\.1:30\d+ since/, Date.now());
          await lookAt(priya, "not-heard");
          await priya.click(".card[data-live]");
          await priya.waitFor("#media .note", 5_000);
          await lookAt(priya, "not-heard-conversation");
        } finally {
          open();
        }
        await saysNothing(priya);
        await withPhone(priya, caller, callerHz, "after the firewall opened");
        await eventually("the page has nothing to say either", () => priya.evaluate(() => document.querySelector("#media .note") === null));
      },
    );

    await step(
      "a phone whose network is gone is told in five seconds, until it is back; the figures stay with the conversation",
      async () => {
        const frozenAt = Date.now();
        caller.freeze();
        await saysOfSound(priya, /^You cannot hear Margaret Ellison\. Nothing arrives from 10\.77\.0\.\d:30\d+ any more/, frozenAt);
        caller.thaw();
        await saysNothing(priya);
        await withPhone(priya, caller, callerHz, "after the phone is back");
        await eventually("the page shows scores", () =>
          priya.evaluate(() => /[34]\.\d/.test(document.querySelector("#media")?.textContent ?? "")),
        );
        caller.hangUp();
        await ended("customer-hung-up");
        const { id } = await newest();
        const { events, media } = await wholeOf(id);
        const told = events
          .filter(({ type }) => /media\.(silent|heard)/.test(type))
          .map(({ type, payload }) => `${type} ${payload.cause ?? ""}`);
        const silent = "conversation.media.silent";
        const wanted = [`${silent} never-came`, "conversation.media.heard ", `${silent} stopped`, "conversation.media.heard "];
        expect(told.join() === wanted.join(), told.join());
        // What the frozen phone was late with counts as delay: its worst is bad.
        const sounds = media.map(({ verdict }) => verdict.from?.mosMin ?? 0);
        expect(media.length === 2 && sounds.every((mos) => mos >= 1) && Math.max(...sounds) > 4, JSON.stringify(media));
        expect(
          media.some(({ verdict }) => (verdict.to?.mos ?? 0) > 4),
          `the far end reports nothing: ${JSON.stringify(media)}`,
        );
        await priya.goto(`/conversations/${id}`);
        await lookAt(priya, "was-not-heard");
        await priya.goto("/");
        await priya.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
      },
    );

    await step("somebody outside reaches a person by their direct number, and is passed on at once", async () => {
      caller.dial(`sip:+441632960201@${ownAddress}:5060`);
      await answer(priya, "Margaret Ellison");
      await withPhone(priya, caller, callerHz, "from outside");
      await passOn(priya, "transfer", { number: "202" });
      await priya.waitFor('#call[data-call-state="none"]', 10_000);
      await hears(caller, 425, "the caller hears it ring");
      await answer(tomasz, "Margaret Ellison");
      await withPhone(tomasz, caller, callerHz, "after the transfer");
    });

    await step("and into a queue, out of which an agent takes them", async () => {
      await goOnQueue(priya);
      await passOn(tomasz, "transfer", { queue: "Service" });
      await tomasz.waitFor('#call[data-call-state="none"]', 10_000);
      await answer(priya, "Margaret Ellison");
      await withPhone(priya, caller, callerHz, "out of the queue");
    });

    await step("the agent passes the call of a queue on; nobody answers, and it is back in the queue", async () => {
      await passOn(priya, "transfer", { number: "202" });
      await priya.waitFor('#call[data-call-state="wrapup"]', 10_000);
      await priya.click('#call button[value="Passed on"]');
      await tomasz.waitFor('#call[data-call-state="alerting"]', 10_000);
      await tomasz.press("d");
      await answer(priya, "Margaret Ellison");
      await withPhone(priya, caller, callerHz, "again");
      caller.hangUp();
      await priya.waitFor('#call[data-call-state="wrapup"]', 10_000);
      await priya.click('#call button[value="Answered"]');
      await ended("customer-hung-up");
    });

    await step("no other call was said to be silent: not on hold, not while it rang, not while it was passed on", async () => {
      const { entities } = await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations?pageSize=100");
      const alarms: string[] = [];
      for (const { id } of entities) {
        const { events } = await wholeOf(id);
        alarms.push(...events.filter(({ type }) => type === "conversation.media.silent").map(({ payload }) => JSON.stringify(payload)));
      }
      expect(entities.length > 5 && alarms.length === 2, alarms.join(" "));
    });

    await step("the whole story is in the log, which verifies", async () => {
      const { id } = await newest();
      const whole = await landline.api<{ participants: { purpose: string }[] }>(`/api/v2/conversations/${id}`);
      const purposes = whole.participants.map(({ purpose }) => purpose);
      for (const purpose of ["external", "user", "acd", "agent"])
        expect(purposes.includes(purpose), `${purpose} is among ${purposes.join(" ")}`);
      const { code, out } = landline.run(["verify", "--rows"]);
      expect(code === 0, `verify: ${out}`);
    });
  },
  async () => {
    Baresip.quitAll();
    for (const browser of browsers) await browser.quit();
    await landline.stop();
    landline.discard();
  },
);
