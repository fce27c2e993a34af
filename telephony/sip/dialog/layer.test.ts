// Tests for sessions: Alice and Bob, each with a whole stack, in virtual time on a wire that can lose what a test wants lost.
import { describe, expect, test } from "bun:test";
import { body, connect, network } from "../../support/two-stacks.ts";
import { header, type SipRequest } from "../message/message.ts";
import { parseDatagram } from "../message/parser.ts";
import type { Flow } from "../transport/flow.ts";
import { inspect } from "./layer.ts";

describe("REFER", () => {
  test("is accepted, tried and told the end of; a second one waits for its turn", () => {
    const net = network();
    connect(net);
    net.wire.length = 0;
    net.within("REFER", 2, "Refer-To: <sip:203@127.0.0.2>");
    net.env.advance(20);
    expect(net.wire.slice(0, 2)).toEqual(["bob 202 REFER", "bob NOTIFY"]);
    expect(net.bob.events.at(-1)).toBe("referred");
    expect(net.raw.findLast((text) => text.startsWith("NOTIFY "))).toMatch(
      /^Subscription-State: active;expires=60\r\n[\s\S]*SIP\/2\.0 100 Trying\r\n$/m,
    );
    net.within("REFER", 3, "Refer-To: <sip:204@127.0.0.2>");
    net.env.advance(20);
    expect(net.wire).toContain("bob 491 REFER");
    net.bob.session!.send({ kind: "refer-result", status: 404 });
    expect(net.raw.findLast((text) => text.startsWith("NOTIFY "))).toMatch(
      /^Subscription-State: terminated;reason=noresource\r\n[\s\S]*SIP\/2\.0 404 /m,
    );
    net.within("REFER", 4, "Refer-To: <sip:204@127.0.0.2>\r\nRefer-Sub: false");
    net.env.advance(20);
    const before = net.wire.filter((line) => line === "bob NOTIFY").length;
    net.bob.session!.send({ kind: "refer-result", status: 200 });
    expect(net.wire.filter((line) => line === "bob NOTIFY").length).toBe(before);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("without one target, or outside a call, changes nothing", () => {
    const net = network();
    connect(net);
    net.wire.length = 0;
    net.within("REFER", 2, "Refer-To: <sip:203@a>\r\nRefer-To: <sip:204@a>");
    net.env.advance(20);
    expect([net.wire, net.bob.events.at(-1)]).toEqual([["bob 400 REFER"], "acknowledged"]);
    net.bob.session!.send({ kind: "refer-result", status: 200 });
    expect(net.wire).toEqual(["bob 400 REFER"]);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });
});

describe("a call", () => {
  test("rings, is answered, confirmed, acknowledged and ended by the caller", () => {
    const net = network();
    connect(net);
    expect(net.alice.events).toEqual(["trying", "ringing", "answered"]);
    expect(net.bob.events).toEqual(["incoming", "acknowledged"]);
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(20);
    expect(net.alice.events.at(-1)).toBe("ended us bye");
    expect(net.bob.events.at(-1)).toBe("ended peer bye");
    expect(net.wire).toEqual([
      "alice INVITE",
      "bob 100 INVITE",
      "bob 180 INVITE",
      "bob 200 INVITE",
      "alice ACK",
      "alice BYE",
      "bob 200 BYE",
    ]);
    net.expectQuiet();
  });

  test("is ended by the called side", () => {
    const net = network();
    connect(net);
    net.bob.session!.send({ kind: "hang-up" });
    net.env.advance(20);
    expect([net.alice.events.at(-1), net.bob.events.at(-1)]).toEqual(["ended peer bye", "ended us bye"]);
    net.expectQuiet();
  });

  test("survives the loss of every first copy", () => {
    const net = network((_line, count) => count === 1);
    net.call();
    net.env.advance(4_000);
    net.bob.session!.send({ kind: "accept", body });
    net.env.advance(4_000);
    net.alice.session!.send({ kind: "confirm" });
    net.env.advance(8_000);
    expect(net.bob.events).toEqual(["incoming", "acknowledged"]);
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(8_000);
    expect(net.bob.events.at(-1)).toBe("ended peer bye");
    net.expectQuiet();
  });

  test("that is never acknowledged is repeated for 32 s and ended with BYE", () => {
    const net = network((line) => line === "alice ACK");
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "accept", body });
    net.env.advance(20);
    net.alice.session!.send({ kind: "confirm" });
    net.env.advance(33_000);
    expect(net.bob.events).toEqual(["incoming", "ended fault not-acknowledged"]);
    expect(net.alice.events.at(-1)).toBe("ended peer bye");
    expect(net.wire.filter((line) => line === "bob 200 INVITE").length).toBe(11);
    net.expectQuiet();
  });

  test("that the called side ends before the ACK gets its BYE after the ACK", () => {
    const net = network();
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "accept", body });
    net.bob.session!.send({ kind: "hang-up" });
    net.env.advance(20);
    expect(net.wire).not.toContain("bob BYE");
    net.alice.session!.send({ kind: "confirm" });
    net.env.advance(20);
    expect(net.wire).toContain("bob BYE");
    expect([net.alice.events.at(-1), net.bob.events]).toEqual(["ended peer bye", ["incoming", "ended us bye"]]);
    net.expectQuiet();
  });

  test("is refused with a status and a reason", () => {
    const net = network();
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "reject", status: 486 });
    net.env.advance(20);
    expect(net.alice.heard.at(-1)).toMatchObject({
      kind: "ended",
      end: { by: "peer", cause: "refused", status: 486, response: { status: 486 } },
    });
    net.expectQuiet();
  });

  test("to nobody ends after 32 s", () => {
    const net = network((line) => line.startsWith("alice"));
    net.call();
    net.expectQuiet();
    expect(net.alice.events).toEqual(["ended fault timeout"]);
  });
});

