// One trunk as this node lives with it: where its next hops are, whether they answer, and whether the carrier knows where we are.
import type { TrunkPeer, TrunkPort, TrunkState, TrunkTrouble } from "../../core/call/call-control.ts";
import type { Env, Timer } from "../../core/env/env.ts";
import { normalAddress } from "../../core/lib/ip-address.ts";
import { trunkAnswerMs, trunkBeatMs, trunkRetryMs } from "../../core/lib/limits.ts";
import type { SipNetwork } from "../net/network.ts";
import { type NameServer, resolveHop } from "../net/resolve.ts";
import { ConnectError } from "../net/tcp.ts";
import { answerChallenge, type ClientSecret } from "../sip/auth/client.ts";
import { type Ha1, ha1Of } from "../sip/auth/digest.ts";
import { proven } from "../sip/dialog/session.ts";
import { type Header, headerValue, type RequestDraft, type SipResponse } from "../sip/message/message.ts";
import { parseNameAddr, tagOf } from "../sip/message/name-addr.ts";
import type { TransactionLayer } from "../sip/transaction/layer.ts";
import { type Endpoint, endpointText, type Flow, isSameFlow } from "../sip/transport/flow.ts";
import { grantedSeconds, optionsRequest, registerRequest } from "./messages.ts";
import { type Registration, type RegistrationInput, type RegistrationOutput, stepRegistration } from "./registration.ts";

export type LineParts = {
  readonly env: Env;
  readonly network: SipNetwork;
  readonly transactions: TransactionLayer;
  readonly names: NameServer;
  /** Certificates beside the machine's own that carriers may have, PEM; null: none. */
  readonly ca: string | null;
  /** Random text for tags and Call-IDs. */
  readonly newToken: () => string;
  /** `<sip:user@host:port>` of ours, as seen along a flow. */
  readonly contact: (flow: Flow, user: string) => string;
};

type Hop = {
  readonly hop: TrunkPeer["proxies"][number];
  endpoints: readonly Endpoint[];
  /** Which of the endpoints is spoken to. */
  at: number;
  flow: Flow | null;
  /** A connection under way: who asks meanwhile gets the same. */
  connecting: Promise<Flow> | null;
  isUp: boolean | null;
  roundTripMs: number | null;
  trouble: TrunkTrouble | null;
};

type Answer = { readonly response: SipResponse; readonly ms: number } | { readonly trouble: TrunkTrouble };

/** Realms that one carrier has; one is usual. */
const realmsMax = 4;

export class TrunkLine {
  /** That asked for a registration or a call of ours. */
  private readonly realms = new Set<string>();
  readonly hops: Hop[];
  /** What stands before the @ in our Contact: by it a call that comes in says whose it is. Nothing that is ours alone. */
  readonly contactUser: string;
  /** Where its next hops are now, in their normal form. */
  addresses: ReadonlySet<string> = new Set();
  private registration: Registration = { name: "off" };
  private readonly numbering: { readonly callId: string; readonly tag: string };
  private seq = 0;
  private registrar = 0;
  private registering: Timer | null = null;
  private beating: Timer | null = null;
  private isStopped = false;

  constructor(
    readonly peer: TrunkPeer,
    private readonly parts: LineParts,
  ) {
    this.hops = peer.proxies.map((hop) => ({
      hop,
      endpoints: [],
      at: 0,
      flow: null,
      connecting: null,
      isUp: null,
      roundTripMs: null,
      trouble: null,
    }));
    this.contactUser = parts.newToken();
    this.numbering = { callId: parts.newToken(), tag: parts.newToken() };
  }

  start(): void {
    void this.beat();
    if (this.peer.registers) void this.register({ kind: "begin" });
  }

  /** Takes the registration away where there is one; resolves when the carrier has had its say. Its connections end with the node, or by it. */
  async leave(): Promise<void> {
    this.isStopped = true;
    this.beating?.cancel();
    await this.register({ kind: "end" });
  }

