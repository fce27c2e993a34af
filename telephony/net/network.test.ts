// Tests for the sockets, on real loopback ones: flows, closing, and a peer that never reads.
import { afterEach, expect, test } from "bun:test";
import type { StationId, UserId } from "../../core/lib/id.ts";
import { sipSendBufferBytesMax } from "../../core/lib/limits.ts";
import type { Flow } from "../sip/transport/flow.ts";
import { fakeEnv } from "../support/fake-env.ts";
import { type Listen, SipNetwork } from "./network.ts";
import { SipSockets } from "./websocket.ts";

const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  for (const network of open.splice(0)) await network[Symbol.asyncDispose]();
});

/** What the receiver hears, one at a time; `next` waits. */
function host() {
  const network = new SipNetwork(fakeEnv());
  open.push(network);
  const heard: { kind: string; flow: Flow; text: string }[] = [];
  const waiting: (() => void)[] = [];
  const hear = (kind: string) => (flow: Flow, bytes?: Uint8Array) => {
    heard.push({ kind, flow, text: Buffer.from(bytes ?? []).toString("latin1") });
    waiting.shift()?.();
  };
  network.attach({ datagram: hear("datagram"), opened: hear("opened"), chunk: hear("chunk"), closed: hear("closed") });
  const next = async (): Promise<{ kind: string; flow: Flow; text: string }> => {
    if (heard.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return heard.shift()!;
  };
  const listen = (transport: Listen["transport"]) => network.listen({ transport, address: "127.0.0.1", port: 0 });
  return { network, next, listen, heard };
}

test("a datagram comes with its flow, and an answer goes back along it", async () => {
  const { network, next, listen } = host();
  const local = await listen("udp");
  const answers: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const peer = await Bun.udpSocket({
    hostname: "127.0.0.2",
    socket: {
      data: (_socket, bytes) => {
        answers.push(bytes.toString());
        resolve();
      },
    },
  });
  peer.send("hello", local.port, "127.0.0.1");
  const { kind, flow, text } = await next();
  expect([kind, text, flow.remote]).toEqual(["datagram", "hello", { address: "127.0.0.2", port: peer.port }]);
  expect(network.send(flow, Buffer.from("back"))).toBe(true);
  await promise;
  expect(answers).toEqual(["back"]);
  peer.close();
});

test("a datagram leaves, though one to somebody else was refused a moment before", async () => {
  const { network, listen } = host();
  const local = await listen("udp");
  let heard = 0;
  const data = (): void => {
    heard += 1;
  };
  const peer = await Bun.udpSocket({ hostname: "127.0.0.1", socket: { data } });
  const gone = await Bun.udpSocket({ hostname: "127.0.0.1", socket: { data } });
  const [there, closed] = [peer, gone].map(
    ({ port }): Flow => ({ transport: "udp", local, remote: { address: "127.0.0.1", port }, connectionId: "" }),
  ) as [Flow, Flow];
  gone.close();
  for (let n = 0; n < 50; n++) {
    network.send(closed, Buffer.from("nobody"));
    expect(network.send(there, Buffer.from("somebody"))).toBe(true);
    await Bun.sleep(1);
  }
  for (const until = Date.now() + 5_000; heard < 50 && Date.now() < until; ) await Bun.sleep(5);
  expect(heard).toBe(50);
  peer.close();
});

test("a connection opens, speaks both ways, and its end is told once", async () => {
  const { network, next, listen, heard } = host();
  const local = await listen("tcp");
  const back = Promise.withResolvers<string>();
  const peer = await Bun.connect({
    hostname: "127.0.0.1",
    port: local.port,
    socket: { data: (_socket, bytes) => back.resolve(bytes.toString()) },
  });
  const { flow } = await next();
  peer.write("hello");
  expect(await next()).toMatchObject({ kind: "chunk", text: "hello" });
  expect(network.send(flow, Buffer.from("back"))).toBe(true);
  expect(await back.promise).toBe("back");
  peer.end();
  expect((await next()).kind).toBe("closed");
  expect(network.send(flow, Buffer.from("late"))).toBe(false);
  expect(heard).toEqual([]);
});

test("SIP-09: a peer that never reads is cut off at the limit", async () => {
  const { network, next, listen } = host();
  const local = await listen("tcp");
  const peer = await Bun.connect({ hostname: "127.0.0.1", port: local.port, socket: { data: () => undefined } });
  const { flow } = await next();
  peer.pause();
  const piece = new Uint8Array(256 * 1024);
  let pieces = 0;
  // The kernel takes some megabytes on loopback; what is ours is bounded.
  while (network.send(flow, piece) && pieces < 1_000) pieces++;
  expect(pieces).toBeLessThan(1_000);
  expect(piece.length).toBeLessThan(sipSendBufferBytesMax);
  expect((await next()).kind).toBe("closed");
  peer.terminate();
});

test("what was sent before a close still arrives", async () => {
  const { network, next, listen } = host();
  const local = await listen("tcp");
  const ended = Promise.withResolvers<string>();
  let text = "";
  await Bun.connect({
    hostname: "127.0.0.1",
    port: local.port,
    socket: {
      data: (_socket, bytes) => {
        text += bytes.toString();
      },
      close: () => ended.resolve(text),
    },
  });
  const { flow } = await next();
  network.send(flow, Buffer.from("SIP/2.0 400 Bad"));
  network.close(flow, "framing lost");
  expect(await ended.promise).toBe("SIP/2.0 400 Bad");
});

test("a browser's socket is a flow with the identity of its session", async () => {
  const { network, next } = host();
  const sockets = new SipSockets(network);
  const sent: string[] = [];
  const identity = { userId: "u" as UserId, stationId: "s" as StationId };
  const handler = sockets.open(identity, { send: (text) => sent.push(text), close: () => undefined });
  handler.receive("hällo");
  const { flow, text } = await next();
  expect(Buffer.from(text, "latin1").toString("utf8")).toBe("hällo");
  expect(sockets.identityOf(flow)).toEqual(identity);
  network.send(flow, Buffer.from("zurück", "utf8"));
  expect(sent).toEqual(["zurück"]);
  handler.closed();
  expect((await next()).kind).toBe("closed");
  expect([sockets.identityOf(flow), network.send(flow, Buffer.from("x"))]).toEqual([null, false]);
});
