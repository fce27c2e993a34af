// Tests for the transaction machines (as tables) and their layer, on a fake clock and fake sockets.
import { describe, expect, test } from "bun:test";
import { fakeEnv } from "../../support/fake-env.ts";
import { emptyBody, header, type RequestDraft, type ResponseDraft, type SipRequest, type SipResponse } from "../message/message.ts";
import { parseDatagram } from "../message/parser.ts";
import { respond } from "../message/respond.ts";
import type { Flow } from "../transport/flow.ts";
import { type InviteClientInput, startInviteClient, stepInviteClient } from "./invite-client.ts";
import { type InviteServerInput, startInviteServer, stepInviteServer } from "./invite-server.ts";
import { type Admission, type ServerTransaction, TransactionLayer } from "./layer.ts";
import type { TransactionOutput } from "./machine.ts";
import { type OtherClientInput, startOtherClient, stepOtherClient } from "./other-client.ts";
import { type OtherServerInput, startOtherServer, stepOtherServer } from "./other-server.ts";

const udp: Flow = {
  transport: "udp",
  connectionId: "",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.9", port: 5060 },
};

function message(text: string): SipRequest | SipResponse {
  const parsed = parseDatagram(Buffer.from(text, "latin1"));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}
const lines = (method: string, options: { branch?: string; toTag?: string; cseq?: number; callId?: string } = {}): string =>
  `Via: SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bK${options.branch ?? "1"}\r\nFrom: <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>${options.toTag ? `;tag=${options.toTag}` : ""}\r\nCall-ID: ${options.callId ?? "c"}\r\nCSeq: ${options.cseq ?? 1} ${method}\r\n\r\n`;
const requestText = (method: string, options: Parameters<typeof lines>[1] = {}): string =>
  `${method} sip:bob@b SIP/2.0\r\n${lines(method, options)}`;
const request = (method: string): SipRequest => message(requestText(method)) as SipRequest;
const response = (status: number, method = "INVITE"): SipResponse =>
  message(`SIP/2.0 ${status} X\r\n${lines(method, { toTag: "b" })}`) as SipResponse;
const draft = (method: string): RequestDraft => ({
  kind: "request",
  method,
  uriText: "sip:bob@b",
  headers: [
    header("From", "<sip:alice@a>;tag=a"),
    header("To", "<sip:bob@b>"),
    header("Call-ID", "c"),
    header("CSeq", `1 ${method}`),
    header("Max-Forwards", "70"),
  ],
  body: emptyBody,
});
const answer = (status: number, method = "INVITE"): ResponseDraft => respond(request(method), status, { toTag: "b" });

/** Outputs in a form that fits a table: `send 200`, `start A 500`, `deliver 180`, `failed timeout`. */
function brief(output: TransactionOutput): string {
  switch (output.kind) {
    case "send":
      return `send ${output.message.kind === "request" ? output.message.method : output.message.status}`;
    case "start":
      return `start ${output.timer} ${output.ms}`;
    case "stop":
      return `stop ${output.timer}`;
    case "deliver":
      return `deliver ${output.response.status}`;
    case "failed":
      return `failed ${output.reason}`;
    case "ended":
      return "ended";
  }
}

type Row<I> = [input: I, state: string, outputs: string];
function walk<S extends { name: string }, I>(
  start: { state: S; outputs: readonly TransactionOutput[] },
  step: (state: S, input: I) => { state: S; outputs: readonly TransactionOutput[] },
  rows: Row<I>[],
): void {
  let state = start.state;
  for (const [input, name, outputs] of rows) {
    const result = step(state, input);
    expect(`${result.state.name}: ${result.outputs.map(brief).join(", ")}`).toBe(`${name}: ${outputs}`);
    state = result.state;
  }
}
const timer = <T extends string>(name: T): { kind: "timer"; timer: T } => ({ kind: "timer", timer: name });

