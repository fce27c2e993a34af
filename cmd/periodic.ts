// What a node does again and again, and the watches over its database, disk and clock.
import { statfs } from "node:fs/promises";
import type { Env } from "../core/env/env.ts";

/** A database that has not answered for this long is away, whatever keeps it: a frozen one refuses nothing. */
const answerMs = 2_000;
/** A disk is nearly full with less than a twentieth of it left, and with less than this on a large one: a quarter of an hour of a hundred recorded calls. */
const lowBytesMax = 3 * 1024 ** 3;
/** What a well kept clock never makes in a second: NTP slews smaller errors. */
const jumpMs = 2_000;
/** So long the pages say it. */
const jumpToldMs = 120_000;

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

export class DiskWatch {
  isLow = false;

  constructor(
    private readonly env: Env,
    private readonly folder: string,
  ) {}

  async look(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.folder);
    const wasLow = this.isLow;
    this.isLow = bavail * bsize < Math.min(lowBytesMax, (blocks * bsize) / 20);
    if (this.isLow && !wasLow)
      this.env.log.error("the disk is nearly full: make room, or move --data", { path: this.folder, freeBytes: bavail * bsize });
  }
}

/** Wall time runs as the monotonic clock does, unless somebody changed it. */
export class ClockWatch {
  private aheadMs: number;
  private jumpedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly env: Env) {
    this.aheadMs = this.ahead();
  }

  get hasJumped(): boolean {
    return this.env.clock.monotonic() - this.jumpedAt < jumpToldMs;
  }

  look(): void {
    const aheadMs = this.ahead();
    const byMs = Math.round(aheadMs - this.aheadMs);
    this.aheadMs = aheadMs;
    if (Math.abs(byMs) < jumpMs) return;
    this.jumpedAt = this.env.clock.monotonic();
    this.env.log.error("this machine's clock was changed: see that its time is kept by the network (NTP)", { byMs });
  }

  private ahead(): number {
    return this.env.clock.now() - this.env.clock.monotonic();
  }
}
