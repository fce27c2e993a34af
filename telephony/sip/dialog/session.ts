// The life of one INVITE session, either side of it (RFC 3261 §13–15, §9, §14; RFC 6026): one pure machine. Long, because it is one table.
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import {
  type Header,
  header,
  headerValue,
  headerValues,
  type RequestDraft,
  type ResponseDraft,
  type SipRequest,
  type SipResponse,
} from "../message/message.ts";
import { tagOf } from "../message/name-addr.ts";
import { reasonPhrase, respond } from "../message/respond.ts";
import { sixtyFourT1Ms, t1Ms, t2Ms } from "../transaction/machine.ts";
import type { Flow } from "../transport/flow.ts";
import { afterRequest, type Dialog, isInOrder, refreshTarget, requestWithin, uacDialog, uasDialog } from "./dialog.ts";

/** Our 2xx, repeated until its ACK comes. */
type Unacknowledged = {
  readonly transactionId: string;
  readonly response: ResponseDraft;
  readonly seq: number;
  readonly intervalMs: number;
};

/** An offer under way inside a confirmed session. At most one, or it is glare. */
type Negotiation =
  | { readonly kind: "none" }
  | { readonly kind: "ours"; readonly body: Uint8Array; readonly isProven: boolean }
  | { readonly kind: "waiting"; readonly body: Uint8Array }
  | { readonly kind: "theirs"; readonly transactionId: string; readonly request: SipRequest };

export type SessionState =
  /** An INVITE came in; no final answer yet. */
  | {
      readonly name: "offered";
      readonly transactionId: string;
      readonly invite: SipRequest;
      readonly dialog: Dialog;
      readonly contact: string;
    }
  /** We answered; the ACK is awaited. `isEnding`: BYE as soon as it may be sent (§15). */
  | {
      readonly name: "accepted";
      readonly dialog: Dialog;
      readonly contact: string;
      readonly pending: Unacknowledged;
      readonly isEnding: boolean;
    }
  /** Our INVITE is out. */
  | {
      readonly name: "calling";
      readonly invite: RequestDraft;
      readonly flow: Flow;
      readonly contact: string;
      readonly isProvisional: boolean;
      /** It was challenged once, and has our proof. */
      readonly isProven: boolean;
    }
  /** We gave up on our INVITE; its last word is awaited. */
  | {
      readonly name: "cancelling";
      readonly invite: RequestDraft;
      readonly flow: Flow;
      readonly isCancelSent: boolean;
      readonly headers: readonly Header[];
    }
  /** The peer answered; we have not acknowledged yet. */
  | { readonly name: "answered"; readonly dialog: Dialog; readonly contact: string }
  | {
      readonly name: "confirmed";
      readonly dialog: Dialog;
      readonly contact: string;
      /** Our last ACK and the number it acknowledged, for repeated 2xx. */
      readonly ack: { readonly request: RequestDraft; readonly seq: number } | null;
      readonly pending: Unacknowledged | null;
      readonly negotiation: Negotiation;
      readonly isCaller: boolean;
      /** The peer's REFER that we have not said the end of (RFC 3515); `isTold`: it wants to hear of it (RFC 4488). */
      readonly refer: { readonly isTold: boolean } | null;
    }
  | { readonly name: "ended" };

export type SessionInput =
  // What our side wants.
  /** 180, or 183 with a description by which the caller hears more than that. */
  | { readonly kind: "ring"; readonly status: number; readonly body?: Uint8Array }
  | { readonly kind: "accept"; readonly body: Uint8Array }
  | { readonly kind: "reject"; readonly status: number; readonly reason?: string; readonly headers?: readonly Header[] }
  | { readonly kind: "confirm" }
  | { readonly kind: "hang-up"; readonly headers?: readonly Header[] }
  | { readonly kind: "offer"; readonly body: Uint8Array }
  | { readonly kind: "answer-offer"; readonly body: Uint8Array }
  | { readonly kind: "reject-offer"; readonly status: number }
  /** What became of the peer's REFER: the status that the new call has, or would have. */
  | { readonly kind: "refer-result"; readonly status: number }
  // What the network brings.
  | { readonly kind: "request"; readonly transactionId: string; readonly request: SipRequest; readonly flow: Flow }
  | { readonly kind: "ack"; readonly request: SipRequest }
  | { readonly kind: "cancelled" }
  /** To our INVITE or re-INVITE. `proof`: our answer to its challenge, where there is an account for that. */
  | { readonly kind: "response"; readonly response: SipResponse; readonly proof?: Header }
  | { readonly kind: "failed"; readonly reason: "timeout" | "transport" }
  | { readonly kind: "timer"; readonly timer: SessionTimer };

