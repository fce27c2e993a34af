// From alert to idle again, on the real call machine, commands and projection over the memory stores: who does not answer, the re-alert, and every wrap-up prompt.

import { describe, expect, test } from "bun:test";
import { type App, newEvent } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import { permissions } from "../authorization/permissions.ts";
import { begin, step } from "../call/call.ts";
import { acwAfter } from "../call/end.ts";
import { LiveSound } from "../call/live-sound.ts";
import type { CallInput, CallOutput, CallState } from "../call/state.ts";
import { project } from "../conversation/projection.ts";
import { createUser } from "../directory/commands.ts";
import { newOrganization } from "../directory/organization.ts";
import type { EventDraft } from "../events/index.ts";
import {
  type ConversationId,
  type DivisionId,
  type FlowId,
  type LegId,
  newId,
  type OrganizationId,
  type ParticipantId,
  type TrunkId,
  type UserId,
} from "../lib/id.ts";
import { createObject } from "../objects/commands.ts";
import { MemoryDatabase } from "../simulation/memory-log.ts";
import { Seeded, VirtualTime, virtualEnv } from "../simulation/virtual-time.ts";
import { endDueAfterCallWork, setPresence, wrapUp } from "./agent-commands.ts";
import { assignWork } from "./assign.ts";
import { setQueueMember } from "./commands.ts";
import { queueKind, wrapupCodeKind } from "./kinds.ts";
import { queueSettings, type WrapupPrompt, wrapupPrompts, wrapupTimeoutCode } from "./queue.ts";

const timeoutMs = 20_000;
const ringMs = 8_000;
const second = 1_000;

type Ended = Extract<CallInput, { kind: "leg" }>["event"] & { kind: "leg.ended" };

/** One queue with one code, agents Ada and Ben on it, Ada longer idle; one call at a time, hosted by hand. */
class Desk {
  readonly time = new VirtualTime(Date.UTC(2026, 6, 1, 9));
  readonly database = new MemoryDatabase();
  readonly app: App;
  readonly admin: Actor;
  ada = "" as UserId;
  ben = "" as UserId;
  private queueId = "" as never;
  private call: CallState | null = null;

  private constructor() {
    const env = virtualEnv(this.time, new Seeded(3));
    const organizationId = newId<OrganizationId>(env);
    const divisionId = newId<DivisionId>(env);
    const nodeId = newId(env);
    this.app = {
      ...{ env, organizationId, divisionId, nodeId, stores: this.database.stores, unit: this.database, log: this.database },
      sound: new LiveSound(),
      passwords: { hash: async (text) => text, verify: async (hash, text) => hash === text },
      secrets: { seal: (text) => text, open: (sealed) => sealed },
    };
    this.admin = {
      ...{ id: newId(env), kind: "client", userId: null, name: "test", organizationId, divisionIds: null },
      permissions: new Set(permissions),
    };
  }

  static async open(acwWrapupPrompt: WrapupPrompt): Promise<Desk> {
    const desk = new Desk();
    const { app, admin } = desk;
    await app.stores.organizations.insert(newOrganization(app.organizationId, app.divisionId, "Test", app.env.clock.now()));
    const code = await createObject(app, admin, wrapupCodeKind, { name: "Sold" });
    const settings = {
      name: "Sales",
      acwWrapupPrompt,
      acwTimeoutMs: timeoutMs,
      alertingTimeoutSeconds: ringMs / second,
      wrapupCodeIds: [code.id],
    };
    const queue = await createObject(app, admin, queueKind, queueSettings.parse(settings));
    desk.queueId = queue.id as never;
    for (const name of ["ada", "ben"] as const) {
      const user = await createUser(app, admin, { name, email: `${name}@example.org`, roles: ["agent"] });
      desk[name] = user.id;
      await setQueueMember(app, admin, queue.id, user.id, { joined: true });
      await setPresence(app, admin, user.id, "ON_QUEUE");
      desk.pass(second);
    }
    return desk;
  }

  pass(ms: number): void {
    this.time.next(this.time.now + ms);
  }

