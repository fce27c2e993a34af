// Rate tables and alarms of calls outside, as configured objects.
import { z } from "zod";
import { BadInput } from "../lib/errors.ts";
import type { ConfiguredObject, ObjectKind } from "../objects/object.ts";
import { alarmActions, alarmPeriods, alarmRules, alarmScopes, type CallAlarm, type RateTable, rateIn, weekdays } from "./call-alarm.ts";
import { name, permissions, yesNo } from "./kinds.ts";

export const rateTableSettings = z.strictObject({
  name: name("rate table"),
  rates: z
    .array(
      z
        .string()
        .refine((line) => rateIn(line) !== null, "The beginning of a number and the price of a minute: 44 0.012, or * 0.5 for all others."),
    )
    .max(5_000, "At most 5000 rates.")
    .default([]),
});
export type RateTableSettings = Pick<RateTable, "name" | "rates">;

export const rateTableKind: ObjectKind<RateTable, RateTableSettings> = {
  noun: "rate table",
  table: "rate_table",
  event: "telephony.rate-table",
  permissions,
  settings: rateTableSettings as never,
  store: (stores) => stores.rateTables,
  make: () => ({}),
};

const time = z.string().regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/, "A time like 08:00.");

export const callAlarmSettings = z.strictObject({
  name: name("call alarm"),
  rule: z.enum(alarmRules, { error: `One of ${alarmRules.join(", ")}.` }),
  scope: z.enum(alarmScopes, { error: `One of ${alarmScopes.join(", ")}.` }).default("organization"),
  classification: z.string().trim().max(60, "At most 60 characters.").default(""),
  limitValue: z.coerce.number({ error: "A number." }).min(0, "Not less than nothing.").max(1_000_000_000).default(0),
  period: z.enum(alarmPeriods, { error: `One of ${alarmPeriods.join(", ")}.` }).default("day"),
  opensAt: time.default("08:00"),
  closesAt: time.default("18:00"),
  openDays: z.array(z.enum(weekdays)).default(["1", "2", "3", "4", "5"]),
  action: z.enum(alarmActions, { error: `One of ${alarmActions.join(", ")}.` }).default("notify"),
  enabled: yesNo.default(true),
});
export type CallAlarmSettings = Omit<CallAlarm, Exclude<keyof ConfiguredObject, "name">>;

export const callAlarmKind: ObjectKind<CallAlarm, CallAlarmSettings> = {
  noun: "call alarm",
  table: "call_alarm",
  event: "telephony.call-alarm",
  permissions,
  settings: callAlarmSettings as never,
  store: (stores) => stores.callAlarms,
  make: () => ({}),
  check: async (_app, _stores, { scope, classification, rule, limitValue }) => {
    if (scope === "classification" && classification === "") throw new BadInput("Which classification does it watch?", "classification");
    if (rule === "spend" && limitValue === 0) throw new BadInput("How much may be spent before it acts?", "limitValue");
  },
};
