// The life of one call: customer, flow, queue, alert, agent, hold, a browser that vanishes, the end. Pure; the runner hosts it. START READING HERE.
import type { FlowOutput } from "../architect/action.ts";
import type { LegId, ParticipantId, RecordingId, StationId } from "../lib/id.ts";
import { agentLegHeldMs } from "../lib/limits.ts";
import { assertNever, type Step } from "../lib/machine.ts";
import { recordingPath } from "../recording/path.ts";
import { attributesOf } from "../telephony/network-facts.ts";
import type { CallEvent, LegEndReason } from "./call-control.ts";
import { goesOnWithoutCustomer, leaveConference, memberLeaves, memberOf } from "./conference.ts";
import { entered, intoRoom, roomChanged, roomOf } from "./conference-room.ts";
import { dialEnded, dialParty, dialRedirected, enqueued, partyAnswered, partyDeclines, partyRings, pathFailed } from "./dialling.ts";
import { end, ownEnd } from "./end.ts";
import { hold, resume } from "./hold.ts";
import { give, notGiven, notTaken, refuseJoin, takeIn } from "./join.ts";
import { pauseRecording, recordPause, resumeRecording } from "./pause.ts";
import { pickUp } from "./pickup.ts";
import { hear } from "./room.ts";
import { stopRecording } from "./sound.ts";
import type { SoundChart } from "./sound-chart.ts";
import {
  type Acd,
  type AgentInCall,
  type AlertInCall,
  type AlertOffer,
  append,
  type CallInput,
  type CallOutput,
  type CallState,
  control,
  type MemberInCall,
  type Moment,
  nothing,
  type SupervisorInCall,
  type Wish,
} from "./state.ts";
import { dismiss, supervise, supervisorAnswered, supervisorLeaves } from "./supervision.ts";
import {
  askerOf,
  cancelTransfer,
  completeTransfer,
  consultAnswered,
  consultEnded,
  consultLeaves,
  consultRedirected,
  speakTo,
  targetFound,
  wantsTransfer,
} from "./transfer.ts";

/** The first input of a call; every later one goes to `step`. */
export function begin(input: Extract<CallInput, { kind: "offered" }>, moment: Moment): Step<CallState, CallOutput> {
  const [customerParticipantId, ivrParticipantId] = moment.ids as [ParticipantId, ParticipantId];
  const { route, origin } = input;
  const station = origin.kind === "station" ? origin : null;
  const isOurs = (route.kind === "dial" || route.kind === "room") && station !== null;
  const state: CallState = {
    conversationId: input.conversationId,
    caller: input.caller,
    called: input.called,
    told: input.network === undefined ? {} : attributesOf(input.network),
    customer: {
      legId: input.legId,
      participantId: customerParticipantId,
      userId: isOurs ? station.userId : null,
      stationId: isOurs ? station.stationId : null,
      trunkId: origin.kind === "trunk" ? origin.trunkId : null,
      up: false,
      ended: false,
    },
    ivr: route.kind === "flow" ? { participantId: ivrParticipantId, flowId: route.flowId } : null,
    acd: null,
    alert: null,
    agent: null,
    dial: null,
    party: null,
    consult: null,
    members: [],
    room: route.kind === "room" ? roomOf(route, moment.ids[1] as ParticipantId) : null,
    heldBy: [],
    supervisors: [],
    callerLeft: false,
    recording: null,
    pause: null,
    pauses: [],
    music: new Map(),
    ending: null,
    ended: null,
    plays: 0,
    left: new Map(),
  };
  const told: CallOutput[] = Object.keys(state.told).length === 0 ? [] : [append(state, "conversation.data.set", { values: state.told })];
  const started = append(
    state,
    "conversation.started",
    {
      customerParticipantId,
      legId: input.legId,
      direction: isOurs ? "outbound" : "inbound",
      callerNumber: input.caller.number,
      callerName: input.caller.name,
      calledNumber: input.called,
      trunkId: origin.kind === "trunk" ? origin.trunkId : null,
      stationId: station?.stationId ?? null,
      ...(origin.kind === "guest" ? { guest: true as const } : {}),
      ...(route.kind === "dial" || route.kind === "room" ? { purpose: isOurs ? ("user" as const) : ("external" as const) } : {}),
      ...(isOurs ? { userId: station.userId } : {}),
    },
    isOurs ? [station.userId] : [],
  );
  if (route.kind === "reject") {
    return {
      state: { ...state, ended: "rejected", customer: { ...state.customer, ended: true } },
      outputs: [
        started,
        ...told,
        append(state, "conversation.rejected", { reason: route.reason, ...(route.why === undefined ? {} : { why: route.why }) }),
        append(state, "conversation.ended", { reason: "rejected", disconnectType: "system", customerParticipantId }),
        control({ kind: "reject", legId: input.legId, reason: route.reason }),
      ],
    };
  }
  if (route.kind === "dial") {
    const dialling = dialParty(state, route.callee, { ...moment, ids: moment.ids.slice(1) });
    return { state: dialling.state, outputs: [started, ...told, ...dialling.outputs] };
  }
  if (route.kind === "room") {
    const into = intoRoom(state, route);
    return { state: into.state, outputs: [started, ...told, ...into.outputs] };
  }
  const flowStarted = append(state, "conversation.flow.started", {
    participantId: ivrParticipantId,
    flowId: route.flowId,
    flowName: route.flowName,
    version: route.version,
  });
  return { state, outputs: [started, ...told, flowStarted, control({ kind: "answer", legId: input.legId })] };
}

