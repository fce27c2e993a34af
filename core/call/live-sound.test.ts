// What is true of a call's sound at this moment, and that nothing of it outlives the leg.
import { expect, test } from "bun:test";
import type { ConversationId, LegId, ParticipantId } from "../lib/id.ts";
import type { MediaVerdict } from "./call-control.ts";
import { LiveSound } from "./live-sound.ts";
import type { SoundPoint } from "./sound-chart.ts";

const [call, alice, bob] = ["call" as ConversationId, "alice" as LegId, "bob" as LegId];

test("troubles of both directions stand side by side, follow the leg to its owner, and go with it", () => {
  const sound = new LiveSound();
  const told: string[] = [];
  const stop = sound.subscribe((id, change) => told.push(`${id} ${change}`));
  let owner: ParticipantId | null = "agent" as ParticipantId;
  const trouble = { cause: "stopped", detail: "" } as const;
  sound.troubled(call, alice, () => owner, "from", trouble);
  sound.troubled(call, alice, () => owner, "to", trouble);
  sound.troubled(call, bob, () => "caller" as ParticipantId, "from", null);
  sound.troubled(call, alice, () => owner, "from", null);
  expect(sound.of(call)).toMatchObject([
    { participantId: "agent", from: null, to: trouble },
    { participantId: "caller", from: null, to: null },
  ]);
  owner = null;
  expect(sound.of(call)).toHaveLength(1);
  sound.over(call, alice);
  sound.over(call, bob);
  sound.over(call, bob);
  stop();
  sound.troubled(call, bob, () => owner, "from", null);
  expect(told).toHaveLength(6);
});

test("a leg's chart grows with its figures, and goes with it", () => {
  const sound = new LiveSound();
  const owner = () => "agent" as ParticipantId;
  const verdict = {} as MediaVerdict;
  sound.troubled(call, alice, owner, "from", null);
  expect(sound.charts(call)).toEqual([]);
  const points = [{ startedAt: 0, endedAt: 5_000 } as SoundPoint];
  sound.measured(call, alice, owner, verdict, points);
  expect(sound.charts(call)).toEqual([{ participantId: owner(), points }]);
  expect(sound.of(call)).toEqual([{ participantId: owner(), verdict, from: null, to: null }]);
  sound.over(call, alice);
  expect(sound.charts(call)).toEqual([]);
});