export type SessionTimer = "repeat" | "acknowledge" | "cancel" | "glare";

export type SessionEnd = {
  readonly by: "peer" | "us" | "fault";
  readonly cause: "bye" | "cancel" | "refused" | "timeout" | "transport" | "not-acknowledged" | "gone";
  readonly status: number | null;
};

/** What the user of a session hears. */
export type SessionEvent =
  /** Somebody has our INVITE (100): the first sign of life. */
  | { readonly kind: "trying" }
  | { readonly kind: "ringing"; readonly response: SipResponse }
  | { readonly kind: "answered"; readonly response: SipResponse }
  /** The ACK of our 2xx; its body is an answer when the INVITE brought no offer. */
  | { readonly kind: "acknowledged"; readonly request: SipRequest }
  /** A re-INVITE: answer with `answer-offer` or `reject-offer`. An empty body asks us for an offer. */
  | { readonly kind: "offered"; readonly request: SipRequest }
  /** The answer to our re-INVITE, or why there is none. */
  | { readonly kind: "negotiated"; readonly response: SipResponse }
  | { readonly kind: "offer-refused"; readonly status: number }
  | { readonly kind: "info"; readonly request: SipRequest }
  /** The peer wants to be replaced by whom Refer-To names; answer with `refer-result`. */
  | { readonly kind: "referred"; readonly request: SipRequest }
  | { readonly kind: "ended"; readonly end: SessionEnd };

export type SessionOutput =
  | { readonly kind: "respond"; readonly transactionId: string; readonly response: ResponseDraft }
  /** INVITE, re-INVITE: responses come back as input. */
  | { readonly kind: "invite"; readonly request: RequestDraft; readonly flow: Flow }
  /** BYE: whatever is answered changes nothing. */
  | { readonly kind: "request"; readonly request: RequestDraft; readonly flow: Flow }
  /** ACK. */
  | { readonly kind: "alone"; readonly request: RequestDraft; readonly flow: Flow }
  | { readonly kind: "cancel"; readonly headers: readonly Header[] }
  | { readonly kind: "abandon" }
  /** `spreadMs`: up to so much is added at random. */
  | { readonly kind: "start"; readonly timer: SessionTimer; readonly ms: number; readonly spreadMs?: number }
  | { readonly kind: "stop"; readonly timer: SessionTimer }
  | { readonly kind: "report"; readonly event: SessionEvent };

type Result = Step<SessionState, SessionOutput>;
type In<N extends SessionState["name"]> = Extract<SessionState, { name: N }>;

/** Methods taken within and outside a dialog. PRACK and UPDATE are refused with 405, and no option tag promises them. */
export const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REFER, REGISTER";

export function startIncoming(transactionId: string, invite: SipRequest, flow: Flow, localTag: string, contact: string): Result {
  return { state: { name: "offered", transactionId, invite, dialog: uasDialog(invite, localTag, flow), contact }, outputs: [] };
}

export function startOutgoing(invite: RequestDraft, flow: Flow, contact: string): Result {
  return {
    state: { name: "calling", invite, flow, contact, isProvisional: false, isProven: false },
    outputs: [{ kind: "invite", request: invite, flow }],
  };
}

export function stepSession(state: SessionState, input: SessionInput): Result {
  switch (state.name) {
    case "offered":
      return whileOffered(state, input);
    case "accepted":
      return whileAccepted(state, input);
    case "calling":
      return whileCalling(state, input);
    case "cancelling":
      return whileCancelling(state, input);
    case "answered":
      return whileAnswered(state, input);
    case "confirmed":
      return whileConfirmed(state, input);
    case "ended":
      return stay(state);
    default:
      return assertNever(state);
  }
}

function stay(state: SessionState, ...outputs: SessionOutput[]): Result {
  return { state, outputs };
}

const report = (event: SessionEvent): SessionOutput => ({ kind: "report", event });

function ended(by: SessionEnd["by"], cause: SessionEnd["cause"], status: number | null, ...outputs: SessionOutput[]): Result {
  return { state: { name: "ended" }, outputs: [...outputs, report({ kind: "ended", end: { by, cause, status } })] };
}