export function step(before: CallState, input: CallInput, moment: Moment): Step<CallState, CallOutput> {
  const { state, outputs } = hear(before, dismiss(decide(before, input, moment)));
  return { state: rememberLeft(before, state), outputs };
}

/** Few leave a call before its end, and each once. */
function rememberLeft(before: CallState, after: CallState): CallState {
  const { agent, party, consult, customer, members, supervisors } = before;
  const had = [agent, party, consult, customer, ...members, ...supervisors].filter((one) => one !== null);
  const left = had.filter(({ legId }) => legOf(after, legId) === "nobody" && !after.left.has(legId));
  if (left.length === 0) return after;
  return { ...after, left: new Map([...after.left, ...left.map(({ legId, participantId }) => [legId, participantId] as const)]) };
}

function decide(state: CallState, input: CallInput, moment: Moment): Step<CallState, CallOutput> {
  if (state.ended !== null) return afterEnd(state, input);
  switch (input.kind) {
    case "offered":
      return nothing(state);
    case "leg":
      return legStep(state, input, moment);
    case "flow":
      return flowStep(state, input.output, moment);
    case "queue-found":
      return queueFound(state, input.queue, input.message, moment);
    case "alerted":
      return alerted(state, input.alert, moment);
    case "picked-up":
      return pickUp(state, input, moment);
    case "given":
      return give(state, input, moment);
    case "taken-in":
      return takeIn(state, input, moment);
    case "join-refused":
      return refuseJoin(state, input.legId);
    case "station-registered":
      return stationRegistered(state, input.stationId, moment);
    case "timer":
      if (input.name === "pause") return resumeRecording(state, null, moment);
      if (input.name === "tone") return state.ending === null ? nothing(state) : end(state, state.ending, "peer", moment);
      return agentStaysLost(state, moment);
    case "room-changed":
      return roomChanged(state, input.size);
    case "asked":
      return asked(state, input.wish, moment);
    case "redirect-found":
      return input.of === "dial"
        ? dialRedirected(state, input.end, input.found, moment)
        : consultRedirected(state, input.end, input.found, moment);
    case "target-found":
      return targetFound(state, input.wish, input.found, moment);
    case "stop":
      return end(state, input.reason, "system", moment);
    default:
      return assertNever(input);
  }
}

