// Who answers which queue, and which queues share their agents.
import type { App } from "../app.ts";
import { newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { QueueId, UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import { poolsOf } from "./pool.ts";

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
  const queues = await stores.queues.all(app.organizationId);
  const pools = poolsOf(
    queues.map((queue) => queue.id),
    await stores.queues.memberships(app.organizationId),
  );
  for (const queue of queues) {
    const poolId = pools.get(queue.id)!;
    if (queue.poolId !== poolId) await stores.queues.setPool(queue.id, poolId);
  }
}
