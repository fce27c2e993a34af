// The real clock, random source and log: the only file allowed Date.now, setTimeout and Math.random's better.
import { randomFillSync } from "node:crypto";
import type { Clock, Env, Log, LogFields, Random } from "../core/env/env.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

const realRandom: Random = { bytes: (length) => randomFillSync(new Uint8Array(length)) };

/** One line per fact on standard error: `at=… level=… fact="…" key=value`. */
export function realEnv(level: LogLevel = "info", fields: LogFields = {}): Env {
  return { clock: realClock, random: realRandom, log: lineLog(logLevels.indexOf(level), fields) };
}

function lineLog(least: number, fixed: LogFields): Log {
  const write =
    (level: number) =>
    (fact: string, fields: LogFields = {}): void => {
      if (level < least) return;
      const all = Object.entries({ ...fixed, ...fields }).filter(([, value]) => value !== undefined);
      const tail = all.map(([key, value]) => ` ${key}=${quoted(value)}`).join("");
      process.stderr.write(`at=${new Date().toISOString()} level=${logLevels[level]} fact=${quoted(fact)}${tail}\n`);
    };
  return { debug: write(0), info: write(1), warn: write(2), error: write(3), with: (fields) => lineLog(least, { ...fixed, ...fields }) };
}

/** What JSON leaves as it is and a terminal obeys: DEL, the controls above it, and everything that turns the writing direction. */
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const escaped = (char: string): string => char.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

// Text from outside must not be able to forge a line.
function quoted(value: LogFields[string]): string {
  if (typeof value !== "string") return String(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value).replace(invisible, escaped);
}
