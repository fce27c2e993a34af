// One stream in virtual time: reports both ways, silence and its end, digits to the peer, hold, and what it must not take.
import { describe, expect, test } from "bun:test";
import { fakeEnv } from "../support/fake-env.ts";
import { encoderOf } from "./codec/codec.ts";
import { encodeG711, muLawDecode } from "./codec/g711.ts";
import { DigitReceiver, DigitSender } from "./dtmf.ts";
import { ToneReceiver } from "./dtmf-tones.ts";
import { hasMarker, payloadType, sequenceNumber, timestamp, timestampDistance, writeHeader } from "./rtp/packet.ts";
import { buildRtcp, parseRtcp, type RtcpPacket } from "./rtp/rtcp.ts";
import { MediaStream } from "./stream.ts";

class Phone {
  readonly told: string[] = [];
  readonly packets: Uint8Array[] = [];
  readonly reports: RtcpPacket[] = [];
  readonly stream: MediaStream;
  private sequence = 0;

  constructor(
    readonly env = fakeEnv(),
    dtmfPayloadType: number | null = 101,
  ) {
    this.stream = new MediaStream("alice", env, {
      onConnected: () => this.told.push("connected"),
      onDigit: (digit, durationMs) => this.told.push(`digit ${digit} ${durationMs}`),
      onTrouble: ({ direction, trouble, forMs }) => this.told.push(`${direction} ${trouble?.cause ?? "well"} ${forMs}`),
      onStats: () => this.told.push("stats"),
      onBug: (error) => {
        throw error;
      },
    });
    this.stream.format = { codec: "PCMU", payloadType: 0, dtmfPayloadType, dtmfUnitsPerMs: 8 };
    this.stream.direction = "sendrecv";
    this.stream.transport = {
      isReady: true,
      ...{ refused: 0, refusedFrom: "", peerAddress: "192.0.2.7:4000", isBrowser: false, isGone: false, protocol: "udp" },
      protection: "none",
      sendRtp: (packet) => void this.packets.push(packet.slice()),
      sendRtcp: (packet) => void this.reports.push(...(parseRtcp(packet) ?? [])),
      housekeep: () => undefined,
      close: () => undefined,
    };
  }

  say(count = 1, { type = 0, payload = new Uint8Array(160), everyMs = 20, ssrc = 77 } = {}): void {
    for (let n = 0; n < count; n++) {
      const packet = new Uint8Array(12 + payload.length);
      writeHeader(packet, false, type, this.sequence & 0xffff, (this.sequence * 160) >>> 0, ssrc);
      packet.set(payload, 12);
      this.sequence++;
      this.stream.onRtp(packet);
      this.env.advance(everyMs);
    }
  }

  /** Seconds of housekeeping. */
  seconds(count: number): void {
    for (let n = 0; n < count; n++) {
      this.env.advance(1_000);
      this.stream.housekeep(this.env.clock.monotonic());
    }
  }

  ticks(count: number): void {
    for (let n = 0; n < count; n++) {
      this.env.advance(20);
      this.stream.tick(this.env.clock.monotonic());
    }
  }

  skip(count: number): void {
    this.sequence += count;
  }
}

