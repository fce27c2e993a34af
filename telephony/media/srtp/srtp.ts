// SRTP and SRTCP for one peer (RFC 3711, RFC 7714), in any of our suites. Authenticates before it believes anything.
import type { Random } from "../../../core/env/env.ts";
import { assert, assertNever } from "../../../core/lib/machine.ts";
import { type SrtpKeyTexts, type SrtpSuite, srtpKeySizes, srtpSuites } from "../../../core/lib/media-encryption.ts";
import { payloadStart, sequenceNumber, ssrc } from "../rtp/packet.ts";
import { counterModeCipher, gcmCipher, packetBytesMax, type SrtpCipher, type SrtpKeys } from "./ciphers.ts";
import { IndexWindow } from "./window.ts";

/** Fresh keys, as descriptions carry them. */
export function newKeyTexts(random: Random): SrtpKeyTexts {
  const text = (suite: SrtpSuite): string => {
    const { key, salt } = srtpKeySizes[suite];
    return Buffer.from(random.bytes(key + salt)).toString("base64");
  };
  return Object.fromEntries(srtpSuites.map((suite) => [suite, text(suite)])) as SrtpKeyTexts;
}

/** Master key and salt of such a text. */
export function keysOfText(suite: SrtpSuite, text: string): SrtpKeys {
  const { key, salt } = srtpKeySizes[suite];
  const bytes = Buffer.from(text, "base64");
  assert(bytes.length === key + salt, "a key has its suite's size");
  return { key: bytes.subarray(0, key), salt: bytes.subarray(key) };
}

/** SSRCs one peer may use; a browser uses one for audio. More are somebody's mistake or attack. */
const sourcesMax = 16;
const rtcpIndexMax = 0x7fffffff;

/** Where one SSRC is in its streams of packet indices: 48 bits for RTP, 31 for RTCP. */
type Source = { readonly rtp: IndexWindow; readonly rtcp: IndexWindow };

/** One direction pair: `local` protects what we send, `remote` opens what the peer sends. Results lie in a buffer that the next call reuses. */
export class Srtp {
  /** Packets that were not authentic, were replayed, or were no packets. */
  refused = 0;
  private readonly send: SrtpCipher;
  private receive: SrtpCipher;
  private readonly sent = new Map<number, Source>();
  private readonly received = new Map<number, Source>();
  private readonly sealed = new Uint8Array(packetBytesMax);
  private readonly opened = new Uint8Array(packetBytesMax);

  constructor(
    readonly suite: SrtpSuite,
    local: SrtpKeys,
    remote: SrtpKeys,
  ) {
    this.send = cipherOf(suite, local);
    this.receive = cipherOf(suite, remote);
  }

  /** The peer has another key: what it sends begins anew. What we send goes on, as under one key no index may come twice. */
  receiveWith(remote: SrtpKeys): void {
    this.receive = cipherOf(this.suite, remote);
    this.received.clear();
  }

  /**
   * The sealed packet, or null: too big, or of an index that was sealed before.
   * A relayed peer may repeat a sequence number with other contents, and sealing both under one nonce would give GCM's key away.
   */
  protect(packet: Uint8Array): Uint8Array | null {
    const header = payloadStart(packet);
    if (header < 0 || packet.length + this.send.overhead > packetBytesMax) return null;
    const source = sourceOf(this.sent, ssrc(packet));
    if (source === null) return null;
    const index = source.rtp.guess(sequenceNumber(packet));
    if (!source.rtp.isFresh(index)) return null;
    source.rtp.add(index);
    const size = this.send.seal(packet, header, rolloverOf(index), this.sealed);
    return this.sealed.subarray(0, size);
  }

  /** The plain packet, or null when it is not authentic, replayed or too old (RFC 3711 §3.3). State moves only after authentication. */
  unprotect(packet: Uint8Array): Uint8Array | null {
    const header = payloadStart(packet);
    if (header < 0 || packet.length > packetBytesMax || packet.length < header + this.receive.overhead) return this.refuse();
    const known = this.received.get(ssrc(packet));
    if (known === undefined && this.received.size >= sourcesMax) return this.refuse();
    const source = known ?? newSource();
    const index = source.rtp.guess(sequenceNumber(packet));
    if (!source.rtp.isFresh(index)) return this.refuse();
    const size = this.receive.open(packet, header, rolloverOf(index), this.opened);
    if (size < 0) return this.refuse();
    source.rtp.add(index);
    if (known === undefined) this.received.set(ssrc(packet), source);
    return this.opened.subarray(0, size);
  }

  protectRtcp(packet: Uint8Array): Uint8Array | null {
    if (packet.length < 8 || packet.length > packetBytesMax - 64) return null;
    const source = sourceOf(this.sent, rtcpSsrc(packet));
    // After 2^31 reports the keys are used up (§9.2); at one in five seconds that is 340 years.
    if (source === null || source.rtcp.highest >= rtcpIndexMax) return null;
    source.rtcp.add(source.rtcp.highest + 1);
    return this.send.sealRtcp(packet, source.rtcp.highest);
  }

  unprotectRtcp(packet: Uint8Array): Uint8Array | null {
    if (packet.length < 8 + 4 || packet.length > packetBytesMax) return this.refuse();
    const known = this.received.get(rtcpSsrc(packet));
    if (known === undefined && this.received.size >= sourcesMax) return this.refuse();
    const result = this.receive.openRtcp(packet);
    if (result === null) return this.refuse();
    const source = known ?? newSource();
    if (!source.rtcp.isFresh(result.index)) return this.refuse();
    source.rtcp.add(result.index);
    if (known === undefined) this.received.set(rtcpSsrc(packet), source);
    return result.plain;
  }

  private refuse(): null {
    this.refused += 1;
    return null;
  }
}

function newSource(): Source {
  return { rtp: new IndexWindow(), rtcp: new IndexWindow() };
}

function sourceOf(sources: Map<number, Source>, id: number): Source | null {
  let source = sources.get(id);
  if (source === undefined) {
    if (sources.size >= sourcesMax) return null;
    source = newSource();
    sources.set(id, source);
  }
  return source;
}

const rolloverOf = (index: number): number => Math.floor(index / 0x10000);
const rtcpSsrc = (packet: Uint8Array): number => ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;

function cipherOf(suite: SrtpSuite, master: SrtpKeys): SrtpCipher {
  switch (suite) {
    case "AES_CM_128_HMAC_SHA1_80":
    case "AES_256_CM_HMAC_SHA1_80":
      return counterModeCipher(master, 10);
    case "AES_CM_128_HMAC_SHA1_32":
      return counterModeCipher(master, 4);
    case "AEAD_AES_128_GCM":
    case "AEAD_AES_256_GCM":
      return gcmCipher(master);
    default:
      return assertNever(suite);
  }
}
