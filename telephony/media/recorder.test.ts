// The recording's two channels under jitter, loss, drift and a disk that fails: in virtual time.
import { describe, expect, test } from "bun:test";
import type { RecordingSink } from "./plane.ts";
import { Recorder } from "./recorder.ts";

class MemorySink implements RecordingSink {
  readonly chunks: Uint8Array[] = [];
  closed = 0;
  broken: Error | null = null;
  write(samples: Uint8Array): Promise<void> {
    if (this.broken !== null) return Promise.reject(this.broken);
    this.chunks.push(samples.slice());
    return Promise.resolve();
  }
  async close() {
    this.closed++;
    const bytes = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return { chunks: this.chunks.length, durationMs: bytes / 32, sizeBytes: bytes, sha256: "" };
  }
  channel(which: 0 | 1): Int16Array {
    const all = Buffer.concat(this.chunks);
    return new Int16Array(all.buffer, all.byteOffset, all.length / 2).filter((_, index) => index % 2 === which);
  }
}

/** A recorder from 0 ms on, and a way to speak into it. */
class Studio {
  readonly sink = new MemorySink();
  readonly failures: string[] = [];
  readonly progress: number[] = [];
  readonly recorder = new Recorder(this.sink, 0, {
    onProgress: (_chunks, durationMs) => this.progress.push(durationMs),
    onFailed: (reason) => this.failures.push(reason),
  });

  /** Frame `n` of a source, all samples `level`, arriving at `nowMs`. */
  hear(channel: "left" | "right", n: number, level: number, nowMs: number, ssrc = 1, ticks = 160): void {
    this.recorder.put(channel, nowMs, ssrc, (1_000 + n * ticks) >>> 0, new Int16Array(160).fill(level), 160);
  }

  /** The share of `channel` that is about `level`. */
  share(channel: 0 | 1, level: number): number {
    const samples = this.sink.channel(channel);
    return samples.filter((sample) => Math.abs(sample - level) < Math.abs(level) / 10 + 9).length / samples.length;
  }
}

describe("a pause", () => {
  /** Both speak for three seconds; paused from one second to two. Packets come `lateMs` after they were said. */
  async function paused(lateMs: number): Promise<Studio> {
    const studio = new Studio();
    for (let n = 0; n < 150; n++) {
      const nowMs = n * 20;
      studio.recorder.tick(nowMs);
      if (nowMs === 1_000) studio.recorder.pause(nowMs);
      if (nowMs === 2_000) studio.recorder.resume(nowMs);
      const said = n - lateMs / 20;
      if (said >= 0) studio.hear("left", said, said * 20 >= 1_000 && said * 20 < 2_000 ? 9_000 : 4_000, nowMs);
      if (n > 0) studio.recorder.hear(nowMs - 20, new Int32Array(160).fill(nowMs > 1_000 && nowMs <= 2_000 ? 7_000 : -8_000));
    }
    await studio.recorder.close(3_000);
    return studio;
  }
  const level = (studio: Studio, channel: 0 | 1, ms: number): number => studio.sink.channel(channel)[ms * 8]!;

  test("is silence of the same length on both channels, and sound on either side of it", async () => {
    const studio = await paused(0);
    expect(studio.sink.channel(0).length).toBe(3_000 * 8);
    for (const ms of [500, 970]) expect([level(studio, 0, ms), level(studio, 1, ms)]).toEqual([4_000, -8_000]);
    for (const ms of [1_010, 1_500, 1_990]) expect([level(studio, 0, ms), level(studio, 1, ms)]).toEqual([0, 0]);
    for (const ms of [2_030, 2_900]) expect([level(studio, 0, ms), level(studio, 1, ms)]).toEqual([4_000, -8_000]);
    expect(studio.share(0, 9_000)).toBe(0);
    expect(studio.share(1, 7_000)).toBe(0);
  });

  test("keeps nothing of what was said in it and comes after it", async () => {
    const studio = new Studio();
    studio.hear("left", 0, 4_000, 0);
    studio.recorder.pause(1_000);
    studio.recorder.resume(2_000);
    studio.recorder.tick(2_000);
    // Said at 1,900 ms, heard at 2,100.
    studio.hear("left", 95, 9_000, 2_100);
    studio.hear("left", 105, 4_000, 2_110);
    await studio.recorder.close(3_000);
    expect(studio.share(0, 9_000)).toBe(0);
    expect(level(studio, 0, 2_105)).toBe(4_000);
  });

  test("keeps what was said before it, though it is put on disk later", async () => {
    const studio = new Studio();
    for (let n = 0; n < 50; n++) {
      studio.recorder.tick(n * 20);
      studio.hear("left", n, 4_000, n * 20);
    }
    studio.recorder.pause(1_000);
    studio.recorder.tick(1_500);
    await studio.recorder.close(2_000);
    expect(studio.share(0, 4_000)).toBe(0.5);
  });
});