describe("reports", () => {
  test("say what was lost and how late, every five seconds, and who we are", () => {
    const phone = new Phone();
    phone.say(50);
    phone.skip(10);
    phone.say(40);
    phone.seconds(10);
    const receiver = phone.reports.filter((packet) => packet.kind === "receiver-report");
    expect(receiver).toHaveLength(2);
    expect(receiver[0]!.reports[0]).toMatchObject({
      ssrc: 77,
      packetsLost: 10,
      fractionLost: Math.floor((10 * 256) / 100),
      highestSequence: 99,
    });
    expect(receiver[1]!.reports[0]).toMatchObject({ fractionLost: 0, packetsLost: 10 });
    expect(phone.reports.filter((packet) => packet.kind === "source-description")).toHaveLength(2);
    expect(phone.stream.stats()).toMatchObject({ packetsReceived: 90, packetsLost: 10 });
  });

  test("of a speaker carry its clock, and the peer's answer tells the round trip and the loss there", () => {
    const phone = new Phone();
    phone.stream.digitsOut = new DigitSender("1", 100, 100);
    phone.ticks(10);
    phone.seconds(6);
    const sent = phone.reports.find((packet) => packet.kind === "sender-report")!;
    if (sent.kind !== "sender-report") throw new Error("unreachable");
    expect(sent.packets).toBe(phone.packets.length);
    const age = timestampDistance(timestamp(phone.packets[0]!), sent.rtpTimestamp);
    expect(age).toBeGreaterThan(4_000 * 8);
    phone.env.advance(150);
    // The peer held the report back until 80 ms before now.
    const middle = ((sent.ntpSeconds << 16) | (sent.ntpFraction >>> 16)) >>> 0;
    const elapsed =
      ((phone.env.clock.now() / 1000 + 2_208_988_800) * 65_536 - ((sent.ntpSeconds >>> 0) + sent.ntpFraction / 2 ** 32) * 65_536) | 0;
    const delay = elapsed - Math.round(0.08 * 65_536);
    const block = { ssrc: phone.stream.out.ssrc, fractionLost: 0, packetsLost: 3, highestSequence: 1, jitter: 0 };
    const answer = { ...block, lastSenderReport: middle, delaySinceLastSenderReport: delay };
    phone.stream.onRtcp(buildRtcp([{ kind: "receiver-report", ssrc: 1, reports: [answer] }]));
    expect(phone.stream.stats().remotePacketsLost).toBe(3);
    expect(phone.stream.stats().roundTripMs!).toBeCloseTo(80, 0);
  });

  test("RTP-06: about somebody else, or garbage, change nothing", () => {
    const phone = new Phone();
    const block = {
      ssrc: 1,
      fractionLost: 0,
      packetsLost: 3,
      highestSequence: 1,
      jitter: 0,
      lastSenderReport: 9,
      delaySinceLastSenderReport: 9,
    };
    phone.stream.onRtcp(buildRtcp([{ kind: "receiver-report", ssrc: 1, reports: [block] }]));
    phone.stream.onRtcp(new Uint8Array(7));
    expect(phone.stream.stats()).toMatchObject({ remotePacketsLost: null, roundTripMs: null });
  });

  test("RTP-06: in storms, of goodbyes, applications, feedback and nonsense, are answered by nothing and end nothing", () => {
    const phone = new Phone();
    phone.say(10);
    const bye = buildRtcp([{ kind: "bye", ssrcs: [77, phone.stream.out.ssrc] }]);
    const framed = (type: number): Uint8Array => Uint8Array.of(0x81, type, 0, 2, 0, 0, 0, 77, 0, 0, 0, 1);
    const told = phone.told.length;
    for (let n = 0; n < 1_000; n++)
      for (const report of [bye, framed(204), framed(205), framed(206), framed(207), bye.subarray(0, 7)]) phone.stream.onRtcp(report);
    expect([phone.packets, phone.reports, phone.told.length]).toEqual([[], [], told]);
    phone.say(10);
    expect(phone.stream.stats()).toMatchObject({ packetsReceived: 20, packetsLost: 0 });
  });

  test("end with a goodbye", () => {
    const phone = new Phone();
    phone.say();
    phone.stream.close();
    expect(phone.reports.at(-1)).toEqual({ kind: "bye", ssrcs: [phone.stream.out.ssrc] });
    phone.say();
    expect(phone.told).toEqual(["connected"]);
  });
});

