// The life of one call: customer, flow, queue, alert, agent, hold, a browser that vanishes, the end. Pure; the runner hosts it. START READING HERE.
import type { FlowInput, FlowOutput } from "../architect/action.ts";
import type { DisconnectType, EndReason } from "../conversation/conversation.ts";
import type { ConversationEvents, ConversationEventType } from "../conversation/events.ts";
import type { AlertId, ConversationId, FlowId, LegId, ParticipantId, QueueId, RecordingId, SkillId, StationId, UserId } from "../lib/id.ts";
import { agentLegHeldMs } from "../lib/limits.ts";
import { assertNever, type Step } from "../lib/machine.ts";
import { recordingPath } from "../recording/path.ts";
import type { WrapupPrompt } from "../routing/queue.ts";
import type { CallCommand, CallEvent, CallerIdentity, CallOrigin, LegEndReason, RejectReason } from "./call-control.ts";

export type CallState = {
  readonly conversationId: ConversationId;
  readonly caller: CallerIdentity;
  readonly called: string;
  readonly customer: { readonly legId: LegId; readonly participantId: ParticipantId; readonly up: boolean; readonly ended: boolean };
  /** The flow that has the caller now; in-queue flows belong to `acd`. */
  readonly ivr: { readonly participantId: ParticipantId; readonly flowId: FlowId } | null;
  readonly acd: Acd | null;
  readonly alert: AlertInCall | null;
  readonly agent: AgentInCall | null;
  readonly recording: { readonly recordingId: RecordingId } | null;
  /** The music that a held or orphaned caller hears. */
  readonly holdPlayId: string | null;
  readonly ended: EndReason | null;
  readonly plays: number;
};

type Acd = {
  readonly participantId: ParticipantId;
  readonly queueId: QueueId;
  readonly queueName: string;
  readonly baseAt: number;
  readonly priority: number;
  readonly skillIds: readonly SkillId[];
  readonly languageId: SkillId | null;
  readonly inQueueFlow: string | null;
};

type AlertInCall = {
  readonly alertId: AlertId;
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly stationId: StationId | null;
  readonly legId: LegId;
  readonly acw: AcwRule;
};

type AgentInCall = {
  readonly participantId: ParticipantId;
  readonly userId: UserId;
  readonly stationId: StationId;
  readonly legId: LegId;
  readonly held: boolean;
  /** Since when its browser is gone; the leg that calls it back. */
  readonly lost: { readonly at: number; readonly returningLegId: LegId | null } | null;
  readonly acw: AcwRule;
};

export type AcwRule = { readonly prompt: WrapupPrompt; readonly timeoutMs: number };

/** Where the router sends a new call. */
export type Route =
  | { readonly kind: "flow"; readonly flowId: FlowId; readonly flowName: string; readonly version: number }
  | { readonly kind: "reject"; readonly reason: RejectReason };

export type AlertOffer = {
  readonly alertId: AlertId;
  readonly participantId: ParticipantId;
  readonly queueId: QueueId;
  readonly userId: UserId;
  readonly stationId: StationId | null;
  readonly deadlineAt: number;
  readonly acw: AcwRule;
};

export type CallInput =
  | {
      readonly kind: "offered";
      readonly conversationId: ConversationId;
      readonly legId: LegId;
      readonly origin: CallOrigin;
      readonly caller: CallerIdentity;
      readonly called: string;
      readonly route: Route;
    }
  | { readonly kind: "leg"; readonly event: Extract<CallEvent, { legId: LegId }> }
  | { readonly kind: "flow"; readonly output: FlowOutput }
  /** The runner has resolved a transfer's names; null: there is no such queue. */
  | { readonly kind: "queue-found"; readonly queue: Omit<Acd, "participantId" | "baseAt"> | null; readonly message: string }
  | { readonly kind: "alerted"; readonly alert: AlertOffer }
  | { readonly kind: "station-registered"; readonly stationId: StationId }
  | { readonly kind: "timer"; readonly name: "agent-lost" }
  | { readonly kind: "asked"; readonly command: "hold" | "resume" | "disconnect"; readonly participantId: ParticipantId }
  /** The node stops and its calls with it. */
  | { readonly kind: "stop"; readonly reason: Extract<EndReason, "node-stopped" | "node-fenced" | "error"> };

