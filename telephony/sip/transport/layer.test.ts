// Tests for framing, Via stamping, response routing and the transport layer, on fake sockets and a fake clock.
import { expect, test } from "bun:test";
import { sipFirstByteMs, sipHalfMessageMs } from "../../../core/lib/limits.ts";
import { fakeEnv } from "../../support/fake-env.ts";
import type { SipMessage, SipRequest } from "../message/message.ts";
import { parseDatagram } from "../message/parser.ts";
import { formatVia } from "../message/via.ts";
import type { Flow, Wire } from "./flow.ts";
import { type Frame, Framer } from "./framing.ts";
import { TransportLayer } from "./layer.ts";
import { responseFlow, stampVia } from "./routing.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const options = (extra = "Content-Length: 0\r\n", via = "SIP/2.0/UDP h:5070;branch=z9hG4bKx"): string =>
  `OPTIONS sip:a@b SIP/2.0\r\nVia: ${via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n${extra}\r\n`;
const udp: Flow = {
  transport: "udp",
  connectionId: "",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.9", port: 7777 },
};
const tcp: Flow = { ...udp, transport: "tcp", connectionId: "1" };
const kinds = (frames: readonly Frame[]): string[] => frames.map((frame) => frame.kind);

test("SIP-05: one byte per segment gives the same messages as one segment for all", () => {
  const text = `\r\n${options("Content-Length: 5\r\n")}hello${options()}\r\n\r\n${options()}`;
  const whole = kinds(new Framer().push(bytes(text)));
  const framer = new Framer();
  const single = [...bytes(text)].flatMap((byte) => kinds(framer.push(new Uint8Array([byte]))));
  expect(whole).toEqual(["message", "message", "ping", "message"]);
  expect(single).toEqual(whole);
  expect(framer.isHalf).toBe(false);
});

test("SIP-04: after a doubtful Content-Length nothing behind it is read as a request", () => {
  for (const length of ["4294967328", "9007199254740993", "18446744073709551648", "-1", "5, 13", "13\r\nContent-Length: 5", "0\r\nl: 0"]) {
    const framer = new Framer();
    const frames = framer.push(bytes(options(`Content-Length: ${length}\r\n`) + options()));
    expect(kinds(frames)).toEqual(["lost"]);
    expect(frames[0]).toMatchObject({ rejected: { method: "OPTIONS" } });
    expect(framer.push(bytes(options()))).toEqual([]);
  }
  expect(kinds(new Framer().push(bytes(options("") + options())))).toEqual(["lost"]);
});

test("SIP-04: octets left over by a short Content-Length end the connection at once", () => {
  expect(kinds(new Framer().push(bytes(`${options("Content-Length: 3\r\n")}v=0\r\na=x:1/90000\r\n`)))).toEqual(["message", "lost"]);
});

test("SIP-05: an endless head is cut at the limit", () => {
  const framer = new Framer();
  const line = bytes(`X: ${"a".repeat(1000)}\r\n`);
  let frames = framer.push(bytes(options("").slice(0, -2)));
  for (let i = 0; i < 100 && frames.length === 0; i++) frames = framer.push(line);
  expect(frames).toMatchObject([{ kind: "lost", rejected: { status: 513 } }]);
});

function parsedRequest(text: string): SipRequest {
  const parsed = parseDatagram(bytes(text));
  if (!parsed.ok || parsed.message.kind !== "request") throw new Error("not a request");
  return parsed.message;
}

test("received and rport say what we saw, and what the sender wrote there is dropped", () => {
  const stamped = stampVia(
    parsedRequest(options("", "SIP/2.0/UDP h:5070;received=192.0.2.66;rport;branch=z9hG4bKx, SIP/2.0/TCP other")),
    udp,
  );
  expect(stamped.headers[0]!.value).toBe("SIP/2.0/UDP h:5070;branch=z9hG4bKx;received=127.0.0.9;rport=7777, SIP/2.0/TCP other");
  const plain = stampVia(parsedRequest(options("", "SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKx")), udp);
  expect(formatVia(plain.via)).toBe("SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKx");
});

test("responses go to the source address: at rport, at the port of the Via, or at 5060", () => {
  const port = (via: string): number => responseFlow(stampVia(parsedRequest(options("", via)), udp).via, udp).remote.port;
  expect(port("SIP/2.0/UDP h:5070;rport;branch=z9hG4bKx")).toBe(7777);
  expect(port("SIP/2.0/UDP h:5070;branch=z9hG4bKx")).toBe(5070);
  expect(port("SIP/2.0/UDP h;maddr=224.0.0.1;branch=z9hG4bKx")).toBe(5060);
  expect(port("SIP/2.0/TCP h;branch=z9hG4bKx")).toBe(7777);
});

function host(mayAnswerBroken = true) {
  const env = fakeEnv();
  const sent: { flow: Flow; text: string }[] = [];
  const closed: string[] = [];
  const received: SipMessage[] = [];
  const wire: Wire = {
    send: (flow, data) => {
      sent.push({ flow, text: Buffer.from(data).toString("latin1") });
      return true;
    },
    close: (_flow, reason) => closed.push(reason),
  };
  const user = {
    receive: (message: SipMessage) => received.push(message),
    mayAnswerBroken: () => mayAnswerBroken,
    closed: () => undefined,
  };
  return { env, sent, closed, received, layer: new TransportLayer(env, wire, user) };
}

test("a broken request is answered 400 to known peers and with silence to strangers", () => {
  const broken = options().replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE");
  const known = host();
  known.layer.datagram(udp, bytes(broken));
  expect(known.sent.map(({ text }) => text.split("\r\n")[0])).toEqual(["SIP/2.0 400 CSeq Method Mismatch"]);
  const stranger = host(false);
  stranger.layer.datagram(udp, bytes(broken));
  expect(stranger.sent).toEqual([]);
  expect([...known.received, ...stranger.received]).toEqual([]);
});

test("SIP-05: a half message is given its time once, however slowly it trickles", () => {
  const { env, closed, layer } = host();
  layer.opened(tcp);
  const text = options();
  layer.chunk(tcp, bytes(text.slice(0, 10)));
  env.advance(sipHalfMessageMs - 1);
  layer.chunk(tcp, bytes(text.slice(10, 11)));
  expect(closed).toEqual([]);
  env.advance(1);
  expect(closed).toEqual(["half message"]);
  expect(env.timersLeft()).toBe(0);
});

test("SIP-05: a finished message stops the clock, a quiet connection stays open, a ping gets its pong", () => {
  const { env, closed, received, sent, layer } = host();
  layer.opened(tcp);
  layer.chunk(tcp, bytes(options().slice(0, 10)));
  layer.chunk(tcp, bytes(`${options().slice(10)}\r\n\r\n`));
  expect(received.length).toBe(1);
  expect(sent.map(({ text }) => text)).toEqual(["\r\n"]);
  expect(env.timersLeft()).toBe(0);
  env.advance(10 * sipHalfMessageMs);
  expect(closed).toEqual([]);
});

test("SIP-05: a connection that says nothing is closed; one that has said something may be silent", () => {
  const { env, closed, layer } = host();
  layer.opened(tcp);
  env.advance(sipFirstByteMs - 1);
  expect(closed).toEqual([]);
  env.advance(1);
  expect([closed, env.timersLeft()]).toEqual([["nothing said"], 0]);
  layer.opened({ ...tcp, connectionId: "2" });
  layer.chunk({ ...tcp, connectionId: "2" }, bytes(options()));
  env.advance(100 * sipFirstByteMs);
  expect([closed.length, env.timersLeft()]).toEqual([1, 0]);
});
