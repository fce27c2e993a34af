// Passwords: right ones, wrong ones, foreign ones, and too many at once.
import { expect, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../cmd/env.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { testFolder } from "../tests/support/postgres.ts";
import { bunHasher, loadPasswordHasher } from "./password.ts";

const env = realEnv("warn");

test("the right password verifies, a wrong one does not, and the string is Argon2id in the order m, t, p", async () => {
  const passwords = await loadPasswordHasher(env, testFolder());
  const hash = await passwords.hash("correct horse battery");
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await passwords.verify(hash, "correct horse battery")).toBe(true);
  expect(await passwords.verify(hash, "correct horse batterz")).toBe(false);
  expect(await passwords.hash("correct horse battery")).not.toBe(hash);
});

test("the addon and Bun read each other's strings, so either may take over", async () => {
  const addon = await loadPasswordHasher(env, testFolder());
  expect(await bunHasher.verify(await addon.hash("ünïcode ✓"), "ünïcode ✓")).toBe(true);
  expect(await addon.verify(await bunHasher.hash("ünïcode ✓"), "ünïcode ✓")).toBe(true);
  expect(await addon.verify(await bunHasher.hash("a"), "b")).toBe(false);
});

test("strings of another kind, broken ones and greedy ones are false, not an error and not an hour", async () => {
  const passwords = await loadPasswordHasher(env, testFolder());
  const salt = "c2FsdHNhbHRzYWx0c2Fs";
  const bad = [
    ...["", "plain", "$2b$10$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"],
    ...[
      `$argon2id$v=19$m=4000000,t=2,p=1$${salt}$AAAAAAAAAAAAAAAAAAAAAA`,
      `$argon2id$v=19$m=19456,t=900,p=1$${salt}$AAAAAAAAAAAAAAAAAAAAAA`,
    ],
    ...[`$argon2id$v=19$m=8,t=0,p=1$${salt}$AAAAAAAAAAAAAAAAAAAAAA`, `$argon2id$v=19$m=19456,t=2,p=1$${salt}$short`],
  ];
  for (const hash of bad) {
    expect(await passwords.verify(hash, "x")).toBe(false);
    expect(await bunHasher.verify(hash, "x")).toBe(false);
  }
});

test("hashing does not block the thread, and more than can wait are told to come again", async () => {
  const passwords = await loadPasswordHasher(env, testFolder());
  const answers = Array.from({ length: 110 }, () =>
    passwords.hash("x").then(
      () => "done",
      (error: unknown) => error,
    ),
  );
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const settled = await Promise.all(answers);
  clearInterval(timer);
  expect(settled.filter((answer) => answer === "done").length).toBe(102);
  expect(settled.filter((answer) => answer instanceof Unavailable).length).toBe(8);
  expect(ticks).toBeGreaterThan(100);
});

test("a changed copy of the addon is replaced before it is loaded", async () => {
  const folder = testFolder();
  await loadPasswordHasher(env, folder);
  const [name] = readdirSync(folder);
  const genuine = await Bun.file(join(folder, name!)).bytes();
  // A new file under the old name: writing into the loaded one would pull the floor from under this process.
  rmSync(join(folder, name!));
  writeFileSync(join(folder, name!), "not the addon");
  const passwords = await loadPasswordHasher(env, folder);
  expect(await Bun.file(join(folder, name!)).bytes()).toEqual(genuine);
  expect(await passwords.verify(await passwords.hash("a"), "a")).toBe(true);
});
