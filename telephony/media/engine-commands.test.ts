// Commands that cross each other, in virtual time: prompts still loading, ports still opening, recordings whose legs come and go.
import { describe, expect, spyOn, test } from "bun:test";
import { pcapRecordAt } from "../../core/lib/pcap.ts";
import { fakeEnv } from "../support/fake-env.ts";
import { encodeG711, g711 } from "./codec/g711.ts";
import { MediaEngine } from "./engine.ts";
import { Mixer } from "./mixer.ts";
import type { MediaCommand, MediaEvent, RecordingSink, RemoteRtp } from "./plane.ts";
import { hasMarker, payloadType, sequenceNumber, ssrc, timestamp, writeHeader } from "./rtp/packet.ts";
import type { Receive } from "./udp.ts";

/** Lets every promise that can settle do so. */
const settled = () => new Promise((done) => setImmediate(done));

class MemorySink implements RecordingSink {
  readonly chunks: Uint8Array[] = [];
  async write(samples: Uint8Array): Promise<void> {
    this.chunks.push(samples.slice());
  }
  async close() {
    return {
      chunks: this.chunks.length,
      durationMs: this.chunks.reduce((sum, chunk) => sum + chunk.length / 32, 0),
      sizeBytes: 0,
      sha256: "",
    };
  }
}

class Desk {
  readonly env = fakeEnv();
  readonly events: MediaEvent[] = [];
  readonly sink = new MemorySink();
  /** Packets sent, by the port they came from. */
  readonly sent = new Map<number, Uint8Array[]>();
  readonly deliver = new Map<number, Receive>();
  readonly prompts = new Map<string, PromiseWithResolvers<Int16Array | null>>();
  openSink: () => Promise<RecordingSink> = async () => this.sink;
  bindFails = false;
  private nextPort = 5_000;
  readonly engine = new MediaEngine({
    env: this.env,
    ports: {
      bind: async (_address, onRtp) => {
        if (this.bindFails) throw new Error("no free pair of ports");
        const port = this.nextPort;
        this.nextPort += 2;
        this.deliver.set(port, onRtp);
        this.sent.set(port, []);
        const socket = (at: number) => ({
          port: at,
          lost: 0,
          send: (packet: Uint8Array) => void this.sent.get(at)?.push(packet.slice()),
          close: () => void this.deliver.delete(at),
        });
        return { rtp: socket(port), rtcp: socket(port + 1) };
      },
    },
    mux: null,
    prompts: (key) => {
      const loading = Promise.withResolvers<Int16Array | null>();
      this.prompts.set(key, loading);
      return loading.promise;
    },
    openSink: () => this.openSink(),
    emit: (event) => void this.events.push(event),
  });

  do(...commands: MediaCommand[]): void {
    for (const command of commands) this.engine.handle(command);
  }

  told(kind: MediaEvent["kind"]): MediaEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  /** Time passes, a tick at a time, with room for what waits. */
  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 20) {
      this.env.advance(20);
      if (at % 1_000 === 0) await settled();
    }
    await settled();
  }

  /** A frame of one level from the peer of the leg at `port`. */
  say(port: number, n: number, level: number): void {
    const packet = new Uint8Array(172);
    writeHeader(packet, false, 0, n & 0xffff, n * 160, 7);
    packet.set(encodeG711(new Int16Array(160).fill(level), "PCMU"), 12);
    this.deliver.get(port)!(packet, "127.0.0.10", port + 1_000);
  }

  channel(which: 0 | 1): Int16Array {
    const all = Buffer.concat(this.sink.chunks);
    return new Int16Array(all.buffer, all.byteOffset, all.length / 2).filter((_, index) => index % 2 === which);
  }
}

