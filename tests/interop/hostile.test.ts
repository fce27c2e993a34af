// What breaks parsers and framing, sent to the whole stack over real UDP, TCP and TLS; after each the node must answer an honest question.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { realEnv } from "../../cmd/env.ts";
import type { Env, Log } from "../../core/env/env.ts";
import type { TrunkId } from "../../core/lib/id.ts";
import { Telephony } from "../../telephony/start.ts";
import { FakeMedia } from "../../telephony/support/fake-media.ts";
import { protos } from "../fuzz/protos.ts";
import { pemPair } from "../support/certificate.ts";
import { answerToHello, hello } from "../support/tls-hello.ts";

const trunk = "127.0.44.76";
/** What the node logged as wrong. */
const wrong: string[] = [];
const quiet = (): void => undefined;
const log: Log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (fact, fields) => wrong.push(`${fact} ${JSON.stringify(fields)}`),
  with: () => log,
};
const env: Env = { ...realEnv("error"), log };

let telephony: Telephony;
let udp: Bun.udp.Socket<"buffer">;
const inbox: string[] = [];
const waiting: (() => void)[] = [];
let offered = 0;

function arrived(text: string): void {
  inbox.push(text);
  for (const wake of waiting.splice(0)) wake();
}

/** The test's own time limit is the deadline. */
async function until(found: () => boolean): Promise<void> {
  while (!found()) await new Promise<void>((resolve) => waiting.push(resolve));
}

beforeAll(async () => {
  telephony = await Telephony.start({
    ...{ env, media: new FakeMedia(), addresses: ["127.0.0.1"], mediaAddress: "127.0.0.1" },
    directory: {
      trunkByAddress: (address) => (address === trunk || address === "127.0.0.1" ? { trunkId: "t" as TrunkId, name: "Odd" } : null),
      trunkManner: () => null,
      certificateDemand: () => null,
      mediaEncryption: () => "disabled",
      isCallForHelp: () => false,
      trunks: () => [],
      phone: () => null,
      station: () => null,
      isPhoneAddress: () => false,
    },
    listen: [
      { transport: "udp", address: "127.0.0.1", port: 0 },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
      { transport: "tls", address: "127.0.0.1", port: 0, tls: pemPair() },
    ],
    recordingTarget: () => Promise.reject(new Error("nothing is recorded here")),
  });
  telephony.control.onEvent((event) => {
    if (event.kind !== "call.offered") return;
    offered++;
    telephony.control.send({ kind: "reject", legId: event.legId, reason: "unavailable" });
  });
  udp = await Bun.udpSocket({ hostname: trunk, port: 0, socket: { data: (_socket, bytes) => answered(bytes.toString("latin1")) } });
});
afterAll(async () => {
  udp.close();
  await telephony[Symbol.asyncDispose]();
});

/** An honest peer acknowledges a refusal, so that it is not repeated. */
function answered(text: string): void {
  arrived(text);
  if (!/^SIP\/2\.0 [3-6]/.test(text)) return;
  const lines = text.split("\r\n").filter((line) => /^(Via|From|To|Call-ID):/i.test(line));
  const number = /^CSeq:[ \t]*([0-9]+)[ \t]+INVITE/im.exec(text)?.[1];
  if (number !== undefined)
    say(`ACK sip:100@127.0.0.1 SIP/2.0\r\n${lines.join("\r\n")}\r\nCSeq: ${number} ACK\r\nContent-Length: 0\r\n\r\n`);
}

