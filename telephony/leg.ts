// The life of one leg: a SIP session and a media stream that must agree. Pure; call-control.ts hosts it.
import type { CallEvent, HangUpReason, LegEndReason, MediaVerdict, RedirectTarget, RejectReason } from "../core/call/call-control.ts";
import type { LegId } from "../core/lib/id.ts";
import { lastStatsMs } from "../core/lib/limits.ts";
import { assert, assertNever, type Step } from "../core/lib/machine.ts";
import type { MediaEncryption } from "../core/lib/media-encryption.ts";
import { legEndReason, refusalOf, refusesDescription, saidOf } from "./cause.ts";
import { digitBody, digitIn } from "./digits.ts";
import { afterRestart } from "./ice-restart.ts";
import { type Replaces, redirectTargets, referReplaces, referTarget } from "./ingress.ts";
import type { MediaCommand, StreamStats } from "./media/plane.ts";
import { type Codec, preferring } from "./sdp/codecs.ts";
import {
  agreedSecuring,
  answeredSecuring,
  codecsOf,
  type Direction,
  type Local,
  type NotUnderstood,
  type Peer,
  readAnswer,
  readOffer,
  type Securing,
  securingOf,
  takenIn,
  type Understood,
  writeAnswer,
  writeOffer,
} from "./sdp/offer-answer.ts";
import type { SessionCommand } from "./sip/dialog/layer.ts";
import type { SessionEvent } from "./sip/dialog/session.ts";
import { type Header, header, headerValue, type SipRequest, type SipResponse } from "./sip/message/message.ts";

/** What does not change while the leg lives. */
export type LegFacts = {
  readonly legId: LegId;
  readonly side: "caller" | "callee";
  readonly device: Local["kind"];
  /** Whether voice is encrypted where the device is no browser: theirs always is. */
  readonly encryption: MediaEncryption;
  /** What may be spoken with the device, best first. */
  readonly codecs: readonly Codec[];
  readonly sessionId: number;
  /** A callee that has not given a sign of life by then is unreachable; null: its ring time alone counts. */
  readonly silenceMs: number | null;
  /** Whether media may go to an address that the peer names. */
  readonly mayReach: (address: string) => boolean;
  /** Whether a host is where the leg signals to, or we ourselves. */
  readonly isNear: (host: string) => boolean;
};

type Closing = {
  readonly reason: LegEndReason;
  readonly sipStatus: number | null;
  readonly said?: string;
  readonly targets?: readonly RedirectTarget[];
};
/**
 * `securing`: what our last description says of encryption. `spoken`: the codecs that come before others, the agreed one or those of the call.
 * `peerIce`: the browser's credentials; others mean that it begins ICE anew. Null: it has none, or none are known.
 */
type Up = {
  readonly local: Local;
  readonly version: number;
  readonly securing: Securing;
  readonly spoken: readonly Codec[];
  readonly peerIce: string | null;
};

export type LegState = LegFacts &
  (
    | { readonly name: "offered"; readonly offer: Understood | null }
    /** Core answered, or lets the caller hear something before; our stream opens. */
    | { readonly name: "opening"; readonly offer: Understood | null; readonly isAnswer: boolean }
    /** 183 is out: the caller hears us, and has not been answered. */
    | ({ readonly name: "early"; readonly body: Uint8Array } & Up)
    /** 200 is out; the ACK is awaited, with the answer in it when our 200 made the offer. */
    | ({ readonly name: "answering"; readonly awaitsAnswer: boolean } & Up)
    /** Our stream opens before the INVITE leaves. */
    | { readonly name: "preparing"; readonly ringMs: number }
    | ({ readonly name: "ringing"; readonly endsAs: LegEndReason | null; readonly heard: "nothing" | "ringing" | "early-media" } & Up)
    /** The device accepted; core's `confirm` is awaited. */
    | ({ readonly name: "accepted" } & Up)
    /** `holds`: by its own key the device wants to hear nothing. */
    | ({ readonly name: "up"; readonly awaitsAnswer: boolean; readonly holds?: boolean } & Up)
    /** Gone without a word; core knows and decides. */
    | { readonly name: "lost" }
    /** Signalling is over; media's last facts are awaited. */
    | ({ readonly name: "closing"; readonly isReported: boolean } & Closing)
    | { readonly name: "ended" }
  );

