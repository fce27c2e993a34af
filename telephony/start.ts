// Starts telephony: sockets, SIP, registrar and call control, joined. What cmd/wire.ts calls.

import type {
  CallControl,
  CallOrigin,
  CapturePort,
  CaptureWanted,
  SipSocketIdentity,
  SipSocketPort,
  TelephonyDirectory,
  TrunkPort,
  VoiceCheckPort,
} from "../core/call/call-control.ts";
import type { Env, Log } from "../core/env/env.ts";
import { normalAddress } from "../core/lib/ip-address.ts";
import type { BindingPort } from "../core/telephony/binding.ts";
import type { LinePort } from "../core/telephony/line.ts";
import { type CallControlOptions, SipCallControl } from "./call-control.ts";
import { PacketCapture } from "./capture.ts";
import { certificateWarning } from "./cause.ts";
import { localAddressFor, nextHop } from "./egress.ts";
import { StrangerGuard } from "./guard.ts";
import { calledOf } from "./ingress.ts";
import { KeptBindings } from "./kept-bindings.ts";
import { LinkedPlane } from "./media/links.ts";
import { type Listen, type Receiver, SipNetwork } from "./net/network.ts";
import { machineNames, type NameServer } from "./net/resolve.ts";
import { SipSockets } from "./net/websocket.ts";
import { Registrar } from "./registrar.ts";
import type { Algorithm } from "./sip/auth/digest.ts";
import { DigestServer } from "./sip/auth/server.ts";
import { DialogLayer } from "./sip/dialog/layer.ts";
import { type Draft, headerValue, type SipRequest } from "./sip/message/message.ts";
import { respond } from "./sip/message/respond.ts";
import type { Admission } from "./sip/transaction/layer.ts";
import type { Flow } from "./sip/transport/flow.ts";
import { Subscriptions } from "./subscriptions.ts";
import { TrunkLines } from "./trunk/lines.ts";
import { VoiceCheck } from "./voice-check.ts";

export type TelephonyOptions = Omit<CallControlOptions, "reach" | "suspect" | "isContact" | "lineChanged" | "captured"> & {
  readonly listen: readonly Omit<Listen, "advertise">[];
  /** Who answers for names of next hops; the machine's own, unless told otherwise. */
  readonly names?: NameServer;
  /** Certificates that carriers may have beside those that the machine knows, PEM. */
  readonly trunkCa?: string | null;
  /** Where UDP phones were before a restart, and where they are from now on; without it they register anew. */
  readonly bindings?: BindingPort;
  /** Who may watch whose line; without it nobody may. */
  readonly lines?: LinePort;
  /** The digest realm that phones' secrets were hashed with. */
  readonly realm?: string;
  /** SHA-256 first, unless told otherwise. */
  readonly digestOrder?: readonly Algorithm[];
};

export const defaultRealm = "landline";

export class Telephony {
  readonly control: CallControl & Pick<SipCallControl, "conversationsWith" | "drain" | "ladder" | "size">;
  readonly sockets: SipSocketPort;
  readonly voiceCheck: VoiceCheckPort;
  readonly trunks: TrunkPort;
  readonly capture: CapturePort;
  /** The ports really bound, in the order of `listen`. */
  readonly ports: number[] = [];
  private readonly packets: PacketCapture;
  private capturing: CaptureWanted | null = null;
  private readonly network: SipNetwork;
  private readonly dialogs: DialogLayer;
  private readonly registrar: Registrar;
  private readonly kept: KeptBindings;
  private readonly calls: SipCallControl;
  private readonly subscriptions: Subscriptions;
  private readonly guard: StrangerGuard;
  private readonly digest: DigestServer;
  private readonly browsers: SipSockets;
  private readonly lines: TrunkLines;
  private readonly options: TelephonyOptions;
  /** Who sent a request that was admitted, until it becomes a call. */
  private readonly origins = new WeakMap<SipRequest, CallOrigin>();

