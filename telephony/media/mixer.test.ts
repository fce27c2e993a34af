// A mix in virtual time: who hears whom, tone by tone, and what is shared.
import { describe, expect, test } from "bun:test";
import { fakeEnv } from "../support/fake-env.ts";
import { type Encoder, encoderOf } from "./codec/codec.ts";
import { DigitSender } from "./dtmf.ts";
import { Mixer } from "./mixer.ts";
import type { CodecName, Direction } from "./plane.ts";
import { Player } from "./player.ts";
import { hasMarker, payloadType, sequenceNumber, timestamp, writeHeader } from "./rtp/packet.ts";
import { MediaStream } from "./stream.ts";
import { codesOf, samplesOf, share } from "./support/listening.ts";

const types: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };

/** The other end of one stream: says a tone when it says something, and keeps what it hears. */
class Party {
  readonly heard: Uint8Array[] = [];
  readonly digits: string[] = [];
  readonly stream: MediaStream;
  hz: number | null = null;
  amplitude = 4_000;
  private n = 0;
  private readonly encoder: Encoder;

  constructor(
    readonly name: string,
    env: ReturnType<typeof fakeEnv>,
    readonly codec: CodecName,
  ) {
    this.encoder = encoderOf(codec);
    this.stream = new MediaStream(name, env, {
      onConnected: () => undefined,
      onDigit: (digit) => void this.digits.push(digit),
      onTrouble: () => undefined,
      onStats: () => undefined,
      onBug: (error) => {
        throw error;
      },
    });
    this.stream.format = { codec, payloadType: types[codec], dtmfPayloadType: 101, dtmfUnitsPerMs: 8 };
    this.stream.direction = "sendrecv";
    this.stream.transport = {
      isReady: true,
      ...{ refused: 0, refusedFrom: "", peerAddress: "192.0.2.7:4000", isBrowser: false, isGone: false, protocol: "udp" },
      protection: "none",
      sendRtp: (packet) => void this.heard.push(packet.slice()),
      sendRtcp: () => undefined,
      housekeep: () => undefined,
      close: () => undefined,
    };
  }

  speak(): void {
    const { hz } = this;
    const at = this.n++ * 160;
    if (hz === null) return;
    const tone = Int16Array.from({ length: 160 }, (_, i) => Math.round(this.amplitude * Math.sin((2 * Math.PI * hz * (at + i)) / 8_000)));
    this.packet(this.stream.format!.payloadType, codesOf(tone, this.encoder), at);
  }

  press(digit: number): void {
    for (const end of [0, 0x80, 0x80]) this.packet(101, Uint8Array.of(digit, end | 10, 3, 32), this.n * 160);
  }

  private sequence = 0;
  private packet(type: number, payload: Uint8Array, at: number): void {
    const packet = new Uint8Array(12 + payload.length);
    writeHeader(packet, false, type, this.sequence++ & 0xffff, at, 77);
    packet.set(payload, 12);
    this.stream.onRtp(packet);
  }

  /** What was heard in the last so many frames. */
  samples(frames: number): Int16Array {
    const payloads = this.heard.map((packet) => packet.subarray(12));
    return samplesOf(payloads, this.codec).subarray(Math.max(0, payloads.length - frames) * 160);
  }

  /** Those whose tones were in the last 400 ms. */
  hears(all: readonly Party[]): string[] {
    return all.filter(({ hz }) => hz !== null && share(this.samples(20), hz) > 0.02).map(({ name }) => name);
  }
}

class Room {
  readonly env = fakeEnv();
  readonly mixer = new Mixer();
  readonly parties: Party[] = [];

  join(name: string, hz: number | null, heardBy: readonly string[] | null = null, codec: CodecName = "PCMU"): Party {
    const party = new Party(name, this.env, codec);
    party.hz = hz;
    this.parties.push(party);
    this.mixer.put(party.stream, heardBy);
    return party;
  }

  pass(ticks: number): void {
    for (let n = 0; n < ticks; n++) {
      for (const party of this.parties) party.speak();
      this.env.advance(20);
      this.mixer.tick(this.env.clock.monotonic());
    }
  }

  /** Who hears whom. */
  heard(): Record<string, string[]> {
    return Object.fromEntries(this.parties.map((party) => [party.name, party.hears(this.parties)]));
  }
}

