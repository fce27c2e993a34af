// Who answers which queue, and which queues share their agents.
import type { App } from "../app.ts";
import { newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { EventDraft } from "../events/event.ts";
import type { QueueId, UserId } from "../lib/id.ts";
import type { Stores } from "../stores.ts";
import { poolsOf } from "./pool.ts";

type Membership = { readonly joined: boolean };

/** Adds a member, or sets whether they are joined. Pools are computed anew in the same transaction. @throws Forbidden · NotFound */
export async function setQueueMember(app: App, actor: Actor, queueId: QueueId, userId: UserId, member: Membership | null): Promise<void> {
  await setMemberships(app, actor, userId, new Map([[queueId, member]]));
}

/** The queues that somebody is a member of, all at once; where they are one already they stay joined or not. @throws Forbidden · NotFound */
export async function setUserQueues(app: App, actor: Actor, userId: UserId, wanted: readonly QueueId[]): Promise<void> {
  const has = await queuesOfUser(app, userId);
  const joins = wanted.filter((id) => !has.includes(id)).map((id) => [id, { joined: true }] as const);
  const leaves = has.filter((id) => !wanted.includes(id)).map((id) => [id, null] as const);
  await setMemberships(app, actor, userId, new Map<QueueId, Membership | null>([...joins, ...leaves]));
}

/** Where somebody is a member, joined or not. */
export async function queuesOfUser(app: App, userId: UserId): Promise<readonly QueueId[]> {
  const all = await app.stores.queues.memberships(app.organizationId);
  return all.filter((member) => member.userId === userId).map(({ queueId }) => queueId);
}

async function setMemberships(app: App, actor: Actor, userId: UserId, wanted: ReadonlyMap<QueueId, Membership | null>): Promise<void> {
  await app.unit.run(async (stores) => {
    const user = found(actor, "user with this id", await stores.users.byId(userId));
    const events: EventDraft[] = [];
    for (const [queueId, member] of wanted) {
      const queue = found(actor, "queue with this id", await stores.queues.byId(queueId));
      demand(actor, "routing:queueMember:manage", queue);
      const before = (await stores.queues.members(queueId)).find((entry) => entry.userId === userId) ?? null;
      if (before?.joined === member?.joined && (before === null) === (member === null)) continue;
      if (member === null) await stores.queues.removeMember(queueId, userId);
      else if (before === null) await stores.queues.addMember({ queueId, userId, joined: member.joined });
      else await stores.queues.setJoined(queueId, userId, member.joined);
      events.push(
        newEvent(app, {
          type: "routing.queue.member.set",
          actorId: actor.id,
          subjectIds: [queueId, user.id],
          divisionId: queue.divisionId,
          payload: { queueId, userId, before: before === null ? null : { joined: before.joined }, after: member },
        }),
      );
    }
    if (events.length > 0) await savePools(stores, app);
    return { value: undefined, events };
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
