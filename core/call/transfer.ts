// Passing a call on: at once, or after a word with whoever is to have it. Whoever passes it on leaves; whoever was talked to stays.
// After the word all may come together instead: conference.ts.
import type { DisconnectType } from "../conversation/conversation.ts";
import type { LegId, ParticipantId, UserId } from "../lib/id.ts";
import { conferencePartiesMax } from "../lib/limits.ts";
import { assertNever } from "../lib/machine.ts";
import { bringTogether, leaveConference } from "./conference.ts";
import {
  dialCommand,
  dialled,
  dialParty,
  elsewhere,
  enqueued,
  isOfThePath,
  isSentOn,
  partyConnected,
  sentOn,
  silence,
} from "./dialling.ts";
import { acwAfter, partyEnded } from "./end.ts";
import { resume } from "./hold.ts";
import { playRingback, stopPlay, stopRecording } from "./sound.ts";
import {
  type Acd,
  append,
  type Callee,
  type CallOutput,
  type CallState,
  type Consult,
  control,
  type FoundRedirect,
  type FoundTarget,
  type LegEnd,
  type Moment,
  nothing,
  type Result,
  type SpeakTo,
  trunkOf,
  type Wish,
  type WishWithTarget,
} from "./state.ts";

/** One of ours who may pass the call on, and bring others in. */
export type Asker = {
  readonly side: "agent" | "party" | "customer";
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly legId: LegId;
};

export function askerOf(state: CallState, participantId: ParticipantId): Asker | null {
  const { agent, party, customer } = state;
  if (agent?.participantId === participantId && agent.lost === null)
    return { side: "agent", participantId, userId: agent.userId, legId: agent.legId };
  if (party === null) return null;
  if (party.participantId === participantId && party.callee.userId !== null)
    return { side: "party", participantId, userId: party.callee.userId, legId: party.legId };
  if (customer.participantId === participantId && customer.userId !== null)
    return { side: "customer", participantId, userId: customer.userId, legId: customer.legId };
  return null;
}

/** Looked up before anything is changed: a number that leads nowhere leaves the call as it is. */
export function wantsTransfer(state: CallState, wish: WishWithTarget): Result {
  const { participantId } = wish;
  const member = state.members.find((one) => one.participantId === participantId);
  if (member !== undefined) return refuse(state, { ...member, userId: member.callee.userId }, "Who was brought in cannot bring in others.");
  const asker = askerOf(state, participantId);
  if (asker === null || state.consult !== null) return nothing(state);
  if (wish.kind === "consult") {
    const parties = state.members.length + 3;
    if (parties > conferencePartiesMax) return refuse(state, asker, `A conference has at most ${conferencePartiesMax} people.`);
  } else if (state.members.length > 0) {
    return refuse(state, asker, "In a conference, ask them first and bring them in; then leave.");
  }
  return { state, outputs: [{ kind: "find-target", wish }] };
}

export function refuse(
  state: CallState,
  { participantId, userId, legId }: Pick<Asker, "participantId" | "legId"> & { readonly userId: UserId | null },
  message: string,
  status: 403 | 404 = 403,
): Result {
  const failed = append(state, "conversation.transfer.failed", { participantId, message }, userId === null ? [] : [userId]);
  return { state, outputs: [failed, control({ kind: "refer-result", legId, status })] };
}

export function targetFound(state: CallState, wish: WishWithTarget, found: FoundTarget, moment: Moment): Result {
  const asker = askerOf(state, wish.participantId);
  if (asker === null || state.consult !== null) return nothing(state);
  switch (found.kind) {
    case "nobody":
      return refuse(state, asker, found.message, 404);
    case "queue":
      if (state.members.length > 0) return refuse(state, asker, "A queue cannot be brought into a conference.");
      return intoQueue(state, asker, found.queue, moment);
    case "callee":
      return wish.kind === "consult" ? startConsult(state, asker, found.callee, wish, moment) : passOn(state, asker, found.callee, moment);
    default:
      return assertNever(found);
  }
}

function passOn(state: CallState, asker: Asker, callee: Callee, moment: Moment): Result {
  const left = leave(state, asker, moment);
  const dialling = dialParty(left.state, callee, moment);
  return { state: dialling.state, outputs: [...left.outputs, ...dialling.outputs] };
}

function intoQueue(state: CallState, asker: Asker, queue: Omit<Acd, "participantId" | "baseAt">, moment: Moment): Result {
  const left = leave(state, asker, moment);
  const acd: Acd = { ...queue, participantId: moment.ids[0] as ParticipantId, baseAt: moment.now };
  return {
    state: { ...left.state, acd },
    outputs: [...left.outputs, enqueued(left.state, acd, false), { kind: "flow-start", which: "in-queue", flowName: acd.inQueueFlow }],
  };
}

