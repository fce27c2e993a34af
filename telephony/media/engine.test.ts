// The engine over real loopback sockets: tones in and out, digits once, two channels recorded, strangers unheard.

import { afterEach, describe, expect, test } from "bun:test";
import { realEnv } from "../../cmd/env.ts";
import { pause } from "../../core/env/pause.ts";
import { type Encoder, encoderOf } from "./codec/codec.ts";
import { InlinePlane } from "./inline-plane.ts";
import type { CodecName, MediaCommand, MediaEvent, RecordingSink } from "./plane.ts";
import { PortRange } from "./ports.ts";
import { payloadStart, payloadType, sequenceNumber, ssrc, timestamp, writeHeader } from "./rtp/packet.ts";
import { codesOf, samplesOf, share, sharesByTenth } from "./support/listening.ts";
import { toneSamples } from "./tone.ts";
import { openUdp, type UdpSocket } from "./udp.ts";

const env = realEnv("error");
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

const payloadTypes: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };

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

class Bench {
  readonly events: MediaEvent[] = [];
  readonly sink = new MemorySink();
  readonly plane: InlinePlane;
  private waiters: (() => void)[] = [];

  constructor() {
    const prompts = new Map([["beep", toneSamples([1000], 500, 0)]]);
    this.plane = new InlinePlane({
      env,
      ports: new PortRange(40_000, 41_999),
      mux: null,
      prompts: async (key) => prompts.get(key) ?? null,
      openSink: async () => this.sink,
    });
    this.plane.onEvent((event) => {
      this.events.push(event);
      for (const waiter of this.waiters.splice(0)) waiter();
    });
    open.push(this.plane);
  }

  send(...commands: MediaCommand[]): void {
    for (const command of commands) this.plane.send(command);
  }

