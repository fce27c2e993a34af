// The codecs we speak and how they stand in a description: Opus, G.722, G.711 both ways, telephone events (RFC 3551, RFC 4733, RFC 7587).
import { attribute, attributeValues, type MediaSection } from "./sdp.ts";

export type Codec = "OPUS" | "G722" | "PCMU" | "PCMA";

/** What is spoken, best first: with phones and browsers, and with carriers, whose networks end in G.711. */
export const wideCodecs: readonly Codec[] = ["OPUS", "G722", "PCMA", "PCMU"];
export const narrowCodecs: readonly Codec[] = ["PCMA", "PCMU"];

/** `codecs`, those of `first` before the others: what a call speaks already need not be transcoded. */
export function preferring(first: readonly Codec[], codecs: readonly Codec[]): readonly Codec[] {
  return [...first.filter((codec) => codecs.includes(codec)), ...codecs.filter((codec) => !first.includes(codec))];
}

type CommonCodec = { readonly codec: Codec; readonly payloadType: number };
/** By payload type: telephone-event, null when the peer has none, and what its clock counts in a millisecond. */
type Events = { readonly dtmfPayloadType: number | null; readonly dtmfUnitsPerMs: 8 | 48 };
export type ChosenCodec = CommonCodec & Events & { readonly ptimeMs: number };

/**
 * How each stands in an rtpmap. RFC 3551 §4.5.2: G.722 samples at 16 kHz, and its clock counts as if it were 8, by an error that had to stay.
 * RFC 7587 §7: Opus is always said to have 48 kHz and two channels, whatever is sent.
 */
const names: Readonly<Record<Codec, string>> = { OPUS: "opus/48000/2", G722: "G722/8000", PCMA: "PCMA/8000", PCMU: "PCMU/8000" };
/** In our offers; those below 96 are the numbers that they always have (RFC 3551 §6). */
const types: Readonly<Record<Codec, number>> = { OPUS: 111, G722: 9, PCMA: 8, PCMU: 0 };
const eventTypes = { 8: 101, 48: 110 } as const;
const codecsOfType = new Map(wideCodecs.filter((codec) => types[codec] < 96).map((codec) => [String(types[codec]), codec]));
const codecsOfName = new Map(wideCodecs.map((codec) => [names[codec].toUpperCase(), codec]));

/** All of ours that the peer has, in its order, and its events: a payload type for each clock. */
export function commonCodecs(section: MediaSection): {
  readonly codecs: readonly CommonCodec[];
  readonly events: ReadonlyMap<8 | 48, number>;
} {
  const maps = new Map<string, string>();
  for (const value of attributeValues(section, "rtpmap")) {
    const match = /^([0-9]{1,3}) +([A-Za-z0-9.-]+\/[0-9]+(?:\/[2-9])?)(?:\/1)?$/.exec(value);
    if (match !== null) maps.set(match[1]!, match[2]!.toUpperCase());
  }
  const codecs: CommonCodec[] = [];
  const events = new Map<8 | 48, number>();
  for (const format of section.formats) {
    if (!/^[0-9]{1,3}$/.test(format) || Number(format) > 127) continue;
    const name = maps.get(format);
    const codec = name === undefined ? codecsOfType.get(format) : codecsOfName.get(name);
    if (codec !== undefined) codecs.push({ codec, payloadType: Number(format) });
    for (const units of [8, 48] as const)
      if (name === `TELEPHONE-EVENT/${units}000` && !events.has(units)) events.set(units, Number(format));
  }
  return { codecs, events };
}

/** RFC 4733 §2.1: at the clock of the audio; some have no other than that of G.711. */
function eventsFor(codec: Codec, events: ReadonlyMap<8 | 48, number>): Events {
  const at48 = codec === "OPUS" ? events.get(48) : undefined;
  return at48 === undefined ? { dtmfPayloadType: events.get(8) ?? null, dtmfUnitsPerMs: 8 } : { dtmfPayloadType: at48, dtmfUnitsPerMs: 48 };
}

/** The first of `first` that the peer has, else the first of `codecs` in the peer's order (RFC 3264 §6.1); null when there is none. */
export function chooseCodec(section: MediaSection, codecs: readonly Codec[], first: readonly Codec[] = []): ChosenCodec | null {
  const common = commonCodecs(section);
  const ours = common.codecs.filter(({ codec }) => codecs.includes(codec));
  const wanted = first.map((codec) => ours.find((one) => one.codec === codec)).find((one) => one !== undefined);
  const chosen = wanted ?? ours[0];
  return chosen === undefined ? null : { ...chosen, ...eventsFor(chosen.codec, common.events), ptimeMs: ptimeOf(section) };
}

/** What the peer asks to be sent, where we can: tens of milliseconds from 10 to 60, else 20. */
function ptimeOf(section: MediaSection): number {
  const ptime = Number(attribute(section, "ptime") ?? 20);
  return ptime >= 10 && ptime <= 60 && ptime % 10 === 0 ? ptime : 20;
}

/** Our half of an answer: the one codec, and events when the peer has them, under the peer's numbers (RFC 3264 §6.1). */
export function codecLines(chosen: ChosenCodec): { readonly formats: string; readonly attributes: string[] } {
  const { codec, payloadType, dtmfPayloadType, dtmfUnitsPerMs } = chosen;
  return {
    formats: dtmfPayloadType === null ? `${payloadType}` : `${payloadType} ${dtmfPayloadType}`,
    attributes: [
      ...audioLines(codec, payloadType),
      ...(dtmfPayloadType === null ? [] : eventLines(dtmfPayloadType, dtmfUnitsPerMs)),
      "ptime:20",
    ],
  };
}

/** Our offer of `codecs`, in that order, with events at each of their clocks. */
export function offeredLines(codecs: readonly Codec[]): { readonly formats: string; readonly attributes: string[] } {
  const clocks = codecs.includes("OPUS") ? ([48, 8] as const) : ([8] as const);
  return {
    formats: [...codecs.map((codec) => types[codec]), ...clocks.map((units) => eventTypes[units])].join(" "),
    attributes: [
      ...codecs.flatMap((codec) => audioLines(codec, types[codec])),
      ...clocks.flatMap((units) => eventLines(eventTypes[units], units)),
      "ptime:20",
    ],
  };
}

/** We mend what is lost by what Opus says twice, and ask for it (RFC 7587 §6.1). */
function audioLines(codec: Codec, type: number): string[] {
  const map = `rtpmap:${type} ${names[codec]}`;
  return codec === "OPUS" ? [map, `fmtp:${type} useinbandfec=1`] : [map];
}

function eventLines(type: number, unitsPerMs: 8 | 48): string[] {
  return [`rtpmap:${type} telephone-event/${unitsPerMs}000`, `fmtp:${type} 0-15`];
}
