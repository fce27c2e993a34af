// A desk phone joins its two calls (REFER with Replaces, RFC 5589 §7.1): whoever it talks to in the one comes into the other in its place, and it leaves both.
import type { LegId, ParticipantId } from "../lib/id.ts";
import { dialled, partyConnected } from "./dialling.ts";
import { end, partyEnded } from "./end.ts";
import { stopPlay } from "./sound.ts";
import {
  type Callee,
  type CallInput,
  type CallOutput,
  type CallState,
  control,
  type DialPath,
  type Guest,
  type Moment,
  type PartyInCall,
  type Result,
} from "./state.ts";
import { type Asker, askerOf, leave, refuse } from "./transfer.ts";

type Leg = { readonly call: CallState; readonly legId: LegId };

/**
 * Which of a person's two calls goes on, and which gives whom they talk to into it. A queue's stays what it is, and of others the one in which
 * they were called, as the first of the two; else the one in which the phone asked. Null: these two cannot be joined.
 */
export function joining(asked: Leg, other: Leg): { readonly stays: Leg; readonly gives: Leg } | null {
  const [one, two] = [personAt(asked), personAt(other)];
  if (one === null || two === null || one.userId !== two.userId || asked.call === other.call) return null;
  const [givesAsked, givesOther] = [guestOf(asked) !== null, guestOf(other) !== null];
  if (!givesAsked && !givesOther) return null;
  const isOthersFirst = one.side === "customer" && two.side !== "customer";
  return !givesOther || (givesAsked && isOthersFirst) ? { stays: other, gives: asked } : { stays: asked, gives: other };
}

/** Whose leg it is, where they talk with one other and nothing else is going on; a call for help is ended by its caller alone. */
function personAt({ call, legId }: Leg): Asker | null {
  const { customer, agent, party, members, consult, dial, alert, room } = call;
  const isBetweenTwo = members.length === 0 && consult === null && dial === null && alert === null && room === null;
  if (call.ended !== null || call.ending !== null || !isBetweenTwo || !customer.up || customer.ended) return null;
  if ((agent === null) === (party === null) || party?.callee.isEmergency === true) return null;
  const whose = [customer, agent, party].find((one) => one?.legId === legId);
  return whose == null ? null : askerOf(call, whose.participantId);
}

/** With whom they talk there, if that one can go elsewhere: nobody whom a queue has, no guest. */
function guestOf(leg: Leg): Guest | null {
  const { customer, party, acd } = leg.call;
  const person = personAt(leg);
  if (person === null || party === null || acd !== null) return null;
  if (person.side === "customer") return { callee: party.callee, legId: party.legId, path: party.path };
  const callee = customerAsCallee(leg.call);
  // By which path they were called matters for its trunk alone, and that is the customer's.
  const path = callee?.paths.findIndex((one) => (one.kind === "trunk" ? one.trunkId : null) === customer.trunkId) ?? -1;
  return callee === null || path < 0 ? null : { callee, legId: customer.legId, path };
}

/** Whoever called, as if they had been called. Null: a guest. */
function customerAsCallee({ customer, caller, called }: CallState): Callee | null {
  const { userId, stationId, trunkId } = customer;
  if (customer.callee !== undefined) return customer.callee;
  const shown = { number: called, name: "" };
  const path: DialPath | null =
    trunkId !== null
      ? { kind: "trunk", trunkId, hop: 0, number: caller.number, shown }
      : stationId !== null
        ? { kind: "station", stationId, shown }
        : null;
  if (path === null) return null;
  const who = { purpose: userId === null ? "external" : "user", userId, number: caller.number, name: caller.name } as const;
  return { ...who, classification: null, isEmergency: false, paths: [path], ringMs: 0, otherwise: null };
}

/** The other goes; the phone is told, and this call is over. */
export function give(call: CallState, input: Extract<CallInput, { kind: "given" }>, moment: Moment): Result {
  const { legId, into, otherLegId } = input;
  const guest = guestOf({ call, legId });
  if (guest === null) return notGiven(call, input);
  const { customer, party, music } = call;
  const goes = guest.legId === customer.legId;
  const left: CallState = { ...call, party: null, customer: { ...customer, ended: goes } };
  const over = end(left, "joined", "transfer", moment, into);
  const heard = music.get(guest.legId);
  return {
    state: over.state,
    outputs: [
      partyEnded(call, party!, "transfer"),
      control({ kind: "refer-result", legId, status: 200 }),
      ...over.outputs,
      ...(goes ? [control({ kind: "hang-up", legId, reason: "normal" })] : []),
      ...(heard === undefined ? [] : [stopPlay(guest.legId, heard)]),
      { kind: "give", into, otherLegId, guest },
    ],
  };
}

/** One of them has gone meanwhile. */
export function notGiven(state: CallState, { legId, otherLegId }: Extract<CallInput, { kind: "given" }>): Result {
  return { state, outputs: [legId, otherLegId].map((one) => control({ kind: "refer-result", legId: one, status: 481 })) };
}

/** Whoever comes is the party in place of the one who leaves. */
export function takeIn(call: CallState, input: Extract<CallInput, { kind: "taken-in" }>, moment: Moment): Result {
  const { legId, guest, from } = input;
  const person = personAt({ call, legId });
  if (person === null) return { state: call, outputs: notTaken(input) };
  const left = leave(call, person, moment);
  const party: PartyInCall = { participantId: moment.ids[0] as ParticipantId, ...guest };
  const { participantId, callee } = party;
  return {
    state: { ...left.state, party },
    outputs: [
      ...left.outputs,
      dialled(left.state, { participantId, callee, by: null, joinedFrom: from }),
      partyConnected(left.state, party),
      control({ kind: "move", legId: guest.legId, conversationId: call.conversationId }),
    ],
  };
}

/** Nobody is left here for them. */
export function notTaken({ legId, guest }: Extract<CallInput, { kind: "taken-in" }>): CallOutput[] {
  return [control({ kind: "hang-up", legId: guest.legId, reason: "normal" }), control({ kind: "refer-result", legId, status: 481 })];
}

export function refuseJoin(call: CallState, legId: LegId): Result {
  const { customer, agent, party, members } = call;
  const whose = [customer, agent, party, ...members].find((one) => one?.legId === legId);
  const person = whose == null ? null : askerOf(call, whose.participantId);
  const message = "Only two calls between two people each can be joined, and one of them may be a queue's.";
  if (person !== null) return refuse(call, person, message);
  return { state: call, outputs: [control({ kind: "refer-result", legId, status: 403 })] };
}
