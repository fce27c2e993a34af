// The one shape of everything that lives through time, and the two assertions every machine uses.

/** What every machine returns: the next state, and what its host must now do, in order. */
export type Step<S, O> = { readonly state: S; readonly outputs: readonly O[] };

/** Ends a `switch` over a discriminated union: the compiler proves that it cannot be reached. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected ${JSON.stringify(value)}`);
}

/** A bug in our own code, never a caller's fault. Ends the call, request or job it happened in. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** On in production too. @throws AssertionError */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
