// UDP sockets for media: Bun's own, with the receive buffer raised as far as the kernel lets us.
import { isIPv6 } from "node:net";
import { leaves } from "../../core/lib/shared-socket.ts";
import { raiseReceiveBuffer } from "./socket-options.ts";

export type UdpSocket = {
  readonly port: number;
  send(packet: Uint8Array, port: number, address: string): void;
  /** Packets that the kernel refused to take. */
  readonly lost: number;
  close(): void;
};

/** The packet's memory belongs to the receiver: it may be rewritten and sent on. */
export type Receive = (packet: Uint8Array, address: string, port: number) => void;

/** Four megabytes hold a quarter of a second of a thousand calls on one port; the kernel cuts it to net.core.rmem_max. */
export const receiveBufferBytes = 4 * 1024 * 1024;

/** Bound when it resolves; rejects with EADDRINUSE and its kind. Port 0 takes any. */
export async function openUdp(address: string, port: number, receive: Receive): Promise<UdpSocket> {
  let lost = 0;
  const socket = await Bun.udpSocket({
    hostname: address,
    port,
    socket: {
      data(_socket, packet, fromPort, fromAddress) {
        receive(packet, fromAddress, fromPort);
      },
      // ICMP "port unreachable" of a peer that is gone: its silence will say so.
      error() {
        return undefined;
      },
    },
  });
  raiseReceiveBuffer((socket as unknown as { readonly fd?: number }).fd, receiveBufferBytes);
  return {
    port: socket.port,
    send: (packet, toPort, toAddress) => {
      if (!leaves(socket, packet, toPort, toAddress)) lost += 1;
    },
    get lost() {
      return lost;
    },
    close: () => socket.close(),
  };
}

/** The one spelling in which the kernel's senders come: IPv6 may be written in many ways (RFC 5952). */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
