// A node's place among the others: keeps its lease, joins again when it was declared dead, and closes what dead nodes left behind.
import type { App } from "../core/app.ts";
import type { Env } from "../core/env/env.ts";
import type { Journal } from "../core/events/index.ts";
import type { Exchange } from "../core/exchange/exchange.ts";
import { reapNode } from "../core/exchange/reaper.ts";
import type { NodeIdentity } from "../storage/append.ts";
import { fenceExpired, joinCluster, renewLease, settleFenced } from "../storage/nodes.ts";
import type { Sql } from "../storage/postgres/connect.ts";

export class Membership {
  constructor(
    private readonly env: Env,
    private readonly sql: Sql,
    private readonly identity: NodeIdentity,
    private readonly app: App,
    private readonly journal: Journal,
    private readonly exchange: () => Exchange,
  ) {}

  /** Called well within the lease. */
  async keep(): Promise<void> {
    if (!(await renewLease(this.env, this.sql, this.identity))) await this.rejoin();
    for (const dead of await fenceExpired(this.env, this.sql, this.app.nodeId)) {
      const ended = await reapNode(this.app, this.journal, dead.nodeId, "node-died");
      if (ended > 0) this.env.log.warn("conversations of a dead node were closed", { node: dead.nodeId, count: ended });
      // Only what is in the log is done: until then its lease is ours for a while, and whoever finds it run out does this again.
      await this.journal.drained();
      await settleFenced(this.sql, dead);
    }
  }

  /** A new life: what the last one held is closed, and new calls are taken again. */
  async rejoin(): Promise<void> {
    await this.exchange().endAll("node-fenced");
    const { epoch } = await joinCluster(this.env, this.sql, this.app.nodeId);
    this.identity.epoch = epoch;
  }
}
