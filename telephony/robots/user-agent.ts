// A robot's telephone exchange: real SIP over a UDP socket on loopback, real RTP beside it. Calls, registers, is called; never leaves this machine.
import type { Env } from "../../core/env/env.ts";
import { isLoopback, normalAddress } from "../../core/lib/ip-address.ts";
import { cleanRemoteText } from "../../core/lib/remote-text.ts";
import { calledOf, callerOf } from "../ingress.ts";
import { InlinePlane } from "../media/inline-plane.ts";
import type { MediaEvent } from "../media/plane.ts";
import { PortRange } from "../media/ports.ts";
import { SipNetwork } from "../net/network.ts";
import { readOffer } from "../sdp/offer-answer.ts";
import { answerChallenge } from "../sip/auth/client.ts";
import type { Ha1 } from "../sip/auth/digest.ts";
import { DialogLayer, type Session } from "../sip/dialog/layer.ts";
import { type Header, header, headerValue, type RequestDraft, type SipRequest, type SipResponse, toWire } from "../sip/message/message.ts";
import { formatNameAddr } from "../sip/message/name-addr.ts";
import { encodeUser } from "../sip/message/uri.ts";
import type { Endpoint, Flow } from "../sip/transport/flow.ts";
import { RobotCall } from "./robot-call.ts";
import { phrase, type Voice } from "./voice.ts";

/** What a robot phone proves itself with: the HA1 that the registrar compares with. */
export type RobotSecret = { readonly username: string; readonly ha1: Ha1 };

export type UserAgentOptions = {
  readonly env: Env;
  /** Our own, on loopback. */
  readonly address: string;
  /** The node's SIP address. */
  readonly server: Endpoint;
  /** For voice; those that are taken are passed over. */
  readonly rtpPorts: readonly [first: number, last: number];
  /** Whose voice ours is. */
  readonly voice: Voice;
  readonly realm: string;
  /** Somebody calls: `ring` and `answer`, or `hangUp`. */
  incoming(call: RobotCall, to: string, from: { readonly number: string; readonly conversationId: string | null }): void;
};

const registrationSeconds = 300;

export class UserAgent {
  private readonly network: SipNetwork;
  private readonly dialogs: DialogLayer;
  private readonly media: InlinePlane;
  private readonly calls = new Map<string, RobotCall>();
  private readonly bySession = new Map<Session, RobotCall>();
  private flow: Flow | null = null;

  private constructor(private readonly options: UserAgentOptions) {
    const { env, voice } = options;
    this.network = new SipNetwork(env);
    this.dialogs = new DialogLayer(env, this.network, {
      // Only the node itself is served; who else finds the port gets silence.
      admit: (_request, flow) => (this.isNode(flow.remote.address) ? { kind: "serve" } : { kind: "drop" }),
      incoming: (session, invite) => this.onInvite(session, invite),
      event: (session, event) => {
        const call = this.bySession.get(session);
        if (event.kind === "ended") this.bySession.delete(session);
        call?.onSession(event);
      },
      register: () => undefined,
      mayAnswerBroken: () => false,
      closed: () => undefined,
      nextHop: (_uri, flow) => flow,
    });
    this.network.attach(this.dialogs.transactions.transport);
    const sound = phrase(voice);
    this.media = new InlinePlane({
      env,
      ports: new PortRange(...options.rtpPorts),
      mux: null,
      prompts: async (key) => (key === voice ? sound : null),
      openSink: async ({ path }) => this.ear(path),
    });
    this.media.onEvent((event) => this.onMedia(event));
  }

  static async open(options: UserAgentOptions): Promise<UserAgent> {
    const agent = new UserAgent(options);
    const local = await agent.network.listen({ transport: "udp", address: options.address, port: 0 });
    agent.flow = { transport: "udp", connectionId: "", local, remote: options.server };
    return agent;
  }

  /** Calls that are up or on their way. */
  get size(): number {
    return this.calls.size;
  }

  /** A call from `number` to `called`; nothing leaves before `start`. */
  call(called: string, from: { readonly number: string; readonly name: string }): RobotCall {
    const { address, server } = this.options;
    const flow = this.flow!;
    const id = this.dialogs.newToken();
    const contact = this.dialogs.contact(flow);
    const caller = formatNameAddr(toWire(cleanRemoteText(from.name)), `sip:${encodeUser(from.number)}@${address}`);
    const call: RobotCall = this.adopt(id, null, (body) => {
      const uriText = `sip:${encodeUser(called)}@${server.address}:${server.port}`;
      const headers = [
        header("From", `${caller};tag=${this.dialogs.newToken()}`),
        header("To", `<${uriText}>`),
        header("Call-ID", id),
        header("CSeq", "1 INVITE"),
        header("Max-Forwards", "70"),
        header("Contact", contact),
        header("User-Agent", "Landline robot"),
        header("Content-Type", "application/sdp"),
      ];
      this.dialogs.call({ kind: "request", method: "INVITE", uriText, headers, body }, flow, contact, (session) =>
        this.join(call, session),
      );
    });
    return call;
  }

