// Listening to a call in a simulated centre: who may, what stands in the way in plain words, and who sees it.
import { beforeAll, describe, expect, test } from "bun:test";
import { nodeActor, userActor } from "../authorization/actor.ts";
import type { Participant } from "../conversation/conversation.ts";
import { conversationView } from "../conversation/queries.ts";
import { createUser } from "../directory/commands.ts";
import { editOrganization } from "../directory/organization-commands.ts";
import type { User } from "../directory/user.ts";
import { type ConversationId, type LegId, newId, type ParticipantId } from "../lib/id.ts";
import { setPresence } from "../routing/agent-commands.ts";
import { agentView } from "../routing/queries.ts";
import { Faults } from "../simulation/faults.ts";
import { type SimulatedNode, World } from "../simulation/world.ts";
import { askConversation, type Listening, superviseConversation } from "./ask.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let world: World;
let node: SimulatedNode;
let gareth: User;
let conversationId: ConversationId;
let agent: Participant;

/** Lets virtual time pass until it is so. @throws when it is not within two minutes */
async function until<T>(what: string, isSo: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T> {
  for (let i = 0; i < 2_400; i++) {
    await settle();
    const so = await isSo();
    if (so) return so;
    world.time.next(world.time.now + 50);
  }
  throw new Error(`never: ${what}`);
}

async function done<T>(work: Promise<T>): Promise<T> {
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  let isOver = false;
  void outcome.then(() => {
    isOver = true;
  });
  await until("the command is done", () => isOver);
  const over = await outcome;
  if ("error" in over) throw over.error;
  return over.value;
}

const listen = (user: User, change: Partial<Listening> = {}, participantId: string = agent.id): Promise<void> =>
  done(
    superviseConversation(node.app, userActor(user), conversationId, participantId as ParticipantId, {
      ...{ mode: "monitoring", reason: "", isRegistered: () => true },
      ...change,
    }),
  );

const hire = (name: string, roles: string[]): Promise<User> =>
  done(createUser(node.app, nodeActor(node.app, "test"), { name, email: `${name.toLowerCase()}@example.org`, roles: roles as never }));

const supervisorOf = (user: User): Promise<Participant | undefined> =>
  node.app.stores.conversations
    .participants(conversationId)
    .then((all) => all.find(({ userId, supervises, endedAt }) => userId === user.id && supervises !== null && endedAt === null));

beforeAll(async () => {
  world = new World({ seed: 3, hours: 1, callersPerHour: 0, agents: 2, nodes: 1, faults: new Faults(null), settle });
  await done(world.build());
  node = world.nodes[0]!;
  gareth = await hire("Gareth", ["supervisor"]);
  // Callers give up, and agents do not always answer: one of several calls comes up.
  agent = await until("an agent talks", async () => {
    if (world.random.below(100) === 0) node.legs.ring(newId(node.env), newId<LegId>(node.env), world.random);
    const [talking] = [...(await node.app.stores.routing.inConversation(world.organizationId)).values()].filter((one) => one.isTalking);
    return talking === undefined ? null : node.app.stores.conversations.participant(talking.participantId);
  });
  conversationId = agent.conversationId;
});

describe("listening is refused", () => {
  test("to whoever has not the right", async () => {
    for (const role of ["agent", "auditor"]) {
      const user = await hire(`Some ${role}`.replace(" ", "-"), [role]);
      await expect(listen(user)).rejects.toThrow(/conversation:call:monitor/);
    }
  });

  test("to a station at which no device is, and to a program, which has none", async () => {
    await expect(listen(gareth, { isRegistered: () => false })).rejects.toThrow("Your station is not connected");
    await expect(done(superviseConversation(node.app, nodeActor(node.app, "test"), conversationId, agent.id, listening()))).rejects.toThrow(
      "Only a person can listen",
    );
  });

  test("beside a caller, and with more words than are kept", async () => {
    const participants = await node.app.stores.conversations.participants(conversationId);
    const customer = participants.find(({ purpose }) => purpose === "customer")!;
    await expect(listen(gareth, {}, customer.id)).rejects.toThrow("Choose one of your own people");
    await expect(listen(gareth, { reason: "x".repeat(201) })).rejects.toThrow("At most 200 characters.");
  });

  test("to whoever is in the call", async () => {
    const own = (await node.app.stores.users.byId(agent.userId!))!;
    await expect(listen({ ...own, roles: ["supervisor"] })).rejects.toThrow("You are in this call yourself.");
  });
});

const listening = (): Listening => ({ mode: "monitoring", reason: "", isRegistered: () => true });

describe("listening", () => {
  test("makes a participant that is no party; who it is beside sees it, and it is offered nothing meanwhile", async () => {
    await listen(gareth, { reason: " new here " });
    const supervisor = await until("they hear", async () => {
      const found = await supervisorOf(gareth);
      return found?.connectedAt != null && found;
    });
    expect(supervisor).toMatchObject({ purpose: "user", supervises: agent.id, addedBy: null });
    expect((await node.app.stores.agents.byUser(gareth.id))?.routingStatus).toBe("COMMUNICATING");
    const started = world.database.events.find(({ type }) => type === "conversation.supervision.started");
    expect(started?.payload).toMatchObject({ reason: "new here", supervises: agent.id, userId: gareth.id });
    const seen = await agentView(node.app, agent.userId!);
    expect(seen?.current).toMatchObject({ listeners: [{ name: "Gareth", mode: "monitoring" }], conference: [], consult: null });
    expect(seen?.current?.other.number).toBe("+447700900342");
    const own = await agentView(node.app, gareth.id);
    expect([own?.current, own?.ringing, own?.supervising?.mode]).toEqual([null, null, "monitoring"]);
  });

  test("is not shown to whoever is listened to where the organisation wants it so; a coach always is", async () => {
    const settings = {
      name: "Simulated",
      language: "en-GB",
      country: "GB",
      timeZone: "Europe/London",
      recordingDays: null,
      pauseSecondsMax: 300,
      currency: null,
    } as const;
    const setShown = (showsMonitoring: boolean): Promise<void> =>
      done(editOrganization(node.app, nodeActor(node.app, "test"), { ...settings, showsMonitoring }));
    await setShown(false);
    const ownActor = userActor((await node.app.stores.users.byId(agent.userId!))!);
    const listeners = async () => (await agentView(node.app, agent.userId!))?.current?.listeners;
    const lanes = async () =>
      (await conversationView(node.app, ownActor, conversationId)).participants.filter((one) => one.supervises !== null);
    const events = async () =>
      (await conversationView(node.app, ownActor, conversationId)).events.filter(({ type }) => type.includes("supervision"));
    expect([await listeners(), await lanes(), await events()]).toEqual([[], [], []]);
    expect((await conversationView(node.app, userActor(gareth), conversationId)).participants.some((one) => one.supervises !== null)).toBe(
      true,
    );
    await listen(gareth, { mode: "coaching" });
    await until("the coach is shown", async () => (await listeners())?.[0]?.mode === "coaching");
    await setShown(true);
    expect(await lanes()).toHaveLength(1);
  });

  test("beside one call keeps from another, and is over by the page alone for whoever leaves", async () => {
    const other = { ...agent, id: newId<ParticipantId>(node.env), conversationId: newId<ConversationId>(node.env) };
    const conversation = (await node.app.stores.conversations.byId(conversationId))!;
    await node.app.stores.conversations.insert({ ...conversation, id: other.conversationId });
    await node.app.stores.conversations.insertParticipant({ ...other, userId: newId(node.env) });
    await expect(done(superviseConversation(node.app, userActor(gareth), other.conversationId, other.id, listening()))).rejects.toThrow(
      "You are on another call: end it first.",
    );
    const supervisor = (await supervisorOf(gareth))!;
    await done(askConversation(node.app, userActor(gareth), conversationId, { kind: "disconnect", participantId: supervisor.id }));
    await until("they have left", async () => (await supervisorOf(gareth)) === undefined);
    expect((await node.app.stores.agents.byUser(gareth.id))?.inHand.kind).toBe("nothing");
    expect((await node.app.stores.conversations.byId(conversationId))?.endedAt).toBeNull();
  });

  test("to a call that is not up yet is refused", async () => {
    const ringing = { ...agent, id: newId<ParticipantId>(node.env), connectedAt: null, endedAt: null };
    await node.app.stores.conversations.insertParticipant(ringing);
    await expect(listen(gareth, {}, ringing.id)).rejects.toThrow("This call is not up yet.");
    await done(setPresence(node.app, nodeActor(node.app, "test"), gareth.id, "AVAILABLE"));
  });
});
