// What the log of a conversation becomes on its time axis.
import { expect, test } from "bun:test";
import type { LoggedEvent } from "../events/index.ts";
import { momentsOf } from "./moments.ts";

let seq = 0;
const event = (type: string, at: number, payload: object | null = {}): LoggedEvent => {
  seq += 1;
  return { seq, type, at, payload } as unknown as LoggedEvent;
};
const seen = (events: readonly LoggedEvent[]) => momentsOf(events).map(({ track, at, endedAt }) => [track, at, endedAt]);

test("steps and decisions are instants; holds, pauses and silences last until their end is told", () => {
  expect(
    seen([
      event("conversation.started", 0),
      event("conversation.flow.stepped", 1, { participantId: "flow" }),
      event("routing.alert.created", 2, { participantId: "agent" }),
      event("conversation.held", 3, { participantId: "agent" }),
      event("conversation.recording.paused", 4, { participantId: "agent" }),
      event("conversation.resumed", 5, { participantId: "agent" }),
      event("conversation.media.silent", 6, { participantId: "caller", direction: "from", cause: "stopped" }),
      event("conversation.media.silent", 7, { participantId: "caller", direction: "to", cause: "not-received" }),
      event("conversation.media.heard", 8, { participantId: "caller", direction: "from" }),
      event("conversation.recording.resumed", 9, { participantId: null }),
    ]),
  ).toEqual([
    ["flow", 1, 1],
    ["routing", 2, 2],
    ["hold", 3, 5],
    ["pause", 4, 9],
    ["trouble", 6, 8],
    ["trouble", 7, null],
  ]);
});

test("more of a silence's cause is the same silence, in its newest words", () => {
  const later = event("conversation.media.silent", 2, { participantId: "caller", direction: "from", cause: "lost-on-the-way" });
  const [one, ...others] = momentsOf([event("conversation.media.silent", 1, { ...later.payload, cause: "never-came" }), later]);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ at: 1, endedAt: null, event: later });
});

test("whoever leaves takes their hold along and nobody else's, and the end of the call ends what is left", () => {
  expect(
    seen([
      event("conversation.held", 1, { participantId: "alice" }),
      event("conversation.held", 2, { participantId: "bob" }),
      event("conversation.party.ended", 3, { participantId: "alice" }),
      event("conversation.ended", 4),
    ]),
  ).toEqual([
    ["hold", 1, 3],
    ["hold", 2, 4],
    ["people", 3, 3],
  ]);
});

test("what was erased, and what is no moment, is none", () => {
  expect(
    seen([event("conversation.held", 1, null), event("conversation.media.measured", 2), event("conversation.ladder.kept", 3)]),
  ).toEqual([]);
});
