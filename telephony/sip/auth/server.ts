// The digest server: nonces that prove themselves, each count accepted once, and nothing that tells a known name from an unknown one.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Env } from "../../../core/env/env.ts";
import { nonceLifeMs, noncesTrackedMax } from "../../../core/lib/limits.ts";
import { type Header, header, headerValues, type SipRequest } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";
import { type Algorithm, algorithms, type Credentials, expectedResponse, type Ha1, parseCredentials } from "./digest.ts";

export type Verdict =
  | { readonly ok: true; readonly username: string }
  /** `guess`: a user name that was given with a wrong answer; null when nothing was evaluated. */
  | { readonly ok: false; readonly stale: boolean; readonly guess: string | null };

type NonceState = "fresh" | "stale" | "foreign";

export class DigestServer {
  private readonly key: Uint8Array;
  /** The highest count taken per nonce, oldest nonce first. */
  private readonly counts = new Map<string, number>();
  /** Nonces made up to this moment and not in `counts` may have been used: they are stale. */
  private forgottenUntil = 0;

  constructor(
    private readonly env: Env,
    readonly realm: string,
    /** What is offered, in this order (RFC 8760 §2.3); nothing else is taken. */
    private readonly order: readonly Algorithm[] = algorithms,
  ) {
    this.key = env.random.bytes(32);
  }

  /** One header per algorithm, the preferred one first; phones that know only MD5 find theirs. `wantsMd5`: only that one, if it may be. */
  challenge(stale = false, wantsMd5 = false): readonly Header[] {
    const order = wantsMd5 && this.order.includes("MD5") ? (["MD5"] as const) : this.order;
    const nonce = this.newNonce();
    const rest = `realm="${this.realm}", nonce="${nonce}", qop="auth"${stale ? ", stale=true" : ""}`;
    return order.map((algorithm) => header("WWW-Authenticate", `Digest ${rest}, algorithm=${algorithm}`));
  }

  /**
   * Whether the request proves one of `lookup`'s users. An unknown name costs the same work as a known one and gets the same verdict.
   * `mayEvaluate` false: a name under attack; the work is done, the answer is no.
   */
  verify(request: SipRequest, lookup: (username: string) => Ha1 | null, mayEvaluate: (username: string) => boolean = () => true): Verdict {
    const credentials = this.credentialsOf(request);
    if (credentials === null) return { ok: false, stale: false, guess: null };
    const state = this.nonceState(credentials);
    if (state === "foreign") return { ok: false, stale: false, guess: null };
    const ha1 = lookup(credentials.username);
    const given = Buffer.from(credentials.response, "latin1");
    const expected = Buffer.from(expectedResponse(credentials, ha1 ?? this.nobody(credentials.username), request.method), "latin1");
    const isRight = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isRight || ha1 === null || !mayEvaluate(credentials.username)) return { ok: false, stale: false, guess: credentials.username };
    if (state === "stale") return { ok: false, stale: true, guess: null };
    if (!this.take(credentials)) return { ok: false, stale: true, guess: null };
    return { ok: true, username: credentials.username };
  }

  private credentialsOf(request: SipRequest): Credentials | null {
    for (const value of headerValues(request, "authorization")) {
      const credentials = parseCredentials(value);
      if (credentials?.realm === this.realm && this.order.includes(credentials.algorithm) && isSameTarget(credentials.uri, request.uriText))
        return credentials;
    }
    return null;
  }

  /** `time.random.hmac`: no table of nonces that were only handed out. */
  private newNonce(): string {
    const body = `${this.env.clock.now().toString(36)}.${Buffer.from(this.env.random.bytes(12)).toString("hex")}`;
    return `${body}.${this.sign(body)}`;
  }

  private sign(body: string): string {
    return createHmac("sha256", this.key).update(body).digest("hex").slice(0, 32);
  }

  private nonceState({ nonce }: Credentials): NonceState {
    const end = nonce.lastIndexOf(".");
    const body = nonce.slice(0, Math.max(end, 0));
    const given = Buffer.from(nonce.slice(end + 1), "latin1");
    const expected = Buffer.from(this.sign(body), "latin1");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return "foreign";
    const madeAt = madeAtOf(nonce);
    if (this.env.clock.now() - madeAt > nonceLifeMs) return "stale";
    return madeAt <= this.forgottenUntil && !this.counts.has(nonce) ? "stale" : "fresh";
  }

  /** Counts only go up (RFC 7616 §3.4: the same or an older one is a replay). */
  private take({ nonce, nc }: Credentials): boolean {
    const count = Number.parseInt(nc, 16);
    const highest = this.counts.get(nonce);
    if (count <= (highest ?? 0)) return false;
    this.counts.set(nonce, count);
    if (highest === undefined) this.forget();
    return true;
  }

  private forget(): void {
    const now = this.env.clock.now();
    for (const nonce of this.counts.keys()) {
      const madeAt = madeAtOf(nonce);
      if (this.counts.size <= noncesTrackedMax && now - madeAt <= nonceLifeMs) break;
      this.counts.delete(nonce);
      this.forgottenUntil = Math.max(this.forgottenUntil, madeAt);
    }
  }

  /** What an unknown name is compared with: as unguessable as a real one, and always the same for a name. */
  private nobody(username: string): Ha1 {
    const trace = createHmac("sha256", this.key).update(username).digest("hex");
    return { md5: trace.slice(0, 32), sha256: trace };
  }
}

function madeAtOf(nonce: string): number {
  return Number.parseInt(nonce.split(".")[0]!, 36);
}

/** RFC 7616 §3.4.6: the credentials are for this target. Phones differ in whether they write the port. */
function isSameTarget(uri: string, requestUri: string): boolean {
  if (uri === requestUri) return true;
  const [a, b] = [parseUri(uri), parseUri(requestUri)];
  if (a === null || b === null || a.scheme === "other" || b.scheme === "other" || a.scheme === "tel" || b.scheme === "tel") return false;
  return a.host === b.host && a.user === b.user && a.scheme === b.scheme;
}
