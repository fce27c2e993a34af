// The codecs we speak and how they stand in a description: G.722, G.711 both ways, telephone events (RFC 3551, RFC 4733).
import { attribute, attributeValues, type MediaSection } from "./sdp.ts";

export type Codec = "G722" | "PCMU" | "PCMA";

/** What is spoken, best first: with phones and browsers, and with carriers, whose networks end in G.711. */
export const wideCodecs: readonly Codec[] = ["G722", "PCMA", "PCMU"];
export const narrowCodecs: readonly Codec[] = ["PCMA", "PCMU"];

/** `codecs`, those of `first` before the others: what a call speaks already need not be transcoded. */
export function preferring(first: readonly Codec[], codecs: readonly Codec[]): readonly Codec[] {
  return [...first.filter((codec) => codecs.includes(codec)), ...codecs.filter((codec) => !first.includes(codec))];
}

type CommonCodec = { readonly codec: Codec; readonly payloadType: number };
export type ChosenCodec = CommonCodec & {
  /** telephone-event at 8 kHz; null when the peer has none. */
  readonly dtmfPayloadType: number | null;
  readonly ptimeMs: number;
};

// RFC 3551 §4.5.2: G.722 samples at 16 kHz, and its clock counts as if it were 8, by an error that had to stay.
const staticTypes: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8, G722: 9 };
const codecsOfType = new Map(wideCodecs.map((codec) => [String(staticTypes[codec]), codec]));
const codecsOfName = new Map(wideCodecs.map((codec) => [`${codec}/8000`, codec]));

/** All of ours that the peer has, in its order, with its events. */
export function commonCodecs(section: MediaSection): { readonly codecs: readonly CommonCodec[]; readonly dtmfPayloadType: number | null } {
  const maps = new Map<string, string>();
  for (const value of attributeValues(section, "rtpmap")) {
    const match = /^([0-9]{1,3}) +([A-Za-z0-9.-]+\/[0-9]+)(?:\/1)?$/.exec(value);
    if (match !== null) maps.set(match[1]!, match[2]!.toUpperCase());
  }
  const codecs: CommonCodec[] = [];
  let dtmfPayloadType: number | null = null;
  for (const format of section.formats) {
    if (!/^[0-9]{1,3}$/.test(format) || Number(format) > 127) continue;
    const name = maps.get(format);
    const codec = name === undefined ? codecsOfType.get(format) : codecsOfName.get(name);
    if (codec !== undefined) codecs.push({ codec, payloadType: Number(format) });
    // Chromium offers events at 48 kHz first; only those at the clock of our audio count (RFC 4733 §2.1).
    if (name === "TELEPHONE-EVENT/8000") dtmfPayloadType ??= Number(format);
  }
  return { codecs, dtmfPayloadType };
}

/** The first of `first` that the peer has, else the first of `codecs` in the peer's order (RFC 3264 §6.1); null when there is none. */
export function chooseCodec(section: MediaSection, codecs: readonly Codec[], first: readonly Codec[] = []): ChosenCodec | null {
  const common = commonCodecs(section);
  const ours = common.codecs.filter(({ codec }) => codecs.includes(codec));
  const wanted = first.map((codec) => ours.find((one) => one.codec === codec)).find((one) => one !== undefined);
  const chosen = wanted ?? ours[0];
  return chosen === undefined ? null : { ...chosen, dtmfPayloadType: common.dtmfPayloadType, ptimeMs: ptimeOf(section) };
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

/** Our offer of `codecs`, in that order, with events. */
export function offeredLines(codecs: readonly Codec[]): { readonly formats: string; readonly attributes: string[] } {
  const types = codecs.map((codec) => staticTypes[codec]);
  return {
    formats: `${types.join(" ")} 101`,
    attributes: [
      ...codecs.map((codec) => `rtpmap:${staticTypes[codec]} ${codec}/8000`),
      ...["rtpmap:101 telephone-event/8000", "fmtp:101 0-15", "ptime:20"],
    ],
  };
}
