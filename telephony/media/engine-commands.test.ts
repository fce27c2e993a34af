// Commands that cross each other, in virtual time: prompts still loading, ports still opening, recordings whose legs come and go.
import { describe, expect, test } from "bun:test";
import { fakeEnv } from "../support/fake-env.ts";
import { encodeG711 } from "./codec/g711.ts";
import { MediaEngine } from "./engine.ts";
import type { MediaCommand, MediaEvent, RecordingSink, RemoteRtp } from "./plane.ts";
import { payloadType, writeHeader } from "./rtp/packet.ts";
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
  ptimeMs: 20,
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
      remote: { ufrag: "u", pwd: "p", fingerprint: "", codec: "PCMU", payloadType: 0, dtmfPayloadType: null },
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
