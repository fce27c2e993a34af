// Tokens: random on the wire, hashed at rest.
import { createHash } from "node:crypto";
import type { Random } from "../env/env.ts";

/** 256 bits, base64url. */
export function newToken(random: Random): string {
  return Buffer.from(random.bytes(32)).toString("base64url");
}

/** What is stored of a token: whoever reads the table cannot use it. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
