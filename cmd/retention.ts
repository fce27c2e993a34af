// Keeps the rule of how long recordings are kept: at the start, at intervals, and at once when the rule is changed.
import type { App } from "../core/app.ts";
import type { LoggedEvent } from "../core/events/index.ts";
import { eraseExpired } from "../core/recording/retention.ts";
import type { RecordingVault } from "../core/recording/vault.ts";

export class Retention {
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly app: App,
    private readonly vault: RecordingVault,
  ) {}

  /** One after the other: a rule that is changed while an older one runs is kept after it. */
  run(): Promise<void> {
    const { log } = this.app.env;
    this.running = this.running
      .then(() => eraseExpired(this.app, this.vault))
      .then((erased) => {
        if (erased > 0) log.info("recordings were erased: their time was over", { recordings: erased });
      })
      .catch((error: unknown) => log.error("recordings whose time is over could not be erased", { reason: String(error) }));
    return this.running;
  }

  onLogged(event: LoggedEvent): void {
    if (event.type === "organization.updated") void this.run();
  }
}