export type LegInput =
  | { readonly kind: "ring" }
  | { readonly kind: "progress" }
  | { readonly kind: "answer" }
  | { readonly kind: "reject"; readonly reason: RejectReason }
  | { readonly kind: "confirm" }
  | { readonly kind: "hang-up"; readonly reason: HangUpReason }
  | { readonly kind: "refer-result"; readonly status: number }
  /** The peer is to hear of a digit, and takes none in sound. */
  | { readonly kind: "tell-digit"; readonly digit: string }
  /** `spoken`: what the rest of the call speaks, best first. */
  | { readonly kind: "opened"; readonly local: Local; readonly spoken: readonly Codec[] }
  | { readonly kind: "connected"; readonly protection: string }
  | { readonly kind: "media-failed" }
  | { readonly kind: "last-stats"; readonly stats: StreamStats }
  | { readonly kind: "session"; readonly event: SessionEvent }
  /** The connection of the device closed. */
  | { readonly kind: "flow-closed" }
  | { readonly kind: "timer"; readonly timer: LegTimer };

export type LegTimer = "ring" | "silence" | "last-stats";

export type LegOutput =
  | { readonly kind: "session"; readonly command: SessionCommand }
  /** The INVITE to the station, with our offer. */
  | { readonly kind: "invite"; readonly body: Uint8Array }
  | { readonly kind: "forget-session" }
  /** It is ended, and what becomes of it is no concern of the leg any more. */
  | { readonly kind: "leave-session" }
  | { readonly kind: "media"; readonly command: MediaCommand }
  | { readonly kind: "open-media" }
  | { readonly kind: "report"; readonly event: CallEvent }
  /** It wants this call joined with the one of that dialog. */
  | { readonly kind: "join"; readonly replaces: Replaces }
  /** A digit by INFO: whether it came in sound as well is not known here. */
  | { readonly kind: "pressed"; readonly digit: string }
  | { readonly kind: "start"; readonly timer: LegTimer; readonly ms: number }
  | { readonly kind: "stop"; readonly timer: LegTimer }
  | { readonly kind: "ended" };

type Result = Step<LegState, LegOutput>;
type In<N extends LegState["name"]> = Extract<LegState, { name: N }>;

export function startCaller(facts: LegFacts, offer: Understood | null): Result {
  return { state: { ...facts, name: "offered", offer }, outputs: [] };
}

export function startCallee(facts: LegFacts, ringMs: number): Result {
  return { state: { ...facts, name: "preparing", ringMs }, outputs: [{ kind: "open-media" }] };
}

export function stepLeg(state: LegState, input: LegInput): Result {
  // These mean the same everywhere.
  if (input.kind === "connected" && isAlive(state)) {
    return stay(state, report({ kind: "leg.connected", legId: state.legId, protection: input.protection }));
  }
  if (input.kind === "session" && input.event.kind === "ended") return onSessionEnd(state, input.event);
  if (input.kind === "media-failed") return onMediaFailed(state);
  if (input.kind === "flow-closed") return onFlowClosed(state);
  switch (state.name) {
    case "offered":
      return whileOffered(state, input);
    case "opening":
      return whileOpening(state, input);
    case "early":
      return whileEarly(state, input);
    case "answering":
      return whileAnswering(state, input);
    case "preparing":
      return whilePreparing(state, input);
    case "ringing":
      return whileRinging(state, input);
    case "accepted":
      return whileAccepted(state, input);
    case "up":
      return whileUp(state, input);
    case "lost":
      return whileLost(state, input);
    case "closing":
      return whileClosing(state, input);
    case "ended":
      return stay(state);
    default:
      return assertNever(state);
  }
}

function stay(state: LegState, ...outputs: LegOutput[]): Result {
  return { state, outputs };
}

const report = (event: CallEvent): LegOutput => ({ kind: "report", event });
const session = (command: SessionCommand): LegOutput => ({ kind: "session", command });

/** What a caller whom nothing has been answered yet could speak, in the order that we like. */
export function couldSpeak(state: LegState): readonly Codec[] {
  if ((state.name !== "offered" && state.name !== "opening") || state.offer === null) return [];
  const theirs = codecsOf(state.offer, state.codecs);
  return state.codecs.filter((codec) => theirs.includes(codec));
}

