// The sealed copy of the key file: opened by its own kit alone, never written over a key file.
import { expect, test } from "bun:test";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { testFolder } from "../../tests/support/postgres.ts";
import { loadKeys, loadOrCreateKeys } from "./keys.ts";
import { restoreKeyFile, sealKeyFile } from "./recovery.ts";

const env = realEnv("error");

test("comes back byte for byte, for the newest kit only", () => {
  const folder = testFolder();
  const keyFile = join(folder, "keys/landline.key");
  const { keyId } = loadOrCreateKeys(env, keyFile);
  const kept = readFileSync(keyFile);
  const [older, newer] = [env.random.bytes(20), env.random.bytes(20)];
  sealKeyFile(env, folder, keyFile, older);
  sealKeyFile(env, folder, keyFile, newer);
  expect(readFileSync(join(folder, "landline.key.sealed")).includes(kept.subarray(0, 40))).toBe(false);
  expect(() => restoreKeyFile(folder, keyFile, newer)).toThrow("is there already");
  rmSync(keyFile);
  expect(() => restoreKeyFile(folder, keyFile, older)).toThrow("does not open");
  restoreKeyFile(folder, keyFile, newer);
  expect(readFileSync(keyFile).equals(kept)).toBe(true);
  expect(statSync(keyFile).mode & 0o077).toBe(0);
  expect(loadKeys(keyFile).keyId).toBe(keyId);
});

test("without a sealed copy the kit opens nothing, and says so", () => {
  const folder = testFolder();
  expect(() => restoreKeyFile(folder, join(folder, "keys/landline.key"), env.random.bytes(20))).toThrow("is not there");
});
