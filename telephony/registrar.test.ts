// Tests for the registrar: contacts that come, stay, multiply and go.
import { expect, test } from "bun:test";
import type { TelephonyDirectory } from "../core/call/call-control.ts";
import type { StationId, UserId } from "../core/lib/id.ts";
import { contactsPerAddressOfRecordMax, registrationSecondsMax } from "../core/lib/limits.ts";
import { StrangerGuard } from "./guard.ts";
import { Registrar } from "./registrar.ts";
import { expectedResponse, ha1Of } from "./sip/auth/digest.ts";
import { DigestServer } from "./sip/auth/server.ts";
import { headerValues, type ResponseDraft, type SipRequest } from "./sip/message/message.ts";
import { parseDatagram } from "./sip/message/parser.ts";
import type { Flow } from "./sip/transport/flow.ts";
import { fakeEnv } from "./support/fake-env.ts";

const phone = { stationId: "phone" as StationId, userId: "u" as UserId };
const directory: TelephonyDirectory = {
  trunkByAddress: () => null,
  trunkManner: () => null,
  certificateDemand: () => null,
  mediaEncryption: () => "disabled",
  isCallForHelp: () => false,
  trunks: () => [],
  isPhoneAddress: (address) => address === "127.0.0.9",
  phone: (username) => (username === "201" ? { ...phone, ha1: ha1Of("201", "landline", "secret") } : null),
  station: (stationId) => ({
    ...{ username: stationId, userId: phone.userId, kind: "browser" },
    address: stationId === "door" ? { address: "127.0.0.9", port: 5062 } : null,
  }),
};
const flowOf = (connectionId: string, port = 5060): Flow => ({
  transport: connectionId === "" ? "udp" : "ws",
  connectionId,
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.3", port },
});

function host() {
  const env = fakeEnv();
  const digest = new DigestServer(env, "landline");
  const events: string[] = [];
  const kept = new Map<string, string>();
  const registrar = new Registrar(env, directory, digest, new StrangerGuard(env), {
    report: ({ kind, stationId }) => events.push(`${kind} ${stationId}`),
    udpFlow: (remote) => ({ ...flowOf("", remote.port), remote }),
    kept: {
      keep: ({ contact, address, port }) => kept.set(contact, `${address}:${port}`),
      forget: ({ contact }) => kept.delete(contact),
    },
  });
  let seq = 0;
  let told: ResponseDraft["headers"] = [];
  let count = 0;

  function request(user: string, lines: string, options: { seq?: number; authorized?: boolean } = {}): SipRequest {
    const { authorized = true } = options;
    const nonce = /nonce="([^"]+)"/.exec(digest.challenge()[0]!.value)![1]!;
    const nc = (++count).toString(16).padStart(8, "0");
    const base = {
      username: "201",
      realm: "landline",
      nonce,
      uri: "sip:landline",
      nc,
      cnonce: "x",
      algorithm: "MD5" as const,
      response: "",
    };
    const response = expectedResponse(base, ha1Of("201", "landline", "secret"), "REGISTER");
    const proof = authorized
      ? `Authorization: Digest username="201", realm="landline", nonce="${nonce}", uri="sip:landline", qop=auth, nc=${nc}, cnonce="x", response="${response}"\r\n`
      : "";
    const text = `REGISTER sip:landline SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:${user}@x>;tag=1\r\nTo: <sip:${user}@x>\r\nCall-ID: c\r\nCSeq: ${options.seq ?? ++seq} REGISTER\r\n${proof}${lines}\r\n`;
    const parsed = parseDatagram(Buffer.from(text, "latin1"));
    if (!parsed.ok || parsed.message.kind !== "request") throw new Error(JSON.stringify(parsed));
    return parsed.message;
  }
  /** Registers as a phone, or as a browser when `station` is given; returns the status and the contacts that are told. */
  function register(lines: string, options: { flow?: Flow; station?: string; user?: string; seq?: number; authorized?: boolean } = {}) {
    const { flow = flowOf(""), station, user = station ?? "201" } = options;
    let answer: ResponseDraft | null = null;
    const identity = station === undefined ? null : { stationId: station as StationId, userId: phone.userId };
    const respond = (response: ResponseDraft): void => {
      answer = response;
    };
    registrar.register({ id: "t", request: request(user, lines, options), flow, respond }, identity);
    const { status, headers } = answer as unknown as ResponseDraft;
    told = headers;
    return { status, contacts: headerValues({ headers }, "contact") };
  }
  const said = (name: string): string => headerValues({ headers: told }, name).join(", ");
  return { env, registrar, events, kept, register, said };
}

test("contacts are kept for their time, told back, and forgotten", () => {
  const { env, registrar, events, register } = host();
  expect(register("Contact: <sip:a@h>;expires=120\r\nContact: <sip:b@h>\r\nExpires: 300\r\n")).toEqual({
    status: 200,
    contacts: ["<sip:a@h>;expires=120", "<sip:b@h>;expires=300"],
  });
  env.advance(120_000);
  expect(register("").contacts).toEqual(["<sip:b@h>;expires=180"]);
  env.advance(180_000);
  expect(registrar.isRegistered(phone.stationId)).toBe(false);
  expect(events).toEqual(["station.registered phone", "station.unregistered phone"]);
  expect(env.timersLeft()).toBe(0);
});

