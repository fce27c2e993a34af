// Calls outside, from a browser by a trunk to a real phone: shown number, early media, a dead trunk passed over, rights, limits, and help before everything.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, pageHears, signIn, startChromium } from "../support/browser.ts";
import { hears } from "../support/hearing.ts";
import { landlineHere } from "../support/image.ts";
import { password, testCentre } from "../support/landline.ts";
import { lookAround } from "../support/look.ts";
import { insideNamespace, otherAddress, ownAddress } from "../support/namespace.ts";
import { eventually, expect, program, step } from "../support/steps.ts";

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"], {
  // A phone that is stolen trips an alarm; that is an error on purpose.
  provokes: [/calls outside (?:beyond the limit|stopped by an alarm)/],
});
const [priyaHz, carrierHz] = [440, 1_000];
let priya: Chromium;
let gareth: Chromium;
let carrier: Baresip;

type Conversation = { readonly id: string; readonly endedAt: number | null; readonly endReason: string | null };
type Centre = { readonly users: readonly object[]; readonly trunks: readonly object[] };

/** The carrier is a phone at the other address; before it stands a trunk that nobody answers. */
function centre(carrier: object = {}, more: object = {}, site: object = {}): object {
  const plain = testCentre([ownAddress]) as Centre;
  const [first, ...others] = plain.users;
  const roles = (user: object): object =>
    "email" in user && user.email === "gareth@example.org" ? { roles: ["supervisor", "admin"] } : {};
  return {
    ...{ ...plain, ...more },
    users: [{ ...first, extension: "201", phoneNumber: "+441632960201" }, ...others.map((user) => ({ ...user, ...roles(user) }))],
    trunks: [
      { name: "Dead", addresses: ["192.0.2.9"], proxies: [`${otherAddress}:5999`] },
      { name: "Carrier", addresses: [otherAddress], proxies: [`${otherAddress}:5070`], numberFormat: "National", ...carrier },
    ],
    sites: [
      {
        ...{ name: "Leeds", country: "GB", address: "1 Park Row, Leeds", callerId: "+441632960000", callerName: "First Bank" },
        ...{ emergencyTrunks: ["Carrier"], emergencyContacts: ["gareth@example.org"], ...site },
      },
    ],
    outboundRoutes: [{ name: "Out", site: "Leeds", trunks: ["Dead", "Carrier"], classifications: ["National", "Mobile", "International"] }],
    numberPlans: [
      { name: "Desk", site: "Leeds", matchType: "regex", match: "7(\\d{4})", normalizedFormat: "+44207934$1", classification: "National" },
    ],
  };
}

const latest = async (): Promise<Conversation | undefined> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0];
const newest = async (): Promise<Conversation> => (await latest())!;

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
  await priya.waitFor('#call[data-call-state="none"]', 5_000);
}

/** The call has begun when it resolves. */
async function dial(number: string): Promise<void> {
  const before = (await latest())?.id;
  await priya.fill("#dial", number);
  await priya.press("Enter");
  await eventually(`the call to ${number} has begun`, async () => {
    const now = (await latest())?.id;
    return now !== undefined && now !== before;
  });
}

const said = (words: RegExp): Promise<unknown> =>
  eventually(`it is said: ${words.source}`, async () =>
    words.test(await priya.evaluate(() => [...document.querySelectorAll(".toast")].map((toast) => toast.textContent).join(" "))),
  );

const events = async (id: string): Promise<readonly { readonly type: string; readonly payload: Record<string, unknown> }[]> => {
  const page = await gareth.evaluate(async (path) => (await fetch(path)).text(), `/conversations/${id}/export.json`);
  return (JSON.parse(page) as { events: { type: string; payload: Record<string, unknown> }[] }).events;
};

const ladderOf = async (id: string): Promise<readonly { readonly text: string }[]> =>
  (
    JSON.parse(await gareth.evaluate(async (path) => (await fetch(path)).text(), `/conversations/${id}/export.json`)) as {
      ladder: { text: string }[];
    }
  ).ladder;

