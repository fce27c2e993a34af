// The life of one INVITE session, either side of it (RFC 3261 §13–15, §9, §14; RFC 6026): one pure machine. Long, because it is one table.
import { refreshRetryMs, sessionIntervalMin, sessionIntervalTriesMax, sessionIntervalUsual } from "../../../core/lib/limits.ts";
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import {
  type Header,
  header,
  headerTokens,
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
import { afterRequest, type Dialog, isInOrder, refreshTarget, requestWithin, uasDialog } from "./dialog.ts";
import {
  acknowledges,
  answeredDialog,
  type Early,
  firstRseq,
  hearProvisional,
  isReliable,
  lastSeq,
  reliableHeaders,
  type Unproved,
} from "./reliable.ts";
import {
  type Agreement,
  agree,
  agreementHeaders,
  agreementOf,
  expireAfterMs,
  expiredReason,
  minimumTold,
  refreshAfterMs,
  wishHeaders,
} from "./session-timer.ts";
import { allowEvents } from "./watched.ts";

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
  /** `isRefresh`: nobody asked for it but the session timer. */
  | { readonly kind: "ours"; readonly body: Uint8Array; readonly isProven: boolean; readonly isRefresh: boolean; readonly seq: number }
  | { readonly kind: "waiting"; readonly body: Uint8Array }
  | { readonly kind: "theirs"; readonly transactionId: string; readonly request: SipRequest };

/** What holds between both sides besides the dialog itself. */
type Terms = {
  /** Our last description: a refresh by re-INVITE repeats it (RFC 4028 §7.4). */
  readonly description: Uint8Array;
  /** The peer's last Allow named UPDATE. */
  readonly takesUpdate: boolean;
  /** Null: the session does not expire. */
  readonly agreement: Agreement | null;
  /** The shortest interval that the peer has told us it bears, in seconds. */
  readonly minimum: number;
  /** What other branches of our INVITE said before the answer. */
  readonly early: readonly Early[];
};

export type SessionState =
  /** An INVITE came in; no final answer yet. */
  | {
      readonly name: "offered";
      readonly transactionId: string;
      readonly invite: SipRequest;
      readonly dialog: Dialog;
      readonly contact: string;
      /** The number of our last reliable provisional, or the one before the first. */
      readonly rseq: number;
      readonly unproved: Unproved | null;
      /** What must wait for the PRACK (RFC 3262 §3): the last wish counts. */
      readonly waiting: Extract<SessionInput, { kind: "ring" | "accept" }> | null;
    }
  /** We answered; the ACK is awaited. `isEnding`: BYE as soon as it may be sent (§15). */
  | {
      readonly name: "accepted";
      readonly dialog: Dialog;
      readonly contact: string;
      readonly pending: Unacknowledged;
      readonly isEnding: boolean;
      readonly terms: Terms;
      /** A PRACK may come after our 2xx. */
      readonly rseq: number;
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
      /** How often a 422 was obeyed, and the last Min-SE that was told. */
      readonly tries: number;
      readonly minimum: number;
      readonly early: readonly Early[];
    }
  /** We gave up on our INVITE; its last word is awaited. */
  | {
      readonly name: "cancelling";
      readonly invite: RequestDraft;
      readonly flow: Flow;
      readonly isCancelSent: boolean;
      readonly headers: readonly Header[];
      readonly early: readonly Early[];
    }
  /** The peer answered; we have not acknowledged yet. */
  | { readonly name: "answered"; readonly dialog: Dialog; readonly contact: string; readonly inviteSeq: number; readonly terms: Terms }
  | {
      readonly name: "confirmed";
      readonly dialog: Dialog;
      readonly contact: string;
      /** Our last ACK and the number it acknowledged, for repeated 2xx. */
      readonly ack: { readonly request: RequestDraft; readonly seq: number } | null;
      readonly pending: Unacknowledged | null;
      readonly negotiation: Negotiation;
      readonly isCaller: boolean;
      readonly terms: Terms;
      /** Our UPDATE is out. */
      readonly update: { readonly isProven: boolean } | null;
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
  /** INFO in the old style, without a package (RFC 6086 §9): whatever is answered changes nothing. */
  | { readonly kind: "inform"; readonly type: string; readonly body: Uint8Array }
  /** What became of the peer's REFER: the status that the new call has, or would have. */
  | { readonly kind: "refer-result"; readonly status: number }
  // What the network brings.
  | { readonly kind: "request"; readonly transactionId: string; readonly request: SipRequest; readonly flow: Flow }
  | { readonly kind: "ack"; readonly request: SipRequest }
  | { readonly kind: "cancelled" }
  /** To our INVITE or re-INVITE. `proof`: our answer to its challenge, where there is an account for that. */
  | { readonly kind: "response"; readonly response: SipResponse; readonly proof?: Header }
  | { readonly kind: "failed"; readonly reason: "timeout" | "transport" }
  /** To our UPDATE; null: none came. */
  | { readonly kind: "updated"; readonly response: SipResponse | null; readonly proof?: Header }
  | { readonly kind: "timer"; readonly timer: SessionTimer };

export type SessionTimer = "repeat" | "acknowledge" | "cancel" | "glare" | "refresh" | "expire";

export type SessionEnd = {
  readonly by: "peer" | "us" | "fault";
  readonly cause: "bye" | "cancel" | "refused" | "timeout" | "transport" | "not-acknowledged" | "gone";
  readonly status: number | null;
  /** With which the peer has refused our INVITE. */
  readonly response?: SipResponse;
};

/** What the user of a session hears. */
export type SessionEvent =
  /** Somebody has our INVITE (100): the first sign of life. */
  | { readonly kind: "trying" }
  | { readonly kind: "ringing"; readonly response: SipResponse }
  | { readonly kind: "answered"; readonly response: SipResponse }
  /** The ACK of our 2xx; its body is an answer when the INVITE brought no offer. */
  | { readonly kind: "acknowledged"; readonly request: SipRequest }
  /** A re-INVITE, or an UPDATE with an offer: answer with `answer-offer` or `reject-offer`. An empty body asks us for an offer. */
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
  /** UPDATE: what comes of it is the input `updated`. */
  | { readonly kind: "update"; readonly request: RequestDraft; readonly flow: Flow }
  /** BYE and its like: whatever is answered changes nothing. */
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

/** Methods taken within and outside a dialog. */
export const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, REGISTER, SUBSCRIBE";
/** What INFO may bring: digits of phones that do not tell them in sound. */
const informationTypes = ["application/dtmf-relay", "application/dtmf"];
/** Option tags that we know: Supported says them, and Require may. */
export const supported = "timer, 100rel, replaces";

export function startIncoming(transactionId: string, invite: SipRequest, flow: Flow, localTag: string, contact: string): Result {
  const dialog = uasDialog(invite, localTag, flow);
  const rseq = firstRseq(localTag) - 1;
  return { state: { name: "offered", transactionId, invite, dialog, contact, rseq, unproved: null, waiting: null }, outputs: [] };
}

/** The INVITE goes out with what it supports and how long it lasts (RFC 4028 §7.1). */
export function startOutgoing(draft: RequestDraft, flow: Flow, contact: string, asksForTimer = true): Result {
  const minimum = sessionIntervalMin;
  const more = [header("Supported", supported), ...(asksForTimer ? wishHeaders(sessionIntervalUsual, minimum, null) : [])];
  const invite = { ...draft, headers: [...draft.headers, ...more] };
  return {
    state: { name: "calling", invite, flow, contact, isProvisional: false, isProven: false, tries: 0, minimum, early: [] },
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
  const { transactionId, invite, dialog } = state;
  const reply = (status: number, parts: { reason?: string; headers?: readonly Header[]; body?: Uint8Array } = {}): SessionOutput => ({
    kind: "respond",
    transactionId,
    response: respond(invite, status, { ...parts, toTag: dialog.localTag }),
  });
  switch (input.kind) {
    case "ring":
      return ringBack(state, input);
    case "accept":
      return accept(state, input);
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
      if (input.request.method === "UPDATE") return updateWhileOffered(state, input);
      if (input.request.method === "PRACK") return proved(state, input);
      return stay(state, refuse(input, input.request.method === "INVITE" ? 500 : 405));
    case "timer":
      return timerWhileOffered(state, input.timer);
    case "ack":
    case "response":
    case "confirm":
    case "offer":
    case "answer-offer":
    case "reject-offer":
    case "inform":
    case "refer-result":
    case "updated":
      return stay(state);
    default:
      return assertNever(input);
  }
}

function ringBack(state: In<"offered">, input: Extract<SessionInput, { kind: "ring" }>): Result {
  const { invite, transactionId, dialog, contact } = state;
  const { status, body } = input;
  const reliable = isReliable(invite, body);
  // RFC 3262 §5: without an offer in the INVITE the first reliable one would have to bring ours; a caller that requires both hears nothing until the 200.
  if (reliable && invite.body.length === 0) return stay(state);
  if (state.unproved !== null) return stay({ ...state, waiting: input });
  const rseq = state.rseq + 1;
  const said = body === undefined ? [header("Contact", contact), header("Allow", allowed)] : acceptHeaders(contact, body);
  const headers = reliable ? [...said, ...reliableHeaders(rseq)] : said;
  const response = respond(invite, status, { headers, toTag: dialog.localTag, ...(body === undefined ? {} : { body }) });
  const output: SessionOutput = { kind: "respond", transactionId, response };
  if (!reliable) return stay(state, output);
  return { state: { ...state, rseq, unproved: { response, rseq, intervalMs: t1Ms } }, outputs: [output, ...awaitAck] };
}

/** RFC 3262 §3: no 2xx while a description that we sent reliably is not acknowledged. */
function accept(state: In<"offered">, input: Extract<SessionInput, { kind: "accept" }>): Result {
  const { invite, transactionId, dialog, contact, unproved, rseq } = state;
  if (unproved !== null && unproved.response.body.length > 0) return stay({ ...state, waiting: input });
  const agreement = agree(invite);
  const headers = [...acceptHeaders(contact, input.body), ...agreementHeaders(invite, agreement)];
  const response = respond(invite, 200, { headers, body: input.body, toTag: dialog.localTag });
  const output: SessionOutput = { kind: "respond", transactionId, response };
  const pending = unacknowledged(transactionId, output, invite.cseq.number);
  const terms = { description: input.body, takesUpdate: takesUpdate(invite), agreement, minimum: sessionIntervalMin, early: [] };
  return { state: { name: "accepted", dialog, contact, pending, isEnding: false, terms, rseq }, outputs: [output, ...awaitAck] };
}

/** A PRACK: what waited for it goes on. One that fits nothing is 481 (RFC 3262 §3). */
function proved(state: In<"offered">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request, flow } = input;
  const { unproved, waiting } = state;
  if (!isInOrder(state.dialog, request)) return stay(state, refuse(input, 500));
  const next = { ...state, dialog: afterRequest(state.dialog, request, flow) };
  if (unproved === null || !acknowledges(request, unproved.rseq, state.invite.cseq.number)) return stay(next, refuse(input, 481));
  // The acknowledgement counts; a new offer in it, which is allowed, we do not take.
  const answer = request.body.length > 0 ? refuse(input, 488) : okay(input);
  const settled = { ...next, unproved: null, waiting: null };
  const rest = waiting === null ? stay(settled) : stepSession(settled, waiting);
  return { state: rest.state, outputs: [answer, ...stopBoth, ...rest.outputs] };
}

/** RFC 3262 §3: repeated with doubled pauses; after 64·T1 the call is refused. */
function timerWhileOffered(state: In<"offered">, timer: SessionTimer): Result {
  const { unproved, transactionId } = state;
  if (unproved === null) return stay(state);
  if (timer === "repeat") {
    const intervalMs = unproved.intervalMs * 2;
    const next = { ...state, unproved: { ...unproved, intervalMs } };
    return stay(next, { kind: "start", timer, ms: intervalMs }, { kind: "respond", transactionId, response: unproved.response });
  }
  if (timer !== "acknowledge") return stay(state);
  const response = respond(state.invite, 504, { toTag: state.dialog.localTag });
  return ended("fault", "not-acknowledged", 504, ...stopBoth, { kind: "respond", transactionId, response });
}

/** RFC 3311 §5.2 in an early dialog: the offer of the INVITE is not answered yet, so another one has to wait. */
function updateWhileOffered(state: In<"offered">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request, flow } = input;
  if (!isInOrder(state.dialog, request)) return stay(state, refuse(input, 500));
  const dialog = afterRequest(state.dialog, request, flow);
  if (request.body.length > 0) return stay({ ...state, dialog }, refuse(input, 500, retryLater));
  return stay({ ...state, dialog: refreshTarget(dialog, request) }, okay(input, [header("Contact", state.contact)]));
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
        terms: state.terms,
        update: null,
        refer: null,
      };
      return {
        state: next,
        outputs: [...stopBoth, ...watch(state.terms.agreement), report({ kind: "acknowledged", request: input.request })],
      };
    }
    case "hang-up":
      // §15: no BYE before the ACK. The user is told now; the BYE follows.
      return isEnding
        ? stay(state)
        : { state: { ...state, isEnding: true }, outputs: [report({ kind: "ended", end: { by: "us", cause: "bye", status: null } })] };
    case "request": {
      if (!isInOrder(dialog, input.request)) return stay(state, refuse(input, 500));
      if (input.request.method === "PRACK" && acknowledges(input.request, state.rseq, pending.seq)) return stay(state, okay(input));
      if (input.request.method !== "BYE") return stay(state, notYet(input));
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
    case "inform":
    case "refer-result":
    case "response":
    case "failed":
    case "updated":
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
      if (response.status < 200) return heardProvisional(state, response);
      if (response.status >= 300 && input.proof !== undefined && !state.isProven) {
        const again = proven(invite, input.proof);
        const next = { ...state, invite: again, isProvisional: false, isProven: true, early: [] };
        return { state: next, outputs: [{ kind: "invite", request: again, flow }] };
      }
      const longer = minimumTold(response);
      if (longer !== null && longer > state.minimum && state.tries < sessionIntervalTriesMax) return callLonger(state, longer);
      if (response.status >= 300) {
        const end: SessionEnd = { by: "peer", cause: "refused", status: response.status, response };
        return { state: { name: "ended" }, outputs: [report({ kind: "ended", end })] };
      }
      const terms = {
        description: invite.body,
        takesUpdate: takesUpdate(response),
        agreement: agreementOf(response),
        minimum: state.minimum,
        early: state.early,
      };
      return {
        state: {
          name: "answered",
          dialog: answeredDialog(state.early, invite, response, flow),
          contact,
          inviteSeq: response.cseq.number,
          terms,
        },
        outputs: [report({ kind: "answered", response })],
      };
    }
    case "failed":
      return ended("fault", input.reason, input.reason === "timeout" ? 408 : 503);
    case "hang-up": {
      const headers = input.headers ?? [];
      const cancelling: In<"cancelling"> = {
        name: "cancelling",
        invite,
        flow,
        isCancelSent: state.isProvisional,
        headers,
        early: state.early,
      };
      const said = report({ kind: "ended", end: { by: "us", cause: "cancel", status: null } });
      // §9.1: CANCEL only after a provisional response; and its INVITE's answer is awaited for 64·T1.
      return { state: cancelling, outputs: state.isProvisional ? [{ kind: "cancel", headers }, startCancel, said] : [startCancel, said] };
    }
    case "request":
      return requestWhileCalling(state, input);
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
    case "inform":
    case "refer-result":
    case "updated":
      return stay(state);
    default:
      return assertNever(input);
  }
}

