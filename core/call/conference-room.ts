// A conference room, for one of those who meet there: each has a call of their own, and the voices meet in the room's mix.
import type { ParticipantId } from "../lib/id.ts";
import { append, type CallState, control, type Result, type RoomInCall, type Route } from "./state.ts";

type RoomRoute = Extract<Route, { kind: "room" }>;

export function roomOf({ roomId, name, number }: RoomRoute, participantId: ParticipantId): RoomInCall {
  return { participantId, roomId, name, number, isIn: false, isAlone: true };
}

/** As the caller is answered at once, their voice opens where the room's voices are. */
export function intoRoom(state: CallState, { roomId }: RoomRoute): Result {
  return { state, outputs: [control({ kind: "answer", legId: state.customer.legId, meetsIn: roomId })] };
}

/** They have been answered: who is in the room hears them from here on. */
export function entered(state: CallState): Result {
  const { room, customer } = state;
  if (room === null) return { state, outputs: [] };
  const { participantId, roomId, name, number } = room;
  const payload = { participantId, customerParticipantId: customer.participantId, roomId, name, number };
  const subjects = customer.userId === null ? [roomId] : [roomId, customer.userId];
  return { state: { ...state, room: { ...room, isIn: true } }, outputs: [append(state, "conversation.room.entered", payload, subjects)] };
}

/** How many are there, this one among them: whoever is alone hears music. */
export function roomChanged(state: CallState, size: number): Result {
  return { state: state.room === null ? state : { ...state, room: { ...state.room, isAlone: size < 2 } }, outputs: [] };
}

/** Whether they are in a conference room, and heard there. */
export function isInRoom(state: CallState | null): boolean {
  return state?.room?.isIn === true && state.ended === null;
}
