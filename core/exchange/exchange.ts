// The switchboard of one organization on one node: where call, flow and routing meet. Finds the runner of an event; keeps what outlives a runner.

import { type App, newEvent } from "../app.ts";
import { participantOfLeg } from "../call/call.ts";
import type { CallControl, CallEvent, TrunkPort } from "../call/call-control.ts";
import { isInRoom } from "../call/conference-room.ts";
import { joining } from "../call/join.ts";
import { pausesOf } from "../call/pause.ts";
import { ringsFor } from "../call/pickup.ts";
import { beginChart, type Charting, finishedChart, type SoundChart, withMeasurement } from "../call/sound-chart.ts";
import { type AlertOffer, type Callee, type CallState, isOutside, type Route } from "../call/state.ts";
import { pause } from "../env/pause.ts";
import type { EventDraft, Journal, Json, LoggedEvent } from "../events/index.ts";
import {
  type AlertId,
  type ConferenceRoomId,
  type ConversationId,
  idTime,
  type LegId,
  type ParticipantId,
  type QueueId,
  type RecordingId,
  type StationId,
  type TrunkId,
  type UserId,
} from "../lib/id.ts";
import { callsMax, journalRetryMs } from "../lib/limits.ts";
import { assertNever } from "../lib/machine.ts";
import { recordingPath } from "../recording/path.ts";
import { loggedPauses } from "../recording/pauses.ts";
import type { RecordingFacts, RecordingPause, RecordingVault } from "../recording/vault.ts";
import type { WrapupPrompt } from "../routing/queue.ts";
import type { NextCall } from "../telephony/call-alarm.ts";
import { asRead, calleeOf, identityOf } from "./callee.ts";
import { type Directory, type RouteFacts, route } from "./directory.ts";
import { keep } from "./keep.ts";
import { placeText, siteOf } from "./outbound.ts";
import { OutgoingGuard } from "./outgoing-guard.ts";
import { leastImportant } from "./preemption.ts";
import { nextCall, Runner, type RunnerPorts } from "./runner.ts";
import { Spend } from "./spend.ts";
import { TestCalls } from "./test-calls.ts";
import { mayPickUp } from "./watching.ts";

export type ExchangePorts = Omit<RunnerPorts, "routeFacts" | "mayGoOut" | "dialledOut" | "makeRoom" | "onRoom" | "give"> & {
  readonly vault: RecordingVault;
  /** Whether there is a way to a trunk's next hop. */
  readonly look: TrunkPort["look"];
};

/** A conversation that has ended is kept this long for late facts: media summaries, its ladder. */
const afterEndMs = 30_000;

export class Exchange {
  private readonly runners = new Map<ConversationId, Runner>();
  private readonly legs = new Map<LegId, Runner>();
  private readonly charts = new Map<LegId, Charting>();
  private readonly app: App;
  private readonly journal: Journal;
  private readonly control: CallControl;
  private readonly directory: Directory;
  private readonly guard: OutgoingGuard;
  readonly testCalls: TestCalls;
  readonly spend: Spend;
  private accepting = true;

  constructor(private readonly ports: ExchangePorts) {
    this.app = ports.app;
    this.journal = ports.journal;
    this.control = ports.control;
    this.directory = ports.directory;
    this.guard = new OutgoingGuard(
      this.app.env.clock,
      () => this.callStates(),
      () => this.testCalls.open(),
    );
    this.spend = new Spend(this.app, this.journal, this.directory);
    this.testCalls = new TestCalls({
      ...{ app: this.app, journal: this.journal, control: this.control, directory: this.directory, look: ports.look },
      isFull: (trunk) => this.guard.isFull(trunk),
      isOpen: () => this.accepting && !this.journal.isFull() && this.callsUp < callsMax,
      mayGoOut: (call, called, id) => this.mayGoOut(call, called, id),
      dialled: (command) => this.spend.dialled(command),
    });
    ports.control.onEvent((event) => this.onCallEvent(event));
  }