const open = (streamId: string): MediaCommand => ({ kind: "open", streamId, groupId: "g", transport: "rtp", localAddress: "127.0.0.1" });
const remote = (port: number): RemoteRtp => ({
  address: "127.0.0.10",
  port,
  rtcpPort: port + 1,
  codec: "PCMU",
  payloadType: 0,
  dtmfPayloadType: 101,
  dtmfUnitsPerMs: 8,
  ptimeMs: 20,
  srtp: null,
});
const connect = (streamId: string, port: number): MediaCommand => ({
  kind: "connect-rtp",
  streamId,
  remote: remote(port),
  direction: "sendrecv",
});
const play = (playId: string, key: string, loop = false): MediaCommand => ({
  kind: "play",
  streamId: "alice",
  playId,
  prompts: [{ kind: "key", key }],
  loop,
});
const record = (left: string, right: string | null): MediaCommand => ({
  kind: "record-start",
  recordingId: "r",
  groupId: "g",
  left,
  right,
  target: { path: "", key: new Uint8Array(), wrappedKey: new Uint8Array(), header: new Uint8Array() },
});
const sound = new Int16Array(800).fill(1_000);

async function desk(): Promise<Desk> {
  const at = new Desk();
  at.do(open("alice"), connect("alice", 6_000), open("bob"), connect("bob", 6_002));
  await settled();
  return at;
}

describe("a play", () => {
  test("that another replaces while its prompt loads is stopped, and only the later one is heard", async () => {
    const at = await desk();
    at.do(play("first", "slow"), play("second", "quick"));
    expect(at.told("play-finished")).toEqual([{ kind: "play-finished", streamId: "alice", playId: "first", reason: "stopped" }]);
    at.prompts.get("quick")!.resolve(sound);
    at.prompts.get("slow")!.resolve(new Int16Array(80_000));
    await settled();
    await at.pass(200);
    expect(at.told("play-finished").slice(1)).toEqual([{ kind: "play-finished", streamId: "alice", playId: "second", reason: "done" }]);
    expect(at.sent.get(5_000)).toHaveLength(5);
  });

  test("that is stopped while its prompt loads is never heard", async () => {
    const at = await desk();
    at.do(play("p", "slow", true), { kind: "stop-play", streamId: "alice", playId: "p" });
    at.prompts.get("slow")!.resolve(sound);
    await at.pass(200);
    expect(at.told("play-finished")).toEqual([{ kind: "play-finished", streamId: "alice", playId: "p", reason: "stopped" }]);
    expect(at.sent.get(5_000)).toHaveLength(0);
  });

  test("of an unknown or failing prompt says so", async () => {
    const at = await desk();
    at.do(play("a", "nowhere"));
    at.prompts.get("nowhere")!.resolve(null);
    await settled();
    at.do(play("b", "broken"));
    at.prompts.get("broken")!.reject(new Error("disk"));
    await settled();
    expect(at.told("play-finished").map((event) => "reason" in event && event.reason)).toEqual(["unknown-prompt", "unknown-prompt"]);
  });

  test("is heard by its peer alone, and the clock stops when its stream closes in the middle", async () => {
    const at = await desk();
    const idle = at.env.timersLeft();
    at.do(play("p", "tone"));
    at.prompts.get("tone")!.resolve(sound);
    await settled();
    expect(at.env.timersLeft()).toBe(idle + 1);
    await at.pass(60);
    at.do({ kind: "close", streamId: "alice" });
    await at.pass(60);
    expect(at.env.timersLeft()).toBe(idle);
    expect(at.sent.get(5_002)).toHaveLength(0);
  });

  test("covers the bridge until it ends", async () => {
    const at = await desk();
    at.do({ kind: "bridge", a: "alice", b: "bob" }, play("p", "tone"));
    at.prompts.get("tone")!.resolve(sound);
    await settled();
    for (let n = 0; n < 10; n++) {
      at.say(5_002, n, 8_000);
      await at.pass(20);
    }
    const levels = at.sent.get(5_000)!.map((packet) => packet[20]);
    expect(new Set(levels.slice(0, 5)).size).toBe(1);
    expect(levels[0]).not.toBe(levels.at(-1));
    expect(levels.length).toBeGreaterThanOrEqual(9);
  });
});

