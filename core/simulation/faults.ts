// Planted faults: defects that can be switched on one at a time, to prove that the simulator's invariants would find them.
import type { Stores } from "../stores.ts";

export const faultKinds = [
  "reserve-without-condition",
  "free-agent-twice",
  "lose-event",
  "append-twice",
  "acknowledge-before-disk",
  "lose-delivery",
  "deaf-assigner",
  "forget-ring-timer",
  "forget-lost-agent-timer",
  "forget-after-call-work",
  "keep-waiting-after-end",
  "skip-reaper",
  "forget-recording",
  "wrong-as-of",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Strikes at every so many occasions; rare occasions strike each time. */
const strikesEvery: { readonly [kind in FaultKind]?: number } = { "acknowledge-before-disk": 1, "append-twice": 1, "forget-ring-timer": 2 };

/** Which defect is on, if any, and whether a run came by the place where it strikes. */
export class Faults {
  /** How often the defect had its effect; a fault that never struck proves nothing. */
  struck = 0;
  private occasions = 0;
  private readonly every: number;

  constructor(readonly on: FaultKind | null) {
    this.every = on === null ? 1 : (strikesEvery[on] ?? 7);
  }

  has(kind: FaultKind): boolean {
    return this.on === kind;
  }

  hit(kind: FaultKind): void {
    if (this.on === kind) this.struck += 1;
  }

  /** At an occasion of `kind`: whether the defect strikes now. */
  strikes(kind: FaultKind): boolean {
    if (this.on !== kind) return false;
    this.occasions += 1;
    if (this.occasions % this.every !== 0) return false;
    this.struck += 1;
    return true;
  }
}

/** The stores with the defect built in. */
export function faultyStores(stores: Stores, faults: Faults): Stores {
  if (faults.on === null) return stores;
  return {
    ...stores,
    agents: {
      ...stores.agents,
      reserve: async (userId, alertId) => {
        if (await stores.agents.reserve(userId, alertId)) return true;
        const agent = faults.has("reserve-without-condition") ? await stores.agents.byUser(userId) : null;
        if (agent === null) return false;
        faults.hit("reserve-without-condition");
        const { routingStatus, routingStatusAt } = agent;
        return stores.agents.take(userId, agent.inHand, { kind: "alert", id: alertId }, { routingStatus, at: routingStatusAt });
      },
      take: async (userId, from, to, change) => {
        const taken = await stores.agents.take(userId, from, to, change);
        if (taken && to.kind === "after-call-work" && faults.strikes("free-agent-twice")) {
          await stores.agents.take(userId, to, { kind: "nothing" }, { ...change, routingStatus: "IDLE" });
        }
        return taken;
      },
      dueAfterCallWork: async (now, limit) => {
        const due = await stores.agents.dueAfterCallWork(now, limit);
        if (!faults.has("forget-after-call-work") || due.length === 0) return due;
        faults.hit("forget-after-call-work");
        return [];
      },
    },
    waiting: {
      ...stores.waiting,
      leave: async (id) => {
        if (faults.strikes("keep-waiting-after-end")) return true;
        return stores.waiting.leave(id);
      },
    },
    recordings: {
      ...stores.recordings,
      close: async (id, facts) => (faults.strikes("forget-recording") ? true : stores.recordings.close(id, facts)),
    },
    routing: {
      ...stores.routing,
      snapshot: async (organizationId, poolId) => {
        const snapshot = await stores.routing.snapshot(organizationId, poolId);
        if (snapshot.waiting.length === 0 || !faults.strikes("wrong-as-of")) return snapshot;
        return { ...snapshot, asOfSeq: Math.max(0, snapshot.asOfSeq - 4) };
      },
    },
  };
}
