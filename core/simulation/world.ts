// A whole centre in one thread and virtual time: nodes, callers, agents, a database, disks, and what can go wrong with them.

import type { App } from "../app.ts";
import { flowKind, ivrKind } from "../architect/kinds.ts";
import type { Actor } from "../authorization/actor.ts";
import { permissions } from "../authorization/permissions.ts";
import { LiveSound } from "../call/live-sound.ts";
import { project } from "../conversation/projection.ts";
import { createUser } from "../directory/commands.ts";
import { newOrganization } from "../directory/organization.ts";
import type { Env } from "../env/env.ts";
import type { EventDraft, LoggedEvent } from "../events/index.ts";
import { askConversation, superviseConversation } from "../exchange/ask.ts";
import { Assigner } from "../exchange/assigner.ts";
import { Directory } from "../exchange/directory.ts";
import { Exchange } from "../exchange/exchange.ts";
import { reapNode } from "../exchange/reaper.ts";
import { Unavailable } from "../lib/errors.ts";
import {
  type ConversationId,
  type DivisionId,
  type FlowId,
  type LegId,
  newId,
  type OrganizationId,
  type ParticipantId,
  type QueueId,
  type StationId,
  type UserId,
} from "../lib/id.ts";
import { agentLegHeldMs } from "../lib/limits.ts";
import { createObject } from "../objects/commands.ts";
import { setPresence, wrapUp } from "../routing/agent-commands.ts";
import { setQueueMember } from "../routing/commands.ts";
import { queueKind } from "../routing/kinds.ts";
import type { RoutingSnapshot } from "../routing/match.ts";
import { queueSettings } from "../routing/queue.ts";
import type { Stores } from "../stores.ts";
import { type Faults, faultyStores } from "./faults.ts";
import { MemoryDatabase, MemoryDisk, MemoryJournal } from "./memory-log.ts";
import { ScriptedLegs } from "./scripted-legs.ts";
import { Seeded, VirtualTime, virtualEnv } from "./virtual-time.ts";

export type WorldOptions = {
  readonly seed: number;
  readonly hours: number;
  readonly callersPerHour: number;
  readonly agents: number;
  readonly nodes: number;
  readonly faults: Faults;
  /** Lets everything that is already under way happen, without letting time pass. */
  readonly settle: () => Promise<void>;
};

const startAt = Date.UTC(2026, 0, 5, 8);
const hourMs = 3_600_000;
const retryMs = 1_000;

/** One process: its exchange, its journal on its disk, its place in the log. Dies at once, loses what was in memory. */
export type SimulatedNode = {
  readonly id: string;
  readonly disk: MemoryDisk;
  env: Env;
  app: App;
  exchange: Exchange;
  journal: MemoryJournal;
  assigner: Assigner;
  legs: ScriptedLegs;
  alive: boolean;
  afterSeq: number;
};

export class World {
  readonly time = new VirtualTime(startAt);
  readonly random: Seeded;
  readonly database: MemoryDatabase;
  readonly nodes: SimulatedNode[] = [];
  readonly users: { readonly id: UserId; readonly stationId: StationId }[] = [];
  /** Every event that was acknowledged to somebody, in order. */
  readonly acknowledged: EventDraft[] = [];
  readonly reached = new Set<string>();
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly queueIds: QueueId[] = [];
  private readonly admin: Actor;
  private lastSnapshot: RoutingSnapshot | null = null;

  constructor(readonly options: WorldOptions) {
    this.random = new Seeded(options.seed);
    this.database = new MemoryDatabase(
      (stores) => faultyStores(this.withStaleSnapshots(stores), options.faults),
      () => this.hint(),
    );
    const env = virtualEnv(this.time, this.random);
    this.organizationId = newId(env);
    this.divisionId = newId(env);
    this.admin = {
      id: newId(env),
      kind: "client",
      userId: null,
      name: "world",
      organizationId: this.organizationId,
      permissions: new Set(permissions),
      divisionIds: null,
    };
  }

  // Now and then a pass sees what another has just changed: only the conditional updates stand between it and a double assignment.
  private withStaleSnapshots(stores: Stores): Stores {
    const snapshot: Stores["routing"]["snapshot"] = async (organizationId, poolId) => {
      const fresh = await stores.routing.snapshot(organizationId, poolId);
      const stale = this.lastSnapshot;
      this.lastSnapshot = fresh;
      if (stale === null || stale.queues[0]?.poolId !== poolId || !this.random.chance(0.1)) return fresh;
      this.reached.add("stale-snapshot");
      return stale;
    };
    return { ...stores, routing: { ...stores.routing, snapshot } };
  }

