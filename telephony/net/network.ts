// All SIP sockets behind one door: flows in and out, whatever they run over. Holds sockets and buffers, understands no SIP.
import type { Env } from "../../core/env/env.ts";
import { isIpv6, normalAddress } from "../../core/lib/ip-address.ts";
import { sipConnectionsMax, sipConnectionsPerAddressMax } from "../../core/lib/limits.ts";
import { type Endpoint, type Flow, flowText, type Wire } from "../sip/transport/flow.ts";
import { type ClientTls, connectTcp, listenTcp } from "./tcp.ts";
import { openUdp, type UdpSocket } from "./udp.ts";

/** Who takes what arrives: the SIP transport layer. */
export interface Receiver {
  datagram(flow: Flow, bytes: Uint8Array): void;
  opened(flow: Flow): void;
  chunk(flow: Flow, bytes: Uint8Array): void;
  closed(flow: Flow): void;
}

export type Listen = {
  readonly transport: "udp" | "tcp" | "tls";
  /** Bound here; port 0 takes a free one. */
  readonly address: string;
  readonly port: number;
  /** What stands in Via and Contact towards a peer, where it differs: behind NAT, or bound to every address. */
  readonly advertise?: (remoteAddress: string) => string;
  readonly tls?: { readonly key: string; readonly cert: string };
};

/** One connection, whatever it is made of. */
export interface Connection {
  /** False: gone, or the peer does not read and the buffer is full. */
  send(bytes: Uint8Array): boolean;
  close(reason: string): void;
  /** What the peer showed in the handshake, DER; null: nothing, or there was none. */
  readonly peerCertificate?: Uint8Array | null;
}

export class SipNetwork implements Wire {
  /** By port: one socket may speak under several addresses. */
  private readonly udp = new Map<number, UdpSocket>();
  private readonly stops: (() => void)[] = [];
  private readonly connections = new Map<string, { readonly flow: Flow; readonly connection: Connection }>();
  private readonly perAddress = new Map<string, number>();
  /** Where peers of connections that we open may connect to in their turn. */
  private readonly accepting = new Map<Listen["transport"], (remoteAddress: string) => Endpoint>();
  private receiver: Receiver | null = null;
  private nextId = 1;

  constructor(private readonly env: Env) {}

  /** Before the first `listen`. */
  attach(receiver: Receiver): void {
    this.receiver = receiver;
  }

  /** Opens a socket; resolves to what is really bound and advertised. */
  async listen(listen: Listen): Promise<Endpoint> {
    if (listen.transport === "udp") {
      const socket = await openUdp(listen, (flow, bytes) => this.receiver?.datagram(flow, bytes));
      this.udp.set(socket.local.port, socket);
      this.stops.push(() => socket.close());
      return socket.local;
    }
    const server = listenTcp(listen, this);
    this.stops.push(() => server.stop());
    this.accepting.set(listen.transport, (remote) => ({
      address: listen.advertise?.(remote) ?? listen.address,
      port: server.local.port,
    }));
    return server.local;
  }

  /** The path to a literal address over UDP; null: no socket of its kind is open. */
  udpFlow(remote: Endpoint): Flow | null {
    for (const socket of this.udp.values()) return { transport: "udp", local: socket.localFor(remote.address), remote, connectionId: "" };
    return null;
  }

  /** Opens a connection to a literal address. @throws ConnectError */
  connect(remote: Endpoint, tls: ClientTls | null, ms: number): Promise<Flow> {
    // Without a TLS port of ours, a carrier keeps to the connection that we have opened.
    const accepting = (tls === null ? undefined : this.accepting.get("tls")) ?? this.accepting.get("tcp");
    const local = accepting?.(remote.address) ?? { address: isIpv6(remote.address) ? "::" : "0.0.0.0", port: 0 };
    return connectTcp(this, { local, remote, tls, ms, clock: this.env.clock });
  }

  /** What the peer of a connection showed in its handshake, DER; null: nothing. */
  certificateOf(flow: Flow): Uint8Array | null {
    return this.connections.get(flow.connectionId)?.connection.peerCertificate ?? null;
  }

  send(flow: Flow, bytes: Uint8Array): boolean {
    if (flow.transport === "udp") return this.udp.get(flow.local.port)?.send(flow.remote, bytes) ?? false;
    return this.connections.get(flow.connectionId)?.connection.send(bytes) ?? false;
  }

  close(flow: Flow, reason: string): void {
    const entry = this.connections.get(flow.connectionId);
    if (entry === undefined) return;
    this.forget(flow);
    entry.connection.close(reason);
  }

  // ── For the socket files ──

  /** A connection is there. Null: one too many; the socket is to be closed. */
  adopt(transport: Flow["transport"], local: Endpoint, remote: Endpoint, connection: Connection): Flow | null {
    const address = normalAddress(remote.address);
    // Browsers were counted and known by their session before they came here.
    const held = isStream(transport) ? (this.perAddress.get(address) ?? 0) : 0;
    if (this.connections.size >= sipConnectionsMax || held >= sipConnectionsPerAddressMax) {
      this.env.log.warn("sip connection refused: too many", { remote: address, held, total: this.connections.size });
      return null;
    }
    const flow: Flow = { transport, local, remote: { address, port: remote.port }, connectionId: String(this.nextId++) };
    this.connections.set(flow.connectionId, { flow, connection });
    if (isStream(transport)) {
      this.perAddress.set(address, held + 1);
      this.receiver?.opened(flow);
    }
    return flow;
  }

  chunk(flow: Flow, bytes: Uint8Array): void {
    this.receiver?.chunk(flow, bytes);
  }

  message(flow: Flow, bytes: Uint8Array): void {
    if (this.connections.has(flow.connectionId)) this.receiver?.datagram(flow, bytes);
  }

  /** The peer, or the network, ended it. */
  gone(flow: Flow): void {
    if (this.forget(flow)) this.receiver?.closed(flow);
  }

  warn(fact: string, flow: Flow): void {
    this.env.log.warn(fact, { flow: flowText(flow) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    for (const { flow, connection } of [...this.connections.values()]) {
      this.forget(flow);
      connection.close("stopping");
    }
    this.udp.clear();
  }

  private forget(flow: Flow): boolean {
    if (!this.connections.delete(flow.connectionId)) return false;
    if (!isStream(flow.transport)) return true;
    const held = (this.perAddress.get(flow.remote.address) ?? 1) - 1;
    if (held === 0) this.perAddress.delete(flow.remote.address);
    else this.perAddress.set(flow.remote.address, held);
    return true;
  }
}

function isStream(transport: Flow["transport"]): boolean {
  return transport === "tcp" || transport === "tls";
}
