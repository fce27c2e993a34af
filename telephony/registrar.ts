// The registrar (RFC 3261 §10): which devices can be reached now. Browsers are known by their session, phones prove themselves by digest.
import type { SipSocketIdentity, TelephonyDirectory } from "../core/call/call-control.ts";
import type { Env, Timer } from "../core/env/env.ts";
import type { StationId } from "../core/lib/id.ts";
import { normalAddress } from "../core/lib/ip-address.ts";
import { contactsPerAddressOfRecordMax, registrationSecondsMax, registrationSecondsMin } from "../core/lib/limits.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";
import type { KeptBinding } from "../core/telephony/binding.ts";
import type { StrangerGuard } from "./guard.ts";
import type { KeptBindings } from "./kept-bindings.ts";
import { flowIdOf, type WayBack, wayBackHeaders, wayBackOf } from "./outbound-flow.ts";
import type { DigestServer } from "./sip/auth/server.ts";
import { type Header, header, headerValue, headerValues, type SipRequest, wireBytes } from "./sip/message/message.ts";
import { addressList, type NameAddr } from "./sip/message/name-addr.ts";
import { param } from "./sip/message/params.ts";
import { respond } from "./sip/message/respond.ts";
import { decodeEscapes } from "./sip/message/uri.ts";
import type { ServerTransaction } from "./sip/transaction/layer.ts";
import { type Endpoint, endpointText, type Flow, flowText, isSameFlow } from "./sip/transport/flow.ts";

export type Binding = {
  readonly stationId: StationId;
  /** As registered: the Request-URI of every call to it. */
  readonly contact: string;
  /** Proxies on the way to it (RFC 3327), in the order of Route. */
  readonly path: readonly string[];
  /** Which of the device's flows it is (RFC 5626), as Contact says it; null: it is told apart by its contact. */
  readonly flowId: string | null;
  /** Requests to it go back along the flow it registered on, whatever its contact says. */
  readonly flow: Flow;
  readonly expiresAt: number;
  readonly callId: string;
  readonly seq: number;
};

export type RegistrarEvent =
  | { readonly kind: "station.registered"; readonly stationId: StationId; readonly userAgent: string }
  | { readonly kind: "station.unregistered"; readonly stationId: StationId };

export type ReachedBy = Pick<Binding, "contact" | "flow" | "path">;
type Held = Binding & { readonly timer: Timer };
type Who = { readonly stationId: StationId; readonly isBrowser: boolean };

export type RegistrarOptions = {
  readonly report: (event: RegistrarEvent) => void;
  /** The path to an address over UDP; null: there is no socket for it. */
  readonly udpFlow: (remote: Endpoint) => Flow | null;
  readonly kept: Pick<KeptBindings, "keep" | "forget">;
};

export class Registrar {
  /** Newest last. */
  private readonly bindings = new Map<StationId, Held[]>();
  /** How many bindings each path carries: asked for every request of someone who is no trunk. */
  private readonly paths = new Map<string, number>();

  constructor(
    private readonly env: Env,
    private readonly directory: TelephonyDirectory,
    private readonly digest: DigestServer,
    private readonly guard: StrangerGuard,
    private readonly options: RegistrarOptions,
  ) {}

  /** The newest binding of a station, of those that have not been tried; or the place where its phone always is. */
  bindingOf(stationId: StationId, tried: readonly ReachedBy[] = []): ReachedBy | null {
    const newest = this.bindings.get(stationId)?.findLast((binding) => !tried.includes(binding)) ?? null;
    return newest ?? (tried.length === 0 ? this.fixed(stationId) : null);
  }

  isRegistered(stationId: StationId): boolean {
    return this.bindings.has(stationId) || this.directory.station(stationId)?.address != null;
  }

  /** Whether some device registered on exactly this path, or is always there. */
  isKnownPath(flow: Flow): boolean {
    return this.paths.has(pathOf(flow)) || (flow.transport === "udp" && this.directory.isPhoneAddress(normalAddress(flow.remote.address)));
  }

  /** After a restart: phones over UDP are where they were, until they would have had to register again. */
  restore(kept: readonly KeptBinding[]): void {
    const now = this.env.clock.now();
    for (const { stationId, contact, address, port, expiresAt, callId, seq } of kept) {
      const flow = this.options.udpFlow({ address, port });
      if (flow === null || expiresAt <= now || this.directory.station(stationId) === null) continue;
      this.bind(stationId, { contact, flow, path: [], flowId: null, expiresAt, callId, seq }, this.bindings.get(stationId) ?? []);
      this.options.report({ kind: "station.registered", stationId, userAgent: "" });
    }
  }

  /** `identity` is a browser's, from its session; null: the request must prove itself. */
  register(transaction: ServerTransaction, identity: SipSocketIdentity | null): void {
    const { request, flow } = transaction;
    const answer = (status: number, headers: readonly Header[] = []): void =>
      transaction.respond(respond(request, status, { toTag: "r", headers }));
    const user = userOf(request);
    if (user === null) {
      answer(400);
      return;
    }
    const who = identity === null ? this.phone(request, flow, user, answer) : this.browser(identity, user, answer);
    if (who !== null) this.update(who, request, flow, answer);
  }

