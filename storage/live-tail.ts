// Follows the log: woken by a hint, and once a second in case the hint was lost; every event reaches the listener once, in order. What this
// process has committed itself is not read back while it is what comes next.
import type { Env, Timer } from "../core/env/env.ts";
import type { LoggedEvent } from "../core/events/event.ts";
import type { EventLog } from "../core/events/log.ts";
import type { Sql } from "./postgres/connect.ts";

const channel = "landline_events";
const pollMs = 1_000;
const readMax = 500;
/** Commits of our own that wait for their turn; what is more is read. */
const ownMax = 256;

/** Rings the hint after commits; many commits at once ring once. A lost hint costs a poll interval, nothing else. */
export class Hint {
  private ringing = false;
  private again = false;

  /** `id`: of this process, so that it does not take its own hint for news. */
  constructor(
    private readonly sql: Sql,
    readonly id: string,
  ) {}

  ring(): void {
    if (this.ringing) {
      this.again = true;
      return;
    }
    this.ringing = true;
    const ended = (): void => {
      this.ringing = false;
      if (!this.again) return;
      this.again = false;
      this.ring();
    };
    this.sql.notify(channel, this.id).then(ended, ended);
  }
}

export class LiveTail {
  private seq: number;
  private timer: Timer | null = null;
  private pumping: Promise<void> | null = null;
  private again = false;
  /** The log may hold what nobody here has seen. */
  private isMore = true;
  private stopped = false;
  /** Committed here and perhaps not handed on yet, by the sequence that each commit begins with. */
  private readonly own = new Map<number, readonly LoggedEvent[]>();
  private unlisten: (() => Promise<void>) | null = null;

  constructor(
    private readonly env: Env,
    private readonly sql: Sql,
    private readonly log: EventLog,
    /** Sequence order. Awaited: the next batch comes when this one is done. */
    private readonly listener: (events: readonly LoggedEvent[]) => void | Promise<void>,
    afterSeq: number,
    /** Whose hints are no news: what this process commits wakes the tail by itself. */
    private readonly ownHint: string | null = null,
  ) {
    this.seq = afterSeq;
  }

  /** Listening needs the database; without it the poll carries on alone and the hint joins when it is back. */
  async start(): Promise<void> {
    this.poll();
    try {
      const { unlisten } = await this.sql.listen(
        channel,
        (id) => {
          if (id !== this.ownHint) this.wake();
        },
        () => this.wake(),
      );
      this.unlisten = unlisten;
    } catch (error) {
      this.env.log.warn("no hints from the database; polling", { reason: String(error) });
    }
  }

  /** What this process has committed: whole commits, in the order of the log within each. */
  committed(events: readonly LoggedEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    // An event that was in the log before, after a commit whose answer was lost, has an older place than those beside it.
    const isInOnePiece = events.every(({ seq }, i) => seq === first.seq + i);
    if (isInOnePiece && this.own.size < ownMax) this.own.set(first.seq, events);
    else this.isMore = true;
    this.go();
  }

  /** There may be something in the log that this process did not write. */
  wake(): void {
    this.isMore = true;
    this.go();
  }

  private go(): void {
    this.again = true;
    if (this.pumping !== null || this.stopped) return;
    this.pumping = this.pump().finally(() => {
      this.pumping = null;
      if (this.again) this.go();
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.pumping;
    await this.unlisten?.().catch(() => undefined);
  }

  private poll(): void {
    if (this.stopped) return;
    this.wake();
    this.timer = this.env.clock.after(pollMs, () => this.poll());
  }

  private nextOwn(): readonly LoggedEvent[] | null {
    for (const [seq, events] of this.own) {
      if (seq > this.seq) continue;
      this.own.delete(seq);
      this.isMore ||= events.at(-1)!.seq > this.seq;
    }
    const next = this.own.get(this.seq + 1) ?? null;
    this.own.delete(this.seq + 1);
    return next;
  }

  /** Fewer than asked for are all that there were; what is committed meanwhile wakes anew. */
  private async read(): Promise<readonly LoggedEvent[]> {
    this.isMore = false;
    try {
      const events = await this.log.read(this.seq, readMax);
      this.isMore ||= events.length === readMax;
      return events;
    } catch (error) {
      this.isMore = true;
      throw error;
    }
  }

  private async pump(): Promise<void> {
    this.again = false;
    try {
      for (;;) {
        const own = this.nextOwn();
        // A commit of our own that is not next: others have written before it.
        if (own === null && !this.isMore && this.own.size === 0) return;
        const events = own ?? (await this.read());
        if (this.stopped || events.length === 0) return;
        this.seq = events.at(-1)!.seq;
        await this.listener(events);
      }
    } catch (error) {
      // The next poll goes on: what the listener was given before it failed is not given again.
      this.env.log.warn("the log cannot be followed at the moment", { reason: String(error) });
    }
  }
}
