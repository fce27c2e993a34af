// A desk phone joins its two calls: who goes where, which call goes on, what cannot be joined, and who is told what.
import { describe, expect, test } from "bun:test";
import { Bench, person, queueCall } from "../../tests/support/call-bench.ts";
import type { ConversationId, LegId, ParticipantId, TrunkId } from "../lib/id.ts";
import type { CallOrigin } from "./call-control.ts";
import { joining } from "./join.ts";
import type { CallState, Guest } from "./state.ts";

const trunk: CallOrigin = { kind: "trunk", trunkId: "carrier" as TrunkId };
const at = (bench: Bench, legId: string) => ({ call: bench.state, legId: legId as LegId });

/** Alice, at leg `L`, talks with whom she has called, at leg `1c`. */
function aliceCalled(name: string): Bench {
  const bench = new Bench({ kind: "dial", callee: person(name) });
  bench.answers("1c");
  bench.answers("L");
  return bench;
}

/** Somebody outside, at leg `L`, talks with Alice, whom they have called, at leg `1c`. */
function aliceWasCalled(): Bench {
  const bench = new Bench({ kind: "dial", callee: person("alice") }, trunk);
  bench.answers("1c");
  bench.answers("L");
  return bench;
}

const given = (bench: Bench, legId: string) =>
  bench.outputsOf({ kind: "given", legId: legId as LegId, into: "other" as ConversationId, otherLegId: "D" as LegId });
const guestIn = (outputs: ReturnType<typeof given>): Guest | undefined =>
  outputs.flatMap((output) => (output.kind === "give" ? [output.guest] : []))[0];

describe("which call goes on", () => {
  const stays = (asked: ReturnType<typeof at>, other: ReturnType<typeof at>): CallState | undefined => joining(asked, other)?.stays.call;

  test("is the one in which the phone was called, wherever it asks; else the one in which it asks", () => {
    const [first, second, third] = [aliceWasCalled(), aliceCalled("bob"), aliceCalled("carol")];
    expect(stays(at(first, "1c"), at(second, "L"))).toBe(first.state);
    expect(stays(at(second, "L"), at(first, "1c"))).toBe(first.state);
    expect(stays(at(third, "L"), at(second, "L"))).toBe(third.state);
  });

  test("is a queue's, and of two queues' calls none", () => {
    const queued = queueCall();
    const agentLeg = queued.state.agent!.legId;
    const own: Bench = new Bench({ kind: "dial", callee: person("bob") }, { kind: "station", stationId: "s", userId: "priya" } as never);
    own.answers("1c");
    own.answers("L");
    expect([stays(at(own, "L"), at(queued, agentLeg)), stays(at(queued, agentLeg), at(own, "L"))]).toEqual([queued.state, queued.state]);
    expect(joining(at(queueCall(), agentLeg), at(queued, agentLeg))).toBeNull();
  });

  test("is none where one does not belong to the same person, rings, is over, is one for help, or is the same", () => {
    const mine = aliceWasCalled();
    const others = new Bench({ kind: "dial", callee: person("bob") }, trunk);
    others.answers("1c");
    others.answers("L");
    const rings = new Bench({ kind: "dial", callee: person("bob") });
    const over = aliceCalled("bob");
    over.ends("1c", "hung-up");
    const help = new Bench({ kind: "dial", callee: { ...person("help"), isEmergency: true } });
    help.answers("1c");
    help.answers("L");
    for (const [bench, leg] of [
      [others, "1c"],
      [rings, "L"],
      [over, "L"],
      [help, "L"],
      [mine, "L"],
      [mine, "1c"],
    ] as const)
      expect(joining(at(mine, "1c"), at(bench, leg))).toBeNull();
  });
});