  private constructor(given: TelephonyOptions) {
    const env = guarded(given.env);
    // A carrier is known by the addresses that it was given, and by where its next hops are.
    const directory: TelephonyDirectory = {
      ...given.directory,
      trunkByAddress: (address) => given.directory.trunkByAddress(address) ?? this.lines.trunkAt(address),
    };
    const options = { ...given, directory };
    this.options = options;
    this.network = new SipNetwork(env);
    this.guard = new StrangerGuard(env);
    this.digest = new DigestServer(env, options.realm ?? defaultRealm, options.digestOrder);
    this.browsers = new SipSockets(this.network, { address: localAddressFor("", options.addresses), port: 443 });
    this.kept = new KeptBindings(env, options.bindings ?? null);
    this.registrar = new Registrar(env, directory, this.digest, this.guard, {
      report: (event) => this.calls.report(event),
      udpFlow: (remote) => this.network.udpFlow(remote),
      kept: this.kept,
    });
    this.dialogs = new DialogLayer(
      env,
      this.network,
      {
        admit: (request, flow) => this.admit(request, flow),
        incoming: (session, invite) => {
          const origin = this.origins.get(invite);
          if (origin === undefined) session.send({ kind: "reject", status: 403 });
          else this.calls.incoming(session, invite, origin);
        },
        event: (session, event) => this.calls.onSession(session, event),
        register: (transaction) => this.registrar.register(transaction, this.browsers.identityOf(transaction.flow)),
        subscribe: (transaction) => this.subscriptions.subscribe(transaction, this.origins.get(transaction.request)),
        mayAnswerBroken: (flow) => this.isKnown(flow),
        closed: (flow) => {
          this.subscriptions.flowClosed(flow);
          // Calls first: what a station's going away means depends on whether it has one.
          this.calls.flowClosed(flow);
          this.lines.closed(flow);
          this.registrar.closed(flow);
        },
        nextHop: (uriText, flow) => nextHop(uriText, flow, directory),
        prove: (response, request, flow) => this.lines.prove(response, request, flow),
      },
      (direction, flow, message) => {
        const passing = this.calls.observe(direction, flow, message);
        if (this.capturing !== null) this.captureMessage(this.capturing, direction, flow, passing ?? message);
        return passing;
      },
    );
    this.lines = new TrunkLines(directory, {
      ...{ env, network: this.network, transactions: this.dialogs.transactions, ca: given.trunkCa ?? null },
      names: given.names ?? machineNames(() => this.dialogs.fraction()),
      newToken: () => this.dialogs.newToken(),
      contact: (flow, user) => this.dialogs.contact(flow, user),
    });
    this.trunks = this.lines;
    const check = new VoiceCheck(env, new LinkedPlane(options.media), options.addresses);
    this.voiceCheck = check;
    this.calls = new SipCallControl(
      {
        ...{ ...options, env, media: check.beside },
        reach: (trunkId, hop, isForced) => this.lines.reach(trunkId, hop, isForced),
        suspect: (flow) => this.lines.suspect(flow),
        isContact: (user) => this.lines.trunkOfContact(user) !== null,
        captured: (records, packets, lost) => this.packets.media(records, packets, lost),
        lineChanged: (stationId) => this.subscriptions.lineChanged(stationId),
      },
      this.dialogs,
      this.registrar,
    );
    this.subscriptions = new Subscriptions({
      ...{ env, dialogs: this.dialogs, lines: given.lines ?? null },
      dialogsOf: (stationId) => this.calls.dialogsOf(stationId),
    });
    // A flood is thrown away before it costs a parse: at 20,000 datagrams a second that is a twentieth of a core instead of half of one.
    const isSpent = (flow: Flow): boolean => flow.transport === "udp" && this.guard.isSpent(flow.remote.address) && !this.isKnown(flow);
    this.network.attach(guardedReceiver(this.dialogs.transactions.transport, env.log, isSpent));
    this.packets = new PacketCapture(env.clock, (wanted) => {
      this.capturing = wanted;
      this.calls.capture(wanted);
    });
    this.capture = this.packets;
    this.control = this.calls;
    this.sockets = this.browsers;
  }

  /** Ready when it resolves: every socket is bound. */
  static async start(options: TelephonyOptions): Promise<Telephony> {
    const telephony = new Telephony(options);
    for (const listen of options.listen) {
      const advertise = (remote: string): string =>
        isWildcard(listen.address) ? localAddressFor(remote, options.addresses) : listen.address;
      telephony.ports.push((await telephony.network.listen({ ...listen, advertise })).port);
    }
    telephony.registrar.restore((await options.bindings?.kept()) ?? []);
    telephony.lines.refresh();
    return telephony;
  }

  private captureMessage(wanted: CaptureWanted, direction: "in" | "out", flow: Flow, message: Draft): void {
    const isTheirs = (): boolean => {
      const { trunkId, stationId } = wanted;
      const address = normalAddress(flow.remote.address);
      if (trunkId !== null && this.options.directory.trunkByAddress(address)?.trunkId !== trunkId) return false;
      return stationId === null || this.registrar.bindingOf(stationId)?.flow.remote.address === flow.remote.address;
    };
    if (this.calls.captures(message, wanted, isTheirs)) this.packets.sip(direction, flow, message);
  }

