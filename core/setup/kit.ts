// The recovery kit: 160 bits in eight groups of four, which open the sealed copy of the key file.
import type { Random } from "../env/env.ts";
import { base32, fromBase32, inGroups } from "../lib/base32.ts";
import { tokenHash } from "../lib/token.ts";

const kitBytes = 20;
const groupsAsked = 3;

/** `ABCD-EFGH-…`, eight groups. */
export function newKit(random: Random): string {
  return inGroups(base32(random.bytes(kitBytes)), "-");
}

export function groupsOf(kit: string): readonly string[] {
  return kit.split("-");
}

/** The kit as its bytes, however it was typed; null: it is none. */
export function kitBytesOf(typed: string): Uint8Array | null {
  const bytes = fromBase32(typed);
  return bytes?.length === kitBytes ? bytes : null;
}

/** Says which kit it is without saying the kit: what the headless set-up names. */
export function digestOf(kit: string): string {
  return tokenHash(`kit ${kit}`).slice(0, 32);
}

/** Which groups are asked back, counted from 0, in order: chosen by the digest, so that a wrong try does not ask for others. */
export function askedGroups(digest: string): readonly number[] {
  const left = [0, 1, 2, 3, 4, 5, 6, 7];
  const asked = Array.from({ length: groupsAsked }, (_, i) => {
    const at = Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16) % left.length;
    return left.splice(at, 1)[0]!;
  });
  return asked.sort((a, b) => a - b);
}

/** Whether a typed group is the kit's: small letters and spaces do not matter. */
export function isGroup(kit: string, index: number, typed: string): boolean {
  return groupsOf(kit)[index] === typed.toUpperCase().replaceAll(/[\s-]/g, "");
}