function isAlive(state: LegState): boolean {
  switch (state.name) {
    case "early":
    case "answering":
    case "ringing":
    case "accepted":
    case "up":
      return true;
    default:
      return false;
  }
}

// ── A caller ──

function whileOffered(state: In<"offered">, input: LegInput): Result {
  switch (input.kind) {
    case "ring":
      return stay(state, session({ kind: "ring", status: 180 }));
    case "answer":
      return { state: { ...state, name: "opening", isAnswer: true }, outputs: [{ kind: "open-media" }] };
    case "progress":
      // A 183 that nobody acknowledges cannot carry our offer (RFC 3261 §13.2.1): without one of theirs it rings.
      return state.offer === null
        ? stay(state, session({ kind: "ring", status: 180 }))
        : { state: { ...state, name: "opening", isAnswer: false }, outputs: [{ kind: "open-media" }] };
    case "reject":
      return stay(state, session({ kind: "reject", ...refusalOf(input.reason) }));
    case "hang-up":
      return stay(state, session({ kind: "hang-up" }));
    default:
      return stay(state);
  }
}

function whileOpening(state: In<"opening">, input: LegInput): Result {
  if (input.kind === "hang-up") return stay(state, session({ kind: "hang-up" }));
  if (input.kind === "reject") return stay(state, session({ kind: "reject", ...refusalOf(input.reason) }));
  if (input.kind === "answer") return { state: { ...state, isAnswer: true }, outputs: [] };
  if (input.kind !== "opened") return stay(state);
  const { local } = input;
  const offer = state.offer === null ? null : takenIn(state.offer, state.codecs, input.spoken);
  const spoken = offer === null ? input.spoken : [offer.peer.codec];
  const numbers = { sessionId: state.sessionId, version: 1 };
  // §13.3.1: an INVITE without an offer gets ours in the 200, and its ACK answers.
  const securing = offer === null ? securingOf(state.encryption, true) : agreedSecuring(offer);
  const body =
    offer === null
      ? writeOffer(local, "sendrecv", numbers, securing, preferring(spoken, state.codecs))
      : writeAnswer(offer, local, offer.direction, numbers);
  const peerIce = offer === null ? null : iceOf(offer.peer);
  const connect = offer === null ? [] : connectTo(state.legId, local, offer.peer, offer.direction);
  if (!state.isAnswer) {
    const early: In<"early"> = { ...state, name: "early", local, version: 1, securing, spoken, peerIce, body };
    return { state: early, outputs: [...connect, session({ kind: "ring", status: 183, body })] };
  }
  return {
    state: { ...state, name: "answering", local, version: 1, securing, spoken, peerIce, awaitsAnswer: offer === null },
    outputs: [...connect, session({ kind: "accept", body })],
  };
}

function whileEarly(state: In<"early">, input: LegInput): Result {
  switch (input.kind) {
    case "answer":
      // RFC 3261 §13.2.1: what the 183 has said, the 200 repeats.
      return { state: { ...state, name: "answering", awaitsAnswer: false }, outputs: [session({ kind: "accept", body: state.body })] };
    case "reject":
      return stay(state, session({ kind: "reject", ...refusalOf(input.reason) }));
    case "hang-up":
      return stay(state, session({ kind: "hang-up" }));
    default:
      return stay(state);
  }
}

function whileAnswering(state: In<"answering">, input: LegInput): Result {
  if (input.kind === "hang-up") return stay(state, session({ kind: "hang-up" }));
  if (input.kind !== "session" || input.event.kind !== "acknowledged") return stay(state);
  const up: In<"up"> = { ...state, name: "up", awaitsAnswer: false };
  const answered = [expectSound(state.legId), report({ kind: "leg.answered", legId: state.legId })];
  if (!state.awaitsAnswer) return { state: up, outputs: answered };
  const read = readAnswer(input.event.request.body, state.device, state.securing, state.codecs);
  const answer = understand(state, read);
  if (answer === null) return endAs(state, failureOf(read));
  return {
    state: { ...up, ...agreedWith(state, answer) },
    outputs: [...connectTo(state.legId, state.local, answer.peer, answer.direction), ...answered],
  };
}

// ── A callee: a station of ours, or a number by a trunk ──

