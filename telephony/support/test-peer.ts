// The other side for tests: a small user agent made of our own stack, over a real UDP socket or over a browser's socket.
import type { SipSocketHandler, SipSocketIdentity, SipSocketPort } from "../../core/call/call-control.ts";
import type { Env } from "../../core/env/env.ts";
import { SipNetwork } from "../net/network.ts";
import { DialogLayer, type Session, type SessionUser } from "../sip/dialog/layer.ts";
import type { SessionEvent } from "../sip/dialog/session.ts";
import { type Header, header, headerValues, type RequestDraft, type SipRequest, type SipResponse } from "../sip/message/message.ts";
import type { Flow } from "../sip/transport/flow.ts";

export type Heard =
  | { readonly kind: "incoming"; readonly session: Session; readonly invite: SipRequest }
  | { readonly kind: "session"; readonly session: Session; readonly event: SessionEvent }
  | { readonly kind: "response"; readonly response: SipResponse }
  | { readonly kind: "failed" };

export const plainOffer = (address: string, lines = "a=sendrecv", port = 4_000): Uint8Array =>
  Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n${lines}\r\n`,
  );
const fingerprint = Array.from({ length: 32 }, () => "CD").join(":");
export const webAnswer = Buffer.from(
  `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 101\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:F7gI\r\na=ice-pwd:${"q".repeat(24)}\r\na=fingerprint:sha-256 ${fingerprint}\r\na=setup:active\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n`,
);

export class TestPeer {
  readonly heard: Heard[] = [];
  /** Raw start lines that arrived. */
  readonly lines: string[] = [];
  /** What responses have warned of. */
  readonly warnings: string[] = [];
  readonly layer: DialogLayer;
  private readonly waiting: (() => void)[] = [];
  private close: () => Promise<void> | void = () => undefined;
  handler: SipSocketHandler | null = null;

  private constructor(
    env: Env,
    private flow: Flow,
    wire: ConstructorParameters<typeof DialogLayer>[1],
  ) {
    const user: SessionUser = {
      admit: () => ({ kind: "serve" }),
      incoming: (session, invite) => this.hear({ kind: "incoming", session, invite }),
      event: (session, event) => this.hear({ kind: "session", session, event }),
      register: () => undefined,
      mayAnswerBroken: () => true,
      closed: () => undefined,
      nextHop: (_uri, flow) => flow,
    };
    this.layer = new DialogLayer(env, wire, user, (direction, _flow, message) => {
      if (direction === "out") return;
      this.lines.push(message.kind === "request" ? message.method : `${message.status} ${message.reason}`);
      this.warnings.push(...headerValues(message, "warning"));
    });
  }

  /** A carrier or a phone at `address`, towards the server's port. */
  static async udp(env: Env, address: string, serverPort: number, serverAddress = "127.0.0.1"): Promise<TestPeer> {
    const network = new SipNetwork(env);
    const nowhere = { address, port: 0 };
    const peer = new TestPeer(env, { transport: "udp", connectionId: "", local: nowhere, remote: nowhere }, network);
    network.attach(peer.layer.transactions.transport);
    const local = await network.listen({ transport: "udp", address, port: 0 });
    peer.flow = { transport: "udp", connectionId: "", local, remote: { address: serverAddress, port: serverPort } };
    peer.close = () => network[Symbol.asyncDispose]();
    return peer;
  }

  /** A browser whose session says who it is. */
  static browser(env: Env, port: SipSocketPort, identity: SipSocketIdentity): TestPeer {
    const flow: Flow = {
      transport: "ws",
      connectionId: "browser",
      local: { address: "127.0.0.1", port: 0 },
      remote: { address: "127.0.0.1", port: 443 },
    };
    const peer: TestPeer = new TestPeer(env, flow, {
      send: (_flow, bytes) => {
        peer.handler?.receive(Buffer.from(bytes).toString("utf8"));
        return peer.handler !== null;
      },
      close: () => undefined,
    });
    peer.handler = port.open(identity, {
      send: (text) => peer.layer.transactions.transport.datagram(flow, Buffer.from(text, "utf8")),
      close: () => undefined,
    });
    return peer;
  }

  /** Where it listens. */
  get port(): number {
    return this.flow.local.port;
  }

  /** The same page over another socket; the older one is not told. */
  reconnect(port: SipSocketPort, identity: SipSocketIdentity): void {
    this.handler = port.open(identity, {
      send: (text) => this.layer.transactions.transport.datagram(this.flow, Buffer.from(text, "utf8")),
      close: () => undefined,
    });
  }

  /** The tab is gone. */
  vanish(): void {
    const { handler } = this;
    this.handler = null;
    handler?.closed();
  }

  /** The next thing heard that `wanted` says yes to; what comes before it is passed over. */
  async next<K extends Heard["kind"]>(
    kind: K,
    wanted: (heard: Extract<Heard, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<Heard, { kind: K }>> {
    for (;;) {
      for (let heard = this.heard.shift(); heard !== undefined; heard = this.heard.shift()) {
        if (heard.kind === kind && wanted(heard as Extract<Heard, { kind: K }>)) return heard as Extract<Heard, { kind: K }>;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  request(
    method: string,
    uriText: string,
    headers: readonly Header[] = [],
    options: { callId?: string; seq?: number; user?: string } = {},
  ): void {
    const { callId = this.layer.newToken(), seq = 1, user = "alice" } = options;
    const draft: RequestDraft = {
      kind: "request",
      method,
      uriText,
      headers: [
        header("From", `<sip:${user}@landline>;tag=${this.layer.newToken()}`),
        header("To", `<sip:${user}@landline>`),
        header("Call-ID", callId),
        header("CSeq", `${seq} ${method}`),
        header("Max-Forwards", "70"),
        ...headers,
      ],
      body: new Uint8Array(0),
    };
    this.layer.transactions.request(draft, this.flow, {
      response: (response) => this.hear({ kind: "response", response }),
      failed: () => this.hear({ kind: "failed" }),
    });
  }

  register(user: string, headers: readonly Header[] = []): void {
    this.request("REGISTER", "sip:landline", [header("Contact", `<sip:${user}@device.invalid>`), header("Expires", "600"), ...headers], {
      user,
    });
  }

  call(called: string, body: Uint8Array, headers: readonly Header[] = [], from = '"Alice" <sip:+4930111@127.0.0.2>'): void {
    const contact = this.layer.contact(this.flow);
    const draft: RequestDraft = {
      kind: "request",
      method: "INVITE",
      uriText: `sip:${called}@127.0.0.1`,
      headers: [
        header("From", `${from};tag=${this.layer.newToken()}`),
        header("To", `<sip:${called}@127.0.0.1>`),
        header("Call-ID", this.layer.newToken()),
        header("CSeq", "1 INVITE"),
        header("Max-Forwards", "70"),
        header("Contact", contact),
        ...(body.length > 0 ? [header("Content-Type", "application/sdp")] : []),
        ...headers,
      ],
      body,
    };
    this.layer.call(draft, this.flow, contact, () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.layer[Symbol.dispose]();
    await this.close();
  }

  private hear(heard: Heard): void {
    this.heard.push(heard);
    this.waiting.shift()?.();
  }
}
