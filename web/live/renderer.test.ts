// What is shown last is what is so: never two renderings at a time, nothing that became due is forgotten, a failure is tried again.
import { expect, test } from "bun:test";
import type { Log } from "../../core/env/env.ts";
import { VirtualTime } from "../../core/simulation/virtual-time.ts";
import { Renderer } from "./renderer.ts";

/** A page of which a test says when each rendering ends, and how. */
function page(everyMs = 0) {
  const time = new VirtualTime(0);
  const clock = { now: () => time.now, monotonic: () => time.now, after: (ms: number, run: () => void) => time.after(ms, run) };
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const log: Log = { debug: quiet, info: quiet, warn: (fact) => void warnings.push(fact), error: quiet, with: () => log };
  const started: number[] = [];
  let end: { done(): void; fail(error: Error): void } | null = null;
  const renderer = new Renderer(
    { clock, log },
    () =>
      new Promise((done, fail) => {
        started.push(time.now);
        end = { done, fail };
      }),
    everyMs,
  );
  return {
    ...{ renderer, started, warnings },
    pass(ms: number): void {
      const until = time.now + ms;
      while (time.next(until));
    },
    async end(error?: Error): Promise<void> {
      if (error === undefined) end!.done();
      else end!.fail(error);
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test("many changes of a moment are one rendering", async () => {
  const { renderer, started, pass, end } = page();
  for (let n = 0; n < 5; n++) renderer.due();
  pass(1_000);
  await end();
  pass(1_000);
  expect(started).toEqual([60]);
});

test("what changes while one renders is in the next one, which waits for it", async () => {
  const { renderer, started, pass, end } = page();
  renderer.due();
  pass(60);
  renderer.due();
  pass(1_000);
  expect(started).toEqual([60]);
  await end();
  pass(1_000);
  expect(started).toEqual([60, 1_120]);
});

test("so often at most", async () => {
  const { renderer, started, pass, end } = page(250);
  renderer.due();
  pass(60);
  await end();
  renderer.due();
  pass(1_000);
  expect(started).toEqual([60, 310]);
});

test("one that fails is tried again after a second, by itself; one that was stopped is not", async () => {
  const { renderer, started, warnings, pass, end } = page();
  renderer.due();
  pass(60);
  await end(new Error("database away"));
  pass(2_000);
  expect(started).toEqual([60, 1_120]);
  expect(warnings).toHaveLength(1);
  renderer.stop();
  await end(new Error("database away"));
  pass(10_000);
  expect(started).toHaveLength(2);
});
