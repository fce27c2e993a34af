// `backup --cold` and `restore`: locks the data folder, asks the database where the log stands, and proves what came back.
import { closeSync, existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Env } from "../core/env/env.ts";
import { isoInstant } from "../core/lib/calendar.ts";
import { checkTarget, makeColdBackup, megabytes } from "../storage/backup/cold.ts";
import { BackupError, type BackupFacts, type BackupManifest } from "../storage/backup/manifest.ts";
import { checkBackup, checkEmpty, refuseUnfinished, restoreFiles } from "../storage/backup/restore.ts";
import { type ConnectTarget, connect, type Sql } from "../storage/postgres/connect.ts";
import { appLockPath, EmbeddedPostgres, serverUser } from "../storage/postgres/embedded.ts";
import { externalTarget } from "../storage/postgres/external.ts";
import { lockFile } from "../storage/postgres/folder-lock.ts";
import { migrations } from "../storage/postgres/migrate.ts";
import { embeddedPostgresVersion } from "../storage/postgres/programs.ts";
import { loadKeys } from "../storage/vault/keys.ts";
import { sealedKeyName } from "../storage/vault/recovery.ts";
import { type VerifyReport, verify, verifyLines } from "../storage/verify.ts";
import type { Assets } from "./assets.ts";
import { type Config, ConfigError } from "./config.ts";
import { databaseName, lockFolder, openNode, programs } from "./node.ts";
import { restoreKey } from "./setup.ts";
import { landlineVersion } from "./version.ts";
import { verifyInput } from "./wire.ts";

/** @throws ConfigError, BackupError, KeyFileError or DatabaseError: one sentence that says what to do */
export async function coldBackup(env: Env, config: Config, assets: Assets, target: string): Promise<BackupManifest> {
  const { data } = config;
  checkTarget(data, target);
  refuseOtherOwner(data);
  refuseUnfinished(data);
  if (!existsSync(join(data, "node-id"))) throw new BackupError(`${data} holds no centre: is --data right?`);
  const keyFile = config["key-file"];
  const keys = loadKeys(keyFile);
  refuseRunning(config);
  const copy = (facts: BackupFacts): BackupManifest => makeColdBackup({ data, keyFile, target, keys, facts });
  if (config.database !== null) {
    lockFolder(data);
    return copy(await factsOf(env, externalTarget(config.database), null));
  }
  // The server that is started for the question is stopped in an orderly way: what is copied needs no recovery.
  const embedded = await EmbeddedPostgres.start(env, data, programs(config, assets));
  try {
    const major = readFileSync(join(data, "postgres/data/PG_VERSION"), "utf8").trim();
    const facts = await factsOf(env, embedded.target(databaseName), { major, arch: process.arch });
    await embedded.stopServer();
    return copy(facts);
  } finally {
    await embedded.stop();
  }
}

export function backupLines(config: Config, target: string, manifest: BackupManifest): string[] {
  const { head, postgres, organization } = manifest;
  const { files, bytes } = summary(manifest);
  const hasSealedCopy = manifest.files.some(({ path }) => path === sealedKeyName);
  return [
    `${target}: ${files} files, ${megabytes(bytes)} MB of ${organization.name}, up to event ${head.seq} (${head.hash})`,
    ...(postgres === null ? ["the database is not in it: it is yours, back it up with its own tools while this node is stopped"] : []),
    hasSealedCopy
      ? `the key file is not in it; the recovery kit opens the sealed copy that is. Keep ${config["key-file"]} elsewhere too`
      : `the key file is not in it, nor a sealed copy: without a copy of ${config["key-file"]} kept elsewhere nobody can read this (landline setup kit makes one)`,
  ];
}