// ── An INVITE came in ──

function whileOffered(state: In<"offered">, input: SessionInput): Result {
  const { transactionId, invite, dialog, contact } = state;
  const reply = (status: number, parts: { reason?: string; headers?: readonly Header[]; body?: Uint8Array } = {}): SessionOutput => ({
    kind: "respond",
    transactionId,
    response: respond(invite, status, { ...parts, toTag: dialog.localTag }),
  });
  switch (input.kind) {
    case "ring":
      return stay(
        state,
        input.body === undefined
          ? reply(input.status, { headers: [header("Contact", contact)] })
          : reply(input.status, { headers: acceptHeaders(contact, input.body), body: input.body }),
      );
    case "accept": {
      const output = reply(200, { headers: acceptHeaders(contact, input.body), body: input.body });
      const pending = unacknowledged(transactionId, output, invite.cseq.number);
      return { state: { name: "accepted", dialog, contact, pending, isEnding: false }, outputs: [output, ...awaitAck] };
    }
    case "reject":
      return ended("us", "refused", input.status, reply(input.status, input));
    case "hang-up":
      return ended("us", "refused", 480, reply(480, input));
    case "cancelled":
      return ended("peer", "cancel", 487, reply(487));
    case "failed":
      return ended("fault", input.reason, null);
    case "request":
      // A caller may end an early dialog with BYE (§15).
      if (input.request.method === "BYE") return ended("peer", "bye", 487, okay(input), reply(487));
      return stay(state, refuse(input, input.request.method === "INVITE" ? 500 : 405));
    case "timer":
    case "ack":
    case "response":
    case "confirm":
    case "offer":
    case "answer-offer":
    case "reject-offer":
    case "refer-result":
      return stay(state);
    default:
      return assertNever(input);
  }
}

function whileAccepted(state: In<"accepted">, input: SessionInput): Result {
  const { dialog, contact, pending, isEnding } = state;
  switch (input.kind) {
    case "timer": {
      if (input.timer === "repeat") {
        const repeated = repeat(pending);
        return { state: { ...state, pending: repeated.pending }, outputs: repeated.outputs };
      }
      if (input.timer !== "acknowledge") return stay(state);
      // §13.3.1.4: no ACK, so no session; say so with a BYE.
      const bye = byeOutput(dialog);
      return isEnding
        ? { state: { name: "ended" }, outputs: [stopRepeat, bye] }
        : ended("fault", "not-acknowledged", null, stopRepeat, bye);
    }
    case "ack": {
      if (input.request.cseq.number !== pending.seq) return stay(state);
      if (isEnding) return { state: { name: "ended" }, outputs: [...stopBoth, byeOutput(dialog)] };
      const next: In<"confirmed"> = {
        name: "confirmed",
        dialog,
        contact,
        ack: null,
        pending: null,
        negotiation: { kind: "none" },
        isCaller: false,
        refer: null,
      };
      return { state: next, outputs: [...stopBoth, report({ kind: "acknowledged", request: input.request })] };
    }
    case "hang-up":
      // §15: no BYE before the ACK. The user is told now; the BYE follows.
      return isEnding
        ? stay(state)
        : { state: { ...state, isEnding: true }, outputs: [report({ kind: "ended", end: { by: "us", cause: "bye", status: null } })] };
    case "request": {
      if (!isInOrder(dialog, input.request)) return stay(state, refuse(input, 500));
      if (input.request.method !== "BYE") return stay(state, refuse(input, input.request.method === "INVITE" ? 491 : 405));
      const outputs = [...stopBoth, okay(input)];
      return isEnding ? { state: { name: "ended" }, outputs } : ended("peer", "bye", null, ...outputs);
    }
    // A CANCEL that crossed our 200 has lost (§9.2).
    case "cancelled":
    case "ring":
    case "accept":
    case "reject":
    case "confirm":
    case "offer":
    case "answer-offer":
    case "reject-offer":
    case "refer-result":
    case "response":
    case "failed":
      return stay(state);
    default:
      return assertNever(input);
  }
}

// ── Our INVITE is out ──