await program(
  async () => {
    await landline.start();
    landline.apply(centre());
    carrier = new Baresip(join(landline.folder, "carrier"), otherAddress, carrierHz, {
      ...{ device: "there", displayName: "Carrier" },
      numbers: ["02079460018", "02079346001", "07700900123", "999", "933"],
    });
    await carrier.ready();
    priya = await startChromium(landline.http, landline.folder, "priya", priyaHz);
    gareth = await startChromium(landline.http, landline.folder, "gareth", 500);
    await signIn(priya, "priya@example.org");
    await signIn(gareth, "gareth@example.org");

    await step(
      "a number outside is rung by the second trunk, as the first one is dead; both hear each other",
      async () => {
        await dial("020 7946 0018");
        await eventually("the carrier rings", () => carrier.log.includes("Incoming call"), 10_000);
        carrier.accept();
        await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
        await Promise.all([pageHears(priya, carrierHz, "she hears the other side"), hears(carrier, priyaHz, "the other side hears her")]);
        expect((await priya.text("#call .party strong")) === "+442079460018", "she sees whom she has called");
      },
      { must: true },
    );

    await step("the carrier was told her own number, the name of the site, the number in its form, and no id of ours", async () => {
      const { id } = await newest();
      const failed = (await events(id)).filter(({ type }) => type === "conversation.path.failed");
      expect(failed.length === 1 && failed[0]!.payload.reason === "unreachable", "the dead trunk is in the log");
      carrier.hangUp();
      await ended("party-hung-up");
      const after = await gareth.evaluate(async (path) => (await fetch(path)).text(), `/conversations/${id}/export.json`);
      expect(after.includes(`02079460018@${otherAddress}:5070`), "the number is national");
      expect(after.includes("+441632960201@") && after.includes("First Bank"), "her number and the site's name are shown");
      const sent = (JSON.parse(after) as { ladder: { direction: string; flow: string; text: string }[] }).ladder;
      const toCarrier = sent.filter(({ direction, flow }) => direction === "out" && flow.includes(otherAddress));
      expect(toCarrier.length > 0 && toCarrier.every(({ text }) => !/landline/i.test(text)), "no word of ours");
    });

    await step("a busy number is busy, and said to be", async () => {
      await dial("020 7946 0018");
      await eventually("the carrier rings again", () => carrier.log.split("Incoming call").length === 3, 10_000);
      carrier.hangUp();
      await said(/Busy/);
      await ended("busy");
    });

    await step("what a number plan rewrites is dialled as it becomes", async () => {
      await dial("76001");
      await eventually("the carrier rings", () => carrier.log.split("Incoming call").length === 4, 10_000);
      await priya.waitFor('#call [data-key="e"]', 5_000);
      await priya.press("e");
      await ended("abandoned-while-dialling");
      const { id } = await newest();
      const dialled = (await events(id)).find(({ type }) => type === "conversation.dialled");
      expect(dialled?.payload.number === "+442079346001", `it became ${dialled?.payload.number}`);
    });

    await step("without the right nothing leaves, and it is said", async () => {
      const before = carrier.log.split("Incoming call").length;
      await dial("+4930123456");
      await ended("rejected");
      await said(/refused/);
      await dial("0909 879 0000");
      await ended("rejected");
      expect(carrier.log.split("Incoming call").length === before, "nothing has rung");
    });

    await step("help is called without any right, by the site's trunk, and whoever is to know reads who and where", async () => {
      const { entities } = await landline.api<{ entities: { id: string; name: string; version: number }[] }>("/api/v2/users?pageSize=100");
      expect(
        entities.some(({ name }) => name === "Priya Nair"),
        "she is here",
      );
      const before = carrier.log.split("Incoming call").length;
      await dial("999");
      await eventually("the carrier rings", () => carrier.log.split("Incoming call").length === before + 1, 10_000);
      await eventually("the supervisor is told", async () => {
        const told = await gareth.evaluate(() => document.querySelector(".help-call")?.textContent ?? "");
        return told.includes("Priya Nair") && told.includes("1 Park Row, Leeds");
      });
      expect((await gareth.evaluate(() => document.body.dataset.helpAlarms)) === "1", "it is heard once");
      await gareth.click('.help-call [name="seesTo"]');
      await eventually("it is seen to", async () => gareth.evaluate(() => document.querySelector(".help-call") === null));
      const known = (await events((await newest()).id)).find(({ type }) => type === "telephony.emergency.known");
      expect(known?.payload.seesTo === true, "the log says who sees to it");
      carrier.accept();
      await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
      await pageHears(priya, carrierHz, "she hears the other side");
      await priya.press("e");
      await ended("customer-hung-up");
    });

    await step(
      "whoever works elsewhere today is asked where; the carrier is told in the call, without it where it refuses that, and no ladder keeps it",
      async () => {
        const civic = { street: "Park Row", houseNumber: "1", postalCode: "LS1 5HD", city: "Leeds", country: "GB" };
        landline.apply(centre({ geolocation: "pidf-lo" }, {}, { civic, networks: ["203.0.113.0/24"] }));
        const asked = await priya.evaluate(async (secret) => {
          const body = new URLSearchParams({ email: "priya@example.org", password: secret });
          return (await fetch("/sign-in", { method: "POST", body })).url;
        }, password);
        expect(/\/where\?asked=true$/.test(asked), asked);
        await priya.goto("/where?asked=true");
        await lookAround(priya.page(), "where", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await priya.page().screenshot({ path: join(folder, `${name}.png`) });
        });
        const home = { street: "Hill Street", houseNumber: "7", postalCode: "10115", city: "Sheffield", country: "GB" };
        for (const [part, text] of Object.entries(home)) await priya.fill(`#civic-${part}`, text);
        await priya.click('form[action="/where"] button[type="submit"]');
        await eventually("the postal code is refused", async () => /looks like LS1 5HD/.test(await priya.text("#main")));
        await priya.fill("#civic-postalCode", "s1 2ab");
        await priya.click('form[action="/where"] button[type="submit"]');
        await priya.waitFor("#dial", 10_000);
        const before = carrier.log.split("Incoming call").length;
        await dial("999");
        await eventually("the carrier rings", () => carrier.log.split("Incoming call").length === before + 1, 10_000);
        carrier.accept();
        await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
        await pageHears(priya, carrierHz, "she hears a carrier that was told");
        await eventually("the supervisor is told", async () =>
          (await gareth.evaluate(() => document.querySelector(".help-calls")?.textContent ?? "")).includes(
            "7 Hill Street, Sheffield S1 2AB",
          ),
        );
        await priya.press("e");
        await ended("customer-hung-up");
        const { id } = await newest();
        await eventually("the ladder is kept", async () => (await ladderOf(id)).length > 0);
        // This carrier's phone reads no multipart body: it refuses the first and takes the second.
        const [invite = "", again = ""] = (await ladderOf(id)).map(({ text }) => text).filter((text) => /^INVITE sip:999@10\./.test(text));
        expect(/^Geolocation: <cid:/m.test(invite) && /multipart\/mixed/.test(invite) && /^m=audio/m.test(invite), invite);
        expect(!/^Geolocation/m.test(again) && /application\/sdp/.test(again), again);
        expect(!/civicAddress|Hill Street/.test(invite), "it is not said where");
        landline.apply(centre());
      },
    );

    await step(
      "an admin tries how help would be called, and reads it step by step; where there is a number for it, it is dialled",
      async () => {
        landline.apply(centre({ heartbeat: true }, {}, { country: "US" }));
        await gareth.goto("/admin/emergency");
        expect(/Leeds\s*Never/.test(await gareth.text("#main")), "never tried");
        await gareth.click('form[action="/admin/emergency/test"] button');
        await gareth.waitFor("#report", 15_000);
        const report = await gareth.text("#report");
        for (const said of [
          "911 comes first",
          "Help is sent to 1 Park Row, Leeds",
          "it shows +441632960000",
          "of Carrier answers",
          "would arrive",
        ])
          expect(report.includes(said), `${said}: ${report}`);
        expect(/of Dead does not answer/.test(report), "the dead way is told of");
        await lookAround(gareth.page(), "emergency", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await gareth.page().screenshot({ path: join(folder, `${name}.png`) });
        });
        const before = carrier.log.split("Incoming call").length;
        await dial("933");
        await eventually("the carrier rings", () => carrier.log.split("Incoming call").length === before + 1, 10_000);
        carrier.accept();
        await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
        expect(
          !(await gareth.evaluate(() => document.querySelector(".help-calls")?.textContent ?? "")).includes("933"),
          "nobody is alarmed",
        );
        await priya.press("e");
        await ended("customer-hung-up");
        await gareth.goto((await gareth.page().url()).replace(/^https?:\/\/[^/]+/, ""));
        const dialled = await gareth.text("#report");
        expect(/Priya Nair.*Dialled from a phone/s.test(dialled), dialled);
        await gareth.goto("/");
        await gareth.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
        landline.apply(centre());
      },
    );

    await step(
      "a country's profile is held against a site: what is ticked is taken, the rest stays, and a dear short number is refused",
      async () => {
        const { entities } = await landline.api<{ entities: { id: string; name: string }[] }>("/api/v2/telephony/providers/edges/sites");
        const path = `/admin/sites/${entities.find(({ name }) => name === "Leeds")!.id}/country`;
        await gareth.goto(path);
        await gareth.page().selectOption("#country", "DE");
        await gareth.click('form[method="get"] button');
        await eventually("the differences", async () => (await gareth.text("#main")).includes("DE: public authorities"));
        await lookAround(gareth.page(), "country-profile", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await gareth.page().screenshot({ path: join(folder, `${name}.png`) });
        });
        await gareth.goto(`${path}?country=GB`);
        await gareth.page().uncheck('[name="take"][value="GB: free short codes"]');
        await gareth.click('form[method="post"] [data-kind="primary"]');
        await eventually("it is taken, and the rest is left", async () => {
          const shown = await gareth.text("#main");
          return shown.includes("GB: free short codes") && !shown.includes("GB: directory enquiries");
        });
        await dial("118500");
        await ended("rejected");
        const why = (await events((await newest()).id)).find(({ type }) => type === "conversation.rejected")?.payload.why;
        expect(why === "no right to dial Premium", String(why));
        await gareth.goto("/");
        await gareth.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
      },
    );

    await step(
      "where the carrier has no line left, a call for help ends another call; who loses it is told, and the log says why",
      async () => {
        landline.apply(centre({ channelsMax: 1 }));
        const rung = (): number => carrier.log.split("Incoming call").length;
        const before = rung();
        await dial("020 7946 0018");
        await eventually("the carrier rings", () => rung() === before + 1, 10_000);
        carrier.accept();
        await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
        const lost = await newest();
        const closed = carrier.log.split("session closed").length;
        await gareth.fill("#dial", "999");
        await gareth.press("Enter");
        await said(/Your call was ended: somebody calls for help/);
        await priya.waitFor('#call[data-call-state="none"]', 5_000);
        await eventually("the carrier rings for help", () => rung() === before + 2, 10_000);
        expect(carrier.log.split("session closed").length > closed, "the carrier heard of the end first");
        const help = await newest();
        const told = await landline.api<Conversation>(`/api/v2/landline/conversations/${lost.id}`).catch(() => null);
        expect(told === null || told.endReason === "preempted", JSON.stringify(told));
        const preempted = (await events(lost.id)).find(({ type }) => type === "telephony.emergency.preempted");
        expect(preempted?.payload.forHelp === help.id, JSON.stringify(preempted));
        carrier.accept();
        await gareth.waitFor('#call[data-call-state="connected"]', 10_000);
        // It has the only line: who calls now gets the dead trunk alone.
        await dial("020 7946 0018");
        await ended("unreachable");
        await gareth.press("e");
        await gareth.waitFor('#call[data-call-state="none"]', 10_000);
        landline.apply(centre());
      },
    );

    await step(
      "TF-01: beyond what may be spent the next call is stopped, and said to be; help is not, and an administrator releases",
      async () => {
        const alarm = (enabled: boolean): object => ({
          ...{ rateTables: [{ name: "Rates", rates: ["44 600"] }] },
          callAlarms: [{ name: "Daily", rule: "spend", scope: "user", limitValue: 5, period: "day", action: "block", enabled }],
        });
        landline.apply(centre({}, alarm(true)));
        const rung = (): number => carrier.log.split("Incoming call").length;
        /** Rings, is answered, and over. */
        const call = async (number: string): Promise<void> => {
          const before = rung();
          await dial(number);
          await eventually(`the carrier rings for ${number}`, () => rung() === before + 1, 10_000);
          carrier.accept();
          await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
          await priya.press("e");
          await priya.waitFor('#call[data-call-state="none"]', 10_000);
        };
        await call("020 7946 0018");
        const before = rung();
        await dial("020 7946 0018");
        await ended("rejected");
        const stopped = await events((await newest()).id);
        expect(
          stopped.some(({ type, payload }) => type === "telephony.call-alarm.stopped" && Number(payload.value) >= 10),
          JSON.stringify(stopped),
        );
        expect(rung() === before, "nothing has rung");
        await call("999");
        await gareth.goto("/admin/spend");
        const shown = await gareth.text("#main");
        expect(/Stopped now.*Daily.*Priya Nair.*Money spent: \d+\.\d\d/s.test(shown), shown.slice(0, 600));
        expect(/By person.*Priya Nair\s*[1-9]\d\.\d\d/s.test(shown), shown);
        await lookAround(gareth.page(), "spend", async (name) => {
          const folder = process.env.LANDLINE_TEST_PICTURES;
          if (folder !== undefined) await gareth.page().screenshot({ path: join(folder, `${name}.png`) });
        });
        await gareth.click('form[action="/admin/spend/release"] button');
        await eventually("it is released", async () => !/Stopped now/.test(await gareth.text("#main")));
        await call("020 7946 0018");
        // It is always night: of one class, whoever dials.
        const night = (enabled: boolean): object => ({
          callAlarms: [
            {
              ...{ name: "Night", rule: "night", scope: "classification", classification: "National", limitValue: 0 },
              ...{ opensAt: "08:00", closesAt: "08:00", action: "block", enabled },
            },
          ],
        });
        landline.apply(centre({}, alarm(false)));
        landline.apply(centre({}, night(true)));
        await dial("020 7946 0018");
        await ended("rejected");
        const why = (await events((await newest()).id)).find(({ type }) => type === "conversation.rejected")?.payload.why;
        expect(/stopped by the alarm “Night”/.test(String(why)), String(why));
        landline.apply(centre({}, night(false)));
      },
    );

    await step("a stolen phone is stopped at the limit, and the alarm is in the log", async () => {
      for (let n = 0; n < 20; n++) {
        await dial("07700 900123");
        const { id, endReason } = await newest();
        if (endReason === "rejected") {
          const alarm = (await events(id)).find(({ type }) => type === "telephony.fraud.alarm");
          expect(alarm?.payload.rule === "per-minute", "the alarm names the rule");
          return;
        }
        await priya.waitFor('#call[data-call-state="connected"]', 5_000);
        await priya.press("e");
        await priya.waitFor('#call[data-call-state="none"]', 5_000);
      }
      throw new Error("nothing stopped it");
    });

    await step("the log verifies", async () => {
      const { code, out } = landline.run(["verify", "--rows"]);
      expect(code === 0, `verify: ${out}`);
    });
  },
  async () => {
    Baresip.quitAll();
    for (const browser of [priya, gareth]) await browser?.quit();
    await landline.stop();
    landline.discard();
  },
);
