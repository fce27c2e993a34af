// What attacks a browser's way in: sockets of other people's pages, frames that RFC 6455 forbids, and TLS that is too old.
import { connect, type Socket } from "node:net";
import { Landline, password, testCentre } from "../support/landline.ts";
import { eventually, expect, program, step } from "../support/steps.ts";
import { answerToHello } from "../support/tls-hello.ts";

const landline = new Landline([
  ...["--sip", "127.0.0.1:15072", "--media-ports", "19072", "--metrics", "127.0.0.1:9472", "--https", "127.0.0.1:18443"],
]);
const origin = landline.http;
const rssBytes = async (): Promise<number> =>
  Number(/^process_resident_memory_bytes (\d+)/m.exec(await (await fetch("http://127.0.0.1:9472/metrics")).text())![1]);

type Wire = { readonly socket: Socket; text(): string; bytes(): Buffer; isClosed(): boolean };

/** A handshake by hand; what comes after it is bytes. */
function handshake(headers: Readonly<Record<string, string>>, path = "/sip"): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let closed = false;
    const wire = { text: () => Buffer.concat(chunks).toString("latin1"), bytes: () => Buffer.concat(chunks), isClosed: () => closed };
    const all = { Host: "localhost:8080", Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13", ...headers };
    const lines = Object.entries({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", ...all }).map(([name, value]) => `${name}: ${value}`);
    const socket = connect(8080, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (wire.text().includes("\r\n\r\n")) resolve({ socket, ...wire });
    });
    socket.on("close", () => {
      closed = true;
    });
    socket.on("error", reject);
  });
}

const statusOf = async (headers: Readonly<Record<string, string>>, path?: string): Promise<number> => {
  const { socket, text } = await handshake(headers, path);
  socket.on("error", () => undefined);
  socket.destroy();
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(text())?.[1]);
};

/** One frame (RFC 6455 §5.2), masked with zeros unless told otherwise. */
function frame(first: number, payload: Uint8Array | string = "", { masked = true, length = -1 } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const head =
    length >= 0
      ? Buffer.concat([Buffer.of(first, mask | 127), big(length)])
      : bytes.length < 126
        ? Buffer.of(first, mask | bytes.length)
        : bytes.length < 65_536
          ? Buffer.of(first, mask | 126, bytes.length >> 8, bytes.length & 255)
          : Buffer.concat([Buffer.of(first, mask | 127), big(bytes.length)]);
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), bytes]);
}