describe("silence", () => {
  test("is told within five seconds of the answer or of the last packet, and its end", () => {
    const phone = new Phone();
    phone.seconds(20);
    phone.stream.isAnswered = true;
    phone.seconds(5);
    phone.say(200);
    phone.seconds(1);
    phone.seconds(4);
    phone.say(2);
    phone.seconds(1);
    expect(phone.told.filter((line) => line !== "stats")).toEqual([
      "from never-came 4000",
      "connected",
      "from well 9000",
      "from stopped 4000",
      "from well 5040",
    ]);
  });

  test("is none while the peer is not meant to speak, or says that it is quiet", () => {
    const held = new Phone();
    held.stream.isAnswered = true;
    held.stream.direction = "sendonly";
    held.seconds(20);
    const quiet = new Phone();
    quiet.stream.isAnswered = true;
    for (let n = 0; n < 20; n++) {
      quiet.say(1, { type: 13, payload: new Uint8Array(1) });
      quiet.seconds(1);
    }
    expect([...held.told, ...quiet.told].filter((line) => /from|to/.test(line))).toEqual([]);
  });

  test("that arrives in packets is told when nothing ever sounded", () => {
    const phone = new Phone();
    phone.stream.isAnswered = true;
    const secondOf = (payload: Uint8Array<ArrayBuffer>): void => {
      phone.say(50, { payload });
      phone.stream.housekeep(phone.env.clock.monotonic());
    };
    for (let n = 0; n < 6; n++) secondOf(new Uint8Array(160).fill(0xff));
    // One sample is enough: at 1,000 Hz every fourth is zero.
    secondOf(new Uint8Array(160).fill(0xff).fill(0x31, 3, 4));
    // Whoever has sounded once may be silent.
    for (let n = 0; n < 40; n++) secondOf(new Uint8Array(160).fill(0xff));
    expect(phone.told.filter((line) => /from|to/.test(line))).toEqual(["from only-silence 0", "from well 2000"]);
  });

  test("in G.722 is known although its codes never rest, and so is a soft voice", () => {
    const phone = new Phone();
    phone.stream.format = { codec: "G722", payloadType: 9, dtmfPayloadType: 101, dtmfUnitsPerMs: 8 };
    phone.stream.isAnswered = true;
    const encoder = encoderOf("G722");
    const secondOf = (level: number): void => {
      for (let n = 0; n < 50; n++) {
        const payload = new Uint8Array(160);
        encoder.encode(
          Int16Array.from({ length: 160 }, (_, i) => Math.round(level * Math.sin(i / 4))),
          0,
          160,
          payload,
          0,
        );
        phone.say(1, { type: 9, payload });
      }
      phone.stream.housekeep(phone.env.clock.monotonic());
    };
    for (let n = 0; n < 6; n++) secondOf(0);
    secondOf(60);
    secondOf(60);
    expect(phone.told.filter((line) => /from|to/.test(line))).toEqual(["from only-silence 0", "from well 2000"]);
  });
});

test("a browser's reports of what it sends, which say nothing of what it hears, are no sign that it hears nothing", () => {
  const phone = new Phone();
  phone.stream.isAnswered = true;
  phone.stream.transport = { ...phone.stream.transport!, isBrowser: true };
  const { stream } = phone;
  const sender = { kind: "sender-report", ssrc: 77, ntpSeconds: 1, ntpFraction: 0, rtpTimestamp: 0, packets: 9, octets: 9 } as const;
  const reported = (report: RtcpPacket): void => {
    stream.digitsOut = new DigitSender("1", 2_200, 100);
    phone.ticks(110);
    phone.say(1);
    stream.onRtcp(buildRtcp([report]));
    phone.seconds(1);
  };
  for (let n = 0; n < 4; n++) reported({ ...sender, reports: [] });
  expect(phone.told.filter((line) => line.startsWith("to"))).toEqual([]);
  for (let n = 0; n < 4; n++) reported({ kind: "receiver-report", ssrc: 77, reports: [] });
  expect(phone.told.filter((line) => line.startsWith("to"))).toEqual(["to not-received 0"]);
});

