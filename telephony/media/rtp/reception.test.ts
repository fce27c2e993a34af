// Loss, duplicates, restarts and jitter as RFC 3550 counts them.
import { expect, test } from "bun:test";
import { Reception } from "./reception.ts";

function heard(sequences: readonly number[]): Reception {
  const reception = new Reception();
  for (const sequence of sequences) reception.arrived(sequence & 0xffff);
  return reception;
}

test("RTP-07: loss is counted across the sequence wrap", () => {
  const reception = heard([65533, 65534, 0, 2]);
  expect(reception.lost()).toBe(2);
  expect(reception.report()).toEqual({ fractionLost: Math.floor((2 * 256) / 6), packetsLost: 2, highestSequence: 65538, jitter: 0 });
});

test("a reordered packet is late, not lost", () => {
  expect(heard([10, 12, 11, 13]).lost()).toBe(0);
  expect(heard([65535, 1, 0, 2]).lost()).toBe(0);
});

test("the fraction covers only the packets since the last report", () => {
  const reception = heard([1, 2, 4]);
  expect(reception.report().fractionLost).toBe(64);
  reception.arrived(5);
  reception.arrived(6);
  expect(reception.report()).toMatchObject({ fractionLost: 0, packetsLost: 1 });
});

test("duplicates are seen and never shown as negative loss", () => {
  const reception = heard([1, 2, 2, 2, 3]);
  expect([reception.duplicates, reception.lost()]).toEqual([2, 0]);
  expect(reception.report().packetsLost).toBe(-2);
});

test("RTP-07: one wild sequence number is refused, two in a row are a restarted source", () => {
  const reception = heard([100, 101, 103]);
  expect(reception.arrived(40_000)).toBe(false);
  expect(reception.arrived(104)).toBe(true);
  expect(reception.arrived(20_000)).toBe(false);
  expect(reception.arrived(20_001)).toBe(true);
  expect(reception.arrived(20_002)).toBe(true);
  expect(reception.lost()).toBe(1);
});

test("loss of an earlier source stays counted after a restart", () => {
  const reception = heard([1, 3]);
  reception.restart(500);
  for (const sequence of [500, 502]) reception.arrived(sequence);
  expect(reception.lost()).toBe(2);
});

test("steady packets have no jitter; alternating 5 ms lateness settles at 40 units", () => {
  const steady = new Reception();
  for (let n = 0; n < 100; n++) steady.measure((0xffffff00 + n * 160) >>> 0, 1e9 + n * 160);
  expect(steady.jitter).toBe(0);
  const shaken = new Reception();
  for (let n = 0; n < 500; n++) shaken.measure(n * 160, n * 160 + (n % 2) * 40);
  expect(shaken.jitter).toBeCloseTo(40, 3);
});
