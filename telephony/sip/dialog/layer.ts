// The dialog layer: gives every request to its session or to the user, hosts the session machines, and refuses what RFC 3261 §8.2 refuses.
import type { Env, Timer } from "../../../core/env/env.ts";
import { normalAddress } from "../../../core/lib/ip-address.ts";
import { sessionIntervalMin } from "../../../core/lib/limits.ts";
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import {
  type Header,
  header,
  headerTokens,
  headerValue,
  type RequestDraft,
  type SipRequest,
  type SipResponse,
} from "../message/message.ts";
import { tagOf } from "../message/name-addr.ts";
import { respond } from "../message/respond.ts";
import { type Admission, type ClientTransaction, type ServerTransaction, TransactionLayer } from "../transaction/layer.ts";
import { type Flow, isSameFlow, type Wire } from "../transport/flow.ts";
import type { Observe } from "../transport/layer.ts";
import { type Dialog, dialogKey } from "./dialog.ts";
import {
  allowed,
  capabilities,
  proven,
  type SessionEvent,
  type SessionInput,
  type SessionOutput,
  type SessionState,
  type SessionTimer,
  startIncoming,
  startOutgoing,
  stepSession,
  supported,
} from "./session.ts";
import { isTooShort } from "./session-timer.ts";

/** What a session's user may ask; see SessionInput. */
export type SessionCommand = Extract<
  SessionInput,
  { kind: "ring" | "accept" | "reject" | "confirm" | "hang-up" | "offer" | "answer-offer" | "reject-offer" | "inform" | "refer-result" }
>;

export interface SessionUser {
  /** Requests that belong to no session of their sender: may they cost us anything? */
  admit(request: SipRequest, flow: Flow): Admission;
  /** A new call. The INVITE has passed §8.2; answer with `ring`, `accept` or `reject`. */
  incoming(session: Session, invite: SipRequest): void;
  event(session: Session, event: SessionEvent): void;
  /** A REGISTER, syntactically right. */
  register(transaction: ServerTransaction): void;
  /** A SUBSCRIBE, in a dialog of its own or to begin one. Without it nobody may subscribe. */
  subscribe?(transaction: ServerTransaction): void;
  mayAnswerBroken(flow: Flow): boolean;
  /** A connection is gone. Its sessions are told apart by their flow. */
  closed(flow: Flow): void;
  /** Where a request to `uriText` goes, if not along `flow`. Decides egress; called for requests within dialogs. */
  nextHop(uriText: string, flow: Flow): Flow;
  /** Our answer to a challenge of a request that went along `flow`; null: there is no account for it, and nothing is said. Without it nothing ever is. */
  prove?(response: SipResponse, request: RequestDraft, flow: Flow): Header | null;
}

/** One INVITE session: a handle on its machine. */
export class Session {
  private readonly timers = new Map<SessionTimer, Timer>();
  private client: ClientTransaction | null = null;
  private keys: readonly string[] = [];

  constructor(
    private readonly layer: DialogLayer,
    /** Unique while the process lives. */
    readonly id: string,
    readonly callId: string,
    private state: SessionState,
    private firstFlow: Flow,
  ) {}

  get flow(): Flow {
    return "dialog" in this.state ? this.state.dialog.flow : this.firstFlow;
  }

  get isEnded(): boolean {
    return this.state.name === "ended";
  }

  send(command: SessionCommand): void {
    this.input(command);
  }

  /** The peer is known to be gone: no word to it, no event, nothing left behind. */
  forget(): void {
    this.state = { name: "ended" };
    this.settle();
  }

  /** @internal The dialog layer's. */
  input(input: SessionInput): void {
    this.carryOut(stepSession(this.state, input));
  }

  /** @internal The dialog layer's. */
  carryOut(step: Step<SessionState, SessionOutput>): void {
    this.state = step.state;
    this.settle();
    for (const output of step.outputs) this.carry(output);
  }

  private carry(output: SessionOutput): void {
    const { layer } = this;
    switch (output.kind) {
      case "respond":
        layer.respond(output.transactionId, output.response);
        break;
      case "invite":
        this.client = layer.invite(this, output.request, output.flow);
        break;
      case "update":
        layer.update(this, output.request, output.flow);
        break;
      case "request":
        layer.ask(output.request, output.flow);
        break;
      case "alone":
        layer.transactions.sendAlone(output.request, layer.user.nextHop(hopUri(output.request), output.flow));
        break;
      case "cancel":
        this.client?.cancel(output.headers);
        break;
      case "abandon":
        this.client?.abandon();
        break;
      case "start": {
        const ms = output.ms + (output.spreadMs === undefined ? 0 : Math.floor(layer.fraction() * output.spreadMs));
        this.timers.get(output.timer)?.cancel();
        this.timers.set(
          output.timer,
          layer.env.clock.after(ms, () => {
            this.timers.delete(output.timer);
            this.input({ kind: "timer", timer: output.timer });
          }),
        );
        break;
      }
      case "stop":
        this.timers.get(output.timer)?.cancel();
        this.timers.delete(output.timer);
        break;
      case "report":
        layer.user.event(this, output.event);
        break;
      default:
        assertNever(output);
    }
  }

