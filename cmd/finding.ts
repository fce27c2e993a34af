// What `doctor` has found: well, worth a look, or to be mended.

export type Finding = {
  readonly level: "ok" | "warning" | "problem";
  /** One sentence. */
  readonly what: string;
  /** What to do; empty: nothing, or nothing is known. */
  readonly mend: string;
};

export function fine(what: string): Finding {
  return { level: "ok", what, mend: "" };
}

/** Right in some places and wrong in others, or not known. */
export function look(what: string, mend: string): Finding {
  return { level: "warning", what, mend };
}

export function mend(what: string, mend: string): Finding {
  return { level: "problem", what, mend };
}

const marks = { ok: "ok", warning: "look", problem: "mend" } as const;

/** As a line for people. */
export function lineOf({ level, what, mend }: Finding): string {
  return `${marks[level].padEnd(6)}${what}${mend === "" ? "" : `: ${mend}`}`;
}
