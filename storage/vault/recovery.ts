// The sealed copy of the key file: it lies with the data, and only the recovery kit opens it. Neither alone reads anything.
import { hkdfSync } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Env } from "../../core/env/env.ts";
import { flushPath } from "../files.ts";
import { KeyFileError } from "./keys.ts";
import { seal, unseal } from "./seal.ts";

const place = "landline key file";
/** As it lies in the data folder, and in a backup of it. */
export const sealedKeyName = "landline.key.sealed";

/** Seals the key file with the kit's bytes into the data folder; an earlier copy is replaced. */
export function sealKeyFile(env: Env, dataFolder: string, keyFile: string, kit: Uint8Array): void {
  const path = join(dataFolder, sealedKeyName);
  writeWhole(`${path}.new`, seal(env.random, keyOf(kit), readFileSync(keyFile), place), "w");
  renameSync(`${path}.new`, path);
  flushPath(dataFolder);
}

/** Makes the key file anew. @throws KeyFileError when there is one already, no sealed copy, or the kit is another's */
export function restoreKeyFile(dataFolder: string, keyFile: string, kit: Uint8Array): void {
  const path = join(dataFolder, sealedKeyName);
  if (existsSync(keyFile)) throw new KeyFileError(`${keyFile} is there already: move it away first`);
  if (!existsSync(path)) throw new KeyFileError(`${path} is not there: the recovery kit opens nothing without it`);
  const opened = unseal(keyOf(kit), readFileSync(path), place);
  if (opened === null) throw new KeyFileError("this recovery kit does not open the sealed key file: a newer one may have been made since");
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  writeWhole(keyFile, opened, "wx");
  flushPath(dirname(keyFile));
}

function writeWhole(path: string, bytes: Uint8Array, flags: "w" | "wx"): void {
  const fd = openSync(path, flags, 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

// The kit is 160 random bits: a key of one purpose needs no stretching (RFC 5869 §3.3).
function keyOf(kit: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", kit, new Uint8Array(0), "landline.v1.recovery-kit", 32));
}
