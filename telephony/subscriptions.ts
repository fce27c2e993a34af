// Phones that watch lines and messages (RFC 6665): hosts the subscriptions, answers SUBSCRIBE, sends NOTIFY. What each one is told is decided in
// sip/dialog/subscription.ts, who may watch whom in core.
import type { CallOrigin } from "../core/call/call-control.ts";
import type { Env, Timer } from "../core/env/env.ts";
import type { StationId, UserId } from "../core/lib/id.ts";
import { subscriptionSecondsMax, subscriptionSecondsMin, subscriptionsMax, subscriptionsPerStationMax } from "../core/lib/limits.ts";
import { assertNever, type Step } from "../core/lib/machine.ts";
import { cleanRemoteText } from "../core/lib/remote-text.ts";
import type { LinePort, WatchedLine } from "../core/telephony/line.ts";
import { calledOf } from "./ingress.ts";
import { dialogKey, uasDialog } from "./sip/dialog/dialog.ts";
import type { DialogLayer } from "./sip/dialog/layer.ts";
import {
  type SubscriptionInput,
  type SubscriptionOutput,
  type SubscriptionState,
  type SubscriptionTimer,
  startSubscription,
  stepSubscription,
} from "./sip/dialog/subscription.ts";
import { allowEvents, type EventPackage, type LineDialog, type Watched, watchedTypes } from "./sip/dialog/watched.ts";
import { header, headerTokens, headerValue, type SipRequest, wireBytes } from "./sip/message/message.ts";
import { addressList, tagOf } from "./sip/message/name-addr.ts";
import { param, parseParams } from "./sip/message/params.ts";
import { respond } from "./sip/message/respond.ts";
import type { ServerTransaction } from "./sip/transaction/layer.ts";
import { type Flow, isSameFlow } from "./sip/transport/flow.ts";

export type SubscriptionParts = {
  readonly env: Pick<Env, "clock" | "log">;
  readonly dialogs: DialogLayer;
  /** Null: nobody watches anybody. */
  readonly lines: LinePort | null;
  /** What a station's calls look like now; `party` is known here, and taken out for whom it is none of. */
  readonly dialogsOf: (stationId: StationId) => readonly LineDialog[];
};

type Held = {
  state: SubscriptionState;
  readonly key: string;
  readonly package: EventPackage;
  readonly watcher: { readonly stationId: StationId; readonly userId: UserId };
  /** As it was asked for; looked up anew before every word. */
  readonly named: string;
  readonly uri: string;
  stationIds: readonly StationId[];
  flow: Flow;
  readonly timers: Map<SubscriptionTimer, Timer>;
};

type Asked = { readonly package: EventPackage; readonly event: string; readonly seconds: number };
type Refusal = { readonly status: number; readonly more?: readonly ReturnType<typeof header>[] };

export class Subscriptions {
  private readonly held = new Map<string, Held>();
  private readonly byStation = new Map<StationId, Set<Held>>();

  constructor(private readonly parts: SubscriptionParts) {}

  get size(): number {
    return this.held.size;
  }

