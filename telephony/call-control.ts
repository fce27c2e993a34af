// Core's hands: hosts the legs, joins SIP sessions with media streams, and tells core what happened. Implements core/call/call-control.ts.
import type {
  CallCommand,
  CallControl,
  CallEvent,
  CallOrigin,
  CaptureWanted,
  LadderEntry,
  SipSocketIdentity,
  TelephonyDirectory,
} from "../core/call/call-control.ts";
import type { Env } from "../core/env/env.ts";
import {
  type ConferenceRoomId,
  type ConversationId,
  type LegId,
  newId,
  type RecordingId,
  type StationId,
  type TrunkId,
} from "../core/lib/id.ts";
import { callsMax, trunkSilenceMs } from "../core/lib/limits.ts";
import { assertNever, type Step } from "../core/lib/machine.ts";
import { mayBeEmergency } from "../core/telephony/emergency.ts";
import { startOf } from "./caller-leg.ts";
import { captureMode, isMessageWanted, isWanted } from "./captured.ts";
import { localAddressFor } from "./egress.ts";
import {
  type Conversation,
  capturedLeg,
  given,
  isOfTheFlow,
  type Leg,
  type LineOfLeg,
  newConversation,
  part,
  sipIdsOf,
  spokenBeside,
} from "./hosted.ts";
import { calledOf, callerOf, type Replaces, replacesOf } from "./ingress.ts";
import { type DialStation, type DialTrunk, stationInvite, trunkInvite } from "./invite.ts";
import { Ladders } from "./ladders.ts";
import { type LegInput, type LegOutput, type LegState, startCallee, stepLeg, verdictOf } from "./leg.ts";
import { codecsOfTrunk, encryptionOf, factsOf } from "./leg-facts.ts";
import { lineStateOf } from "./line-state.ts";
import type { MediaCommand, MediaEvent, MediaPlane, RecordingTarget } from "./media/plane.ts";
import { networkFactsOf } from "./network-facts.ts";
import { PressedDigits } from "./pressed-digits.ts";
import { Recordings } from "./recordings.ts";
import type { Registrar } from "./registrar.ts";
import { wideCodecs } from "./sdp/codecs.ts";
import type { Local } from "./sdp/offer-answer.ts";
import { newSessionId, sessionIdOf } from "./session-id.ts";
import type { DialogLayer, Session } from "./sip/dialog/layer.ts";
import type { SessionEnd, SessionEvent } from "./sip/dialog/session.ts";
import { type LineDialog, takingTags } from "./sip/dialog/watched.ts";
import { type Draft, header, headerValue, type SipRequest } from "./sip/message/message.ts";
import { endpointText, type Flow, isSameFlow } from "./sip/transport/flow.ts";
import type { Observe } from "./sip/transport/layer.ts";
import type { Way } from "./trunk/lines.ts";

export type CallControlOptions = {
  readonly env: Env;
  readonly directory: TelephonyDirectory;
  readonly media: MediaPlane;
  /** Our own addresses, public ones first: what peers are told. */
  readonly addresses: readonly string[];
  /** Where plain RTP sockets are bound. */
  readonly mediaAddress: string;
  /** The way to a trunk's next hop; null or a rejection: none now. `isForced`: though it has not answered lately. */
  readonly reach: (trunkId: TrunkId, hop: number, isForced: boolean) => Promise<Way | null>;
  /** A call along this path got no sign of life. */
  readonly suspect: (flow: Flow) => void;
  /** Whether it stands for an account of ours in a Request-URI, so that the number is in To. */
  readonly isContact: (user: string) => boolean;
  /** A call of that station is seen to be in another state than before. */
  readonly lineChanged: (stationId: StationId) => void;
  /** Packets of legs that are captured, as pcap records. */
  readonly captured: (records: Uint8Array, packets: number, lost: number) => void;
  /** Opens the vault's file for a recording; rejects when it cannot. */
  readonly recordingTarget: (recordingId: RecordingId, conversationId: ConversationId) => Promise<RecordingTarget>;
};

