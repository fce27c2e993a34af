// Opus between two who speak it and between one who does and one who does not: what is heard, under which clock, and digits.
import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fakeEnv } from "../support/fake-env.ts";
import { type Decoder, decoderOf, type Encoder, encoderOf, silence } from "./codec/codec.ts";
import { prepareOpus } from "./codec/opus.ts";
import { DigitSender } from "./dtmf.ts";
import type { CodecName } from "./plane.ts";
import { Player } from "./player.ts";
import { payloadType, sequenceNumber, timestamp, writeHeader } from "./rtp/packet.ts";
import { MediaStream } from "./stream.ts";
import { codesOf, decodedBy, samplesOf, share } from "./support/listening.ts";
import { toneSamples } from "./tone.ts";

const types: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };
const units = (codec: CodecName): 8 | 48 => (codec === "OPUS" ? 48 : 8);

beforeAll(prepareOpus);

/** What was asked of the library is there after the promises that are settled already. */
async function ready<T>(made: T): Promise<T> {
  await new Promise((done) => setImmediate(done));
  return made;
}

class Peer {
  readonly heard: Uint8Array[] = [];
  readonly digits: string[] = [];
  readonly stream: MediaStream;

  constructor(
    readonly codec: CodecName,
    env = fakeEnv(),
  ) {
    this.stream = new MediaStream(codec, env, {
      ...{ onConnected: () => undefined, onTrouble: () => undefined, onStats: () => undefined },
      onDigit: (digit, durationMs) => void this.digits.push(`${digit} ${durationMs}`),
      onBug: (error) => {
        throw error;
      },
    });
    this.stream.format = { codec, payloadType: types[codec], dtmfPayloadType: 101, dtmfUnitsPerMs: units(codec) };
    this.stream.direction = "sendrecv";
    this.stream.transport = {
      ...{
        isReady: true,
        refused: 0,
        refusedFrom: "",
        peerAddress: "",
        isBrowser: false,
        protocol: "udp",
        isGone: false,
        protection: "none",
      },
      sendRtp: (packet) => void this.heard.push(packet.slice()),
      ...{ sendRtcp: () => undefined, housekeep: () => undefined, close: () => undefined },
    };
  }

  private sequence = 0;
  say(payload: Uint8Array, time: number, type = types[this.codec]): void {
    const packet = new Uint8Array(12 + payload.length);
    writeHeader(packet, false, type, this.sequence++, time >>> 0, 77);
    packet.set(payload, 12);
    this.stream.onRtp(packet);
  }

  get payloads(): Uint8Array[] {
    return this.heard.map((packet) => packet.subarray(12));
  }

  /** How much later each packet's timestamp is than the one's before. */
  get steps(): number[] {
    return this.heard.slice(1).map((packet, n) => (timestamp(packet) - timestamp(this.heard[n]!)) | 0);
  }
}

async function bridged(a: CodecName, b: CodecName): Promise<[Peer, Peer]> {
  const env = fakeEnv();
  const [one, other] = [new Peer(a, env), new Peer(b, env)];
  [one.stream.partner, other.stream.partner] = [other.stream, one.stream];
  return ready([one, other]);
}

const tone = toneSamples([440], 1_000, 0);
const frames = (encoder: Encoder, samples = 160): Uint8Array[] =>
  Array.from({ length: Math.floor(tone.length / samples) }, (_, n) =>
    codesOf(tone.subarray(n * samples, (n + 1) * samples), encoder).slice(),
  );
const opusFrames = async (): Promise<Uint8Array[]> => frames(await ready(encoderOf("OPUS")));

