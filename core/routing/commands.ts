// What changes queues and their members: check, one transaction of row and event, return the new value.
import type { App } from "../app.ts";
import { newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { EventDraft, Json } from "../events/index.ts";
import { Conflict } from "../lib/errors.ts";
import { newId, type QueueId, type UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import { poolsOf } from "./pool.ts";
import { type Queue, type QueueSettings, queueSettings } from "./queue.ts";

/** Makes a queue. @throws Forbidden · Conflict `general.duplicate` when the name is taken */
export async function createQueue(app: App, actor: Actor, input: QueueSettings): Promise<Queue> {
  demand(actor, "routing:queue:add", app);
  const { value } = await app.unit.run(async (stores) => {
    await refuseTakenName(stores, app, input.name, null);
    const id = newId<QueueId>(app.env);
    const now = app.env.clock.now();
    const queue: Queue = {
      ...input,
      id,
      organizationId: app.organizationId,
      divisionId: app.divisionId,
      version: 1,
      eventSeq: null,
      poolId: id,
      createdAt: now,
      modifiedAt: now,
    };
    await stores.queues.insert(queue);
    return { value: queue, events: [queueEvent(app, actor, "routing.queue.created", null, queue)] };
  });
  return value;
}

/**
 * Changes a queue's settings; `version` is the one the editor saw. @throws Forbidden · NotFound · Conflict `general.duplicate` · Conflict
 * `general.conflict` when somebody else was faster
 */
export async function editQueue(app: App, actor: Actor, id: QueueId, version: number, input: QueueSettings): Promise<Queue> {
  const { value } = await app.unit.run(async (stores) => {
    const before = found(actor, "queue with this id", await stores.queues.byId(id));
    demand(actor, "routing:queue:edit", before);
    await refuseTakenName(stores, app, input.name, id);
    const after: Queue = { ...before, ...input, version: version + 1, modifiedAt: app.env.clock.now() };
    if (JSON.stringify(queueSettings.parse(settingsOf(before))) === JSON.stringify(input) && before.version === version) {
      return { value: before, events: [] };
    }
    if (!(await stores.queues.update(after, version))) {
      throw new Conflict("Somebody else has changed this queue meanwhile. Load it again and repeat your change.");
    }
    return { value: after, events: [queueEvent(app, actor, "routing.queue.updated", before, after)] };
  });
  return value;
}

/** @throws Forbidden · NotFound · Conflict when conversations wait in it */
export async function deleteQueue(app: App, actor: Actor, id: QueueId): Promise<void> {
  await app.unit.run(async (stores) => {
    const before = found(actor, "queue with this id", await stores.queues.byId(id));
    demand(actor, "routing:queue:delete", before);
    const waiting = await stores.waiting.ofQueue(id);
    if (waiting.length > 0) {
      throw new Conflict(`${waiting.length} conversations are in this queue. Let them finish first.`, "queue.in.use");
    }
    await stores.queues.delete(id);
    await savePools(stores, app);
    return { value: undefined, events: [queueEvent(app, actor, "routing.queue.deleted", before, null)] };
  });
}

/** Adds a member, or sets whether they are joined. Pools are computed anew in the same transaction. @throws Forbidden · NotFound */
export async function setQueueMember(
  app: App,
  actor: Actor,
  queueId: QueueId,
  userId: UserId,
  member: { readonly joined: boolean } | null,
): Promise<void> {
  await app.unit.run(async (stores) => {
    const queue = found(actor, "queue with this id", await stores.queues.byId(queueId));
    demand(actor, "routing:queueMember:manage", queue);
    const user = found(actor, "user with this id", await stores.users.byId(userId));
    const before = (await stores.queues.members(queueId)).find((entry) => entry.userId === userId) ?? null;
    if (before?.joined === member?.joined && (before === null) === (member === null)) return { value: undefined, events: [] };
    if (member === null) await stores.queues.removeMember(queueId, userId);
    else if (before === null) await stores.queues.addMember({ queueId, userId, joined: member.joined });
    else await stores.queues.setJoined(queueId, userId, member.joined);
    await savePools(stores, app);
    const event = newEvent(app, {
      type: "routing.queue.member.set",
      actorId: actor.id,
      subjectIds: [queueId, user.id],
      divisionId: queue.divisionId,
      payload: { queueId, userId, before: before === null ? null : { joined: before.joined }, after: member },
    });
    return { value: undefined, events: [event] };
  });
}

/** Queues connected by shared members share one pool id, the lowest of their queue ids. */
export async function savePools(stores: Stores, app: App): Promise<void> {
  const { entities } = await stores.queues.list(app.organizationId, { divisionIds: null }, { pageSize: 100_000, pageNumber: 1 });
  const pools = poolsOf(
    entities.map((queue) => queue.id),
    await stores.queues.memberships(app.organizationId),
  );
  for (const queue of entities) {
    const poolId = pools.get(queue.id)!;
    if (queue.poolId !== poolId) await stores.queues.setPool(queue.id, poolId);
  }
}

async function refuseTakenName(stores: Stores, app: App, name: string, self: QueueId | null): Promise<void> {
  const other = await stores.queues.byName(app.organizationId, name);
  if (other !== null && other.id !== self) {
    throw new Conflict(`There is a queue with the name “${other.name}” already. Choose another name.`, "general.duplicate", "name");
  }
}

/** What of a queue is settings, in the schema's order. */
export function settingsOf(queue: Queue): QueueSettings {
  return Object.fromEntries(Object.keys(queueSettings.shape).map((key) => [key, queue[key as keyof QueueSettings]])) as QueueSettings;
}

/** What the log says of a queue: everything but the pool, which is derived, and the event's own sequence. */
export function queueFacts(queue: Queue): { readonly [key: string]: Json } {
  const { eventSeq: _seq, poolId: _pool, ...facts } = queue;
  return facts;
}

function queueEvent(app: App, actor: Actor, type: string, before: Queue | null, after: Queue | null): EventDraft {
  const queue = (after ?? before)!;
  return newEvent(app, {
    type,
    actorId: actor.id,
    subjectIds: [queue.id],
    divisionId: queue.divisionId,
    payload: { before: before && queueFacts(before), after: after && queueFacts(after) },
    ...(after === null ? {} : { rows: [{ table: "queue", id: queue.id }] }),
  });
}
