// Tokens: random on the wire, hashed at rest.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "../core/env/env.ts";

/** 256 bits, base64url. */
export function newToken(random: Random): string {
  return Buffer.from(random.bytes(32)).toString("base64url");
}

/** What is stored of a token: whoever reads the table cannot use it. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The form token of a session: derived, so that it needs no place of its own and dies with the session. */
export function csrfOf(token: string): string {
  return createHash("sha256").update(`csrf ${token}`).digest("base64url");
}

/** In the same time whatever differs. */
export function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(tokenHash(a)), Buffer.from(tokenHash(b))];
  return timingSafeEqual(x, y);
}
