// The node's journal: events are on disk here before anything is acknowledged, and move from here into the database, in order, once.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { Env, Timer } from "../core/env/env.ts";
import type { EventDraft } from "../core/events/event.ts";
import type { Journal } from "../core/events/log.ts";
import { canonicalJson, NotCanonical } from "../core/lib/canonical.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { isId } from "../core/lib/id.ts";
import {
  journalBatchMax,
  journalBytesMax,
  journalRecordBytesMax,
  journalRoomBytesMin,
  journalSegmentBytesMax,
} from "../core/lib/limits.ts";
import { instantOf, NodeFenced, unstorable } from "./append.ts";
import { flushPath, freeBytes, openFlushed, writeAll } from "./files.ts";
import {
  isOtherForm,
  noSegment,
  parseSegmentHeader,
  readRecord,
  type SegmentCursor,
  type SegmentEnd,
  SegmentTags,
  sealRecord,
  segmentHeader,
  segmentHeaderBytes,
  segmentKey,
  segmentName,
  segmentStart,
} from "./journal-segment.ts";
import type { Session } from "./postgres/connect.ts";
import type { SessionUnit } from "./unit-of-work.ts";
import type { Keys } from "./vault/keys.ts";

/** Running calls may still write what remains to be said when new ones are refused already. */
const reserveShare = 1.25;
const probeMs = 1_000;
/** What is not urgent waits so long for company, or until so many wait: a transaction costs the database more than the events in it. */
const gatherMs = 40;
const gatherEvents = 64;
const retryMsMin = 50;
const retryMsMax = 5_000;

export type JournalOptions<Stores> = {
  readonly unit: SessionUnit<Stores>;
  readonly nodeId: string;
  readonly organizationId: string;
  /** Row changes of one event; runs once per event, in the transaction that appends it. */
  readonly project: (stores: Stores, event: EventDraft) => Promise<void>;
  /** Whether somebody waits for this event to be in the database. What nobody waits for goes with what comes next, a moment later. */
  readonly isUrgent?: (event: EventDraft) => boolean;
  /** The database refuses this life of the node. Called at every refused attempt, until the identity has a new epoch. */
  readonly onFenced?: () => void;
  /** For tests: smaller than the product's. */
  readonly bytesMax?: number;
  readonly segmentBytesMax?: number;
};

/** A segment as far as it is written; the last one is open for writing. `moved` is how far the database has it. */
type Segment = {
  readonly number: number;
  readonly path: string;
  readonly key: Buffer;
  readonly readFd: number;
  /** Null: closed, nothing comes after `end`. */
  write: { readonly fd: number; readonly cursor: SegmentCursor } | null;
  end: number;
  moved: SegmentCursor;
  /** Something in it cannot be read, or is missing before it: kept aside under this ending, as evidence, when the rest has been moved. */
  readonly aside: "damaged" | "torn" | "gap" | null;
};
type Waiting = {
  readonly plain: Buffer;
  readonly events: number;
  readonly isUrgent: boolean;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
};
type Drain = { readonly segment: number; readonly offset: number; readonly done: () => void };

export class FileJournal<Stores> implements Journal {
  /** Oldest first. */
  private readonly segments: Segment[] = [];
  private nextNumber = 1;
  /** The last record on disk: what the next segment names as before it. */
  private lastEnd: SegmentEnd = noSegment;
  private pendingBytes = 0;
  private pendingEvents = 0;
  private queue: Waiting[] = [];
  private flushing: Promise<void> | null = null;
  private moving: Promise<void> | null = null;
  private diskRefuses = false;
  private probing: Timer | null = null;
  private stopped = false;
  private drains: Drain[] = [];
  private wakeMover: () => void = () => undefined;
  /** Something urgent is on disk and not in the database. */
  private isUrgent = false;
  /** Whether what is moved next may be in the database already: after a start, and after a failure, until all is moved. */
  private isInDoubt = false;

  private constructor(
    private readonly env: Env,
    private readonly folder: string,
    private readonly keys: Keys,
    private readonly options: JournalOptions<Stores>,
  ) {}

  /** Reads what an earlier run left; the caller waits for `drained()` before taking calls. @throws Unavailable when another key sealed it */
  static open<Stores>(env: Env, folder: string, keys: Keys, options: JournalOptions<Stores>): FileJournal<Stores> {
    const journal = new FileJournal(env, folder, keys, options);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    journal.recover();
    journal.moving = journal.move();
    return journal;
  }

