// All WebRTC streams of one worker on one UDP port: STUN finds the session, only ICE-validated pairs carry DTLS and SRTP (RFC 7983, 8445, 5764).

import type { Env } from "../../../core/env/env.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import { iceConsentMs, webRtcSetupMs } from "../../../core/lib/limits.ts";
import { type SrtpSuite, srtpKeySizes } from "../../../core/lib/media-encryption.ts";
import type { RemoteWebRtc } from "../plane.ts";
import { isRtcp } from "../rtp/packet.ts";
import { Srtp } from "../srtp/srtp.ts";
import type { PacketTap, Transport, TransportEvents } from "../transport.ts";
import { openUdp, type UdpSocket } from "../udp.ts";
import { type Certificate, newCertificate } from "./certificate.ts";
import { DtlsServer } from "./dtls-server.ts";
import { bindingAnswer, hasRightIntegrity, isStun, parseBindingRequest } from "./stun.ts";

/** Code points of RFC 5764 and RFC 7714, preferred as in our own offers. */
const suites: ReadonlyMap<number, SrtpSuite> = new Map([
  [7, "AEAD_AES_128_GCM"],
  [8, "AEAD_AES_256_GCM"],
  [1, "AES_CM_128_HMAC_SHA1_80"],
]);
/** Pairs one session remembers: a browser has a handful of interfaces, and a long call may see several networks. */
const pairsPerSessionMax = 8;
/** Handshake datagrams a session may send us before it is up: a flight is six at the most, with room for repeats. */
const handshakeDatagramsMax = 400;

export type SessionEvents = TransportEvents & {
  /** DTLS is done and the peer has proven to hold the announced certificate. */
  onConnected(suite: SrtpSuite): void;
  onFailed(reason: string): void;
};

/** An address from which somebody who knows our password has checked connectivity. */
type Pair = { readonly address: string; readonly port: number; readonly session: MuxSession };

export class WebRtcMux {
  private readonly sessions = new Map<string, MuxSession>();
  /** By port first: a number is found without making a string per packet. Behind one port are seldom two addresses. */
  private readonly pairs = new Map<number, Pair[]>();
  /** Packets that belonged to nobody or were not authentic. */
  strangers = 0;

  private constructor(
    readonly env: Env,
    private readonly socket: UdpSocket,
    readonly certificate: Certificate,
  ) {}

  static async open(env: Env, address: string, port: number): Promise<WebRtcMux> {
    let mux: WebRtcMux | null = null;
    const socket = await openUdp(address, port, (packet, from, fromPort) => mux?.received(packet, from, fromPort));
    mux = new WebRtcMux(env, socket, newCertificate());
    return mux;
  }

  get port(): number {
    return this.socket.port;
  }

  /** SHA-256 of our certificate, as SDP writes it. */
  get fingerprint(): string {
    return this.certificate.fingerprint;
  }

  session(events: SessionEvents): MuxSession {
    const word = (bytes: number): string => Buffer.from(this.env.random.bytes(bytes)).toString("hex");
    const session = new MuxSession(this, word(4), word(16), events);
    this.sessions.set(session.ufrag, session);
    return session;
  }

  send(packet: Uint8Array, { port, address }: Pair): void {
    this.socket.send(packet, port, address);
  }

  /** From now on packets from there are this session's. Whoever proved it last has the address: a NAT may give one to another browser. */
  claim(pair: Pair): void {
    const here = this.pairs.get(pair.port);
    if (here === undefined) {
      this.pairs.set(pair.port, [pair]);
      return;
    }
    const index = here.findIndex(({ address }) => address === pair.address);
    if (index < 0) here.push(pair);
    else {
      here[index]!.session.lost(here[index]!);
      here[index] = pair;
    }
  }

  forget(pair: Pair): void {
    const here = this.pairs.get(pair.port) ?? [];
    const index = here.indexOf(pair);
    if (index >= 0) here.splice(index, 1);
    if (here.length === 0) this.pairs.delete(pair.port);
  }

  end(session: MuxSession): void {
    this.sessions.delete(session.ufrag);
  }

