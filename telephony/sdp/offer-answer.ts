// Offer and answer (RFC 3264) for one audio stream, as RTP, plain or under keys that descriptions carry (RFC 4568), or as WebRTC with ICE-lite (RFC 8829, RFC 8839, RFC 5763).
import { hostText, isIpv4, isIpv6, isUnicast } from "../../core/lib/ip-address.ts";
import { assert } from "../../core/lib/machine.ts";
import type { MediaEncryption, SrtpKeyTexts } from "../../core/lib/media-encryption.ts";
import { type ChosenCodec, type Codec, chooseCodec, codecLines, commonCodecs, narrowCodecs, offeredLines } from "./codecs.ts";
import { type Crypto, type CryptoTag, cryptoLines, ourTags, readCrypto } from "./crypto.ts";
import { attribute, attributeValues, type MediaSection, parseSdp, type Sdp, writeSdp } from "./sdp.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** Where RTP goes. Null where a description names no address to send to: hold in the old style. */
export type RtpPeer = ChosenCodec & {
  readonly kind: "rtp";
  readonly address: string | null;
  readonly port: number;
  readonly rtcpPort: number;
  /** Under which key the peer sends, and which suite we send by; null: voice is plain. */
  readonly crypto: Crypto | null;
};
export type WebRtcPeer = ChosenCodec & {
  readonly kind: "webrtc";
  readonly ufrag: string;
  readonly pwd: string;
  /** SHA-256, upper-case pairs joined by colons. */
  readonly fingerprint: string;
};
export type Peer = RtpPeer | WebRtcPeer;

/** The peer's half, understood. `direction` is ours: what we may do. */
export type Understood = {
  readonly ok: true;
  readonly peer: Peer;
  readonly direction: Direction;
  readonly sdp: Sdp;
  readonly index: number;
};
/** Why voice cannot be as it must: it is not encrypted · it is encrypted only · no suite of theirs is ours · what stands there breaks the rules. */
export type EncryptionTrouble = "plain" | "encrypted" | "no-suite" | "broken";
export type NotUnderstood = { readonly ok: false; readonly reason: string; readonly encryption?: EncryptionTrouble };

/** Our half. */
export type LocalRtp = {
  readonly kind: "rtp";
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  /** What we send under; null: we only speak plain. */
  readonly keys: SrtpKeyTexts | null;
};
export type LocalWebRtc = {
  readonly kind: "webrtc";
  /** All addresses at which the muxed port can be reached; the first one stands in c=. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** For who gets no UDP through; null: there is none. */
  readonly tcpPort: number | null;
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
};
export type Local = LocalRtp | LocalWebRtc;
export type Numbers = { readonly sessionId: number; readonly version: number };

/** What a description of ours says of encryption. Once a key is agreed on, voice is never plain again (`isRequired`). */
export type Securing = { readonly protocol: string; readonly tags: readonly CryptoTag[]; readonly isRequired: boolean };

const plainRtp: Securing = { protocol: "RTP/AVP", tags: [], isRequired: false };

/**
 * What we offer. `isLastWord`: a refusal cannot be followed by another offer (it stands in a 200). Then `optional` says RTP/AVP with keys beside
 * it, which many understand and the others pass over; RFC 4568 does not know it.
 */
export function securingOf(encryption: MediaEncryption, isLastWord: boolean): Securing {
  if (encryption === "disabled") return plainRtp;
  const isRequired = encryption === "required" || !isLastWord;
  return { protocol: isRequired ? "RTP/SAVP" : "RTP/AVP", tags: ourTags, isRequired };
}

/** After the answer to such an offer: what we described stands, and is repeated with the same keys under the same tags (RFC 4568 §7.1.4). */
export function answeredSecuring(offered: Securing, { peer }: Pick<Understood, "peer">): Securing {
  return peer.kind === "rtp" && peer.crypto !== null ? { ...offered, isRequired: true } : plainRtp;
}

/** After our answer to an offer: the one key of it. */
export function agreedSecuring({ peer, sdp, index }: Pick<Understood, "peer" | "sdp" | "index">): Securing {
  if (peer.kind !== "rtp" || peer.crypto === null) return plainRtp;
  const { tag, suite } = peer.crypto;
  return { protocol: sdp.media[index]!.protocol, tags: [{ tag, suite }], isRequired: true };
}

const no = (reason: string, encryption?: EncryptionTrouble): NotUnderstood => ({
  ok: false,
  reason,
  ...(encryption === undefined ? {} : { encryption }),
});