describe("INVITE client", () => {
  const got = (status: number): InviteClientInput => ({ kind: "response", response: response(status) });
  const start = () => startInviteClient(draft("INVITE"), false);

  test("doubles its interval until B ends it", () =>
    walk(start(), stepInviteClient, [
      [timer("A"), "calling", "start A 1000, send INVITE"],
      [timer("A"), "calling", "start A 2000, send INVITE"],
      [timer("D"), "calling", ""],
      [timer("B"), "terminated", "stop A, failed timeout, ended"],
      [got(200), "terminated", ""],
    ]));
  test("a provisional response stops all timers; later ones are delivered", () =>
    walk(start(), stepInviteClient, [
      [got(100), "proceeding", "stop A, stop B, deliver 100"],
      [timer("A"), "proceeding", ""],
      [got(180), "proceeding", "deliver 180"],
    ]));
  test("a refusal is acknowledged, again for each retransmission, and never delivered twice", () =>
    walk(start(), stepInviteClient, [
      [got(486), "completed", "stop A, stop B, send ACK, deliver 486, start D 33000"],
      [got(486), "completed", "send ACK"],
      [got(180), "completed", ""],
      [{ kind: "transport-error" }, "completed", ""],
      [timer("D"), "terminated", "ended"],
    ]));
  test("every 2xx goes up until M (RFC 6026)", () =>
    walk(start(), stepInviteClient, [
      [got(200), "accepted", "stop A, stop B, start M 32000, deliver 200"],
      [got(200), "accepted", "deliver 200"],
      [got(486), "accepted", ""],
      [timer("M"), "terminated", "ended"],
    ]));
  test("over a connection nothing is repeated and a refusal ends it at once", () => {
    const reliable = startInviteClient(draft("INVITE"), true);
    expect(reliable.outputs.map(brief)).toEqual(["start B 32000", "send INVITE"]);
    walk(reliable, stepInviteClient, [[got(603), "terminated", "stop A, stop B, send ACK, deliver 603, ended"]]);
  });
  test("a dead transport is a failure; an abandoned INVITE is silent", () => {
    walk(start(), stepInviteClient, [[{ kind: "transport-error" }, "terminated", "failed transport, ended"]]);
    walk(start(), stepInviteClient, [[{ kind: "abandon" }, "terminated", "ended"]]);
  });
});

describe("INVITE server", () => {
  const give = (status: number): InviteServerInput => ({ kind: "respond", response: answer(status) });
  const start = () => startInviteServer(answer(100), false);

  test("repeats its last provisional for a repeated INVITE", () =>
    walk(start(), stepInviteServer, [
      [{ kind: "request" }, "proceeding", "send 100"],
      [give(180), "proceeding", "send 180"],
      [{ kind: "request" }, "proceeding", "send 180"],
    ]));
  test("a refusal is repeated by G, capped at T2, until the ACK", () =>
    walk(start(), stepInviteServer, [
      [give(486), "completed", "send 486, start H 32000, start G 500"],
      [timer("G"), "completed", "start G 1000, send 486"],
      [timer("G"), "completed", "start G 2000, send 486"],
      [timer("G"), "completed", "start G 4000, send 486"],
      [timer("G"), "completed", "start G 4000, send 486"],
      [give(200), "completed", ""],
      [{ kind: "ack" }, "confirmed", "stop G, stop H, start I 5000"],
      [{ kind: "request" }, "confirmed", ""],
      [timer("I"), "terminated", "ended"],
      [timer("H"), "terminated", ""],
    ]));
  test("without an ACK, H ends it; a late ACK after H changes nothing", () =>
    walk(start(), stepInviteServer, [
      [give(500), "completed", "send 500, start H 32000, start G 500"],
      [timer("H"), "terminated", "stop G, failed timeout, ended"],
      [{ kind: "ack" }, "terminated", ""],
    ]));
  test("a 2xx is the dialog's to repeat; the INVITE again is absorbed (RFC 6026)", () =>
    walk(start(), stepInviteServer, [
      [give(200), "accepted", "send 200, start L 32000"],
      [{ kind: "request" }, "accepted", ""],
      [give(200), "accepted", "send 200"],
      [give(486), "accepted", ""],
      [timer("L"), "terminated", "ended"],
    ]));
});

