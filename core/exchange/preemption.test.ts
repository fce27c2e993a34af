// Which call ends so that somebody can call for help.
import { expect, test } from "bun:test";
import type { CallState } from "../call/state.ts";
import type { TrunkId, UserId } from "../lib/id.ts";
import { OutgoingGuard } from "./outgoing-guard.ts";
import { leastImportant } from "./preemption.ts";

const carrier = "carrier" as TrunkId;
const by = (trunkId: string, isEmergency = false) => ({ path: 0, callee: { isEmergency, paths: [{ kind: "trunk", trunkId }] } });

function call(conversationId: string, of: object): CallState {
  const customer = { trunkId: null, userId: "priya" as UserId, ended: false };
  return {
    conversationId,
    customer,
    agent: null,
    dial: null,
    party: null,
    consult: null,
    room: null,
    members: [],
    ...of,
  } as unknown as CallState;
}

const cameIn = { customer: { trunkId: carrier, userId: null, ended: false } };
const out = call("2", { party: by("carrier") });
const laterOut = call("3", { dial: by("carrier") });
const waiting = call("1", cameIn);
const talking = call("0", { ...cameIn, agent: { userId: "priya" } });
const help = call("00", { party: by("carrier", true) });
const elsewhere = call("000", { party: by("other") });
const inside = call("0000", { party: { path: 0, callee: { isEmergency: false, paths: [{ kind: "station" }] } } });

test("what we have made ends before what came in, the longest first; who talks with nobody before who does", () => {
  const order: string[] = [];
  let left = [talking, waiting, laterOut, help, elsewhere, out, inside];
  for (let next = leastImportant(left, carrier); next !== null; next = leastImportant(left, carrier)) {
    order.push(next.conversationId);
    left = left.filter((one) => one !== next);
  }
  expect(order).toEqual(["2", "3", "1", "0"]);
  expect(left).toEqual([help, elsewhere, inside]);
});

test("a call for help takes a channel like any other, but is not in its own way", () => {
  const guard = new OutgoingGuard({ now: () => 0, monotonic: () => 0 } as never, () => [out, help]);
  const trunk = { id: carrier, channelsMax: 2 };
  expect(guard.isFull(trunk)).toBe(true);
  expect(guard.isFull(trunk, help.conversationId)).toBe(false);
  expect(guard.isFull({ ...trunk, channelsMax: 1 }, help.conversationId)).toBe(true);
  expect(guard.isFull({ ...trunk, channelsMax: null })).toBe(false);
});
