// What is known of a call afterwards, and what must not be: secure pause by content, in the file, at whoever listens, through a crash.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pointsOf, type SoundChart } from "../../core/call/sound-chart.ts";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, pageHears, signIn, soundOf, startChromium, toSamples } from "../support/browser.ts";
import { Desk } from "../support/desk.ts";
import { hears } from "../support/hearing.ts";
import { landlineHere } from "../support/image.ts";
import { password, testCentre } from "../support/landline.ts";
import { lookAt } from "../support/look.ts";
import { insideNamespace, loseUdp, ownAddress } from "../support/namespace.ts";
import { askTcpdump, packetsOf, rtpOf } from "../support/pcap.ts";
import { RawSip } from "../support/raw-sip.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { readWav, tonesIn } from "../support/tones.ts";

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
const priyaHz = 440;
const callerHz = 610;
/** No other number of this test holds it. */
const card = "49297315";
const browsers: Chromium[] = [];
let priya: Chromium;
let gareth: Chromium;
let caller: Baresip;
let supervisor: Desk;
let admin: Desk;

type Event = { readonly type: string; readonly at: number; readonly payload: Readonly<Record<string, unknown>> };
type Recording = { readonly id: string; readonly state: string; readonly path: string };
type Call = { readonly recordingState: string; readonly securePause: boolean };

const newest = async () =>
  (await landline.api<{ entities: { id: string; endReason: string | null }[] }>("/api/v2/landline/conversations")).entities[0]!;
const exported = (id: string): Promise<string> => supervisor.get(`/conversations/${id}/export.json`);
const eventsOf = async (id: string): Promise<readonly Event[]> => JSON.parse(await exported(id)).events;
type Leg = {
  readonly participantId: string;
  readonly verdict: { readonly packetsLost: number; readonly from: { windows: number } | null };
};
const legsOf = async (id: string): Promise<readonly Leg[]> => JSON.parse(await exported(id)).media;
const callOf = (id: string): Promise<Call> => landline.api<Call>(`/api/v2/conversations/calls/${id}`);

async function callUp(): Promise<string> {
  const before = caller.established;
  caller.dial(`sip:100@${ownAddress}:5060`);
  await eventually("the call is answered", () => caller.established === before + 1, 10_000);
  caller.press("2");
  await priya.waitFor('#call[data-call-state="alerting"]', 20_000);
  await priya.press("Enter");
  await priya.waitFor('#call[data-call-state="connected"] [data-key="p"]', 10_000);
  await pageHears(priya, callerHz, "the agent hears the caller");
  return (await newest()).id;
}

/** The supervisor hears both who talk: neither is louder. */
async function listens(what: string): Promise<void> {
  await eventually(
    what,
    async () => tonesIn(toSamples(await gareth.evaluate(soundOf, "#softphone")), [priyaHz, callerHz])?.length === 2,
    15_000,
  );
}

async function recordingOf(id: string, state: string): Promise<Recording> {
  return eventually(`the recording is ${state}`, async () => {
    const { entities } = await landline.api<{ entities: Recording[] }>(`/api/v2/landline/conversations/${id}/recordings`);
    return entities.length === 1 && entities[0]!.state === state ? entities[0]! : null;
  });
}

type Manifest = { readonly signature: string; readonly pauses: readonly Readonly<Record<string, unknown>>[] };
const manifestOf = ({ path }: Recording): Manifest =>
  JSON.parse(readFileSync(join(landline.folder, "data/recordings", `${path}.json`), "utf8"));

/** Which tones sound on a channel between two instants, by parts of 300 ms, and whether anything does. */
function soundBetween(samples: Int16Array, fromMs: number, toMs: number): { readonly tones: string; readonly isSilent: boolean } {
  const part = samples.slice(Math.max(0, fromMs) * 8, toMs * 8);
  const tones = new Set<number>();
  for (let at = 0; at + 2_400 <= part.length; at += 1_200)
    for (const hz of tonesIn(part.slice(at, at + 2_400), [priyaHz, callerHz]) ?? []) tones.add(hz);
  return { tones: [...tones].sort().join(), isSilent: part.length > 0 && part.every((sample) => sample === 0) };
}

const capturing = 'href="/admin/capture">';
const captureOf = (withVoice: boolean) => ({ reason: "One way is silent", minutes: "5", keepMinutes: "5", withVoice: String(withVoice) });

