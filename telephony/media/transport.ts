// What a stream needs of whatever carries its packets: RTP or SRTP on ports of its own, or WebRTC on the shared one.

/** Packets handed over lie in buffers that are reused: whoever keeps one copies it. */
export type TransportEvents = {
  onRtp(packet: Uint8Array): void;
  onRtcp(packet: Uint8Array): void;
  /** Something of ours threw: it ends this stream, not the worker with all its calls. */
  onBug(error: unknown): void;
};

/** Sees packets as they are without SRTP, before anybody changes them; keeps none of their memory. */
export type PacketTap = (
  direction: "in" | "out",
  packet: Uint8Array,
  isRtcp: boolean,
  peer: { readonly address: string; readonly port: number },
  localPort: number,
) => void;

export interface Transport {
  /** Whether a packet sent now has somewhere to go. */
  readonly isReady: boolean;
  /** Packets from elsewhere, not authentic, replayed or oversized. */
  readonly refused: number;
  /** From where the last refused packet came, address and port, where the address is why; empty: no such. */
  readonly refusedFrom: string;
  /** Where the peer is, address and port; empty: not known. */
  readonly peerAddress: string;
  readonly isBrowser: boolean;
  readonly protocol: "udp" | "tcp";
  /** It was up, and the peer has ceased to show that it is there. */
  readonly isGone: boolean;
  /** SRTP suite, or "none". */
  readonly protection: string;
  sendRtp(packet: Uint8Array): void;
  sendRtcp(packet: Uint8Array): void;
  /** Every second. */
  housekeep(nowMs: number): void;
  close(): void;
}
