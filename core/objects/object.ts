// What everything that an admin configures has in common. Each kind of object says, beside its settings, what makes it special.
import { createHash } from "node:crypto";
import type { ZodObject } from "zod";
import type { App } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import type { Permission } from "../authorization/permissions.ts";
import type { EventDraft, KeySubject } from "../events/index.ts";
import type { DivisionId, OrganizationId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";

/** SHA-256, lower-case hex, of a secret that is stored as a salted hash or sealed: the digest tells nothing of it. */
export function secretDigest(stored: string): string {
  return createHash("sha256").update(stored, "utf8").digest("hex");
}

export type ConfiguredObject = {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  /** Counts up with every change; a stale write is refused. */
  readonly version: number;
  /** Sequence of the event whose `after` is this row; null only before the first commit. */
  readonly eventSeq: number | null;
  readonly createdAt: number;
  readonly modifiedAt: number;
};

export type Page = { readonly pageSize: number; readonly pageNumber: number };
export type Paged<T> = { readonly entities: readonly T[]; readonly total: number };
export type ObjectFilter = {
  /** Substring of the name (of a person: or the email), without regard to case. */
  readonly name?: string;
  readonly ids?: readonly string[];
  readonly divisionIds?: readonly string[];
};

export interface ObjectStore<Row extends ConfiguredObject> {
  byId(id: Row["id"]): Promise<Row | null>;
  /** Names are compared without regard to case. */
  byName(organizationId: OrganizationId, name: string): Promise<Row | null>;
  /** Ordered by name. */
  list(organizationId: OrganizationId, filter: ObjectFilter, page: Page): Promise<Paged<Row>>;
  /** All of the organization, ordered by name. */
  all(organizationId: OrganizationId): Promise<readonly Row[]>;
  insert(row: Row): Promise<void>;
  /** Writes all but identity and time of making, and sets version = expected + 1, only if it still is `expectedVersion`. False: somebody was faster. */
  update(row: Row, expectedVersion: number): Promise<boolean>;
  delete(id: Row["id"]): Promise<boolean>;
}

/** One place that would break if the object went. */
export type Use = { readonly kind: string; readonly id: string; readonly name: string; readonly how: string };

export type ObjectKind<Row extends ConfiguredObject, Settings extends { readonly name: string }> = {
  /** In sentences: "queue". */
  readonly noun: string;
  readonly table: string;
  /** Events are `<event>.created`, `.updated` and `.deleted`. */
  readonly event: string;
  readonly permissions: Readonly<Record<"view" | "add" | "edit" | "delete", Permission>>;
  /** What people set, in one schema for form, API and command. */
  readonly settings: ZodObject & { readonly _output: Settings };
  /** Whether two of them may have one name. */
  readonly namesRepeat?: boolean;
  /** Whether people may have chosen its id themselves, so that any text may be one. */
  readonly freeIds?: boolean;
  /** What follows from other rows: the log never holds it. */
  readonly unlogged?: readonly (keyof Row)[];
  /** What the log holds only as `<name>Digest`: enough to notice that it was changed behind our back. */
  readonly secret?: readonly (keyof Row)[];
  store(stores: Stores): ObjectStore<Row>;
  /** What a new one has beyond its settings. */
  make(id: string): Omit<Row, keyof ConfiguredObject | keyof Settings>;
  /** Refuses settings that do not fit what else is there. @throws BadInput · Conflict */
  check?(app: App, stores: Stores, settings: Settings, before: Row | null): Promise<void>;
  usedBy?(app: App, stores: Stores, row: Row): Promise<readonly Use[]>;
  /** Runs in the transaction after the row was written; `after` null: it was deleted. Returns events of what else it changed. */
  written?(app: App, actor: Actor, stores: Stores, before: Row | null, after: Row | null): Promise<readonly EventDraft[]>;
  /** Whose key seals its events; the organization's when absent. */
  seal?(row: Row): KeySubject;
};
