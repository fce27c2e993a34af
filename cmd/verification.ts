// Proves the log in the background: at the start, once a day, and when an auditor asks; remembers what was found and when.
import type { Env } from "../core/env/env.ts";
import type { Verification, VerifyReport } from "../web/ports.ts";

const everyMs = 24 * 3_600_000;

export class BackgroundVerification implements Verification {
  runningSince: number | null = null;
  last: Verification["last"] = null;

  constructor(
    private readonly env: Env,
    private readonly verify: () => Promise<VerifyReport>,
  ) {}

  /** Now and every day from now on. */
  keep(): void {
    this.start();
    this.env.clock.after(everyMs, () => this.keep());
  }

  start(): void {
    if (this.runningSince !== null) return;
    this.runningSince = this.env.clock.now();
    this.verify()
      .then((report) => {
        if (report.findings.length > 0) this.env.log.error("the log does not verify", { findings: report.findings.length });
        this.last = { at: this.env.clock.now(), report };
      })
      .catch((error: unknown) => {
        this.last = { at: this.env.clock.now(), error: String(error) };
      })
      .finally(() => {
        this.runningSince = null;
      });
  }
}