function whileCalling(state: In<"calling">, input: SessionInput): Result {
  const { invite, flow, contact } = state;
  switch (input.kind) {
    case "response": {
      const { response } = input;
      if (response.status === 100) {
        const outputs = state.isProvisional ? [] : [report({ kind: "trying" })];
        return { state: { ...state, isProvisional: true }, outputs };
      }
      if (response.status < 200) return { state: { ...state, isProvisional: true }, outputs: [report({ kind: "ringing", response })] };
      if (response.status >= 300 && input.proof !== undefined && !state.isProven) {
        const again = proven(invite, input.proof);
        const next = { ...state, invite: again, isProvisional: false, isProven: true };
        return { state: next, outputs: [{ kind: "invite", request: again, flow }] };
      }
      if (response.status >= 300) return ended("peer", "refused", response.status);
      return {
        state: { name: "answered", dialog: uacDialog(invite, response, flow), contact },
        outputs: [report({ kind: "answered", response })],
      };
    }
    case "failed":
      return ended("fault", input.reason, input.reason === "timeout" ? 408 : 503);
    case "hang-up": {
      const headers = input.headers ?? [];
      const cancelling: In<"cancelling"> = { name: "cancelling", invite, flow, isCancelSent: state.isProvisional, headers };
      const said = report({ kind: "ended", end: { by: "us", cause: "cancel", status: null } });
      // §9.1: CANCEL only after a provisional response; and its INVITE's answer is awaited for 64·T1.
      return { state: cancelling, outputs: state.isProvisional ? [{ kind: "cancel", headers }, startCancel, said] : [startCancel, said] };
    }
    case "request":
      return stay(state, refuse(input, 481));
    case "timer":
    case "ack":
    case "cancelled":
    case "ring":
    case "accept":
    case "reject":
    case "confirm":
    case "offer":
    case "answer-offer":
    case "reject-offer":
    case "refer-result":
      return stay(state);
    default:
      return assertNever(input);
  }
}

function whileCancelling(state: In<"cancelling">, input: SessionInput): Result {
  const gone: SessionState = { name: "ended" };
  if (input.kind === "response") {
    const { response } = input;
    if (response.status < 200) {
      return state.isCancelSent
        ? stay(state)
        : { state: { ...state, isCancelSent: true }, outputs: [{ kind: "cancel", headers: state.headers }] };
    }
    const stop: SessionOutput = { kind: "stop", timer: "cancel" };
    // The 200 crossed our CANCEL: acknowledge and end it (§15).
    if (response.status < 300)
      return { state: gone, outputs: [stop, ...acknowledgeAndEnd(uacDialog(state.invite, response, state.flow), response)] };
    return { state: gone, outputs: [stop] };
  }
  if (input.kind === "failed") return { state: gone, outputs: [{ kind: "stop", timer: "cancel" }] };
  if (input.kind === "timer" && input.timer === "cancel") return { state: gone, outputs: [{ kind: "abandon" }] };
  return input.kind === "request" ? stay(state, refuse(input, 481)) : stay(state);
}

function whileAnswered(state: In<"answered">, input: SessionInput): Result {
  const { dialog, contact } = state;
  switch (input.kind) {
    case "confirm": {
      const ack = requestWithin(dialog, "ACK", { seq: dialog.localSeq }).request;
      const next: In<"confirmed"> = {
        name: "confirmed",
        dialog,
        contact,
        ack: { request: ack, seq: dialog.localSeq },
        pending: null,
        negotiation: { kind: "none" },
        isCaller: true,
        refer: null,
      };
      return { state: next, outputs: [{ kind: "alone", request: ack, flow: dialog.flow }] };
    }
    case "hang-up":
      return ended("us", "bye", null, ...ackAndBye(dialog, input.headers));
    case "response":
      // A repeated 2xx waits with us; one from another fork is taken and ended (§13.2.2.4).
      return tagOf(input.response.to) === dialog.remoteTag ? stay(state) : stay(state, ...endFork(dialog, input.response));
    case "request": {
      if (!isInOrder(dialog, input.request)) return stay(state, refuse(input, 500));
      if (input.request.method === "BYE") {
        const ack = requestWithin(dialog, "ACK", { seq: dialog.localSeq }).request;
        return ended("peer", "bye", null, okay(input), { kind: "alone", request: ack, flow: dialog.flow });
      }
      return stay(state, refuse(input, input.request.method === "INVITE" ? 491 : 405));
    }
    case "timer":
    case "ack":
    case "cancelled":
    case "failed":
    case "ring":
    case "accept":
    case "reject":
    case "offer":
    case "answer-offer":
    case "reject-offer":
    case "refer-result":
      return stay(state);
    default:
      return assertNever(input);
  }
}

