// Links between groups, over worker threads and real sockets: who is moved is heard where they are now, in the codec of either, and leaves nothing behind.
import { afterEach, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import { encoderOf } from "./codec/codec.ts";
import { LinkedPlane } from "./links.ts";
import type { MediaEvent } from "./plane.ts";
import { payloadStart, payloadType, writeHeader } from "./rtp/packet.ts";
import { codesOf, samplesOf, sharesByTenth, until } from "./support/listening.ts";
import { endlessTone } from "./tone.ts";
import { openUdp } from "./udp.ts";
import { WorkerPlane } from "./worker-plane.ts";

const env = realEnv("error");
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

/** In most of it: a machine that stood still for some tenths of a second has lost those. */
function usualShare(samples: Int16Array, hz: number): number {
  return sharesByTenth(samples, hz).toSorted((a, b) => a - b)[2]!;
}

async function start(): Promise<{ plane: LinkedPlane; events: MediaEvent[] }> {
  const entry = new URL("../../tests/support/mortal-worker.ts", import.meta.url).href;
  const starts = [0, 1].map((worker) => ({
    ...{ worker, rtpPorts: [44_000 + worker * 100, 44_099 + worker * 100] as const, muxAddress: "127.0.0.1" },
    ...{ muxPort: 44_900 + worker, muxTcpPort: null, logLevel: "error", prompts: {} },
  }));
  const plane = new LinkedPlane(await WorkerPlane.start({ env, entry, starts }));
  open.push(plane);
  const events: MediaEvent[] = [];
  plane.onEvent((event) => events.push(event));
  return { plane, events };
}

/** The other end of a stream: what it hears, and a tone for it to say once a tick. */
async function peer({ plane, events }: Awaited<ReturnType<typeof start>>, streamId: string, groupId: string, codec: "PCMU" | "PCMA") {
  const heard: Uint8Array[] = [];
  const type = codec === "PCMU" ? 0 : 8;
  const socket = await openUdp("127.0.0.1", 0, (packet) => {
    if (payloadType(packet) === type) heard.push(packet.slice(payloadStart(packet)));
  });
  open.push(socket);
  plane.send({ kind: "open", streamId, groupId, transport: "rtp", localAddress: "127.0.0.1" });
  const opened = await until(() => events.find((event) => event.kind === "opened" && event.streamId === streamId));
  const to = (opened as Extract<MediaEvent, { kind: "opened" }>).local.rtpPort;
  const remote = { address: "127.0.0.1", port: socket.port, rtcpPort: socket.port + 1, codec, payloadType: type } as const;
  const more = { dtmfPayloadType: 101, dtmfUnitsPerMs: 8, ptimeMs: 20, srtp: null } as const;
  plane.send({ kind: "connect-rtp", streamId, remote: { ...remote, ...more }, direction: "sendrecv" });
  let sent = 0;
  const say = (hz: number): void => {
    const codes = codesOf(endlessTone([hz]).subarray(0, 160), encoderOf(codec));
    const packet = new Uint8Array(12 + codes.length);
    writeHeader(packet, sent === 0, type, sent & 0xffff, sent * 160, 77);
    sent += 1;
    packet.set(codes, 12);
    socket.send(packet, to, "127.0.0.1");
  };
  return { heard, say, pitch: (hz: number) => usualShare(samplesOf(heard.slice(-25), codec), hz), worker: Math.floor((to - 44_000) / 100) };
}

test("a stream that is moved is heard in its new group and hears, alone, in a mix, and back where it came from", async () => {
  const started = await start();
  const { plane, events } = started;
  const alice = await peer(started, "alice", "x", "PCMU");
  const bob = await peer(started, "bob", "y", "PCMA");
  expect(alice.worker).not.toBe(bob.worker);
  // By the clock and not by an interval, which drifts: a mix is deaf to who is late.
  let isTalking = true;
  open.push({ close: () => (isTalking = false) });
  const startMs = env.clock.monotonic();
  const talk = (frame: number): void => {
    if (!isTalking) return;
    alice.say(700);
    bob.say(1_300);
    setTimeout(() => talk(frame + 1), Math.max(0, startMs + frame * 20 - env.clock.monotonic()));
  };
  talk(1);
  const bothHear = async (): Promise<void> => {
    const [a, b] = [alice.heard.length, bob.heard.length];
    await until(() => alice.heard.length > a + 40 && bob.heard.length > b + 40);
    expect([alice.pitch(1_300), bob.pitch(700)].map((part) => part > 0.9)).toEqual([true, true]);
  };
  const streams = (): number => plane.load().reduce((sum, { streams: n }) => sum + n, 0);
  plane.send({ kind: "move", streamId: "bob", groupId: "x" });
  plane.send({ kind: "bridge", a: "alice", b: "bob" });
  await bothHear();
  for (const streamId of ["bob", "alice"]) plane.send({ kind: "mix", streamId, mixId: "m", heardBy: ["alice", "bob"] });
  await bothHear();
  plane.send({ kind: "unbridge", streamId: "bob" });
  const silent = alice.heard.length;
  plane.send({ kind: "move", streamId: "bob", groupId: "y" });
  plane.send({ kind: "move", streamId: "alice", groupId: "y" });
  plane.send({ kind: "bridge", a: "bob", b: "alice" });
  await bothHear();
  expect(alice.heard.length).toBeGreaterThan(silent);
  for (const streamId of ["alice", "bob"]) plane.send({ kind: "close", streamId });
  await until(() => streams() === 0);
  const told = new Set(events.flatMap((event) => ("streamId" in event && event.kind !== "stats" ? [event.streamId] : [])));
  expect([...told].toSorted()).toEqual(["alice", "bob"]);
});

test("a link that cannot be is the end of the stream that was moved", async () => {
  const { plane, events } = await start();
  plane.send({ kind: "open", streamId: "bob", groupId: "y", transport: "rtp", localAddress: "127.0.0.1" });
  await until(() => events.find(({ kind }) => kind === "opened"));
  plane.send({ kind: "move", streamId: "bob", groupId: "x" });
  // The far end's worker has no port left for it: all are taken in one moment.
  for (let n = 0; n < 120; n++) plane.send({ kind: "open", streamId: `${n}`, groupId: "x", transport: "rtp", localAddress: "127.0.0.1" });
  plane.send({ kind: "move", streamId: "bob", groupId: "y" });
  plane.send({ kind: "move", streamId: "bob", groupId: "x" });
  await until(() => events.find((event) => event.kind === "failed" && event.streamId === "bob"));
});
