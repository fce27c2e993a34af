// What calls outside cost, from the answer to the log; the alarm that stops the next one; and what a node knows that has just started.
import { beforeAll, expect, test } from "bun:test";
import { nodeActor } from "../authorization/actor.ts";
import type { CallEvent } from "../call/call-control.ts";
import { createUser } from "../directory/commands.ts";
import { type ConversationId, type LegId, newId, type UserId } from "../lib/id.ts";
import { createObject } from "../objects/commands.ts";
import { Faults } from "../simulation/faults.ts";
import { type SimulatedNode, World } from "../simulation/world.ts";
import { releaseCalls, spendView } from "../telephony/alarm-commands.ts";
import { callAlarmKind, callAlarmSettings, rateTableKind, rateTableSettings } from "../telephony/alarm-kinds.ts";
import { Directory } from "./directory.ts";
import { Spend } from "./spend.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let world: World;
let node: SimulatedNode;
let ada: UserId;
let spend: Spend;

async function done<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  for (let i = 0; !isOver && i < 2_400; i++) {
    await settle();
    world.time.next(world.time.now + 50);
  }
  return over;
}

/** Until the log has said it to everybody. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await settle();
    world.time.next(world.time.now + 100);
  }
  await settle();
}

const call = { number: "+442079460018", classification: "National" };
const leg = (kind: "leg.answered" | "leg.ended", legId: LegId): CallEvent =>
  ({ kind, legId, reason: "hung-up", sipStatus: null }) as CallEvent;
const next = (userId: UserId = ada): string | null => spend.stopsCall({ userId, ...call }, newId<ConversationId>(node.env));
const dialled = (): { readonly legId: LegId; readonly conversationId: ConversationId } => {
  const of = { legId: newId<LegId>(node.env), conversationId: newId<ConversationId>(node.env) };
  spend.dialled({ ...of, payer: { userId: ada, ...call } });
  return of;
};

beforeAll(async () => {
  world = new World({ seed: 11, hours: 1, callersPerHour: 0, agents: 1, nodes: 1, faults: new Faults(null), settle });
  await done(world.build());
  node = world.nodes[0]!;
  const machine = nodeActor(node.app, "test");
  ada = (await done(createUser(node.app, machine, { name: "Ada", email: "ada@example.org", roles: ["agent"] } as never))).id;
  await done(createObject(node.app, machine, rateTableKind, rateTableSettings.parse({ name: "Rates", rates: ["44 60"] })));
  const alarm = callAlarmSettings.parse({ name: "Daily", rule: "spend", scope: "user", limitValue: 5, action: "block" });
  await done(createObject(node.app, machine, callAlarmKind, alarm as never));
  spend = node.exchange.spend;
});

test("who was never answered costs nothing", async () => {
  const { legId, conversationId } = dialled();
  await pass(10_000);
  spend.onCallEvent(leg("leg.ended", legId));
  await pass(1_000);
  expect(next()).toBeNull();
  expect(await node.app.log.readSubject(conversationId)).toEqual([]);
});

test("a call that is up counts with what it has cost so far; over, it is in the log once, with its price", async () => {
  const { legId, conversationId } = dialled();
  spend.onCallEvent(leg("leg.answered", legId));
  await pass(3_000);
  expect(next()).toBeNull();
  await pass(3_000);
  expect(next()).toBe("stopped by the alarm “Daily” until an administrator releases it");
  // One person's calls are nobody else's concern.
  expect(spend.holdsAll).toBe(false);
  spend.onCallEvent(leg("leg.ended", legId));
  spend.onCallEvent(leg("leg.ended", legId));
  await pass(1_000);
  const charged = (await node.app.log.readSubject(conversationId)).filter(({ type }) => type === "conversation.charged");
  expect(charged.map(({ payload }) => payload)).toMatchObject([{ userId: ada, country: "GB", seconds: 6, amount: 6 }]);
  expect(JSON.stringify(charged)).not.toContain(call.number);
});

test("others' calls go on; the page says what was spent and who is stopped", async () => {
  expect(next(newId<UserId>(node.env))).toBeNull();
  const view = await done(spendView(node.app, nodeActor(node.app, "test")));
  expect(view.all).toMatchObject({ day: { calls: 1, seconds: 6, amount: 6 }, month: { calls: 1 } });
  expect(view.byUser.map(({ key }) => key)).toEqual([ada]);
  expect(view.stops).toMatchObject([{ subject: ada, releasedAt: null }]);
});

test("a node that has just started knows what was spent and who is stopped", async () => {
  const directory = new Directory(node.app);
  await done(directory.load());
  const fresh = new Spend(node.app, node.journal, directory);
  expect(fresh.stopsCall({ userId: ada, ...call }, newId<ConversationId>(node.env))).toBeNull();
  await done(fresh.load());
  expect(fresh.stopsCall({ userId: ada, ...call }, newId<ConversationId>(node.env))).toContain("Daily");
});

test("released, by an administrator and once, it counts anew; the log says who", async () => {
  const actor = nodeActor(node.app, "test");
  const { stops } = await done(spendView(node.app, actor));
  const { alarmId, subject } = stops[0]!;
  await done(releaseCalls(node.app, actor, alarmId, subject));
  await pass(1_000);
  expect(next()).toBeNull();
  await expect(done(releaseCalls(node.app, actor, alarmId, subject))).rejects.toThrow("Nothing is stopped by this alarm any more.");
  await expect(done(releaseCalls(node.app, { ...actor, permissions: new Set() }, alarmId, subject))).rejects.toThrow(
    "telephony:plugin:all",
  );
  const told = (await node.app.log.readSubject(alarmId)).map(({ type }) => type);
  expect(told).toContain("telephony.call-alarm.stopped");
  expect(told.at(-1)).toBe("telephony.call-alarm.released");
});

test("an alarm over everybody's calls stops them all, and every page may say so", async () => {
  const actor = nodeActor(node.app, "test");
  const all = callAlarmSettings.parse({ name: "Night", rule: "night", opensAt: "08:00", closesAt: "08:00", action: "block" });
  await done(createObject(node.app, actor, callAlarmKind, all as never));
  await pass(1_000);
  expect(spend.holdsAll).toBe(false);
  expect(next(newId<UserId>(node.env))).toContain("Night");
  expect(spend.holdsAll).toBe(true);
  await pass(1_000);
  await done(releaseCalls(node.app, actor, (await done(node.app.stores.callCharges.stops(node.app.organizationId)))[0]!.alarmId, ""));
  await pass(1_000);
  expect(spend.holdsAll).toBe(false);
});
