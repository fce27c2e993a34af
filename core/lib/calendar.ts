// Calendar questions: local days and how durations are written. The only user of Temporal.

/** Midnight before `at` in the organization's time zone, epoch ms. */
export function startOfDay(at: number, timeZone: string = localZone()): number {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).startOfDay().epochMilliseconds;
}

/** Midnight with which the month of `at` began in the organization's time zone, epoch ms. */
export function startOfMonth(at: number, timeZone: string = localZone()): number {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).with({ day: 1 }).startOfDay().epochMilliseconds;
}

/** Whether somebody is there: on one of `days` (ISO, 1 is Monday), from `opensAt` until before `closesAt` (`HH:MM`, beyond midnight when that is earlier). */
export function isWithinHours(
  at: number,
  opensAt: string,
  closesAt: string,
  days: readonly number[],
  timeZone: string = localZone(),
): boolean {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  if (!days.includes(local.dayOfWeek) || opensAt === closesAt) return false;
  return opensAt < closesAt ? time >= opensAt && time < closesAt : time >= opensAt || time < closesAt;
}

/** Midnight with which a date like `2026-11-23` begins in the organization's time zone, epoch ms; null: it is no date. */
export function startOfDate(date: string, timeZone: string = localZone()): number | null {
  try {
    return Temporal.PlainDate.from(date).toZonedDateTime(timeZone).epochMilliseconds;
  } catch {
    return null;
  }
}

/** The organization's date at that moment: `2026-11-23`. */
export function localDate(at: number, timeZone: string = localZone()): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** Another date, so many days after one like `2026-11-23`. */
export function addDays(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

/** `10:35:48` in the organization's time zone. */
export function timeOfDay(at: number, timeZone: string = localZone()): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainTime().toString({ smallestUnit: "second" });
}

/** `Monday 23 November 2026` in the organization's time zone. */
export function longDate(at: number, locale = "en-GB", timeZone: string = localZone()): string {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toLocaleString(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" })
    .replace(",", "");
}

/** `23 Nov 2026, 09:14` in the server's time zone. */
export function dayAndTime(at: number, locale = "en-GB", timeZone: string = localZone()): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const day = local.toLocaleString(locale, { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${local.toPlainTime().toString({ smallestUnit: "minute" })}`;
}

/** ISO 8601 in UTC, milliseconds: what the Platform API writes. */
export function isoInstant(at: number): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toString({ smallestUnit: "millisecond" });
}

/** `2:41`, `1:06:40`: how long something has lasted. */
export function clockDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `PT2M41S`, for the machine-readable half of a time element. */
export function isoDuration(ms: number): string {
  return `PT${Math.max(0, Math.floor(ms / 1_000))}S`;
}

/** Null: the server's own, until the organization has said its own. */
let homeZone: string | null = null;

/** The organization's time zone, in which all days and times of this process are meant: a node serves one organization. */
export function setHomeZone(timeZone: string | null): void {
  homeZone = timeZone;
}

function localZone(): string {
  return homeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}