/** Whoever asked is gone; who stays is the customer from here on. */
export function leave(state: CallState, asker: Asker, moment: Moment): Result {
  const { agent, acd, party, customer } = state;
  const outputs: CallOutput[] = [];
  let next: CallState = { ...state, party: null };
  if (asker.side === "agent") {
    const { participantId, userId } = agent!;
    const acw = acwAfter(agent!.acw, moment.now);
    const payload = { participantId, queueId: acd!.queueId, userId, disconnectType: "transfer", acw, vanished: false } as const;
    outputs.push(append(state, "conversation.agent.ended", payload, [userId]), ...stopRecording(state));
    next = { ...next, agent: null, recording: null };
  } else {
    outputs.push(partyEnded(state, { participantId: asker.participantId, callee: { userId: asker.userId } }, "transfer"));
    if (asker.side === "customer") {
      const { participantId, legId, callee } = party!;
      next = {
        ...next,
        customer: { ...customer, participantId, legId, userId: callee.userId, stationId: null, trunkId: trunkOf(party!), up: true, callee },
      };
    }
  }
  outputs.push(
    control({ kind: "refer-result", legId: asker.legId, status: 200 }),
    control({ kind: "hang-up", legId: asker.legId, reason: "normal" }),
  );
  return { state: next, outputs };
}

// ── With a word before ──

function startConsult(
  state: CallState,
  asker: Asker,
  callee: Callee,
  { speakTo, asId: participantId }: Extract<Wish, { kind: "consult" }>,
  moment: Moment,
): Result {
  const legId = moment.ids[0] as LegId;
  const ringback = speakTo === "OBJECT" ? null : playRingback(state, asker.legId);
  const consult: Consult = {
    ...{ by: asker.participantId, participantId, callee, legId, path: 0 },
    ...{ isUp: false, speakTo, playId: ringback?.playId ?? null },
  };
  return {
    state: { ...state, plays: ringback?.plays ?? state.plays, consult },
    outputs: [
      dialled(state, { participantId, callee, by: asker.participantId }),
      ...(ringback === null ? [] : [ringback.output]),
      control(dialCommand(state, callee, 0, legId)),
    ],
  };
}

export function consultAnswered(state: CallState): Result {
  const { consult } = state;
  if (consult === null) return nothing(state);
  // Whose browser is gone may be back in a moment.
  const asker = askerOf(state, consult.by);
  const up: Consult = { ...consult, isUp: true, playId: null };
  const spoken = turn({ ...state, consult: { ...up, speakTo: "DESTINATION" } }, up, consult.speakTo);
  return {
    state: spoken.state,
    outputs: [
      partyConnected(state, consult),
      ...spoken.outputs,
      control({ kind: "confirm", legId: consult.legId }),
      ...(asker === null ? [] : silence(asker.legId, consult.playId)),
    ],
  };
}

/** With whom whoever asks talks from here on; before the third is there, it is what shall be so then. */
export function speakTo(state: CallState, by: ParticipantId, to: SpeakTo): Result {
  const { consult } = state;
  if (consult?.by !== by || consult.speakTo === to) return nothing(state);
  if (consult.isUp) return turn(state, consult, to);
  const { playId } = consult;
  const legId = to === "OBJECT" ? askerOf(state, by)?.legId : undefined;
  return {
    state: { ...state, consult: { ...consult, speakTo: to, playId: legId === undefined ? playId : null } },
    outputs: legId === undefined ? [] : silence(legId, playId),
  };
}

function turn(state: CallState, consult: Consult, to: SpeakTo): Result {
  if (to === "BOTH") return bringTogether(state, consult);
  if (to === state.consult?.speakTo) return nothing(state);
  const { participantId, by, callee } = consult;
  const next: CallState = { ...state, consult: { ...consult, speakTo: to } };
  const updated = append(
    state,
    "conversation.consult.updated",
    { participantId, by, speakTo: to },
    callee.userId === null ? [] : [callee.userId],
  );
  // Whoever goes back to those who wait does not keep them on hold.
  const back = to === "OBJECT" ? resume(next, by) : nothing(next);
  return { state: back.state, outputs: [updated, ...back.outputs] };
}

