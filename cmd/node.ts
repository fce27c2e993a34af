// Opens what every subcommand needs of the data: keys, database, log and stores, in this order; closes it in the other.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { App, SecretSeal } from "../core/app.ts";
import { LiveSound } from "../core/call/live-sound.ts";
import { newOrganization, type Organization, organizationCreated, unnamed } from "../core/directory/organization.ts";
import type { Env, Timer } from "../core/env/env.ts";
import type { LoggedEvent } from "../core/events/event.ts";
import { type DivisionId, newId, type OrganizationId } from "../core/lib/id.ts";
import { nodeLeaseMs } from "../core/lib/limits.ts";
import type { Stores } from "../core/stores.ts";
import type { NodeIdentity } from "../storage/append.ts";
import { refuseUnfinished } from "../storage/backup/restore.ts";
import { PostgresEventLog } from "../storage/event-log.ts";
import { freeBytes } from "../storage/files.ts";
import { Hint } from "../storage/live-tail.ts";
import { endLease, joinCluster, keptNodeId, renewLease } from "../storage/nodes.ts";
import { loadPasswordHasher } from "../storage/password.ts";
import { type ConnectTarget, connect, type Sql } from "../storage/postgres/connect.ts";
import { EmbeddedPostgres, runningTarget } from "../storage/postgres/embedded.ts";
import { checkServer, DatabaseError, externalTarget } from "../storage/postgres/external.ts";
import { lockFile } from "../storage/postgres/folder-lock.ts";
import { migrate } from "../storage/postgres/migrate.ts";
import { postgresStores } from "../storage/stores/index.ts";
import { PostgresUnitOfWork } from "../storage/unit-of-work.ts";
import { DataKeys } from "../storage/vault/data-keys.ts";
import { KeyFileError, type Keys, loadOrCreateKeys } from "../storage/vault/keys.ts";
import { FileRecordings } from "../storage/vault/recordings.ts";
import { seal, unseal } from "../storage/vault/seal.ts";
import type { Assets } from "./assets.ts";
import type { Config } from "./config.ts";

export const databaseName = "landline";
const connectionsMax = 20;
/** Programs, a fresh cluster and its first log of writes. */
const roomMegabytes = 256;

export type OpenNode = {
  readonly env: Env;
  readonly config: Config;
  readonly keys: Keys;
  readonly sql: Sql;
  readonly embedded: EmbeddedPostgres | null;
  readonly identity: NodeIdentity;
  readonly organization: Organization;
  readonly dataKeys: DataKeys;
  readonly log: PostgresEventLog;
  readonly unit: PostgresUnitOfWork<Stores>;
  readonly recordings: FileRecordings;
  readonly app: App;
  readonly version: string;
  /** Of this process, as its hints carry it. */
  readonly hintId: string;
  /** Called after every commit of this process that appended something. */
  onCommit: (events: readonly LoggedEvent[]) => void;
  close(): Promise<void>;
};

