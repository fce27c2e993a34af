// Cold backups and restores of real folders: what is kept, what is left out, and that nothing half, changed or foreign is taken for whole.
import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { testFolder } from "../../tests/support/postgres.ts";
import { type Keys, loadOrCreateKeys } from "../vault/keys.ts";
import { halfOf, makeColdBackup } from "./cold.ts";
import type { BackupFacts, BackupManifest } from "./manifest.ts";
import { checkBackup, checkEmpty, refuseUnfinished, restoreFiles } from "./restore.ts";

const env = realEnv("error");
const abilities = { schemaNumber: 9, postgresMajor: "18", arch: "x64" };
const facts: BackupFacts = {
  madeAt: 1_764_100_000_000,
  landline: "0.1.0",
  schema: { number: 9, name: "0009_first-run" },
  postgres: { major: "18", arch: "x64" },
  organization: { id: "0192f0c1-0000-7000-8000-000000000001", name: "Northmere Health" },
  head: { seq: 12, hash: "ab".repeat(32) },
};

type Case = { readonly data: string; readonly keyFile: string; readonly target: string; readonly keys: Keys; readonly restored: string };

/** A data folder with one of everything. */
function newCase(): Case {
  const folder = testFolder();
  const data = join(folder, "data");
  const put = (path: string, text: string, mode = 0o600): void => {
    mkdirSync(join(data, path, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(join(data, path), text, { mode });
  };
  put("node-id", "0192f0c1-0000-7000-8000-000000000002\n");
  put("checkpoints.log", "{}\n");
  put("kept.toml", "https = '0.0.0.0:8443'\n");
  put("landline.key.sealed", "sealed");
  put("journal/0000000001.log", "LLJ1");
  put("recordings/2026/11/25/a.rec", "x".repeat(3_000_000));
  put("recordings/2026/11/25/a.rec.json", "{}", 0o400);
  put("tls/uploaded.key", "pem");
  put("postgres/password", "secret");
  put("postgres/data/PG_VERSION", "18\n");
  put("postgres/data/base/1/old.half", "a table may be called so");
  mkdirSync(join(data, "postgres/data/pg_notify"), { mode: 0o700 });
  for (const path of ["lib/argon2.node", "postgres/18.4-0123456789abcdef/bin/postgres", "postgres/run/x", "postgres/pg.log"])
    put(path, "x");
  for (const path of ["postgres/app.lock", "postgres/server.lock", "node.lock", "kept.toml.new", "lost+found/x"]) put(path, "");
  const keyFile = join(folder, "keys/landline.key");
  return { data, keyFile, target: join(folder, "backup"), keys: loadOrCreateKeys(env, keyFile), restored: join(folder, "restored") };
}

function made(more: Partial<BackupFacts> = {}): Case & { readonly manifest: BackupManifest } {
  const one = newCase();
  return { ...one, manifest: makeColdBackup({ ...one, facts: { ...facts, ...more } }) };
}

test("a backup holds everything that is needed and nothing that is not; restored, files have their content and modes", () => {
  const { data, target, keys, restored, keyFile } = made();
  const { manifest, wrong } = checkBackup(target, keys, abilities);
  expect(wrong).toEqual([]);
  expect(manifest.files.map(({ path }) => path)).toEqual([
    ...["checkpoints.log", "journal/0000000001.log", "kept.toml", "landline.key.sealed", "node-id"],
    ...["postgres/data/PG_VERSION", "postgres/data/base/1/old.half", "postgres/password"],
    ...["recordings/2026/11/25/a.rec", "recordings/2026/11/25/a.rec.json", "tls/uploaded.key"],
  ]);
  restoreFiles(target, manifest, restored, null);
  for (const { path, mode } of manifest.files) {
    expect(readFileSync(join(restored, path)).equals(readFileSync(join(data, path)))).toBe(true);
    expect(statSync(join(restored, path)).mode & 0o777).toBe(mode);
  }
  expect(statSync(join(restored, "postgres/data/pg_notify")).isDirectory()).toBe(true);
  expect(() => refuseUnfinished(restored)).not.toThrow();
  const key = readFileSync(keyFile);
  for (const { path } of manifest.files) expect(readFileSync(join(target, "data", path)).includes(key)).toBe(false);
  expect(statSync(target).mode & 0o077).toBe(0);
});

test("whatever was changed in a backup is named by its file, and nothing is restored from it", () => {
  const changes: readonly (readonly [what: RegExp, change: (folder: string) => void])[] = [
    [/^recordings\/2026\/11\/25\/a\.rec: its content is not/, (folder) => flip(join(folder, "data/recordings/2026/11/25/a.rec"))],
    [/^kept\.toml: it has \d+ bytes, \d+ were signed/, (folder) => appendFileSync(join(folder, "data/kept.toml"), "x")],
    [/^node-id: it is missing/, (folder) => rmSync(join(folder, "data/node-id"))],
    [
      /^postgres\/data\/pg_hba\.conf: the manifest does not name it/,
      (folder) => writeFileSync(join(folder, "data/postgres/data/pg_hba.conf"), ""),
    ],
    [/^manifest\.json: it was changed after it was signed/, (folder) => edit(folder, (text) => text.replace('"seq": 12', '"seq": 11'))],
  ];
  for (const [what, change] of changes) {
    const { target, keys } = made();
    change(target);
    const { wrong } = checkBackup(target, keys, abilities);
    expect(wrong.length).toBe(1);
    expect(wrong[0]).toMatch(what);
  }
});

test("a copy that differs from what was read is no restore: the folder is empty again", () => {
  const { target, manifest, restored } = made();
  flip(join(target, "data/recordings/2026/11/25/a.rec"));
  expect(() => restoreFiles(target, manifest, restored, null)).toThrow(/the copy is not what was read: recordings\/2026\/11\/25\/a\.rec/);
  expect(readdirSync(restored)).toEqual([]);
});

test("a path that leads out of the folder is refused, with or without the key", () => {
  const { target } = made();
  edit(target, (text) => text.replace('"path": "node-id"', '"path": "../node-id"'));
  expect(() => checkBackup(target, null, abilities)).toThrow(/a path inside/);
});

test("newer schema, other server, other machine, other key: refused with the reason", () => {
  const { target, keys } = made();
  expect(() => checkBackup(target, keys, { ...abilities, schemaNumber: 8 })).toThrow(/whose database is newer \(0009_first-run\)/);
  expect(() => checkBackup(target, keys, { ...abilities, postgresMajor: "19" })).toThrow(/holds a PostgreSQL 18 database/);
  expect(() => checkBackup(target, keys, { ...abilities, arch: "arm64" })).toThrow(/of x64, this is 18 on arm64/);
  const other = loadOrCreateKeys(env, join(testFolder(), "landline.key"));
  expect(() => checkBackup(target, other, abilities)).toThrow(/belongs to key file/);
  expect(checkBackup(target, keys, { ...abilities, schemaNumber: 10 }).wrong).toEqual([]);
});

test("the key file is not copied, whatever it is called, and nothing is left of the attempt", () => {
  const one = newCase();
  copyFileSync(one.keyFile, join(one.data, "recordings/innocent.txt"));
  expect(() => makeColdBackup({ ...one, facts })).toThrow(/innocent\.txt is the key file in the clear/);
  expect(existsSync(one.target)).toBe(false);
  expect(existsSync(halfOf(one.target))).toBe(false);
});

test("a target that is there, inside the data, or without a parent is refused", () => {
  const one = newCase();
  mkdirSync(one.target);
  expect(() => makeColdBackup({ ...one, facts })).toThrow(/is there already/);
  expect(() => makeColdBackup({ ...one, facts, target: join(one.data, "backup") })).toThrow(/lies inside/);
  symlinkSync(one.data, `${one.target}-link`);
  expect(() => makeColdBackup({ ...one, facts, target: join(`${one.target}-link`, "backup") })).toThrow(/lies inside/);
  expect(() => makeColdBackup({ ...one, facts, target: join(one.target, "a/b") })).toThrow(/is not there: make it first/);
});

test("recordings that were moved to another disk are followed; a link deeper down is refused", () => {
  const one = newCase();
  renameSync(join(one.data, "recordings"), `${one.target}-disk`);
  symlinkSync(`${one.target}-disk`, join(one.data, "recordings"));
  const { files } = makeColdBackup({ ...one, facts });
  expect(files.some(({ path }) => path === "recordings/2026/11/25/a.rec")).toBe(true);
  symlinkSync("/etc/hostname", join(one.data, "journal/link"));
  expect(() => makeColdBackup({ ...one, target: `${one.target}-2`, facts })).toThrow(/journal\/link is neither a file nor a folder/);
});

test("what a killed backup left is no backup, and the next one takes its place", () => {
  const one = newCase();
  const half = halfOf(one.target);
  mkdirSync(join(half, "data"), { recursive: true });
  writeFileSync(join(half, "data/old"), "old");
  expect(() => checkBackup(half, one.keys, abilities)).toThrow(/was not finished/);
  makeColdBackup({ ...one, facts });
  expect(existsSync(half)).toBe(false);
  expect(checkBackup(one.target, one.keys, abilities).wrong).toEqual([]);
});

test("only an empty folder is restored into; what a killed restore left cannot be opened, and is begun anew", () => {
  const { target, manifest, restored } = made();
  mkdirSync(join(restored, "lost+found"), { recursive: true });
  expect(() => checkEmpty(restored)).not.toThrow();
  writeFileSync(join(restored, "mine"), "");
  expect(() => restoreFiles(target, manifest, restored, null)).toThrow(/is not empty \(mine\)/);
  expect(readdirSync(restored).sort()).toEqual(["lost+found", "mine"]);
  writeFileSync(join(restored, "restore.unfinished"), "");
  expect(() => refuseUnfinished(restored)).toThrow(/did not finish/);
  restoreFiles(target, manifest, restored, null);
  expect(existsSync(join(restored, "mine"))).toBe(false);
  expect(existsSync(join(restored, "lost+found"))).toBe(true);
  expect(() => refuseUnfinished(restored)).not.toThrow();
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

function edit(folder: string, change: (text: string) => string): void {
  const path = join(folder, "manifest.json");
  const [before, after] = [readFileSync(path, "utf8"), change(readFileSync(path, "utf8"))];
  expect(after).not.toBe(before);
  chmodSync(path, 0o600);
  writeFileSync(path, after);
}