const say = (text: string): boolean => udp.send(Buffer.from(text, "latin1"), telephony.ports[0]!, "127.0.0.1");
let fresh = 0;
const request = (method: string, more = "", transport = "UDP", body = ""): string => {
  const id = `h${++fresh}`;
  return `${method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/${transport} ${trunk}:${udp.port};branch=z9hG4bK${id};rport\r\nFrom: <sip:h@h>;tag=${id}\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: ${id}\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
};
const idOf = (text: string): string => /\r\nCall-ID: (\S+)/.exec(text)![1]!;
const statusOf = (text: string): number => Number(/^SIP\/2\.0 ([0-9]{3})/.exec(text)?.[1]);

/** The final status of a request over UDP, which is sent again as every client does (RFC 3261 §17.1.2.2): a full queue may lose one. */
async function ask(text: string): Promise<number> {
  say(text);
  const again = setInterval(() => say(text), 500);
  const final = (answer: string): boolean => answer.includes(`Call-ID: ${idOf(text)}\r\n`) && statusOf(answer) >= 200;
  await until(() => inbox.some(final)).finally(() => clearInterval(again));
  return statusOf(inbox.find(final)!);
}
const isHealthy = async (): Promise<boolean> => (await ask(request("OPTIONS"))) === 200;

type Stream = { received(): string; isClosed(): boolean; write(text: string): Promise<void>; reset(): void };
async function connect(transport: "TCP" | "TLS" = "TCP"): Promise<Stream> {
  let received = "";
  let isClosed = false;
  const heard = (bytes: Buffer): void => {
    received += bytes.toString("latin1");
    arrived("");
  };
  const ended = (): void => {
    isClosed = true;
    arrived("");
  };
  if (transport === "TLS") {
    const socket = connectTls({ host: "127.0.0.1", port: telephony.ports[2]!, rejectUnauthorized: false });
    socket.on("data", heard).on("close", ended).on("error", ended);
    await new Promise((resolve) => socket.on("secureConnect", resolve));
    const write = (text: string): Promise<void> =>
      new Promise((resolve) => void socket.write(Buffer.from(text, "latin1"), () => resolve()));
    return { received: () => received, isClosed: () => isClosed, write, reset: () => socket.destroy() };
  }
  let drained = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: telephony.ports[1]!,
    socket: {
      data: (_socket, bytes) => heard(bytes),
      drain: () => {
        drained.resolve();
        drained = Promise.withResolvers();
      },
      close: () => {
        ended();
        drained.resolve();
      },
      error: ended,
    },
  });
  const write = async (text: string): Promise<void> => {
    for (let rest = Buffer.from(text, "latin1"); rest.length > 0 && !isClosed; ) {
      const { promise } = drained;
      const written = socket.write(rest);
      if (written < 0) return;
      rest = rest.subarray(written);
      if (rest.length > 0) await promise;
    }
  };
  return { received: () => received, isClosed: () => isClosed, write, reset: () => socket.terminate() };
}

test("SIP-03: of 11,665 INVITEs in the manner of PROTOS none crashes anything, and no header of theirs leaves", async () => {
  inbox.length = 0;
  let sent = 0;
  let bytes = 0;
  for (const { text } of protos()) {
    say(text);
    sent++;
    bytes += 2_000 + text.length;
    // Health, and a pace that the kernel's queue can take.
    if (bytes < 100_000) continue;
    bytes = 0;
    expect(await isHealthy()).toBe(true);
    expect(inbox.filter((answer) => /[\r\n]X-Injected/.test(answer))).toEqual([]);
    inbox.length = 0;
  }
  expect(await isHealthy()).toBe(true);
  expect([sent, wrong, telephony.held.conversations]).toEqual([11_665, [], 0]);
  expect(offered).toBeGreaterThan(2_000);
});

for (const transport of ["TCP", "TLS"] as const) {
  test(`SIP-04: over ${transport} a Content-Length that lies is 400 and the end: what follows is never a request`, async () => {
    for (const length of [
      "4294967328",
      "9007199254740993",
      "18446744073709551648",
      "-1",
      "5, 13",
      "5\r\nContent-Length: 13",
      "5\r\nl: 13",
      "0x10",
      "+5",
    ]) {
      const stream = await connect(transport);
      const smuggled = request("OPTIONS", "", transport);
      await stream.write(
        `${request("OPTIONS", "", transport).replace("Content-Length: 0", `Content-Length: ${length}`)}${smuggled}${smuggled}`,
      );
      await until(() => stream.isClosed());
      expect(stream.received().match(/^SIP\/2\.0 [0-9]+/gm)).toEqual([length === "4294967328" ? "SIP/2.0 513" : "SIP/2.0 400"]);
      expect(stream.received()).not.toContain(idOf(smuggled));
    }
    expect(await isHealthy()).toBe(true);
  });

  test(`SIP-05: over ${transport} segments of one byte, two requests in one, blank lines and pings are framed; ten megabytes of head are not taken`, async () => {
    const stream = await connect(transport);
    const [first, second, third] = [1, 2, 3].map(() => request("OPTIONS", "", transport)) as [string, string, string];
    for (const char of first) await stream.write(char);
    await stream.write(`\r\n\r\n${second}${third}\r\n`);
    await until(() => [first, second, third].every((text) => stream.received().includes(idOf(text))));
    expect(stream.received().match(/^SIP\/2\.0 200/gm)).toHaveLength(3);
    expect(stream.received()).toContain("\r\n\r\n\r\n");
    stream.reset();
    const endless = await connect(transport);
    await endless.write(request("OPTIONS", "", transport).replace(/Content-Length[\s\S]*/, ""));
    for (let line = 0; line < 10_240 && !endless.isClosed(); line++) await endless.write(`X: ${"a".repeat(1_019)}\r\n`);
    await until(() => endless.isClosed());
    expect(await isHealthy()).toBe(true);
  });
}

test("SIP-07: bodies of many parts, without a boundary, without an end, or in each other a thousand times, are 415", async () => {
  const nested = (depth: number): string =>
    Array.from({ length: depth }, (_, n) => `--b${n}\r\nContent-Type: multipart/mixed;boundary=b${n + 1}\r\n\r\n`).join("");
  const bodies: readonly (readonly [type: string, body: string])[] = [
    ["multipart/mixed", "--\r\n"],
    ['multipart/mixed;boundary=""', "--\r\n--\r\n"],
    ["multipart/mixed;boundary=b", "--b"],
    ["multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"],
    [`multipart/mixed;boundary=${"b".repeat(71)}`, `--${"b".repeat(71)}--`],
    ["multipart/mixed;boundary=b0", nested(1_000)],
    ["multipart/mixed;boundary=b", "--b\r\n".repeat(8_000)],
  ];
  for (const [type, body] of bodies)
    expect([await ask(request("INVITE", `Content-Type: ${type}\r\n`, "UDP", body)), type]).toEqual([415, type]);
  expect(await isHealthy()).toBe(true);
});

test("SIP-08: subscriptions and notifications out of a dialog, with a hundred Accepts or an endless account, change nothing", async () => {
  const before = telephony.held;
  const many = Array.from({ length: 100 }, (_, n) => `Accept: application/x-${n}\r\n`).join("");
  const summary = (size: number): string => `Messages-Waiting: yes\r\nMessage-Account: sip:${"a".repeat(size)}@h\r\n`;
  const type = "Event: message-summary\r\nSubscription-State: active\r\nContent-Type: application/simple-message-summary\r\n";
  for (const text of [
    request("SUBSCRIBE", `Event: message-summary\r\nExpires: 60\r\n${many}`),
    request("SUBSCRIBE", "Event: message-summary\r\nExpires: 0\r\n"),
    request("SUBSCRIBE", "Event: message-summary\r\nExpires: 0\r\n"),
  ])
    expect(await ask(text)).toBe(403);
  for (const text of [request("NOTIFY", type, "UDP", summary(600)), request("NOTIFY", type, "UDP", summary(60_000))])
    expect(await ask(text)).toBe(405);
  expect([telephony.held.sessions, telephony.held.subscriptions]).toEqual([before.sessions, 0]);
  expect([await isHealthy(), wrong]).toEqual([true, []]);
});

test("SIP-09: a peer that asks over TCP and never reads is cut off; its end in the middle of an answer harms nobody", async () => {
  const deaf = await connect();
  const asked = Array.from({ length: 2_000 }, () => request("INVITE", `X: ${"a".repeat(1_000)}\r\n`, "TCP")).join("");
  const writing = deaf.write(asked);
  expect(await isHealthy()).toBe(true);
  deaf.reset();
  await writing;
  for (let n = 0; n < 50; n++) {
    const rude = await connect();
    void rude.write(request("INVITE", "", "TCP").repeat(20));
    rude.reset();
  }
  expect([await isHealthy(), wrong]).toEqual([true, []]);
});

test("TLS-01: TLS 1.1 and older are refused, 1.2 and 1.3 are served, and a half handshake keeps nobody out", async () => {
  const answerTo = (version: number): Promise<string> => answerToHello(telephony.ports[2]!, version);
  const refused = /^(refused|closed)/;
  for (const version of [0x0300, 0x0301, 0x0302]) expect(await answerTo(version)).toMatch(refused);
  expect(await answerTo(0x0303)).toBe("served 303");
  const half = Array.from({ length: 400 }, () => connectTcp(telephony.ports[2]!, "127.0.0.1").on("error", () => undefined));
  for (const socket of half) socket.write(hello(0x0303).subarray(0, 40));
  for (const [version, name] of [
    ["TLSv1.2", ""],
    ["TLSv1.3", "sip.example.org"],
  ] as const) {
    const options = { host: "127.0.0.1", port: telephony.ports[2]!, rejectUnauthorized: false, servername: name };
    const socket = connectTls({ ...options, minVersion: version, maxVersion: version });
    await new Promise((resolve, reject) => socket.on("secureConnect", resolve).on("error", reject));
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  }
  for (const socket of half) socket.destroy();
});
