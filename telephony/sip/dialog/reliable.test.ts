// Tests for reliable provisional responses (RFC 3262) and for forks: two whole stacks in virtual time, and answers that are made up.
import { describe, expect, test } from "bun:test";
import { body, type Net, network } from "../../support/two-stacks.ts";

const count = (net: Net, line: string): number => net.wire.filter((seen) => seen === line).length;
const last = (net: Net, start: string): string => net.raw.findLast((text) => text.startsWith(start)) ?? "";
const fieldOf = (text: string, name: string): string | undefined => new RegExp(`^${name}: (.*)\r$`, "m").exec(text)?.[1];

/** Bob sends 183 with a description. */
function progress(net: Net): void {
  net.call();
  net.env.advance(20);
  net.bob.session!.send({ kind: "ring", status: 183, body });
  net.env.advance(20);
}

/** Bob's last such message once more, changed, as if another branch had sent it. */
function toAlice(net: Net, text: string): void {
  const flow = {
    transport: "udp",
    connectionId: "",
    local: { address: "127.0.0.1", port: 5060 },
    remote: { address: "127.0.0.2", port: 5060 },
  } as const;
  net.alice.layer.transactions.transport.datagram(flow, Buffer.from(text, "latin1"));
}
const otherTag = (text: string): string => text.replace(/^(To: .*;tag=).*\r$/m, "$1other\r");

function toBob(net: Net, text: string): void {
  const flow = {
    transport: "udp",
    connectionId: "",
    local: { address: "127.0.0.2", port: 5060 },
    remote: { address: "127.0.0.1", port: 5060 },
  } as const;
  net.bob.layer.transactions.transport.datagram(flow, Buffer.from(text, "latin1"));
}