  /** Conversations whose call is up here. */
  get callsUp(): number {
    let up = 0;
    for (const runner of this.runners.values()) if (!runner.ended) up += 1;
    return up;
  }

  runner(conversationId: ConversationId): Runner | null {
    return this.runners.get(conversationId) ?? null;
  }

  /** No new calls from here on; those that are up go on. */
  drain(): void {
    this.accepting = false;
  }

  /** Ends every call with a reason, and waits until that is on disk and those who talked have been told. New ones come in meanwhile, unless it drains. */
  async endAll(reason: "node-stopped" | "node-fenced"): Promise<void> {
    const ending = [...this.runners.values()];
    for (const runner of ending) runner.post({ kind: "stop", reason });
    this.testCalls.endAll();
    const isBusy = (): boolean => ending.some((runner) => !runner.ended || runner.isWorking);
    for (let waitedMs = 0; isBusy() && waitedMs < 5_000; waitedMs += 20) await pause(this.app.env.clock, 20);
  }

  private onCallEvent(event: CallEvent): void {
    this.spend.onCallEvent(event);
    if (this.testCalls.takes(event)) return;
    switch (event.kind) {
      case "call.offered":
        return this.offered(event);
      case "recording.closed":
        return this.background("recording not closed", this.recordingClosed(event));
      case "recording.failed":
        return this.background("recording failure not kept", this.recordingFailed(event));
      case "call.ladder":
        return this.background("ladder not kept", this.ladder(event));
      case "leg.replace-asked":
        return this.replaceAsked(event);
      case "leg.join-asked":
        return this.joinAsked(event);
      case "station.registered":
        for (const runner of this.runners.values()) runner.post({ kind: "station-registered", stationId: event.stationId });
        return;
      case "station.unregistered":
        return;
      case "leg.ringing":
      case "leg.answered":
      case "leg.connected":
      case "leg.unprotected":
      case "leg.lost":
      case "leg.ended":
      case "digit":
      case "play.finished":
      case "leg.trouble":
      case "leg.transfer-asked":
      case "leg.held":
      case "leg.media":
        this.sounds(event);
        this.legs.get(event.legId)?.post({ kind: "leg", event, chart: this.charted(event) });
        if (event.kind === "leg.ended" || event.kind === "leg.media") this.forget(event.legId);
        return;
      case "leg.quality":
        this.charted(event);
        this.sounds(event);
        return;
      default:
        assertNever(event);
    }
  }

  /** How a leg sounds over time: begun when media flows, a point with all figures, and finished (not null) with the last. */
  private charted(event: Extract<CallEvent, { legId: LegId }>): SoundChart | null {
    const { legId } = event;
    const now = this.app.env.clock.now();
    if (!this.legs.has(legId)) return null;
    if (event.kind === "leg.connected" && !this.charts.has(legId)) this.charts.set(legId, beginChart(now));
    if (event.kind !== "leg.quality" && event.kind !== "leg.media") return null;
    const chart = withMeasurement(this.charts.get(legId) ?? null, event.verdict, now);
    if (event.kind === "leg.quality") this.charts.set(legId, chart);
    else this.charts.delete(legId);
    return event.kind === "leg.quality" ? null : finishedChart(chart);
  }

  /** What is true of a leg's sound at this moment, for whoever looks; a leg that is no longer up sounds no more. */
  private sounds(event: Extract<CallEvent, { legId: LegId }>): void {
    const runner = this.legs.get(event.legId);
    if (runner === undefined) return;
    const { sound } = this.app;
    const participantOf = () => (runner.call === null ? null : participantOfLeg(runner.call, event.legId));
    if (event.kind === "leg.quality")
      sound.measured(runner.conversationId, event.legId, participantOf, event.verdict, this.charts.get(event.legId)?.points ?? []);
    else if (event.kind === "leg.trouble")
      sound.troubled(runner.conversationId, event.legId, participantOf, event.direction, event.trouble);
    else if (event.kind === "leg.ended" || event.kind === "leg.media" || event.kind === "leg.lost")
      sound.over(runner.conversationId, event.legId);
  }

