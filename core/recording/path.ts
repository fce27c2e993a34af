// Where a recording lies, relative to the recordings folder: by day (UTC) of its id, so that a folder stays small and a day can be listed.
import { idTime, type RecordingId } from "../lib/id.ts";

/** `2026/11/25/<id>.rec`; the manifest lies beside it with `.json` added. */
export function recordingPath(id: RecordingId): string {
  const ms = idTime(id);
  const { year, month, day } = utcDay(Math.floor(ms / 86_400_000));
  return `${year}/${String(month).padStart(2, "0")}/${String(day).padStart(2, "0")}/${id}.rec`;
}

// Civil date of a day number since 1970-01-01 (proleptic Gregorian, era arithmetic over 400 years).
function utcDay(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
