// RTP of one leg on a pair of ports of its own, plain or as SRTP: to and from the SDP's address, or from where the peer really is, learned once.
import { hostText } from "../../core/lib/ip-address.ts";
import { latchPackets, latchStrangersMax, rtpPacketBytesMax } from "../../core/lib/limits.ts";
import type { SrtpKeyTexts, SrtpSuite } from "../../core/lib/media-encryption.ts";
import type { RemoteRtp } from "./plane.ts";
import type { PortRange } from "./ports.ts";
import { isRtcp, payloadStart, sequenceNumber, ssrc } from "./rtp/packet.ts";
import { keysOfText, Srtp } from "./srtp/srtp.ts";
import type { PacketTap, Transport, TransportEvents } from "./transport.ts";
import { canonicalAddress, type Receive, type UdpSocket } from "./udp.ts";

type Address = { readonly address: string; readonly port: number };
/** Somebody who is not at the SDP's address but speaks RTP to us, and for how many packets in a row. */
type Candidate = Address & { readonly ssrc: number; sequence: number; count: number };

/** SRTP under one suite, and the peer's key that it was made with. */
type Secured = { readonly srtp: Srtp; key: string };

export class RtpTransport implements Transport {
  refused = 0;
  /** Null: nobody captures, which costs nothing but this question. */
  tap: PacketTap | null = null;
  readonly isBrowser = false;
  readonly protocol = "udp";
  readonly isGone = false;
  private stranger: Address | null = null;
  /** What the SDP says. */
  private remote: Address | null = null;
  private rtcpPort = 0;
  /** Where packets are taken from and sent to: the SDP's address until somebody else was learned. */
  private peer: Address | null = null;
  private hasHeardSdp = false;
  private hasLearned = false;
  private candidate: Candidate | null = null;
  private strangers = 0;
  /** RTCP of a learned peer has a port of its own that only its packets tell. */
  private learnedRtcpPort = 0;
  private srtp: Srtp | null = null;
  /** Every suite that was ever in use: our key for it stays the same, so its indices must go on where they were. */
  private readonly secured = new Map<SrtpSuite, Secured>();

  private constructor(
    private readonly sockets: { readonly rtp: UdpSocket; readonly rtcp: UdpSocket },
    private readonly events: TransportEvents,
    private readonly keys: SrtpKeyTexts,
  ) {}

  /** `keys`: under which we send. */
  static async open(ports: Pick<PortRange, "bind">, address: string, events: TransportEvents, keys: SrtpKeyTexts): Promise<RtpTransport> {
    let transport: RtpTransport | null = null;
    const sockets = await ports.bind(
      address,
      guarded(events, (packet, from, port) => transport?.receivedRtp(packet, from, port)),
      guarded(events, (packet, from, port) => transport?.receivedRtcp(packet, from, port)),
    );
    transport = new RtpTransport(sockets, events, keys);
    return transport;
  }

  get localRtpPort(): number {
    return this.sockets.rtp.port;
  }

  get localRtcpPort(): number {
    return this.sockets.rtcp.port;
  }

  get isReady(): boolean {
    return this.peer !== null && this.peer.port !== 0;
  }

  get protection(): string {
    return this.srtp?.suite ?? "none";
  }

  get refusedFrom(): string {
    return textOf(this.stranger);
  }

  get peerAddress(): string {
    return textOf(this.peer);
  }

  /** A new offer or answer. What was learned stays while the SDP's address does, SRTP's counters while its keys do. */
  setRemote(remote: RemoteRtp): void {
    this.secure(remote.srtp);
    const address = canonicalAddress(remote.address);
    this.rtcpPort = remote.rtcpPort;
    if (this.remote?.address === address && this.remote.port === remote.port) return;
    this.remote = this.peer = { address, port: remote.port };
    this.hasHeardSdp = this.hasLearned = false;
    this.candidate = null;
    this.strangers = 0;
  }

  sendRtp(plain: Uint8Array): void {
    const { peer, srtp } = this;
    if (peer === null || peer.port === 0) return;
    if (this.tap !== null) this.tap("out", plain, false, peer, this.sockets.rtp.port);
    const packet = srtp === null ? plain : srtp.protect(plain);
    if (packet !== null) this.sockets.rtp.send(packet, peer.port, peer.address);
  }

  sendRtcp(plain: Uint8Array): void {
    const { peer, remote, srtp } = this;
    if (peer === null || remote === null || peer.port === 0) return;
    if (this.tap !== null) this.tapRtcp(plain, peer, remote);
    const packet = srtp === null ? plain : srtp.protectRtcp(plain);
    if (packet === null) return;
    // RFC 5761: a peer that put both on one port reads both there.
    if (this.rtcpPort === remote.port) return this.sockets.rtp.send(packet, peer.port, peer.address);
    const port = peer === remote ? this.rtcpPort : this.learnedRtcpPort;
    if (port !== 0) this.sockets.rtcp.send(packet, port, peer.address);
  }

