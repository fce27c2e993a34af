// The doors to the world: clock, random, log. Only cmd/env.ts implements them for real; the simulator has its own.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time, epoch milliseconds. For records. */
  now(): number;
  /** Monotonic milliseconds with fractions. For intervals. */
  monotonic(): number;
  /** Runs `run` once, `ms` from now. */
  after(ms: number, run: () => void): Timer;
}

export interface Random {
  /** Cryptographically strong in production, seeded in the simulator. */
  bytes(length: number): Uint8Array;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One line per fact. Never a secret, a private digit, or a message body. `error` means that someone must act. */
export interface Log {
  debug(fact: string, fields?: LogFields): void;
  info(fact: string, fields?: LogFields): void;
  warn(fact: string, fields?: LogFields): void;
  error(fact: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  with(fields: LogFields): Log;
}

export type Env = { readonly clock: Clock; readonly random: Random; readonly log: Log };
