// Beside another PBX, a real Kamailio with a phone behind it: its extensions and ours are dialled from both sides, either is asked first, and no call goes round.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { lookAround } from "../support/look.ts";
import { insideNamespace, otherAddress, ownAddress, resolveBy } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
const phoneAddress = "10.77.0.3";
Bun.spawnSync(["ip", "addr", "add", `${phoneAddress}/24`, "dev", "there"]);
const [priyaHz, samHz, oldHz] = [440, 700, 1_000];
const landline = new Landline(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999"], true, {
  provokes: [/emergency number dialled and refused/],
});
const oldPhone = { at: `${otherAddress}:5070`, name: "Ruth" };
// Of the people here it has Sam (301) and Ada (302) still; 305 it sends back to us, as nobody has it.
const there = { address: otherAddress, leadsTo: `${ownAddress}:5060`, sendsBack: ["305"] };
const pbx = new Kamailio(join(landline.folder, "pbx"), { ...there, extensions: { "300": oldPhone, "301": oldPhone, "302": oldPhone } });
// Kamailio asks for the name of its address before it is there.
const zone = nameServer(otherAddress);
let priya: Baresip;
let sam: Baresip;
let ruth: Baresip;
let owner: Chromium;

/** Priya and Sam have a phone here, Ada's is not plugged in. */
function centre(trunk: object): object {
  const plain = testCentre([]) as { readonly users: readonly object[] };
  const [first, ...others] = plain.users;
  const one = (name: string, extension: string): object => ({
    ...{ name, email: `${name.toLowerCase()}@example.org`, roles: ["agent"], extension, phone: true },
  });
  return {
    ...plain,
    users: [{ ...first, extension: "201", phone: true }, ...others, one("Sam", "301"), one("Ada", "302")],
    trunks: [{ name: "Old PBX", proxies: [otherAddress], extensionRanges: [{ start: "300", end: "399" }], ...trunk }],
    sites: [{ name: "Leeds", country: "GB" }],
  };
}

type Conversation = { readonly id: string; readonly endReason: string | null };
type Trunk = { readonly id: string; readonly inService: boolean; readonly extensionRanges: readonly { start: string; end: string }[] };
type Logged = { readonly type: string; readonly payload: Record<string, unknown> };
const conversations = async (): Promise<readonly Conversation[]> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;
const trunk = async (): Promise<Trunk> =>
  (await landline.api<{ entities: Trunk[] }>("/api/v2/telephony/providers/edges/trunks")).entities[0]!;
const events = async (id: string): Promise<readonly Logged[]> => {
  const page = await owner.evaluate(async (path: string) => (await fetch(path)).text(), `/conversations/${id}/export.json`);
  return (JSON.parse(page) as { events: Logged[] }).events;
};
const incoming = (phone: Baresip): number => phone.log.split("Incoming call").length;

/** It rings there and nowhere else among `silent`; answered, heard both ways, and over. Returns the conversation. */
async function talk(
  caller: readonly [Baresip, number],
  called: readonly [Baresip, number],
  number: string,
  silent: readonly Baresip[],
): Promise<string> {
  const [from, fromHz] = caller;
  const [to, toHz] = called;
  const rung = [to, ...silent].map(incoming);
  from.dial(number);
  await eventually(`${number} rings`, () => incoming(to) > rung[0]!, 15_000);
  to.accept();
  await Promise.all([hears(from, toHz, `who calls ${number} hears`), hears(to, fromHz, `who is called as ${number} hears`)]);
  expect(
    silent.every((phone, n) => incoming(phone) === rung[n + 1]),
    "another phone rang, too",
  );
  const over = [from.terminated, to.terminated];
  from.hangUp();
  await eventually("the call is over", () => from.terminated > over[0]! && to.terminated > over[1]!);
  return (await conversations())[0]!.id;
}

/** Refused before anything rings; returns the conversations that came of it, the newest first. */
async function refused(caller: Baresip, number: string, status: number): Promise<readonly Conversation[]> {
  const before = new Set((await conversations()).map(({ id }) => id));
  const heard = (): number => caller.log.split(`${status} `).length;
  const [told, rung] = [heard(), [priya, sam, ruth].map(incoming)];
  caller.dial(number);
  await eventually(`${number} is refused with ${status}`, () => heard() > told, 15_000);
  expect([priya, sam, ruth].map(incoming).join() === rung.join(), "a phone rang all the same");
  let fresh: readonly Conversation[] = [];
  await eventually("it is in the log", async () => {
    fresh = (await conversations()).filter(({ id }) => !before.has(id));
    return fresh.length > 0 && fresh.every(({ endReason }) => endReason !== null);
  });
  return fresh;
}

const whyRefused = async ({ id }: Conversation): Promise<unknown> =>
  (await events(id)).find(({ type }) => type === "conversation.rejected")?.payload.why;
const toUs = (extension: string): string => `sip:${extension}@${otherAddress}:5060`;