describe("a mix", () => {
  const mix = (streamId: string, heardBy: readonly string[] | null = null, mixId = "g"): MediaCommand => ({
    kind: "mix",
    streamId,
    mixId,
    heardBy,
  });
  const bridge: MediaCommand = { kind: "bridge", a: "alice", b: "bob" };

  /** Alice, Bob and Carol, on ports 5000, 5002 and 5004. */
  async function three(): Promise<Desk> {
    const at = await desk();
    at.do(open("carol"), connect("carol", 6_004));
    await settled();
    return at;
  }

  /** Each says its level for so many frames; nothing of whoever has none. */
  async function talk(at: Desk, from: number, frames: number, levels: Readonly<Record<number, number>>): Promise<void> {
    for (let n = from; n < from + frames; n++) {
      for (const [port, level] of Object.entries(levels)) at.say(Number(port), n, level);
      await at.pass(20);
    }
  }

  /** The level that the peer at `port` was sent last. */
  const level = (at: Desk, port: number): number => g711("PCMU").decode[at.sent.get(port)!.at(-1)![100]!]!;
  const near = (value: number, wanted: number): boolean => Math.abs(value - wanted) <= 40 + Math.abs(wanted) / 20;

  test("is heard by all in it; bridge and unbridge take a stream out of it, and its last one ends it", async () => {
    const at = await three();
    const idle = at.env.timersLeft();
    at.do(mix("alice"), mix("bob"), mix("carol"));
    expect(at.env.timersLeft()).toBe(idle + 1);
    await talk(at, 0, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect([5_000, 5_002, 5_004].map((port) => level(at, port)).every((value, i) => near(value, [6_000, 5_000, 3_000][i]!))).toBe(true);
    at.do(bridge);
    await talk(at, 20, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect([5_000, 5_002, 5_004].map((port) => level(at, port)).every((value, i) => near(value, [2_000, 1_000, 0][i]!))).toBe(true);
    at.do({ kind: "unbridge", streamId: "carol" });
    await at.pass(40);
    expect(at.env.timersLeft()).toBe(idle);
    const sent = at.sent.get(5_004)!.length;
    await talk(at, 40, 5, { 5000: 1_000, 5004: 4_000 });
    expect(at.sent.get(5_004)).toHaveLength(sent);
  });

  test("takes a stream out of its bridge, or of another mix", async () => {
    const at = await three();
    at.do(bridge, mix("alice"), mix("carol"));
    await talk(at, 0, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect(near(level(at, 5_000), 4_000)).toBe(true);
    expect(at.sent.get(5_002)).toHaveLength(0);
    at.do(mix("bob", null, "other"), mix("carol", null, "other"));
    await talk(at, 20, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect([5_000, 5_002, 5_004].map((port) => level(at, port)).every((value, i) => near(value, [0, 4_000, 2_000][i]!))).toBe(true);
    for (const streamId of ["alice", "bob", "carol"]) at.do({ kind: "close", streamId });
    await at.pass(40);
    await at.engine.stop();
    expect(at.env.timersLeft()).toBe(0);
  });

  test("between bridges, and what is played in it, goes on under the same numbers without a jump", async () => {
    const at = await three();
    at.do(bridge);
    await talk(at, 0, 10, { 5000: 1_000, 5002: 2_000 });
    at.do(mix("alice"), mix("bob"), mix("carol"));
    await talk(at, 10, 10, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    at.do(play("p", "tone"));
    at.prompts.get("tone")!.resolve(sound);
    await settled();
    await talk(at, 20, 10, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect(at.told("play-finished")).toHaveLength(1);
    at.do(bridge);
    await talk(at, 30, 10, { 5000: 1_000, 5002: 2_000 });
    for (const port of [5_000, 5_002]) {
      const packets = at.sent.get(port)!;
      expect(packets).toHaveLength(40);
      expect(new Set(packets.map(ssrc)).size).toBe(1);
      expect(packets.map((packet) => (sequenceNumber(packet) - sequenceNumber(packets[0]!)) & 0xffff)).toEqual(packets.map((_, n) => n));
      // From the bridge's last packet to the mix's first frame 40 ms pass: that much and no more.
      expect(packets.map((packet) => (timestamp(packet) - timestamp(packets[0]!)) >>> 0)).toEqual(
        packets.map((_, n) => (n < 10 ? n : n + 1) * 160),
      );
    }
  });

  test("makes up for a process that was late without a jump in its numbers", async () => {
    const at = await three();
    at.do(mix("alice"), mix("bob"));
    await talk(at, 0, 10, { 5002: 2_000 });
    // The clock's timer runs 70 ms after it was due.
    const { clock } = at.env;
    const late = at.env.clock.monotonic() + 90;
    const real = clock.monotonic;
    clock.monotonic = () => Math.max(real(), late);
    at.env.advance(20);
    clock.monotonic = real;
    at.env.advance(80);
    await talk(at, 15, 5, { 5002: 2_000 });
    const packets = at.sent.get(5_000)!;
    expect(packets.map((packet) => (timestamp(packet) - timestamp(packets[0]!)) >>> 0)).toEqual(packets.map((_, n) => n * 160));
    expect(packets.filter(hasMarker)).toHaveLength(1);
  });

  test("tells silence, loss and figures of its streams as ever", async () => {
    const at = await three();
    at.do(mix("alice"), mix("bob"), { kind: "expect", streamId: "alice" }, { kind: "expect", streamId: "bob" });
    for (let n = 0; n < 500; n++) {
      if (n < 100) at.say(5_000, n, 1_000);
      if (n % 10 > 0) at.say(5_002, n, 2_000);
      await at.pass(20);
    }
    expect(at.told("trouble")).toMatchObject([{ streamId: "alice", direction: "from", trouble: { cause: "stopped" } }]);
    for (const streamId of ["alice", "bob"]) at.do({ kind: "close", streamId });
    expect(at.events.filter((event) => event.kind === "stats" && event.final)).toMatchObject([
      { streamId: "alice", stats: { packetsReceived: 100, packetsSent: 500, packetsLost: 0 } },
      { streamId: "bob", stats: { packetsReceived: 450, packetsSent: 500, packetsLost: 49, from: { lossPercent: 10 } } },
    ]);
  });

  test("of which our own code throws ends with its streams, and no other", async () => {
    const at = await three();
    at.do(open("dave"), connect("dave", 6_006));
    await settled();
    at.do(mix("alice"), mix("bob"), mix("carol", null, "other"), mix("dave", null, "other"));
    const tick = spyOn(Mixer.prototype, "tick").mockImplementationOnce(() => {
      throw new Error("a bug");
    });
    await talk(at, 0, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    tick.mockRestore();
    expect(at.told("failed")).toEqual(["alice", "bob"].map((streamId) => ({ kind: "failed", streamId, reason: "internal error" })));
    expect(at.sent.get(5_000)).toHaveLength(0);
    expect(near(level(at, 5_006), 4_000)).toBe(true);
  });

  test("goes on when our own code throws for one of its streams", async () => {
    const at = await three();
    at.do(mix("alice"), mix("bob"), mix("carol"));
    at.sent.get(5_002)!.push = () => {
      throw new Error("a bug");
    };
    await talk(at, 0, 20, { 5000: 1_000, 5002: 2_000, 5004: 4_000 });
    expect(at.told("failed")).toEqual([{ kind: "failed", streamId: "bob", reason: "internal error" }]);
    expect(near(level(at, 5_000), 4_000)).toBe(true);
    expect(near(level(at, 5_004), 1_000)).toBe(true);
  });
});

describe("a stream", () => {
  test("takes its peer even if that is told before its ports are open", async () => {
    const at = new Desk();
    at.do(open("alice"), connect("alice", 6_000), play("p", "tone"));
    at.prompts.get("tone")!.resolve(sound);
    await at.pass(200);
    expect(at.told("opened")).toHaveLength(1);
    expect(at.sent.get(5_000)!.map(payloadType)).toEqual([0, 0, 0, 0, 0]);
  });

  test("without a port fails with the reason, and its end is told like any other", async () => {
    const at = new Desk();
    at.bindFails = true;
    at.do(open("alice"));
    await settled();
    expect(at.told("failed")).toEqual([{ kind: "failed", streamId: "alice", reason: "no free pair of ports" }]);
    at.do({ kind: "close", streamId: "alice" }, { kind: "close", streamId: "alice" });
    expect(at.told("stats")).toHaveLength(1);
  });

  test("closed while its ports open gives them back", async () => {
    const at = new Desk();
    at.do(open("alice"), { kind: "close", streamId: "alice" });
    await settled();
    expect(at.told("opened")).toEqual([]);
    expect(at.deliver.size).toBe(0);
  });

  test("of one transport cannot be connected as another", async () => {
    const at = await desk();
    at.do({
      kind: "connect-webrtc",
      streamId: "alice",
      ours: { ufrag: "o", pwd: "p" },
      remote: { ufrag: "u", pwd: "p", fingerprint: "", codec: "PCMU", payloadType: 0, dtmfPayloadType: null, dtmfUnitsPerMs: 8 },
      direction: "sendrecv",
    });
    expect(at.told("failed")).toEqual([{ kind: "failed", streamId: "alice", reason: "a stream opened as rtp cannot connect-webrtc" }]);
  });

  test("of which our own code throws ends alone", async () => {
    const at = await desk();
    at.do({ kind: "bridge", a: "alice", b: "bob" });
    at.sent.get(5_002)!.push = () => {
      throw new Error("a bug");
    };
    at.say(5_000, 1, 100);
    at.say(5_000, 2, 100);
    expect(at.told("failed")).toEqual([{ kind: "failed", streamId: "alice", reason: "internal error" }]);
    at.say(5_002, 1, 100);
    expect(at.told("connected").map((event) => "streamId" in event && event.streamId)).toEqual(["alice", "bob"]);
  });

  test("that nobody knows changes nothing", () => {
    const at = new Desk();
    for (const kind of ["unbridge", "close"] as const) at.do({ kind, streamId: "nobody" });
    at.do(
      { kind: "bridge", a: "nobody", b: "noone" },
      { kind: "mute", streamId: "nobody", muted: true },
      connect("nobody", 1),
      play("p", "x"),
    );
    at.do(
      { kind: "record-stop", recordingId: "r", groupId: "g" },
      { kind: "record-channel", recordingId: "r", groupId: "g", right: "bob" },
    );
    expect(at.events).toEqual([]);
  });
});

describe("a recording", () => {
  test("takes its right channel from whoever it is, also a leg that opens later", async () => {
    const at = await desk();
    at.do(record("alice", null));
    await settled();
    at.do({ kind: "record-channel", recordingId: "r", groupId: "g", right: "carol" });
    at.do(open("carol"), connect("carol", 6_004));
    await settled();
    for (let n = 0; n < 100; n++) {
      at.say(5_000, n, 4_000);
      if (n >= 50) at.say(5_004, n, -8_000);
      await at.pass(20);
    }
    at.do({ kind: "close", streamId: "carol" }, { kind: "record-stop", recordingId: "r", groupId: "g" });
    await settled();
    expect(at.told("recording-closed")).toMatchObject([{ recordingId: "r", durationMs: 2_000, chunks: 2 }]);
    const share = (samples: Int16Array, level: number) =>
      samples.filter((sample) => Math.abs(sample - level) < 500).length / samples.length;
    expect(share(at.channel(0), 4_000)).toBe(1);
    expect(share(at.channel(1), -8_000)).toBeCloseTo(0.5, 1);
  });

  test("holds what legs say, not what is played to them, and nothing of who is muted", async () => {
    const at = await desk();
    at.do(record("alice", "bob"), { kind: "bridge", a: "alice", b: "bob" }, play("p", "tone", true), {
      kind: "mute",
      streamId: "bob",
      muted: true,
    });
    at.prompts.get("tone")!.resolve(sound);
    await settled();
    for (let n = 0; n < 50; n++) {
      at.say(5_002, n, 8_000);
      await at.pass(20);
    }
    at.do({ kind: "record-stop", recordingId: "r", groupId: "g" });
    await settled();
    expect(at.channel(0).every((sample) => sample === 0)).toBe(true);
    expect(at.channel(1).every((sample) => sample === 0)).toBe(true);
  });

  test("of a leg in a mix holds all that it hears of it, and nothing else; out of it, its right leg again", async () => {
    const at = await desk();
    at.do(open("carol"), connect("carol", 6_004));
    await settled();
    const mix = (streamId: string, heardBy: readonly string[] | null): MediaCommand => ({ kind: "mix", streamId, mixId: "g", heardBy });
    at.do(record("alice", "bob"), { kind: "bridge", a: "alice", b: "bob" });
    await settled();
    const talk = async (seconds: number): Promise<void> => {
      for (let end = n + seconds * 50; n < end; n++) {
        for (const [port, level] of [
          [5_000, 500],
          [5_002, 2_000],
          [5_004, 4_000],
        ] as const)
          at.say(port, n, level);
        await at.pass(20);
      }
    };
    let n = 0;
    await talk(1);
    // Second 1: three who hear each other. 2: Carol whispers to Bob. 3: Bob whispers to Carol. 4: Alice hears music. 5: a bridge again.
    at.do(mix("alice", null), mix("bob", null), mix("carol", null));
    await talk(1);
    at.do(mix("carol", ["bob"]));
    await talk(1);
    at.do(mix("carol", null), mix("bob", ["carol"]));
    await talk(1);
    at.do(play("p", "music", true));
    at.prompts.get("music")!.resolve(sound);
    await talk(1);
    at.do({ kind: "stop-play", streamId: "alice", playId: "p" }, { kind: "bridge", a: "alice", b: "bob" });
    await talk(1);
    at.do({ kind: "record-stop", recordingId: "r", groupId: "g" });
    await settled();
    const [left, right] = [at.channel(0), at.channel(1)];
    expect(left.length).toBe(48_000);
    // The middle of each second: what waits in the mix sounds a little into the next.
    const levels = (samples: Int16Array): number[] =>
      Array.from({ length: 6 }, (_, second) => {
        const middle = samples.subarray(second * 8_000 + 2_000, second * 8_000 + 7_500);
        const mean = middle.reduce((sum, sample) => sum + sample, 0) / middle.length;
        expect(middle.every((sample) => Math.abs(sample - mean) < 200)).toBe(true);
        return Math.round(mean / 500) * 500;
      });
    expect(levels(left)).toEqual([500, 500, 500, 500, 500, 500]);
    expect(levels(right)).toEqual([2_000, 6_000, 2_000, 4_000, 0, 2_000]);
  });

  test("that fails says so once, and the call goes on", async () => {
    const at = await desk();
    at.sink.write = () => Promise.reject(new Error("no space left"));
    at.do(record("alice", "bob"), { kind: "bridge", a: "alice", b: "bob" });
    for (let n = 0; n < 150; n++) {
      at.say(5_000, n, 4_000);
      await at.pass(20);
    }
    expect(at.told("recording-failed")).toEqual([{ kind: "recording-failed", recordingId: "r", reason: "no space left" }]);
    at.do({ kind: "record-stop", recordingId: "r", groupId: "g" });
    await settled();
    expect(at.told("recording-closed")).toEqual([]);
    expect(at.sent.get(5_002)).toHaveLength(150);
  });

  test("stopped before its file is open is sealed when it is", async () => {
    const at = await desk();
    const opening = Promise.withResolvers<RecordingSink>();
    at.openSink = () => opening.promise;
    at.do(record("alice", null), { kind: "record-stop", recordingId: "r", groupId: "g" });
    await at.pass(100);
    expect(at.told("recording-closed")).toEqual([]);
    opening.resolve(at.sink);
    await settled();
    expect(at.told("recording-closed")).toHaveLength(1);
  });

  test("is sealed when the engine stops, before its streams end", async () => {
    const at = await desk();
    at.do(record("alice", "bob"));
    await at.pass(1_500);
    await at.engine.stop();
    expect(at.events.map(({ kind }) => kind).slice(-3)).toEqual(["recording-closed", "stats", "stats"]);
    expect(at.env.timersLeft()).toBe(0);
  });
});

describe("a capture", () => {
  const capture = (streamId: string, mode: "off" | "headers" | "voice"): MediaCommand => ({
    ...{ kind: "capture", streamId, mode, localAddress: "192.0.2.1" },
  });
  /** What of the packets' payloads is not zero, by the port they came from or went to. */
  const taken = (at: Desk) =>
    at.told("captured").flatMap((event) => {
      const { records } = event as Extract<MediaEvent, { kind: "captured" }>;
      const packets: { from: number; to: number; type: number; isBlank: boolean; bytes: number }[] = [];
      for (let offset = 0; offset < records.length; ) {
        const { end } = pcapRecordAt(records, offset);
        const udp = new DataView(records.buffer, records.byteOffset + offset + 36, end - offset - 36);
        const rtp = records.subarray(offset + 44, end);
        packets.push({
          ...{ from: udp.getUint16(0), to: udp.getUint16(2), type: rtp[1]! & 0x7f },
          ...{ isBlank: rtp.subarray(12).every((byte) => byte === 0), bytes: rtp.length },
        });
        offset = end;
      }
      return packets;
    });
  const press = (at: Desk, n: number): void => {
    const packet = new Uint8Array(16);
    writeHeader(packet, true, 101, n, 160, 7);
    packet.set([5, 10, 1, 64], 12);
    at.deliver.get(5_000)!(packet, "127.0.0.10", 6_000);
  };

  test("has headers alone, in both directions, of the stream that is wanted", async () => {
    const at = await desk();
    at.do({ kind: "bridge", a: "alice", b: "bob" }, capture("alice", "headers"));
    at.say(5_000, 1, 5_000);
    at.say(5_002, 1, 5_000);
    await at.pass(300);
    const packets = taken(at);
    expect(packets.filter(({ from, to }) => from === 6_000 && to === 5_000)).toMatchObject([{ isBlank: true, bytes: 172 }]);
    expect(packets.some(({ from, to }) => from === 5_000 && to === 6_000)).toBe(true);
    expect(packets.every(({ isBlank, type }) => isBlank || type > 64)).toBe(true);
    expect(packets.every(({ from, to }) => from !== 5_002 && to !== 5_002)).toBe(true);
    // What was heard is untouched.
    expect(
      at.sent
        .get(5_002)!
        .at(-1)!
        .subarray(12)
        .some((byte) => byte !== 0),
    ).toBe(true);
  });

  test("has what is said, when that is wanted, and never a digit", async () => {
    const at = await desk();
    at.do(capture("alice", "voice"));
    at.say(5_000, 1, 5_000);
    press(at, 2);
    await at.pass(300);
    expect(taken(at).filter(({ to }) => to === 5_000)).toMatchObject([
      { type: 0, isBlank: false },
      { type: 101, isBlank: true },
    ]);
  });

  test("has nothing that is said where digits are tones in it", async () => {
    const at = await desk();
    at.do({ kind: "connect-rtp", streamId: "alice", remote: { ...remote(6_000), dtmfPayloadType: null }, direction: "sendrecv" });
    at.do(capture("alice", "voice"));
    at.say(5_000, 1, 5_000);
    await at.pass(300);
    expect(taken(at).filter(({ to }) => to === 5_000)).toMatchObject([{ type: 0, isBlank: true }]);
  });

  test("has nothing once it is off, and what came before is handed over by then", async () => {
    const at = await desk();
    at.do(capture("alice", "voice"));
    at.say(5_000, 1, 5_000);
    at.do(capture("alice", "off"));
    expect(taken(at).filter(({ to }) => to === 5_000)).toHaveLength(1);
    at.say(5_000, 2, 5_000);
    press(at, 3);
    await at.pass(600);
    expect(taken(at).filter(({ to }) => to === 5_000)).toHaveLength(1);
  });

  test("of a stream whose ports are not open yet begins when they are", async () => {
    const at = new Desk();
    at.do(open("alice"), connect("alice", 6_000), capture("alice", "voice"));
    await settled();
    at.say(5_000, 1, 5_000);
    await at.pass(300);
    expect(taken(at).filter(({ to }) => to === 5_000)).toHaveLength(1);
  });
});
