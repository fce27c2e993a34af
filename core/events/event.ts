// What an event is before and after it is in the log. The union of all payloads is in catalogue.ts.
import type { DivisionId, EventId, Id, OrganizationId } from "../lib/id.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Whose data key seals a payload: destroying that key forgets the payload and leaves the chain whole. */
export type KeySubject =
  | { readonly kind: "organization" }
  | { readonly kind: "conversation"; readonly id: string }
  | { readonly kind: "user"; readonly id: string };

/** Rows whose `event_seq` becomes this event's sequence, in the same transaction; `verify --rows` compares them with `payload.after`. */
export type AuditedRow = { readonly table: string; readonly id: string };

/**
 * An event that happened but has no place in the chain yet. Everything but `payload` becomes header and is kept for ever,
 * so it carries ids only: no number, name, address or digit. `at` is epoch ms and equals the instant in `id` (UUIDv7).
 */
export type EventDraft = {
  readonly id: EventId;
  readonly at: number;
  /** `noun.past-participle`, dotted: `conversation.started`, `routing.queue.updated`. Matches [a-z0-9.-]{1,64}. */
  readonly type: string;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId | null;
  /** User, OAuth client or node that did it. */
  readonly actorId: string;
  /** Everything it is about, most important first; at most 16. */
  readonly subjectIds: readonly Id<string>[] | readonly string[];
  readonly seal: KeySubject;
  readonly payload: { readonly [key: string]: Json | undefined };
  readonly rows?: readonly AuditedRow[];
};

/** The part of an event that is hashed and never forgotten. Hashes are lower-case hex. */
export type EventHeader = {
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  readonly id: EventId;
  readonly at: number;
  readonly node: string;
  readonly type: string;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId | null;
  readonly actorId: string;
  readonly subjectIds: readonly string[];
  readonly payloadDigest: string;
};

/** A header as it came from elsewhere: ids are whatever text they are. EventHeader is one. */
export type PlainHeader = {
  readonly [K in keyof EventHeader]: K extends "divisionId" ? string | null : EventHeader[K] extends string ? string : EventHeader[K];
};

/** An event as read back. `payload` is null when it was erased (`erased`) or cannot be unsealed. */
export type LoggedEvent = EventHeader & {
  readonly payload: { readonly [key: string]: Json | undefined } | null;
  readonly erased: boolean;
};
