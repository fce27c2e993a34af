// Brings a backup back into an empty data folder: nothing is written before every digest was checked, nothing counts before all were checked again.
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flushPath } from "../files.ts";
import type { Keys } from "../vault/keys.ts";
import { saying } from "./cold.ts";
import { copyFile, digestFile } from "./copy.ts";
import { BackupError, type BackupFile, type BackupManifest, filesName, isSignedBy, manifestName, readManifest } from "./manifest.ts";

/** Lies in a data folder as long as not everything is there and checked. */
const unfinishedName = "restore.unfinished";

/** What this binary can start. */
export type Abilities = { readonly schemaNumber: number; readonly postgresMajor: string; readonly arch: string };
/** Whoever the database server runs as; null: whoever restores. */
export type ServerUser = { readonly uid: number; readonly gid: number } | null;

/**
 * Everything that is wrong with a backup, each named by its file; empty: it is what was signed. Without keys the signature is not looked at.
 * @throws BackupError when it is none, or another's, or made by a newer version
 */
export function checkBackup(folder: string, keys: Keys | null, abilities: Abilities): { manifest: BackupManifest; wrong: string[] } {
  const manifest = readManifest(folder);
  const { schema, postgres } = manifest;
  if (schema.number > abilities.schemaNumber) {
    throw new BackupError(
      `the backup was made by Landline ${manifest.landline}, whose database is newer (${schema.name}): restore it with that version`,
    );
  }
  if (postgres !== null && (postgres.major !== abilities.postgresMajor || postgres.arch !== abilities.arch)) {
    throw new BackupError(
      `the backup holds a PostgreSQL ${postgres.major} database of ${postgres.arch}, this is ${abilities.postgresMajor} on ${abilities.arch}: restore it with the version and on the kind of machine that made it`,
    );
  }
  const wrong = keys === null || isSignedBy(keys, manifest) ? [] : [`${manifestName}: it was changed after it was signed`];
  const known = new Set([...manifest.folders, ...manifest.files].map(({ path }) => path));
  const there = readdirSync(join(folder, filesName), { recursive: true, encoding: "utf8" });
  wrong.push(...there.filter((path) => !known.has(path)).map((path) => `${path}: the manifest does not name it`));
  wrong.push(...manifest.files.flatMap((file) => fault(join(folder, filesName, file.path), file)));
  return { manifest, wrong };
}

/** @throws BackupError when the folder holds anything but what an unfinished restore left, or a file system makes */
export function checkEmpty(data: string): void {
  if (!existsSync(data) || existsSync(join(data, unfinishedName))) return;
  const [first] = readdirSync(data).filter((name) => name !== "lost+found");
  if (first !== undefined) throw new BackupError(`${data} is not empty (${first}): restore into a new folder`);
}

/** Called by whoever opens a data folder. @throws BackupError */
export function refuseUnfinished(data: string): void {
  if (existsSync(join(data, unfinishedName)))
    throw new BackupError(`a restore into ${data} did not finish: run landline restore again, it begins anew`);
}

/** Copies a checked backup and checks the copies. The folder cannot be opened before it is whole. @throws BackupError */
export function restoreFiles(folder: string, manifest: BackupManifest, data: string, serverUser: ServerUser): void {
  checkEmpty(data);
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    clear(data);
    writeFileSync(join(data, unfinishedName), "", { mode: 0o600, flush: true });
    flushPath(data);
    for (const { path } of manifest.folders) mkdirSync(join(data, path), { recursive: true, mode: 0o700 });
    for (const file of manifest.files) copyFile(join(folder, filesName, file.path), join(data, file.path), file.mode);
    const wrong = manifest.files.flatMap((file) => fault(join(data, file.path), file));
    if (wrong.length > 0) throw new BackupError(`the copy is not what was read: ${wrong[0]}`);
    // As they were, and the database's to its server's user; deepest first.
    for (const { path, mode } of [...manifest.folders, ...manifest.files].toReversed()) {
      chmodSync(join(data, path), mode);
      if (serverUser !== null && `${path}/`.startsWith("postgres/data/")) chownSync(join(data, path), serverUser.uid, serverUser.gid);
    }
    for (const { path } of manifest.folders) flushPath(join(data, path));
    rmSync(join(data, unfinishedName));
    flushPath(data);
  } catch (error) {
    if (existsSync(join(data, unfinishedName))) clear(data);
    throw saying(error, data);
  }
}

/** Only called when nothing but an unfinished restore's files can be there. The mark goes last: what is left until then stays refused. */
function clear(data: string): void {
  const names = readdirSync(data).filter((name) => name !== "lost+found" && name !== unfinishedName);
  for (const name of [...names, unfinishedName]) rmSync(join(data, name), { recursive: true, force: true });
}

function fault(place: string, { path, sizeBytes, sha256 }: BackupFile): string[] {
  if (!existsSync(place) || !statSync(place).isFile()) return [`${path}: it is missing`];
  const real = digestFile(place);
  if (real.sizeBytes !== sizeBytes) return [`${path}: it has ${real.sizeBytes} bytes, ${sizeBytes} were signed`];
  return real.sha256 === sha256 ? [] : [`${path}: its content is not the one that was signed`];
}