/** A guest says nothing about itself that we would believe. */
const guestCaller = { number: "", name: "Guest in a browser" } as const;

export class SipCallControl implements CallControl {
  private readonly legs = new Map<LegId, Leg>();
  private readonly bySession = new Map<Session, Leg>();
  /** Legs by whose station they are. */
  private readonly byStation = new Map<StationId, Set<Leg>>();
  private readonly conversations = new Map<ConversationId, Conversation>();
  private readonly recordings: Recordings;
  private readonly digits: PressedDigits;
  private listener: (event: CallEvent) => void = () => undefined;
  private readonly ladders: Ladders;
  /** Legs whose trunk is being looked for. */
  private readonly reaching = new Set<LegId>();
  /** Guests whose call is up: one each. */
  private readonly guests = new Set<string>();
  private isDraining = false;
  private capturing: CaptureWanted | null = null;

  constructor(
    private readonly options: CallControlOptions,
    private readonly dialogs: DialogLayer,
    private readonly registrar: Registrar,
  ) {
    this.ladders = new Ladders(options.env);
    this.recordings = new Recordings(options.media, options.recordingTarget, (event) => this.listener(event));
    this.digits = new PressedDigits(
      options.env,
      options.media,
      (event) => this.listener(event),
      (leg, digit) => this.step(leg, { kind: "tell-digit", digit }),
    );
    options.media.onEvent((event) => this.onMedia(event));
  }

  onEvent(listener: (event: CallEvent) => void): void {
    this.listener = listener;
  }

  isRegistered(stationId: StationId): boolean {
    return this.registrar.isRegistered(stationId);
  }

  /** Conversations with at least one leg. */
  get size(): number {
    return this.conversations.size;
  }

  /** The calls of a station, as whoever watches its line may see them at most. */
  dialogsOf(stationId: StationId): readonly LineDialog[] {
    return [...(this.byStation.get(stationId) ?? [])].flatMap(({ state, line }) => {
      const seen = lineStateOf(state);
      return seen === null || line === null
        ? []
        : [{ id: line.id, ...seen, party: line.party, mayBeTaken: seen.state === "early" && seen.direction === "recipient" }];
    });
  }

  /** Of a call that is up: what passed so far, redacted. */
  ladder(conversationId: ConversationId): readonly LadderEntry[] {
    const conversation = this.conversations.get(conversationId);
    return conversation === undefined ? [] : given(conversation.ladder).entries;
  }

  /** Conversations that go by this Call-ID or Session-ID now. */
  conversationsWith(sipId: string): readonly ConversationId[] {
    return [...this.conversations.values()].filter((one) => one.callIds.has(sipId) || one.sessions.has(sipId)).map(({ id }) => id);
  }

  /** From now on these legs are captured, those that are up and those that come; null: none. */
  capture(wanted: CaptureWanted | null): void {
    this.capturing = wanted;
    for (const leg of this.legs.values()) this.captureLeg(leg);
  }

  /** Whether this message is to be captured. `isTheirs`: of a flow of the trunk or station that is wanted. */
  captures(message: Draft, wanted: CaptureWanted, isTheirs: () => boolean): boolean {
    const { leg, conversation } = this.ladders.ownersOf(message);
    const method = (headerValue(message, "cseq") ?? "").trim().split(/\s+/)[1] ?? "";
    if (leg !== null) return isMessageWanted(wanted, capturedLeg(leg), method);
    if (conversation?.isPrivate === true && method === "INFO") return false;
    if (wanted.conversationId !== null) return conversation?.id === wanted.conversationId;
    return isTheirs();
  }

  private captureLeg(leg: Leg): void {
    const { addresses, media } = this.options;
    const localAddress = localAddressFor(leg.flow?.remote.address ?? "", addresses);
    media.send({ kind: "capture", streamId: leg.state.legId, mode: captureMode(this.capturing, capturedLeg(leg)), localAddress });
  }

  /** From now on new calls are refused; running ones go on. */
  drain(): void {
    this.isDraining = true;
  }

  report(event: CallEvent): void {
    this.listener(event);
  }