  close(): void {
    for (const session of [...this.sessions.values()]) session.close();
    this.socket.close();
  }

  private received(packet: Uint8Array, address: string, port: number): void {
    if (isStun(packet)) return this.check(packet, address, port);
    const here = this.pairs.get(port);
    if (here !== undefined) for (const pair of here) if (pair.address === address) return pair.session.received(packet, pair);
    this.strangers += 1;
  }

  // ICE-lite (RFC 8445 §2.5): we only answer checks. Without the right password there is no answer at all, so nobody can aim us at others.
  private check(packet: Uint8Array, address: string, port: number): void {
    const request = parseBindingRequest(packet);
    const [ours = "", theirs = ""] = request?.username.split(":") ?? [];
    const session = this.sessions.get(ours);
    if (
      request === null ||
      session === undefined ||
      !session.knows(theirs) ||
      !hasRightIntegrity(packet, request.integrityAt, session.pwd)
    ) {
      this.strangers += 1;
      return;
    }
    session.validated(address, port, request.useCandidate);
    this.socket.send(bindingAnswer(request, address, port, session.pwd), port, address);
  }
}

/** One browser's ICE, DTLS and SRTP. */
export class MuxSession implements Transport {
  readonly isBrowser = true;
  /** Null: nobody captures. */
  tap: PacketTap | null = null;
  /** Whoever comes from elsewhere is not even this session's. */
  readonly refusedFrom = "";
  private remote: RemoteWebRtc | null = null;
  private pairs: Pair[] = [];
  /** Where we send: the pair nominated last. A browser that changes its network nominates another (RFC 8445 §8.1.1). */
  private selected: Pair | null = null;
  private checkedAtMs = 0;
  /** When the peer was announced, until it is up. */
  private awaitedSinceMs: number | null = null;
  private dtls: DtlsServer | null = null;
  private handshakeDatagrams = 0;
  private srtp: Srtp | null = null;
  private refusedBefore = 0;
  private isClosed = false;

  constructor(
    private readonly mux: WebRtcMux,
    readonly ufrag: string,
    readonly pwd: string,
    private readonly events: SessionEvents,
  ) {}

  get refused(): number {
    return this.refusedBefore + (this.srtp?.refused ?? 0);
  }

  get protection(): string {
    return this.srtp?.suite ?? "none";
  }

  get peerAddress(): string {
    const { selected } = this;
    return selected === null ? "" : `${hostText(selected.address)}:${selected.port}`;
  }

  get isReady(): boolean {
    return this.srtp !== null && this.selected !== null;
  }

  /**
   * The peer's half of the SDP. Another certificate is another peer (a reloaded page): keys and pairs begin anew.
   * Other ICE credentials alone are an ICE restart: media goes on over the old pair until a new one is nominated (RFC 8445 §9).
   */
  setRemote(remote: RemoteWebRtc): void {
    const isNewPeer = this.remote?.fingerprint !== remote.fingerprint;
    this.remote = remote;
    if (!isNewPeer) return;
    this.stopDtls();
    for (const pair of this.pairs.splice(0)) this.mux.forget(pair);
    this.selected = null;
    this.awaitedSinceMs = this.mux.env.clock.monotonic();
  }

  knows(theirUfrag: string): boolean {
    return this.remote !== null && this.remote.ufrag === theirUfrag;
  }

  /** An authenticated check came from here: consent to send there (RFC 7675), and for good if nominated. Until then the first one will do. */
  validated(address: string, port: number, isNominated: boolean): void {
    this.checkedAtMs = this.mux.env.clock.monotonic();
    let pair = this.pairs.find((known) => known.port === port && known.address === address);
    if (pair === undefined) {
      pair = { address, port, session: this };
      this.mux.claim(pair);
      this.pairs.push(pair);
      const oldest = this.pairs.find((known) => known !== this.selected)!;
      if (this.pairs.length > pairsPerSessionMax) {
        this.mux.forget(oldest);
        this.lost(oldest);
      }
    }
    if (isNominated || this.selected === null) this.selected = pair;
  }