  /** The centre: two queues with shared members, one flow, agents of different temper. */
  async build(): Promise<void> {
    for (let n = 0; n < this.options.nodes; n++) this.nodes.push(this.boot(newId(virtualEnv(this.time, this.random)), new MemoryDisk()));
    const { app } = this.nodes[0]!;
    await app.stores.organizations.insert(newOrganization(this.organizationId, this.divisionId, "Simulated", startAt));
    for (const [name, more] of [
      ["Sales", { acwWrapupPrompt: "MANDATORY_TIMEOUT", acwTimeoutMs: 20_000 }],
      ["Service", { acwWrapupPrompt: "OPTIONAL", skillEvaluationMethod: "BEST" }],
    ] as const) {
      this.queueIds.push((await createObject(app, this.admin, queueKind, queueSettings.parse({ name, ...more }))).id);
    }
    for (let n = 0; n < this.options.agents; n++) await this.hire(app, n);
    await this.seedFlow(app);
    for (const node of this.nodes) await this.start(node);
    for (const user of this.users) await setPresence(app, this.admin, user.id, "ON_QUEUE");
  }

  private async hire(app: App, n: number): Promise<void> {
    const user = await createUser(app, this.admin, {
      ...{ name: `Agent ${n}`, email: `agent${n}@example.org` },
      ...{ roles: ["agent"], extension: String(200 + n) },
    });
    this.users.push({ id: user.id, stationId: user.stationId! });
    // Every second agent serves both queues, so that the queues form one pool.
    await setQueueMember(app, this.admin, this.queueIds[n % 2]!, user.id, { joined: true });
    if (n % 4 === 0) await setQueueMember(app, this.admin, this.queueIds[(n + 1) % 2]!, user.id, { joined: true });
  }

  private async seedFlow(app: App): Promise<void> {
    const document = {
      name: "Main",
      type: "INBOUNDCALL",
      start: "menu",
      actions: {
        menu: {
          type: "menu",
          name: "Menu",
          audio: ["system.menu"],
          choices: ["1", "2"],
          timeoutMs: 5000,
          attempts: 2,
          outputs: { 1: "sales", 2: "service", noInput: "sales", noMatch: "bye" },
        },
        sales: { type: "transferToAcd", name: "Sales", queue: "Sales", priority: 1 },
        service: { type: "transferToAcd", name: "Service", queue: "Service" },
        bye: { type: "disconnect", name: "Bye" },
      },
    };
    const flow = await createObject(app, this.admin, flowKind, { name: "Main", type: "INBOUNDCALL", document });
    await createObject(app, this.admin, ivrKind, { name: "Main", dnis: ["+441632960100"], flowId: flow.id as FlowId });
  }

  /** A process starts: fresh memory, the same disk. */
  boot(id: string, disk: MemoryDisk): SimulatedNode {
    const node = { id, disk, alive: true, afterSeq: this.database.events.length } as SimulatedNode;
    const { faults } = this.options;
    const env = virtualEnv(this.time, this.random);
    // Timers of a dead process never ring.
    const after = (ms: number, run: () => void) => {
      const forgotten = ms === agentLegHeldMs && faults.has("forget-lost-agent-timer");
      if (forgotten) faults.hit("forget-lost-agent-timer");
      return this.time.after(ms, () => {
        if (node.alive && !forgotten) run();
      });
    };
    node.env = { ...env, clock: { ...env.clock, after } };
    node.journal = new MemoryJournal(disk, this.database, {
      nodeId: id,
      pause: (ms) => new Promise((resolve) => node.env.clock.after(ms, resolve)),
      flushMs: () => 1 + this.random.below(15),
      retryMs,
      project: (stores, event) => project(stores, event, id),
      passOver: () => !faults.strikes("append-twice"),
    });
    const journal = this.watched(node.journal);
    node.app = {
      env: node.env,
      organizationId: this.organizationId,
      divisionId: this.divisionId,
      nodeId: id,
      stores: this.database.stores,
      unit: { run: (work) => this.database.run(work, id) },
      log: this.database,
      sound: new LiveSound(),
      passwords: { hash: async (text) => text, verify: async (hash, text) => hash === text },
      secrets: { seal: (text) => text, open: (sealed) => sealed },
    };
    const directory = new Directory(node.app);
    node.legs = new ScriptedLegs(node.env, this.random, this.users, faults);
    const vault = {
      remove: () => undefined,
      signManifest: async () => ({ manifestSha256: "" }),
      salvage: () => Promise.reject(new Error("no files")),
      read: () => neverRead(),
      compress: (text: string) => text,
      decompress: (text: string) => text,
    };
    node.exchange = new Exchange({
      app: node.app,
      journal,
      control: node.legs,
      directory,
      vault,
      look: async () => ({ address: null, trouble: null }),
    });
    node.assigner = new Assigner(node.app, directory);
    return node;
  }

