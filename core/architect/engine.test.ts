// Flows run: choices, private digits, errors that never end in silence, and loops that end.
import { describe, expect, test } from "bun:test";
import { collectDigitsMax } from "../lib/limits.ts";
import type { FlowInput, FlowOutput } from "./action.ts";
import { type FlowDocument, parseFlow } from "./document.ts";
import { type FlowState, newFlow, step } from "./engine.ts";

function flowOf(actions: Record<string, unknown>, more: Record<string, unknown> = {}): FlowDocument {
  const parsed = parseFlow({ name: "Test", type: "INBOUNDCALL", start: Object.keys(actions)[0], actions, ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.flow;
}

function play(document: FlowDocument, inputs: readonly FlowInput[]): { state: FlowState; outputs: FlowOutput[] } {
  let state = newFlow(document, {}, "flow");
  const outputs: FlowOutput[] = [];
  for (const input of [{ kind: "start" } as const, ...inputs]) {
    const next = step(state, input);
    state = next.state;
    outputs.push(...next.outputs);
  }
  return { state, outputs };
}

const menu = {
  menu: { type: "menu", name: "Main", audio: ["welcome"], choices: ["1", "2"], attempts: 2, outputs: { 1: "sales", 2: "bye" } },
  sales: { type: "transferToAcd", name: "Sales", queue: "Sales" },
  bye: { type: "disconnect", name: "Bye" },
};

describe("a menu", () => {
  test("goes where a digit leads, while its prompt still plays", () => {
    const { outputs } = play(flowOf(menu), [{ kind: "digit", digit: "1" }]);
    expect(outputs.map((output) => output.kind)).toEqual(["play", "stop-play", "cancel-timer", "step", "transfer-to-acd"]);
    expect(outputs[3]).toMatchObject({ facts: { pressed: "1" } });
  });

  test("asks again after a wrong digit and ends in the apology when that was the last attempt", () => {
    const { outputs, state } = play(flowOf(menu), [
      { kind: "digit", digit: "9" },
      { kind: "digit", digit: "9" },
      { kind: "play-finished", playId: "flow-apology", reason: "done" },
    ]);
    expect(outputs.filter((output) => output.kind === "play")).toHaveLength(3);
    expect(outputs.at(-1)).toEqual({ kind: "disconnect" });
    expect(state.waiting).toBeNull();
  });
});

describe("keys before the question", () => {
  const welcome = {
    welcome: { type: "playAudio", name: "Welcome", audio: ["welcome"], outputs: { next: "menu" } },
    ...menu,
  };
  const digits = (text: string): FlowInput[] => [...text].map((digit) => ({ kind: "digit", digit }));
  const welcomed: FlowInput = { kind: "play-finished", playId: "flow-1", reason: "done" };

  test("do not stop what is played, and answer the question that comes after it", () => {
    const early = play(flowOf(welcome), digits("1"));
    expect(early.outputs.map((output) => output.kind)).toEqual(["play"]);
    const { outputs } = play(flowOf(welcome), [...digits("1"), welcomed]);
    expect(outputs.filter(({ kind }) => kind === "transfer-to-acd")).toHaveLength(1);
    expect(outputs.find((output) => output.kind === "step" && output.type === "menu")).toMatchObject({ facts: { pressed: "1" } });
  });

  test("go on through a menu into a private number, which no output holds", () => {
    const flow = flowOf({
      ...welcome,
      menu: { ...menu.menu, outputs: { 1: "card", 2: "bye" } },
      card: {
        type: "collectInput",
        name: "Card",
        audio: ["card"],
        variable: "card",
        minDigits: 4,
        outputs: { success: "sales", noInput: "bye" },
      },
    });
    const { outputs } = play(flow, [...digits("14711#"), welcomed]);
    expect(outputs.filter(({ kind }) => kind === "transfer-to-acd")).toHaveLength(1);
    expect(JSON.stringify(outputs)).not.toContain("4711");
  });

  test("are forgotten when the flow fails, and never grow without bound", () => {
    const { state } = play(flowOf(welcome), digits("9".repeat(500)));
    expect(state.typedAhead.length).toBe(collectDigitsMax);
    const failed = play(flowOf(welcome), [...digits("111"), { ...welcomed, reason: "unknown-prompt" } as FlowInput]);
    expect(failed.state.typedAhead).toBe("");
    expect(failed.outputs.some(({ kind }) => kind === "transfer-to-acd")).toBe(false);
  });
});

describe("Collect Input", () => {
  const collect = (log: boolean) => ({
    card: {
      type: "collectInput",
      name: "Card",
      audio: ["card"],
      variable: "card",
      minDigits: 4,
      log,
      outputs: { success: "check", noInput: "bye" },
    },
    check: { type: "decision", name: "Is it ours", expression: "card.startsWith('4')", outputs: { yes: "sales", no: "bye" } },
    sales: { type: "transferToAcd", name: "Sales", queue: "Sales" },
    bye: { type: "disconnect", name: "Bye" },
  });
  const digits = [..."4711#"].map((digit) => ({ kind: "digit", digit }) as const);

  test("RTP-08: keeps private digits out of everything it says", () => {
    const { outputs } = play(flowOf(collect(false)), digits);
    expect(JSON.stringify(outputs)).not.toContain("4711");
    expect(outputs.find((output) => output.kind === "step")).toMatchObject({ facts: { digits: 4 } });
    expect(outputs.at(-1)).toMatchObject({ kind: "transfer-to-acd", queue: "Sales" });
  });

  test("shows digits when the flow says that people may read them", () => {
    const { outputs } = play(flowOf(collect(true)), digits);
    expect(outputs.find((output) => output.kind === "step")).toMatchObject({ facts: { typed: "4711" } });
  });

  test("is refused in participant data unless it may be read", () => {
    const actions = {
      ...collect(false),
      check: { type: "setParticipantData", name: "Keep", values: { card: "card" }, outputs: { next: "sales" } },
    };
    const parsed = parseFlow({ name: "Test", type: "INBOUNDCALL", start: "card", actions });
    expect(parsed).toMatchObject({ ok: false, problems: [{ path: "actions.check.values.card" }] });
  });
});

describe("faults", () => {
  test("an unknown prompt leads to the flow's own error handling", () => {
    const actions = {
      hello: { type: "playAudio", name: "Hello", audio: ["nowhere"], outputs: { next: "bye" } },
      bye: { type: "disconnect", name: "Bye" },
      sorry: { type: "playAudio", name: "Sorry", audio: ["sorry"], outputs: { next: "bye" } },
    };
    const { outputs } = play(flowOf(actions, { onError: "sorry" }), [
      { kind: "play-finished", playId: "flow-1", reason: "unknown-prompt" },
    ]);
    expect(outputs.at(-1)).toMatchObject({ kind: "play", prompts: [{ key: "sorry" }] });
  });

  test("a loop without a wait ends in the apology instead of hanging", () => {
    const actions = {
      a: { type: "decision", name: "A", expression: "true", outputs: { yes: "b", no: "b" } },
      b: { type: "decision", name: "B", expression: "true", outputs: { yes: "a", no: "a" } },
    };
    const { outputs } = play(flowOf(actions), []);
    expect(outputs.at(-1)).toMatchObject({ kind: "play", prompts: [{ key: "system.error" }] });
  });

  test("an expression over an unknown name is an error, not a no", () => {
    const actions = {
      a: { type: "decision", name: "A", expression: "missing == 1", outputs: { yes: "bye", no: "bye", failure: "sorry" } },
      bye: { type: "disconnect", name: "Bye" },
      sorry: { type: "playAudio", name: "Sorry", audio: ["sorry"], outputs: { next: "bye" } },
    };
    expect(play(flowOf(actions), []).outputs.at(-1)).toMatchObject({ kind: "play", prompts: [{ key: "sorry" }] });
  });
});

test("problems name where and what to mend", () => {
  const parsed = parseFlow({
    name: "Test",
    type: "INBOUNDCALL",
    start: "menu",
    actions: {
      menu: { type: "menu", name: "Main", audio: ["a"], choices: ["1"], outputs: { 2: "menu" } },
      lost: { type: "fly", name: "?" },
    },
  });
  if (parsed.ok) throw new Error("must be refused");
  expect(parsed.problems.map((problem) => problem.path)).toEqual([
    "actions.menu.outputs",
    "actions.menu.outputs.2",
    "actions.lost.type",
    "actions.lost",
  ]);
});
