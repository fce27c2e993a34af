// The demo over the memory stores: loaded beside what is there, loaded again without a change, wiped without a trace but the log.

import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { flowKind } from "../architect/kinds.ts";
import { nodeActor, userActor } from "../authorization/actor.ts";
import { LiveSound } from "../call/live-sound.ts";
import { createUser } from "../directory/commands.ts";
import { newOrganization } from "../directory/organization.ts";
import type { AlertId, DivisionId, OrganizationId } from "../lib/id.ts";
import { demoDrainMs, demoDrainPollMs } from "../lib/limits.ts";
import { createObject, editObject } from "../objects/commands.ts";
import { setPresence } from "../routing/agent-commands.ts";
import { setQueueMember } from "../routing/commands.ts";
import { queueKind } from "../routing/kinds.ts";
import { queueSettings } from "../routing/queue.ts";
import { loadExample, tryItQueue } from "../setup/example.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import { loadBench } from "./bench.ts";
import { demoCallersAddress, demoLines } from "./centre.ts";
import { demoAgents, hasDemo, loadDemo, wipeDemo } from "./commands.ts";
import { isDemo } from "./mark.ts";
import { OtherCalls } from "./other-calls.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const nodeId = "0192f0c1-0000-7000-8000-000000000003";
const secretOf = (username: string) => ({ secret: "s", sealedHa1: `sealed ${username}` });

async function centre() {
  const time = new VirtualTime(Date.UTC(2026, 6, 1));
  const env = virtualEnv(time, new Seeded(7));
  const database = new MemoryDatabase();
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId, stores: database.stores, unit: database, log: database },
    sound: new LiveSound(),
    passwords: { hash: async (text) => text, verify: async (hash, text) => hash === text },
    secrets: { seal: (text) => text, open: (sealed) => sealed },
  };
  await app.stores.organizations.insert(newOrganization(organizationId, divisionId, "Landline", env.clock.now()));
  const actor = nodeActor(app, "This server");
  await createUser(app, actor, { name: "Ada", email: "ada@example.org", roles: ["admin"] });
  await loadExample(app, actor, "ada@example.org", []);
  return { time, app, actor, database };
}

/** Everything that is configured, by kind. */
async function all({ stores }: App) {
  const kinds = ["queues", "skills", "wrapupCodes", "users", "stations", "flows", "ivrs", "trunks"] as const;
  return Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await stores[kind].all(organizationId)] as const)));
}

test("everything of it is marked, every line of callers leads to a number of it, and nobody answers Try it", async () => {
  const { app, actor } = await centre();
  const before = await all(app);
  expect(await hasDemo(app)).toBe(false);
  await loadDemo(app, actor, secretOf);
  expect(await hasDemo(app)).toBe(true);
  for (const [kind, rows] of Object.entries(await all(app))) {
    const made = rows.filter((row) => !before[kind]!.some(({ id }) => id === row.id));
    expect(made.length).toBeGreaterThan(0);
    // A station carries the name of its person.
    expect(made.filter((row) => !isDemo(row) && kind !== "stations").map(({ name }) => name)).toEqual([]);
  }
  const numbers = (await app.stores.ivrs.all(organizationId)).filter(isDemo).flatMap(({ dnis }) => dnis);
  expect(demoLines.filter(({ called }) => !numbers.includes(called))).toEqual([]);
  const agents = await demoAgents(app);
  expect(agents.length).toBe(12);
  expect(agents.every(({ user, phone }) => phone.userId === user.id && phone.sealedHa1 !== null && user.passwordHash === null)).toBe(true);
  const tryIt = await app.stores.queues.byName(organizationId, tryItQueue);
  const robots = new Set<string>(agents.map(({ user }) => user.id));
  expect((await app.stores.queues.members(tryIt!.id)).filter(({ userId }) => robots.has(userId))).toEqual([]);
  expect((await app.stores.trunks.all(organizationId)).filter(isDemo).map(({ addresses }) => addresses)).toEqual([[demoCallersAddress]]);
});

test("loaded again it changes nothing, and makes no second phone", async () => {
  const { app, actor, database } = await centre();
  await loadDemo(app, actor, secretOf);
  const before = await all(app);
  const events = database.events.length;
  const again = await loadDemo(app, actor, secretOf);
  expect([again.made, again.changed, again.phones]).toEqual([[], [], []]);
  expect(database.events.length).toBe(events);
  expect(await all(app)).toEqual(before);
  // A database gives a document's keys back in an order of its own.
  const flow = (await app.stores.flows.byName(organizationId, "Bank, main number (Demo)"))!;
  const document = Object.fromEntries(Object.entries(flow.document as object).reverse());
  const edited = await editObject(app, actor, flowKind, flow.id, flow.version, { name: flow.name, type: flow.type, document });
  expect(edited.version).toBe(flow.version);
});

