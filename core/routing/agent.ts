// An agent as routing sees one: presence, routing status, and the one thing in hand.
import type { AlertId, ConversationId, DivisionId, OrganizationId, ParticipantId, QueueId, SkillId, UserId } from "../lib/id.ts";

/** The Platform API's system presences. */
export const systemPresences = ["AVAILABLE", "AWAY", "BREAK", "BUSY", "MEAL", "MEETING", "ON_QUEUE", "TRAINING", "OFFLINE"] as const;
export type SystemPresence = (typeof systemPresences)[number];
export const routingStatuses = ["OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"] as const;
export type RoutingStatus = (typeof routingStatuses)[number];

/**
 * What an agent has in hand. It is the fence of assignment: every change of it is conditional on the value before,
 * so an agent can neither be given two things nor be freed twice.
 */
export type InHand =
  | { readonly kind: "nothing" }
  | { readonly kind: "alert"; readonly id: AlertId }
  | { readonly kind: "conversation"; readonly id: ParticipantId }
  | { readonly kind: "after-call-work"; readonly id: ParticipantId };

export type AgentState = {
  readonly userId: UserId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly presence: SystemPresence;
  /** The organization's own presence behind it; null: it is the system's. */
  readonly presenceDefinitionId: string | null;
  readonly presenceAt: number;
  readonly routingStatus: RoutingStatus;
  readonly routingStatusAt: number;
  /** When the agent last connected or disconnected an ACD interaction; null: never. Longest idle is measured from here. */
  readonly lastHandledAt: number | null;
  readonly inHand: InHand;
};

/** After-call work in progress; `deadlineAt` null means that only the agent ends it. */
export type AfterCallWork = {
  readonly participantId: ParticipantId;
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  readonly queueId: QueueId;
  readonly startedAt: number;
  readonly deadlineAt: number | null;
  /** Set once: by the agent, or by the timeout. */
  readonly endedAt: number | null;
  readonly wrapupCode: string | null;
};

/** An agent with what matching reads. */
export type RoutableAgent = AgentState & {
  readonly skills: readonly { readonly skillId: SkillId; readonly proficiency: number }[];
  readonly queues: readonly { readonly queueId: QueueId; readonly joined: boolean }[];
};
