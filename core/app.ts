// What every command and query of one organization is handed: the doors, the stores, the log, and the one transaction.
import type { LiveSound } from "./call/live-sound.ts";
import type { Env } from "./env/env.ts";
import type { EventDraft, EventLog, Json, KeySubject, UnitOfWork } from "./events/index.ts";
import { type DivisionId, type EventId, idTime, newId, type OrganizationId } from "./lib/id.ts";
import type { Stores } from "./stores.ts";

export type App = {
  readonly env: Env;
  readonly organizationId: OrganizationId;
  /** The home division: what is not put elsewhere belongs to it. */
  readonly divisionId: DivisionId;
  readonly nodeId: string;
  /** Reading, outside any transaction. */
  readonly stores: Stores;
  readonly unit: UnitOfWork<Stores>;
  readonly log: EventLog;
  /** How the calls of this node sound at this moment. */
  readonly sound: LiveSound;
  readonly passwords: PasswordHasher;
  readonly secrets: SecretSeal;
};

/** Argon2id, off the main thread; implemented by storage/password.ts. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

/** Seals what must be read again with the key file; `place` binds a text to where it is kept. Implemented by cmd/node.ts. */
export interface SecretSeal {
  seal(text: string, place: string): string;
  /** Null: sealed with another key file, for another place, or changed. */
  open(sealed: string, place: string): string | null;
}

export type EventFields = {
  readonly type: string;
  readonly actorId: string;
  readonly subjectIds: readonly string[];
  readonly payload: { readonly [key: string]: Json | undefined };
  readonly divisionId?: DivisionId;
  readonly seal?: KeySubject;
  readonly rows?: EventDraft["rows"];
};

/** An event of this organization, now. Sealed with the organization's key unless `seal` says whose. */
export function newEvent(app: Pick<App, "env" | "organizationId" | "divisionId">, fields: EventFields): EventDraft {
  const id = newId<EventId>(app.env);
  // The id's own milliseconds are the instant: the partition of an event can be told from its id alone.
  const at = idTime(id);
  return {
    id,
    at,
    type: fields.type,
    organizationId: app.organizationId,
    divisionId: fields.divisionId ?? app.divisionId,
    actorId: fields.actorId,
    subjectIds: fields.subjectIds,
    seal: fields.seal ?? { kind: "organization" },
    payload: fields.payload,
    ...(fields.rows === undefined ? {} : { rows: fields.rows }),
  };
}