  /** On one port with RTP, or beside it (RFC 5761). */
  private tapRtcp(plain: Uint8Array, peer: Address, remote: Address): void {
    const { rtp, rtcp } = this.sockets;
    const isMuxed = this.rtcpPort === remote.port;
    const port = isMuxed ? peer.port : peer === remote ? this.rtcpPort : this.learnedRtcpPort;
    if (port !== 0) this.tap?.("out", plain, true, { address: peer.address, port }, isMuxed ? rtp.port : rtcp.port);
  }

  housekeep(): void {
    // Nothing to do: addresses change only by what is received or negotiated.
  }

  close(): void {
    this.sockets.rtp.close();
    this.sockets.rtcp.close();
  }

  private secure(srtp: RemoteRtp["srtp"]): void {
    if (srtp === null) {
      this.srtp = null;
      return;
    }
    const { suite, key } = srtp;
    const known = this.secured.get(suite);
    const secured = known ?? { srtp: new Srtp(suite, keysOfText(suite, this.keys[suite]), keysOfText(suite, key)), key };
    if (secured.key !== key) secured.srtp.receiveWith(keysOfText(suite, key));
    secured.key = key;
    this.secured.set(suite, secured);
    this.srtp = secured.srtp;
  }

  private receivedRtp(packet: Uint8Array, address: string, port: number): void {
    const { peer } = this;
    if (peer === null) return;
    const isElsewhere = peer.port !== port || peer.address !== address;
    const isWelcome = packet.length <= rtpPacketBytesMax && (!isElsewhere || this.mayLearn(address, port));
    const plain = isWelcome ? this.opened(packet) : null;
    if (plain === null || (isElsewhere && !this.learns(plain, address, port))) {
      this.refused += 1;
      if (isElsewhere && (this.stranger?.port !== port || this.stranger.address !== address)) this.stranger = { address, port };
      return;
    }
    if (peer === this.remote) this.hasHeardSdp = true;
    if (this.tap !== null) this.tap("in", plain, isRtcp(plain), { address, port }, this.sockets.rtp.port);
    if (isRtcp(plain)) this.events.onRtcp(plain);
    else this.events.onRtp(plain);
  }

  /** Null: it is not authentic, or was here before. Without SRTP nobody can tell. */
  private opened(packet: Uint8Array): Uint8Array | null {
    if (this.srtp === null) return packet;
    return isRtcp(packet) ? this.srtp.unprotectRtcp(packet) : this.srtp.unprotect(packet);
  }

  /** Whether somebody who is not where the peer was last may be it: asked before a packet costs anything. */
  private mayLearn(address: string, port: number): boolean {
    if (this.remote!.port === port && this.remote!.address === address) return true;
    return !this.hasHeardSdp && !this.hasLearned && this.strangers < latchStrangersMax;
  }

  /**
   * NAT: a peer may really be elsewhere than its SDP says. Who speaks a few packets in a row, among the first to do so, while the SDP's
   * address is silent, is taken for the peer, once. The SDP's own address always wins; nobody is ever followed after that.
   * A stranger who guesses the port and is faster than the peer can still do this: that is why trunks should use SRTP. There only what is authentic
   * comes this far, so that no stranger is followed, nor stands in the way of the peer.
   */
  private learns(packet: Uint8Array, address: string, port: number): boolean {
    const { remote, candidate } = this;
    if (remote!.port === port && remote!.address === address) {
      this.peer = remote;
      this.hasHeardSdp = true;
      return true;
    }
    if (payloadStart(packet) < 0 || isRtcp(packet)) return false;
    this.strangers += 1;
    const sequence = sequenceNumber(packet);
    if (candidate?.port !== port || candidate.address !== address || candidate.ssrc !== ssrc(packet)) {
      this.candidate = { address, port, ssrc: ssrc(packet), sequence, count: 1 };
      return false;
    }
    candidate.count = sequence === ((candidate.sequence + 1) & 0xffff) ? candidate.count + 1 : 1;
    candidate.sequence = sequence;
    if (candidate.count < latchPackets) return false;
    this.hasLearned = true;
    this.peer = { address, port };
    this.learnedRtcpPort = port + 1;
    return true;
  }

  private receivedRtcp(packet: Uint8Array, address: string, port: number): void {
    if (this.peer === null) return;
    const isWelcome = packet.length <= rtpPacketBytesMax && address === this.peer.address;
    const plain = !isWelcome ? null : this.srtp === null ? packet : this.srtp.unprotectRtcp(packet);
    if (plain === null) {
      this.refused += 1;
      return;
    }
    if (this.hasLearned) this.learnedRtcpPort = port;
    if (this.tap !== null) this.tap("in", plain, true, { address, port }, this.sockets.rtcp.port);
    this.events.onRtcp(plain);
  }
}

function textOf(place: Address | null): string {
  return place === null ? "" : `${hostText(place.address)}:${place.port}`;
}

function guarded(events: TransportEvents, receive: Receive): Receive {
  return (packet, address, port) => {
    try {
      receive(packet, address, port);
    } catch (error) {
      events.onBug(error);
    }
  };
}
