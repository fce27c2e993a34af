// A robot agent: a phone that registers, a person on queue who answers, talks, wraps up and takes a break now and then. Pure; robots.ts hosts it.
import { assertNever, type Step } from "../../core/lib/machine.ts";

/** What it will do with the call that rings, drawn when it rings. */
export type AgentPlan = {
  readonly answerMs: number;
  /** Hangs up after this if the caller has not. */
  readonly talkMs: number;
  readonly wrapUpMs: number;
  /** After the wrap-up; null: none. */
  readonly breakMs: number | null;
};

export type AgentState =
  /** Its phone is not known to the registrar. */
  | { readonly name: "away" }
  | { readonly name: "free" }
  | { readonly name: "ringing" | "answered" | "talking" | "leaving"; readonly plan: AgentPlan }
  | { readonly name: "wrapping-up"; readonly plan: AgentPlan }
  | { readonly name: "on-break" }
  /** Its work is over; a call that was up ends first. */
  | { readonly name: "off" };

export type AgentInput =
  | { readonly kind: "start" }
  | { readonly kind: "registered" }
  | { readonly kind: "not-registered" }
  | { readonly kind: "rings"; readonly plan: AgentPlan }
  /** The caller and this one can speak. */
  | { readonly kind: "connected" }
  | { readonly kind: "ended" }
  | { readonly kind: "timer"; readonly timer: AgentTimer }
  | { readonly kind: "stop" };

export type AgentTimer = "register" | "answer" | "talk" | "wrap-up" | "break" | "look";

export type AgentOutput =
  | { readonly kind: "register" }
  | { readonly kind: "presence"; readonly presence: "ON_QUEUE" | "BREAK" | "OFFLINE" }
  | { readonly kind: "ring" }
  | { readonly kind: "answer" }
  | { readonly kind: "hang-up" }
  /** Somebody else rings while this one cannot. */
  | { readonly kind: "refuse" }
  | { readonly kind: "wrap-up" }
  | { readonly kind: "start"; readonly timer: AgentTimer; readonly ms: number }
  | { readonly kind: "stop"; readonly timer: AgentTimer };

type Result = Step<AgentState, AgentOutput>;

/** Long before the registration of user-agent.ts runs out. */
export const registerAgainMs = 150_000;
const registerRetryMs = 5_000;
/** On queue is said again this often: whoever was set to Not Responding comes back, as people do who look at their page. */
export const lookMs = 20_000;

const callTimers: readonly AgentTimer[] = ["answer", "talk", "wrap-up", "break"];
const stop = (...timers: readonly AgentTimer[]): readonly AgentOutput[] => timers.map((timer) => ({ kind: "stop", timer }));
const stay = (state: AgentState, ...outputs: readonly AgentOutput[]): Result => ({ state, outputs });

export const newAgent: AgentState = { name: "away" };

export function stepAgent(state: AgentState, input: AgentInput): Result {
  if (state.name === "off") return stay(state, ...(input.kind === "rings" ? [{ kind: "refuse" } as const] : []));
  switch (input.kind) {
    case "start":
      return stay(state, { kind: "register" });
    case "registered":
      return registered(state);
    case "not-registered":
      return stay(state, { kind: "start", timer: "register", ms: registerRetryMs });
    case "rings":
      return state.name === "free" ? rings(input.plan) : stay(state, { kind: "refuse" });
    case "connected":
      if (state.name !== "answered") return stay(state);
      return stay({ name: "talking", plan: state.plan }, { kind: "start", timer: "talk", ms: state.plan.talkMs });
    case "ended":
      return ended(state);
    case "timer":
      return onTimer(state, input.timer);
    case "stop":
      return goHome(state);
    default:
      return assertNever(input);
  }
}

function registered(state: AgentState): Result {
  const again: AgentOutput = { kind: "start", timer: "register", ms: registerAgainMs };
  return state.name === "away" ? stay({ name: "free" }, again, ...free()) : stay(state, again);
}

function free(): readonly AgentOutput[] {
  return [
    { kind: "presence", presence: "ON_QUEUE" },
    { kind: "start", timer: "look", ms: lookMs },
  ];
}

function rings(plan: AgentPlan): Result {
  return stay({ name: "ringing", plan }, { kind: "ring" }, { kind: "start", timer: "answer", ms: plan.answerMs });
}

// A caller who gave up while it rang leaves nothing to wrap up; one who did so while this one answered may.
function ended(state: AgentState): Result {
  if (state.name === "ringing") return stay({ name: "free" }, ...stop(...callTimers));
  if (state.name !== "answered" && state.name !== "talking" && state.name !== "leaving") return stay(state);
  const { plan } = state;
  return stay({ name: "wrapping-up", plan }, ...stop("talk"), { kind: "start", timer: "wrap-up", ms: plan.wrapUpMs });
}

function onTimer(state: AgentState, timer: AgentTimer): Result {
  switch (timer) {
    case "register":
      return stay(state, { kind: "register" });
    case "answer":
      return state.name === "ringing" ? stay({ name: "answered", plan: state.plan }, { kind: "answer" }) : stay(state);
    case "talk":
      return state.name === "talking" ? stay({ name: "leaving", plan: state.plan }, { kind: "hang-up" }) : stay(state);
    case "wrap-up":
      return state.name === "wrapping-up" ? wrappedUp(state.plan) : stay(state);
    case "break":
      return state.name === "on-break" ? stay({ name: "free" }, ...free()) : stay(state);
    case "look":
      return state.name === "free" ? stay(state, ...free()) : stay(state);
    default:
      return assertNever(timer);
  }
}

function wrappedUp({ breakMs }: AgentPlan): Result {
  if (breakMs === null) return stay({ name: "free" }, { kind: "wrap-up" }, ...free());
  return stay(
    { name: "on-break" },
    // First away, then done: in between nothing may be offered.
    { kind: "presence", presence: "BREAK" },
    { kind: "wrap-up" },
    { kind: "start", timer: "break", ms: breakMs },
  );
}

function goHome(state: AgentState): Result {
  const isInCall = state.name === "ringing" || state.name === "answered" || state.name === "talking";
  const wrapsUp = state.name === "talking" || state.name === "leaving" || state.name === "wrapping-up";
  return stay(
    { name: "off" },
    ...stop("register", "look", ...callTimers),
    { kind: "presence", presence: "OFFLINE" },
    ...(isInCall ? [{ kind: "hang-up" } as const] : []),
    ...(wrapsUp ? [{ kind: "wrap-up" } as const] : []),
  );
}
