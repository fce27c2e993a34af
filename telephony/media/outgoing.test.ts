// One SSRC whoever speaks: numbers go on, the clock goes on, and what comes late stays where it belongs.
import { describe, expect, test } from "bun:test";
import { fakeEnv } from "../support/fake-env.ts";
import { Outgoing } from "./outgoing.ts";
import { hasMarker, payloadType, sequenceNumber, ssrc, timestamp, timestampDistance, writeHeader } from "./rtp/packet.ts";

const frame = new Uint8Array(160).fill(7);

type Told = { readonly sequence: number; readonly time: number; readonly marker: boolean; readonly type: number; readonly size: number };

/** What is on the wire, relative to the first packet. */
class Wire {
  readonly out = new Outgoing(fakeEnv().random);
  private first: { sequence: number; time: number } | null = null;

  told(packet: Uint8Array): Told {
    expect(ssrc(packet)).toBe(this.out.ssrc);
    this.first ??= { sequence: sequenceNumber(packet), time: timestamp(packet) };
    return {
      sequence: (sequenceNumber(packet) - this.first.sequence) & 0xffff,
      time: timestampDistance(this.first.time, timestamp(packet)),
      marker: hasMarker(packet),
      type: payloadType(packet),
      size: packet.length,
    };
  }

  own(nowMs: number): Told {
    return this.told(this.out.frame(0, frame, nowMs));
  }

  relayed(source: number, sequence: number, time: number, nowMs: number): Told | null {
    const packet = new Uint8Array(172);
    writeHeader(packet, false, 8, sequence & 0xffff, time >>> 0, source);
    const ours = this.out.relayed(packet, 12, 172, 0, time >>> 0, nowMs);
    return ours === null ? null : this.told(ours);
  }
}

test("frames follow each other by 160 however unevenly the ticks come, and a pause is a new spurt", () => {
  const wire = new Wire();
  const told = [0, 20, 44, 60, 300].map((nowMs) => wire.own(nowMs));
  expect(told.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
  expect(told.map(({ time }) => time)).toEqual([0, 160, 320, 480, 480 + 240 * 8]);
  expect(told.map(({ marker }) => marker)).toEqual([true, false, false, false, true]);
});

describe("a relayed source", () => {
  test("keeps its gaps and its order", () => {
    const wire = new Wire();
    const told = [500, 501, 503, 502, 504].map((sequence, index) => wire.relayed(9, sequence, sequence * 160, index * 20)!);
    expect(told.map(({ sequence }) => sequence)).toEqual([0, 1, 3, 2, 4]);
    expect(told.map(({ time }) => time)).toEqual([0, 160, 480, 320, 640]);
  });

  test("wraps when it wraps", () => {
    const wire = new Wire();
    const told = [65_534, 65_535, 65_536, 65_537].map(
      (sequence, index) => wire.relayed(9, sequence, 0xffffff00 + index * 160, index * 20)!,
    );
    expect(told.map(({ sequence, time }) => [sequence, time])).toEqual([
      [0, 0],
      [1, 160],
      [2, 320],
      [3, 480],
    ]);
  });

  test("that another one replaces, or a prompt, goes on without a jump", () => {
    const wire = new Wire();
    wire.relayed(9, 500, 0, 0);
    wire.relayed(9, 501, 160, 20);
    expect(wire.own(40)).toMatchObject({ sequence: 2, time: 320, marker: true });
    expect(wire.relayed(9, 900, 99_999, 60)).toMatchObject({ sequence: 3, time: 480, marker: true });
    expect(wire.relayed(10, 7, 5, 85)).toMatchObject({ sequence: 4, time: 680, marker: true });
    expect(wire.relayed(10, 8, 165, 100)).toMatchObject({ sequence: 5, time: 840, marker: false });
  });

  test("is not heard with what it sent before it was ours", () => {
    const wire = new Wire();
    wire.own(0);
    expect(wire.relayed(9, 500, 0, 20)).toMatchObject({ sequence: 1 });
    expect(wire.relayed(9, 499, -160, 21)).toBeNull();
    expect(wire.relayed(9, 501, 160, 40)).toMatchObject({ sequence: 2 });
    // Half a circle later the first number is no measure any more.
    for (let sequence = 502; sequence < 500 + 70_000; sequence += 50) expect(wire.relayed(9, sequence, sequence * 160, 60)).not.toBeNull();
  });

  test("leaves no gap where a packet of it was not meant for the peer", () => {
    const wire = new Wire();
    wire.relayed(9, 1, 0, 0);
    wire.out.skip();
    expect(wire.relayed(9, 3, 320, 40)).toMatchObject({ sequence: 1, time: 320 });
  });

  test("loses its header extension on the way", () => {
    const wire = new Wire();
    const packet = new Uint8Array(12 + 8 + 160);
    writeHeader(packet, false, 0, 1, 1, 9);
    packet[0]! |= 0x10;
    packet.set([0xbe, 0xde, 0, 1, 0x10, 1, 0, 0], 12);
    packet.fill(42, 20);
    const ours = wire.out.relayed(packet, 20, 180, 0, 1, 0)!;
    expect(ours.length).toBe(172);
    expect(ours[0]).toBe(0x80);
    expect(ours.subarray(12).every((byte) => byte === 42)).toBe(true);
  });
});

test("a digit's packets share the time of its start, and the voice after it is as late as it is", () => {
  const wire = new Wire();
  wire.own(0);
  const at = wire.out.nextTimestamp(20);
  const digit = [20, 40, 60].map((nowMs, index) => wire.told(wire.out.event(101, Uint8Array.of(5, 10, 0, 160), at, index === 0, nowMs)));
  expect(digit.map(({ time, marker, type }) => [time, marker, type])).toEqual([
    [160, true, 101],
    [160, false, 101],
    [160, false, 101],
  ]);
  expect(wire.own(120)).toMatchObject({ sequence: 4, time: 960, marker: true });
  expect(timestampDistance(at, wire.out.timestampAt(220))).toBe(1_600);
});