/**
 * Reads an offer: the first audio section that we can take is taken, the others are not. Where voice may be encrypted, such a one comes first.
 * Of `codecs` what the peer likes best is taken, or what it has of `first`.
 */
export function readOffer(
  body: Uint8Array,
  encryption: MediaEncryption = "disabled",
  codecs: readonly Codec[] = narrowCodecs,
  first: readonly Codec[] = [],
): Understood | NotUnderstood {
  const parsed = parseSdp(body);
  if (!parsed.ok) return parsed;
  let refusal = no("no audio");
  let plain: Understood | null = null;
  for (const [index, section] of parsed.sdp.media.entries()) {
    if (section.media !== "audio" || section.port === 0) continue;
    const read = readSection(parsed.sdp, section, chooseCodec(section, codecs, first), { role: "offer", encryption });
    if (!read.ok) refusal = read;
    else if (encryption === "optional" && read.peer.kind === "rtp" && read.peer.crypto === null)
      plain ??= { ...read, sdp: parsed.sdp, index };
    else return { ...read, sdp: parsed.sdp, index };
  }
  return plain ?? refusal;
}

/** Reads the answer to an offer of ours, which had one audio section of that kind. */
export function readAnswer(
  body: Uint8Array,
  kind: Local["kind"],
  securing: Securing = plainRtp,
  codecs: readonly Codec[] = narrowCodecs,
): Understood | NotUnderstood {
  const parsed = parseSdp(body);
  if (!parsed.ok) return parsed;
  const section = parsed.sdp.media[0];
  // RFC 3264 §6: as many sections as the offer has, in its order.
  if (section === undefined || parsed.sdp.media.length !== 1 || section.media !== "audio") return no("not an answer to our offer");
  if (section.port === 0) return no("audio refused");
  const read = readSection(parsed.sdp, section, chooseCodec(section, codecs), { role: "answer", securing });
  if (!read.ok) return read;
  return read.peer.kind === kind ? { ...read, sdp: parsed.sdp, index: 0 } : no("other transport than offered");
}

/** What an offer has in common with `codecs`, in the peer's order. */
export function codecsOf({ sdp, index }: Pick<Understood, "sdp" | "index">, codecs: readonly Codec[]): readonly Codec[] {
  return commonCodecs(sdp.media[index]!).codecs.flatMap(({ codec }) => (codecs.includes(codec) ? [codec] : []));
}

/** The same offer, taken in what it has of `first`. */
export function takenIn(offer: Understood, codecs: readonly Codec[], first: readonly Codec[]): Understood {
  const chosen = chooseCodec(offer.sdp.media[offer.index]!, codecs, first);
  return chosen === null ? offer : { ...offer, peer: { ...offer.peer, ...chosen } };
}

type Reading = { readonly role: "offer"; readonly encryption: MediaEncryption } | { readonly role: "answer"; readonly securing: Securing };

function readSection(
  sdp: Sdp,
  section: MediaSection,
  codec: ChosenCodec | null,
  reading: Reading,
): { ok: true; peer: Peer; direction: Direction } | NotUnderstood {
  if (codec === null) return no("no common codec");
  switch (section.protocol) {
    case "RTP/AVP":
    case "RTP/AVPF":
    case "RTP/SAVP":
    case "RTP/SAVPF": {
      const read = reading.role === "offer" ? offeredCrypto(section, reading.encryption) : answeredCrypto(section, reading.securing);
      return read.ok ? readRtp(sdp, section, codec, read.crypto) : read;
    }
    case "UDP/TLS/RTP/SAVPF":
    case "UDP/TLS/RTP/SAVP":
      return readWebRtc(sdp, section, codec, reading.role);
    default:
      return no(`transport ${section.protocol}`);
  }
}

type ReadCrypto = { readonly ok: true; readonly crypto: Crypto | null } | NotUnderstood;

const isSecureProtocol = ({ protocol }: MediaSection): boolean => protocol.startsWith("RTP/SAVP");

/** The first of theirs that we have (RFC 4568 §5.1.2). Keys beside RTP/AVP are an offer to encrypt, too, as many phones make it. */
function offeredCrypto(section: MediaSection, encryption: MediaEncryption): ReadCrypto {
  const isSecure = isSecureProtocol(section);
  if (encryption === "disabled") return isSecure ? no("voice is encrypted only", "encrypted") : { ok: true, crypto: null };
  const lines = readCrypto(section);
  if (lines === null) return no("broken a=crypto", "broken");
  const crypto = lines[0] ?? null;
  if (crypto !== null || (!isSecure && encryption === "optional")) return { ok: true, crypto };
  return isSecure ? no("no usable a=crypto", "no-suite") : no("voice is not encrypted", "plain");
}

