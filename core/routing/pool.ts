// Routing pools: queues connected by shared members. One pool is one lock, so there is no lock order to get wrong.
import type { QueueId } from "../lib/id.ts";
import type { QueueMember } from "./queue.ts";

/** The pool id of every queue: the lowest queue id among those it is connected with. */
export function poolsOf(queueIds: readonly QueueId[], members: readonly QueueMember[]): ReadonlyMap<QueueId, string> {
  const parent = new Map<QueueId, QueueId>(queueIds.map((id) => [id, id]));
  const root = (id: QueueId): QueueId => {
    let at = id;
    while (parent.get(at) !== at) at = parent.get(at)!;
    parent.set(id, at);
    return at;
  };
  const firstQueueOf = new Map<string, QueueId>();
  for (const { userId, queueId } of members) {
    if (!parent.has(queueId)) continue;
    const first = firstQueueOf.get(userId);
    if (first === undefined) firstQueueOf.set(userId, queueId);
    else join(parent, root(first), root(queueId));
  }
  return new Map(queueIds.map((id) => [id, root(id)]));
}

// The lower id becomes the root, so that the name of a pool does not depend on the order of its members.
function join(parent: Map<QueueId, QueueId>, a: QueueId, b: QueueId): void {
  if (a < b) parent.set(b, a);
  else if (b < a) parent.set(a, b);
}
