// A voice under loss, jitter, reorder, duplicates and drift: a tone stays a tone, the delay stays bounded, and the figures say what happened.
import { describe, expect, test } from "bun:test";
import { JitterBuffer } from "./jitter-buffer.ts";
import { share, sharesByTenth } from "./support/listening.ts";

const hz = 440;
/** A path from a phone to a buffer: what it does to the packet `n`, sent at `atMs` of our clock. */
type Path = {
  readonly seconds?: number;
  readonly ptimeMs?: number;
  /** How much faster than ours the sender's clock is. */
  readonly ppm?: number;
  /** When each copy of the packet arrives, after it was sent; none: it is lost. */
  readonly delays?: (n: number, random: () => number) => readonly number[];
  readonly seed?: number;
  /** Says nothing in packets that are not to be sent. */
  readonly isSent?: (n: number) => boolean;
  readonly source?: (n: number) => number;
  /** Timestamp of the packet `n`. */
  readonly time?: (n: number) => number;
  readonly isMarked?: (n: number) => boolean;
};

/** The same numbers each run, others for each seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

class Listener {
  readonly buffer = new JitterBuffer();
  readonly heard: Int16Array;
  readonly delays: number[] = [];

  constructor(path: Path) {
    const { seconds = 20, ptimeMs = 20, ppm = 0, delays = () => [5], seed = 1, isSent = () => true } = path;
    const { source = () => 7, time = (n) => n * ptimeMs * 8, isMarked = () => false } = path;
    const random = randomOf(seed);
    const arrivals: { readonly atMs: number; readonly n: number }[] = [];
    // A packet leaves when its last sample has been said.
    for (let n = 0; n < (seconds * 1_000) / ptimeMs; n++)
      if (isSent(n)) for (const delay of delays(n, random)) arrivals.push({ n, atMs: (n + 1) * ptimeMs * (1 - ppm / 1e6) + delay });
    arrivals.sort((a, b) => a.atMs - b.atMs);
    const ticks = seconds * 50;
    this.heard = new Int16Array(ticks * 160);
    const frame = new Int16Array(160);
    let next = 0;
    for (let tick = 0; tick < ticks; tick++) {
      const atMs = 7 + tick * 20;
      for (; next < arrivals.length && arrivals[next]!.atMs <= atMs; next++) {
        const { n, atMs: nowMs } = arrivals[next]!;
        const packet = this.packet(n, ptimeMs);
        this.buffer.put(packet, packet.length, source(n), time(n) >>> 0, isMarked(n), nowMs);
      }
      if (this.buffer.take(frame, atMs)) this.heard.set(frame, tick * 160);
      this.delays.push(this.buffer.delayMs);
    }
  }

  private packet(n: number, ptimeMs: number): Int16Array {
    const size = ptimeMs * 8;
    return Int16Array.from({ length: size }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * (n * size + i)) / 8_000)));
  }

  /** How much of the sound between two seconds is the tone. */
  tone(from: number, to = this.heard.length / 8_000): number {
    const shares = sharesByTenth(this.heard.subarray(from * 8_000, to * 8_000), hz);
    return shares.reduce((sum, one) => sum + one, 0) / shares.length;
  }

  level(from: number, to: number): number {
    const samples = this.heard.subarray(from * 8_000, to * 8_000);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  }

  get worstDelay(): number {
    return Math.max(...this.delays);
  }
}

const uniform = (ms: number) => (_n: number, random: () => number) => [ms + (random() * 2 - 1) * ms];

test("a path without trouble is heard sample for sample, within two frames and nothing made up", () => {
  const clean = new Listener({});
  const first = clean.heard.findIndex((sample) => sample !== 0) - 1;
  const said = Int16Array.from({ length: 8_000 }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000)));
  // The first 5 ms are faded in.
  expect(clean.heard.slice(first + 40, first + 3_000)).toEqual(said.slice(40, 3_000));
  expect(clean.buffer).toMatchObject({ late: 0, concealed: 0 });
  expect(clean.worstDelay).toBeLessThanOrEqual(45);
  expect(clean.tone(1)).toBeGreaterThan(0.99);
});

