// One UDP socket for SIP.
import { normalAddress } from "../../core/lib/ip-address.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { Listen } from "./network.ts";

/** One peer that is gone can answer each of our datagrams with an error; so many do not come between two tries. */
const triesMax = 3;

export interface UdpSocket {
  readonly local: Endpoint;
  /** What stands in Via and Contact towards a peer. */
  localFor(remoteAddress: string): Endpoint;
  send(remote: Endpoint, bytes: Uint8Array): boolean;
  close(): void;
}

export async function openUdp(listen: Listen, receive: (flow: Flow, bytes: Uint8Array) => void): Promise<UdpSocket> {
  const socket = await Bun.udpSocket({
    hostname: listen.address,
    port: listen.port,
    socket: {
      data(_socket, bytes, port, address) {
        const remote = { address: normalAddress(address), port };
        receive({ transport: "udp", local: localFor(remote.address), remote, connectionId: "" }, bytes);
      },
      // ICMP says that somebody is gone; without a listener Bun prints it. Their silence will tell their transactions.
      error() {
        return undefined;
      },
    },
  });
  const local: Endpoint = { address: listen.address, port: socket.port };
  const localFor = (remote: string): Endpoint => ({ address: listen.advertise?.(remote) ?? listen.address, port: local.port });
  return {
    local,
    localFor,
    send(remote, bytes) {
      for (let tries = 1; ; tries++) {
        try {
          // False under back-pressure: the datagram is lost, and UDP's retransmissions are for that.
          socket.send(bytes, remote.port, remote.address);
          return true;
        } catch (error) {
          // Somebody else's earlier datagram, which nobody took, is reported here and keeps this one from leaving.
          if ((error as { readonly code?: unknown }).code === "ECONNREFUSED" && tries < triesMax) continue;
          // Unreachable network, refused address family: the transaction fails, nobody else does.
          return false;
        }
      }
    },
    close: () => socket.close(),
  };
}
