// The INVITE client transaction (RFC 3261 §17.1.1, Figure 5, with the Accepted state of RFC 6026 §8.4).
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import { emptyBody, header, type RequestDraft, type SipResponse } from "../message/message.ts";
import { sixtyFourT1Ms, type TransactionOutput, t1Ms, timerDMs } from "./machine.ts";

export type InviteClientState =
  | { readonly name: "calling"; readonly request: RequestDraft; readonly isReliable: boolean; readonly intervalMs: number }
  | { readonly name: "proceeding"; readonly request: RequestDraft; readonly isReliable: boolean }
  | { readonly name: "completed"; readonly ack: RequestDraft }
  | { readonly name: "accepted" }
  | { readonly name: "terminated" };

export type InviteClientInput =
  | { readonly kind: "response"; readonly response: SipResponse }
  | { readonly kind: "timer"; readonly timer: "A" | "B" | "D" | "M" }
  | { readonly kind: "transport-error" }
  /** The user gave up waiting for the answer to a cancelled INVITE (RFC 3261 §9.1). */
  | { readonly kind: "abandon" };

type Result = Step<InviteClientState, TransactionOutput>;

const terminated = { name: "terminated" } as const;
const end = (...outputs: TransactionOutput[]): Result => ({ state: terminated, outputs: [...outputs, { kind: "ended" }] });

export function startInviteClient(request: RequestDraft, isReliable: boolean): Result {
  const outputs: TransactionOutput[] = [{ kind: "start", timer: "B", ms: sixtyFourT1Ms }];
  if (!isReliable) outputs.push({ kind: "start", timer: "A", ms: t1Ms });
  outputs.push({ kind: "send", message: request });
  return { state: { name: "calling", request, isReliable, intervalMs: t1Ms }, outputs };
}

export function stepInviteClient(state: InviteClientState, input: InviteClientInput): Result {
  switch (input.kind) {
    case "response":
      return onResponse(state, input.response);
    case "timer":
      return onTimer(state, input.timer);
    case "transport-error":
      // An ACK that could not leave is the peer's retransmission to solve; an INVITE that could not is over.
      return state.name === "calling" || state.name === "proceeding"
        ? end({ kind: "failed", reason: "transport" })
        : { state, outputs: [] };
    case "abandon":
      return state.name === "calling" || state.name === "proceeding" ? end() : { state, outputs: [] };
    default:
      return assertNever(input);
  }
}

function onResponse(state: InviteClientState, response: SipResponse): Result {
  switch (state.name) {
    case "calling":
    case "proceeding":
      return onFirstResponses(state, response);
    case "completed":
      // A retransmitted final: the ACK was lost.
      return { state, outputs: response.status >= 300 ? [{ kind: "send", message: state.ack }] : [] };
    case "accepted":
      // RFC 6026 §7.2: every 2xx goes up, retransmissions and other forks alike; the user acknowledges.
      return { state, outputs: isSuccess(response) ? [{ kind: "deliver", response }] : [] };
    case "terminated":
      return { state, outputs: [] };
    default:
      return assertNever(state);
  }
}

function onFirstResponses(state: InviteClientState & { name: "calling" | "proceeding" }, response: SipResponse): Result {
  const { request, isReliable } = state;
  const quiet: TransactionOutput[] = [
    { kind: "stop", timer: "A" },
    { kind: "stop", timer: "B" },
  ];
  const deliver: TransactionOutput = { kind: "deliver", response };
  if (response.status < 200) {
    return { state: { name: "proceeding", request, isReliable }, outputs: state.name === "calling" ? [...quiet, deliver] : [deliver] };
  }
  if (isSuccess(response)) {
    return { state: { name: "accepted" }, outputs: [...quiet, { kind: "start", timer: "M", ms: sixtyFourT1Ms }, deliver] };
  }
  const ack = ackFor(request, response);
  const acknowledge: TransactionOutput[] = [...quiet, { kind: "send", message: ack }, deliver];
  if (isReliable) return end(...acknowledge);
  return { state: { name: "completed", ack }, outputs: [...acknowledge, { kind: "start", timer: "D", ms: timerDMs }] };
}

function onTimer(state: InviteClientState, timer: "A" | "B" | "D" | "M"): Result {
  if (state.name === "calling" && timer === "A") {
    const intervalMs = state.intervalMs * 2;
    const outputs: TransactionOutput[] = [
      { kind: "start", timer: "A", ms: intervalMs },
      { kind: "send", message: state.request },
    ];
    return { state: { ...state, intervalMs }, outputs };
  }
  if (state.name === "calling" && timer === "B") return end({ kind: "stop", timer: "A" }, { kind: "failed", reason: "timeout" });
  if ((state.name === "completed" && timer === "D") || (state.name === "accepted" && timer === "M")) return end();
  return { state, outputs: [] };
}

function isSuccess(response: SipResponse): boolean {
  return response.status >= 200 && response.status < 300;
}

/** RFC 3261 §17.1.1.3: the INVITE's URI, top Via, From, Call-ID and Route; the response's To. */
function ackFor(invite: RequestDraft, response: SipResponse): RequestDraft {
  const kept = invite.headers.filter(({ key }) => key === "via" || key === "from" || key === "call-id" || key === "route");
  const to = response.headers.find(({ key }) => key === "to")!;
  const headers = [...kept, to, header("CSeq", `${response.cseq.number} ACK`), header("Max-Forwards", "70")];
  return { kind: "request", method: "ACK", uriText: invite.uriText, headers, body: emptyBody };
}
