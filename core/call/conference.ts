// A conference: more than two in one call. Whoever asks somebody may bring them in; whoever leaves leaves the others together.
import type { DisconnectType } from "../conversation/conversation.ts";
import type { ParticipantId } from "../lib/id.ts";
import { acwAfter, partyEnded } from "./end.ts";
import { resume } from "./hold.ts";
import { stopRecording } from "./sound.ts";
import {
  append,
  type CallOutput,
  type CallState,
  type Consult,
  type Customer,
  control,
  type MemberInCall,
  type Moment,
  type Result,
  trunkOf,
} from "./state.ts";

/** Who was asked is in the call from here on, and nobody waits. */
export function bringTogether(state: CallState, { by, participantId, callee, legId, path }: Consult): Result {
  const member: MemberInCall = { participantId, callee, legId, path, addedBy: by };
  const joined = append(
    state,
    "conversation.consult.updated",
    { participantId, by, speakTo: "BOTH" },
    callee.userId === null ? [] : [callee.userId],
  );
  const together = resume({ ...state, consult: null, members: [...state.members, member] }, by);
  return { state: together.state, outputs: [joined, ...together.outputs] };
}

/** `hangUp`: their device is still there. */
export function memberLeaves(state: CallState, member: MemberInCall, disconnectType: DisconnectType, hangUp: boolean): Result {
  return {
    state: { ...state, members: state.members.filter((one) => one !== member) },
    outputs: [
      partyEnded(state, member, disconnectType),
      ...(hangUp ? [control({ kind: "hang-up", legId: member.legId, reason: "normal" })] : []),
    ],
  };
}

/** Whether the others have somebody to talk with when the customer leaves: an agent whose browser is gone is nobody. */
export function goesOnWithoutCustomer({ agent, party, members }: CallState): boolean {
  const isThere = party !== null || (agent !== null && agent.lost === null);
  return members.length > (isThere ? 0 : 1);
}

/** One of the two between whom the call was leaves it; who was brought in first takes their place. Hangs nobody up. */
export function leaveConference(
  state: CallState,
  side: "agent" | "party" | "customer",
  disconnectType: DisconnectType,
  moment: Moment,
): Result {
  if (side === "customer") return customerLeaves(state, disconnectType);
  const [first, ...members] = state.members as [MemberInCall, ...MemberInCall[]];
  const next: CallState = { ...state, party: first, members };
  if (side === "party") return { state: next, outputs: [partyEnded(state, state.party!, disconnectType)] };
  return { state: { ...next, agent: null, recording: null }, outputs: agentLeaves(state, disconnectType, moment) };
}

/** As after any call of a queue: what the others say from here on is not the agent's, and is not recorded. */
function agentLeaves(state: CallState, disconnectType: DisconnectType, moment: Moment): CallOutput[] {
  const { participantId, userId, acw, lost } = state.agent!;
  const vanished = lost !== null;
  const payload = {
    ...{ participantId, userId, queueId: state.acd!.queueId, disconnectType, vanished },
    acw: vanished ? null : acwAfter(acw, moment.now),
  };
  return [append(state, "conversation.agent.ended", payload, [userId]), ...stopRecording(state)];
}

/** The others may still talk: what is left of the call is between them, and the customer's recording is over. */
function customerLeaves(state: CallState, disconnectType: DisconnectType): Result {
  const { customer, party, agent } = state;
  const [first, ...members] = state.members as [MemberInCall, ...MemberInCall[]];
  const stays = agent === null ? party! : first;
  const { participantId, legId } = stays;
  const { userId } = stays.callee;
  const instead: Customer = {
    participantId,
    legId,
    userId,
    stationId: null,
    trunkId: trunkOf(stays),
    up: true,
    ended: false,
    callee: stays.callee,
  };
  return {
    state: { ...state, customer: instead, party: agent === null ? first : null, members, callerLeft: true, recording: null },
    outputs: [partyEnded(state, { participantId: customer.participantId, callee: customer }, disconnectType), ...stopRecording(state)],
  };
}

export function memberOf({ members }: CallState, participantId: ParticipantId): MemberInCall | null {
  return members.find((member) => member.participantId === participantId) ?? null;
}