  get state(): TrunkState {
    return {
      registration: this.peer.registers ? this.registrationState() : null,
      hops: this.hops.map(({ hop, endpoints, at, isUp, roundTripMs, trouble }) => {
        const endpoint = endpoints[at];
        return { hop, isUp, roundTripMs, trouble, address: endpoint === undefined ? null : endpointText(endpoint) };
      }),
    };
  }

  speaksAlong(flow: Flow): boolean {
    return this.hops.some((hop) => hop.flow !== null && isSameFlow(hop.flow, flow));
  }

  /** The path to a next hop. Null: there is none, or it has not answered lately and nothing forces us to try. */
  async reach(index: number, isForced: boolean): Promise<Flow | null> {
    const hop = this.hops[index];
    if (hop === undefined || (hop.isUp === false && !isForced)) return null;
    const opened = await this.open(hop);
    return "trouble" in opened ? null : opened;
  }

  /** Whether its name is known and a connection opens. Null: there is no such hop. */
  async look(index: number): ReturnType<TrunkPort["look"]> {
    const hop = this.hops[index];
    if (hop === undefined) return null;
    await this.locate(hop);
    const opened = await this.open(hop);
    const endpoint = hop.endpoints[hop.at];
    return { address: endpoint === undefined ? null : endpointText(endpoint), trouble: "trouble" in opened ? opened.trouble : null };
  }

  /** A call along this flow was not answered: the next beat is now. */
  suspect(flow: Flow): void {
    if (this.peer.heartbeat && this.speaksAlong(flow)) void this.beat();
  }

  /** A connection is gone; who registered along it may not be reached any more, so it is done anew, but never in a hurry. */
  closed(flow: Flow): void {
    for (const hop of this.hops) {
      if (hop.flow === null || !isSameFlow(hop.flow, flow)) continue;
      hop.flow = null;
      if (this.isStopped || hop !== this.hops[this.registrar] || this.registration.name !== "registered") continue;
      void this.carryOut({ kind: "start", ms: trunkRetryMs });
    }
  }

  /** Asks everybody now. */
  async test(): Promise<TrunkState> {
    await Promise.all(this.hops.map((hop) => this.check(hop)));
    if (this.peer.registers) await this.register({ kind: "begin" });
    return this.state;
  }

  /**
   * The account's answer to a challenge. Within a call it may be whoever is at its other end that asks, through a carrier that passes everything
   * on: what belongs to a call is proved to realms alone that asked for a registration or for a call of ours before.
   */
  prove(response: SipResponse, request: RequestDraft): Header | null {
    const { account } = this.peer;
    if (account === null || account.password === "") return null;
    const { username, password } = account;
    const { method, uriText } = request;
    const to = parseNameAddr(headerValue(request, "to") ?? "");
    const isWithinCall = to === null || tagOf(to) !== null;
    const hash = (realm: string): Ha1 | null => {
      if (!isWithinCall && this.realms.size < realmsMax) this.realms.add(realm);
      return this.realms.has(realm) ? ha1Of(username, realm, password) : null;
    };
    const secret: ClientSecret = { username, ha1: hash };
    return answerChallenge(response, secret, { method, uriText, cnonce: this.parts.newToken() });
  }

  // ── Next hops ──

  private async beat(): Promise<void> {
    this.beating?.cancel();
    if (this.isStopped) return;
    this.beating = this.parts.env.clock.after(trunkBeatMs, () => void this.beat());
    await Promise.all(this.hops.map((hop) => (this.peer.heartbeat ? this.check(hop) : this.locate(hop))));
    // Who does not answer is asked more often: calls pass it over until it does.
    if (this.isStopped || this.hops.every(({ isUp }) => isUp !== false)) return;
    this.beating?.cancel();
    this.beating = this.parts.env.clock.after(trunkRetryMs, () => void this.beat());
  }