// ── The session stands ──

function whileConfirmed(state: In<"confirmed">, input: SessionInput): Result {
  switch (input.kind) {
    case "request":
      return requestInSession(state, input);
    case "ack": {
      if (state.pending === null || input.request.cseq.number !== state.pending.seq) return stay(state);
      return { state: { ...state, pending: null }, outputs: [...stopBoth, report({ kind: "acknowledged", request: input.request })] };
    }
    case "hang-up":
      return ended("us", "bye", null, ...stopAll, byeOutput(state.dialog, input.headers));
    case "offer":
      return sendOffer(state, input.body);
    case "answer-offer":
      return answerOffer(state, input.body);
    case "reject-offer": {
      if (state.negotiation.kind !== "theirs") return stay(state);
      const { transactionId, request } = state.negotiation;
      const response = respond(request, input.status, input.status === 488 ? { headers: [header("Accept", "application/sdp")] } : {});
      return { state: { ...state, negotiation: { kind: "none" } }, outputs: [{ kind: "respond", transactionId, response }] };
    }
    case "refer-result": {
      if (state.refer === null) return stay(state);
      const next = { ...state, refer: null };
      return state.refer.isTold ? notify(next, input.status, "terminated;reason=noresource") : stay(next);
    }
    case "response":
      return responseInSession(state, input);
    case "failed":
      // RFC 3261 §12.2.1.2: no answer to a re-INVITE ends the dialog.
      return state.negotiation.kind === "ours" ? ended("fault", input.reason, 408, ...stopAll, byeOutput(state.dialog)) : stay(state);
    case "timer":
      return timerInSession(state, input.timer);
    // The CANCEL of a re-INVITE that we have not answered yet.
    case "cancelled": {
      if (state.negotiation.kind !== "theirs") return stay(state);
      const { transactionId, request } = state.negotiation;
      return {
        state: { ...state, negotiation: { kind: "none" } },
        outputs: [{ kind: "respond", transactionId, response: respond(request, 487) }],
      };
    }
    case "ring":
    case "accept":
    case "reject":
    case "confirm":
      return stay(state);
    default:
      return assertNever(input);
  }
}

function requestInSession(state: In<"confirmed">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request, flow } = input;
  if (!isInOrder(state.dialog, request)) return stay(state, refuse(input, 500));
  const dialog = afterRequest(state.dialog, request, flow);
  const next = { ...state, dialog };
  switch (request.method) {
    case "BYE":
      return ended("peer", "bye", null, ...stopAll, okay(input), ...cancelTheirs(state));
    case "INVITE": {
      // §14.2: ours is out, or ours is not acknowledged yet: 491. Theirs is still open: 500 and try later.
      if (state.negotiation.kind === "ours" || state.pending !== null) return stay(next, refuse(input, 491));
      if (state.negotiation.kind === "theirs") return stay(next, refuse(input, 500, [header("Retry-After", "2")]));
      const negotiation: Negotiation = { kind: "theirs", transactionId: input.transactionId, request };
      return { state: { ...next, negotiation }, outputs: [{ kind: "stop", timer: "glare" }, report({ kind: "offered", request })] };
    }
    case "INFO":
      return stay(next, okay(input), report({ kind: "info", request }));
    case "REFER":
      return referred(next, input);
    case "OPTIONS":
      return stay(next, okay(input, [header("Allow", allowed), header("Accept", "application/sdp")]));
    default:
      return stay(next, refuse(input, 405));
  }
}

/** RFC 3515 §2.4: exactly one Refer-To; what becomes of it is told by NOTIFY in the same dialog, unless it is not wanted (RFC 4488 §4). */
function referred(state: In<"confirmed">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request } = input;
  if (headerValues(request, "refer-to").length !== 1) return stay(state, refuse(input, 400));
  if (state.refer !== null) return stay(state, refuse(input, 491));
  const isTold = (headerValue(request, "refer-sub") ?? "true").trim().toLowerCase() !== "false";
  const accepted: SessionOutput = {
    kind: "respond",
    transactionId: input.transactionId,
    response: respond(request, 202, { headers: [header("Contact", state.contact), ...(isTold ? [] : [header("Refer-Sub", "false")])] }),
  };
  const told = isTold ? notify({ ...state, refer: { isTold } }, 100, "active;expires=60") : stay({ ...state, refer: { isTold } });
  return { state: told.state, outputs: [accepted, ...told.outputs, report({ kind: "referred", request })] };
}

