// One UDP socket for SIP.
import { normalAddress } from "../../core/lib/ip-address.ts";
import { leaves } from "../../core/lib/shared-socket.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { Listen } from "./network.ts";

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
      // Back-pressure loses the datagram: UDP's retransmissions are for that. One that cannot leave fails its transaction, and nobody else's.
      return leaves(socket, bytes, remote.port, remote.address);
    },
    close: () => socket.close(),
  };
}