function heardProvisional(state: In<"calling">, response: SipResponse): Result {
  const { early, prack, isNews } = hearProvisional(state.early, state.invite, response, state.flow);
  const outputs: SessionOutput[] = prack === null ? [] : [{ kind: "request", request: prack, flow: state.flow }];
  if (isNews) outputs.push(report({ kind: "ringing", response }));
  return { state: { ...state, early, isProvisional: true }, outputs };
}

/** In an early dialog: UPDATE may move its target (RFC 3311 §5.2). An offer in it has to wait until the call stands. */
function requestWhileCalling(state: In<"calling">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request, flow } = input;
  const known = state.early.find(({ dialog }) => dialog.remoteTag === tagOf(request.from));
  if (known === undefined || request.method !== "UPDATE") return stay(state, refuse(input, 481));
  if (!isInOrder(known.dialog, request)) return stay(state, refuse(input, 500));
  if (request.body.length > 0) return stay(state, refuse(input, 500, retryLater));
  const moved = { ...known, dialog: refreshTarget(afterRequest(known.dialog, request, flow), request) };
  const early = state.early.map((one) => (one === known ? moved : one));
  return stay({ ...state, early }, okay(input, [header("Contact", state.contact)]));
}

/** RFC 4028 §7.3: the same call once more, for as long as the 422 wants. */
function callLonger(state: In<"calling">, minimum: number): Result {
  const invite = again(state.invite, wishHeaders(sessionIntervalUsual, minimum, null));
  const next = { ...state, invite, minimum, tries: state.tries + 1, isProvisional: false, early: [] };
  return { state: next, outputs: [{ kind: "invite", request: invite, flow: state.flow }] };
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
      return {
        state: gone,
        outputs: [stop, ...acknowledgeAndEnd(answeredDialog(state.early, state.invite, response, state.flow), response)],
      };
    return { state: gone, outputs: [stop] };
  }
  if (input.kind === "failed") return { state: gone, outputs: [{ kind: "stop", timer: "cancel" }] };
  if (input.kind === "timer" && input.timer === "cancel") return { state: gone, outputs: [{ kind: "abandon" }] };
  return input.kind === "request" ? stay(state, refuse(input, 481)) : stay(state);
}

