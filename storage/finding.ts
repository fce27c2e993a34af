// What `verify` reports: a code for machines, the exact place, a sentence for people.

export type Finding = {
  /** `chain-hash`, `payload-digest`, `recording-chunk`, … */
  readonly code: string;
  /** `event 4711`, `queue 0192…`, `2026/11/25/….rec chunk 17 at byte 548112`. */
  readonly place: string;
  readonly message: string;
};
