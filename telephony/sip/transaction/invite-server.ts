// The INVITE server transaction (RFC 3261 §17.2.1, Figure 7, with the Accepted state of RFC 6026 §8.7).
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import type { ResponseDraft } from "../message/message.ts";
import { sixtyFourT1Ms, type TransactionOutput, t1Ms, t2Ms, t4Ms } from "./machine.ts";

export type InviteServerState =
  | { readonly name: "proceeding"; readonly isReliable: boolean; readonly last: ResponseDraft }
  | { readonly name: "completed"; readonly isReliable: boolean; readonly last: ResponseDraft; readonly intervalMs: number }
  | { readonly name: "confirmed" }
  | { readonly name: "accepted" }
  | { readonly name: "terminated" };

export type InviteServerInput =
  /** The INVITE again. */
  | { readonly kind: "request" }
  | { readonly kind: "ack" }
  | { readonly kind: "respond"; readonly response: ResponseDraft }
  | { readonly kind: "timer"; readonly timer: "G" | "H" | "I" | "L" }
  | { readonly kind: "transport-error" };

type Result = Step<InviteServerState, TransactionOutput>;

const end = (...outputs: TransactionOutput[]): Result => ({ state: { name: "terminated" }, outputs: [...outputs, { kind: "ended" }] });

/** 100 Trying leaves at once: deciding may take longer than the 200 ms of §17.2.1, and the caller's retransmissions end here. */
export function startInviteServer(trying: ResponseDraft, isReliable: boolean): Result {
  return { state: { name: "proceeding", isReliable, last: trying }, outputs: [{ kind: "send", message: trying }] };
}

export function stepInviteServer(state: InviteServerState, input: InviteServerInput): Result {
  switch (input.kind) {
    case "request":
      // In Accepted the 2xx is repeated by the dialog, which knows whether an ACK came (RFC 6026 §7.1).
      return { state, outputs: state.name === "proceeding" || state.name === "completed" ? [{ kind: "send", message: state.last }] : [] };
    case "ack":
      return onAck(state);
    case "respond":
      return onRespond(state, input.response);
    case "timer":
      return onTimer(state, input.timer);
    case "transport-error":
      return state.name === "proceeding" || state.name === "completed"
        ? end({ kind: "failed", reason: "transport" })
        : { state, outputs: [] };
    default:
      return assertNever(input);
  }
}

function onAck(state: InviteServerState): Result {
  if (state.name !== "completed") return { state, outputs: [] };
  const quiet: TransactionOutput[] = [
    { kind: "stop", timer: "G" },
    { kind: "stop", timer: "H" },
  ];
  if (state.isReliable) return end(...quiet);
  return { state: { name: "confirmed" }, outputs: [...quiet, { kind: "start", timer: "I", ms: t4Ms }] };
}

function onRespond(state: InviteServerState, response: ResponseDraft): Result {
  const send: TransactionOutput = { kind: "send", message: response };
  const isSuccess = response.status >= 200 && response.status < 300;
  if (state.name === "accepted") return { state, outputs: isSuccess ? [send] : [] };
  if (state.name !== "proceeding") return { state, outputs: [] };
  const { isReliable } = state;
  if (response.status < 200) return { state: { name: "proceeding", isReliable, last: response }, outputs: [send] };
  if (isSuccess) return { state: { name: "accepted" }, outputs: [send, { kind: "start", timer: "L", ms: sixtyFourT1Ms }] };
  const outputs: TransactionOutput[] = [send, { kind: "start", timer: "H", ms: sixtyFourT1Ms }];
  if (!isReliable) outputs.push({ kind: "start", timer: "G", ms: t1Ms });
  return { state: { name: "completed", isReliable, last: response, intervalMs: t1Ms }, outputs };
}

function onTimer(state: InviteServerState, timer: "G" | "H" | "I" | "L"): Result {
  if (state.name === "completed" && timer === "G") {
    const intervalMs = Math.min(state.intervalMs * 2, t2Ms);
    const outputs: TransactionOutput[] = [
      { kind: "start", timer: "G", ms: intervalMs },
      { kind: "send", message: state.last },
    ];
    return { state: { ...state, intervalMs }, outputs };
  }
  if (state.name === "completed" && timer === "H") return end({ kind: "stop", timer: "G" }, { kind: "failed", reason: "timeout" });
  if ((state.name === "confirmed" && timer === "I") || (state.name === "accepted" && timer === "L")) return end();
  return { state, outputs: [] };
}
