// A robot calls a robot through a real node's telephony: real SIP and RTP over loopback sockets, and both hear each other's voice.
import { afterEach, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import type { CallEvent, TelephonyDirectory } from "../../core/call/call-control.ts";
import { type LegId, newId, type RecordingId, type StationId, type TrunkId, type UserId } from "../../core/lib/id.ts";
import { InlinePlane } from "../media/inline-plane.ts";
import { PortRange } from "../media/ports.ts";
import { until } from "../media/support/listening.ts";
import { ha1Of } from "../sip/auth/digest.ts";
import { Telephony } from "../start.ts";
import type { CallerPlan } from "./caller.ts";
import { type AnswerReport, Robots } from "./robots.ts";

const env = realEnv("error");
const realm = "landline";
const addresses = { callers: "127.0.0.16", agents: "127.0.0.17" };
const phone = { stationId: "station" as StationId, userId: "user" as UserId };
const directory: TelephonyDirectory = {
  trunkByAddress: (address) => (address === addresses.callers ? { trunkId: "trunk" as TrunkId, name: "Robots" } : null),
  trunkManner: () => null,
  certificateDemand: () => null,
  mediaEncryption: () => "disabled",
  isCallForHelp: () => false,
  trunks: () => [],
  isPhoneAddress: () => false,
  phone: (username) => (username === "p1" ? { ...phone, ha1: ha1Of("p1", realm, "secret") } : null),
  station: (stationId) => (stationId === phone.stationId ? { username: "p1", userId: phone.userId, kind: "phone", address: null } : null),
};
const plan: CallerPlan = {
  number: "+441632960007",
  name: "Alice",
  called: "+441632960100",
  hears: "agent",
  keys: [{ digit: "2", afterMs: 100 }],
  patienceMs: 20_000,
  talkMs: 1_500,
};

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A node's telephony with the smallest core there can be: it answers, and a key leads to the one phone. `control` sees every event. */
async function node(onDigit: (event: Extract<CallEvent, { kind: "digit" }>, telephony: Telephony) => void) {
  const media = new InlinePlane({
    env,
    ports: new PortRange(28_000, 28_099),
    mux: null,
    prompts: async () => null,
    openSink: async () => ({ write: async () => undefined, close: async () => ({ chunks: 0, durationMs: 0, sizeBytes: 0, sha256: "" }) }),
  });
  const telephony = await Telephony.start({
    env,
    directory,
    media,
    addresses: ["127.0.0.1"],
    mediaAddress: "127.0.0.1",
    listen: [{ transport: "udp", address: "127.0.0.1", port: 0 }],
    recordingTarget: async (id: RecordingId) => ({
      path: id,
      key: new Uint8Array(0),
      wrappedKey: new Uint8Array(0),
      header: new Uint8Array(0),
    }),
  });
  open.push(
    () => media.close(),
    () => telephony[Symbol.asyncDispose](),
  );
  const events: CallEvent[] = [];
  const { control } = telephony;
  let customer = "" as LegId;
  let agent = "" as LegId;
  control.onEvent((event) => {
    events.push(event);
    if (event.kind === "call.offered") {
      customer = event.legId;
      control.send({ kind: "answer", legId: event.legId });
    } else if (event.kind === "digit") {
      onDigit(event, telephony);
      agent = newId(env);
      const from = events.find((entry) => entry.kind === "call.offered")!;
      control.send({
        kind: "dial-station",
        legId: agent,
        conversationId: from.conversationId,
        stationId: phone.stationId,
        callerName: from.caller.name,
        callerNumber: from.caller.number,
        autoAnswer: false,
        ringMs: 10_000,
      });
    } else if (event.kind === "leg.answered" && event.legId === agent) {
      control.send({ kind: "confirm", legId: agent });
      control.send({ kind: "bridge", a: customer, b: agent });
    } else if (event.kind === "leg.ended" && event.legId === customer) {
      control.send({ kind: "hang-up", legId: agent, reason: "normal" });
    }
  });
  return { telephony, events };
}

async function robots(port: number, secret: string) {
  const asked: string[] = [];
  const answers: AnswerReport[] = [];
  const made = await Robots.open({
    env,
    server: { address: "127.0.0.1", port },
    addresses,
    rtpPorts: [28_200, 28_299],
    realm,
    agents: [{ userId: phone.userId, secret: { username: "p1", ha1: ha1Of("p1", realm, secret) } }],
    desk: {
      setPresence: async (_userId, presence) => void asked.push(presence),
      wrapUp: async () => void asked.push("wrap-up"),
    },
    planAgent: () => ({ answerMs: 50, talkMs: 20_000, wrapUpMs: 60_000, breakMs: null }),
    answered: (report) => answers.push(report),
  });
  open.push(() => made.stop());
  return { made, asked, answers };
}

test("a robot dials, presses a key, and talks with a robot that has registered; each hears the other", async () => {
  const digits: string[] = [];
  const { telephony, events } = await node(({ digit }) => digits.push(digit));
  const { made, asked, answers } = await robots(telephony.ports[0]!, "secret");
  await made.startAgents();
  expect(asked).toEqual(["ON_QUEUE"]);
  expect(telephony.control.isRegistered(phone.stationId)).toBe(true);

  const report = await made.call(plan);
  expect(report.outcome).toBe("talked");
  expect(digits).toEqual(["2"]);
  expect(events.find((event) => event.kind === "call.offered")).toMatchObject({
    called: plan.called,
    caller: { number: plan.number, name: "Alice" },
    origin: { kind: "trunk" },
  });
  expect(report.setupMs).toBeGreaterThan(0);
  expect(report.end.heard.agent).toBeGreaterThanOrEqual(500);
  expect(report.end.heard.caller).toBe(0);
  expect(report.end.stats).toMatchObject({ packetsLost: 0, codec: "PCMA" });
  const answer = await until(() => answers[0]);
  expect(answer.callerNumber).toBe(plan.number);
  expect(answer.end.heard.caller).toBeGreaterThanOrEqual(500);
  expect(answer.end.heard.agent).toBe(0);
  expect(made.callsUp).toBe(0);

  await made.stop();
  open.pop();
  expect(asked.toSorted()).toEqual(["OFFLINE", "ON_QUEUE", "wrap-up"]);
  expect(telephony.control.isRegistered(phone.stationId)).toBe(false);
  expect(telephony.held.conversations).toBe(0);
});

test("a phone with a wrong secret stays away, and never goes on queue", async () => {
  const { telephony } = await node(() => undefined);
  const { made, asked } = await robots(telephony.ports[0]!, "another secret");
  await made.startAgents();
  expect(telephony.control.isRegistered(phone.stationId)).toBe(false);
  expect([made.agentsThere, asked]).toEqual([0, []]);
});

test("a number that nobody answers is told as refused, with its status", async () => {
  const { telephony } = await node(() => undefined);
  const { made } = await robots(telephony.ports[0]!, "secret");
  telephony.control.drain();
  const report = await made.call(plan);
  expect(report).toMatchObject({ outcome: "refused", setupMs: null, waitedMs: null, end: { by: "peer", why: "503" } });
});