/** One key, under a tag that we have offered, with the suite that stood there (RFC 4568 §5.1.3); none only where our offer was plain, or could be. */
function answeredCrypto(section: MediaSection, { tags, isRequired }: Securing): ReadCrypto {
  if (tags.length === 0) return isSecureProtocol(section) ? no("other transport than offered") : { ok: true, crypto: null };
  const hasNone = attributeValues(section, "crypto").length === 0;
  if (hasNone) return isRequired || isSecureProtocol(section) ? no("voice is not encrypted", "plain") : { ok: true, crypto: null };
  const lines = readCrypto(section);
  const [crypto, ...more] = lines ?? [];
  const isOffered = crypto !== undefined && tags.some(({ tag, suite }) => tag === crypto.tag && suite === crypto.suite);
  return isOffered && more.length === 0 ? { ok: true, crypto } : no("a=crypto answers none of ours", "broken");
}

function readRtp(
  sdp: Sdp,
  section: MediaSection,
  codec: ChosenCodec,
  crypto: Crypto | null,
): { ok: true; peer: Peer; direction: Direction } | NotUnderstood {
  const { address, port } = section;
  if (address === null || !(isIpv4(address) || isIpv6(address))) return no("no literal address");
  const isHeldOldStyle = address === "0.0.0.0";
  if (!isHeldOldStyle && !isUnicast(address)) return no("address is not unicast");
  const rtcp = /^[0-9]{1,5}/.exec(attribute(section, "rtcp") ?? "")?.[0];
  const rtcpPort = rtcp !== undefined && Number(rtcp) > 0 && Number(rtcp) < 65_536 ? Number(rtcp) : Math.min(port + 1, 65_535);
  const theirs = directionOf(sdp, section);
  const ours = mirrored(theirs);
  // RFC 3264 §8.4 keeps the old c=0.0.0.0 alive: it wants nothing sent to it.
  const direction = isHeldOldStyle ? (ours === "sendrecv" || ours === "recvonly" ? "recvonly" : "inactive") : ours;
  return { ok: true, direction, peer: { kind: "rtp", ...codec, address: isHeldOldStyle ? null : address, port, rtcpPort, crypto } };
}

