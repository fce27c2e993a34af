// What desk phones expect beside calls: busy lamps and waiting messages, with baresip and a subscriber of our own, over UDP, TCP and TLS.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, pageHears, signIn, startChromium } from "../support/browser.ts";
import { Desk } from "../support/desk.ts";
import { hears } from "../support/hearing.ts";
import { certify, Kamailio, nameServer } from "../support/kamailio.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { lookAt } from "../support/look.ts";
import { insideNamespace, otherAddress, ownAddress, resolveBy } from "../support/namespace.ts";
import { offerMd5, RawSip } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";
import { type Call, header, type Message, type Subscription, statusOf, Watcher } from "../support/watcher.ts";

await insideNamespace();
/** Where the watching phones are. */
const watchingAddress = "10.77.0.3";
/** Where a carrier calls from. */
const carrierAddress = "10.77.0.4";
const edgeAddress = "10.77.0.5";
for (const address of [watchingAddress, carrierAddress, edgeAddress]) Bun.spawnSync(["ip", "addr", "add", `${address}/24`, "dev", "there"]);
const udp = { address: ownAddress, port: 5_060 };
const tls = { address: ownAddress, port: 5_061 };
const options = ["--sip", `${ownAddress}:5060`, "--sip-tls", `${ownAddress}:5061`, "--rtp-ports", "20000-20999"];
// Two calls that are joined are in two of them.
options.push("--workers", "2", "--media-ports", "19000,19001");
const landline = new Landline(options);
const [carolHz, daveHz, priyaHz] = [440, 740, 1_000];
const edge = new Kamailio(join(landline.folder, "edge"), { address: edgeAddress, guards: `${ownAddress}:5060` });
// It asks for the name of its address before it is there.
const zone = nameServer(otherAddress);
type Phone = { readonly username: string; readonly secret: string };
let phones: readonly Phone[];
let carol: Baresip;
let dave: Baresip;
let sam: Watcher;
let gareth: Watcher;
let priya: Chromium | undefined;

function centre(): object {
  const plain = testCentre([carrierAddress]) as { readonly users: readonly object[] };
  const phone = (name: string, extension: string, roles: readonly string[]): object => ({
    ...{ name, email: `${name.toLowerCase()}@example.org`, roles, extension },
    phone: {},
  });
  return {
    ...plain,
    users: [
      ...plain.users.map((user, n) => (n === 0 ? { ...user, extension: "201" } : user)),
      ...[phone("Carol", "301", ["agent"]), phone("Dave", "302", ["agent"]), phone("Sam", "303", ["agent"])],
      ...[phone("Mona", "304", ["supervisor"]), phone("Nobody", "305", []), phone("Eve", "306", ["agent"])],
    ],
  };
}

/** What a NOTIFY says in short: whether it is all, and each call's state. */
function lamp(message: Message): string {
  const [, state] = /state="(\w+)"/.exec(message.body) ?? [];
  return [state, ...[...message.body.matchAll(/direction="(\w+)".*?<state>(\w+)/g)].map(([, who, what]) => `${who} ${what}`)].join(", ");
}
const lamps = (watcher: Watcher, subscription: Subscription): string => watcher.told(subscription).map(lamp).join(" | ");

async function shows(watcher: Watcher, subscription: Subscription, last: string): Promise<void> {
  await eventually(`the lamp shows “${last}”`, () => lamps(watcher, subscription).endsWith(last), 5_000).catch((error: unknown) => {
    throw new Error(`${String(error)}; it shows ${lamps(watcher, subscription)}`);
  });
}

/** Dave calls Carol; she rings when it resolves. */
async function daveCallsCarol(): Promise<void> {
  const before = carol.log.split("Incoming call").length;
  dave.dial(`sip:301@${ownAddress}`);
  await eventually("Carol's phone rings", () => carol.log.split("Incoming call").length > before, 10_000);
}
async function samCalls(phone: Baresip, number: string): Promise<Call> {
  const rung = phone.log.split("Incoming call").length;
  const calling = sam.call(number);
  await eventually(`${number} rings`, () => phone.log.split("Incoming call").length > rung, 10_000);
  phone.accept();
  return calling;
}
async function over(): Promise<void> {
  const before = carol.terminated;
  dave.hangUp();
  await eventually("the call is over", () => carol.terminated > before);
}

