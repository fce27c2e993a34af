// Analytics' conversation details: conversations that fit a query, with their sessions, segments and figures.
import { z } from "zod";
import type { Conversation } from "../../core/conversation/conversation.ts";
import { type ConversationDetail, conversationDetails, type ParticipantDetail } from "../../core/conversation/details.ts";
import type { LegMedia } from "../../core/conversation/media.ts";
import type { ConversationFilter } from "../../core/conversation/search.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput, NotFound } from "../../core/lib/errors.ts";
import { isId } from "../../core/lib/id.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";

const help = "api";
const pageSizeMax = 100;

/** Where each dimension that can be asked for lies in our filter, and whether its values are ids. */
const dimensions = {
  conversationId: { list: "conversationIds", isId: true },
  queueId: { list: "queueIds", isId: true },
  userId: { list: "userIds", isId: true },
  wrapUpCode: { list: "wrapupCodes", isId: false },
  disconnectType: { list: "disconnectTypes", isId: false },
  ani: { list: "callerNumbers", isId: false },
  dnis: { list: "calledNumbers", isId: false },
} as const satisfies Record<string, { readonly list: keyof ConversationFilter; readonly isId: boolean }>;
type Dimension = keyof typeof dimensions;

const predicate = z.object({ dimension: z.string().optional(), operator: z.string().optional(), value: z.string().optional() }).loose();
const clause = z.object({ type: z.enum(["and", "or"]), predicates: z.array(predicate) }).loose();
const filter = z
  .object({ type: z.enum(["and", "or"]), predicates: z.array(predicate).default([]), clauses: z.array(clause).default([]) })
  .loose();
type Filter = z.infer<typeof filter>;

const interval = z
  .string({ error: "Two instants with a slash between, like 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z." })
  .transform((text) => text.split("/").map((part) => Date.parse(part)))
  .refine(([from, to, more]) => Number.isFinite(from) && Number.isFinite(to) && from! < to! && more === undefined, {
    error: "Two instants with a slash between, the earlier first, like 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z.",
  });

const query = z
  .object({
    interval,
    order: z.enum(["asc", "desc"]).default("asc"),
    orderBy: z.literal("conversationStart", { error: "Built so far: conversationStart." }).default("conversationStart"),
    paging: z
      .object({
        pageSize: z.number().int().min(1).max(pageSizeMax, `At most ${pageSizeMax}.`).default(25),
        pageNumber: z.number().int().min(1).default(1),
      })
      .loose()
      .default({ pageSize: 25, pageNumber: 1 }),
    segmentFilters: z.array(filter).default([]),
    conversationFilters: z.array(filter).default([]),
  })
  .loose();

/**
 * All filters must fit. Within one, `or` is over values of one dimension, and `and` over different ones: what cannot be asked that way is
 * refused rather than answered wrongly. @throws BadInput naming the predicate
 */
function filterOf(filters: readonly Filter[], [from, to]: readonly number[]): ConversationFilter {
  const lists = new Map<Dimension, readonly string[]>();
  for (const each of filters) {
    for (const { type, predicates } of [{ type: each.type, predicates: each.predicates }, ...each.clauses]) {
      const asked = Map.groupBy(predicates, ({ dimension }) => dimension ?? "");
      if (type === "or" && asked.size > 1)
        throw new BadInput("An “or” over several dimensions is not built: ask for one of them.", "segmentFilters");
      for (const [name, of] of asked) {
        if (!Object.hasOwn(dimensions, name))
          throw new BadInput(`“${name}” cannot be asked for. Built so far: ${Object.keys(dimensions).join(", ")}.`, "dimension");
        const dimension = name as Dimension;
        const values = of.map(({ operator = "matches", value = "" }) => {
          if (operator !== "matches") throw new BadInput(`The operator “${operator}” is not built; “matches” is.`, "operator");
          if (dimensions[dimension].isId && !isId(value)) throw new BadInput(`“${value}” is no id.`, dimension);
          return value;
        });
        if (lists.has(dimension) || (type === "and" && values.length > 1))
          throw new BadInput(`“${name}” is asked for twice at once: put its values into one “or”.`, dimension);
        lists.set(dimension, values);
      }
    }
  }
  const named = [...lists].map(([dimension, values]) => [dimensions[dimension].list, values]);
  return { ...Object.fromEntries(named), from, to };
}

function presentDetail({ conversation, participants }: ConversationDetail, names: ReadonlyMap<string, string>) {
  return {
    conversationId: conversation.id,
    conversationStart: isoInstant(conversation.startedAt),
    ...(conversation.endedAt === null ? {} : { conversationEnd: isoInstant(conversation.endedAt) }),
    originatingDirection: conversation.direction,
    divisionIds: [conversation.divisionId],
    participants: participants.map((detail) => presentParticipant(conversation, detail, names)),
  };
}