// An alert that was made while the call ended is given back; late legs are hung up; the rest is nothing.
function afterEnd(state: CallState, input: CallInput): Step<CallState, CallOutput> {
  if (input.kind === "alerted") return { state, outputs: [withdrawn(state, input.alert)] };
  if (input.kind === "picked-up") return { state, outputs: [control({ kind: "reject", legId: input.legId, reason: "unavailable" })] };
  if (input.kind === "given") return notGiven(state, input);
  if (input.kind === "taken-in") return { state, outputs: notTaken(input) };
  if (input.kind === "leg" && input.event.kind === "leg.answered") {
    return { state, outputs: [control({ kind: "hang-up", legId: input.event.legId, reason: "normal" })] };
  }
  if (input.kind === "leg" && input.event.kind === "leg.media") return { state, outputs: measured(state, input.event, input.chart) };
  return nothing(state);
}

function legStep(state: CallState, { event, chart }: Extract<CallInput, { kind: "leg" }>, moment: Moment): Step<CallState, CallOutput> {
  const who = legOf(state, event.legId);
  switch (event.kind) {
    case "leg.answered":
      if (who === "customer") return customerAnswered(state);
      if (who === "alert") return alertAccepted(state, moment);
      if (who === "returning") return agentReturned(state, moment);
      if (who === "dial") return partyAnswered(state);
      if (who === "consult") return consultAnswered(state);
      if (who === "supervisor") return supervisorAnswered(state, supervisorWith(state, event.legId));
      // Whoever picked the call up called us: their ACK.
      if (who === "party") return nothing(state);
      return { state, outputs: [control({ kind: "hang-up", legId: event.legId, reason: "normal" })] };
    case "leg.ended":
      return legEnded(state, who, event, moment);
    case "leg.lost":
      // A guest's page is gone, and nothing will bring its call back; the leg itself is still to be ended.
      if (who === "customer") return customerGone(state, moment);
      if (who === "dial" || who === "party" || who === "consult") return partyEndedItself(state, who, moment);
      if (who === "member") return memberLeaves(state, memberWith(state, event.legId), "error", true);
      if (who === "supervisor") return supervisorLeaves(state, supervisorWith(state, event.legId), "error", true);
      return who === "agent" ? agentLost(state, moment) : nothing(state);
    case "digit":
      // Digits belong to the flow that has the caller; between people they are relayed by media.
      return who === "customer" && state.agent === null && state.party === null
        ? { state, outputs: [{ kind: "flow-input", input: { kind: "digit", digit: event.digit } }] }
        : nothing(state);
    case "play.finished":
      if (who !== "customer") return nothing(state);
      return { state, outputs: [{ kind: "flow-input", input: { kind: "play-finished", playId: event.playId, reason: event.reason } }] };
    case "leg.trouble":
      return { state, outputs: troubled(state, event) };
    case "leg.media":
      return { state, outputs: measured(state, event, chart) };
    case "leg.unprotected":
      return { state, outputs: unprotected(state, event) };
    case "leg.transfer-asked":
      return askedByDevice(state, event.legId, event.number);
    case "leg.held":
      return heldByDevice(state, event, moment);
    case "leg.ringing":
      return who === "dial" ? partyRings(state, event.hasEarlyMedia) : nothing(state);
    case "call.offered":
    case "leg.replace-asked":
    case "leg.join-asked":
    case "leg.connected":
    case "leg.quality":
      return nothing(state);
    default:
      return assertNever(event);
  }
}

/** A desk phone's own key: what its person may by the page, and nobody outside. */
function askedByDevice(state: CallState, legId: LegId, number: string): Step<CallState, CallOutput> {
  const participantId = participantOfLeg(state, legId);
  if (participantId === null || askerOf(state, participantId)?.legId !== legId)
    return { state, outputs: [control({ kind: "refer-result", legId, status: 403 })] };
  return wantsTransfer(state, { kind: "transfer", participantId, to: { kind: "number", number } });
}