  /** Any answer is a sign of life, but for those that say that nobody is. */
  private async check(hop: Hop): Promise<void> {
    const was = hop.isUp;
    await this.locate(hop);
    const flow = await this.open(hop);
    const answer = "trouble" in flow ? flow : await this.ask(this.options(hop, flow), flow, false);
    const status = "response" in answer ? answer.response.status : null;
    const isDead = status === 503 || status === 408;
    // By TLS 1.3, who wants another certificate of ours says so by closing what was open already.
    const isClosed = "trouble" in answer && answer.trouble.kind === "no-answer" && !("trouble" in flow) && hop.flow !== flow;
    hop.trouble = isClosed ? { kind: "closed" } : "trouble" in answer ? answer.trouble : isDead ? { kind: "status", status } : null;
    hop.isUp = hop.trouble === null;
    hop.roundTripMs = "response" in answer ? answer.ms : null;
    // Another address of the same name may do better.
    if (!hop.isUp && hop.endpoints.length > 1) {
      hop.at = (hop.at + 1) % hop.endpoints.length;
      hop.flow = null;
    }
    if (was !== hop.isUp && (was !== null || !hop.isUp)) {
      const fields = { trunk: this.peer.trunkId, hop: hop.hop.host, trouble: hop.trouble?.kind ?? null, status };
      if (hop.isUp) this.parts.env.log.info("trunk answers again", fields);
      else this.parts.env.log.warn("trunk does not answer", fields);
    }
  }

  private options({ hop }: Hop, flow: Flow): RequestDraft {
    const host = this.peer.account?.domain ?? hop.host;
    return optionsRequest(host, endpointText(flow.local), { callId: this.parts.newToken(), tag: this.parts.newToken(), seq: 1 });
  }

  private async locate(hop: Hop): Promise<void> {
    const endpoints = await resolveHop(hop.hop, this.peer.transport, this.parts.names);
    // What we know is better than nothing while a name server is away.
    if (endpoints.length === 0 && hop.endpoints.length > 0) return;
    const current = hop.endpoints[hop.at];
    const kept = endpoints.findIndex(({ address, port }) => address === current?.address && port === current.port);
    hop.endpoints = endpoints;
    hop.at = Math.max(kept, 0);
    if (kept < 0) hop.flow = null;
    this.addresses = new Set(this.hops.flatMap((one) => one.endpoints.map(({ address }) => normalAddress(address))));
  }

  private async open(hop: Hop): Promise<Flow | { readonly trouble: TrunkTrouble }> {
    // A call waits for no name server: every beat has asked it.
    if (hop.endpoints.length === 0) await this.locate(hop);
    const endpoint = hop.endpoints[hop.at];
    if (endpoint === undefined) return { trouble: { kind: "no-such-name" } };
    if (hop.flow !== null) return hop.flow;
    const { network, ca } = this.parts;
    if (this.peer.transport === "UDP") {
      const flow = network.udpFlow(endpoint);
      if (flow === null) return { trouble: { kind: "no-socket" } };
      hop.flow = flow;
      return flow;
    }
    const tls =
      this.peer.transport === "TLS" ? { serverName: hop.hop.host, ca: this.peer.issuers ?? ca, own: this.peer.certificate } : null;
    try {
      hop.connecting ??= network.connect(endpoint, tls, trunkAnswerMs);
      hop.flow = await hop.connecting;
      return hop.flow;
    } catch (error) {
      return { trouble: error instanceof ConnectError ? error.trouble : { kind: "refused" } };
    } finally {
      hop.connecting = null;
    }
  }

  // ── The account ──