  private offered(event: Extract<CallEvent, { kind: "call.offered" }>): void {
    const { conversationId, legId, origin } = event;
    const { current } = this.directory;
    const { called, caller: told } = asRead(current, event);
    const caller = identityOf(current, origin, told);
    const decided = this.guarded(route(current, { called, caller, origin }, this.routeFacts()), { ...event, called });
    const isForHelp = decided.kind === "dial" && decided.callee.isEmergency;
    if (!isForHelp && (!this.accepting || this.journal.isFull() || this.callsUp >= callsMax)) {
      this.app.env.log.warn("call refused", { call: conversationId, reason: this.accepting ? "overloaded" : "draining" });
      this.control.send({ kind: "reject", legId, reason: "overloaded" });
      return;
    }
    const ports = {
      ...this.ports,
      routeFacts: () => this.routeFacts(),
      give: (from: ConversationId, given: Parameters<RunnerPorts["give"]>[1]) => this.give(from, given),
      onRoom: (roomId: ConferenceRoomId) => this.tellRoom(roomId),
      makeRoom: (trunkId: TrunkId) => this.makeRoom(trunkId, conversationId),
      mayGoOut: (call: NextCall, number: string, isInstead?: boolean) => this.mayGoOut(call, number, conversationId, isInstead),
      dialledOut: (command: Parameters<Spend["dialled"]>[0]) => this.spend.dialled(command),
    };
    const runner = new Runner(conversationId, ports, (leg, owner) => this.legs.set(leg, owner));
    this.runners.set(conversationId, runner);
    const network = event.network === undefined ? {} : { network: event.network };
    runner.post({ kind: "offered", conversationId, legId, origin, caller, called, ...network, route: decided });
    if (isForHelp) this.background("call for help not told", this.calledForHelp(event, decided.callee));
    else if (decided.kind === "dial" && decided.callee.isHelpTestOf !== undefined)
      this.background("test of a call for help not kept", this.triedHelp(event, decided.callee));
    else if (decided.kind === "reject" && decided.reason === "emergency-not-available")
      this.background("refused call for help not kept", this.refusedHelp(event));
  }

  /** A desk phone's key for a call that rings elsewhere. Who may not take it hears no more than that. */
  private replaceAsked(event: Extract<CallEvent, { kind: "leg.replace-asked" }>): void {
    const { legId, replaces, stationId, userId } = event;
    const runner = this.legs.get(replaces);
    const call = runner?.call ?? null;
    const ringing = call === null ? null : ringsFor(call, replaces);
    const { users } = this.directory.current;
    const user = users.find(({ id, state }) => id === userId && state === "active");
    const callee = user === undefined || call === null ? null : calleeOf(user, call.caller, stationId);
    if (runner === undefined || ringing === null || user === undefined || callee === null || !mayPickUp(user, ringing.userId)) {
      this.app.env.log.info("pickup refused", {
        station: stationId,
        reason: ringing === null ? "nothing that may be picked up" : "not allowed",
      });
      this.control.send({ kind: "reject", legId, reason: "declined" });
      return;
    }
    this.legs.set(legId, runner);
    runner.post({ kind: "picked-up", legId, replaces, callee });
  }

  /** A desk phone's key for its two calls: the one gives whom it talks to, the other takes them in. */
  private joinAsked({ legId, withLegId }: Extract<CallEvent, { kind: "leg.join-asked" }>): void {
    const [asked, other] = [this.legs.get(legId), this.legs.get(withLegId)];
    if (asked?.call == null || other?.call == null) return this.control.send({ kind: "refer-result", legId, status: 481 });
    const joined = joining({ call: asked.call, legId }, { call: other.call, legId: withLegId });
    if (joined === null) return asked.post({ kind: "join-refused", legId });
    const { stays, gives } = joined;
    const giver = gives.legId === legId ? asked : other;
    giver.post({ kind: "given", legId: gives.legId, into: stays.call.conversationId, otherLegId: stays.legId });
  }