/** As the page says it. */
async function capturedSoFar(): Promise<number> {
  return Number(/(\d+) packets?/.exec(await admin.get("/admin/capture"))?.[1] ?? 0);
}

function messagesShown(): number {
  return document.querySelectorAll("#ladder tbody tr").length;
}

/** How many drawings there are, and what of a moment is shown in them and beside. */
function shownMoment() {
  const all = (selector: string): number => document.querySelectorAll(selector).length;
  return {
    charts: all("#xray .lanes > svg:not(:has(> defs))"),
    cursors: all("#xray .lanes > svg > .cursor"),
    entries: all(".timeline > li.now"),
    said: document.getElementById("xray-at")?.textContent ?? "",
    focus: document.activeElement?.id ?? "",
    span: Number(document.getElementById("xray")?.dataset.span),
  };
}

/** The first row under “How it sounded”, and when its losses were by the labels of the lanes' axis: seconds of the hour. */
function drawnFirst() {
  const numbers = (selector: string, name: string): number[] =>
    [...document.querySelectorAll(selector)].map((one) => Number.parseFloat(one.getAttribute(name)!));
  const labels = [...document.querySelectorAll(".lanes svg.axis text")];
  const at = labels.map((one) => one.textContent!.split(":").reduce((sum, part) => sum * 60 + Number(part), 0));
  const x = numbers(".lanes svg.axis text", "x");
  const perPercent = (at.at(-1)! - at[0]!) / (x.at(-1)! - x[0]!);
  const first = ".sounded svg.sound:nth-of-type(1)";
  return {
    rows: document.querySelectorAll(".sounded svg.sound").length,
    lossesAt: numbers(`${first} > .loss`, "x1").map((one) => (at[0]! + (one - x[0]!) * perPercent) % 3_600),
    titles: [...document.querySelectorAll(`${first} title`)].map((one) => one.textContent ?? ""),
  };
}

