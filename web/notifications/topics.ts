// Topics of the notification channels: what each may be subscribed to, which events concern it, and what it then says.
import type { App } from "../../core/app.ts";
import type { Actor } from "../../core/authorization/actor.ts";
import { can } from "../../core/authorization/actor.ts";
import type { LoggedEvent } from "../../core/events/index.ts";
import type { ConversationId, UserId } from "../../core/lib/id.ts";
import { queueBoard } from "../../core/routing/queries.ts";
import { presentCallConversation } from "../api/conversations.ts";
import { observationsOf } from "../api/observations.ts";
import { presentPresence, presentStatus } from "../api/people.ts";

export type Topic = {
  /** As the vendor writes it, with `{id}` where the object's id stands. */
  readonly template: string;
  readonly description: string;
  readonly permission: "directory:user:view" | "conversation:communication:view" | "analytics:queueObservation:view";
  concerns(event: LoggedEvent, id: string): boolean;
  /** Null: there is nothing to say. */
  body(app: App, id: string, event: LoggedEvent): Promise<object | null>;
};

const isConversation = /^conversation\.(started|answered|enqueued|alert|agent|held|resumed|data|wrapup|ended|participant)/;

export const topics: readonly Topic[] = [
  {
    template: "v2.users.{id}.presence",
    description: "A person's presence.",
    permission: "directory:user:view",
    concerns: (event, id) => event.type === "user.presence.set" && event.subjectIds.includes(id),
    body: async (app, id) => {
      const agent = await app.stores.agents.byUser(id as UserId);
      return agent === null ? null : presentPresence(agent);
    },
  },
  {
    template: "v2.users.{id}.routingStatus",
    description: "A person's routing status.",
    permission: "directory:user:view",
    // Whatever puts something into an agent's hands, or out of them, changes it.
    concerns: (event, id) =>
      /^(user\.presence|routing\.(alert|acw)|conversation\.(alert|agent|ended))/.test(event.type) && event.subjectIds.includes(id),
    body: async (app, id) => {
      const agent = await app.stores.agents.byUser(id as UserId);
      return agent === null ? null : { id, routingStatus: presentStatus(agent) };
    },
  },
  ...["v2.users.{id}.conversations.calls", "v2.users.{id}.conversations"].map(
    (template): Topic => ({
      template,
      description: "A person's calls, whole, at each change.",
      permission: "conversation:communication:view",
      concerns: (event) => isConversation.test(event.type) || event.type.startsWith("routing.alert."),
      body: async (app, id, event) => {
        const conversationId = await conversationOf(app, event);
        const call = conversationId === null ? null : await presentCallConversation(app, conversationId);
        return call?.participants.some((participant) => participant.user?.id === id) === true ? call : null;
      },
    }),
  ),
  {
    template: "v2.analytics.queues.{id}.observations",
    description: "A queue's figures: who waits, who is on queue.",
    permission: "analytics:queueObservation:view",
    concerns: (event) => /^(conversation\.(enqueued|alert|agent|ended)|routing\.|user\.presence)/.test(event.type),
    body: async (app, id) => {
      const board = await queueBoard(app);
      const figures = board.queues.find(({ queue }) => queue.id === id);
      return figures === undefined ? null : observationsOf(figures);
    },
  },
];

/** The topic and the id in it, whatever the case; null: there is no such topic. */
export function topicOf(name: string): { readonly topic: Topic; readonly id: string } | null {
  for (const topic of topics) {
    const [before, after] = topic.template.split("{id}") as [string, string];
    const lower = name.toLowerCase();
    if (!lower.startsWith(before.toLowerCase()) || !lower.endsWith(after.toLowerCase())) continue;
    const id = lower.slice(before.length, lower.length - after.length);
    if (id !== "" && !id.includes(".")) return { topic, id };
  }
  return null;
}

/** Several topics of one person in one name: `v2.users.{id}?presence&routingStatus`. */
export function unfolded(name: string): readonly string[] {
  const [base, tail] = name.split("?");
  return tail === undefined ? [name] : tail.split("&").map((part) => `${base}.${part}`);
}

/** One's own person needs no permission. */
export function maySubscribe(actor: Actor, topic: Topic, id: string): boolean {
  return (topic.template.startsWith("v2.users.") && actor.userId === id) || can(actor, topic.permission);
}

async function conversationOf(app: App, event: LoggedEvent): Promise<ConversationId | null> {
  for (const id of event.subjectIds) {
    const conversation = await app.stores.conversations.byId(id as ConversationId);
    if (conversation !== null) return conversation.id;
  }
  return null;
}