function whilePreparing(state: In<"preparing">, input: LegInput): Result {
  if (input.kind === "hang-up") return close(state, { reason: "ended-by-us", sipStatus: null });
  if (input.kind !== "opened") return stay(state);
  const { local, spoken } = input;
  const securing = securingOf(state.encryption, false);
  const numbers = { sessionId: state.sessionId, version: 1 };
  const body = writeOffer(local, "sendrecv", numbers, securing, preferring(spoken, state.codecs));
  return {
    state: { ...state, name: "ringing", local, version: 1, securing, spoken, peerIce: null, endsAs: null, heard: "nothing" },
    outputs: [
      { kind: "start", timer: "ring", ms: state.ringMs },
      ...(state.silenceMs === null ? [] : [{ kind: "start", timer: "silence", ms: state.silenceMs } as const]),
      { kind: "invite", body },
    ],
  };
}

function whileRinging(state: In<"ringing">, input: LegInput): Result {
  if (input.kind === "timer" && input.timer === "ring") {
    return { state: { ...state, endsAs: "no-answer" }, outputs: [session({ kind: "hang-up", headers: reasonHeaders("no-answer") })] };
  }
  if (input.kind === "timer" && input.timer === "silence") {
    return { state: { ...state, endsAs: "unreachable" }, outputs: [session({ kind: "hang-up" })] };
  }
  if (input.kind === "hang-up") {
    const hangUp = session({ kind: "hang-up", headers: reasonHeaders(input.reason) });
    return { state: { ...state, endsAs: "ended-by-us" }, outputs: [hangUp] };
  }
  if (input.kind !== "session") return stay(state);
  const { event } = input;
  if (event.kind === "trying") return stay(state, { kind: "stop", timer: "silence" });
  if (event.kind === "ringing") return rings(state, event.response);
  if (event.kind !== "answered") return stay(state);
  const read = readAnswer(event.response.body, state.device, state.securing, state.codecs);
  const answer = understand(state, read);
  if (answer === null) {
    if (mayFallBack(state) && failureOf(read) === "not-encrypted") return fallBack(state, null, { kind: "leave-session" });
    return endAs(state, failureOf(read), { kind: "stop", timer: "ring" }, stopSilence);
  }
  return {
    state: { ...state, name: "accepted", ...agreedWith(state, answer) },
    outputs: [
      { kind: "stop", timer: "ring" },
      stopSilence,
      ...connectTo(state.legId, state.local, answer.peer, answer.direction),
      expectSound(state.legId),
      report({ kind: "leg.answered", legId: state.legId }),
    ],
  };
}

/** Once: what is offered then has no keys. */
function mayFallBack(state: In<"ringing">): boolean {
  return state.encryption === "optional" && state.securing.tags.length > 0 && state.endsAs === null;
}

/** The same call again, plainly and not in silence: core is told first. */
function fallBack(state: In<"ringing">, sipStatus: number | null, ...before: LegOutput[]): Result {
  const securing = securingOf("disabled", false);
  const numbers = { sessionId: state.sessionId, version: 1 };
  const body = writeOffer(state.local, "sendrecv", numbers, securing, preferring(state.spoken, state.codecs));
  return {
    state: { ...state, securing },
    outputs: [
      ...before,
      report({ kind: "leg.unprotected", legId: state.legId, sipStatus }),
      ...(state.silenceMs === null ? [] : [{ kind: "start", timer: "silence", ms: state.silenceMs } as const]),
      { kind: "invite", body },
    ],
  };
}

const stopSilence: LegOutput = { kind: "stop", timer: "silence" };

/** A description before the answer: the callee's side can be heard, and only heard (RFC 3960 §3). */
function rings(state: In<"ringing">, response: SipResponse): Result {
  const { legId } = state;
  const early =
    response.body.length === 0 ? null : understand(state, readAnswer(response.body, state.device, state.securing, state.codecs));
  if (early !== null && state.heard !== "early-media") {
    const heard = report({ kind: "leg.ringing", legId, hasEarlyMedia: true });
    return {
      state: { ...state, heard: "early-media" },
      outputs: [stopSilence, ...connectTo(legId, state.local, early.peer, early.direction), heard],
    };
  }
  if (state.heard !== "nothing") return stay(state);
  return { state: { ...state, heard: "ringing" }, outputs: [stopSilence, report({ kind: "leg.ringing", legId, hasEarlyMedia: false })] };
}