  async start(node: SimulatedNode): Promise<void> {
    await node.journal.drained();
    if (!this.options.faults.has("skip-reaper")) await reapNode(node.app, this.watched(node.journal), node.id, "node-died");
    else this.options.faults.hit("skip-reaper");
    // What the dead process was recording is sealed as far as it got, as the vault does at every start.
    for (const { id, conversationId, path } of await node.app.stores.recordings.openOfNode(node.id)) {
      await node.exchange.keepRecording({
        recordingId: id,
        conversationId,
        path,
        chunks: 1,
        durationMs: 0,
        sizeBytes: 1,
        sha256: "",
        state: "interrupted",
      });
    }
    await node.journal.drained();
    await node.exchange.readInbox();
    await node.exchange.onLogged({
      type: "organization.created",
      organizationId: this.organizationId,
      payload: null,
    } as unknown as LoggedEvent);
    if (!this.options.faults.has("deaf-assigner")) node.assigner.start();
    this.poll(node);
  }

  // Remembers what was acknowledged: exactly that must be in the log in the end.
  private watched(journal: MemoryJournal): MemoryJournal {
    const { faults } = this.options;
    const append = async (events: readonly EventDraft[]): Promise<void> => {
      if (faults.strikes("acknowledge-before-disk")) {
        journal.append(events).catch(() => undefined);
        this.acknowledged.push(...events);
        return;
      }
      // A step of a flow: no row and no timer hangs on it, so that nothing but the log itself can miss it.
      if (events.every(({ type }) => type === "conversation.flow.stepped") && faults.strikes("lose-event")) {
        this.acknowledged.push(...events);
        return;
      }
      await journal.append(events);
      this.acknowledged.push(...events);
    };
    return new Proxy(journal, {
      get: (target, key) => (key === "append" ? append : (Reflect.get(target, key).bind?.(target) ?? Reflect.get(target, key))),
    });
  }

  // A commit is a hint to every node: late, and sometimes lost.
  private hint(): void {
    for (const node of this.nodes) {
      if (!node.alive || this.random.chance(0.05)) continue;
      node.env.clock.after(1 + this.random.below(20), () => this.tail(node));
    }
  }

  // What a lost hint costs.
  private poll(node: SimulatedNode): void {
    if (!node.alive) return;
    this.tail(node);
    node.env.clock.after(1_000, () => this.poll(node));
  }

  private tail(node: SimulatedNode): void {
    if (!node.alive) return;
    const { faults } = this.options;
    const events = this.database.away ? [] : this.database.events.slice(node.afterSeq);
    for (const event of events) {
      node.afterSeq = event.seq;
      if (event.type === "routing.alert.created" && faults.strikes("lose-delivery")) continue;
      void node.exchange.onLogged(event).catch(() => undefined);
      if (faults.has("deaf-assigner")) faults.hit("deaf-assigner");
      else node.assigner.onLogged(event);
      // A doubled message must be harmless: it happens to everyone.
      if (this.random.chance(0.05)) void node.exchange.onLogged(event).catch(() => undefined);
    }
  }

  /** kill -9: what was in memory is gone, the disk stays; the same node starts again a little later. */
  crash(index: number): void {
    const node = this.nodes[index]!;
    node.alive = false;
    node.journal.stopped = true;
    node.assigner.stop();
    this.reached.add("crash");
    this.time.after(2_000 + this.random.below(8_000), () => void this.reboot(index));
  }

  private async reboot(index: number): Promise<void> {
    const dead = this.nodes[index]!;
    // The mark of what was moved is written lazily: some events are moved again, and must be passed over.
    dead.disk.moved = Math.max(0, dead.disk.moved - this.random.below(6));
    const node = this.boot(dead.id, dead.disk);
    this.nodes[index] = node;
    try {
      await this.start(node);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // A full disk at the start: the process says so and ends, and whoever watches it starts it again.
      this.crash(index);
    }
  }

  /** The database is away for a while; calls go on, work is not assigned. */
  databaseAway(ms: number): void {
    this.database.away = true;
    this.reached.add("database-away");
    this.time.after(ms, () => {
      this.database.away = false;
    });
  }

  diskFull(index: number, ms: number): void {
    const { disk } = this.nodes[index]!;
    disk.refuses = true;
    this.reached.add("disk-full");
    this.time.after(ms, () => {
      disk.refuses = false;
    });
  }

  /** A caller rings at a random living node, and behaves as callers do. */
  call(): void {
    const node = this.random.pick(this.nodes);
    if (!node.alive) return;
    node.legs.ring(newId<ConversationId>(node.env), newId<LegId>(node.env), this.random);
  }