/** Nobody there, or gone again: whoever asked is back with who waits. */
export function consultEnded(state: CallState, end: LegEnd, moment: Moment): Result {
  if (state.consult === null) return nothing(state);
  return isSentOn(end) && !state.consult.isUp
    ? { state, outputs: [{ kind: "find-redirect", of: "consult", end }] }
    : consultOver(state, end, moment);
}

/** Whom whoever asks hears it ring at, from here on; or nobody. */
export function consultRedirected(state: CallState, end: LegEnd, found: FoundRedirect, moment: Moment): Result {
  const { consult } = state;
  if (consult === null) return nothing(state);
  const sent = sentOn(state, consult.participantId, end, found);
  const next = found.kind === "callee" ? consultInstead(state, consult, found.callee, moment) : consultOver(state, end, moment);
  return { state: next.state, outputs: [sent, ...next.outputs] };
}

function consultOver(state: CallState, { reason, sipStatus }: LegEnd, moment: Moment): Result {
  const { consult } = state;
  if (consult === null) return nothing(state);
  const next = consult.path + 1;
  if (!consult.isUp && isOfThePath(reason, sipStatus) && next < consult.callee.paths.length) {
    const legId = moment.ids[0] as LegId;
    const outputs = [control(dialCommand(state, consult.callee, next, legId))];
    return { state: { ...state, consult: { ...consult, legId, path: next } }, outputs };
  }
  const other = consult.isUp ? null : elsewhere(consult, reason, sipStatus);
  if (other !== null) return consultInstead(state, consult, other, moment);
  return backTogether(state, consult, consult.isUp ? "client" : "noAnswer", false);
}

/** Another participant in place of one who was not found; whoever asks goes on hearing it ring. */
function consultInstead(state: CallState, consult: Consult, callee: Callee, moment: Moment): Result {
  const [participantId, legId] = moment.ids as [ParticipantId, LegId];
  return {
    state: { ...state, consult: { ...consult, participantId, callee, legId, path: 0 } },
    outputs: [
      partyEnded(state, consult, "noAnswer"),
      dialled(state, { participantId, callee, by: consult.by }),
      control(dialCommand(state, callee, 0, legId)),
    ],
  };
}

export function cancelTransfer(state: CallState, by: ParticipantId): Result {
  const { consult } = state;
  return consult?.by === by ? backTogether(state, consult, "peer", true) : nothing(state);
}

/** Whoever is asked has said what there was to say, or nobody is left to ask them. */
export function consultLeaves(state: CallState, consult: Consult, disconnectType: "client" | "peer"): Result {
  return backTogether(state, consult, disconnectType, true);
}

function backTogether(state: CallState, consult: Consult, disconnectType: DisconnectType, hangUp: boolean): Result {
  const asker = askerOf(state, consult.by);
  return {
    state: { ...state, consult: null },
    outputs: [
      partyEnded(state, consult, disconnectType),
      ...(hangUp ? [control({ kind: "hang-up", legId: consult.legId, reason: "normal" })] : []),
      ...(asker === null ? [] : silence(asker.legId, consult.playId)),
    ],
  };
}

/** Whoever asked leaves the others together; before the answer, who waited hears it ring. */
export function completeTransfer(state: CallState, by: ParticipantId, moment: Moment): Result {
  const { consult } = state;
  const asker = consult?.by === by ? askerOf(state, by) : null;
  if (consult === null || asker === null) return nothing(state);
  if (state.members.length > 0) return leaveAsking(state, consult, asker, moment);
  const left = leave({ ...state, consult: null }, asker, moment);
  const { participantId, callee, legId, path } = consult;
  const before = consult.playId === null ? [] : [stopPlay(asker.legId, consult.playId)];
  if (consult.isUp) {
    const party = { participantId, callee, legId, path };
    return { state: { ...left.state, party }, outputs: [...left.outputs, ...before] };
  }
  const ringback = playRingback(left.state, left.state.customer.legId);
  const dial = { participantId, callee, legId, path, told: "nothing", playId: ringback.playId } as const;
  return { state: { ...left.state, dial, plays: ringback.plays }, outputs: [...left.outputs, ...before, ringback.output] };
}

/** Out of a conference: whoever is there stays in it, whoever is not is not waited for. */
function leaveAsking(state: CallState, consult: Consult, asker: Asker, moment: Moment): Result {
  const first = consult.isUp ? bringTogether(state, consult) : backTogether(state, consult, "peer", true);
  const left = leaveConference(first.state, asker.side, "conferenceTransfer", moment);
  const hangUp = control({ kind: "hang-up", legId: asker.legId, reason: "normal" });
  return { state: left.state, outputs: [...first.outputs, ...left.outputs, hangUp] };
}
