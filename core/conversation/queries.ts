// What is asked of a conversation: one with everything that explains it, and the newest ones.
import { type App, newEvent } from "../app.ts";
import { type Actor, can, demand, found } from "../authorization/actor.ts";
import type { LadderEntry } from "../call/call-control.ts";
import type { ChartedLeg } from "../call/live-sound.ts";
import type { User } from "../directory/user.ts";
import type { LoggedEvent } from "../events/index.ts";
import { isoInstant } from "../lib/calendar.ts";
import type { ConversationId } from "../lib/id.ts";
import type { StoredDecision } from "../stores.ts";
import type { Conversation, Participant, Recording, Segment } from "./conversation.ts";
import { type LegMedia, legCharts, legMedia } from "./media.ts";

export type ConversationView = {
  readonly conversation: Conversation;
  readonly participants: readonly Participant[];
  readonly segments: readonly Segment[];
  readonly recordings: readonly Recording[];
  readonly decisions: readonly StoredDecision[];
  /** The log of this conversation, in sequence order. */
  readonly events: readonly LoggedEvent[];
  /** Of each leg: measured at its end, or so far. */
  readonly media: readonly LegMedia[];
  /** Of each leg over time: all of it at its end, or so far. */
  readonly charts: readonly ChartedLeg[];
  /** Newest first: who listened, when. */
  readonly accesses: readonly LoggedEvent[];
  readonly users: ReadonlyMap<string, User>;
  readonly queueNames: ReadonlyMap<string, string>;
};

/** @throws Forbidden · NotFound */
export async function conversationView(app: App, actor: Actor, id: ConversationId): Promise<ConversationView> {
  const { stores } = app;
  const conversation = found(actor, "conversation with this id", await stores.conversations.byId(id));
  const everybody = await stores.conversations.participants(id);
  // An agent may see the conversations they were part of; others need the permission.
  if (!everybody.some((participant) => participant.userId !== null && participant.userId === actor.userId)) {
    demand(actor, "conversation:communication:view", conversation);
  }
  const seesListeners = await maySeeListeners(app, actor, conversation);
  const unseen = new Set<string>(
    seesListeners ? [] : everybody.filter((one) => one.supervises !== null && one.userId !== actor.userId).map((one) => one.id),
  );
  const isSeen = ({ participantId }: { readonly participantId: string }): boolean => !unseen.has(participantId);
  const participants = everybody.filter((one) => !unseen.has(one.id));
  const [segments, recordings, decisions, allEvents, users, queues] = await Promise.all([
    stores.conversations.segments([id]),
    stores.recordings.ofConversation(id),
    stores.routing.decisionsOf(id),
    app.log.readSubject(id),
    stores.users.all(app.organizationId),
    stores.queues.all(app.organizationId),
  ]);
  const events = seesListeners
    ? allEvents
    : allEvents.filter(({ type, payload }) => type !== "conversation.supervision.refused" && !unseen.has(String(payload?.participantId)));
  return {
    conversation,
    participants,
    segments: segments.filter(isSeen),
    recordings,
    decisions,
    events,
    media: legMedia(events, app.sound.of(id).filter(isSeen)),
    charts: legCharts(events, app.sound.charts(id).filter(isSeen)),
    accesses: events.filter((event) => event.type === "recording.accessed").reverse(),
    users: new Map(users.map((user) => [user.id, user])),
    queueNames: new Map(queues.map((queue) => [queue.id, queue.name])),
  };
}

/** Where the organization wants it so, whoever may see no more than their own calls sees nothing of who listened to them. */
async function maySeeListeners(app: App, actor: Actor, conversation: Conversation): Promise<boolean> {
  if (can(actor, "conversation:communication:view", conversation)) return true;
  return (await app.stores.organizations.byId(app.organizationId))?.showsMonitoring === true;
}

/** The redacted ladder, when it was kept and is not erased. */
export function ladderOf(events: readonly LoggedEvent[], decompress: (base64: string) => string): readonly LadderEntry[] {
  const kept = events.find((event) => event.type === "conversation.ladder.kept")?.payload;
  return kept == null ? [] : (JSON.parse(decompress(kept.gzip as string)) as LadderEntry[]);
}

/** Everything that is known of a conversation, for taking along; that it was taken is an event. @throws Forbidden · NotFound */
export async function exportConversation(
  app: App,
  actor: Actor,
  id: ConversationId,
  decompress: (base64: string) => string,
): Promise<{ readonly [part: string]: unknown }> {
  const view = await conversationView(app, actor, id);
  demand(actor, "analytics:conversationDetail:view", view.conversation);
  await app.unit.run(async () => ({
    value: undefined,
    events: [
      newEvent(app, {
        type: "conversation.exported",
        actorId: actor.id,
        subjectIds: [id, actor.id],
        divisionId: view.conversation.divisionId,
        payload: { conversationId: id },
      }),
    ],
  }));
  // What repeats the events in another form stays here.
  const { users, queueNames, accesses: _accesses, charts: _charts, ...rest } = view;
  const people = [...users.values()].map(({ id: userId, name, email }) => ({ id: userId, name, email }));
  const involved = new Set(view.participants.map((participant) => participant.userId as string | null));
  return {
    form: "landline.conversation.v1",
    exportedAt: isoInstant(app.env.clock.now()),
    ...rest,
    ladder: ladderOf(view.events, decompress),
    people: people.filter((person) => involved.has(person.id)),
    queues: [...queueNames].map(([queueId, name]) => ({ id: queueId, name })),
  };
}
