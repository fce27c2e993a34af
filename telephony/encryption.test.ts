// What trunks and phones agree on of encryption, and who cannot take it away: real SIP over loopback, media faked, time moved by hand.
import { afterEach, describe, expect, test } from "bun:test";
import type { CallEvent, TelephonyDirectory } from "../core/call/call-control.ts";
import { type ConversationId, type LegId, newId, type TrunkId } from "../core/lib/id.ts";
import type { MediaEncryption } from "../core/lib/media-encryption.ts";
import { startCaller, stepLeg } from "./leg.ts";
import { narrowCodecs } from "./sdp/codecs.ts";
import type { SipRequest } from "./sip/message/message.ts";
import { Telephony } from "./start.ts";
import { type FakeEnv, fakeEnv } from "./support/fake-env.ts";
import { FakeMedia, fakeKeys } from "./support/fake-media.ts";
import { plainOffer, TestPeer } from "./support/test-peer.ts";

const trunkId = "trunk" as TrunkId;
const carrierAddress = "127.0.0.3";
const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

type At = { env: FakeEnv; media: FakeMedia; telephony: Telephony; events: CallEvent[]; carrier: TestPeer };
type Next = <K extends CallEvent["kind"]>(kind: K) => Promise<Extract<CallEvent, { kind: K }>>;

