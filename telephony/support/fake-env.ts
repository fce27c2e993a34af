// A clock that is moved by hand, seeded randomness and a silent log: for tests of everything that lives through time.
import type { Env, Log, Timer } from "../../core/env/env.ts";

export type FakeEnv = Env & {
  /** Runs everything due within the next `ms`, in order of time. */
  advance(ms: number): void;
  timersLeft(): number;
  readonly lines: string[];
};

export function fakeEnv(startAt = 1_790_000_000_000, seed = 1): FakeEnv {
  let now = 0;
  let order = 0;
  let state = seed;
  const due: { at: number; order: number; run: () => void }[] = [];
  const lines: string[] = [];
  const write = (level: string) => (fact: string, fields?: object) => void lines.push(`${level} ${fact} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), with: () => log };
  const clock = {
    now: () => startAt + now,
    monotonic: () => now,
    after(ms: number, run: () => void): Timer {
      const entry = { at: now + ms, order: order++, run };
      due.push(entry);
      return {
        cancel: () => {
          const index = due.indexOf(entry);
          if (index >= 0) due.splice(index, 1);
        },
      };
    },
  };
  const random = {
    bytes(length: number): Uint8Array {
      // A small linear congruential generator: tests want other bytes each time and the same ones each run.
      return Uint8Array.from({ length }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      });
    },
  };
  return {
    clock,
    random,
    log,
    lines,
    timersLeft: () => due.length,
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = due.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
}