function whileAccepted(state: In<"accepted">, input: LegInput): Result {
  if (input.kind === "confirm") return { state: { ...state, name: "up", awaitsAnswer: false }, outputs: [session({ kind: "confirm" })] };
  return input.kind === "hang-up" ? stay(state, session({ kind: "hang-up", headers: reasonHeaders(input.reason) })) : stay(state);
}

// ── Both, once it stands ──

function whileUp(state: In<"up">, input: LegInput): Result {
  if (input.kind === "hang-up") return stay(state, session({ kind: "hang-up", headers: reasonHeaders(input.reason) }));
  if (input.kind === "refer-result") return stay(state, session({ kind: "refer-result", status: input.status }));
  if (input.kind === "tell-digit")
    return stay(state, session({ kind: "inform", type: "application/dtmf-relay", body: digitBody(input.digit) }));
  if (input.kind !== "session") return stay(state);
  switch (input.event.kind) {
    case "offered":
      return renegotiate(state, input.event.request);
    case "acknowledged": {
      if (!state.awaitsAnswer) return stay(state);
      const answer = understand(state, readAnswer(input.event.request.body, state.device, state.securing, state.codecs));
      const settled: In<"up"> = { ...state, awaitsAnswer: false };
      return answer === null ? stay(settled) : answered(settled, answer);
    }
    case "info": {
      const { request } = input.event;
      const digit = digitIn((headerValue(request, "content-type") ?? "").split(";")[0]!.trim().toLowerCase(), request.body);
      return digit === null ? stay(state) : stay(state, { kind: "pressed", digit });
    }
    case "referred": {
      const replaces = referReplaces(input.event.request);
      if (replaces === "broken") return stay(state, session({ kind: "refer-result", status: 400 }));
      if (replaces !== null) return stay(state, { kind: "join", replaces });
      const number = referTarget(input.event.request);
      // Not one of ours to call.
      return number === null
        ? stay(state, session({ kind: "refer-result", status: 501 }))
        : stay(state, report({ kind: "leg.transfer-asked", legId: state.legId, number }));
    }
    case "negotiated": {
      // The answer to a refresh by re-INVITE may name another address.
      const answer = understand(state, readAnswer(input.event.response.body, state.device, state.securing, state.codecs));
      return answer === null ? stay(state) : answered(state, answer);
    }
    case "trying":
    case "ringing":
    case "answered":
    case "offer-refused":
    case "ended":
      return stay(state);
    default:
      return assertNever(input.event);
  }
}

function agreedWith({ securing }: Up, answer: Understood): Pick<Up, "securing" | "spoken" | "peerIce"> {
  return { securing: answeredSecuring(securing, answer), spoken: [answer.peer.codec], peerIce: iceOf(answer.peer) };
}

function answered(state: In<"up">, answer: Understood): Result {
  const outputs = [...connectTo(state.legId, state.local, answer.peer, answer.direction), ...heldBy(state, answer.direction)];
  return { state: { ...state, ...agreedWith(state, answer), holds: !sends(answer.direction) }, outputs };
}

/** Hold in both styles: `sendonly` or `inactive` (RFC 3264 §8.4), or the address 0.0.0.0. */
function heldBy({ legId, holds = false }: In<"up">, direction: Direction): LegOutput[] {
  return sends(direction) === holds ? [{ kind: "report", event: { kind: "leg.held", legId, isHeld: !holds } }] : [];
}

function sends(direction: Direction): boolean {
  return direction === "sendrecv" || direction === "sendonly";
}

/**
 * A re-INVITE: hold, resume, another address, ICE anew in another network, or the question for an offer (RFC 3264 §8). What cannot be is 488, and
 * all stays as it was: so does encryption, which nobody takes away from a call that has it. The codec stays what it is as long as the peer has it.
 */