describe("joined calls", () => {
  test("the one is over once the disk holds it, and nobody but the phone is hung up", () => {
    const bench = aliceCalled("bob");
    const outputs = given(bench, "L");
    expect(bench.said.slice(-6)).toEqual(["party.ended", "ended", "flow-stop", "timer-cancel", "hang-up L normal", "give"]);
    expect([bench.results, bench.state.ended]).toEqual([["refer-result L 200"], "joined"]);
    expect(guestIn(outputs)).toEqual({ callee: person("bob"), legId: "1c" as LegId, path: 0 });
    expect(bench.appended.at(-1)!.payload).toMatchObject({ reason: "joined", disconnectType: "transfer", joinedInto: "other" });
    given(bench, "L");
    expect(bench.results.slice(1)).toEqual(["refer-result L 481", "refer-result D 481"]);
  });

  test("whoever called goes as who they are, and hears no music any more", () => {
    const bench = aliceWasCalled();
    bench.asks("hold", "1b");
    const outputs = given(bench, "1c");
    expect(bench.said.slice(-3)).toEqual(["hang-up 1c normal", "stop-play hold L", "give"]);
    expect(bench.said).not.toContain("hang-up L normal");
    const { callee, legId, path } = guestIn(outputs)!;
    expect([callee.purpose, callee.userId, callee.number, callee.paths[path]!.kind, legId]).toEqual([
      ...["external", null, "201", "trunk", "L" as LegId],
    ]);
  });

  test("in the other whoever comes takes the phone's place, and is bridged once they are of it", () => {
    const bench = aliceWasCalled();
    const guest: Guest = { callee: person("bob"), legId: "B" as LegId, path: 0 };
    const said = bench.input({ kind: "taken-in", legId: "1c" as LegId, from: "other" as ConversationId, guest });
    expect(said).toEqual([...["party.ended", "hang-up 1c normal", "dialled", "party.connected", "move B", "bridge L B"]]);
    expect(bench.results).toEqual(["refer-result 1c 200"]);
    expect(bench.appended.find(({ type, at: when }) => type === "conversation.dialled" && when > 3)!.payload).toMatchObject({
      joinedFrom: "other",
      userId: "bob",
    });
    expect(bench.ends("1c", "ended-by-us")).toEqual([]);
    expect(bench.ends("B", "hung-up")).toContain("hang-up L normal");
  });

  test("an agent's call leaves the agent with after-call work, and its recording ends", () => {
    const bench = queueCall();
    const guest: Guest = { callee: person("bob"), legId: "B" as LegId, path: 0 };
    const said = bench.input({ kind: "taken-in", legId: bench.state.agent!.legId, from: "other" as ConversationId, guest });
    expect(said).toContain("agent.ended");
    expect([said.at(-1), bench.state.agent, bench.state.recording]).toEqual(["bridge L B", null, null]);
  });

  test("whoever comes too late is let go, and the phone is told", () => {
    const bench = aliceWasCalled();
    bench.ends("L", "hung-up");
    const guest: Guest = { callee: person("bob"), legId: "B" as LegId, path: 0 };
    expect(bench.input({ kind: "taken-in", legId: "1c" as LegId, from: "other" as ConversationId, guest })).toEqual(["hang-up B normal"]);
    expect(bench.results).toEqual(["refer-result 1c 481"]);
  });

  test("a person is told why theirs are not, and somebody outside no more than that", () => {
    const bench = aliceWasCalled();
    expect(bench.input({ kind: "join-refused", legId: "1c" as LegId })).toEqual(["transfer.failed"]);
    expect(bench.input({ kind: "join-refused", legId: "L" as LegId })).toEqual([]);
    expect(bench.results).toEqual(["refer-result 1c 403", "refer-result L 403"]);
  });

  test("who was passed on is joined as who they are, not as the caller who left", () => {
    const bench = aliceCalled("bob");
    bench.passesOn("transfer", "1a", person("carol"));
    const dialLeg = bench.state.dial!.legId;
    bench.answers(dialLeg);
    expect([bench.state.customer.participantId, bench.state.customer.callee?.userId]).toEqual(["1b" as ParticipantId, "bob" as never]);
    expect(guestIn(given(bench, dialLeg))?.callee.userId).toBe("bob" as never);
  });
});
