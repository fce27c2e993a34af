// Where calls outside go: by right, by route, by trunk; calls for help first of all; and what a stolen phone can do.
import { describe, expect, test } from "bun:test";
import type { CallState } from "../call/state.ts";
import type { User } from "../directory/user.ts";
import type { SiteId, StationId, TrunkId, UserId } from "../lib/id.ts";
import { outgoingPerUserMax, outgoingPerUserPerMinuteMax } from "../lib/limits.ts";
import type { Site, Trunk } from "../telephony/telephony.ts";
import { identityOf } from "./callee.ts";
import { type Configuration, route } from "./directory.ts";
import { placeOf, placeText } from "./outbound.ts";
import { OutgoingGuard } from "./outgoing-guard.ts";

const scope = { organizationId: "o", divisionId: "d", eventSeq: null, version: 1, createdAt: 0, modifiedAt: 0 };
const trunk = (id: string, of: Partial<Trunk> = {}): Trunk =>
  ({
    ...scope,
    ...{ id, name: id, addresses: [], proxies: ["192.0.2.1"], transport: "UDP", numberFormat: "E164" },
    ...{ callerIdPresentation: "user", callerId: null, channelsMax: null, extensionRanges: [], extensionsFirst: "here" },
    ...of,
  }) as unknown as Trunk;
const site: Site = {
  ...scope,
  ...{ id: "leeds" as SiteId, name: "Leeds", country: "GB", address: "1 Park Row, Leeds", outsidePrefix: "9" },
  ...{ callerId: "+441632960000", callerName: "Bank", emergencyTrunkIds: [], emergencyContactIds: [] },
} as unknown as Site;
const priya = {
  ...scope,
  ...{
    id: "priya",
    name: "Priya",
    email: "p@x",
    state: "active",
    roles: ["agent"],
    stationId: "desk",
    extension: "201",
    passwordHash: null,
  },
  ...{ phoneNumber: "+441632960201", dialRights: ["National"] },
} as unknown as User;

function configuration(of: Partial<Configuration> = {}): Configuration {
  const trunks = [trunk("first"), trunk("second")];
  const all = ["National", "Mobile", "International", "Premium"];
  const route = { ...scope, id: "r", name: "Out", siteId: site.id, classifications: all, distribution: "SEQUENTIAL", enabled: true };
  return {
    organization: null,
    ...{ queues: [], skills: [], ivrs: [], conferenceRooms: [], flows: [], numberPlans: [], whereabouts: [] },
    stations: [
      {
        ...scope,
        id: "desk",
        name: "desk",
        kind: "phone",
        userId: "priya",
        username: "p",
        siteId: null,
        location: "Room 4",
        sealedHa1: null,
      },
    ],
    users: [priya],
    sites: [site],
    trunks,
    outboundRoutes: [{ ...route, trunkIds: trunks.map(({ id }) => id) }],
    ...of,
  } as unknown as Configuration;
}

const origin = { kind: "station", stationId: "desk" as StationId, userId: "priya" as UserId } as const;
const dial = (called: string, of: Partial<Configuration> = {}, facts?: Parameters<typeof route>[2]) =>
  route(configuration(of), { called, caller: { number: "201", name: "Priya" }, origin }, facts);
const trunksOf = (decided: ReturnType<typeof dial>): unknown =>
  decided.kind === "dial" ? decided.callee.paths.map((path) => (path.kind === "trunk" ? path.trunkId : "")) : decided;

