// What `verify` reports: a code for machines, the exact place, a sentence for people.
import { verifyFindingsMax } from "../core/lib/limits.ts";

export type Finding = {
  /** `chain-hash`, `payload-digest`, `recording-chunk`, … */
  readonly code: string;
  /** `event 4711`, `queue 0192…`, `2026/11/25/….rec chunk 17 at byte 548112`. */
  readonly place: string;
  readonly message: string;
};

/** Takes one finding. */
export type Found = (code: string, place: string, message: string) => void;

/** What a check ends with. */
export type Verdict = {
  readonly findings: readonly Finding[];
  /** More than are listed. */
  readonly findingsTotal: number;
  /** What this check cannot exclude, in sentences. */
  readonly remains: readonly string[];
};

/** All findings of one check: the first of them are listed, all are counted. */
export class Findings {
  readonly listed: Finding[] = [];
  total = 0;

  readonly found: Found = (code, place, message) => {
    this.total += 1;
    if (this.listed.length < verifyFindingsMax) this.listed.push({ code, place, message });
  };
}

/** The closing lines of a report for people; the last one is the verdict. */
export function verdictLines({ findings, findingsTotal, remains }: Verdict): string[] {
  return [
    ...findings.map(({ code, place, message }) => `${code}: ${place}: ${message}`),
    ...(findingsTotal > findings.length ? [`… and ${findingsTotal - findings.length} more`] : []),
    ...remains.map((sentence) => `remains possible: ${sentence}`),
    findingsTotal === 0 ? "verified: nothing was found" : `not verified: ${findingsTotal} findings`,
  ];
}
