// Encrypted voice with a phone by TLS and a carrier behind TLS, both baresip with SRTP; who cannot is refused with a reason, or called in plain and said so.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { carrierDomain, carrierHost, certify, Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { insideNamespace, otherAddress, ownAddress, resolveBy } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
/** Where phones are: not where the carrier is, as whoever sends from there is the carrier. */
const phoneAddress = "10.77.0.3";
Bun.spawnSync(["ip", "addr", "add", `${phoneAddress}/24`, "dev", "there"]);
const [samHz, outsideHz, carolHz, daveHz] = [440, 1_000, 1_300, 700];
const account = { username: "bank-17", password: "secret of the account" };
const options = ["--sip", `${ownAddress}:5060`, "--sip-tls", `${ownAddress}:5061`, "--rtp-ports", "20000-20999"];
const landline = new Landline(options);
const carrier = new Kamailio(join(landline.folder, "carrier"), { ...account, address: otherAddress, phone: `${otherAddress}:5070` });
const ourName = "pbx.bank.example";
const zone = nameServer(otherAddress, { [ourName]: ownAddress });
const certificate = join(landline.folder, "own.pem");
let sam: Baresip;
let carol: Baresip;
let dave: Baresip;
let outside: Baresip;
let owner: Chromium;

type Event = {
  readonly type: string;
  readonly payload: { readonly sipStatus?: number; readonly verdict?: { readonly protection: string } };
};
type Conversation = { readonly id: string; readonly endedAt: number | null };
const conversations = async (): Promise<readonly Conversation[]> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;
/** Everything that is known of a conversation, as a supervisor takes it along. */
const wholeOf = (id: string): Promise<string> =>
  owner.evaluate(async (path) => (await fetch(path)).text(), `/conversations/${id}/export.json`);
const eventsOf = async (id: string): Promise<readonly Event[]> => (JSON.parse(await wholeOf(id)) as { events: Event[] }).events;

function centre(): object {
  const plain = testCentre([]) as { readonly users: readonly object[] };
  const phone = (name: string, extension: string, mediaEncryption: string): object => ({
    ...{ name, email: `${name.toLowerCase()}@example.org`, roles: ["agent"], extension, phoneNumber: `+441632960${extension}` },
    phone: { mediaEncryption },
  });
  return {
    ...plain,
    users: [...plain.users, phone("Sam", "301", "required"), phone("Carol", "302", "required"), phone("Dave", "303", "optional")],
    trunks: [
      {
        ...{ name: "Carrier", proxies: [`${carrierHost}:5061`], transport: "TLS", mediaEncryption: "required" },
        ...{ ...account, domain: carrierDomain, registers: true },
      },
    ],
    sites: [{ name: "Leeds", country: "GB", callerId: "+441632960000", callerName: "First Bank" }],
    outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Carrier"], classifications: ["National"] }],
  };
}

/** Both hear the other, the call is over, and both legs were encrypted. */
async function encryptedBothWays(a: Baresip, aHz: number, b: Baresip, bHz: number, when: string): Promise<void> {
  await Promise.all([hears(a, bHz, `who calls hears ${when}`), hears(b, aHz, `who is called hears ${when}`)]);
  const over = [a.terminated, b.terminated];
  a.hangUp();
  await eventually("the call is over", () => a.terminated > over[0]! && b.terminated > over[1]!);
  const suites = (await protections(when)).toSorted().join();
  expect(suites === `${ours},${theirs}`, `${when}: ${suites}`);
}
/** What baresip takes of our offer, and what it offers itself. */
const [ours, theirs] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];

/** How the legs of the newest conversation were protected, once all is told. */
async function protections(when: string): Promise<string[]> {
  const { id } = (await conversations())[0]!;
  const measured = async (): Promise<string[]> =>
    (await eventsOf(id)).flatMap(({ type, payload }) => (type === "conversation.media.measured" ? [payload.verdict!.protection] : []));
  await eventually(`both legs are measured ${when}`, async () => (await measured()).length === 2);
  return measured();
}

async function rings(phone: Baresip, before: number): Promise<void> {
  await eventually("it rings", () => incoming(phone) > before, 10_000);
}
const incoming = (phone: Baresip): number => phone.log.split("Incoming call").length;

