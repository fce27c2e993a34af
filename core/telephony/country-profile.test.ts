// A country's profile: what differs is said one by one, what is taken is taken and nothing else, and dear short numbers are nobody's by default.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { nodeActor } from "../authorization/actor.ts";
import { LiveSound } from "../call/live-sound.ts";
import { defaultDialRights } from "../directory/user.ts";
import type { DivisionId, OrganizationId, SiteId } from "../lib/id.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import { profileCountries, profileOf } from "./country-profile.ts";
import { differencesOf, fingerprintOf, takeProfile } from "./country-profile-commands.ts";
import { emergencyNumbersOf } from "./emergency.ts";
import { numberPlanSettings } from "./kinds.ts";
import { classifyNumber } from "./number-plan.ts";
import type { NumberPlan, Site } from "./telephony.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const leeds = "0192f0c1-0000-7000-8000-000000000005" as SiteId;
const scope = { organizationId, divisionId, eventSeq: null, version: 1, createdAt: 0, modifiedAt: 0 };

async function centre() {
  const env = virtualEnv(new VirtualTime(Date.UTC(2026, 6, 1)), new Seeded(7));
  const database = new MemoryDatabase();
  const none = () => Promise.reject(new Error("not here"));
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId: "node", stores: database.stores, unit: database, log: database, sound: new LiveSound() },
    ...{ passwords: { hash: none, verify: none }, secrets: { seal: (text) => text, open: (sealed) => sealed } },
  };
  const site = {
    ...scope,
    id: leeds,
    name: "Leeds",
    country: "GB",
    address: "",
    civic: null,
    networks: [],
    outsidePrefix: "",
    callerId: null,
  };
  await app.stores.sites.insert({ ...site, callerName: "", emergencyTrunkIds: [], emergencyContactIds: [] } as Site);
  const admin = nodeActor(app, "admin");
  const differences = (country: string) => differencesOf(app, admin, leeds, country);
  const take = async (country: string, chosen: readonly string[]) =>
    takeProfile(app, admin, leeds, country, { seen: fingerprintOf(await differences(country)), chosen });
  const plans = () => app.stores.numberPlans.all(organizationId);
  return { app, admin, differences, take, plans };
}

test("every profile is what a number plan may be, takes no number for help, and gives nobody what is dear", () => {
  for (const country of profileCountries) {
    const { plans } = profileOf(country)!;
    for (const plan of plans) {
      expect(numberPlanSettings.safeParse({ ...plan, siteId: leeds }).error).toBeUndefined();
      const within = (number: string) =>
        plan.numbers.some(({ start, end }) => number.length === start.length && number >= start && number <= end);
      expect([country, [...emergencyNumbersOf(country)].filter(within)]).toEqual([country, []]);
    }
  }
  expect(defaultDialRights).not.toContain("Premium");
});

test.each([
  ["GB", "118500", "Premium"],
  ["GB", "111", "Tollfree"],
  ["DE", "11833", "Premium"],
  ["DE", "115", "National"],
  ["DE", "116117", "Tollfree"],
  ["FR", "118712", "Premium"],
  ["FR", "3131", "Tollfree"],
  ["FR", "3200", "Premium"],
  ["AU", "1300123456", "National"],
  ["AU", "131234", "National"],
  ["US", "411", "Premium"],
  ["CA", "988", "Tollfree"],
  ["SE", "116000", "Tollfree"],
])("in %s %s is %s", (country, number, classification) => {
  expect(classifyNumber(profileOf(country)!.plans as never, number, country)?.classification).toBe(classification);
});

test("nothing is taken that was not chosen; what is taken is no difference any more, and each has its history", async () => {
  const { app, differences, take, plans } = await centre();
  expect((await differences("DE")).map(({ id }) => id)).toEqual([
    "country",
    "DE: 116 numbers",
    "DE: public authorities",
    "DE: directory enquiries",
  ]);
  expect(await take("DE", ["DE: directory enquiries"])).toBe(1);
  expect((await app.stores.sites.byId(leeds))?.country).toBe("GB");
  expect((await plans()).map(({ name, classification }) => [name, classification])).toEqual([["DE: directory enquiries", "Premium"]]);
  expect((await differences("DE")).length).toBe(3);
  await take("DE", ["country", "DE: 116 numbers", "DE: public authorities"]);
  expect(await differences("DE")).toEqual([]);
  expect((await app.log.find({ types: ["telephony.number-plan.created", "telephony.site.updated"] }, null, 10)).length).toBe(4);
});

test("what somebody has changed is shown field by field, and only the field that is taken goes back", async () => {
  const { app, differences, take, plans } = await centre();
  await take("GB", ["GB: directory enquiries"]);
  const [plan] = (await plans()) as [NumberPlan];
  const own = { ...plan, classification: "National", numbers: [{ start: "118500", end: "118500" }], version: 2 };
  await app.stores.numberPlans.update(own, 1);
  const changed = (await differences("GB")).filter(({ kind }) => kind === "plan-field");
  expect(changed).toMatchObject([
    { id: "GB: directory enquiries/numbers", field: "numbers" },
    { id: "GB: directory enquiries/classification", now: "National", wanted: "Premium" },
  ]);
  await take("GB", ["GB: directory enquiries/classification"]);
  expect((await plans())[0]).toMatchObject({ classification: "Premium", numbers: [{ start: "118500", end: "118500" }] });
});

test("what has changed since it was looked at, what is not chosen and what there is no profile of is refused", async () => {
  const { app, admin, take, plans } = await centre();
  expect(take("GB", [])).rejects.toMatchObject({ field: "take" });
  expect(take("ZZ", ["country"])).rejects.toMatchObject({ field: "country" });
  const old = { seen: "of another day", chosen: ["GB: directory enquiries"] };
  expect(takeProfile(app, admin, leeds, "GB", old)).rejects.toMatchObject({ status: 409 });
  expect(await plans()).toEqual([]);
});

test("a second site of the same country gets plans of its own, named after it", async () => {
  const { app, admin, take, plans } = await centre();
  await take("GB", ["GB: directory enquiries"]);
  const york = "0192f0c1-0000-7000-8000-000000000006" as SiteId;
  await app.stores.sites.insert({ ...(await app.stores.sites.byId(leeds))!, id: york, name: "York" });
  const seen = fingerprintOf(await differencesOf(app, admin, york, "GB"));
  await takeProfile(app, admin, york, "GB", { seen, chosen: ["GB: directory enquiries"] });
  expect((await plans()).map(({ name, siteId }) => [name, siteId === york])).toContainEqual(["GB: directory enquiries, York", true]);
  expect((await differencesOf(app, admin, york, "GB")).map(({ id }) => id)).toEqual(["GB: free short codes"]);
});
