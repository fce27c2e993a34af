// Conversations in detail, as analytics has them: sessions with their segments, and the figures of each participant.
import type { App } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { Page, Paged } from "../objects/object.ts";
import type { Conversation, Participant, Segment, SegmentType } from "./conversation.ts";
import { type LegMedia, legMedia } from "./media.ts";
import type { ConversationFilter } from "./search.ts";

export type ParticipantDetail = {
  readonly participant: Participant;
  readonly segments: readonly Segment[];
  readonly metrics: readonly Metric[];
  /** Of each leg of theirs that has ended. */
  readonly media: readonly LegMedia[];
};
export type ConversationDetail = { readonly conversation: Conversation; readonly participants: readonly ParticipantDetail[] };
/** Times in ms, counts as they are; names as in the manual's glossary. `at`: when it became known. */
export type Metric = { readonly name: MetricName; readonly value: number; readonly at: number };

export type MetricName =
  | "nOffered"
  | "tIvr"
  | "tAcd"
  | "tAnswered"
  | "tAbandon"
  | "tAlert"
  | "tNotResponding"
  | "tTalk"
  | "tHeld"
  | "tAcw"
  | "tHandle"
  | "tMonitoring"
  | "tCoaching"
  | "tBarging";

/** @throws Forbidden */
export async function conversationDetails(
  app: App,
  actor: Actor,
  filter: ConversationFilter,
  page: Page & { readonly order: "asc" | "desc" },
): Promise<Paged<ConversationDetail>> {
  demand(actor, "analytics:conversationDetail:view");
  const { conversations } = app.stores;
  const { entities, total } = await conversations.searchPage(app.organizationId, filter, page);
  const segments = Map.groupBy(
    await conversations.segments(entities.map(({ conversation }) => conversation.id)),
    (segment) => segment.participantId,
  );
  const details: ConversationDetail[] = [];
  for (const { conversation, participants } of entities) {
    // One after the other: a page of a hundred must not take every connection.
    const media = legMedia(await app.log.readSubject(conversation.id, { types: ["conversation.media.measured"] }), []);
    details.push({
      conversation,
      participants: participants.map((participant) => {
        const own = segments.get(participant.id) ?? [];
        const legs = media.filter(({ participantId }) => participantId === participant.id);
        return { participant, segments: own, metrics: metricsOf(participant, own), media: legs };
      }),
    });
  }
  return { total, entities: details };
}

const supervisionTimes = [
  ["tMonitoring", "monitoring"],
  ["tCoaching", "coaching"],
  ["tBarging", "barging"],
] as const satisfies readonly (readonly [MetricName, SegmentType])[];

/**
 * Of a queue: offered, and time until answered or given up (`tAnswered`, `tAbandon`; both are `tAcd`). Of an agent: alert, not responding,
 * talk, held, after-call work, and handle = talk + held + after-call work. Of a supervisor:
 * how long they listened in each way. What is not over yet has no figure.
 */
export function metricsOf(participant: Participant, segments: readonly Segment[]): readonly Metric[] {
  const { purpose, startedAt, connectedAt, endedAt, disconnectType } = participant;
  const metrics: Metric[] = [];
  const add = (name: MetricName, value: number, at: number): void => void metrics.push({ name, value, at });
  if (purpose === "acd") {
    add("nOffered", 1, startedAt);
    if (endedAt === null) return metrics;
    add("tAcd", endedAt - startedAt, endedAt);
    add(disconnectType === "transfer" ? "tAnswered" : "tAbandon", endedAt - startedAt, endedAt);
  }
  if (purpose === "ivr" && endedAt !== null) add("tIvr", endedAt - startedAt, endedAt);
  const time = (type: SegmentType): number =>
    segments
      .filter((segment) => segment.type === type)
      .reduce((sum, segment) => sum + ((segment.endedAt ?? segment.startedAt) - segment.startedAt), 0);
  if (participant.supervises !== null && endedAt !== null) {
    for (const [name, type] of supervisionTimes) if (segments.some((segment) => segment.type === type)) add(name, time(type), endedAt);
  }
  if (purpose !== "agent") return metrics;
  const overAt = segments.reduce((latest, segment) => Math.max(latest, segment.endedAt ?? 0), endedAt ?? 0);
  if (connectedAt === null) {
    if (endedAt === null) return metrics;
    add("tAlert", time("alert"), endedAt);
    if (disconnectType === "noAnswer" || disconnectType === "timeout") add("tNotResponding", time("alert"), endedAt);
    return metrics;
  }
  add("tAlert", time("alert"), connectedAt);
  if (endedAt === null) return metrics;
  add("tTalk", time("interact"), endedAt);
  if (segments.some(({ type }) => type === "hold")) add("tHeld", time("hold"), endedAt);
  const isAllOver = segments.every((segment) => segment.endedAt !== null);
  if (!isAllOver) return metrics;
  if (segments.some(({ type }) => type === "wrapup")) add("tAcw", time("wrapup"), overAt);
  add("tHandle", time("interact") + time("hold") + time("wrapup"), overAt);
  return metrics;
}
