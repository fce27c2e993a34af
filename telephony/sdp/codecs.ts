// The codecs we speak and how they stand in a description: G.711 both ways, telephone events (RFC 3551, RFC 4733).
import { attribute, attributeValues, type MediaSection } from "./sdp.ts";

export type Codec = "PCMU" | "PCMA";

export type ChosenCodec = {
  readonly codec: Codec;
  readonly payloadType: number;
  /** telephone-event at 8 kHz; null when the peer has none. */
  readonly dtmfPayloadType: number | null;
  readonly ptimeMs: number;
};

const staticTypes: Readonly<Record<string, Codec>> = { "0": "PCMU", "8": "PCMA" };

/** The first G.711 in the peer's order, with its events; null when there is none. */
export function chooseCodec(section: MediaSection): ChosenCodec | null {
  const maps = new Map<string, string>();
  for (const value of attributeValues(section, "rtpmap")) {
    const match = /^([0-9]{1,3}) +([A-Za-z0-9.-]+\/[0-9]+)(?:\/1)?$/.exec(value);
    if (match !== null) maps.set(match[1]!, match[2]!.toUpperCase());
  }
  let chosen: { codec: Codec; payloadType: number } | null = null;
  let dtmfPayloadType: number | null = null;
  for (const format of section.formats) {
    if (!/^[0-9]{1,3}$/.test(format) || Number(format) > 127) continue;
    const name = maps.get(format);
    const codec = name === undefined ? staticTypes[format] : name === "PCMU/8000" ? "PCMU" : name === "PCMA/8000" ? "PCMA" : undefined;
    if (codec !== undefined) chosen ??= { codec, payloadType: Number(format) };
    // Chromium offers events at 48 kHz first; only those at the clock of our audio count (RFC 4733 §2.1).
    if (name === "TELEPHONE-EVENT/8000") dtmfPayloadType ??= Number(format);
  }
  return chosen === null ? null : { ...chosen, dtmfPayloadType, ptimeMs: ptimeOf(section) };
}

/** What the peer asks to be sent, where we can: tens of milliseconds from 10 to 60, else 20. */
function ptimeOf(section: MediaSection): number {
  const ptime = Number(attribute(section, "ptime") ?? 20);
  return ptime >= 10 && ptime <= 60 && ptime % 10 === 0 ? ptime : 20;
}

/** Our half of an answer: the one codec, and events when the peer has them, under the peer's numbers (RFC 3264 §6.1). */
export function codecLines(chosen: ChosenCodec): { readonly formats: string; readonly attributes: string[] } {
  const { codec, payloadType, dtmfPayloadType } = chosen;
  const attributes = [`rtpmap:${payloadType} ${codec}/8000`];
  if (dtmfPayloadType !== null) attributes.push(`rtpmap:${dtmfPayloadType} telephone-event/8000`, `fmtp:${dtmfPayloadType} 0-15`);
  return {
    formats: dtmfPayloadType === null ? `${payloadType}` : `${payloadType} ${dtmfPayloadType}`,
    attributes: [...attributes, "ptime:20"],
  };
}

export const offeredFormats = "8 0 101";
export const offeredAttributes: readonly string[] = [
  "rtpmap:8 PCMA/8000",
  "rtpmap:0 PCMU/8000",
  "rtpmap:101 telephone-event/8000",
  "fmtp:101 0-15",
  "ptime:20",
];