/** A node with one trunk, whose carrier is a stack of its own. */
async function trunkThat(encryption: MediaEncryption): Promise<At & { next: Next }> {
  const env = fakeEnv();
  const media = new FakeMedia();
  const proxies: { host: string; port: number }[] = [];
  const directory: TelephonyDirectory = {
    trunkByAddress: (address) => (address === carrierAddress ? { trunkId, name: "Carrier" } : null),
    trunkManner: () => null,
    certificateDemand: () => null,
    mediaEncryption: () => encryption,
    isCallForHelp: () => false,
    isPhoneAddress: () => false,
    trunks: () => [
      {
        ...{ trunkId, name: "Carrier", version: proxies.length, transport: "UDP", account: null, issuers: null, certificate: null },
        proxies,
        registers: false,
        heartbeat: false,
      },
    ],
    phone: () => null,
    station: () => null,
  };
  const telephony = await Telephony.start({
    ...{ env, directory, media, addresses: ["127.0.0.1"], mediaAddress: "127.0.0.1" },
    listen: [{ transport: "udp", address: "127.0.0.1", port: 0 }],
    recordingTarget: () => Promise.reject(new Error("none")),
  });
  open.push(telephony);
  const carrier = await TestPeer.udp(env, carrierAddress, telephony.ports[0]!);
  open.push(carrier);
  proxies.push({ host: carrierAddress, port: carrier.port });
  telephony.trunks.onLogged({ type: "telephony.trunk.updated" });
  const events: CallEvent[] = [];
  const waiting: (() => void)[] = [];
  let read = 0;
  telephony.control.onEvent((event) => {
    events.push(event);
    waiting.shift()?.();
  });
  const next: Next = async (kind) => {
    for (;;) {
      for (let event = events[read]; event !== undefined; event = events[read]) {
        read++;
        if (event.kind === kind) return event as Extract<CallEvent, { kind: typeof kind }>;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { env, media, telephony, events, carrier, next };
}

const suite = "AES_CM_128_HMAC_SHA1_80";
const key = (byte: number): string => Buffer.alloc(30, byte).toString("base64");
const secured = (lines: string, direction = "a=sendrecv"): Buffer =>
  Buffer.from(
    Buffer.from(plainOffer(carrierAddress, `${direction}\r\n${lines}`))
      .toString()
      .replace("RTP/AVP", "RTP/SAVP"),
  );
const line = (tag: number, byte: number): string => `a=crypto:${tag} ${suite} inline:${key(byte)}`;
const text = (body: Uint8Array): string => Buffer.from(body).toString();
const ourKey = `inline:${fakeKeys[suite]}`;

/** What an inbound call with that offer comes to: its status, and the Warning. */
async function refusal(encryption: MediaEncryption, body: Uint8Array, called = "100"): Promise<readonly [status: number, events: number]> {
  const { carrier, events, env } = await trunkThat(encryption);
  carrier.call(called, body);
  const { event } = await carrier.next("session", (heard) => heard.event.kind === "ended");
  expect(env.lines.join()).not.toContain(key(2));
  return [(event as { end: { status: number } }).end.status, events.length];
}

/** An encrypted call from the carrier, answered. */
async function up(encryption: MediaEncryption = "required") {
  const at = await trunkThat(encryption);
  at.carrier.call("100", secured(line(5, 2)));
  const { legId } = await at.next("call.offered");
  at.telephony.control.send({ kind: "answer", legId });
  const { session, event } = await at.carrier.next("session", (heard) => heard.event.kind === "answered");
  session.send({ kind: "confirm" });
  await at.next("leg.answered");
  const reoffered = async (body: Uint8Array): Promise<string> => {
    session.send({ kind: "offer", body });
    const heard = await at.carrier.next("session", (one) => one.event.kind === "negotiated" || one.event.kind === "offer-refused");
    return heard.event.kind === "negotiated" ? text(heard.event.response.body) : "refused";
  };
  return { ...at, legId, session, answer: text((event as { response: { body: Uint8Array } }).response.body), reoffered };
}

describe("a call from a trunk", () => {
  test("SDP-02: that must be encrypted is refused where it is plain, and nothing of it is ever plain", async () => {
    expect(await refusal("required", plainOffer(carrierAddress))).toEqual([488, 0]);
    expect(await refusal("required", secured(""))).toEqual([488, 0]);
    expect(await refusal("required", secured(`${line(1, 2)} UNENCRYPTED_SRTP`))).toEqual([488, 0]);
    expect(await refusal("disabled", secured(line(1, 2)))).toEqual([488, 0]);
    expect(await refusal("optional", secured(`${line(1, 2)}\r\n${line(1, 3)}`))).toEqual([488, 0]);
  });

  test("is told why it is refused", async () => {
    for (const [encryption, body, words] of [
      ["required", plainOffer(carrierAddress), "Voice must be encrypted here"],
      ["disabled", secured(line(1, 2)), "Encrypted voice is switched off here"],
      ["optional", secured(""), "No a=crypto in the offer that can be used"],
    ] as const) {
      const { carrier } = await trunkThat(encryption);
      carrier.call("100", body);
      await carrier.next("session", (heard) => heard.event.kind === "ended");
      expect(carrier.warnings.join()).toContain(words);
    }
  });

  test("that may be encrypted is taken as it comes", async () => {
    for (const [body, srtp] of [
      [plainOffer(carrierAddress), null],
      [secured(line(1, 2)), { suite, key: key(2) }],
      [plainOffer(carrierAddress, line(1, 2)), { suite, key: key(2) }],
    ] as const) {
      const at = await trunkThat("optional");
      at.carrier.call("100", body);
      at.telephony.control.send({ kind: "answer", legId: (await at.next("call.offered")).legId });
      await at.carrier.next("session", (heard) => heard.event.kind === "answered");
      expect(at.media.of("connect-rtp")[0]!.remote.srtp).toEqual(srtp);
    }
  });

  test("is answered under its tag, and no key is in a ladder, an event or the log", async () => {
    const { env, events, media, telephony, legId, answer, next } = await up();
    expect(answer).toContain(`a=crypto:5 ${suite} ${ourKey}\r\n`);
    expect(media.of("connect-rtp")[0]!.remote.srtp).toEqual({ suite, key: key(2) });
    telephony.control.send({ kind: "hang-up", legId, reason: "normal" });
    const { entries } = await next("call.ladder");
    expect(entries.filter(({ text: one }) => one.includes("RTP/SAVP"))).toHaveLength(2);
    const told = JSON.stringify([events, env.lines]);
    for (const secret of [key(2), fakeKeys[suite], "inline:", "crypto"]) expect(told).not.toContain(secret);
  });

  test("keeps its keys through hold and a new address, and takes a new one of the peer under the same one of ours", async () => {
    const { media, reoffered } = await up();
    const ours = `a=crypto:5 ${suite} ${ourKey}\r\n`;
    const held = await reoffered(secured(line(5, 2), "a=sendonly"));
    expect([held.includes(ours), held.includes("a=recvonly")]).toEqual([true, true]);
    expect(await reoffered(secured(line(5, 9)))).toContain(ours);
    expect(media.of("connect-rtp").map(({ remote }) => remote.srtp!.key)).toEqual([key(2), key(2), key(9)]);
  });

  test("SDP-02: loses its encryption by no re-offer, whether it had to have it or not", async () => {
    for (const encryption of ["required", "optional"] as const) {
      const { media, session, reoffered } = await up(encryption);
      for (const body of [plainOffer(carrierAddress), secured(""), secured("a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:")])
        expect(await reoffered(body)).toBe("refused");
      expect([session.isEnded, media.of("connect-rtp").length]).toEqual([false, 1]);
    }
  });

  test("that asks us for an offer is offered the same key again", async () => {
    const { session, carrier } = await up();
    session.send({ kind: "offer", body: new Uint8Array(0) });
    const { event } = await carrier.next("session", (heard) => heard.event.kind === "negotiated" || heard.event.kind === "offer-refused");
    expect(text((event as { response: { body: Uint8Array } }).response.body)).toContain(`a=crypto:5 ${suite} ${ourKey}\r\n`);
  });
});

describe("a number that is dialled by a trunk", () => {
  async function dialled(encryption: MediaEncryption, isEmergency = false) {
    const at = await trunkThat(encryption);
    const legId: LegId = newId(at.env);
    at.telephony.control.send({
      ...{ kind: "dial-trunk", legId, conversationId: newId<ConversationId>(at.env), trunkId, hop: 0, number: "+441632960999" },
      ...{ shown: { number: "", name: "" }, isEmergency, ringMs: 60_000 },
    });
    return { ...at, legId, ...(await at.carrier.next("incoming")) };
  }
  const invites = (carrier: TestPeer): number => carrier.lines.filter((one) => one === "INVITE").length;

  test("is offered every suite, and takes one", async () => {
    const { invite, session, media, next } = await dialled("required");
    expect(text(invite.body)).toContain(`RTP/SAVP 8 0 101`);
    expect(text(invite.body)).toContain(`a=crypto:3 ${suite} ${ourKey}\r\n`);
    session.send({ kind: "accept", body: secured(line(3, 2)) });
    await next("leg.answered");
    expect(media.of("connect-rtp")[0]!.remote.srtp).toEqual({ suite, key: key(2) });
  });

  test("SDP-02: is not called in plain where voice must be encrypted, whether it refuses or answers without keys", async () => {
    for (const [answer, sipStatus] of [
      [{ kind: "reject", status: 488 }, 488],
      [{ kind: "reject", status: 606 }, 606],
      [{ kind: "accept", body: plainOffer(carrierAddress) }, null],
      [{ kind: "accept", body: secured("") }, null],
    ] as const) {
      const { session, legId, carrier, media, next, env } = await dialled("required");
      session.send(answer);
      expect(await next("leg.ended")).toMatchObject({ legId, reason: "not-encrypted", sipStatus });
      env.advance(1_000);
      expect([invites(carrier), media.of("connect-rtp")]).toEqual([1, []]);
    }
  });

  test("SDP-02: with a key that we did not offer is nobody's, and is not called again in plain", async () => {
    for (const body of [secured(line(1, 2)), secured(line(9, 2)), secured(`${line(3, 2)}\r\n${line(1, 2)}`)]) {
      const { session, legId, carrier, next } = await dialled("optional");
      session.send({ kind: "accept", body });
      expect(await next("leg.ended")).toMatchObject({ legId, reason: "media-failed" });
      expect(invites(carrier)).toBe(1);
    }
  });

  test("is called once more, plainly and said so, where it may be and refuses", async () => {
    const { session, invite, legId, carrier, media, next, env } = await dialled("optional");
    session.send({ kind: "ring", status: 180 });
    await next("leg.ringing");
    session.send({ kind: "reject", status: 488 });
    expect(await next("leg.unprotected")).toEqual({ kind: "leg.unprotected", legId, sipStatus: 488 });
    expect(env.lines.join()).toContain("voice not encrypted");
    const second = await carrier.next("incoming");
    expect(second.invite.callId).not.toBe(invite.callId);
    expect(text(second.invite.body)).toContain("RTP/AVP 8 0 101");
    expect(text(second.invite.body)).not.toContain("crypto");
    second.session.send({ kind: "accept", body: plainOffer(carrierAddress) });
    expect(await next("leg.answered")).toMatchObject({ legId });
    expect(media.of("connect-rtp").map(({ remote }) => remote.srtp)).toEqual([null]);
  });

  test("is called once more where it answers without keys; the first call is ended", async () => {
    const { session, legId, carrier, next } = await dialled("optional");
    session.send({ kind: "accept", body: plainOffer(carrierAddress) });
    expect(await next("leg.unprotected")).toEqual({ kind: "leg.unprotected", legId, sipStatus: null });
    const second = await carrier.next("incoming");
    second.session.send({ kind: "accept", body: plainOffer(carrierAddress) });
    expect(await next("leg.answered")).toMatchObject({ legId });
    expect(invites(carrier)).toBe(2);
    expect([carrier.lines.includes("ACK"), carrier.lines.includes("BYE"), session.isEnded]).toEqual([true, true, true]);
  });

  test("is called twice at most, and not at all when it was given up meanwhile", async () => {
    const { session, legId, carrier, next } = await dialled("optional");
    session.send({ kind: "reject", status: 488 });
    (await carrier.next("incoming")).session.send({ kind: "reject", status: 488 });
    expect(await next("leg.ended")).toMatchObject({ legId, reason: "unreachable", sipStatus: 488 });
    expect(invites(carrier)).toBe(2);
    const given = await dialled("optional");
    given.session.send({ kind: "ring", status: 180 });
    await given.next("leg.ringing");
    given.telephony.control.send({ kind: "hang-up", legId: given.legId, reason: "normal" });
    given.session.send({ kind: "reject", status: 488 });
    expect(await given.next("leg.ended")).toMatchObject({ reason: "ended-by-us" });
    expect(invites(given.carrier)).toBe(1);
  });

  test("for help is called in plain where there is no other way", async () => {
    const { session, carrier, next } = await dialled("required", true);
    session.send({ kind: "reject", status: 488 });
    await next("leg.unprotected");
    expect(text((await carrier.next("incoming")).invite.body)).toContain("RTP/AVP 8 0 101");
  });
});

describe("a call without an offer", () => {
  const facts = {
    legId: "L" as LegId,
    side: "caller",
    device: "rtp",
    codecs: narrowCodecs,
    sessionId: 1,
    silenceMs: null,
    mayReach: () => true,
    isNear: () => false,
  } as const;

  /** Our offer stands in the 200, and the ACK answers it. */
  function asked(encryption: MediaEncryption, answer: Uint8Array) {
    const local = { kind: "rtp", address: "127.0.0.1", port: 4_000, rtcpPort: 4_001, keys: fakeKeys } as const;
    const acknowledged = { kind: "session", event: { kind: "acknowledged", request: { body: answer } as SipRequest } } as const;
    let { state, outputs } = startCaller({ ...facts, encryption }, null);
    for (const input of [{ kind: "answer" }, { kind: "opened", local, spoken: [] }, acknowledged] as const) {
      const next = stepLeg(state, input);
      [state, outputs] = [next.state, [...outputs, ...next.outputs]];
    }
    const said = outputs.flatMap((output) =>
      output.kind === "session" && output.command.kind === "accept" ? [text(output.command.body)] : [],
    );
    const srtp = outputs.flatMap((output) =>
      output.kind === "media" && output.command.kind === "connect-rtp" ? [output.command.remote.srtp] : [],
    );
    return { state, offer: said.join(), srtp };
  }

  test("SDP-02: is ended where voice must be encrypted and the answer is plain", () => {
    const { offer, state, srtp } = asked("required", plainOffer(carrierAddress));
    expect(offer).toContain("RTP/SAVP");
    expect([state, srtp]).toMatchObject([{ name: "closing", reason: "not-encrypted" }, []]);
  });

  test("is encrypted where it may be and the answer takes a key, else plain", () => {
    for (const [answer, expected] of [
      [plainOffer(carrierAddress, line(3, 2)), { suite, key: key(2) }],
      [plainOffer(carrierAddress), null],
    ] as const) {
      const { offer, state, srtp } = asked("optional", answer);
      expect([offer.includes("RTP/AVP 8"), offer.includes("a=crypto:3")]).toEqual([true, true]);
      expect([state.name, srtp]).toEqual(["up", [expected]]);
    }
  });
});
