// Strangers, spoofers and smugglers against a started telephony: real SIP over loopback sockets, media faked, time moved by hand.
import { afterEach, describe, expect, test } from "bun:test";
import type { CallEvent, TelephonyDirectory, TrunkPeer } from "../core/call/call-control.ts";
import { type ConversationId, type LegId, newId, type StationId, type TrunkId, type UserId } from "../core/lib/id.ts";
import { sipAuthFailuresMax, strangerBurst } from "../core/lib/limits.ts";
import { expectedResponse, ha1Of } from "./sip/auth/digest.ts";
import { header, headerValue, type SipResponse } from "./sip/message/message.ts";
import { serialise } from "./sip/message/serialiser.ts";
import { Telephony } from "./start.ts";
import { type FakeEnv, fakeEnv } from "./support/fake-env.ts";
import { FakeMedia } from "./support/fake-media.ts";
import { plainOffer, TestPeer, webAnswer } from "./support/test-peer.ts";

const desk = { stationId: "desk-station" as StationId, userId: "desk-user" as UserId };
const phone = { stationId: "phone-station" as StationId, userId: "phone-user" as UserId };
const [carrier, stranger] = ["127.0.0.2", "127.0.0.66"];
/** By which calls leave, in a test. */
let trunks: readonly TrunkPeer[] = [];
const directory: TelephonyDirectory = {
  trunkByAddress: (address) => (address === carrier ? { trunkId: "trunk" as TrunkId, name: "Carrier" } : null),
  trunkManner: () => null,
  certificateDemand: () => null,
  mediaEncryption: () => "disabled",
  isCallForHelp: () => false,
  trunks: () => trunks,
  isPhoneAddress: () => false,
  phone: (username) => (username === "201" ? { ...phone, ha1: ha1Of("201", "landline", "secret") } : null),
  station: (stationId) =>
    stationId === desk.stationId
      ? { username: "desk", userId: desk.userId, kind: "browser", address: null }
      : stationId === phone.stationId
        ? { username: "201", userId: phone.userId, kind: "phone", address: null }
        : null,
};

type Host = {
  readonly env: FakeEnv;
  readonly media: FakeMedia;
  readonly telephony: Telephony;
  readonly events: CallEvent[];
  next<K extends CallEvent["kind"]>(kind: K): Promise<Extract<CallEvent, { kind: K }>>;
};
const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  trunks = [];
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function host(): Promise<Host> {
  const [env, media] = [fakeEnv(), new FakeMedia()];
  const telephony = await Telephony.start({
    ...{ env, directory, media, addresses: ["127.0.0.1", "192.0.2.200"], mediaAddress: "127.0.0.1" },
    listen: (["udp", "tcp"] as const).map((transport) => ({ transport, address: "127.0.0.1", port: 0 })),
    recordingTarget: () => Promise.reject(new Error("nothing is recorded here")),
  });
  open.push(telephony);
  const events: CallEvent[] = [];
  const waiting: (() => void)[] = [];
  let read = 0;
  telephony.control.onEvent((event) => {
    events.push(event);
    for (const wake of waiting.splice(0)) wake();
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
  return { env, media, telephony, events, next };
}

async function peer(at: Host, address: string): Promise<TestPeer> {
  const made = await TestPeer.udp(at.env, address, at.telephony.ports[0]!);
  open.push(made);
  return made;
}

/** The next answer, as it stands on the wire. */
async function answerOf(made: TestPeer): Promise<SipResponse> {
  return (await made.next("response")).response;
}
const named = ({ status, headers }: SipResponse): string => `${status} ${headers.map(({ name }) => name).join()}`;

function credentials(challenged: SipResponse, method: string, uri: string, username = "201", password = "secret"): string {
  const nonce = /nonce="([^"]+)"/.exec(headerValue(challenged, "www-authenticate")!)![1]!;
  const base = { username, realm: "landline", nonce, uri, nc: "00000001", cnonce: "x", algorithm: "SHA-256" as const, response: "" };
  const response = expectedResponse(base, ha1Of(username, "landline", password), method);
  return `Digest username="${username}", realm="landline", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="x", algorithm=SHA-256, response="${response}"`;
}

/** Asks, is challenged, and asks again with that password. */
async function registerAs(made: TestPeer, username: string, password = "secret"): Promise<SipResponse> {
  made.register(username);
  const challenged = await answerOf(made);
  made.register(username, [header("Authorization", credentials(challenged, "REGISTER", "sip:landline", username, password))]);
  return answerOf(made);
}