function whileAnswered(state: In<"answered">, input: SessionInput): Result {
  const { dialog, contact, inviteSeq } = state;
  switch (input.kind) {
    case "confirm": {
      const ack = requestWithin(dialog, "ACK", { seq: inviteSeq }).request;
      const next: In<"confirmed"> = {
        name: "confirmed",
        dialog,
        contact,
        ack: { request: ack, seq: inviteSeq },
        pending: null,
        negotiation: { kind: "none" },
        isCaller: true,
        terms: state.terms,
        update: null,
        refer: null,
      };
      return { state: next, outputs: [{ kind: "alone", request: ack, flow: dialog.flow }, ...watch(state.terms.agreement)] };
    }
    case "hang-up":
      return ended("us", "bye", null, ...ackAndBye(dialog, inviteSeq, input.headers));
    case "response":
      // A repeated 2xx waits with us; one from another fork is taken and ended (§13.2.2.4).
      return tagOf(input.response.to) === dialog.remoteTag
        ? stay(state)
        : stay(state, ...endFork(dialog, input.response, state.terms.early));
    case "request": {
      if (!isInOrder(dialog, input.request)) return stay(state, refuse(input, 500));
      if (input.request.method === "BYE") {
        const ack = requestWithin(dialog, "ACK", { seq: inviteSeq }).request;
        return ended("peer", "bye", null, okay(input), { kind: "alone", request: ack, flow: dialog.flow });
      }
      return stay(state, notYet(input));
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
    case "inform":
    case "refer-result":
    case "updated":
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
      return ended("us", "bye", null, ...stopAll, ...cancelTheirs(state), byeOutput(state.dialog, input.headers));
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
    case "inform":
      return inform(state, input);
    case "refer-result": {
      if (state.refer === null) return stay(state);
      const next = { ...state, refer: null };
      return state.refer.isTold ? notify(next, input.status, "terminated;reason=noresource") : stay(next);
    }
    case "response":
      return responseInSession(state, input);
    case "updated":
      return updated(state, input);
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
  const next = { ...state, dialog, terms: { ...state.terms, takesUpdate: stillTakesUpdate(state.terms, request) } };
  switch (request.method) {
    case "BYE":
      return ended("peer", "bye", null, ...stopAll, okay(input), ...cancelTheirs(state));
    case "INVITE": {
      // §14.2: ours is out, or ours is not acknowledged yet: 491. Theirs is still open: 500 and try later.
      if (state.negotiation.kind === "ours" || state.pending !== null) return stay(next, refuse(input, 491));
      if (state.negotiation.kind === "theirs") return stay(next, refuse(input, 500, retryLater));
      const negotiation: Negotiation = { kind: "theirs", transactionId: input.transactionId, request };
      return { state: { ...next, negotiation }, outputs: [{ kind: "stop", timer: "glare" }, report({ kind: "offered", request })] };
    }
    case "UPDATE":
      return updateInSession(next, input);
    // Nothing of ours waits for it any more.
    case "PRACK":
      return stay(next, refuse(input, 481));
    case "INFO":
      return informed(next, input);
    case "REFER":
      return referred(next, input);
    case "OPTIONS":
      return stay(next, okay(input, capabilities));
    default:
      return stay(next, refuse(input, 405));
  }
}

/** Without a body it asks whether we live; what it is of that we do not know is said (RFC 3261 §8.2.3). */
function informed(state: In<"confirmed">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request } = input;
  const isKnown = request.body.length === 0 || informationTypes.includes(headerTokens(request, "content-type")[0] ?? "");
  if (!isKnown) return stay(state, refuse(input, 415, [header("Accept", informationTypes.join(", "))]));
  return stay(state, okay(input), report({ kind: "info", request }));
}

function inform(state: In<"confirmed">, { type, body }: Extract<SessionInput, { kind: "inform" }>): Result {
  const headers = [header("Contact", state.contact), header("Content-Type", type)];
  const { dialog, request } = requestWithin(state.dialog, "INFO", { headers, body });
  // The next number stays free for our proof, should the peer ask for it.
  return {
    state: { ...state, dialog: { ...dialog, localSeq: dialog.localSeq + 1 } },
    outputs: [{ kind: "request", request, flow: dialog.flow }],
  };
}

/** RFC 3311 §5.2. Without an offer it refreshes target and timer; with one it waits for the user's answer like a re-INVITE. */
function updateInSession(state: In<"confirmed">, input: Extract<SessionInput, { kind: "request" }>): Result {
  const { request, transactionId } = input;
  if (request.body.length === 0) {
    const agreement = agree(request);
    const headers = [header("Contact", state.contact), header("Allow", allowed), ...agreementHeaders(request, agreement)];
    return renewed({ ...state, dialog: refreshTarget(state.dialog, request) }, agreement, okay(input, headers));
  }
  if (state.negotiation.kind === "ours" || state.pending !== null) return stay(state, refuse(input, 491));
  if (state.negotiation.kind === "theirs") return stay(state, refuse(input, 500, retryLater));
  const negotiation: Negotiation = { kind: "theirs", transactionId, request };
  return { state: { ...state, negotiation }, outputs: [{ kind: "stop", timer: "glare" }, report({ kind: "offered", request })] };
}

/** The timer runs anew from here, as both sides agreed; null: the session does not expire any more. */
function renewed(state: In<"confirmed">, agreement: Agreement | null, ...outputs: SessionOutput[]): Result {
  return { state: { ...state, terms: { ...state.terms, agreement } }, outputs: [...outputs, ...watch(agreement)] };
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

function sendOffer(state: In<"confirmed">, body: Uint8Array, how: { readonly proof?: Header; readonly isRefresh?: boolean } = {}): Result {
  const { proof, isRefresh = false } = how;
  // One at a time; a newer wish replaces one that waits for its second chance.
  if (state.negotiation.kind === "theirs" || state.negotiation.kind === "ours" || state.pending !== null)
    return stay(state, report({ kind: "offer-refused", status: 491 }));
  const headers = [...acceptHeaders(state.contact, body), ...refreshHeaders(state.terms), ...(proof === undefined ? [] : [proof])];
  const { dialog, request } = requestWithin(state.dialog, "INVITE", { headers, body });
  const outputs: SessionOutput[] = [
    { kind: "stop", timer: "glare" },
    { kind: "invite", request, flow: dialog.flow },
  ];
  const negotiation: Negotiation = { kind: "ours", body, isProven: proof !== undefined, isRefresh, seq: dialog.localSeq };
  return { state: { ...state, dialog, negotiation }, outputs };
}

/** RFC 4028 §7.4: UPDATE where the peer takes it, as it leaves the media alone; else a re-INVITE that changes nothing. */
function sendRefresh(state: In<"confirmed">, proof?: Header): Result {
  // Something else is being agreed on, which may refresh as well.
  if (state.negotiation.kind !== "none" || state.pending !== null) return stay(state, refreshLater);
  if (!state.terms.takesUpdate) return sendOffer(state, state.terms.description, { isRefresh: true });
  const headers = [
    header("Contact", state.contact),
    header("Supported", supported),
    ...refreshHeaders(state.terms),
    ...(proof === undefined ? [] : [proof]),
  ];
  const { dialog, request } = requestWithin(state.dialog, "UPDATE", { headers });
  const update: SessionOutput = { kind: "update", request, flow: dialog.flow };
  return { state: { ...state, dialog, update: { isProven: proof !== undefined } }, outputs: [update] };
}

/** What became of our UPDATE. Silence, 408 and 481 end the session (RFC 4028 §10); other refusals are tried again until it expires. */
function updated(state: In<"confirmed">, { response, proof }: Extract<SessionInput, { kind: "updated" }>): Result {
  if (state.update === null) return stay(state);
  const settled: In<"confirmed"> = { ...state, update: null };
  if (response === null) return ended("fault", "timeout", 408, ...stopAll, ...cancelTheirs(state), byeOutput(state.dialog, expiredReason));
  if (response.status < 300) return renewed({ ...settled, dialog: refreshTarget(state.dialog, response) }, renewal(state.terms, response));
  if (proof !== undefined && !state.update.isProven) return sendRefresh(settled, proof);
  return refreshRefused(settled, response);
}

function refreshRefused(state: In<"confirmed">, response: SipResponse): Result {
  const { terms } = state;
  const { status } = response;
  if (status === 408 || status === 481)
    return ended("fault", "gone", status, ...stopAll, ...cancelTheirs(state), byeOutput(state.dialog, expiredReason));
  const longer = minimumTold(response);
  if (longer !== null && longer > terms.minimum) return sendRefresh({ ...state, terms: { ...terms, minimum: longer } });
  // Not what its Allow said: the other way is left.
  if (terms.takesUpdate && (status === 405 || status === 501)) return sendRefresh({ ...state, terms: { ...terms, takesUpdate: false } });
  return stay(state, refreshLater);
}

/** A peer without timers says nothing about them in its 2xx: we go on refreshing for the one who wanted it. */
function renewal(terms: Terms, response: SipResponse): Agreement | null {
  return agreementOf(response) ?? (terms.agreement?.isOurs === true ? terms.agreement : null);
}

/** Both roles stay with whom they are (RFC 4028 §7.4); in a request of ours, we are the UAC. */
function refreshHeaders({ agreement, minimum }: Terms): Header[] {
  return agreement === null ? [] : wishHeaders(agreement.seconds, minimum, agreement.isOurs ? "uac" : "uas");
}

function answerOffer(state: In<"confirmed">, body: Uint8Array): Result {
  if (state.negotiation.kind !== "theirs") return stay(state);
  const { transactionId, request } = state.negotiation;
  const agreement = agree(request);
  const headers = [...acceptHeaders(state.contact, body), ...agreementHeaders(request, agreement)];
  const output: SessionOutput = { kind: "respond", transactionId, response: respond(request, 200, { headers, body }) };
  const dialog = refreshTarget(state.dialog, request);
  const next: In<"confirmed"> = { ...state, dialog, negotiation: { kind: "none" }, terms: { ...state.terms, description: body } };
  if (request.method === "UPDATE") return renewed(next, agreement, output);
  const pending = unacknowledged(transactionId, output, request.cseq.number);
  return renewed({ ...next, pending }, agreement, output, ...awaitAck);
}

function responseInSession(state: In<"confirmed">, { response, proof }: Extract<SessionInput, { kind: "response" }>): Result {
  const { dialog, ack } = state;
  if (tagOf(response.to) !== dialog.remoteTag && response.status >= 200 && response.status < 300)
    return stay(state, ...endFork(dialog, response, state.terms.early));
  // The 2xx again: its ACK was lost.
  if (ack !== null && response.cseq.number === ack.seq && response.status >= 200 && response.status < 300) {
    return stay(state, { kind: "alone", request: ack.request, flow: dialog.flow });
  }
  if (state.negotiation.kind !== "ours" || response.cseq.number !== state.negotiation.seq || response.status < 200) return stay(state);
  const settled = { ...state, negotiation: { kind: "none" } as const };
  if (response.status < 300) {
    const refreshed = refreshTarget(dialog, response);
    const request = requestWithin(refreshed, "ACK", { seq: response.cseq.number }).request;
    const outputs: SessionOutput[] = [{ kind: "alone", request, flow: refreshed.flow }, report({ kind: "negotiated", response })];
    const terms = { ...state.terms, description: state.negotiation.body, takesUpdate: stillTakesUpdate(state.terms, response) };
    const next = { ...settled, dialog: refreshed, terms, ack: { request, seq: response.cseq.number } };
    return renewed(next, renewal(terms, response), ...outputs);
  }
  const { isRefresh } = state.negotiation;
  if (proof !== undefined && !state.negotiation.isProven) return sendOffer(settled, state.negotiation.body, { proof, isRefresh });
  if (isRefresh) return refreshRefused(settled, response);
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
  if (timer === "refresh" && state.update === null) return sendRefresh(state);
  // RFC 4028 §10, either role: nothing refreshed the session in time.
  if (timer === "expire") return ended("fault", "timeout", 408, ...stopAll, byeOutput(state.dialog, expiredReason), ...cancelTheirs(state));
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
const stopWatch: readonly SessionOutput[] = [
  { kind: "stop", timer: "refresh" },
  { kind: "stop", timer: "expire" },
];
const stopAll: readonly SessionOutput[] = [...stopBoth, { kind: "stop", timer: "glare" }, ...stopWatch];
const refreshLater: SessionOutput = { kind: "start", timer: "refresh", ms: refreshRetryMs, spreadMs: refreshRetryMs };
const retryLater: readonly Header[] = [header("Retry-After", "2")];

/** The timers of what was agreed: our refresh, and the end if none came. */
function watch(agreement: Agreement | null): readonly SessionOutput[] {
  if (agreement === null) return stopWatch;
  const expire: SessionOutput = { kind: "start", timer: "expire", ms: expireAfterMs(agreement) };
  return agreement.isOurs ? [{ kind: "start", timer: "refresh", ms: refreshAfterMs(agreement) }, expire] : [stopWatch[0]!, expire];
}

function takesUpdate(message: SipRequest | SipResponse): boolean {
  return headerTokens(message, "allow").includes("update");
}

/** A message without Allow says nothing new. */
function stillTakesUpdate(terms: Terms, message: SipRequest | SipResponse): boolean {
  return headerValue(message, "allow") === null ? terms.takesUpdate : takesUpdate(message);
}

/** While the first INVITE is not acknowledged: only an UPDATE that offers nothing could be taken, and it can wait, too (RFC 3311 §5.2). */
function notYet(input: Extract<SessionInput, { kind: "request" }>): SessionOutput {
  const { method } = input.request;
  if (method === "UPDATE" && input.request.body.length === 0) return refuse(input, 500, retryLater);
  if (method === "PRACK") return refuse(input, 481);
  return refuse(input, method === "INVITE" || method === "UPDATE" ? 491 : 405);
}

/** What OPTIONS hears, within a dialog and outside. */
export const capabilities: readonly Header[] = [
  header("Allow", allowed),
  header("Accept", ["application/sdp", ...informationTypes].join(", ")),
  header("Supported", supported),
  header("Allow-Events", allowEvents),
];
const startCancel: SessionOutput = { kind: "start", timer: "cancel", ms: sixtyFourT1Ms };

function acceptHeaders(contact: string, body: Uint8Array): Header[] {
  const headers = [header("Contact", contact), header("Allow", allowed), header("Supported", supported)];
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
  return again(request, [proof]);
}

/** The same request with the next number, where `changed` stand in place of their like. */
function again(request: RequestDraft, changed: readonly Header[]): RequestDraft {
  const kept = request.headers.filter(({ key }) => !changed.some((line) => line.key === key));
  const counted = kept.map((line) => (line.key === "cseq" ? header("CSeq", line.value.replace(/^[0-9]+/, nextNumber)) : line));
  return { ...request, headers: [...counted, ...changed] };
}

const nextNumber = (number: string): string => String(Number(number) + 1);

/** §15.1.2: a BYE also answers requests that are still open; ours must leave none behind either. */
function cancelTheirs(state: In<"confirmed">): SessionOutput[] {
  if (state.negotiation.kind !== "theirs") return [];
  const { transactionId, request } = state.negotiation;
  return [{ kind: "respond", transactionId, response: respond(request, 487) }];
}

function byeOutput(dialog: Dialog, headers: readonly Header[] = []): SessionOutput {
  return { kind: "request", request: requestWithin(dialog, "BYE", { headers }).request, flow: dialog.flow };
}

function ackAndBye(dialog: Dialog, inviteSeq: number, headers: readonly Header[] = []): SessionOutput[] {
  const ack = requestWithin(dialog, "ACK", { seq: inviteSeq }).request;
  return [{ kind: "alone", request: ack, flow: dialog.flow }, byeOutput(dialog, headers)];
}

function acknowledgeAndEnd(dialog: Dialog, response: SipResponse): SessionOutput[] {
  return tagOf(response.to) === null ? [] : ackAndBye(dialog, response.cseq.number);
}

/** A second answer from another branch of a forking proxy. */
function endFork(dialog: Dialog, response: SipResponse, early: readonly Early[]): SessionOutput[] {
  const remoteTag = tagOf(response.to) ?? "";
  const fork: Dialog = {
    ...dialog,
    remoteTag,
    remoteText: response.headers.find(({ key }) => key === "to")!.value,
    localSeq: lastSeq(early, remoteTag, response.cseq.number),
  };
  return acknowledgeAndEnd(refreshTarget(fork, response), response);
}
