// Somebody listens to a call beside one of ours: unheard, heard by that one alone, or by everybody. They are never a party of it.
import type { DisconnectType } from "../conversation/conversation.ts";
import type { LegId, ParticipantId, UserId } from "../lib/id.ts";
import { personRingMs, supervisorsPerCallMax } from "../lib/limits.ts";
import {
  append,
  type CallState,
  control,
  type Moment,
  nothing,
  type Result,
  type SupervisionWish,
  type SupervisorInCall,
} from "./state.ts";

/** Their station is called, or, when they listen already, they do so in another way or beside somebody else. */
export function supervise(state: CallState, wish: SupervisionWish, moment: Moment): Result {
  const { userId, mode, participantId: supervises, reason } = wish;
  const target = personIn(state, supervises);
  if (target === null) return refuse(state, wish, "This call is not up.");
  const before = state.supervisors.find((one) => one.userId === userId);
  if (before !== undefined) return change(state, before, { ...before, supervises, mode }, target);
  if (peopleIn(state).some((person) => person.userId === userId)) return refuse(state, wish, "They are in this call themselves.");
  if (state.supervisors.length >= supervisorsPerCallMax) return refuse(state, wish, `At most ${supervisorsPerCallMax} listen to one call.`);
  const [participantId, legId] = moment.ids as [ParticipantId, LegId];
  const supervisor: SupervisorInCall = { participantId, userId, legId, supervises, mode, isUp: false };
  const payload = { participantId, userId, supervises, mode, reason };
  const { conversationId } = state;
  const { stationId, shown: callerName } = wish;
  return {
    state: { ...state, supervisors: [...state.supervisors, supervisor] },
    outputs: [
      append(state, "conversation.supervision.started", payload, [userId, target]),
      control({
        ...{ kind: "dial-station", legId, conversationId, stationId, callerName, callerNumber: "" },
        ...{ autoAnswer: true, ringMs: personRingMs },
      }),
    ],
  };
}

/** The event comes first: nobody hears anything before the disk holds who does. */
export function supervisorAnswered(state: CallState, supervisor: SupervisorInCall): Result {
  const { participantId, userId, supervises, mode, legId } = supervisor;
  const connected = append(state, "conversation.supervision.connected", { participantId, mode }, subjects(state, userId, supervises));
  return {
    state: replaced(state, supervisor, { ...supervisor, isUp: true }),
    outputs: [connected, control({ kind: "confirm", legId })],
  };
}

/** `hangUp`: their device is still there. */
export function supervisorLeaves(state: CallState, supervisor: SupervisorInCall, disconnectType: DisconnectType, hangUp: boolean): Result {
  const { participantId, userId, supervises, legId } = supervisor;
  const payload = { participantId, userId, disconnectType };
  return {
    state: { ...state, supervisors: state.supervisors.filter((one) => one !== supervisor) },
    outputs: [
      append(state, "conversation.supervision.ended", payload, subjects(state, userId, supervises)),
      ...(hangUp ? [control({ kind: "hang-up", legId, reason: "normal" })] : []),
    ],
  };
}

/** Whoever listens beside somebody who has left has nobody to listen beside: they are not taken along to others. */
export function dismiss({ state, outputs }: Result): Result {
  if (state.ended !== null) return { state, outputs };
  const alone = state.supervisors.filter(({ supervises }) => personIn(state, supervises) === null);
  return alone.reduce<Result>(
    (before, supervisor) => {
      const after = supervisorLeaves(before.state, supervisor, "peer", true);
      return { state: after.state, outputs: [...before.outputs, ...after.outputs] };
    },
    { state, outputs },
  );
}

function change(state: CallState, before: SupervisorInCall, after: SupervisorInCall, target: UserId): Result {
  const { participantId, userId, supervises, mode } = after;
  if (before.supervises === supervises && before.mode === mode) return nothing(state);
  const switched = append(state, "conversation.supervision.switched", { participantId, supervises, mode }, [userId, target]);
  return { state: replaced(state, before, after), outputs: [switched] };
}

function replaced(state: CallState, before: SupervisorInCall, after: SupervisorInCall): CallState {
  return { ...state, supervisors: state.supervisors.map((one) => (one === before ? after : one)) };
}

function refuse(state: CallState, { userId, participantId: supervises, mode }: SupervisionWish, message: string): Result {
  return { state, outputs: [append(state, "conversation.supervision.refused", { userId, supervises, mode, message }, [userId])] };
}

type Person = { readonly participantId: ParticipantId; readonly userId: UserId };

/** Everybody of ours whom the call concerns: who talks, and who listens. */
export function usersIn(state: CallState): readonly UserId[] {
  return [...new Set([...peopleIn(state), ...state.supervisors].map(({ userId }) => userId))];
}

/** Our own people who talk in the call. */
function peopleIn({ customer, agent, party, consult, members }: CallState): Person[] {
  const called = [party, consult?.isUp === true ? consult : null, ...members].flatMap((one) =>
    one === null ? [] : [{ participantId: one.participantId, userId: one.callee.userId }],
  );
  const isUp = agent !== null || party !== null;
  const all = [...(isUp ? [customer] : []), ...(agent === null ? [] : [agent]), ...called];
  return all.flatMap(({ participantId, userId }) => (userId === null ? [] : [{ participantId, userId }]));
}

function personIn(state: CallState, participantId: ParticipantId): UserId | null {
  return peopleIn(state).find((person) => person.participantId === participantId)?.userId ?? null;
}

function subjects(state: CallState, userId: UserId, supervises: ParticipantId): string[] {
  const target = personIn(state, supervises);
  return target === null ? [userId] : [userId, target];
}
