// What a node does again and again, and the watch over its database.
import type { Env } from "../core/env/env.ts";

/** A database that has not answered for this long is away, whatever keeps it: a frozen one refuses nothing. */
const answerMs = 2_000;

export class Periodic {
  stopped = false;

  constructor(private readonly env: Env) {}

  /** From one end to the next beginning: slow work never piles up. */
  every(ms: number, work: () => Promise<unknown>): void {
    const again = (): void => {
      if (this.stopped) return;
      work()
        .catch((error: unknown) => this.env.log.debug("periodic work failed", { reason: String(error) }))
        .finally(() => this.env.clock.after(ms, again));
    };
    this.env.clock.after(ms, again);
  }

  stop(): void {
    this.stopped = true;
  }
}

export class DatabaseWatch {
  isUp = true;

  constructor(
    private readonly env: Env,
    private readonly probe: () => PromiseLike<unknown>,
  ) {}

  async ask(): Promise<void> {
    const late = this.env.clock.after(answerMs, () => {
      this.isUp = false;
    });
    try {
      await this.probe();
      this.isUp = true;
    } catch (error) {
      this.isUp = false;
      throw error;
    } finally {
      late.cancel();
    }
  }
}
