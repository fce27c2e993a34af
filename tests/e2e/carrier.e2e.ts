// A carrier that has given us an account: found by name, registered with, called through and called by, dead and back, over UDP, TCP and TLS.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Browser, type Chromium, pageHears, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { carrierDomain, carrierHost, Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { lookAround } from "../support/look.ts";
import { blockUdp, insideNamespace, otherAddress, ownAddress, resolveBy } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

await insideNamespace();
const [priyaHz, phoneHz] = [440, 1_000];
const account = { username: "bank-17", password: 'p"ss wörd\\1' };
const options = [
  "--sip",
  `${ownAddress}:5060`,
  "--sip-tls",
  `${ownAddress}:5061`,
  "--rtp-ports",
  "20000-20999",
  "--metrics",
  "127.0.0.1:9464",
];
const landline = new Landline(options);
const carrier = new Kamailio(join(landline.folder, "carrier"), {
  ...{ ...account, address: otherAddress, phone: `${otherAddress}:5070` },
  refuses: {
    ...{ "+442079460403": "403 Caller ID not allowed", "+442079460404": "404 Not found" },
    ...{ "+442079460488": "488 Not acceptable here", "+442079460408": "" },
    ...{ "+442079460302": `302 sip:+442079460018@${carrierDomain}`, "+442079460303": "302 sip:+442079460018@elsewhere.example" },
  },
});
const zone = nameServer(otherAddress);
let phone: Baresip;
let priya: Browser;
let owner: Chromium;
let trunkId = "";

type Conversation = { readonly id: string; readonly endedAt: number | null; readonly endReason: string | null };
const newest = async (): Promise<Conversation | undefined> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0];

function centre(trunk: object): object {
  const plain = testCentre([]) as { readonly users: readonly object[] };
  const [first, ...others] = plain.users;
  return {
    ...plain,
    users: [
      { ...first, extension: "201", phoneNumber: "+441632960201" },
      ...others.map((user) =>
        (user as { name?: string }).name === "Gareth Hollis"
          ? { ...user, extension: "202", phoneNumber: "+441632960202", phone: true }
          : user,
      ),
    ],
    trunks: [{ name: "Carrier", proxies: [carrierDomain], username: account.username, domain: carrierDomain, registers: true, ...trunk }],
    sites: [{ name: "Leeds", country: "GB", callerId: "+441632960000", callerName: "First Bank" }],
    outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Carrier"], classifications: ["National"] }],
  };
}

/** What the page of the trunk says. */
async function connection(): Promise<string> {
  await owner.goto(`/admin/trunks/${trunkId}/connection`);
  return owner.text("#main");
}

const says = (words: RegExp, ms = 15_000): Promise<unknown> => {
  let last = "";
  const look = async (): Promise<boolean> => {
    last = await connection();
    return words.test(last);
  };
  return eventually(`the page says ${words.source}`, look, ms).catch((error: Error) => {
    throw new Error(`${error.message}: ${last.replaceAll(/\s+/g, " ").slice(0, 500)}`);
  });
};