test("a refresh is no news, and an overlarge time is cut", () => {
  const { events, register } = host();
  register("Contact: <sip:a@h>\r\n");
  expect(register("Contact: <sip:a@h>;expires=99999999999\r\n").contacts).toEqual([`<sip:a@h>;expires=${registrationSecondsMax}`]);
  expect(events).toEqual(["station.registered phone"]);
});

test("a time too short is 423, zero removes, a star removes all and only with zero", () => {
  const { registrar, register } = host();
  expect(register("Contact: <sip:a@h>;expires=5\r\n").status).toBe(423);
  register("Contact: <sip:a@h>\r\n");
  register("Contact: <sip:b@h>\r\n");
  expect(register("Contact: <sip:a@h>;expires=0\r\n").contacts.length).toBe(1);
  expect(register("Contact: *\r\n").status).toBe(400);
  expect(register("Contact: *\r\nExpires: 0\r\n").status).toBe(200);
  expect(registrar.bindingOf(phone.stationId)).toBeNull();
});

test("an older request of the same device changes nothing", () => {
  const { register } = host();
  register("Contact: <sip:a@h>\r\n", { seq: 10 });
  expect(register("Contact: <sip:a@h>;expires=0\r\n", { seq: 9 }).status).toBe(500);
  expect(register("Contact: *\r\nExpires: 0\r\n", { seq: 10 }).status).toBe(500);
  expect(register("", { seq: 11 }).contacts.length).toBe(1);
});

test("DOS-02: contacts are bounded, and what is no SIP contact is none", () => {
  const { register } = host();
  for (let i = 0; i < contactsPerAddressOfRecordMax; i++) expect(register(`Contact: <sip:${i}@h>\r\n`).status).toBe(200);
  expect(register("Contact: <sip:more@h>\r\n").status).toBe(403);
  expect(register("Contact: <sip:0@h>\r\n").status).toBe(200);
  expect(register(`Contact: ${Array.from({ length: 1_000 }, (_, i) => `<sip:${i}@h>`).join(",")}\r\n`).status).toBe(400);
  expect(register("Contact: <name:John_Smith>\r\n").status).toBe(400);
  expect(register("Contact: sip:user@example.com?Route=%3Csip:x%3E\r\n").status).toBe(400);
});

test("SIP-14: without proof nothing is stored, and one name's proof opens no other", () => {
  const { registrar, register } = host();
  expect(register("Contact: <sip:a@h>\r\n", { authorized: false }).status).toBe(401);
  expect(register("Contact: <sip:a@h>\r\n", { user: "202" }).status).toBe(401);
  expect(registrar.isRegistered(phone.stationId)).toBe(false);
});

test("a page that comes back replaces the one it was, whose socket may close whenever it likes", () => {
  const { registrar, events, register } = host();
  const [old, fresh] = [flowOf("1"), flowOf("2")];
  register("Contact: <sip:x1@a.invalid>\r\n", { station: "desk", flow: old, authorized: false });
  register("Contact: <sip:x2@a.invalid>\r\n", { station: "desk", flow: fresh, authorized: false });
  expect(registrar.isKnownPath(old)).toBe(false);
  registrar.closed(old);
  expect(registrar.bindingOf("desk" as StationId)?.contact).toBe("sip:x2@a.invalid");
  registrar.closed(fresh);
  expect(events).toEqual(["station.registered desk", "station.registered desk", "station.unregistered desk"]);
});

test("what registers over UDP is kept as long as it holds; a browser's socket is not", () => {
  const { env, kept, register } = host();
  register("Contact: <sip:a@h>;expires=120\r\n", { flow: flowOf("", 5070) });
  register("Contact: <sip:x1@a.invalid>\r\n", { station: "desk", flow: flowOf("1"), authorized: false });
  expect([...kept]).toEqual([["sip:a@h", "127.0.0.3:5070"]]);
  env.advance(120_000);
  expect([...kept]).toEqual([]);
});

test("after a restart phones are where they were, for the rest of their time, and older requests change nothing", () => {
  const { env, registrar, events, register } = host();
  const facts = { stationId: phone.stationId, nodeId: "n", address: "127.0.0.3", port: 5070, callId: "c", seq: 7 };
  const expiresAt = env.clock.now() + 60_000;
  registrar.restore([
    { ...facts, contact: "sip:a@h", expiresAt },
    { ...facts, contact: "sip:late@h", expiresAt: env.clock.now() - 1 },
  ]);
  expect(registrar.bindingOf(phone.stationId)).toMatchObject({ contact: "sip:a@h", flow: { remote: { port: 5070 } } });
  expect(registrar.isKnownPath(flowOf("", 5070))).toBe(true);
  expect(register("Contact: <sip:a@h>;expires=0\r\n", { seq: 7 }).status).toBe(500);
  env.advance(60_000);
  expect(registrar.isRegistered(phone.stationId)).toBe(false);
  expect(events).toEqual(["station.registered phone", "station.unregistered phone"]);
});