  /** A caller who waits in the queue. */
  async ring(): Promise<void> {
    const { env } = this.app;
    const origin = { kind: "trunk", trunkId: "trunk" as TrunkId } as const;
    const route = { kind: "flow", flowId: "flow" as FlowId, flowName: "Main", version: 1 } as const;
    const ids = { conversationId: newId<ConversationId>(env), legId: newId<LegId>(env) };
    const offered = { kind: "offered", ...ids, origin, caller: { number: "1", name: "Eve" }, called: "100", route } as const;
    const first = begin(offered, this.moment());
    this.call = first.state;
    await this.keep(first.outputs);
    await this.tell({ kind: "leg", event: { kind: "leg.answered", legId: ids.legId } });
    const queue = { queueId: this.queueId, queueName: "Sales", priority: 0, skillIds: [], languageId: null, inQueueFlow: null };
    await this.tell({ kind: "queue-found", queue, message: "" });
  }

  /** One pass of routing; who is alerted, null: nobody. The call hears of it as the exchange would tell it. */
  async route(): Promise<UserId | null> {
    const { poolId } = (await this.app.stores.queues.byId(this.queueId))!;
    if ((await assignWork(this.app, poolId)) === 0) return null;
    const { payload } = this.database.events.findLast((event) => event.type === "routing.alert.created")!;
    const alert = payload as unknown as Extract<CallInput, { kind: "alerted" }>["alert"] & {
      acwPrompt: WrapupPrompt;
      acwTimeoutMs: number;
    };
    await this.tell({ kind: "alerted", alert: { ...alert, acw: { prompt: alert.acwPrompt, timeoutMs: alert.acwTimeoutMs } } });
    return alert.userId;
  }

  async answer(): Promise<ParticipantId> {
    const { legId, participantId } = this.call!.alert!;
    await this.tell({ kind: "leg", event: { kind: "leg.answered", legId } });
    return participantId;
  }

  async alertEnds(reason: Ended["reason"]): Promise<void> {
    await this.tell({ kind: "leg", event: { kind: "leg.ended", legId: this.call!.alert!.legId, reason, sipStatus: null } });
  }

  async hangUp(): Promise<void> {
    await this.tell({ kind: "leg", event: { kind: "leg.ended", legId: this.call!.customer.legId, reason: "hung-up", sipStatus: null } });
  }

  /** A whole call of Ada's, until its after-call work, if any, begins. */
  async handled(): Promise<ParticipantId> {
    await this.ring();
    expect(await this.route()).toBe(this.ada);
    const participantId = await this.answer();
    this.pass(60_000);
    await this.hangUp();
    return participantId;
  }

  actor(userId: UserId): Actor {
    return { ...this.admin, userId };
  }

  async agent(userId: UserId): Promise<string> {
    const { presence, routingStatus, inHand } = (await this.app.stores.agents.byUser(userId))!;
    return `${presence} ${routingStatus} ${inHand.kind}`;
  }

  async work(participantId: ParticipantId) {
    return this.app.stores.agents.afterCallWork(participantId);
  }

  async code(participantId: ParticipantId): Promise<string | null> {
    return (await this.app.stores.conversations.participant(participantId))!.wrapupCode;
  }

  private async tell(input: CallInput): Promise<void> {
    const next = step(this.call!, input, this.moment());
    this.call = next.state;
    await this.keep(next.outputs);
  }

  private moment() {
    const { env } = this.app;
    return { now: env.clock.now(), ids: [newId(env), newId(env), newId(env), newId(env)] };
  }

  // As the journal's writer does: rows and event in one transaction.
  private async keep(outputs: readonly CallOutput[]): Promise<void> {
    for (const output of outputs) {
      if (output.kind !== "append") continue;
      const { type, subjectIds, payload } = output;
      const event: EventDraft = newEvent(this.app, { type, subjectIds, payload, actorId: this.app.nodeId });
      await this.database.run(async (stores) => {
        await project(stores, event, this.app.nodeId);
        return { value: null, events: [event] };
      }, this.app.nodeId);
    }
  }
}