type Append<T extends ConversationEventType = ConversationEventType> = {
  [K in T]: { readonly kind: "append"; readonly type: K; readonly payload: ConversationEvents[K]; readonly subjectIds: readonly string[] };
}[T];

export type CallOutput =
  /** To the journal; nothing that follows is done before it is on disk. */
  | Append
  | { readonly kind: "control"; readonly command: CallCommand }
  | { readonly kind: "flow-start"; readonly which: "inbound"; readonly flowId: FlowId }
  | { readonly kind: "flow-start"; readonly which: "in-queue"; readonly flowName: string | null }
  | { readonly kind: "flow-input"; readonly input: FlowInput }
  | { readonly kind: "flow-stop" }
  | { readonly kind: "find-queue"; readonly transfer: Extract<FlowOutput, { kind: "transfer-to-acd" }> }
  | { readonly kind: "flow-timer"; readonly ms: number | null }
  | { readonly kind: "ask-queue-facts" }
  | { readonly kind: "timer-set"; readonly name: "agent-lost"; readonly ms: number }
  | { readonly kind: "timer-cancel"; readonly name: "agent-lost" };

/** Ids are made by the host, so that the same inputs always give the same outputs. */
export type Moment = { readonly now: number; readonly ids: readonly string[] };
export const idsPerInput = 4;

const holdMusic = [{ kind: "key", key: "music.default" } as const];

/** The first input of a call; every later one goes to `step`. */
export function begin(input: Extract<CallInput, { kind: "offered" }>, moment: Moment): Step<CallState, CallOutput> {
  const [customerParticipantId, ivrParticipantId] = moment.ids as [ParticipantId, ParticipantId];
  const { route, origin } = input;
  const state: CallState = {
    conversationId: input.conversationId,
    caller: input.caller,
    called: input.called,
    customer: { legId: input.legId, participantId: customerParticipantId, up: false, ended: false },
    ivr: route.kind === "flow" ? { participantId: ivrParticipantId, flowId: route.flowId } : null,
    acd: null,
    alert: null,
    agent: null,
    recording: null,
    holdPlayId: null,
    ended: null,
    plays: 0,
  };
  const started = append(state, "conversation.started", {
    customerParticipantId,
    legId: input.legId,
    direction: "inbound",
    callerNumber: input.caller.number,
    callerName: input.caller.name,
    calledNumber: input.called,
    trunkId: origin.kind === "trunk" ? origin.trunkId : null,
    stationId: origin.kind === "station" ? origin.stationId : null,
    ...(origin.kind === "guest" ? { guest: true as const } : {}),
  });
  if (route.kind === "reject") {
    return {
      state: { ...state, ended: "rejected", customer: { ...state.customer, ended: true } },
      outputs: [
        started,
        append(state, "conversation.rejected", { reason: route.reason }),
        append(state, "conversation.ended", { reason: "rejected", disconnectType: "system", customerParticipantId }),
        control({ kind: "reject", legId: input.legId, reason: route.reason }),
      ],
    };
  }
  const flowStarted = append(state, "conversation.flow.started", {
    participantId: ivrParticipantId,
    flowId: route.flowId,
    flowName: route.flowName,
    version: route.version,
  });
  return { state, outputs: [started, flowStarted, control({ kind: "answer", legId: input.legId })] };
}

export function step(state: CallState, input: CallInput, moment: Moment): Step<CallState, CallOutput> {
  if (state.ended !== null) return afterEnd(state, input);
  switch (input.kind) {
    case "offered":
      return nothing(state);
    case "leg":
      return legStep(state, input.event, moment);
    case "flow":
      return flowStep(state, input.output, moment);
    case "queue-found":
      return queueFound(state, input.queue, input.message, moment);
    case "alerted":
      return alerted(state, input.alert, moment);
    case "station-registered":
      return stationRegistered(state, input.stationId, moment);
    case "timer":
      return agentStaysLost(state, moment);
    case "asked":
      return asked(state, input.command, input.participantId, moment);
    case "stop":
      return end(state, input.reason, "system", moment);
    default:
      return assertNever(input);
  }
}

