// Tests of telephony as core sees it: real SIP over loopback sockets and browser sockets, media faked, time moved by hand.
import { afterEach, describe, expect, test } from "bun:test";
import type { CallEvent, SipSocketIdentity, TelephonyDirectory } from "../core/call/call-control.ts";
import { type ConversationId, type LegId, newId, type RecordingId, type StationId, type TrunkId, type UserId } from "../core/lib/id.ts";
import { guestSocketsMax, strangerBurst, trunkSilenceMs, voiceCheckMs, voiceChecksMax } from "../core/lib/limits.ts";
import type { MediaEncryption } from "../core/lib/media-encryption.ts";
import { digitBody } from "./digits.ts";
import type { MediaCommand } from "./media/plane.ts";
import { expectedResponse, ha1Of } from "./sip/auth/digest.ts";
import type { Session } from "./sip/dialog/layer.ts";
import { header, headerValue } from "./sip/message/message.ts";
import { Telephony } from "./start.ts";
import { type FakeEnv, fakeEnv } from "./support/fake-env.ts";
import { FakeMedia, someStats } from "./support/fake-media.ts";
import { plainOffer, TestPeer, webAnswer } from "./support/test-peer.ts";

const desk = { stationId: "desk-station" as StationId, userId: "desk-user" as UserId };
const phone = { stationId: "phone-station" as StationId, userId: "phone-user" as UserId };
/** Where calls by the trunk `out` go in a test. */
const way = {
  ...{ trunkId: "out" as TrunkId, version: 0, issuers: null, certificate: null, proxies: [] as { host: string; port: number | null }[] },
  account: null as { username: string; password: string; domain: string } | null,
};
function leadsTo({ telephony }: Host, ...proxies: readonly { host: string; port: number | null }[]): void {
  way.proxies = [...proxies];
  way.version += 1;
  telephony.trunks.onLogged({ type: "telephony.trunk.updated" });
}
const voice = { ofPhone: "disabled" as MediaEncryption };
const directory: TelephonyDirectory = {
  trunkByAddress: (address) =>
    address === "127.0.0.2" || address === "127.0.0.1" ? { trunkId: "trunk" as TrunkId, name: "Carrier" } : null,
  isPhoneAddress: () => false,
  trunkManner: () => null,
  certificateDemand: () => null,
  mediaEncryption: (id) => (id === phone.stationId ? voice.ofPhone : "disabled"),
  isCallForHelp: (_stationId, called) => called === "112",
  trunks: () => (way.proxies.length === 0 ? [] : [{ ...way, name: "Out", transport: "UDP", registers: false, heartbeat: false }]),
  phone: (username) => (username === "201" ? { ...phone, ha1: ha1Of("201", "landline", "secret") } : null),
  station: (stationId) =>
    stationId === desk.stationId
      ? { username: "desk", userId: desk.userId, kind: "browser", address: null }
      : stationId === phone.stationId
        ? { username: "201", userId: phone.userId, kind: "phone", address: null }
        : null,
};

type Host = {
  env: FakeEnv;
  media: FakeMedia;
  telephony: Telephony;
  port: number;
  events: CallEvent[];
  next<K extends CallEvent["kind"]>(kind: K): Promise<Extract<CallEvent, { kind: K }>>;
};
const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
  way.account = null;
  way.proxies = [];
  voice.ofPhone = "disabled";
});