/** For JSON: all but the list of files. */
export function summary({ files, folders: _folders, ...manifest }: BackupManifest) {
  return { ...manifest, files: files.length, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

export type Restored = {
  readonly manifest: BackupManifest;
  /** Files that are not what was signed, by name; when there are any, nothing was written. */
  readonly wrong: readonly string[];
  readonly signature: "checked" | "not checked";
  /** Null: only looked at, or the key file is not there yet. */
  readonly verification: VerifyReport | null;
};
export type RestoreOptions = {
  /** Look at the backup, write nothing. */
  readonly check: boolean;
  /** The recovery kit as it was typed; null: the key file is there, or comes later. */
  readonly kit: string | null;
};

/** @throws ConfigError, BackupError, KeyFileError or DatabaseError: one sentence that says what to do */
export async function restore(env: Env, config: Config, assets: Assets, folder: string, options: RestoreOptions): Promise<Restored> {
  const { data } = config;
  const keyFile = config["key-file"];
  if (options.kit !== null && existsSync(keyFile)) throw new ConfigError(`kit-file: ${keyFile} is there already, no kit is needed`);
  // Never made here: a new key file opens nothing.
  const keys = existsSync(keyFile) ? loadKeys(keyFile) : null;
  if (!options.check) {
    refuseOtherOwner(data);
    checkEmpty(data);
  }
  const abilities = { schemaNumber: migrations.length, postgresMajor: embeddedPostgresVersion.split(".")[0]!, arch: process.arch };
  const { manifest, wrong } = checkBackup(folder, keys, abilities);
  refuseOtherDatabase(config, manifest);
  const signature = keys === null ? "not checked" : "checked";
  if (options.check || wrong.length > 0) return { manifest, wrong, signature, verification: null };
  restoreFiles(folder, manifest, data, manifest.postgres !== null && process.getuid?.() === 0 ? serverUser() : null);
  if (options.kit !== null) restoreKey(config, options.kit);
  if (!existsSync(keyFile)) return { manifest, wrong, signature, verification: null };
  return { manifest, wrong, signature, verification: await proof(env, config, assets, manifest) };
}

export function restoredLines(config: Config, folder: string, options: RestoreOptions, restored: Restored): string[] {
  const { manifest, wrong, signature, verification } = restored;
  if (wrong.length > 0)
    return [...wrong.map((what) => `${folder}/${what}`), `${wrong.length} files are not what was backed up; nothing was written`];
  const made = `made ${isoInstant(manifest.madeAt)} by Landline ${manifest.landline}, up to event ${manifest.head.seq}`;
  const whole = [
    `${folder}: ${manifest.files.length} files, each as it was backed up; ${made}`,
    ...(signature === "checked" ? [] : ["the signature was not checked: the key file is not there"]),
  ];
  if (options.check) return whole;
  if (verification !== null) return [...whole, `restored into ${config.data}`, ...verifyLines(verification)];
  return [
    ...whole,
    `restored into ${config.data}; the log is not proved yet, as ${config["key-file"]} is not there`,
    `next: put the key file there, or run landline key restore with the recovery kit; then landline verify --rows`,
  ];
}

/** The proof of what stands in the folder now, and that the log ends where it did. */
async function proof(env: Env, config: Config, assets: Assets, { head }: BackupManifest): Promise<VerifyReport> {
  const node = await openNode(env, config, assets);
  try {
    const now = await node.log.head();
    const report = await verify(verifyInput(node, true));
    if (now.seq === head.seq && now.hash === head.hash) return report;
    const message = `the database ends at event ${now.seq} (${now.hash}), the backup was made at event ${head.seq} (${head.hash})`;
    return {
      ...report,
      findings: [{ code: "backup-head", place: `event ${now.seq}`, message }, ...report.findings],
      findingsTotal: report.findingsTotal + 1,
    };
  } finally {
    await node.close();
  }
}

async function factsOf(env: Env, target: ConnectTarget, postgres: BackupFacts["postgres"]): Promise<BackupFacts> {
  const sql = connect(target, { max: 1, name: "landline backup" });
  try {
    return { madeAt: env.clock.now(), landline: landlineVersion, postgres, ...(await standing(sql)) };
  } finally {
    await sql.end();
  }
}

/** By statements that every schema since the first understands: a backup is made before an upgrade, not after it. */
async function standing(sql: Sql): Promise<Pick<BackupFacts, "schema" | "organization" | "head">> {
  const [schema] = await sql<BackupFacts["schema"][]>`select number, name from migration order by number desc limit 1`;
  const [organization] = await sql<BackupFacts["organization"][]>`select id, name from organization`;
  const [head] = await sql<BackupFacts["head"][]>`select seq, encode(hash, 'hex') as hash from event_head()`;
  if (schema === undefined || organization === undefined) throw new BackupError("the database holds no centre");
  return { schema, organization, head: head! };
}

function refuseRunning(config: Config): void {
  const mend = "stop it first (systemctl stop landline, or SIGTERM), make the backup, start it again";
  const path = config.database === null ? appLockPath(config.data) : resolve(config.data, "node.lock");
  const lock = lockFile(path);
  if (lock === null) throw new BackupError(`a node runs on ${config.data}: ${mend}`);
  closeSync(lock);
}

// Files of root's in a service's folder would keep the service from starting.
function refuseOtherOwner(data: string): void {
  const owner = existsSync(data) ? statSync(data).uid : process.getuid!();
  if (process.getuid!() === 0 && owner !== 0)
    throw new BackupError(`${data} belongs to user ${owner}: run this as that user, as the node does (sudo -u '#${owner}' landline …)`);
}

function refuseOtherDatabase(config: Config, manifest: BackupManifest): void {
  if (manifest.postgres === null && config.database === null)
    throw new ConfigError("database: the backup was made beside a database of your own: bring that back first, and give its URL");
  if (manifest.postgres !== null && config.database !== null)
    throw new ConfigError("database: the backup holds its own database: leave the option out");
}
