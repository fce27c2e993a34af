// Secrets of SIP phones: made by us, told once; only their HA1 is kept, sealed with the key file.

import type { Random } from "../core/env/env.ts";
import type { PhoneSecret } from "../core/telephony/commands.ts";
import type { Keys } from "../storage/vault/keys.ts";
import { seal, unseal } from "../storage/vault/seal.ts";
import { type Ha1, ha1Of } from "../telephony/sip/auth/digest.ts";
import { defaultRealm } from "../telephony/start.ts";

/** 144 bits, easy to type into a phone's form. */
export function newPhoneSecret(random: Random, keys: Keys, username: string): PhoneSecret {
  return phoneSecretOf(Buffer.from(random.bytes(18)).toString("base64url"), random, keys, username);
}

/** A secret that was chosen elsewhere. */
export function phoneSecretOf(secret: string, random: Random, keys: Keys, username: string): PhoneSecret {
  const ha1 = JSON.stringify(ha1Of(username, defaultRealm, secret));
  return { secret, sealedHa1: seal(random, keys.derive("secrets"), Buffer.from(ha1), `ha1 ${username}`).toString("base64") };
}

/** Null: sealed with another key file, or changed. */
export function openHa1(keys: Keys, username: string, sealed: string): Ha1 | null {
  const plain = unseal(keys.derive("secrets"), Buffer.from(sealed, "base64"), `ha1 ${username}`);
  return plain === null ? null : (JSON.parse(plain.toString("utf8")) as Ha1);
}
