// `verify` with files: writes a proof, checks one that came from elsewhere, and reads the heads of an older one.
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { checkProof, exportProof, headsOfProof, NoProof, proofLines } from "../storage/proof.ts";
import type { SignedHead } from "../storage/vault/heads.ts";
import { fingerprintOf } from "../storage/vault/keys.ts";
import { ConfigError } from "./config.ts";
import type { OpenNode } from "./node.ts";
import { proofInput } from "./wire.ts";

type Printing = { print(value: unknown, lines: readonly string[]): void };

/** Needs no data, no database and no key. Resolves to the exit code. @throws ConfigError */
export async function checkProofFile(context: Printing, path: string): Promise<number> {
  const report = await readable(path, () => checkProof(linesOf(path)));
  context.print(report, proofLines(report));
  return report.findingsTotal === 0 ? 0 : 1;
}

/** Whole or not at all. @throws ConfigError */
export async function exportProofFile(context: Printing, node: OpenNode, path: string): Promise<number> {
  if (existsSync(path)) throw new ConfigError(`--export: ${path} is there already: name a file that is not`);
  const half = `${path}.half`;
  const fd = openSync(half, "w", 0o600);
  try {
    for await (const text of exportProof(proofInput(node))) writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(half, path);
  const fingerprint = fingerprintOf(node.keys.publicPem);
  context.print({ path, fingerprint }, [
    `${path} is written; \`landline verify --from\` checks it on any machine`,
    `signed with the key ${fingerprint}: note it on paper, it tells this key from another`,
  ]);
  return 0;
}

/** @throws ConfigError */
export function headsOfFile(node: OpenNode, path: string): Promise<readonly SignedHead[]> {
  return readable(path, () => headsOfProof(linesOf(path), node.keys));
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  if (!existsSync(path)) throw new ConfigError(`${path}: there is no such file`);
  try {
    return await read();
  } catch (error) {
    throw error instanceof NoProof ? new ConfigError(`${path} is no proof: ${error.message}`) : error;
  }
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
}