  private give(from: ConversationId, { into, otherLegId, guest }: Parameters<RunnerPorts["give"]>[1]): void {
    const taker = this.runners.get(into);
    if (taker === undefined) return this.control.send({ kind: "hang-up", legId: guest.legId, reason: "normal" });
    this.legs.set(guest.legId, taker);
    taker.post({ kind: "taken-in", legId: otherLegId, from, guest });
  }

  private *callStates(): Iterable<CallState> {
    for (const runner of this.runners.values()) if (runner.call !== null && !runner.ended) yield runner.call;
  }

  private routeFacts(): RouteFacts {
    const [byte = 0] = this.app.env.random.bytes(1);
    // Whoever is on the way in has a place already.
    const inRoom = (roomId: ConferenceRoomId): number => [...this.callStates()].filter(({ room }) => room?.roomId === roomId).length;
    return { isFull: (trunk) => this.guard.isFull(trunk), inRoom, draw: byte / 256, now: this.app.env.clock.now() };
  }

  private tellRoom(roomId: ConferenceRoomId): void {
    const there = [...this.runners.values()].filter(({ call }) => call?.room?.roomId === roomId && isInRoom(call));
    for (const runner of there) runner.post({ kind: "room-changed", size: there.length });
  }

  /** A person's call outside that would be one too many is refused, and told. Calls for help are never counted. */
  private guarded(decided: Route, { origin, called, conversationId }: Extract<CallEvent, { kind: "call.offered" }>): Route {
    if (decided.kind !== "dial" || origin.kind !== "station") return decided;
    if (!isOutside(decided.callee)) return decided;
    const why = this.mayGoOut(nextCall(origin.userId, decided.callee), called, conversationId);
    return why === null ? decided : { kind: "reject", reason: "not-allowed", why };
  }

  /** Why not, in words; null: they may. What is stopped by an alarm is not counted. */
  private mayGoOut(call: NextCall, called: string, conversationId: ConversationId, isInstead = false): string | null {
    const stopped = this.spend.stopsCall(call, conversationId);
    if (stopped !== null) return stopped;
    const { userId } = call;
    const tripped = this.guard.begin(userId, isInstead);
    if (tripped === null) return null;
    const { rule, limit } = tripped;
    this.app.env.log.error("calls outside beyond the limit: refused", { user: userId, rule, limit });
    this.background("fraud alarm not kept", this.keep("telephony.fraud.alarm", conversationId, [userId], { userId, rule, limit, called }));
    return "too many calls outside at once or in a minute";
  }

  /** A call for help goes by a trunk that has no channel left: the least important call ends. True: one did. */
  private makeRoom(trunkId: TrunkId, forHelp: ConversationId): boolean {
    const trunk = this.directory.current.trunks.find(({ id }) => id === trunkId);
    if (trunk === undefined || !this.guard.isFull(trunk, forHelp)) return false;
    if (this.testCalls.preempt(trunkId)) return true;
    const call = leastImportant(this.callStates(), trunkId);
    if (call === null) return false;
    const { conversationId } = call;
    const lostBy = [call.customer.userId, call.agent?.userId, call.party?.callee.userId].filter((id) => id != null);
    this.app.env.log.warn("call ended for a call for help", { call: conversationId, for: forHelp, trunk: trunkId });
    this.runners.get(conversationId)?.post({ kind: "stop", reason: "preempted" });
    const told = this.keep("telephony.emergency.preempted", conversationId, [forHelp, trunkId, ...lostBy], { trunkId, forHelp, lostBy });
    this.background("pre-emption not kept", told);
    return true;
  }

  /** Who is to know at once reads it on whatever page they have open. */
  private calledForHelp({ conversationId, origin }: Extract<CallEvent, { kind: "call.offered" }>, callee: Callee): Promise<void> {
    const stationId = origin.kind === "station" ? origin.stationId : null;
    const userId = origin.kind === "station" ? origin.userId : null;
    const { current } = this.directory;
    const contacts = siteOf(current, stationId)?.emergencyContactIds ?? [];
    const name = current.users.find(({ id }) => id === userId)?.name ?? "";
    const callback = callee.paths[0].shown.number;
    this.app.env.log.warn("call for help", { call: conversationId, station: stationId });
    return this.keep("telephony.emergency.called", conversationId, [...(userId === null ? [] : [userId]), ...contacts], {
      ...{ stationId, userId, name, number: callee.number, callback, place: placeText(callee.place), contacts: [...contacts] },
    });
  }

