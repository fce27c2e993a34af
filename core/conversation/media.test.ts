// The legs of a conversation: those of its log, also of before figures were kept, and those that are up.
import { expect, test } from "bun:test";
import type { LegSound } from "../call/live-sound.ts";
import type { LoggedEvent } from "../events/index.ts";
import { legCharts, legMedia } from "./media.ts";

const measured = (participantId: string, verdict: object): LoggedEvent =>
  ({ type: "conversation.media.measured", at: 7, payload: { participantId, verdict } }) as unknown as LoggedEvent;
const plain = { codec: "PCMU", protection: "none", packetsSent: 1, packetsReceived: 1, packetsLost: 0, jitterMs: 3, roundTripMs: null };

test("legs that have ended come first, and what an old log does not say is said to be unknown", () => {
  const live = { participantId: "agent", verdict: null, from: null, to: null } as unknown as LegSound;
  const legs = legMedia([measured("caller", plain), { type: "conversation.ended" } as LoggedEvent], [live]);
  expect(legs).toMatchObject([
    { participantId: "caller", measuredAt: 7, verdict: { packetsLost: 0, jitterMsMax: 3, from: null, to: null, remotePacketsLost: null } },
    { participantId: "agent", measuredAt: null },
  ]);
});

test("a leg that only rang, and one whose content was erased, are none", () => {
  const erased = { type: "conversation.media.measured", at: 7, payload: null } as unknown as LoggedEvent;
  expect(legMedia([measured("carol", { ...plain, codec: null }), erased], [])).toEqual([]);
});

test("charts come in the order in which their legs began, as points; those whose content was erased do not", () => {
  const charted = (participantId: string, beganAt: number) => {
    const way = { packets: [250], lost: [1], jitterMs: [2], mos: [null] };
    const chart = { beganAt, forMs: [5_000], roundTripMs: [7], from: way, to: way };
    return { type: "conversation.media.charted", at: 9_000, payload: { participantId, chart } } as unknown as LoggedEvent;
  };
  const erased = { type: "conversation.media.charted", payload: null } as unknown as LoggedEvent;
  const way = { packets: 250, lost: 1, jitterMs: 2, mos: null };
  expect(legCharts([measured("x", plain), charted("agent", 3_000), erased, charted("caller", 1_000)], [])).toMatchObject([
    { participantId: "caller", points: [{ startedAt: 1_000, endedAt: 6_000, roundTripMs: 7, from: way, to: way }] },
    { participantId: "agent", points: [{ startedAt: 3_000, endedAt: 8_000 }] },
  ]);
});
