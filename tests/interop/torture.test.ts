// The torture messages of RFC 4475 and RFC 5118 against the whole stack over real UDP, TCP and TLS and over a browser's socket, each followed by a health check over the same transport. The node takes every number: nothing may hide behind 404.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { realEnv } from "../../cmd/env.ts";
import type { StationId, TrunkId, UserId } from "../../core/lib/id.ts";
import { Telephony } from "../../telephony/start.ts";
import { FakeMedia } from "../../telephony/support/fake-media.ts";
import { pemPair } from "../support/certificate.ts";

const corpora = new URL("../corpora/", import.meta.url).pathname;
/** The trunk's address. Replies to a Via without rport go to the port it names, so the runner listens at all that are named. */
const runner = "127.0.44.75";
const ports = [5060, 5050, 5070, 6050, 19_823];
/** For a machine under load: whoever is not answered at all fails late. */
const patienceMs = 20_000;

type Manifest = { messages: { file: string; accept?: { udp: string[]; stream: string[] } }[] };
type Message = { id: string; name: string; bytes: Buffer; accept: { udp: string[]; stream: string[] } };

const messages: Message[] = ["rfc4475", "rfc5118"].flatMap((folder) => {
  const manifest: Manifest = JSON.parse(readFileSync(`${corpora}${folder}/manifest.json`, "utf8"));
  return manifest.messages.flatMap(({ file, accept }) =>
    accept === undefined
      ? []
      : [
          {
            id: folder === "rfc4475" ? "SIP-01" : "SIP-02",
            name: `${folder}/${file}`,
            bytes: readFileSync(`${corpora}${folder}/${file}`),
            accept,
          },
        ],
  );
});

let telephony: Telephony;
let udpPort: number;
let tcpPort: number;
let tlsPort: number;
let sockets: Bun.udp.Socket<"buffer">[] = [];
const inbox: string[] = [];
const waiting: (() => void)[] = [];
const offered: string[] = [];

function arrived(text: string): void {
  inbox.push(text);
  for (const wake of waiting.splice(0)) wake();
}

