// Tests of what robots decide: callers and agents stepped by hand.
import { describe, expect, test } from "bun:test";
import { Seeded } from "../../core/simulation/virtual-time.ts";
import { type AgentInput, type AgentOutput, type AgentPlan, type AgentState, newAgent, registerAgainMs, stepAgent } from "./agent.ts";
import { type CallerInput, type CallerOutput, type CallerPlan, type CallerState, startCaller, stepCaller } from "./caller.ts";
import { between, exponential, fraction, pick } from "./draw.ts";
import { hear, phrase } from "./voice.ts";

const plan: CallerPlan = {
  number: "+441632960001",
  name: "Alice",
  called: "100",
  hears: "agent",
  keys: [
    { digit: "1", afterMs: 2_000 },
    { digit: "#", afterMs: 500 },
  ],
  patienceMs: 30_000,
  talkMs: 40_000,
};

function caller(...inputs: readonly CallerInput[]): { readonly state: CallerState; readonly outputs: readonly CallerOutput[] } {
  let { state, outputs } = startCaller(plan);
  for (const input of inputs) ({ state, outputs } = stepCaller(state, input));
  return { state, outputs };
}
const timer = (name: "key" | "patience" | "talk"): CallerInput => ({ kind: "timer", timer: name });
const connected: CallerInput = { kind: "connected" };
const heard: CallerInput = { kind: "agent-heard" };
const ended: CallerInput = { kind: "ended" };

describe("a caller", () => {
  test("dials, and presses its keys one after the other", () => {
    expect(caller().outputs).toEqual([{ kind: "call" }]);
    expect(caller(connected).outputs).toEqual([
      { kind: "start", timer: "key", ms: 2_000 },
      { kind: "start", timer: "patience", ms: 30_000 },
    ]);
    expect(caller(connected, timer("key")).outputs).toEqual([
      { kind: "press", digit: "1" },
      { kind: "start", timer: "key", ms: 500 },
    ]);
    expect(caller(connected, timer("key"), timer("key")).outputs).toEqual([{ kind: "press", digit: "#" }]);
  });

  test("talks from the agent's first word on, and hangs up when it has said all", () => {
    expect(caller(connected, heard).outputs).toContainEqual({ kind: "start", timer: "talk", ms: 40_000 });
    expect(caller(connected, heard).outputs).toContainEqual({ kind: "stop", timer: "patience" });
    expect(caller(connected, heard, heard).outputs).toEqual([]);
    expect(caller(connected, heard, timer("talk")).outputs).toContainEqual({ kind: "hang-up" });
    expect(caller(connected, heard, timer("talk"), ended).outputs).toContainEqual({ kind: "done", outcome: "talked" });
  });

  const ends: readonly (readonly [string, readonly CallerInput[], string])[] = [
    ["nobody came in time", [connected, timer("patience"), ended], "gave-up"],
    ["the agent hung up", [connected, heard, ended], "talked"],
    ["the call was refused", [ended], "refused"],
    ["the other side ended it while it waited", [connected, ended], "dropped"],
    ["it was told to stop while it waited", [connected, { kind: "stop" }, ended], "stopped"],
    ["it was told to stop while it talked", [connected, heard, { kind: "stop" }, ended], "talked"],
  ];
  for (const [when, inputs, outcome] of ends)
    test(`says “${outcome}” when ${when}, once`, () => {
      expect(caller(...inputs).outputs).toContainEqual({ kind: "done", outcome: outcome as never });
      expect(caller(...inputs, ended).outputs).toEqual([]);
    });

  test("leaves no timer behind", () => {
    const stopped = caller(connected, heard, ended).outputs.flatMap((output) => (output.kind === "stop" ? [output.timer] : []));
    expect(stopped.sort()).toEqual(["key", "patience", "talk"]);
  });
});

const work: AgentPlan = { answerMs: 3_000, talkMs: 60_000, wrapUpMs: 8_000, breakMs: null };

function agent(...inputs: readonly AgentInput[]): { readonly state: AgentState; readonly outputs: readonly AgentOutput[] } {
  let state = newAgent;
  let outputs: readonly AgentOutput[] = [];
  for (const input of inputs) ({ state, outputs } = stepAgent(state, input));
  return { state, outputs };
}
const atTime = (name: "answer" | "talk" | "wrap-up" | "break" | "register" | "look"): AgentInput => ({ kind: "timer", timer: name });
const there: readonly AgentInput[] = [{ kind: "start" }, { kind: "registered" }];
const rings = (plan: AgentPlan = work): AgentInput => ({ kind: "rings", plan });
const talking: readonly AgentInput[] = [...there, rings(), atTime("answer"), { kind: "connected" }];

