// Nodes: lives, leases, and who may declare whom dead.
import { expect, test } from "bun:test";
import type { Env } from "../core/env/env.ts";
import { newId } from "../core/lib/id.ts";
import { nodeLeaseMs } from "../core/lib/limits.ts";
import { testStorage } from "../tests/support/storage.ts";
import type { NodeIdentity } from "./append.ts";
import { endLease, fenceExpired, joinCluster, keptNodeId, renewLease, settleFenced } from "./nodes.ts";

const idsOf = (fenced: readonly NodeIdentity[]): string[] => fenced.map(({ nodeId }) => nodeId);

/** The same doors with a clock that stands where it is put. */
const at = (env: Env, now: number): Env => ({ ...env, clock: { ...env.clock, now: () => now } });

test("a folder keeps its node's id, and every start is a new life", async () => {
  const { env, folder, database } = await testStorage();
  const id = keptNodeId(env, folder);
  expect(keptNodeId(env, folder)).toBe(id);
  expect((await joinCluster(env, database.sql, id)).epoch).toBe(1);
  expect((await joinCluster(env, database.sql, id)).epoch).toBe(2);
});

test("a node whose lease ran out is fenced by exactly one other, and notices when it renews", async () => {
  const { env, database } = await testStorage();
  const { sql } = database;
  const start = env.clock.now();
  const [a, b, c] = [newId(env), newId(env), newId(env)];
  const mine = await joinCluster(at(env, start), sql, a);
  const late = at(env, start + nodeLeaseMs + 1);
  await joinCluster(late, sql, b);
  await joinCluster(late, sql, c);
  expect(await renewLease(at(env, start + 1_000), sql, mine)).toBe(true);
  expect(idsOf(await fenceExpired(late, sql, b))).not.toContain(a);
  const later = at(env, start + nodeLeaseMs + 1_001);
  const fenced = await Promise.all([fenceExpired(later, sql, b), fenceExpired(later, sql, c)]);
  expect(idsOf(fenced.flat()).filter((id) => id === a)).toEqual([a]);
  expect(await renewLease(later, sql, mine)).toBe(false);
  expect((await joinCluster(later, sql, a)).epoch).toBe(3);
});

test("nobody fences itself, and a lease that was given back is over at once", async () => {
  const { env, database } = await testStorage();
  const { sql } = database;
  const start = env.clock.now();
  const [a, b] = [newId(env), newId(env)];
  const mine = await joinCluster(at(env, start), sql, a);
  await joinCluster(at(env, start), sql, b);
  expect(idsOf(await fenceExpired(at(env, start + nodeLeaseMs * 2), sql, a))).not.toContain(a);
  await joinCluster(at(env, start), sql, a);
  await endLease(at(env, start), sql, { ...mine, epoch: 2 });
  expect(idsOf(await fenceExpired(at(env, start + 1), sql, b))).toEqual([a]);
});

test("a fenced node that nobody settled is handed out again; a settled one only when it has lived and died again", async () => {
  const { env, database } = await testStorage();
  const { sql } = database;
  const start = env.clock.now();
  const [a, b, c] = [newId(env), newId(env), newId(env)];
  await joinCluster(at(env, start), sql, a);
  const ids = async (by: string, now: number): Promise<string[]> =>
    idsOf(await fenceExpired(at(env, now), sql, by)).filter((id) => id === a);
  const first = start + nodeLeaseMs + 1;
  expect(await ids(b, first)).toEqual([a]);
  expect(await ids(c, first + 1)).toEqual([]);
  const second = first + nodeLeaseMs + 1;
  const [again] = (await fenceExpired(at(env, second), sql, c)).filter(({ nodeId }) => nodeId === a);
  await settleFenced(sql, again!);
  expect(await ids(b, second + nodeLeaseMs * 9)).toEqual([]);
  const alive = await joinCluster(at(env, second), sql, a);
  await settleFenced(sql, again!);
  expect(await renewLease(at(env, second), sql, alive)).toBe(true);
});