describe("each hears", () => {
  test("exactly the others, in its own codec", () => {
    const room = new Room();
    const codecs: CodecName[] = ["PCMU", "PCMA", "G722"];
    const names = ["alice", "bob", "carol", "dave", "erin", "frank"];
    for (const [i, name] of names.entries()) room.join(name, 400 + i * 250, null, codecs[i % 3]!);
    room.pass(60);
    for (const party of room.parties) {
      expect(party.hears(room.parties)).toEqual(names.filter((name) => name !== party.name));
      expect(new Set(party.heard.map(payloadType))).toEqual(new Set([types[party.codec]]));
    }
  });

  test("all but whom it must not hear: a monitor is heard by nobody, a coach by one, and both hear all", () => {
    const room = new Room();
    room.join("caller", 400);
    room.join("agent", 700);
    room.join("coach", 1_000, ["agent"]);
    room.join("monitor", 1_300, []);
    room.pass(60);
    expect(room.heard()).toEqual({
      caller: ["agent"],
      agent: ["caller", "coach"],
      coach: ["caller", "agent"],
      monitor: ["caller", "agent"],
    });
  });

  test("whispers in any combination", () => {
    const room = new Room();
    room.join("a", 400, ["b", "c"]);
    room.join("b", 700, ["c"]);
    room.join("c", 1_000, ["b", "c", "nobody"]);
    room.join("d", 1_300);
    room.join("e", null);
    room.pass(60);
    expect(room.heard()).toEqual({ a: ["d"], b: ["a", "c", "d"], c: ["a", "b", "d"], d: [], e: ["d"] });
  });

  test("others from when it may until it may no more", () => {
    const room = new Room();
    const [caller, agent] = [room.join("caller", 400), room.join("agent", 700)];
    const monitor = room.join("monitor", 1_000, []);
    room.pass(60);
    expect(monitor.hears(room.parties)).toEqual(["caller", "agent"]);
    expect(agent.hears(room.parties)).toEqual(["caller"]);
    room.mixer.put(monitor.stream, ["agent"]);
    room.pass(60);
    expect(agent.hears(room.parties)).toEqual(["caller", "monitor"]);
    expect(caller.hears(room.parties)).toEqual(["agent"]);
    room.mixer.put(monitor.stream, null);
    room.pass(60);
    expect(caller.hears(room.parties)).toEqual(["agent", "monitor"]);
    room.mixer.put(monitor.stream, []);
    room.pass(1);
    const before = agent.heard.length;
    room.pass(20);
    expect(agent.heard.length).toBe(before + 20);
    expect(agent.hears(room.parties)).toEqual(["caller"]);
  });

  test("who comes later, and nothing more of who has left, who hears nothing more either", () => {
    const room = new Room();
    const [alice, bob] = [room.join("alice", 400), room.join("bob", 700)];
    room.pass(40);
    const carol = room.join("carol", 1_000);
    room.pass(40);
    expect(room.heard()).toEqual({ alice: ["bob", "carol"], bob: ["alice", "carol"], carol: ["alice", "bob"] });
    room.mixer.remove(bob.stream);
    const heard = bob.heard.length;
    room.pass(20);
    expect([alice, carol].map((party) => party.hears(room.parties))).toEqual([["carol"], ["alice"]]);
    expect(bob.heard.length).toBe(heard);
    expect(bob.stream.voice).toBeNull();
    for (const party of [alice, carol]) room.mixer.remove(party.stream);
    expect(room.mixer.isEmpty).toBe(true);
  });
});