/** Dials a station; what its device is told. */
async function rung(at: Host, device: TestPeer, stationId: StationId, caller: { callerName?: string; callerNumber?: string } = {}) {
  const [legId, conversationId] = [newId<LegId>(at.env), newId<ConversationId>(at.env)];
  const { callerName = "Alice", callerNumber = "+4930111" } = caller;
  const fields = { legId, conversationId, stationId, callerName, callerNumber, autoAnswer: false, ringMs: 20_000 };
  at.telephony.control.send({ kind: "dial-station", ...fields });
  return { legId, ...(await device.next("incoming")) };
}

const everything = ["OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "INFO", "NOTIFY", "BYE", "UPDATE", "PRACK", "NEWMETHOD"];

describe("a stranger", () => {
  test("SIP-14: is asked for credentials whatever it wants, and learns neither name nor version", async () => {
    const at = await host();
    const mallory = await peer(at, stranger);
    const answers: string[] = [];
    for (const method of [...everything, "REGISTER"]) {
      mallory.request(method, "sip:201@127.0.0.1", [header("Event", "message-summary"), header("Refer-To", "<sip:+4930@127.0.0.1>")]);
      const answer = await answerOf(mallory);
      answers.push(named(answer));
      expect(JSON.stringify(answer.headers)).not.toMatch(/"(Server|User-Agent|Allow|Supported)"|bun|node|[0-9]\.[0-9]\.[0-9]"/i);
    }
    expect(new Set(answers)).toEqual(new Set(["401 Via,From,To,Call-ID,CSeq,WWW-Authenticate,WWW-Authenticate"]));
    mallory.call("+4930222", plainOffer(stranger));
    expect((await mallory.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 401 } });
    expect([at.events, at.telephony.held]).toEqual([
      [],
      { transactions: expect.any(Number), sessions: 0, conversations: 0, subscriptions: 0 },
    ]);
  });

  test("SIP-16: cannot tell a number that is there from one that is not, by any method", async () => {
    const at = await host();
    for (const method of ["OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE"]) {
      const told: string[] = [];
      for (const user of ["201", "209"]) {
        const mallory = await peer(at, `127.0.1.${user}`);
        mallory.request(method, `sip:${user}@127.0.0.1`, [], { user });
        const { headers, status } = await answerOf(mallory);
        told.push(`${status} ${headers.map(({ name, value }) => `${name} ${value.length}`).join()}`);
      }
      expect(told[1]).toBe(told[0]!);
    }
  });

  test("SIP-18: a scanner is refused, silenced and told of; its numbers reach nobody", async () => {
    const at = await host();
    const mallory = await peer(at, stranger);
    mallory.request("OPTIONS", "sip:100@127.0.0.1", [header("User-Agent", "friendly-scanner")]);
    expect((await answerOf(mallory)).status).toBe(401);
    for (let n = 1; n < strangerBurst; n++) {
      mallory.request("INVITE", `sip:9009725${n}@127.0.0.1`, [header("User-Agent", "sipvicious")]);
      expect((await answerOf(mallory)).status).toBe(401);
    }
    const answered = mallory.lines.length;
    for (let n = 0; n < 20; n++) mallory.request("INVITE", `sip:000972${n}@127.0.0.1`, [header("User-Agent", "VaxSIPUserAgent/3.1")]);
    const trunk = await peer(at, carrier);
    trunk.request("OPTIONS", "sip:127.0.0.1");
    expect((await answerOf(trunk)).status).toBe(200);
    expect(mallory.lines.length).toBe(answered);
    expect(at.env.lines.filter((line) => line.includes("silenced"))).toHaveLength(1);
    expect(at.events).toEqual([]);
  });

  test("TF-02: that says it is the trunk, or one of us, is a stranger still", async () => {
    const at = await host();
    const mallory = await peer(at, stranger);
    for (const from of [`"Carrier" <sip:trunk@${carrier}>`, "<sip:201@127.0.0.1>"]) {
      const dressed = [
        header("P-Asserted-Identity", "<sip:201@landline>"),
        header("Via", `SIP/2.0/UDP ${carrier};branch=z9hG4bKold`),
        header("X-Trunk", "trunk"),
      ];
      mallory.call("+4930222", plainOffer(carrier), dressed, from);
      expect((await mallory.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 401 } });
    }
    expect(at.events).toEqual([]);
  });

  test("SIP-12: a stranger's answer to a call of ours, right branch and all, is not heard", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    expect((await registerAs(device, "201")).status).toBe(200);
    const { session, invite, legId } = await rung(at, device, phone.stationId);
    const mallory = await Bun.udpSocket({ hostname: stranger, port: 0, socket: { data: () => undefined } });
    for (const status of [200, 302, 407, 487]) {
      const headers = invite.headers.filter(({ key }) => ["via", "from", "to", "call-id", "cseq"].includes(key));
      const tagged = headers.map((line) => (line.key === "to" ? { ...line, value: `${line.value};tag=forged` } : line));
      const forged = { kind: "response", status, reason: "Forged", headers: tagged, body: plainOffer(stranger) } as const;
      mallory.send(serialise(forged), at.telephony.ports[0]!, "127.0.0.1");
    }
    // The socket is read in order: when the device's own answer is heard, the forged ones have been.
    session.send({ kind: "accept", body: plainOffer("127.0.0.3") });
    expect(await at.next("leg.answered")).toMatchObject({ legId });
    expect(at.env.lines.filter((line) => line.includes("from elsewhere dropped")).length).toBe(4);
    expect(at.media.of("connect-rtp").map(({ remote }) => remote.address)).toEqual(["127.0.0.3"]);
    mallory.close();
  });
});

