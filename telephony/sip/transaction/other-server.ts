// The server transaction of every method but INVITE (RFC 3261 §17.2.2, Figure 8).
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import type { ResponseDraft } from "../message/message.ts";
import { sixtyFourT1Ms, type TransactionOutput } from "./machine.ts";

export type OtherServerState =
  | { readonly name: "trying"; readonly isReliable: boolean }
  | { readonly name: "proceeding"; readonly isReliable: boolean; readonly last: ResponseDraft }
  | { readonly name: "completed"; readonly last: ResponseDraft }
  | { readonly name: "terminated" };

export type OtherServerInput =
  | { readonly kind: "request" }
  | { readonly kind: "respond"; readonly response: ResponseDraft }
  | { readonly kind: "timer"; readonly timer: "J" }
  | { readonly kind: "transport-error" };

type Result = Step<OtherServerState, TransactionOutput>;

const end = (...outputs: TransactionOutput[]): Result => ({ state: { name: "terminated" }, outputs: [...outputs, { kind: "ended" }] });

export function startOtherServer(isReliable: boolean): Result {
  return { state: { name: "trying", isReliable }, outputs: [] };
}

export function stepOtherServer(state: OtherServerState, input: OtherServerInput): Result {
  switch (input.kind) {
    case "request":
      return { state, outputs: state.name === "proceeding" || state.name === "completed" ? [{ kind: "send", message: state.last }] : [] };
    case "respond":
      return onRespond(state, input.response);
    case "timer":
      return state.name === "completed" ? end() : { state, outputs: [] };
    case "transport-error":
      return state.name === "terminated"
        ? { state, outputs: [] }
        : end({ kind: "stop", timer: "J" }, { kind: "failed", reason: "transport" });
    default:
      return assertNever(input);
  }
}

function onRespond(state: OtherServerState, response: ResponseDraft): Result {
  // A second final response is the user's mistake and goes nowhere (§17.2.2).
  if (state.name !== "trying" && state.name !== "proceeding") return { state, outputs: [] };
  const send: TransactionOutput = { kind: "send", message: response };
  const { isReliable } = state;
  if (response.status < 200) return { state: { name: "proceeding", isReliable, last: response }, outputs: [send] };
  if (isReliable) return end(send);
  return { state: { name: "completed", last: response }, outputs: [send, { kind: "start", timer: "J", ms: sixtyFourT1Ms }] };
}