/** Keys, database, migrations, this node's new life. Creates the organization at the first start. */
export async function openNode(env: Env, config: Config, assets: Assets): Promise<OpenNode> {
  openFolder(config);
  const keys = keysOf(env, config);
  demandRoom(config);
  const embedded = config.database === null ? await EmbeddedPostgres.start(env, config.data, programs(config, assets)) : null;
  if (embedded === null) lockFolder(config.data);
  try {
    await embedded?.ensureDatabase(databaseName);
    const target: ConnectTarget = embedded?.target(databaseName) ?? externalTarget(config.database!);
    return await openDatabase(env, config, keys, embedded, target, keptNodeId(env, config.data));
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/**
 * For subcommands beside a running node: joins under an id of its own, so that it neither fences the node nor is fenced, and uses the
 * database that runs already; where none runs, it starts one.
 */
export async function attachNode(env: Env, config: Config, assets: Assets): Promise<OpenNode> {
  openFolder(config);
  const keys = keysOf(env, config);
  const target = config.database === null ? runningTarget(config.data, databaseName) : externalTarget(config.database);
  const isRunning = target !== null && (await answers(target));
  return keptAlive(await (isRunning ? openDatabase(env, config, keys, null, target, newId(env)) : openNode(env, config, assets)));
}

/** A subcommand may take longer than a lease, and a node that runs closes what belongs to those whose lease is over. */
function keptAlive(node: OpenNode): OpenNode {
  const { env } = node;
  let timer: Timer | null = null;
  const again = (): void => {
    timer = env.clock.after(nodeLeaseMs / 3, () => {
      again();
      renewLease(env, node.sql, node.identity).catch((error: unknown) => env.log.warn("lease not renewed", { reason: String(error) }));
    });
  };
  again();
  const close = async (): Promise<void> => {
    timer?.cancel();
    await node.close();
  };
  return { ...node, close };
}

function openFolder(config: Config): void {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  refuseUnfinished(config.data);
}

/** A new key file is for new data alone: beside data that has one, it would open nothing. @throws KeyFileError */
function keysOf(env: Env, config: Config): Keys {
  const path = config["key-file"];
  if (!existsSync(path) && existsSync(join(config.data, "checkpoints.log")))
    throw new KeyFileError(
      `key file ${path} is not there, but data that need theirs are in ${config.data}: put the copy back, name it with --key-file, or run \`landline key restore\` with the recovery kit`,
    );
  return loadOrCreateKeys(env, path);
}

/** The first start makes a database, which must not stop half-way. @throws DatabaseError */
function demandRoom(config: Config): void {
  if (config.database !== null || existsSync(join(config.data, "postgres/data"))) return;
  const free = Math.floor(freeBytes(config.data) / 1024 ** 2);
  if (free < roomMegabytes)
    throw new DatabaseError(
      `${free} MB are free under ${config.data}, a first start needs ${roomMegabytes}: make room, or choose another folder with --data`,
    );
}

/** @throws KeyFileError */
async function demandOwnKeys(sql: Sql, dataKeys: DataKeys, config: Config): Promise<void> {
  const [own] = await sql<{ id: string }[]>`select id from data_key where kind = 'organization' and wrapped is not null limit 1`;
  if (own !== undefined && (await dataKeys.byIds([own.id])).size === 0)
    throw new KeyFileError(
      `key file ${config["key-file"]} is another centre's and does not open these data: name theirs with --key-file, or bring it back with \`landline key restore\` and the recovery kit`,
    );
}

/**
 * With a server of the operator's own the journal and the recordings still have one owner. Held until the process ends.
 * @throws DatabaseError
 */
export function lockFolder(data: string): void {
  if (lockFile(join(data, "node.lock")) === null) throw new DatabaseError(`${data} is in use by another Landline process`);
}

async function answers(target: ConnectTarget): Promise<boolean> {
  const sql = connect(target, { max: 1, name: "landline probe" });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

export function programs(config: Config, assets: Assets) {
  return config["postgres-bin"] === null
    ? ({ kind: "asset", read: assets.postgres } as const)
    : ({ kind: "system", folder: config["postgres-bin"] } as const);
}

async function openDatabase(
  env: Env,
  config: Config,
  keys: Keys,
  embedded: EmbeddedPostgres | null,
  target: ConnectTarget,
  nodeId: string,
): Promise<OpenNode> {
  const sql = connect(target, { max: connectionsMax, name: "landline" });
  const keySql = connect(target, { max: 2, name: "landline keys" });
  const version = await checkServer(sql);
  await migrate(sql);
  const identity = await joinCluster(env, sql, nodeId);
  const organization = await onlyOrganization(env, sql, keySql, keys, identity);
  const dataKeys = new DataKeys(env, keySql, keys, organization.id);
  await demandOwnKeys(sql, dataKeys, config);
  const log = new PostgresEventLog(sql, dataKeys);
  const hint = new Hint(sql, newId(env));
  const unit = new PostgresUnitOfWork<Stores>(sql, { env, identity, keys: dataKeys }, postgresStores, (events) => {
    hint.ring();
    node.onCommit(events);
  });
  const stores = postgresStores(sql);
  const app: App = {
    env,
    organizationId: organization.id,
    divisionId: organization.divisionId as DivisionId,
    nodeId: identity.nodeId,
    stores,
    unit,
    log,
    sound: new LiveSound(),
    passwords: await loadPasswordHasher(env, join(config.data, "lib")),
    secrets: secretSeal(env, keys),
  };
  const node: OpenNode = {
    env,
    config,
    keys,
    sql,
    embedded,
    identity,
    organization,
    dataKeys,
    log,
    unit,
    recordings: new FileRecordings(env, join(config.data, "recordings"), keys),
    app,
    version,
    hintId: hint.id,
    onCommit: () => undefined,
    close: async () => {
      await endLease(env, sql, identity).catch(() => undefined);
      await Promise.all([sql.end({ timeout: 5 }), keySql.end({ timeout: 5 })]);
      await embedded?.stop();
    },
  };
  return node;
}

function secretSeal(env: Env, keys: Keys): SecretSeal {
  const key = keys.derive("secrets");
  return {
    seal: (text, place) => seal(env.random, key, Buffer.from(text, "utf8"), place).toString("base64"),
    open: (sealed, place) => unseal(key, Buffer.from(sealed, "base64"), place)?.toString("utf8") ?? null,
  };
}

// Two processes may start at once on one database: whoever gets the lock makes it, with the event that says so, and the other finds it.
async function onlyOrganization(env: Env, sql: Sql, keySql: Sql, keys: Keys, identity: NodeIdentity): Promise<Organization> {
  return (await sql.begin(async (session) => {
    await session`select pg_advisory_xact_lock(7311004)`;
    const [found] = await postgresStores(session).organizations.list();
    if (found !== undefined) return found;
    const organization = newOrganization(newId<OrganizationId>(env), newId<DivisionId>(env), unnamed, env.clock.now());
    const dataKeys = new DataKeys(env, keySql, keys, organization.id);
    const unit = new PostgresUnitOfWork<Stores>(sql, { env, identity, keys: dataKeys }, postgresStores);
    await unit.run(async (stores) => {
      await stores.organizations.insert(organization);
      return { value: undefined, events: [organizationCreated(env, organization, identity.nodeId)] };
    });
    return organization;
  })) as Organization;
}
