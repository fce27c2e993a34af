// Counts what was tried in vain, by account and by address. In memory: a restart forgives, a flood cannot fill it.
import { signInWindowMs } from "../../core/lib/limits.ts";

const keysKept = 10_000;

export class Tries {
  private readonly failures = new Map<string, { count: number; since: number }>();

  /** From `max` failures on within the window, a key is barred. */
  constructor(private readonly max: number) {}

  isBarred(keys: readonly string[], now: number): boolean {
    return keys.some((key) => {
      const entry = this.failures.get(key);
      return entry !== undefined && entry.count >= this.max && now - entry.since < signInWindowMs;
    });
  }

  remember(keys: readonly string[], now: number): void {
    for (const key of keys) {
      const entry = this.failures.get(key);
      if (entry !== undefined && now - entry.since < signInWindowMs) entry.count += 1;
      else this.failures.set(key, { count: 1, since: now });
      if (this.failures.size > keysKept) this.failures.delete(this.failures.keys().next().value!);
    }
  }
}