test("each voice is on its channel, as long as the call, and silence is silence", async () => {
  const studio = new Studio();
  for (let n = 0; n < 150; n++) {
    studio.recorder.tick(n * 20);
    studio.hear("left", n, 4_000, n * 20);
    if (n < 75) studio.hear("right", n, -8_000, n * 20);
  }
  const end = await studio.recorder.close(3_000);
  expect(end).toMatchObject({ durationMs: 3_000, chunks: 3 });
  expect(studio.share(0, 4_000)).toBe(1);
  expect(studio.share(1, -8_000)).toBe(0.5);
  expect(studio.share(1, 0)).toBe(0.5);
  expect(studio.progress).toEqual([1_000, 2_000, 3_000]);
});

test("packets up to 100 ms late, in any order, find their place; lost ones are silence", async () => {
  const studio = new Studio();
  const arrivals: [number, number][] = [];
  for (let n = 0; n < 100; n++) if (n % 10 !== 5) arrivals.push([n, n * 20 + (n % 7 === 3 ? 95 : 0)]);
  arrivals.sort((a, b) => a[1] - b[1]);
  for (const [n, atMs] of arrivals) {
    studio.recorder.tick(atMs);
    studio.hear("left", n, 100 * (n + 1), atMs);
  }
  await studio.recorder.close(2_000);
  const samples = studio.sink.channel(0);
  for (let n = 0; n < 100; n++) {
    const wanted = n % 10 === 5 ? 0 : 100 * (n + 1);
    expect(Math.abs(samples[n * 160 + 80]! - wanted)).toBeLessThanOrEqual(wanted / 16 + 8);
  }
});

test("what is too late is left out, not put elsewhere", async () => {
  const studio = new Studio();
  for (let n = 0; n < 50; n++) {
    studio.recorder.tick(n * 20);
    if (n !== 10) studio.hear("left", n, 4_000, n * 20);
    if (n === 30) studio.hear("left", 10, 20_000, n * 20);
  }
  await studio.recorder.close(1_000);
  expect(studio.share(0, 20_000)).toBe(0);
  expect(studio.share(0, 4_000)).toBe(0.98);
});

describe("over an hour, a sender's clock that is", () => {
  for (const [name, ppm] of [
    ["slow", -100],
    ["fast", 100],
  ] as const)
    test(`${name} by 100 ppm loses almost nothing`, async () => {
      const studio = new Studio();
      const frames = 180_000;
      for (let n = 0; n < frames; n++) {
        const atMs = n * 20 * (1 - ppm / 1e6);
        studio.recorder.tick(atMs);
        studio.hear("left", n, 4_000, atMs);
        // The disk keeps up.
        if (n % 50 === 0) await new Promise((done) => setImmediate(done));
      }
      const end = await studio.recorder.close(3_600_000);
      expect(studio.failures).toEqual([]);
      expect(Math.abs(end!.durationMs - 3_600_000)).toBeLessThan(500);
      expect(studio.share(0, 4_000)).toBeGreaterThan(0.999);
    });
});

test("a timestamp that jumps and a new source are heard again at once", async () => {
  const studio = new Studio();
  for (let n = 0; n < 150; n++) {
    studio.recorder.tick(n * 20);
    if (n < 50) studio.hear("left", n, 4_000, n * 20);
    else if (n < 100) studio.hear("left", n + 1_000_000, 4_000, n * 20);
    else studio.hear("left", n * 7_919, 4_000, n * 20, n);
  }
  await studio.recorder.close(3_000);
  // Nine packets are lost before the jump is believed.
  expect(studio.share(0, 4_000)).toBeGreaterThan(0.93);
});

test("a process that stood still records as much as time went by, but not a night", async () => {
  const studio = new Studio();
  studio.recorder.tick(1_000);
  studio.recorder.tick(5_000);
  expect((await studio.recorder.close(6_000))!.durationMs).toBe(6_000);
  const asleep = new Studio();
  asleep.recorder.tick(8 * 3_600_000);
  expect((await asleep.recorder.close(8 * 3_600_000))!.durationMs).toBeLessThan(11_000);
  expect(asleep.failures).toEqual([]);
});

describe("a disk that", () => {
  test("refuses ends the recording with its reason, once, and the sink is closed", async () => {
    const studio = new Studio();
    studio.sink.broken = new Error("no space left");
    for (let n = 0; n < 500; n++) {
      studio.recorder.tick(n * 20);
      studio.hear("left", n, 4_000, n * 20);
      await Promise.resolve();
    }
    expect(studio.failures).toEqual(["no space left"]);
    expect(await studio.recorder.close(10_000)).toBeNull();
    expect(studio.sink.closed).toBe(1);
  });

  test("never answers does not eat the memory", () => {
    const studio = new Studio();
    studio.sink.write = () => new Promise(() => undefined);
    for (let n = 0; n < 4_000; n++) studio.recorder.tick(n * 20);
    expect(studio.failures).toEqual(["the disk is too slow"]);
  });
});