describe("a tone is still a tone", () => {
  /** `made`: the share of what is heard that may be made up. */
  const paths: readonly (readonly [name: string, path: Path, least: number, made: number])[] = [
    ["with a tenth of its packets lost", { delays: (_n, random) => (random() < 0.1 ? [] : [5]) }, 0.98, 0.12],
    ["under 40 ms of jitter either way, which is reorder too", { delays: uniform(40) }, 0.998, 0.01],
    ["with pairs in the wrong order", { delays: (n) => [n % 2 === 0 ? 30 : 5] }, 0.998, 0.002],
    ["with everything twice, the second late", { delays: (_n, random) => [5 + random() * 10, 5 + random() * 60] }, 0.998, 0],
    ["with a clock fast by 200 ppm", { ppm: 200, seconds: 300 }, 0.998, 0],
    ["with a clock slow by 200 ppm", { ppm: -200, seconds: 300 }, 0.998, 0],
    [
      "with all of it at once",
      {
        ppm: 200,
        seconds: 120,
        delays: (_n, random) => (random() < 0.1 ? [] : [random() * 80, ...(random() < 0.1 ? [random() * 80] : [])]),
      },
      0.98,
      0.12,
    ],
  ];
  for (const [name, path, least, made] of paths)
    for (const seed of path.delays === undefined ? [1] : [1, 2, 3])
      test(`${name} (${seed})`, () => {
        const listener = new Listener({ ...path, seed });
        expect(listener.tone(3)).toBeGreaterThan(least);
        expect(listener.buffer.concealed).toBeLessThanOrEqual(listener.heard.length * made);
        expect(listener.worstDelay).toBeLessThanOrEqual(140);
        // No growth: the last tenth waits no longer than the rest.
        const last = listener.delays.slice(-listener.delays.length / 10);
        expect(Math.max(...last)).toBeLessThanOrEqual(listener.buffer.targetMs + 25);
      });
  for (const ptimeMs of [10, 20, 30, 40, 60])
    test(`in packets of ${ptimeMs} ms`, () => {
      const listener = new Listener({ ptimeMs, delays: uniform(5) });
      expect(listener.tone(2)).toBeGreaterThan(0.97);
      expect(listener.buffer.concealed).toBeLessThan(listener.heard.length / 100);
      expect(listener.worstDelay).toBeLessThanOrEqual(70);
    });
});

describe("the delay", () => {
  test("grows with jitter, and shrinks again when that is over", () => {
    const listener = new Listener({ seconds: 90, delays: (n, random) => [n > 500 && n < 1_500 ? random() * 120 : 5] });
    const at = (second: number) => listener.delays[second * 50]!;
    expect(at(9)).toBeLessThan(45);
    expect(at(29)).toBeGreaterThan(100);
    expect(at(29)).toBeLessThan(180);
    expect(at(89)).toBeLessThan(65);
  });

  test("follows a path that becomes longer and shorter for good", () => {
    const listener = new Listener({ seconds: 60, delays: (n) => [n > 1_000 && n < 2_000 ? 155 : 5] });
    expect(listener.tone(2, 19)).toBeGreaterThan(0.98);
    expect(listener.tone(25, 39)).toBeGreaterThan(0.95);
    expect(listener.tone(45)).toBeGreaterThan(0.95);
    expect(listener.delays.at(-1)).toBeLessThan(120);
  });

  test("is bounded when a second of packets comes at once", () => {
    const listener = new Listener({ seconds: 30, delays: (n) => [n >= 500 && n < 550 ? (550 - n) * 20 : 5] });
    expect(listener.delays.at(-1)).toBeLessThan(65);
    expect(listener.worstDelay).toBeLessThanOrEqual(240);
    expect(listener.tone(15)).toBeGreaterThan(0.97);
  });
});

describe("a gap", () => {
  test("of one packet is filled with what was before; of many, it fades within 60 ms and is silence", () => {
    const one = new Listener({ seconds: 4, isSent: (n) => n !== 100 });
    expect(one.buffer.concealed).toBe(160);
    expect(one.level(1.98, 2.1)).toBeGreaterThan(5_000);
    const many = new Listener({ seconds: 4, isSent: (n) => n < 100 || n >= 125 });
    expect(many.buffer.concealed).toBeGreaterThan(400);
    expect(many.level(2.2, 2.4)).toBe(0);
    expect(many.level(3, 4)).toBeGreaterThan(5_000);
  });

  test("between talk spurts is no loss, whether the sender's clock goes on or stands still", () => {
    for (const time of [undefined, (n: number) => (n - 50 * Math.floor(n / 100)) * 160]) {
      const listener = new Listener({
        seconds: 20,
        isSent: (n) => n % 100 < 50,
        isMarked: (n) => n % 100 === 0,
        ...(time === undefined ? {} : { time }),
      });
      expect(listener.buffer).toMatchObject({ late: 0, concealed: 0 });
      for (let second = 0; second < 20; second += 2) {
        expect(listener.level(second + 0.2, second + 0.9)).toBeGreaterThan(5_000);
        expect(listener.level(second + 1.3, second + 1.9)).toBe(0);
      }
    }
  });
});

test("a short word whose packets were slow is heard from its beginning", () => {
  const listener = new Listener({
    isSent: (n) => n % 100 < 50 || n % 100 === 75,
    isMarked: (n) => n % 100 === 0,
    delays: (n) => [n % 100 === 75 ? 90 : 5],
  });
  for (let second = 1; second < 19; second += 2) {
    const word = listener.heard.subarray((second + 0.5) * 8_000, (second + 0.9) * 8_000);
    expect(word.filter((sample) => sample !== 0).length).toBeGreaterThan(600);
  }
});