/** The same as by the page; a carrier's hold has music of its own. */
function heldByDevice(
  state: CallState,
  { legId, isHeld }: Extract<CallEvent, { kind: "leg.held" }>,
  moment: Moment,
): Step<CallState, CallOutput> {
  const participantId = participantOfLeg(state, legId);
  return participantId === null ? nothing(state) : asked(state, { kind: isHeld ? "hold" : "resume", participantId }, moment);
}

type Who = "customer" | "alert" | "agent" | "returning" | "dial" | "party" | "consult" | "member" | "supervisor" | "nobody";

function legOf(state: CallState, legId: LegId): Who {
  if (legId === state.customer.legId) return "customer";
  if (legId === state.alert?.legId) return "alert";
  if (legId === state.agent?.legId) return "agent";
  if (legId === state.agent?.lost?.returningLegId) return "returning";
  if (legId === state.dial?.legId) return "dial";
  if (legId === state.party?.legId) return "party";
  if (legId === state.consult?.legId) return "consult";
  if (state.members.some((member) => member.legId === legId)) return "member";
  if (state.supervisors.some((supervisor) => supervisor.legId === legId)) return "supervisor";
  return "nobody";
}

function memberWith(state: CallState, legId: LegId): MemberInCall {
  return state.members.find((member) => member.legId === legId)!;
}

function supervisorWith(state: CallState, legId: LegId): SupervisorInCall {
  return state.supervisors.find((supervisor) => supervisor.legId === legId)!;
}

/** Whose leg it is; null: nobody's who is in the call. */
export function participantOfLeg(state: CallState, legId: LegId): ParticipantId | null {
  const who = legOf(state, legId);
  switch (who) {
    case "customer":
      return state.customer.participantId;
    case "agent":
    case "returning":
      return state.agent?.participantId ?? null;
    case "alert":
      return state.alert?.participantId ?? null;
    case "dial":
    case "party":
    case "consult":
      return state[who]?.participantId ?? null;
    case "member":
      return memberWith(state, legId).participantId;
    case "supervisor":
      return supervisorWith(state, legId).participantId;
    case "nobody":
      return null;
  }
}

function measured(state: CallState, event: Extract<CallEvent, { kind: "leg.media" }>, chart: SoundChart | null = null): CallOutput[] {
  const participantId = participantOfLeg(state, event.legId) ?? state.left.get(event.legId) ?? null;
  if (participantId === null) return [];
  const figures = append(state, "conversation.media.measured", { participantId, verdict: event.verdict });
  return chart === null ? [figures] : [figures, append(state, "conversation.media.charted", { participantId, chart })];
}

function unprotected(state: CallState, { legId, sipStatus }: Extract<CallEvent, { kind: "leg.unprotected" }>): CallOutput[] {
  const participantId = participantOfLeg(state, legId);
  return participantId === null ? [] : [append(state, "conversation.media.unprotected", { participantId, sipStatus })];
}

/** Silence and its end are kept; sound that is merely poor shows in the figures of the leg's end. */
function troubled(
  state: CallState,
  { legId, direction, trouble, before, forMs }: Extract<CallEvent, { kind: "leg.trouble" }>,
): CallOutput[] {
  const participantId = participantOfLeg(state, legId);
  if (participantId === null) return [];
  // What a supervisor says is theirs to say or not: only whether they hear is a fact of the call.
  if (direction === "from" && state.supervisors.some((supervisor) => supervisor.legId === legId)) return [];
  if (trouble !== null && trouble.cause !== "poor")
    return [append(state, "conversation.media.silent", { participantId, forMs, direction, ...trouble })];
  return before === null || before === "poor" ? [] : [append(state, "conversation.media.heard", { participantId, direction, forMs })];
}

