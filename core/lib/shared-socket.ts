// A UDP socket that speaks to many: what one of them has done to it must not cost another a packet.

/** One peer that is gone can answer each of our packets with an error; so many do not come between two tries. */
const triesMax = 3;

/**
 * Sends a datagram; false: it did not leave. ICMP's "port unreachable" (RFC 1122 §4.1.3.3) about an earlier one, to somebody else, is told to
 * whoever sends next and keeps that one from leaving: it goes again. What an unreachable network or a refused address family says stands.
 */
export function leaves(
  socket: { send(bytes: Uint8Array, port: number, address: string): unknown },
  bytes: Uint8Array,
  port: number,
  address: string,
): boolean {
  for (let tries = 1; ; tries++) {
    try {
      socket.send(bytes, port, address);
      return true;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== "ECONNREFUSED" || tries === triesMax) return false;
    }
  }
}
