// Keeps strangers cheap: a token bucket per source address, bounded in number, and a window of wrong passwords per account.
import type { Env } from "../core/env/env.ts";
import {
  sipAuthFailuresMax,
  sipAuthFailuresOfAllMax,
  sipAuthFailuresWindowMs,
  strangerBurst,
  strangerLinesBurst,
  strangerPerSecond,
  strangersPerSecondMax,
  strangersTrackedMax,
} from "../core/lib/limits.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";

/** Two requests closer together than this are no second try: a retransmission, or two phones behind one address. */
const retriesApartMs = 1_000;

type Bucket = { tokens: number; at: number };
/** `isSilenced`: it ran empty, which was told, and has not been full since. */
type Stranger = Bucket & { isSilenced: boolean };

export class StrangerGuard {
  /** Least recently seen first. */
  private readonly buckets = new Map<string, Stranger>();
  private readonly everyone: Bucket = { tokens: strangersPerSecondMax, at: 0 };
  private readonly lines: Bucket = { tokens: strangerLinesBurst, at: 0 };
  private readonly failures = new Map<string, number[]>();
  private ofAll = { since: 0, count: 0 };
  /** Sources whose last challenge was not taken up, since when; and those that turned out to know only MD5. */
  private readonly puzzled = new Map<string, { readonly at: number; readonly wantsMd5: boolean }>();

  constructor(private readonly env: Pick<Env, "clock" | "log">) {}

  /** Takes one token of `address`, and one of all strangers together; false: none is left, and it gets silence. */
  mayAsk(address: string): boolean {
    const now = this.env.clock.monotonic();
    const bucket = this.buckets.get(address) ?? { tokens: strangerBurst, at: now, isSilenced: false };
    const isOwnLeft = take(bucket, now, strangerBurst, strangerPerSecond);
    const isAllowed = isOwnLeft && take(this.everyone, now, strangersPerSecondMax, strangersPerSecondMax);
    this.tellSilenced(address, bucket, isOwnLeft, now);
    this.buckets.delete(address);
    this.buckets.set(address, bucket);
    evictOldest(this.buckets);
    return isAllowed;
  }

  /** Whether `address` has used up what it may ask: what it sends need not even be read. Takes nothing. */
  isSpent(address: string): boolean {
    const now = this.env.clock.monotonic();
    const bucket = this.buckets.get(address);
    if (bucket === undefined || bucket.tokens + ((now - bucket.at) / 1_000) * strangerPerSecond >= 1) return false;
    this.tellSilenced(address, bucket, false, now);
    return true;
  }

  /** Someone proved who they are: whatever they used up comes back. */
  trust(address: string): void {
    this.buckets.delete(address);
    if (this.puzzled.get(address)?.wantsMd5 === false) this.puzzled.delete(address);
  }

  /**
   * Whether to challenge `address` with MD5 alone. RFC 8760 wants all algorithms offered and unknown ones passed over, but there are
   * phones (baresip 1.0) that give up at any challenge they do not know: one that asks again, still without credentials, gets only MD5.
   */
  wantsMd5(address: string, hasCredentials: boolean): boolean {
    const now = this.env.clock.monotonic();
    const before = this.puzzled.get(address);
    if (before?.wantsMd5) return true;
    this.puzzled.delete(address);
    if (hasCredentials) return false;
    const wantsMd5 = before !== undefined && now - before.at >= retriesApartMs;
    this.puzzled.set(address, { at: before?.at ?? now, wantsMd5 });
    evictOldest(this.puzzled);
    return wantsMd5;
  }

  /** A wrong password for `username`, known or not. Told until the limit, the limit once in each window, and no more. */
  failed(username: string, address: string): void {
    const { clock, log } = this.env;
    const recent = this.recentFailures(username);
    this.failures.delete(username);
    this.failures.set(username, [...recent, clock.monotonic()]);
    evictOldest(this.failures);
    const user = cleanRemoteText(Buffer.from(username, "latin1"), 64);
    if (recent.length < sipAuthFailuresMax - 1) log.warn("sip password refused", { remote: address, user });
    else if (recent.length < sipAuthFailuresMax) log.error("the password of a phone is being guessed", { remote: address, user });
    this.countOfAll(address);
  }

  mayGuess(username: string): boolean {
    return this.recentFailures(username).length < sipAuthFailuresMax;
  }

  private recentFailures(username: string): number[] {
    const since = this.env.clock.monotonic() - sipAuthFailuresWindowMs;
    return (this.failures.get(username) ?? []).filter((at) => at > since).slice(-sipAuthFailuresMax);
  }

  private countOfAll(address: string): void {
    const now = this.env.clock.monotonic();
    if (now - this.ofAll.since >= sipAuthFailuresWindowMs) this.ofAll = { since: now, count: 0 };
    this.ofAll.count += 1;
    if (this.ofAll.count === sipAuthFailuresOfAllMax)
      this.env.log.error("passwords of phones are being guessed", { remote: address, wrong: sipAuthFailuresOfAllMax });
  }

  private tellSilenced(address: string, bucket: Stranger, isOwnLeft: boolean, now: number): void {
    if (bucket.tokens >= strangerBurst - 1) bucket.isSilenced = false;
    if (isOwnLeft || bucket.isSilenced) return;
    bucket.isSilenced = true;
    if (take(this.lines, now, strangerLinesBurst, 1)) this.env.log.warn("a stranger is silenced: too many requests", { remote: address });
  }
}

function take(bucket: Bucket, now: number, burst: number, perSecond: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

function evictOldest(map: Map<string, unknown>): void {
  if (map.size <= strangersTrackedMax) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
