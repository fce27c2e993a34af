// The transaction layer: finds or makes the transaction of every message and hosts the four machines (RFC 3261 §17).
import { createHmac } from "node:crypto";
import type { Env } from "../../../core/env/env.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import { sipTransactionsMax } from "../../../core/lib/limits.ts";
import {
  type Header,
  header,
  type RequestDraft,
  type ResponseDraft,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from "../message/message.ts";
import { tagOf } from "../message/name-addr.ts";
import { respond } from "../message/respond.ts";
import { magicBranch, magicCookie } from "../message/via.ts";
import { type Flow, flowText, isReliable, isSameFlow, type Wire } from "../transport/flow.ts";
import { type Observe, TransportLayer } from "../transport/layer.ts";
import { responseFlow } from "../transport/routing.ts";
import { type InviteClientInput, type InviteClientState, startInviteClient, stepInviteClient } from "./invite-client.ts";
import { type InviteServerInput, type InviteServerState, startInviteServer, stepInviteServer } from "./invite-server.ts";
import { clientKey, mergeKey, serverKey } from "./key.ts";
import { type OtherClientInput, type OtherClientState, startOtherClient, stepOtherClient } from "./other-client.ts";
import { type OtherServerInput, type OtherServerState, startOtherServer, stepOtherServer } from "./other-server.ts";
import { Running, type Sink } from "./running.ts";

export interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Sends a response through the machine. After the end it does nothing. */
  respond(response: ResponseDraft): void;
}

export interface ClientTransaction {
  /** Sends the CANCEL of an INVITE (RFC 3261 §9.1); only after a provisional response, which is the user's to know. */
  cancel(headers: readonly Header[]): void;
  /** Forgets an INVITE whose CANCEL was never answered. */
  abandon(): void;
}

export type ClientListener = { response(response: SipResponse): void; failed(reason: "timeout" | "transport"): void };

/** What may happen to a request before it costs us a transaction. */
export type Admission =
  | { readonly kind: "serve" }
  | { readonly kind: "drop" }
  | { readonly kind: "refuse"; readonly response: ResponseDraft };

export interface TransactionUser {
  admit(request: SipRequest, flow: Flow): Admission;
  request(transaction: ServerTransaction): void;
  /** An ACK that belongs to a 2xx. */
  ack(request: SipRequest, flow: Flow): void;
  /** The INVITE's CANCEL came; the CANCEL itself has been answered. */
  cancelled(transaction: ServerTransaction): void;
  /** The machine is done; nothing can be answered in it any more. */
  ended(transaction: ServerTransaction): void;
  /** A 2xx to an INVITE whose transaction is gone: the dialog acknowledges it again. */
  strayResponse(response: SipResponse, flow: Flow): void;
  mayAnswerBroken(flow: Flow): boolean;
  closed(flow: Flow): void;
}

type ServerMachine = Running<InviteServerState, InviteServerInput> | Running<OtherServerState, OtherServerInput>;
type Server = { readonly transaction: ServerTransaction; readonly machine: ServerMachine };
type ClientMachine = Running<InviteClientState, InviteClientInput> | Running<OtherClientState, OtherClientInput>;
type Client = { readonly flow: Flow; readonly machine: ClientMachine };

export class TransactionLayer {
  readonly transport: TransportLayer;
  private readonly servers = new Map<string, Server>();
  private readonly clients = new Map<string, Client>();
  private readonly merged = new Map<string, string>();
  private readonly tagKey: Uint8Array;

  constructor(
    private readonly env: Env,
    wire: Wire,
    private readonly user: TransactionUser,
    observe?: Observe,
  ) {
    this.tagKey = env.random.bytes(16);
    this.transport = new TransportLayer(
      env,
      wire,
      {
        receive: (message, flow) => this.receive(message, flow),
        mayAnswerBroken: (flow) => user.mayAnswerBroken(flow),
        closed: (flow) => this.closed(flow),
      },
      observe,
    );
  }

  /** Transactions held now, of both sides. */
  get size(): number {
    return this.servers.size + this.clients.size;
  }