describe("whoever does not take an alert", () => {
  const rows: readonly (readonly [reason: Ended["reason"], what: string])[] = [
    ["no-answer", "lets it ring"],
    ["declined", "declines"],
    ["unreachable", "has a device that is not there (O13)"],
  ];
  for (const [reason, what] of rows) {
    test(`${what}: is Not Responding, and the conversation goes to the next from its old place`, async () => {
      const desk = await Desk.open("OPTIONAL");
      await desk.ring();
      const { baseAt } = [...desk.database.tables.waiting.values()][0]!;
      expect(await desk.route()).toBe(desk.ada);
      expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE alert");
      desk.pass(ringMs);
      await desk.alertEnds(reason);
      expect(await desk.agent(desk.ada)).toBe("ON_QUEUE NOT_RESPONDING nothing");
      expect([...desk.database.tables.waiting.values()]).toMatchObject([{ state: "waiting", baseAt }]);

      expect(await desk.route()).toBe(desk.ben);
      expect([...desk.database.tables.decisions.values()].at(-1)!.nearest).toEqual([{ userId: desk.ada, reason: "NOT_RESPONDING" }]);
      await desk.answer();
      expect(await desk.agent(desk.ben)).toBe("ON_QUEUE INTERACTING conversation");
      expect([...desk.database.tables.alerts.values()].map(({ userId, outcome }) => [userId, outcome])).toEqual([
        [desk.ada, reason === "no-answer" || reason === "declined" ? reason : "unreachable"],
        [desk.ben, "accepted"],
      ]);
    });
  }

  test("is alerted again, by the same conversation, only after coming back on queue (O14)", async () => {
    const desk = await Desk.open("OPTIONAL");
    await setPresence(desk.app, desk.admin, desk.ben, "BREAK");
    await desk.ring();
    expect(await desk.route()).toBe(desk.ada);
    await desk.alertEnds("no-answer");
    expect(await desk.route()).toBeNull();
    expect([...desk.database.tables.decisions.values()].at(-1)).toMatchObject({
      userId: null,
      counts: { NOT_RESPONDING: 1, OFF_QUEUE: 1 },
    });
    await setPresence(desk.app, desk.admin, desk.ada, "ON_QUEUE");
    expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
    expect(await desk.route()).toBe(desk.ada);
    expect([...desk.database.tables.alerts.values()].map(({ outcome }) => outcome)).toEqual(["no-answer", null]);
  });

  test("is nobody's fault when the caller leaves while it rings (O15)", async () => {
    const desk = await Desk.open("OPTIONAL");
    await desk.ring();
    await desk.route();
    await desk.hangUp();
    expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
    expect([...desk.database.tables.alerts.values()].map(({ outcome }) => outcome)).toEqual(["withdrawn"]);
  });

  test("keeps the place in the idle order: an unanswered alert is no handling (D2)", async () => {
    const desk = await Desk.open("OPTIONAL");
    await desk.ring();
    await desk.route();
    await desk.alertEnds("no-answer");
    expect((await desk.app.stores.agents.byUser(desk.ada))!.lastHandledAt).toBeNull();
  });
});