// An alert that was made while the call ended is given back; late legs are hung up; the rest is nothing.
function afterEnd(state: CallState, input: CallInput): Step<CallState, CallOutput> {
  if (input.kind === "alerted") return { state, outputs: [withdrawn(state, input.alert)] };
  if (input.kind === "leg" && input.event.kind === "leg.answered") {
    return { state, outputs: [control({ kind: "hang-up", legId: input.event.legId, reason: "normal" })] };
  }
  if (input.kind === "leg" && input.event.kind === "leg.media") return { state, outputs: measured(state, input.event) };
  return nothing(state);
}

function legStep(state: CallState, event: Extract<CallEvent, { legId: LegId }>, moment: Moment): Step<CallState, CallOutput> {
  const who = legOf(state, event.legId);
  switch (event.kind) {
    case "leg.answered":
      if (who === "customer") return customerAnswered(state);
      if (who === "alert") return alertAccepted(state, moment);
      if (who === "returning") return agentReturned(state, moment);
      return { state, outputs: [control({ kind: "hang-up", legId: event.legId, reason: "normal" })] };
    case "leg.ended":
      return legEnded(state, who, event.reason, moment);
    case "leg.lost":
      // A guest's page is gone, and nothing will bring its call back; the leg itself is still to be ended.
      if (who === "customer") return customerGone(state, moment);
      return who === "agent" ? agentLost(state, moment) : nothing(state);
    case "digit":
      // Digits belong to the flow that has the caller; between people they are relayed by media.
      return who === "customer" && state.agent === null
        ? { state, outputs: [{ kind: "flow-input", input: { kind: "digit", digit: event.digit } }] }
        : nothing(state);
    case "play.finished":
      if (who !== "customer") return nothing(state);
      return { state, outputs: [{ kind: "flow-input", input: { kind: "play-finished", playId: event.playId, reason: event.reason } }] };
    case "leg.silent": {
      const participantId = participantOf(state, who);
      return participantId === null
        ? nothing(state)
        : { state, outputs: [append(state, "conversation.media.silent", { participantId, forMs: event.forMs })] };
    }
    case "leg.media":
      return { state, outputs: measured(state, event) };
    case "call.offered":
    case "leg.ringing":
    case "leg.connected":
    case "leg.heard-again":
      return nothing(state);
    default:
      return assertNever(event);
  }
}

type Who = "customer" | "alert" | "agent" | "returning" | "nobody";

function legOf(state: CallState, legId: LegId): Who {
  if (legId === state.customer.legId) return "customer";
  if (legId === state.alert?.legId) return "alert";
  if (legId === state.agent?.legId) return "agent";
  if (legId === state.agent?.lost?.returningLegId) return "returning";
  return "nobody";
}

function participantOf(state: CallState, who: Who): ParticipantId | null {
  switch (who) {
    case "customer":
      return state.customer.participantId;
    case "agent":
    case "returning":
      return state.agent?.participantId ?? null;
    case "alert":
      return state.alert?.participantId ?? null;
    case "nobody":
      return null;
  }
}

function measured(state: CallState, event: Extract<CallEvent, { kind: "leg.media" }>): CallOutput[] {
  const participantId = participantOf(state, legOf(state, event.legId));
  return participantId === null ? [] : [append(state, "conversation.media.measured", { participantId, verdict: event.verdict })];
}

function customerAnswered(state: CallState): Step<CallState, CallOutput> {
  if (state.customer.up || state.ivr === null) return nothing(state);
  return {
    state: { ...state, customer: { ...state.customer, up: true } },
    outputs: [
      append(state, "conversation.answered", { customerParticipantId: state.customer.participantId }),
      { kind: "flow-start", which: "inbound", flowId: state.ivr.flowId },
    ],
  };
}

