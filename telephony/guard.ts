// Keeps strangers cheap: a token bucket per source address, bounded in number, and a window of wrong passwords per account.
import type { Clock } from "../core/env/env.ts";
import { sipAuthFailuresMax, sipAuthFailuresWindowMs, strangerBurst, strangerPerSecond, strangersTrackedMax } from "../core/lib/limits.ts";

type Bucket = { tokens: number; at: number };

export class StrangerGuard {
  /** Least recently seen first. */
  private readonly buckets = new Map<string, Bucket>();
  private readonly failures = new Map<string, number[]>();

  constructor(private readonly clock: Clock) {}

  /** Takes one token of `address`; false: it has none left and gets silence. */
  mayAsk(address: string): boolean {
    const now = this.clock.monotonic();
    const bucket = this.buckets.get(address) ?? { tokens: strangerBurst, at: now };
    const tokens = Math.min(strangerBurst, bucket.tokens + ((now - bucket.at) / 1_000) * strangerPerSecond);
    const isAllowed = tokens >= 1;
    this.buckets.delete(address);
    this.buckets.set(address, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    evictOldest(this.buckets);
    return isAllowed;
  }

  /** Someone proved who they are: whatever they used up comes back. */
  trust(address: string): void {
    this.buckets.delete(address);
  }

  /** A wrong password for `username`, known or not. */
  failed(username: string): void {
    const recent = this.recentFailures(username);
    this.failures.delete(username);
    this.failures.set(username, [...recent, this.clock.monotonic()]);
    evictOldest(this.failures);
  }

  mayGuess(username: string): boolean {
    return this.recentFailures(username).length < sipAuthFailuresMax;
  }

  private recentFailures(username: string): number[] {
    const since = this.clock.monotonic() - sipAuthFailuresWindowMs;
    return (this.failures.get(username) ?? []).filter((at) => at > since).slice(-sipAuthFailuresMax);
  }
}

function evictOldest(map: Map<string, unknown>): void {
  if (map.size <= strangersTrackedMax) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
