// Admin pages of what calls outside cost: rate tables, and the alarms that watch them.
import { type CallAlarmSettings, callAlarmKind, type RateTableSettings, rateTableKind } from "../../../core/telephony/alarm-kinds.ts";
import {
  alarmActions,
  alarmPeriods,
  alarmRules,
  alarmScopes,
  type CallAlarm,
  type RateTable,
  weekdays,
} from "../../../core/telephony/call-alarm.ts";
import { t } from "../../ui/text.ts";
import type { ObjectPage } from "../objects/object-page.ts";

const ruleWords: Readonly<Record<(typeof alarmRules)[number], () => string>> = {
  spend: () => t("Money spent"),
  "new-country": () => t("First call to a country"),
  night: () => t("Calls at night"),
};
const scopeWords: Readonly<Record<(typeof alarmScopes)[number], () => string>> = {
  organization: () => t("All calls together"),
  user: () => t("Each person by themselves"),
  classification: () => t("All calls of one classification"),
};
const periodWords: Readonly<Record<(typeof alarmPeriods)[number], () => string>> = { day: () => t("A day"), month: () => t("A month") };
const actionWords: Readonly<Record<(typeof alarmActions)[number], () => string>> = {
  notify: () => t("Tell"),
  block: () => t("Stop calls until released"),
};
const dayWords = (): readonly string[] => [
  ...[t("Monday"), t("Tuesday"), t("Wednesday"), t("Thursday"), t("Friday"), t("Saturday"), t("Sunday")],
];

const choicesOf =
  <T extends string>(values: readonly T[], word: Readonly<Record<T, () => string>>) =>
  async () =>
    values.map((value) => ({ value, label: word[value]() }));

export const rateTablePage: ObjectPage<RateTable, RateTableSettings> = {
  kind: rateTableKind,
  path: "/admin/rate-tables",
  help: "spend",
  icon: "table-2",
  title: "Rate tables",
  newLabel: "New rate table",
  purpose: "What a minute costs, by the beginning of a number, in the organisation's currency.",
  groups: [
    {
      title: "Rate table",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        {
          name: "rates",
          label: "Rates",
          help: "One a line: the beginning of a number with its country code, and the price of a minute, like 44 0.012. The longest beginning counts; * is every other number. Without a rate a call costs nothing.",
          control: { kind: "lines", mono: true },
        },
      ],
    },
  ],
  initial: { rates: [] },
  columns: [{ label: "Rates", numeric: true, cell: ({ rates }) => String(rates.length) }],
};

export const callAlarmPage: ObjectPage<CallAlarm, CallAlarmSettings> = {
  kind: callAlarmKind,
  path: "/admin/call-alarms",
  help: "spend",
  icon: "shield",
  title: "Alarms of calls outside",
  newLabel: "New alarm",
  purpose: "What acts when calls outside cost too much, go where none ever went, or are made at night. Calls for help are never asked.",
  groups: [
    {
      title: "Alarm",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "rule", label: "It watches", control: { kind: "choice", options: choicesOf(alarmRules, ruleWords) } },
        { name: "scope", label: "Counted together", control: { kind: "choice", options: choicesOf(alarmScopes, scopeWords) } },
        {
          name: "classification",
          label: "Classification",
          help: "As number plans have it, like International. Only for alarms of one classification.",
          control: { kind: "text" },
        },
        {
          name: "limitValue",
          label: "Still allowed",
          help: "Money in the organisation's currency; for the others, so many new countries or calls at night. The next call is beyond it.",
          control: { kind: "text", mono: true },
        },
        { name: "period", label: "In", control: { kind: "choice", options: choicesOf(alarmPeriods, periodWords) } },
        { name: "action", label: "Then", control: { kind: "choice", options: choicesOf(alarmActions, actionWords) } },
        {
          name: "enabled",
          label: "Switched on",
          control: {
            kind: "choice",
            options: async () => [
              { value: "true", label: t("Yes") },
              { value: "false", label: t("No") },
            ],
          },
        },
      ],
    },
    {
      title: "Opening hours",
      about: "For calls at night, in the organisation's time zone: all else is night. The same time twice: it is always night.",
      fields: [
        { name: "opensAt", label: "From", control: { kind: "text", mono: true } },
        { name: "closesAt", label: "Until", control: { kind: "text", mono: true } },
        {
          name: "openDays",
          label: "Days",
          control: { kind: "picks", options: async () => weekdays.map((value, n) => ({ value, label: dayWords()[n]! })) },
        },
      ],
    },
  ],
  initial: {
    ...{ rule: "spend", scope: "user", classification: "", limitValue: 50, period: "day", action: "block", enabled: "true" },
    ...{ opensAt: "08:00", closesAt: "18:00", openDays: ["1", "2", "3", "4", "5"] },
  },
  columns: [
    { label: "It watches", cell: ({ rule }) => ruleWords[rule]() },
    { label: "Counted together", cell: ({ scope, classification }) => (scope === "classification" ? classification : scopeWords[scope]()) },
    { label: "Still allowed", numeric: true, cell: ({ limitValue }) => String(limitValue) },
    { label: "Then", cell: ({ action, enabled }) => (enabled ? actionWords[action]() : t("Switched off")) },
  ],
};

/** What an alarm watches, in words. */
export function ruleText(rule: CallAlarm["rule"]): string {
  return ruleWords[rule]();
}
