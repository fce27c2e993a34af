// What calls outside cost while they last and afterwards, and the alarms that act on the next one. A node knows its own at once, others' by the log.
import { type App, newEvent } from "../app.ts";
import type { CallCommand, CallEvent } from "../call/call-control.ts";
import type { EventDraft, Journal, Json, LoggedEvent } from "../events/index.ts";
import { startOfDay, startOfMonth } from "../lib/calendar.ts";
import type { ConversationId, LegId } from "../lib/id.ts";
import { alarmQuietMs } from "../lib/limits.ts";
import { type CallCharge, type CallStop, costOf, type NextCall, priceOf, type Tripped, trippedBy } from "../telephony/call-alarm.ts";
import { countryOfNumber } from "../telephony/number-plan.ts";
import type { Directory } from "./directory.ts";
import { keep } from "./keep.ts";

export type Payer = NonNullable<Extract<CallCommand, { kind: "dial-trunk" }>["payer"]>;
type OpenLeg = Payer & { readonly conversationId: ConversationId; readonly answeredAt: number | null };

export class Spend {
  private readonly open = new Map<LegId, OpenLeg>();
  /** Over, and not in the log yet. */
  private readonly pending = new Map<string, CallCharge>();
  private charges: CallCharge[] = [];
  private readonly countries = new Map<string, number>();
  private readonly stops = new Map<string, CallStop>();
  /** When an alarm that only tells has told last, of whom. */
  private readonly told = new Map<string, number>();

  constructor(
    private readonly app: App,
    private readonly journal: Journal,
    private readonly directory: Directory,
  ) {}

  /** What was before this node started. */
  async load(): Promise<void> {
    const { stores, organizationId, env } = this.app;
    const [charges, countries, stops] = await Promise.all([
      stores.callCharges.since(organizationId, startOfMonth(env.clock.now())),
      stores.callCharges.countries(organizationId),
      stores.callCharges.stops(organizationId),
    ]);
    for (const charge of charges) this.add(charge);
    for (const { country, since } of countries) this.seen(country, since);
    for (const stop of stops) this.stops.set(`${stop.alarmId} ${stop.subject}`, stop);
  }

  /** A number outside is called on this leg. */
  dialled({
    legId,
    conversationId,
    payer,
  }: Pick<Extract<CallCommand, { kind: "dial-trunk" }>, "legId" | "conversationId" | "payer">): void {
    if (payer !== undefined) this.open.set(legId, { ...payer, conversationId, answeredAt: null });
  }

  onCallEvent(event: CallEvent): void {
    if (event.kind !== "leg.answered" && event.kind !== "leg.ended") return;
    const leg = this.open.get(event.legId);
    if (leg === undefined) return;
    const now = this.app.env.clock.now();
    if (event.kind === "leg.answered") {
      this.open.set(event.legId, { ...leg, answeredAt: leg.answeredAt ?? now });
      return;
    }
    this.open.delete(event.legId);
    if (leg.answeredAt === null) return;
    const charge = this.chargeOf(event.legId, leg, leg.answeredAt, now);
    this.pending.set(charge.id, charge);
    this.tell(leg.conversationId, "conversation.charged", [leg.userId], {
      ...{ legId: charge.id, userId: charge.userId, classification: charge.classification, country: charge.country },
      ...{ startedAt: charge.startedAt, seconds: Math.ceil((now - charge.startedAt) / 1_000), amount: charge.amount },
      currency: this.directory.current.organization?.currency ?? null,
    });
  }

  /** Why this call is stopped, in words; null: nothing stops it. Whoever is to be told is. */
  stopsCall(call: NextCall, conversationId: ConversationId): string | null {
    const { callAlarms } = this.directory.current;
    if (!callAlarms.some(({ enabled }) => enabled)) return null;
    const tripped = trippedBy(callAlarms, call, this.facts());
    for (const one of tripped) this.act(one, call, conversationId);
    const stop = tripped.find(({ alarm }) => alarm.action === "block");
    return stop === undefined ? null : `stopped by the alarm “${stop.alarm.name}” until an administrator releases it`;
  }

  /** Whether an alarm stops everybody's calls now. */
  get holdsAll(): boolean {
    const alarms = this.directory.current.callAlarms.filter(({ enabled, action }) => enabled && action === "block");
    return alarms.some(({ id }) => this.stops.get(`${id} `)?.releasedAt === null);
  }

