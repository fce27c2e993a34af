// Picking up a call that rings at somebody else's phone (RFC 3891, from the keys of a desk phone): whoever takes it is the party.
import type { LegId, ParticipantId } from "../lib/id.ts";
import { dialled, partyConnected, silence } from "./dialling.ts";
import { partyEnded } from "./end.ts";
import { type Callee, type CallInput, type CallState, control, type Moment, type PartyInCall, type Result } from "./state.ts";

/** The person whose ringing call that leg is, and who alone may be replaced: no queue's, nobody's outside, nobody who is only asked. Null: none such. */
export function ringsFor({ dial }: Pick<CallState, "dial">, legId: LegId): Callee | null {
  return dial?.legId === legId && dial.callee.purpose === "user" ? dial.callee : null;
}

/** `legId`, a leg of its own, is answered in place of the one that rings. On disk before, like every answer. */
export function pickUp(state: CallState, { legId, replaces, callee }: Extract<CallInput, { kind: "picked-up" }>, moment: Moment): Result {
  const { dial, customer } = state;
  if (dial === null || ringsFor(state, replaces) === null)
    return { state, outputs: [control({ kind: "reject", legId, reason: "declined" })] };
  const party: PartyInCall = { participantId: moment.ids[0] as ParticipantId, callee, legId, path: 0 };
  return {
    state: { ...state, dial: null, party },
    outputs: [
      dialled(state, { participantId: party.participantId, callee, by: null, pickedUpFrom: dial.participantId }),
      partyEnded(state, dial, "peer"),
      partyConnected(state, party),
      control({ kind: "hang-up", legId: dial.legId, reason: "answered-elsewhere" }),
      control({ kind: "answer", legId }),
      ...silence(customer.legId, dial.playId),
      ...(customer.up ? [] : [control({ kind: "answer", legId: customer.legId })]),
    ],
  };
}