function customerAnswered(state: CallState): Step<CallState, CallOutput> {
  if (state.customer.up || (state.ivr === null && state.party === null && state.room === null)) return nothing(state);
  const answered = append(state, "conversation.answered", { customerParticipantId: state.customer.participantId });
  const up: CallState = { ...state, customer: { ...state.customer, up: true } };
  if (up.room !== null) {
    const into = entered(up);
    return { state: into.state, outputs: [answered, ...into.outputs] };
  }
  const outputs: CallOutput[] =
    state.ivr === null ? [answered] : [answered, { kind: "flow-start", which: "inbound", flowId: state.ivr.flowId }];
  return { state: up, outputs };
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
      const { actionId, type, name } = output;
      // What is pressed in a secure pause is told nowhere, whatever the flow's author thought of it.
      const facts = state.pause?.secure === true ? {} : output.facts;
      return { state, outputs: [append(state, "conversation.flow.stepped", { participantId, actionId, actionType: type, name, facts })] };
    }
    case "set-data":
      if (state.pause?.secure === true) return nothing(state);
      return { state, outputs: [append(state, "conversation.data.set", { values: output.values })] };
    case "transfer-to-acd":
      return { state, outputs: [{ kind: "find-queue", transfer: output }] };
    case "ask-queue-facts":
      return { state, outputs: [{ kind: "ask-queue-facts" }] };
    case "pause-recording":
    case "resume-recording":
      return { state, outputs: [{ kind: "find-pause-limit", wanted: output }] };
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
  const agent: AgentInCall = { participantId, userId, stationId, legId, lost: null, acw };
  const recording = { recordingId };
  return {
    state: { ...state, alert: null, agent, recording },
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
      ...(state.pause === null ? [] : recordPause({ ...state, recording }, true)),
    ],
  };
}

function legEnded(
  state: CallState,
  who: Who,
  event: Extract<CallEvent, { kind: "leg.ended" }>,
  moment: Moment,
): Step<CallState, CallOutput> {
  const { legId, reason } = event;
  switch (who) {
    case "customer":
      return customerEnded(state, reason, moment);
    case "alert":
      return alertEnded(state, reason === "declined" ? "declined" : reason === "no-answer" ? "no-answer" : "unreachable");
    case "agent":
      // A lost browser's old leg ends at last: the caller goes on waiting for the new one.
      if (state.agent?.lost != null) return nothing(state);
      return agentLeaves(state, reason === "media-failed" ? "media-failed" : "agent-hung-up", moment);
    case "returning":
      return { state: { ...state, agent: { ...state.agent!, lost: { ...state.agent!.lost!, returningLegId: null } } }, outputs: [] };
    case "dial":
      return dialEnded(state, event, moment);
    case "party":
      if (reason === "media-failed" && state.members.length === 0) return end(state, "media-failed", "error", moment);
      return partyEndedItself(state, who, moment);
    case "consult":
      return consultEnded(state, event, moment);
    case "member": {
      const member = memberWith(state, legId);
      return memberLeaves(state, member, reason === "media-failed" ? "error" : ownEnd(member.callee), false);
    }
    case "supervisor": {
      const supervisor = supervisorWith(state, legId);
      return supervisorLeaves(state, supervisor, supervisor.isUp ? "client" : "noAnswer", false);
    }
    case "nobody":
      return nothing(state);
  }
}

/** Whoever leaves in the middle of passing a call on passes it on; whoever leaves a conference leaves the others together. */
function agentLeaves(state: CallState, reason: "agent-hung-up" | "media-failed", moment: Moment): Step<CallState, CallOutput> {
  const { consult, agent, members } = state;
  const asks = consult?.by === agent!.participantId && (consult.isUp || members.length > 0);
  if (asks) return completeTransfer(state, agent!.participantId, moment);
  if (members.length > 0) return withHangUp(leaveConference(state, "agent", "conferenceTransfer", moment), agent!.legId);
  return end(state, reason, "client", moment);
}