describe("after-call work", () => {
  const deadlines: { readonly [prompt in WrapupPrompt]: { readonly deadlineAt: number | null } | null } = {
    MANDATORY: { deadlineAt: null },
    MANDATORY_TIMEOUT: { deadlineAt: 5_000 + timeoutMs },
    MANDATORY_FORCED_TIMEOUT: { deadlineAt: 5_000 + timeoutMs },
    OPTIONAL: null,
    // Only when asked for, and nothing asks yet.
    AGENT_REQUESTED: null,
  };
  for (const prompt of wrapupPrompts) {
    test(`${prompt}: begins and must end as the queue says`, async () => {
      expect(acwAfter({ prompt, timeoutMs }, 5_000)).toEqual(deadlines[prompt]);
      const desk = await Desk.open(prompt);
      const participantId = await desk.handled();
      const work = await desk.work(participantId);
      if (deadlines[prompt] === null) {
        expect(work).toBeNull();
        expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
        return;
      }
      expect(work).toMatchObject({ userId: desk.ada, endedAt: null, wrapupCode: null });
      expect(work!.deadlineAt).toBe(deadlines[prompt].deadlineAt === null ? null : work!.startedAt + timeoutMs);
      expect(await desk.agent(desk.ada)).toBe("ON_QUEUE INTERACTING after-call-work");
    });
  }

  for (const prompt of ["MANDATORY", "MANDATORY_TIMEOUT"] as const) {
    test(`${prompt}: a code ends it`, async () => {
      const desk = await Desk.open(prompt);
      const participantId = await desk.handled();
      desk.pass(5 * second);
      await wrapUp(desk.app, desk.actor(desk.ada), participantId, "Sold");
      expect(await desk.work(participantId)).toMatchObject({ endedAt: desk.time.now, wrapupCode: "Sold" });
      expect(await desk.code(participantId)).toBe("Sold");
      expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
      await expect(wrapUp(desk.app, desk.actor(desk.ada), participantId, "Sold")).rejects.toThrow("After-call work is over");
    });
  }

  test("MANDATORY: nothing but the agent ends it", async () => {
    const desk = await Desk.open("MANDATORY");
    const participantId = await desk.handled();
    desk.pass(86_400_000);
    expect(await endDueAfterCallWork(desk.app)).toBe(0);
    expect((await desk.work(participantId))!.endedAt).toBeNull();
  });

  for (const prompt of ["MANDATORY_TIMEOUT", "MANDATORY_FORCED_TIMEOUT"] as const) {
    test(`${prompt}: runs out at its deadline, not a millisecond before, with the system's code`, async () => {
      const desk = await Desk.open(prompt);
      const participantId = await desk.handled();
      desk.pass(timeoutMs - 1);
      expect(await endDueAfterCallWork(desk.app)).toBe(0);
      desk.pass(1);
      expect(await endDueAfterCallWork(desk.app)).toBe(1);
      expect(wrapupTimeoutCode).toBe("ININ-WRAP-UP-TIMEOUT");
      expect(await desk.work(participantId)).toMatchObject({ wrapupCode: wrapupTimeoutCode });
      expect(await desk.code(participantId)).toBe(wrapupTimeoutCode);
      expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
      expect(await endDueAfterCallWork(desk.app)).toBe(0);
    });
  }

  test("MANDATORY_FORCED_TIMEOUT: a code is kept, and the work lasts its whole time all the same (D8)", async () => {
    const desk = await Desk.open("MANDATORY_FORCED_TIMEOUT");
    const participantId = await desk.handled();
    await wrapUp(desk.app, desk.actor(desk.ada), participantId, "Sold");
    expect(await desk.code(participantId)).toBe("Sold");
    expect(await desk.agent(desk.ada)).toBe("ON_QUEUE INTERACTING after-call-work");
    await desk.ring();
    expect(await desk.route()).toBe(desk.ben);
    desk.pass(timeoutMs);
    expect(await endDueAfterCallWork(desk.app)).toBe(1);
    expect(await desk.work(participantId)).toMatchObject({ wrapupCode: "Sold", endedAt: desk.time.now });
    expect(await desk.agent(desk.ada)).toBe("ON_QUEUE IDLE nothing");
  });

  test("a code chosen during the call stands when the time runs out", async () => {
    const desk = await Desk.open("MANDATORY_TIMEOUT");
    await desk.ring();
    await desk.route();
    const participantId = await desk.answer();
    await wrapUp(desk.app, desk.actor(desk.ada), participantId, "Sold");
    await desk.hangUp();
    desk.pass(timeoutMs);
    expect(await endDueAfterCallWork(desk.app)).toBe(1);
    expect(await desk.code(participantId)).toBe("Sold");
  });

  test("gives back an agent who went on a break meanwhile as off queue", async () => {
    const desk = await Desk.open("MANDATORY_TIMEOUT");
    const participantId = await desk.handled();
    await setPresence(desk.app, desk.admin, desk.ada, "BREAK");
    expect(await desk.agent(desk.ada)).toBe("BREAK INTERACTING after-call-work");
    await wrapUp(desk.app, desk.actor(desk.ada), participantId, "Sold");
    expect(await desk.agent(desk.ada)).toBe("BREAK OFF_QUEUE nothing");
  });

  test("knows no code that its queue does not offer, and only the agent's own calls", async () => {
    const desk = await Desk.open("MANDATORY");
    const participantId = await desk.handled();
    await expect(wrapUp(desk.app, desk.actor(desk.ada), participantId, "Lost")).rejects.toThrow("“Lost” is not a wrap-up code");
    await expect(wrapUp(desk.app, desk.actor(desk.ben), participantId, "Sold")).rejects.toThrow("conversation of yours");
  });
});