  append(events: readonly EventDraft[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    if (this.stopped) return Promise.reject(new Unavailable("The node is stopping.", 5_000, "journal.stopped"));
    if (this.pendingBytes >= this.bytesMax * reserveShare) {
      return Promise.reject(new Unavailable("The journal is full: the database has been away for too long.", 5_000, "journal.full"));
    }
    const forms = events.map((event) => this.form(event));
    const plain = Buffer.from(`[${forms.join(",")}]`, "utf8");
    if (plain.length > journalRecordBytesMax - 64 && events.length > 1) return this.appendHalves(events);
    const { isUrgent } = this.options;
    return this.enqueue(plain, events.length, isUrgent === undefined || events.some(isUrgent));
  }

  // Canonical here already: what the log will prove is what was acknowledged, not what JSON made of it. What has no such form, or no room in
  // a record, is kept as evidence that it happened.
  private form(event: EventDraft): string {
    try {
      const text = canonicalJson(event);
      if (Buffer.byteLength(text) < journalRecordBytesMax - 128) return text;
      return canonicalJson(unstorable(this.env, this.options.nodeId, event, "too big for the journal").draft);
    } catch (error) {
      if (!(error instanceof NotCanonical)) throw error;
      return canonicalJson(unstorable(this.env, this.options.nodeId, event, error.message).draft);
    }
  }

  isFull(): boolean {
    return this.diskRefuses || this.stopped || this.pendingBytes >= this.bytesMax;
  }

  pending(): { readonly bytes: number; readonly events: number } {
    return { bytes: this.pendingBytes, events: this.pendingEvents };
  }

  async drained(): Promise<void> {
    while (this.flushing !== null) await this.flushing;
    const last = this.segments.at(-1);
    if (last === undefined || this.isMoved(last.number, last.end)) return;
    await new Promise<void>((done) => {
      this.drains.push({ segment: last.number, offset: last.end, done });
      this.wakeMover();
    });
  }

  /** Writes what waits, stops moving, and takes away what has been moved. What the database does not have yet stays for the next start. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.probing?.cancel();
    while (this.flushing !== null) await this.flushing;
    this.wakeMover();
    await this.moving;
    for (const segment of [...this.segments]) {
      closeForWriting(segment);
      this.removeIfMoved(segment);
    }
    for (const { readFd } of this.segments) closeSync(readFd);
  }

  private get bytesMax(): number {
    return this.options.bytesMax ?? journalBytesMax;
  }

  // One call's events are one record: on disk all, or none.
  private enqueue(plain: Buffer, events: number, isUrgent: boolean): Promise<void> {
    return new Promise((done, fail) => {
      this.queue.push({ plain, events, isUrgent, done, fail });
      this.flushing ??= this.flush();
    });
  }

  private async appendHalves(events: readonly EventDraft[]): Promise<void> {
    const half = events.length >> 1;
    await this.append(events.slice(0, half));
    await this.append(events.slice(half));
  }

  /** Writes and flushes group after group: while one is on its way to the disk, the next forms. */
  private async flush(): Promise<void> {
    while (this.queue.length > 0) {
      const group = this.queue;
      this.queue = [];
      try {
        await this.writeGroup(group);
        this.diskRefuses &&= !this.hasRoom();
        for (const entry of group) entry.done();
        this.wakeMover();
      } catch (error) {
        this.refused(error, group);
      }
    }
    this.flushing = null;
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    const segment = await this.writableSegment();
    const { fd, cursor } = segment.write!;
    let next = cursor;
    const records = group.map(({ plain }) => {
      const sealed = sealRecord(segment.key, next, plain);
      next = sealed.next;
      return sealed.bytes;
    });
    const bytes = Buffer.concat(records);
    await writeAll(fd, bytes, cursor.offset);
    segment.write = { fd, cursor: next };
    segment.end = next.offset;
    this.lastEnd = { number: segment.number, tag: next.previousTag };
    this.pendingBytes += bytes.length;
    for (const { events } of group) this.pendingEvents += events;
    this.isUrgent ||= group.some((entry) => entry.isUrgent);
  }

  // The disk is full or broken. The segment is cut back and never written again: its next nonces may be used already.
  private refused(error: unknown, group: readonly Waiting[]): void {
    if (!this.diskRefuses) this.env.log.error("the journal cannot be written; new calls are refused", { reason: String(error) });
    this.diskRefuses = true;
    const last = this.segments.at(-1);
    if (last?.write != null) {
      try {
        ftruncateSync(last.write.fd, last.end);
      } catch (reason) {
        this.env.log.error("the journal cannot be cut back", { path: last.path, reason: String(reason) });
      }
      closeForWriting(last);
      this.removeIfMoved(last);
    }
    for (const { fail } of group) fail(new Unavailable("The journal cannot be written.", 5_000, "journal.unwritable"));
    this.probing ??= this.env.clock.after(probeMs, () => this.probe());
  }

  // Somebody has to notice when the disk is well again, also when no call is left to write.
  private probe(): void {
    this.probing = null;
    if (!this.diskRefuses || this.stopped) return;
    this.probing = this.env.clock.after(probeMs, () => this.probe());
    if (this.flushing === null) this.enqueue(Buffer.from("[]"), 0, false).catch(() => undefined);
  }

  // What a refused write gave back is room for a record, not for calls: without a margin the node would be full and well in turns.
  private hasRoom(): boolean {
    return freeBytes(this.folder) >= journalRoomBytesMin;
  }

  private async writableSegment(): Promise<Segment> {
    const last = this.segments.at(-1);
    const bytesMax = this.options.segmentBytesMax ?? journalSegmentBytesMax;
    if (last?.write != null) {
      if (last.end < bytesMax) return last;
      closeForWriting(last);
      this.removeIfMoved(last);
    }
    const number = this.nextNumber;
    const path = join(this.folder, segmentName(number));
    const salt = this.env.random.bytes(32);
    const { nodeId, organizationId } = this.options;
    const header = segmentHeader({ number, nodeId, organizationId, keyId: this.keys.keyId, salt, previous: this.lastEnd });
    const fd = openFlushed(path);
    try {
      this.nextNumber += 1;
      await writeAll(fd, header, 0);
      flushPath(this.folder);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
    const cursor = segmentStart(header);
    const segment: Segment = {
      number,
      path,
      key: segmentKey(this.keys.derive("journal"), salt),
      readFd: openSync(path, "r"),
      write: { fd, cursor },
      end: cursor.offset,
      moved: cursor,
      aside: null,
    };
    this.segments.push(segment);
    return segment;
  }

  private recover(): void {
    let before: SegmentTags | null = null;
    for (const { number, path } of journalSegments(this.folder)) {
      this.nextNumber = number + 1;
      const fd = openSync(path, "r");
      const size = fstatSync(fd).size;
      const header = Buffer.alloc(segmentHeaderBytes);
      readSync(fd, header, 0, segmentHeaderBytes, 0);
      const parsed = parseSegmentHeader(header);
      if (parsed === null) {
        closeSync(fd);
        this.strange(path, header, size);
        continue;
      }
      if (parsed.number !== number) {
        closeSync(fd);
        throw new Unavailable(
          `The journal ${path} says that it is number ${parsed.number}: put it back under its own name.`,
          0,
          "journal.name",
        );
      }
      if (parsed.keyId !== this.keys.keyId) {
        closeSync(fd);
        throw new Unavailable(`The journal ${path} was sealed with another key file (${parsed.keyId}).`, 0, "journal.key");
      }
      if (parsed.nodeId !== this.options.nodeId || parsed.organizationId !== this.options.organizationId) {
        closeSync(fd);
        throw new Unavailable(
          `The journal ${path} was written by node ${parsed.nodeId}, this is ${this.options.nodeId}: give each node its own data folder.`,
          0,
          "journal.node",
        );
      }
      const key = segmentKey(this.keys.derive("journal"), parsed.salt);
      const start = segmentStart(header);
      const tags = new SegmentTags(number);
      // Of the oldest that is left, what was before it may have been moved and taken away.
      const isGap = before !== null && !before.precedes(parsed.previous);
      if (isGap)
        this.env.log.error("the journal lacks acknowledged records before this segment", { path, previous: parsed.previous.number });
      const { end, events, aside } = this.scan(fd, key, start, size, path, tags);
      if (tags.holdsRecords) before = tags;
      this.pendingBytes += end - start.offset;
      this.pendingEvents += events;
      this.segments.push({ number, path, key, readFd: fd, write: null, end, moved: start, aside: isGap ? "gap" : aside });
    }
    this.isInDoubt = this.pendingEvents > 0;
    if (this.pendingEvents > 0) this.env.log.info("the journal holds events from before", this.pending());
  }

  /** A file that is no segment of this form. What may hold something is never deleted, and a later version's is not run past. */
  private strange(path: string, header: Buffer, size: number): void {
    // Made, but its header never reached the disk: nothing in it was acknowledged.
    if (size <= segmentHeaderBytes && header.every((byte) => byte === 0 || size < segmentHeaderBytes)) return unlinkSync(path);
    if (isOtherForm(header)) {
      throw new Unavailable(`The journal ${path} was written by another version of Landline: start that one first.`, 0, "journal.form");
    }
    this.env.log.error("a file of the journal cannot be read and is kept aside", { path });
    renameSync(path, `${path}.unknown`);
  }

  private scan(
    fd: number,
    key: Buffer,
    start: SegmentCursor,
    size: number,
    path: string,
    tags: SegmentTags,
  ): { end: number; events: number; aside: Segment["aside"] } {
    let cursor = start;
    let events = 0;
    for (;;) {
      const read = readRecord(fd, key, cursor, size);
      if (read.kind === "record") {
        cursor = read.next;
        events += parseDrafts(read.plain).length;
        tags.add(cursor);
        this.lastEnd = { number: tags.number, tag: cursor.previousTag };
        continue;
      }
      if (read.kind === "end" && read.tornBytes > 0) {
        this.env.log.warn("the journal ends in a write that a crash cut short; nobody was told it had succeeded", {
          path,
          bytes: read.tornBytes,
        });
      }
      const isDamaged = read.kind === "damaged";
      if (isDamaged) this.env.log.error("the journal was changed or damaged; what follows cannot be read", { path, offset: cursor.offset });
      // A changed length looks like a write that was cut short: what was not understood is never thrown away.
      return { end: cursor.offset, events, aside: isDamaged ? "damaged" : read.tornBytes > 0 && read.isBlank !== true ? "torn" : null };
    }
  }

  /** Batch after batch into the database; without it, again and again. */
  private async move(): Promise<void> {
    let backoffMs = 0;
    while (true) {
      try {
        if (this.pendingEvents > 0) await this.gather();
        const batch = this.nextBatch();
        if (batch === null) {
          this.isUrgent = false;
          this.isInDoubt = false;
          if (this.stopped) return;
          await this.sleepUntilWoken();
          continue;
        }
        await this.moveBatch(batch.events);
        this.batchMoved(batch);
        backoffMs = 0;
      } catch (error) {
        this.isInDoubt = true;
        if (error instanceof NodeFenced) this.options.onFenced?.();
        if (backoffMs === 0) this.env.log.warn("the journal waits for the database", { ...this.pending(), reason: String(error) });
        backoffMs = Math.min(Math.max(backoffMs * 2, retryMsMin), retryMsMax);
        if (this.stopped) return;
        await this.pauseOrStop(backoffMs);
      }
    }
  }

  private async gather(): Promise<void> {
    const mayWait = (): boolean =>
      !(this.isUrgent || this.isInDoubt || this.stopped) && this.drains.length === 0 && this.pendingEvents < gatherEvents;
    if (!mayWait()) return;
    await new Promise<void>((done) => {
      const timer = this.env.clock.after(gatherMs, done);
      this.wakeMover = (): void => {
        if (mayWait()) return;
        timer.cancel();
        done();
      };
    });
    this.wakeMover = () => undefined;
  }

  private nextBatch(): { readonly segment: Segment; readonly events: readonly EventDraft[]; readonly cursor: SegmentCursor } | null {
    const segment = this.segments.find((entry) => entry.moved.offset < entry.end);
    if (segment === undefined) return null;
    const events: EventDraft[] = [];
    let cursor = segment.moved;
    const bytesEnd = segment.moved.offset + journalRecordBytesMax;
    while (events.length < journalBatchMax && cursor.offset < Math.min(segment.end, bytesEnd)) {
      const read = readRecord(segment.readFd, segment.key, cursor, segment.end);
      // Everything below `end` was written by us or checked at start; anything else is a disk that changes what it holds.
      if (read.kind !== "record") throw new Error(`journal ${segment.path} cannot be read back at ${cursor.offset}`);
      events.push(...parseDrafts(read.plain));
      cursor = read.next;
    }
    return { segment, events, cursor };
  }

  /**
   * One transaction: which events are new, their rows, and the append. Lock order: the journal's own lock, then rows, then the log's lock.
   * The first lock settles a commit whose answer was lost: that transaction holds it until it is over, so that the look-up, made when there is
   * doubt, sees its events or knows that they never came. Nobody else writes this node's events.
   */
  private async moveBatch(events: readonly EventDraft[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.transact(events, (stores, event) => this.options.project(stores, event));
    } catch (error) {
      if (error instanceof Unavailable || error instanceof NodeFenced) throw error;
      // Before anything is called refused, it is looked up.
      if (!this.isInDoubt) {
        this.isInDoubt = true;
        return this.moveBatch(events);
      }
      // Something in the batch is refused. One by one the others get through, and the culprit is kept as evidence.
      if (events.length > 1) {
        for (const event of events) await this.moveBatch([event]);
        return;
      }
      const { draft } = unstorable(this.env, this.options.nodeId, events[0]!, String(error));
      await this.transact([draft], () => Promise.resolve());
    }
  }

  private async transact(events: readonly EventDraft[], project: (stores: Stores, event: EventDraft) => Promise<void>): Promise<void> {
    const lock = `select pg_advisory_xact_lock(7311003, hashtext('${this.options.nodeId}'))`;
    const isInDoubt = this.isInDoubt;
    await this.options.unit.run(async (stores, session) => {
      const known = isInDoubt ? await knownIds(session, events) : null;
      const fresh = known === null ? events : events.filter((event) => !known.has(event.id));
      for (const event of fresh) await project(stores, event);
      return { value: undefined, events: fresh };
    }, lock);
  }

  private batchMoved(batch: { readonly segment: Segment; readonly events: readonly EventDraft[]; readonly cursor: SegmentCursor }): void {
    const { segment, events, cursor } = batch;
    this.pendingBytes -= cursor.offset - segment.moved.offset;
    this.pendingEvents -= events.length;
    segment.moved = cursor;
    this.removeIfMoved(segment);
    const waiting = this.drains;
    this.drains = waiting.filter((drain) => !this.isMoved(drain.segment, drain.offset));
    for (const drain of waiting) if (this.isMoved(drain.segment, drain.offset)) drain.done();
  }

  private isMoved(number: number, offset: number): boolean {
    return this.segments.every(
      (segment) => segment.number > number || segment.moved.offset >= (segment.number === number ? offset : segment.end),
    );
  }

  private removeIfMoved(segment: Segment): void {
    if (segment.write !== null || segment.moved.offset < segment.end) return;
    this.segments.splice(this.segments.indexOf(segment), 1);
    closeSync(segment.readFd);
    if (!existsSync(segment.path)) return;
    if (segment.aside !== null) renameSync(segment.path, `${segment.path}.${segment.aside}`);
    else unlinkSync(segment.path);
  }

  private sleepUntilWoken(): Promise<void> {
    return new Promise((done) => {
      this.wakeMover = () => {
        this.wakeMover = () => undefined;
        done();
      };
    });
  }

  private async pauseOrStop(ms: number): Promise<void> {
    await new Promise<void>((done) => {
      const timer = this.env.clock.after(ms, done);
      const wake = (): void => {
        if (!this.stopped) return;
        timer.cancel();
        done();
      };
      this.wakeMover = wake;
    });
    this.wakeMover = () => undefined;
  }
}

function closeForWriting(segment: Segment): void {
  if (segment.write !== null) closeSync(segment.write.fd);
  segment.write = null;
}

/** Segment files in order. */
export function journalSegments(folder: string): { readonly number: number; readonly path: string }[] {
  return readdirSync(folder)
    .filter((name) => /^\d{10}\.log$/.test(name))
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 10)), path: join(folder, name) }));
}

function parseDrafts(plain: Buffer): readonly EventDraft[] {
  return JSON.parse(plain.toString("utf8"));
}

async function knownIds(session: Session, events: readonly EventDraft[]): Promise<ReadonlySet<string>> {
  const wanted = events.filter(({ id }) => isId(id)).map(({ id }) => ({ id, at: instantOf(id) }));
  const rows = await session<{ id: string }[]>`
    select e.id from jsonb_to_recordset(${session.json(wanted)}) as batch (id uuid, at bigint)
    join event e on e.id = batch.id and e.at = 'epoch'::timestamptz + batch.at * interval '1 millisecond'`;
  return new Set(rows.map((row) => row.id));
}