function flowStep(state: CallState, output: FlowOutput, moment: Moment): Step<CallState, CallOutput> {
  const legId = state.customer.legId;
  switch (output.kind) {
    case "play":
      return { state, outputs: [control({ kind: "play", legId, playId: output.playId, prompts: output.prompts, loop: output.loop })] };
    case "stop-play":
      return { state, outputs: [control({ kind: "stop-play", legId, playId: output.playId })] };
    case "set-timer":
      return { state, outputs: [{ kind: "flow-timer", ms: output.ms }] };
    case "cancel-timer":
      return { state, outputs: [{ kind: "flow-timer", ms: null }] };
    case "step": {
      const participantId = state.ivr?.participantId ?? state.acd?.participantId;
      if (participantId === undefined) return nothing(state);
      const { actionId, type, name, facts } = output;
      return { state, outputs: [append(state, "conversation.flow.stepped", { participantId, actionId, actionType: type, name, facts })] };
    }
    case "set-data":
      return { state, outputs: [append(state, "conversation.data.set", { values: output.values })] };
    case "transfer-to-acd":
      return { state, outputs: [{ kind: "find-queue", transfer: output }] };
    case "ask-queue-facts":
      return { state, outputs: [{ kind: "ask-queue-facts" }] };
    case "disconnect":
      return end(state, "flow-disconnected", "system", moment);
    default:
      return assertNever(output);
  }
}

function queueFound(
  state: CallState,
  queue: Omit<Acd, "participantId" | "baseAt"> | null,
  message: string,
  moment: Moment,
): Step<CallState, CallOutput> {
  if (queue === null) return { state, outputs: [{ kind: "flow-input", input: { kind: "transfer-failed", message } }] };
  const acd: Acd = { ...queue, participantId: moment.ids[0] as ParticipantId, baseAt: moment.now };
  return {
    state: { ...state, ivr: null, acd },
    outputs: [
      ...(state.ivr === null
        ? []
        : [append(state, "conversation.flow.ended", { participantId: state.ivr.participantId, outcome: "transferred" })]),
      enqueued(state, acd, false),
      { kind: "flow-start", which: "in-queue", flowName: acd.inQueueFlow },
    ],
  };
}

function enqueued(state: CallState, acd: Acd, atHead: boolean): CallOutput {
  const { participantId, queueId, queueName, baseAt, priority, skillIds, languageId } = acd;
  return append(
    state,
    "conversation.enqueued",
    {
      participantId,
      customerParticipantId: state.customer.participantId,
      queueId,
      queueName,
      baseAt,
      atHead,
      priority,
      skillIds,
      languageId,
    },
    [queueId],
  );
}

function alerted(state: CallState, offer: AlertOffer, moment: Moment): Step<CallState, CallOutput> {
  // A doubled message is harmless.
  if (offer.alertId === state.alert?.alertId || offer.participantId === state.agent?.participantId) return nothing(state);
  if (state.acd === null || state.alert !== null || state.agent !== null) return { state, outputs: [withdrawn(state, offer)] };
  const legId = moment.ids[0] as LegId;
  const { alertId, participantId, userId, stationId, acw } = offer;
  const alert: AlertInCall = { alertId, participantId, userId, stationId, legId, acw };
  if (stationId === null) return alertEnded({ ...state, alert }, "unreachable");
  return {
    state: { ...state, alert },
    outputs: [
      control({
        kind: "dial-station",
        legId,
        conversationId: state.conversationId,
        stationId,
        callerName: state.caller.name,
        callerNumber: state.caller.number,
        autoAnswer: false,
        ringMs: Math.max(0, offer.deadlineAt - moment.now),
      }),
    ],
  };
}

function withdrawn(state: CallState, offer: AlertOffer): CallOutput {
  const { alertId, participantId, queueId, userId } = offer;
  const callerLeft = state.ended !== null;
  return append(state, "conversation.alert.ended", { alertId, participantId, queueId, userId, outcome: "withdrawn", callerLeft }, [
    userId,
    alertId,
  ]);
}

