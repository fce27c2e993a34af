// UDP sockets for media: Bun's own, with the receive buffer raised as far as the kernel lets us.
import { dlopen, FFIType, ptr } from "bun:ffi";
import { isIPv6 } from "node:net";
import { leaves } from "../../core/lib/shared-socket.ts";

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
const solSocket = 1;
const soRcvbuf = 8;

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
  raiseReceiveBuffer((socket as unknown as { readonly fd?: number }).fd);
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

let setsockopt: ((fd: number, level: number, name: number, value: number, size: number) => number) | null | undefined;

// Without the C library's setsockopt the default buffer has to do.
function raiseReceiveBuffer(fd: number | undefined): void {
  if (fd === undefined || fd < 0) return;
  if (setsockopt === undefined) {
    try {
      const library = dlopen("libc.so.6", {
        setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
      });
      setsockopt = library.symbols.setsockopt as unknown as typeof setsockopt;
    } catch {
      setsockopt = null;
    }
  }
  setsockopt?.(fd, solSocket, soRcvbuf, ptr(new Int32Array([receiveBufferBytes])) as unknown as number, 4);
}