function renegotiate(state: In<"up">, request: SipRequest): Result {
  const numbers = { sessionId: state.sessionId, version: state.version + 1 };
  if (request.body.length === 0) {
    const body = writeOffer(state.local, "sendrecv", numbers, state.securing, preferring(state.spoken, state.codecs));
    return { state: { ...state, version: numbers.version, awaitsAnswer: true }, outputs: [session({ kind: "answer-offer", body })] };
  }
  const encryption = state.securing.isRequired ? "required" : state.encryption;
  const offer = understand(state, readOffer(request.body, encryption, state.codecs, state.spoken));
  if (offer === null) return stay(state, session({ kind: "reject-offer", status: 488 }));
  const { peer, direction } = offer;
  const peerIce = iceOf(peer);
  // RFC 8839 §4.4.3.1: whoever is offered a restart answers with new credentials. Keys and certificate stay.
  const local = state.local.kind === "webrtc" && peerIce !== state.peerIce ? afterRestart(state.local) : state.local;
  const body = writeAnswer(offer, local, direction, numbers);
  return {
    state: {
      ...state,
      local,
      version: numbers.version,
      securing: agreedSecuring(offer),
      spoken: [peer.codec],
      peerIce,
      holds: !sends(direction),
    },
    outputs: [...connectTo(state.legId, local, peer, direction), session({ kind: "answer-offer", body }), ...heldBy(state, direction)],
  };
}

function whileLost(state: In<"lost">, input: LegInput): Result {
  if (input.kind === "last-stats") return stay(state, mediaReport(state, input.stats));
  if (input.kind !== "hang-up") return stay(state);
  const gone = report({ kind: "leg.ended", legId: state.legId, reason: "ended-by-us", sipStatus: null });
  return { state: { ...facts(state), name: "ended" }, outputs: [gone, { kind: "ended" }] };
}

// ── The end ──

function onSessionEnd(state: LegState, event: Extract<SessionEvent, { kind: "ended" }>): Result {
  if (state.name === "closing" || state.name === "ended" || state.name === "lost") return stay(state);
  const ringTimer: LegOutput[] = state.name === "ringing" ? [{ kind: "stop", timer: "ring" }, stopSilence] : [];
  const isRefused = state.name === "ringing" && state.securing.tags.length > 0 && state.endsAs === null && refusesDescription(event.end);
  if (isRefused && mayFallBack(state)) return fallBack(state, event.end.status);
  const reason = isRefused ? "not-encrypted" : ((state.name === "ringing" ? state.endsAs : null) ?? legEndReason(event.end));
  const { status, response } = event.end;
  const said = saidOf(response);
  const targets = reason === "redirected" && response !== undefined ? { targets: redirectTargets(response, state.isNear) } : {};
  return close(state, { reason, sipStatus: status, ...(said === "" ? {} : { said }), ...targets }, ...ringTimer);
}

function onMediaFailed(state: LegState): Result {
  switch (state.name) {
    case "opening":
      return close(state, { reason: "media-failed", sipStatus: 503 }, session({ kind: "reject", status: 503 }));
    case "preparing":
      return close(state, { reason: "media-failed", sipStatus: null });
    case "early":
    case "answering":
    case "ringing":
    case "accepted":
    case "up":
      return endAs(state, "media-failed");
    case "closing":
      return finish(state);
    case "offered":
    case "lost":
    case "ended":
      return stay(state);
    default:
      return assertNever(state);
  }
}

function onFlowClosed(state: LegState): Result {
  switch (state.name) {
    case "accepted":
    case "up": {
      const lost = report({ kind: "leg.lost", legId: state.legId });
      return { state: { ...facts(state), name: "lost" }, outputs: [{ kind: "forget-session" }, closeMedia(state), lost] };
    }
    case "preparing":
    case "ringing":
    case "offered":
    case "opening":
    case "early":
    case "answering":
      return close(
        state,
        { reason: "unreachable", sipStatus: null },
        { kind: "forget-session" },
        { kind: "stop", timer: "ring" },
        stopSilence,
      );
    case "lost":
    case "closing":
    case "ended":
      return stay(state);
    default:
      return assertNever(state);
  }
}

/** Ends the session for a reason of ours; what the session then reports finds the leg closing. */
function endAs(state: LegState, reason: LegEndReason, ...before: LegOutput[]): Result {
  const closing = close(state, { reason, sipStatus: null }, ...before);
  return { state: closing.state, outputs: [...closing.outputs, session({ kind: "hang-up" })] };
}