beforeAll(async () => {
  const started = await Telephony.start({
    env: realEnv("error"),
    media: new FakeMedia(),
    addresses: ["127.0.0.1"],
    mediaAddress: "127.0.0.1",
    directory: {
      trunkByAddress: (address) => (address === runner || address === "127.0.0.1" ? { trunkId: "t" as TrunkId, name: "Torture" } : null),
      trunkManner: () => null,
      certificateDemand: () => null,
      mediaEncryption: () => "disabled",
      isCallForHelp: () => false,
      trunks: () => [],
      phone: (username) =>
        username === "null-" ? { stationId: "s" as StationId, userId: "u" as UserId, ha1: { md5: "", sha256: "" } } : null,
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
  telephony = started;
  [udpPort, tcpPort, tlsPort] = started.ports as [number, number, number];
  telephony.control.onEvent((event) => {
    if (event.kind !== "call.offered") return;
    offered.push(event.called);
    telephony.control.send({ kind: "reject", legId: event.legId, reason: "unavailable" });
  });
  sockets = await Promise.all(
    ports.map((port) => Bun.udpSocket({ hostname: runner, port, socket: { data: (_socket, bytes) => arrived(bytes.toString("latin1")) } })),
  );
});

afterAll(async () => {
  for (const socket of sockets) socket.close();
  await telephony[Symbol.asyncDispose]();
});

let fresh = 0;
/** The last letters and digits of a text made unique, its length and its oddities kept. */
function renewed(text: string): string {
  const unique = (++fresh).toString(36).padStart(4, "0");
  let left = unique.length;
  const characters = [...text];
  for (let i = characters.length - 1; i >= 0 && left > 0; i--) if (/[A-Za-z0-9]/.test(characters[i]!)) characters[i] = unique[--left]!;
  return characters.join("");
}

/** Several messages share Call-ID and branch; a stateful server would rightly repeat its earlier answer. */
function freshCopy(message: Message): { bytes: Buffer; callId: string | null; branch: string | null } {
  let text = message.bytes.toString("latin1");
  let callId: string | null = null;
  let branch: string | null = null;
  text = text.replace(/^((?:Call-ID|i)[ \t]*:[ \t]*)(\S+)/im, (_, name: string, value: string) => {
    callId = renewed(value);
    return name + callId;
  });
  text = text.replace(/(branch[ \t]*=\s*z9hG4bK)([^;,\s]+)/i, (_, name: string, value: string) => {
    branch = renewed(value);
    return name + branch;
  });
  return { bytes: Buffer.from(text, "latin1"), callId, branch };
}

function isReplyTo(reply: string, copy: { callId: string | null; branch: string | null }): boolean {
  if (copy.callId !== null) return reply.includes(`: ${copy.callId}\r\n`);
  return copy.branch !== null && reply.includes(copy.branch);
}

const statusOf = (reply: string): number => Number(/^SIP\/2\.0 ([0-9]{3})/.exec(reply)?.[1]);

/** The outcome as the manifest writes it: the first final status, else a provisional one, else `none`. */
function outcome(replies: readonly string[], copy: { callId: string | null; branch: string | null }): string {
  const statuses = replies.filter((reply) => isReplyTo(reply, copy)).map(statusOf);
  const status = statuses.find((code) => code >= 200) ?? statuses[0];
  return status === undefined ? "none" : String(status);
}

function isAccepted(result: string, accept: readonly string[]): boolean {
  return accept.some((entry) => {
    if (entry === result) return true;
    const code = Number(result);
    if (/^[1-6]xx$/.test(entry)) return Math.floor(code / 100) === Number(entry[0]);
    const range = /^([1-6])xx-([1-6])xx$|^([0-9]{3})-([0-9]{3})$/.exec(entry);
    if (range === null) return false;
    const [from, to] = range[1] ? [Number(range[1]) * 100, Number(range[2]) * 100 + 99] : [Number(range[3]), Number(range[4])];
    return code >= from && code <= to;
  });
}

const healthText = (transport: string, callId: string): string =>
  `OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/${transport} ${runner}:5060;branch=z9hG4bK${callId};rport\r\nFrom: <sip:h@h>;tag=${callId}\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`;

/** The test's own time limit is the deadline. */
async function until(found: () => boolean): Promise<void> {
  while (!found()) await new Promise<void>((resolve) => waiting.push(resolve));
}

/** The server is single-threaded and answers in order: when this is answered, everything before it has been, or never will be. */
async function expectHealthyOverUdp(): Promise<void> {
  const callId = `health${++fresh}`;
  sockets[0]!.send(healthText("UDP", callId), udpPort, "127.0.0.1");
  await until(() => inbox.some((reply) => reply.includes(callId) && statusOf(reply) === 200));
}

type Connection = { readonly socket: Bun.Socket; readonly received: () => string; readonly isClosed: () => boolean };

async function connectOver(transport: "TCP" | "TLS"): Promise<Connection> {
  let received = "";
  let isClosed = false;
  const { promise: handshake, resolve: shaken } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: transport === "TCP" ? tcpPort : tlsPort,
    ...(transport === "TLS" ? { tls: { rejectUnauthorized: false } } : {}),
    socket: {
      handshake: () => shaken(),
      data: (_socket, bytes) => {
        received += bytes.toString("latin1");
        arrived("");
      },
      close: () => {
        isClosed = true;
        arrived("");
      },
    },
  });
  if (transport === "TLS") await handshake;
  return { socket, received: () => received, isClosed: () => isClosed };
}

/** On a connection of its own: the one before may rightly be closed. */
async function expectHealthyOver(transport: "TCP" | "TLS"): Promise<void> {
  const callId = `health${++fresh}`;
  const { socket, received } = await connectOver(transport);
  socket.write(healthText(transport, callId));
  await until(() => received().includes(callId) && statusOf(received()) === 200);
  socket.terminate();
}

describe("over UDP", () => {
  for (const message of messages) {
    test(
      `${message.id}: ${message.name} is answered as it should be`,
      async () => {
        inbox.length = 0;
        const copy = freshCopy(message);
        sockets[0]!.send(copy.bytes, udpPort, "127.0.0.1");
        await expectHealthyOverUdp();
        const result = outcome(inbox, copy);
        const accepted = message.accept.udp;
        expect({ result, isAccepted: isAccepted(result, accepted), accepted }).toMatchObject({ isAccepted: true });
      },
      patienceMs,
    );
  }
});

for (const transport of ["TCP", "TLS"] as const)
  describe(`over ${transport}`, () => {
    for (const message of messages) {
      test(
        `${message.id}: ${message.name} is answered as it should be`,
        async () => {
          inbox.length = 0;
          const copy = freshCopy(message);
          const { socket, received, isClosed } = await connectOver(transport);
          const replies = (): string[] => received().split(/(?=SIP\/2\.0 [0-9]{3} )/);
          socket.write(copy.bytes);
          const staysHalf = message.accept.stream.includes("none") && message.accept.stream.includes("close");
          if (!staysHalf) {
            // Behind it on the same connection: answered when framing is kept, never when it is lost.
            const callId = `behind${++fresh}`;
            socket.write(healthText(transport, callId));
            await until(() => isClosed() || received().includes(callId));
          }
          await expectHealthyOver(transport);
          const final = outcome(replies(), copy);
          const result = final === "none" && isClosed() ? "close" : final;
          const accepted = message.accept.stream;
          expect({ result, isAccepted: isAccepted(result, accepted), accepted }).toMatchObject({ isAccepted: true });
          // Where framing is lost, the 400 is not enough: nothing behind it may be read.
          const isOnly400OrClose =
            message.accept.stream.every((entry) => entry === "400" || entry === "close") && message.accept.stream.length === 2;
          if (isOnly400OrClose) expect(isClosed()).toBe(true);
          socket.terminate();
        },
        patienceMs,
      );
    }
  });

describe("over a browser's socket", () => {
  const identity = { stationId: "s" as StationId, userId: "u" as UserId };
  for (const message of messages) {
    test(`${message.id}: ${message.name} is answered as it should be, or as a browser's that may not`, async () => {
      const heard: string[] = [];
      let isClosed = false;
      const handler = telephony.sockets.open(identity, {
        send: (text) => void heard.push(Buffer.from(text, "utf8").toString("latin1")),
        close: () => {
          isClosed = true;
        },
      });
      const copy = freshCopy(message);
      // As the web server hands it in: text, whatever the bytes were.
      handler.receive(new TextDecoder().decode(copy.bytes));
      const callId = `health${++fresh}`;
      handler.receive(healthText("WS", callId));
      expect([statusOf(heard.find((reply) => reply.includes(callId)) ?? ""), isClosed]).toEqual([200, false]);
      const result = outcome(heard, copy);
      const accepted = [
        ...message.accept.udp,
        ...(Number(result) >= 400 && message.accept.udp.some((entry) => entry !== "none") ? ["4xx"] : []),
      ];
      expect({ result, isAccepted: isAccepted(result, accepted), accepted }).toMatchObject({ isAccepted: true });
      handler.closed();
    });
  }
});

test("what the manifests forget to forbid did not happen either: no call for a name cut at NUL, nothing left behind", () => {
  expect(messages.length).toBe(64);
  expect(offered).not.toContain("null-");
  expect(telephony.held.conversations).toBe(0);
});
