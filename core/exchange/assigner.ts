// Notices that work may be assigned, and assigns it: woken by the log, and once a second in case a wake-up was lost.
import type { App } from "../app.ts";
import type { Timer } from "../env/env.ts";
import type { LoggedEvent } from "../events/index.ts";
import { endDueAfterCallWork } from "../routing/agent-commands.ts";
import { assignWork } from "../routing/assign.ts";
import type { Directory } from "./directory.ts";

const relevant = /^(conversation\.(enqueued|alert\.ended|agent\.ended)|routing\.(acw\.ended|queue\.)|user\.(presence|skills)\.set)/;
const pollMs = 1_000;

/** Whether work may have to be assigned after an event: it should be in the database soon. */
export function wakesAssigner({ type }: { readonly type: string }): boolean {
  return relevant.test(type);
}

export class Assigner {
  private readonly dirty = new Set<string>();
  private running = false;
  /** Once a second is often enough to look whose after-call work has lasted long enough. */
  private isSecondOver = false;
  private timer: Timer | null = null;

  constructor(
    private readonly app: App,
    private readonly directory: Directory,
  ) {}

  start(): void {
    this.timer = this.app.env.clock.after(pollMs, () => {
      this.start();
      this.isSecondOver = true;
      this.wakeAll();
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  onLogged(event: LoggedEvent): void {
    if (!wakesAssigner(event)) return;
    const queue = this.directory.current.queues.find((entry) => event.subjectIds.includes(entry.id));
    if (queue === undefined) this.wakeAll();
    else this.wake(queue.poolId);
  }

  private wakeAll(): void {
    for (const queue of this.directory.current.queues) this.dirty.add(queue.poolId);
    if (!this.running) void this.run();
  }

  private wake(poolId: string): void {
    this.dirty.add(poolId);
    if (!this.running) void this.run();
  }

  // One pass at a time: the lock would queue them anyway. A database that is away means "please hold", nothing worse.
  private async run(): Promise<void> {
    this.running = true;
    try {
      if (this.isSecondOver) {
        this.isSecondOver = false;
        await endDueAfterCallWork(this.app);
      }
      for (const poolId of this.dirty) {
        this.dirty.delete(poolId);
        await assignWork(this.app, poolId);
      }
    } catch (error) {
      this.app.env.log.warn("no work assigned", { reason: String(error) });
    }
    this.running = false;
  }
}