describe("a password", () => {
  test("SIP-17: that others guess shuts out neither the phone that is registered nor anybody's call", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    expect((await registerAs(device, "201")).status).toBe(200);
    for (let n = 0; n < sipAuthFailuresMax + 2; n++) {
      const mallory = await peer(at, `127.0.2.${n + 1}`);
      expect((await registerAs(mallory, "201", `guess ${n}`)).status).toBe(401);
    }
    const late = await peer(at, "127.0.2.200");
    expect((await registerAs(late, "201", "secret")).status).toBe(401);
    expect((await registerAs(device, "201")).status).toBe(200);
    expect(at.env.lines.filter((line) => line.startsWith("error"))).toEqual([expect.stringContaining("is being guessed")]);
  });

  test("SIP-15: of one user opens no other's registration", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    device.register("desk");
    const proof = credentials(await answerOf(device), "REGISTER", "sip:landline");
    device.register("desk", [header("Authorization", proof)]);
    expect((await answerOf(device)).status).toBe(401);
    expect(at.telephony.control.isRegistered(desk.stationId)).toBe(false);
  });

  test("SIP-13: of ours is never asked for by whom we call or who calls us: no 401 or 407 is answered", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    await registerAs(device, "201");
    const asks = ["landline", "trunk", "127.0.0.1"].map((realm) => `Digest realm="${realm}", nonce="n", qop="auth", algorithm=MD5`);
    for (const [status, name] of [
      [401, "WWW-Authenticate"],
      [407, "Proxy-Authenticate"],
    ] as const) {
      const before = device.lines.length;
      const { session, legId } = await rung(at, device, phone.stationId);
      session.send({ kind: "reject", status, headers: asks.map((ask) => header(name, ask)) });
      expect(await at.next("leg.ended")).toMatchObject({ legId, sipStatus: status });
      await at.next("call.ladder");
      at.env.advance(1_000);
      expect(device.lines.slice(before).filter((line) => line !== "ACK")).toEqual(["INVITE"]);
    }
    const ladders = JSON.stringify(at.events.filter(({ kind }) => kind === "call.ladder"));
    expect(ladders).toContain("INVITE");
    expect(ladders).not.toMatch(/Authorization: /);
  });
});

