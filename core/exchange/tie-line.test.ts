// Extensions that live on another PBX: who is called for one, in which order, and who is not.
import { describe, expect, test } from "bun:test";
import type { CallOrigin } from "../call/call-control.ts";
import type { Callee, CallState, WishWithTarget } from "../call/state.ts";
import type { ParticipantId, StationId, TrunkId, UserId } from "../lib/id.ts";
import { trunkKind, trunkSettings } from "../telephony/kinds.ts";
import type { Trunk } from "../telephony/telephony.ts";
import { identityOf, targetByNumber } from "./callee.ts";
import { type Configuration, type RouteFacts, route } from "./directory.ts";

const trunk = (id: string, of: Partial<Trunk> = {}): Trunk =>
  ({ id, name: id, proxies: ["192.0.2.1"], extensionRanges: [], extensionsFirst: "here", ...of }) as unknown as Trunk;
const user = (name: string, extension: string, stationId: string | null): unknown =>
  ({ id: name, name, state: "active", extension, phoneNumber: null, stationId, dialRights: [] }) as const;
const range = [{ start: "300", end: "399" }];

/** The old PBX has 300 to 399; of those Sam (301) has moved here, and Ada (302), whose phone is still to come. */
function configuration(of: Partial<Trunk> = {}, more: readonly Trunk[] = []): Configuration {
  return {
    ...{ organization: null, queues: [], skills: [], flows: [], numberPlans: [], outboundRoutes: [], stations: [], sites: [] },
    ivrs: [{ id: "ivr", name: "Main", dnis: ["390"], flowId: "gone" }],
    conferenceRooms: [{ id: "room", name: "Board", number: "380", callers: "people", participantsMax: 9 }],
    users: [user("priya", "201", "desk"), user("sam", "301", "sam's"), user("ada", "302", null)],
    trunks: [trunk("carrier"), trunk("old", { extensionRanges: range, ...of }), ...more],
  } as unknown as Configuration;
}

const priya: CallOrigin = { kind: "station", stationId: "desk" as StationId, userId: "priya" as UserId };
const by = (trunkId: string): CallOrigin => ({ kind: "trunk", trunkId: trunkId as TrunkId });
const free: RouteFacts = { isFull: () => false, inRoom: () => 0, draw: 0, now: 0 };

/** As it comes in: who calls is known by what may be believed of it. */
function dial(called: string, origin: CallOrigin, number: string, made: Configuration, facts = free) {
  const caller = identityOf(made, origin, { number, name: "Told" });
  return route(made, { called, caller, origin }, facts);
}

/** Who is called, one after the other. */
function chain(callee: Callee | null): readonly string[] {
  if (callee === null) return [];
  const here = callee.paths.map((path) => (path.kind === "station" ? `here:${callee.number}` : `${path.trunkId}:${path.number}`));
  return [...here, ...chain(callee.otherwise)];
}
const saidOf = (decided: ReturnType<typeof dial>): string =>
  decided.kind === "dial" ? chain(decided.callee).join(" ") : decided.kind === "reject" ? decided.reason : decided.kind;

const second = trunk("second", { extensionRanges: [{ start: "400", end: "499" }] });