describe("the sum", () => {
  test("stays at the loudest where voices together are louder", () => {
    const room = new Room();
    for (const name of ["alice", "bob", "carol"]) room.join(name, 437).amplitude = 30_000;
    const listener = room.join("listener", null, null, "PCMA");
    room.pass(40);
    const samples = listener.samples(20);
    const crest = samples.filter((sample) => Math.abs(sample) > 31_000).length / samples.length;
    // Three sines of 30,000 are beyond the loudest for all but the steep part around zero.
    expect(crest).toBeGreaterThan(0.7);
    // Nothing turns over: from one crest to the next there is one change of sign.
    const crossings = samples.filter((sample, i) => i > 0 && sample < 0 !== samples[i - 1]! < 0).length;
    expect(crossings).toBeLessThanOrEqual((2 * 437 * samples.length) / 8_000 + 1);
  });

  test("is one frame for all who hear the same, however many listen", () => {
    const room = new Room();
    room.join("speaker", 400);
    room.join("coach", 700, ["listener-0", "listener-1"]);
    const payloads = new Map<Uint8Array, number>();
    for (let n = 0; n < 1_000; n++) {
      const { stream } = room.join(`listener-${n}`, null, n % 2 === 0 ? null : []);
      stream.sayMixed = (payload) => void payloads.set(payload, (payloads.get(payload) ?? 0) + 1);
    }
    room.pass(20);
    payloads.clear();
    room.pass(1);
    expect([...payloads.values()].sort((a, b) => a - b)).toEqual([2, 998]);
  });

  test("of nobody is silence, frame by frame, without a gap in numbers", () => {
    const room = new Room();
    const alice = room.join("alice", null, null, "PCMA");
    const bob = room.join("bob", 400);
    bob.amplitude = 0;
    room.pass(50);
    expect(alice.heard.length).toBe(50);
    expect(alice.samples(50).every((sample) => Math.abs(sample) <= 8)).toBe(true);
    const first = alice.heard[0]!;
    for (const [n, packet] of alice.heard.entries()) {
      expect((sequenceNumber(packet) - sequenceNumber(first)) & 0xffff).toBe(n);
      expect((timestamp(packet) - timestamp(first)) >>> 0).toBe(n * 160);
      expect(hasMarker(packet)).toBe(n === 0);
    }
  });
});

describe("a member", () => {
  test("that is muted is heard by nobody from that very frame on, and again when it is not", () => {
    const room = new Room();
    const [alice, bob] = [room.join("alice", 400), room.join("bob", 700)];
    room.pass(40);
    alice.stream.muted = true;
    room.pass(5);
    expect(bob.samples(5).every((sample) => sample === 0)).toBe(true);
    expect(alice.hears(room.parties)).toEqual(["bob"]);
    alice.stream.muted = false;
    room.pass(40);
    expect(bob.hears(room.parties)).toEqual(["alice"]);
  });

  const holds: readonly (readonly [direction: Direction, hears: boolean, isHeard: boolean])[] = [
    ["sendonly", true, false],
    ["recvonly", false, true],
    ["inactive", false, false],
  ];
  for (const [direction, hears, isHeard] of holds)
    test(`on hold (${direction} of ours) hears ${hears ? "all" : "nothing"} and is ${isHeard ? "" : "not "}heard`, () => {
      const room = new Room();
      const [alice, bob] = [room.join("alice", 400), room.join("bob", 700)];
      alice.stream.direction = direction;
      room.pass(40);
      expect(alice.heard.length).toBe(hears ? 40 : 0);
      expect(bob.hears(room.parties)).toEqual(isHeard ? ["alice"] : []);
      expect(bob.heard.length).toBe(40);
    });

  test("to whom something is played hears that, and is heard", () => {
    const room = new Room();
    const [alice, bob] = [room.join("alice", 400), room.join("bob", 700)];
    const carol = room.join("carol", null);
    alice.stream.player = new Player("p", [new Int16Array(8_000)], true);
    room.pass(40);
    expect(alice.heard.length).toBe(0);
    expect(bob.hears(room.parties)).toEqual(["alice"]);
    expect(carol.hears(room.parties)).toEqual(["alice", "bob"]);
    alice.stream.player = null;
    alice.stream.digitsOut = new DigitSender("1", 100, 100);
    room.pass(5);
    expect(alice.heard.length).toBe(0);
    alice.stream.digitsOut = null;
    room.pass(20);
    expect(alice.hears(room.parties)).toEqual(["bob"]);
  });

  test("that presses a key tells it, and nobody hears it", () => {
    const room = new Room();
    const [alice, bob] = [room.join("alice", null), room.join("bob", null)];
    room.pass(10);
    alice.press(5);
    room.pass(20);
    expect(alice.digits).toEqual(["5"]);
    expect(bob.heard.every((packet) => payloadType(packet) === 0)).toBe(true);
    expect(bob.samples(30).every((sample) => sample === 0)).toBe(true);
  });
});
