// Closes what a dead node left behind: its conversations get an end with a reason, its agents are free again.
import { type App, newEvent } from "../app.ts";
import type { Conversation, EndReason } from "../conversation/conversation.ts";
import type { ConversationEvents, ConversationEventType } from "../conversation/events.ts";
import type { EventDraft, Journal } from "../events/index.ts";

/** Ends every open conversation of the node. Runs before the node takes calls, after its journal was moved. Returns how many. */
export async function reapNode(
  app: App,
  journal: Journal,
  nodeId: string,
  reason: Extract<EndReason, "node-died" | "node-fenced">,
): Promise<number> {
  const open = await app.stores.conversations.openOfNode(nodeId);
  const alerts = await app.stores.alerts.openOfNode(nodeId);
  for (const conversation of open) {
    const events: EventDraft[] = [];
    const add = <T extends ConversationEventType>(type: T, subjectIds: readonly string[], payload: ConversationEvents[T]): void => {
      events.push(closing(app, conversation, type, subjectIds, payload));
    };
    for (const alert of alerts.filter((entry) => entry.conversationId === conversation.id)) {
      const { id, participantId, queueId, userId } = alert;
      add("conversation.alert.ended", [userId, id], {
        alertId: id,
        participantId,
        queueId,
        userId,
        outcome: "withdrawn",
        callerLeft: true,
      });
    }
    const participants = await app.stores.conversations.participants(conversation.id);
    for (const participant of participants) {
      const { id, userId, queueId } = participant;
      if (
        participant.purpose !== "agent" ||
        participant.endedAt !== null ||
        participant.connectedAt === null ||
        userId === null ||
        queueId === null
      )
        continue;
      add("conversation.agent.ended", [userId], {
        participantId: id,
        queueId,
        userId,
        disconnectType: "error",
        acw: null,
        vanished: false,
      });
    }
    const customer = participants.find(({ purpose }) => purpose === "customer") ?? participants[0];
    add("conversation.ended", [], { reason, disconnectType: "error", customerParticipantId: customer?.id ?? "" });
    await journal.append(events);
  }
  return open.length;
}

function closing<T extends ConversationEventType>(
  app: App,
  conversation: Conversation,
  type: T,
  subjectIds: readonly string[],
  payload: ConversationEvents[T],
): EventDraft {
  return newEvent(app, {
    type,
    actorId: app.nodeId,
    subjectIds: [conversation.id, ...subjectIds],
    divisionId: conversation.divisionId,
    seal: { kind: "conversation", id: conversation.id },
    payload: payload as unknown as EventDraft["payload"],
  });
}
