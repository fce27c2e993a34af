// The key file: made once, closed to others, and what its keys do.
import { expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { testFolder } from "../../tests/support/postgres.ts";
import { KeyFileError, loadKeys, loadOrCreateKeys } from "./keys.ts";
import { openPayload, seal, sealPayload, unseal } from "./seal.ts";

const env = realEnv("error");

test("the file is made once, for its owner only, and gives the same keys again", () => {
  const path = join(testFolder(), "deep/landline.key");
  const first = loadOrCreateKeys(env, path);
  const text = readFileSync(path, "utf8");
  const second = loadOrCreateKeys(env, path);
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(second.derive("journal")).toEqual(first.derive("journal"));
  expect(second.derive("journal")).not.toEqual(second.derive("recordings"));
  expect(second.verify("head", { seq: 1 }, first.sign("head", { seq: 1 }))).toBe(true);
  expect(second.verify("head", { seq: 2 }, first.sign("head", { seq: 1 }))).toBe(false);
  expect(second.verify("recording", { seq: 1 }, first.sign("head", { seq: 1 }))).toBe(false);
  expect(second.verify("head", { seq: 1 }, "not a signature")).toBe(false);
});

test("a file that others can read, a broken one and a missing one are refused in one sentence", () => {
  const path = join(testFolder(), "landline.key");
  loadOrCreateKeys(env, path);
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(path, mode);
    expect(() => loadKeys(path)).toThrow(KeyFileError);
    expect(() => loadKeys(path)).toThrow("chmod 600");
  }
  chmodSync(path, 0o600);
  for (const text of ["", "{}", '{"version":2}', readFileSync(path, "utf8").replace('"master": "', '"master": "AA')]) {
    writeFileSync(path, text);
    expect(() => loadKeys(path)).toThrow("is not one of ours");
  }
  expect(() => loadKeys(join(testFolder(), "none"))).toThrow("cannot be read");
});

test("signatures are plain Ed25519: whoever has the public key can check them with any library", () => {
  const keys = loadOrCreateKeys(env, join(testFolder(), "landline.key"));
  const publicKey = createPublicKey(keys.publicPem);
  expect(publicKey.asymmetricKeyType).toBe("ed25519");
  const signature = Buffer.from(keys.sign("head", { seq: 1, at: 2 }), "base64");
  expect(verify(null, Buffer.from('landline.v1.head\n{"at":2,"seq":1}'), publicKey, signature)).toBe(true);
});

test("what is sealed opens only with its key, in its place, unchanged", () => {
  const key = env.random.bytes(32);
  const sealed = seal(env.random, key, Buffer.from("words"), "place 1");
  expect(unseal(key, sealed, "place 1")!.toString()).toBe("words");
  expect(unseal(key, sealed, "place 2")).toBeNull();
  expect(unseal(env.random.bytes(32), sealed, "place 1")).toBeNull();
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = changed[at]! ^ 1;
    expect(unseal(key, changed, "place 1")).toBeNull();
    expect(unseal(key, sealed.subarray(0, at), "place 1")).toBeNull();
  }
});

test("the same payload twice has different digests and bodies: nothing can be guessed from either", () => {
  const key = env.random.bytes(32);
  const [a, b] = [1, 2].map(() => sealPayload(env.random, key, "id", '{"number":"4711"}'));
  expect(a!.digest).not.toBe(b!.digest);
  expect(openPayload(key, "id", a!.body)).toEqual({ digest: a!.digest, canonical: '{"number":"4711"}' });
  expect(openPayload(key, "other id", a!.body)).toBeNull();
});