test("SIP-13: a caller behind the carrier that we have an account with gets no proof of it for ending the call", async () => {
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  const data = (_socket: unknown, bytes: Buffer): void => {
    heard.push(bytes.toString("latin1"));
    for (const wake of waiting.splice(0)) wake();
  };
  const until = async (start: string): Promise<string> => {
    for (;;) {
      const found = heard.find((text) => text.startsWith(start));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const socket = await Bun.udpSocket({ hostname: carrier, port: 0, socket: { data } });
  const hop = { host: carrier, port: socket.port };
  const account = { username: "bank", password: "a secret of the trunk", domain: "carrier.example" };
  trunks = [
    {
      trunkId: "trunk" as TrunkId,
      name: "C",
      version: 1,
      transport: "UDP",
      issuers: null,
      certificate: null,
      proxies: [hop],
      account,
      registers: false,
      heartbeat: true,
    },
  ];
  const at = await host();
  const say = (text: string): boolean => socket.send(Buffer.from(text, "latin1"), at.telephony.ports[0]!, "127.0.0.1");
  const copied = (text: string): string =>
    text
      .split("\r\n")
      .filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line))
      .join("\r\n");
  const challenge = 'WWW-Authenticate: Digest realm="carrier.example", nonce="n", qop="auth", algorithm=MD5\r\nContent-Length: 0\r\n\r\n';
  await until("OPTIONS ");
  const ours = `Via: SIP/2.0/UDP ${carrier}:${socket.port};branch=z9hG4bKi;rport\r\nFrom: <sip:eve@eve>;tag=1\r\nCall-ID: eve\r\nMax-Forwards: 70\r\nContact: <sip:eve@${carrier}:${socket.port}>\r\n`;
  const body = Buffer.from(plainOffer(carrier)).toString();
  say(
    `INVITE sip:1@127.0.0.1 SIP/2.0\r\n${ours}To: <sip:1@h>\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const { legId } = await at.next("call.offered");
  at.telephony.control.send({ kind: "answer", legId });
  const to = /^To: (.*)$/m.exec(await until("SIP/2.0 200"))![1]!.trim();
  say(`ACK sip:1@127.0.0.1 SIP/2.0\r\n${ours.replace("z9hG4bKi", "z9hG4bKa")}To: ${to}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n`);
  await at.next("leg.answered");
  at.telephony.control.send({ kind: "hang-up", legId, reason: "normal" });
  const bye = await until("BYE ");
  say(`SIP/2.0 401 Unauthorized\r\n${copied(bye)}\r\n${challenge}`);
  say(
    `OPTIONS sip:1@127.0.0.1 SIP/2.0\r\n${ours.replace("z9hG4bKi", "z9hG4bKo")}To: <sip:1@h>\r\nCSeq: 2 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
  );
  while (!heard.some((text) => /^SIP\/2\.0 200[\s\S]*CSeq: 2 OPTIONS/.test(text)))
    await new Promise<void>((resolve) => waiting.push(resolve));
  expect(heard.filter((text) => text.startsWith("BYE "))).toHaveLength(1);
  expect(heard.join("")).not.toMatch(/Authorization/);
  socket.close();
});

