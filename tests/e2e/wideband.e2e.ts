// Opus between two browsers and G.722 from a phone to a browser without a change, and both beside G.711; digits of such calls, and by INFO. Phones are baresip, INFO is sipp's.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, pageHears, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { keyPcap } from "../support/key-pcap.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
/** Where phones are: not where the carrier is, as whoever sends from there is the carrier. */
const phoneAddress = "10.77.0.3";
Bun.spawnSync(["ip", "addr", "add", `${phoneAddress}/24`, "dev", "there"]);
const [priyaHz, samHz, callerHz, tomaszHz, adaHz] = [440, 1_000, 1_300, 700, 1_900];
const landline = new Landline(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999"]);
let priya: Chromium;
let sam: Baresip;
let caller: Baresip;
let ada: Baresip;

type Conversation = { readonly id: string; readonly endedAt: number | null };
const newest = async (): Promise<Conversation> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0]!;
let owner: Chromium;
let tomasz: Chromium;
/** Everything that is known of a conversation. */
const wholeOf = (id: string): Promise<string> =>
  owner.evaluate(async (path) => (await fetch(path)).text(), `/conversations/${id}/export.json`);

function centre(): object {
  const plain = testCentre([ownAddress]) as { readonly users: readonly object[] };
  const [first, ...others] = plain.users;
  const phones = [
    { name: "Sam", email: "sam@example.org", extension: "301", phoneNumber: "+441632960301" },
    { name: "Ada", email: "ada@example.org", extension: "302", phoneNumber: "+441632960302" },
  ].map((person) => ({ ...person, roles: ["agent"], phone: true }));
  const [second, ...rest] = others;
  return { ...plain, users: [{ ...first, extension: "201" }, { ...second, extension: "202" }, ...rest, ...phones] };
}

/** The newest conversation is over, and its legs spoke these codecs. */
async function spoke(codecs: string, when: string): Promise<void> {
  await eventually("the call is over", async () => (await newest()).endedAt !== null, 10_000);
  const { id } = await newest();
  type Event = { readonly type: string; readonly payload: { readonly verdict?: { readonly codec: string } } };
  const measured = async (): Promise<string[]> =>
    (JSON.parse(await wholeOf(id)) as { events: Event[] }).events.flatMap(({ type, payload }) =>
      type === "conversation.media.measured" ? [payload.verdict!.codec] : [],
    );
  await eventually(`both legs are measured ${when}`, async () => (await measured()).length === 2);
  const said = (await measured()).toSorted().join();
  expect(said === codecs, `${when}: ${said}`);
}

/** Dials the menu and presses a key of it. */
async function keyLeads(phone: Baresip): Promise<void> {
  const [{ id: before }, answered] = [await newest(), phone.established];
  phone.dial("100");
  await eventually("it is answered", async () => (await newest()).id !== before && phone.established > answered, 10_000);
  phone.press("1");
  const { id } = await newest();
  await eventually("the menu has it", async () => (await wholeOf(id)).includes('"Reason":"Accounts"'), 10_000);
  phone.hangUp();
  await eventually("the call is over", async () => (await newest()).endedAt !== null);
}

/** A call by a scenario of sipp's, to its end. @returns its conversation */
async function played(scenario: string): Promise<string> {
  const path = join(import.meta.dir, `../interop/sipp/${scenario}.xml`);
  const call = [
    "-s",
    "+441632960100",
    "-i",
    ownAddress,
    "-p",
    "5092",
    "-mi",
    ownAddress,
    "-mp",
    "33000",
    "-m",
    "1",
    "-timeout",
    "20",
    "-timeout_error",
  ];
  const sipp = Bun.spawn(["sipp", "-sf", path, "-t", "u1", "-nostdin", ...call, `${ownAddress}:5060`], {
    ...{ stdout: "ignore", stderr: "ignore", cwd: landline.folder },
    env: { ...process.env, TERM: "dumb" },
  });
  expect((await sipp.exited) === 0, "sipp got what it expected");
  await eventually("the call is over", async () => (await newest()).endedAt !== null);
  return (await newest()).id;
}