  private triedHelp({ conversationId, origin }: Extract<CallEvent, { kind: "call.offered" }>, callee: Callee): Promise<void> {
    const userId = origin.kind === "station" ? origin.userId : null;
    const callback = callee.paths[0].shown.number;
    const facts = { userId, siteId: callee.isHelpTestOf, number: callee.number, callback, place: placeText(callee.place) };
    return this.keep("telephony.emergency.test-dialled", conversationId, [callee.isHelpTestOf!], facts);
  }

  // The runner of an ended conversation stays a while, so that late facts find it; then it and its legs are forgotten.
  private forget(legId: LegId): void {
    const runner = this.legs.get(legId);
    if (runner === undefined) return;
    this.app.env.clock.after(afterEndMs, () => {
      this.legs.delete(legId);
      this.charts.delete(legId);
      if (runner.ended) this.runners.delete(runner.conversationId);
    });
  }

  /** What the log says, of any node: alerts for conversations here, wishes in the inbox, configuration. */
  async onLogged(event: LoggedEvent): Promise<void> {
    if (event.organizationId !== this.app.organizationId) return;
    await this.directory.onLogged(event);
    this.spend.onLogged(event);
    if (event.payload === null) return;
    if (event.type === "routing.alert.created" && event.payload.nodeId === this.app.nodeId)
      this.alerted(event.subjectIds[0] as ConversationId, event.payload);
    if (event.type === "conversation.command.asked" && event.payload.nodeId === this.app.nodeId) await this.readInbox();
  }

  private alerted(conversationId: ConversationId, payload: NonNullable<LoggedEvent["payload"]>): void {
    const offer: AlertOffer = {
      alertId: payload.alertId as AlertId,
      participantId: payload.participantId as ParticipantId,
      queueId: payload.queueId as QueueId,
      userId: payload.userId as UserId,
      stationId: payload.stationId as StationId | null,
      deadlineAt: payload.deadlineAt as number,
      acw: { prompt: payload.acwPrompt as WrapupPrompt, timeoutMs: payload.acwTimeoutMs as number },
    };
    const runner = this.runners.get(conversationId);
    if (runner !== undefined) runner.post({ kind: "alerted", alert: offer });
    else this.background("alert not withdrawn", this.withdraw(conversationId, offer));
  }

  // The call is gone and so is its runner: the agent is given back.
  private async withdraw(conversationId: ConversationId, offer: AlertOffer): Promise<void> {
    const { alertId, participantId, queueId, userId } = offer;
    await this.keep("conversation.alert.ended", conversationId, [userId, alertId], {
      alertId,
      participantId,
      queueId,
      userId,
      outcome: "withdrawn",
      callerLeft: true,
    });
  }

  /** Takes what others asked of conversations here. Called on a hint and at intervals: a lost hint costs a moment, not the wish. */
  async readInbox(): Promise<void> {
    for (const item of await this.app.stores.inbox.take(this.app.nodeId, 100)) {
      this.runners.get(item.conversationId)?.post({ kind: "asked", wish: item.command });
    }
  }

  private async recordingClosed(event: Extract<CallEvent, { kind: "recording.closed" }>): Promise<void> {
    const { recordingId, conversationId, chunks, durationMs, sizeBytes, sha256 } = event;
    await this.keepRecording({
      recordingId,
      conversationId,
      path: recordingPath(recordingId),
      chunks,
      durationMs,
      sizeBytes,
      sha256,
      state: "sealed",
    });
  }

  /** Signs the manifest and chains it: also for recordings that a crash interrupted. */
  async keepRecording(facts: RecordingFacts): Promise<void> {
    const { manifestSha256 } = await this.signManifest(facts, await this.pausesOf(facts));
    const { conversationId, recordingId, ...payload } = facts;
    await this.keep("conversation.recording.closed", conversationId, [recordingId], { recordingId, ...payload, manifestSha256 });
  }

