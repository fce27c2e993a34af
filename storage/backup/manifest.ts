// What a backup says of itself: every file with size and SHA-256, where the log stood, what made it; signed with the node's key.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../core/lib/errors.ts";
import { parseJson } from "../../core/lib/json.ts";
import type { Keys } from "../vault/keys.ts";

/** A backup that cannot be made or brought back: one sentence that names the file or folder and the mend. */
export class BackupError extends AppError {
  override readonly name = "BackupError";
  constructor(message: string) {
    super("backup", message, 500);
  }
}

/** As seen from the data folder; no path may lead out of it. */
const path = z.string().refine((text) => text.split("/").every((part) => part !== "" && part !== "." && part !== ".."), "a path inside");
const mode = z.number().int().min(0).max(0o777);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.strictObject({
  form: z.literal("landline.backup.v1"),
  /** Epoch ms. */
  madeAt: z.number().int(),
  landline: z.string(),
  /** The newest migration of the database. */
  schema: z.strictObject({ number: z.number().int().min(1), name: z.string() }),
  /** A physical copy starts only under this major version and on this kind of machine; null: the operator's own server keeps the database. */
  postgres: z.strictObject({ major: z.string(), arch: z.string() }).nullable(),
  organization: z.strictObject({ id: z.string(), name: z.string() }),
  /** Where the log's chain stood. */
  head: z.strictObject({ seq: z.number().int().min(0), hash: sha256 }),
  /** Empty ones too: a database server misses them. */
  folders: z.array(z.strictObject({ path, mode })),
  files: z.array(z.strictObject({ path, mode, sizeBytes: z.number().int().min(0), sha256 })),
  keyId: z.string(),
  signature: z.string(),
});
export type BackupManifest = z.infer<typeof manifestSchema>;
export type BackupFile = BackupManifest["files"][number];
/** What the caller knows of the centre. */
export type BackupFacts = Pick<BackupManifest, "madeAt" | "landline" | "schema" | "postgres" | "organization" | "head">;

export const manifestName = "manifest.json";
/** Where the files lie in a backup. */
export const filesName = "data";

export function signedManifest(keys: Keys, statement: Omit<BackupManifest, "form" | "keyId" | "signature">): BackupManifest {
  const unsigned = { form: "landline.backup.v1" as const, ...statement, keyId: keys.keyId };
  return { ...unsigned, signature: keys.sign("backup", unsigned) };
}

/** @throws BackupError when the folder is no backup, or not a whole one */
export function readManifest(folder: string): BackupManifest {
  const file = join(folder, manifestName);
  if (!existsSync(file)) throw new BackupError(`${folder} is no backup, or one that was not finished: there is no ${manifestName} in it`);
  const parsed = manifestSchema.safeParse(parseJson(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BackupError(`${file} is not a manifest of this version: ${issue.path.join(".")}: ${issue.message}`);
}

/** Whether our key has signed it. @throws BackupError when another key file has */
export function isSignedBy(keys: Keys, manifest: BackupManifest): boolean {
  if (manifest.keyId !== keys.keyId)
    throw new BackupError(`the backup belongs to key file ${manifest.keyId}, this is ${keys.keyId}: give the right --key-file`);
  const { signature, ...unsigned } = manifest;
  return keys.verify("backup", unsigned, signature);
}