describe("what a caller writes", () => {
  test("SIP-10: of trust and identity goes to nobody, however it is dressed", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    await registerAs(device, "201");
    const dressed = [
      "Remote-Party-ID",
      "remote-party-id\t",
      "P-Preferred-Identity",
      "Diversion",
      "X-Landline-Conversation",
      "Privacy",
      "Identity",
    ];
    const caller = await peer(at, carrier);
    caller.call(
      "+4930222",
      plainOffer(carrier),
      dressed.map((name) => header(name, "<sip:smuggled@evil>")),
    );
    const offered = await at.next("call.offered");
    const { invite } = await rung(at, device, phone.stationId, { callerName: offered.caller.name, callerNumber: offered.caller.number });
    expect(JSON.stringify([offered, invite.headers])).not.toContain("smuggled");
    expect(invite.headers.map(({ key }) => key).filter((key) => /identity|party|diversion|privacy/.test(key))).toEqual([]);
    // A phone of ours is who its password says, and no one else.
    device.call("+4930333", plainOffer("127.0.0.3"), [header("P-Asserted-Identity", "<sip:ceo@landline>")], '"CEO" <sip:100@landline>');
    await device.next("session", ({ event }) => event.kind === "ended");
    device.register("201");
    const proof = header("Authorization", credentials(await answerOf(device), "INVITE", "sip:+4930333@127.0.0.1"));
    device.call(
      "+4930333",
      plainOffer("127.0.0.3"),
      [proof, header("P-Asserted-Identity", "<sip:ceo@landline>")],
      '"CEO" <sip:100@landline>',
    );
    expect(await at.next("call.offered")).toMatchObject({ caller: { number: "201", name: "" }, origin: { kind: "station", ...phone } });
  });

  test("SIP-11: reaches a device, a ladder and the log without one control character", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    await registerAs(device, "201");
    const evil = 'Eve"\r\nX-Injected: 1\r\n\r\n\u001b[2J\0\u202e\u2066\u007f';
    const { invite } = await rung(at, device, phone.stationId, {
      callerName: evil,
      callerNumber: `+49%0d%0aX-Injected: 2\r\nX-Injected: 3`,
    });
    expect(invite.headers.filter(({ name }) => /injected/i.test(name))).toEqual([]);
    expect(serialise(invite).filter((byte) => (byte < 32 && byte !== 13 && byte !== 10) || byte === 127)).toHaveLength(0);
    expect(headerValue(invite, "from")).toMatch(/^"Eve\\" X-Injected: 1 \[2J" <sip:\+49%250d%250aX-Injected%3A%202%20X-Injected%3A%203@/);
    const caller = await peer(at, carrier);
    caller.call("+4930%0d%0aX-Injected:1%00", plainOffer(carrier), [], `"Bob\u001b[31m\u0000" <sip:%0d%0a%1b@x>`);
    const { legId, ...offered } = await at.next("call.offered");
    expect(JSON.stringify([offered.caller, offered.called])).not.toMatch(/\\u00|\\r|\\n/);
    at.telephony.control.send({ kind: "reject", legId, reason: "busy" });
    expect(JSON.stringify(await at.next("call.ladder"))).not.toMatch(/\\u00|\\r|[\u0080-\u009f\u202e]/);
    expect(at.env.lines.join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  });

  test("DOS-02: a device that redirects, forks or has a thousand contacts is called once, where it registered", async () => {
    const at = await host();
    const device = await peer(at, "127.0.0.3");
    device.register("201");
    const proof = header("Authorization", credentials(await answerOf(device), "REGISTER", "sip:landline"));
    device.register("201", [
      proof,
      ...Array.from({ length: 200 }, (_, n) => header("Contact", `<sip:c${n}@h>,<sip:d${n}@h>,<sip:e${n}@h>,<sip:f${n}@h>,<sip:g${n}@h>`)),
    ]);
    expect((await answerOf(device)).status).toBe(400);
    expect(at.telephony.control.isRegistered(phone.stationId)).toBe(false);
    await registerAs(device, "201");
    const { session, legId } = await rung(at, device, phone.stationId);
    session.send({ kind: "reject", status: 302, headers: [header("Contact", "<sip:+1900@127.0.0.1>, <sip:201@127.0.0.3>")] });
    expect(await at.next("leg.ended")).toMatchObject({ legId, sipStatus: 302 });
    at.env.advance(1_000);
    expect(device.lines.filter((line) => line === "INVITE")).toHaveLength(1);
  });
});

describe("media", () => {
  test("SDP-01: never goes to many at once, to nobody, to the link alone, or elsewhere than the caller can be", async () => {
    const at = await host();
    const caller = await peer(at, carrier);
    for (const address of ["192.0.2.200", "::ffff:192.0.2.200", "0.0.0.1", "169.254.1.1", "ff02::1", "fe80::1", "::", "240.0.0.1"]) {
      const family = address.includes(":") ? "IP6" : "IP4";
      caller.call("1", Buffer.from(Buffer.from(plainOffer(address)).toString().replaceAll("IN IP4", `IN ${family}`)));
      expect((await caller.next("session", ({ event }) => event.kind === "ended")).event).toMatchObject({ end: { status: 488 } });
    }
    expect([at.events, at.media.commands]).toEqual([[], []]);
  });

  test("SDP-02: of a browser stays encrypted: a call that turns to plain RTP, or to keys in the SDP, is refused and goes on as it was", async () => {
    const at = await host();
    const browser = TestPeer.browser(at.env, at.telephony.sockets, desk);
    open.push(browser);
    browser.register("desk");
    await at.next("station.registered");
    const { session, legId } = await rung(at, browser, desk.stationId);
    session.send({ kind: "accept", body: webAnswer });
    await at.next("leg.answered");
    at.telephony.control.send({ kind: "confirm", legId });
    await browser.next("session", ({ event }) => event.kind === "acknowledged");
    const connected = at.media.of("connect-webrtc").length;
    const key = `inline:${Buffer.alloc(30, 1).toString("base64")}`;
    const sdes = (crypto: string): Buffer =>
      Buffer.from(Buffer.from(plainOffer(carrier, crypto)).toString().replace("RTP/AVP", "RTP/SAVP"));
    for (const body of [
      plainOffer(carrier),
      plainOffer("127.0.0.1"),
      sdes(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}`),
      sdes("a=crypto:0 AES_CM_128_HMAC_SHA1_80 inline:"),
      sdes(`a=crypto:1 NO_SUCH_SUITE ${key}`),
      sdes(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}${"A".repeat(400)}`),
      sdes(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${key}\r\na=crypto:1 AES_CM_128_HMAC_SHA1_32 ${key}`),
      Buffer.from(webAnswer.toString().replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF")),
      Buffer.from(webAnswer.toString().replace(/a=fingerprint.*\r\n/, "")),
    ]) {
      session.send({ kind: "offer", body });
      expect((await browser.next("session", ({ event }) => event.kind === "offer-refused")).event).toMatchObject({ status: 488 });
    }
    expect([session.isEnded, at.media.of("connect-rtp"), at.media.of("connect-webrtc").length]).toEqual([false, [], connected]);
  });
});
