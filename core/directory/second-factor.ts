// The second factor: time-based codes (RFC 6238: SHA-1, six digits, thirty seconds) and recovery codes. Pure; sign-in.ts keeps them.
import { createHmac } from "node:crypto";
import type { Random } from "../env/env.ts";
import { base32, inGroups } from "../lib/base32.ts";
import type { OrganizationId, UserId } from "../lib/id.ts";
import { tokenHash } from "../lib/token.ts";

export type Totp = {
  readonly userId: UserId;
  readonly organizationId: OrganizationId;
  /** Base32, sealed with the key file. */
  readonly sealedSecret: string;
  /** Null: its first code has not been typed yet. */
  readonly confirmedAt: number | null;
  /** The newest step that was used; none before or at it counts again. */
  readonly lastStep: number;
};

const stepMs = 30_000;
const digits = 6;
/** RFC 6238 §5.2: one step either way, for clocks that differ and for people who type slowly. */
const stepsAside = 1;
/** RFC 4226 §4, R6: 160 bits. */
const secretBytes = 20;
export const recoveryCodesMade = 10;
/** 80 bits each: not to be guessed, so a plain hash keeps them. */
const recoveryCodeBytes = 10;

export function newTotpSecret(random: Random): Uint8Array {
  return random.bytes(secretBytes);
}

/** RFC 4226 §5.3. */
export function codeAt(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const offset = mac[19]! & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

export function stepOf(now: number): number {
  return Math.floor(now / stepMs);
}

/** The step whose code this is, if it is one of those that count now; null: wrong, or of another time. Looks at every step in any case. */
export function stepOfCode(secret: Uint8Array, code: string, now: number): number | null {
  const typed = code.replaceAll(/\s/g, "");
  const present = stepOf(now);
  let found: number | null = null;
  for (let step = present - stepsAside; step <= present + stepsAside; step++) {
    if (tokenHash(codeAt(secret, step)) === tokenHash(typed)) found = step;
  }
  return found;
}

/** What an authenticator app reads, as link or as QR code. */
export function totpUri(secret: Uint8Array, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=${stepMs / 1_000}`;
}

/** Ten codes, each for one sign-in without the app: `ABCD-EFGH-IJKL-MNOP`. */
export function newRecoveryCodes(random: Random): string[] {
  return Array.from({ length: recoveryCodesMade }, () => inGroups(base32(random.bytes(recoveryCodeBytes)), "-"));
}

/** What is kept of a recovery code; how it is typed does not matter. */
export function recoveryCodeHash(userId: UserId, code: string): string {
  return tokenHash(`recovery ${userId} ${code.toUpperCase().replaceAll(/[\s-]/g, "")}`);
}