describe("an extension", () => {
  test.each([
    // dialled, by whom, as whom, asked first, called
    ["300", priya, "201", "here", "old:300"],
    ["399", priya, "201", "there", "old:399"],
    ["301", priya, "201", "here", "here:301 old:301"],
    ["301", priya, "201", "there", "old:301 here:301"],
    ["302", priya, "201", "here", "old:302"],
    ["302", priya, "201", "there", "old:302"],
    ["400", priya, "201", "here", "second:400"],
    ["500", priya, "201", "here", "no-such-number"],
    ["0300", priya, "201", "here", "no-such-number"],
    ["+300", priya, "201", "here", "no-such-number"],
    ["380", priya, "201", "there", "room"],
    ["390", priya, "201", "there", "unavailable"],
    // From the other PBX: whoever is here, and never back.
    ["201", by("old"), "300", "there", "here:201"],
    ["301", by("old"), "300", "there", "here:301"],
    ["302", by("old"), "300", "here", "no-such-number"],
    ["305", by("old"), "300", "here", "no-such-number"],
    ["380", by("old"), "300", "here", "room"],
    // To a third PBX go those whom the second one vouches for.
    ["400", by("old"), "300", "here", "second:400"],
    ["400", by("old"), "201", "here", "no-such-number"],
    ["400", by("old"), "+441632960999", "here", "no-such-number"],
    // A carrier's callers reach people here, and no other PBX, whoever they say they are.
    ["301", by("carrier"), "+441632960999", "there", "here:301"],
    ["300", by("carrier"), "+441632960999", "here", "no-such-number"],
    ["300", by("carrier"), "300", "here", "no-such-number"],
    ["300", by("carrier"), "201", "here", "no-such-number"],
    ["380", by("carrier"), "300", "here", "not-allowed"],
  ] as const)("%s, dialled by %o as %s, with %s first: %s", (called, origin, number, extensionsFirst, expected) => {
    expect(saidOf(dial(called, origin, number, configuration({ extensionsFirst }, [second])))).toBe(expected);
  });

  test("leaves as it is dialled, by an extension and a name, and needs no site, plan, right or prefix", () => {
    const decided = dial("300", priya, "201", configuration());
    expect(decided).toMatchObject({
      kind: "dial",
      callee: {
        ...{ purpose: "external", userId: null, number: "300", classification: null, isEmergency: false, otherwise: null },
        paths: [{ kind: "trunk", number: "300", shown: { number: "201", name: "priya" } }],
      },
    });
  });

  test("that came by a tie line and would go back by it is refused as a loop, in words", () => {
    expect(dial("305", by("old"), "300", configuration())).toEqual({
      ...{ kind: "reject", reason: "no-such-number" },
      why: "a loop: it came by “old” and would go back by it",
    });
  });

  test("passes over a tie line that is full, and one without a next hop", () => {
    const isFull = ({ id }: Trunk): boolean => id === "old";
    const twice = configuration({}, [trunk("spare", { extensionRanges: range })]);
    expect(saidOf(dial("300", priya, "201", twice))).toBe("old:300 spare:300");
    expect(saidOf(dial("300", priya, "201", twice, { ...free, isFull }))).toBe("spare:300");
    expect(saidOf(dial("300", priya, "201", configuration(), { ...free, isFull }))).toBe("overloaded");
    expect(saidOf(dial("301", priya, "201", configuration(), { ...free, isFull }))).toBe("here:301");
    expect(saidOf(dial("300", priya, "201", configuration({ proxies: [] })))).toBe("no-such-number");
  });

  test("for help stays refused from another PBX, though its range had the number", () => {
    const made = configuration({ extensionRanges: [{ start: "100", end: "199" }] });
    const facts = { ...made, sites: [{ id: "s", country: "GB", outsidePrefix: "" }] } as unknown as Configuration;
    expect(dial("112", by("old"), "101", facts)).toMatchObject({ kind: "reject", reason: "emergency-not-available" });
    expect(dial("112", by("carrier"), "101", facts)).toMatchObject({ kind: "reject", reason: "emergency-not-available" });
  });

  test("is whom a call is passed on to, also for somebody who came from there", () => {
    const call = {
      caller: { number: "300", name: "Told" },
      customer: { participantId: "c", userId: null, trunkId: "old" },
      ...{ agent: null, party: { participantId: "p", callee: { userId: "priya" } } },
    } as unknown as CallState;
    const target = (kind: "consult" | "transfer", number: string, participantId: string) => {
      const wish = { kind, participantId: participantId as ParticipantId, to: { kind: "number", number } } as WishWithTarget;
      const found = targetByNumber(configuration(), number, wish, call, free);
      return found.kind === "callee" ? [chain(found.callee).join(" "), found.callee.paths[0].shown.number] : found;
    };
    expect(target("consult", "300", "p")).toEqual(["old:300", "201"]);
    expect(target("transfer", "301", "p")).toEqual(["here:301 old:301", "300"]);
    expect(target("transfer", "305", "c")).toEqual({ kind: "nobody", message: expect.stringContaining("305") });
  });
});

test("TF-02: a tie line is believed for exactly its extensions, and nobody else for any of them", () => {
  const from = (trunkId: string, number: string) => identityOf(configuration({}, [second]), by(trunkId), { number, name: "Told" }).number;
  expect(["300", "301", "3-99"].map((number) => from("old", number))).toEqual(["300", "301", "399"]);
  expect(["201", "400", "+441632960999"].map((number) => from("old", number))).toEqual(["", "", "+441632960999"]);
  expect(["300", "201", "500"].map((number) => from("carrier", number))).toEqual(["", "", "500"]);
});

describe("ranges", () => {
  const parse = (extensionRanges: readonly object[]) => trunkSettings.safeParse({ name: "Old", proxies: ["192.0.2.1"], extensionRanges });
  test("are digits, as many in the last as in the first, which does not come after it", () => {
    expect(parse([{ start: "300", end: "399" }]).success).toBe(true);
    for (const [start, end] of [
      ["399", "300"],
      ["300", "1300"],
      ["+300", "+399"],
      ["3", "9"],
      ["", ""],
    ])
      expect(parse([{ start, end }]).success).toBe(false);
  });

  test("need a next hop", async () => {
    const settings = { ...trunkSettings.parse({ name: "Old", addresses: ["192.0.2.1"] }), extensionRanges: range };
    const check = trunkKind.check!({ env: { clock: { now: () => 0 } } } as never, {} as never, settings as never, null);
    await expect(check).rejects.toMatchObject({ field: "proxies" });
  });
});
