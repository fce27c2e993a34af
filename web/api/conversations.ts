// A call as the Platform API shows it: its participants with their states.
import type { App } from "../../core/app.ts";
import type { Participant } from "../../core/conversation/conversation.ts";
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
export type CallConversation = { readonly id: string; readonly participants: readonly CallParticipant[]; readonly selfUri: string };

/** Null: there is no such conversation. */
export async function presentCallConversation(app: App, id: ConversationId): Promise<CallConversation | null> {
  const { stores } = app;
  const [conversation, participants] = await Promise.all([stores.conversations.byId(id), stores.conversations.participants(id)]);
  if (conversation === null) return null;
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
      ...(participant.disconnectType === null ? {} : { disconnectType: participant.disconnectType.toLowerCase() }),
      held: participant.heldSince !== null,
      recording: recording && participant.purpose === "agent",
      ...(participant.userId === null ? {} : { user: { id: participant.userId, selfUri: `/api/v2/users/${participant.userId}` } }),
      ...(participant.queueId === null
        ? {}
        : { queue: { id: participant.queueId, selfUri: `/api/v2/routing/queues/${participant.queueId}` } }),
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
    selfUri: `/api/v2/conversations/calls/${id}`,
  };
}

function stateOf(participant: Participant): string {
  if (participant.endedAt !== null) return "terminated";
  if (participant.connectedAt !== null) return "connected";
  if (participant.purpose === "external") return "contacting";
  return participant.purpose === "agent" || participant.purpose === "user" ? "alerting" : "offering";
}
