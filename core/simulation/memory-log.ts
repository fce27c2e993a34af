// The log, its transaction and the node's journal in memory, with the delays and absences that a world wants to try.
import type { EventDraft, EventFilter, EventHeader, EventLog, Journal, LoggedEvent, UnitOfWork } from "../events/index.ts";
import { Unavailable } from "../lib/errors.ts";
import type { Stores } from "../stores.ts";
import { MemoryTables, memoryStores } from "./memory-stores.ts";

/** One database: tables and log, changed together or not at all; one transaction at a time. */
export class MemoryDatabase implements EventLog, UnitOfWork<Stores> {
  tables = new MemoryTables();
  readonly events: LoggedEvent[] = [];
  /** The database is away: every transaction and read fails. */
  away = false;
  private queue: Promise<unknown> = Promise.resolve();
  readonly stores: Stores;

  constructor(
    /** Lets a world stand between the domain and its stores. */
    private readonly wrap: (stores: Stores) => Stores = (stores) => stores,
    private readonly onCommit: (events: readonly LoggedEvent[]) => void = () => undefined,
  ) {
    this.stores = guarded(
      this.wrap(
        memoryStores(
          () => this.tables,
          () => this.events.length,
        ),
      ),
      () => this.away,
    );
  }

  async head(): Promise<{ seq: number; hash: string }> {
    return { seq: this.events.length, hash: "" };
  }

  async read(afterSeq: number, limit: number): Promise<readonly LoggedEvent[]> {
    if (this.away) throw new Unavailable("The database is away.");
    return this.events.slice(afterSeq, afterSeq + limit);
  }

  async readSubject(subjectId: string, options: { types?: readonly string[]; limit?: number } = {}): Promise<readonly LoggedEvent[]> {
    const { types, limit = 10_000 } = options;
    return this.events
      .filter((event) => event.subjectIds.includes(subjectId) && (types === undefined || types.includes(event.type)))
      .slice(0, limit);
  }

  async find(filter: EventFilter, beforeSeq: number | null, limit: number): Promise<readonly LoggedEvent[]> {
    const { types = [""], actorId, subjectId, from = 0, to = Number.POSITIVE_INFINITY } = filter;
    return this.events
      .filter((event) => types.some((type) => event.type.startsWith(type)) && (actorId === undefined || event.actorId === actorId))
      .filter((event) => subjectId === undefined || event.subjectIds.includes(subjectId))
      .filter((event) => event.at >= from && event.at < to && (beforeSeq === null || event.seq < beforeSeq))
      .toReversed()
      .slice(0, limit);
  }

  has(id: string): boolean {
    return this.events.some((event) => event.id === id);
  }

  run<T>(
    work: (stores: Stores) => Promise<{ readonly value: T; readonly events: readonly EventDraft[] }>,
    node = "node",
  ): Promise<{ readonly value: T; readonly events: readonly EventHeader[] }> {
    const transaction = this.queue.then(() => this.transact(work, node));
    this.queue = transaction.catch(() => undefined);
    return transaction;
  }

  private async transact<T>(
    work: (stores: Stores) => Promise<{ readonly value: T; readonly events: readonly EventDraft[] }>,
    node: string,
  ) {
    if (this.away) throw new Unavailable("The database is away.");
    const copy = this.tables.copy();
    const stores = this.wrap(
      memoryStores(
        () => copy,
        () => this.events.length,
      ),
    );
    const { value, events } = await work(stores);
    if (this.away) throw new Unavailable("The database went away.");
    this.tables = copy;
    const logged = events.map((draft, i): LoggedEvent => {
      const { rows: _rows, seal: _seal, payload, ...header } = draft;
      return { ...header, seq: this.events.length + 1 + i, prev: "", hash: "", node, payloadDigest: "", payload, erased: false };
    });
    this.events.push(...logged);
    this.onCommit(logged);
    return { value, events: logged };
  }
}

// Reads outside a transaction fail too while the database is away.
function guarded(stores: Stores, away: () => boolean): Stores {
  const guard = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, key) => {
        const method = Reflect.get(target, key) as (...args: unknown[]) => unknown;
        return async (...args: unknown[]) => {
          if (away()) throw new Unavailable("The database is away.");
          return method.apply(target, args);
        };
      },
    });
  return Object.fromEntries(Object.entries(stores).map(([name, port]) => [name, guard(port)])) as Stores;
}

/** What a node's disk holds: it survives the node. `refuses`: the disk is full. */
export class MemoryDisk {
  readonly records: EventDraft[] = [];
  moved = 0;
  refuses = false;
}

/** The journal over a disk: acknowledged after a flush, moved into the database in order. `project` runs once per event. */
export class MemoryJournal implements Journal {
  private moving = false;
  stopped = false;

  constructor(
    private readonly disk: MemoryDisk,
    private readonly database: MemoryDatabase,
    private readonly options: {
      readonly nodeId: string;
      readonly pause: (ms: number) => Promise<void>;
      readonly flushMs: () => number;
      readonly retryMs: number;
      readonly project: (stores: Stores, event: EventDraft) => Promise<void>;
      /** Whether an event that the log has already is passed over; a world may plant that it is not. */
      readonly passOver: () => boolean;
    },
  ) {}

  async append(events: readonly EventDraft[]): Promise<void> {
    await this.options.pause(this.options.flushMs());
    if (this.stopped) return new Promise(() => undefined);
    if (this.disk.refuses) throw new Unavailable("The disk is full.");
    this.disk.records.push(...events);
    void this.move();
  }

  isFull(): boolean {
    return this.disk.refuses;
  }

  pending(): { bytes: number; events: number } {
    return { bytes: 0, events: this.disk.records.length - this.disk.moved };
  }

  async drained(): Promise<void> {
    const target = this.disk.records.length;
    while (this.disk.moved < target && !this.stopped) {
      await this.move();
      if (this.disk.moved < target) await this.options.pause(this.options.retryMs);
    }
  }

  /** One event after the other, each with its rows; an event that is in the log already is passed over. */
  private async move(): Promise<void> {
    if (this.moving) return;
    this.moving = true;
    while (this.disk.moved < this.disk.records.length && !this.stopped) {
      const event = this.disk.records[this.disk.moved]!;
      try {
        await this.database.run(async (stores) => {
          if (this.database.has(event.id) && this.options.passOver()) return { value: undefined, events: [] };
          await this.options.project(stores, event);
          return { value: undefined, events: [event] };
        }, this.options.nodeId);
        this.disk.moved += 1;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await this.options.pause(this.options.retryMs);
      }
    }
    this.moving = false;
  }
}