  async event<K extends MediaEvent["kind"]>(
    kind: K,
    matches: (event: Extract<MediaEvent, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<MediaEvent, { kind: K }>> {
    for (;;) {
      const found = this.events.find((event) => event.kind === kind && matches(event as Extract<MediaEvent, { kind: K }>));
      if (found !== undefined) return found as Extract<MediaEvent, { kind: K }>;
      await new Promise<void>((done) => this.waiters.push(done));
    }
  }

  async leg(streamId: string, codec: CodecName, dtmf: number | null = 101): Promise<Peer> {
    const peer = await Peer.open(codec);
    this.send({ kind: "open", streamId, groupId: "call", transport: "rtp", localAddress: "127.0.0.1" });
    const { local } = await this.event("opened", (event) => event.streamId === streamId);
    peer.to = local.rtpPort;
    const remote = {
      address: "127.0.0.1",
      port: peer.port,
      rtcpPort: peer.port + 1,
      codec,
      payloadType: payloadTypes[codec],
      dtmfPayloadType: dtmf,
      dtmfUnitsPerMs: 8 as const,
      ptimeMs: 20,
      srtp: null,
    };
    this.send({ kind: "connect-rtp", streamId, remote, direction: "sendrecv" });
    return peer;
  }
}

/** The other end of one leg: speaks a tone, remembers what it hears. */
class Peer {
  to = 0;
  readonly heard: { type: number; sequence: number; timestamp: number; source: number; payload: Uint8Array }[] = [];
  private sequence = 100;
  private time = 5_000;
  private waiters: { count: number; done: () => void }[] = [];
  private readonly encoder: Encoder;
  private constructor(
    private readonly socket: UdpSocket,
    private readonly codec: CodecName,
  ) {
    this.encoder = encoderOf(codec);
  }

  static async open(codec: CodecName): Promise<Peer> {
    let peer: Peer | null = null;
    const socket = await openUdp("127.0.0.1", 0, (packet) => peer?.received(packet));
    peer = new Peer(socket, codec);
    open.push(socket);
    return peer;
  }

  get port(): number {
    return this.socket.port;
  }

  private received(packet: Uint8Array): void {
    const start = payloadStart(packet);
    this.heard.push({
      type: payloadType(packet),
      sequence: sequenceNumber(packet),
      timestamp: timestamp(packet),
      source: ssrc(packet),
      payload: packet.slice(start),
    });
    this.waiters = this.waiters.filter(({ count, done }) => this.heard.length < count || void done());
  }

  hears(count: number): Promise<void> {
    return this.heard.length >= count ? Promise.resolve() : new Promise((done) => this.waiters.push({ count, done }));
  }

  say(type: number, payload: Uint8Array, options: { marker?: boolean; ssrc?: number; advance?: boolean } = {}): void {
    const packet = new Uint8Array(12 + payload.length);
    writeHeader(packet, options.marker ?? false, type, this.sequence++ & 0xffff, this.time, options.ssrc ?? 77);
    packet.set(payload, 12);
    if (options.advance !== false) this.time += 160;
    this.send(packet);
  }

  send(packet: Uint8Array): void {
    this.socket.send(packet, this.to, "127.0.0.1");
  }

  /** Real time, as the engine has a clock of its own: a late packet is followed by one that is not. */
  async tone(hz: number, frames: number): Promise<void> {
    const codes = codesOf(toneSamples([hz], frames * 20, 0), this.encoder);
    const startMs = env.clock.monotonic();
    for (let frame = 0; frame < frames; frame++) {
      this.say(payloadTypes[this.codec], codes.subarray(frame * 160, frame * 160 + 160));
      await pause(env.clock, Math.max(0, startMs + (frame + 1) * 20 - env.clock.monotonic()));
    }
  }

  samples(): Int16Array {
    const sound = this.heard.filter((packet) => packet.type === payloadTypes[this.codec]);
    return samplesOf(
      sound.map(({ payload }) => payload),
      this.codec,
    );
  }
}

/** A tone's share in most of what was heard: a machine that stood still for some tenths of a second has lost those. */
function usualShare(samples: Int16Array, hz: number): number {
  const shares = sharesByTenth(samples, hz).sort((a, b) => a - b);
  return shares[shares.length >> 1]!;
}

describe("the engine", () => {
  test("plays a prompt to its end, without a gap in numbers, and says so", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMA");
    bench.send({ kind: "play", streamId: "alice", playId: "p1", prompts: [{ kind: "key", key: "beep" }], loop: false });
    expect(await bench.event("play-finished")).toMatchObject({ playId: "p1", reason: "done" });
    await alice.hears(25);
    expect(alice.heard.map((packet, i) => packet.sequence - alice.heard[0]!.sequence - i)).toEqual(alice.heard.map(() => 0));
    expect(share(alice.samples(), 1000)).toBeGreaterThan(0.9);
  });

  test("an unknown prompt is said to be unknown, not silence", async () => {
    const bench = new Bench();
    await bench.leg("alice", "PCMA");
    bench.send({ kind: "play", streamId: "alice", playId: "p1", prompts: [{ kind: "key", key: "nowhere" }], loop: false });
    expect(await bench.event("play-finished")).toMatchObject({ reason: "unknown-prompt" });
  });

  test("bridges two laws both ways and records each voice on its channel", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMA");
    const bob = await bench.leg("bob", "PCMU");
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    bench.send({
      kind: "record-start",
      recordingId: "r1",
      groupId: "call",
      left: "alice",
      right: "bob",
      target: { path: "", key: new Uint8Array(), wrappedKey: new Uint8Array(), header: new Uint8Array() },
    });
    await Promise.all([alice.tone(700, 100), bob.tone(1300, 100)]);
    bench.send({ kind: "record-stop", recordingId: "r1", groupId: "call" });
    const closed = await bench.event("recording-closed");
    expect(closed.durationMs).toBeGreaterThan(1_900);
    expect(share(bob.samples(), 700)).toBeGreaterThan(0.9);
    expect(share(alice.samples(), 1300)).toBeGreaterThan(0.9);
    const stereo = new Int16Array(Buffer.concat(bench.sink.chunks).buffer);
    expect(share(stereo.filter((_, i) => i % 2 === 0).subarray(1_600, 14_000), 700)).toBeGreaterThan(0.9);
    expect(share(stereo.filter((_, i) => i % 2 === 1).subarray(1_600, 14_000), 1300)).toBeGreaterThan(0.9);
  });

  test("a phone in G.722 and a carrier in G.711 hear each other, each is recorded, and no number jumps", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "G722");
    const bob = await bench.leg("bob", "PCMA");
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    bench.send({
      kind: "record-start",
      recordingId: "r1",
      groupId: "call",
      left: "alice",
      right: "bob",
      target: { path: "", key: new Uint8Array(), wrappedKey: new Uint8Array(), header: new Uint8Array() },
    });
    await Promise.all([alice.tone(700, 100), bob.tone(1300, 100)]);
    bench.send({ kind: "record-stop", recordingId: "r1", groupId: "call" });
    await bench.event("recording-closed");
    expect(share(bob.samples(), 700)).toBeGreaterThan(0.9);
    expect(share(alice.samples(), 1300)).toBeGreaterThan(0.9);
    const stereo = new Int16Array(Buffer.concat(bench.sink.chunks).buffer);
    expect(share(stereo.filter((_, i) => i % 2 === 0).subarray(1_600, 14_000), 700)).toBeGreaterThan(0.9);
    expect(share(stereo.filter((_, i) => i % 2 === 1).subarray(1_600, 14_000), 1300)).toBeGreaterThan(0.9);
    for (const { heard } of [alice, bob]) {
      expect(heard.map(({ sequence }) => (sequence - heard[0]!.sequence) & 0xffff)).toEqual(heard.map((_, n) => n));
      expect(heard.map(({ timestamp: time }) => (time - heard[0]!.timestamp) >>> 0)).toEqual(heard.map((_, n) => n * 160));
    }
  });

  test("between two in G.722 not a byte is changed, and a prompt, a mix and the call again are heard one after the other", async () => {
    const bench = new Bench();
    const [alice, bob] = [await bench.leg("alice", "G722"), await bench.leg("bob", "G722")];
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    const said = Array.from({ length: 50 }, (_, n) => Uint8Array.from({ length: 160 }, (_, i) => (i * 7 + n * 31) & 0xff));
    for (const payload of said) alice.say(9, payload);
    await bob.hears(50);
    expect(bob.heard.map(({ payload }) => payload)).toEqual(said);

    bench.send({ kind: "play", streamId: "bob", playId: "p1", prompts: [{ kind: "key", key: "beep" }], loop: false });
    await bench.event("play-finished");
    expect(usualShare(bob.samples().subarray(50 * 160), 1_000)).toBeGreaterThan(0.9);
    for (const streamId of ["alice", "bob"]) bench.send({ kind: "mix", streamId, mixId: "call", heardBy: null });
    const before = bob.samples().length;
    await alice.tone(700, 60);
    expect(usualShare(bob.samples().subarray(before + 2_400), 700)).toBeGreaterThan(0.9);
    const numbers = bob.heard.map(({ sequence }) => (sequence - bob.heard[0]!.sequence) & 0xffff);
    expect(numbers).toEqual(numbers.map((_, n) => n));
  });

  test("what a muted peer says is in no codec heard by the other, from its first packet on", async () => {
    for (const codecs of [
      ["G722", "PCMA"],
      ["PCMU", "G722"],
      ["G722", "G722"],
    ] as const) {
      const bench = new Bench();
      const [alice, bob] = [await bench.leg("alice", codecs[0]), await bench.leg("bob", codecs[1])];
      bench.send({ kind: "bridge", a: "alice", b: "bob" }, { kind: "mute", streamId: "alice", muted: true });
      await alice.tone(700, 10);
      await bob.hears(10);
      expect(Math.max(...bob.samples().map(Math.abs))).toBeLessThan(50);
    }
  });

  test("mixes three: each hears the two others and not itself, and a recording holds what its left leg hears", async () => {
    const bench = new Bench();
    const tones = { alice: 700, bob: 1_300, carol: 2_100 };
    const peers = {
      alice: await bench.leg("alice", "PCMA"),
      bob: await bench.leg("bob", "PCMU"),
      carol: await bench.leg("carol", "PCMU", null),
    };
    const names = ["alice", "bob", "carol"] as const;
    for (const streamId of names) bench.send({ kind: "mix", streamId, mixId: "call", heardBy: null });
    bench.send({
      kind: "record-start",
      recordingId: "r1",
      groupId: "call",
      left: "alice",
      right: "bob",
      target: { path: "", key: new Uint8Array(), wrappedKey: new Uint8Array(), header: new Uint8Array() },
    });
    await Promise.all(names.map((name) => peers[name].tone(tones[name], 100)));
    bench.send({ kind: "record-stop", recordingId: "r1", groupId: "call" });
    await bench.event("recording-closed");
    const shares = (samples: Int16Array): number[] => names.map((name) => usualShare(samples, tones[name]));
    for (const name of names) {
      const heard = shares(peers[name].samples().subarray(2_400, 14_400));
      for (const [i, other] of names.entries()) {
        if (other === name) expect(heard[i]).toBeLessThan(0.05);
        else expect(heard[i]).toBeGreaterThan(0.3);
      }
      const numbers = peers[name].heard.map(({ sequence }) => (sequence - peers[name].heard[0]!.sequence) & 0xffff);
      expect(numbers).toEqual(numbers.map((_, n) => n));
    }
    const stereo = new Int16Array(Buffer.concat(bench.sink.chunks).buffer);
    const [left, right] = [0, 1].map((channel) => shares(stereo.filter((_, i) => i % 2 === channel).subarray(2_400, 14_000)));
    expect(left![0]).toBeGreaterThan(0.9);
    expect(right![0]).toBeLessThan(0.05);
    expect(Math.min(right![1]!, right![2]!)).toBeGreaterThan(0.3);
  });

  test("a third who joins two for a while and leaves them is heard for that while; no number jumps", async () => {
    const bench = new Bench();
    const [alice, bob, carol] = [await bench.leg("alice", "PCMA"), await bench.leg("bob", "PCMU"), await bench.leg("carol", "PCMU")];
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    const marks: number[] = [];
    const change = (...commands: MediaCommand[]): void => {
      marks.push(alice.samples().length);
      bench.send(...commands);
    };
    const talking = Promise.all([alice.tone(700, 150), bob.tone(1_300, 150), carol.tone(2_100, 150)]);
    await alice.hears(40);
    change(...["alice", "bob", "carol"].map((streamId): MediaCommand => ({ kind: "mix", streamId, mixId: "call", heardBy: null })));
    await alice.hears(90);
    change({ kind: "unbridge", streamId: "carol" }, { kind: "bridge", a: "alice", b: "bob" });
    await talking;
    const samples = alice.samples();
    const [mixed, bridged] = marks as [number, number];
    const heard = [samples.subarray(0, mixed), samples.subarray(mixed + 1_600, bridged), samples.subarray(bridged + 800)];
    expect(heard.map((part) => [1_300, 2_100].map((hz) => usualShare(part, hz) > 0.3))).toEqual([
      [true, false],
      [true, true],
      [true, false],
    ]);
    const numbers = alice.heard.map(({ sequence }) => (sequence - alice.heard[0]!.sequence) & 0xffff);
    expect(numbers).toEqual(numbers.map((_, n) => n));
    const steps = alice.heard.slice(1).map(({ timestamp: time }, n) => (time - alice.heard[n]!.timestamp) | 0);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(new Set(alice.heard.map(({ source }) => source)).size).toBe(1);
  });

  test("a digit is told once and relayed under the other side's payload type", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMU", 101);
    const bob = await bench.leg("bob", "PCMU", 96);
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    for (const [end, duration] of [
      [0, 160],
      [0, 320],
      [0x80, 480],
      [0x80, 480],
      [0x80, 480],
    ] as const)
      alice.say(101, Uint8Array.of(5, end | 10, duration >> 8, duration & 255), { advance: false });
    await bob.hears(5);
    expect(bench.events.filter((event) => event.kind === "digit")).toEqual([
      { kind: "digit", streamId: "alice", digit: "5", durationMs: 60 },
    ]);
    expect(bob.heard.map((packet) => packet.type)).toEqual([96, 96, 96, 96, 96]);
  });

  test("RTP-02: a stranger is neither heard nor answered once the peer has spoken", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMU");
    const bob = await bench.leg("bob", "PCMU");
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    await alice.tone(700, 3);
    await bob.hears(3);
    const mallory = await Peer.open("PCMU");
    mallory.to = alice.to;
    for (let i = 0; i < 50; i++) mallory.say(0, new Uint8Array(160), { ssrc: 77 });
    await alice.tone(700, 3);
    await bob.hears(6);
    expect(bob.heard).toHaveLength(6);
    expect(mallory.heard).toHaveLength(0);
    bench.send({ kind: "close", streamId: "alice" });
    const { stats } = await bench.event("stats", (event) => event.final);
    expect(stats).toMatchObject({ packetsReceived: 6, packetsRefused: 50, packetsLost: 0 });
  });

  test("RTP-02: under injection with the right type, source and numbers, the partner hears what the peer said, byte for byte", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMU");
    const bob = await bench.leg("bob", "PCMU");
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    const frames = Array.from({ length: 40 }, (_, n) => new Uint8Array(160).fill(n + 1));
    alice.say(0, frames[0]!);
    await bob.hears(1);
    const mallory = await Peer.open("PCMU");
    mallory.to = alice.to;
    for (const [n, frame] of frames.entries()) {
      if (n === 0) continue;
      for (const ssrc of [77, 77, 4_711]) mallory.say(0, new Uint8Array(160).fill(0xee), { ssrc });
      alice.say(0, frame);
      await bob.hears(n + 1);
    }
    expect(bob.heard.map(({ payload }) => Buffer.from(payload).toString("hex"))).toEqual(
      frames.map((frame) => Buffer.from(frame).toString("hex")),
    );
    expect(bob.heard.map(({ sequence }) => sequence - bob.heard[0]!.sequence)).toEqual(frames.map((_, n) => n));
    expect(mallory.heard).toHaveLength(0);
  });

  test("RTP-07: between malformed packets of the peer's own, of every kind, its voice goes on without a gap", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMU");
    const bob = await bench.leg("bob", "PCMU");
    bench.send({ kind: "bridge", a: "alice", b: "bob" });
    const broken = (size: number, ...start: readonly number[]): Uint8Array => {
      const packet = new Uint8Array(size);
      packet.set(start.slice(0, size));
      return packet;
    };
    const malformed = [
      broken(1, 0x80),
      broken(20, 0x8f, 0, 0xff, 0xff),
      broken(20, 0x90, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 77, 0xbe, 0xde, 0xff, 0xff),
      Uint8Array.from(broken(20, 0xa0, 0, 0xff, 0xff), (byte, at) => (at === 19 ? 255 : byte)),
      broken(172, 0x00),
      broken(172, 0x40),
      broken(172, 0xc0),
      broken(65_507, 0x80, 0, 0xff, 0xff),
      broken(11, 0x80),
    ];
    for (let n = 0; n < malformed.length; n++) {
      alice.send(malformed[n]!);
      alice.say(0, new Uint8Array(160).fill(n + 1));
      await bob.hears(n + 1);
    }
    expect(bob.heard.map(({ payload, sequence }) => [payload.length, payload[0], sequence - bob.heard[0]!.sequence])).toEqual(
      malformed.map((_, n) => [160, n + 1, n]),
    );
  });

  test("mute is silence for the other side, packet for packet", async () => {
    const bench = new Bench();
    const alice = await bench.leg("alice", "PCMU");
    const bob = await bench.leg("bob", "PCMA");
    bench.send({ kind: "bridge", a: "alice", b: "bob" }, { kind: "mute", streamId: "alice", muted: true });
    await alice.tone(700, 5);
    await bob.hears(5);
    expect(bob.samples().every((sample) => Math.abs(sample) <= 8)).toBe(true);
    bench.send({ kind: "mute", streamId: "alice", muted: false });
    await alice.tone(700, 5);
    await bob.hears(10);
    expect(share(bob.samples().slice(5 * 160), 700)).toBeGreaterThan(0.9);
  });
});
