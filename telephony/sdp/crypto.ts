// Keys of SRTP in descriptions (SDES, RFC 4568): read strictly, and written for one suite or for all that we have.
import { isSrtpSuite, type SrtpKeyTexts, type SrtpSuite, srtpKeySizes, srtpSuites } from "../../core/lib/media-encryption.ts";
import { attributeValues, type MediaSection } from "./sdp.ts";

/** Which of several keys: an answer repeats the tag and suite of the one that it takes. */
export type CryptoTag = { readonly tag: number; readonly suite: SrtpSuite };
/** `key`: the sender's master key and salt, base64. */
export type Crypto = CryptoTag & { readonly key: string };

/** Packets that a key must last for: six hours of voice. Whoever allows fewer wants new keys within a call, which we do not make. */
const lifetimeMin = 2 ** 20;
/** RFC 3711 §9.2. */
const lifetimeMax = 2 ** 48;

/**
 * The keys of a section that we can use, in its order; null when one of them breaks the rules: then nothing in it is to be trusted.
 *
 *     a=crypto:<tag> <suite> inline:<key and salt>[|<lifetime>][|<MKI>:<length>][;<more keys>] [<session parameters>]
 *
 * Passed over are other suites, keys of which there are several or which packets name (MKI), and whatever weakens (UNENCRYPTED_SRTP) or changes
 * (KDR) how they are used. A parameter that we do not know is of those, unless a hyphen says that it may be ignored (RFC 4568 §6.3.7).
 */
export function readCrypto(section: MediaSection): Crypto[] | null {
  const tags = new Set<number>();
  const usable: Crypto[] = [];
  for (const value of attributeValues(section, "crypto")) {
    const [, tagText, suiteText, keys, parameters] = /^([0-9]{1,9}) +([A-Za-z0-9_]{1,64}) +(\S+)((?: +\S+)*)$/.exec(value) ?? [];
    const tag = Number(tagText);
    // RFC 4568 §4.1: tags are unique within a section.
    if (tagText === undefined || tags.has(tag)) return null;
    tags.add(tag);
    const suite = suiteText!.toUpperCase();
    if (!isSrtpSuite(suite)) continue;
    const key = readKey(keys!, suite);
    if (key === "broken") return null;
    if (key !== "unusable" && parameters!.split(" ").every(isHarmless)) usable.push({ tag, suite, key });
  }
  return usable;
}

function readKey(text: string, suite: SrtpSuite): string | "broken" | "unusable" {
  if (text.includes(";")) return "unusable";
  const [, key, lifetime, mki] =
    /^inline:([A-Za-z0-9+/]{1,128}={0,2})(?:\|(2\^[0-9]{1,2}|[1-9][0-9]{0,14}))?(?:\|([0-9]{1,40}:[0-9]{1,3}))?$/i.exec(text) ?? [];
  if (key === undefined) return "broken";
  const bytes = Buffer.from(key, "base64");
  const sizes = srtpKeySizes[suite];
  // Bits beyond the last byte would make two texts of one key.
  const isCanonical = bytes.toString("base64").replace(/=+$/, "") === key.replace(/=+$/, "");
  if (!isCanonical || bytes.length !== sizes.key + sizes.salt) return "broken";
  const packets = lifetime === undefined ? lifetimeMax : lifetime.startsWith("2^") ? 2 ** Number(lifetime.slice(2)) : Number(lifetime);
  if (packets > lifetimeMax) return "broken";
  return packets < lifetimeMin || mki !== undefined ? "unusable" : bytes.toString("base64");
}

/** WSH is a hint for the size of the replay window, and ours is twice the least. */
function isHarmless(parameter: string): boolean {
  return parameter === "" || parameter.startsWith("-") || /^WSH=[0-9]{1,5}$/i.test(parameter);
}

/** All that we have, for an offer. */
export const ourTags: readonly CryptoTag[] = srtpSuites.map((suite, index) => ({ tag: index + 1, suite }));

export function cryptoLines(tags: readonly CryptoTag[], keys: SrtpKeyTexts): string[] {
  return tags.map(({ tag, suite }) => `crypto:${tag} ${suite} inline:${keys[suite]}`);
}