  /** Sends a request in a transaction of its own. `draft` has no Via; the layer's is put on top. */
  request(draft: RequestDraft, flow: Flow, listener: ClientListener): ClientTransaction {
    const branch = magicCookie + Buffer.from(this.env.random.bytes(16)).toString("hex");
    const request = withVia(draft, flow, branch);
    this.startClient(clientKey(branch, request.method), request, flow, listener);
    return {
      cancel: (headers) => this.startClient(clientKey(branch, "CANCEL"), cancelOf(request, headers), flow, noListener),
      abandon: () => abandon(this.clients.get(clientKey(branch, request.method))?.machine),
    };
  }

  /** Sends an ACK to a 2xx, or anything else that is answered by nobody. */
  sendAlone(draft: RequestDraft, flow: Flow): boolean {
    return this.transport.send(flow, withVia(draft, flow, magicCookie + Buffer.from(this.env.random.bytes(16)).toString("hex")));
  }

  /** The same To tag for every copy of a request that is answered without a transaction (RFC 3261 §8.2.7). */
  statelessTag(request: SipRequest): string {
    return createHmac("sha256", this.tagKey)
      .update(`${request.callId}|${tagOf(request.from)}|${request.cseq.number}`)
      .digest("hex")
      .slice(0, 16);
  }

  [Symbol.dispose](): void {
    for (const { machine } of this.servers.values()) machine.dispose();
    for (const { machine } of this.clients.values()) machine.dispose();
    this.servers.clear();
    this.clients.clear();
    this.merged.clear();
  }

  private receive(message: SipMessage, flow: Flow): void {
    if (message.kind === "response") this.receiveResponse(message, flow);
    else if (message.method === "ACK") this.receiveAck(message, flow);
    else this.receiveRequest(message, flow);
  }

  private receiveResponse(response: SipResponse, flow: Flow): void {
    const branch = magicBranch(response.via);
    const client = branch === null ? undefined : this.clients.get(clientKey(branch, response.cseq.method));
    if (client !== undefined) {
      // A right branch from another place is a forgery: answers come from where the request went.
      if (isSameFlow(client.flow, flow)) client.machine.input({ kind: "response", response });
      else this.env.log.warn("sip response from elsewhere dropped", { flow: flowText(flow), expected: flowText(client.flow) });
    } else if (response.cseq.method === "INVITE" && response.status >= 200 && response.status < 300)
      this.user.strayResponse(response, flow);
  }

  private receiveAck(request: SipRequest, flow: Flow): void {
    const server = this.servers.get(serverKey(request, flow));
    if (server !== undefined && server.machine.stateName !== "accepted") acknowledge(server.machine);
    else this.user.ack(request, flow);
  }

