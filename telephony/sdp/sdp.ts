// Session descriptions (RFC 8866) read and written by hand: bounded, and everything that is not understood is passed over.
import { sdpBytesMax, sdpLinesMax, sdpMediaMax } from "../../core/lib/limits.ts";

export type Attribute = readonly [name: string, value: string | null];

export type MediaSection = {
  readonly media: string;
  readonly port: number;
  /** Upper case: RTP/AVP, UDP/TLS/RTP/SAVPF, … */
  readonly protocol: string;
  readonly formats: readonly string[];
  /** The address of its own c= line, else of the session's; null when neither stands. */
  readonly address: string | null;
  readonly attributes: readonly Attribute[];
};

export type Sdp = { readonly attributes: readonly Attribute[]; readonly media: readonly MediaSection[] };

export type SdpResult = { readonly ok: true; readonly sdp: Sdp } | { readonly ok: false; readonly reason: string };

const no = (reason: string): SdpResult => ({ ok: false, reason });

export function parseSdp(body: Uint8Array): SdpResult {
  if (body.length > sdpBytesMax) return no("too long");
  const lines = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString("latin1")
    .split(/\r?\n/, sdpLinesMax + 1);
  if (lines.length > sdpLinesMax) return no("too many lines");
  if (lines[0] !== "v=0") return no("no v=0");
  const session = { address: null as string | null, attributes: [] as Attribute[] };
  const media: { section: MediaSection; address: string | null; attributes: Attribute[] }[] = [];
  for (const line of lines) {
    // RFC 8866 §9: no value holds NUL or CR. Some of it stands in our answer, where the next parser might see a line's end.
    if (/[\0\r]/.test(line)) return no("control characters");
    if (line.charCodeAt(1) !== 0x3d) continue;
    const value = line.slice(2);
    const target = media.at(-1) ?? session;
    if (line.startsWith("a=")) target.attributes.push(parseAttribute(value));
    else if (line.startsWith("c=")) target.address = parseConnection(value);
    else if (line.startsWith("m=")) {
      if (media.length === sdpMediaMax) return no("too many media sections");
      const section = parseMedia(value);
      if (section === null) return no("bad m= line");
      media.push({ section, address: null, attributes: [] });
    }
  }
  return {
    ok: true,
    sdp: {
      attributes: session.attributes,
      media: media.map(({ section, address, attributes }) => ({ ...section, address: address ?? session.address, attributes })),
    },
  };
}

function parseAttribute(value: string): Attribute {
  const colon = value.indexOf(":");
  return colon < 0 ? [value.trim().toLowerCase(), null] : [value.slice(0, colon).toLowerCase(), value.slice(colon + 1).trim()];
}

/** `IN IP4 192.0.2.1`; a TTL behind a slash marks multicast and stays, so that it is refused as no address. */
function parseConnection(value: string): string | null {
  return /^IN +IP[46] +(\S+) *$/i.exec(value)?.[1] ?? null;
}

function parseMedia(value: string): MediaSection | null {
  const match = /^([A-Za-z0-9.+-]{1,32}) +([0-9]{1,5})(?:\/[0-9]{1,5})? +([A-Za-z0-9./+-]{1,64})((?: +[^\s]+)*) *$/.exec(value);
  if (match === null || Number(match[2]) > 65_535) return null;
  const formats = match[4]!.split(" ").filter((format) => format !== "");
  if (formats.length === 0 || formats.length > 128) return null;
  return {
    media: match[1]!.toLowerCase(),
    port: Number(match[2]),
    protocol: match[3]!.toUpperCase(),
    formats,
    address: null,
    attributes: [],
  };
}

type HasAttributes = { readonly attributes: readonly Attribute[] };

/** The value of the first attribute of that name: null when it has none, undefined when it is absent. */
export function attribute(section: HasAttributes, name: string): string | null | undefined {
  for (const [key, value] of section.attributes) if (key === name) return value;
  return undefined;
}

export function attributeValues(section: HasAttributes, name: string): string[] {
  return section.attributes.filter(([key, value]) => key === name && value !== null).map(([, value]) => value!);
}

export type SdpText = {
  readonly sessionId: number;
  /** Grows with every description that differs from the one before (RFC 3264 §8). */
  readonly version: number;
  readonly address: string;
  readonly attributes: readonly string[];
  readonly media: readonly { readonly line: string; readonly attributes: readonly string[] }[];
};

export function writeSdp(text: SdpText): Uint8Array {
  const family = text.address.includes(":") ? "IP6" : "IP4";
  const lines = [
    "v=0",
    `o=- ${text.sessionId} ${text.version} IN ${family} ${text.address}`,
    "s=-",
    `c=IN ${family} ${text.address}`,
    "t=0 0",
  ];
  for (const attribute of text.attributes) lines.push(`a=${attribute}`);
  for (const { line, attributes } of text.media) {
    lines.push(`m=${line}`);
    for (const attribute of attributes) lines.push(`a=${attribute}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
}
