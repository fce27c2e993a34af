// A conversation that waits in a queue for an agent, and the alert that offers it to one.
import type { AlertId, ConversationId, DivisionId, OrganizationId, ParticipantId, QueueId, SkillId, UserId } from "../lib/id.ts";

export const waitingStates = ["waiting", "alerting", "connected", "gone"] as const;
export type WaitingState = (typeof waitingStates)[number];

export type WaitingConversation = {
  readonly conversationId: ConversationId;
  /** The ACD participant: one stay in one queue. */
  readonly participantId: ParticipantId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly queueId: QueueId;
  /** The node that holds its call. */
  readonly nodeId: string;
  readonly enteredAt: number;
  /** Where its age counts from: the entry, unchanged by a return to the same queue. */
  readonly baseAt: number;
  /** Comes before all others of its queue: its agent was lost, not its turn. */
  readonly atHead: boolean;
  readonly priority: number;
  readonly skillIds: readonly SkillId[];
  readonly languageId: SkillId | null;
  readonly state: WaitingState;
  readonly alertId: AlertId | null;
};

/** How an alert ended. `withdrawn`: the caller left or the call was closed while it rang; nobody is blamed. */
export const alertOutcomes = ["accepted", "declined", "no-answer", "unreachable", "withdrawn"] as const;
export type AlertOutcome = (typeof alertOutcomes)[number];

export type Alert = {
  readonly id: AlertId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly conversationId: ConversationId;
  readonly acdParticipantId: ParticipantId;
  /** The agent's participant, made with the alert. */
  readonly participantId: ParticipantId;
  readonly queueId: QueueId;
  readonly userId: UserId;
  readonly nodeId: string;
  readonly createdAt: number;
  readonly deadlineAt: number;
  readonly outcome: AlertOutcome | null;
  readonly endedAt: number | null;
};
