// A carrier that shows its certificate and asks for ours, a real Kamailio: calls both ways; without it, with another's or in plain it is refused, and the page says why.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { carrierDomain, carrierHost, certify, Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { lookAround } from "../support/look.ts";
import { insideNamespace, otherAddress, ownAddress, resolveBy } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
const phoneAddress = "10.77.0.3";
Bun.spawnSync(["ip", "addr", "add", `${phoneAddress}/24`, "dev", "there"]);
const [samHz, outsideHz] = [440, 1_000];
const account = { username: "bank-17", password: "secret of the account" };
const options = ["--sip", `${ownAddress}:5060`, "--sip-tls", `${ownAddress}:5061`, "--https", "127.0.0.1:8443"];
const landline = new Landline(options);
const zone = nameServer(otherAddress);
const pair = (name: string): { readonly key: string; readonly certificate: string } => ({
  key: join(landline.folder, `${name}.key`),
  certificate: join(landline.folder, `${name}.pem`),
});
const [served, ours, theirs, stranger] = [pair("served"), pair("ours"), pair("theirs"), pair("stranger")];
certify("pbx.bank.example", served.key, served.certificate);
certify("bank.example", ours.key, ours.certificate);
certify(carrierHost, theirs.key, theirs.certificate);
certify(carrierHost, stranger.key, stranger.certificate);
const carrier = new Kamailio(join(landline.folder, "carrier"), {
  ...{ ...account, address: otherAddress, phone: `${otherAddress}:5070` },
  ...{ leadsTo: `${ownAddress}:5061`, asksFor: ours.certificate },
});
const pem = (path: string): string => readFileSync(path, "utf8");
let sam: Baresip;
let outside: Baresip;
let owner: Chromium;
let trunkId = "";

function centre(trunk: object): object {
  const plain = testCentre([]) as { readonly users: readonly object[] };
  const sam = { name: "Sam", email: "sam@example.org", roles: ["agent"], extension: "301", phoneNumber: "+441632960301", phone: true };
  return {
    ...plain,
    users: [...plain.users, sam],
    trunks: [{ name: "Carrier", proxies: [`${carrierHost}:5061`], transport: "TLS", ...account, domain: carrierDomain, ...trunk }],
    sites: [{ name: "Leeds", country: "GB", callerId: "+441632960000", callerName: "First Bank" }],
    outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Carrier"], classifications: ["National"] }],
  };
}

const demanding = { demandsCertificate: true, peerIssuers: pem(carrier.ca) + pem(theirs.certificate), peerNames: [carrierHost] };
const incoming = (phone: Baresip): number => phone.log.split("Incoming call").length;
const refusals = (): number => outside.log.split("403 Forbidden").length;