  private receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKey(request, flow);
    const known = this.servers.get(key);
    if (known !== undefined) {
      known.machine.input({ kind: "request" });
      return;
    }
    const admission = this.user.admit(request, flow);
    if (admission.kind === "drop") return;
    if (admission.kind === "refuse") this.respondAlone(request, flow, admission.response);
    else if (this.size >= sipTransactionsMax) {
      this.refuse(request, flow, 503, [header("Retry-After", "10")]);
    } else if (this.isLoopedOrMerged(request, key)) this.refuse(request, flow, 482);
    else if (request.method === "CANCEL") this.receiveCancel(request, flow);
    else this.startServer(key, request, flow);
  }

  /** RFC 3261 §8.2.2.2: the same request by another way, outside any dialog. */
  private isLoopedOrMerged(request: SipRequest, key: string): boolean {
    if (tagOf(request.to) !== null || request.method === "CANCEL") return false;
    const first = this.merged.get(mergeKey(request));
    return first !== undefined && first !== key;
  }

  /** RFC 3261 §9.2. The CANCEL is answered whatever becomes of the INVITE. */
  private receiveCancel(request: SipRequest, flow: Flow): void {
    const server = this.servers.get(serverKey(request, flow, "INVITE"));
    if (server === undefined) {
      this.refuse(request, flow, 481);
      return;
    }
    this.refuse(request, flow, 200);
    if (server.machine.stateName === "proceeding") this.user.cancelled(server.transaction);
  }

  private startServer(key: string, request: SipRequest, flow: Flow): void {
    const merge = tagOf(request.to) === null ? mergeKey(request) : null;
    const back = responseFlow(request.via, flow);
    const sink: Sink = {
      send: (message) => this.transport.send(back, message),
      deliver: () => undefined,
      failed: (reason) => this.env.log.debug("sip server transaction failed", { flow: flowText(flow), reason }),
      ended: () => {
        this.servers.delete(key);
        if (merge !== null && this.merged.get(merge) === key) this.merged.delete(merge);
        this.user.ended(transaction);
      },
    };
    const isInvite = request.method === "INVITE";
    const reliable = isReliable(flow);
    const machine = isInvite
      ? new Running(this.env.clock, startInviteServer(respond(request, 100), reliable), stepInviteServer, sink)
      : new Running(this.env.clock, startOtherServer(reliable), stepOtherServer, sink);
    const transaction: ServerTransaction = { id: key, request, flow, respond: (response) => machine.input({ kind: "respond", response }) };
    this.servers.set(key, { transaction, machine });
    if (merge !== null) this.merged.set(merge, key);
    machine.begin();
    if (this.servers.has(key)) this.user.request(transaction);
  }

  private startClient(key: string, request: RequestDraft, flow: Flow, listener: ClientListener): void {
    const sink: Sink = {
      send: (message) => this.transport.send(flow, message),
      deliver: (response) => listener.response(response),
      failed: (reason) => listener.failed(reason),
      ended: () => this.clients.delete(key),
    };
    const reliable = isReliable(flow);
    const machine =
      request.method === "INVITE"
        ? new Running(this.env.clock, startInviteClient(request, reliable), stepInviteClient, sink)
        : new Running(this.env.clock, startOtherClient(request, reliable), stepOtherClient, sink);
    this.clients.set(key, { flow, machine });
    machine.begin();
  }

  private refuse(request: SipRequest, flow: Flow, status: number, headers: readonly Header[] = []): void {
    this.respondAlone(request, flow, respond(request, status, { toTag: this.statelessTag(request), headers }));
  }

  private respondAlone(request: SipRequest, flow: Flow, response: ResponseDraft): void {
    this.transport.send(responseFlow(request.via, flow), response);
  }

  private closed(flow: Flow): void {
    for (const client of this.clients.values()) if (isSameFlow(client.flow, flow)) client.machine.input({ kind: "transport-error" });
    this.user.closed(flow);
  }
}

/** Keys say the method: an ACK finds INVITE servers only, and only INVITEs are abandoned. */
function acknowledge(machine: ServerMachine): void {
  (machine as Running<InviteServerState, InviteServerInput>).input({ kind: "ack" });
}

function abandon(machine: ClientMachine | undefined): void {
  (machine as Running<InviteClientState, InviteClientInput> | undefined)?.input({ kind: "abandon" });
}

const noListener: ClientListener = { response: () => undefined, failed: () => undefined };

function withVia(draft: RequestDraft, flow: Flow, branch: string): RequestDraft {
  const sentBy = `${hostText(flow.local.address)}:${flow.local.port}`;
  const via = header("Via", `SIP/2.0/${flow.transport.toUpperCase()} ${sentBy};branch=${branch};rport`);
  return { ...draft, headers: [via, ...draft.headers] };
}

/** RFC 3261 §9.1: everything that identifies the INVITE, and nothing else. */
function cancelOf(invite: RequestDraft, extra: readonly Header[]): RequestDraft {
  const kept = ["via", "from", "to", "call-id", "max-forwards", "route"];
  const headers: Header[] = [];
  for (const line of invite.headers) {
    if (kept.includes(line.key)) headers.push(line);
    else if (line.key === "cseq") headers.push(header("CSeq", line.value.replace(/\S+$/, "CANCEL")));
  }
  return { kind: "request", method: "CANCEL", uriText: invite.uriText, headers: [...headers, ...extra], body: new Uint8Array(0) };
}