describe("between two", () => {
  test("who both speak it, packets go on as they came", async () => {
    const [alice, bob] = await bridged("OPUS", "OPUS");
    const said = await opusFrames();
    for (const [n, payload] of said.entries()) alice.say(payload, n * 960);
    expect(bob.payloads).toEqual(said);
    expect(new Set(bob.steps)).toEqual(new Set([960]));
    expect(new Set(bob.heard.map(payloadType))).toEqual(new Set([111]));
  });

  test.each(["PCMA", "PCMU", "G722"] as const)("of whom one has %s only, both are heard, each under its own clock", async (narrow) => {
    const [alice, bob] = await bridged("OPUS", narrow);
    for (const [n, payload] of (await opusFrames()).entries()) alice.say(payload, n * 960);
    expect(share(samplesOf(bob.payloads, narrow).subarray(800), 440)).toBeGreaterThan(0.9);
    expect(new Set(bob.steps)).toEqual(new Set([160]));
    for (const [n, payload] of frames(encoderOf(narrow)).entries()) bob.say(payload, n * 160);
    const heard = decodedBy(await ready(decoderOf("OPUS")), alice.payloads);
    expect(share(heard.subarray(800), 440)).toBeGreaterThan(0.9);
    expect(new Set(alice.steps)).toEqual(new Set([960]));
  });

  test("packets of 30 and 60 ms become such as Opus has, in order and without a gap", async () => {
    for (const [samples, steps] of [
      [240, [960, 480]],
      [480, [960]],
    ] as const) {
      const [alice, bob] = await bridged("OPUS", "PCMA");
      for (const [n, payload] of frames(encoderOf("PCMA"), samples).entries()) bob.say(payload, n * samples);
      const numbers = alice.heard.map(sequenceNumber);
      expect(numbers).toEqual(numbers.map((_, n) => (numbers[0]! + n) & 0xffff));
      expect(new Set(alice.steps)).toEqual(new Set(steps));
      expect(share(decodedBy(await ready(decoderOf("OPUS")), alice.payloads).subarray(800), 440)).toBeGreaterThan(0.9);
    }
  });

  test("a clock of 48 kHz that runs over its 32 bits goes on at 8, however often", async () => {
    const [alice, bob] = await bridged("OPUS", "PCMA");
    const payload = (await opusFrames())[9]!;
    // Nine hours of timestamps at a time, which is as far as two can be told apart.
    for (let n = 0; n < 40; n++) alice.say(payload, 0x5fff_fff0 * n);
    expect(bob.steps.map((step) => step >>> 0).every((step) => Math.abs(step - 0x5fff_fff0 / 6) <= 1)).toBe(true);
  });

  test("what is muted is silence, and what is no Opus is not heard and harms nothing", async () => {
    const [alice, bob] = await bridged("OPUS", "PCMA");
    alice.stream.muted = true;
    for (const [n, payload] of (await opusFrames()).entries()) {
      alice.say(payload, n * 960);
      await ready(alice);
    }
    const heard = samplesOf(bob.payloads, "PCMA");
    expect(bob.heard.length).toBe(50);
    expect(Math.max(...heard.map(Math.abs))).toBeLessThanOrEqual(16);
    alice.stream.muted = false;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_400 }), (payload) => alice.say(payload, 0)));
  });
});

describe("digits", () => {
  test("are told once with their length, and go on under the other's clock", async () => {
    const [alice, bob] = await bridged("OPUS", "PCMA");
    const event = (end: number, ms: number): Uint8Array => Uint8Array.of(5, end | 10, (ms * 48) >> 8, (ms * 48) & 0xff);
    for (const [end, ms] of [
      [0, 20],
      [0, 100],
      [0x80, 120],
      [0x80, 120],
    ] as const)
      alice.say(event(end, ms), 0, 101);
    expect(alice.digits).toEqual(["5 120"]);
    expect(bob.payloads.map((payload) => [payload[0], ((payload[2]! << 8) | payload[3]!) / 8])).toEqual(
      [20, 100, 120, 120].map((ms) => [5, ms]),
    );
    bob.say(Uint8Array.of(7, 0x8a, 0x40, 0), 0, 101);
    expect(bob.digits).toEqual(["7 2048"]);
    // As long as it can be said there.
    expect([...alice.payloads[0]!]).toEqual([7, 0x8a, 0xff, 0xff]);
  });

  test("that we send count its clock", async () => {
    const alice = await ready(new Peer("OPUS"));
    alice.stream.digitsOut = new DigitSender("1", 100, 60, 48);
    for (let n = 0; n < 5; n++) alice.stream.tick(n * 20);
    expect(alice.payloads.map((payload) => ((payload[2]! << 8) | payload[3]!) / 48)).toEqual([20, 40, 60, 80, 100, 100, 100]);
    expect(new DigitSender("1", 5_000, 60, 48).tick().length).toBe(1);
  });
});

test("a prompt is heard, and a stream that is closed says nothing more", async () => {
  const alice = await ready(new Peer("OPUS"));
  alice.stream.player = new Player("p", [tone], false);
  for (let n = 0; n < 50; n++) alice.stream.tick(n * 20);
  expect(share(decodedBy(await ready(decoderOf("OPUS")), alice.payloads).subarray(800), 440)).toBeGreaterThan(0.9);
  expect(new Set(alice.steps)).toEqual(new Set([960]));
  const { stream } = alice;
  stream.close();
  stream.saySamples(tone, 2_000);
  expect(alice.heard.length).toBe(50);
});

test("its silence is silent, even where a packet is too short to hold it", async () => {
  const decoder: Decoder = await ready(decoderOf("OPUS"));
  for (const size of [1, 2, 3, 60]) {
    const packet = new Uint8Array(12 + size).fill(0x55);
    const end = silence("OPUS", packet, 12, packet.length);
    const samples = new Int16Array(1_500);
    decoder.decode(packet, 12, end, samples);
    expect(Math.max(...samples.map(Math.abs))).toBeLessThanOrEqual(8);
  }
});