function big(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

async function signIn(email: string): Promise<string> {
  const body = new URLSearchParams({ email, password });
  const answer = await fetch(`${origin}/sign-in`, { method: "POST", redirect: "manual", headers: { origin }, body });
  expect(answer.status === 303, `${email} signs in: ${answer.status}`);
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}

await program(
  async () => {
    await landline.start();
    landline.apply(testCentre(["127.0.0.1"]));
    const cookie = await signIn("priya@example.org");
    const sip = { "Sec-WebSocket-Protocol": "sip" };
    const honest = { ...sip, Origin: origin, Cookie: cookie };

    await step("WS-01: a socket is for our own pages and for whoever is signed in, and speaks SIP", async () => {
      expect((await statusOf(honest)) === 101, "an honest page gets its socket");
      for (const wrong of ["https://evil.example", "null", "http://localhost:8081", "http://localhost:8080.evil.example", "file://"])
        expect((await statusOf({ ...honest, Origin: wrong })) === 403, `a page of ${wrong} does not`);
      const { Origin: _, ...withoutOrigin } = honest;
      expect((await statusOf(withoutOrigin)) === 403, "nor one that does not say where it is from");
      const { Cookie: __, ...withoutCookie } = honest;
      expect((await statusOf(withoutCookie)) === 403, "nor one without a session");
      expect(
        (await statusOf({ ...honest, Cookie: `${cookie.split("=")[0]}=${"A".repeat(43)}` })) === 403,
        "nor one with a made-up session",
      );
      expect((await statusOf({ ...honest, "Sec-WebSocket-Protocol": "chat" })) === 400, "nor one that speaks something else");
      expect((await statusOf(honest, "/call/made-up/sip")) === 403, "nor a guest with a made-up link");
    });

    await step("WS-02: frames that RFC 6455 forbids end their socket, and nothing else", async () => {
      const text = 0x81;
      const forbidden: readonly (readonly [what: string, bytes: Buffer])[] = [
        ["a length of 63 bits", frame(text, "", { length: 2 ** 53 })],
        ["more than a message of SIP can have", frame(text, Buffer.alloc(100_000, "a"))],
        ["a control frame in pieces", frame(0x09, "ping")],
        ["a control frame of 126 bytes", frame(0x89, Buffer.alloc(126))],
        ["an opcode that is none", frame(0x83, "x")],
        ["a compressed frame that nobody agreed on", frame(0xc1, Buffer.from("4ac9484f0500", "hex"))],
        ["text that is no UTF-8", frame(text, Buffer.of(0xc3, 0x28))],
        ["a continuation of nothing", frame(0x80, "x")],
        ["a goodbye of one byte", frame(0x88, Buffer.of(3))],
      ];
      for (const [what, bytes] of forbidden) {
        const { socket, isClosed } = await handshake({ ...honest, "Sec-WebSocket-Extensions": "permessage-deflate" });
        socket.on("error", () => undefined);
        socket.write(bytes);
        await eventually(`${what} ends the socket`, isClosed, 5_000);
      }
      const offered = await handshake({ ...honest, "Sec-WebSocket-Extensions": "permessage-deflate" });
      expect(!/sec-websocket-extensions/i.test(offered.text()), "no compression is agreed on: there is nothing to blow up");
      offered.socket.destroy();
      expect((await fetch(`${origin}/readyz`)).ok, "the node is there");
    });

    await step("WS-02: a masked request is answered, an unmasked one is not, and nothing behind it either", async () => {
      const options = (id: string): string =>
        `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bK${id}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
      const { socket, text, isClosed } = await handshake(honest);
      socket.on("error", () => undefined);
      socket.write(frame(0x81, options("masked")));
      await eventually("the masked one is answered", () => text().includes("Call-ID: masked"), 5_000);
      expect(!isClosed(), "and the socket stays");
      socket.write(Buffer.concat([frame(0x81, options("unmasked"), { masked: false }), frame(0x81, options("behind"))]));
      await eventually("an unmasked frame ends the socket", isClosed, 5_000);
      expect(!/Call-ID: (unmasked|behind)/.test(text()), "neither is answered");
    });

    await step("WS-02: a hundred thousand empty continuations on ten sockets cost no memory", async () => {
      const before = await rssBytes();
      const wires = await Promise.all(Array.from({ length: 10 }, () => handshake(honest)));
      const empties = Buffer.concat(new Array<Buffer>(10_000).fill(frame(0x00)));
      for (const { socket } of wires) {
        socket.on("error", () => undefined);
        socket.write(frame(0x01, "x"));
        for (let n = 0; n < 10; n++) socket.write(empties);
      }
      await Promise.all(wires.map(({ socket }) => new Promise((resolve) => socket.end(() => resolve(null)))));
      const grown = (await rssBytes()) - before;
      expect(grown < 64 * 1024 * 1024, `resident memory grew by ${(grown / 1_048_576).toFixed(1)} MiB`);
      expect((await fetch(`${origin}/readyz`)).ok, "the node is there");
    });

    await step("TLS-01: the pages' TLS is 1.2 or newer", async () => {
      for (const version of [0x0300, 0x0301, 0x0302]) {
        const answer = await answerToHello(18_443, version);
        expect(/^(refused|closed)/.test(answer), `version ${version.toString(16)}: ${answer}`);
      }
      expect((await answerToHello(18_443, 0x0303)) === "served 303", "TLS 1.2 is served");
    });
  },
  async () => {
    await landline.stop();
    landline.discard();
  },
);
