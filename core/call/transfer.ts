// Passing a call on: at once, or after a word with whoever is to have it. Whoever passes it on leaves; whoever was talked to stays.
import type { DisconnectType } from "../conversation/conversation.ts";
import type { LegId, ParticipantId, UserId } from "../lib/id.ts";
import { assertNever } from "../lib/machine.ts";
import type { LegEndReason } from "./call-control.ts";
import { dialCommand, dialled, dialParty, enqueued, isOfThePath, partyConnected, silence } from "./dialling.ts";
import { acwAfter, partyEnded } from "./end.ts";
import { playMusic, playRingback, startHoldMusic, stopHoldMusic, stopPlay, stopRecording } from "./sound.ts";
import {
  type Acd,
  append,
  type Callee,
  type CallOutput,
  type CallState,
  type Consult,
  control,
  type FoundTarget,
  type Moment,
  nothing,
  type Result,
  trunkOf,
  type WishWithTarget,
} from "./state.ts";

/** One of ours who may pass the call on, and who stays when they do. */
type Asker = {
  readonly side: "agent" | "party" | "customer";
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly legId: LegId;
  readonly otherLegId: LegId;
};

export function askerOf(state: CallState, participantId: ParticipantId): Asker | null {
  const { agent, party, customer } = state;
  if (agent?.participantId === participantId && agent.lost === null)
    return { side: "agent", participantId, userId: agent.userId, legId: agent.legId, otherLegId: customer.legId };
  if (party === null) return null;
  if (party.participantId === participantId && party.callee.userId !== null)
    return { side: "party", participantId, userId: party.callee.userId, legId: party.legId, otherLegId: customer.legId };
  if (customer.participantId === participantId && customer.userId !== null)
    return { side: "customer", participantId, userId: customer.userId, legId: customer.legId, otherLegId: party.legId };
  return null;
}

/** Looked up before anything is changed: a number that leads nowhere leaves the call as it is. */
export function wantsTransfer(state: CallState, wish: WishWithTarget): Result {
  const asker = askerOf(state, wish.participantId);
  return asker === null || state.consult !== null ? nothing(state) : { state, outputs: [{ kind: "find-target", wish }] };
}

