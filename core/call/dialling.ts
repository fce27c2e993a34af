// Putting a call through to one party, path after path, and the call between the two until one leaves.
import type { EndReason } from "../conversation/conversation.ts";
import type { ConversationId, LegId, ParticipantId } from "../lib/id.ts";
import { busyToneMs } from "../lib/limits.ts";
import type { CallCommand, LegEndReason } from "./call-control.ts";
import { end, partyEnded } from "./end.ts";
import { playBusy, playRingback, stopPlay } from "./sound.ts";
import {
  append,
  type Callee,
  type CallOutput,
  type CallState,
  control,
  type Dialling,
  type DialPath,
  type FoundRedirect,
  type LegEnd,
  type Moment,
  nothing,
  type PartyInCall,
  type Result,
} from "./state.ts";

/** Tries the first path. Somebody who was answered before hears ringback; whoever was not is told when it rings. */
export function dialParty(state: CallState, callee: Callee, moment: Moment): Result {
  const [participantId, legId] = moment.ids as [ParticipantId, LegId];
  const play = state.customer.up ? playRingback(state, state.customer.legId) : null;
  const dial: Dialling = { participantId, callee, legId, path: 0, told: "nothing", playId: play?.playId ?? null };
  return {
    state: { ...state, dial, plays: play?.plays ?? state.plays },
    outputs: [
      dialled(state, { participantId, callee, by: null }),
      ...(play === null ? [] : [play.output]),
      control(dialCommand(state, callee, 0, legId)),
    ],
  };
}

/** `pickedUpFrom`: at whose phone it rang that another takes up. `joinedFrom`: from which call they come. */
export function dialled(
  state: CallState,
  {
    participantId,
    callee,
    by,
    pickedUpFrom,
    joinedFrom,
  }: {
    readonly participantId: ParticipantId;
    readonly callee: Callee;
    readonly by: ParticipantId | null;
    readonly pickedUpFrom?: ParticipantId;
    readonly joinedFrom?: ConversationId;
  },
): CallOutput {
  const { purpose, userId, number, name, classification, isEmergency } = callee;
  const payload = {
    participantId,
    purpose,
    userId,
    number,
    name,
    classification,
    by,
    ...(isEmergency ? { emergency: true as const } : {}),
    ...(pickedUpFrom === undefined ? {} : { pickedUpFrom }),
    ...(joinedFrom === undefined ? {} : { joinedFrom }),
  };
  return append(state, "conversation.dialled", payload, userId === null ? [] : [userId]);
}

export function dialCommand(state: CallState, callee: Callee, index: number, legId: LegId): CallCommand {
  const { conversationId } = state;
  const { ringMs, isEmergency } = callee;
  const path = callee.paths[index]!;
  if (path.kind === "trunk") {
    const { trunkId, hop, number, shown, diversion } = path;
    const forwarded = diversion === undefined ? {} : { diversion };
    const { dialledBy, classification } = callee;
    const paid =
      dialledBy === undefined || classification === null
        ? {}
        : { payer: { userId: dialledBy.userId, number: callee.number, classification } };
    const told = path.place === undefined ? {} : { place: path.place };
    return { kind: "dial-trunk", legId, conversationId, trunkId, hop, number, shown, ...forwarded, ...paid, ...told, isEmergency, ringMs };
  }
  const { stationId, shown } = path;
  const { name: callerName, number: callerNumber } = shown;
  return { kind: "dial-station", legId, conversationId, stationId, callerName, callerNumber, autoAnswer: false, ringMs };
}

/** The callee's side says that it rings, or lets itself be heard before it answers. */
export function partyRings(state: CallState, hasEarlyMedia: boolean): Result {
  const { dial, customer } = state;
  if (dial === null) return nothing(state);
  if (hasEarlyMedia && dial.told !== "early-media") {
    return {
      state: { ...state, dial: { ...dial, told: "early-media", playId: null } },
      outputs: [...silence(customer.legId, dial.playId), ...(customer.up ? [] : [control({ kind: "progress", legId: customer.legId })])],
    };
  }
  if (dial.told !== "nothing") return nothing(state);
  const outputs = customer.up ? [] : [control({ kind: "ring", legId: customer.legId })];
  return { state: { ...state, dial: { ...dial, told: "ringing" } }, outputs };
}

