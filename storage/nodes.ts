// Nodes of the cluster: who is alive, in which life, until when.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../core/env/env.ts";
import { isId, newId } from "../core/lib/id.ts";
import { nodeLeaseMs } from "../core/lib/limits.ts";
import type { NodeIdentity } from "./append.ts";
import type { Sql } from "./postgres/connect.ts";

/** This data folder's node id, made at the first start. */
export function keptNodeId(env: Env, data: string): string {
  const path = join(data, "node-id");
  if (!existsSync(path)) writeFileSync(path, `${newId(env)}\n`, { flag: "wx", flush: true });
  const id = readFileSync(path, "utf8").trim();
  if (!isId(id)) throw new Error(`${path} holds no node id`);
  return id;
}

/** Begins a new life of the node: its epoch counts up, and whatever wrote under the old one is refused from now on. */
export async function joinCluster(env: Env, sql: Sql, nodeId: string): Promise<NodeIdentity> {
  const now = env.clock.now();
  const [row] = await sql<{ epoch: number }[]>`
    insert into node (id, epoch, started_at, lease_until) values (${nodeId}, 1, ${now}, ${now + nodeLeaseMs})
    on conflict (id) do update set epoch = node.epoch + 1, started_at = excluded.started_at, lease_until = excluded.lease_until
    returning epoch`;
  return { nodeId, epoch: row!.epoch };
}

/** Says that we live. False: another node has fenced us. */
export async function renewLease(env: Env, sql: Sql, identity: NodeIdentity): Promise<boolean> {
  const renewed = await sql`
    update node set lease_until = ${env.clock.now() + nodeLeaseMs} where id = ${identity.nodeId} and epoch = ${identity.epoch} returning 1`;
  return renewed.length > 0;
}

/** Gives the lease back at an orderly stop: nobody has to wait for it to run out. */
export async function endLease(env: Env, sql: Sql, identity: NodeIdentity): Promise<void> {
  await sql`update node set lease_until = ${env.clock.now()} where id = ${identity.nodeId} and epoch = ${identity.epoch}`;
}

/**
 * Fences nodes whose lease ran out: each is returned to exactly one caller, who then closes what it left behind and settles it. A caller that
 * dies over it loses that node to the next when the time of a lease is over.
 */
export async function fenceExpired(env: Env, sql: Sql, self: string): Promise<NodeIdentity[]> {
  const now = env.clock.now();
  return sql<NodeIdentity[]>`
    update node set epoch = epoch + 1, lease_until = ${now + nodeLeaseMs}
    where lease_until < ${now} and id <> ${self} returning id as "nodeId", epoch`;
}

/** All that a fenced node left is closed: nobody has to look at it again, unless it lives again. */
export async function settleFenced(sql: Sql, fenced: NodeIdentity): Promise<void> {
  await sql`update node set lease_until = 'infinity' where id = ${fenced.nodeId} and epoch = ${fenced.epoch}`;
}