  /** Registers a phone, proving itself when asked to; resolves to for how long it is good, 0 when it was refused. */
  async register({ username, ha1 }: RobotSecret, seconds: number = registrationSeconds): Promise<number> {
    const callId = this.dialogs.newToken();
    const uriText = `sip:${this.options.realm}`;
    const ask = (seq: number, more: readonly Header[]) => this.request(this.registration(username, callId, seq, seconds, more));
    const first = await ask(1, []);
    if (first?.status !== 401) return first?.status === 200 ? seconds : 0;
    const about = { method: "REGISTER", uriText, cnonce: this.dialogs.newToken() };
    const proof = answerChallenge(first, { username, ha1: (realm) => (realm === this.options.realm ? ha1 : null) }, about);
    const second = proof === null ? null : await ask(2, [proof]);
    return second?.status === 200 ? seconds : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const call of this.calls.values()) call.hangUp();
    await this.media.close();
    this.dialogs[Symbol.dispose]();
    await this.network[Symbol.asyncDispose]();
  }

  private isNode(address: string): boolean {
    return isLoopback(address) || normalAddress(address) === normalAddress(this.options.server.address);
  }

  private registration(username: string, callId: string, seq: number, seconds: number, more: readonly Header[]): RequestDraft {
    const { local } = this.flow!;
    const { realm } = this.options;
    const headers = [
      header("From", `<sip:${username}@${realm}>;tag=${this.dialogs.newToken()}`),
      header("To", `<sip:${username}@${realm}>`),
      header("Call-ID", callId),
      header("CSeq", `${seq} REGISTER`),
      header("Max-Forwards", "70"),
      header("Contact", `<sip:${username}@${local.address}:${local.port}>`),
      header("Expires", String(seconds)),
      header("User-Agent", "Landline robot"),
      ...more,
    ];
    return { kind: "request", method: "REGISTER", uriText: `sip:${realm}`, headers, body: new Uint8Array(0) };
  }

  private request(draft: RequestDraft): Promise<SipResponse | null> {
    return new Promise((resolve) => {
      this.dialogs.transactions.request(draft, this.flow!, {
        response: (response) => {
          if (response.status >= 200) resolve(response);
        },
        failed: () => resolve(null),
      });
    });
  }

  private onInvite(session: Session, invite: SipRequest): void {
    const offer = readOffer(invite.body);
    if (!offer.ok) return session.send({ kind: "reject", status: 488 });
    const call = this.adopt(this.dialogs.newToken(), offer, () => undefined);
    this.join(call, session);
    const conversationId = headerValue(invite, "x-landline-conversation");
    this.options.incoming(call, calledOf(invite), { number: callerOf(invite).number, conversationId });
  }

  private adopt(id: string, offer: ConstructorParameters<typeof RobotCall>[3], invite: (body: Uint8Array) => void): RobotCall {
    const sessionId = Buffer.from(this.options.env.random.bytes(4)).readUInt32BE(0) >>> 1;
    const call = new RobotCall(id, this.options.voice, sessionId, offer, {
      address: this.options.address,
      media: (command) => this.media.send(command),
      invite,
      done: () => this.calls.delete(id),
    });
    this.calls.set(id, call);
    return call;
  }

  private join(call: RobotCall, session: Session): void {
    call.session = session;
    this.bySession.set(session, call);
  }

  private onMedia(event: MediaEvent): void {
    switch (event.kind) {
      case "opened":
        this.calls.get(event.streamId)?.opened(event.local);
        return;
      case "failed":
        this.calls.get(event.streamId)?.mediaFailed(event.reason);
        return;
      case "stats":
        if (event.final) this.calls.get(event.streamId)?.measured(event.stats);
        return;
      case "recording-closed":
      case "recording-failed":
        this.calls.get(event.recordingId)?.deaf();
        return;
      default:
        return;
    }
  }

  /** A recording that is listened to and not kept: the media engine brings what came in to one clock, whatever the network did to it. */
  private ear(id: string) {
    return {
      write: async (bytes: Uint8Array) => {
        const stereo = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
        // Only the left channel is ours.
        this.calls.get(id)?.hears(Int16Array.from({ length: stereo.length / 2 }, (_, i) => stereo[2 * i]!));
      },
      close: async () => ({ chunks: 0, durationMs: 0, sizeBytes: 0, sha256: "" }),
    };
  }
}