  send(command: CallCommand): void {
    switch (command.kind) {
      case "answer":
        if (command.meetsIn !== undefined) this.meet(command.legId, command.meetsIn);
        this.input(command.legId, { kind: "answer" });
        break;
      case "ring":
      case "progress":
      case "confirm":
        this.input(command.legId, { kind: command.kind });
        break;
      case "reject":
        this.input(command.legId, { kind: "reject", reason: command.reason });
        break;
      case "hang-up":
        this.unreached(command.legId, "ended-by-us");
        this.input(command.legId, { kind: "hang-up", reason: command.reason });
        break;
      case "refer-result":
        this.input(command.legId, { kind: "refer-result", status: command.status });
        break;
      case "dial-station":
        this.dialStation(command);
        break;
      case "dial-trunk":
        this.dialTrunk(command);
        break;
      case "play": {
        const { legId, playId, prompts, loop } = command;
        this.toStream(legId, { kind: "play", streamId: legId, playId, prompts, loop });
        break;
      }
      case "stop-play":
        this.toStream(command.legId, { kind: "stop-play", streamId: command.legId, playId: command.playId });
        break;
      case "move":
        this.move(command.legId, command.conversationId);
        break;
      case "bridge":
        this.bridge(command.a, command.b);
        break;
      case "unbridge":
        part(this.legs.get(command.legId));
        this.toStream(command.legId, { kind: "unbridge", streamId: command.legId });
        break;
      case "mix": {
        const { mixId, legId, heardBy } = command;
        part(this.legs.get(legId));
        this.toStream(legId, { kind: "mix", streamId: legId, mixId, heardBy });
        break;
      }
      case "record-start":
        this.recordings.start(command);
        break;
      case "record-channel": {
        const { recordingId, conversationId, right } = command;
        this.recordings.send(recordingId, { kind: "record-channel", recordingId, groupId: conversationId, right });
        break;
      }
      case "record-pause": {
        const { recordingId, conversationId, paused } = command;
        this.recordings.send(recordingId, { kind: "record-pause", recordingId, groupId: conversationId, paused });
        break;
      }
      case "privacy": {
        const conversation = this.conversations.get(command.conversationId);
        if (conversation === undefined) break;
        conversation.isPrivate = command.isPrivate;
        if (this.capturing !== null) for (const leg of conversation.legs) this.captureLeg(leg);
        break;
      }
      case "record-stop":
        this.recordings.send(command.recordingId, {
          kind: "record-stop",
          recordingId: command.recordingId,
          groupId: command.conversationId,
        });
        break;
      default:
        assertNever(command);
    }
  }