/** A test call by this trunk; what its page says of it, which nobody loads again, while it goes and when it is over. */
async function testCall(number: string, words: RegExp, outcome: "failed" | "unheard" | "well" = "failed"): Promise<void> {
  await owner.goto(`/admin/trunks/${trunkId}/test-call`);
  await owner.fill('[name="number"]', number);
  await owner.press("Enter");
  if (outcome !== "failed") {
    const rung = phone.established;
    await eventually("the phone rings for the test", () => phone.log.split("Incoming call").length > calledBefore, 10_000);
    calledBefore = phone.log.split("Incoming call").length;
    phone.accept();
    await eventually("the phone has taken the test call", () => phone.established > rung, 5_000);
  }
  let last = "";
  const look = async (): Promise<boolean> => {
    last = await owner.evaluate(() => {
      const parts = [...document.querySelectorAll("#test-call h2, #test-call p, #test-call .note")].map((part) => part.textContent);
      return [document.querySelector<HTMLElement>("#test-call")?.dataset.outcome, ...parts].join(" ").replaceAll(/\s+/g, " ");
    });
    return last.startsWith(outcome) && words.test(last) && last.includes("Call to +44");
  };
  await eventually(`the test call says ${words.source}`, look, 20_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${last.slice(0, 800)}`);
  });
}
let calledBefore = 1;

/** The desk phone of somebody who has forwarded it: SIPp answers one call with a 302. */
function forwardingPhone(target: string): ReturnType<typeof spawn> {
  const scenario = join(landline.folder, "forwards.xml");
  const reply = (line: string): string =>
    `<send><![CDATA[\n${line}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]\n[last_Call-ID:]\n[last_CSeq:]\nContact: <${target}>\nContent-Length: 0\n]]></send>`;
  writeFileSync(
    scenario,
    `<?xml version="1.0"?><scenario name="forwards"><recv request="INVITE"/>${reply("SIP/2.0 302 Moved Temporarily")}<recv request="ACK"/></scenario>`,
  );
  return spawn("sipp", ["-sf", scenario, "-i", deskAddress, "-p", "5072", "-m", "1", "-nostdin"], {
    cwd: landline.folder,
    stdio: "ignore",
  });
}
const deskAddress = "10.77.0.3";

/** Dialled from the desk; why it ended, and what its page says. */
async function refusedCall(number: string): Promise<string> {
  const before = (await newest())?.id;
  await priya.fill("#dial", number);
  await priya.press("Enter");
  let id = "";
  await eventually(`the call to ${number} is over`, async () => {
    const now = await newest();
    id = now?.id ?? "";
    return now !== undefined && now.id !== before && now.endedAt !== null && now.endReason === "unreachable";
  });
  await owner.goto(`/conversations/${id}`);
  return owner.text("#main");
}

/** Out, answered, heard both ways, and over. */
async function callOut(when: string, number = "020 7946 0018"): Promise<void> {
  const rung = phone.log.split("Incoming call").length;
  await priya.fill("#dial", number);
  await priya.press("Enter");
  await eventually(`the phone rings ${when}`, () => phone.log.split("Incoming call").length > rung, 10_000);
  phone.accept();
  await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
  await Promise.all([pageHears(priya, phoneHz, `she hears them ${when}`), hears(phone, priyaHz, `they hear her ${when}`)]);
  await priya.press("e");
  await priya.waitFor('#call[data-call-state="none"]', 10_000);
  await eventually("the phone's call is over", () => phone.terminated > 0);
}

/** In, to the account, answered, heard both ways, and over. */
async function callIn(when: string): Promise<void> {
  phone.dial(`sip:+441632960201@${otherAddress}:5060`);
  await priya.waitFor('#call[data-call-state="alerting"]', 10_000);
  await priya.press("Enter");
  await priya.waitFor('#call[data-call-state="connected"]', 10_000);
  await Promise.all([pageHears(priya, phoneHz, `she hears who calls ${when}`), hears(phone, priyaHz, `who calls hears her ${when}`)]);
  phone.hangUp();
  await priya.waitFor('#call[data-call-state="none"]', 10_000);
}

await program(
  async () => {
    resolveBy(otherAddress, landline.folder);
    Bun.spawnSync(["ip", "addr", "add", `${deskAddress}/24`, "dev", "there"]);
    await landline.start();
    await carrier.start();
    phone = new Baresip(join(landline.folder, "phone"), otherAddress, phoneHz, {
      ...{ device: "there", displayName: "Outside" },
      numbers: ["+442079460018"],
    });
    await phone.ready();
    priya = await startChromium(landline.http, landline.folder, "priya", priyaHz);
    owner = await startChromium(landline.http, landline.folder, "owner", 500);
    await signIn(owner, "owner@example.org");

    await step(
      "without its password, and with a wrong one, the page says what is wrong; with the right one it is registered",
      async () => {
        landline.apply(centre({}));
        await signIn(priya, "priya@example.org");
        const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/telephony/providers/edges/trunks");
        trunkId = entities[0]!.id;
        await says(/asks for a password, and none is set/);
        await testCall("020 7946 0018", /407: the carrier wants to know who we are\. The account has no password here/);
        await connection();
        for (const [password, words] of [
          ["wrong", /refuses the account: see user name, domain and password/],
          [account.password, /Registered until \d/],
        ] as const) {
          await owner.fill('[name="password"]', password);
          await owner.press("Enter");
          await says(words);
        }
        await says(new RegExp(`${otherAddress}:5060\\s*Alive`));
        await lookAround(owner.page(), "trunk-connection", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await owner.page().screenshot({ path: join(folder, `${name}.png`) });
        });
      },
      { must: true },
    );

    await step("a call out is challenged, proven and heard both ways; the carrier knows us by its domain", async () => {
      await callOut("by UDP");
      expect(
        carrier.log.includes(`from sip:+441632960201@${carrierDomain} by udp to sip:+442079460018@${carrierDomain}`),
        carrier.log.slice(-300),
      );
    });

    await step("a new trunk begins from a template, and says of each field what came from it", async () => {
      const base = await landline.api<{ properties: Record<string, { value: { instance: unknown } }> }>(
        "/api/v2/telephony/providers/edges/trunkbasesettings/template?trunkMetabaseId=twilio",
      );
      expect(base.properties.mediaEncryption?.value.instance === "required", JSON.stringify(base));
      await owner.goto("/admin/trunks/new?template=gamma");
      const told = (): Promise<string> => owner.evaluate(() => document.querySelector("#numberFormat-help")?.textContent ?? "");
      expect((await told()) === "From the template Gamma.", await told());
      await owner.fill('[name="name"]', "Second carrier");
      await owner.fill('[name="addresses"]', "192.0.2.5");
      await owner.evaluate(() => {
        document.querySelector<HTMLSelectElement>("#numberFormat")!.value = "E164";
      });
      await owner.click('.savebar button[data-kind="primary"]');
      await eventually("it is kept with what was changed", async () =>
        (await told()).startsWith("Changed: the template Gamma has National."),
      );
    });

    await step("a call in comes to the account, and reaches the person whose number stands in To", () => callIn("by UDP"));

    await step(
      "a test call leaves by the trunk alone, is heard both ways and taken down; the log has it under the admin's name",
      async () => {
        calledBefore = phone.log.split("Incoming call").length;
        await Promise.all([
          hears(phone, 660, "the phone hears our tone", 25_000),
          testCall(
            "020 7946 0018",
            /Answered\. A tone plays\..*We hung up, as planned\..*It works: answered, and voice gets through both ways/,
            "well",
          ),
        ]);
        await lookAround(owner.page(), "trunk-test-call", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await owner.page().screenshot({ path: join(folder, `${name}.png`) });
        });
        const audit = await owner.evaluate(async () => (await fetch("/audit/log?type=telephony.test-call.")).text());
        expect(/test-call\.started/.test(audit) && /test-call\.ended/.test(audit), "the audit log has it");
      },
    );

    await step("test calls say what failed and what to mend: number, caller, codec, silence, sound, rights", async () => {
      await testCall(
        "+44 20 7946 0404",
        /404: the carrier does not know this number.*sent as \+442079460404\. Other forms.*442079460404, 02079460404/,
      );
      await testCall("+44 20 7946 0403", /403: the number shown is refused.*shown, in P-Asserted-Identity.*Caller ID not allowed/);
      await testCall("+44 20 7946 0488", /488: the carrier refuses the voice that is offered\. Codec refused: it was offered PCMA, PCMU/);
      await testCall("+44 20 7946 0408", /No response in time\. The carrier does not say a word/);
      const open = blockUdp("30000-30999", "20000-20999");
      await testCall("020 7946 0018", /The other side is not heard\..*No audio back\. A firewall in front of us/, "unheard").finally(open);
      await owner.goto(`/admin/trunks/${trunkId}/test-call`);
      await owner.fill('[name="number"]', "999");
      await owner.press("Enter");
      await eventually("a call for help is no test", async () =>
        /Emergency numbers are not called as a test/.test(await owner.text("#main")),
      );
    });

    await step("a 3xx of the carrier's is followed where its trunk says so, within the carrier's own domain and nowhere else", async () => {
      expect(
        /is not followed.*“Carrier” is followed nowhere/s.test(await refusedCall("020 7946 0302")),
        "it is not, unless somebody says so",
      );
      landline.apply(centre({ redirects: "follow", diversion: "Diversion" }));
      await says(/Registered until/);
      await callOut("where the carrier has sent it", "020 7946 0302");
      expect(
        carrier.log.includes(
          `to sip:+442079460018@${carrierDomain}, diverted by <sip:+442079460302@${carrierDomain}>;reason=deflection;privacy=off`,
        ),
        carrier.log.slice(-400),
      );
      expect(/“Carrier” sends it to another domain/.test(await refusedCall("020 7946 0303")), "not to a stranger's");
    });

    await step(
      "a phone's own forwarding leads to a colleague; outside only where its station may, and the carrier is told who forwarded",
      async () => {
        const stations = await landline.api<{ entities: { id: string; name: string }[] }>("/api/v2/stations");
        const desk = stations.entities.find(({ name }) => name === "Gareth Hollis, phone")!;
        const set = async (field: string, value: string): Promise<void> => {
          await owner.goto(`/admin/stations/${desk.id}`);
          if (field === "address") await owner.fill('[name="address"]', value);
          else
            await owner.evaluate((to) => {
              document.querySelector<HTMLSelectElement>("#forwarding")!.value = to;
            }, value);
          await owner.click('.savebar button[data-kind="primary"]');
          await eventually("it is saved", async () => /Saved/.test(await owner.text("#main")));
        };
        await set("address", `${deskAddress}:5072`);
        const inside = forwardingPhone(`sip:201@${ownAddress}`);
        phone.dial(`sip:+441632960202@${otherAddress}:5060`);
        await priya.waitFor('#call[data-call-state="alerting"]', 10_000);
        await priya.press("Enter");
        await priya.waitFor('#call[data-call-state="connected"]', 10_000);
        phone.hangUp();
        await priya.waitFor('#call[data-call-state="none"]', 10_000);
        inside.kill();
        const refused = forwardingPhone(`sip:02079460018@${ownAddress}`);
        expect(/may send calls on to people here only/.test(await refusedCall("202")), "outside it may not");
        refused.kill();
        await set("forwarding", "outside");
        const outside = forwardingPhone(`sip:02079460018@${ownAddress}`);
        await callOut("where the phone has sent it", "202");
        outside.kill();
        expect(
          carrier.log.includes(`diverted by <sip:+441632960202@${carrierDomain}>;reason=deflection;privacy=off`),
          carrier.log.slice(-400),
        );
      },
    );

    const emergency = async (words: RegExp): Promise<void> => {
      await eventually(`the page of emergency calls says ${words.source}`, async () => {
        await owner.goto("/admin/emergency");
        return words.test(await owner.text("#main"));
      });
    };
    await step("without dialling it is seen whether help is reached, what the site lacks, and whose place nobody knows", async () => {
      await emergency(
        /Leeds\s*112 999\s*Reaches a trunk that answers\s*Carrier \(Alive\)\s*The address where help is sent\. Anybody who is told\./,
      );
      expect((await owner.text("#main")).includes("Its site has no address."), "the stations are listed");
      const csv = await owner.evaluate(async () => (await fetch("/admin/emergency.csv")).text());
      expect(/Priya Nair,Leeds,,,no-address,/.test(csv), csv);
      await lookAround(owner.page(), "emergency", async (name) => {
        const folder = process.env.LANDLINE_TEST_PICTURES;
        if (folder !== undefined) await owner.page().screenshot({ path: join(folder, `${name}.png`) });
      });
    });

    await step("a carrier that dies is seen to be dead, refused at once, and well again when it is back", async () => {
      await carrier.stop();
      await owner.goto(`/admin/trunks/${trunkId}/connection`);
      await owner.click('form[action$="/test"] button');
      await says(/does not answer: see its port/);
      await testCall("020 7946 0018", /No response in time/);
      await emergency(/No trunk answers: help cannot be called/);
      const before = (await newest())?.id;
      await priya.fill("#dial", "020 7946 0018");
      await priya.press("Enter");
      await eventually("the call is refused", async () => {
        const now = await newest();
        return now !== undefined && now.id !== before && now.endedAt !== null && now.endReason === "unreachable";
      });
      await carrier.start();
      await says(new RegExp(`${otherAddress}:5060\\s*Alive`), 20_000);
      await owner.click('form[action$="/test"] button');
      await says(/Registered until/, 20_000);
      await callOut("after it came back");
    });

    await step("over TCP, along one connection", async () => {
      landline.apply(centre({ transport: "TCP" }));
      await says(/Registered until/);
      await callOut("by TCP");
      expect(/ by tcp to /.test(carrier.log), "by TCP");
    });

    await step("over TLS only with a certificate that is to be trusted; the page says so", async () => {
      landline.apply(centre({ transport: "TLS", proxies: [`${carrierHost}:5061`] }));
      await says(/certificate of sip\.carrier\.example:5061 is signed by itself: if it is the carrier's, add it to the trunk's issuers/);
      await testCall("020 7946 0018", /shows a certificate that is not believed.*signed by itself.*DNS:sip\.carrier\.example/);
      landline.apply(centre({ proxies: ["sip.nobody.example"] }));
      await testCall("020 7946 0018", /No way to sip\.nobody\.example\. Nobody knows the name sip\.nobody\.example/);
      landline.apply(centre({ transport: "TLS", proxies: [`${carrierHost}:5061`] }));
      await landline.stop();
      options.push("--trunk-ca", carrier.ca);
      await landline.start();
      await signIn(owner, "owner@example.org").catch(() => undefined);
      await says(/Registered until/, 20_000);
      await priya.goto("/");
      await priya.waitFor("#softphone[data-state=registered], #dial", 15_000);
      await callOut("by TLS");
      expect(/ by tls to /.test(carrier.log), "by TLS");
      await callIn("by TLS");
      expect(/to the account at sip:\w+@10\.77\.0\.1:5061;transport=tls/.test(carrier.log), "the account is at our port for TLS");
    });

    await step("a centre that stops tells the carrier, which sends nobody there any more", async () => {
      await landline.stop();
      phone.dial(`sip:+441632960201@${otherAddress}:5060`);
      await eventually("the carrier knows that we have gone", () => phone.log.includes("480 Nobody there"), 10_000);
    });

    await step("the password is nowhere in the clear: not in the log, the export or the data", async () => {
      expect(!landline.log.includes(account.password) && !landline.log.includes("wörd"), "it is in the log");
      const found = Bun.spawnSync(["grep", "-rlF", "wörd", landline.data]).stdout.toString().trim();
      expect(found === "", `it is in ${found}`);
    });
  },
  async () => {
    Baresip.quitAll();
    await carrier.stop();
    zone.kill();
    for (const browser of [priya, owner]) await browser?.quit().catch(() => undefined);
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
