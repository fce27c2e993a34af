// Where people work today: asked only where networks are known and theirs is not; ends with the next network, and is not in the log.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { LiveSound } from "../call/live-sound.ts";
import type { DivisionId, OrganizationId, SiteId, StationId, UserId } from "../lib/id.ts";
import { isNetwork, isWithinNetwork } from "../lib/ip-address.ts";
import { whereaboutsMs } from "../lib/limits.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import type { Site, Station } from "./telephony.ts";
import { noteNetwork, sayWhereabouts } from "./whereabouts.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const priya = "0192f0c1-0000-7000-8000-000000000004" as UserId;
const scope = { organizationId, divisionId, eventSeq: null, version: 1, createdAt: 0, modifiedAt: 0 };
const home = { street: "Hill Street", houseNumber: "7", extra: "", postalCode: "S1 2AB", city: "Sheffield", region: "", country: "GB" };

async function centre(networks: readonly string[], kind: Station["kind"] = "browser") {
  const env = virtualEnv(new VirtualTime(Date.UTC(2026, 6, 1)), new Seeded(7));
  const database = new MemoryDatabase();
  const none = () => Promise.reject(new Error("not here"));
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId: "node", stores: database.stores, unit: database, log: database, sound: new LiveSound() },
    ...{ passwords: { hash: none, verify: none }, secrets: { seal: (text) => text, open: (sealed) => sealed } },
  };
  await app.stores.sites.insert({ ...scope, id: "leeds" as SiteId, name: "Leeds", networks } as unknown as Site);
  await app.stores.stations.insert({ ...scope, id: "desk" as StationId, name: "Priya", kind, userId: priya } as unknown as Station);
  const said = async () => (await app.stores.whereabouts.all(organizationId))[0] ?? null;
  return { app, said, events: () => database.find({ types: ["telephony.whereabouts.changed"] }, null, 10) };
}

test("who signs in from a site's network is there; from anywhere else they are asked", async () => {
  const { app, said } = await centre(["192.0.2.0/24"]);
  expect(await noteNetwork(app, priya, "192.0.2.77")).toBe(false);
  expect(await said()).toMatchObject({ siteId: "leeds", civic: null, expiresAt: app.env.clock.now() + whereaboutsMs });
  expect(await noteNetwork(app, priya, "198.51.100.1")).toBe(true);
  expect(await said()).toBeNull();
});

test("nobody is asked where no network is named, or where they have only a phone", async () => {
  expect(await noteNetwork((await centre([])).app, priya, "198.51.100.1")).toBe(false);
  expect(await noteNetwork((await centre(["192.0.2.0/24"], "phone")).app, priya, "198.51.100.1")).toBe(false);
});

test("what somebody says is kept as they say it and forgotten as they wish; the log says only that it was said", async () => {
  const { app, said, events } = await centre(["192.0.2.0/24"]);
  await sayWhereabouts(app, priya, home);
  expect((await said())?.civic).toEqual(home);
  expect(sayWhereabouts(app, priya, { ...home, city: "" })).rejects.toMatchObject({ field: "civic" });
  await sayWhereabouts(app, priya, null);
  expect(await said()).toBeNull();
  const told = await events();
  expect(told.map(({ payload }) => payload?.hasOwnAddress).sort()).toEqual([false, true]);
  expect(JSON.stringify(told)).not.toContain("Hill Street");
  await sayWhereabouts(app, priya, null);
  expect((await events()).length).toBe(2);
});

test.each([
  ["192.0.2.0/24", "192.0.2.255", true],
  ["192.0.2.0/24", "192.0.3.0", false],
  ["192.0.2.128/25", "::ffff:192.0.2.129", true],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["::/0", "192.0.2.1", false],
  ["0.0.0.0/0", "192.0.2.1", true],
])("%s has %s: %p", (network, address, expected) => expect(isWithinNetwork(network, address)).toBe(expected));

test.each(["", "192.0.2.0/33", "192.0.2/24", "2001:db8::/129", "192.0.2.0/24/8", "192.0.2.0/", "::ffff:1.2.3.4/96", "office"])(
  "“%s” is no network",
  (text) => expect(isNetwork(text)).toBe(false),
);