  onLogged({ type, at, payload }: LoggedEvent): void {
    if (payload === null) return;
    if (type === "conversation.charged") {
      const { legId, userId, classification, country, startedAt, amount } = payload as unknown as Omit<CallCharge, "id"> & {
        legId: string;
      };
      this.pending.delete(legId);
      this.add({ id: legId, userId, classification, country, startedAt, amount });
      return;
    }
    const key = `${payload.alarmId} ${payload.subject}`;
    const held = this.stops.get(key);
    if (type === "telephony.call-alarm.stopped" && (held === undefined || held.releasedAt !== null))
      this.stops.set(key, stopIn(this.app.organizationId, payload, at));
    if (type === "telephony.call-alarm.released" && held !== undefined) this.stops.set(key, { ...held, releasedAt: at });
  }

  private facts() {
    const now = this.app.env.clock.now();
    const since = { day: startOfDay(now), month: startOfMonth(now) };
    if ((this.charges[0]?.startedAt ?? now) < since.month) this.charges = this.charges.filter(({ startedAt }) => startedAt >= since.month);
    const running = [...this.open].flatMap(([legId, leg]) =>
      leg.answeredAt === null ? [] : [this.chargeOf(legId, leg, leg.answeredAt, now)],
    );
    const fresh = [...this.pending.values(), ...running];
    const countries = new Map(this.countries);
    for (const { country, startedAt } of fresh) if (!countries.has(country)) countries.set(country, startedAt);
    return { now, charges: [...this.charges, ...fresh], countries, stops: [...this.stops.values()], since };
  }

  private chargeOf(id: string, { userId, number, classification }: Payer, startedAt: number, until: number): CallCharge {
    const amount = costOf(until - startedAt, priceOf(this.directory.current.rateTables, number));
    return { id, userId, classification, country: countryOfNumber(number), startedAt, amount };
  }

  private add(charge: CallCharge): void {
    this.charges.push(charge);
    this.seen(charge.country, charge.startedAt);
  }

  private seen(country: string, at: number): void {
    this.countries.set(country, Math.min(this.countries.get(country) ?? at, at));
  }

  private act(
    { alarm, subject, country, value }: Tripped,
    { userId, number, classification }: NextCall,
    conversationId: ConversationId,
  ): void {
    const { env, organizationId } = this.app;
    const now = env.clock.now();
    const key = `${alarm.id} ${subject}`;
    const held = this.stops.get(key);
    const isStop = alarm.action === "block";
    if (isStop ? held?.releasedAt === null : (this.told.get(key) ?? -alarmQuietMs) > now - alarmQuietMs) return;
    const payload = {
      ...{ alarmId: alarm.id, name: alarm.name, rule: alarm.rule, subject, userId, country, value },
      ...{ limit: alarm.limitValue, period: alarm.period, called: number, classification },
    };
    if (isStop) this.stops.set(key, stopIn(organizationId, payload, now));
    else this.told.set(key, now);
    env.log.error(isStop ? "calls outside stopped by an alarm" : "alarm of calls outside", {
      alarm: alarm.id,
      rule: alarm.rule,
      user: userId,
    });
    this.tell(conversationId, `telephony.call-alarm.${isStop ? "stopped" : "tripped"}`, [alarm.id, userId], payload);
  }

  private tell(conversationId: ConversationId, type: string, subjects: readonly string[], payload: { readonly [key: string]: Json }): void {
    const { env } = this.app;
    const event: EventDraft = newEvent(this.app, {
      ...{ type, actorId: this.app.nodeId, payload },
      subjectIds: [conversationId, ...subjects],
      seal: { kind: "conversation", id: conversationId },
    });
    keep(env, this.journal, [event], conversationId).catch((error: unknown) => env.log.error("not kept", { type, reason: String(error) }));
  }
}

function stopIn(organizationId: string, payload: { readonly [key: string]: Json | undefined }, stoppedAt: number): CallStop {
  const { alarmId, subject, country, value } = payload as unknown as Pick<CallStop, "alarmId" | "subject" | "country" | "value">;
  return { alarmId, subject, organizationId, country, value, stoppedAt, releasedAt: null };
}
