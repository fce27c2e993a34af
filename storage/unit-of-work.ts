// The one transaction: rows change through the stores, and the events that report it are appended last.
import type { EventDraft, LoggedEvent } from "../core/events/event.ts";
import type { UnitOfWork } from "../core/events/log.ts";
import { transactionAttemptsMax } from "../core/lib/limits.ts";
import { type Appender, appendEvents, isKeyDestroyed } from "./append.ts";
import { asUnavailable, isRetryable, type Session, type Sql } from "./postgres/connect.ts";

export type Work<Stores, T> = (stores: Stores, session: Session) => Promise<{ readonly value: T; readonly events: readonly EventDraft[] }>;

/** UnitOfWork for those inside storage who need the session too. */
export interface SessionUnit<Stores> {
  /** `first`: a statement without parameters that goes before everything in the same breath: a lock. */
  run<T>(work: Work<Stores, T>, first?: string): Promise<{ readonly value: T; readonly events: readonly LoggedEvent[] }>;
}

export class PostgresUnitOfWork<Stores> implements UnitOfWork<Stores>, SessionUnit<Stores> {
  constructor(
    private readonly sql: Sql,
    private readonly appender: Appender,
    private readonly storesOf: (session: Session) => Stores,
    /** Called after a commit that appended something, with what it appended; must not wait. */
    private readonly onCommit: (events: readonly LoggedEvent[]) => void = () => undefined,
  ) {}

  /**
   * `work` may run several times: a transaction that lost against another did nothing and starts again. A connection that breaks during the
   * commit leaves open whether it happened: that is Unavailable too, and only the journal, which knows its event ids, tries such again.
   */
  async run<T>(work: Work<Stores, T>, first?: string): Promise<{ readonly value: T; readonly events: readonly LoggedEvent[] }> {
    for (let attempt = 1; ; attempt++) {
      try {
        const how = ["isolation level read committed", ...(first === undefined ? [] : [first])].join("; ");
        const done = await this.sql.begin(how, async (session) => {
          const { value, events } = await work(this.storesOf(session), session);
          return { value, events: await appendEvents(this.appender, session, events) };
        });
        if (done.events.length > 0) this.onCommit(done.events);
        return done;
      } catch (error) {
        if (isKeyDestroyed(error)) this.appender.keys.forget();
        if (attempt >= transactionAttemptsMax || !(isRetryable(error) || isKeyDestroyed(error))) throw asUnavailable(error);
      }
    }
  }
}