async function says(words: RegExp): Promise<void> {
  let last = "";
  await eventually(
    `the page says ${words.source}`,
    async () => {
      await owner.goto(`/admin/trunks/${trunkId}/connection`);
      last = await owner.text("#main");
      return words.test(last);
    },
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${last.replaceAll(/\s+/g, " ").slice(0, 700)}`);
  });
}

/** Answered, heard both ways, and over. */
async function talk(caller: Baresip, callerHz: number, called: Baresip, calledHz: number, number: string): Promise<void> {
  const [before, refused] = [incoming(called), refusals()];
  caller.dial(number);
  await eventually("it rings", () => incoming(called) > before, 10_000).catch((error: Error) => {
    throw new Error(`${error.message}, refused ${refusals() - refused} times; ${landline.log.trim().split("\n").slice(-4).join(" | ")}`);
  });
  called.accept();
  await Promise.all([hears(caller, calledHz, "who calls hears"), hears(called, callerHz, "who is called hears")]);
  const over = [caller.terminated, called.terminated];
  caller.hangUp();
  await eventually("the call is over", () => caller.terminated > over[0]! && called.terminated > over[1]!);
}
const talkIn = (): Promise<void> => talk(outside, outsideHz, sam, samHz, inwards);
const talkOut = (): Promise<void> => talk(sam, samHz, outside, outsideHz, "02079460018");
const inwards = `sip:+441632960301@${otherAddress}:5060`;

/** The carrier tries to bring a call in and is refused; nobody's phone rings. */
async function refusedIn(words: RegExp): Promise<void> {
  const [before, rung] = [refusals(), incoming(sam)];
  outside.dial(inwards);
  await eventually("it is refused", () => refusals() > before, 10_000);
  await says(words);
  expect(incoming(sam) === rung, "a phone rang all the same");
}

async function again(shows: Parameters<Kamailio["shows"]>[0]): Promise<void> {
  await carrier.stop();
  carrier.shows(shows);
  await carrier.start();
}

await program(
  async () => {
    resolveBy(otherAddress, landline.folder);
    options.push("--https-cert", served.certificate, "--https-key", served.key);
    carrier.shows(theirs);
    await carrier.start();
    await landline.start();
    const { phones } = landline.apply(centre(demanding));
    owner = await startChromium(landline.http, landline.folder, "owner", 500);
    await signIn(owner, "owner@example.org");
    const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/telephony/providers/edges/trunks");
    trunkId = entities[0]!.id;
    await offerMd5(ownAddress, phoneAddress);
    sam = new Baresip(join(landline.folder, "sam"), phoneAddress, samHz, {
      ...{ device: "there", port: 5_080, rtpPorts: "30000-30199" },
      account: { ...phones[0]!, registrar: ownAddress, answers: "manual" },
    });
    outside = new Baresip(join(landline.folder, "outside"), otherAddress, outsideHz, {
      ...{ device: "there", displayName: "Outside", rtpPorts: "31000-31199" },
      numbers: ["+442079460018"],
    });
    await eventually("a phone is registered", () => sam.log.includes("200 OK"), 15_000);
    await outside.ready();

    await step(
      "a carrier that asks for our certificate closes until we have one, and the page says so; a wrong key is refused beside the field",
      async () => {
        await says(/closes the connection\. If it asks for a certificate of ours/);
        await owner.fill('[name="certificate"]', pem(ours.certificate) + pem(theirs.key));
        await owner.click('form[action$="/certificate"] button');
        await eventually("it is refused", async () => (await owner.text("#main")).includes("does not belong to the certificate"));
        await owner.fill('[name="certificate"]', pem(ours.certificate) + pem(ours.key));
        await owner.click('form[action$="/certificate"] button');
        await eventually("it is set", async () => (await owner.text("#main")).includes("The certificate is set"));
        await says(new RegExp(`${otherAddress}:5061\\s*Alive`));
      },
      { must: true },
    );

    await step("calls go out and come in, each side with its certificate", async () => {
      await talkOut();
      await talkIn();
      expect(/ by tls to /.test(carrier.log), "by TLS");
    });

    await step("a carrier that shows none is refused with 403, and the page says from where and why", async () => {
      await again(null);
      await refusedIn(/Refused at [\d:]+, from 10\.77\.0\.2:\s+it showed no certificate/);
      expect(
        /fact="trunk refused: its certificate is not shown" trunk=\S+ address=10\.77\.0\.2 trouble=none-shown/.test(landline.log),
        "the log",
      );
      for (const [path, name] of [
        [`/admin/trunks/${trunkId}/connection`, "trunk-certificate"],
        [`/admin/trunks/${trunkId}`, "trunk-form"],
      ] as const) {
        await owner.goto(path);
        await lookAround(owner.page(), name, async (picture) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await owner.page().screenshot({ path: join(folder, `${picture}.png`), fullPage: true });
        });
      }
    });

    await step("one of another issuer with the right name is refused", async () => {
      await again(stranger);
      await refusedIn(/its certificate is of another issuer/);
    });

    await step("the right one with another name than the trunk allows is refused, and taken once it is allowed", async () => {
      await again(theirs);
      landline.apply(centre({ ...demanding, peerNames: ["other.example"] }));
      await refusedIn(/none of the names/);
      landline.apply(centre(demanding));
      // A node knows of a change by a hint that may be lost, so within a second.
      await eventually("a call is not refused", async () => {
        const [refused, rung] = [refusals(), incoming(sam)];
        outside.dial(inwards);
        await eventually("it is refused, or rings", () => refusals() > refused || incoming(sam) > rung, 10_000);
        return incoming(sam) > rung;
      });
      const over = outside.terminated;
      outside.hangUp();
      await eventually("that call is over", () => outside.terminated > over);
      await talkIn();
    });

    await step("the carrier's own address is nothing without TLS: in plain it is refused", async () => {
      const [before, rung] = [refusals(), incoming(sam)];
      outside.dial(`sip:+441632960301@${ownAddress}:5060`);
      await eventually("it is refused", () => refusals() > before, 10_000);
      await says(/it did not come by TLS/);
      expect(incoming(sam) === rung, "a phone rang all the same");
    });

    await step("a next hop whose certificate is of nobody among the trunk's issuers is not called", async () => {
      landline.apply(centre({ ...demanding, peerIssuers: pem(theirs.certificate) }));
      await says(/certificate of sip\.carrier\.example:5061 is signed by itself/);
      const rung = incoming(outside);
      const over = sam.terminated;
      sam.dial("02079460018");
      await eventually("the call fails", () => sam.terminated > over, 15_000);
      expect(incoming(outside) === rung, "it was called all the same");
      landline.apply(centre(demanding));
      await says(new RegExp(`${otherAddress}:5061\\s*Alive`));
      await talkOut();
    });

    await step("the key is nowhere in the clear: not in the log, the export or the data", async () => {
      const line = pem(ours.key).split("\n")[3]!;
      expect(!landline.log.includes(line), "it is in the log");
      const found = Bun.spawnSync(["grep", "-rlF", line, landline.data]).stdout.toString().trim();
      expect(found === "", `it is in ${found}`);
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