await program(
  async () => {
    const certificate = join(landline.folder, "own.pem");
    certify("pbx.bank.example", join(landline.folder, "own.key"), certificate);
    options.push("--https", "127.0.0.1:8443", "--https-cert", certificate, "--https-key", join(landline.folder, "own.key"));
    await landline.start();
    ({ phones } = landline.apply(centre()));
    await offerMd5(ownAddress, otherAddress);
    const phone = (n: number, name: string, more: object = {}): Baresip =>
      new Baresip(join(landline.folder, name), otherAddress, [carolHz, daveHz][n] ?? 600, {
        ...{ device: "there", port: 5_080 + 10 * n, rtpPorts: `${30_000 + n * 200}-${30_199 + n * 200}` },
        account: { ...phones[n]!, registrar: ownAddress, answers: "manual" },
        ...more,
      });
    carol = phone(0, "carol");
    dave = phone(1, "dave");
    for (const one of [carol, dave]) await eventually("a phone is registered", () => one.log.includes("200 OK"), 15_000);
    sam = await Watcher.open(phones[2]!, udp, "udp", watchingAddress);
    gareth = await Watcher.open(phones[3]!, udp, "tcp", watchingAddress);

    await step(
      "a lamp is told everything at first, then that the colleague is rung, talks, and is free again; never who talks to them",
      async () => {
        const { answer, subscription } = await sam.subscribe("301", "dialog", {
          expires: 300,
          more: ["Accept: application/dialog-info+xml"],
        });
        expect(statusOf(answer) === 200 && header(answer, "Expires") === "300", `${answer.start} for ${header(answer, "Expires")} s`);
        await shows(sam, subscription, "full");
        const first = sam.told(subscription)[0]!;
        expect(header(first, "Subscription-State").startsWith("active;expires="), header(first, "Subscription-State"));
        expect(header(first, "Event") === "dialog" && first.body.includes(`version="0"`), `${header(first, "Event")}: ${first.body}`);
        await daveCallsCarol();
        await shows(sam, subscription, "partial, recipient early");
        carol.accept();
        await shows(sam, subscription, "partial, recipient confirmed");
        await over();
        await shows(sam, subscription, "partial, recipient terminated");
        const all = sam.told(subscription);
        expect(all.length === 4 && all.every(({ body }, n) => body.includes(`version="${n}"`)), lamps(sam, subscription));
        expect(!all.some(({ body }) => /remote|Dave|302/.test(body)), "who called her is none of his business");
      },
      { must: true },
    );

    await step("who may look into conversations is shown who calls, over TCP along the connection that asked", async () => {
      const { subscription } = await gareth.subscribe("301", "dialog");
      await daveCallsCarol();
      await shows(gareth, subscription, "partial, recipient early");
      expect(gareth.told(subscription).at(-1)!.body.includes('<identity display="Dave">sip:302@'), gareth.told(subscription).at(-1)!.body);
      await over();
      await shows(gareth, subscription, "terminated");
    });

    await step("whoever calls is seen to call; the lamp of a phone by TLS shows it", async () => {
      const watcher = await Watcher.open(phones[2]!, tls, "tls", watchingAddress);
      const { subscription } = await watcher.subscribe("302", "dialog");
      await daveCallsCarol();
      await shows(watcher, subscription, "partial, initiator early");
      carol.accept();
      await shows(watcher, subscription, "partial, initiator confirmed");
      await over();
      await shows(watcher, subscription, "terminated");
      watcher.close();
    });

    await step("a call that is quicker than a second is told in its last state, not in each", async () => {
      const { subscription } = await sam.subscribe("301", "dialog");
      await shows(sam, subscription, "full");
      await daveCallsCarol();
      carol.accept();
      await eventually("they talk", () => carol.log.split("Call established").length > 1);
      await over();
      const told = sam.told(subscription).length;
      expect(told <= 3, `${told} NOTIFYs: ${lamps(sam, subscription)}`);
      await eventually("the lamp is dark in the end", () => {
        const last = sam.told(subscription).at(-1)!;
        return /terminated/.test(last.body) || !/<state>/.test(last.body);
      });
    });

    await step("a supervisor's key takes the call that rings for a colleague; both are joined, and the log says who took it", async () => {
      const { subscription } = await gareth.subscribe("301", "dialog");
      await shows(gareth, subscription, "full");
      await daveCallsCarol();
      await shows(gareth, subscription, "partial, recipient early");
      const [, id, local, remote] = /call-id="(\w+)" local-tag="([\w.]+)" remote-tag="([\w.]+)"/.exec(
        gareth.told(subscription).at(-1)!.body,
      )!;
      const taking = `Replaces: ${id};to-tag=${local};from-tag=${remote};early-only`;
      // Somebody else's eyes and hands first: neither shown nor taken.
      const watched = await sam.subscribe("301", "dialog");
      await shows(sam, watched.subscription, "full, recipient early");
      expect(!sam.told(watched.subscription).at(-1)!.body.includes("call-id"), "he is not told how");
      expect(statusOf((await sam.call("301", ["Require: replaces", taking])).answer) === 603, "he may not");
      const wrong = await gareth.call("301", [`Replaces: ${id};to-tag=${local};from-tag=other`]);
      expect(statusOf(wrong.answer) === 481, `other tags: ${wrong.answer.start}`);
      expect(statusOf((await gareth.call("301", ["Replaces: nothing"])).answer) === 400, "what nobody can read");
      const [established, rung] = [dave.established, carol.terminated];
      const taken = await gareth.call("301", ["Require: replaces", taking]);
      expect(statusOf(taken.answer) === 200, taken.answer.start);
      await eventually("who called is connected", () => dave.established > established);
      await eventually("and heard", () => taken.packets() > 25);
      await eventually("the other phone rings no more", () => carol.terminated > rung);
      await shows(gareth, subscription, "partial, recipient terminated");
      const late = await gareth.call("301", [taking]);
      expect(statusOf(late.answer) === 481, `taken twice: ${late.answer.start}`);
      const ended = dave.terminated;
      await taken.hangUp();
      await eventually("whoever called is let go", () => dave.terminated > ended);
      const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/landline/conversations");
      type Detail = { participants: { userId: string; connectedTime?: string }[] };
      const { participants } = await landline.api<Detail>(`/api/v2/conversations/${entities[0]!.id}`);
      const people = new Set(participants.map(({ userId }) => userId));
      expect(
        people.size === 3 && participants.filter(({ connectedTime }) => connectedTime !== undefined).length === 2,
        JSON.stringify(participants),
      );
    });

    await step("a phone joins its two calls: the two whom it has called talk with each other, and it is out of both", async () => {
      type Detail = { id: string; endReason: string | null };
      const newest = async (n: number): Promise<Detail> =>
        (await landline.api<{ entities: Detail[] }>("/api/v2/landline/conversations")).entities[n]!;
      const ends = [carol.terminated, dave.terminated];
      const first = await samCalls(carol, "301");
      const second = await samCalls(dave, "302");
      const supported = header(first.answer, "Supported").split(/, */);
      expect(supported.includes("replaces"), `it is said that this can be: ${supported}`);
      const to = `sip:302@${ownAddress}?Replaces=`;
      const result = async (call: Call, told: number): Promise<string> =>
        (await eventually("what came of it", () => call.told().filter(({ start }) => start.startsWith("NOTIFY"))[told])).body.trim();
      expect(statusOf(await first.refer(`${to}nothing%3Bto-tag%3Da%3Bfrom-tag%3Db`)) === 202, "accepted, and looked at");
      expect(/^SIP\/2.0 481/.test(await result(first, 1)), `no such dialog: ${await result(first, 1)}`);
      expect(statusOf(await first.refer(`${to}${second.replaces()}`)) === 202, "it is taken");
      expect(/^SIP\/2.0 200/.test(await result(first, 3)), `joined: ${await result(first, 3)}`);
      for (const call of [first, second])
        await eventually("the phone is out of it", () => call.told().some(({ start }) => start.startsWith("BYE ")));
      await hears(carol, daveHz, "Carol hears Dave");
      await hears(dave, carolHz, "Dave hears Carol");
      expect(carol.terminated === ends[0] && dave.terminated === ends[1], "neither was hung up");
      await eventually("the one call says that it went on in the other", async () => (await newest(0)).endReason === "joined");
      expect((await newest(1)).endReason === null, "which is up");
      dave.hangUp();
      await eventually("one ends it for both", () => carol.terminated > ends[0]!);
      await eventually("and so it was", async () => (await newest(1)).endReason === "party-hung-up");
    });

    await step("a phone behind an edge, a real Kamailio, is called by the path that it registered by", async () => {
      resolveBy(otherAddress, landline.folder);
      await offerMd5(ownAddress, edgeAddress);
      await edge.start();
      const eve = phone(5, "eve", { outbound: `${edgeAddress}:5060` });
      await eventually("it is registered through the edge", () => eve.log.includes("200 OK"), 15_000);
      const call = await samCalls(eve, "306");
      expect(statusOf(call.answer) === 200, call.answer.start);
      expect(/by its path to sip:/.test(edge.log), `the edge was asked by Route: ${edge.log.slice(-500)}`);
      const before = eve.terminated;
      await call.hangUp();
      await eventually("the end takes the same way", () => eve.terminated > before);
      eve.quit();
      await edge.stop();
    });

    await step("a call has one Session-ID on both legs, also where the other phone knows of none; the ladder shows it", async () => {
      const mine = "ab30317f1a784dc48ff824d0d3715d86";
      const rung = carol.log.split("Incoming call").length;
      const calling = sam.call("301", [`Session-ID: ${mine};remote=${"0".repeat(32)}`]);
      await eventually("Carol's phone rings", () => carol.log.split("Incoming call").length > rung, 10_000);
      carol.accept();
      const call = await calling;
      const [, hers, remote] = /^(\w{32});remote=(\w{32})$/.exec(header(call.answer, "Session-ID"))!;
      expect(remote === mine && hers !== mine && hers !== "0".repeat(32), header(call.answer, "Session-ID"));
      const bye = await call.hangUp();
      expect(header(bye, "Session-ID") === `${hers};remote=${mine}`, `in the end: ${header(bye, "Session-ID")}`);
      const desk = await Desk.signIn(landline.http, "owner@example.org");
      const newest = async (): Promise<string> =>
        (await landline.api<{ entities: { id: string }[] }>("/api/v2/landline/conversations")).entities[0]!.id;
      type Ladder = { ladder: { direction: string; flow: string; text: string }[] };
      const ladder = await eventually("the ladder is kept", async () => {
        const kept = (JSON.parse(await desk.get(`/conversations/${await newest()}/export.json`)) as Ladder).ladder;
        return kept.length > 0 && kept;
      });
      const toCarol = ladder.filter(({ direction, flow }) => direction === "out" && flow.includes(otherAddress)).map(({ text }) => text);
      const ids = toCarol.map((text) => /^Session-ID: (.*)$/m.exec(text)?.[1]);
      expect(toCarol[0]!.startsWith("INVITE ") && ids[0] === `${mine};remote=${"0".repeat(32)}`, `her INVITE says ${ids[0]}`);
      expect(ids.at(-1) === `${mine};remote=${hers}`, `her BYE says ${ids.at(-1)}`);
    });

    await step("a baresip that asks for its messages is told that none wait", async () => {
      // Its timer sometimes asks without a pause, thousands of times a second, and hears nothing any more (baresip 1.0.0): then it is started again.
      let starts = 0;
      await eventually(
        "it says so",
        async () => {
          const asking = phone(2, `asking-${starts++}`, { asksForMessages: true });
          await Bun.sleep(1_000);
          const isTold = /Messages-Waiting: no/.test(asking.log);
          asking.quit();
          return isTold;
        },
        15_000,
      );
      const { subscription } = await sam.subscribe("303", "message-summary");
      await eventually("a NOTIFY", () => sam.told(subscription).length === 1);
      expect(sam.told(subscription)[0]!.body.includes("Voice-Message: 0/0 (0/0)"), sam.told(subscription)[0]!.body);
    });

    await step(
      "what cannot be is refused: package, length, type, nobody, no right, somebody else's messages, no dialog, no proof",
      async () => {
        const nobody = await Watcher.open(phones[4]!, udp, "udp", watchingAddress);
        const answers = [
          await sam.subscribe("301", "presence"),
          await sam.subscribe("301", "dialog", { expires: 10 }),
          await sam.subscribe("301", "dialog", { more: ["Accept: text/plain"] }),
          await sam.subscribe("399", "dialog"),
          await nobody.subscribe("301", "dialog"),
          await nobody.subscribe("399", "dialog"),
          await sam.subscribe("301", "message-summary"),
          await sam.subscribe("301", "dialog", {
            within: { callId: "nothing", to: "<sip:301@pbx>;tag=gone", uri: `sip:301@${ownAddress}`, event: "dialog", cseq: 0 },
          }),
        ].map(({ answer }) => answer);
        expect(answers.map(statusOf).join() === "489,423,406,404,403,403,403,481", answers.map(statusOf).join());
        expect(header(answers[0]!, "Allow-Events") === "dialog, message-summary", header(answers[0]!, "Allow-Events"));
        expect(header(answers[1]!, "Min-Expires") === "60", header(answers[1]!, "Min-Expires"));
        const wrong = await Watcher.open({ ...phones[2]!, secret: "guessed" }, udp, "udp", watchingAddress);
        expect(statusOf((await wrong.subscribe("301", "dialog")).answer) === 401, "a guess watches nobody");
        nobody.close();
        wrong.close();
      },
    );

    await step(
      "an agent reads whether the caller's number was verified and who diverted the call, as the carrier says, and nobody else",
      async () => {
        priya = await startChromium(landline.http, landline.folder, "priya", priyaHz);
        await signIn(priya, "priya@example.org");
        await goOnQueue(priya);
        const carrier = await RawSip.open(carrierAddress, udp);
        const said = [
          "P-Asserted-Identity: <tel:+441612223333;verstat=TN-Validation-Passed>",
          "Diversion: <sip:+441632960777@c>;reason=unconditional",
        ];
        const call = carrier.call({ called: "100", from: "<sip:+441612223333@c>", headers: said, digits: "2" }, 20_000);
        await priya.waitFor('#call[data-call-state="alerting"]');
        const dock = await priya.text("#call");
        expect(dock.includes("Caller's number: verified") && dock.includes("Diverted by: +441632960777"), dock);
        await lookAt(priya, "verified-alerting");
        await priya.press("Enter");
        await priya.waitFor('#call[data-call-state="connected"]');
        const desk = await priya.text("#desk");
        expect(/Told by the carrier\s*Caller's number\s*verified/.test(desk), desk);
        await lookAt(priya, "verified-desk");
        expect((await call) === 200, "the call was taken");
        carrier.close();
        const newest = async (): Promise<Readonly<Record<string, string>>> => {
          const { entities } = await landline.api<{ entities: { id: string }[] }>("/api/v2/landline/conversations");
          type Detail = { participants: { attributes?: Record<string, string> }[] };
          const { participants } = await landline.api<Detail>(`/api/v2/conversations/${entities[0]!.id}`);
          return participants[0]!.attributes ?? {};
        };
        expect(
          (await newest())["sip.verstat"] === "passed" && (await newest())["sip.divertedBy"] === "+441632960777",
          JSON.stringify(await newest()),
        );
        // A phone says so of itself: it is not asked.
        const own = await sam.call("100", said);
        await own.hangUp();
        await eventually("its call is there, and nothing of it is believed", async () => (await newest())["sip.verstat"] === undefined);
      },
    );

    await step("a browser that is joined with a phone talks on over what it has; its page shows who is there now", async () => {
      const browser = priya!;
      const first = await samCalls(carol, "301");
      const calling = sam.call("201");
      await browser.waitFor('#call[data-call-state="alerting"]', 10_000);
      await browser.press("Enter");
      const second = await calling;
      await browser.waitFor('#call[data-call-state="connected"]', 10_000);
      expect(statusOf(await first.refer(`sip:201@${ownAddress}?Replaces=${second.replaces()}`)) === 202, "it is taken");
      await Promise.all([pageHears(browser, carolHz, "Priya hears Carol"), hears(carol, priyaHz, "Carol hears Priya")]);
      await eventually("the page says with whom", async () => /Carol/.test(await browser.text("#call")), 5_000);
      await lookAt(browser, "joined");
      const before = carol.terminated;
      await browser.press("e");
      await eventually("and ends it", () => carol.terminated > before);
      // What she took before waits for its wrap-up code.
      await browser.waitFor('#call[data-call-state="wrapup"]', 5_000);
    });

    await step("a refresh is told everything again; an end is confirmed, and nothing comes after it", async () => {
      const { subscription } = await sam.subscribe("301", "dialog;id=7");
      await shows(sam, subscription, "full");
      const again = await sam.subscribe("301", "dialog;id=7", { within: subscription, expires: 120 });
      expect(statusOf(again.answer) === 200, again.answer.start);
      await eventually("it is told again", () => sam.told(subscription).length === 2);
      expect(header(sam.told(subscription)[1]!, "Event") === "dialog;id=7", "with its id");
      await sam.subscribe("301", "dialog;id=7", { within: again.subscription, expires: 0 });
      await eventually("the last word", () => header(sam.told(subscription).at(-1)!, "Subscription-State") === "terminated;reason=timeout");
      const twice = await sam.subscribe("301", "dialog;id=7", { within: again.subscription, expires: 0 });
      expect(statusOf(twice.answer) === 481, `ended twice: ${twice.answer.start}`);
      const before = sam.told(subscription).length;
      const { subscription: other } = await sam.subscribe("301", "dialog");
      await daveCallsCarol();
      await shows(sam, other, "recipient early");
      await over();
      await shows(sam, other, "terminated");
      expect(sam.told(subscription).length === before, "nothing more comes");
    });

    await step("a phone that knows nothing of its subscription has none: its 481 ends it", async () => {
      const watcher = await Watcher.open(phones[2]!, udp, "udp", watchingAddress);
      watcher.answers = 481;
      const { subscription } = await watcher.subscribe("301", "dialog");
      await eventually("it is told once", () => watcher.told(subscription).length === 1);
      const refresh = await watcher.subscribe("301", "dialog", { within: subscription });
      expect(statusOf(refresh.answer) === 481, refresh.answer.start);
      watcher.close();
    });

    await step("a phone has 150 lamps at most", async () => {
      const watcher = await Watcher.open(phones[3]!, udp, "udp", watchingAddress);
      const statuses: number[] = [];
      for (let n = 0; n < 151; n++) statuses.push(statusOf((await watcher.subscribe("301", "dialog")).answer));
      // Two of gareth's are there already.
      expect(statuses.filter((status) => status === 200).length === 148 && statuses.at(-1) === 403, String(statuses.slice(-4)));
      watcher.close();
    });

    await step("a node that stops says so; what starts again knows of no subscription, and takes a new one", async () => {
      const { subscription } = await sam.subscribe("302", "dialog");
      await shows(sam, subscription, "full");
      await landline.stop();
      const last = sam.told(subscription).at(-1)!;
      expect(header(last, "Subscription-State") === "terminated;reason=probation;retry-after=5", header(last, "Subscription-State"));
      await landline.start();
      expect(statusOf((await sam.subscribe("302", "dialog", { within: subscription })).answer) === 481, "an old one");
      expect(statusOf((await sam.subscribe("302", "dialog")).answer) === 200, "a new one");
    });
  },
  async () => {
    await priya?.quit().catch(() => undefined);
    sam?.close();
    gareth?.close();
    Baresip.quitAll();
    await edge.stop();
    zone.kill();
    await landline.stop();
    if (hasFailed()) console.error(`kept: ${landline.folder}`);
    else landline.discard();
  },
);