function notify(state: In<"confirmed">, status: number, subscription: string): Result {
  const body = new TextEncoder().encode(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`);
  const headers = [
    header("Contact", state.contact),
    header("Event", "refer"),
    header("Subscription-State", subscription),
    header("Content-Type", "message/sipfrag;version=2.0"),
  ];
  const { dialog, request } = requestWithin(state.dialog, "NOTIFY", { headers, body });
  return { state: { ...state, dialog }, outputs: [{ kind: "request", request, flow: dialog.flow }] };
}

function sendOffer(state: In<"confirmed">, body: Uint8Array, proof?: Header): Result {
  // One at a time; a newer wish replaces one that waits for its second chance.
  if (state.negotiation.kind === "theirs" || state.pending !== null) return stay(state, report({ kind: "offer-refused", status: 491 }));
  if (state.negotiation.kind === "ours") return stay(state, report({ kind: "offer-refused", status: 491 }));
  const headers = [...acceptHeaders(state.contact, body), ...(proof === undefined ? [] : [proof])];
  const { dialog, request } = requestWithin(state.dialog, "INVITE", { headers, body });
  const outputs: SessionOutput[] = [
    { kind: "stop", timer: "glare" },
    { kind: "invite", request, flow: dialog.flow },
  ];
  return { state: { ...state, dialog, negotiation: { kind: "ours", body, isProven: proof !== undefined } }, outputs };
}

function answerOffer(state: In<"confirmed">, body: Uint8Array): Result {
  if (state.negotiation.kind !== "theirs") return stay(state);
  const { transactionId, request } = state.negotiation;
  const response = respond(request, 200, { headers: acceptHeaders(state.contact, body), body });
  const output: SessionOutput = { kind: "respond", transactionId, response };
  const dialog = refreshTarget(state.dialog, request);
  const pending = unacknowledged(transactionId, output, request.cseq.number);
  return { state: { ...state, dialog, pending, negotiation: { kind: "none" } }, outputs: [output, ...awaitAck] };
}

function responseInSession(state: In<"confirmed">, { response, proof }: Extract<SessionInput, { kind: "response" }>): Result {
  const { dialog, ack } = state;
  if (tagOf(response.to) !== dialog.remoteTag && response.status >= 200 && response.status < 300)
    return stay(state, ...endFork(dialog, response));
  // The 2xx again: its ACK was lost.
  if (ack !== null && response.cseq.number === ack.seq && response.status >= 200 && response.status < 300) {
    return stay(state, { kind: "alone", request: ack.request, flow: dialog.flow });
  }
  if (state.negotiation.kind !== "ours" || response.cseq.number !== dialog.localSeq || response.status < 200) return stay(state);
  const settled = { ...state, negotiation: { kind: "none" } as const };
  if (response.status < 300) {
    const refreshed = refreshTarget(dialog, response);
    const request = requestWithin(refreshed, "ACK", { seq: response.cseq.number }).request;
    const outputs: SessionOutput[] = [{ kind: "alone", request, flow: refreshed.flow }, report({ kind: "negotiated", response })];
    return { state: { ...settled, dialog: refreshed, ack: { request, seq: response.cseq.number } }, outputs };
  }
  if (proof !== undefined && !state.negotiation.isProven) return sendOffer(settled, state.negotiation.body, proof);
  if (response.status === 491) {
    // §14.1: the owner of the Call-ID waits 2.1–4 s, the other side 0–2 s, so that they do not meet again.
    const wait: SessionOutput = { kind: "start", timer: "glare", ms: state.isCaller ? 2_100 : 0, spreadMs: state.isCaller ? 1_900 : 2_000 };
    return { state: { ...state, negotiation: { kind: "waiting", body: state.negotiation.body } }, outputs: [wait] };
  }
  if (response.status === 408 || response.status === 481) return ended("fault", "gone", response.status, ...stopAll, byeOutput(dialog));
  return { state: settled, outputs: [report({ kind: "offer-refused", status: response.status })] };
}

function timerInSession(state: In<"confirmed">, timer: SessionTimer): Result {
  if (timer === "glare" && state.negotiation.kind === "waiting") return sendOffer(state, state.negotiation.body);
  if (state.pending === null) return stay(state);
  if (timer === "repeat") {
    const repeated = repeat(state.pending);
    return { state: { ...state, pending: repeated.pending }, outputs: repeated.outputs };
  }
  // §14.2: the answer to a re-INVITE must be acknowledged like any other.
  return timer === "acknowledge" ? ended("fault", "not-acknowledged", null, ...stopAll, byeOutput(state.dialog)) : stay(state);
}

// ── Pieces ──

const awaitAck: readonly SessionOutput[] = [
  { kind: "start", timer: "repeat", ms: t1Ms },
  { kind: "start", timer: "acknowledge", ms: sixtyFourT1Ms },
];
const stopRepeat: SessionOutput = { kind: "stop", timer: "repeat" };
const stopBoth: readonly SessionOutput[] = [stopRepeat, { kind: "stop", timer: "acknowledge" }];
const stopAll: readonly SessionOutput[] = [...stopBoth, { kind: "stop", timer: "glare" }];
const startCancel: SessionOutput = { kind: "start", timer: "cancel", ms: sixtyFourT1Ms };

function acceptHeaders(contact: string, body: Uint8Array): Header[] {
  const headers = [header("Contact", contact), header("Allow", allowed)];
  return body.length === 0 ? headers : [...headers, header("Content-Type", "application/sdp")];
}

function unacknowledged(transactionId: string, output: SessionOutput, seq: number): Unacknowledged {
  return { transactionId, response: (output as Extract<SessionOutput, { kind: "respond" }>).response, seq, intervalMs: t1Ms };
}

function repeat(pending: Unacknowledged): { pending: Unacknowledged; outputs: SessionOutput[] } {
  const intervalMs = Math.min(pending.intervalMs * 2, t2Ms);
  const { transactionId, response } = pending;
  return {
    pending: { ...pending, intervalMs },
    outputs: [
      { kind: "start", timer: "repeat", ms: intervalMs },
      { kind: "respond", transactionId, response },
    ],
  };
}

function okay(input: { transactionId: string; request: SipRequest }, headers: readonly Header[] = []): SessionOutput {
  return { kind: "respond", transactionId: input.transactionId, response: respond(input.request, 200, { headers }) };
}

function refuse(input: { transactionId: string; request: SipRequest }, status: number, headers: readonly Header[] = []): SessionOutput {
  const allow = status === 405 ? [header("Allow", allowed)] : [];
  return {
    kind: "respond",
    transactionId: input.transactionId,
    response: respond(input.request, status, { headers: [...allow, ...headers] }),
  };
}

/** The same request once more, with our proof and the next number (§22.2). */
export function proven(request: RequestDraft, proof: Header): RequestDraft {
  const headers = request.headers
    .filter(({ key }) => key !== proof.key)
    .map((line) =>
      line.key === "cseq"
        ? header(
            "CSeq",
            line.value.replace(/^[0-9]+/, (number) => String(Number(number) + 1)),
          )
        : line,
    );
  return { ...request, headers: [...headers, proof] };
}

/** §15.1.2: a BYE also answers requests that are still open. */
function cancelTheirs(state: In<"confirmed">): SessionOutput[] {
  if (state.negotiation.kind !== "theirs") return [];
  const { transactionId, request } = state.negotiation;
  return [{ kind: "respond", transactionId, response: respond(request, 487) }];
}

function byeOutput(dialog: Dialog, headers: readonly Header[] = []): SessionOutput {
  return { kind: "request", request: requestWithin(dialog, "BYE", { headers }).request, flow: dialog.flow };
}

function ackAndBye(dialog: Dialog, headers: readonly Header[] = []): SessionOutput[] {
  const ack = requestWithin(dialog, "ACK", { seq: dialog.localSeq }).request;
  return [{ kind: "alone", request: ack, flow: dialog.flow }, byeOutput(dialog, headers)];
}

function acknowledgeAndEnd(dialog: Dialog, response: SipResponse): SessionOutput[] {
  return tagOf(response.to) === null ? [] : ackAndBye(dialog);
}

/** A second answer from another branch of a forking proxy. */
function endFork(dialog: Dialog, response: SipResponse): SessionOutput[] {
  const fork: Dialog = {
    ...dialog,
    remoteTag: tagOf(response.to) ?? "",
    remoteText: response.headers.find(({ key }) => key === "to")!.value,
    localSeq: response.cseq.number,
  };
  return acknowledgeAndEnd(refreshTarget(fork, response), response);
}