await program(
  async () => {
    await landline.start();
    const { phones } = landline.apply(centre());
    [priya, tomasz, owner] = await Promise.all([
      startChromium(landline.http, landline.folder, "priya", priyaHz),
      startChromium(landline.http, landline.folder, "tomasz", tomaszHz),
      startChromium(landline.http, landline.folder, "owner", 500),
    ]);
    await Promise.all([signIn(priya, "priya@example.org"), signIn(tomasz, "tomasz@example.org"), signIn(owner, "owner@example.org")]);
    await offerMd5(ownAddress, phoneAddress);
    sam = new Baresip(join(landline.folder, "sam"), phoneAddress, samHz, {
      ...{ device: "there", port: 5_080, rtpPorts: "31000-31199", codec: "g722" },
      account: { ...phones[0]!, registrar: ownAddress, answers: "auto" },
    });
    ada = new Baresip(join(landline.folder, "ada"), phoneAddress, adaHz, {
      ...{ device: "there", port: 5_084, rtpPorts: "31200-31399", codec: "opus" },
      account: { ...phones[1]!, registrar: ownAddress, answers: "auto" },
    });
    caller = new Baresip(join(landline.folder, "caller"), ownAddress, callerHz);
    await eventually("both phones are registered", () => [sam, ada].every(({ log }) => log.includes("200 OK")), 15_000);
    await caller.ready();

    await step(
      "a phone in G.722 calls a browser: both hear, and nothing is transcoded",
      async () => {
        sam.dial("201");
        await priya.waitFor('#call[data-call-state="alerting"]', 10_000);
        await priya.press("Enter");
        await Promise.all([pageHears(priya, samHz, "she hears the phone"), hears(sam, priyaHz, "the phone hears her")]);
        sam.hangUp();
        await spoke("G722,G722", "phone to browser");
      },
      { must: true },
    );

    await step("two browsers speak Opus: both hear, and nothing is transcoded", async () => {
      await priya.fill("#dial", "202");
      await priya.press("Enter");
      await tomasz.waitFor('#call[data-call-state="alerting"]', 10_000);
      await tomasz.press("Enter");
      await Promise.all([pageHears(priya, tomaszHz, "she hears him"), pageHears(tomasz, priyaHz, "he hears her")]);
      await tomasz.press("e");
      await spoke("OPUS,OPUS", "browser to browser");
    });

    await step("a caller in G.711 and a phone that has Opus only hear each other, and its keys lead through a menu", async () => {
      caller.dial(`sip:+441632960302@${ownAddress}:5060`);
      await Promise.all([hears(caller, adaHz, "the caller hears the phone"), hears(ada, callerHz, "the phone hears the caller")]);
      caller.hangUp();
      await spoke("OPUS,PCMU", "caller to phone");
      await keyLeads(ada);
    });

    await step("a caller in G.711 and a phone that has G.722 only hear each other", async () => {
      caller.dial(`sip:+441632960301@${ownAddress}:5060`);
      await Promise.all([hears(caller, samHz, "the caller hears the phone"), hears(sam, callerHz, "the phone hears the caller")]);
      caller.hangUp();
      await spoke("G722,PCMU", "caller to phone");
    });

    await step("a key of a phone in G.722 leads through the menu", () => keyLeads(sam));

    await step("a key told by INFO leads through the menu, and is in no ladder; what else INFO brings is refused", async () => {
      const id = await played("info");
      await eventually("the menu had it, and its ladder is there", async () => {
        const whole = await wholeOf(id);
        return whole.includes('"Reason":"Accounts"') && whole.includes("INFO sip:");
      });
      expect(!(await wholeOf(id)).includes("Signal="), "no digit is in the ladder");
    });

    await step("a key in the voice of a caller who offers no events leads through the menu", async () => {
      writeFileSync(join(landline.folder, "key.pcap"), keyPcap("1"));
      const id = await played("tones");
      await eventually("the menu had it", async () => (await wholeOf(id)).includes('"Reason":"Accounts"'));
    });
  },
  async () => {
    Baresip.quitAll();
    for (const browser of [priya, tomasz, owner]) await browser?.quit().catch(() => undefined);
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