  private meet(legId: LegId, roomId: ConferenceRoomId): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) leg.conversation.mediaGroup = roomId;
  }

  // ── From SIP ──

  /** Every message, for the ladders. */
  readonly observe: Observe = (direction, flow, passing) => this.ladders.observe(direction, flow, passing);

  incoming(session: Session, invite: SipRequest, origin: CallOrigin): void {
    const replaces = replacesOf(invite);
    if (replaces !== null) {
      this.replace(session, invite, origin, replaces);
      return;
    }
    const { env, directory } = this.options;
    const called = calledOf(invite, this.options.isContact);
    // A call for help is core's to decide, however full or late it is.
    if (!mayBeEmergency(called) && (this.isDraining || this.conversations.size >= callsMax)) {
      env.log.warn("call refused", { status: 503, reason: this.isDraining ? "draining" : "as many calls as there may be" });
      session.send({ kind: "reject", status: 503, headers: [header("Retry-After", "10")] });
      return;
    }
    if (origin.kind === "guest" && this.guests.has(origin.guestId)) {
      session.send({ kind: "reject", status: 486 });
      return;
    }
    const conversationId: ConversationId = newId(env);
    const legId: LegId = newId(env);
    const isForHelp = origin.kind === "station" && directory.isCallForHelp(origin.stationId, called);
    const start = startOf(this.options, session, invite, origin, legId, isForHelp);
    if (start === null) return;
    const line = origin.kind === "station" ? this.lineOf(origin.stationId, { number: called, name: "" }) : null;
    const leg = this.callIn(session, invite, start, this.conversation(conversationId), {
      line,
      trunkId: origin.kind === "trunk" ? origin.trunkId : null,
    });
    if (origin.kind === "guest") {
      leg.guestId = origin.guestId;
      this.guests.add(origin.guestId);
    }
    const caller =
      origin.kind === "trunk"
        ? callerOf(invite)
        : origin.kind === "guest"
          ? guestCaller
          : { number: directory.station(origin.stationId)?.username ?? "", name: "" };
    const network = origin.kind === "trunk" ? { network: networkFactsOf(invite) } : {};
    this.listener({ kind: "call.offered", conversationId, legId, origin, caller, called, ...network });
  }

  private callIn(
    session: Session,
    invite: SipRequest,
    start: Step<LegState, LegOutput>,
    conversation: Conversation,
    whose: { readonly line: LineOfLeg | null; readonly trunkId: TrunkId | null },
  ): Leg {
    this.ladders.claim(conversation, session.callId);
    const leg = this.adopt(start, conversation, session.flow, null, whose);
    leg.session = session;
    leg.peerSession = sessionIdOf(invite);
    this.bySession.set(session, leg);
    this.ladders.name(leg, session.callId);
    return leg;
  }

  /**
   * RFC 3891 §3: a phone of ours takes the place of a call that rings at another. Carriers and guests replace nothing, and learn of nothing; what is
   * answered already stays whose it is.
   */
  private replace(session: Session, invite: SipRequest, origin: CallOrigin, replaces: Replaces | "broken"): void {
    const refuse = (status: number): void => session.send({ kind: "reject", status });
    if (replaces === "broken") return refuse(400);
    const replaced = origin.kind === "station" ? this.replacedBy(replaces) : null;
    const seen = replaced === null ? null : lineStateOf(replaced.state);
    // What a caller of ours began cannot be replaced before it is answered (§3): it is not this side's to give.
    if (origin.kind !== "station" || replaced === null || seen === null || (seen.state === "early" && replaced.dial === null))
      return refuse(481);
    if (seen.state === "confirmed") return refuse(replaces.isEarlyOnly ? 486 : 603);
    const legId: LegId = newId(this.options.env);
    const start = startOf(this.options, session, invite, origin, legId, false);
    if (start === null) return;
    const { stationId, userId } = origin;
    const line = this.lineOf(stationId, replaced.line?.party ?? { number: "", name: "" });
    this.callIn(session, invite, start, replaced.conversation, { line, trunkId: null });
    this.listener({ kind: "leg.replace-asked", legId, replaces: replaced.state.legId, stationId, userId });
  }

  /** By the ids that we have told watchers of, or by those of a dialog that we share with its device. */
  private replacedBy({ callId, toTag, fromTag }: Replaces): Leg | null {
    for (const leg of this.legs.values()) {
      if (leg.line?.id !== callId) continue;
      const { local, remote } = takingTags(callId);
      return [local, remote].toSorted().join() === [toTag, fromTag].toSorted().join() ? leg : null;
    }
    const session = this.dialogs.sessionOf(callId, toTag, fromTag);
    return session === null ? null : (this.bySession.get(session) ?? null);
  }

  /** Both calls are of one phone: nobody joins what is not theirs. Which of them goes on is core's to say. */
  private join(leg: Leg, { callId, toTag, fromTag }: Replaces): void {
    const session = this.dialogs.sessionOf(callId, toTag, fromTag);
    const other = session === null ? undefined : this.bySession.get(session);
    const isOurs = leg.line !== null && other !== undefined && other !== leg && other.line?.stationId === leg.line.stationId;
    if (isOurs) this.listener({ kind: "leg.join-asked", legId: leg.state.legId, withLegId: other.state.legId });
    else this.step(leg, { kind: "refer-result", status: leg.line === null ? 403 : 481 });
  }

  /** What passes from here on is of that conversation's ladder. */
  private move(legId: LegId, conversationId: ConversationId): void {
    const leg = this.legs.get(legId);
    const to = this.conversations.get(conversationId);
    if (leg === undefined || to === undefined || leg.conversation === to) return;
    const from = leg.conversation;
    part(leg);
    from.legs.delete(leg);
    to.legs.add(leg);
    leg.conversation = to;
    for (const callId of leg.callIds) this.ladders.claim(to, callId);
    this.options.media.send({ kind: "move", streamId: legId, groupId: to.mediaGroup });
    if (this.capturing !== null) this.captureLeg(leg);
    this.leave(from);
  }

  /** Whether a session is a call of whoever has that socket. */
  isOf(session: Session, identity: SipSocketIdentity): boolean {
    const leg = this.bySession.get(session);
    if (leg === undefined) return false;
    return "guestId" in identity ? leg.guestId === identity.guestId : leg.line?.stationId === identity.stationId;
  }

  onSession(session: Session, event: SessionEvent): void {
    const leg = this.bySession.get(session);
    if (leg === undefined) return;
    if (event.kind === "ended") {
      this.bySession.delete(session);
      if (this.goesByAnotherFlow(leg, event.end)) return;
    }
    this.step(leg, { kind: "session", event });
  }

  /** RFC 5626 §4.3: a phone that has several flows is called along another where one has failed and nobody has heard of the call. */
  private goesByAnotherFlow(leg: Leg, end: SessionEnd): boolean {
    const { dial, tried, offer } = leg;
    if (dial?.kind !== "dial-station" || offer === null || !isOfTheFlow(leg, end)) return false;
    if (end.status === 430) this.registrar.flowFailed(dial.stationId, tried.at(-1)!);
    const next = this.registrar.bindingOf(dial.stationId, tried);
    if (next === null) return false;
    tried.push(next);
    leg.session = null;
    this.invite(leg, offer);
    return true;
  }

  /**
   * A connection is gone. A browser lives and dies with its socket; a TCP connection may close and be made anew while the call goes on
   * (RFC 3261 §18), and comes back with the peer's next request.
   */
  flowClosed(flow: Flow): void {
    if (flow.transport !== "ws" && flow.transport !== "wss") return;
    for (const leg of [...this.legs.values()]) {
      const path = leg.session?.flow ?? leg.flow;
      if (path !== null && isSameFlow(path, flow)) this.step(leg, { kind: "flow-closed" });
    }
  }

  [Symbol.dispose](): void {
    for (const leg of this.legs.values()) for (const timer of leg.timers.values()) timer.cancel();
    this.legs.clear();
    this.conversations.clear();
  }

  // ── Legs ──

  private dialStation(command: DialStation): void {
    if (this.legs.has(command.legId)) return;
    const binding = this.registrar.bindingOf(command.stationId);
    const station = this.options.directory.station(command.stationId);
    if (binding === null || station === null) {
      this.listener({ kind: "leg.ended", legId: command.legId, reason: "unreachable", sipStatus: null });
      return;
    }
    const device = station.kind === "browser" ? "webrtc" : "rtp";
    const encryption = this.options.directory.mediaEncryption(command.stationId);
    const facts = factsOf(this.options, command.legId, "callee", device, binding.flow, encryption, wideCodecs);
    this.adopt(startCallee(facts, command.ringMs), this.conversation(command.conversationId), binding.flow, command, {
      line: this.lineOf(command.stationId, { number: command.callerNumber, name: command.callerName }),
    });
  }

  private lineOf(stationId: StationId, party: LineOfLeg["party"]): LineOfLeg {
    return { stationId, id: this.dialogs.newToken(), party, seen: null };
  }

  /** The way to a trunk may have to be looked up or connected first; a hang-up meanwhile means that nobody is called. */
  private dialTrunk(command: DialTrunk): void {
    const { legId, trunkId } = command;
    if (this.legs.has(legId) || this.reaching.has(legId)) return;
    const begin = (way: Way | null): void => {
      if (!this.reaching.has(legId)) return;
      if (way === null) {
        this.unreached(legId, "unreachable");
        return;
      }
      this.reaching.delete(legId);
      const encryption = encryptionOf(this.options.directory, { kind: "trunk", trunkId }, command.isEmergency);
      const facts = {
        ...factsOf(this.options, legId, "callee", "rtp", way.flow, encryption, codecsOfTrunk(this.options.directory, trunkId)),
        silenceMs: trunkSilenceMs,
      };
      this.adopt(startCallee(facts, command.ringMs), this.conversation(command.conversationId), way.flow, command, { way });
    };
    this.reaching.add(legId);
    this.options.reach(trunkId, command.hop, command.isEmergency || command.isTest === true).then(begin, (error: unknown) => {
      this.options.env.log.warn("trunk not reached", { trunk: trunkId, reason: String(error) });
      begin(null);
    });
  }

  private unreached(legId: LegId, reason: "ended-by-us" | "unreachable"): void {
    if (this.reaching.delete(legId)) this.listener({ kind: "leg.ended", legId, reason, sipStatus: null });
  }

  private adopt(
    start: Step<LegState, LegOutput>,
    conversation: Conversation,
    flow: Flow,
    dial: Leg["dial"],
    {
      way = null,
      line = null,
      trunkId = null,
    }: { readonly way?: Way | null; readonly line?: LineOfLeg | null; readonly trunkId?: TrunkId | null },
  ): Leg {
    const leg: Leg = {
      state: start.state,
      conversation,
      session: null,
      timers: new Map(),
      dial,
      flow,
      way,
      tried: [],
      offer: null,
      trunkId: dial?.kind === "dial-trunk" ? dial.trunkId : trunkId,
      guestId: null,
      line,
      peerSession: null,
      otherSession: null,
      callIds: new Set(),
      codec: null,
      hasEvents: false,
      usesInfo: false,
      iceName: null,
      presses: [],
      partner: null,
    };
    this.legs.set(start.state.legId, leg);
    conversation.legs.add(leg);
    if (line !== null) this.byStation.set(line.stationId, (this.byStation.get(line.stationId) ?? new Set()).add(leg));
    for (const output of start.outputs) this.carryOut(leg, output);
    this.show(leg);
    return leg;
  }

  private input(legId: LegId, input: LegInput): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) this.step(leg, input);
  }

  private step(leg: Leg, input: LegInput): void {
    try {
      const { state, outputs } = stepLeg(leg.state, input);
      leg.state = state;
      for (const output of outputs) this.carryOut(leg, output);
      this.show(leg);
    } catch (error) {
      this.failed(leg, input, error);
    }
  }

  /** Whoever watches the line hears of it. */
  private show({ state, line }: Leg): void {
    if (line === null) return;
    const seen = lineStateOf(state)?.state ?? null;
    if (seen === line.seen) return;
    line.seen = seen;
    this.options.lineChanged(line.stationId);
  }

  /** A bug of ours ends the leg it happened in, and nothing else. */
  private failed(leg: Leg, input: LegInput, error: unknown): void {
    const { legId, name } = leg.state;
    this.options.env.log.error("leg ended by a bug", { leg: legId, state: name, input: input.kind, error: String(error) });
    if (!this.legs.has(legId)) return;
    if (leg.session !== null) this.bySession.delete(leg.session);
    leg.session?.forget();
    this.options.media.send({ kind: "close", streamId: legId });
    this.drop(leg);
    this.listener({ kind: "leg.ended", legId, reason: "error", sipStatus: null });
  }

  private carryOut(leg: Leg, output: LegOutput): void {
    const { env, media } = this.options;
    switch (output.kind) {
      case "session":
        leg.session?.send(output.command);
        break;
      case "invite":
        this.invite(leg, output.body);
        break;
      case "forget-session":
        if (leg.session !== null) this.bySession.delete(leg.session);
        leg.session?.forget();
        leg.session = null;
        break;
      case "leave-session":
        if (leg.session !== null) this.bySession.delete(leg.session);
        leg.session?.send({ kind: "hang-up" });
        leg.session = null;
        break;
      case "media":
        if (output.command.kind === "connect-rtp" || output.command.kind === "connect-webrtc") {
          leg.codec = output.command.remote.codec;
          leg.hasEvents = output.command.remote.dtmfPayloadType !== null;
        }
        if (output.command.kind === "connect-webrtc") {
          const { ufrag } = output.command.ours;
          if (leg.iceName !== null && leg.iceName !== ufrag)
            env.log.info("a browser in another network", { call: leg.conversation.id, leg: leg.state.legId });
          leg.iceName = ufrag;
        }
        media.send(output.command);
        break;
      case "open-media": {
        const { legId, device } = leg.state;
        const localAddress = this.options.mediaAddress;
        media.send({ kind: "open", streamId: legId, groupId: leg.conversation.mediaGroup, transport: device, localAddress });
        if (this.capturing !== null && isWanted(this.capturing, capturedLeg(leg))) this.captureLeg(leg);
        break;
      }
      case "report":
        if (output.event.kind === "leg.ended" && output.event.reason === "unreachable" && leg.way !== null)
          this.options.suspect(leg.way.flow);
        if (output.event.kind === "leg.unprotected")
          env.log.warn("voice not encrypted", { call: leg.conversation.id, leg: leg.state.legId, status: output.event.sipStatus ?? "200" });
        this.listener(output.event);
        break;
      case "join":
        this.join(leg, output.replaces);
        break;
      case "pressed":
        leg.usesInfo = true;
        this.digits.pressed(leg, output.digit, "info");
        break;
      case "start":
        leg.timers.get(output.timer)?.cancel();
        leg.timers.set(
          output.timer,
          env.clock.after(output.ms, () => {
            leg.timers.delete(output.timer);
            this.step(leg, { kind: "timer", timer: output.timer });
          }),
        );
        break;
      case "stop":
        leg.timers.get(output.timer)?.cancel();
        leg.timers.delete(output.timer);
        break;
      case "ended":
        this.drop(leg);
        break;
      default:
        assertNever(output);
    }
  }

  /** Calls the device, or the number. */
  private invite(leg: Leg, body: Uint8Array): void {
    const { dial } = leg;
    const binding = dial?.kind === "dial-station" ? (leg.tried.at(-1) ?? this.registrar.bindingOf(dial.stationId)) : null;
    const flow = dial?.kind === "dial-trunk" ? leg.flow : (binding?.flow ?? null);
    if (dial === null || flow === null) {
      this.step(leg, { kind: "flow-closed" });
      return;
    }
    leg.flow = flow;
    if (binding !== null && leg.tried.length === 0) leg.tried.push(binding);
    leg.offer = body;
    const contact = this.dialogs.contact(flow, leg.way?.contactUser ?? null);
    const callId = this.dialogs.newToken();
    const [tag, boundary] = [this.dialogs.newToken(), this.dialogs.newToken()];
    const parts = { body, local: flow.local, contact, callId, tag, boundary, now: this.options.env.clock.now() };
    const manner = dial.kind === "dial-trunk" ? this.options.directory.trunkManner(dial.trunkId) : null;
    const draft =
      dial.kind === "dial-trunk"
        ? trunkInvite(dial, leg.way?.domain ?? null, endpointText(flow.remote), parts, manner)
        : stationInvite(dial, this.options.directory.station(dial.stationId)?.username ?? "station", binding!, parts);
    this.ladders.claim(leg.conversation, callId);
    this.ladders.name(leg, callId);
    const started = (session: Session): void => {
      leg.session = session;
      this.bySession.set(session, leg);
    };
    this.dialogs.call(draft, flow, contact, started, manner?.sessionTimers);
  }

  private conversation(id: ConversationId): Conversation {
    let conversation = this.conversations.get(id);
    if (conversation === undefined) {
      conversation = newConversation(id, newSessionId(this.options.env.random));
      this.conversations.set(id, conversation);
    }
    return conversation;
  }

  private drop(leg: Leg): void {
    const { conversation } = leg;
    for (const timer of leg.timers.values()) timer.cancel();
    this.legs.delete(leg.state.legId);
    part(leg);
    this.ladders.dropLeg(leg);
    if (leg.line !== null) this.dropLine(leg, leg.line);
    if (leg.guestId !== null) this.guests.delete(leg.guestId);
    conversation.legs.delete(leg);
    this.leave(conversation);
  }

  /** The last leg takes the conversation with it. A lost leg whose conversation is over is nobody's any more. */
  private leave(conversation: Conversation): void {
    if ([...conversation.legs].some(({ state }) => state.name !== "lost")) return;
    for (const lost of conversation.legs) {
      this.legs.delete(lost.state.legId);
      if (lost.line !== null) this.dropLine(lost, lost.line);
    }
    this.conversations.delete(conversation.id);
    // The answer to the last BYE is still on its way; it belongs to the ladder that is given out now or to none.
    this.ladders.drop(conversation);
    this.listener({ kind: "call.ladder", conversationId: conversation.id, ...given(conversation.ladder), sipIds: sipIdsOf(conversation) });
  }

  private dropLine(leg: Leg, { stationId }: LineOfLeg): void {
    const others = this.byStation.get(stationId);
    others?.delete(leg);
    if (others?.size === 0) this.byStation.delete(stationId);
    this.options.lineChanged(stationId);
  }

  // ── Media ──

  private bridge(a: LegId, b: LegId): void {
    const [left, right] = [this.legs.get(a), this.legs.get(b)];
    if (left === undefined || right === undefined) return;
    part(left);
    part(right);
    left.partner = right;
    right.partner = left;
    this.options.media.send({ kind: "bridge", a, b });
  }

  private toStream(legId: LegId, command: MediaCommand): void {
    if (this.legs.has(legId)) this.options.media.send(command);
  }

  private onMedia(event: MediaEvent): void {
    switch (event.kind) {
      case "opened":
        this.input(event.streamId as LegId, {
          kind: "opened",
          local: this.localOf(event),
          spoken: spokenBeside(this.legs.get(event.streamId as LegId)),
        });
        break;
      case "connected":
        this.input(event.streamId as LegId, { kind: "connected", protection: event.protection });
        break;
      case "failed":
        this.input(event.streamId as LegId, { kind: "media-failed" });
        break;
      case "stats":
        if (event.final) this.input(event.streamId as LegId, { kind: "last-stats", stats: event.stats });
        else this.forLeg(event.streamId, (legId) => ({ kind: "leg.quality", legId, verdict: verdictOf(event.stats) }));
        break;
      case "digit": {
        const leg = this.legs.get(event.streamId as LegId);
        this.digits.pressed(leg, event.digit, leg?.hasEvents === true ? "event" : "tone");
        break;
      }
      case "play-finished":
        this.forLeg(event.streamId, (legId) => ({ kind: "play.finished", legId, playId: event.playId, reason: event.reason }));
        break;
      case "trouble": {
        const { direction, trouble, before, forMs } = event;
        this.forLeg(event.streamId, (legId) => ({ kind: "leg.trouble", legId, direction, trouble, before, forMs }));
        break;
      }
      case "captured":
        this.options.captured(event.records, event.packets, event.lost);
        break;
      case "recording-progress":
        break;
      case "recording-closed":
        this.recordings.closed(event);
        break;
      case "recording-failed":
        this.recordings.failed(event.recordingId as RecordingId, event.reason);
        break;
      default:
        assertNever(event);
    }
  }

  private localOf({ streamId, local }: Extract<MediaEvent, { kind: "opened" }>): Local {
    const { addresses } = this.options;
    if (local.webrtc !== null) return { kind: "webrtc", addresses, port: local.rtpPort, ...local.webrtc };
    const remote = this.legs.get(streamId as LegId)?.flow?.remote.address ?? "";
    return { kind: "rtp", address: localAddressFor(remote, addresses), port: local.rtpPort, rtcpPort: local.rtcpPort, keys: local.srtp };
  }

  private forLeg(streamId: string, event: (legId: LegId) => CallEvent): void {
    const legId = streamId as LegId;
    if (this.legs.has(legId)) this.listener(event(legId));
  }
}