describe("an agent", () => {
  test("registers, goes on queue, and registers again in time", () => {
    expect(agent({ kind: "start" }).outputs).toEqual([{ kind: "register" }]);
    expect(agent(...there).outputs).toContainEqual({ kind: "presence", presence: "ON_QUEUE" });
    expect(agent(...there).outputs).toContainEqual({ kind: "start", timer: "register", ms: registerAgainMs });
    expect(agent(...talking, { kind: "registered" }).state.name).toBe("talking");
    expect(agent({ kind: "start" }, { kind: "not-registered" }, atTime("register")).outputs).toEqual([{ kind: "register" }]);
  });

  test("lets it ring a while, answers, talks, hangs up when the caller does not, wraps up, is free again", () => {
    expect(agent(...there, rings()).outputs).toEqual([{ kind: "ring" }, { kind: "start", timer: "answer", ms: 3_000 }]);
    expect(agent(...there, rings(), atTime("answer")).outputs).toEqual([{ kind: "answer" }]);
    expect(agent(...talking).outputs).toEqual([{ kind: "start", timer: "talk", ms: 60_000 }]);
    expect(agent(...talking, atTime("talk")).outputs).toEqual([{ kind: "hang-up" }]);
    expect(agent(...talking, { kind: "ended" }).outputs).toContainEqual({ kind: "start", timer: "wrap-up", ms: 8_000 });
    const done = agent(...talking, { kind: "ended" }, atTime("wrap-up"));
    expect(done.outputs.map(({ kind }) => kind)).toEqual(["wrap-up", "presence", "start"]);
    expect(done.state.name).toBe("free");
  });

  test("takes a break before it gives its work away, and comes back", () => {
    const onBreak = [...there, rings({ ...work, breakMs: 90_000 }), atTime("answer"), { kind: "connected" }, { kind: "ended" }] as const;
    const { state, outputs } = agent(...onBreak, atTime("wrap-up"));
    expect(state.name).toBe("on-break");
    expect(outputs.slice(0, 2)).toEqual([{ kind: "presence", presence: "BREAK" }, { kind: "wrap-up" }]);
    expect(agent(...onBreak, atTime("wrap-up"), atTime("look")).outputs).toEqual([]);
    expect(agent(...onBreak, atTime("wrap-up"), atTime("break")).outputs).toContainEqual({ kind: "presence", presence: "ON_QUEUE" });
  });

  test("is free when the caller gave up while it rang, and takes one call at a time", () => {
    expect(agent(...there, rings(), { kind: "ended" }).state.name).toBe("free");
    expect(agent(...talking, rings()).outputs).toEqual([{ kind: "refuse" }]);
    expect(agent(...talking, rings()).state.name).toBe("talking");
  });

  test("goes home for good: hangs up, wraps up, is off queue, and takes nothing more", () => {
    const kinds = agent(...talking, { kind: "stop" }).outputs.flatMap(({ kind }) => (kind === "stop" ? [] : [kind]));
    expect(kinds).toEqual(["presence", "hang-up", "wrap-up"]);
    expect(agent(...there, { kind: "stop" }, rings()).outputs).toEqual([{ kind: "refuse" }]);
    expect(agent(...there, { kind: "stop" }, atTime("register")).outputs).toEqual([]);
    expect(agent(...talking, { kind: "stop" }, { kind: "ended" }).state.name).toBe("off");
  });
});

describe("chance", () => {
  const random = new Seeded(7);
  const many = Array.from({ length: 4_000 });

  test("stays within its bounds and reaches them", () => {
    const drawn = many.map(() => between(random, [3, 6]));
    expect([...new Set(drawn)].sort()).toEqual([3, 4, 5, 6]);
    expect(new Set(many.map(() => pick(random, ["a", "b"]))).size).toBe(2);
    expect(many.every(() => fraction(random) < 1)).toBe(true);
  });

  test("draws waits whose mean is the one asked for", () => {
    const mean = many.reduce((sum: number) => sum + exponential(random, 1_000), 0) / many.length;
    expect(mean).toBeGreaterThan(920);
    expect(mean).toBeLessThan(1_080);
  });
});

describe("an ear", () => {
  test("tells the two voices apart, and both from silence and other sounds", () => {
    const [low, high] = [hear(phrase("caller")), hear(phrase("agent"))];
    expect([low.agent, high.caller]).toEqual([0, 0]);
    expect(Math.min(low.caller, high.agent)).toBeGreaterThanOrEqual(1_000);
    expect(hear(new Int16Array(8_000))).toEqual({ caller: 0, agent: 0, sound: 0, silence: 1_000 });
    const tone = Int16Array.from({ length: 8_000 }, (_, i) => 5_000 * Math.sin((2 * Math.PI * 440 * i) / 8_000));
    expect(hear(tone)).toEqual({ caller: 0, agent: 0, sound: 1_000, silence: 0 });
  });

  test("hears both at once as neither", () => {
    const [low, high] = [phrase("caller"), phrase("agent")];
    const both = hear(low.map((sample, i) => sample + high[i]!));
    expect(both.caller + both.agent).toBe(0);
  });
});