test("a late packet is counted, its copy is not", () => {
  const late = new Listener({ seconds: 4, delays: (n) => [n === 100 ? 150 : 5] });
  expect(late.buffer).toMatchObject({ late: 1, concealed: 160 });
  const twice = new Listener({ seconds: 4, delays: (n) => (n === 100 ? [5, 150] : [5]) });
  expect(twice.buffer).toMatchObject({ late: 0, concealed: 0 });
});

test("a new source and a clock that jumps are heard at once", () => {
  const changed = new Listener({ seconds: 6, source: (n) => (n < 150 ? 7 : 8), time: (n) => n * 160 + (n < 150 ? 0 : 2 ** 31) });
  expect(changed.tone(3.2)).toBeGreaterThan(0.98);
  expect(changed.level(3, 3.2)).toBeGreaterThan(4_000);
  const jumped = new Listener({ seconds: 6, time: (n) => n * 160 + (n < 150 ? 0 : 1e9) });
  expect(jumped.tone(3.4)).toBeGreaterThan(0.98);
});

test("one packet with a wrong clock costs no more than itself", () => {
  for (const off of [-3_000, -1_500, 1_500, 3_000, 5_000, 1e6, 2 ** 31]) {
    const listener = new Listener({ seconds: 8, time: (n) => n * 160 + (n === 100 ? off : 0) });
    expect(listener.tone(2.3)).toBeGreaterThan(0.99);
    // By less than the longest delay early it is believed at first, and the voice is found again.
    expect(listener.level(off === 1_500 ? 2.3 : 2, 8)).toBeGreaterThan(5_600);
    expect(listener.level(2, 2.3)).toBeGreaterThan(off === 1_500 ? 4_500 : 5_600);
  }
});

test("a path that becomes longer, or a clock that is set back, by anything is heard again within half a second", () => {
  for (const ms of [50, 100, 150, 200, 250, 300, 400, 600, 5_000]) {
    const longer = new Listener({ seconds: 12, delays: (n) => [n >= 100 ? 5 + ms : 5] });
    const back = new Listener({ seconds: 12, time: (n) => n * 160 - (n >= 100 ? ms * 8 : 0) });
    for (const [from, listener] of [
      [2.5 + ms / 1_000, longer],
      [2.5, back],
    ] as const) {
      expect(listener.level(from, 12)).toBeGreaterThan(5_300);
      expect(listener.delays.at(-1)).toBeLessThan(200);
    }
  }
});

test("after packets of every kind a voice is heard as if nothing had been", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = randomOf(seed);
    const buffer = new JitterBuffer();
    const frame = new Int16Array(160);
    const heard = new Int16Array(50 * 160);
    for (let tick = 0; tick < 600; tick++) {
      const atMs = tick * 20;
      if (tick < 500)
        for (let n = random() * 8; n > 0; n--) {
          const packet = Int16Array.from({ length: Math.floor(random() * 1_460) }, () => (random() - 0.5) * 65_000);
          const isNear = random() < 0.5;
          const time = isNear ? atMs * 8 + (random() - 0.5) * 20_000 : random() * 2 ** 32;
          buffer.put(packet, packet.length, random() < 0.8 ? 7 : 8, time >>> 0, random() < 0.1, atMs - random() * 20);
        }
      else {
        const tone = Int16Array.from({ length: 160 }, (_, i) =>
          Math.round(8_000 * Math.sin((2 * Math.PI * hz * (tick * 160 + i)) / 8_000)),
        );
        buffer.put(tone, 160, 7, tick * 160, false, atMs - 10);
      }
      const sounds = buffer.take(frame, atMs);
      if (tick >= 550) heard.set(sounds ? frame : new Int16Array(160), (tick - 550) * 160);
    }
    expect(share(heard.subarray(0, 2_000), hz)).toBeGreaterThan(0.9);
    expect(buffer.delayMs).toBeLessThan(250);
  }
});

test("timestamps and sequence wrap without a word", () => {
  const listener = new Listener({ time: (n) => 2 ** 32 - 32_000 + n * 160 });
  expect(listener.tone(1)).toBeGreaterThan(0.99);
  expect(listener.buffer).toMatchObject({ late: 0, concealed: 0 });
});

test("what is cleared is never heard", () => {
  const buffer = new JitterBuffer();
  const packet = new Int16Array(160).fill(8_000);
  const frame = new Int16Array(160);
  for (let n = 0; n < 3; n++) buffer.put(packet, 160, 7, n * 160, false, n * 20);
  buffer.clear();
  expect(buffer.take(frame, 60)).toBe(false);
  buffer.put(packet, 160, 7, 50 * 160, false, 1_000);
  let ticks = 0;
  while (!buffer.take(frame, 1_020 + ticks * 20)) ticks += 1;
  expect(ticks).toBeLessThanOrEqual(3);
});