describe("a reliable provisional response", () => {
  test("carries RSeq, is acknowledged once, and the call goes on with numbers in order", () => {
    const net = network();
    progress(net);
    const rseq = fieldOf(last(net, "SIP/2.0 183"), "RSeq");
    expect([Number(rseq) > 0, fieldOf(last(net, "SIP/2.0 183"), "Require")]).toEqual([true, "100rel"]);
    expect([fieldOf(last(net, "PRACK"), "RAck"), fieldOf(last(net, "PRACK"), "CSeq")]).toEqual([`${rseq} 1 INVITE`, "2 PRACK"]);
    net.env.advance(5_000);
    expect([count(net, "bob 183 INVITE"), count(net, "alice PRACK"), count(net, "bob 200 PRACK")]).toEqual([1, 1, 1]);
    net.bob.session!.send({ kind: "accept", body });
    net.env.advance(20);
    net.alice.session!.send({ kind: "confirm" });
    net.env.advance(20);
    expect(fieldOf(last(net, "ACK"), "CSeq")).toBe("1 ACK");
    expect([net.alice.events, net.bob.events]).toEqual([
      ["trying", "ringing", "answered"],
      ["incoming", "acknowledged"],
    ]);
    net.alice.session!.send({ kind: "hang-up" });
    net.env.advance(20);
    expect([fieldOf(last(net, "BYE"), "CSeq"), net.bob.events.at(-1)]).toEqual(["3 BYE", "ended peer bye"]);
    net.expectQuiet();
  });

  test("is repeated until its PRACK comes, and heard once", () => {
    const net = network((line, nth) => (line === "bob 183 INVITE" && nth < 3) || (line === "alice PRACK" && nth === 1));
    progress(net);
    net.env.advance(10_000);
    expect([count(net, "bob 183 INVITE"), net.alice.events]).toEqual([3, ["trying", "ringing"]]);
    net.bob.session!.send({ kind: "reject", status: 486 });
    net.expectQuiet();
  });

  test("that nobody acknowledges refuses the call with 504 after 32 s", () => {
    const net = network((line) => line === "alice PRACK");
    progress(net);
    net.env.advance(31_900);
    expect(count(net, "bob 504 INVITE")).toBe(0);
    net.env.advance(200);
    expect([count(net, "bob 504 INVITE"), net.bob.events.at(-1), net.alice.events.at(-1)]).toEqual([
      1,
      "ended fault not-acknowledged",
      "ended peer refused",
    ]);
    net.expectQuiet();
  });

  test("is waited for by the 200", () => {
    const net = network((line, nth) => line === "alice PRACK" && nth === 1);
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "ring", status: 183, body });
    net.bob.session!.send({ kind: "accept", body });
    net.env.advance(300);
    expect(count(net, "bob 200 INVITE")).toBe(0);
    net.env.advance(300);
    expect([count(net, "bob 200 PRACK"), count(net, "bob 200 INVITE")]).toEqual([1, 1]);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("is not sent to a caller that does not know them", () => {
    const net = network(
      () => false,
      (line, text) => (line === "alice INVITE" ? text.replace("Supported: timer, 100rel", "Supported: timer") : text),
    );
    progress(net);
    expect([fieldOf(last(net, "SIP/2.0 183"), "RSeq"), count(net, "alice PRACK")]).toEqual([undefined, 0]);
    net.bob.session!.send({ kind: "reject", status: 486 });
    net.expectQuiet();
  });

  test("is what even a 180 is to a caller that requires them", () => {
    const net = network(
      () => false,
      (line, text) => (line === "alice INVITE" ? text.replace("Supported: timer, 100rel", "Require: 100rel") : text),
    );
    net.call();
    net.env.advance(20);
    net.bob.session!.send({ kind: "ring", status: 180 });
    net.env.advance(20);
    net.bob.session!.send({ kind: "ring", status: 183, body });
    net.env.advance(20);
    const numbers = net.raw.filter((text) => /^SIP\/2.0 18/.test(text)).map((text) => Number(fieldOf(text, "RSeq")));
    expect(numbers).toEqual([numbers[0]!, numbers[0]! + 1]);
    expect(count(net, "bob 200 PRACK")).toBe(2);
    net.bob.session!.send({ kind: "reject", status: 486 });
    net.expectQuiet();
  });

  test("out of order, or again, is neither acknowledged nor heard", () => {
    const net = network();
    progress(net);
    const text = last(net, "SIP/2.0 183");
    const rseq = Number(fieldOf(text, "RSeq"));
    toAlice(net, text);
    toAlice(net, text.replace(`RSeq: ${rseq}`, `RSeq: ${rseq + 2}`));
    expect([count(net, "alice PRACK"), net.alice.events]).toEqual([1, ["trying", "ringing"]]);
    toAlice(net, text.replace(`RSeq: ${rseq}`, `RSeq: ${rseq + 1}`));
    expect(count(net, "alice PRACK")).toBe(2);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("whose PRACK names another is 481 and goes on being repeated", () => {
    const net = network(
      () => false,
      (line, text) => (line === "alice PRACK" ? text.replace(/^RAck: \d+/m, "RAck: 7") : text),
    );
    progress(net);
    net.env.advance(1_000);
    expect([count(net, "bob 481 PRACK"), count(net, "bob 183 INVITE") > 1]).toEqual([1, true]);
    net.bob.session!.send({ kind: "reject", status: 486 });
    net.expectQuiet();
  });
});

describe("an early dialog", () => {
  /** An UPDATE of Bob's within it. */
  const update = (net: Net, text: string): string => {
    const said = last(net, "SIP/2.0 183");
    const head = ["UPDATE sip:127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKupdate", "Max-Forwards: 70"];
    const names = [`From: ${fieldOf(said, "To")}`, `To: ${fieldOf(said, "From")}`, `Call-ID: ${fieldOf(said, "Call-ID")}`];
    const type = text === "" ? [] : ["Content-Type: application/sdp"];
    return `${[...head, ...names, "CSeq: 1 UPDATE", "Contact: <sip:moved@127.0.0.2>", ...type].join("\r\n")}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  };

  test("takes the callee's UPDATE without an offer, and asks one with an offer to come later", () => {
    for (const [text, answer] of [
      ["", "alice 200 UPDATE"],
      ["v=1", "alice 500 UPDATE"],
    ] as const) {
      const net = network();
      progress(net);
      toAlice(net, update(net, text));
      expect([net.wire.at(-1), net.alice.events.at(-1)]).toEqual([answer, "ringing"]);
      net.alice.session!.send({ kind: "hang-up" });
      net.expectQuiet();
    }
  });

  test("takes the caller's UPDATE without an offer, and asks one with an offer to come later", () => {
    for (const [text, answer] of [
      ["", "bob 200 UPDATE"],
      ["v=1", "bob 500 UPDATE"],
    ] as const) {
      const net = network();
      progress(net);
      const swapped = update(net, text)
        .replace("CSeq: 1 ", "CSeq: 3 ")
        .replace(/^From: (.*)\r\nTo: (.*)\r$/m, "From: $2\r\nTo: $1\r");
      toBob(net, swapped.replace("UDP 127.0.0.2", "UDP 127.0.0.1"));
      expect([net.wire.at(-1), net.bob.events]).toEqual([answer, ["incoming"]]);
      net.bob.session!.send({ kind: "reject", status: 486 });
      net.expectQuiet();
    }
  });
});

describe("a forked INVITE", () => {
  test("with several 2xx keeps the first; the others are acknowledged and ended", () => {
    for (const when of ["before", "after"] as const) {
      const net = network();
      net.call();
      net.env.advance(20);
      net.bob.session!.send({ kind: "accept", body });
      net.env.advance(20);
      if (when === "after") net.alice.session!.send({ kind: "confirm" });
      const before = net.wire.length;
      toAlice(net, otherTag(last(net, "SIP/2.0 200")));
      expect(net.wire.slice(before, before + 2)).toEqual(["alice ACK", "alice BYE"]);
      expect([last(net, "ACK"), last(net, "BYE")].map((text) => fieldOf(text, "To")!.split("tag=")[1])).toEqual(["other", "other"]);
      if (when === "before") net.alice.session!.send({ kind: "confirm" });
      net.env.advance(20);
      expect([net.alice.events.at(-1), net.bob.events.at(-1)]).toEqual(["answered", "acknowledged"]);
      net.alice.session!.send({ kind: "hang-up" });
      net.expectQuiet();
    }
  });

  test("acknowledges provisionals branch by branch, and ends a late loser with the number after its PRACK", () => {
    const net = network();
    progress(net);
    toAlice(net, otherTag(last(net, "SIP/2.0 183")));
    expect(count(net, "alice PRACK")).toBe(2);
    net.bob.session!.send({ kind: "accept", body });
    net.env.advance(20);
    net.alice.session!.send({ kind: "confirm" });
    toAlice(net, otherTag(net.raw.findLast((text) => /^SIP\/2.0 200[\s\S]*CSeq: 1 INVITE/.test(text))!));
    expect([fieldOf(last(net, "ACK"), "CSeq"), fieldOf(last(net, "BYE"), "CSeq")]).toEqual(["1 ACK", "3 BYE"]);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });
});