describe("other clients and servers", () => {
  const got = (status: number): OtherClientInput => ({ kind: "response", response: response(status, "BYE") });
  test("a request is repeated by E up to T2, then F ends it", () =>
    walk(startOtherClient(draft("BYE"), false), stepOtherClient, [
      [timer("E"), "trying", "start E 1000, send BYE"],
      [timer("E"), "trying", "start E 2000, send BYE"],
      [timer("E"), "trying", "start E 4000, send BYE"],
      [timer("E"), "trying", "start E 4000, send BYE"],
      [timer("F"), "terminated", "stop E, failed timeout, ended"],
    ]));
  test("after a provisional response it is repeated every T2", () =>
    walk(startOtherClient(draft("BYE"), false), stepOtherClient, [
      [got(100), "proceeding", "deliver 100"],
      [timer("E"), "proceeding", "start E 4000, send BYE"],
      [got(200), "completed", "stop E, stop F, deliver 200, start K 5000"],
      [got(200), "completed", ""],
      [timer("K"), "terminated", "ended"],
    ]));
  const give = (status: number): OtherServerInput => ({ kind: "respond", response: answer(status, "BYE") });
  test("a repeated request gets the same answer until J", () =>
    walk(startOtherServer(false), stepOtherServer, [
      [{ kind: "request" }, "trying", ""],
      [give(200), "completed", "send 200, start J 32000"],
      [give(500), "completed", ""],
      [{ kind: "request" }, "completed", "send 200"],
      [timer("J"), "terminated", "ended"],
    ]));
  test("over a connection the answer is the end", () =>
    walk(startOtherServer(true), stepOtherServer, [[give(200), "terminated", "send 200, ended"]]));
});

function host(admission: Admission = { kind: "serve" }) {
  const env = fakeEnv();
  const sent: string[] = [];
  const events: string[] = [];
  const transactions: ServerTransaction[] = [];
  let isUp = true;
  const wire = {
    send: (_flow: Flow, bytes: Uint8Array) => {
      if (isUp) sent.push(Buffer.from(bytes).toString("latin1"));
      return isUp;
    },
    close: () => undefined,
  };
  const layer = new TransactionLayer(env, wire, {
    admit: () => admission,
    request: (transaction) => {
      transactions.push(transaction);
      events.push(`request ${transaction.request.method}`);
    },
    ack: () => events.push("ack"),
    cancelled: () => events.push("cancelled"),
    ended: () => undefined,
    strayResponse: () => events.push("stray"),
    mayAnswerBroken: () => true,
    closed: () => events.push("closed"),
  });
  const receive = (text: string, flow: Flow = udp): void => layer.transport.datagram(flow, Buffer.from(text, "latin1"));
  const cut = (): void => {
    isUp = false;
  };
  const started = (): string[] => sent.map((text) => text.split("\r\n")[0]!);
  return { env, sent, started, events, transactions, layer, receive, cut };
}