function withHangUp({ state, outputs }: Step<CallState, CallOutput>, legId: LegId): Step<CallState, CallOutput> {
  return { state, outputs: [...outputs, control({ kind: "hang-up", legId, reason: "normal" })] };
}

function partyEndedItself(state: CallState, who: "dial" | "party" | "consult", moment: Moment): Step<CallState, CallOutput> {
  if (who === "dial") return pathFailed(state, { reason: "unreachable", sipStatus: null }, moment);
  if (who === "consult") return consultEnded(state, { reason: "hung-up", sipStatus: null }, moment);
  return partyLeaves(state, "party", "party-hung-up", moment);
}

/** Of a call without a queue: as an agent leaves. */
function partyLeaves(
  state: CallState,
  side: "party" | "customer",
  reason: "party-hung-up" | "customer-hung-up",
  moment: Moment,
): Step<CallState, CallOutput> {
  const { consult, members } = state;
  const { participantId, legId } = state[side]!;
  if (consult?.by === participantId && (consult.isUp || members.length > 0)) return completeTransfer(state, participantId, moment);
  const userId = side === "customer" ? state.customer.userId : state.party!.callee.userId;
  const own = ownEnd({ purpose: userId === null ? "external" : "user" });
  if (side === "customer" ? !goesOnWithoutCustomer(state) : members.length === 0) {
    return end(state, reason, side === "customer" ? own : "peer", moment);
  }
  const passesOn = members.some(({ addedBy }) => addedBy === participantId);
  return withHangUp(leaveConference(state, side, passesOn ? "conferenceTransfer" : own, moment), legId);
}

function customerEnded(state: CallState, reason: LegEndReason, moment: Moment): Step<CallState, CallOutput> {
  const gone: CallState = { ...state, customer: { ...state.customer, ended: true } };
  if (reason === "not-acknowledged") return end(gone, "not-acknowledged", "error", moment);
  if (reason === "media-failed" && !goesOnWithoutCustomer(gone)) return end(gone, "media-failed", "error", moment);
  return customerGone(gone, moment);
}

