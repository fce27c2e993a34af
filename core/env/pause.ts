// Waiting by the clock that we are given.
import type { Clock } from "./env.ts";

/** Resolves `ms` from now. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((done) => clock.after(ms, done));
}
