// The client transaction of every method but INVITE (RFC 3261 §17.1.2, Figure 6).
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import type { RequestDraft, SipResponse } from "../message/message.ts";
import { sixtyFourT1Ms, type TransactionOutput, t1Ms, t2Ms, t4Ms } from "./machine.ts";

export type OtherClientState =
  | {
      readonly name: "trying" | "proceeding";
      readonly request: RequestDraft;
      readonly isReliable: boolean;
      readonly intervalMs: number;
    }
  | { readonly name: "completed" }
  | { readonly name: "terminated" };

export type OtherClientInput =
  | { readonly kind: "response"; readonly response: SipResponse }
  | { readonly kind: "timer"; readonly timer: "E" | "F" | "K" }
  | { readonly kind: "transport-error" };

type Result = Step<OtherClientState, TransactionOutput>;

const end = (...outputs: TransactionOutput[]): Result => ({ state: { name: "terminated" }, outputs: [...outputs, { kind: "ended" }] });

export function startOtherClient(request: RequestDraft, isReliable: boolean): Result {
  const outputs: TransactionOutput[] = [{ kind: "start", timer: "F", ms: sixtyFourT1Ms }];
  if (!isReliable) outputs.push({ kind: "start", timer: "E", ms: t1Ms });
  outputs.push({ kind: "send", message: request });
  return { state: { name: "trying", request, isReliable, intervalMs: t1Ms }, outputs };
}

export function stepOtherClient(state: OtherClientState, input: OtherClientInput): Result {
  if (state.name === "completed") return input.kind === "timer" && input.timer === "K" ? end() : { state, outputs: [] };
  if (state.name === "terminated") return { state, outputs: [] };
  switch (input.kind) {
    case "response":
      return onResponse(state, input.response);
    case "timer":
      return onTimer(state, input.timer);
    case "transport-error":
      return end({ kind: "stop", timer: "E" }, { kind: "stop", timer: "F" }, { kind: "failed", reason: "transport" });
    default:
      return assertNever(input);
  }
}

type Waiting = OtherClientState & { name: "trying" | "proceeding" };

function onResponse(state: Waiting, response: SipResponse): Result {
  const deliver: TransactionOutput = { kind: "deliver", response };
  if (response.status < 200) return { state: { ...state, name: "proceeding" }, outputs: [deliver] };
  const outputs: TransactionOutput[] = [{ kind: "stop", timer: "E" }, { kind: "stop", timer: "F" }, deliver];
  if (state.isReliable) return end(...outputs);
  return { state: { name: "completed" }, outputs: [...outputs, { kind: "start", timer: "K", ms: t4Ms }] };
}

function onTimer(state: Waiting, timer: "E" | "F" | "K"): Result {
  if (timer === "F") return end({ kind: "stop", timer: "E" }, { kind: "failed", reason: "timeout" });
  if (timer !== "E") return { state, outputs: [] };
  // Once something came back the peer is alive: T2 from there on (§17.1.2.2).
  const intervalMs = state.name === "proceeding" ? t2Ms : Math.min(state.intervalMs * 2, t2Ms);
  const outputs: TransactionOutput[] = [
    { kind: "start", timer: "E", ms: intervalMs },
    { kind: "send", message: state.request },
  ];
  return { state: { ...state, intervalMs }, outputs };
}
