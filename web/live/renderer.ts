// When something is rendered: after changes, many of one moment at once, never two at a time.
import type { Env } from "../../core/env/env.ts";

/** Many changes in one moment are one rendering. */
const coalesceMs = 60;
/** After a reading that failed. */
const retryMs = 1_000;

/**
 * Calls `render` after each `due()`. What becomes due while one renders is in the next: two at a time could end in the wrong order, and the
 * older state would stay. One that fails is due again after a second: a database that was away comes back without an event.
 */
export class Renderer {
  private isDue = false;
  private isBusy = false;
  private isStopped = false;
  private startedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly env: Pick<Env, "clock" | "log">,
    private readonly render: () => Promise<void>,
    /** At most one in so many milliseconds. */
    private readonly everyMs = 0,
  ) {}

  due(): void {
    this.isDue = true;
    this.start();
  }

  stop(): void {
    this.isStopped = true;
  }

  private start(): void {
    const { clock } = this.env;
    if (!this.isDue || this.isBusy || this.isStopped) return;
    this.isBusy = true;
    clock.after(Math.max(coalesceMs, this.startedAt + this.everyMs - clock.monotonic()), () => void this.run());
  }

  private async run(): Promise<void> {
    const { clock, log } = this.env;
    this.isDue = false;
    this.startedAt = clock.monotonic();
    try {
      if (!this.isStopped) await this.render();
      this.again();
    } catch (error) {
      log.warn("fragment not rendered", { reason: String(error) });
      this.isDue = true;
      clock.after(retryMs, () => this.again());
    }
  }

  private again(): void {
    this.isBusy = false;
    this.start();
  }
}
