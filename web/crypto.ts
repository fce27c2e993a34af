// Form tokens, and comparing them.
import { createHash, timingSafeEqual } from "node:crypto";
import { tokenHash } from "../core/lib/token.ts";

/** The form token of a session: derived, so that it needs no place of its own and dies with the session. */
export function csrfOf(token: string): string {
  return createHash("sha256").update(`csrf ${token}`).digest("base64url");
}

/** In the same time whatever differs. */
export function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(tokenHash(a)), Buffer.from(tokenHash(b))];
  return timingSafeEqual(x, y);
}