describe("layer", () => {
  test("a repeated INVITE reaches the user once and is answered each time", () => {
    const { receive, events, started } = host();
    receive(requestText("INVITE"));
    receive(requestText("INVITE"));
    expect(events).toEqual(["request INVITE"]);
    expect(started()).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 100 Trying"]);
  });

  test("CANCEL finds its INVITE, is answered 200, and 481 when there is none", () => {
    const { receive, events, started, transactions } = host();
    receive(requestText("CANCEL"));
    receive(requestText("INVITE"));
    receive(requestText("CANCEL"));
    expect(events).toEqual(["request INVITE", "cancelled"]);
    transactions[0]!.respond(respond(transactions[0]!.request, 487, { toTag: "b" }));
    receive(requestText("CANCEL"));
    expect(events.length).toBe(2);
    expect(started()).toEqual([
      "SIP/2.0 481 Call/Transaction Does Not Exist",
      "SIP/2.0 100 Trying",
      "SIP/2.0 200 OK",
      "SIP/2.0 487 Request Terminated",
      "SIP/2.0 200 OK",
    ]);
  });

  test("a CANCEL from another address cancels nothing", () => {
    const { receive, events } = host();
    receive(requestText("INVITE"));
    receive(requestText("CANCEL"), { ...udp, remote: { address: "127.0.0.66", port: 5060 } });
    expect(events).toEqual(["request INVITE"]);
  });

  test("the ACK of a refusal stays below, the ACK of a 2xx goes up", () => {
    const { receive, events, transactions, env } = host();
    receive(requestText("INVITE"));
    transactions[0]!.respond(answer(486));
    receive(requestText("ACK", { toTag: "b" }));
    expect(events).toEqual(["request INVITE"]);
    env.advance(5_000);
    expect(env.timersLeft()).toBe(0);
    receive(requestText("INVITE", { branch: "2", cseq: 2 }));
    transactions[1]!.respond(answer(200));
    receive(requestText("ACK", { branch: "3", cseq: 2, toTag: "b" }));
    expect(events).toEqual(["request INVITE", "request INVITE", "ack"]);
  });

  test("DOS-02: a copy by another way is 482, one in a dialog is not", () => {
    const { receive, started } = host();
    receive(requestText("OPTIONS"));
    receive(requestText("OPTIONS", { branch: "2" }));
    receive(requestText("OPTIONS", { branch: "3", toTag: "b" }));
    expect(started()).toEqual(["SIP/2.0 482 Loop Detected"]);
  });

  test("RFC 2543 requests without a branch are matched, and never merged across Call-IDs", () => {
    const { receive, events } = host();
    const old = (callId: string): string => requestText("OPTIONS", { callId }).replace(";branch=z9hG4bK1", ";branch=z9hG4bK");
    receive(old("x"));
    receive(old("x"));
    receive(old("y"));
    expect(events).toEqual(["request OPTIONS", "request OPTIONS"]);
  });

  test("DOS-01: strangers cost no transaction: dropped, or the same answer to every copy", () => {
    const silent = host({ kind: "drop" });
    silent.receive(requestText("INVITE"));
    expect([silent.sent, silent.events, silent.layer.size]).toEqual([[], [], 0]);
    const plain = host({ kind: "refuse", response: answer(403) });
    plain.receive(requestText("INVITE"));
    plain.receive(requestText("INVITE"));
    expect(plain.sent[0]).toBe(plain.sent[1]!);
    expect([plain.events, plain.layer.size]).toEqual([[], 0]);
  });

  test("SIP-12: a response is taken only from where the request went", () => {
    const { layer, receive, sent } = host();
    const statuses: number[] = [];
    layer.request(draft("OPTIONS"), udp, { response: (got) => statuses.push(got.status), failed: () => statuses.push(-1) });
    const via = /^Via: .*$/m.exec(sent[0]!)![0];
    const reply = `SIP/2.0 200 OK\r\n${via}\r\n${lines("OPTIONS").slice(lines("OPTIONS").indexOf("From"))}`;
    receive(reply, { ...udp, remote: { address: "127.0.0.9", port: 5061 } });
    expect(statuses).toEqual([]);
    receive(reply);
    receive(reply);
    expect(statuses).toEqual([200]);
  });

  test("no answer is a timeout after 32 s, a dead path is known at once, and no timer stays", () => {
    const { layer, env, started, cut } = host();
    const failures: string[] = [];
    layer.request(draft("INVITE"), udp, { response: () => undefined, failed: (reason) => failures.push(reason) });
    env.advance(32_000);
    expect(started().length).toBe(7);
    cut();
    layer.request(draft("BYE"), udp, { response: () => undefined, failed: (reason) => failures.push(reason) });
    expect(failures).toEqual(["timeout", "transport"]);
    expect([env.timersLeft(), layer.size]).toEqual([0, 0]);
  });
});