describe("CANCEL", () => {
  test("ends a ringing call on both sides", () => {
    const net = network();
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "ring", status: 180 });
    net.env.advance(20);
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(20);
    expect([net.alice.events.at(-1), net.bob.events.at(-1)]).toEqual(["ended us cancel", "ended peer cancel"]);
    expect(net.wire).toContain("bob 487 INVITE");
    net.expectQuiet();
  });

  test("waits for a provisional response", () => {
    const net = network();
    net.call();
    net.alice.session!.send({ kind: "hang-up" });
    expect(net.wire).toEqual(["alice INVITE"]);
    net.env.advance(20);
    expect(net.wire).toContain("alice CANCEL");
    expect(net.bob.events.at(-1)).toBe("ended peer cancel");
    net.expectQuiet();
  });

  test("that crosses a 200 becomes ACK and BYE", () => {
    const net = network();
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "accept", body });
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(40);
    expect(net.wire.slice(2)).toEqual(["bob 200 INVITE", "alice CANCEL", "alice ACK", "alice BYE", "bob 200 CANCEL", "bob 200 BYE"]);
    expect(net.alice.events).toEqual(["trying", "ended us cancel"]);
    expect(net.bob.events).toEqual(["incoming", "acknowledged", "ended peer bye"]);
    net.expectQuiet();
  });

  test("that nobody answers leaves nothing behind", () => {
    const net = network((line, count) => line.startsWith("bob") && !(line === "bob 100 INVITE" && count === 1));
    net.call();
    net.env.advance(20);
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(80_000);
    net.bob.session!.forget();
    net.env.advance(80_000);
    expect([net.alice.layer.size, net.alice.layer.transactions.size]).toEqual([0, 0]);
  });
});

