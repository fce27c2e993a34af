// A conference room from the side of one who comes in: heard when answered, music while alone, one end.
import { expect, test } from "bun:test";
import { alice, Bench } from "../../tests/support/call-bench.ts";
import type { ConferenceRoomId, TrunkId } from "../lib/id.ts";
import { isInRoom } from "./conference-room.ts";

const room = { kind: "room", roomId: "board" as ConferenceRoomId, name: "Board", number: "800" } as const;

test("whoever dials a room is answered at once, and heard there from the answer on", () => {
  const bench = new Bench(room);
  expect(bench.said).toEqual(["started", "answer L meets in board"]);
  expect(isInRoom(bench.state)).toBe(false);
  expect(bench.answers("L")).toEqual(["answered", "room.entered", "play hold L", "mix L > all"]);
  expect(isInRoom(bench.state)).toBe(true);
  // Of ours: they are on the phone, and offered nothing meanwhile.
  expect(bench.state.customer.userId).toBe(alice.userId);
});

test("music for whoever is alone, and for nobody else", () => {
  const bench = new Bench(room);
  bench.answers("L");
  expect(bench.input({ kind: "room-changed", size: 1 })).toEqual([]);
  expect(bench.input({ kind: "room-changed", size: 2 })).toEqual(["stop-play hold L"]);
  expect(bench.input({ kind: "room-changed", size: 3 })).toEqual([]);
  expect(bench.input({ kind: "room-changed", size: 1 })).toEqual(["play hold L"]);
});

test("whoever hangs up, or is taken out, leaves the room", () => {
  for (const isOurs of [true, false]) {
    const bench = new Bench(room, isOurs ? alice : { kind: "trunk", trunkId: "t" as TrunkId });
    bench.answers("L");
    expect(bench.ends("L", "hung-up")).toEqual(["ended", "flow-stop", "timer-cancel"]);
    expect(bench.state.ended).toBe("customer-hung-up");
    expect(isInRoom(bench.state)).toBe(false);
  }
  const bench = new Bench(room);
  bench.answers("L");
  expect(bench.asks("disconnect", bench.state.customer.participantId)).toEqual(["ended", "flow-stop", "timer-cancel", "hang-up L normal"]);
});

test("whoever holds is out of it, and comes back in", () => {
  const bench = new Bench(room);
  bench.answers("L");
  bench.input({ kind: "room-changed", size: 2 });
  expect(bench.asks("hold", bench.state.customer.participantId)).toEqual(["held", "unbridge L"]);
  expect(bench.asks("resume", bench.state.customer.participantId)).toEqual(["resumed", "mix L > all"]);
});