  /** Its proxy says that the flow is gone (430): nobody is called along it any more. */
  flowFailed(stationId: StationId, reachedBy: ReachedBy): void {
    const failed = (this.bindings.get(stationId) ?? []).find((binding) => binding === reachedBy);
    if (failed !== undefined) this.remove(stationId, failed);
  }

  /** A connection is gone, and with it what was registered on it. */
  closed(flow: Flow): void {
    for (const [stationId, held] of [...this.bindings]) {
      for (const binding of held.filter((candidate) => isSameFlow(candidate.flow, flow))) this.remove(stationId, binding);
    }
  }

  [Symbol.dispose](): void {
    for (const held of this.bindings.values()) for (const { timer } of held) timer.cancel();
    this.bindings.clear();
  }

  /** Exactly that user's station, and nothing else, whatever the page says. */
  private browser(identity: SipSocketIdentity, user: string, answer: (status: number) => void): Who | null {
    // A guest is no station, whatever it writes.
    if ("guestId" in identity) {
      answer(403);
      return null;
    }
    const station = this.directory.station(identity.stationId);
    if (station === null || station.username !== user || station.userId !== identity.userId) {
      answer(403);
      return null;
    }
    return { stationId: identity.stationId, isBrowser: true };
  }

  private phone(request: SipRequest, flow: Flow, user: string, answer: (status: number, headers: readonly Header[]) => void): Who | null {
    const { digest, directory, guard } = this;
    // A phone that is registered from here is not shut out by others who guess its password.
    const isKnownDevice = (username: string): boolean => {
      const stationId = directory.phone(username)?.stationId;
      return (
        stationId !== undefined && (this.bindings.get(stationId) ?? []).some((held) => held.flow.remote.address === flow.remote.address)
      );
    };
    const verdict = digest.verify(
      request,
      (username) => directory.phone(username)?.ha1 ?? null,
      (username) => guard.mayGuess(username) || isKnownDevice(username),
    );
    if (verdict.ok && verdict.username === user) {
      guard.trust(flow.remote.address);
      return { stationId: directory.phone(user)!.stationId, isBrowser: false };
    }
    if (!verdict.ok && verdict.guess !== null) guard.failed(verdict.guess, flow.remote.address);
    const wantsMd5 = guard.wantsMd5(flow.remote.address, headerValue(request, "authorization") !== null);
    answer(401, digest.challenge(!verdict.ok && verdict.stale, wantsMd5));
    return null;
  }

  /** §10.3, steps 6 to 8: all of it or nothing of it. */
  private update(who: Who, request: SipRequest, flow: Flow, answer: (status: number, headers?: readonly Header[]) => void): void {
    const { stationId } = who;
    const asked = contactsOf(request);
    if (asked === null) {
      answer(400);
      return;
    }
    const way = who.isBrowser ? direct : wayBackOf(request, flow.transport);
    if (way === 400 || way === 439) {
      answer(way);
      return;
    }
    const held = this.bindings.get(stationId) ?? [];
    if (asked === "all") {
      if (held.some((binding) => isOlder(request, binding))) answer(500);
      else {
        for (const binding of [...held]) this.remove(stationId, binding);
        answer(200);
      }
      return;
    }
    if (asked.some(({ seconds }) => seconds > 0 && seconds < registrationSecondsMin)) {
      answer(423, [header("Min-Expires", String(registrationSecondsMin))]);
      return;
    }
    if (held.some((binding) => asked.some((one) => isSame(binding, one, way)) && isOlder(request, binding))) {
      answer(500);
      return;
    }
    const others = held.filter((binding) => !asked.some((one) => isSame(binding, one, way)));
    if (!who.isBrowser && others.length + asked.length > contactsPerAddressOfRecordMax) {
      answer(403);
      return;
    }
    const isNews = asked.map((one) => this.set(who, one, way, request, flow)).includes(true);
    // The device hears that it is registered before anyone can call it.
    answer(200, [...this.contactHeaders(stationId), ...(who.isBrowser ? [] : wayBackHeaders(way))]);
    const userAgent = cleanRemoteText(wireBytes(headerValue(request, "user-agent") ?? ""));
    if (isNews) this.options.report({ kind: "station.registered", stationId, userAgent });
  }

