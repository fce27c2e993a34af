// Hosts one conversation: its mailbox, its two machines (call and flow) and its timers. Carries out; decides nothing.
// What carrying out itself brings about (a flow's output, a queue found) is taken at once, before the rest of what was to be carried out:
// it belongs to the same moment. What comes from outside waits in the mailbox. Each input sees the state that the one before it left.

import { type App, newEvent } from "../app.ts";
import type { FlowInput } from "../architect/action.ts";
import { type FlowState, step as flowStep, newFlow } from "../architect/engine.ts";
import { begin, step as callStep } from "../call/call.ts";
import type { CallCommand, CallControl } from "../call/call-control.ts";
import { isInRoom } from "../call/conference-room.ts";
import {
  type Acd,
  type Callee,
  type CallInput,
  type CallOutput,
  type CallState,
  type CallTimer,
  type FoundRedirect,
  type FoundTarget,
  idsPerInput,
  isOutside,
  type Moment,
  type Wish,
  type WishWithTarget,
} from "../call/state.ts";
import type { Timer } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { EventDraft, Journal } from "../events/index.ts";
import { type ConferenceRoomId, type ConversationId, type LegId, newId, type TrunkId, type UserId } from "../lib/id.ts";
import { callInputsKept, mailboxInputsMax, pauseSecondsDefault, preemptionLeadMs } from "../lib/limits.ts";
import { assertNever } from "../lib/machine.ts";
import type { Queue } from "../routing/queue.ts";
import type { NextCall } from "../telephony/call-alarm.ts";
import { networkAttributes } from "../telephony/network-facts.ts";
import { withTones } from "../telephony/tones.ts";
import { askerUserOf, targetByNumber } from "./callee.ts";
import { defaultInQueueFlow } from "./default-flow.ts";
import { type Directory, flowById, inQueueFlowByName, type RouteFacts } from "./directory.ts";
import { keep } from "./keep.ts";
import { countryOf } from "./outbound.ts";
import { isForHelp } from "./preemption.ts";
import { queueFacts } from "./queue-facts.ts";
import { followRedirect } from "./redirect.ts";

export type RunnerPorts = {
  readonly app: App;
  readonly journal: Journal;
  readonly control: CallControl;
  readonly directory: Directory;
  readonly routeFacts: () => RouteFacts;
  /** Somebody has come into a conference room, or has left it. */
  readonly onRoom: (roomId: ConferenceRoomId) => void;
  /** Somebody goes from this call into another. */
  readonly give: (from: ConversationId, given: Extract<CallOutput, { kind: "give" }>) => void;
  /** Why a person may not have one more call outside, which is an alarm; null: they may. */
  readonly mayGoOut: (call: NextCall, called: string, isInstead?: boolean) => string | null;
  /** A number outside is called, for what it costs. */
  readonly dialledOut: (command: Extract<CallCommand, { kind: "dial-trunk" }>) => void;
  /** Ends another call where a trunk has no channel for one for help. True: one ends now. */
  readonly makeRoom: (trunkId: TrunkId) => boolean;
};

type Mail =
  | { readonly kind: "call"; readonly input: CallInput }
  | { readonly kind: "flow"; readonly input: FlowInput; readonly generation: number };

export class Runner {
  private readonly mailbox: Mail[] = [];
  private running = false;
  private state: CallState | null = null;
  private flow: FlowState | null = null;
  /** Counts flows, so that a late timer or play of a flow that is over reaches nobody. */
  private generation = 0;
  /** What the flow plays to the caller; it must not outlive the flow. */
  private flowPlay: string | null = null;
  private flowTimer: Timer | null = null;
  private readonly timers = new Map<CallTimer, Timer>();
  /** Kinds of the last inputs: what the log is told when one of them breaks the conversation. */
  private readonly inputs: string[] = [];

  constructor(
    readonly conversationId: ConversationId,
    private readonly ports: RunnerPorts,
    /** Called when legs come and go, so that events find this runner. */
    private readonly onLeg: (legId: LegId, runner: Runner) => void,
  ) {}

  get ended(): boolean {
    return this.state !== null && this.state.ended !== null;
  }

