// Conversation, participants and segments as the Platform API models them: the rows that call events are projected into.
import type { ConversationId, DivisionId, FlowId, OrganizationId, ParticipantId, QueueId, RecordingId, UserId } from "../lib/id.ts";

export const participantPurposes = ["customer", "ivr", "acd", "agent", "user", "external", "group"] as const;
export type ParticipantPurpose = (typeof participantPurposes)[number];

/** The Platform API's disconnect types that can occur here. */
export const disconnectTypes = [
  "client",
  "endpoint",
  "peer",
  "system",
  "transfer",
  "conferenceTransfer",
  "noAnswer",
  "timeout",
  "error",
  "spam",
] as const;
export type DisconnectType = (typeof disconnectTypes)[number];

/** Heard by nobody, by the one they listen beside, by everybody. */
export const supervisionModes = ["monitoring", "coaching", "barging"] as const;
export type SupervisionMode = (typeof supervisionModes)[number];

export const segmentTypes = ["ivr", "interact", "hold", "alert", "wrapup", "system", "delay", "dialing", ...supervisionModes] as const;
export type SegmentType = (typeof segmentTypes)[number];

/** Why a conversation is over, in our own finer words; shown in the timeline. */
export const endReasons = [
  "customer-hung-up",
  "agent-hung-up",
  "flow-disconnected",
  "abandoned-in-flow",
  "abandoned-in-queue",
  "abandoned-while-alerting",
  "abandoned-while-dialling",
  "party-hung-up",
  "joined",
  "busy",
  "declined",
  "not-answered",
  "unreachable",
  "no-such-number",
  "rejected",
  "not-acknowledged",
  "media-failed",
  "preempted",
  "node-stopped",
  "node-died",
  "node-fenced",
  "error",
] as const;
export type EndReason = (typeof endReasons)[number];

export type Conversation = {
  readonly id: ConversationId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly nodeId: string;
  readonly direction: "inbound" | "outbound";
  /** Personal: erased with the conversation's key and row. */
  readonly callerNumber: string;
  readonly callerName: string;
  readonly calledNumber: string;
  readonly startedAt: number;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly endReason: EndReason | null;
  /** Non-private participant data set by flows. */
  readonly data: Readonly<Record<string, string>>;
  /** Since when its recording pauses, until when at the latest, and whether the pause is a secure one; null: it does not. */
  readonly pausedAt: number | null;
  readonly pausedUntil: number | null;
  readonly pauseIsSecure: boolean;
  /** Call-IDs and Session-IDs that it went by, from its end on. */
  readonly sipIds: readonly string[];
  readonly eventSeq: number | null;
};

export type Participant = {
  readonly id: ParticipantId;
  readonly conversationId: ConversationId;
  readonly purpose: ParticipantPurpose;
  readonly userId: UserId | null;
  readonly queueId: QueueId | null;
  readonly flowId: FlowId | null;
  /** Of somebody who was called: number and name as shown then; empty for all others. Personal, as the caller's. */
  readonly address: string;
  readonly name: string;
  /** Who asks them, alone, before passing the call on; null: they are in the call itself. */
  readonly consultedBy: ParticipantId | null;
  /** Who brought them into a conference; null: nobody did. */
  readonly addedBy: ParticipantId | null;
  /** Beside whom a supervisor listens; null: they are a party of the call. */
  readonly supervises: ParticipantId | null;
  readonly startedAt: number;
  readonly connectedAt: number | null;
  readonly endedAt: number | null;
  readonly disconnectType: DisconnectType | null;
  readonly wrapupCode: string | null;
  readonly heldSince: number | null;
};

/** Who is in the call itself: not merely asked, not listening, not gone. */
export function peopleTogether(participants: readonly Participant[]): readonly Participant[] {
  const isOpen = (id: string | null): boolean => participants.some((one) => one.id === id && one.endedAt === null);
  return participants.filter(
    ({ id, purpose, connectedAt, supervises, consultedBy }) =>
      isOpen(id) && connectedAt !== null && purpose !== "ivr" && purpose !== "acd" && supervises === null && !isOpen(consultedBy),
  );
}

export type Segment = {
  /** Participant and start: a participant has one segment at a time. */
  readonly participantId: ParticipantId;
  readonly conversationId: ConversationId;
  readonly type: SegmentType;
  readonly startedAt: number;
  readonly endedAt: number | null;
};

export type RecordingState = "recording" | "sealed" | "interrupted" | "failed" | "erased";

export type Recording = {
  readonly id: RecordingId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly conversationId: ConversationId;
  /** Relative to the recordings folder of the node's data directory. */
  readonly path: string;
  readonly nodeId: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly state: RecordingState;
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  readonly chunks: number | null;
  readonly sha256: string | null;
  readonly erasedAt: number | null;
  readonly eventSeq: number | null;
};