await program(
  async () => {
    resolveBy(otherAddress, landline.folder);
    await pbx.start();
    await landline.start();
    const { phones } = landline.apply(centre({}));
    owner = await startChromium(landline.http, landline.folder, "owner", 500);
    await signIn(owner, "owner@example.org");
    await offerMd5(ownAddress, phoneAddress);
    const desk = (name: string, hz: number, n: number): Baresip =>
      new Baresip(join(landline.folder, name), phoneAddress, hz, {
        ...{ device: "there", port: 5_080 + 10 * n, rtpPorts: `3${n}000-3${n}199` },
        account: { ...phones[n]!, registrar: ownAddress, answers: "manual" },
      });
    priya = desk("priya", priyaHz, 0);
    sam = desk("sam", samHz, 1);
    ruth = new Baresip(join(landline.folder, "ruth"), otherAddress, oldHz, {
      ...{ device: "there", displayName: "Ruth", rtpPorts: "32000-32199" },
      numbers: ["300", "301", "302"],
    });
    await eventually("both are registered", () => priya.log.includes("200 OK") && sam.log.includes("200 OK"), 15_000);
    await ruth.ready();

    await step(
      "an extension of the other PBX is dialled as one of ours, without site, route or right; it is told extension and name",
      async () => {
        await talk([priya, priyaHz], [ruth, oldHz], "300", [sam]);
        expect(/300 wanted by 201 called "?Priya Nair"? from 10\.77\.0\.1/.test(pbx.log), pbx.log.slice(-300));
      },
      { must: true },
    );

    await step("somebody there dials one of ours, and is known here by extension and name", async () => {
      const id = await talk([ruth, oldHz], [priya, priyaHz], toUs("201"), [sam]);
      const started = (await events(id)).find(({ type }) => type === "conversation.started")!.payload;
      expect(started.callerNumber === "300" && started.callerName === "Ruth", `${started.callerNumber} ${started.callerName}`);
    });

    await step("here first: who is here is rung, and who is here without a phone that is there is found on the other PBX", async () => {
      await talk([priya, priyaHz], [sam, samHz], "301", [ruth]);
      const id = await talk([priya, priyaHz], [ruth, oldHz], "302", [sam]);
      const dialled = (await events(id)).filter(({ type }) => type === "conversation.dialled").map(({ payload }) => payload.purpose);
      expect(dialled.join() === "user,external", dialled.join());
    });

    await step("there first: who is there is rung, and here from the moment when they are deleted there", async () => {
      landline.apply(centre({ extensionsFirst: "there" }));
      await talk([priya, priyaHz], [ruth, oldHz], "301", [sam]);
      await pbx.stop();
      pbx.becomes({ ...there, extensions: { "300": oldPhone } });
      await pbx.start();
      await eventually("the other PBX is alive", async () => (await trunk()).inService, 40_000);
      const id = await talk([priya, priyaHz], [sam, samHz], "301", [ruth]);
      const failed = (await events(id)).find(({ type }) => type === "conversation.path.failed");
      expect(failed?.payload.sipStatus === 404, JSON.stringify(failed));
    });

    await step("a call that came by the tie line does not go back by it: a loop is refused in words, from either side", async () => {
      const [fromThere] = await refused(ruth, toUs("305"), 404);
      expect((await whyRefused(fromThere!)) === "a loop: it came by “Old PBX” and would go back by it", "said so");
      const both = await refused(priya, "305", 404);
      expect(both.length === 2, `${both.length} conversations`);
      const whys = await Promise.all(both.map(whyRefused));
      expect(
        whys.some((why) => /^a loop/.test(String(why))),
        JSON.stringify(whys),
      );
    });

    await step("help is not called by the tie line: nobody knows where that caller is", async () => {
      const [call] = await refused(ruth, toUs("999"), 403);
      expect(/nobody's place is known/.test(String(await whyRefused(call!))), "said so");
    });

    await step("a call is passed on to an extension there, and the two hear each other", async () => {
      const rung = [incoming(sam), incoming(ruth), incoming(priya)];
      sam.dial("201");
      await eventually("it rings", () => incoming(priya) > rung[2]!, 10_000);
      const before = priya.established;
      priya.accept();
      await eventually("they talk", () => priya.established > before, 10_000);
      sam.transfer(`sip:300@${ownAddress}`);
      await eventually("it rings there", () => incoming(ruth) > rung[1]!, 15_000);
      ruth.accept();
      await Promise.all([hears(priya, oldHz, "who stays hears"), hears(ruth, priyaHz, "who has the call now hears")]);
      expect(incoming(sam) === rung[0], "it came back");
      ruth.hangUp();
      await eventually("it is over", async () => (await conversations())[0]!.endReason !== null);
    });

    await step("the trunk's form has the ranges, and says what is wrong with one", async () => {
      const { id, extensionRanges } = await trunk();
      expect(extensionRanges.map(({ start, end }) => `${start}-${end}`).join() === "300-399", JSON.stringify(extensionRanges));
      await owner.goto(`/admin/trunks/${id}`);
      await lookAround(owner.page(), "tie-line", async (picture) => {
        const folder = process.env.LANDLINE_TEST_PICTURES;
        await owner.evaluate(() => document.querySelector('[name="extensionRanges"]')!.scrollIntoView({ block: "center" }));
        if (folder !== undefined) await owner.page().screenshot({ path: join(folder, `${picture}.png`) });
      });
      await owner.fill('[name="extensionRanges"]', "399-300");
      await owner.click('#main form button[data-kind="primary"]');
      await eventually("it is said", async () => /has as many digits as the first/.test(await owner.text("#main")));
    });
  },
  async () => {
    Baresip.quitAll();
    await pbx.stop();
    zone.kill();
    await owner?.quit().catch(() => undefined);
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
