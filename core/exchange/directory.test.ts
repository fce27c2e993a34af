// Where a new call goes: by its number, and for guests by what guests may call.
import { expect, test } from "bun:test";
import type { CallOrigin } from "../call/call-control.ts";
import { newOrganization } from "../directory/organization.ts";
import type { ConferenceRoomId, DivisionId, FlowId, OrganizationId, StationId, TrunkId, UserId } from "../lib/id.ts";
import { type Configuration, route } from "./directory.ts";

const organizationId = "organization" as OrganizationId;
const scope = { organizationId, divisionId: "division" as DivisionId, eventSeq: null, version: 3, createdAt: 0, modifiedAt: 0 };
const flow = { id: "flow" as FlowId, ...scope, name: "Main", type: "INBOUNDCALL" as const, document: null };

function configuration(guestNumber: string | null): Configuration {
  return {
    organization: { ...newOrganization(organizationId, "division", "Centre", 0), guestNumber },
    ...{ queues: [], skills: [], trunks: [], stations: [], users: [], sites: [], numberPlans: [], outboundRoutes: [] },
    ...{ rateTables: [], callAlarms: [], whereabouts: [] },
    conferenceRooms: [
      { id: "board" as ConferenceRoomId, ...scope, name: "Board", number: "800", callers: "people", participantsMax: 2 },
      { id: "open" as ConferenceRoomId, ...scope, name: "Open", number: "+441632960800", callers: "everybody", participantsMax: 2 },
    ],
    ivrs: [{ id: "ivr", ...scope, name: "Main", dnis: ["+441632960100", "100"], flowId: flow.id }],
    flows: [{ record: flow, document: { name: "Main", type: "INBOUNDCALL", start: "a", onError: null, actions: {} } as never }],
  };
}

const to = (called: string, origin: CallOrigin, guestNumber: string | null) =>
  route(configuration(guestNumber), { called, caller: { number: "", name: "" }, origin });
const guest: CallOrigin = { kind: "guest", guestId: "g" };
const trunk: CallOrigin = { kind: "trunk", trunkId: "t" as TrunkId };
const main = { kind: "flow", flowId: flow.id, flowName: "Main", version: 3 };

test("numbers match with and without a leading +", () => {
  expect([to("441632960100", trunk, null), to("+100", trunk, null)]).toMatchObject([main, main]);
  expect(to("101", trunk, null)).toEqual({ kind: "reject", reason: "no-such-number" });
});

test("a guest reaches the guests' number and no other, and none when it is switched off; trunks are as before", () => {
  expect(to("100", guest, "100")).toMatchObject(main);
  for (const [called, number] of [
    ["441632960100", "100"],
    ["+100", "100"],
    ["100", null],
  ] as const)
    expect(to(called, guest, number)).toEqual({ kind: "reject", reason: "not-allowed" });
  expect(to("100", trunk, null)).toMatchObject(main);
});

test("a conference room takes whom it is for, and no more than it holds", () => {
  const inside: CallOrigin = { kind: "station", stationId: "s" as StationId, userId: "u" as UserId };
  const dial = (called: string, origin: CallOrigin, inRoom = 0) =>
    route(
      configuration(null),
      { called, caller: { number: "", name: "" }, origin },
      { isFull: () => false, inRoom: () => inRoom, draw: 0, now: 0 },
    );
  expect(dial("800", inside)).toMatchObject({ kind: "room", name: "Board" });
  expect(dial("800", inside, 1)).toMatchObject({ kind: "room" });
  expect(dial("800", inside, 2)).toEqual({ kind: "reject", reason: "busy", why: "“Board” is full" });
  expect(dial("800", trunk)).toMatchObject({ kind: "reject", reason: "not-allowed" });
  expect(dial("441632960800", trunk)).toMatchObject({ kind: "room", name: "Open" });
  expect(dial("+441632960800", guest)).toMatchObject({ kind: "reject", reason: "not-allowed" });
});
