// Tests for the guard: buckets that refill, guesses that end, and phones that know only MD5.
import { expect, test } from "bun:test";
import { sipAuthFailuresMax, sipAuthFailuresWindowMs, strangerBurst, strangerPerSecond } from "../core/lib/limits.ts";
import { StrangerGuard } from "./guard.ts";
import { fakeEnv } from "./support/fake-env.ts";

test("a stranger has a burst, then a trickle; another address is not affected; trust gives all back", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env.clock);
  const asked = (count: number): number => Array.from({ length: count }, () => guard.mayAsk("192.0.2.1")).filter(Boolean).length;
  expect(asked(100)).toBe(strangerBurst);
  expect(guard.mayAsk("192.0.2.2")).toBe(true);
  env.advance(1_000);
  expect(asked(100)).toBe(strangerPerSecond);
  guard.trust("192.0.2.1");
  expect(asked(100)).toBe(strangerBurst);
});

test("guesses for one name end after the limit and begin again after the window", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env.clock);
  for (let i = 0; i < sipAuthFailuresMax; i++) {
    expect(guard.mayGuess("201")).toBe(true);
    guard.failed("201");
  }
  expect([guard.mayGuess("201"), guard.mayGuess("202")]).toEqual([false, true]);
  env.advance(sipAuthFailuresWindowMs + 1);
  expect(guard.mayGuess("201")).toBe(true);
});

test("MD5 stands alone only for a device that asks again without credentials, and stays so", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env.clock);
  expect(guard.wantsMd5("a", false)).toBe(false);
  expect(guard.wantsMd5("a", false)).toBe(false);
  env.advance(30_000);
  expect(guard.wantsMd5("a", false)).toBe(true);
  guard.trust("a");
  expect(guard.wantsMd5("a", false)).toBe(true);
  expect(guard.wantsMd5("b", false)).toBe(false);
  guard.trust("b");
  env.advance(600_000);
  expect(guard.wantsMd5("b", false)).toBe(false);
});