  /** A SUBSCRIBE of somebody who has been admitted; `origin` says who. Strangers, carriers and guests watch nobody. */
  subscribe(transaction: ServerTransaction, origin: CallOrigin | undefined): void {
    const { request, flow } = transaction;
    const refuse = ({ status, more = [] }: Refusal): void =>
      transaction.respond(respond(request, status, { toTag: this.parts.dialogs.transactions.statelessTag(request), headers: more }));
    if (origin?.kind !== "station") return refuse({ status: 403 });
    const asked = readAsked(request);
    if ("status" in asked) return refuse(asked);
    const localTag = tagOf(request.to);
    const known = localTag === null ? undefined : this.held.get(dialogKey(request.callId, localTag, tagOf(request.from) ?? ""));
    if (localTag !== null && (known === undefined || known.watcher.stationId !== origin.stationId || known.package !== asked.package))
      return refuse({ status: 481 });
    const named = known?.named ?? calledOf(request);
    const uri = known?.uri ?? resourceOf(request);
    const watched = this.watched(origin.userId, named, asked.package);
    if (typeof watched === "string") {
      this.parts.env.log.info("subscription refused", { watcher: origin.stationId, package: asked.package, reason: watched });
      if (known !== undefined) this.input(known, { kind: "end", reason: watched === "unknown" ? "noresource" : "rejected" });
      return refuse({ status: watched === "unknown" ? 404 : 403 });
    }
    const latest = this.watchedNow(asked.package, uri, watched);
    const input = { kind: "subscribe", request, flow, seconds: asked.seconds, latest, now: this.now() } as const;
    if (known !== undefined) {
      known.flow = flow;
      this.place(known, watched.stationIds);
      this.carryOut(known, stepSubscription(known.state, input), transaction);
      return;
    }
    const full = this.refusesMore(origin.stationId);
    if (full !== null && asked.seconds > 0) return refuse(full);
    const tag = this.parts.dialogs.newToken();
    const dialog = uasDialog(request, tag, flow);
    const started = startSubscription(dialog, this.parts.dialogs.contact(flow), asked.event, input);
    const held: Held = {
      ...{ state: started.state, key: dialogKey(request.callId, tag, dialog.remoteTag), package: asked.package },
      watcher: { stationId: origin.stationId, userId: origin.userId },
      ...{ named, uri, stationIds: [], flow, timers: new Map() },
    };
    this.held.set(held.key, held);
    this.place(held, watched.stationIds);
    this.carryOut(held, started, transaction, tag);
  }

  /** Something about this station's calls is another than before. */
  lineChanged(stationId: StationId): void {
    for (const held of [...(this.byStation.get(stationId) ?? [])]) this.refresh(held);
  }

  /** A connection is gone; its phones come back on another, and subscribe anew. */
  flowClosed(flow: Flow): void {
    for (const held of [...this.held.values()]) if (isSameFlow(held.flow, flow)) this.input(held, { kind: "lost" });
  }

  /** The node stops: everybody is told to come back in a moment. */
  stop(): void {
    for (const held of [...this.held.values()]) this.input(held, { kind: "end", reason: "probation" });
  }

  /** What may be seen may have changed with the configuration, so it is asked before every word. */
  private refresh(held: Held): void {
    const watched = this.watched(held.watcher.userId, held.named, held.package);
    if (typeof watched === "string") {
      this.input(held, { kind: "end", reason: watched === "unknown" ? "noresource" : "rejected" });
      return;
    }
    this.place(held, watched.stationIds);
    this.input(held, { kind: "changed", latest: this.watchedNow(held.package, held.uri, watched) });
  }

  private watched(watcher: UserId, named: string, what: EventPackage): WatchedLine | "unknown" | "forbidden" {
    const watched = this.parts.lines?.watched(watcher, named) ?? "forbidden";
    // Messages are their owner's alone.
    if (what === "message-summary" && typeof watched !== "string" && watched.userId !== watcher) return "forbidden";
    return watched;
  }

  private watchedNow(what: EventPackage, uri: string, { userId, stationIds, seesParty, mayPickUp }: WatchedLine): Watched {
    if (what === "message-summary") return { package: what, account: uri, ...this.parts.lines!.messages(userId) };
    const dialogs = stationIds.flatMap((id) => this.parts.dialogsOf(id));
    const seen = dialogs.map((dialog) => ({
      ...dialog,
      party: seesParty ? dialog.party : null,
      mayBeTaken: dialog.mayBeTaken && mayPickUp,
    }));
    return { package: what, entity: uri, dialogs: seen };
  }

  private refusesMore(stationId: StationId): Refusal | null {
    if (this.held.size >= subscriptionsMax) return { status: 503, more: [header("Retry-After", "60")] };
    let own = 0;
    for (const { watcher } of this.held.values()) if (watcher.stationId === stationId) own += 1;
    if (own < subscriptionsPerStationMax) return null;
    this.parts.env.log.warn("too many subscriptions of one phone", { station: stationId, limit: subscriptionsPerStationMax });
    return { status: 403 };
  }

  /** Whose changes it hears of: a person may get another phone. */
  private place(held: Held, stationIds: readonly StationId[]): void {
    for (const stationId of held.stationIds) {
      const watchers = this.byStation.get(stationId);
      watchers?.delete(held);
      if (watchers?.size === 0) this.byStation.delete(stationId);
    }
    held.stationIds = stationIds;
    for (const stationId of stationIds) {
      const watchers = this.byStation.get(stationId) ?? new Set();
      watchers.add(held);
      this.byStation.set(stationId, watchers);
    }
  }