// The event comes first: no agent is told "accepted" before the disk holds it.
function alertAccepted(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  const { alert, acd } = state;
  if (alert === null || acd === null || alert.stationId === null) return nothing(state);
  const recordingId = moment.ids[0] as RecordingId;
  const { alertId, participantId, userId, stationId, legId, acw } = alert;
  const agent: AgentInCall = { participantId, userId, stationId, legId, held: false, lost: null, acw };
  return {
    state: { ...state, alert: null, agent, recording: { recordingId } },
    outputs: [
      append(
        state,
        "conversation.alert.accepted",
        {
          alertId,
          participantId,
          acdParticipantId: acd.participantId,
          customerParticipantId: state.customer.participantId,
          queueId: acd.queueId,
          userId,
        },
        [userId, alertId],
      ),
      append(state, "conversation.recording.started", { recordingId, path: recordingPath(recordingId) }, [recordingId]),
      control({ kind: "confirm", legId }),
      { kind: "flow-stop" },
      control({ kind: "record-start", recordingId, conversationId: state.conversationId, left: state.customer.legId, right: legId }),
      control({ kind: "bridge", a: state.customer.legId, b: legId }),
    ],
  };
}

function legEnded(state: CallState, who: Who, reason: LegEndReason, moment: Moment): Step<CallState, CallOutput> {
  switch (who) {
    case "customer":
      return customerEnded(state, reason, moment);
    case "alert":
      return alertEnded(state, reason === "declined" ? "declined" : reason === "no-answer" ? "no-answer" : "unreachable");
    case "agent":
      // A lost browser's old leg ends at last: the caller goes on waiting for the new one.
      if (state.agent?.lost != null) return nothing(state);
      return end(state, reason === "media-failed" ? "media-failed" : "agent-hung-up", "client", moment);
    case "returning":
      return { state: { ...state, agent: { ...state.agent!, lost: { ...state.agent!.lost!, returningLegId: null } } }, outputs: [] };
    case "nobody":
      return nothing(state);
  }
}

function customerEnded(state: CallState, reason: LegEndReason, moment: Moment): Step<CallState, CallOutput> {
  const gone: CallState = { ...state, customer: { ...state.customer, ended: true } };
  if (reason === "not-acknowledged") return end(gone, "not-acknowledged", "error", moment);
  if (reason === "media-failed") return end(gone, "media-failed", "error", moment);
  return customerGone(gone, moment);
}

function customerGone(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  if (state.agent !== null) return end(state, "customer-hung-up", "endpoint", moment);
  if (state.alert !== null) return end(state, "abandoned-while-alerting", "endpoint", moment);
  return end(state, state.acd === null ? "abandoned-in-flow" : "abandoned-in-queue", "endpoint", moment);
}

// The agent did not take it: it returns to its place in the queue, and the in-queue flow, which never stopped, goes on.
function alertEnded(state: CallState, outcome: "declined" | "no-answer" | "unreachable"): Step<CallState, CallOutput> {
  const { alertId, participantId, userId, legId } = state.alert!;
  const queueId = state.acd!.queueId;
  return {
    state: { ...state, alert: null },
    outputs: [
      append(state, "conversation.alert.ended", { alertId, participantId, queueId, userId, outcome, callerLeft: false }, [userId, alertId]),
      control({ kind: "hang-up", legId, reason: "no-answer" }),
    ],
  };
}

function agentLost(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  const agent = state.agent!;
  if (agent.lost !== null) return nothing(state);
  const music = startHoldMusic(state);
  return {
    state: { ...state, ...music.state, agent: { ...agent, lost: { at: moment.now, returningLegId: null } } },
    outputs: [
      append(state, "conversation.agent.lost", { participantId: agent.participantId, heldUntil: moment.now + agentLegHeldMs }, [
        agent.userId,
      ]),
      control({ kind: "unbridge", legId: state.customer.legId }),
      ...recordChannel(state, null),
      ...music.outputs,
      { kind: "timer-set", name: "agent-lost", ms: agentLegHeldMs },
    ],
  };
}