  /** The pair is another session's now. */
  lost(pair: Pair): void {
    this.pairs = this.pairs.filter((known) => known !== pair);
    if (this.selected === pair) this.selected = this.pairs.at(-1) ?? null;
  }

  received(packet: Uint8Array, pair: Pair): void {
    try {
      this.take(packet, pair);
    } catch (error) {
      this.events.onBug(error);
    }
  }

  private take(packet: Uint8Array, pair: Pair): void {
    const first = packet[0] ?? 0;
    // RFC 7983 §7: 20–63 is DTLS, 128–191 RTP or RTCP.
    if (first >= 20 && first < 64) this.handshake(packet, pair);
    else if (first >= 128 && first < 192 && this.srtp !== null) {
      if (isRtcp(packet)) {
        const plain = this.srtp.unprotectRtcp(packet);
        if (plain === null) return;
        if (this.tap !== null) this.tap("in", plain, true, pair, this.mux.port);
        this.events.onRtcp(plain);
      } else {
        const plain = this.srtp.unprotect(packet);
        if (plain === null) return;
        if (this.tap !== null) this.tap("in", plain, false, pair, this.mux.port);
        this.events.onRtp(plain);
      }
    }
  }

  sendRtp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    if (this.tap !== null) this.tap("out", packet, false, this.selected, this.mux.port);
    const sealed = this.srtp.protect(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected);
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    if (this.tap !== null) this.tap("out", packet, true, this.selected, this.mux.port);
    const sealed = this.srtp.protectRtcp(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected);
  }

  /** Gives up on a peer that never comes, and stops sending to one that no longer checks: it may not be there any more. */
  housekeep(nowMs: number): void {
    if (this.selected !== null && nowMs - this.checkedAtMs > iceConsentMs) this.selected = null;
    if (this.awaitedSinceMs !== null && nowMs - this.awaitedSinceMs > webRtcSetupMs)
      this.fail(this.pairs.length === 0 ? "ICE: no check reached us" : "DTLS: no handshake");
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stopDtls();
    for (const pair of this.pairs.splice(0)) this.mux.forget(pair);
    this.mux.end(this);
  }

  private handshake(packet: Uint8Array, pair: Pair): void {
    if (this.remote === null || ++this.handshakeDatagrams > handshakeDatagramsMax) return;
    this.dtls ??= this.startDtls(this.remote.fingerprint, pair);
    this.dtls.receive(packet);
  }

  private startDtls(fingerprint: string, first: Pair): DtlsServer {
    const { certificate, env } = this.mux;
    const dtls: DtlsServer = new DtlsServer({
      certificate,
      fingerprint,
      profiles: [...suites.keys()],
      clock: env.clock,
      random: env.random,
      send: (datagram) => this.mux.send(datagram, this.selected ?? first),
      onConnected: (code) => this.connected(dtls, suites.get(code)!),
      onFailed: (reason) => this.fail(`DTLS: ${reason}`),
    });
    return dtls;
  }

  private connected(dtls: DtlsServer, suite: SrtpSuite): void {
    // RFC 5764 §4.2 and RFC 7714 §14.2: both keys, then both salts, the client's first. The peer is the client.
    const sizes = srtpKeySizes[suite];
    const material = dtls.exportKeys(2 * (sizes.key + sizes.salt));
    const part = (at: number, size: number): Buffer => material.subarray(at, at + size);
    const theirs = { key: part(0, sizes.key), salt: part(2 * sizes.key, sizes.salt) };
    const ours = { key: part(sizes.key, sizes.key), salt: part(2 * sizes.key + sizes.salt, sizes.salt) };
    this.srtp = new Srtp(suite, ours, theirs);
    this.awaitedSinceMs = null;
    this.events.onConnected(suite);
  }

  /** Nothing more is believed or answered until another peer is announced. */
  private fail(reason: string): void {
    this.awaitedSinceMs = null;
    this.remote = null;
    this.stopDtls();
    this.events.onFailed(reason);
  }

  private stopDtls(): void {
    this.refusedBefore += this.srtp?.refused ?? 0;
    this.dtls = null;
    this.srtp = null;
    this.handshakeDatagrams = 0;
  }
}
