// Plain RTP of one leg on a pair of ports of its own: to the address of the SDP, or to where it really comes from, learned once and never again.
import { rtpPacketBytesMax } from "../../core/lib/limits.ts";
import type { RemoteRtp } from "./plane.ts";
import { isRtcp } from "./rtp/packet.ts";
import { openUdp, type UdpSocket } from "./udp.ts";

export type TransportEvents = {
  onRtp(packet: Uint8Array): void;
  onRtcp(packet: Uint8Array): void;
};

/** What a stream needs of whatever carries it. */
export interface Transport {
  sendRtp(packet: Uint8Array): void;
  sendRtcp(packet: Uint8Array): void;
  /** Packets from elsewhere, or not authentic. */
  readonly refused: number;
  /** SRTP profile, or "none". */
  readonly protection: string;
  close(): void;
}

/** Hands out even ports with the odd one above them, round the range. */
export class PortRange {
  private next: number;
  constructor(
    private readonly first: number,
    private readonly last: number,
  ) {
    this.next = first + (first & 1);
  }

  /** Binds the next free pair. @throws when every pair is taken */
  async bind(address: string, onRtp: Receive, onRtcp: Receive): Promise<{ rtp: UdpSocket; rtcp: UdpSocket }> {
    const pairs = Math.floor((this.last - this.first + 1) / 2);
    for (let tries = 0; tries < pairs; tries++) {
      const port = this.next;
      this.next = port + 3 > this.last ? this.first + (this.first & 1) : port + 2;
      const rtp = await openUdp(address, port, onRtp).catch(() => null);
      if (rtp === null) continue;
      const rtcp = await openUdp(address, port + 1, onRtcp).catch(() => null);
      if (rtcp !== null) return { rtp, rtcp };
      rtp.close();
    }
    throw new Error(`no free port between ${this.first} and ${this.last}`);
  }
}

type Receive = (packet: Uint8Array, address: string, port: number) => void;

export class RtpTransport implements Transport {
  refused = 0;
  readonly protection = "none";
  private remote: RemoteRtp | null = null;
  /** Where the peer really sends from; set by its first packet, if that comes from the SDP's address or before anything else did. */
  private heard: { readonly address: string; readonly port: number } | null = null;
  private rtcpTo: { readonly address: string; readonly port: number } | null = null;

  private constructor(
    private readonly sockets: { rtp: UdpSocket; rtcp: UdpSocket },
    private readonly events: TransportEvents,
  ) {}

  static async open(ports: PortRange, address: string, events: TransportEvents): Promise<RtpTransport> {
    let transport: RtpTransport | null = null;
    const sockets = await ports.bind(
      address,
      (packet, from, port) => transport?.receivedRtp(packet, from, port),
      (packet, from) => transport?.receivedRtcp(packet, from),
    );
    transport = new RtpTransport(sockets, events);
    return transport;
  }

  get rtpPort(): number {
    return this.sockets.rtp.port;
  }

  get rtcpPort(): number {
    return this.sockets.rtcp.port;
  }

  /** A new offer or answer: what was learned belongs to the old one. */
  setRemote(remote: RemoteRtp): void {
    const { remote: before } = this;
    if (before === null || before.address !== remote.address || before.port !== remote.port) this.heard = null;
    this.remote = remote;
    this.rtcpTo = { address: remote.address, port: remote.rtcpPort };
  }

  sendRtp(packet: Uint8Array): void {
    const to = this.heard ?? this.remote;
    if (to !== null && to.port !== 0) this.sockets.rtp.send(packet, to.port, to.address);
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.rtcpTo !== null && this.rtcpTo.port !== 0) this.sockets.rtcp.send(packet, this.rtcpTo.port, this.rtcpTo.address);
  }

  close(): void {
    this.sockets.rtp.close();
    this.sockets.rtcp.close();
  }

  private receivedRtp(packet: Uint8Array, address: string, port: number): void {
    if (this.remote === null) return;
    const { heard } = this;
    if (heard === null) {
      // NAT: the first to speak is taken for the peer, once. A stranger who is faster than the peer is why trunks should use SRTP.
      this.heard = { address, port };
      if (address !== this.remote.address) this.rtcpTo = { address, port: port + 1 };
    } else if (heard.address !== address || heard.port !== port) {
      const isSdp = address === this.remote.address && port === this.remote.port;
      // The SDP's own address always wins over what was learned; nobody else ever does.
      if (!isSdp || this.isSdp(heard)) {
        this.refused += 1;
        return;
      }
      this.heard = { address, port };
      this.rtcpTo = { address: this.remote.address, port: this.remote.rtcpPort };
    }
    if (packet.length > rtpPacketBytesMax) this.refused += 1;
    else if (isRtcp(packet)) this.events.onRtcp(packet);
    else this.events.onRtp(packet);
  }

  private isSdp(heard: { readonly address: string; readonly port: number }): boolean {
    return heard.address === this.remote?.address && heard.port === this.remote.port;
  }

  private receivedRtcp(packet: Uint8Array, address: string): void {
    if (this.remote === null || (address !== this.remote.address && address !== this.heard?.address)) {
      this.refused += 1;
      return;
    }
    this.events.onRtcp(packet);
  }
}
