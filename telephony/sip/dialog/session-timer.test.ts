// Tests for session timers (RFC 4028) and UPDATE (RFC 3311): two whole stacks in virtual time.
import { describe, expect, test } from "bun:test";
import { body, connect, type Net, network } from "../../support/two-stacks.ts";

const never = (): boolean => false;
const lineOf = (net: Net, start: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, "m").exec(net.raw.findLast((text) => text.startsWith(start)) ?? "")?.[1];
const count = (net: Net, line: string): number => net.wire.filter((seen) => seen === line).length;

/** Alice's INVITE asks for 90 s; `more` changes it further. */
const short = (more: (line: string, text: string, count: number) => string = (_line, text) => text) =>
  network(never, (line, text, nth) =>
    more(line, line === "alice INVITE" ? text.replace("Session-Expires: 1800", "Session-Expires: 90;refresher=uac") : text, nth),
  );

describe("a session timer", () => {
  test("is offered with 1800 s, at least 90, and agreed on", () => {
    const net = network();
    connect(net);
    expect([lineOf(net, "INVITE ", "Session-Expires"), lineOf(net, "INVITE ", "Min-SE"), lineOf(net, "INVITE ", "Supported")]).toEqual([
      "1800",
      "90",
      "timer, 100rel, replaces",
    ]);
    expect([lineOf(net, "SIP/2.0 200", "Session-Expires"), lineOf(net, "SIP/2.0 200", "Require")]).toEqual(["1800;refresher=uac", "timer"]);
    net.env.advance(899_000);
    expect(count(net, "alice UPDATE")).toBe(0);
    net.env.advance(2_000);
    expect([count(net, "alice UPDATE"), count(net, "bob 200 UPDATE"), count(net, "bob UPDATE")]).toEqual([1, 1, 0]);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("is refreshed by UPDATE at half its time, for as long as the call lasts, and nobody hears of it", () => {
    const net = short();
    connect(net);
    net.env.advance(10 * 60_000);
    expect(count(net, "bob 200 UPDATE")).toBe(13);
    expect(lineOf(net, "UPDATE ", "Session-Expires")).toBe("90;refresher=uac");
    expect([net.alice.events.at(-1), net.bob.events.at(-1)]).toEqual(["answered", "acknowledged"]);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("is refreshed by the answering side when that is agreed", () => {
    const net = short((_line, text) => text.replace("90;refresher=uac", "90;refresher=uas"));
    connect(net);
    net.env.advance(60_000);
    expect([count(net, "bob UPDATE"), count(net, "alice 200 UPDATE"), count(net, "alice UPDATE")]).toEqual([1, 1, 0]);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("is refreshed by a re-INVITE with the same description where UPDATE is not allowed", () => {
    const net = short((_line, text) => text.replace(/^(Allow: .*)UPDATE, /m, "$1"));
    connect(net);
    net.env.advance(46_000);
    expect([count(net, "alice INVITE"), count(net, "alice UPDATE"), net.bob.events.at(-1)]).toEqual([2, 0, "offered"]);
    expect(net.raw.findLast((text) => text.startsWith("INVITE "))).toEndWith("\r\n\r\noffer");
    net.bob.session!.send({ kind: "answer-offer", body });
    net.env.advance(44_000);
    expect(net.alice.events.at(-1)).toBe("negotiated");
    expect(count(net, "alice INVITE")).toBe(2);
    net.env.advance(2_000);
    expect(count(net, "alice INVITE")).toBe(3);
    net.alice.session!.send({ kind: "hang-up" });
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("takes the re-INVITE when UPDATE is refused in spite of Allow", () => {
    const net = short((line, text) => (line === "bob 200 UPDATE" ? text.replace("200 OK", "405 Method Not Allowed") : text));
    connect(net);
    net.env.advance(46_000);
    expect([count(net, "alice UPDATE"), count(net, "alice INVITE")]).toEqual([1, 2]);
    net.bob.session!.send({ kind: "answer-offer", body });
    net.env.advance(20);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("that runs out ends the call with BYE and a Reason, 30 s before its end", () => {
    // Bob believes that Alice refreshes, and Alice was told of no timer.
    const net = short((line, text) => (line === "bob 200 INVITE" ? text.replace(/^Session-Expires: .*\r\n/m, "") : text));
    connect(net);
    net.env.advance(59_000);
    expect(count(net, "bob BYE")).toBe(0);
    net.env.advance(2_000);
    expect([net.bob.events.at(-1), net.alice.events.at(-1)]).toEqual(["ended fault timeout", "ended peer bye"]);
    expect(lineOf(net, "BYE ", "Reason")).toBe('SIP;cause=408;text="Session timer expired"');
    net.expectQuiet();
  });

  test("whose refresh is answered with 481, or not at all, ends the call", () => {
    const gone = short((line, text) => (line === "bob 200 UPDATE" ? text.replace("200 OK", "481 Gone") : text));
    connect(gone);
    gone.env.advance(46_000);
    expect(gone.alice.events.at(-1)).toBe("ended fault gone");
    gone.expectQuiet();
    const silent = network(
      (line) => line === "alice UPDATE",
      (line, text) => (line === "alice INVITE" ? text.replace("Expires: 1800", "Expires: 90") : text),
    );
    connect(silent);
    silent.env.advance(62_000);
    expect([silent.alice.events.at(-1), silent.bob.events.at(-1)]).toEqual(["ended fault timeout", "ended fault timeout"]);
    silent.expectQuiet();
  });

  test("whose refresh is refused for the moment is tried again", () => {
    const net = short((line, text, nth) =>
      line === "bob 200 UPDATE" && nth === 1 ? text.replace("200 OK", "500 Later").replace(/^(Require|Session).*\r\n/gm, "") : text,
    );
    connect(net);
    net.env.advance(50_000);
    expect(count(net, "alice UPDATE")).toBe(2);
    net.env.advance(30_000);
    expect(net.alice.events.at(-1)).toBe("answered");
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("below 90 s is 422 with Min-SE; what a 422 demands is called with, and three times at most", () => {
    const low = network(never, (line, text) => (line === "alice INVITE" ? text.replace("Expires: 1800", "Expires: 89") : text));
    low.call();
    low.env.advance(20);
    expect([lineOf(low, "SIP/2.0 422", "Min-SE"), low.bob.events]).toEqual(["90", []]);
    expect(low.alice.events.at(-1)).toBe("ended peer refused");
    low.expectQuiet();
    const net = network(never, (line, text, nth) => {
      if (line === "alice INVITE" && nth === 1) return text.replace("Expires: 1800", "Expires: 89");
      return line === "bob 422 INVITE" ? text.replace("Min-SE: 90", "Min-SE: 3600") : text;
    });
    connect(net);
    expect([lineOf(net, "INVITE ", "Session-Expires"), lineOf(net, "INVITE ", "Min-SE"), lineOf(net, "INVITE ", "CSeq")]).toEqual([
      "3600",
      "3600",
      "2 INVITE",
    ]);
    expect(net.bob.events).toEqual(["incoming", "acknowledged"]);
    net.alice.session!.send({ kind: "hang-up" });
    net.expectQuiet();
    const greedy = network(never, (line, text, nth) => {
      if (line === "alice INVITE") return text.replace(/Expires: \d+/, "Expires: 89");
      return line === "bob 422 INVITE" ? text.replace("Min-SE: 90", `Min-SE: ${1_000 + nth}`) : text;
    });
    greedy.call();
    greedy.env.advance(1_000);
    expect([count(greedy, "alice INVITE"), greedy.alice.events.at(-1)]).toEqual([4, "ended peer refused"]);
    greedy.expectQuiet();
  });

  test("that a proxy asked for is refreshed by us when the caller knows no timers; without one there is none", () => {
    const net = short((line, text) =>
      line.startsWith("alice") ? text.replace(/^Supported: .*\r\n/m, "").replace("90;refresher=uac", "90") : text,
    );
    connect(net);
    expect([lineOf(net, "SIP/2.0 200", "Session-Expires"), lineOf(net, "SIP/2.0 200", "Require")]).toEqual(["90;refresher=uas", undefined]);
    net.env.advance(200_000);
    expect([count(net, "bob UPDATE"), net.bob.events.at(-1)]).toEqual([4, "acknowledged"]);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
    const plain = network(never, (line, text) =>
      line === "alice INVITE" ? text.replace(/^(Supported|Session-Expires|Min-SE): .*\r\n/gm, "") : text,
    );
    connect(plain);
    expect(lineOf(plain, "SIP/2.0 200", "Session-Expires")).toBeUndefined();
    expect(plain.env.timersLeft()).toBeLessThan(5);
    plain.env.advance(3_600_000);
    expect(plain.env.timersLeft()).toBe(0);
    plain.bob.session!.send({ kind: "hang-up" });
    plain.expectQuiet();
  });
});

describe("UPDATE", () => {
  test("without an offer refreshes target and timer and disturbs nobody", () => {
    const net = network();
    connect(net);
    net.within("UPDATE", 2, "Supported: timer\r\nSession-Expires: 120;refresher=uac");
    net.env.advance(20);
    expect([lineOf(net, "SIP/2.0 200", "CSeq"), lineOf(net, "SIP/2.0 200", "Session-Expires")]).toEqual(["2 UPDATE", "120;refresher=uac"]);
    expect(net.bob.events.at(-1)).toBe("acknowledged");
    net.bob.session!.send({ kind: "hang-up" });
    expect(net.raw.at(-1)).toStartWith("BYE sip:127.0.0.1 SIP/2.0");
    net.expectQuiet();
  });

  test("with an offer is the user's to answer or refuse, and gets no ACK", () => {
    const net = network();
    connect(net);
    net.within("UPDATE", 2, "Content-Type: application/sdp", "v=1");
    net.env.advance(20);
    expect([net.bob.events.at(-1), count(net, "bob 200 UPDATE")]).toEqual(["offered", 0]);
    net.bob.session!.send({ kind: "answer-offer", body });
    net.env.advance(40_000);
    expect([count(net, "bob 200 UPDATE"), net.bob.events.at(-1)]).toEqual([1, "offered"]);
    expect(net.raw.findLast((text) => text.startsWith("SIP/2.0 200"))).toEndWith("v=0");
    net.within("UPDATE", 3, "Content-Type: application/sdp", "v=2");
    net.bob.session!.send({ kind: "reject-offer", status: 488 });
    net.env.advance(20);
    expect([count(net, "bob 488 UPDATE"), count(net, "bob BYE")]).toEqual([1, 0]);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });

  test("that meets our offer is 491, and one that meets its own side's offer is 500 with Retry-After", () => {
    const net = network((line) => line === "bob INVITE");
    connect(net);
    net.bob.session!.send({ kind: "offer", body });
    net.within("UPDATE", 2, "Content-Type: application/sdp", "v=1");
    expect(count(net, "bob 491 UPDATE")).toBe(1);
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
    const other = network();
    connect(other);
    other.within("UPDATE", 2, "Content-Type: application/sdp", "v=1");
    other.within("UPDATE", 3, "Content-Type: application/sdp", "v=2");
    expect([count(other, "bob 500 UPDATE"), lineOf(other, "SIP/2.0 500", "Retry-After")]).toEqual([1, "2"]);
    other.bob.session!.send({ kind: "hang-up" });
    other.expectQuiet();
  });

  test("for less than 90 s is 422 and leaves the timer as it was", () => {
    const net = network();
    connect(net);
    net.within("UPDATE", 2, "Supported: timer\r\nSession-Expires: 60");
    expect(count(net, "bob 422 UPDATE")).toBe(1);
    net.env.advance(100_000);
    expect(net.bob.events.at(-1)).toBe("acknowledged");
    net.bob.session!.send({ kind: "hang-up" });
    net.expectQuiet();
  });
});
