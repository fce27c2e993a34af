// What calls outside cost, and the alarms that watch them: what they cost, where they go, and when. Values only; calls for help are never asked.

import { isWithinHours } from "../lib/calendar.ts";
import type { UserId } from "../lib/id.ts";
import type { ConfiguredObject } from "../objects/object.ts";
import { countryOfNumber } from "./number-plan.ts";

/** Prices by the beginning of a number: each line is digits of E.164 and the price of a minute, like "44 0.012"; the longest beginning counts. */
export type RateTable = ConfiguredObject & { readonly rates: readonly string[] };

export const alarmRules = ["spend", "new-country", "night"] as const;
export const alarmScopes = ["organization", "user", "classification"] as const;
export const alarmPeriods = ["day", "month"] as const;
export const alarmActions = ["notify", "block"] as const;
export const weekdays = ["1", "2", "3", "4", "5", "6", "7"] as const;

export type CallAlarm = ConfiguredObject & {
  /** `spend`: money in a period; `new-country`: answered calls never went there; `night`: calls outside of the opening hours. */
  readonly rule: (typeof alarmRules)[number];
  /** Whose calls count together: everybody's, each person's own, or those of one classification. */
  readonly scope: (typeof alarmScopes)[number];
  /** With the scope `classification`. */
  readonly classification: string;
  /** What is still allowed: money, new countries or calls in a period. One more acts. */
  readonly limitValue: number;
  readonly period: (typeof alarmPeriods)[number];
  /** `HH:MM`, and ISO weekdays, in the organization's zone: all else is night. */
  readonly opensAt: string;
  readonly closesAt: string;
  readonly openDays: readonly (typeof weekdays)[number][];
  readonly action: (typeof alarmActions)[number];
  readonly enabled: boolean;
};

/** A number outside that was answered, or is being talked on now. */
export type CallCharge = {
  readonly id: string;
  readonly userId: UserId;
  readonly classification: string;
  /** ISO 3166-1 alpha-2, or a calling code like +883. */
  readonly country: string;
  readonly startedAt: number;
  readonly amount: number;
};

/** Whom an alarm has stopped; `subject`: a person, a classification, or empty for everybody. What was before `releasedAt` counts no more. */
export type CallStop = {
  readonly alarmId: string;
  readonly subject: string;
  readonly organizationId: string;
  /** That was new; empty: it was about no country. */
  readonly country: string;
  readonly value: number;
  readonly stoppedAt: number;
  /** Null: it holds. */
  readonly releasedAt: number | null;
};

/** In the currency's own unit, by the price of a minute and begun seconds. */
export function costOf(ms: number, pricePerMinute: number): number {
  return (Math.ceil(Math.max(0, ms) / 1_000) / 60) * pricePerMinute;
}

/** By the beginning of a number. Read once for each configuration: every call outside asks, and tables have thousands of lines. */
const read = new WeakMap<readonly Pick<RateTable, "rates">[], ReadonlyMap<string, number>>();

function pricesIn(tables: readonly Pick<RateTable, "rates">[]): ReadonlyMap<string, number> {
  const known = read.get(tables);
  if (known !== undefined) return known;
  const prices = new Map<string, number>();
  for (const line of tables.flatMap(({ rates }) => rates)) {
    const rate = rateIn(line);
    if (rate !== null && !prices.has(rate.prefix)) prices.set(rate.prefix, rate.price);
  }
  read.set(tables, prices);
  return prices;
}

/** The price of a minute; 0: no table knows the number. `tables` are never changed, only replaced. */
export function priceOf(tables: readonly Pick<RateTable, "rates">[], number: string): number {
  const prices = pricesIn(tables);
  const digits = number.replace(/^\+/, "");
  for (let length = digits.length; length >= 0; length--) {
    const price = prices.get(digits.slice(0, length));
    if (price !== undefined) return price;
  }
  return 0;
}

/** Null: it is none. An empty beginning (`* 0.5`) is everywhere else. */
export function rateIn(line: string): { readonly prefix: string; readonly price: number } | null {
  const found = /^(?:\*|\+?([1-9][0-9]{0,14}))\s+([0-9]{1,6}(?:\.[0-9]{1,6})?)$/.exec(line.trim());
  return found === null ? null : { prefix: found[1] ?? "", price: Number(found[2]) };
}

/** A call that somebody is about to make. */
export type NextCall = { readonly userId: UserId; readonly number: string; readonly classification: string };

export type Tripped = { readonly alarm: CallAlarm; readonly subject: string; readonly country: string; readonly value: number };

export type AlarmFacts = {
  readonly now: number;
  /** Of the period and before it as far as alarms look; running calls with what they have cost so far. */
  readonly charges: readonly CallCharge[];
  /** Where answered calls ever went, and since when. */
  readonly countries: ReadonlyMap<string, number>;
  readonly stops: readonly CallStop[];
  /** When the day and the month began, in the organization's zone. */
  readonly since: Readonly<Record<CallAlarm["period"], number>>;
};

/** The subject of an alarm that a call is of; null: the alarm does not watch it. */
export function subjectOf(
  { scope, classification }: Pick<CallAlarm, "scope" | "classification">,
  call: Pick<NextCall, "userId" | "classification">,
): string | null {
  if (scope === "user") return call.userId;
  if (scope === "classification") return call.classification === classification ? classification : null;
  return "";
}

/** Every alarm that acts on this call, in their order. What holds since before acts, too. */
export function trippedBy(alarms: readonly CallAlarm[], call: NextCall, facts: AlarmFacts): readonly Tripped[] {
  return alarms.flatMap((alarm): Tripped[] => {
    const subject = alarm.enabled ? subjectOf(alarm, call) : null;
    if (subject === null) return [];
    const stop = facts.stops.find((one) => one.alarmId === alarm.id && one.subject === subject);
    const country = countryOfNumber(call.number);
    if (alarm.action === "block" && stop !== undefined && stop.releasedAt === null)
      return [{ alarm, subject, country: stop.country, value: stop.value }];
    const since = Math.max(facts.since[alarm.period], stop?.releasedAt ?? 0);
    const own = facts.charges.filter((charge) => charge.startedAt >= since && subjectOf(alarm, charge) === subject);
    const value = seenBy(alarm, country, own, stop, since, facts);
    return value === null ? [] : [{ alarm, subject, country: alarm.rule === "new-country" ? country : "", value }];
  });
}

/** What the alarm has seen when this call is beyond it; null: it is not. */
function seenBy(
  alarm: CallAlarm,
  country: string,
  own: readonly CallCharge[],
  stop: CallStop | undefined,
  since: number,
  { now, countries }: AlarmFacts,
): number | null {
  switch (alarm.rule) {
    case "spend": {
      const spent = own.reduce((sum, { amount }) => sum + amount, 0);
      return spent >= alarm.limitValue ? spent : null;
    }
    case "new-country": {
      const isKnown = countries.has(country) || (stop !== undefined && stop.releasedAt !== null && stop.country === country);
      if (isKnown) return null;
      const before = new Set(own.map((charge) => charge.country).filter((one) => (countries.get(one) ?? 0) >= since)).size;
      return before >= alarm.limitValue ? before + 1 : null;
    }
    case "night": {
      if (!isNight(alarm, now)) return null;
      const calls = own.filter(({ startedAt }) => isNight(alarm, startedAt)).length;
      return calls >= alarm.limitValue ? calls + 1 : null;
    }
  }
}

function isNight({ opensAt, closesAt, openDays }: CallAlarm, at: number): boolean {
  return !isWithinHours(at, opensAt, closesAt, openDays.map(Number));
}