  /** For the metrics and for tests: what is held now. */
  get held(): { readonly transactions: number; readonly sessions: number; readonly conversations: number; readonly subscriptions: number } {
    const { dialogs, calls, subscriptions } = this;
    return {
      ...{ transactions: dialogs.transactions.size, sessions: dialogs.size },
      ...{ conversations: calls.size, subscriptions: subscriptions.size },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.subscriptions.stop();
    await this.lines.leave();
    await this.kept.flush();
    this.lines[Symbol.dispose]();
    this.calls[Symbol.dispose]();
    this.registrar[Symbol.dispose]();
    this.dialogs[Symbol.dispose]();
    await this.network[Symbol.asyncDispose]();
  }

  /**
   * Trunks by their address, browsers by their session, phones by digest. Everyone else gets one and the same answer to everything,
   * and after a few of them none at all.
   */
  private admit(request: SipRequest, flow: Flow): Admission {
    const { directory } = this.options;
    const serve: Admission = { kind: "serve" };
    const identity = this.browsers.identityOf(flow);
    if (identity !== null) {
      // A browser in another network speaks on over another socket: in its own call, and in nobody else's.
      const session = this.dialogs.sessionWithin(request);
      if (session !== null && !this.calls.isOf(session, identity))
        return { kind: "refuse", response: respond(request, 481, { toTag: this.dialogs.transactions.statelessTag(request) }) };
      if ("guestId" in identity) return this.admitGuest(request, identity);
      this.origins.set(request, { kind: "station", ...identity });
      return serve;
    }
    const trunk = directory.trunkByAddress(normalAddress(flow.remote.address));
    if (trunk !== null) {
      // Several accounts at one carrier share its address; each has a Contact of its own.
      const account = request.uri.scheme === "sip" ? this.lines.trunkOfContact(request.uri.user ?? "") : null;
      const trunkId = account ?? trunk.trunkId;
      const refused = this.lines.refuses(trunkId, flow);
      if (refused !== null) {
        const toTag = this.dialogs.transactions.statelessTag(request);
        return { kind: "refuse", response: respond(request, 403, { toTag, headers: [certificateWarning(refused)] }) };
      }
      this.origins.set(request, { kind: "trunk", trunkId });
      return serve;
    }
    const isRegistered = this.registrar.isKnownPath(flow);
    if (!isRegistered && !this.guard.mayAsk(flow.remote.address)) return { kind: "drop" };
    // A REGISTER answers for itself; a CANCEL can only reach what came from the same address, and cannot be challenged (§22.1).
    if (request.method === "REGISTER" || request.method === "CANCEL" || (isRegistered && request.method === "OPTIONS")) return serve;
    return request.method === "INVITE" || request.method === "SUBSCRIBE"
      ? this.admitPhone(request, flow)
      : this.challenge(request, flow, false);
  }

  /** One number and nothing else: a guest is a way in, like a trunk, and never a station. */
  private admitGuest(request: SipRequest, identity: Extract<SipSocketIdentity, { guestId: string }>): Admission {
    if (request.method === "CANCEL") return { kind: "serve" };
    const isInTime = this.options.env.clock.now() < identity.untilAt;
    if (request.method === "INVITE" && isInTime && calledOf(request) === identity.number) {
      this.origins.set(request, { kind: "guest", guestId: identity.guestId });
      return { kind: "serve" };
    }
    return { kind: "refuse", response: respond(request, 403, { toTag: this.dialogs.transactions.statelessTag(request) }) };
  }

  private admitPhone(request: SipRequest, flow: Flow): Admission {
    const { directory } = this.options;
    const verdict = this.digest.verify(
      request,
      (username) => directory.phone(username)?.ha1 ?? null,
      (username) => this.guard.mayGuess(username) || this.isDeviceOf(username, flow),
    );
    if (!verdict.ok) {
      if (verdict.guess !== null) this.guard.failed(verdict.guess, flow.remote.address);
      return this.challenge(request, flow, verdict.stale);
    }
    const { stationId, userId } = directory.phone(verdict.username)!;
    this.guard.trust(flow.remote.address);
    this.origins.set(request, { kind: "station", stationId, userId });
    return { kind: "serve" };
  }

  private isDeviceOf(username: string, flow: Flow): boolean {
    const stationId = this.options.directory.phone(username)?.stationId;
    return stationId !== undefined && this.registrar.bindingOf(stationId)?.flow.remote.address === flow.remote.address;
  }

  private challenge(request: SipRequest, flow: Flow, stale: boolean): Admission {
    const wantsMd5 = this.guard.wantsMd5(flow.remote.address, headerValue(request, "authorization") !== null);
    const headers = this.digest.challenge(stale, wantsMd5);
    return { kind: "refuse", response: respond(request, 401, { toTag: this.dialogs.transactions.statelessTag(request), headers }) };
  }

  private isKnown(flow: Flow): boolean {
    if (this.browsers.identityOf(flow) !== null || this.registrar.isKnownPath(flow)) return true;
    return this.options.directory.trunkByAddress(normalAddress(flow.remote.address)) !== null;
  }
}

/** A bug in a timer ends with a line in the log, not with the process. */
function guarded(env: Env): Env {
  const after: Env["clock"]["after"] = (ms, run) => env.clock.after(ms, () => attempt(env.log, "timer", run));
  return { ...env, clock: { now: () => env.clock.now(), monotonic: () => env.clock.monotonic(), after } };
}

/** The same for whatever the network brings: one message may fail, the next one is served. */
function guardedReceiver(receiver: Receiver, log: Log, isSpent: (flow: Flow) => boolean): Receiver {
  return {
    datagram: (flow, bytes) => {
      if (!isSpent(flow)) attempt(log, "message", () => receiver.datagram(flow, bytes));
    },
    opened: (flow) => attempt(log, "connection", () => receiver.opened(flow)),
    chunk: (flow, bytes) => attempt(log, "message", () => receiver.chunk(flow, bytes)),
    closed: (flow) => attempt(log, "connection", () => receiver.closed(flow)),
  };
}

function attempt(log: Log, what: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    log.error("telephony bug", { what, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