async function host(addresses: readonly string[] = ["127.0.0.1"]): Promise<Host> {
  const env = fakeEnv();
  const media = new FakeMedia();
  const telephony = await Telephony.start({
    env,
    directory,
    media,
    addresses,
    mediaAddress: "127.0.0.1",
    listen: [
      { transport: "udp", address: "127.0.0.1", port: 0 },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
    ],
    recordingTarget: async () => ({ path: "/r", key: new Uint8Array(32), wrappedKey: new Uint8Array(0), header: new Uint8Array(0) }),
  });
  open.push(telephony);
  const events: CallEvent[] = [];
  const waiting: (() => void)[] = [];
  let read = 0;
  telephony.control.onEvent((event) => {
    events.push(event);
    waiting.shift()?.();
  });
  const next: Host["next"] = async (kind) => {
    for (;;) {
      for (let event = events[read]; event !== undefined; event = events[read]) {
        read++;
        if (event.kind === kind) return event as Extract<CallEvent, { kind: typeof kind }>;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { env, media, telephony, port: telephony.ports[0]!, events, next };
}

async function peer(at: Host, address: string): Promise<TestPeer> {
  const made = await TestPeer.udp(at.env, address, at.port);
  open.push(made);
  return made;
}

function browser(at: Host, identity: SipSocketIdentity = desk): TestPeer {
  const made = TestPeer.browser(at.env, at.telephony.sockets, identity);
  open.push(made);
  return made;
}

/** An answered call from the trunk. */
async function answered(at: Host): Promise<{ caller: TestPeer; session: Session; offered: Extract<CallEvent, { kind: "call.offered" }> }> {
  const caller = await peer(at, "127.0.0.2");
  caller.call("+4930222", plainOffer("127.0.0.2"));
  const offered = await at.next("call.offered");
  at.telephony.control.send({ kind: "answer", legId: offered.legId });
  const { session } = await caller.next("session", ({ event }) => event.kind === "answered");
  session.send({ kind: "confirm" });
  await at.next("leg.answered");
  return { caller, session, offered };
}

const dialOf = (
  at: Host,
  conversationId: ConversationId,
  stationId: StationId,
  extra: { autoAnswer?: boolean; callerName?: string } = {},
) => {
  const legId: LegId = newId(at.env);
  const { autoAnswer = false, callerName = "Alice" } = extra;
  const fields = { conversationId, stationId, callerName, callerNumber: "+4930111", autoAnswer, ringMs: 20_000 };
  at.telephony.control.send({ kind: "dial-station", legId, ...fields });
  return legId;
};

describe("a call from the trunk", () => {
  test("is offered, answered, heard and ended, and its ladder is given out", async () => {
    const at = await host();
    const { session, offered } = await answered(at);
    expect(offered).toMatchObject({
      origin: { kind: "trunk", trunkId: "trunk" },
      caller: { number: "+4930111", name: "Alice" },
      called: "+4930222",
    });
    expect(at.media.of("connect-rtp")).toMatchObject([
      { remote: { address: "127.0.0.2", port: 4000, codec: "PCMU", dtmfPayloadType: 101 }, direction: "sendrecv" },
    ]);
    at.media.emit({ kind: "connected", streamId: offered.legId, protection: "none" });
    at.media.emit({ kind: "digit", streamId: offered.legId, digit: "5", durationMs: 100 });
    expect((await at.next("digit")).digit).toBe("5");
    session.send({ kind: "hang-up" });
    expect(await at.next("leg.media")).toMatchObject({ verdict: { packetsSent: 10, packetsLost: 1 } });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "hung-up" });
    const ladder = await at.next("call.ladder");
    expect(ladder.entries.map(({ summary }) => summary.split(" ")[0])).toEqual(["INVITE", "100", "200", "ACK", "BYE", "200"]);
    expect(JSON.stringify(ladder)).not.toContain("X-Landline");
    expect(ladder.sipIds).toContain(session.callId);
    expect(ladder.sipIds.filter((id) => /^[0-9a-f]{32}$/.test(id))).toHaveLength(1);
    at.env.advance(40_000);
    expect([at.telephony.held, at.media.openStreams]).toEqual([{ transactions: 0, sessions: 0, conversations: 0, subscriptions: 0 }, 0]);
  });

  test("is captured as an admin wants it, whenever that begins, and not while it is private", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const { legId, conversationId } = offered;
    const { capture, control } = at.telephony;
    const wanted = { trunkId: null, stationId: null, conversationId: null, withVoice: true };
    control.send({ kind: "privacy", conversationId, isPrivate: true });
    expect(at.media.of("capture")).toEqual([]);
    capture.start(wanted, 60_000);
    control.send({ kind: "privacy", conversationId, isPrivate: false });
    capture.stop();
    capture.start({ ...wanted, conversationId: crypto.randomUUID() as typeof conversationId }, 60_000);
    expect(at.media.of("capture").map(({ streamId, mode }) => [streamId, mode])).toEqual([
      [legId, "off"],
      [legId, "voice"],
      [legId, "off"],
      [legId, "off"],
    ]);
    capture.start({ ...wanted, conversationId }, 60_000);
    at.media.emit({ kind: "captured", records: new Uint8Array(50), packets: 2, lost: 1 });
    control.send({ kind: "hang-up", legId, reason: "normal" });
    await at.next("leg.ended");
    // Our BYE beside what the worker took; its answer belongs to no conversation any more.
    expect(capture.status()).toMatchObject({ packets: 3, lost: 1 });
  });

  test("that core ends gets a BYE; commands for legs that are gone do nothing", async () => {
    const at = await host();
    const { caller, offered } = await answered(at);
    at.telephony.control.send({ kind: "hang-up", legId: offered.legId, reason: "normal" });
    await caller.next("session", ({ event }) => event.kind === "ended");
    expect(await at.next("leg.ended")).toMatchObject({ reason: "ended-by-us" });
    for (const kind of ["answer", "ring", "confirm"] as const) at.telephony.control.send({ kind, legId: offered.legId });
    at.telephony.control.send({ kind: "bridge", a: offered.legId, b: "x" as LegId });
    expect(at.media.of("bridge")).toEqual([]);
  });

  test("that core refuses is refused with the right status, and no stream is opened", async () => {
    for (const [reason, status] of [
      ["no-such-number", 404],
      ["not-allowed", 403],
      ["busy", 486],
      ["declined", 603],
      ["unavailable", 480],
      ["overloaded", 503],
    ] as const) {
      const at = await host();
      const caller = await peer(at, "127.0.0.2");
      caller.call("1", plainOffer("127.0.0.2"));
      const { legId } = await at.next("call.offered");
      at.telephony.control.send({ kind: "reject", legId, reason });
      const { event } = await caller.next("session", (heard) => heard.event.kind === "ended");
      expect(event).toMatchObject({ end: { status } });
      expect(await at.next("leg.ended")).toMatchObject({ reason: "ended-by-us", sipStatus: status });
      expect(at.media.commands).toEqual([]);
    }
  });

  test("that is cancelled while it rings is over", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("1", plainOffer("127.0.0.2"));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "ring", legId });
    const { session } = await caller.next("session", ({ event }) => event.kind === "ringing");
    session.send({ kind: "hang-up" });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "hung-up" });
    await at.next("call.ladder");
  });

  test("without an offer gets ours and answers in its ACK", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("1", new Uint8Array(0));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "answer", legId });
    const { session, event } = await caller.next("session", (heard) => heard.event.kind === "answered");
    expect(event.kind === "answered" && Buffer.from(event.response.body).toString()).toContain("m=audio 40000 RTP/AVP 8 0 101");
    // Our test peer's ACK has no body: no answer, no media, no call.
    session.send({ kind: "confirm" });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "media-failed" });
  });

  test("SDP-01: with media that leads elsewhere is 488 and never reaches core", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    for (const address of ["192.0.2.1", "224.0.0.1", "255.255.255.255"]) {
      caller.call("1", plainOffer(address));
      const { event } = await caller.next("session", (heard) => heard.event.kind === "ended");
      expect(event).toMatchObject({ end: { status: 488 } });
    }
    expect(at.events).toEqual([]);
  });

  test("can be held and resumed by its caller", async () => {
    const at = await host();
    const { caller, session } = await answered(at);
    for (const [line, direction] of [
      ["a=sendonly", "recvonly"],
      ["a=sendrecv", "sendrecv"],
    ] as const) {
      session.send({ kind: "offer", body: plainOffer("127.0.0.2", line) });
      const { event } = await caller.next("session", (heard) => heard.event.kind === "negotiated");
      expect(event.kind === "negotiated" && Buffer.from(event.response.body).toString()).toContain(`a=${direction}\r\n`);
      expect(at.media.of("connect-rtp").at(-1)).toMatchObject({ direction });
    }
    // Whoever asks for the same again tells core nothing new.
    session.send({ kind: "offer", body: plainOffer("127.0.0.2", "a=sendrecv") });
    await caller.next("session", (heard) => heard.event.kind === "negotiated");
    expect(at.events.flatMap((event) => (event.kind === "leg.held" ? [event.isHeld] : []))).toEqual([true, false]);
    session.send({ kind: "offer", body: plainOffer("192.0.2.1") });
    const { event } = await caller.next("session", (heard) => heard.event.kind === "offer-refused");
    expect(event).toMatchObject({ status: 488 });
    expect(session.isEnded).toBe(false);
  });

  test("over TCP outlives its connection", async () => {
    const at = await host();
    const texts: string[] = [];
    const heard = Promise.withResolvers<string>();
    const connect = () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port: at.telephony.ports[1]!,
        socket: {
          data: (_socket, bytes) => {
            texts.push(bytes.toString());
            const tag = /^SIP\/2\.0 200 [\s\S]*?To: [^\r]*;tag=(\w+)/m.exec(texts.join(""))?.[1];
            if (tag !== undefined) heard.resolve(tag);
            if (texts.join("").includes("200 OK") && texts.join("").includes("2 BYE")) ended.resolve();
          },
        },
      });
    const ended = Promise.withResolvers<void>();
    const text = (method: string, seq: number, tag: string, body: string): string =>
      `${method} sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK${method}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:1@127.0.0.1>${tag}\r\nCall-ID: tcp\r\nCSeq: ${seq} ${method}\r\nContact: <sip:a@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const first = await connect();
    first.write(text("INVITE", 1, "", Buffer.from(plainOffer("127.0.0.1")).toString()));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "answer", legId });
    const tag = await heard.promise;
    first.write(text("ACK", 1, `;tag=${tag}`, ""));
    await at.next("leg.answered");
    first.end();
    const second = await connect();
    second.write(text("BYE", 2, `;tag=${tag}`, ""));
    await ended.promise;
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "hung-up" });
    expect(at.events.some(({ kind }) => kind === "leg.lost")).toBe(false);
    second.end();
  });

  test("whose stream dies is ended as media-failed", async () => {
    const at = await host();
    const { caller, offered } = await answered(at);
    at.media.emit({ kind: "failed", streamId: offered.legId, reason: "worker died" });
    await caller.next("session", ({ event }) => event.kind === "ended");
    expect(await at.next("leg.ended")).toMatchObject({ reason: "media-failed" });
  });
});

describe("a caller who is put through", () => {
  test("hears the other side before the answer, and the answer says the same", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("1", plainOffer("127.0.0.2"));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "progress", legId });
    const early = await caller.next("session", ({ event }) => event.kind === "ringing");
    const said = early.event.kind === "ringing" ? early.event.response : null;
    expect([said?.status, Buffer.from(said!.body).toString()]).toEqual([183, expect.stringContaining("m=audio 40000 RTP/AVP 0 101")]);
    expect(at.media.of("connect-rtp")).toMatchObject([{ streamId: legId, remote: { address: "127.0.0.2", port: 4_000 } }]);
    at.telephony.control.send({ kind: "answer", legId });
    const { session, event } = await caller.next("session", (heard) => heard.event.kind === "answered");
    expect(event.kind === "answered" && Buffer.from(event.response.body).equals(Buffer.from(said!.body))).toBe(true);
    session.send({ kind: "confirm" });
    await at.next("leg.answered");
  });

  test("is told that it is busy also after having heard something", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("1", plainOffer("127.0.0.2"));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "progress", legId });
    at.telephony.control.send({ kind: "reject", legId, reason: "busy" });
    expect((await caller.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 486 } });
    expect(at.media.openStreams).toBe(0);
  });

  test("without an offer of their own is only told that it rings", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("1", new Uint8Array(0));
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "progress", legId });
    const { event } = await caller.next("session", (heard) => heard.event.kind === "ringing");
    expect(event).toMatchObject({ response: { status: 180 } });
  });
});

describe("digits by INFO", () => {
  const relay = (digit: string) => ({ kind: "inform", type: "application/dtmf-relay", body: digitBody(digit) }) as const;

  /** Two in a bridge, who take digits in sound or do not. */
  async function bridged(at: Host, callerHasEvents: boolean, agentHasEvents: boolean) {
    const plain = (body: Uint8Array, hasEvents: boolean): Uint8Array =>
      hasEvents
        ? body
        : Buffer.from(
            Buffer.from(body)
              .toString()
              .replace(" 101\r\n", "\r\n")
              .replace(/a=rtpmap:101.*\r\n/, ""),
          );
    const caller = await peer(at, "127.0.0.2");
    caller.call("+4930222", plain(plainOffer("127.0.0.2"), callerHasEvents));
    const { legId: a, conversationId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "answer", legId: a });
    const { session } = await caller.next("session", ({ event }) => event.kind === "answered");
    session.send({ kind: "confirm" });
    await at.next("leg.answered");
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const b = dialOf(at, conversationId, desk.stationId);
    const { session: agent } = await alice.next("incoming");
    agent.send({ kind: "accept", body: plain(webAnswer, agentHasEvents) });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId: b });
    await alice.next("session", ({ event }) => event.kind === "acknowledged");
    at.telephony.control.send({ kind: "bridge", a, b });
    return { caller, session, alice, a, b };
  }
  const digitsOf = (at: Host): string => at.events.flatMap((event) => (event.kind === "digit" ? [event.digit] : [])).join("");
  const sentTo = (at: Host, streamId: string): string =>
    at.media
      .of("send-digits")
      .flatMap((command) => (command.streamId === streamId ? [command.digits] : []))
      .join("");
  const inSound = (at: Host, streamId: string, digit: string): void => at.media.emit({ kind: "digit", streamId, digit, durationMs: 100 });

  test("are taken, once where they come in sound as well; what INFO brings besides is refused with what we take", async () => {
    const at = await host();
    const { caller, session, a } = await bridged(at, true, true);
    at.telephony.control.send({ kind: "unbridge", legId: a });
    session.send(relay("5"));
    expect((await at.next("digit")).digit).toBe("5");
    inSound(at, a, "5");
    session.send({ kind: "inform", type: "application/dtmf", body: Buffer.from("#") });
    expect((await at.next("digit")).digit).toBe("#");
    const before = caller.lines.length;
    session.send({ kind: "inform", type: "application/media_control+xml", body: Buffer.from("<x/>") });
    while (caller.lines.length === before) await new Promise((done) => setImmediate(done));
    expect(caller.lines.at(-1)).toBe("415 Unsupported Media Type");
    expect([digitsOf(at), at.media.of("send-digits")]).toEqual(["5#", []]);
  });

  test("reach a peer that takes digits in sound, at once where the sender has no other way", async () => {
    const at = await host();
    const { session, b } = await bridged(at, false, true);
    session.send(relay("1"));
    await at.next("digit");
    expect(sentTo(at, b)).toBe("1");
  });

  test("reach it once where the sender tells both ways, and also where it only could", async () => {
    const at = await host();
    const { session, a, b } = await bridged(at, true, true);
    session.send(relay("1"));
    await at.next("digit");
    // The stream has passed it on.
    inSound(at, a, "1");
    at.env.advance(1_000);
    expect([digitsOf(at), sentTo(at, b)]).toEqual(["1", ""]);
    session.send(relay("2"));
    await at.next("digit");
    at.env.advance(1_000);
    expect([digitsOf(at), sentTo(at, b)]).toEqual(["12", "2"]);
  });

  test("are tones for a peer that has no events and was not heard to use INFO, unless it hears them in the voice anyway", async () => {
    const at = await host();
    const { a, b } = await bridged(at, false, true);
    inSound(at, b, "7");
    expect(sentTo(at, a)).toBe("7");
    inSound(at, a, "8");
    expect([digitsOf(at), sentTo(at, b)]).toEqual(["78", "8"]);
    const between = await host();
    const { a: one, b: other } = await bridged(between, false, false);
    inSound(between, one, "9");
    expect([digitsOf(between), sentTo(between, other)]).toEqual(["9", ""]);
  });

  test("are what a peer gets that tells them so itself, and nobody once the bridge is over", async () => {
    const at = await host();
    const { session, alice, a, b, caller } = await bridged(at, false, true);
    session.send(relay("1"));
    await at.next("digit");
    inSound(at, b, "7");
    const { event } = await caller.next("session", (heard) => heard.event.kind === "info");
    expect(event.kind === "info" && [headerValue(event.request, "content-type"), Buffer.from(event.request.body).toString()]).toEqual([
      "application/dtmf-relay",
      "Signal=7\r\nDuration=160\r\n",
    ]);
    at.telephony.control.send({ kind: "unbridge", legId: a });
    inSound(at, b, "8");
    // What was sent to it has come before the answer to what it sends.
    const before = caller.lines.filter((line) => line === "200 OK").length;
    session.send(relay("9"));
    while (caller.lines.filter((line) => line === "200 OK").length === before) await new Promise((done) => setImmediate(done));
    expect([caller.lines.filter((line) => line === "INFO").length, alice.lines.includes("INFO")]).toEqual([1, false]);
    expect([sentTo(at, a), sentTo(at, b)]).toEqual(["", "1"]);
  });
});

describe("a number that is dialled by a trunk", () => {
  /** The carrier, and what its INVITE was. */
  async function dialled(at: Host, shown = { number: "+441632960100", name: "Bank" }) {
    const carrier = await peer(at, "127.0.0.3");
    leadsTo(at, { host: "127.0.0.3", port: carrier.port });
    const [legId, conversationId] = [newId<LegId>(at.env), newId<ConversationId>(at.env)];
    const number = { number: "+441632960999", shown, isEmergency: false, ringMs: 60_000 };
    at.telephony.control.send({ kind: "dial-trunk", legId, conversationId, trunkId: way.trunkId, hop: 0, ...number });
    return { carrier, legId, ...(await carrier.next("incoming")) };
  }

  test("is rung, heard, answered and acknowledged, and learns nothing that is ours alone", async () => {
    const at = await host();
    const { session, invite, legId, carrier } = await dialled(at);
    expect(invite.uriText).toBe(`sip:+441632960999@127.0.0.3:${carrier.port}`);
    expect(headerValue(invite, "p-asserted-identity")).toBe('"Bank" <sip:+441632960100@127.0.0.1>');
    expect(JSON.stringify(invite.headers)).not.toMatch(/X-Landline|landline/i);
    session.send({ kind: "ring", status: 180 });
    expect(await at.next("leg.ringing")).toMatchObject({ legId, hasEarlyMedia: false });
    session.send({ kind: "ring", status: 183, body: plainOffer("127.0.0.3") });
    expect(await at.next("leg.ringing")).toMatchObject({ legId, hasEarlyMedia: true });
    expect(at.media.of("connect-rtp")).toMatchObject([{ streamId: legId, remote: { address: "127.0.0.3" } }]);
    session.send({ kind: "accept", body: plainOffer("127.0.0.3") });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId });
    await carrier.next("session", ({ event }) => event.kind === "acknowledged");
    session.send({ kind: "hang-up" });
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "hung-up" });
  });

  const asks = [header("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="n1", qop="auth"')];

  test("is called with the account's proof when the carrier asks, once; and by the account's domain", async () => {
    const at = await host();
    way.account = { username: "bank", password: "secret", domain: "carrier.example" };
    const { session, invite, carrier, legId } = await dialled(at);
    expect([invite.uriText, headerValue(invite, "proxy-authorization")]).toEqual(["sip:+441632960999@carrier.example", null]);
    expect(headerValue(invite, "from")).toStartWith('"Bank" <sip:+441632960100@carrier.example>');
    session.send({ kind: "reject", status: 407, headers: asks });
    const second = await carrier.next("incoming");
    expect([second.invite.cseq.number, second.invite.callId]).toEqual([2, invite.callId]);
    expect(headerValue(second.invite, "proxy-authorization")).toMatch(/^Digest username="bank", realm="carrier.example", .*qop=auth/);
    second.session.send({ kind: "reject", status: 407, headers: asks });
    expect(await at.next("leg.ended")).toMatchObject({ legId, sipStatus: 407 });
  });

  test("gets nothing out of us where there is no account, or no password", async () => {
    for (const account of [null, { username: "bank", password: "", domain: "carrier.example" }]) {
      const at = await host();
      way.account = account;
      const { session, legId } = await dialled(at);
      session.send({ kind: "reject", status: 407, headers: asks });
      expect(await at.next("leg.ended")).toMatchObject({ legId, sipStatus: 407 });
    }
  });

  test("is told nothing of who calls when that is withheld", async () => {
    const at = await host();
    const { invite } = await dialled(at, { number: "", name: "" });
    expect(headerValue(invite, "from")).toStartWith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=');
    expect([headerValue(invite, "privacy"), headerValue(invite, "p-asserted-identity")]).toEqual(["id", null]);
  });

  test("is unreachable when its trunk says nothing, or there is no way to it", async () => {
    const at = await host();
    const [legId, conversationId] = [newId<LegId>(at.env), newId<ConversationId>(at.env)];
    const dial = {
      kind: "dial-trunk",
      conversationId,
      trunkId: way.trunkId,
      hop: 0,
      number: "1",
      isEmergency: false,
      ringMs: 60_000,
    } as const;
    const shown = { number: "", name: "" };
    leadsTo(at, { host: "127.0.0.9", port: 5_060 });
    at.telephony.control.send({ ...dial, legId, shown });
    await at.media.until("open");
    at.env.advance(trunkSilenceMs);
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "unreachable" });
    leadsTo(at);
    at.telephony.control.send({ ...dial, legId: newId(at.env), shown });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "unreachable" });
  });

  test("is not rung any more when it is given up while the way is looked for", async () => {
    const at = await host();
    const carrier = await peer(at, "127.0.0.3");
    leadsTo(at, { host: "127.0.0.3", port: carrier.port });
    const [legId, conversationId] = [newId<LegId>(at.env), newId<ConversationId>(at.env)];
    const shown = { number: "", name: "" };
    at.telephony.control.send({
      ...{
        kind: "dial-trunk",
        legId,
        conversationId,
        trunkId: way.trunkId,
        hop: 0,
        number: "1",
        shown,
        isEmergency: false,
        ringMs: 60_000,
      },
    });
    at.telephony.control.send({ kind: "hang-up", legId, reason: "normal" });
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "ended-by-us" });
    await Promise.resolve();
    expect([at.media.commands, carrier.lines]).toEqual([[], []]);
  });
});

describe("a guest", () => {
  const guest = { guestId: "guest-1", number: "100", untilAt: 1_790_000_000_000 + 3_600_000 };

  test("calls its number and is offered as a guest, whatever it writes of itself", async () => {
    const at = await host();
    const customer = browser(at, guest);
    customer.call("100", webAnswer, [header("P-Asserted-Identity", "<sip:+441632960100@landline>")], '"Ada" <sip:desk@landline>');
    expect(await at.next("call.offered")).toMatchObject({
      origin: { kind: "guest", guestId: "guest-1" },
      caller: { number: "", name: "Guest in a browser" },
      called: "100",
    });
  });

  test("is refused every other number, a registration, and everything else", async () => {
    const at = await host();
    const customer = browser(at, guest);
    for (const called of ["101", "desk", "201", "%31%30%30%30", "112"]) customer.call(called, webAnswer);
    for (let refused = 0; refused < 5; refused++) {
      const { event } = await customer.next("session", (heard) => heard.event.kind === "ended");
      expect(event).toMatchObject({ kind: "ended", end: { status: 403 } });
    }
    customer.register("desk");
    expect((await customer.next("response")).response.status).toBe(403);
    for (const method of ["OPTIONS", "MESSAGE", "SUBSCRIBE", "REFER"]) {
      customer.request(method, "sip:100@landline");
      expect((await customer.next("response")).response.status).toBe(403);
    }
    expect(at.events).toEqual([]);
    expect(at.telephony.control.isRegistered(desk.stationId)).toBe(false);
  });

  test("has one call at a time, on however many sockets, and another when that is over", async () => {
    const at = await host();
    const [first, second] = [browser(at, guest), browser(at, guest)];
    first.call("100", webAnswer);
    const { legId } = await at.next("call.offered");
    second.call("100", webAnswer);
    expect((await second.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 486 } });
    browser(at, { ...guest, guestId: "guest-2" }).call("100", webAnswer);
    expect((await at.next("call.offered")).origin).toEqual({ kind: "guest", guestId: "guest-2" });
    at.telephony.control.send({ kind: "reject", legId, reason: "unavailable" });
    await first.next("session", ({ event }) => event.kind === "ended");
    second.call("100", webAnswer);
    expect((await at.next("call.offered")).origin).toEqual({ kind: "guest", guestId: "guest-1" });
  });

  test("calls within its time only, and has few sockets", async () => {
    const at = await host();
    const sockets = Array.from({ length: guestSocketsMax }, () => browser(at, guest));
    const closed: number[] = [];
    at.telephony.sockets.open(guest, { send: () => undefined, close: (code) => closed.push(code) });
    expect(closed).toEqual([1013]);
    at.env.advance(3_600_000);
    sockets[0]!.call("100", webAnswer);
    expect((await sockets[0]!.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 403 } });
    sockets[1]!.vanish();
    browser(at, guest);
    expect(closed).toEqual([1013]);
  });

  test("that closes its page is lost, and may call again once core has ended its leg", async () => {
    const at = await host();
    const customer = browser(at, guest);
    customer.call("100", webAnswer);
    const { legId } = await at.next("call.offered");
    at.telephony.control.send({ kind: "answer", legId });
    const { session } = await customer.next("session", ({ event }) => event.kind === "answered");
    session.send({ kind: "confirm" });
    await at.next("leg.answered");
    customer.vanish();
    expect((await at.next("leg.lost")).legId).toBe(legId);
    at.telephony.control.send({ kind: "hang-up", legId, reason: "normal" });
    await at.next("leg.ended");
    browser(at, guest).call("100", webAnswer);
    await at.next("call.offered");
  });
});

describe("a look whether voice gets through", () => {
  const offer = webAnswer.toString();
  const heard = { packets: 700, lost: 7, jitterMs: 3, sent: 10, roundTripMs: 20 };
  /** The stream that was connected last. */
  const streamOf = (at: { media: FakeMedia }): string => at.media.of("connect-webrtc").at(-1)!.streamId;

  test("is answered by a stream that core never hears of, and that closes by itself", async () => {
    const at = await host();
    const { answer, checkId } = await at.telephony.voiceCheck.answer(offer, "alice");
    expect(answer).toContain("a=ice-ufrag:abcd");
    expect(answer).toContain("a=setup:passive");
    const [{ streamId, remote }] = at.media.of("connect-webrtc") as [
      ReturnType<FakeMedia["of"]>[number] & { streamId: string; remote: object },
    ];
    expect(remote).toMatchObject({ ufrag: "F7gI" });
    expect(at.media.of("play")).toMatchObject([{ streamId, loop: true }]);
    at.media.emit({ kind: "connected", streamId, protection: "AES" });
    at.media.emit({ kind: "digit", streamId, digit: "5", durationMs: 100 });
    at.env.advance(voiceCheckMs);
    expect(at.media.of("close")).toEqual([{ kind: "close", streamId }]);
    expect([at.events, at.media.openStreams, at.env.timersLeft()]).toEqual([[], 0, 0]);
    expect(await at.telephony.voiceCheck.finish(checkId, "alice", heard)).toBeNull();
  });

  test("hums only to whoever sends, and not a moment longer than they want it", async () => {
    const at = await host();
    const { voiceCheck } = at.telephony;
    await voiceCheck.answer(offer.replace("a=sendrecv", "a=recvonly"), "bob");
    expect(at.media.of("play")).toEqual([]);
    await voiceCheck.answer(offer, "alice");
    expect(at.media.of("play").map(({ streamId }) => streamId)).toEqual([streamOf(at)]);
    voiceCheck.cancel("alice");
    expect(at.media.of("close").map(({ streamId }) => streamId)).toEqual([streamOf(at)]);
    expect(at.media.openStreams).toBe(1);
  });

  test("tells both ways as their receivers had them, once, and only to whose it is", async () => {
    const at = await host();
    const { voiceCheck } = at.telephony;
    const { checkId } = await voiceCheck.answer(offer, "alice");
    expect(await voiceCheck.finish(checkId, "bob", heard)).toBeNull();
    const told = (await voiceCheck.finish(checkId, "alice", heard))!;
    expect(told.offered).toEqual(["127.0.0.1:40000"]);
    expect(told.roundTripMs).toBe(20);
    // The engine's own figures: 9 came, 1 is missing.
    expect(told.up).toMatchObject({ packets: 9, lost: 1, jitterMs: 2 });
    expect(told.down).toMatchObject({ packets: 700, lost: 7, jitterMs: 3 });
    expect(told.up.mos!).toBeLessThan(told.down.mos!);
    expect([at.events, at.media.openStreams, at.env.timersLeft()]).toEqual([[], 0, 0]);
    expect(await voiceCheck.finish(checkId, "alice", heard)).toBeNull();
  });

  test("misses what broke off, and what never came, by what was sent", async () => {
    const at = await host();
    const { voiceCheck } = at.telephony;
    const toldOf = async (said: Partial<typeof heard>) => {
      const { checkId } = await voiceCheck.answer(offer, "alice");
      const told = voiceCheck.finish(checkId, "alice", { ...heard, ...said });
      return { checkId, told };
    };
    // As a real plane does, the figures come after the command.
    at.media.tellsLastStats = false;
    const cases = [
      [{ packetsReceived: 250, packetsLost: 0 }, { sent: 750 }, "up", 500],
      [{ packetsReceived: 0, packetsLost: 0 }, { sent: 750 }, "up", 750],
      [{ packetsSent: 750 }, { packets: 250, lost: 0 }, "down", 500],
      [{ packetsSent: 750 }, { packets: 0, lost: 0 }, "down", 750],
      // What was under way at the browser's last look is not lost.
      [{ packetsSent: 750 }, { packets: 690, lost: 2 }, "down", 2],
    ] as const;
    for (const [stats, said, way, lost] of cases) {
      const { checkId, told } = await toldOf(said);
      at.media.emit({ kind: "stats", streamId: checkId, stats: { ...someStats, ...stats }, final: true });
      expect([way, (await told)![way].lost]).toEqual([way, lost]);
      expect((await told)![way].mos === null).toBe((await told)![way].packets === 0);
    }
  });

  test("whoever begins anew ends their older one, and a stream that died tells nothing", async () => {
    const at = await host();
    const { voiceCheck } = at.telephony;
    const first = await voiceCheck.answer(offer, "alice");
    for (let i = 0; i < voiceChecksMax; i++) await voiceCheck.answer(offer, "alice");
    expect(at.media.openStreams).toBe(1);
    expect(await voiceCheck.finish(first.checkId, "alice", heard)).toBeNull();
    at.media.tellsLastStats = false;
    const last = voiceCheck.finish(streamOf(at), "alice", heard);
    at.media.emit({ kind: "failed", streamId: streamOf(at), reason: "the worker died" });
    expect(await last).toBeNull();
    expect(at.env.timersLeft()).toBe(0);
  });

  test("is refused without audio for us, when media fails, and when too many look", async () => {
    const nowhere = await host([]);
    await expect(nowhere.telephony.voiceCheck.answer(offer, "alice")).rejects.toThrow("no address besides loopback");
    expect(nowhere.media.of("open")).toEqual([]);
    const at = await host();
    const { voiceCheck } = at.telephony;
    await expect(voiceCheck.answer("v=0\r\n", "alice")).rejects.toThrow("no audio");
    await expect(voiceCheck.answer(Buffer.from(plainOffer("127.0.0.1")).toString(), "alice")).rejects.toThrow("no audio");
    at.media.opensAtOnce = false;
    const failing = voiceCheck.answer(offer, "alice");
    at.media.emit({ kind: "failed", streamId: at.media.of("open")[0]!.streamId, reason: "no port" });
    await expect(failing).rejects.toThrow("cannot be used");
    const waiting = Array.from({ length: voiceChecksMax }, (_, i) => voiceCheck.answer(offer, `person ${i}`));
    await expect(voiceCheck.answer(offer, "alice")).rejects.toThrow("Others are testing");
    at.env.advance(voiceCheckMs);
    for (const check of waiting) await expect(check).rejects.toThrow("did not open");
  });
});

describe("a browser", () => {
  test("registers exactly its own station", async () => {
    const at = await host();
    const alice = browser(at);
    alice.register("desk", [header("User-Agent", "Softphone\u0007")]);
    expect((await alice.next("response")).response.status).toBe(200);
    expect(await at.next("station.registered")).toEqual({ kind: "station.registered", stationId: desk.stationId, userAgent: "Softphone" });
    expect(at.telephony.control.isRegistered(desk.stationId)).toBe(true);
    alice.register("201");
    expect((await alice.next("response")).response.status).toBe(403);
    expect(at.telephony.control.isRegistered(phone.stationId)).toBe(false);
  });

  test("rings, is acknowledged only after core confirmed, and is told the conversation", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const legId = dialOf(at, offered.conversationId, desk.stationId, { callerName: 'Zoë "Z"\r\nX-Evil: 1' });
    const { session, invite } = await alice.next("incoming");
    expect(headerValue(invite, "x-landline-conversation")).toBe(offered.conversationId);
    expect(headerValue(invite, "x-evil")).toBeNull();
    expect(headerValue(invite, "call-info")).toBeNull();
    expect(Buffer.from(invite.from.display!, "latin1").toString("utf8")).toBe('Zoë "Z" X-Evil: 1');
    expect(Buffer.from(invite.body).toString()).toContain("UDP/TLS/RTP/SAVPF");
    session.send({ kind: "ring", status: 180 });
    expect((await at.next("leg.ringing")).legId).toBe(legId);
    session.send({ kind: "accept", body: webAnswer });
    expect((await at.next("leg.answered")).legId).toBe(legId);
    expect(alice.lines).not.toContain("ACK");
    at.telephony.control.send({ kind: "confirm", legId });
    await alice.next("session", ({ event }) => event.kind === "acknowledged");
    expect(at.media.of("connect-webrtc")).toMatchObject([{ streamId: legId, remote: { ufrag: "F7gI", codec: "PCMU" } }]);
    at.telephony.control.send({ kind: "bridge", a: offered.legId, b: legId });
    expect(at.media.of("bridge")).toEqual([{ kind: "bridge", a: offered.legId, b: legId }]);
  });

  test("that vanishes is lost, not ended, and comes back by a call that picks itself up", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const first = dialOf(at, offered.conversationId, desk.stationId);
    (await alice.next("incoming")).session.send({ kind: "accept", body: webAnswer });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId: first });
    alice.vanish();
    expect(await at.next("leg.lost")).toEqual({ kind: "leg.lost", legId: first });
    await at.next("station.unregistered");
    const reloaded = browser(at);
    reloaded.register("desk");
    await at.next("station.registered");
    const second = dialOf(at, offered.conversationId, desk.stationId, { autoAnswer: true });
    const { session, invite } = await reloaded.next("incoming");
    expect(headerValue(invite, "call-info")).toEndWith(";answer-after=0");
    expect(headerValue(invite, "alert-info")).toEndWith(";info=alert-autoanswer");
    session.send({ kind: "accept", body: webAnswer });
    expect((await at.next("leg.answered")).legId).toBe(second);
    expect(at.events.filter((event) => event.kind === "leg.ended")).toEqual([]);
  });

  test("in another network speaks on over another socket, begins ICE anew, and is not lost when the older one is missed", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const legId = dialOf(at, offered.conversationId, desk.stationId);
    const { session } = await alice.next("incoming");
    session.send({ kind: "accept", body: webAnswer });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId });
    await alice.next("session", ({ event }) => event.kind === "acknowledged");
    const connects = () => at.media.of("connect-webrtc") as Extract<MediaCommand, { kind: "connect-webrtc" }>[];
    const answerTo = async (body: Uint8Array): Promise<string> => {
      session.send({ kind: "offer", body });
      const { event } = await alice.next("session", ({ event }) => event.kind === "negotiated");
      return Buffer.from((event as Extract<typeof event, { kind: "negotiated" }>).response.body).toString();
    };
    // The same credentials again are no restart.
    expect(await answerTo(webAnswer)).toContain("a=ice-ufrag:abcd\r\n");
    expect(connects().map(({ ours }) => ours.ufrag)).toEqual(["abcd", "abcd"]);
    const { handler } = alice;
    alice.reconnect(at.telephony.sockets, desk);
    const elsewhere = Buffer.from(webAnswer.toString().replace("F7gI", "Wifi"));
    const answer = await answerTo(elsewhere);
    const { ours, remote } = connects().at(-1)!;
    expect(remote.ufrag).toBe("Wifi");
    expect(ours.ufrag).not.toBe("abcd");
    expect(answer).toContain(`a=ice-ufrag:${ours.ufrag}\r\na=ice-pwd:${ours.pwd}\r\n`);
    expect(answer).toContain(`a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`);
    handler!.closed();
    alice.register("desk");
    await at.next("station.registered");
    expect(at.events.filter(({ kind }) => kind === "leg.lost" || kind === "leg.ended")).toEqual([]);
    // Our own words find it where it is now.
    at.telephony.control.send({ kind: "hang-up", legId, reason: "normal" });
    await alice.next("session", ({ event }) => event.kind === "ended");
  });

  test("cannot speak in another's call, whatever names it has heard of", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const legId = dialOf(at, offered.conversationId, desk.stationId);
    const { session } = await alice.next("incoming");
    session.send({ kind: "accept", body: webAnswer });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId });
    await alice.next("session", ({ event }) => event.kind === "acknowledged");
    // Eve has the very dialog of Alice's page, and a session of her own.
    alice.reconnect(at.telephony.sockets, { userId: newId(at.env), stationId: newId(at.env) });
    session.send({ kind: "offer", body: Buffer.from(webAnswer.toString().replace("F7gI", "Evil")) });
    await alice.next("session", ({ event }) => event.kind === "ended" || event.kind === "offer-refused");
    expect(at.media.of("connect-webrtc").length).toBe(1);
    expect(at.events.filter(({ kind }) => kind === "leg.lost" || kind === "leg.ended")).toEqual([]);
  });

  test("that does not pick up is left alone after its time", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const legId = dialOf(at, offered.conversationId, desk.stationId);
    const { session } = await alice.next("incoming");
    session.send({ kind: "ring", status: 180 });
    await at.next("leg.ringing");
    at.env.advance(20_000);
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "no-answer" });
    expect(alice.lines).toContain("CANCEL");
  });

  test("that declines, or is not there, is reported so", async () => {
    const at = await host();
    const { offered } = await answered(at);
    dialOf(at, offered.conversationId, desk.stationId);
    expect(await at.next("leg.ended")).toMatchObject({ reason: "unreachable" });
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    dialOf(at, offered.conversationId, desk.stationId);
    (await alice.next("incoming")).session.send({ kind: "reject", status: 486 });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "declined", sipStatus: 486 });
  });

  test("that another agent was quicker than is told so", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    const legId = dialOf(at, offered.conversationId, desk.stationId);
    (await alice.next("incoming")).session.send({ kind: "ring", status: 180 });
    await at.next("leg.ringing");
    at.telephony.control.send({ kind: "hang-up", legId, reason: "answered-elsewhere" });
    await alice.next("session", ({ event }) => event.kind === "ended");
    expect(await at.next("leg.ended")).toMatchObject({ reason: "ended-by-us" });
    const ladderText = JSON.stringify(at.events);
    expect(ladderText).not.toContain("ice-pwd:");
  });
});

describe("a phone", () => {
  const authorization = (challenge: string, method: string, uri: string, password = "secret"): string => {
    const nonce = /nonce="([^"]+)"/.exec(challenge)![1]!;
    const base = {
      username: "201",
      realm: "landline",
      nonce,
      uri,
      nc: "00000001",
      cnonce: "x",
      algorithm: "SHA-256" as const,
      response: "",
    };
    const response = expectedResponse(base, ha1Of("201", "landline", password), method);
    return `Digest username="201", realm="landline", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="x", algorithm=SHA-256, response="${response}"`;
  };

  /** A call from the phone, with its password. */
  async function calls(at: Host, made: TestPeer, number: string, body: Uint8Array) {
    made.request("REGISTER", "sip:landline", [], { user: "201" });
    const challenge = headerValue((await made.next("response")).response, "www-authenticate")!;
    made.call(number, body, [header("Authorization", authorization(challenge, "INVITE", `sip:${number}@127.0.0.1`))]);
    return at.next("call.offered");
  }

  async function registered(at: Host): Promise<TestPeer> {
    const made = await peer(at, "127.0.0.3");
    made.register("201");
    const challenge = headerValue((await made.next("response")).response, "www-authenticate")!;
    made.register("201", [header("Authorization", authorization(challenge, "REGISTER", "sip:landline"))]);
    expect((await made.next("response")).response.status).toBe(200);
    await at.next("station.registered");
    return made;
  }

  test("registers by digest, is called over plain RTP, and goes when its time is over", async () => {
    const at = await host();
    const made = await registered(at);
    const { offered } = await answered(at);
    dialOf(at, offered.conversationId, phone.stationId);
    const { session, invite } = await made.next("incoming");
    expect(invite.uriText).toBe("sip:201@device.invalid");
    expect(Buffer.from(invite.body).toString()).toContain("RTP/AVP 0 111 9 8 110 101");
    session.send({ kind: "accept", body: plainOffer("127.0.0.3") });
    await at.next("leg.answered");
    expect(at.media.of("connect-rtp").at(-1)).toMatchObject({ remote: { address: "127.0.0.3" } });
    at.env.advance(600_000);
    await at.next("station.unregistered");
    expect(at.telephony.control.isRegistered(phone.stationId)).toBe(false);
  });

  test("is called by the path that it registered by, and along another flow where that one is gone (430)", async () => {
    const at = await host();
    const made = await registered(at);
    const edge = await peer(at, "127.0.0.4");
    const lines = [header("Contact", "<sip:second@device.invalid>"), header("Path", "<sip:edge.invalid;lr>")];
    edge.request("REGISTER", "sip:landline", lines, { user: "201" });
    const challenge = headerValue((await edge.next("response")).response, "www-authenticate")!;
    edge.request("REGISTER", "sip:landline", [...lines, header("Authorization", authorization(challenge, "REGISTER", "sip:landline"))], {
      user: "201",
    });
    expect((await edge.next("response")).response.status).toBe(200);
    const { offered } = await answered(at);
    const legId = dialOf(at, offered.conversationId, phone.stationId);
    const first = await edge.next("incoming");
    expect([first.invite.uriText, headerValue(first.invite, "route")]).toEqual(["sip:second@device.invalid", "<sip:edge.invalid;lr>"]);
    first.session.send({ kind: "reject", status: 430 });
    const second = await made.next("incoming");
    expect([second.invite.uriText, headerValue(second.invite, "route")]).toEqual(["sip:201@device.invalid", null]);
    second.session.send({ kind: "reject", status: 430 });
    expect(await at.next("leg.ended")).toMatchObject({ legId, reason: "unreachable", sipStatus: 430 });
    expect(at.telephony.control.isRegistered(phone.stationId)).toBe(false);
  });

  const speaking = (formats: string): Uint8Array =>
    Buffer.from(plainOffer("127.0.0.3").toString().replace("RTP/AVP 0 101", `RTP/AVP ${formats} 101`));

  test("that calls is answered in what it likes best, G.722 too, and who is called next is offered that first; after a hold it is the same", async () => {
    const at = await host();
    const made = await registered(at);
    const { legId, conversationId } = await calls(at, made, "1", speaking("9 8 0"));
    at.telephony.control.send({ kind: "answer", legId });
    const { session } = await made.next("session", ({ event }) => event.kind === "answered");
    session.send({ kind: "confirm" });
    await at.next("leg.answered");
    const codec = () => at.media.of("connect-rtp").at(-1)?.remote.codec;
    expect(codec()).toBe("G722");

    const alice = browser(at);
    alice.register("desk");
    await at.next("station.registered");
    dialOf(at, conversationId, desk.stationId);
    expect(Buffer.from((await alice.next("incoming")).invite.body).toString()).toContain("UDP/TLS/RTP/SAVPF 9 111 8 0 110 101");

    session.send({ kind: "offer", body: speaking("8 9") });
    await made.next("session", ({ event }) => event.kind === "negotiated");
    expect(codec()).toBe("G722");
    session.send({ kind: "offer", body: speaking("8") });
    await made.next("session", ({ event }) => event.kind === "negotiated");
    expect(codec()).toBe("PCMA");
  });

  test("that calls a number outside is answered in what the carrier answered, which is offered no G.722 and may not answer it", async () => {
    const at = await host();
    const made = await registered(at);
    const { legId, conversationId } = await calls(at, made, "+441632960999", speaking("9 0 8"));
    const carrier = await peer(at, "127.0.0.4");
    const dialled = async () => {
      leadsTo(at, { host: "127.0.0.4", port: carrier.port });
      const out = { legId: newId<LegId>(at.env), conversationId, trunkId: way.trunkId, hop: 0 };
      at.telephony.control.send({
        ...{ kind: "dial-trunk", number: "+441632960999", shown: { number: "", name: "" }, isEmergency: false, ringMs: 60_000 },
        ...out,
      });
      return carrier.next("incoming");
    };
    const refused = await dialled();
    expect(Buffer.from(refused.invite.body).toString()).toContain("RTP/AVP 8 0 101");
    refused.session.send({ kind: "accept", body: Buffer.from(speaking("9").toString().replaceAll("127.0.0.3", "127.0.0.4")) });
    expect(await at.next("leg.ended")).toMatchObject({ reason: "media-failed" });
    const { session } = await dialled();
    session.send({ kind: "accept", body: Buffer.from(speaking("8").toString().replaceAll("127.0.0.3", "127.0.0.4")) });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "answer", legId });
    await made.next("session", ({ event }) => event.kind === "answered");
    expect(at.media.of("connect-rtp").map(({ remote }) => remote.codec)).toEqual(["PCMA", "PCMA"]);
  });

  test("may have G.722 only, and a carrier may not", async () => {
    const at = await host();
    const carrier = await peer(at, "127.0.0.2");
    carrier.call("1", Buffer.from(speaking("9").toString().replaceAll("127.0.0.3", "127.0.0.2")));
    expect((await carrier.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 488 } });
    const made = await registered(at);
    await calls(at, made, "1", speaking("9"));
  });

  test("that dials an emergency number is core's to decide, also when nothing else is taken any more", async () => {
    const at = await host();
    const made = await registered(at);
    for (const number of ["112", "911"]) {
      const before = made.lines.length;
      made.call(number, plainOffer("127.0.0.3"));
      await made.next("session", ({ event }) => event.kind === "ended");
      expect(made.lines.slice(before)).toContain("401 Unauthorized");
    }
    at.telephony.control.drain();
    made.request("REGISTER", "sip:landline", [], { user: "201" });
    const challenge = headerValue((await made.next("response")).response, "www-authenticate")!;
    made.call("112", plainOffer("127.0.0.3"), [header("Authorization", authorization(challenge, "INVITE", "sip:112@127.0.0.1"))]);
    const { legId, called, origin } = await at.next("call.offered");
    expect([called, origin]).toEqual(["112", { kind: "station", ...phone }]);
    at.telephony.control.send({ kind: "reject", legId, reason: "emergency-not-available" });
    await made.next("session", ({ event }) => event.kind === "ended");
    expect(made.lines.at(-1)).toMatch(/^403 Emergency calling is not set up on this system/);
  });

  test("SDP-02: whose voice must be encrypted is heard in plain when it calls for help, and then alone", async () => {
    voice.ofPhone = "required";
    const at = await host();
    const made = await registered(at);
    for (const number of ["112", "100"]) {
      made.request("REGISTER", "sip:landline", [], { user: "201" });
      const challenge = headerValue((await made.next("response")).response, "www-authenticate")!;
      const proof = authorization(challenge, "INVITE", `sip:${number}@127.0.0.1`);
      made.call(number, plainOffer("127.0.0.3"), [header("Authorization", proof)]);
      if (number === "112") expect((await at.next("call.offered")).called).toBe("112");
      else expect((await made.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 488 } });
    }
  });

  test("SIP-16: a wrong password and an unknown name look the same", async () => {
    const at = await host();
    const made = await peer(at, "127.0.0.4");
    const replies: string[] = [];
    for (const user of ["201", "999"]) {
      made.register(user);
      const first = (await made.next("response")).response;
      made.register(user, [
        header("Authorization", authorization(headerValue(first, "www-authenticate")!, "REGISTER", "sip:landline", "wrong")),
      ]);
      const second = (await made.next("response")).response;
      replies.push([first, second].map(({ status, headers }) => `${status} ${headers.map(({ name }) => name).join()}`).join());
    }
    expect(replies[0]).toBe(replies[1]!);
  });
});

describe("a stranger", () => {
  test("SIP-14: gets one answer to everything, and then none; the trunk is served meanwhile", async () => {
    const at = await host();
    const stranger = await peer(at, "127.0.0.66");
    for (const method of ["OPTIONS", "MESSAGE", "SUBSCRIBE", "NEWMETHOD"]) {
      stranger.request(method, "sip:201@127.0.0.1");
      const { response } = await stranger.next("response");
      expect(response.status).toBe(401);
      expect(response.headers.map(({ name }) => name)).not.toContain("Server");
    }
    stranger.call("+4930222", plainOffer("127.0.0.66"), [header("P-Asserted-Identity", "<sip:ceo@landline>")]);
    await stranger.next("session", ({ event }) => event.kind === "ended");
    for (let i = 5; i < strangerBurst; i++) {
      stranger.request("OPTIONS", "sip:201@127.0.0.1");
      await stranger.next("response");
    }
    const before = stranger.lines.length;
    stranger.request("OPTIONS", "sip:201@127.0.0.1");
    const trunk = await peer(at, "127.0.0.2");
    trunk.request("OPTIONS", "sip:127.0.0.1");
    expect((await trunk.next("response")).response.status).toBe(200);
    expect(stranger.lines.length).toBe(before);
    expect(at.events).toEqual([]);
  });

  test("SIP-14: cannot speak in a call of others", async () => {
    const at = await host();
    const { session } = await answered(at);
    const stranger = await peer(at, "127.0.0.66");
    stranger.request("BYE", "sip:127.0.0.1", [], { callId: session.callId });
    expect((await stranger.next("response")).response.status).toBe(401);
    expect(session.isEnded).toBe(false);
  });
});

describe("identity of a trunk's caller", () => {
  test("SIP-10: is what the carrier asserts, cleaned; anonymous is nobody", async () => {
    const at = await host();
    const caller = await peer(at, "127.0.0.2");
    caller.call("+49%33%30;ext=1", plainOffer("127.0.0.2"), [
      header("P-Asserted-Identity", '"Bob" <sip:+4930999@carrier>'),
      header("Diversion", "<sip:666@evil>"),
    ]);
    expect(await at.next("call.offered")).toMatchObject({ caller: { number: "+4930999", name: "Bob" }, called: "+4930" });
    caller.call("1", plainOffer("127.0.0.2"), [], '"Anonymous" <sip:anonymous@anonymous.invalid>');
    expect(await at.next("call.offered")).toMatchObject({ caller: { number: "", name: "" } });
    caller.call("1", plainOffer("127.0.0.2"), [], `"${Buffer.from("Zoë\u001b[31m\u202e").toString("latin1")}" <sip:1@x>`);
    expect(await at.next("call.offered")).toMatchObject({ caller: { number: "1", name: "Zoë[31m" } });
  });
});

describe("a recording", () => {
  test("starts when its file is there, keeps the order of its commands, and is reported with its path", async () => {
    const at = await host();
    const { offered } = await answered(at);
    const recordingId: RecordingId = newId(at.env);
    const { conversationId, legId } = offered;
    at.telephony.control.send({ kind: "record-start", recordingId, conversationId, left: legId, right: null });
    at.telephony.control.send({ kind: "record-stop", recordingId, conversationId });
    await at.media.until("record-stop");
    expect(at.media.commands.filter(({ kind }) => kind.startsWith("record")).map(({ kind }) => kind)).toEqual([
      "record-start",
      "record-stop",
    ]);
    at.media.emit({ kind: "recording-closed", recordingId, chunks: 1, durationMs: 1_000, sizeBytes: 10, sha256: "ab" });
    expect(await at.next("recording.closed")).toMatchObject({ conversationId, path: expect.stringContaining(`${recordingId}.rec`) });
    at.media.emit({ kind: "recording-closed", recordingId, chunks: 1, durationMs: 1_000, sizeBytes: 10, sha256: "ab" });
    expect(at.events.filter(({ kind }) => kind === "recording.closed").length).toBe(1);
  });
});
