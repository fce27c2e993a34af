// The one door for text from outside: whatever a stranger sent becomes valid, visible, bounded text before core sees it.
import { remoteTextMax } from "./limits.ts";

/** Control characters, line and paragraph separators, non-characters, the byte order mark, and everything that turns the writing direction. */
const unwanted = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff0-\ufffb\ufffe\uffff]/gu;
const white = /[\t\r\n\u2028\u2029 ]+/g;

const decoder = new TextDecoder("utf-8");

/**
 * Bytes are read as UTF-8, broken sequences become U+FFFD; lone surrogates likewise. White space collapses to one space, the ends are
 * trimmed, and at most `max` characters (code points) remain. Never throws.
 */
export function cleanRemoteText(raw: string | Uint8Array, max: number = remoteTextMax): string {
  // Nothing beyond four bytes per kept character can survive; cutting first keeps the work bounded.
  const text = typeof raw === "string" ? raw.slice(0, max * 8).toWellFormed() : decoder.decode(raw.subarray(0, max * 8));
  const clean = text.replace(white, " ").replace(unwanted, "").trim();
  if (clean.length <= max) return clean;
  return Array.from(clean).slice(0, max).join("").trimEnd();
}
