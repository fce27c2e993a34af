// Tests for the guard: buckets that refill, guesses that end, and phones that know only MD5.
import { expect, test } from "bun:test";
import {
  sipAuthFailuresMax,
  sipAuthFailuresOfAllMax,
  sipAuthFailuresWindowMs,
  strangerBurst,
  strangerLinesBurst,
  strangerPerSecond,
} from "../core/lib/limits.ts";
import { StrangerGuard } from "./guard.ts";
import { fakeEnv } from "./support/fake-env.ts";

test("SIP-18: a stranger has a burst, then a trickle; another address is not affected; trust gives all back", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
  const asked = (count: number): number => Array.from({ length: count }, () => guard.mayAsk("192.0.2.1")).filter(Boolean).length;
  expect(asked(100)).toBe(strangerBurst);
  expect(guard.mayAsk("192.0.2.2")).toBe(true);
  env.advance(1_000);
  expect(asked(100)).toBe(strangerPerSecond);
  guard.trust("192.0.2.1");
  expect(asked(100)).toBe(strangerBurst);
});

test("DOS-01: who has nothing left to ask is known without asking, until some comes back", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
  expect(guard.isSpent("192.0.2.1")).toBe(false);
  for (let i = 0; i < strangerBurst; i++) expect([guard.isSpent("192.0.2.1"), guard.mayAsk("192.0.2.1")]).toEqual([false, true]);
  expect([guard.isSpent("192.0.2.1"), guard.isSpent("192.0.2.2")]).toEqual([true, false]);
  env.advance(1_000 / strangerPerSecond - 1);
  expect(guard.isSpent("192.0.2.1")).toBe(true);
  env.advance(1);
  expect([guard.isSpent("192.0.2.1"), guard.mayAsk("192.0.2.1"), guard.isSpent("192.0.2.1")]).toEqual([false, true, true]);
  guard.trust("192.0.2.1");
  expect(guard.isSpent("192.0.2.1")).toBe(false);
});

test("SIP-17: guesses for one name end after the limit and begin again after the window", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
  for (let i = 0; i < sipAuthFailuresMax; i++) {
    expect(guard.mayGuess("201")).toBe(true);
    guard.failed("201", "192.0.2.1");
  }
  expect([guard.mayGuess("201"), guard.mayGuess("202")]).toEqual([false, true]);
  env.advance(sipAuthFailuresWindowMs + 1);
  expect(guard.mayGuess("201")).toBe(true);
});

test("SIP-17: of ten thousand guesses for one name ten are evaluated and told, the last as an alarm; so are a hundred of many names", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
  const told = (level: string): number => env.lines.filter((line) => line.startsWith(level)).length;
  let evaluated = 0;
  for (let i = 0; i < 10_000; i++) {
    if (guard.mayGuess("201")) evaluated++;
    guard.failed("201", `192.0.2.${i % 250}`);
  }
  expect([evaluated, told("warn"), told("error")]).toEqual([sipAuthFailuresMax, sipAuthFailuresMax - 1, 2]);
  env.advance(sipAuthFailuresWindowMs + 1);
  env.lines.length = 0;
  for (let i = 0; i < sipAuthFailuresOfAllMax; i++) guard.failed(`name ${i}\u001b[31m`, "192.0.2.1");
  expect(env.lines.at(-1)).toStartWith("error passwords of phones are being guessed");
  expect(told("error")).toBe(1);
  expect(env.lines.join()).not.toMatch(/\\u001b/);
});

test("SIP-18: who is silenced is told once, and a flood from everywhere does not become one in the log", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 100; i++) guard.mayAsk("192.0.2.1");
    env.advance(1_000);
  }
  expect(env.lines).toEqual(['warn a stranger is silenced: too many requests {"remote":"192.0.2.1"}']);
  env.advance(60_000);
  for (let i = 0; i < 100; i++) guard.mayAsk("192.0.2.1");
  expect(env.lines.length).toBe(2);
  for (let host = 0; host < 5_000; host++) for (let i = 0; i < 30; i++) guard.mayAsk(`10.0.${host >> 8}.${host & 255}`);
  expect(env.lines.length).toBeLessThanOrEqual(2 + strangerLinesBurst);
});

test("MD5 stands alone only for a device that asks again without credentials, and stays so", () => {
  const env = fakeEnv();
  const guard = new StrangerGuard(env);
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