  /** The call's own memory, as long as there is one: the log may be behind it. After a crash the log has everything that was acknowledged. */
  private async pausesOf({ conversationId, recordingId }: RecordingFacts): Promise<readonly RecordingPause[]> {
    const call = this.runners.get(conversationId)?.call ?? null;
    const pauses = call === null ? loggedPauses(await this.app.log.readSubject(conversationId)) : pausesOf(call);
    const beganAt = idTime(recordingId);
    return pauses.filter(({ endedAt }) => endedAt === null || endedAt >= beganAt);
  }

  // A disk that is full now has room later; until then the recording is there, unsigned.
  private async signManifest(facts: RecordingFacts, pauses: readonly RecordingPause[]): Promise<{ readonly manifestSha256: string }> {
    for (;;) {
      try {
        return await this.ports.vault.signManifest(facts, pauses);
      } catch (error) {
        this.app.env.log.error("manifest not written", { call: facts.conversationId, reason: String(error) });
        await pause(this.app.env.clock, journalRetryMs);
      }
    }
  }

  /** Recordings of an earlier run in which nothing can be read. */
  async keepLostRecordings(lost: readonly { readonly recordingId: string; readonly reason: string }[]): Promise<void> {
    for (const { recordingId, reason } of lost) {
      const recording = await this.app.stores.recordings.byId(recordingId as RecordingId);
      if (recording !== null)
        await this.keep("conversation.recording.failed", recording.conversationId, [recordingId], { recordingId, reason });
    }
  }

  private async recordingFailed(event: Extract<CallEvent, { kind: "recording.failed" }>): Promise<void> {
    const { recordingId, conversationId, reason } = event;
    if (reason === "worker-died") {
      // As after a crash of the whole node: at most the second that was being written is lost.
      const salvaged = await this.ports.vault.salvage(recordingPath(recordingId)).catch(() => null);
      if (salvaged !== null) return this.keepRecording(salvaged);
    }
    this.app.env.log.error("recording failed", { call: conversationId, recording: recordingId, reason });
    await this.keep("conversation.recording.failed", conversationId, [recordingId as RecordingId], { recordingId, reason });
  }

  private async ladder(event: Extract<CallEvent, { kind: "call.ladder" }>): Promise<void> {
    const { conversationId, entries, truncated, sipIds } = event;
    if (entries.length === 0) return;
    const gzip = this.ports.vault.compress(JSON.stringify(entries));
    await this.keep("conversation.ladder.kept", conversationId, [], { entries: entries.length, truncated, gzip, sipIds: [...sipIds] });
  }

  private refusedHelp({ origin, called }: Extract<CallEvent, { kind: "call.offered" }>): Promise<void> {
    const stationId = origin.kind === "station" ? origin.stationId : null;
    const trunkId = origin.kind === "trunk" ? origin.trunkId : null;
    this.app.env.log.error("emergency number dialled and refused: no trunk by which help could be called", { station: stationId });
    const told = newEvent(this.app, {
      type: "telephony.emergency.refused",
      actorId: this.app.nodeId,
      subjectIds: [stationId ?? trunkId ?? this.app.nodeId],
      payload: { stationId, trunkId, called },
    });
    return keep(this.app.env, this.journal, [told], told.id);
  }

  private keep(
    type: string,
    conversationId: ConversationId,
    subjectIds: readonly string[],
    payload: { readonly [key: string]: Json | undefined },
  ): Promise<void> {
    const event: EventDraft = newEvent(this.app, {
      type,
      actorId: this.app.nodeId,
      subjectIds: [conversationId, ...subjectIds],
      seal: { kind: "conversation", id: conversationId },
      payload,
    });
    return keep(this.app.env, this.journal, [event], conversationId);
  }

  // Facts that nobody waits for: a failure is an alarm, not an exception in the middle of a call.
  private background(fact: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.app.env.log.error(fact, { reason: String(error) }));
  }
}