/** The event comes first: nobody is told "answered" before the disk holds it. */
export function partyAnswered(state: CallState): Result {
  const { dial, customer } = state;
  if (dial === null) return nothing(state);
  const { participantId, callee, legId, path } = dial;
  const party: PartyInCall = { participantId, callee, legId, path };
  return {
    state: { ...state, dial: null, party },
    outputs: [
      partyConnected(state, party),
      control({ kind: "confirm", legId }),
      ...silence(customer.legId, dial.playId),
      ...(customer.up ? [] : [control({ kind: "answer", legId: customer.legId })]),
    ],
  };
}

export function partyConnected(state: CallState, { participantId, callee }: Pick<PartyInCall, "participantId" | "callee">): CallOutput {
  const { customer } = state;
  const payload = { participantId, customerParticipantId: customer.participantId };
  return append(state, "conversation.party.connected", payload, callee.userId === null ? [] : [callee.userId]);
}

/** Where it is sent instead, the next path, or nobody. */
export function dialEnded(state: CallState, end: LegEnd, moment: Moment): Result {
  if (state.dial === null) return nothing(state);
  return isSentOn(end) ? { state, outputs: [{ kind: "find-redirect", of: "dial", end }] } : pathFailed(state, end, moment);
}

export function isSentOn({ targets = [] }: LegEnd): boolean {
  return targets.length > 0;
}

/** Another participant in place of the one who has sent the call on; or it goes on as if they had refused. */
export function dialRedirected(state: CallState, end: LegEnd, found: FoundRedirect, moment: Moment): Result {
  const { dial } = state;
  if (dial === null) return nothing(state);
  const sent = sentOn(state, dial.participantId, end, found);
  const next = found.kind === "callee" ? dialInstead(state, dial, found.callee, moment) : pathFailed(state, end, moment);
  return { state: next.state, outputs: [sent, ...next.outputs] };
}

export function sentOn(state: CallState, participantId: ParticipantId, { sipStatus }: LegEnd, found: FoundRedirect): CallOutput {
  const to = found.kind === "callee" ? found.callee.number : null;
  const refused = found.kind === "nobody" ? found.message : null;
  return append(state, "conversation.redirected", { participantId, sipStatus, to, refused });
}

/** The next path, unless the party itself has refused or there is none. */
export function pathFailed(state: CallState, { reason, sipStatus }: LegEnd, moment: Moment): Result {
  const { dial } = state;
  if (dial === null) return nothing(state);
  const { callee } = dial;
  const next = nextPath(callee, dial.path, reason === "unreachable" && sipStatus !== null);
  const failed = append(state, "conversation.path.failed", { participantId: dial.participantId, path: dial.path, reason, sipStatus });
  const isAgain = isSameWay(callee.paths[next]);
  if ((isAgain || isOfThePath(reason, sipStatus)) && next < callee.paths.length) {
    const legId = moment.ids[0] as LegId;
    return {
      state: { ...state, dial: { ...dial, legId, path: next } },
      outputs: [failed, control(dialCommand(state, callee, next, legId))],
    };
  }
  const other = elsewhere(dial, reason, sipStatus);
  const over = other === null ? nobodyAnswered(state, endReasonOf(reason, sipStatus), moment) : dialInstead(state, dial, other, moment);
  return { state: over.state, outputs: [failed, ...over.outputs] };
}

/** `isRefused`: an answer came that may mean what the call brought along; nothing else makes the same way worth another try. */
function nextPath({ paths }: Callee, path: number, isRefused: boolean): number {
  const next = path + 1;
  return isSameWay(paths[next]) && !isRefused ? next + 1 : next;
}

function isSameWay(path: DialPath | undefined): boolean {
  return path?.kind === "trunk" && path.isAgain === true;
}