describe("a number outside", () => {
  test("leaves by the route's trunks in their order, as the trunk wants it, and shows the person's number", () => {
    const decided = dial("9 020 7946 0018");
    expect(decided).toMatchObject({
      kind: "dial",
      callee: {
        ...{ purpose: "external", number: "+442079460018", classification: "National", isEmergency: false },
        paths: [{ trunkId: "first", number: "+442079460018", shown: { number: "+441632960201", name: "Bank" } }, { trunkId: "second" }],
      },
    });
    const other = { trunks: [trunk("first", { numberFormat: "National", callerIdPresentation: "trunk", callerId: "+441632960999" })] };
    expect(dial("020 7946 0018", other)).toMatchObject({
      callee: { paths: [{ number: "02079460018", shown: { number: "+441632960999" } }] },
    });
    expect(dial("020 7946 0018", { trunks: [trunk("first", { callerIdPresentation: "withhold" })] })).toMatchObject({
      callee: { paths: [{ shown: { number: "", name: "" } }] },
    });
  });

  test("is chosen by chance where the route says so", () => {
    const [only] = configuration().outboundRoutes;
    const random = { outboundRoutes: [{ ...only!, distribution: "RANDOM" as const }] };
    const facts = (draw: number) => ({ isFull: () => false, inRoom: () => 0, draw, now: 0 });
    expect(trunksOf(dial("020 7946 0018", random, facts(0)))).toEqual(["first", "second"]);
    expect(trunksOf(dial("020 7946 0018", random, facts(0.9)))).toEqual(["second", "first"]);
  });

  test("TF-01: is refused without the right, the route, the channel or the site", () => {
    expect(dial("0909 879 0000")).toMatchObject({ kind: "reject", reason: "not-allowed" });
    expect(dial("+4930123456")).toMatchObject({ kind: "reject", reason: "not-allowed" });
    expect(dial("020 7946 0018", { outboundRoutes: [] })).toMatchObject({ kind: "reject", reason: "unavailable" });
    expect(dial("020 7946 0018", {}, { isFull: () => true, inRoom: () => 0, draw: 0, now: 0 })).toMatchObject({
      kind: "reject",
      reason: "overloaded",
    });
    expect(trunksOf(dial("020 7946 0018", {}, { isFull: ({ id }) => id === "first", inRoom: () => 0, draw: 0, now: 0 }))).toEqual([
      "second",
    ]);
    expect(dial("020 7946 0018", { sites: [] })).toMatchObject({ kind: "reject", reason: "no-such-number" });
    expect(dial("12")).toMatchObject({ kind: "reject", reason: "no-such-number" });
  });

  test("TF-01: is nobody's from a trunk: what comes in does not go out", () => {
    const from = {
      called: "02079460018",
      caller: { number: "1", name: "" },
      origin: { kind: "trunk", trunkId: "first" as TrunkId },
    } as const;
    expect(route(configuration(), from)).toMatchObject({ kind: "reject", reason: "no-such-number" });
  });
});