  /** Keeps the layer's index as the state says. */
  private settle(): void {
    if (this.state.name === "ended") {
      for (const timer of this.timers.values()) timer.cancel();
      this.timers.clear();
    }
    const keys = dialogsOf(this.state).map((dialog) => dialogKey(this.callId, dialog.localTag, dialog.remoteTag));
    for (const key of this.keys) if (!keys.includes(key)) this.layer.unindex(key, this);
    for (const key of keys) if (!this.keys.includes(key)) this.layer.index(key, this);
    this.keys = keys;
    if (this.state.name === "ended") this.layer.drop(this);
  }
}

export class DialogLayer {
  readonly transactions: TransactionLayer;
  private readonly sessions = new Set<Session>();
  private readonly byDialog = new Map<string, Session>();
  /** Sessions whose INVITE or re-INVITE is still a transaction, for CANCEL. */
  private readonly byTransaction = new Map<string, Session>();
  private readonly open = new Map<string, ServerTransaction>();

  constructor(
    readonly env: Env,
    wire: Wire,
    readonly user: SessionUser,
    observe?: Observe,
  ) {
    this.transactions = new TransactionLayer(
      env,
      wire,
      {
        admit: (request, flow) => this.admit(request, flow),
        request: (transaction) => this.request(transaction),
        ack: (request) => this.sessionWithin(request)?.input({ kind: "ack", request }),
        cancelled: (transaction) => this.byTransaction.get(transaction.id)?.input({ kind: "cancelled" }),
        ended: ({ id }) => {
          this.open.delete(id);
          this.byTransaction.delete(id);
        },
        strayResponse: (response) => this.strayResponse(response),
        mayAnswerBroken: (flow) => user.mayAnswerBroken(flow),
        closed: (flow) => user.closed(flow),
      },
      observe,
    );
  }

  get size(): number {
    return this.sessions.size;
  }

  /**
   * Calls. `invite` has From (with our tag), To, Call-ID, CSeq, Max-Forwards, Contact and body; events come to the user. A transport that
   * fails at once is reported by an event too, from within this call when `started` has been called with the session. `asksForTimer`: for a
   * session timer (RFC 4028).
   */
  call(invite: RequestDraft, flow: Flow, contact: string, started: (session: Session) => void, asksForTimer = true): void {
    const start = startOutgoing(invite, flow, contact, asksForTimer);
    const session = new Session(this, this.newToken(), headerValue(invite, "call-id")!, start.state, flow);
    this.sessions.add(session);
    started(session);
    session.carryOut(start);
  }

  /** The session that a message from outside names by its tags, in either order: who repeats them may stand at either end. */
  sessionOf(callId: string, oneTag: string, otherTag: string): Session | null {
    return this.byDialog.get(dialogKey(callId, oneTag, otherTag)) ?? this.byDialog.get(dialogKey(callId, otherTag, oneTag)) ?? null;
  }

  /** Random text for tags and Call-IDs: 96 bits (RFC 3261 §19.3 wants 32). */
  newToken(): string {
    return Buffer.from(this.env.random.bytes(12)).toString("hex");
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    const bytes = this.env.random.bytes(2);
    return (bytes[0]! * 256 + bytes[1]!) / 65_536;
  }

  /** Where we are reached along a flow; `user`: what stands before the @. */
  contact(flow: Flow, user: string | null = null): string {
    const host = flow.local.address.includes(":") ? `[${flow.local.address}]` : flow.local.address;
    const transport = flow.transport === "udp" ? "" : `;transport=${flow.transport === "wss" ? "ws" : flow.transport}`;
    return `<sip:${user === null ? "" : `${user}@`}${host}:${flow.local.port}${transport}>`;
  }

  [Symbol.dispose](): void {
    for (const session of [...this.sessions]) session.forget();
    this.transactions[Symbol.dispose]();
  }

  // ── For sessions ──

  respond(transactionId: string, response: Parameters<ServerTransaction["respond"]>[0]): void {
    this.open.get(transactionId)?.respond(response);
  }

