// Whether a carrier knows where we are (RFC 3261 §10.2): asked for, renewed in time, tried again ever more slowly when it fails. Pure.
import type { TrunkTrouble } from "../../core/call/call-control.ts";
import type { Step } from "../../core/lib/machine.ts";

/** What we ask for, in seconds; a carrier may want more by 423, and grant less. */
const wantedSeconds = 600;
const retryMsMin = 10_000;
const retryMsMax = 10 * 60_000;
/** A carrier that asks for more than a day is obeyed no further. */
const secondsMax = 86_400;

export type Registration =
  | { readonly name: "off" }
  /** `since`: what still holds while it is renewed. */
  | { readonly name: "asking"; readonly seconds: number; readonly failures: number; readonly untilMs: number | null }
  | { readonly name: "registered"; readonly seconds: number; readonly untilMs: number }
  | {
      readonly name: "failed";
      readonly seconds: number;
      readonly failures: number;
      readonly trouble: TrunkTrouble;
      readonly againMs: number;
    };

export type RegistrationInput =
  | { readonly kind: "begin" }
  /** The carrier has us, for so long. */
  | { readonly kind: "accepted"; readonly seconds: number }
  /** 423, with its Min-Expires. */
  | { readonly kind: "too-brief"; readonly seconds: number }
  | { readonly kind: "failed"; readonly trouble: TrunkTrouble }
  | { readonly kind: "timer" }
  | { readonly kind: "end" };

export type RegistrationOutput =
  /** REGISTER; 0 seconds: we are not here any more. */
  { readonly kind: "register"; readonly seconds: number } | { readonly kind: "start"; readonly ms: number } | { readonly kind: "stop" };

type Result = Step<Registration, RegistrationOutput>;

/** `now`: epoch ms. */
export function stepRegistration(state: Registration, input: RegistrationInput, now: number): Result {
  switch (input.kind) {
    case "begin":
    case "timer":
      return ask(state);
    case "accepted": {
      if (state.name !== "asking") return { state, outputs: [] };
      const seconds = Math.min(Math.max(input.seconds, 1), secondsMax);
      const next: Registration = { name: "registered", seconds: state.seconds, untilMs: now + seconds * 1_000 };
      return { state: next, outputs: [{ kind: "start", ms: renewAfterMs(seconds) }] };
    }
    case "too-brief": {
      if (state.name !== "asking") return { state, outputs: [] };
      if (input.seconds <= state.seconds || input.seconds > secondsMax) return failed(state, { kind: "status", status: 423 }, now);
      return { state: { ...state, seconds: input.seconds }, outputs: [{ kind: "register", seconds: input.seconds }] };
    }
    case "failed":
      return state.name === "asking" ? failed(state, input.trouble, now) : { state, outputs: [] };
    case "end": {
      const isKnown = state.name === "registered" || (state.name === "asking" && state.untilMs !== null);
      return { state: { name: "off" }, outputs: [{ kind: "stop" }, ...(isKnown ? [{ kind: "register", seconds: 0 } as const] : [])] };
    }
  }
}

function ask(state: Registration): Result {
  const seconds = state.name === "off" ? wantedSeconds : state.seconds;
  const failures = state.name === "failed" || state.name === "asking" ? state.failures : 0;
  const untilMs = state.name === "registered" || state.name === "asking" ? state.untilMs : null;
  return { state: { name: "asking", seconds, failures, untilMs }, outputs: [{ kind: "stop" }, { kind: "register", seconds }] };
}

/** RFC 5626 §4.5 without the chance: one line is no crowd. */
function failed(state: Extract<Registration, { name: "asking" }>, trouble: TrunkTrouble, now: number): Result {
  const failures = state.failures + 1;
  const ms = Math.min(retryMsMin * 2 ** (failures - 1), retryMsMax);
  const next: Registration = { name: "failed", seconds: state.seconds, failures, trouble, againMs: now + ms };
  return { state: next, outputs: [{ kind: "start", ms }] };
}

/** Early enough for one more try: at most half a minute before the end of it, and never later than at four fifths. */
export function renewAfterMs(seconds: number): number {
  return Math.max(Math.min(seconds * 800, (seconds - 30) * 1_000), seconds * 500);
}