/** With a stream, its last facts come first; without one, the end is reported at once. */
function close(state: LegState, closing: Closing, ...before: LegOutput[]): Result {
  const hasMedia = state.name !== "offered";
  const next: In<"closing"> = { ...facts(state), name: "closing", isReported: false, ...closing };
  if (!hasMedia) return finish(next, ...before);
  return { state: next, outputs: [...before, closeMedia(state), { kind: "start", timer: "last-stats", ms: lastStatsMs }] };
}

function whileClosing(state: In<"closing">, input: LegInput): Result {
  if (input.kind === "last-stats") return finish(state, { kind: "stop", timer: "last-stats" }, mediaReport(state, input.stats));
  return input.kind === "timer" && input.timer === "last-stats" ? finish(state) : stay(state);
}

function finish(state: In<"closing">, ...before: LegOutput[]): Result {
  const { legId, reason, sipStatus, said, targets } = state;
  const more = { ...(said === undefined ? {} : { said }), ...(targets === undefined ? {} : { targets }) };
  const end = { kind: "leg.ended", legId, reason, sipStatus, ...more } as const;
  return {
    state: { ...facts(state), name: "ended" },
    outputs: [...before, report(end), { kind: "ended" }],
  };
}

// ── Pieces ──

function facts({ legId, side, device, encryption, codecs, sessionId, silenceMs, mayReach, isNear }: LegState): LegFacts {
  return { legId, side, device, encryption, codecs, sessionId, silenceMs, mayReach, isNear };
}

/** What was read, if it is the device's kind of media and leads where media may go. */
function understand(state: LegState, read: Understood | NotUnderstood): Understood | null {
  if (!read.ok || read.peer.kind !== state.device) return null;
  return read.peer.kind === "rtp" && read.peer.address !== null && !state.mayReach(read.peer.address) ? null : read;
}

/** Why a call ends over an answer that we cannot take. */
function failureOf(read: Understood | NotUnderstood): LegEndReason {
  return !read.ok && read.encryption === "plain" ? "not-encrypted" : "media-failed";
}

function iceOf(peer: Peer): string | null {
  return peer.kind === "webrtc" ? `${peer.ufrag}:${peer.pwd}` : null;
}

function connectTo(legId: LegId, local: Local, peer: Peer, direction: Direction): LegOutput[] {
  const streamId = legId;
  const { codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs } = peer;
  const format = { codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs };
  if (peer.kind === "webrtc") {
    const remote = { ufrag: peer.ufrag, pwd: peer.pwd, fingerprint: peer.fingerprint, ...format };
    assert(local.kind === "webrtc", "both sides are of one kind");
    const ours = { ufrag: local.ufrag, pwd: local.pwd };
    return [{ kind: "media", command: { kind: "connect-webrtc", streamId, ours, remote, direction } }];
  }
  if (peer.address === null) return [{ kind: "media", command: { kind: "direction", streamId, direction } }];
  const { address, port, rtcpPort, ptimeMs, crypto } = peer;
  const srtp = crypto === null ? null : { suite: crypto.suite, key: crypto.key };
  const remote = { address, port, rtcpPort, ...format, ptimeMs, srtp };
  return [{ kind: "media", command: { kind: "connect-rtp", streamId, remote, direction } }];
}

/** From here on the peer should be heard: whoever answered speaks. */
function expectSound(legId: LegId): LegOutput {
  return { kind: "media", command: { kind: "expect", streamId: legId } };
}

function closeMedia(state: LegState): LegOutput {
  return { kind: "media", command: { kind: "close", streamId: state.legId } };
}

function mediaReport(state: LegState, stats: StreamStats): LegOutput {
  return report({ kind: "leg.media", legId: state.legId, verdict: verdictOf(stats) });
}

/** What core is told of a stream: all but its bytes. */
export function verdictOf({ bytesSent: _sent, bytesReceived: _received, ...verdict }: StreamStats): MediaVerdict {
  return verdict;
}

/** RFC 3326: a device need not list a call as missed that was taken elsewhere. */
function reasonHeaders(reason: HangUpReason): Header[] {
  // RFC 4411 §5: whoever loses the call is told what for.
  if (reason === "preempted") return [header("Reason", 'preemption;cause=1;text="Ended for an emergency call"')];
  if (reason === "answered-elsewhere") return [header("Reason", 'SIP;cause=200;text="Call completed elsewhere"')];
  return reason === "declined" ? [header("Reason", 'SIP;cause=603;text="Declined"')] : [];
}
