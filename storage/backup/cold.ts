// Makes a cold backup: copies a data folder that nobody uses, under a signed manifest; a half one can never be taken for one.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { flushPath } from "../files.ts";
import type { Keys } from "../vault/keys.ts";
import { copyFile, digestFile } from "./copy.ts";
import { BackupError, type BackupFacts, type BackupManifest, filesName, manifestName, signedManifest } from "./manifest.ts";

/** Beside what is left out, room for the manifest and the file system's own. */
const spareBytes = 16 * 1024 * 1024;

/** Made anew at every start, or not for long: programs and addons come out of the binary, locks and sockets belong to processes. */
const leftOut = [
  /^lib$/,
  /^lost\+found$/,
  /^node\.lock$/,
  /^\.doctor-\d+$/,
  /^(?!postgres\/data\/).*\.(new|half)$/,
  /^postgres\/(run|app\.lock|server\.lock|initdb-password|data\.half|pg\.log(\.1)?)$/,
  /^postgres\/\d+\.\d+-[0-9a-f]{16}(\.half)?$/,
];

export type ColdBackup = {
  /** Nobody writes to it as long as this runs: the caller holds its lock. */
  readonly data: string;
  /** Never copied, under whatever name it lies in the data. */
  readonly keyFile: string;
  /** Does not exist yet. */
  readonly target: string;
  readonly keys: Keys;
  readonly facts: BackupFacts;
};

/** Where a backup grows before it is one. */
export function halfOf(target: string): string {
  return `${resolve(target)}.landline-half`;
}

/** What can be known before anything is stopped or started. @throws BackupError */
export function checkTarget(data: string, target: string): void {
  const parent = dirname(resolve(target));
  if (existsSync(target)) throw new BackupError(`${target} is there already: name a folder that is not`);
  if (!existsSync(parent)) throw new BackupError(`${parent} is not there: make it first`);
  if (existsSync(data) && `${realpathSync(parent)}/`.startsWith(`${realpathSync(data)}/`))
    throw new BackupError(`${target} lies inside ${data}: a backup belongs elsewhere`);
}

/** Copies, signs, flushes, and only then gives the backup its name. On any failure nothing of it is left. @throws BackupError */
export function makeColdBackup(input: ColdBackup): BackupManifest {
  const { data, keyFile, target, keys, facts } = input;
  checkTarget(data, target);
  const half = halfOf(target);
  // Of a run that was killed; the name is nobody else's.
  rmSync(half, { recursive: true, force: true });
  try {
    const found = entriesOf(data);
    checkRoom(dirname(half), found.files);
    mkdirSync(join(half, filesName), { recursive: true, mode: 0o700 });
    for (const { path } of found.folders) mkdirSync(join(half, filesName, path), { mode: 0o700 });
    const key = digestFile(keyFile).sha256;
    const files = found.files.map(({ path, mode, sizeBytes }) => {
      const copied = copyFile(join(data, path), join(half, filesName, path), mode);
      if (copied.sha256 === key)
        throw new BackupError(`${join(data, path)} is the key file in the clear: take it out of the data, then back up`);
      if (copied.sizeBytes !== sizeBytes) throw new BackupError(`${join(data, path)} was changed while it was copied: who uses it?`);
      return { path, mode, ...copied };
    });
    const manifest = signedManifest(keys, { ...facts, folders: found.folders, files });
    writeFileSync(join(half, manifestName), `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600, flush: true });
    // Read-only folders last, deepest first: nothing could be put into them before.
    for (const { path, mode } of found.folders.toReversed()) {
      flushPath(join(half, filesName, path));
      chmodSync(join(half, filesName, path), mode);
    }
    for (const folder of [join(half, filesName), half]) flushPath(folder);
    renameSync(half, resolve(target));
    flushPath(dirname(half));
    return manifest;
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw saying(error, target);
  }
}

type Entries = { readonly folders: BackupManifest["folders"]; readonly files: { path: string; mode: number; sizeBytes: number }[] };

/** All of a data folder that is backed up, in order of path; a folder stands before what is in it. */
function entriesOf(data: string): Entries {
  const found: Entries = { folders: [], files: [] };
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(data, folder)).sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (leftOut.some((pattern) => pattern.test(path))) continue;
      const place = join(data, path);
      // An operator may have moved recordings to another disk; deeper links are nobody's.
      const stat = folder === "" ? statSync(place) : lstatSync(place);
      const mode = stat.mode & 0o777;
      if (stat.isDirectory()) {
        found.folders.push({ path, mode });
        walk(path);
      } else if (stat.isFile()) found.files.push({ path, mode, sizeBytes: stat.size });
      else throw new BackupError(`${place} is neither a file nor a folder: a backup would not hold it`);
    }
  };
  walk("");
  return found;
}

function checkRoom(folder: string, files: Entries["files"]): void {
  const { bavail, bsize } = statfsSync(folder);
  // Every file takes whole blocks.
  const wanted = files.reduce((sum, { sizeBytes }) => sum + Math.ceil(sizeBytes / bsize) * bsize, spareBytes);
  if (wanted > bavail * bsize)
    throw new BackupError(`${megabytes(wanted)} MB are needed in ${folder}, ${megabytes(bavail * bsize)} MB are free: make room`);
}

/** The system's word for what went wrong, with the place. */
export function saying(error: unknown, place: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof BackupError || code === undefined) return error;
  if (code === "ENOSPC" || code === "EDQUOT") return new BackupError(`the disk under ${place} is full: nothing was kept there, make room`);
  return new BackupError(`${place}: ${message}`);
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