describe("how it sounds", () => {
  test("is scored every five seconds, with the worst and the average of them", () => {
    const phone = new Phone();
    const window = (lost: number): void => {
      phone.skip(lost);
      phone.env.advance(lost * 20);
      phone.say(250 - lost);
      phone.stream.housekeep(phone.env.clock.monotonic());
    };
    for (const lost of [0, 25, 0]) window(lost);
    const { from, to } = phone.stream.lastStats();
    expect(from!.mos).toBeGreaterThan(4.2);
    expect(from!.mosMin).toBeLessThan(3.5);
    expect(from!.mosAvg).toBeGreaterThan(3.5);
    expect(to).toBeNull();
  });

  test("there is what the peer reports: loss, jitter and round trip", () => {
    const phone = new Phone();
    const block = { ssrc: phone.stream.out.ssrc, packetsLost: 20, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const told = { ...block, fractionLost: 64, highestSequence: 250, jitter: 80 };
    phone.stream.onRtcp(buildRtcp([{ kind: "receiver-report", ssrc: 1, reports: [told] }]));
    const { to, remoteJitterMs, remotePacketsLost } = phone.stream.stats();
    expect([remoteJitterMs, remotePacketsLost, to!.lossPercent]).toEqual([10, 20, 25]);
    expect(to!.mos).toBeLessThan(2.6);
  });
});

describe("digits to the peer", () => {
  test("are heard there once each, and audio of ours goes on around them", () => {
    const phone = new Phone();
    phone.stream.digitsOut = new DigitSender("12", 100, 80);
    phone.ticks(30);
    const receiver = new DigitReceiver();
    const heard = phone.packets.flatMap((packet, index) =>
      receiver.push(packet, 12, packet.length, sequenceNumber(packet), timestamp(packet), index * 20),
    );
    expect(heard).toEqual([
      { digit: "1", durationMs: 100 },
      { digit: "2", durationMs: 100 },
    ]);
    expect(new Set(phone.packets.map(payloadType))).toEqual(new Set([101]));
    expect(phone.packets.filter(hasMarker)).toHaveLength(2);
    expect(phone.packets.map((packet, index) => sequenceNumber(packet) - index)).toEqual(
      phone.packets.map(() => sequenceNumber(phone.packets[0]!)),
    );
    expect(phone.stream.isSpeaking).toBe(false);
  });

  test("cover the partner for as long as they sound", () => {
    const env = fakeEnv();
    const [alice, bob] = [new Phone(env), new Phone(env)];
    alice.stream.partner = bob.stream;
    bob.stream.digitsOut = new DigitSender("1", 100, 40);
    alice.say(3);
    expect(bob.packets).toHaveLength(0);
    bob.ticks(10);
    alice.say(3);
    expect(bob.packets.filter((packet) => payloadType(packet) === 0)).toHaveLength(3);
  });
});

describe("the partner hears", () => {
  test("nothing while it is held, and goes on without a gap", () => {
    const env = fakeEnv();
    const [alice, bob] = [new Phone(env), new Phone(env)];
    alice.stream.partner = bob.stream;
    alice.say(2);
    bob.stream.direction = "recvonly";
    alice.say(5);
    bob.stream.direction = "sendrecv";
    alice.say(2);
    const [first] = bob.packets;
    expect(bob.packets.map((packet) => sequenceNumber(packet) - sequenceNumber(first!))).toEqual([0, 1, 2, 3]);
    expect(bob.packets.map((packet) => timestampDistance(timestamp(first!), timestamp(packet)) / 160)).toEqual([0, 1, 7, 8]);
  });

  test("no digit when it was offered none, and its numbers show no loss", () => {
    const env = fakeEnv();
    const [alice, bob] = [new Phone(env), new Phone(env, null)];
    alice.stream.partner = bob.stream;
    alice.say(1);
    alice.say(1, { type: 101, payload: Uint8Array.of(5, 0x8a, 1, 64) });
    alice.say(1);
    expect(alice.told).toEqual(["connected", "digit 5 40"]);
    expect(bob.packets.map((packet) => sequenceNumber(packet) - sequenceNumber(bob.packets[0]!))).toEqual([0, 1]);
  });

  test("RTP-08: no digit of somebody who is muted", () => {
    const env = fakeEnv();
    const [alice, bob] = [new Phone(env), new Phone(env)];
    alice.stream.partner = bob.stream;
    alice.stream.muted = true;
    alice.say(1, { type: 101, payload: Uint8Array.of(5, 0x8a, 1, 64) });
    alice.say(1, { payload: new Uint8Array(160).fill(3) });
    expect(bob.packets.map((packet) => [payloadType(packet), packet[20]])).toEqual([[0, 0xff]]);
  });
});

test("RTP-07: other codecs, malformed packets and wild numbers are counted and not used", () => {
  const phone = new Phone();
  phone.say(3);
  phone.say(2, { type: 18 });
  phone.stream.onRtp(new Uint8Array(11));
  phone.skip(20_000);
  phone.say(1);
  expect(phone.stream.stats()).toMatchObject({ packetsReceived: 3, packetsDiscarded: 4 });
});

describe("a peer without events", () => {
  const key = (digit: string): Uint8Array<ArrayBuffer>[] => {
    const sender = new DigitSender(digit, 100, 60);
    const frame = new Int16Array(160);
    return Array.from({ length: 10 }, () => {
      sender.sound(frame);
      return new Uint8Array(encodeG711(frame, "PCMU"));
    });
  };

  test("is heard by its tones, which whoever takes events is spared", () => {
    for (const dtmf of [101, null]) {
      const [alice, bob] = [new Phone(fakeEnv(), null), new Phone(fakeEnv(), dtmf)];
      [alice.stream.partner, bob.stream.partner] = [bob.stream, alice.stream];
      for (const payload of key("5")) alice.say(1, { payload });
      // Between two who both have digits in the voice nobody listens for them.
      const told = alice.told.filter((line) => line.startsWith("digit")).map((line) => line.slice(0, 7));
      expect(told).toEqual(dtmf === null ? [] : ["digit 5"]);
      const level = (packet: Uint8Array): number => Math.max(...[...packet.subarray(12)].map((code) => Math.abs(muLawDecode[code]!)));
      // As long as it takes to know that it is one.
      const loud = bob.packets.filter((packet) => level(packet) > 1_000).length;
      if (dtmf === null) expect(loud).toBe(5);
      else expect(loud).toBeLessThan(3);
      expect(bob.packets.length).toBe(10);
    }
  });

  test("is heard to the end of a key that it began while somebody listened", () => {
    const [alice, bob] = [new Phone(fakeEnv(), null), new Phone(fakeEnv(), null)];
    for (const [at, payload] of key("5").entries()) {
      if (at === 4) [alice.stream.partner, bob.stream.partner] = [bob.stream, alice.stream];
      alice.say(1, { payload });
    }
    const told = (): string[] => alice.told.filter((line) => line.startsWith("digit"));
    expect(told()).toEqual([expect.stringMatching(/^digit 5 (9|10|11)\d$/)]);
    alice.stream.partner = null;
    alice.say(20);
    expect(told().length).toBe(1);
  });

  test("gets digits as tones", () => {
    const alice = new Phone(fakeEnv(), null);
    alice.stream.digitsOut = new DigitSender("7", 100, 60);
    alice.ticks(8);
    const receiver = new ToneReceiver();
    const heard = alice.packets.map((packet) =>
      receiver.push(
        Int16Array.from(packet.subarray(12), (code) => muLawDecode[code]!),
        160,
      ),
    );
    expect(heard.flatMap((digit) => digit?.digit ?? [])).toEqual(["7"]);
    expect(new Set(alice.packets.map(payloadType))).toEqual(new Set([0]));
    expect(alice.stream.digitsOut).toBeNull();
  });
});
