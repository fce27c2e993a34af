// A flow: the one path on which a peer is heard and answered (RFC 5626 §1). UDP flows are address pairs, the others are connections.
import { hostText } from "../../../core/lib/ip-address.ts";

export type Transport = "udp" | "tcp" | "tls" | "ws" | "wss";
export type Endpoint = { readonly address: string; readonly port: number };

export type Flow = {
  readonly transport: Transport;
  /** What we advertise in Via and Contact, and where the peer reaches us. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Unique per connection while the process lives; "" for UDP. */
  readonly connectionId: string;
};

/** The sockets, seen from here. Implemented by telephony/net. */
export interface Wire {
  /** False when the bytes cannot leave: connection gone, buffer full, address refused. */
  send(flow: Flow, bytes: Uint8Array): boolean;
  close(flow: Flow, reason: string): void;
}

export function endpointText(endpoint: Endpoint): string {
  return `${hostText(endpoint.address)}:${endpoint.port}`;
}

/** The flow as it stands in logs and ladders: `udp 127.0.0.1:5060`. */
export function flowText(flow: Flow): string {
  return `${flow.transport} ${endpointText(flow.remote)}`;
}

export function isReliable(flow: Flow): boolean {
  return flow.transport !== "udp";
}

/** Whether both are the same path. */
export function isSameFlow(a: Flow, b: Flow): boolean {
  return (
    a.transport === b.transport &&
    a.connectionId === b.connectionId &&
    a.remote.port === b.remote.port &&
    a.remote.address === b.remote.address
  );
}
