// All WebRTC streams of one worker on one UDP port, and one for TCP: STUN finds the session, only ICE-validated pairs carry DTLS and SRTP (RFC 7983, 8445, 6544, 5764).

import type { Env } from "../../../core/env/env.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import { earlyChecksMax, iceConsentMs, webRtcSetupMs } from "../../../core/lib/limits.ts";
import { type SrtpSuite, srtpKeySizes } from "../../../core/lib/media-encryption.ts";
import type { IceCredentials, RemoteWebRtc } from "../plane.ts";
import { isRtcp } from "../rtp/packet.ts";
import { Srtp } from "../srtp/srtp.ts";
import type { PacketTap, Transport, TransportEvents } from "../transport.ts";
import { openUdp, type UdpSocket } from "../udp.ts";
import { type Certificate, newCertificate } from "./certificate.ts";
import { DtlsServer } from "./dtls-server.ts";
import { bindingAnswer, hasRightIntegrity, isStun, parseBindingRequest } from "./stun.ts";
import { type TcpConnection, TcpListener } from "./tcp.ts";

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

/** How a packet came, and the way back. `connection` null: UDP. */
type Path = { readonly address: string; readonly port: number; readonly connection: TcpConnection | null };

/** A path on which somebody who knows our password has checked connectivity. */
type Pair = Path & {
  readonly session: MuxSession;
  /** The exchange of credentials under which it was checked last. */
  generation: Generation;
  isNominated: boolean;
  /** The browser has sent something authentic by it: that is its choice. */
  isHeard: boolean;
  checkedAtMs: number;
};

/** Our credentials, and the name that the peer's checks bear: an ICE restart begins another (RFC 8445 §9). Null: the peer is not announced. */
type Generation = { readonly ours: IceCredentials; theirs: string | null };

export class WebRtcMux {
  /** By our names, those of before a restart too as long as they are good. */
  private readonly sessions = new Map<string, MuxSession>();
  /** By port first: a number is found without making a string per packet. Behind one port are seldom two addresses. */
  private readonly pairs = new Map<number, Pair[]>();
  private readonly pairOf = new Map<TcpConnection, Pair>();
  /** Packets that belonged to nobody or were not authentic. */
  strangers = 0;

  private constructor(
    readonly env: Env,
    private readonly udp: UdpSocket,
    private readonly tcp: { readonly port: number; close(): void } | null,
    readonly certificate: Certificate,
  ) {}

  /** `tcpPort` null: UDP alone. */
  static async open(env: Env, address: string, port: number, tcpPort: number | null): Promise<WebRtcMux> {
    let mux: WebRtcMux | null = null;
    const udp = await openUdp(address, port, (packet, from, fromPort) => mux?.receivedUdp(packet, from, fromPort));
    try {
      const tcp =
        tcpPort === null
          ? null
          : TcpListener.open(env, address, tcpPort, {
              onPacket: (packet, connection) => mux?.receivedTcp(packet, connection),
              onClosed: (connection) => mux?.closed(connection),
            });
      mux = new WebRtcMux(env, udp, tcp, newCertificate());
      return mux;
    } catch (error) {
      udp.close();
      throw error;
    }
  }

  get port(): number {
    return this.udp.port;
  }

  get tcpPort(): number | null {
    return this.tcp?.port ?? null;
  }

  /** Of ours, on which such a packet came. */
  portOf({ connection }: Path): number {
    return (connection === null ? null : this.tcpPort) ?? this.port;
  }

  /** SHA-256 of our certificate, as SDP writes it. */
  get fingerprint(): string {
    return this.certificate.fingerprint;
  }

  session(events: SessionEvents): MuxSession {
    const word = (bytes: number): string => Buffer.from(this.env.random.bytes(bytes)).toString("hex");
    return new MuxSession(this, { ufrag: word(4), pwd: word(16) }, events);
  }

  send(packet: Uint8Array, { connection, port, address }: Path): void {
    if (connection === null) this.udp.send(packet, port, address);
    else connection.send(packet);
  }

  /** From now on checks that name it find that session. */
  listen(ufrag: string, session: MuxSession): void {
    this.sessions.set(ufrag, session);
  }

  unlisten(ufrag: string): void {
    this.sessions.delete(ufrag);
  }

  /** From now on packets from there are this session's. Whoever proved it last has the address: a NAT may give one to another browser. */
  claim(pair: Pair): void {
    const { connection } = pair;
    if (connection !== null) {
      this.pairOf.get(connection)?.session.lost(this.pairOf.get(connection)!);
      this.pairOf.set(connection, pair);
      return connection.settled();
    }
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
    if (pair.connection !== null) {
      this.pairOf.delete(pair.connection);
      return pair.connection.close();
    }
    const here = this.pairs.get(pair.port) ?? [];
    const index = here.indexOf(pair);
    if (index >= 0) here.splice(index, 1);
    if (here.length === 0) this.pairs.delete(pair.port);
  }

