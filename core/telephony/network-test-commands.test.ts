// What becomes of a network test over the memory stores: only its own person sends it, as it was measured, once; only whoever may reads it.
import { expect, test } from "bun:test";
import type { App } from "../app.ts";
import { type Actor, nodeActor } from "../authorization/actor.ts";
import { permissionsOf } from "../authorization/permissions.ts";
import { LiveSound } from "../call/live-sound.ts";
import type { DivisionId, OrganizationId, UserId } from "../lib/id.ts";
import { networkTestsShown } from "../lib/limits.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import type { NetworkTest } from "./network-test.ts";
import { sealedTest, sendNetworkTest, sentNetworkTests } from "./network-test-commands.ts";

const organizationId = "0192f0c1-0000-7000-8000-000000000001" as OrganizationId;
const divisionId = "0192f0c1-0000-7000-8000-000000000002" as DivisionId;
const nodeId = "0192f0c1-0000-7000-8000-000000000003";

function centre() {
  const env = virtualEnv(new VirtualTime(Date.UTC(2026, 6, 1)), new Seeded(7));
  const database = new MemoryDatabase();
  const app: App = {
    ...{ env, organizationId, divisionId, nodeId, stores: database.stores, unit: database, log: database, sound: new LiveSound() },
    passwords: { hash: async (password) => `hash ${password}`, verify: async (hash, password) => hash === `hash ${password}` },
    secrets: {
      seal: (text, place) => `${place}|${text}`,
      open: (sealed, place) => (sealed.startsWith(`${place}|`) ? sealed.slice(place.length + 1) : null),
    },
  };
  const person = (id: string, role: string): Actor => ({
    ...nodeActor(app, id),
    ...{ id, kind: "user", userId: id as UserId, permissions: permissionsOf([role]) },
  });
  return { app, alice: person("alice", "agent"), bob: person("bob", "agent"), admin: person("admin", "admin") };
}

const testOf = (id: string): NetworkTest => ({
  ...{ id, at: 1, browserAddress: "10.1.1.7", browser: "Firefox", voice: null, offered: ["192.0.2.10:19000"] },
  measured: {
    ...{ isSecure: true, microphone: "heard", socketMs: 12, clockOffsetMs: 0, voice: "blocked", pair: null, attachment: null },
    heard: { packets: 0, lost: 0, jitterMs: 0, sent: 0, roundTripMs: null },
  },
});

test("what is sent is an event under the sender's name, as it was measured, once; others cannot send it", async () => {
  const { app, alice, bob, admin } = centre();
  const sealed = sealedTest(app, alice, testOf("one"));
  expect((await app.log.find({}, null, 10)).length).toBe(0);
  await expect(sendNetworkTest(app, bob, sealed)).rejects.toThrow("no result of yours");
  await expect(sendNetworkTest(app, alice, JSON.stringify(testOf("one")))).rejects.toThrow("no result of yours");
  await sendNetworkTest(app, alice, sealed);
  await expect(sendNetworkTest(app, alice, sealed)).rejects.toThrow("sent already");
  const events = await app.log.find({}, null, 10);
  expect(events.map(({ type, actorId, subjectIds }) => [type, actorId, subjectIds])).toEqual([
    ["telephony.network-test.sent", "alice", ["one", "alice"]],
  ]);
  expect(await sentNetworkTests(app, admin)).toMatchObject([{ senderId: "alice", test: testOf("one") }]);
});

test("only whoever keeps the telephony reads them: the latest, newest first", async () => {
  const { app, alice, admin } = centre();
  for (let i = 0; i <= networkTestsShown; i++) await sendNetworkTest(app, alice, sealedTest(app, alice, testOf(`test ${i}`)));
  await expect(sentNetworkTests(app, alice)).rejects.toThrow("telephony:plugin:all");
  const sent = await sentNetworkTests(app, admin);
  expect([sent.length, sent[0]!.test.id, sent.at(-1)!.test.id]).toEqual([networkTestsShown, `test ${networkTestsShown}`, "test 1"]);
});