  invite(session: Session, request: RequestDraft, flow: Flow): ClientTransaction {
    return this.transactions.request(request, this.user.nextHop(hopUri(request), flow), {
      response: (response) => {
        const proof = this.proofFor(response, request, flow);
        session.input(proof === null ? { kind: "response", response } : { kind: "response", response, proof });
      },
      failed: (reason) => session.input({ kind: "failed", reason }),
    });
  }

  update(session: Session, request: RequestDraft, flow: Flow): void {
    this.transactions.request(request, this.user.nextHop(hopUri(request), flow), {
      response: (response) => {
        if (response.status < 200) return;
        const proof = this.proofFor(response, request, flow);
        session.input(proof === null ? { kind: "updated", response } : { kind: "updated", response, proof });
      },
      failed: () => session.input({ kind: "updated", response: null }),
    });
  }

  /** BYE and its like: nobody waits for the answer, but a challenge is answered. */
  ask(request: RequestDraft, flow: Flow, isProven = false): void {
    this.transactions.request(request, this.user.nextHop(hopUri(request), flow), {
      response: (response) => {
        const proof = isProven ? null : this.proofFor(response, request, flow);
        if (proof !== null) this.ask(proven(request, proof), flow, true);
      },
      failed: () => undefined,
    });
  }

  /** A NOTIFY of a subscription: the status of its last answer, null when none came. */
  notify(request: RequestDraft, flow: Flow, answered: (status: number | null) => void): void {
    this.transactions.request(request, this.user.nextHop(hopUri(request), flow), {
      response: ({ status }) => {
        if (status >= 200) answered(status);
      },
      failed: () => answered(null),
    });
  }

  private proofFor(response: SipResponse, request: RequestDraft, flow: Flow): Header | null {
    return response.status === 401 || response.status === 407 ? (this.user.prove?.(response, request, flow) ?? null) : null;
  }

  index(key: string, session: Session): void {
    this.byDialog.set(key, session);
  }

  unindex(key: string, session: Session): void {
    if (this.byDialog.get(key) === session) this.byDialog.delete(key);
  }

  drop(session: Session): void {
    this.sessions.delete(session);
  }

  // ── From below ──

  private admit(request: SipRequest, flow: Flow): Admission {
    const session = this.sessionWithin(request);
    // Within a dialog, from where the dialog is: known. From elsewhere it must pass like any stranger.
    if (session !== null && isSamePeer(session.flow, flow)) return { kind: "serve" };
    return this.user.admit(request, flow);
  }

  /** Whose dialog a request is in; null: none of ours. */
  sessionWithin(request: SipRequest): Session | null {
    const localTag = tagOf(request.to);
    return localTag === null ? null : (this.byDialog.get(dialogKey(request.callId, localTag, tagOf(request.from) ?? "")) ?? null);
  }

  private request(transaction: ServerTransaction): void {
    const { request, flow, id } = transaction;
    const refuse = (status: number, headers: readonly Header[] = []): void =>
      transaction.respond(respond(request, status, { toTag: this.transactions.statelessTag(request), headers }));
    const refusal = inspect(request);
    if (refusal !== null) {
      refuse(refusal.status, refusal.headers);
      return;
    }
    if (request.method === "SUBSCRIBE") {
      if (this.user.subscribe === undefined) refuse(405, [header("Allow", allowed)]);
      else this.user.subscribe(transaction);
      return;
    }
    if (tagOf(request.to) !== null) {
      const session = this.sessionWithin(request);
      if (session === null) {
        // A re-INVITE of a call that we have forgotten is addressed to our Contact. What is addressed to someone else is 404 first (§8.2.2.1).
        const isToUs = request.uri.scheme !== "sip" || request.uri.host === flow.local.address.toLowerCase();
        refuse(request.method === "INVITE" && !isToUs ? 404 : 481);
        return;
      }
      this.open.set(id, transaction);
      if (request.method === "INVITE") this.byTransaction.set(id, session);
      session.input({ kind: "request", transactionId: id, request, flow });
      return;
    }
    switch (request.method) {
      case "INVITE":
        this.incoming(transaction);
        break;
      case "REGISTER":
        this.user.register(transaction);
        break;
      case "OPTIONS":
        transaction.respond(respond(request, 200, { toTag: this.transactions.statelessTag(request), headers: capabilities }));
        break;
      default:
        // BYE, INFO and their like live in dialogs only (§12.2.2).
        refuse(481);
    }
  }