function stationRegistered(state: CallState, stationId: StationId, moment: Moment): Step<CallState, CallOutput> {
  const { agent } = state;
  if (agent?.lost == null || agent.stationId !== stationId || agent.lost.returningLegId !== null) return nothing(state);
  const returningLegId = moment.ids[0] as LegId;
  return {
    state: { ...state, agent: { ...agent, lost: { ...agent.lost, returningLegId } } },
    outputs: [
      control({
        kind: "dial-station",
        legId: returningLegId,
        conversationId: state.conversationId,
        stationId,
        callerName: state.caller.name,
        callerNumber: state.caller.number,
        autoAnswer: true,
        ringMs: Math.max(1_000, agent.lost.at + agentLegHeldMs - moment.now),
      }),
    ],
  };
}

function agentReturned(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  const agent = state.agent!;
  const lost = agent.lost!;
  const legId = lost.returningLegId!;
  // Who was on hold before the reload stays on hold after it.
  const music = agent.held ? { state: {}, outputs: [] } : stopHoldMusic(state);
  return {
    state: { ...state, ...music.state, agent: { ...agent, legId, lost: null } },
    outputs: [
      append(state, "conversation.agent.returned", { participantId: agent.participantId, goneMs: moment.now - lost.at }, [agent.userId]),
      control({ kind: "confirm", legId }),
      control({ kind: "hang-up", legId: agent.legId, reason: "normal" }),
      { kind: "timer-cancel", name: "agent-lost" },
      ...recordChannel(state, legId),
      ...music.outputs,
      ...(agent.held ? [] : [control({ kind: "bridge", a: state.customer.legId, b: legId })]),
    ],
  };
}

// Nobody came back: the caller goes to the head of the queue and hears the in-queue flow again.
function agentStaysLost(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  const { agent, acd } = state;
  if (agent?.lost == null || acd === null) return nothing(state);
  const next: Acd = { ...acd, participantId: moment.ids[0] as ParticipantId };
  const music = stopHoldMusic(state);
  const returning = agent.lost.returningLegId;
  return {
    state: { ...state, ...music.state, agent: null, acd: next, recording: null },
    outputs: [
      append(
        state,
        "conversation.agent.ended",
        {
          participantId: agent.participantId,
          queueId: acd.queueId,
          userId: agent.userId,
          disconnectType: "error",
          acw: null,
          vanished: true,
        },
        [agent.userId],
      ),
      enqueued(state, next, true),
      ...stopRecording(state),
      control({ kind: "hang-up", legId: agent.legId, reason: "failed" }),
      ...(returning === null ? [] : [control({ kind: "hang-up", legId: returning, reason: "failed" })]),
      ...music.outputs,
      { kind: "flow-start", which: "in-queue", flowName: acd.inQueueFlow },
    ],
  };
}

function asked(
  state: CallState,
  command: "hold" | "resume" | "disconnect",
  participantId: ParticipantId,
  moment: Moment,
): Step<CallState, CallOutput> {
  const { agent } = state;
  if (agent === null || agent.participantId !== participantId) return nothing(state);
  switch (command) {
    case "disconnect":
      return end(state, "agent-hung-up", "client", moment);
    case "hold": {
      if (agent.held) return nothing(state);
      const music = agent.lost === null ? startHoldMusic(state) : { state: {}, outputs: [] };
      return {
        state: { ...state, ...music.state, agent: { ...agent, held: true } },
        outputs: [
          append(state, "conversation.held", { participantId }, [agent.userId]),
          control({ kind: "unbridge", legId: state.customer.legId }),
          ...music.outputs,
        ],
      };
    }
    case "resume": {
      if (!agent.held) return nothing(state);
      const resumed = append(state, "conversation.resumed", { participantId }, [agent.userId]);
      if (agent.lost !== null) return { state: { ...state, agent: { ...agent, held: false } }, outputs: [resumed] };
      const music = stopHoldMusic(state);
      return {
        state: { ...state, ...music.state, agent: { ...agent, held: false } },
        outputs: [resumed, ...music.outputs, control({ kind: "bridge", a: state.customer.legId, b: agent.legId })],
      };
    }
    default:
      return assertNever(command);
  }
}