function readWebRtc(
  sdp: Sdp,
  section: MediaSection,
  codec: ChosenCodec,
  role: "offer" | "answer",
): { ok: true; peer: Peer; direction: Direction } | NotUnderstood {
  const ufrag = attribute(section, "ice-ufrag") ?? attribute(sdp, "ice-ufrag") ?? "";
  const pwd = attribute(section, "ice-pwd") ?? attribute(sdp, "ice-pwd") ?? "";
  // RFC 8839 §5.4.
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(pwd)) return no("no ICE credentials");
  if (attribute(section, "rtcp-mux") === undefined) return no("no rtcp-mux");
  const fingerprints = [...attributeValues(section, "fingerprint"), ...attributeValues(sdp, "fingerprint")];
  const sha256 = fingerprints
    .map((value) => /^sha-256 +((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/i.exec(value)?.[1])
    .find((value) => value !== undefined);
  if (sha256 === undefined) return no("no SHA-256 fingerprint");
  const setup = (attribute(section, "setup") ?? attribute(sdp, "setup") ?? "").toLowerCase();
  // We are the DTLS server, always (RFC 8842 §5.2): the peer must be ready to be the client.
  if (setup !== "active" && !(role === "offer" && setup === "actpass")) return no("peer wants to be the DTLS server");
  return {
    ok: true,
    direction: mirrored(directionOf(sdp, section)),
    peer: { kind: "webrtc", ...codec, ufrag, pwd, fingerprint: sha256.toUpperCase() },
  };
}

const directions: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

function directionOf(sdp: Sdp, section: MediaSection): Direction {
  for (const level of [section, sdp]) {
    const found = directions.find((direction) => attribute(level, direction) !== undefined);
    if (found !== undefined) return found;
  }
  return "sendrecv";
}

function mirrored(theirs: Direction): Direction {
  return theirs === "sendonly" ? "recvonly" : theirs === "recvonly" ? "sendonly" : theirs;
}

/** The answer to what `readOffer` understood: one section accepted, every other in its place with port 0 (RFC 3264 §6). */
export function writeAnswer(offer: Understood, local: Local, direction: Direction, numbers: Numbers): Uint8Array {
  assert(offer.peer.kind === local.kind, "an answer keeps the transport of its offer");
  const codec = codecLines(offer.peer);
  const mid = attribute(offer.sdp.media[offer.index]!, "mid") ?? null;
  const media = offer.sdp.media.map((section, index) => {
    if (index !== offer.index) {
      const theirMid = attribute(section, "mid");
      return {
        line: `${section.media} 0 ${section.protocol} ${section.formats[0]}`,
        attributes: theirMid ? [`mid:${theirMid}`, "inactive"] : [],
      };
    }
    const own = local.kind === "rtp" ? rtpAttributes(local, agreedSecuring(offer).tags) : webRtcAttributes(local, "passive", mid);
    return { line: `audio ${local.port} ${section.protocol} ${codec.formats}`, attributes: [...own, ...codec.attributes, direction] };
  });
  const isBundled = mid !== null && attributeValues(offer.sdp, "group").some((group) => group.split(" ")[0]?.toUpperCase() === "BUNDLE");
  return writeSdp({ ...numbers, address: addressOf(local), attributes: sessionAttributes(local, isBundled ? mid : null), media });
}

/** An offer of one audio section. */
export function writeOffer(
  local: Local,
  direction: Direction,
  numbers: Numbers,
  securing: Securing = plainRtp,
  codecs: readonly Codec[] = narrowCodecs,
): Uint8Array {
  const { formats, attributes } = offeredLines(codecs);
  const protocol = local.kind === "rtp" ? securing.protocol : "UDP/TLS/RTP/SAVPF";
  const own = local.kind === "rtp" ? rtpAttributes(local, securing.tags) : webRtcAttributes(local, "actpass", "0");
  const media = [{ line: `audio ${local.port} ${protocol} ${formats}`, attributes: [...own, ...attributes, direction] }];
  return writeSdp({
    ...numbers,
    address: addressOf(local),
    attributes: sessionAttributes(local, local.kind === "webrtc" ? "0" : null),
    media,
  });
}

function addressOf(local: Local): string {
  return local.kind === "rtp" ? local.address : local.addresses[0]!;
}

function sessionAttributes(local: Local, bundledMid: string | null): string[] {
  if (local.kind === "rtp") return [];
  // Stands at session level only: Chromium never connects to it elsewhere.
  const attributes = ["ice-lite", "msid-semantic:WMS *"];
  return bundledMid === null ? attributes : [`group:BUNDLE ${bundledMid}`, ...attributes];
}

function rtpAttributes({ port, rtcpPort, keys }: LocalRtp, tags: readonly CryptoTag[]): string[] {
  assert(tags.length === 0 || keys !== null, "who agrees on a suite has a key for it");
  return [...(rtcpPort === port + 1 ? [] : [`rtcp:${rtcpPort}`]), ...(keys === null ? [] : cryptoLines(tags, keys))];
}

/** RFC 8445 §5.1.2: host candidates, earlier addresses preferred. */
function udpCandidate(address: string, port: number, index: number): string {
  return `candidate:${index + 1} 1 udp ${2_130_706_431 - index * 256} ${bareHost(address)} ${port} typ host`;
}

/** RFC 6544 §4.2: after every one of UDP (type preference 90), passive (direction preference 4); the browser connects. */
function tcpCandidate(address: string, port: number, index: number): string {
  const priority = 90 * 2 ** 24 + (4 * 2 ** 13 + 8_191 - index) * 256 + 255;
  return `candidate:t${index + 1} 1 tcp ${priority} ${bareHost(address)} ${port} typ host tcptype passive`;
}

function bareHost(address: string): string {
  return hostText(address).replace(/[[\]]/g, "");
}

/** No a=ssrc: one that differed from the stream's would be counted and played as silence by Chromium. */
function webRtcAttributes(local: LocalWebRtc, setup: "passive" | "actpass", mid: string | null): string[] {
  const { addresses, port, tcpPort } = local;
  const candidates = [
    ...addresses.map((address, index) => udpCandidate(address, port, index)),
    ...(tcpPort === null ? [] : addresses.map((address, index) => tcpCandidate(address, tcpPort, index))),
  ];
  return [
    ...(mid === null ? [] : [`mid:${mid}`]),
    `ice-ufrag:${local.ufrag}`,
    `ice-pwd:${local.pwd}`,
    `fingerprint:sha-256 ${local.fingerprint}`,
    `setup:${setup}`,
    "rtcp-mux",
    "msid:landline audio",
    ...candidates,
    "end-of-candidates",
  ];
}
