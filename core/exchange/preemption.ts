// Which call gives its channel to one for help, where a trunk has none left. Pure: the exchange ends it.
import { type CallState, trunkOf } from "../call/state.ts";
import type { TrunkId } from "../lib/id.ts";

/** By which trunks a call's legs go now, each as often as it has a channel. */
export function trunksOf({ customer, dial, party, consult, members }: CallState): readonly TrunkId[] {
  const came = customer.trunkId === null || customer.ended ? [] : [customer.trunkId];
  const gone = [dial, party, consult, ...members].flatMap((one) => (one === null ? [] : [trunkOf(one)]));
  return [...came, ...gone.filter((trunkId) => trunkId !== null)];
}

export function isForHelp({ dial, party, consult, members }: Pick<CallState, "dial" | "party" | "consult" | "members">): boolean {
  return [dial, party, consult, ...members].some((one) => one?.callee.isEmergency === true);
}

/**
 * The call that is to end so that `trunkId` has a channel; null: none may. Calls that we have made come before calls that have come in, and those
 * that nobody of ours talks in before those that somebody does; among equals the longest, as it has said most of what it had to say. Never a
 * call for help.
 */
export function leastImportant(calls: Iterable<CallState>, trunkId: TrunkId): CallState | null {
  const eligible = [...calls].filter((call) => trunksOf(call).includes(trunkId) && !isForHelp(call));
  // A conversation's id begins with the time at which it began.
  const inOrder = eligible.toSorted((a, b) => rank(a) - rank(b) || (a.conversationId < b.conversationId ? -1 : 1));
  return inOrder[0] ?? null;
}

function rank({ customer, agent, party, members, room }: CallState): number {
  if (customer.trunkId === null) return 0;
  return agent === null && party === null && members.length === 0 && room === null ? 1 : 2;
}