describe("a call for help", () => {
  test("comes before rights, routes, channels and extensions, and can be called back", () => {
    const nobody = { ...priya, dialRights: [], phoneNumber: null, extension: "999" } as User;
    for (const called of ["999", "112", "9112", "urn:service:sos"]) {
      const decided = dial(called, { users: [nobody], outboundRoutes: [] }, { isFull: () => true, inRoom: () => 0, draw: 0, now: 0 });
      expect(decided).toMatchObject({
        kind: "dial",
        callee: { isEmergency: true, classification: "Emergency", paths: [{ shown: { number: "+441632960000" } }, {}] },
      });
    }
  });

  test("goes by the site's own trunks first, and by every other after them", () => {
    const own = { sites: [{ ...site, emergencyTrunkIds: ["second" as TrunkId] }] };
    expect(trunksOf(dial("112", own))).toEqual(["second", "first"]);
  });

  test("without any trunk is refused in plain words; by a trunk, where nobody's place is known, too", () => {
    expect(dial("112", { trunks: [trunk("in", { proxies: [] })] })).toMatchObject({ kind: "reject", reason: "emergency-not-available" });
    const from = { called: "112", caller: { number: "1", name: "" }, origin: { kind: "trunk", trunkId: "first" as TrunkId } } as const;
    expect(route(configuration(), from)).toMatchObject({ kind: "reject", reason: "emergency-not-available" });
  });

  test("says where, by what says it most exactly", () => {
    const street = (name: string) => ({
      street: name,
      houseNumber: "1",
      extra: "",
      postalCode: "LS1 5HD",
      city: "Leeds",
      region: "",
      country: "GB",
    });
    const said = (of: object) => [{ userId: "priya", siteId: null, civic: null, expiresAt: 10, ...of }] as never;
    const york = { ...site, id: "york", name: "York", address: "2 Micklegate, York", civic: null };
    const at = (station: object, of: Partial<Configuration> = {}, now = 0, civic: object | null = null) => {
      const [desk] = configuration().stations;
      const sites = [{ ...site, civic }, york] as never;
      const facts = { ...configuration({ sites, stations: [{ ...desk, civic: null, ...station }] as never, ...of }) };
      const place = placeOf(facts, { userId: "priya" as UserId, stationId: "desk" as StationId }, now);
      return [place.from, placeText(place)];
    };
    const browser = { kind: "browser", location: "" };
    expect(at({})).toEqual(["site", "1 Park Row, Leeds, Room 4"]);
    expect(at({}, {}, 0, street("Park Row"))).toEqual(["site", "Room 4, 1 Park Row, Leeds LS1 5HD, GB"]);
    expect(at({ civic: street("Hill") }, {}, 0, street("Park Row"))).toEqual(["station", "Room 4, 1 Hill, Leeds LS1 5HD, GB"]);
    expect(at({ ...browser, civic: street("Hill") }, { whereabouts: said({ civic: street("Home") }) })).toEqual([
      "person",
      "1 Home, Leeds LS1 5HD, GB",
    ]);
    expect(at(browser, { whereabouts: said({ civic: street("Home") }) }, 10)).toEqual(["site", "1 Park Row, Leeds"]);
    expect(at(browser, { whereabouts: said({ siteId: "york" }) })).toEqual(["site", "2 Micklegate, York"]);
    // A phone does not move with its person.
    expect(at({}, { whereabouts: said({ civic: street("Home") }) })).toEqual(["site", "1 Park Row, Leeds, Room 4"]);
  });

  test("is tried by the country's number for it: by the same ways, from the same place, by whoever dials, and is no call for help", () => {
    const us = { sites: [{ ...site, country: "US", civic: null, networks: [], emergencyTrunkIds: ["second"] }] as never };
    const decided = dial("933", { ...us, users: [{ ...priya, dialRights: [] }] });
    expect(decided).toMatchObject({
      kind: "dial",
      callee: { number: "933", isEmergency: false, isHelpTestOf: "leeds", classification: "Emergency test" },
    });
    expect([trunksOf(decided), decided.kind === "dial" && decided.callee.place?.address]).toEqual([
      ["second", "first"],
      "1 Park Row, Leeds, Room 4",
    ]);
    expect(dial("933").kind).toBe("reject");
    // Whoever has it as their extension keeps it.
    const bob = { ...priya, id: "bob", extension: "933", stationId: "desk" } as unknown as User;
    expect(dial("933", { ...us, users: [priya, bob] })).toMatchObject({ callee: { userId: "bob" } });
  });

  test("takes the place along, and no other call does", () => {
    const decided = dial("999");
    expect(decided.kind === "dial" && decided.callee.place?.address).toBe("1 Park Row, Leeds, Room 4");
    const civic = { street: "Park Row", houseNumber: "1", extra: "", postalCode: "LS1 5HD", city: "Leeds", region: "", country: "GB" };
    const sites = [{ ...site, civic, networks: [] }] as never;
    const told = dial("999", { sites, trunks: [trunk("first", { geolocation: "pidf-lo" }), trunk("second")] });
    expect(
      told.kind === "dial" &&
        told.callee.paths.map((path) => (path.kind === "trunk" ? [path.trunkId, path.place?.extra, path.isAgain] : [])),
    ).toEqual([
      ["first" as TrunkId, "Room 4", undefined],
      ["first" as TrunkId, undefined, true],
      ["second" as TrunkId, undefined, undefined],
    ]);
    const other = dial("020 7946 0018");
    expect(other.kind === "dial" && other.callee.place).toBeUndefined();
  });
});

