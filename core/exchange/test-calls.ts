// Test calls by one trunk: who may make them, under which limits; the host of core/call/test-call.ts. Beside the runners, as a test has no caller.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { CallCommand, CallControl, CallEvent, LadderEntry, TrunkPort } from "../call/call-control.ts";
import {
  beginTestCall,
  outcomeOf,
  stepTestCall,
  type TestCall,
  type TestCallInput,
  type TestCallOutput,
  type TestCallPort,
  type TestCallShown,
} from "../call/test-call.ts";
import type { Timer } from "../env/env.ts";
import type { Journal, Json } from "../events/index.ts";
import { Conflict } from "../lib/errors.ts";
import { type ConversationId, type LegId, newId, type TrunkId } from "../lib/id.ts";
import { assertNever } from "../lib/machine.ts";
import type { NextCall } from "../telephony/call-alarm.ts";
import { trunkKind } from "../telephony/kinds.ts";
import type { Trunk } from "../telephony/telephony.ts";
import type { Directory } from "./directory.ts";
import { keep } from "./keep.ts";
import { planTest } from "./outbound.ts";

export type TestCallParts = {
  readonly app: App;
  readonly journal: Journal;
  readonly control: CallControl;
  readonly directory: Directory;
  readonly look: TrunkPort["look"];
  readonly isFull: (trunk: Trunk) => boolean;
  /** Whether this node takes calls now. */
  readonly isOpen: () => boolean;
  /** Why a person may not have one more call outside, which is an alarm; null: they may. */
  readonly mayGoOut: (call: NextCall, called: string, id: ConversationId) => string | null;
  /** A number outside is called, for what it costs. */
  readonly dialled: (command: Extract<CallCommand, { kind: "dial-trunk" }>) => void;
};

type Hosted = {
  test: TestCall;
  readonly actorId: string;
  readonly divisionId: Trunk["divisionId"];
  ladder: readonly LadderEntry[];
  timer: Timer | null;
};

export class TestCalls implements TestCallPort {
  /** The last one of each trunk. */
  private readonly calls = new Map<TrunkId, Hosted>();
  private readonly listeners = new Set<(trunkId: TrunkId) => void>();

  constructor(private readonly parts: TestCallParts) {}

  /** Those that are up or are being set up: they take channels, and are somebody's calls. */
  *open(): Iterable<TestCall> {
    for (const { test } of this.calls.values()) if (test.phase !== "over") yield test;
  }

  of(trunkId: TrunkId): TestCallShown | null {
    const hosted = this.calls.get(trunkId);
    return hosted === undefined ? null : { test: hosted.test, ladder: hosted.ladder };
  }

