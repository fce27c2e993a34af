// The end of a call: one end, one reason, everything that is still open closed in one go.
import type { DisconnectType, EndReason } from "../conversation/conversation.ts";
import type { ConversationId, LegId, ParticipantId } from "../lib/id.ts";
import { assertNever } from "../lib/machine.ts";
import type { RejectReason } from "./call-control.ts";
import { stopRecording } from "./sound.ts";
import { type AcwRule, append, type Callee, type CallOutput, type CallState, control, type Moment, type Result } from "./state.ts";

/** `disconnectType` is the customer's own; the others' follow from the reason. */
export function end(
  state: CallState,
  reason: EndReason,
  disconnectType: DisconnectType,
  moment: Moment,
  joinedInto?: ConversationId,
): Result {
  const ended = { reason, disconnectType, customerParticipantId: state.customer.participantId };
  const outputs: CallOutput[] = [
    ...endFlow(state, reason),
    ...endAlert(state),
    ...endAgent(state, reason, disconnectType, moment),
    ...endParties(state, reason),
    append(state, "conversation.ended", joinedInto === undefined ? ended : { ...ended, joinedInto }),
    { kind: "flow-stop" },
    { kind: "timer-cancel", name: null },
    ...stopRecording(state),
    ...hangUpAll(state, reason),
  ];
  return { state: { ...state, ended: reason }, outputs };
}

function endFlow(state: CallState, reason: EndReason): CallOutput[] {
  if (state.ivr === null) return [];
  const outcome = reason === "flow-disconnected" ? "disconnected" : "abandoned";
  return [append(state, "conversation.flow.ended", { participantId: state.ivr.participantId, outcome })];
}

function endAlert(state: CallState): CallOutput[] {
  const { alert, acd } = state;
  if (alert === null) return [];
  const { alertId, participantId, userId } = alert;
  const payload = { alertId, participantId, queueId: acd!.queueId, userId, outcome: "withdrawn", callerLeft: true } as const;
  return [append(state, "conversation.alert.ended", payload, [userId, alertId])];
}

function endAgent(state: CallState, reason: EndReason, disconnectType: DisconnectType, moment: Moment): CallOutput[] {
  const { agent, acd } = state;
  if (agent === null || acd === null) return [];
  const { participantId, userId } = agent;
  const vanished = agent.lost !== null;
  const payload = {
    participantId,
    queueId: acd.queueId,
    userId,
    disconnectType: reason === "customer-hung-up" ? "peer" : disconnectType,
    acw: vanished ? null : acwAfter(agent.acw, moment.now),
    vanished,
  } as const;
  return [append(state, "conversation.agent.ended", payload, [userId])];
}

function endParties(state: CallState, reason: EndReason): CallOutput[] {
  const { dial, party, consult, members, supervisors } = state;
  return [
    ...(dial === null ? [] : [partyEnded(state, dial, unanswered(reason))]),
    ...(party === null ? [] : [partyEnded(state, party, reason === "party-hung-up" ? ownEnd(party.callee) : "peer")]),
    ...(consult === null ? [] : [partyEnded(state, consult, "peer")]),
    ...members.map((member) => partyEnded(state, member, "peer")),
    ...supervisors.map(({ participantId, userId }) =>
      append(state, "conversation.supervision.ended", { participantId, userId, disconnectType: "peer" }, [userId]),
    ),
  ];
}

export function partyEnded(
  state: CallState,
  { participantId, callee }: { readonly participantId: ParticipantId; readonly callee: Pick<Callee, "userId"> },
  disconnectType: DisconnectType,
): CallOutput {
  const { userId } = callee;
  return append(state, "conversation.party.ended", { participantId, userId, disconnectType }, userId === null ? [] : [userId]);
}

/** How a party of its own accord leaves: ours by a client, others by their endpoint. */
export function ownEnd(callee: Pick<Callee, "purpose">): DisconnectType {
  return callee.purpose === "user" ? "client" : "endpoint";
}

function unanswered(reason: EndReason): DisconnectType {
  return reason === "not-answered" ? "noAnswer" : reason === "busy" || reason === "declined" ? "client" : "peer";
}

function hangUpAll(state: CallState, reason: EndReason): CallOutput[] {
  const { customer, alert, agent, dial, party, consult, members, supervisors } = state;
  const refusal = customer.up || customer.ended ? null : refusalFor(reason);
  const others: readonly (LegId | null | undefined)[] = [
    customer.ended || refusal !== null ? null : customer.legId,
    ...[alert?.legId, agent?.legId, agent?.lost?.returningLegId, dial?.legId, party?.legId, consult?.legId],
    ...[...members, ...supervisors].map(({ legId }) => legId),
  ];
  const how = reason === "preempted" ? reason : reason === "error" || reason === "media-failed" ? "failed" : "normal";
  return [
    ...(refusal === null ? [] : [control({ kind: "reject", legId: customer.legId, reason: refusal })]),
    ...others.filter((legId) => legId != null).map((legId) => control({ kind: "hang-up", legId, reason: how })),
  ];
}

/** What a caller is told who was never answered. */
function refusalFor(reason: EndReason): RejectReason | null {
  switch (reason) {
    case "busy":
      return "busy";
    case "declined":
      return "declined";
    case "not-answered":
    case "unreachable":
      return "unavailable";
    case "no-such-number":
      return "no-such-number";
    default:
      return null;
  }
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