await program(
  async () => {
    resolveBy(otherAddress, landline.folder);
    certify(ourName, join(landline.folder, "own.key"), certificate);
    options.push("--trunk-ca", carrier.ca, "--https", "127.0.0.1:8443");
    options.push("--https-cert", certificate, "--https-key", join(landline.folder, "own.key"));
    await carrier.start();
    await landline.start();
    const { phones } = landline.apply(centre());
    owner = await startChromium(landline.http, landline.folder, "owner", 500);
    await signIn(owner, "owner@example.org");
    // A connection comes from the address that leads to us, whatever the phone listens at.
    await offerMd5(ownAddress);
    await offerMd5(ownAddress, phoneAddress);
    const phone = (n: number, name: string, hz: number, more: object): Baresip =>
      new Baresip(join(landline.folder, name), phoneAddress, hz, {
        ...{ device: "there", port: 5_080 + 10 * n, rtpPorts: `${30_000 + n * 200}-${30_199 + n * 200}` },
        account: { ...phones[n]!, registrar: ownAddress, answers: "manual" },
        ...more,
      });
    const byTls = { ...phones[0]!, registrar: `${ourName}:5061`, answers: "manual", transport: "tls", ca: certificate } as const;
    sam = phone(0, "sam", samHz, { account: byTls, encryption: "srtp-mand" });
    carol = phone(1, "carol", carolHz, {});
    dave = phone(2, "dave", daveHz, {});
    outside = new Baresip(join(landline.folder, "outside"), otherAddress, outsideHz, {
      ...{ device: "there", displayName: "Outside", rtpPorts: "31000-31199", encryption: "srtp-mand" },
      numbers: ["+442079460018"],
    });
    for (const one of [sam, carol, dave]) await eventually("a phone is registered", () => one.log.includes("200 OK"), 15_000);
    await outside.ready();
    await eventually("the account is registered", async () => {
      const { entities } = await landline.api<{ entities: { inService: boolean }[] }>("/api/v2/telephony/providers/edges/trunks");
      return entities[0]!.inService;
    });

    await step(
      "a phone by TLS calls out by a carrier by TLS: both legs are SRTP, and both hear",
      async () => {
        const before = incoming(outside);
        sam.dial("02079460018");
        await rings(outside, before);
        outside.accept();
        await encryptedBothWays(sam, samHz, outside, outsideHz, "out");
      },
      { must: true },
    );

    await step("it is called back along its connection by TLS, by the carrier, encrypted all the way", async () => {
      const before = incoming(sam);
      outside.dial(`sip:+441632960301@${otherAddress}:5060`);
      await rings(sam, before);
      sam.accept();
      await encryptedBothWays(outside, outsideHz, sam, samHz, "in");
    });

    await step("SDP-02: a phone that must encrypt and does not is refused with a reason, and is not called in plain", async () => {
      const before = (await conversations()).length;
      carol.dial("301");
      await eventually("it is refused", () => carol.log.includes("488"), 10_000);
      expect(/fact="call refused" status=488 reason="voice is not encrypted"/.test(landline.log), "the log says why");
      expect((await conversations()).length === before, "no conversation came of it");
      sam.dial("302");
      await eventually("who calls it is told that it cannot be reached", async () => {
        const all = await conversations();
        return all.length > before && all[0]!.endedAt !== null;
      });
      const failed = (await eventsOf((await conversations())[0]!.id)).find(({ type }) => type === "conversation.path.failed");
      expect(JSON.stringify(failed?.payload).includes('"reason":"not-encrypted"'), JSON.stringify(failed?.payload));
      expect(!carol.log.includes("Call established"), "nobody spoke to it");
    });

    await step("a phone that may encrypt and cannot is called in plain: event, log and page say so", async () => {
      const before = incoming(dave);
      sam.dial("303");
      await rings(dave, before);
      dave.accept();
      await Promise.all([hears(sam, daveHz, "she hears him"), hears(dave, samHz, "he hears her")]);
      sam.hangUp();
      const legs = await protections("in plain");
      expect(legs.toSorted().join() === `${theirs},none`, legs.join());
      const { id } = (await conversations())[0]!;
      const said = (await eventsOf(id)).find(({ type }) => type === "conversation.media.unprotected");
      expect(said?.payload.sipStatus === 488, JSON.stringify(said));
      expect(landline.log.includes('fact="voice not encrypted"'), "the log");
      await owner.goto(`/conversations/${id}`);
      const page = (await owner.text("#main")).replaceAll(/\s+/g, " ");
      for (const words of ["Dave: voice not encrypted", `· voice encrypted (${theirs})`, "· voice not encrypted"])
        expect(page.includes(words), `the page does not say "${words}": ${page.slice(0, 2_000)}`);
    });

    await step("no key is in the log, in a ladder or anywhere in what is kept", async () => {
      expect(!landline.log.includes("inline:"), "it is in the log");
      const [{ id }] = (await conversations()) as [Conversation];
      const whole = await wholeOf(id);
      expect(whole.includes("RTP/SAVP"), "the ladder is there");
      expect(!whole.includes("inline:") && !whole.includes("a=crypto"), "it is in the conversation");
    });
  },
  async () => {
    Baresip.quitAll();
    await carrier.stop();
    zone.kill();
    await owner?.quit().catch(() => undefined);
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
