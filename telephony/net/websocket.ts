// SIP over WebSocket (RFC 7118): the sockets belong to the web server; here each becomes a flow with an identity that no page can choose.
import type { SipSocketHandler, SipSocketIdentity, SipSocketPort } from "../../core/call/call-control.ts";
import { guestSocketsMax } from "../../core/lib/limits.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import type { SipNetwork } from "./network.ts";

/** Where a browser's flow says it is: pages have no address that matters (RFC 7118 §5.2 uses an invalid one too). */
const nowhere: Endpoint = { address: "127.0.0.1", port: 0 };

const decoder = new TextDecoder();

export class SipSockets implements SipSocketPort {
  private readonly identities = new Map<string, SipSocketIdentity>();

  constructor(
    private readonly network: SipNetwork,
    /** What stands in our Via and Contact towards browsers. */
    private readonly local: Endpoint = { address: "127.0.0.1", port: 443 },
  ) {}

  /** Whose socket a flow is; null for flows of other kinds and for those that are closed. */
  identityOf(flow: Flow): SipSocketIdentity | null {
    return this.identities.get(flow.connectionId) ?? null;
  }

  /** A guest's page has one socket, and a second while it reloads; whoever opens more with one link wants something else. */
  private isOneTooMany(identity: SipSocketIdentity): boolean {
    if (!("guestId" in identity)) return false;
    const same = [...this.identities.values()].filter((other) => "guestId" in other && other.guestId === identity.guestId);
    return same.length >= guestSocketsMax;
  }

  open(identity: SipSocketIdentity, socket: { send(text: string): void; close(code: number, reason: string): void }): SipSocketHandler {
    const flow = this.isOneTooMany(identity)
      ? null
      : this.network.adopt("ws", this.local, nowhere, {
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