  close(): void {
    for (const session of new Set(this.sessions.values())) session.close();
    this.udp.close();
    this.tcp?.close();
  }

  private receivedUdp(packet: Uint8Array, address: string, port: number): void {
    if (isStun(packet)) return void this.checked(packet, { address, port, connection: null });
    const here = this.pairs.get(port);
    if (here !== undefined) for (const pair of here) if (pair.address === address) return pair.session.received(packet, pair);
    this.strangers += 1;
  }

  /** Whoever comes by TCP shows first that it was invited, or is sent away. */
  private receivedTcp(packet: Uint8Array, connection: TcpConnection): void {
    const pair = this.pairOf.get(connection);
    if (isStun(packet)) {
      const { address, port } = connection;
      if (!this.checked(packet, { address, port, connection }) && pair === undefined) connection.close();
    } else if (pair !== undefined) pair.session.received(packet, pair);
    else {
      this.strangers += 1;
      connection.close();
    }
  }

  private closed(connection: TcpConnection): void {
    const pair = this.pairOf.get(connection);
    this.pairOf.delete(connection);
    pair?.session.lost(pair);
  }

  /**
   * ICE-lite (RFC 8445 §2.5): we only answer checks. Without the right password there is no answer at all, so nobody can aim us at others. False: it
   * is nobody's.
   */
  checked(packet: Uint8Array, path: Path): boolean {
    const request = parseBindingRequest(packet);
    const [ours = "", theirs = ""] = request?.username.split(":") ?? [];
    const session = this.sessions.get(ours);
    const generation = session?.generation(ours);
    if (request === null || session === undefined || generation === undefined) return this.isStranger();
    if (!hasRightIntegrity(packet, request.integrityAt, generation.ours.pwd)) return this.isStranger();
    if (generation.theirs === null) return session.early(packet, path) || this.isStranger();
    if (generation.theirs !== theirs) return this.isStranger();
    session.validated(generation, path, request.useCandidate);
    this.send(bindingAnswer(request, path.address, path.port, generation.ours.pwd), path);
    return true;
  }