  /** Resolves when the carrier has had its say, where it is asked. */
  private async register(input: RegistrationInput): Promise<void> {
    const { env } = this.parts;
    const before = this.registration;
    const { state, outputs } = stepRegistration(before, input, env.clock.now());
    this.registration = state;
    const fields = { trunk: this.peer.trunkId };
    if (state.name === "registered" && before.name !== state.name && !(before.name === "asking" && before.untilMs !== null))
      env.log.info("trunk registered", fields);
    if (state.name === "failed" && before.name !== "failed" && state.failures === 1)
      env.log.warn("trunk cannot register", {
        ...fields,
        trouble: state.trouble.kind,
        status: state.trouble.kind === "status" ? state.trouble.status : null,
      });
    for (const output of outputs) await this.carryOut(output);
  }

  private async carryOut(output: RegistrationOutput): Promise<void> {
    switch (output.kind) {
      case "register":
        return this.sendRegister(output.seconds);
      case "start":
        this.registering?.cancel();
        this.registering = this.parts.env.clock.after(output.ms, () => void this.register({ kind: "timer" }));
        return;
      case "stop":
        this.registering?.cancel();
        return;
    }
  }

  private async sendRegister(seconds: number): Promise<void> {
    const { account } = this.peer;
    const hop = this.hops[this.registrar];
    if (account === null || hop === undefined) return;
    const flow = await this.open(hop);
    if ("trouble" in flow) return this.notRegistered(flow.trouble);
    this.seq += 1;
    const contact = this.parts.contact(flow, this.contactUser);
    const request = registerRequest(account, { ...this.numbering, seq: this.seq }, contact, seconds);
    const answer = await this.ask(request, flow, true);
    if (seconds === 0) return;
    if ("trouble" in answer) return this.notRegistered(answer.trouble);
    const { response } = answer;
    const granted = response.status === 200 ? grantedSeconds(response, contact) : null;
    const briefest = Number(headerValue(response, "min-expires") ?? Number.NaN);
    if (granted !== null && granted > 0) return this.register({ kind: "accepted", seconds: granted });
    if (response.status === 423 && Number.isSafeInteger(briefest)) return this.register({ kind: "too-brief", seconds: briefest });
    return this.notRegistered(refusalOf(response.status, account.password));
  }

  /** The next try goes to the next hop. */
  private notRegistered(trouble: TrunkTrouble): Promise<void> {
    this.registrar = (this.registrar + 1) % this.hops.length;
    return this.register({ kind: "failed", trouble });
  }

  private registrationState(): TrunkState["registration"] {
    const { registration } = this;
    switch (registration.name) {
      case "registered":
        return { name: "registered", untilAt: registration.untilMs };
      case "asking":
        return registration.untilMs === null ? { name: "registering" } : { name: "registered", untilAt: registration.untilMs };
      case "failed":
        return { name: "failed", trouble: registration.trouble, againAt: registration.againMs };
      case "off":
        return { name: "registering" };
    }
  }

  /** A final answer within `trunkAnswerMs`, challenges met. */
  private ask(request: RequestDraft, flow: Flow, mayProve: boolean): Promise<Answer> {
    const { env, transactions } = this.parts;
    const startedAt = env.clock.monotonic();
    return new Promise((resolve) => {
      const late = env.clock.after(trunkAnswerMs, () => resolve({ trouble: { kind: "no-answer" } }));
      const done = (answer: Answer): void => {
        late.cancel();
        resolve(answer);
      };
      transactions.request(request, flow, {
        response: (response) => {
          if (response.status < 200) return;
          const isChallenge = response.status === 401 || response.status === 407;
          const proof = mayProve && isChallenge ? this.prove(response, request) : null;
          if (proof === null) return done({ response, ms: Math.round(env.clock.monotonic() - startedAt) });
          this.seq += 1;
          late.cancel();
          void this.ask(proven(request, proof), flow, false).then(resolve);
        },
        failed: () => done({ trouble: { kind: "no-answer" } }),
      });
    });
  }
}

function refusalOf(status: number, password: string): TrunkTrouble {
  if (status === 401 || status === 407) return { kind: password === "" ? "no-password" : "wrong-password" };
  return status === 403 ? { kind: "wrong-password" } : { kind: "status", status };
}