  /** True for a new device, or the same one on a new connection; a refresh is no news. */
  private set(who: Who, asked: Asked, way: WayBack, request: SipRequest, flow: Flow): boolean {
    const { stationId } = who;
    const { contact, seconds } = asked;
    const held = this.bindings.get(stationId) ?? [];
    const previous = held.find((binding) => isSame(binding, asked, way));
    if (seconds === 0) {
      if (previous !== undefined) this.remove(stationId, previous);
      return false;
    }
    // A page that comes back replaces the page it was: one softphone per browser station.
    const kept = who.isBrowser ? [] : held.filter((binding) => binding !== previous);
    for (const binding of held) if (!kept.includes(binding)) this.release(binding);
    const expiresAt = this.env.clock.now() + seconds * 1_000;
    const { callId } = request;
    const seq = request.cseq.number;
    const { path } = way;
    this.bind(stationId, { contact, flow, path, flowId: way.usesFlows ? asked.flowId : null, expiresAt, callId, seq }, kept);
    // What was kept says nothing of proxies: whoever is behind one registers again after a restart.
    if (path.length > 0) this.options.kept.forget({ stationId, contact });
    else if (flow.transport === "udp")
      this.options.kept.keep({ ...{ stationId, contact, expiresAt, callId, seq }, address: flow.remote.address, port: flow.remote.port });
    return previous === undefined || !isSameFlow(previous.flow, flow);
  }

  private bind(stationId: StationId, facts: Omit<Binding, "stationId">, others: readonly Held[]): void {
    const timer = this.env.clock.after(facts.expiresAt - this.env.clock.now(), () => this.remove(stationId, binding));
    const binding: Held = { stationId, ...facts, timer };
    this.bindings.set(stationId, [...others, binding]);
    this.paths.set(pathOf(facts.flow), (this.paths.get(pathOf(facts.flow)) ?? 0) + 1);
  }

  private fixed(stationId: StationId): ReachedBy | null {
    const station = this.directory.station(stationId);
    const flow = station?.address == null ? null : this.options.udpFlow(station.address);
    return flow === null ? null : { contact: `sip:${station!.username}@${endpointText(flow.remote)}`, flow, path: [] };
  }

  private remove(stationId: StationId, binding: Held): void {
    const held = this.bindings.get(stationId) ?? [];
    const rest = held.filter((candidate) => candidate !== binding);
    if (rest.length === held.length) return;
    this.release(binding);
    if (binding.flow.transport === "udp") this.options.kept.forget({ stationId, contact: binding.contact });
    if (rest.length > 0) this.bindings.set(stationId, rest);
    else {
      this.bindings.delete(stationId);
      this.options.report({ kind: "station.unregistered", stationId });
    }
  }

  private release({ timer, flow }: Held): void {
    timer.cancel();
    const path = pathOf(flow);
    const count = (this.paths.get(path) ?? 1) - 1;
    if (count > 0) this.paths.set(path, count);
    else this.paths.delete(path);
  }

  private contactHeaders(stationId: StationId): Header[] {
    const now = this.env.clock.now();
    return (this.bindings.get(stationId) ?? []).map(({ contact, flowId, expiresAt }) =>
      header("Contact", `<${contact}>${flowId ?? ""};expires=${Math.max(0, Math.round((expiresAt - now) / 1_000))}`),
    );
  }
}

function pathOf(flow: Flow): string {
  return `${flowText(flow)} ${flow.connectionId}`;
}

/** The user part of the address of record; null when it is no SIP address. */
function userOf(request: SipRequest): string | null {
  const { uri } = request.to;
  return uri.scheme === "sip" || uri.scheme === "sips" ? decodeEscapes(uri.user ?? "") : null;
}

function isOlder(request: SipRequest, binding: Binding): boolean {
  return request.callId === binding.callId && request.cseq.number <= binding.seq;
}

/** `flowId`: also where it is not to be used. */
type Asked = { readonly contact: string; readonly seconds: number; readonly flowId: string | null };
const direct: WayBack = { path: [], usesFlows: false };

/** RFC 5626 §6: by device and flow where there are flows, whatever contact it has now; else by contact (RFC 3261 §10.3). */
function isSame(binding: Binding, { contact, flowId }: Asked, { usesFlows }: WayBack): boolean {
  if (!usesFlows || flowId === null) return binding.contact === contact;
  return binding.flowId === flowId || (binding.flowId === null && binding.contact === contact);
}

/** What the Contact headers ask for; "all" is `*` with Expires: 0 (§10.2.2); null is an error. */
function contactsOf(request: SipRequest): Asked[] | "all" | null {
  const values = headerValues(request, "contact");
  const general = headerValue(request, "expires");
  if (values.length === 1 && values[0] === "*") return general === "0" ? "all" : null;
  const contacts = addressList(request, "contact");
  if (contacts === null || contacts.length > contactsPerAddressOfRecordMax) return null;
  const asked: Asked[] = [];
  for (const contact of contacts) {
    if (contact.uri.scheme !== "sip" && contact.uri.scheme !== "sips") return null;
    asked.push({ contact: contact.uriText, seconds: secondsOf(contact, general), flowId: flowIdOf(contact) });
  }
  return asked;
}

/** §10.2.1.1: the contact's own value, else the header's, else an hour. What is no number counts as an hour, what is too large is cut. */
function secondsOf(contact: NameAddr, general: string | null): number {
  const text = param(contact.params, "expires") ?? general ?? "";
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), registrationSecondsMax) : registrationSecondsMax;
}