await program(
  async () => {
    await landline.start();
    const centre = testCentre([ownAddress]) as { readonly users: object[] };
    landline.apply({ ...centre, users: [...centre.users, { name: "Ada Admin", email: "ada@example.org", password, roles: ["admin"] }] });
    for (const [name, hz] of [
      ["priya", priyaHz],
      ["gareth", 790],
    ] as const) {
      const browser = await startChromium(landline.http, landline.folder, name, hz);
      browsers.push(browser);
      await signIn(browser, `${name}@example.org`);
    }
    [priya, gareth] = browsers as [Chromium, Chromium];
    supervisor = await Desk.signIn(landline.http, "gareth@example.org");
    admin = await Desk.signIn(landline.http, "ada@example.org");
    caller = new Baresip(join(landline.folder, "caller"), ownAddress, callerHz);
    await caller.ready();
    await goOnQueue(priya);
    let id = "";

    await step(
      "a call is up, recorded and listened to",
      async () => {
        id = await callUp();
        expect((await callOf(id)).recordingState === "ACTIVE", "the API says that it is recorded");
        await gareth.goto(`/conversations/${id}`);
        await gareth.waitFor("#listen form", 10_000);
        // A page that was opened anew registers anew: before that there is nothing to call him on.
        await gareth.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
        const messages = await gareth.evaluate(messagesShown);
        expect(messages > 4, `${messages} messages are in the ladder of a call that is up`);
        await gareth.click('#listen button[value="monitoring"]');
        await gareth.waitFor('#call [data-key="l"][aria-pressed="true"]', 10_000);
        await listens("the supervisor hears the caller");
        // Their own leg's messages are in it by now.
        await eventually("the ladder grows on the open page", async () => (await gareth.evaluate(messagesShown)) > messages, 15_000);
      },
      { must: true },
    );

    await step("an admin begins to capture packets, says why, and sees so on every page; nobody else may", async () => {
      expect((await supervisor.post("/admin/capture", captureOf(true))) === 403, "a supervisor may begin one");
      expect((await admin.post("/admin/capture", { ...captureOf(true), reason: "" })) === 422, "no reason was asked for");
      expect(!(await admin.get("/me")).includes(capturing), "it says that it is on before it is");
      expect((await admin.post("/admin/capture", captureOf(true))) === 303, "it does not begin");
      expect((await admin.get("/me")).includes(capturing), "the admin's own page does not say so");
      expect(!(await supervisor.get("/me")).includes(capturing), "a supervisor's says so");
      caller.press("7");
      await eventually("packets are kept", async () => (await capturedSoFar()) > 300, 10_000);
    });

    await step("a secure pause by one key: both still hear each other, whoever listens hears nothing, and each is told", async () => {
      await priya.press("p");
      await priya.waitFor("#call .paused", 5_000);
      await gareth.waitFor("#call .paused", 5_000);
      caller.press(card);
      await Promise.all([hears(caller, priyaHz, "the caller hears the agent"), pageHears(priya, callerHz, "the agent hears the caller")]);
      const heard = toSamples(await gareth.evaluate(soundOf, "#softphone"));
      expect((tonesIn(heard, [priyaHz, callerHz]) ?? [1]).length === 0, "the supervisor hears something");
      const call = await callOf(id);
      expect(call.recordingState === "PAUSED" && call.securePause, `the API says ${JSON.stringify(call)}`);
      await Promise.all([lookAt(priya, "secure-pause"), lookAt(gareth, "secure-pause-listening")]);
    });

    await step("it outlives a reload of the agent's page, and ends by the same key: the supervisor hears again", async () => {
      await priya.reload();
      await priya.waitFor("#call .paused", 10_000);
      await pageHears(priya, callerHz, "the agent hears the caller after the reload");
      await priya.press("p");
      await priya.waitFor('#call [data-key="p"][aria-pressed="false"]', 5_000);
      await listens("the supervisor hears the caller again");
    });

    await step("the capture: whole for tcpdump, with voice, without digits, credentials and keys, and without the pause", async () => {
      await eventually("packets after the pause are kept", async () => {
        const resumedAt = (await eventsOf(id)).find(({ type }) => type === "conversation.recording.resumed")?.at;
        return resumedAt !== undefined && Date.now() - resumedAt > 1_000;
      });
      const file = await admin.bytes("/admin/capture/packets.pcap");
      const packets = packetsOf(file);
      const found = await askTcpdump(file, join(landline.folder, "capture.pcap"));
      expect(found === packets.length && found > 500, `tcpdump finds ${found} of ${packets.length} packets`);
      expect(
        packets.every(({ at }, i) => i === 0 || packets[i - 1]!.at <= at),
        "they are not in order of time",
      );
      const text = file.toString("latin1");
      for (const secret of ["a=crypto", "a=fingerprint", "ice-pwd", "response=", card])
        expect(!text.includes(secret), `${secret} is in it`);
      const events = await eventsOf(id);
      const told = (type: string): number => events.find((event) => event.type === type)!.at;
      const [pausedAt, resumedAt] = [told("conversation.recording.paused"), told("conversation.recording.resumed")];
      const rtp = rtpOf(packets);
      const callers = rtp.filter(({ from, to }) => [from, to].some((place) => place.startsWith(`${ownAddress}:`)));
      const count = (within: (at: number) => boolean): number => callers.filter(({ at }) => within(at)).length;
      const [before, after] = [count((at) => at < pausedAt), count((at) => at > resumedAt)];
      expect(before > 200 && after > 50, `${before} packets before the pause, ${after} after it`);
      const hidden = rtp.filter(({ at }) => at > pausedAt + 200 && at < resumedAt - 5);
      expect(hidden.length === 0, `${hidden.length} packets of the pause are in it, the first ${hidden[0]?.at} at ${hidden[0]?.from}`);
      const [voice, digits] = [rtp.filter(({ type }) => type < 20), rtp.filter(({ type }) => type > 95 && type < 128)];
      expect(voice.filter(({ isBlank }) => !isBlank).length > voice.length / 2, "nothing is said in it");
      expect(digits.length > 0 && digits.every(({ isBlank }) => isBlank), `${digits.length} packets of digits, not all of them blanked`);
      expect((await admin.post("/admin/capture/stop", {})) === 303, "it does not end");
      expect(!(await admin.get("/me")).includes(capturing), "it says that it is on after its end");
    });

    await step("without voice: one conversation's headers, blanked; and all of it is in the log", async () => {
      expect((await admin.post("/admin/capture", { ...captureOf(false), conversationId: id })) === 303, "it does not begin");
      await eventually("packets are kept", async () => (await capturedSoFar()) > 200, 10_000);
      expect((await admin.post("/admin/capture/stop", {})) === 303, "it does not end");
      const rtp = rtpOf(packetsOf(await admin.bytes("/admin/capture/packets.pcap")));
      expect(rtp.length > 150 && rtp.every(({ isBlank }) => isBlank), `${rtp.length} packets, not all of them blanked`);
      expect(new Set(rtp.flatMap(({ from, to }) => [from, to])).size >= 4, "not both ends of both legs are in it");
      const refused = await supervisor.bytes("/admin/capture/packets.pcap").catch((error: Error) => error.message);
      expect(/403/.test(String(refused)), "a supervisor may take it");
      const log = await (await Desk.signIn(landline.http, "nadia@example.org")).get("/audit/log?type=telephony.capture");
      for (const type of ["started", "ended", "downloaded"])
        expect(log.split(`telephony.capture.${type}`).length > 2, `telephony.capture.${type} is not there twice`);
    });

    await step("a plain pause by the API, with a reason; wrong words and wrong people are refused", async () => {
      const path = `/api/v2/conversations/calls/${id}/recordingstate`;
      const put = (body: object): Promise<unknown> => landline.api(path, { method: "PUT", body }).catch((error: Error) => error.message);
      expect(/400 .*ACTIVE, PAUSED/.test(String(await put({ recordingState: "OFF" }))), "a state that there is not");
      const tomasz = await Desk.signIn(landline.http, "tomasz@example.org");
      const status = await tomasz.post(`/calls/${id}/pause-recording`, { secure: "true" });
      expect(status === 403, `somebody else is answered ${status}`);
      const plain = await (await Desk.signIn(landline.http, "priya@example.org")).post(`/calls/${id}/pause-recording`, { secure: "false" });
      expect(plain === 403, `an agent without the right to is answered ${plain}`);
      expect((await put({ recordingState: "PAUSED", reason: "A word off the record" })) === "PAUSED", "the API's answer");
      await priya.waitFor("#call .paused", 5_000);
      await listens("whoever listens hears a plain pause");
      expect((await put({ recordingState: "ACTIVE" })) === "ACTIVE", "the API's answer");
      await priya.waitFor('#call [data-key="p"][aria-pressed="false"]', 5_000);
      await eventually("the pause is over", async () => (await callOf(id)).recordingState === "ACTIVE");
      await listens("and goes on to");
    });

    await step("one time axis: it grows while one looks, and the moment in focus or under the mouse is in every drawing", async () => {
      await priya.press("h");
      await priya.waitFor('#call [data-key="h"][aria-pressed="true"]', 5_000);
      await gareth.waitFor('svg[data-track="hold"] a.moment', 10_000);
      await priya.press("h");
      await priya.waitFor('#call [data-key="h"][aria-pressed="false"]', 5_000);
      await gareth.waitFor("#xray .sounded svg.sound", 15_000);
      const drawn = (await gareth.evaluate(shownMoment)).charts;
      expect(drawn >= 8, `${drawn} drawings`);
      const page = gareth.page();
      await page.focus('svg[data-track="flow"] a.moment[tabindex="0"]');
      const told: string[] = [];
      for (let i = 0; i < 8 && !told.some((one) => one.includes("pressed 2")); i += 1) {
        const { cursors, entries, said } = await gareth.evaluate(shownMoment);
        expect(cursors === drawn && entries === 1, `${cursors} lines in ${drawn} drawings, ${entries} entries are marked`);
        told.push(said);
        await gareth.press("ArrowRight");
      }
      expect(
        told.some((one) => /^\d\d:\d\d:\d\d\.\d{3} .*pressed 2/.test(one)),
        `the flow's path: ${told.join(" | ")}`,
      );
      const { focus, span } = await gareth.evaluate(shownMoment);
      await eventually("it is drawn anew", async () => (await gareth.evaluate(shownMoment)).span > span, 10_000);
      const again = await gareth.evaluate(shownMoment);
      expect(
        again.focus === focus && again.cursors === again.charts,
        `the focus was at ${focus} and is at ${again.focus}, with ${again.cursors} lines`,
      );
      await lookAt(gareth, "moments-live");
      await gareth.press("Enter");
      const followed = await gareth.evaluate(shownMoment);
      expect(followed.focus === focus.replace("m-", "e-"), `${focus} leads to ${followed.focus}`);
      await page.hover(".sounded svg.sound");
      expect((await gareth.evaluate(shownMoment)).said !== followed.said, "the mouse over a chart shows its moment");
      await listens("the supervisor still hears the caller");
    });

    await step("the file: sound, silence of the same length, sound; the signed manifest says who and why", async () => {
      caller.hangUp();
      await eventually("the conversation ends", async () => (await newest()).endReason !== null, 10_000);
      const recording = await recordingOf(id, "sealed");
      const events = await eventsOf(id);
      const beganAt = events.find(({ type }) => type === "conversation.recording.started")!.at;
      const { left, right } = readWav(await supervisor.bytes(`/recordings/${recording.id}/audio`));
      const told = events.filter(({ type }) => type === "conversation.recording.paused" || type === "conversation.recording.resumed");
      expect(told.length === 4, `${told.length} beginnings and ends`);
      const [p1, r1, p2, r2] = told.map(({ at }) => at - beganAt) as [number, number, number, number];
      // The log's instants and the file's differ by what a disk and a message take.
      for (const [from, to] of [
        [p1, r1],
        [p2, r2],
      ] as const)
        for (const channel of [left, right])
          expect(soundBetween(channel, from + 200, to - 200).isSilent, `something is in the file between ${from} and ${to} ms`);
      for (const [from, to] of [
        [0, p1 - 300],
        [r1 + 300, p2 - 300],
      ] as const) {
        expect(soundBetween(left, from, to).tones === `${callerHz}`, `left: ${soundBetween(left, from, to).tones} from ${from} to ${to}`);
        expect(soundBetween(right, from, to).tones === `${priyaHz}`, `right: ${soundBetween(right, from, to).tones} from ${from} to ${to}`);
      }
      const lengthMs = left.length / 8;
      const endedAt = events.find(({ type }) => type === "conversation.ended")!.at - beganAt;
      expect(Math.abs(lengthMs - endedAt) < 1_000, `${lengthMs} ms of a call of ${endedAt} ms`);
      const { pauses } = manifestOf(recording);
      const said = pauses.map(({ secure, reason }) => [secure, reason].join(" "));
      expect(said.join() === "true ,false A word off the record", said.join());
      expect(pauses[0]!.by === pauses[0]!.resumedBy && pauses[0]!.by === told[0]!.payload.by, "who paused is who resumed");
    });

    await step("the keys pressed in it are nowhere: not in the export, the ladder, the node's log", async () => {
      const all = (await exported(id)) + (await supervisor.get(`/conversations/${id}`)) + landline.log;
      expect(!all.includes(card), "the card's number is there");
      for (let at = 0; at + 4 <= card.length; at += 4)
        expect(!new RegExp(`digit\\W+${card.slice(at, at + 4)}`).test(all), "a part of it is there");
      await gareth.goto(`/conversations/${id}`);
      await gareth.waitFor(".timeline");
      expect(/Secure pause/.test(await gareth.text(".timeline")), "the timeline tells the pause");
    });

    await step("the bundle for a carrier: what is needed to find the call, and nothing that was planted", async () => {
      const planted = { key: "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", cookie: "c00kie-5", password: "pa55-w0rd", token: "t0ken-77" };
      const number = "+442079460123";
      const caller2 = await RawSip.open(ownAddress, { address: ownAddress, port: 5060 });
      const [callId, sessionId] = ["planted-1@carrier.example", "ab30317f1a784dc48ff824d0d3715d86"];
      await caller2.call(
        {
          ...{ called: "100", callId, from: `"Alice Ann" <sip:${number}@localhost>` },
          headers: [
            `Authorization: Digest username="a", response="${planted.password}"`,
            `Cookie: session=${planted.cookie}`,
            `X-Token: ${planted.token}`,
            `Session-ID: ${sessionId};remote=${"0".repeat(32)}`,
            `P-Asserted-Identity: <tel:${number}>`,
          ],
          attributes: [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${planted.key}`],
          digits: card,
        },
        200,
      );
      caller2.close();
      const one = await eventually("its ladder is kept", async () => {
        const found = await newest();
        return (await eventsOf(found.id)).some(({ type }) => type === "conversation.ladder.kept") ? found.id : null;
      });
      for (const asked of [callId, `Call-ID: ${callId}`, sessionId, `${sessionId};remote=${"0".repeat(32)}`]) {
        const list = await supervisor.get(`/conversations?text=${encodeURIComponent(asked)}`);
        expect(list.includes(`/conversations/${one}"`) && !list.includes(`/conversations/${id}"`), `${asked} does not find it alone`);
      }
      const unpack = async (path: string): Promise<string> => {
        const files = await new Bun.Archive(await supervisor.bytes(path)).files();
        const texts = await Promise.all([...files].map(async ([name, file]) => `${name}\n${await file.text()}`));
        return texts.join("\n");
      };
      const [masked, whole] = [
        await unpack(`/conversations/${one}/bundle.tar.gz`),
        await unpack(`/conversations/${one}/bundle.tar.gz?people=shown`),
      ];
      for (const all of [masked, whole]) {
        for (const secret of [...Object.values(planted), card]) expect(!all.includes(secret), `${secret} is in the bundle`);
        for (const fact of [callId, "README.txt", "INVITE", "m=audio", "X-Token: (left out)"])
          expect(all.includes(fact), `${fact} is not in it`);
      }
      expect(!masked.includes(number.slice(1)) && !masked.includes("Alice"), "the caller is in the masked one");
      expect(whole.includes(number) && whole.includes("Alice Ann"), "the caller is not in the whole one");
      const all = await unpack(`/conversations/${id}/bundle.tar.gz`);
      expect(!all.includes(card), "what was pressed in the secure pause is in it");
      for (const fact of ["chart-1", "pause,conversation.recording.paused", "pressed=2"])
        expect(all.includes(fact), `${fact} is not in it`);
      const tomasz = await Desk.signIn(landline.http, "tomasz@example.org");
      const refused = await tomasz.bytes(`/conversations/${one}/bundle.tar.gz`).catch((error: Error) => error.message);
      expect(/403/.test(String(refused)), "an agent may not take it");
      const taken = await supervisor.get(`/conversations/${one}/export.json`);
      expect(taken.split("conversation.bundle.exported").length === 3, "both were written down");
    });

    await step(
      "how it sounded is drawn on the lanes' time axis: loss where it was and nowhere else, nothing where nobody was heard",
      async () => {
        await priya.click('#call button[value="Answered"]');
        await priya.waitFor('#call[data-call-state="none"]', 10_000);
        const sounding = await callUp();
        const { participants } = JSON.parse(await exported(sounding)) as { participants: { id: string; purpose: string }[] };
        const whose = participants.find(({ purpose }) => purpose === "customer")!.id;
        const windows = async (): Promise<number> =>
          (await legsOf(sounding)).find(({ participantId }) => participantId === whose)?.verdict.from?.windows ?? 0;
        const measured = async (more: number, what: string): Promise<void> => {
          const before = await windows();
          await eventually(what, async () => (await windows()) >= before + more, 15_000 + more * 5_000);
        };
        await measured(2, "two windows without loss");
        const lossAt = Date.now();
        const heal = loseUdp("20000:20999", 0.2);
        try {
          await measured(3, "three windows with loss");
        } finally {
          heal();
        }
        const healedAt = Date.now();
        await measured(2, "two windows without loss again");
        const frozenAt = Date.now();
        caller.freeze();
        try {
          await eventually("a window and a half without a packet", () => Date.now() - frozenAt > 12_000, 20_000);
        } finally {
          caller.thaw();
        }
        const thawedAt = Date.now();
        caller.hangUp();
        await eventually("the conversation ends", async () => (await newest()).endReason !== null, 10_000);
        const charts = await eventually("both legs are charted", async () => {
          const told = (await eventsOf(sounding)).filter(({ type }) => type === "conversation.media.charted");
          return told.length === 2 ? told.map(({ payload }) => payload as { participantId: string; chart: SoundChart }) : null;
        });
        const bytes = charts.map(({ chart }) => JSON.stringify(chart).length).join(" and ");
        console.log(`   charts of ${Math.round((thawedAt - lossAt) / 1_000)} s and more: ${bytes} bytes`);
        const points = pointsOf(charts.find(({ participantId }) => participantId === whose)!.chart);
        const within = (from: number, to: number) => points.filter(({ startedAt, endedAt }) => startedAt >= from && endedAt <= to);
        const said = JSON.stringify(points.map(({ from, ...point }) => ({ ...point, from })));
        const [clean, lossy, well, gone] = [
          within(0, lossAt),
          within(lossAt, healedAt),
          within(healedAt, frozenAt),
          within(frozenAt, thawedAt),
        ];
        expect(clean.length > 0 && lossy.length > 0 && well.length > 0 && gone.length > 0, `a part without a point: ${said}`);
        expect(
          [...clean, ...well].every(({ from }) => from.lost === 0),
          `loss where none was: ${said}`,
        );
        expect(
          lossy.every(({ from }) => from.lost / (from.lost + from.packets) > 0.08),
          `no loss where it was: ${said}`,
        );
        expect(
          lossy.every(({ from }) => from.mos !== null && from.mos < 3.6),
          `it sounded well all the same: ${said}`,
        );
        expect(
          gone.every(({ from }) => from.packets === 0 && from.mos === null),
          `a score where nothing came: ${said}`,
        );
        expect(
          points.every(({ to }) => to.lost === 0),
          `what we sent was lost: ${said}`,
        );
        const { verdict } = (await legsOf(sounding)).find(({ participantId }) => participantId === whose)!;
        expect(points.reduce((sum, { from }) => sum + from.lost, 0) >= verdict.packetsLost, `${verdict.packetsLost} were lost: ${said}`);

        await gareth.goto(`/conversations/${sounding}`);
        await gareth.waitFor(".sounded svg.sound");
        const drawn = await gareth.evaluate(drawnFirst);
        expect(drawn.rows === 4, `${drawn.rows} directions are drawn`);
        const inTheHour = (at: number): number => Math.round(at / 1_000) % 3_600;
        const lastsMs = healedAt - lossAt;
        for (const seconds of drawn.lossesAt) {
          // A tick is in the middle of its window, and a window may have begun before.
          const after = (seconds - inTheHour(lossAt) + 3_600 + 6) % 3_600;
          expect(after <= lastsMs / 1_000 + 12, `a tick ${after - 6} s after the beginning of loss: ${JSON.stringify(drawn)}`);
        }
        expect(drawn.lossesAt.length >= lossy.length, `${drawn.lossesAt.length} ticks for ${lossy.length} points with loss`);
        expect(drawn.titles.filter((title) => /packets? lost/.test(title)).length === drawn.lossesAt.length, drawn.titles.join("; "));
        expect(
          drawn.titles.some((title) => title.includes("silence")),
          `no silence is told: ${drawn.titles.join("; ")}`,
        );
        await lookAt(gareth, "how-it-sounded");
        await gareth.page().setExtraHTTPHeaders({ "accept-language": "de" });
        await gareth.goto(`/conversations/${sounding}`);
        await gareth.page().focus(".sounded summary");
        await gareth.press("Enter");
        await gareth.waitFor(".sounded details[open] table");
        expect((await gareth.text(".sounded h2")) === "Wie es klang", await gareth.text(".sounded h2"));
        await lookAt(gareth, "how-it-sounded-german");
        await gareth.page().setExtraHTTPHeaders({});
      },
    );

    await step("a node that is killed in a pause has it in the manifest, and what came before it in the file", async () => {
      await priya.click('#call button[value="Answered"]');
      await priya.waitFor('#call[data-call-state="none"]', 10_000);
      const killed = await callUp();
      await priya.press("p");
      await priya.waitFor("#call .paused", 5_000);
      await eventually(
        "three seconds of it are on disk",
        async () => {
          const at = (await eventsOf(killed)).find(({ type }) => type === "conversation.recording.paused")?.at;
          return at !== undefined && Date.now() - at > 3_000;
        },
        15_000,
      );
      expect((await admin.post("/admin/capture", captureOf(false))) === 303, "the capture does not begin");
      const { inside } = landline;
      process.kill(inside, "SIGKILL");
      // Gone for us too: whoever asks for its end before is told that it was not asked to stop.
      await eventually("the node is gone", () => !existsSync(`/proc/${inside}`));
      await landline.stop();
      await landline.start();
      expect(/Nothing|Begin the capture/.test(await admin.get("/admin/capture")), "packets are captured after a restart");
      const recording = await recordingOf(killed, "interrupted");
      const { pauses } = manifestOf(recording);
      expect(pauses.length === 1 && pauses[0]!.secure === true && pauses[0]!.endedAt === null, JSON.stringify(pauses));
      const { left } = readWav(await supervisor.bytes(`/recordings/${recording.id}/audio`));
      const beganAt = (await eventsOf(killed)).find(({ type }) => type === "conversation.recording.started")!.at;
      const pausedAt = Number(pauses[0]!.startedAt) - beganAt;
      expect(soundBetween(left, 0, pausedAt - 300).tones === `${callerHz}`, "what was said before is there");
      expect(soundBetween(left, pausedAt + 200, left.length / 8).isSilent, "something of the pause is there");
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
