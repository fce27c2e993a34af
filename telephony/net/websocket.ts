// SIP over WebSocket (RFC 7118): the sockets belong to the web server; here each becomes a flow with an identity that no page can choose.
import type { SipSocketHandler, SipSocketPort } from "../../core/call/call-control.ts";
import type { StationId, UserId } from "../../core/lib/id.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { SipNetwork } from "./network.ts";

export type SocketIdentity = { readonly userId: UserId; readonly stationId: StationId };

/** Where a browser's flow says it is: pages have no address that matters (RFC 7118 §5.2 uses an invalid one too). */
const nowhere: Endpoint = { address: "127.0.0.1", port: 0 };

const decoder = new TextDecoder();

export class SipSockets implements SipSocketPort {
  private readonly identities = new Map<string, SocketIdentity>();

  constructor(
    private readonly network: SipNetwork,
    /** What stands in our Via and Contact towards browsers. */
    private readonly local: Endpoint = { address: "127.0.0.1", port: 443 },
  ) {}

  /** Whose socket a flow is; null for flows of other kinds and for those that are closed. */
  identityOf(flow: Flow): SocketIdentity | null {
    return this.identities.get(flow.connectionId) ?? null;
  }

  open(identity: SocketIdentity, socket: { send(text: string): void; close(code: number, reason: string): void }): SipSocketHandler {
    const flow = this.network.adopt("ws", this.local, nowhere, {
      send(bytes) {
        try {
          socket.send(decoder.decode(bytes));
          return true;
        } catch {
          // The web server's socket is closing; `closed` follows.
          return false;
        }
      },
      close: (reason) => socket.close(1000, reason),
    });
    if (flow === null) {
      socket.close(1013, "too many connections");
      return { receive: () => undefined, closed: () => undefined };
    }
    this.identities.set(flow.connectionId, identity);
    return {
      receive: (text) => this.network.message(flow, Buffer.from(text, "utf8")),
      closed: () => {
        this.network.gone(flow);
        this.identities.delete(flow.connectionId);
      },
    };
  }
}