  private incoming(transaction: ServerTransaction): void {
    const { request, flow, id } = transaction;
    const localTag = this.newToken();
    const start = startIncoming(id, request, flow, localTag, this.contact(flow));
    const session = new Session(this, localTag, request.callId, start.state, flow);
    this.sessions.add(session);
    this.open.set(id, transaction);
    this.byTransaction.set(id, session);
    session.carryOut(start);
    this.user.incoming(session, request);
  }

  /** A 2xx whose INVITE transaction is over: the session, if it stands, acknowledges again. */
  private strayResponse(response: SipResponse): void {
    const key = dialogKey(response.callId, tagOf(response.from) ?? "", tagOf(response.to) ?? "");
    this.byDialog.get(key)?.input({ kind: "response", response });
  }
}

/** Under which dialogs a session is found: several as long as branches of its INVITE ring. */
function dialogsOf(state: SessionState): readonly Dialog[] {
  if (state.name === "calling") return state.early.map(({ dialog }) => dialog);
  return "dialog" in state ? [state.dialog] : [];
}

/** Another port or connection of the same host may speak in a dialog; browsers share an address that says nothing, so theirs must be the socket. */
function isSamePeer(a: Flow, b: Flow): boolean {
  const isBrowser = [a, b].some(({ transport }) => transport === "ws" || transport === "wss");
  // What began by TLS goes on by TLS: anybody can write a source address into a datagram.
  if (a.transport === "tls" && b.transport !== "tls") return false;
  return isBrowser ? isSameFlow(a, b) : normalAddress(a.remote.address) === normalAddress(b.remote.address);
}

function hopUri(request: RequestDraft): string {
  const route = headerValue(request, "route");
  return route === null ? request.uriText : route.replace(/^<|>.*$/g, "");
}

/** Known to us, but nothing that we do: 405 instead of 501. */
const otherMethods = new Set(["MESSAGE", "NOTIFY", "PUBLISH"]);
const methods = new Set(allowed.split(", "));
const optionTags = new Set(supported.split(", "));
/** The registrar's own (RFC 3327, RFC 5626). */
const registrationTags = new Set(["path", "outbound"]);

type Refusal = { readonly status: number; readonly headers: readonly Header[] };

/** RFC 3261 §8.2.1–8.2.3, in that order. Null: nothing against it. */
export function inspect(request: SipRequest): Refusal | null {
  if (!methods.has(request.method)) {
    return { status: otherMethods.has(request.method) ? 405 : 501, headers: [header("Allow", allowed)] };
  }
  // RFC 5031: a call for help is never refused for its spelling; what becomes of it is the user's to say.
  const isCallForHelp = request.method === "INVITE" && /^urn:service:sos\b/i.test(request.uriText);
  if (request.uri.scheme === "other" && !isCallForHelp) return { status: 416, headers: [] };
  // We hand every call on, so a request that may not travel further ends here (§16.3). OPTIONS is for us.
  if (request.method === "INVITE" && request.maxForwards === 0) return { status: 483, headers: [] };
  const unknown = unknownOptions(request);
  if (unknown.length > 0) return { status: 420, headers: [header("Unsupported", unknown.join(", "))] };
  if (request.method !== "INVITE" && request.method !== "UPDATE") return null;
  // RFC 4028 §9.
  return inspectContent(request) ?? (isTooShort(request) ? { status: 422, headers: [header("Min-SE", String(sessionIntervalMin))] } : null);
}

/** What a request requires and we do not know (§8.2.2.3). */
function unknownOptions(request: SipRequest): string[] {
  return headerTokens(request, "require").filter(
    (tag) => !optionTags.has(tag) && !(request.method === "REGISTER" && registrationTags.has(tag)),
  );
}

function inspectContent(request: SipRequest): Refusal | null {
  const type = headerTokens(request, "content-type")[0];
  const isOptional = /handling\s*=\s*optional/i.test(headerValue(request, "content-disposition") ?? "");
  if (request.body.length > 0 && type !== "application/sdp" && !isOptional)
    return { status: 415, headers: [header("Accept", "application/sdp")] };
  const encoding = headerTokens(request, "content-encoding").filter((name) => name !== "identity");
  if (request.body.length > 0 && encoding.length > 0) return { status: 415, headers: [header("Accept-Encoding", "identity")] };
  // Our answer is SDP: a caller that says it cannot take that is told so (§8.2.3, RFC 4475 §3.3.13).
  const accepts = headerTokens(request, "accept");
  const takesSdp = accepts.length === 0 || accepts.some((name) => name === "application/sdp" || name === "application/*" || name === "*/*");
  return takesSdp ? null : { status: 406, headers: [] };
}
