// More than two in a call: a supervisor listens, coaches and barges in; a third is brought in, held from, left with. Who hears whom, by tones.
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { type Chromium, goOnQueue, signIn, soundOf, startChromium, toSamples } from "../support/browser.ts";
import { Desk } from "../support/desk.ts";
import { landlineHere } from "../support/image.ts";
import { testCentre } from "../support/landline.ts";
import { lookAt } from "../support/look.ts";
import { insideNamespace, otherAddress, ownAddress } from "../support/namespace.ts";
import { offerMd5 } from "../support/raw-sip.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { readWav, tonesIn } from "../support/tones.ts";

await insideNamespace();
const landline = landlineHere([...["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]]);
// None is near a multiple of another.
const tones = { priya: 440, caller: 610, gareth: 790, carol: 1_090 } as const;
type Who = keyof typeof tones;
const browsers: Chromium[] = [];
let priya: Chromium;
let gareth: Chromium;
let caller: Baresip;
let carol: Baresip;

type Centre = { readonly users: readonly object[] } & Readonly<Record<string, unknown>>;
type Event = { readonly type: string; readonly at: number; readonly payload: Readonly<Record<string, unknown>> };
type Conversation = { readonly id: string; readonly endReason: string | null };

/** The test centre, with somebody who has a desk phone. */
function centre(): object {
  const plain = testCentre([ownAddress]) as Centre;
  const [first, ...others] = plain.users;
  const phone = { name: "Carol Okafor", email: "carol@example.org", roles: ["agent"], extension: "203", phone: true };
  const conferenceRooms = [{ name: "Board", number: "800", callers: "everybody", participantsMax: 3 }];
  return { ...plain, users: [{ ...first, extension: "201" }, phone, ...others], conferenceRooms };
}

const newest = async (): Promise<Conversation> =>
  (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities[0]!;

async function eventsOf(id: string): Promise<readonly Event[]> {
  return JSON.parse(await supervisor.get(`/conversations/${id}/export.json`)).events;
}
let supervisor: Desk;

/** Waits until somebody hears exactly these voices: all of them, and none besides. Only what sounds after the question counts. */
async function hearsOnly(who: Who, voices: readonly Who[], when: string): Promise<void> {
  const wanted = voices.map((voice) => tones[voice]).sort();
  let last: readonly number[] | null = null;
  await eventually(
    `${who} hears ${voices.join(" and ") || "nobody"} ${when}`,
    async () => {
      last = tonesIn(await freshSound(who), Object.values(tones));
      return last !== null && last.toSorted().join() === wanted.join();
    },
    15_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; heard ${last === null ? "something between" : last.join(" ") || "none of them"}`);
  });
}

async function freshSound(who: Who): Promise<Int16Array> {
  if (who === "priya" || who === "gareth") return toSamples(await (who === "priya" ? priya : gareth).evaluate(soundOf, "#softphone"));
  const phone = who === "caller" ? caller : carol;
  const before = phone.heard().length;
  await eventually("the phone hears on", () => phone.heard().length - before >= 8_000, 10_000);
  return phone.heard().slice(before);
}

/** Of everybody at once. */
async function allHear(when: string, voices: Partial<Readonly<Record<Who, readonly Who[]>>>): Promise<void> {
  await Promise.all(Object.entries(voices).map(([who, heard]) => hearsOnly(who as Who, heard, when)));
}

await program(
  async () => {
    await landline.start();
    const { phones } = landline.apply(centre());
    const { username, secret } = phones[0]!;
    await offerMd5(ownAddress, otherAddress);
    carol = new Baresip(join(landline.folder, "carol"), otherAddress, tones.carol, {
      account: { username, secret, registrar: ownAddress, answers: "manual" },
      rtpPorts: "30000-30499",
      device: "there",
    });
    for (const name of ["priya", "gareth"] as const) {
      const browser = await startChromium(landline.http, landline.folder, name, tones[name]);
      browsers.push(browser);
      await signIn(browser, `${name}@example.org`);
    }
    [priya, gareth] = browsers as [Chromium, Chromium];
    supervisor = await Desk.signIn(landline.http, "gareth@example.org");
    await eventually("the desk phone is registered", () => carol.log.includes("200 OK"), 10_000);
    caller = new Baresip(join(landline.folder, "caller"), ownAddress, tones.caller);
    await caller.ready();

    await step(
      "a call of a queue is up",
      async () => {
        await goOnQueue(priya);
        caller.dial(`sip:100@${ownAddress}:5060`);
        await eventually("the call is answered", () => caller.established === 1, 10_000);
        caller.press("2");
        await priya.waitFor('#call[data-call-state="alerting"]', 20_000);
        await priya.press("Enter");
        await priya.waitFor('#call[data-call-state="connected"] [data-key="h"]', 10_000);
        await allHear("alone with the other", { caller: ["priya"], priya: ["caller"] });
      },
      { must: true },
    );
    const { id } = await newest();
    type Call = {
      readonly participants: readonly { readonly id: string; readonly purpose: string; readonly user?: { readonly id: string } }[];
    };
    const path = `/api/v2/conversations/calls/${id}`;
    const hers = (await landline.api<Call>(path)).participants.find(({ purpose }) => purpose === "agent")!;

    await step("whoever has not the right is refused, by page and by API, and so is a program", async () => {
      for (const email of ["tomasz@example.org", "nadia@example.org"]) {
        const desk = await Desk.signIn(landline.http, email);
        const status = await desk.post(`/calls/${id}/supervise`, { participant: hers.id, mode: "monitoring" });
        expect(status === 403, `${email} is answered ${status}`);
      }
      const program = await landline
        .api(`${path}/participants/${hers.id}/monitor`, { method: "POST" })
        .catch((error: Error) => error.message);
      expect(/409 .*a program has no station/.test(String(program)), String(program));
    });

    await step("a supervisor listens from the board: hears both, is heard by nobody, and the agent sees who", async () => {
      await gareth.goto("/performance/queues");
      await gareth.waitFor(".agents .listen", 10_000);
      await gareth.click(".agents .listen");
      await gareth.waitFor("#listen form", 10_000);
      await lookAt(gareth, "listen-form");
      await gareth.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
      await gareth.fill("#listen-reason", "New in the team");
      await gareth.click('#listen button[value="monitoring"]');
      await gareth.waitFor('#call [data-key="l"][aria-pressed="true"]', 10_000);
      await allHear("while somebody listens", { gareth: ["caller", "priya"], caller: ["priya"], priya: ["caller"] });
      expect(/Gareth Hollis listens/.test(await priya.text("#call .listens")), "the agent sees who listens");
      await Promise.all([lookAt(gareth, "listening"), lookAt(priya, "listened-to")]);
    });

    await step("coached by one key: the agent alone hears it", async () => {
      await gareth.press("c");
      await allHear("while coached", { priya: ["caller", "gareth"], caller: ["priya"], gareth: ["caller", "priya"] });
      expect(/coaches you/.test(await priya.text("#call .listens")), "the agent sees that they are coached");
    });

    await step("barged in by another: everybody hears it", async () => {
      await gareth.press("b");
      await allHear("with one more", { priya: ["caller", "gareth"], caller: ["priya", "gareth"], gareth: ["caller", "priya"] });
    });

    await step("and left: the call goes on as it was", async () => {
      await gareth.press("e");
      await gareth.waitFor('#call[data-call-state="none"]', 10_000);
      await allHear("alone again", { caller: ["priya"], priya: ["caller"] });
      expect((await newest()).endReason === null, "the call has ended");
    });

    await step("somebody whom a program asked is brought in by the agent: each hears the two others, and not themselves", async () => {
      const asked = await landline.api<{ destinationParticipantId: string }>(`${path}/participants/${hers.id}/consult`, {
        method: "POST",
        body: { speakTo: "DESTINATION", destination: { address: "203" } },
      });
      await eventually("the desk phone rings", () => carol.log.includes("Incoming call"), 10_000);
      carol.accept();
      await priya.waitFor('#call [data-key="c"]', 10_000);
      await allHear("during the question", { priya: ["carol"], carol: ["priya"], caller: [] });
      expect(
        (await landline.api<Call>(path)).participants.some((one) => one.id === asked.destinationParticipantId),
        "who is asked has the id that was told",
      );
      await lookAt(priya, "consulting");
      await priya.press("s");
      await priya.waitFor('#call input[name="speakTo"][value="DESTINATION"]', 10_000);
      await allHear("after swapping", { priya: ["caller"], caller: ["priya"] });
      const nobody = await landline
        .api(`${path}/participants/${hers.id}/consult`, { method: "PATCH", body: { speakTo: "EVERYBODY" } })
        .catch((error: Error) => error.message);
      expect(/400 .*DESTINATION, OBJECT, BOTH/.test(String(nobody)), String(nobody));
      await priya.press("c");
      await priya.waitFor("#call .together", 10_000);
      await allHear("in the conference", { priya: ["caller", "carol"], caller: ["priya", "carol"], carol: ["priya", "caller"] });
      await lookAt(priya, "conference");
    });

    await step("hold takes the agent alone out of it; a reload brings them back into it", async () => {
      await priya.press("h");
      await priya.waitFor('#call [data-key="h"][aria-pressed="true"]', 5_000);
      await allHear("while the agent holds", { caller: ["carol"], carol: ["caller"] });
      await priya.press("h");
      await priya.waitFor('#call [data-key="h"][aria-pressed="false"]', 5_000);
      await priya.reload();
      await priya.waitFor("#call .together");
      await allHear("after the reload", { priya: ["caller", "carol"], caller: ["priya", "carol"], carol: ["priya", "caller"] });
    });

    await step("a supervisor of the conference, by the API's own name, hears all of it", async () => {
      await gareth.goto(`/conversations/${id}`);
      await gareth.waitFor('[data-softphone-pill][data-state="ready"]', 20_000);
      await gareth.click('#listen button[value="monitoring"]');
      await gareth.waitFor('#call [data-key="l"][aria-pressed="true"]', 10_000);
      await allHear("of the conference", { gareth: ["caller", "priya", "carol"], carol: ["priya", "caller"], caller: ["priya", "carol"] });
      const { participants } = await landline.api<{ participants: readonly { monitoredParticipantId?: string }[] }>(path);
      expect(
        participants.some(({ monitoredParticipantId }) => monitoredParticipantId === hers.id),
        "the API says beside whom",
      );
    });

    await step("the agent leaves: the others stay connected, the supervisor does not, after-call work begins", async () => {
      await priya.press("e");
      await priya.waitFor('#call[data-call-state="wrapup"]', 10_000);
      await gareth.waitFor('#call[data-call-state="none"]', 10_000);
      await allHear("without the agent", { caller: ["carol"], carol: ["caller"] });
      await priya.click('#call button[value="Answered"]');
      carol.hangUp();
      await eventually("the conversation ends", async () => (await newest()).endReason === "party-hung-up", 10_000);
    });

    await step("the recording has on its right channel whom the caller heard: the third, who barged in, and not the coach", async () => {
      type Recording = { readonly id: string; readonly state: string };
      const recording = await eventually("the recording is sealed", async () => {
        const { entities } = await landline.api<{ entities: Recording[] }>(`/api/v2/landline/conversations/${id}/recordings`);
        return entities.length === 1 && entities[0]!.state === "sealed" ? entities[0]! : null;
      });
      const { right } = readWav(await supervisor.bytes(`/recordings/${recording.id}/audio`));
      const events = await eventsOf(id);
      const beganAt = events.find(({ type }) => type === "conversation.recording.started")!.at;
      const at = (type: string, mode?: string): number =>
        events.find((event) => event.type === `conversation.${type}` && (mode === undefined || event.payload.mode === mode))!.at - beganAt;
      // The log says it before it is so; sound that is on its way is still of before.
      // By parts: a voice that breaks off and begins again is out of step with itself over longer.
      const during = (fromMs: number, toMs: number): readonly number[] => {
        const heard = new Set<number>();
        for (let ms = fromMs + 300; ms + 600 <= toMs; ms += 100)
          for (const hz of tonesIn(right.slice(ms * 8, (ms + 600) * 8), Object.values(tones)) ?? []) heard.add(hz);
        return [...heard].sort((a, b) => a - b);
      };
      const coached = during(at("supervision.switched", "coaching"), at("supervision.switched", "barging"));
      expect(coached.join() === `${tones.priya}`, `while coached, the right channel has ${coached}`);
      const barged = during(at("supervision.switched", "barging"), at("supervision.ended"));
      expect(barged.join() === [tones.priya, tones.gareth].join(), `after barging in it has ${barged}`);
      const together = events.find(({ type, payload }) => type === "conversation.consult.updated" && payload.speakTo === "BOTH")!;
      const conferred = during(together.at - beganAt, at("held"));
      expect(conferred.join() === [tones.priya, tones.carol].join(), `in the conference it has ${conferred}`);
    });

    await step(
      "a conference room: from outside, from a desk phone, from a browser; whoever is first hears music, a fourth that it is busy",
      async () => {
        caller.dial(`sip:800@${ownAddress}:5060`);
        await eventually("the first is in the room", () => caller.established === 2, 10_000);
        await eventually("and hears music", async () => (await freshSound("caller")).some((sample) => Math.abs(sample) > 300), 10_000);
        carol.dial(`sip:800@${ownAddress}:5060`);
        await allHear("of two in the room", { caller: ["carol"], carol: ["caller"] });
        await priya.fill("#dial", "800");
        await priya.press("Enter");
        await priya.waitFor('#call[data-call-state="connected"]', 10_000);
        await allHear("of three in the room", { caller: ["priya", "carol"], carol: ["priya", "caller"], priya: ["caller", "carol"] });
        expect(/Board/.test(await priya.text("#call")), `the browser names the room: ${await priya.text("#call")}`);
        await lookAt(priya, "in-a-room");
        await priya.press("h");
        await allHear("while one of three holds", { caller: ["carol"], carol: ["caller"] });
        await priya.press("h");
        await allHear("of three again", { caller: ["priya", "carol"], priya: ["caller", "carol"] });
        await gareth.goto("/");
        await gareth.fill("#dial", "800");
        await gareth.press("Enter");
        await eventually("a fourth is told that it is busy", async () => /Busy\./.test(await gareth.text("body")), 10_000);
        await eventually("and is not let in", async () => (await newest()).endReason === "rejected", 10_000);
        await priya.press("e");
        await allHear("when one has left the room", { caller: ["carol"], carol: ["caller"] });
        carol.hangUp();
        await hearsOnly("caller", [], "alone in the room");
        caller.hangUp();
        await eventually("the last has left", async () => (await newest()).endReason !== null, 10_000);
        await supervisor.get("/conversations");
      },
    );

    await step("every start, switch and end is in the log with who, beside whom and why; it verifies", async () => {
      const events = await eventsOf(id);
      const told = events
        .filter(({ type }) => type.startsWith("conversation.supervision."))
        .map(({ type, payload }) => {
          return [type.slice("conversation.supervision.".length), payload.mode].filter((word) => word !== undefined).join(" ");
        });
      const wanted = ["started monitoring", "connected monitoring", "switched coaching", "switched barging", "ended"];
      expect(told.join() === [...wanted, "started monitoring", "connected monitoring", "ended"].join(), told.join());
      const began = events.find(({ type }) => type === "conversation.supervision.started")!;
      expect(began.payload.supervises === hers.id && began.payload.reason === "New in the team", JSON.stringify(began.payload));
      expect(!events.some(({ type }) => type === "conversation.media.silent"), "somebody was said to be silent");
      await gareth.goto(`/conversations/${id}`);
      await gareth.waitFor("#conversation");
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
