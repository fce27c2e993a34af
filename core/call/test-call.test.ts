// A test call step by step: every next hop in turn, heard or not, taken down once enough is known, ended by whoever must.
import { describe, expect, test } from "bun:test";
import type { ConversationId, LegId, TrunkId, UserId } from "../lib/id.ts";
import { testCallEnoughMs } from "../lib/limits.ts";
import type { CallEvent, MediaVerdict } from "./call-control.ts";
import { beginTestCall, heardWays, outcomeOf, stepTestCall, type TestCall, type TestCallInput, type TestCallOutput } from "./test-call.ts";

const begun = (hosts: readonly string[] = ["sip.one.example", "sip.two.example"]) =>
  beginTestCall({
    ...{ id: "call" as ConversationId, trunkId: "trunk" as TrunkId, userId: "user" as UserId, startedAt: 0 },
    ...{
      number: "+442079460018",
      sent: "02079460018",
      classification: "National",
      shown: { number: "+441632960100", name: "Bank" },
      hosts,
    },
  });

/** Each input a tenth of a second after the one before, unless it says when. */
function play(...inputs: readonly (TestCallInput | readonly [number, TestCallInput])[]): { test: TestCall; outputs: TestCallOutput[][] } {
  const start = begun();
  let { state } = start;
  const outputs = [[...start.outputs]];
  let now = 0;
  for (const entry of inputs) {
    const isTimed = Array.isArray(entry);
    const input = (isTimed ? entry[1] : entry) as TestCallInput;
    now = isTimed ? (entry[0] as number) : now + 100;
    const result = stepTestCall(state, input, { now, legId: `leg-${state.hop}` as LegId });
    state = result.state;
    outputs.push([...result.outputs]);
  }
  return { test: state, outputs };
}

const way: TestCallInput = { kind: "looked", address: "192.0.2.1:5060", trouble: null };
const noWay: TestCallInput = { kind: "looked", address: null, trouble: { kind: "no-such-name" } };
const leg = (event: Partial<CallEvent> & { readonly kind: CallEvent["kind"] }, legId = "leg-0"): TestCallInput =>
  ({ kind: "leg", event: { legId, ...event } }) as TestCallInput;
const refused = (sipStatus: number | null, reason = "unreachable", legId?: string): TestCallInput =>
  leg({ kind: "leg.ended", reason, sipStatus, said: "No" } as never, legId);
const verdict = (of: Partial<MediaVerdict>): MediaVerdict =>
  ({ packetsReceived: 200, packetsSent: 200, packetsLost: 0, remotePacketsLost: 0, ...of }) as MediaVerdict;
const quality = (of: Partial<MediaVerdict> = {}): TestCallInput => leg({ kind: "leg.quality", verdict: verdict(of) } as never);
const media = (of: Partial<MediaVerdict> = {}): TestCallInput => leg({ kind: "leg.media", verdict: verdict(of) } as never);
const answered = [way, leg({ kind: "leg.ringing", hasEarlyMedia: false } as never), leg({ kind: "leg.answered" } as never)] as const;
const kinds = ({ steps }: TestCall): string[] => steps.map(({ kind }) => kind);
const commands = (outputs: readonly TestCallOutput[]): string[] =>
  outputs.map((output) => (output.kind === "control" ? output.command.kind : output.kind));

test("it looks for the way first, and calls along it as a test, as its trunk sends numbers", () => {
  const { outputs } = play(way);
  expect(outputs[0]).toEqual([{ kind: "look", hop: 0 }]);
  expect(outputs[1]).toMatchObject([
    { kind: "control", command: { kind: "dial-trunk", hop: 0, number: "02079460018", isEmergency: false, isTest: true } },
  ]);
});

test("a name that nobody knows and a carrier that is broken leave it to the next hop; who refuses the number itself ends it", () => {
  const { test: first, outputs } = play(noWay, way, refused(503, "overloaded", "leg-1"));
  expect([kinds(first), first.phase, outcomeOf(first)]).toEqual([["way", "way", "failed"], "over", "failed"]);
  expect(commands(outputs[1]!)).toEqual(["look"]);
  const { test: second } = play(way, refused(404));
  expect([kinds(second), second.phase]).toEqual([["way", "failed"], "over"]);
  const { test: third } = play(way, refused(503), way);
  expect([kinds(third), third.hop, third.phase]).toEqual([["way", "failed", "way"], 1, "calling"]);
});

