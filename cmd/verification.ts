// Proves the log in the background: at the start, again and again, and when an auditor asks; remembers what was found and when.
import type { Env } from "../core/env/env.ts";
import type { Verification, VerifyReport } from "../web/ports.ts";

/** Once an hour while that costs a hundredth of the time at most; a log that has grown long is proved less often, but every day. */
const everyMsMin = 3_600_000;
const everyMsMax = 24 * 3_600_000;
const pauseFactor = 100;

export class BackgroundVerification implements Verification {
  runningSince: number | null = null;
  last: Verification["last"] = null;
  private tookMs = 0;

  constructor(
    private readonly env: Env,
    private readonly verify: () => Promise<VerifyReport>,
  ) {}

  /** Now, and from now on. */
  keep(): void {
    this.start();
    const pauseMs = Math.min(everyMsMax, Math.max(everyMsMin, this.tookMs * pauseFactor));
    this.env.clock.after(pauseMs, () => this.keep());
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
        this.tookMs = this.env.clock.now() - this.runningSince!;
        this.runningSince = null;
      });
  }
}
