// Finds conversations by what people remember of them: who, which number, which queue, when, how it ended.
import type { App } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { ConversationId, OrganizationId } from "../lib/id.ts";
import type { Page, Paged } from "../objects/object.ts";
import type { Conversation, EndReason, Participant } from "./conversation.ts";
import { sipIdOf } from "./sip-id.ts";

export type ConversationFilter = {
  /** Part of the caller's number or name, or of the number that was called; without regard to case. */
  readonly text?: string;
  /** Any of these; the same for the other lists. */
  readonly conversationIds?: readonly string[];
  readonly queueIds?: readonly string[];
  /** Agents who were alerted or talked. */
  readonly userIds?: readonly string[];
  readonly wrapupCodes?: readonly string[];
  readonly disconnectTypes?: readonly string[];
  /** The caller's number and the number that was called, whole. */
  readonly callerNumbers?: readonly string[];
  readonly calledNumbers?: readonly string[];
  readonly endReasons?: readonly EndReason[];
  /** Not over yet. */
  readonly isLive?: true;
  /** Waited at least so long in one queue, which they have left. */
  readonly waitedMs?: number;
  /** Began at or after `from` and before `to`, epoch ms. */
  readonly from?: number;
  readonly to?: number;
};

/** Where a page ends: the next one begins with what is older. Stays right while calls come in. */
export type ConversationCursor = { readonly startedAt: number; readonly id: string };

export type FoundConversation = { readonly conversation: Conversation; readonly participants: readonly Participant[] };

export interface ConversationSearch {
  /** Newest first, at most `limit`. */
  search(
    organizationId: OrganizationId,
    filter: ConversationFilter,
    before: ConversationCursor | null,
    limit: number,
  ): Promise<readonly FoundConversation[]>;
  /** Those that are over and went by this Call-ID or Session-ID, in any order. */
  withSipId(organizationId: OrganizationId, sipId: string, limit: number): Promise<readonly ConversationId[]>;
  /** By number of page, in either order of their beginnings; `total` counts all that fit. */
  searchPage(
    organizationId: OrganizationId,
    filter: ConversationFilter,
    page: Page & { readonly order: "asc" | "desc" },
  ): Promise<Paged<FoundConversation>>;
}

/** Most conversations that go by one Call-ID: only a device that uses it twice has several. */
const sameSipIdMax = 100;

/**
 * What somebody typed, as a filter: conversations that go by it in SIP, whole, and where there are none, part of a number or a name. Asked one
 * after the other: a plan for either is no good plan for both. `upWith`: those that are up, of which it is not stored yet.
 */
export async function typed(app: App, text: string, upWith: (sipId: string) => readonly ConversationId[]): Promise<ConversationFilter> {
  const sipId = sipIdOf(text);
  const ids =
    sipId === null ? [] : [...upWith(sipId), ...(await app.stores.conversations.withSipId(app.organizationId, sipId, sameSipIdMax))];
  return ids.length > 0 ? { conversationIds: ids } : { text };
}

/** @throws Forbidden */
export async function searchConversations(
  app: App,
  actor: Actor,
  filter: ConversationFilter,
  before: ConversationCursor | null,
  limit: number,
): Promise<{ readonly found: readonly FoundConversation[]; readonly next: ConversationCursor | null }> {
  demand(actor, "analytics:conversationDetail:view");
  const found = await app.stores.conversations.search(app.organizationId, filter, before, limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1)?.conversation;
  return { found: shown, next: found.length > limit && last !== undefined ? { startedAt: last.startedAt, id: last.id } : null };
}

/** What a list says of one: who talked, in which queue, how long they waited and talked. */
export function summaryOf({ conversation, participants }: FoundConversation): {
  readonly userIds: readonly string[];
  readonly queueIds: readonly string[];
  readonly wrapupCodes: readonly string[];
  readonly waitMs: number | null;
  readonly talkMs: number | null;
} {
  const agents = participants.filter((one) => one.purpose === "agent" && one.connectedAt !== null);
  const queues = participants.filter((one) => one.purpose === "acd");
  const distinct = (values: readonly (string | null)[]): readonly string[] => [...new Set(values.filter((value) => value !== null))];
  const length = (from: number, to: number | null): number => (to ?? conversation.endedAt ?? from) - from;
  return {
    userIds: distinct(agents.map((one) => one.userId)),
    queueIds: distinct(queues.map((one) => one.queueId)),
    wrapupCodes: distinct(agents.map((one) => one.wrapupCode)),
    waitMs: queues.length === 0 ? null : queues.reduce((sum, one) => sum + length(one.startedAt, one.endedAt), 0),
    talkMs: agents.length === 0 ? null : agents.reduce((sum, one) => sum + length(one.connectedAt!, one.endedAt), 0),
  };
}
