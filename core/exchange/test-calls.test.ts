// Who may make a test call, and under which limits: those of any other call of theirs; what the log has of it.
import { beforeAll, beforeEach, expect, test } from "bun:test";
import { type Actor, nodeActor, userActor } from "../authorization/actor.ts";
import type { CallEvent } from "../call/call-control.ts";
import type { TestCall } from "../call/test-call.ts";
import { createUser } from "../directory/commands.ts";
import type { User } from "../directory/user.ts";
import type { LegId } from "../lib/id.ts";
import { outgoingPerUserMax } from "../lib/limits.ts";
import { createObject, deleteObject } from "../objects/commands.ts";
import { Faults } from "../simulation/faults.ts";
import { type SimulatedNode, World } from "../simulation/world.ts";
import { numberPlanKind, numberPlanSettings, siteKind, siteSettings, trunkKind, trunkSettings } from "../telephony/kinds.ts";
import type { Trunk } from "../telephony/telephony.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let world: World;
let node: SimulatedNode;
let admin: User;
let carrier: Trunk;
let names = 0;

async function done<T>(work: Promise<T>): Promise<T> {
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  let over: Awaited<typeof outcome> | null = null;
  void outcome.then((result) => {
    over = result;
  });
  for (let i = 0; over === null && i < 2_400; i++) {
    await settle();
    world.time.next(world.time.now + 50);
  }
  const result = await outcome;
  if ("error" in result) throw result.error;
  return result.value;
}

const machine = (): Actor => nodeActor(node.app, "test");
const trunk = (of: object = {}): Promise<Trunk> =>
  done(
    createObject(
      node.app,
      machine(),
      trunkKind,
      trunkSettings.parse({ name: `Carrier ${++names}`, proxies: ["192.0.2.1"], ...of }) as never,
    ),
  );
const call = (of: Trunk, number: string, actor: Actor = userActor(admin)): Promise<TestCall> =>
  done(node.exchange.testCalls.start(actor, of.id, number));
const say = (event: Partial<CallEvent> & { readonly kind: CallEvent["kind"] }): boolean =>
  node.exchange.testCalls.takes(event as CallEvent);
const ends = (of: Trunk): void => {
  const { legId } = node.exchange.testCalls.of(of.id)!.test;
  say({ kind: "leg.ended", legId: legId as LegId, reason: "unreachable", sipStatus: 404 } as never);
};

beforeAll(async () => {
  world = new World({ seed: 5, hours: 1, callersPerHour: 0, agents: 1, nodes: 1, faults: new Faults(null), settle });
  await done(world.build());
  node = world.nodes[0]!;
  admin = await done(createUser(node.app, machine(), { name: "Ada", email: "ada@example.org", roles: ["admin"] } as never));
  await done(
    createObject(node.app, machine(), siteKind, siteSettings.parse({ name: "Leeds", country: "GB", callerId: "+441632960000" }) as never),
  );
});

beforeEach(async () => {
  carrier = await trunk({ numberFormat: "National" });
  // A minute later nobody has begun too many.
  world.time.next(world.time.now + 61_000);
  await settle();
});

test("it leaves by this trunk, which no route names, as the trunk sends numbers; the log has who, where to and what came of it", async () => {
  const begun = await call(carrier, "020 7946 0018");
  await settle();
  expect(begun).toMatchObject({
    number: "+442079460018",
    sent: "02079460018",
    classification: "National",
    shown: { number: "+441632960000" },
  });
  expect(node.exchange.testCalls.of(carrier.id)!.test).toMatchObject({ phase: "calling" });
  ends(carrier);
  say({ kind: "call.ladder", conversationId: begun.id, entries: [{ text: "INVITE" }], truncated: false } as never);
  for (let i = 0; i < 20; i++) {
    await settle();
    world.time.next(world.time.now + 100);
  }
  expect(node.exchange.testCalls.of(carrier.id)).toMatchObject({ test: { phase: "over" }, ladder: [{ text: "INVITE" }] });
  const events = await node.app.log.readSubject(carrier.id);
  expect(events.map(({ type, actorId }) => [type, actorId])).toEqual([
    ["telephony.trunk.created", node.id],
    ["telephony.test-call.started", admin.id],
    ["telephony.test-call.ended", admin.id],
  ]);
  expect(events.at(-1)!.payload).toMatchObject({ outcome: "failed", test: { number: "+442079460018" } });
});

test.each([
  ["999", "Emergency numbers are not called as a test."],
  ["112", "Emergency numbers are not called as a test."],
  ["+1 212 555 0123", "You have no right to dial International."],
  ["+1 900 555 0199", "You have no right to dial Premium."],
  ["nobody", "This is no number that can be called from here."],
])("%s is refused: %s", async (number, message) => {
  await expect(call(carrier, number)).rejects.toThrow(message);
  expect(node.exchange.testCalls.of(carrier.id)).toBeNull();
});

test("a number that a plan makes an emergency number of is refused, too", async () => {
  const [site] = await node.app.stores.sites.all(world.organizationId);
  const plan = { name: "Help", siteId: site!.id, matchType: "regex", match: "76", normalizedFormat: "999", classification: "National" };
  const made = await done(createObject(node.app, machine(), numberPlanKind, numberPlanSettings.parse(plan) as never));
  await done(
    node.exchange.onLogged({ type: "telephony.number-plan.created", organizationId: world.organizationId, payload: null } as never),
  );
  await expect(call(carrier, "76")).rejects.toThrow("Emergency numbers are not called as a test.");
  await done(deleteObject(node.app, machine(), numberPlanKind, made.id));
});

test("nobody calls without the right to change trunks, and no program does", async () => {
  const agent = await done(createUser(node.app, machine(), { name: "Bo", email: `bo${names}@example.org`, roles: ["agent"] } as never));
  await expect(call(carrier, "02079460018", userActor(agent))).rejects.toThrow("telephony:plugin:all");
  await expect(call(carrier, "02079460018", machine())).rejects.toThrow("Only a person can make a test call");
});

test("an extension of a tie line is called as it is; a call by a trunk that leads nowhere is none", async () => {
  const tie = await trunk({ extensionRanges: [{ start: "300", end: "399" }] });
  expect(await call(tie, "301")).toMatchObject({ sent: "301", classification: null });
  const inbound = await trunk({ addresses: ["192.0.2.77"], proxies: [] });
  await expect(call(inbound, "02079460018")).rejects.toThrow("Calls only come in by this trunk");
});

test("it takes a line of the trunk and is one of the person's calls; a call for help has its line", async () => {
  const narrow = await trunk({ channelsMax: 1 });
  await call(narrow, "02079460018");
  await expect(call(narrow, "02079460018")).rejects.toThrow("A test call is up by this trunk already.");
  const more = [];
  for (let n = 1; n < outgoingPerUserMax; n++) {
    const other = await trunk();
    await call(other, "02079460018");
    more.push(other);
  }
  await expect(call(carrier, "02079460018")).rejects.toThrow("too many calls outside at once or in a minute");
  expect(node.exchange.testCalls.preempt(narrow.id)).toBe(true);
  expect(node.exchange.testCalls.of(narrow.id)!.test.endsAs).toBe("preempted");
  for (const one of [narrow, ...more]) ends(one);
  expect(node.exchange.testCalls.preempt(narrow.id)).toBe(false);
});
