// Behind a border: a real Kamailio stays in every dialog between us and a phone, linphonec and a carrier; then all that over a network that loses, delays, reorders and doubles.
import { join } from "node:path";
import type { MediaVerdict } from "../../core/call/call-control.ts";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, pageHears, signIn, startChromium } from "../support/browser.ts";
import { Desk } from "../support/desk.ts";
import { hears, hearsOther } from "../support/hearing.ts";
import { carrierHost, Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { Linphone } from "../support/linphone.ts";
import { insideNamespace, otherAddress, ownAddress, resolveBy, type Suffered, spoilUdp } from "../support/namespace.ts";
import { offerMd5, RawSip } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
const [phoneSide, phoneAddress, carrierAddress] = ["10.77.0.5", "10.77.0.3", "10.77.0.4"];
for (const address of [phoneSide, phoneAddress, carrierAddress]) Bun.spawnSync(["ip", "addr", "add", `${address}/24`, "dev", "there"]);
// The firewall in front of us: SIP comes from the border, or not at all.
for (const address of [phoneAddress, carrierAddress])
  for (const protocol of ["udp", "tcp"])
    Bun.spawnSync(["iptables", "-I", "INPUT", "-p", protocol, "-s", address, "--dport", "5060:5061", "-d", ownAddress, "-j", "DROP"]);
const [priyaHz, samHz, outsideHz, linHz] = [440, 700, 1_000, 1_300];
const options = ["--sip", `${ownAddress}:5060`, "--sip-tls", `${ownAddress}:5061`, "--rtp-ports", "20000-20999"];
const landline = new Landline(options);
const between = { address: otherAddress, phoneSide, carrier: `${carrierAddress}:5070`, leadsTo: `${ownAddress}:5060`, byTls: false };
const border = new Kamailio(join(landline.folder, "border"), between);
options.push("--trunk-ca", border.ca);
const zone = nameServer(otherAddress);
const number = "+442079460018";
let sam: Baresip;
let outside: Baresip;
let lin: Linphone;
let priya: Chromium;

function centre(byTls: boolean): object {
  const plain = testCentre([]) as { readonly users: readonly object[] };
  const [first, ...others] = plain.users;
  const phone = (name: string, extension: string): object => ({
    ...{ name, email: `${name.toLowerCase()}@example.org`, roles: ["agent"], extension, phoneNumber: `+441632960${extension}`, phone: {} },
  });
  return {
    ...plain,
    users: [{ ...first, extension: "201", phoneNumber: "+441632960201" }, ...others, phone("Sam", "301"), phone("Lin", "302")],
    trunks: [{ name: "Carrier", ...(byTls ? { proxies: [`${carrierHost}:5061`], transport: "TLS" } : { proxies: [otherAddress] }) }],
    sites: [{ name: "Leeds", country: "GB", callerId: "+441632960000", callerName: "First Bank" }],
    outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Carrier"], classifications: ["National"] }],
  };
}

type Conversation = { readonly id: string; readonly endReason: string | null };
const conversations = async (): Promise<readonly Conversation[]> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;
const incoming = (phone: Baresip): number => phone.log.split("Incoming call").length;
/** How many requests of a kind went through the border within a dialog, from us or to us. */
const within = (method: string, from: "us" | "them"): number =>
  border.log
    .split("\n")
    .filter((line) => line.includes(`${method} within from `) && line.includes(`from ${ownAddress} `) === (from === "us")).length;

async function rings(phone: Baresip, what: string, call: () => unknown): Promise<void> {
  const before = incoming(phone);
  await call();
  await eventually(`${what} rings`, () => incoming(phone) > before, 20_000);
}

async function established(phones: readonly Baresip[], act: () => unknown): Promise<void> {
  const before = phones.map((phone) => phone.established);
  await act();
  await eventually("they talk", () => phones.every((phone, n) => phone.established > before[n]!), 20_000);
}

/** Both phones are told that it is over, and the centre knows. */
async function ends(phones: readonly Baresip[], act: () => unknown): Promise<void> {
  const before = phones.map((phone) => phone.terminated);
  await act();
  await eventually("the phones' calls are over", () => phones.every((phone, n) => phone.terminated > before[n]!), 20_000);
  await eventually("no conversation is left", async () => (await conversations()).every(({ endReason }) => endReason !== null), 20_000);
}

const bothHear = (a: Baresip, aHz: number, b: Baresip, bHz: number, when: string): Promise<unknown> =>
  Promise.all([hears(a, bHz, `who calls hears ${when}`), hears(b, aHz, `who is called hears ${when}`)]);

/** The page dials outside, is heard, and hangs up. */
async function pageCallsOut(when: string): Promise<void> {
  await rings(outside, "the carrier's phone", async () => {
    await priya.fill("#dial", "020 7946 0018");
    await priya.press("Enter");
  });
  await established([outside], () => outside.accept());
  await priya.waitFor('#call[data-call-state="connected"]', 10_000);
  await Promise.all([pageHears(priya, outsideHz, `the page hears them ${when}`), hears(outside, priyaHz, `they hear the page ${when}`)]);
  await ends([outside], () => priya.press("e"));
  await priya.waitFor('#call[data-call-state="none"]', 10_000);
}

await program(
  async () => {
    resolveBy(otherAddress, landline.folder);
    await Promise.all([border.start(), landline.start()]);
    const { phones } = landline.apply(centre(false));
    await offerMd5(ownAddress, phoneSide);
    const phoneOfSam = (folder: string): Baresip =>
      new Baresip(join(landline.folder, folder), phoneAddress, samHz, {
        ...{ device: "there", port: 5_080, rtpPorts: "30000-30199" },
        account: { ...phones[0]!, registrar: phoneSide, answers: "manual" },
      });
    sam = phoneOfSam("sam");
    lin = new Linphone(join(landline.folder, "lin"), phoneAddress, linHz, { ...phones[1]!, registrar: phoneSide });
    outside = new Baresip(join(landline.folder, "outside"), carrierAddress, outsideHz, {
      ...{ device: "there", displayName: "Outside", numbers: [number], rtpPorts: "31000-31199" },
    });
    priya = await startChromium(landline.http, landline.folder, "priya", priyaHz);
    await signIn(priya, "priya@example.org");
    await outside.ready();

    await step(
      "a phone registers through the border, and reaches nobody past it",
      async () => {
        await eventually("it is registered", () => sam.log.includes("200 OK"), 15_000);
        const past = await RawSip.open(phoneAddress, { address: ownAddress, port: 5_060 });
        expect((await past.ask("OPTIONS", "201").catch(() => null)) === null, "the firewall lets SIP past the border");
        past.close();
      },
      { must: true },
    );

    await step("a phone calls out, holds and takes back by re-INVITE, and the carrier's BYE reaches it", async () => {
      await rings(outside, "the carrier's phone", () => sam.dial("02079460018"));
      await established([sam, outside], () => outside.accept());
      await bothHear(sam, samHz, outside, outsideHz, "through the border");
      const before = within("INVITE", "them");
      sam.hold();
      await hearsOther(outside, samHz, "who is held hears music");
      sam.resume();
      // This baresip takes in packets after its own hold, and plays none of them: the other way is linphonec's to tell.
      await hears(outside, samHz, "who was held hears after it");
      expect(within("INVITE", "them") === before + 2, `${within("INVITE", "them") - before} re-INVITEs passed the border`);
      const byes = within("BYE", "us");
      await ends([sam, outside], () => outside.hangUp());
      expect(within("BYE", "us") > byes, "our BYE passed the border");
    });

    await step("the carrier calls a phone, which passes it on to a page by REFER; the page hangs up", async () => {
      await rings(sam, "the phone", () => outside.dial(`sip:+441632960301@${otherAddress}:5060`));
      await established([sam, outside], () => sam.accept());
      await bothHear(outside, outsideHz, sam, samHz, "a call from outside");
      const notifies = within("NOTIFY", "us");
      sam.transfer(`sip:201@${phoneSide}`);
      await priya.waitFor('#call[data-call-state="alerting"]', 15_000);
      await priya.press("Enter");
      await priya.waitFor('#call[data-call-state="connected"]', 10_000);
      await Promise.all([
        pageHears(priya, outsideHz, "she hears who was passed on"),
        hears(outside, priyaHz, "who was passed on hears her"),
      ]);
      expect(within("REFER", "them") > 0 && within("NOTIFY", "us") > notifies, "REFER and NOTIFY passed the border");
      await ends([outside], () => priya.press("e"));
    });

    await step("linphonec registers, calls, holds and takes back, and its call is over on both sides", async () => {
      await lin.ready();
      lin.listen();
      await rings(sam, "the phone", () => lin.dial("301"));
      await established([sam], () => sam.accept());
      await Promise.all([hears(lin, samHz, "linphonec hears"), hears(sam, linHz, "linphonec is heard")]);
      lin.hold();
      await hearsOther(sam, linHz, "who is held by linphonec hears music");
      lin.resume();
      await Promise.all([hears(lin, samHz, "linphonec hears after its hold"), hears(sam, linHz, "linphonec is heard after its hold")]);
      await ends([sam], () => lin.hangUp());
    });

    await step("linphonec's digit chooses in a menu", async () => {
      lin.listen();
      const before = lin.established;
      lin.dial("100");
      await eventually("the menu answers", () => lin.established > before, 10_000);
      await hearsOther(lin, linHz, "the menu is heard");
      lin.press("1");
      type Detail = { readonly participants: readonly { readonly attributes?: Readonly<Record<string, string>> }[] };
      const { id } = (await conversations())[0]!;
      await eventually("it was 1", async () =>
        (await landline.api<Detail>(`/api/v2/conversations/${id}`)).participants.some(
          ({ attributes }) => attributes?.Reason === "Accounts",
        ),
      );
      await ends([], () => lin.hangUp());
    });

    await step("linphonec is called, and passes the call on by its own key", async () => {
      lin.listen();
      const before = lin.incoming;
      outside.dial(`sip:+441632960302@${otherAddress}:5060`);
      await eventually("linphonec rings", () => lin.incoming > before, 10_000);
      await established([outside], () => lin.accept());
      await Promise.all([hears(lin, outsideHz, "linphonec hears who calls"), hears(outside, linHz, "who calls hears linphonec")]);
      await rings(sam, "whom it is passed on to", () => lin.transfer("301"));
      await established([sam], () => sam.accept());
      await bothHear(outside, outsideHz, sam, samHz, "passed on by linphonec");
      await ends([outside, sam], () => sam.hangUp());
    });

    await step("over a bad network every call comes to be once, is heard and ends; the figures say what it was", async () => {
      const before = (await conversations()).length;
      const mend = await spoilUdp({ loss: 0.1, duplication: 0.05, delayMs: 60, spreadMs: 40 }, landline.folder);
      let suffered: Suffered;
      try {
        const rung = incoming(outside);
        await rings(outside, "the carrier's phone", () => sam.dial("02079460018"));
        await established([sam, outside], () => outside.accept());
        await bothHear(sam, samHz, outside, outsideHz, "over a bad network");
        await ends([sam, outside], () => outside.hangUp());
        await rings(sam, "the phone", () => outside.dial(`sip:+441632960301@${otherAddress}:5060`));
        await established([sam, outside], () => sam.accept());
        await bothHear(outside, outsideHz, sam, samHz, "over a bad network from outside");
        await ends([sam, outside], () => outside.hangUp());
        await pageCallsOut("over a bad network");
        expect(incoming(outside) === rung + 2, `the carrier's phone rang ${incoming(outside) - rung} times`);
      } finally {
        suffered = await mend();
      }
      const share = suffered.lost / (suffered.lost + suffered.passed);
      expect(share > 0.07 && share < 0.13 && suffered.twice > 0 && suffered.overtaken > 0, JSON.stringify(suffered));
      const fresh = (await conversations()).slice(0, -before);
      expect(fresh.length === 3, `${fresh.length} conversations for 3 calls`);
      const owner = await Desk.signIn(landline.http, "owner@example.org");
      type Kept = { readonly events: readonly { readonly type: string; readonly payload: { readonly verdict: MediaVerdict } }[] };
      const verdicts = await Promise.all(
        fresh.map(async ({ id }) => (JSON.parse(await owner.get(`/conversations/${id}/export.json`)) as Kept).events),
      );
      const legs = verdicts.flat().flatMap(({ type, payload }) => (type === "conversation.media.measured" ? [payload.verdict] : []));
      expect(legs.length === 6, `${legs.length} legs were measured`);
      const sum = (of: (leg: MediaVerdict) => number): number => legs.reduce((all, leg) => all + of(leg), 0);
      const told = {
        lost: sum(({ packetsLost }) => packetsLost) / sum((leg) => leg.packetsLost + leg.packetsReceived),
        twice: sum(({ packetsDuplicated }) => packetsDuplicated),
        mos: sum(({ from }) => from?.mosAvg ?? 0) / legs.length,
        jitterMs: legs.map(({ jitterMsMax }) => Math.round(jitterMsMax)).join(" "),
      };
      console.log(`   ${JSON.stringify({ ...suffered, ...told })}`);
      expect(told.lost > 0.04 && told.lost < 0.18 && told.twice > 0, `the loss that is told: ${JSON.stringify(told)}`);
      // G.711 over a good network has 4.4.
      expect(told.mos > 2.5 && told.mos < 3.9, `what is said of the sound: ${JSON.stringify(told)}`);
      expect(
        legs.every(({ jitterMsMax }) => jitterMsMax > 10),
        `what is said of the jitter: ${JSON.stringify(told)}`,
      );
    });

    await step("the same with TLS between the border and us, both ways", async () => {
      border.becomes({ ...between, leadsTo: `${ownAddress}:5061`, byTls: true });
      await border.stop();
      await border.start();
      landline.apply(centre(true));
      sam.quit();
      sam = phoneOfSam("sam-by-tls");
      await eventually("the phone is registered by TLS", () => sam.log.includes("200 OK"), 15_000);
      await rings(outside, "the carrier's phone", () => sam.dial("02079460018"));
      await established([sam, outside], () => outside.accept());
      await bothHear(sam, samHz, outside, outsideHz, "by TLS");
      await ends([sam, outside], () => sam.hangUp());
      await rings(sam, "the phone", () => outside.dial(`sip:+441632960301@${otherAddress}:5060`));
      await established([sam, outside], () => sam.accept());
      await bothHear(outside, outsideHz, sam, samHz, "in by TLS");
      await ends([sam, outside], () => outside.hangUp());
      await pageCallsOut("by TLS");
      expect(/INVITE within|BYE within from 10\.77\.0\.1 by tls/.test(border.log), "by TLS");
    });
  },
  async () => {
    Baresip.quitAll();
    Linphone.quitAll();
    await border.stop();
    zone.kill();
    await priya?.quit().catch(() => undefined);
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