// One end, one reason: everything still open is closed in one go.
function end(state: CallState, reason: EndReason, disconnectType: DisconnectType, moment: Moment): Step<CallState, CallOutput> {
  const { customer, ivr, alert, agent, acd } = state;
  const outputs: CallOutput[] = [];
  if (ivr !== null)
    outputs.push(
      append(state, "conversation.flow.ended", {
        participantId: ivr.participantId,
        outcome: reason === "flow-disconnected" ? "disconnected" : "abandoned",
      }),
    );
  if (alert !== null) {
    const { alertId, participantId, userId } = alert;
    outputs.push(
      append(
        state,
        "conversation.alert.ended",
        { alertId, participantId, queueId: acd!.queueId, userId, outcome: "withdrawn", callerLeft: true },
        [userId, alertId],
      ),
    );
  }
  if (agent !== null && acd !== null) {
    const { participantId, userId } = agent;
    const vanished = agent.lost !== null;
    const agentDisconnect: DisconnectType = reason === "customer-hung-up" ? "peer" : disconnectType;
    outputs.push(
      append(
        state,
        "conversation.agent.ended",
        {
          participantId,
          queueId: acd.queueId,
          userId,
          disconnectType: agentDisconnect,
          acw: vanished ? null : acwAfter(agent.acw, moment.now),
          vanished,
        },
        [userId],
      ),
    );
  }
  outputs.push(append(state, "conversation.ended", { reason, disconnectType, customerParticipantId: customer.participantId }));
  outputs.push({ kind: "flow-stop" }, { kind: "timer-cancel", name: "agent-lost" }, ...stopRecording(state));
  const legs = [customer.ended ? null : customer.legId, alert?.legId ?? null, agent?.legId ?? null, agent?.lost?.returningLegId ?? null];
  for (const legId of legs) {
    if (legId !== null)
      outputs.push(control({ kind: "hang-up", legId, reason: reason === "error" || reason === "media-failed" ? "failed" : "normal" }));
  }
  return { state: { ...state, ended: reason }, outputs };
}

/** When after-call work begins and must end, by the queue's wrapup prompt. */
export function acwAfter(rule: AcwRule, now: number): { readonly deadlineAt: number | null } | null {
  switch (rule.prompt) {
    case "MANDATORY":
      return { deadlineAt: null };
    case "MANDATORY_TIMEOUT":
    case "MANDATORY_FORCED_TIMEOUT":
      return { deadlineAt: now + rule.timeoutMs };
    case "OPTIONAL":
    case "AGENT_REQUESTED":
      return null;
    default:
      return assertNever(rule.prompt);
  }
}

type Music = { readonly state: Partial<Pick<CallState, "holdPlayId" | "plays">>; readonly outputs: readonly CallOutput[] };

function startHoldMusic(state: CallState): Music {
  if (state.holdPlayId !== null) return { state: {}, outputs: [] };
  const playId = `hold-${state.plays + 1}`;
  return {
    state: { holdPlayId: playId, plays: state.plays + 1 },
    outputs: [control({ kind: "play", legId: state.customer.legId, playId, prompts: holdMusic, loop: true })],
  };
}

function stopHoldMusic(state: CallState): Music {
  if (state.holdPlayId === null) return { state: {}, outputs: [] };
  return { state: { holdPlayId: null }, outputs: [control({ kind: "stop-play", legId: state.customer.legId, playId: state.holdPlayId })] };
}

function recordChannel(state: CallState, right: LegId | null): CallOutput[] {
  if (state.recording === null) return [];
  return [control({ kind: "record-channel", recordingId: state.recording.recordingId, conversationId: state.conversationId, right })];
}

function stopRecording(state: CallState): CallOutput[] {
  if (state.recording === null) return [];
  return [control({ kind: "record-stop", recordingId: state.recording.recordingId, conversationId: state.conversationId })];
}

function append<T extends ConversationEventType>(
  state: CallState,
  type: T,
  payload: ConversationEvents[T],
  subjectIds: readonly string[] = [],
): Append {
  return { kind: "append", type, payload, subjectIds: [state.conversationId, ...subjectIds] } as unknown as Append;
}

function control(command: CallCommand): CallOutput {
  return { kind: "control", command };
}

function nothing(state: CallState): Step<CallState, CallOutput> {
  return { state, outputs: [] };
}