describe("a stolen phone", () => {
  const clock = { at: 0, now: () => 0, monotonic: () => clock.at, after: () => ({ cancel: () => undefined }) };
  const out = (userId: string): CallState => {
    const callee = { purpose: "external", isEmergency: false, dialledBy: { userId }, paths: [{ kind: "trunk", trunkId: "first" }] };
    return {
      customer: { userId, trunkId: null, ended: false },
      dial: { callee, path: 0 },
      ...{ agent: null, party: null, consult: null, members: [] },
    } as unknown as CallState;
  };

  test("TF-01: has a few calls at once, and no more", () => {
    const calls: CallState[] = [];
    const guard = new OutgoingGuard(clock, () => calls);
    for (let n = 0; n < outgoingPerUserMax; n++) {
      expect(guard.begin("priya" as UserId)).toBeNull();
      calls.push(out("priya"));
    }
    expect(guard.begin("priya" as UserId)).toEqual({ rule: "at-once", limit: outgoingPerUserMax });
    expect(guard.begin("tomasz" as UserId)).toBeNull();
    calls.pop();
    expect(guard.begin("priya" as UserId)).toBeNull();
  });

  test("TF-01: has them in one conference, and no more; each takes a channel of its trunk", () => {
    const { dial, ...call } = out("priya");
    const conference = { ...call, dial: null, members: Array.from({ length: outgoingPerUserMax }, () => dial) } as unknown as CallState;
    const guard = new OutgoingGuard(clock, () => [conference]);
    expect(guard.begin("priya" as UserId)).toEqual({ rule: "at-once", limit: outgoingPerUserMax });
    expect(guard.isFull(trunk("first", { channelsMax: outgoingPerUserMax }))).toBe(true);
  });

  test("TF-01: begins so many in a minute, and no more", () => {
    const guard = new OutgoingGuard(clock, () => []);
    for (let n = 0; n < outgoingPerUserPerMinuteMax; n++) expect(guard.begin("priya" as UserId)).toBeNull();
    expect(guard.begin("priya" as UserId)).toEqual({ rule: "per-minute", limit: outgoingPerUserPerMinuteMax });
    clock.at = 60_001;
    expect(guard.begin("priya" as UserId)).toBeNull();
  });

  test("a test call is a channel of its trunk and one of its person's calls; to an extension it is not theirs to pay", () => {
    const test = { trunkId: "first" as TrunkId, userId: "priya" as UserId, classification: "National" };
    const guardOf = (...tests: readonly { trunkId: TrunkId; userId: UserId; classification: string | null }[]) =>
      new OutgoingGuard(
        clock,
        () => [],
        () => tests,
      );
    expect(guardOf(test).isFull(trunk("first", { channelsMax: 1 }))).toBe(true);
    expect(guardOf(test).isFull(trunk("second", { channelsMax: 1 }))).toBe(false);
    const many = Array.from({ length: outgoingPerUserMax }, () => test);
    expect(guardOf(...many).begin("priya" as UserId)).toEqual({ rule: "at-once", limit: outgoingPerUserMax });
    expect(guardOf(...many).begin("priya" as UserId, true)).toBeNull();
    expect(guardOf(...many.map((one) => ({ ...one, classification: null }))).begin("priya" as UserId)).toBeNull();
  });

  test("a trunk is full at its channels, counted in both directions", () => {
    const came = {
      customer: { userId: null, trunkId: "first", ended: false },
      ...{ agent: null, dial: null, party: null, consult: null, members: [] },
    } as unknown as CallState;
    const guard = new OutgoingGuard(clock, () => [came, out("priya")]);
    expect([guard.isFull(trunk("first", { channelsMax: 2 })), guard.isFull(trunk("first", { channelsMax: 3 }))]).toEqual([true, false]);
    expect([guard.isFull(trunk("second", { channelsMax: 1 })), guard.isFull(trunk("first"))]).toEqual([false, false]);
  });
});

test("TF-02: nobody outside is one of ours by extension, and nobody here is somebody else", () => {
  const fromTrunk = (number: string) =>
    identityOf(configuration(), { kind: "trunk", trunkId: "first" as TrunkId }, { number, name: "Priya" });
  for (const number of ["201", " 201", "2-01"]) expect(fromTrunk(number)).toEqual({ number: "", name: "" });
  for (const number of ["+441632960999", "2010", ""]) expect(fromTrunk(number)).toEqual({ number, name: "Priya" });
  expect(identityOf(configuration(), origin, { number: "100", name: "Boss" })).toEqual({ number: "201", name: "Priya" });
});