  subscribe(listener: (trunkId: TrunkId) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async start(actor: Actor, trunkId: TrunkId, called: string): Promise<TestCall> {
    const { app, directory, isFull, isOpen } = this.parts;
    const trunk = found(actor, "trunk with this id", await app.stores.trunks.byId(trunkId));
    demand(actor, trunkKind.permissions.edit, trunk);
    demand(actor, "conversation:call:add");
    const { userId } = actor;
    if (userId === null) throw new Conflict("Only a person can make a test call: a program has no right to dial.", "test-call.no.person");
    const plan = planTest(directory.current, trunk, called, userId);
    if ([...this.open()].some((test) => test.trunkId === trunkId))
      throw new Conflict("A test call is up by this trunk already.", "test-call.up", "number");
    if (!isOpen()) throw new Conflict("This server takes no calls at the moment.", "test-call.closed", "number");
    if (isFull(trunk)) throw new Conflict("Every line of this trunk is taken.", "test-call.full", "number");
    const id: ConversationId = newId(app.env);
    const { number, sent, classification, shown } = plan;
    const why = classification === null ? null : this.parts.mayGoOut({ userId, number, classification }, called, id);
    if (why !== null) throw new Conflict(`This call is not allowed now: ${why}.`, "test-call.limit", "number");
    const facts = { id, trunkId, userId, startedAt: app.env.clock.now(), number, sent, classification, shown, hosts: trunk.proxies };
    const { state, outputs } = beginTestCall(facts);
    const hosted: Hosted = { test: state, actorId: actor.id, divisionId: trunk.divisionId, ladder: [], timer: null };
    // From here on it takes its channel; nothing leaves before the log has it.
    this.calls.set(trunkId, hosted);
    await this.tell(hosted, "telephony.test-call.started", { trunkId, number, sent, classification, shown: shown.number });
    this.carryOut(hosted, outputs);
    this.changed(hosted);
    return hosted.test;
  }

  stop(trunkId: TrunkId): void {
    const hosted = this.calls.get(trunkId);
    if (hosted !== undefined) this.input(hosted, { kind: "stop", as: "stopped" });
  }

  /** A call for help needs its channel. False: there is none by this trunk. */
  preempt(trunkId: TrunkId): boolean {
    const hosted = this.calls.get(trunkId);
    if (hosted === undefined || hosted.test.phase === "over") return false;
    this.input(hosted, { kind: "stop", as: "preempted" });
    return true;
  }

  endAll(): void {
    for (const hosted of this.calls.values()) this.input(hosted, { kind: "stop", as: "node-stopped" });
  }

  /** False: it is no test call's. */
  takes(event: CallEvent): boolean {
    if (event.kind === "call.ladder") {
      const hosted = this.with(({ id }) => id === event.conversationId);
      if (hosted === null) return false;
      hosted.ladder = [...hosted.ladder, ...event.entries];
      this.changed(hosted);
      return true;
    }
    if (!("legId" in event)) return false;
    const hosted = this.with(({ legId }) => legId === event.legId);
    if (hosted === null) return false;
    this.input(hosted, { kind: "leg", event });
    return true;
  }

  private with(fits: (test: TestCall) => boolean): Hosted | null {
    for (const hosted of this.calls.values()) if (fits(hosted.test)) return hosted;
    return null;
  }

  private input(hosted: Hosted, input: TestCallInput): void {
    const { env } = this.parts.app;
    const before = hosted.test;
    const { state, outputs } = stepTestCall(before, input, { now: env.clock.now(), legId: newId<LegId>(env) });
    hosted.test = state;
    this.carryOut(hosted, outputs);
    if (state !== before) this.changed(hosted);
  }

  private carryOut(hosted: Hosted, outputs: readonly TestCallOutput[]): void {
    const { app, control } = this.parts;
    for (const output of outputs) {
      switch (output.kind) {
        case "look":
          void this.look(hosted, output.hop);
          break;
        case "control":
          if (output.command.kind === "dial-trunk") this.parts.dialled(output.command);
          control.send(output.command);
          break;
        case "timer":
          hosted.timer = app.env.clock.after(output.ms, () => this.input(hosted, { kind: "timer" }));
          break;
        case "over": {
          hosted.timer?.cancel();
          const outcome = outcomeOf(hosted.test);
          const told = this.tell(hosted, "telephony.test-call.ended", { outcome, test: hosted.test as unknown as Json });
          told.catch((error: unknown) => app.env.log.error("test call not kept", { call: hosted.test.id, reason: String(error) }));
          break;
        }
        default:
          assertNever(output);
      }
    }
  }

  private async look(hosted: Hosted, hop: number): Promise<void> {
    const way = await this.parts.look(hosted.test.trunkId, hop).catch(() => null);
    this.input(hosted, { kind: "looked", ...(way ?? { address: null, trouble: { kind: "no-answer" } }) });
  }

  private tell({ test, actorId, divisionId }: Hosted, type: string, payload: { readonly [key: string]: Json }): Promise<void> {
    const { app, journal } = this.parts;
    const { id, trunkId, userId } = test;
    const event = newEvent(app, {
      ...{ type, actorId, divisionId, payload },
      subjectIds: [trunkId, id, userId],
      seal: { kind: "user", id: userId },
    });
    return keep(app.env, journal, [event], id);
  }

  private changed({ test }: Hosted): void {
    for (const listener of this.listeners) listener(test.trunkId);
  }
}