test("a phone that is always at one address needs no registration", () => {
  const { registrar } = host();
  const door = "door" as StationId;
  expect(registrar.isRegistered(door)).toBe(true);
  expect(registrar.bindingOf(door)).toMatchObject({ contact: "sip:door@127.0.0.9:5062", flow: { transport: "udp" } });
  const from = (address: string): Flow => ({ ...flowOf(""), remote: { address, port: 40_000 } });
  expect([registrar.isKnownPath(from("127.0.0.9")), registrar.isKnownPath(from("127.0.0.8"))]).toEqual([true, false]);
});

const instance = '+sip.instance="<urn:uuid:1>"';
const flowed = (contact: string, regId: number, more = ""): string =>
  `Supported: path, outbound\r\nContact: <${contact}>;${instance};reg-id=${regId}${more}\r\n`;
const tls = (id: string): Flow => ({ ...flowOf(id), transport: "tls" });

test("RFC 3327: the path of a registration is told back, is the way of calls, and goes with a registration without one", () => {
  const { registrar, kept, register, said } = host();
  register("Contact: <sip:a@h>\r\n");
  expect([...kept.keys()]).toEqual(["sip:a@h"]);
  expect(register("Path: <sip:near@e1;lr>, <sip:far@e2;lr;ob>\r\nContact: <sip:a@h>\r\n").status).toBe(200);
  expect(said("path")).toBe("<sip:near@e1;lr>, <sip:far@e2;lr;ob>");
  expect(registrar.bindingOf(phone.stationId)).toMatchObject({ path: ["<sip:near@e1;lr>", "<sip:far@e2;lr;ob>"] });
  // After a restart nothing would be known of the path.
  expect([...kept.keys()]).toEqual([]);
  register("Contact: <sip:a@h>\r\n");
  expect(registrar.bindingOf(phone.stationId)?.path).toEqual([]);
});

test("a path that nobody can be sent along is refused: no loose router, no SIP, too long, unreadable", () => {
  const { registrar, register } = host();
  for (const path of ["<sip:e1>", "<tel:+4420>", Array.from({ length: 5 }, () => "<sip:e;lr>").join(","), "<sip:e"])
    expect(register(`Path: ${path}\r\nContact: <sip:a@h>\r\n`).status).toBe(400);
  expect(registrar.isRegistered(phone.stationId)).toBe(false);
});

test("RFC 5626: a device's flows are told apart by their number, replace themselves, and are each removed alone", () => {
  const { registrar, events, register, said } = host();
  expect(register(flowed("sip:a@h", 1), { flow: tls("1") }).contacts).toEqual([`<sip:a@h>;${instance};reg-id=1;expires=3600`]);
  expect([said("require"), said("supported")]).toEqual(["outbound", "path, outbound"]);
  expect(register(flowed("sip:a@h", 2), { flow: tls("2") }).contacts.length).toBe(2);
  // It has started anew: another contact, the same flow by number.
  const fresh = register(flowed("sip:b@h", 1), { flow: tls("3") }).contacts;
  expect(fresh.map((contact) => contact.slice(0, 9)).toSorted()).toEqual(["<sip:a@h>", "<sip:b@h>"]);
  expect(registrar.isKnownPath(tls("1"))).toBe(false);
  const newest = registrar.bindingOf(phone.stationId)!;
  expect([newest.contact, newest.flow.connectionId]).toEqual(["sip:b@h", "3"]);
  expect(registrar.bindingOf(phone.stationId, [newest])?.flow.connectionId).toBe("2");
  registrar.flowFailed(phone.stationId, newest);
  expect(registrar.bindingOf(phone.stationId)?.flow.connectionId).toBe("2");
  expect(register(flowed("sip:a@h", 2, ";expires=0"), { flow: tls("2") }).contacts).toEqual([]);
  expect(events.at(-1)).toBe("station.unregistered phone");
});

test("flows are not promised where nothing keeps them: UDP without STUN, a first proxy without `ob` (439), two in one request", () => {
  const { register, said } = host();
  expect([register(flowed("sip:a@h", 1)).contacts, said("require")]).toEqual([["<sip:a@h>;expires=3600"], ""]);
  const via = "Via: SIP/2.0/UDP phone;branch=z9hG4bKy\r\n";
  expect(register(`${via}${flowed("sip:a@h", 1)}`, { flow: tls("1") }).status).toBe(439);
  expect(register(`${via}Path: <sip:e;lr>\r\n${flowed("sip:a@h", 1)}`, { flow: tls("1") }).status).toBe(439);
  expect(register(`${via}Path: <sip:e;lr;ob>\r\n${flowed("sip:a@h", 1)}`).status).toBe(200);
  expect(said("require")).toBe("outbound");
  expect(register(`${flowed("sip:a@h", 1)}Contact: <sip:c@h>;${instance};reg-id=2\r\n`, { flow: tls("1") }).status).toBe(400);
  // Without the option a number is no promise either.
  register(`Contact: <sip:d@h>;${instance};reg-id=3\r\n`, { flow: tls("1") });
  expect(said("require")).toBe("");
});
