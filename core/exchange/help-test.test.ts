// A try of a call for help: every way is asked, nobody is called, and what is missing makes it a bad one; the newest good one is found again.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { nodeActor } from "../authorization/actor.ts";
import type { TrunkState } from "../call/call-control.ts";
import { LiveSound } from "../call/live-sound.ts";
import type { DivisionId, OrganizationId, SiteId, TrunkId, UserId } from "../lib/id.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import type { Configuration } from "./directory.ts";
import { lastHelpTests, testHelp } from "./help-test.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const leeds = "0192f0c1-0000-7000-8000-000000000005" as SiteId;
const civic = { street: "Park Row", houseNumber: "1", extra: "", postalCode: "LS1 5HD", city: "Leeds", region: "", country: "GB" };

function centre() {
  const env = virtualEnv(new VirtualTime(Date.UTC(2026, 6, 1)), new Seeded(7));
  const database = new MemoryDatabase();
  const none = () => Promise.reject(new Error("not here"));
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId: "node", stores: database.stores, unit: database, log: database, sound: new LiveSound() },
    ...{ passwords: { hash: none, verify: none }, secrets: { seal: (text) => text, open: (sealed) => sealed } },
  };
  const asked: string[] = [];
  const up: Record<string, boolean | null> = { one: true, two: true };
  const trunks = {
    test: async (id: TrunkId): Promise<TrunkState> => {
      asked.push(id);
      const hop = { hop: { host: `${id}.example`, port: null }, isUp: up[id] ?? null, address: null, roundTripMs: null, trouble: null };
      return { registration: null, hops: [hop] };
    },
  };
  const facts = (site: object = {}, trunk: object = {}) =>
    ({
      sites: [
        {
          ...{ id: leeds, organizationId, divisionId, name: "Leeds", country: "GB", address: "1 Park Row, Leeds", civic: null },
          ...{ callerId: "+441632960000", callerName: "", emergencyTrunkIds: ["two"], ...site },
        },
      ],
      ...{ stations: [], whereabouts: [] },
      trunks: ["one", "two"].map((id) => ({ id, name: id, proxies: [`${id}.example`], callerId: null, geolocation: "none", ...trunk })),
    }) as unknown as Configuration;
  const admin = nodeActor(app, "admin");
  return { app, admin, facts, trunks, asked, up, run: (of: Configuration) => testHelp(app, admin, of, leeds, trunks) };
}

test("every way is asked in its order, and what is known of the caller is said step by step", async () => {
  const { run, facts, asked } = centre();
  const { isGood, steps } = await run(facts());
  expect([isGood, asked]).toEqual([true, ["two", "one"]]);
  expect(steps).toMatchObject([
    { kind: "number", number: "999" },
    { kind: "place", text: "1 Park Row, Leeds" },
    { kind: "callback", trunk: "two", number: "+441632960000" },
    { kind: "way", trunk: "two", host: "two.example", isUp: true },
    { kind: "callback", trunk: "one" },
    { kind: "way", trunk: "one" },
  ]);
});

test.each([
  ["nobody has said where", { address: "" }, {}, {}, false],
  ["nobody could call back", { callerId: null }, {}, {}, false],
  ["the first way is dead and the second is not", {}, {}, { two: false }, true],
  ["no way answers", {}, {}, { one: false, two: null }, false],
  ["a carrier is told, and there is nothing to tell", {}, { geolocation: "pidf-lo" }, {}, false],
  ["a carrier is told", { civic }, { geolocation: "pidf-lo" }, {}, true],
  ["no trunk leads outside", {}, { proxies: [] }, {}, false],
] as const)("%s", async (_, site, trunk, ways, expected) => {
  const { run, facts, up } = centre();
  Object.assign(up, ways);
  const { isGood, steps } = await run(facts(site, trunk));
  expect(isGood).toBe(expected);
  if ("geolocation" in trunk) {
    const text = "civic" in site ? "1 Park Row, Leeds LS1 5HD, GB" : "";
    expect(steps).toContainEqual({ kind: "told", trunk: "two", text });
  }
});

test("the newest that went well is found behind those that did not; whoever may not is refused, and nothing is asked", async () => {
  const { app, admin, run, facts, up, asked, trunks } = centre();
  expect(await lastHelpTests(app, leeds)).toEqual({ newest: null, good: null });
  await run(facts());
  Object.assign(up, { one: false, two: false });
  await run(facts());
  const { newest, good } = await lastHelpTests(app, leeds);
  expect([newest?.isGood, good?.isGood]).toEqual([false, true]);
  const before = asked.length;
  const nobody = { ...admin, id: "priya", userId: "priya" as UserId, permissions: new Set<never>() };
  expect(testHelp(app, nobody, facts(), leeds, trunks)).rejects.toMatchObject({ name: "Forbidden" });
  expect(asked.length).toBe(before);
});
