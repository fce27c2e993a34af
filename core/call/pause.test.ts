// Pauses of a recording: what is silent from when to when, who hears nothing meanwhile, and what the manifest will say.
import { describe, expect, test } from "bun:test";
import { agentLeg, type Bench, legIn, queueCall } from "../../tests/support/call-bench.ts";
import type { ParticipantId, StationId, UserId } from "../lib/id.ts";
import { pausesPerCallMax } from "../lib/limits.ts";
import { loggedPauses } from "../recording/pauses.ts";
import { pausesOf } from "./pause.ts";
import type { Append } from "./state.ts";

/** Gareth listens to Priya. */
function listened(): { readonly bench: Bench; readonly gareth: string } {
  const bench = queueCall();
  const said = bench.wishes({
    ...{ kind: "supervise", participantId: "priya" as ParticipantId, mode: "barging", userId: "gareth" as UserId },
    ...{ stationId: "gareth-station" as StationId, reason: "", shown: "" },
  });
  const gareth = legIn(said);
  bench.answers(gareth);
  return { bench, gareth };
}

describe("a pause", () => {
  test("is silent before the log says so, and the log says its end before there is sound", () => {
    const bench = queueCall();
    expect(bench.pauses(false)).toEqual(["record-pause true", "recording.paused", "timer-set"]);
    expect(bench.pauses(false)).toEqual([]);
    expect(bench.unpauses()).toEqual(["recording.resumed", "record-pause false", "timer-cancel"]);
    expect(bench.unpauses()).toEqual([]);
  });

  test("ends by itself; of a secure one nothing is captured before its silence begins, nor until sound is back", () => {
    const bench = queueCall();
    expect(bench.pauses(true)).toEqual(["privacy true", "record-pause true", "recording.paused", "timer-set"]);
    expect(bench.input({ kind: "timer", name: "pause" })).toEqual([
      "recording.resumed",
      "record-pause false",
      "privacy false",
      "timer-cancel",
    ]);
    expect(pausesOf(bench.state)).toMatchObject([{ secure: true, by: "priya", reason: "card", resumedBy: null }]);
  });

  test("becomes a secure one, which no plain one takes the place of", () => {
    const bench = queueCall();
    bench.pauses(false);
    expect(bench.pauses(true)).toContain("recording.paused");
    expect(bench.pauses(false)).toEqual([]);
    expect(pausesOf(bench.state).map(({ secure, endedAt }) => [secure, endedAt === null])).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  test("goes on into the recording of the next agent, and into a recording that a flow began it before", () => {
    const flow = queueCall(true);
    expect(flow.said).toContain("record-pause true");
    expect(flow.said.indexOf("record-start")).toBeLessThan(flow.said.indexOf("record-pause true"));
  });

  test("stays while the agent is away, holds and asks somebody", () => {
    const bench = queueCall();
    bench.pauses(true);
    bench.asks("hold", "priya");
    bench.asks("resume", "priya");
    bench.leg({ kind: "leg.lost", legId: bench.state.agent!.legId });
    expect(bench.state.pause).toMatchObject({ secure: true });
  });

  test("ends with the call, without a word of its own", () => {
    const bench = queueCall();
    bench.pauses(true);
    const ended = bench.ends("L", "hung-up");
    expect(ended).toContain("record-stop");
    expect(ended).not.toContain("recording.resumed");
    expect(pausesOf(bench.state)).toMatchObject([{ endedAt: null, resumedBy: null }]);
    expect(bench.input({ kind: "timer", name: "pause" })).toEqual([]);
  });

  test("is refused when there were too many", () => {
    const bench = queueCall();
    for (let n = 0; n < pausesPerCallMax; n++) {
      bench.pauses(false);
      bench.unpauses();
    }
    expect(bench.pauses(false)).toEqual([]);
  });
});

describe("a secure pause", () => {
  test("takes whoever listens out of the call before anything else, and back into it at the end", () => {
    const { bench, gareth } = listened();
    const a = agentLeg(bench);
    expect(bench.pauses(true)).toEqual([
      `unbridge ${gareth}`,
      "privacy true",
      "record-pause true",
      "recording.paused",
      "timer-set",
      `bridge L ${a}`,
    ]);
    const after = bench.unpauses();
    expect(after).toContain(`mix ${gareth} > all`);
    expect(after.indexOf("recording.resumed")).toBeLessThan(after.indexOf(`mix ${gareth} > all`));
  });

  test("lets nobody in who comes to listen meanwhile", () => {
    const bench = queueCall();
    bench.pauses(true);
    const said = bench.wishes({
      ...{ kind: "supervise", participantId: "priya" as ParticipantId, mode: "monitoring", userId: "gareth" as UserId },
      ...{ stationId: "gareth-station" as StationId, reason: "", shown: "" },
    });
    const gareth = legIn(said);
    expect(bench.answers(gareth).filter((word) => word.startsWith("mix"))).toEqual([]);
  });

  test("keeps what a flow is told out of its steps and data", () => {
    const bench = queueCall();
    const facts = () => {
      const output = { kind: "step", actionId: "a", type: "menu", name: "Menu", facts: { pressed: "7" } } as const;
      bench.input({ kind: "flow", output });
      bench.input({ kind: "flow", output: { kind: "set-data", values: { card: "4929" } } });
      return JSON.stringify(bench.appended.slice(-2));
    };
    // A flow has the caller only before an agent does: the state is made to be of that moment.
    bench.state = { ...bench.state, agent: null };
    expect(facts()).toContain("4929");
    bench.appended.length = 0;
    bench.pauses(true);
    expect(facts()).not.toMatch(/4929|pressed/);
  });
});

test("a pause concerns everybody of ours in the call, whoever wanted it", () => {
  const { bench } = listened();
  const output = bench.outputsOf({ kind: "timer", name: "pause" });
  expect(output).toEqual([]);
  bench.pauses(true, "somebody");
  const resumed = bench.outputsOf({ kind: "timer", name: "pause" }).find(({ kind }) => kind === "append") as Append;
  expect(resumed.subjectIds).toEqual(["c", "priya", "gareth"]);
});

test("what the log says of pauses is what the call remembered", () => {
  const bench = queueCall();
  bench.pauses(false);
  bench.pauses(true, "gareth");
  bench.unpauses();
  bench.pauses(true);
  expect(loggedPauses(bench.appended as never)).toEqual(pausesOf(bench.state));
});