test("wiped it is gone with its people, and what was there before is as it was", async () => {
  const { app, actor, database } = await centre();
  const before = await all(app);
  await loadDemo(app, actor, secretOf);
  const [queue] = (await app.stores.queues.all(organizationId)).filter(isDemo);
  const ada = await app.stores.users.byEmail(organizationId, "ada@example.org");
  await setQueueMember(app, actor, queue!.id, ada!.id, { joined: true });
  const gone = await wipeDemo(app, actor);
  expect(gone).toContain("person Amara Osei (Demo)");
  expect(await all(app)).toEqual(before);
  expect((await app.stores.agents.list(organizationId)).map(({ userId }) => userId)).toEqual([ada!.id]);
  expect(await hasDemo(app)).toBe(false);
  expect(database.events.filter(({ type }) => type === "user.deleted").length).toBe(12);
  expect(await wipeDemo(app, actor)).toEqual([]);
});

test("the bench profile: its routes, agents on queue behind one address, phones to register; twice is once, and a wipe takes it away", async () => {
  const { app, actor } = await centre();
  const before = await all(app);
  await loadBench(app, actor, secretOf);
  expect(await hasDemo(app)).toBe(false);
  const users = await app.stores.users.all(organizationId);
  const ivrs = await app.stores.ivrs.all(organizationId);
  const stations = await app.stores.stations.all(organizationId);
  expect(users.map(({ extension }) => extension)).toContain("call");
  expect(ivrs.filter(isDemo).flatMap(({ dnis }) => dnis)).toEqual(expect.arrayContaining(["rec", "ivr", "q1", "q10", "q100"]));
  expect(stations.filter(({ address }) => address === "127.77.0.12:5062").length).toBe(401);
  expect(stations.filter(({ username }) => /^u[0-9]{4}$/.test(username)).length).toBe(1_000);
  expect((await app.stores.agents.list(organizationId)).filter(({ routingStatus }) => routingStatus === "IDLE").length).toBe(400);
  expect((await loadBench(app, actor, secretOf)).made).toEqual([]);
  await wipeDemo(app, actor);
  expect(await all(app)).toEqual(before);
});

test("a call that is up is waited for, and then the wipe says why it stops", async () => {
  const { app, actor, time } = await centre();
  await loadDemo(app, actor, secretOf);
  const { user } = (await demoAgents(app))[0]!;
  await setPresence(app, userActor(user), user.id, "ON_QUEUE");
  await app.stores.agents.reserve(user.id, "0192f0c1-0000-7000-8000-0000000000aa" as AlertId);
  const wiping = wipeDemo(app, actor).then(
    () => "wiped",
    (error: Error) => error.message,
  );
  const startedAt = time.now;
  let said: string | null = null;
  void wiping.then((text) => {
    said = text;
  });
  while (said === null) {
    time.next(time.now + demoDrainPollMs);
    await new Promise((done) => setImmediate(done));
  }
  expect(said as string).toContain("Calls are still up");
  expect(time.now - startedAt).toBeGreaterThanOrEqual(demoDrainMs);
  expect((await app.stores.queues.all(organizationId)).some(isDemo)).toBe(true);
});

test("what of your own uses the demo keeps it, and is named", async () => {
  const { app, actor } = await centre();
  await loadDemo(app, actor, secretOf);
  const codes = (await app.stores.wrapupCodes.all(organizationId)).filter(isDemo);
  await createObject(app, actor, queueKind, queueSettings.parse({ name: "Mine", wrapupCodeIds: [codes[0]!.id] }));
  expect(wipeDemo(app, actor)).rejects.toThrow("Queue “Mine”");
});

test("a call that did not come by the robots' trunk counts until it ends", () => {
  const others = new OtherCalls("robots");
  const event = (type: string, id: string, payload: object | null = null) => others.onLogged({ type, subjectIds: [id], payload } as never);
  const counts = [
    ["conversation.started", "a", { trunkId: "robots" }],
    ["conversation.started", "b", { trunkId: "carrier" }],
    ["conversation.started", "c", { trunkId: null, guest: true }],
    ["conversation.enqueued", "b", {}],
    ["conversation.ended", "a", {}],
    ["conversation.ended", "b", {}],
    ["conversation.ended", "b", {}],
    ["conversation.ended", "c", null],
  ].map(([type, id, payload]) => {
    event(type as string, id as string, payload as object | null);
    return others.count;
  });
  expect(counts).toEqual([0, 1, 2, 2, 2, 1, 1, 0]);
});