test("answered, it plays a tone and is taken down as soon as both ways are known, not before", () => {
  const { test: going, outputs } = play(...answered, [1_000, quality()]);
  expect(commands(outputs[3]!)).toEqual(["confirm", "play", "timer"]);
  expect(going.endsAs).toBeNull();
  const { test: known, outputs: then } = play(...answered, [testCallEnoughMs + 300, quality()]);
  expect([known.endsAs, commands(then.at(-1)!)]).toEqual(["taken-down", ["hang-up"]]);
  // Nobody says that we are heard: it listens on, until its time is over.
  const { test: unknown } = play(...answered, [testCallEnoughMs + 300, quality({ remotePacketsLost: null })]);
  expect(unknown.endsAs).toBeNull();
  const { test: late } = play(...answered, quality({ remotePacketsLost: null }), { kind: "timer" });
  expect(late.endsAs).toBe("taken-down");
});

describe("what was heard", () => {
  const over = (...more: readonly TestCallInput[]): TestCall =>
    play(...answered, ...more, { kind: "timer" }, leg({ kind: "leg.ended", reason: "ended-by-us", sipStatus: null } as never)).test;
  const silent = (direction: "from" | "to", cause: string): TestCallInput =>
    leg({ kind: "leg.trouble", direction, trouble: { cause, detail: "" }, before: null, forMs: 5_000 } as never);

  const heard = leg({ kind: "leg.trouble", direction: "from", trouble: null, before: "never-came", forMs: 5_000 } as never);

  test.each([
    ["both ways", [media()], { from: true, to: true }, "well"],
    ["it cannot be told whether they hear", [media({ remotePacketsLost: null })], { from: true, to: null }, "well"],
    ["nothing came back", [silent("from", "never-came"), media({ packetsReceived: 0 })], { from: false, to: true }, "unheard"],
    ["they hear nothing", [silent("to", "not-received"), media()], { from: true, to: false }, "unheard"],
    ["packets came, and all of them silent", [silent("from", "only-silence"), media()], { from: false, to: true }, "unheard"],
    ["silent for a while, and then heard", [silent("from", "never-came"), heard, media()], { from: true, to: true }, "well"],
    ["nothing was measured", [], { from: null, to: null }, "unheard"],
  ] as const)("%s", (_name, more, ways, outcome) => {
    const test = over(...more);
    expect([heardWays(test), outcomeOf(test)]).toEqual([ways, outcome]);
  });
});

test("who answers and hangs up is told apart from us; after the end nothing changes", () => {
  const { test: theirs } = play(...answered, refused(null, "hung-up"));
  expect(kinds(theirs)).toEqual(["way", "ringing", "answered", "hung-up"]);
  const { test: still, outputs } = play(...answered, refused(null, "hung-up"), way, { kind: "stop", as: "stopped" }, { kind: "timer" });
  expect([still, outputs.slice(-3)]).toEqual([theirs, [[], [], []]]);
});

test("stopped by hand, for a call for help or by the node: the leg is hung up, and the reason is kept", () => {
  const { test: going, outputs } = play(way, { kind: "stop", as: "preempted" });
  expect([going.endsAs, commands(outputs.at(-1)!)]).toEqual(["preempted", ["hang-up"]]);
  const { test: over } = play(way, { kind: "stop", as: "stopped" }, refused(null, "ended-by-us"));
  expect(kinds(over)).toEqual(["way", "stopped"]);
  const { test: early } = play({ kind: "stop", as: "node-stopped" });
  expect([kinds(early), early.phase]).toEqual([["node-stopped"], "over"]);
  // What was looked for meanwhile comes too late to be called.
  expect(play({ kind: "stop", as: "stopped" }, way).outputs.at(-1)).toEqual([]);
});
