// A call as the Platform API shows it: its participants with their states.
import type { App } from "../../core/app.ts";
import { type DisconnectType, type Participant, supervisionModes } from "../../core/conversation/conversation.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import type { ConversationId } from "../../core/lib/id.ts";

type Ref = { readonly id: string; readonly selfUri: string };
export type CallParticipant = {
  readonly id: string;
  readonly purpose: string;
  readonly state: string;
  readonly user?: Ref;
  readonly queue?: Ref;
};
export type CallConversation = {
  readonly id: string;
  readonly participants: readonly CallParticipant[];
  readonly recordingState: "ACTIVE" | "PAUSED" | "NONE";
  readonly securePause: boolean;
  readonly selfUri: string;
};

/** Null: there is no such conversation. */
export async function presentCallConversation(app: App, id: ConversationId): Promise<CallConversation | null> {
  const { stores } = app;
  const [conversation, participants] = await Promise.all([stores.conversations.byId(id), stores.conversations.participants(id)]);
  if (conversation === null) return null;
  const supervised = await supervisedBy(app, id, participants);
  const recordings = await stores.recordings.ofConversation(id);
  const recording = recordings.some(({ state }) => state === "recording");
  return {
    id,
    participants: participants.map((participant) => ({
      id: participant.id,
      purpose: participant.purpose,
      state: stateOf(participant),
      direction: conversation.direction,
      startTime: isoInstant(participant.startedAt),
      ...(participant.connectedAt === null ? {} : { connectedTime: isoInstant(participant.connectedAt) }),
      ...(participant.endedAt === null ? {} : { endTime: isoInstant(participant.endedAt) }),
      ...(participant.disconnectType === null ? {} : { disconnectType: disconnectWord(participant.disconnectType) }),
      held: participant.heldSince !== null,
      recording: recording && participant.purpose === "agent",
      ...(participant.userId === null ? {} : { user: { id: participant.userId, selfUri: `/api/v2/users/${participant.userId}` } }),
      ...(participant.queueId === null
        ? {}
        : { queue: { id: participant.queueId, selfUri: `/api/v2/routing/queues/${participant.queueId}` } }),
      ...(supervised.get(participant.id) ?? {}),
      ...(participant.wrapupCode === null ? {} : { wrapup: { code: participant.wrapupCode, name: participant.wrapupCode } }),
      ...(participant.purpose === "customer"
        ? {
            name: conversation.callerName,
            address: conversation.callerNumber,
            ani: conversation.callerNumber,
            attributes: conversation.data,
          }
        : participant.address === "" && participant.name === ""
          ? {}
          : { name: participant.name, address: participant.address }),
      dnis: conversation.calledNumber,
    })),
    recordingState: conversation.pausedAt !== null && conversation.endedAt === null ? "PAUSED" : recording ? "ACTIVE" : "NONE",
    securePause: conversation.pauseIsSecure && conversation.endedAt === null,
    selfUri: `/api/v2/conversations/calls/${id}`,
  };
}

/** The calls' own spelling; the others are analytics' in small letters. */
function disconnectWord(type: DisconnectType): string {
  return type === "conferenceTransfer" ? "transfer.conference" : type.toLowerCase();
}

const supervisedAs = { monitoring: "monitoredParticipantId", coaching: "coachedParticipantId", barging: "bargedParticipantId" } as const;

/** Beside whom each supervisor listens, under the name of how they do. */
async function supervisedBy(app: App, id: ConversationId, participants: readonly Participant[]): Promise<ReadonlyMap<string, object>> {
  const supervisors = participants.filter(({ supervises }) => supervises !== null);
  if (supervisors.length === 0) return new Map();
  const segments = await app.stores.conversations.segments([id]);
  return new Map(
    supervisors.map((supervisor) => {
      const last = segments.findLast(({ participantId }) => participantId === supervisor.id);
      const mode = supervisionModes.find((one) => one === last?.type) ?? "monitoring";
      return [supervisor.id, { [supervisedAs[mode]]: supervisor.supervises }];
    }),
  );
}

function stateOf(participant: Participant): string {
  if (participant.endedAt !== null) return "terminated";
  if (participant.connectedAt !== null) return "connected";
  if (participant.purpose === "external") return "contacting";
  return participant.purpose === "agent" || participant.purpose === "user" ? "alerting" : "offering";
}