  private drop(held: Held): void {
    for (const timer of held.timers.values()) timer.cancel();
    held.timers.clear();
    this.held.delete(held.key);
    this.place(held, []);
  }

  private input(held: Held, input: Untimed<SubscriptionInput>): void {
    this.carryOut(held, stepSubscription(held.state, { ...input, now: this.now() }));
  }

  private carryOut(
    held: Held,
    { state, outputs }: Step<SubscriptionState, SubscriptionOutput>,
    transaction?: ServerTransaction,
    toTag?: string,
  ): void {
    held.state = state;
    for (const output of outputs) this.carry(held, output, transaction, toTag);
  }

  private carry(held: Held, output: SubscriptionOutput, transaction: ServerTransaction | undefined, toTag: string | undefined): void {
    const { dialogs, env } = this.parts;
    switch (output.kind) {
      case "accept": {
        if (transaction === undefined) return;
        const headers = [header("Expires", String(output.seconds)), header("Contact", dialogs.contact(held.flow)), allowEventsHeader];
        transaction.respond(respond(transaction.request, 200, { headers, ...(toTag === undefined ? {} : { toTag }) }));
        return;
      }
      case "refuse":
        transaction?.respond(respond(transaction.request, output.status));
        return;
      case "notify":
        dialogs.notify(output.request, output.flow, (status) => this.input(held, { kind: "answered", status }));
        return;
      case "start":
        held.timers.get(output.timer)?.cancel();
        held.timers.set(
          output.timer,
          env.clock.after(output.ms, () => this.input(held, { kind: "timer", timer: output.timer })),
        );
        return;
      case "stop":
        held.timers.get(output.timer)?.cancel();
        return;
      case "ended":
        this.drop(held);
        return;
      default:
        assertNever(output);
    }
  }

  private now(): number {
    return this.parts.env.clock.monotonic();
  }
}

type Untimed<T> = T extends unknown ? Omit<T, "now"> : never;

export const allowEventsHeader = header("Allow-Events", allowEvents);

/** What a SUBSCRIBE wants, or why not. Nothing said of its length is an hour; what is too long is cut. */
function readAsked(request: SipRequest): Asked | Refusal {
  const event = readEvent(headerValue(request, "event") ?? "");
  if (event === null) return { status: 489, more: [allowEventsHeader] };
  const accepts = headerTokens(request, "accept");
  const type = watchedTypes[event.package];
  if (accepts.length > 0 && !accepts.some((one) => one === type || one === "*/*" || one === `${type.split("/")[0]}/*`))
    return { status: 406, more: [header("Accept", type)] };
  if ((addressList(request, "contact") ?? []).length !== 1) return { status: 400 };
  const expires = headerValue(request, "expires");
  const seconds =
    expires !== null && /^[0-9]{1,10}$/.test(expires) ? Math.min(Number(expires), subscriptionSecondsMax) : subscriptionSecondsMax;
  if (seconds > 0 && seconds < subscriptionSecondsMin)
    return { status: 423, more: [header("Min-Expires", String(subscriptionSecondsMin))] };
  return { ...event, seconds };
}

/** The package, and Event as our NOTIFYs repeat it: with its id and without what else stands there (RFC 6665 §8.2.1). */
export function readEvent(value: string): { readonly package: EventPackage; readonly event: string } | null {
  const semicolon = value.indexOf(";");
  const name = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
  const params = semicolon < 0 ? [] : parseParams(value, semicolon);
  if (params === null || !Object.hasOwn(watchedTypes, name)) return null;
  const id = param(params, "id");
  return { package: name as EventPackage, event: id != null && /^[\w.!%*+`'~-]{1,64}$/.test(id) ? `${name};id=${id}` : name };
}

/** The URI that was asked for, without its parameters: phones compare it with what they have been set up with. */
function resourceOf({ uri, uriText }: SipRequest): string {
  return cleanRemoteText(wireBytes(uri.scheme === "sip" || uri.scheme === "sips" ? uriText.replace(/[;?].*$/, "") : uriText));
}
