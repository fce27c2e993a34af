// Steps of an end-to-end program: each says `ok`, `not ok` or `left out`, and how long it took; the runner counts the lines.

let failed = false;

/** Runs one step; a failure is told and remembered, and the next steps run all the same unless `must` says that they cannot. */
export async function step(name: string, work: () => Promise<unknown>, options: { readonly must?: boolean } = {}): Promise<void> {
  const startedAt = Date.now();
  const took = (): string => `(${((Date.now() - startedAt) / 1_000).toFixed(1)} s)`;
  try {
    await work();
    console.log(`ok ${name} ${took()}`);
  } catch (error) {
    failed = true;
    console.log(`not ok ${name} ${took()}: ${error instanceof Error ? error.message.split("\n").slice(0, 6).join(" | ") : String(error)}`);
    if (options.must === true) throw new Stop();
  }
}

/** Whether any step has failed so far: what it left is worth a look then. */
export function hasFailed(): boolean {
  return failed;
}

export function leftOut(name: string, reason: string): void {
  console.log(`left out ${name}: ${reason}`);
}

class Stop extends Error {}

/** Runs a program of steps and exits with 1 when any failed; `cleanUp` runs whatever happens and is a step itself: a node that cannot end is broken. */
export async function program(body: () => Promise<void>, cleanUp: () => Promise<unknown>): Promise<never> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Stop)) {
      failed = true;
      console.log(
        `not ok ${import.meta.file}: ${error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" | ") : String(error)}`,
      );
    }
  }
  await step("the end is an orderly one", cleanUp);
  process.exit(failed ? 1 : 0);
}

export function expect(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Asks until the answer is there, every `everyMs`; fails with `what` after `ms`. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 15_000,
  everyMs = 50,
): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`${what}: not within ${ms} ms`);
    await Bun.sleep(everyMs);
  }
}
