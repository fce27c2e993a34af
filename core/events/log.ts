// The ports of the log: reading it, the node's journal in front of it, and the one transaction in which rows and events change together.
import type { EventDraft, EventHeader, LoggedEvent } from "./event.ts";

export type EventFilter = {
  /** Beginnings of the type, any of them: `recording.`, `routing.queue.updated`. */
  readonly types?: readonly string[];
  readonly actorId?: string;
  readonly subjectId?: string;
  /** At or after `from` and before `to`, epoch ms. */
  readonly from?: number;
  readonly to?: number;
};

export interface EventLog {
  /** The newest place of the chain; seq 0 and 64 zeros when empty. */
  head(): Promise<{ readonly seq: number; readonly hash: string }>;
  /** In sequence order, strictly after `afterSeq`, payloads unsealed. */
  read(afterSeq: number, limit: number): Promise<readonly LoggedEvent[]>;
  /** Events about one subject (any place in `subjectIds`), in sequence order. */
  readSubject(
    subjectId: string,
    options?: { readonly types?: readonly string[]; readonly limit?: number },
  ): Promise<readonly LoggedEvent[]>;
  /** What fits, newest first, strictly before `beforeSeq` (null: from the newest). */
  find(filter: EventFilter, beforeSeq: number | null, limit: number): Promise<readonly LoggedEvent[]>;
}

/**
 * Call events go here first. `append` resolves when the events are on disk (append + fdatasync, grouped): only then may the act be
 * acknowledged to anyone. A writer moves them, in order, into the database. Rejects with Unavailable when full or the disk refuses.
 */
export interface Journal {
  append(events: readonly EventDraft[]): Promise<void>;
  /** True when new calls must be refused. */
  isFull(): boolean;
  /** Bytes and events not yet in the database. */
  pending(): { readonly bytes: number; readonly events: number };
  /** Resolves when everything appended before this call is in the database. */
  drained(): Promise<void>;
}

/**
 * One transaction: `work` changes rows through `stores` and returns the events that report it; they are appended last, in the same
 * transaction. Throws what `work` throws (nothing changed then), Unavailable when the database is away.
 */
export interface UnitOfWork<Stores> {
  run<T>(
    work: (stores: Stores) => Promise<{ readonly value: T; readonly events: readonly EventDraft[] }>,
  ): Promise<{ readonly value: T; readonly events: readonly EventHeader[] }>;
}
