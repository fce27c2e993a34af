// Follows the log: woken by a hint, and once a second in case the hint was lost; every event reaches the listener once, in order.
import type { Env, Timer } from "../core/env/env.ts";
import type { LoggedEvent } from "../core/events/event.ts";
import type { EventLog } from "../core/events/log.ts";
import type { Sql } from "./postgres/connect.ts";

const channel = "landline_events";
const pollMs = 1_000;
const readMax = 500;

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
  private stopped = false;
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

  wake(): void {
    this.again = true;
    if (this.pumping !== null || this.stopped) return;
    this.pumping = this.pump().finally(() => {
      this.pumping = null;
      if (this.again) this.wake();
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

  private async pump(): Promise<void> {
    this.again = false;
    try {
      for (let isMore = true; isMore; ) {
        const events = await this.log.read(this.seq, readMax);
        if (this.stopped || events.length === 0) return;
        this.seq = events.at(-1)!.seq;
        await this.listener(events);
        // Fewer than asked for are all that there were; what is committed meanwhile wakes anew.
        isMore = events.length === readMax;
      }
    } catch (error) {
      // The next poll goes on: what the listener was given before it failed is not given again.
      this.env.log.warn("the log cannot be followed at the moment", { reason: String(error) });
    }
  }
}
