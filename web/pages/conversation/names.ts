// What people, queues and flows of one conversation are called on its page.
import type { ConversationView } from "../../../core/conversation/queries.ts";
import { callerTitle } from "../../ui/dock.tsx";
import { t } from "../../ui/text.ts";

export type Lane = ConversationView["participants"][number];

/** Of whoever talks: one of ours by their name of today, who was called as they were called, else whoever called. */
export function personName(view: ConversationView, participantId: unknown): string {
  const participant = view.participants.find(({ id }) => id === participantId);
  const user = participant?.userId == null ? undefined : view.users.get(participant.userId)?.name;
  const called = participant?.name || participant?.address;
  return user ?? (called || (participant?.purpose === "agent" ? t("Agent") : callerTitle(view.conversation)));
}

export function laneName(view: ConversationView, lane: Lane): string {
  if (lane.purpose === "agent" || lane.purpose === "user" || lane.purpose === "external" || lane.purpose === "group")
    return personName(view, lane.id);
  if (lane.purpose === "acd") return view.queueNames.get(lane.queueId ?? "") ?? t("Queue");
  const flow = view.events.find((event) => event.type === "conversation.flow.started" && event.payload?.participantId === lane.id);
  return String(flow?.payload?.flowName ?? t("Flow"));
}