/** Another participant in place of one who was not found; a caller who hears early media already is told nothing more. */
function dialInstead(state: CallState, dial: Dialling, callee: Callee, moment: Moment): Result {
  const { customer } = state;
  const { state: next, outputs } = dialParty({ ...state, dial: null }, callee, moment);
  const told = customer.up ? "nothing" : dial.told;
  return {
    state: { ...next, dial: { ...next.dial!, told } },
    outputs: [partyEnded(state, dial, "noAnswer"), ...silence(customer.legId, dial.playId), ...outputs],
  };
}

/**
 * Who has the same extension elsewhere, when the one called is not to be found where they were called: another PBX does not know them or
 * cannot reach them, a station here is not there. Who is busy or does not answer has been found. Null: nobody else.
 */
export function elsewhere(
  { callee, path }: { readonly callee: Callee; readonly path: number },
  reason: LegEndReason,
  sipStatus: number | null,
): Callee | null {
  const isFound =
    callee.paths[path]!.kind === "station"
      ? reason !== "unreachable"
      : !isOfThePath(reason, sipStatus) && !(sipStatus !== null && notThere.has(sipStatus));
  return isFound ? null : callee.otherwise;
}

/** What a PBX says of an extension that it does not have, or has and cannot reach. */
const notThere: ReadonlySet<number> = new Set([404, 410, 480, 484, 604]);

/** Whoever is rung does not want it: no other path is tried. */
export function partyDeclines(state: CallState, moment: Moment): Result {
  const over = nobodyAnswered(state, "declined", moment);
  return { state: over.state, outputs: [control({ kind: "hang-up", legId: state.dial!.legId, reason: "declined" }), ...over.outputs] };
}

/** Whether another path may do better: a trunk that is dead or full, or does not encrypt, says nothing about who is called. */
export function isOfThePath(reason: LegEndReason, sipStatus: number | null): boolean {
  if (reason === "not-encrypted" || reason === "redirected") return true;
  if (reason === "declined" || reason === "no-answer" || reason === "hung-up" || reason === "ended-by-us") return false;
  return sipStatus === null || sipStatus === 408 || sipStatus === 403 || sipStatus >= 500;
}

export function endReasonOf(reason: LegEndReason, sipStatus: number | null): EndReason {
  if (reason === "declined") return sipStatus === 603 ? "declined" : "busy";
  if (reason === "no-answer") return "not-answered";
  return sipStatus === 404 || sipStatus === 410 || sipStatus === 484 || sipStatus === 604 ? "no-such-number" : "unreachable";
}

/** A caller of a queue goes back to its head; whoever was answered hears that nobody takes them; everybody else is refused. */
function nobodyAnswered(state: CallState, reason: EndReason, moment: Moment): Result {
  const { dial, customer } = state;
  if (dial === null || !customer.up) return end(state, reason, "peer", moment);
  if (state.acd === null || state.callerLeft) {
    const tone = playBusy(state, customer.legId);
    return {
      state: { ...state, dial: null, ending: reason, plays: tone.plays },
      outputs: [
        partyEnded(state, dial, "noAnswer"),
        ...silence(customer.legId, dial.playId),
        tone.output,
        { kind: "timer-set", name: "tone", ms: busyToneMs },
      ],
    };
  }
  const acd = { ...state.acd, participantId: moment.ids[1] as ParticipantId };
  return {
    state: { ...state, dial: null, acd },
    outputs: [
      partyEnded(state, dial, "noAnswer"),
      ...silence(customer.legId, dial.playId),
      enqueued(state, acd, true),
      { kind: "flow-start", which: "in-queue", flowName: acd.inQueueFlow },
    ],
  };
}

export function enqueued(state: CallState, acd: NonNullable<CallState["acd"]>, atHead: boolean): CallOutput {
  const { participantId, queueId, queueName, baseAt, priority, skillIds, languageId } = acd;
  const { participantId: customerParticipantId } = state.customer;
  const payload = { participantId, customerParticipantId, queueId, queueName, baseAt, atHead, priority, skillIds, languageId };
  return append(state, "conversation.enqueued", payload, [queueId]);
}

export function silence(legId: LegId, playId: string | null): CallOutput[] {
  return playId === null ? [] : [stopPlay(legId, playId)];
}