  /** Something of what was decided is not done yet: an ended call's hang-up waits for the disk. */
  get isWorking(): boolean {
    return this.running;
  }

  get call(): CallState | null {
    return this.state;
  }

  post(input: CallInput): void {
    this.enqueue({ kind: "call", input });
  }

  private enqueue(mail: Mail): void {
    // A flood is cut, never the end of a call: ends are few and always taken.
    const isDigit = mail.kind === "call" && mail.input.kind === "leg" && mail.input.event.kind === "digit";
    if (isDigit && this.mailbox.length >= mailboxInputsMax) return;
    this.mailbox.push(mail);
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      for (let mail = this.mailbox.shift(); mail !== undefined; mail = this.mailbox.shift()) await this.take(mail);
    } catch (error) {
      this.ports.app.env.log.error("conversation failed", {
        call: this.conversationId,
        reason: String(error),
        inputs: this.inputs.join(" "),
      });
      this.running = false;
      if (!this.ended) this.post({ kind: "stop", reason: "error" });
      return;
    }
    this.running = false;
  }

  private async take(mail: Mail): Promise<void> {
    if (mail.kind === "flow") return mail.generation === this.generation ? this.flowTake(mail.input) : undefined;
    const { input } = mail;
    this.remember(input);
    const { clock } = this.ports.app.env;
    // In order: who comes into a conversation in one moment is listed in the order in which they came.
    const ids = Array.from({ length: idsPerInput }, () => newId(this.ports.app.env)).sort();
    const moment: Moment = { now: clock.now(), ids };
    if (this.state === null && input.kind !== "offered") return;
    const { state, outputs } =
      this.state === null ? begin(input as Extract<CallInput, { kind: "offered" }>, moment) : callStep(this.state, input, moment);
    if (this.state === null) this.onLeg(state.customer.legId, this);
    const wasIn = isInRoom(this.state);
    this.state = state;
    await this.carryOut(outputs);
    if (state.room !== null && wasIn !== isInRoom(state)) this.ports.onRoom(state.room.roomId);
  }

  private remember(input: CallInput): void {
    const kind = input.kind === "leg" ? input.event.kind : input.kind === "flow" ? `flow.${input.output.kind}` : input.kind;
    this.inputs.push(kind);
    if (this.inputs.length > callInputsKept) this.inputs.shift();
  }

  private async carryOut(outputs: readonly CallOutput[]): Promise<void> {
    for (let i = 0; i < outputs.length; ) {
      const output = outputs[i]!;
      if (output.kind === "append") {
        const batch: EventDraft[] = [];
        for (let next = outputs[i]; next?.kind === "append"; next = outputs[++i]) batch.push(this.draft(next));
        await this.append(batch);
      } else {
        i += 1;
        await this.carryOutOne(output);
      }
    }
  }

  private draft(output: Extract<CallOutput, { kind: "append" }>): EventDraft {
    const { app } = this.ports;
    return newEvent(app, {
      type: output.type,
      actorId: app.nodeId,
      subjectIds: output.subjectIds,
      seal: { kind: "conversation", id: this.conversationId },
      payload: output.payload as unknown as EventDraft["payload"],
    });
  }

  // Nothing is acknowledged before this returns; only a call for help waits for no disk, nor for the one that ends for it.
  private append(batch: readonly EventDraft[]): Promise<void> {
    const { journal, app } = this.ports;
    const kept = keep(app.env, journal, batch, this.conversationId);
    if (this.state === null || !(isForHelp(this.state) || this.state.ended === "preempted")) return kept;
    kept.catch((error: unknown) => app.env.log.error("call for help not kept", { call: this.conversationId, reason: String(error) }));
    return Promise.resolve();
  }

  private async carryOutOne(output: Exclude<CallOutput, { kind: "append" }>): Promise<void> {
    const { control, app } = this.ports;
    switch (output.kind) {
      case "control":
        if (output.command.kind === "dial-station" || output.command.kind === "dial-trunk") this.onLeg(output.command.legId, this);
        // The carrier must have heard that the other call is over before it hears of this one.
        if (output.command.kind === "dial-trunk" && output.command.isEmergency && this.ports.makeRoom(output.command.trunkId))
          await pause(app.env.clock, preemptionLeadMs);
        if (output.command.kind === "dial-trunk") this.ports.dialledOut(output.command);
        control.send(this.inOurTones(output.command));
        return;
      case "give":
        this.ports.give(this.conversationId, output);
        return;
      case "flow-start":
        return this.startFlow(output);
      case "flow-input":
        return this.flowTake(output.input);
      case "flow-stop":
        this.stopFlow();
        return;
      case "flow-timer":
        this.flowTimer?.cancel();
        this.flowTimer = output.ms === null ? null : this.afterFlow(output.ms);
        return;
      case "find-queue":
        return this.callTake(this.findQueue(output.transfer));
      case "find-target":
        return this.callTake({ kind: "target-found", wish: output.wish, found: this.findTarget(output.wish) });
      case "find-redirect":
        return this.callTake({ kind: "redirect-found", of: output.of, end: output.end, found: this.findRedirect(output) });
      case "find-pause-limit":
        return this.callTake({ kind: "asked", wish: this.pauseOfFlow(output.wanted) });
      case "ask-queue-facts": {
        // Asked outside the mailbox: a slow database must not keep the caller's hang-up waiting.
        const { generation } = this;
        void queueFacts(app, this.conversationId, this.state?.acd?.queueId ?? null).then((facts) =>
          this.enqueue({ kind: "flow", input: { kind: "queue-facts", ...facts }, generation }),
        );
        return;
      }
      case "timer-set":
        this.timers.get(output.name)?.cancel();
        this.timers.set(
          output.name,
          app.env.clock.after(output.ms, () => this.post({ kind: "timer", name: output.name })),
        );
        return;
      case "timer-cancel":
        for (const name of output.name === null ? [...this.timers.keys()] : [output.name]) {
          this.timers.get(name)?.cancel();
          this.timers.delete(name);
        }
        return;
      default:
        assertNever(output);
    }
  }

  /** Tones are named by what they say; which sound that is is the country's. */
  private inOurTones(command: CallCommand): CallCommand {
    if (command.kind !== "play") return command;
    return { ...command, prompts: withTones(command.prompts, countryOf(this.ports.directory.current)) };
  }

  private afterFlow(ms: number): Timer {
    const { generation } = this;
    return this.ports.app.env.clock.after(ms, () => this.enqueue({ kind: "flow", input: { kind: "timer" }, generation }));
  }

  private async startFlow(start: Extract<CallOutput, { kind: "flow-start" }>): Promise<void> {
    const { current } = this.ports.directory;
    this.stopFlow();
    const document =
      start.which === "inbound"
        ? flowById(current, start.flowId)?.document
        : ((start.flowName === null ? null : inQueueFlowByName(current, start.flowName))?.document ?? defaultInQueueFlow);
    if (document === undefined) return this.callTake({ kind: "stop", reason: "error" });
    this.flow = newFlow(document, this.toldToFlow(), `flow${this.generation}`);
    await this.flowTake({ kind: "start" });
  }

  /** What flows may ask of the carrier's word, empty where it said nothing. */
  private toldToFlow(): Readonly<Record<string, string>> {
    const { told = {} } = this.state ?? {};
    const { verification, divertedBy, firstCalled } = networkAttributes;
    return { verstat: told[verification] ?? "", divertedBy: told[divertedBy] ?? "", firstCalled: told[firstCalled] ?? "" };
  }

  private stopFlow(): void {
    this.generation += 1;
    this.flow = null;
    const playId = this.flowPlay;
    this.flowPlay = null;
    if (playId !== null && this.state !== null) this.ports.control.send({ kind: "stop-play", legId: this.state.customer.legId, playId });
    this.flowTimer?.cancel();
    this.flowTimer = null;
  }

  private async flowTake(input: FlowInput): Promise<void> {
    if (this.flow === null) return;
    const { state, outputs } = flowStep(this.flow, input);
    this.flow = state;
    const { generation } = this;
    for (const output of outputs) {
      if (generation !== this.generation) return;
      if (output.kind === "play") this.flowPlay = output.playId;
      await this.callTake({ kind: "flow", output });
    }
  }

  private callTake(input: CallInput): Promise<void> {
    return this.take({ kind: "call", input });
  }

  private pauseOfFlow(wanted: Extract<CallOutput, { kind: "find-pause-limit" }>["wanted"]): Wish {
    const { ivr, acd, conversationId } = this.state!;
    // A queue's own flow acts for the queue.
    const by = ivr?.flowId ?? acd?.queueId ?? conversationId;
    const whose = { participantId: (ivr ?? acd)?.participantId ?? null, by, userId: null };
    if (wanted.kind === "resume-recording") return { kind: "resume-recording", ...whose };
    const limitMs = (this.ports.directory.current.organization?.pauseSecondsMax ?? pauseSecondsDefault) * 1_000;
    return { kind: "pause-recording", ...whose, secure: wanted.secure, reason: "", limitMs };
  }

  private findTarget(wish: WishWithTarget): FoundTarget {
    const { to } = wish;
    const { current } = this.ports.directory;
    if (to.kind === "number") {
      const call = this.state!;
      const found = targetByNumber(current, to.number, wish, call, this.ports.routeFacts());
      const asker = found.kind === "callee" && isOutside(found.callee) ? askerUserOf(call, wish) : null;
      if (asker === null || found.kind !== "callee") return found;
      const why = this.ports.mayGoOut(nextCall(asker, found.callee), to.number);
      return why === null ? found : { kind: "nobody", message: `${to.number}: ${why}.` };
    }
    const queue = current.queues.find((entry) => entry.id === to.queueId);
    return queue === undefined ? { kind: "nobody", message: "There is no such queue." } : { kind: "queue", queue: plainQueue(queue) };
  }

  private findRedirect({ of, end }: Extract<CallOutput, { kind: "find-redirect" }>): FoundRedirect {
    const call = this.state!;
    const sender = of === "dial" ? call.dial : call.consult;
    if (sender === null) return { kind: "nobody", message: "nobody is called any more" };
    const found = followRedirect(this.ports.directory.current, call, sender, end.targets ?? [], this.ports.routeFacts());
    if (found.kind === "nobody" || found.paidBy === null || !isOutside(found.callee)) return found;
    const { userId, isInstead } = found.paidBy;
    const why = this.ports.mayGoOut(nextCall(userId, found.callee), found.callee.number, isInstead);
    return why === null ? found : { kind: "nobody", message: why };
  }

  private findQueue(transfer: Extract<CallOutput, { kind: "find-queue" }>["transfer"]): CallInput {
    const { queues, skills } = this.ports.directory.current;
    const queue = queues.find((entry) => entry.name === transfer.queue);
    const wanted = transfer.language === null ? transfer.skills : [...transfer.skills, transfer.language];
    const missing = wanted.find((name) => !skills.some((skill) => skill.name === name));
    if (queue === undefined) return { kind: "queue-found", queue: null, message: `There is no queue “${transfer.queue}”.` };
    if (missing !== undefined) return { kind: "queue-found", queue: null, message: `There is no skill or language “${missing}”.` };
    const idOf = (name: string) => skills.find((skill) => skill.name === name)!.id;
    return {
      kind: "queue-found",
      message: "",
      queue: {
        queueId: queue.id,
        queueName: queue.name,
        priority: transfer.priority,
        skillIds: transfer.skills.map(idOf),
        languageId: transfer.language === null ? null : idOf(transfer.language),
        inQueueFlow: transfer.inQueueFlow,
      },
    };
  }
}

/** A number outside, as alarms see it. */
export function nextCall(userId: UserId, { number, classification }: Pick<Callee, "number" | "classification">): NextCall {
  return { userId, number, classification: classification ?? "" };
}

/** Who is transferred by a person needs no skills but patience. */
function plainQueue(queue: Queue): Omit<Acd, "participantId" | "baseAt"> {
  return { queueId: queue.id, queueName: queue.name, priority: 0, skillIds: [], languageId: null, inQueueFlow: null };
}