function presentParticipant(
  conversation: Conversation,
  { participant, segments, metrics, media }: ParticipantDetail,
  names: ReadonlyMap<string, string>,
) {
  const { id, purpose, userId, queueId, startedAt, endedAt, disconnectType, wrapupCode } = participant;
  const name = purpose === "customer" ? conversation.callerName : (names.get(userId ?? queueId ?? "") ?? participant.name);
  // Whoever has no segments in our rows has their stay as one.
  const stays = segments.length > 0 ? segments : [{ type: ownSegment[purpose], startedAt, endedAt }];
  const last = stays.length - 1;
  return {
    participantId: id,
    ...(name === "" ? {} : { participantName: name }),
    purpose,
    ...(userId === null ? {} : { userId }),
    ...(purpose === "customer" ? { attributes: conversation.data } : {}),
    sessions: [
      {
        sessionId: id,
        mediaType: "voice",
        direction: conversation.direction,
        ani: conversation.callerNumber,
        dnis: conversation.calledNumber,
        segments: stays.map((segment, i) => ({
          segmentStart: isoInstant(segment.startedAt),
          ...(segment.endedAt === null ? {} : { segmentEnd: isoInstant(segment.endedAt) }),
          segmentType: segment.type,
          conference: false,
          ...(queueId === null ? {} : { queueId }),
          ...(i === last && disconnectType !== null ? { disconnectType } : {}),
          ...(i === last && wrapupCode !== null ? { wrapUpCode: wrapupCode } : {}),
        })),
        metrics: metrics.map((metric) => ({ name: metric.name, value: metric.value, emitDate: isoInstant(metric.at) })),
        ...(media.length === 0 ? {} : { mediaEndpointStats: media.map(presentMedia) }),
      },
    ],
  };
}

/** Of what arrived from the participant. The latency is one way: half of the longest round trip. */
function presentMedia({ verdict, measuredAt }: LegMedia) {
  if (verdict === null || measuredAt === null) return {};
  const { codec, from, roundTripMsMax } = verdict;
  return {
    codecs: codec === null ? [] : [codec],
    eventTime: isoInstant(measuredAt),
    ...(from === null ? {} : { minMos: Math.round(from.mosMin * 100) / 100 }),
    ...(roundTripMsMax === null ? {} : { maxLatencyMs: Math.round(roundTripMsMax / 2) }),
    receivedPackets: verdict.packetsReceived,
    discardedPackets: verdict.packetsDiscarded,
    duplicatePackets: verdict.packetsDuplicated,
    invalidPackets: verdict.packetsRefused,
  };
}

const ownSegment = {
  customer: "interact",
  ivr: "ivr",
  acd: "interact",
  agent: "interact",
  user: "interact",
  external: "interact",
  group: "interact",
} as const;

async function namesOf({ app }: WebPorts): Promise<ReadonlyMap<string, string>> {
  const [people, queues] = await Promise.all([app.stores.users.all(app.organizationId), app.stores.queues.all(app.organizationId)]);
  return new Map<string, string>([...people, ...queues].map(({ id, name }) => [id, name]));
}

async function one(c: WebContext, ports: WebPorts, id: string | undefined) {
  if (id === undefined || !isId(id)) throw new NotFound("conversation with this id");
  const page = { pageSize: 1, pageNumber: 1, order: "asc" } as const;
  const [detail] = (await conversationDetails(ports.app, c.var.actor, { conversationIds: [id] }, page)).entities;
  if (detail === undefined) throw new NotFound("conversation with this id");
  return presentDetail(detail, await namesOf(ports));
}

export const conversationDetailRoutes = [
  defineRoute({
    operation: "postAnalyticsConversationsDetailsQuery",
    method: "POST",
    path: "/api/v2/analytics/conversations/details/query",
    permission: "analytics:conversationDetail:view",
    help,
    summary: "Conversations that began within the interval and fit the filters, with sessions, segments and metrics.",
    body: query,
    response: "AnalyticsConversationQueryResponse",
    handler: async ({ body }, c, ports) => {
      const wanted = filterOf([...body.conversationFilters, ...body.segmentFilters], body.interval);
      const { entities, total } = await conversationDetails(ports.app, c.var.actor, wanted, { ...body.paging, order: body.order });
      const names = await namesOf(ports);
      return { totalHits: total, conversations: entities.map((detail) => presentDetail(detail, names)) };
    },
  }),
  defineRoute({
    operation: "getAnalyticsConversationDetails",
    method: "GET",
    path: "/api/v2/analytics/conversations/:conversationId/details",
    permission: "analytics:conversationDetail:view",
    help,
    summary: "One conversation with sessions, segments and metrics.",
    response: "AnalyticsConversation",
    handler: ({ params }, c, ports) => one(c, ports, params.conversationId),
  }),
];