  private isStranger(): false {
    this.strangers += 1;
    return false;
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
  private current: Generation;
  /** That of before an ICE restart, as long as no pair of the new one is nominated. */
  private previous: Generation | null = null;
  private pairs: Pair[] = [];
  /** Where we send. */
  private selected: Pair | null = null;
  /** Checks that were quicker than the peer's answer (RFC 8445 §7.3): null: none are waited for any more. */
  private waiting: { readonly packet: Uint8Array; readonly path: Path }[] | null = [];
  /** When the peer was announced, until it is up. */
  private awaitedSinceMs: number | null = null;
  private dtls: DtlsServer | null = null;
  private handshakeDatagrams = 0;
  private srtp: Srtp | null = null;
  private refusedBefore = 0;
  private isClosed = false;
  /** Of the pair in use, or the last one that was. */
  protocol: "udp" | "tcp" = "udp";

  constructor(
    private readonly mux: WebRtcMux,
    ours: IceCredentials,
    private readonly events: SessionEvents,
  ) {
    this.current = { ours, theirs: null };
    mux.listen(ours.ufrag, this);
  }

  /** What we describe ourselves by. */
  get ours(): IceCredentials {
    return this.current.ours;
  }

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

  /** It was up, and has ceased to check (RFC 7675). */
  get isGone(): boolean {
    return this.srtp !== null && this.selected === null;
  }

  generation(ufrag: string): Generation | undefined {
    return [this.current, this.previous].find((one) => one?.ours.ufrag === ufrag) ?? undefined;
  }

  /**
   * The peer's half of the SDP, and the credentials by which ours describes us. Another certificate is another peer (a reloaded page): keys and
   * pairs begin anew. Other ICE credentials alone are an ICE restart: media goes on over the old pair until a new one is nominated (RFC 8445 §9).
   */
  setRemote(remote: RemoteWebRtc, ours: IceCredentials): void {
    const isNewPeer = this.remote?.fingerprint !== remote.fingerprint;
    this.remote = remote;
    if (ours.ufrag !== this.current.ours.ufrag) this.restart(ours);
    this.current.theirs = remote.ufrag;
    if (isNewPeer) {
      this.stopDtls();
      this.endPrevious();
      for (const pair of this.pairs.splice(0)) this.mux.forget(pair);
      this.selected = null;
      this.awaitedSinceMs = this.mux.env.clock.monotonic();
    }
    for (const { packet, path } of this.waiting?.splice(0) ?? []) this.mux.checked(packet, path);
  }

  private restart(ours: IceCredentials): void {
    this.endPrevious();
    this.previous = this.current;
    this.current = { ours, theirs: null };
    this.mux.listen(ours.ufrag, this);
  }

  private endPrevious(): void {
    if (this.previous !== null) this.mux.unlisten(this.previous.ours.ufrag);
    this.previous = null;
  }

  /** Keeps an authentic check until the peer is announced: by TCP it would not come again for long. */
  early(packet: Uint8Array, path: Path): boolean {
    if (this.waiting === null || this.waiting.length >= earlyChecksMax) return false;
    this.waiting.push({ packet: packet.slice(), path });
    return true;
  }

  /** An authenticated check came from here: consent to send there (RFC 7675), and for good if nominated. Until then the first one will do. */
  validated(generation: Generation, path: Path, isNominated: boolean): void {
    if (path.connection?.isClosed === true) return;
    const pair = this.pairAt(path) ?? this.newPair(generation, path);
    if (pair.generation !== generation) pair.isNominated = pair.isHeard = false;
    pair.generation = generation;
    pair.isNominated ||= isNominated;
    pair.checkedAtMs = this.mux.env.clock.monotonic();
    if (pair.isNominated && generation === this.current) this.endPrevious();
    if (this.selected === null || this.isPreferred(pair)) this.select(pair);
  }

  private pairAt({ connection, address, port }: Path): Pair | undefined {
    return this.pairs.find((known) => known.connection === connection && known.port === port && known.address === address);
  }

  private newPair(generation: Generation, path: Path): Pair {
    const pair = { ...path, session: this, generation, isNominated: false, isHeard: false, checkedAtMs: 0 };
    this.mux.claim(pair);
    this.pairs.push(pair);
    const oldest = this.pairs.find((known) => known !== this.selected)!;
    if (this.pairs.length > pairsPerSessionMax) this.drop(oldest);
    return pair;
  }

  /**
   * Some browsers nominate every pair before they know that our answers reach them (RFC 5245 §8.1.1.2): of one generation UDP comes before TCP, and
   * the latest of equals. Where the browser's own choice is another, its handshake and its voice say so.
   */
  private isPreferred(pair: Pair): boolean {
    const { selected } = this;
    if (!pair.isNominated || selected === null) return false;
    if (pair.generation !== selected.generation) return pair.generation === this.current;
    if (!selected.isNominated || (pair.connection === null) === (selected.connection === null)) return true;
    return pair.connection === null && !selected.isHeard;
  }

  private select(pair: Pair): void {
    this.selected = pair;
    this.protocol = pair.connection === null ? "udp" : "tcp";
  }

  private drop(pair: Pair): void {
    this.mux.forget(pair);
    this.lost(pair);
  }

  /** The pair is another session's now, or its connection is over. */
  lost(pair: Pair): void {
    this.pairs = this.pairs.filter((known) => known !== pair);
    if (this.selected !== pair) return;
    this.selected = null;
    const next = this.pairs.findLast(({ isNominated }) => isNominated) ?? this.pairs.at(-1);
    if (next !== undefined) this.select(next);
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
      const isReport = isRtcp(packet);
      const plain = isReport ? this.srtp.unprotectRtcp(packet) : this.srtp.unprotect(packet);
      if (plain === null) return;
      pair.isHeard = true;
      if (pair !== this.selected && pair.isNominated && pair.generation === this.selected?.generation) this.select(pair);
      if (this.tap !== null) this.tap("in", plain, isReport, pair, this.mux.portOf(pair));
      if (isReport) this.events.onRtcp(plain);
      else this.events.onRtp(plain);
    }
  }

  sendRtp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    if (this.tap !== null) this.tap("out", packet, false, this.selected, this.mux.portOf(this.selected));
    const sealed = this.srtp.protect(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected);
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.srtp === null || this.selected === null) return;
    if (this.tap !== null) this.tap("out", packet, true, this.selected, this.mux.portOf(this.selected));
    const sealed = this.srtp.protectRtcp(packet);
    if (sealed !== null) this.mux.send(sealed, this.selected);
  }

  /** Gives up on a peer that never comes, and stops sending where nobody checks any more: it may not be there (RFC 7675 §5.1). */
  housekeep(nowMs: number): void {
    for (const pair of this.pairs) if (nowMs - pair.checkedAtMs > iceConsentMs) this.drop(pair);
    if (this.awaitedSinceMs !== null && nowMs - this.awaitedSinceMs > webRtcSetupMs)
      this.fail(this.pairs.length === 0 ? "ICE: no check reached us" : "DTLS: no handshake");
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stopDtls();
    for (const pair of this.pairs.splice(0)) this.mux.forget(pair);
    for (const { path } of this.waiting?.splice(0) ?? []) path.connection?.close();
    this.endPrevious();
    this.mux.unlisten(this.current.ours.ufrag);
  }

  private handshake(packet: Uint8Array, pair: Pair): void {
    if (this.remote === null || ++this.handshakeDatagrams > handshakeDatagramsMax) return;
    if (this.srtp === null && pair.generation === this.selected?.generation) this.select(pair);
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
    this.current.theirs = this.waiting = null;
    this.endPrevious();
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
