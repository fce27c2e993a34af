// A registration through its life: granted, renewed in time, refused, tried again ever more slowly, ended.
import { expect, test } from "bun:test";
import { type Registration, type RegistrationInput, renewAfterMs, stepRegistration } from "./registration.ts";

function play(...inputs: readonly RegistrationInput[]) {
  let state: Registration = { name: "off" };
  let outputs: unknown[] = [];
  for (const input of inputs) {
    const step = stepRegistration(state, input, 1_000);
    state = step.state;
    outputs = [...step.outputs];
  }
  return { state, outputs };
}

const granted = [{ kind: "begin" }, { kind: "accepted", seconds: 120 }] as const;

test("what is granted is renewed before it ends, whatever was wanted", () => {
  expect(play(...granted)).toEqual({
    state: { name: "registered", seconds: 600, untilMs: 121_000 },
    outputs: [{ kind: "start", ms: 90_000 }],
  });
  expect(play(...granted, { kind: "timer" })).toMatchObject({
    state: { name: "asking", untilMs: 121_000 },
    outputs: [{ kind: "stop" }, { kind: "register", seconds: 600 }],
  });
  expect([renewAfterMs(3_600), renewAfterMs(60), renewAfterMs(10)]).toEqual([2_880_000, 30_000, 5_000]);
});

test("a carrier that wants more is asked for that, once", () => {
  const wanted = play({ kind: "begin" }, { kind: "too-brief", seconds: 3_600 });
  expect(wanted.outputs).toEqual([{ kind: "register", seconds: 3_600 }]);
  expect(play({ kind: "begin" }, { kind: "too-brief", seconds: 60 }).state).toMatchObject({ name: "failed", trouble: { status: 423 } });
});

test("what fails is tried again ever more slowly, and at once after it has worked", () => {
  const fails = [{ kind: "failed", trouble: { kind: "no-answer" } }, { kind: "timer" }] as const;
  const waits = [1, 2, 3, 12].map((times) => {
    const { outputs } = play(
      { kind: "begin" },
      ...Array.from({ length: times }, () => fails)
        .flat()
        .slice(0, -1),
    );
    return (outputs[0] as { ms: number }).ms;
  });
  expect(waits).toEqual([10_000, 20_000, 40_000, 600_000]);
  expect(play({ kind: "begin" }, ...fails, { kind: "accepted", seconds: 60 }, { kind: "timer" }, fails[0]).outputs).toEqual([
    { kind: "start", ms: 10_000 },
  ]);
});

test("who leaves says so, if anybody knows of them", () => {
  expect(play(...granted, { kind: "end" })).toEqual({
    state: { name: "off" },
    outputs: [{ kind: "stop" }, { kind: "register", seconds: 0 }],
  });
  expect(play({ kind: "begin" }, { kind: "end" }).outputs).toEqual([{ kind: "stop" }]);
  expect(play(...granted, { kind: "end" }, { kind: "accepted", seconds: 60 }).state).toEqual({ name: "off" });
});
