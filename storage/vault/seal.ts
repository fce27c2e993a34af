// Sealing and opening: AES-256-GCM with a version byte in front, and the payload of an event with its salt.
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { Random } from "../../core/env/env.ts";

const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 32;
/** Version, nonce and tag: what sealing adds. */
export const sealOverheadBytes = 1 + nonceBytes + tagBytes;

/** 0x01 ‖ nonce ‖ ciphertext ‖ tag (NIST SP 800-38D). `aad` binds it to its place. */
export function seal(random: Random, key: Uint8Array, plain: Uint8Array, aad: string): Buffer {
  const nonce = random.bytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(aad, "utf8"));
  return Buffer.concat([Buffer.of(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Null when it was changed, moved to another place, or sealed with another key. */
export function unseal(key: Uint8Array, sealed: Uint8Array, aad: string): Buffer | null {
  if (sealed.length < sealOverheadBytes || sealed[0] !== 1) return null;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 1 + nonceBytes));
  decipher.setAAD(Buffer.from(aad, "utf8"));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, sealed.length - tagBytes)), decipher.final()]);
  } catch {
    return null;
  }
}

/**
 * An event's payload: its digest for the chain, and its body, bound to its `payloadPlace` (core/events/chain.ts). The salt lies inside the seal, so that whoever has the database but not the
 * key cannot guess a short payload against its digest, and so that destroying the key forgets the salt too.
 */
export function sealPayload(random: Random, key: Uint8Array, place: string, canonical: string): { digest: string; body: Buffer } {
  const plain = Buffer.from(canonical, "utf8");
  const salt = random.bytes(saltBytes);
  return { digest: payloadDigest(salt, plain), body: seal(random, key, Buffer.concat([salt, plain]), place) };
}

/** Null when the body cannot be opened; the digest is what these bytes really have. */
export function openPayload(key: Uint8Array, place: string, body: Uint8Array): { digest: string; canonical: string } | null {
  const opened = unseal(key, body, place);
  if (opened === null || opened.length < saltBytes) return null;
  const plain = opened.subarray(saltBytes);
  return { digest: payloadDigest(opened.subarray(0, saltBytes), plain), canonical: plain.toString("utf8") };
}

function payloadDigest(salt: Uint8Array, plain: Uint8Array): string {
  return createHmac("sha256", salt).update(plain).digest("hex");
}
