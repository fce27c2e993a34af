// From when to when: two dates, and the periods that are one click. A period is only a way to say dates, so nothing of what else is asked gets lost.
import { addDays, localDate, startOfDate } from "../../core/lib/calendar.ts";
import { t } from "./text.ts";

/** How many days back a period begins, and ends. */
const periods: readonly { readonly value: string; readonly label: string; readonly from: number; readonly to: number }[] = [
  { value: "today", label: "Today", from: 0, to: 0 },
  { value: "yesterday", label: "Yesterday", from: 1, to: 1 },
  { value: "week", label: "7 days", from: 6, to: 0 },
  { value: "month", label: "30 days", from: 29, to: 0 },
];

/** The query with its `period`, if it names one, said as dates. */
export function withDates(query: URLSearchParams, now: number): URLSearchParams {
  const next = new URLSearchParams(query);
  next.delete("period");
  if (!query.has("period")) return next;
  const period = periods.find(({ value }) => value === query.get("period"));
  for (const end of ["from", "to"] as const) {
    next.delete(end);
    if (period !== undefined) next.set(end, addDays(localDate(now), -period[end]));
  }
  return next;
}

/** Epoch ms, from the first date's midnight until that after the last; what is no date is as if it were not there. */
export function rangeOf(query: URLSearchParams): { readonly from: number | undefined; readonly to: number | undefined } {
  const [from, to] = [startOfDate(query.get("from") ?? ""), startOfDate(query.get("to") ?? "")];
  return { from: from ?? undefined, to: to === null ? undefined : (startOfDate(addDays(query.get("to")!, 1)) ?? undefined) };
}

/** Stands in the form of a search. `query`: with dates. */
export function Period(props: { readonly query: URLSearchParams; readonly now: number }) {
  const { query } = props;
  const today = localDate(props.now);
  const isNow = (from: string, to: string): boolean => (query.get("from") ?? "") === from && (query.get("to") ?? "") === to;
  const button = (value: string, label: string, pressed: boolean) => (
    <button type="submit" name="period" value={value} aria-pressed={pressed ? "true" : "false"}>
      {label}
    </button>
  );
  return (
    <>
      {/* Enter in a field presses a form's first button: it must not be a period's. */}
      <button class="visually-hidden" type="submit" tabindex={-1}>
        {t("Search")}
      </button>
      <div class="segmented" role="group" aria-label={t("Period")}>
        {periods.map(({ value, label, from, to }) => button(value, t(label), isNow(addDays(today, -from), addDays(today, -to))))}
        {button("any", t("Any time"), isNow("", ""))}
      </div>
      {(["from", "to"] as const).map((name) => (
        <label class="dated">
          <span class="quiet">{name === "from" ? t("From") : t("To")}</span>
          <input class="input" type="date" name={name} value={query.get(name) ?? ""} />
        </label>
      ))}
    </>
  );
}
