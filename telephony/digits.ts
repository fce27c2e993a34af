// Keys pressed on one leg, told beside the voice (RFC 4733), in it as tones, or in signalling (INFO): each once, also where a phone tells it both ways. Pure.
import { digitsPerSecondMax } from "../core/lib/limits.ts";
import type { Step } from "../core/lib/machine.ts";

export type Pressed = { readonly digit: string; readonly way: "event" | "tone" | "info"; readonly atMs: number };
/** Those told lately whose other telling has not come. */
export type Presses = readonly Pressed[];

/** One way tells a key when it goes down, the other when it comes up. */
const twinMs = 3_000;

/** The output is the press, when it is one; none: it was told already, or nobody presses so fast. */
export function stepDigits(presses: Presses, pressed: Pressed): Step<Presses, Pressed> {
  const recent = presses.filter(({ atMs }) => pressed.atMs - atMs <= twinMs);
  const twin = recent.findIndex(({ digit, way }) => digit === pressed.digit && way !== pressed.way);
  if (twin >= 0) return { state: recent.toSpliced(twin, 1), outputs: [] };
  // What comes in sound is limited there already.
  if (pressed.way === "info" && recent.filter(({ atMs }) => pressed.atMs - atMs < 1_000).length >= digitsPerSecondMax)
    return { state: recent, outputs: [] };
  return { state: [...recent, pressed], outputs: [pressed] };
}

/** The bodies of INFO that we take: `Signal=5` and what most phones have in common, and a bare `5`. */
export const digitTypes = ["application/dtmf-relay", "application/dtmf"];

/** What a body of such a type says; null: no digit. */
export function digitIn(type: string, body: Uint8Array): string | null {
  if (body.length > 128) return null;
  const text = Buffer.from(body).toString("latin1");
  const said = type === "application/dtmf-relay" ? /^Signal\s*=\s*(\S+)\s*$/im.exec(text)?.[1] : text.trim();
  if (!digitTypes.includes(type) || said === undefined) return null;
  // Some name the two keys below 7 and 9 by their events (RFC 4733 §3.2).
  const digit = said === "10" ? "*" : said === "11" ? "#" : said.toUpperCase();
  return /^[0-9*#A-D]$/.test(digit) ? digit : null;
}

/** A digit as a body of `application/dtmf-relay`. */
export function digitBody(digit: string): Uint8Array {
  return new TextEncoder().encode(`Signal=${digit}\r\nDuration=160\r\n`);
}
