// Queue observations as the Platform API counts them: how many wait, talk, and are on queue right now.
import { z } from "zod";
import { isoInstant } from "../../core/lib/calendar.ts";
import { isId } from "../../core/lib/id.ts";
import { type QueueFigures, queueBoard } from "../../core/routing/queries.ts";
import { defineRoute } from "../route.ts";

const metrics = ["oWaiting", "oInteracting", "oOnQueueUsers", "oOffQueueUsers", "oActiveUsers", "oMemberUsers", "oLongestWaiting"] as const;
type Metric = (typeof metrics)[number];

/** The group and its data; `wanted` limits the metrics. */
export function observationsOf(figures: QueueFigures, wanted: readonly string[] = metrics) {
  const { agents } = figures;
  const members = Object.values(agents).reduce((sum, n) => sum + n, 0);
  const users = (metric: Metric, statuses: Readonly<Record<string, number>>) =>
    Object.entries(statuses).map(([qualifier, count]) => ({ metric, qualifier, stats: { count } }));
  const data = [
    { metric: "oWaiting", stats: { count: figures.nWaiting } },
    { metric: "oInteracting", stats: { count: agents.INTERACTING } },
    { metric: "oMemberUsers", stats: { count: members } },
    { metric: "oActiveUsers", stats: { count: members - agents.OFF_QUEUE } },
    ...users("oOnQueueUsers", { IDLE: agents.IDLE, INTERACTING: agents.INTERACTING, NOT_RESPONDING: agents.NOT_RESPONDING }),
    ...users("oOffQueueUsers", { OFF_QUEUE: agents.OFF_QUEUE }),
    ...(figures.longestSinceAt === null
      ? []
      : [{ metric: "oLongestWaiting", stats: { count: 1 }, observations: [{ observationDate: isoInstant(figures.longestSinceAt) }] }]),
  ];
  return { group: { queueId: figures.queue.id, mediaType: "voice" }, data: data.filter(({ metric }) => wanted.includes(metric)) };
}

const predicate = z.object({ dimension: z.string().optional(), value: z.string().optional() }).loose();
const clause = z.object({ predicates: z.array(predicate).optional() }).loose();

export const observationRoutes = [
  defineRoute({
    operation: "postAnalyticsQueuesObservationsQuery",
    method: "POST",
    path: "/api/v2/analytics/queues/observations/query",
    permission: "analytics:queueObservation:view",
    help: "api",
    summary: "What is going on in the queues that the filter names by queueId.",
    body: z
      .object({
        filter: z.object({ predicates: z.array(predicate).optional(), clauses: z.array(clause).optional() }).loose(),
        metrics: z.array(z.enum(metrics, { error: `Built so far: ${metrics.join(", ")}.` })).default([...metrics]),
      })
      .loose(),
    response: "QueueObservationQueryResponse",
    handler: async ({ body }, _c, ports) => {
      const { predicates = [], clauses = [] } = body.filter;
      const all = [...predicates, ...clauses.flatMap((one) => one.predicates ?? [])];
      const ids = all
        .filter(({ dimension }) => dimension === "queueId")
        .flatMap(({ value }) => (value === undefined || !isId(value) ? [] : [value]));
      const { queues } = await queueBoard(ports.app);
      // A queue that is asked for has its group, also when nothing goes on in it.
      return { results: queues.filter(({ queue }) => ids.includes(queue.id)).map((figures) => observationsOf(figures, body.metrics)) };
    },
  }),
];
