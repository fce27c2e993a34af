// Telephone events under loss, duplication, reordering, wraps and floods; and the digits we send, heard by our own receiver.
import { expect, test } from "bun:test";
import { type Digit, DigitReceiver, DigitSender } from "./dtmf.ts";

type Event = { readonly event?: number; readonly at: number; readonly duration: number; readonly isEnd?: boolean };

/** Hears events 20 ms apart, numbered in order unless `sequence` says otherwise. */
function hear(events: readonly (Event & { sequence?: number })[], receiver = new DigitReceiver(), startMs = 0): Digit[] {
  return events.flatMap(({ event = 5, at, duration, isEnd, sequence }, index) =>
    receiver.push(
      Uint8Array.of(event, isEnd ? 0x8a : 10, (duration >> 8) & 255, duration & 255),
      0,
      4,
      (sequence ?? index) & 0xffff,
      at >>> 0,
      startMs + index * 20,
    ),
  );
}

/** The packets of one press as phones send them: updates, then three ends. */
function press(event: number, at: number, durationMs: number): Event[] {
  const updates = Array.from({ length: durationMs / 20 - 1 }, (_, index) => ({ event, at, duration: (index + 1) * 160 }));
  const end = { event, at, duration: durationMs * 8, isEnd: true };
  return [...updates, end, end, end];
}

test("RTP-08: three end packets are one digit with its duration", () => {
  expect(hear(press(5, 1000, 100))).toEqual([{ digit: "5", durationMs: 100 }]);
});

test("RTP-08: any single end packet is enough", () => {
  for (const kept of [0, 1, 2]) {
    const packets = press(11, 1000, 100);
    expect(hear(packets.filter((packet, index) => !packet.isEnd || index === packets.length - 3 + kept))).toEqual([
      { digit: "#", durationMs: 100 },
    ]);
  }
});

test("RTP-08: a digit whose ends are all lost ends with the next digit, or by time", () => {
  const cut = press(1, 1000, 100).filter((packet) => !packet.isEnd);
  expect(hear([...cut, ...press(2, 9000, 100)]).map(({ digit }) => digit)).toEqual(["1", "2"]);
  const receiver = new DigitReceiver();
  expect(hear(cut, receiver)).toEqual([]);
  expect(receiver.expire(100)).toEqual([]);
  expect(receiver.expire(300)).toEqual([{ digit: "1", durationMs: 80 }]);
  expect(receiver.expire(900)).toEqual([]);
});

test("RTP-08: an update that comes after the end is not a second digit, and neither are duplicates", () => {
  const packets = press(7, 1000, 100);
  const [late] = packets.splice(1, 1);
  expect(hear([...packets, late!, ...packets])).toEqual([{ digit: "7", durationMs: 100 }]);
});

test("RTP-08: an end overtaken by the next digit is still heard, once", () => {
  const first = press(1, 1000, 60);
  const second = press(2, 3000, 60);
  const digits = hear([second[0]!, ...first.slice(-3), ...second.slice(1)]);
  expect(digits.map(({ digit }) => digit).sort()).toEqual(["1", "2"]);
});

test("the same key pressed twice is two digits", () => {
  expect(hear([...press(4, 1000, 60), ...press(4, 2000, 60)]).map(({ digit }) => digit)).toEqual(["4", "4"]);
});

test("RTP-08: a press of 30 s in segments is one digit", () => {
  const events: Event[] = [];
  for (let start = 0; start < 30_000; start += 20) {
    const total = (start + 20) * 8;
    const segment = Math.floor(total / 0xffff);
    events.push({ event: 9, at: 5000 + segment * 0xffff, duration: total - segment * 0xffff });
  }
  const last = events.at(-1)!;
  const late = events[500]!;
  expect(hear([...events, { ...last, isEnd: true }, { ...last, isEnd: true }, late])).toEqual([{ digit: "9", durationMs: 30_000 }]);
});

test("RTP-08: a press of 30 s whose duration wraps is one digit", () => {
  const events = Array.from({ length: 1500 }, (_, index) => ({ event: 9, at: 0xfffffff0, duration: ((index + 1) * 160) & 0xffff }));
  expect(hear([...events, { ...events.at(-1)!, isEnd: true }])).toEqual([{ digit: "9", durationMs: 30_000 }]);
});

test("RTP-08: a flood of digits is cut, and counted", () => {
  const receiver = new DigitReceiver();
  let heard = 0;
  for (let n = 0; n < 10_000; n++) {
    heard += receiver.push(Uint8Array.of(1, 0x8a, 1, 0), 0, 4, n & 0xffff, n * 200_000, n).length;
  }
  // Ten seconds at the limit of 20 a second, and the burst.
  expect(heard).toBeLessThanOrEqual(220);
  expect(heard + receiver.refused).toBe(10_000);
});

test("RTP-08: flash, other events, short payloads and a changed event within a digit are not digits", () => {
  expect(hear([{ event: 16, at: 1, duration: 800, isEnd: true }])).toEqual([]);
  expect(new DigitReceiver().push(Uint8Array.of(1, 0x80, 1), 0, 3, 1, 1, 0)).toEqual([]);
  expect(hear([press(1, 1, 60)[0]!, { event: 2, at: 1, duration: 320, isEnd: true }])).toEqual([]);
});

test("what we send, we hear: every digit, its length, and silence between", () => {
  const sender = new DigitSender("1a2x#", 100, 60);
  const receiver = new DigitReceiver();
  const digits: Digit[] = [];
  let ends = 0;
  let startedAt = 0;
  let sequence = 0;
  for (let tick = 0; tick < 200 && !sender.isDone; tick++) {
    for (const packet of sender.tick()) {
      if (packet.isFirst) startedAt = 8000 + tick * 160;
      if (packet.payload[1]! & 0x80) ends++;
      digits.push(...receiver.push(packet.payload, 0, 4, sequence++, startedAt, tick * 20));
    }
  }
  expect(digits).toEqual(["1", "A", "2", "#"].map((digit) => ({ digit, durationMs: 100 })));
  expect(ends).toBe(12);
  expect(sender.isDone).toBe(true);
});