export function targetFound(state: CallState, wish: WishWithTarget, found: FoundTarget, moment: Moment): Result {
  const asker = askerOf(state, wish.participantId);
  if (asker === null || state.consult !== null) return nothing(state);
  switch (found.kind) {
    case "nobody": {
      const { participantId, message } = { participantId: asker.participantId, message: found.message };
      const failed = append(state, "conversation.transfer.failed", { participantId, message }, [asker.userId]);
      return { state, outputs: [failed, control({ kind: "refer-result", legId: asker.legId, status: 404 })] };
    }
    case "queue":
      return intoQueue(state, asker, found.queue, moment);
    case "callee":
      return wish.kind === "consult" ? startConsult(state, asker, found.callee, moment) : passOn(state, asker, found.callee, moment);
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

/** Whoever asked is gone, off hold or not; who stays is the customer from here on. */
function leave(state: CallState, asker: Asker, moment: Moment): Result {
  const { agent, acd, party, customer } = state;
  const outputs: CallOutput[] = [];
  const music = stopHoldMusic(state);
  let next: CallState = { ...state, ...music.state, party: null };
  if (asker.side === "agent") {
    const { participantId, userId } = agent!;
    const acw = acwAfter(agent!.acw, moment.now);
    const payload = { participantId, queueId: acd!.queueId, userId, disconnectType: "transfer", acw, vanished: false } as const;
    outputs.push(append(state, "conversation.agent.ended", payload, [userId]), ...stopRecording(state));
    next = { ...next, agent: null, recording: null };
  } else {
    outputs.push(partyEnded(state, { participantId: asker.participantId, callee: { userId: asker.userId } }, "transfer"));
    if (asker.side === "customer") {
      outputs.push(...silence(party!.legId, party!.holdPlayId));
      const { participantId, legId, callee } = party!;
      next = {
        ...next,
        customer: { ...customer, participantId, legId, userId: callee.userId, stationId: null, trunkId: trunkOf(party!), up: true },
      };
    }
  }
  outputs.push(
    control({ kind: "refer-result", legId: asker.legId, status: 200 }),
    control({ kind: "hang-up", legId: asker.legId, reason: "normal" }),
    ...music.outputs,
  );
  return { state: next, outputs };
}

// ── With a word before ──

function startConsult(state: CallState, asker: Asker, callee: Callee, moment: Moment): Result {
  const [participantId, legId] = moment.ids as [ParticipantId, LegId];
  const held = holdForConsult(state, asker);
  const ringback = playRingback(held.state, asker.legId);
  const consult: Consult = { by: asker.participantId, participantId, callee, legId, path: 0, isUp: false, playId: ringback.playId };
  return {
    state: { ...held.state, plays: ringback.plays, consult },
    outputs: [
      dialled(state, { participantId, callee, by: asker.participantId }),
      ...held.outputs,
      ringback.output,
      control(dialCommand(state, callee, 0, legId)),
    ],
  };
}

function holdForConsult(state: CallState, asker: Asker): Result {
  const apart = control({ kind: "unbridge", legId: asker.legId });
  if (asker.side !== "customer") {
    const music = startHoldMusic(state);
    return { state: { ...state, ...music.state }, outputs: [apart, ...music.outputs] };
  }
  const party = state.party!;
  if (party.holdPlayId !== null) return { state, outputs: [apart] };
  const play = playMusic(state, party.legId);
  return { state: { ...state, plays: play.plays, party: { ...party, holdPlayId: play.playId } }, outputs: [apart, play.output] };
}

export function consultAnswered(state: CallState): Result {
  const { consult } = state;
  const asker = consult === null ? null : askerOf(state, consult.by);
  if (consult === null || asker === null) return nothing(state);
  return {
    state: { ...state, consult: { ...consult, isUp: true, playId: null } },
    outputs: [
      partyConnected(state, consult),
      control({ kind: "confirm", legId: consult.legId }),
      ...silence(asker.legId, consult.playId),
      control({ kind: "bridge", a: asker.legId, b: consult.legId }),
    ],
  };
}

/** Nobody there, or gone again: whoever asked is back with who waits. */
export function consultEnded(state: CallState, reason: LegEndReason, sipStatus: number | null, moment: Moment): Result {
  const { consult } = state;
  if (consult === null) return nothing(state);
  const next = consult.path + 1;
  if (!consult.isUp && isOfThePath(reason, sipStatus) && next < consult.callee.paths.length) {
    const legId = moment.ids[0] as LegId;
    const outputs = [control(dialCommand(state, consult.callee, next, legId))];
    return { state: { ...state, consult: { ...consult, legId, path: next } }, outputs };
  }
  return backTogether(state, consult, consult.isUp ? "client" : "noAnswer", false);
}

export function cancelTransfer(state: CallState, by: ParticipantId): Result {
  const { consult } = state;
  return consult?.by === by ? backTogether(state, consult, "peer", true) : nothing(state);
}

function backTogether(state: CallState, consult: Consult, disconnectType: DisconnectType, hangUp: boolean): Result {
  const asker = askerOf(state, consult.by);
  const over: CallOutput[] = [
    partyEnded(state, consult, disconnectType),
    ...(hangUp ? [control({ kind: "hang-up", legId: consult.legId, reason: "normal" } as const)] : []),
  ];
  if (asker === null) return { state: { ...state, consult: null }, outputs: over };
  over.push(...silence(asker.legId, consult.playId));
  const isHeld = state.agent?.held === true || (state.party?.heldBy.length ?? 0) > 0;
  if (isHeld) return { state: { ...state, consult: null }, outputs: over };
  const together = control({ kind: "bridge", a: asker.legId, b: asker.otherLegId });
  if (asker.side !== "customer") {
    const music = stopHoldMusic(state);
    return { state: { ...state, ...music.state, consult: null }, outputs: [...over, ...music.outputs, together] };
  }
  const party = state.party!;
  return {
    state: { ...state, consult: null, party: { ...party, holdPlayId: null } },
    outputs: [...over, ...silence(party.legId, party.holdPlayId), together],
  };
}

/** Whoever asked leaves the two together; before the answer, who waited hears it ring. */
export function completeTransfer(state: CallState, by: ParticipantId, moment: Moment): Result {
  const { consult } = state;
  const asker = consult?.by === by ? askerOf(state, by) : null;
  if (consult === null || asker === null) return nothing(state);
  const left = leave({ ...state, consult: null }, asker, moment);
  const { participantId, callee, legId, path } = consult;
  const before = consult.playId === null ? [] : [stopPlay(asker.legId, consult.playId)];
  if (consult.isUp) {
    const party = { participantId, callee, legId, path, heldBy: [], holdPlayId: null };
    const together = control({ kind: "bridge", a: left.state.customer.legId, b: legId });
    return { state: { ...left.state, party }, outputs: [...before, ...left.outputs, together] };
  }
  const ringback = playRingback(left.state, left.state.customer.legId);
  const dial = { participantId, callee, legId, path, told: "nothing", playId: ringback.playId } as const;
  return { state: { ...left.state, dial, plays: ringback.plays }, outputs: [...before, ...left.outputs, ringback.output] };
}