describe("re-INVITE", () => {
  test("is offered, answered and acknowledged, either way", () => {
    for (const [from, to] of [
      ["alice", "bob"],
      ["bob", "alice"],
    ] as const) {
      const net = network();
      connect(net);
      net[from].session!.send({ kind: "offer", body });
      net.env.advance(20);
      expect(net[to].events.at(-1)).toBe("offered");
      net[to].session!.send({ kind: "answer-offer", body });
      net.env.advance(20);
      expect([net[from].events.at(-1), net[to].events.at(-1)]).toEqual(["negotiated", "acknowledged"]);
      net[from].session!.send({ kind: "hang-up" });
      net.expectQuiet();
    }
  });

  test("that is refused leaves the session as it was", () => {
    const net = network();
    connect(net);
    net.bob.session!.send({ kind: "offer", body });
    net.env.advance(20);
    net.alice.session!.send({ kind: "reject-offer", status: 488 });
    net.env.advance(20);
    expect(net.bob.events.at(-1)).toBe("refused 488");
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("from both at once is 491 twice, then succeeds for one after the other", () => {
    const net = network();
    connect(net);
    net.alice.session!.send({ kind: "offer", body });
    net.bob.session!.send({ kind: "offer", body });
    net.env.advance(20);
    expect(net.wire.filter((line) => line.includes("491")).toSorted()).toEqual(["alice 491 INVITE", "bob 491 INVITE"]);
    net.env.advance(2_050);
    expect(net.alice.events.at(-1)).toBe("offered");
    net.alice.session!.send({ kind: "answer-offer", body });
    net.env.advance(20);
    expect(net.bob.events.at(-1)).toBe("negotiated");
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("that nobody answers ends the session with BYE", () => {
    const net = network((line, count) => line === "bob INVITE" || (line === "bob ACK" && count > 5));
    connect(net);
    net.bob.session!.send({ kind: "offer", body });
    net.env.advance(33_000);
    expect([net.bob.events.at(-1), net.alice.events.at(-1)]).toEqual(["ended fault timeout", "ended peer bye"]);
    net.expectQuiet();
  });
});

describe("what comes from outside", () => {
  const text = (method: string, extra = "", uri = "sip:bob@127.0.0.2"): string =>
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK${method}${extra.length}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: x\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${extra}\r\n`;
  const request = (raw: string): SipRequest => {
    const parsed = parseDatagram(Buffer.from(raw, "latin1"));
    if (!parsed.ok || parsed.message.kind !== "request") throw new Error("no request");
    return parsed.message;
  };

  test("is refused in the order of RFC 3261 §8.2", () => {
    const status = (raw: string): number | undefined => inspect(request(raw))?.status;
    expect(status(text("OPTIONS"))).toBeUndefined();
    expect(status(text("NEWMETHOD", "Require: x\r\n"))).toBe(501);
    expect(status(text("MESSAGE"))).toBe(405);
    expect([status(text("REGISTER", "Require: path, outbound\r\n")), status(text("OPTIONS", "Require: path\r\n"))]).toEqual([
      undefined,
      420,
    ]);
    expect(status(text("OPTIONS", "Require: x\r\n", "isbn:1"))).toBe(416);
    expect(inspect(request(text("INVITE", "Require: 100rel, x\r\n")))).toEqual({
      status: 420,
      headers: [header("Unsupported", "x")],
    });
    expect(status(text("INVITE", "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"))).toBe(415);
    expect(status(text("INVITE", "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi"))).toBe(415);
    expect(status(text("INVITE", "Accept: text/plain\r\n"))).toBe(406);
    expect(status(text("INVITE").replace("Max-Forwards: 70", "Max-Forwards: 0"))).toBe(483);
    expect(status(text("OPTIONS").replace("Max-Forwards: 70", "Max-Forwards: 0"))).toBeUndefined();
  });

  test("a request with a foreign To tag is 481, and a stranger in a dialog is not heard", () => {
    const net = network();
    connect(net);
    const flow: Flow = { ...net.bob.session!.flow };
    net.wire.length = 0;
    net.bob.layer.transactions.transport.datagram(flow, Buffer.from(text("BYE").replace("To: <sip:b@b>", "To: <sip:b@b>;tag=guess")));
    expect(net.wire).toEqual(["bob 481 BYE"]);
    expect(net.bob.events.at(-1)).toBe("acknowledged");
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("SIP-08: NOTIFY, INFO and BYE outside a dialog change nothing", () => {
    const net = network();
    const flow: Flow = {
      transport: "udp",
      connectionId: "",
      local: { address: "127.0.0.2", port: 5060 },
      remote: { address: "127.0.0.1", port: 5060 },
    };
    for (const method of ["NOTIFY", "INFO", "BYE", "OPTIONS"])
      net.bob.layer.transactions.transport.datagram(flow, Buffer.from(text(method).replace("Call-ID: x", `Call-ID: ${method}`)));
    expect(net.wire).toEqual(["bob 405 NOTIFY", "bob 481 INFO", "bob 481 BYE", "bob 200 OPTIONS"]);
    expect(net.bob.events).toEqual([]);
    net.expectQuiet();
  });
});
