// Hold: whoever puts the others on hold hears nobody and is heard by nobody. Who is left alone by that hears music; the rest go on.
import type { ParticipantId, UserId } from "../lib/id.ts";
import { append, type CallState, nothing, type Result } from "./state.ts";

export function hold(state: CallState, participantId: ParticipantId): Result {
  const userId = holderOf(state, participantId);
  if (userId === null || state.heldBy.includes(participantId)) return nothing(state);
  const held = append(state, "conversation.held", { participantId }, [userId]);
  return { state: { ...state, heldBy: [...state.heldBy, participantId] }, outputs: [held] };
}

export function resume(state: CallState, participantId: ParticipantId): Result {
  const userId = holderOf(state, participantId);
  if (userId === null || !state.heldBy.includes(participantId)) return nothing(state);
  const resumed = append(state, "conversation.resumed", { participantId }, [userId]);
  return { state: { ...state, heldBy: state.heldBy.filter((one) => one !== participantId) }, outputs: [resumed] };
}

/** The person of ours who talks as this participant: somebody outside has no hold of ours. */
function holderOf({ agent, party, customer, members, room }: CallState, participantId: ParticipantId): UserId | null {
  if (agent?.participantId === participantId) return agent.userId;
  if (agent === null && party === null && room?.isIn !== true) return null;
  if (customer.participantId === participantId) return customer.userId;
  const one = [party, ...members].find((other) => other?.participantId === participantId);
  return one?.callee.userId ?? null;
}
