// Writes down where UDP phones are, some at a time: a REGISTER is answered without waiting for the disk.
import type { Env, Timer } from "../core/env/env.ts";
import type { BindingKey, BindingPort, KeptBinding } from "../core/telephony/binding.ts";

/** So long after the first change, with all that came since. */
const writeAfterMs = 500;
/** After a database that was away. */
const retryMs = 5_000;

type Change = { readonly key: BindingKey; readonly binding: Omit<KeptBinding, "nodeId"> | null };

export class KeptBindings {
  /** The newest of each, by station and contact. */
  private changes = new Map<string, Change>();
  private timer: Timer | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly env: Pick<Env, "clock" | "log">,
    private readonly port: BindingPort | null,
  ) {}

  keep(binding: Omit<KeptBinding, "nodeId">): void {
    this.note({ key: binding, binding });
  }

  forget(key: BindingKey): void {
    this.note({ key, binding: null });
  }

  /** What is noted is written. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.write();
    await this.writing;
  }

  private note(change: Change): void {
    this.changes.set(`${change.key.stationId} ${change.key.contact}`, change);
    this.timer ??= this.env.clock.after(writeAfterMs, () => this.write());
  }

  private write(): void {
    this.timer = null;
    if (this.changes.size === 0) return;
    const { changes } = this;
    this.changes = new Map();
    const all = [...changes.values()];
    const changed = all.flatMap(({ binding }) => binding ?? []);
    const gone = all.flatMap(({ key, binding }) => (binding === null ? [key] : []));
    this.writing = this.writing
      .then(() => this.port?.write(changed, gone))
      .catch((error: unknown) => {
        this.env.log.warn("registrations not written down", { count: all.length, reason: String(error) });
        // What has changed since is newer.
        this.changes = new Map([...changes, ...this.changes]);
        this.timer ??= this.env.clock.after(retryMs, () => this.write());
      });
  }
}