function customerGone(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  if (state.agent !== null || state.party !== null) return partyLeaves(state, "customer", "customer-hung-up", moment);
  const own = ownEnd({ purpose: state.customer.userId === null ? "external" : "user" });
  if (state.room !== null) return end(state, "customer-hung-up", own, moment);
  if (state.dial !== null) return end(state, "abandoned-while-dialling", own, moment);
  if (state.ending !== null) return end(state, state.ending, own, moment);
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
  return {
    state: { ...state, agent: { ...agent, lost: { at: moment.now, returningLegId: null } } },
    outputs: [
      append(state, "conversation.agent.lost", { participantId: agent.participantId, heldUntil: moment.now + agentLegHeldMs }, [
        agent.userId,
      ]),
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
  return {
    state: { ...state, agent: { ...agent, legId, lost: null } },
    outputs: [
      append(state, "conversation.agent.returned", { participantId: agent.participantId, goneMs: moment.now - lost.at }, [agent.userId]),
      control({ kind: "confirm", legId }),
      control({ kind: "hang-up", legId: agent.legId, reason: "normal" }),
      { kind: "timer-cancel", name: "agent-lost" },
    ],
  };
}

// Nobody came back: the caller goes to the head of the queue and hears the in-queue flow again. A conference goes on without.
function agentStaysLost(state: CallState, moment: Moment): Step<CallState, CallOutput> {
  const { agent, acd } = state;
  if (agent?.lost == null || acd === null) return nothing(state);
  const returning = agent.lost.returningLegId;
  const hangUps: CallOutput[] = [
    control({ kind: "hang-up", legId: agent.legId, reason: "failed" }),
    ...(returning === null ? [] : [control({ kind: "hang-up", legId: returning, reason: "failed" })]),
  ];
  // Whom they were asking has nobody left to be asked by.
  const alone = state.consult === null ? nothing(state) : consultLeaves(state, state.consult, "peer");
  if (state.members.length > 0) {
    const left = leaveConference(alone.state, "agent", "error", moment);
    return { state: left.state, outputs: [...alone.outputs, ...left.outputs, ...hangUps] };
  }
  if (state.callerLeft) return end(state, "agent-hung-up", "error", moment);
  const next: Acd = { ...acd, participantId: moment.ids[0] as ParticipantId };
  return {
    state: { ...alone.state, agent: null, acd: next, recording: null },
    outputs: [
      ...alone.outputs,
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
      ...hangUps,
      { kind: "flow-start", which: "in-queue", flowName: acd.inQueueFlow },
    ],
  };
}

function asked(state: CallState, wish: Wish, moment: Moment): Step<CallState, CallOutput> {
  switch (wish.kind) {
    case "transfer":
    case "consult":
      return wantsTransfer(state, wish);
    case "complete-transfer":
      return completeTransfer(state, wish.participantId, moment);
    case "cancel-transfer":
      return cancelTransfer(state, wish.participantId);
    case "speak-to":
      return speakTo(state, wish.participantId, wish.speakTo);
    case "supervise":
      return supervise(state, wish, moment);
    case "pause-recording":
      return pauseRecording(state, wish, moment);
    case "resume-recording":
      return resumeRecording(state, wish, moment);
    case "remove":
      return removed(state, wish.participantId, moment);
    case "hold":
    case "resume":
      // There is nothing to hold for whoever is away from the others, asking a third.
      if (state.consult?.by === wish.participantId && state.consult.speakTo !== "OBJECT") return nothing(state);
      return wish.kind === "hold" ? hold(state, wish.participantId) : resume(state, wish.participantId);
    case "disconnect":
      return disconnected(state, wish.participantId, moment);
    default:
      return assertNever(wish);
  }
}

/** Out of a conference. Whoever was brought in may have become one of the two by now. */
function removed(state: CallState, participantId: ParticipantId, moment: Moment): Step<CallState, CallOutput> {
  const { party, customer, members } = state;
  const member = memberOf(state, participantId);
  if (member !== null) return memberLeaves(state, member, "peer", true);
  if (members.length === 0) return nothing(state);
  if (party?.participantId === participantId) return withHangUp(leaveConference(state, "party", "peer", moment), party.legId);
  if (customer.participantId !== participantId || !goesOnWithoutCustomer(state)) return nothing(state);
  return withHangUp(leaveConference(state, "customer", "peer", moment), customer.legId);
}

/** By the page or the API: as their device would, and it is told. */
function disconnected(state: CallState, participantId: ParticipantId, moment: Moment): Step<CallState, CallOutput> {
  const { agent, party, customer, consult, dial } = state;
  if (consult?.participantId === participantId) return consultLeaves(state, consult, "client");
  if (agent?.participantId === participantId) return agentLeaves(state, "agent-hung-up", moment);
  if (party?.participantId === participantId && party.callee.userId !== null) return partyLeaves(state, "party", "party-hung-up", moment);
  if (customer.participantId === participantId && customer.userId !== null && (party !== null || agent !== null))
    return partyLeaves(state, "customer", "customer-hung-up", moment);
  const member = memberOf(state, participantId);
  if (member !== null) return memberLeaves(state, member, ownEnd(member.callee), true);
  const supervisor = state.supervisors.find((one) => one.participantId === participantId);
  if (supervisor !== undefined) return supervisorLeaves(state, supervisor, "client", true);
  if (state.room !== null && customer.participantId === participantId) return end(state, "customer-hung-up", "client", moment);
  // Nobody has answered yet: the caller may give up, whoever is rung may decline.
  if (dial === null) return nothing(state);
  if (participantId === customer.participantId && customer.userId !== null) return end(state, "abandoned-while-dialling", "client", moment);
  return participantId === dial.participantId && dial.callee.userId !== null ? partyDeclines(state, moment) : nothing(state);
}
