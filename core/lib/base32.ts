// Base32 (RFC 4648 §6): letters and digits that survive being read aloud and typed again.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Without padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}

/** Small letters, spaces, hyphens and padding are passed over; null when there is any other character. */
export function fromBase32(text: string): Uint8Array | null {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const letter of text.toUpperCase().replaceAll(/[\s=-]/g, "")) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return null;
    value = (value << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bytes.push((value >>> (bits - 8)) & 255);
      bits -= 8;
    }
    value &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}

/** In groups of four, joined by spaces: people lose their place in anything longer. */
export function inGroups(text: string, joint = " "): string {
  return text.match(/.{1,4}/g)?.join(joint) ?? "";
}