  /** An agent does what agents do between calls: wraps up, takes a break, comes back from Not Responding. */
  async agentActs(): Promise<void> {
    const node = this.nodes.find((candidate) => candidate.alive);
    if (node === undefined || this.database.away) return;
    const user = this.random.pick(this.users);
    const actor: Actor = { ...this.admin, userId: user.id };
    const agent = await node.app.stores.agents.byUser(user.id);
    if (agent === null) return;
    if (agent.presence !== "ON_QUEUE" || agent.routingStatus === "NOT_RESPONDING") await setPresence(node.app, actor, user.id, "ON_QUEUE");
    else if (this.random.chance(0.1)) await setPresence(node.app, actor, user.id, "BREAK");
    else if (agent.inHand.kind === "conversation") await this.inACall(node.app, actor, agent.inHand.id);
    else if (agent.inHand.kind === "nothing" && this.random.below(10) === 0) await this.listens(node.app, actor);
    else if (agent.inHand.kind === "after-call-work" && this.random.chance(0.5))
      await wrapUp(node.app, actor, agent.inHand.id, "none").catch(() => undefined);
  }

  /** Asks a colleague, turns from one to the other, brings all together, passes on, holds, leaves. */
  private async inACall(app: App, actor: Actor, participantId: ParticipantId): Promise<void> {
    const { random } = this;
    const participant = await app.stores.conversations.participant(participantId);
    if (participant === null || !random.chance(0.5)) return;
    if (participant.supervises !== null && random.chance(0.7)) {
      await this.listensBeside(app, actor, participant.conversationId, participant.supervises);
      return;
    }
    const number = String(200 + random.below(this.options.agents));
    const speakTo = random.pick(["DESTINATION", "OBJECT", "BOTH"] as const);
    const asId = newId<ParticipantId>(app.env);
    const wish = random.pick([
      { kind: "consult", participantId, to: { kind: "number", number }, speakTo, asId },
      { kind: "consult", participantId, to: { kind: "number", number }, speakTo, asId },
      { kind: "speak-to", participantId, speakTo },
      { kind: "speak-to", participantId, speakTo: "BOTH" },
      { kind: "complete-transfer", participantId },
      { kind: "cancel-transfer", participantId },
      { kind: "hold", participantId },
      { kind: "resume", participantId },
      { kind: "disconnect", participantId },
    ] as const);
    // Some of it makes no sense at the moment, and is refused.
    await askConversation(app, actor, participant.conversationId, wish).catch(() => undefined);
  }

  /** Beside whoever talks just now. */
  private async listens(app: App, actor: Actor): Promise<void> {
    const talking = [...(await app.stores.routing.inConversation(this.organizationId)).values()].filter(({ isTalking }) => isTalking);
    if (talking.length === 0) return;
    const { conversationId, participantId } = this.random.pick(talking);
    await this.listensBeside(app, actor, conversationId, participantId);
  }

  private async listensBeside(app: App, actor: Actor, conversationId: ConversationId, participantId: ParticipantId): Promise<void> {
    const mode = this.random.pick(["monitoring", "coaching", "barging"] as const);
    const listening = { mode, reason: "", isRegistered: () => true };
    await superviseConversation(app, actor, conversationId, participantId, listening).catch(() => undefined);
  }

  /** Plays the day: callers, agents, faults of nature; then lets everything come to rest. */
  async play(check: (world: World) => void): Promise<void> {
    const end = this.time.now + this.options.hours * hourMs;
    this.every(
      () => hourMs / this.options.callersPerHour,
      end,
      () => this.call(),
    );
    this.every(
      () => 4_000,
      end + hourMs / 12,
      () => void this.agentActs().catch(() => undefined),
    );
    this.every(
      () => hourMs / 3,
      end,
      () => this.crash(this.random.below(this.nodes.length)),
    );
    this.every(
      () => hourMs / 2,
      end,
      () => this.databaseAway(5_000 + this.random.below(60_000)),
    );
    this.every(
      () => hourMs / 2,
      end,
      () => this.diskFull(this.random.below(this.nodes.length), 1_000 + this.random.below(20_000)),
    );
    await this.until(end, check);
    // Nature is kind from here on; whoever is still in the line gives up within their patience.
    await this.until(end + hourMs, check);
  }

  private every(meanMs: () => number, until: number, act: () => void): void {
    const ms = Math.max(1, Math.round(-Math.log(1 - this.random.next() / 2 ** 32) * meanMs()));
    if (this.time.now + ms > until) return;
    this.time.after(ms, () => {
      act();
      this.every(meanMs, until, act);
    });
  }

  private async until(at: number, check: (world: World) => void): Promise<void> {
    for (let seen = -1; ; ) {
      await this.options.settle();
      // Deadlines pass without events, so time counts as news too.
      const news = this.database.events.length + Math.floor(this.time.now / 10_000);
      if (news !== seen) check(this);
      seen = news;
      if (!this.time.next(at)) return;
    }
  }
}

async function* neverRead(): AsyncIterable<Uint8Array> {
  yield* [];
}
