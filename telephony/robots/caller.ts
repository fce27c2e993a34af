// A robot caller: dials, presses its keys, waits as long as it has patience, talks once it hears an agent, hangs up. Pure; robots.ts hosts it.
import { assertNever, type Step } from "../../core/lib/machine.ts";

/** What this one will do, drawn beforehand. */
export type CallerPlan = {
  readonly number: string;
  readonly name: string;
  readonly called: string;
  /** Pressed one after the other, each so long after the answer or the key before. */
  readonly keys: readonly { readonly digit: string; readonly afterMs: number }[];
  /** Whom it waits for: an agent's voice, or whatever sounds, where the agents are no robots. */
  readonly hears: "agent" | "anything";
  /** From the answer until it hears an agent; then it gives up. */
  readonly patienceMs: number;
  /** From the agent's first word. */
  readonly talkMs: number;
};

/** How a call ended, as a result counts it. */
export type CallerOutcome =
  /** It has talked with an agent, and either of the two has hung up. */
  | "talked"
  /** Nobody came in time. */
  | "gave-up"
  /** Told to stop before it was done. */
  | "stopped"
  /** Never answered. */
  | "refused"
  /** Ended by the other side, or by a fault, before an agent was heard. */
  | "dropped";

export type CallerState =
  | { readonly name: "calling"; readonly plan: CallerPlan }
  | { readonly name: "waiting"; readonly plan: CallerPlan; readonly pressed: number }
  | { readonly name: "talking"; readonly plan: CallerPlan }
  /** It has hung up; the end is awaited. */
  | { readonly name: "leaving"; readonly outcome: CallerOutcome }
  | { readonly name: "gone" };

export type CallerInput =
  | { readonly kind: "connected" }
  /** An agent's voice. */
  | { readonly kind: "agent-heard" }
  | { readonly kind: "timer"; readonly timer: CallerTimer }
  | { readonly kind: "ended" }
  | { readonly kind: "stop" };

export type CallerTimer = "key" | "patience" | "talk";

export type CallerOutput =
  | { readonly kind: "call" }
  | { readonly kind: "press"; readonly digit: string }
  | { readonly kind: "hang-up" }
  | { readonly kind: "start"; readonly timer: CallerTimer; readonly ms: number }
  | { readonly kind: "stop"; readonly timer: CallerTimer }
  | { readonly kind: "done"; readonly outcome: CallerOutcome };

type Result = Step<CallerState, CallerOutput>;

const stopAll: readonly CallerOutput[] = (["key", "patience", "talk"] as const).map((timer) => ({ kind: "stop", timer }));

export function startCaller(plan: CallerPlan): Result {
  return { state: { name: "calling", plan }, outputs: [{ kind: "call" }] };
}

export function stepCaller(state: CallerState, input: CallerInput): Result {
  if (state.name === "gone") return { state, outputs: [] };
  switch (input.kind) {
    case "connected":
      return state.name === "calling" ? connected(state.plan) : { state, outputs: [] };
    case "agent-heard":
      return state.name === "waiting" ? talking(state.plan) : { state, outputs: [] };
    case "timer":
      return onTimer(state, input.timer);
    case "ended":
      return { state: { name: "gone" }, outputs: [...stopAll, { kind: "done", outcome: outcomeOf(state) }] };
    case "stop":
      return state.name === "leaving" ? { state, outputs: [] } : leave(state.name === "talking" ? "talked" : "stopped");
    default:
      return assertNever(input);
  }
}

function connected(plan: CallerPlan): Result {
  const [first] = plan.keys;
  const key: readonly CallerOutput[] = first === undefined ? [] : [{ kind: "start", timer: "key", ms: first.afterMs }];
  return {
    state: { name: "waiting", plan, pressed: 0 },
    outputs: [...key, { kind: "start", timer: "patience", ms: plan.patienceMs }],
  };
}

function talking(plan: CallerPlan): Result {
  const outputs: readonly CallerOutput[] = [
    { kind: "stop", timer: "key" },
    { kind: "stop", timer: "patience" },
    { kind: "start", timer: "talk", ms: plan.talkMs },
  ];
  return { state: { name: "talking", plan }, outputs };
}

function onTimer(state: CallerState, timer: CallerTimer): Result {
  if (state.name === "waiting" && timer === "key") {
    const { plan, pressed } = state;
    const key = plan.keys[pressed]!;
    const next = plan.keys[pressed + 1];
    const outputs: CallerOutput[] = [{ kind: "press", digit: key.digit }];
    if (next !== undefined) outputs.push({ kind: "start", timer: "key", ms: next.afterMs });
    return { state: { ...state, pressed: pressed + 1 }, outputs };
  }
  if (state.name === "waiting" && timer === "patience") return leave("gave-up");
  if (state.name === "talking" && timer === "talk") return leave("talked");
  return { state, outputs: [] };
}

function leave(outcome: CallerOutcome): Result {
  return { state: { name: "leaving", outcome }, outputs: [...stopAll, { kind: "hang-up" }] };
}

function outcomeOf(state: Exclude<CallerState, { name: "gone" }>): CallerOutcome {
  switch (state.name) {
    case "calling":
      return "refused";
    case "waiting":
      return "dropped";
    case "talking":
      return "talked";
    case "leaving":
      return state.outcome;
    default:
      return assertNever(state);
  }
}
