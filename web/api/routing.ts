// Platform API, family Routing: queues and their members, skills, wrap-up codes. The same commands as the pages.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput } from "../../core/lib/errors.ts";
import { isId, type QueueId, type UserId } from "../../core/lib/id.ts";
import { createQueue, deleteQueue, editQueue, setQueueMember, settingsOf } from "../../core/routing/commands.ts";
import {
  type Queue,
  type QueueSettings,
  queueSettings,
  scoringMethods,
  skillEvaluationMethods,
  wrapupPrompts,
} from "../../core/routing/queue.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { listing, pageQuery } from "./listing.ts";

const help = "api";

/** The parts of the API's queue that exist here; others are accepted only when absent, so that nothing is silently ignored. */
const queueBody = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  division: z.object({ id: z.string() }).loose().optional(),
  skillEvaluationMethod: z.enum(skillEvaluationMethods).optional(),
  scoringMethod: z.enum(scoringMethods).optional(),
  mediaSettings: z
    .object({
      call: z
        .object({
          alertingTimeoutSeconds: z.number().optional(),
          serviceLevel: z.object({ percentage: z.number().optional(), durationMs: z.number().optional() }).loose().optional(),
        })
        .loose()
        .optional(),
    })
    .loose()
    .optional(),
  acwSettings: z
    .object({ wrapupPrompt: z.enum(wrapupPrompts).optional(), timeoutMs: z.number().optional() })
    .loose()
    .optional(),
  // What a client sends back of what it was given.
  id: z.string().optional(),
  selfUri: z.string().optional(),
  dateCreated: z.string().optional(),
  dateModified: z.string().optional(),
  memberCount: z.number().optional(),
  joinedMemberCount: z.number().optional(),
});

function toSettings(body: z.infer<typeof queueBody>, before: QueueSettings | null): QueueSettings {
  const call = body.mediaSettings?.call;
  const given = {
    name: body.name,
    description: body.description,
    skillEvaluationMethod: body.skillEvaluationMethod,
    scoringMethod: body.scoringMethod,
    alertingTimeoutSeconds: call?.alertingTimeoutSeconds,
    serviceLevelPercentage: call?.serviceLevel?.percentage,
    serviceLevelMs: call?.serviceLevel?.durationMs,
    acwWrapupPrompt: body.acwSettings?.wrapupPrompt,
    acwTimeoutMs: body.acwSettings?.timeoutMs,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = queueSettings.safeParse({ ...before, ...set });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BadInput(`${issue.path.join(".")}: ${issue.message}`, String(issue.path[0]));
}

export async function presentQueue(ports: WebPorts, queue: Queue) {
  const members = await ports.app.stores.queues.members(queue.id);
  return {
    id: queue.id,
    name: queue.name,
    description: queue.description,
    division: { id: queue.divisionId, selfUri: `/api/v2/authorization/divisions/${queue.divisionId}` },
    dateCreated: isoInstant(queue.createdAt),
    dateModified: isoInstant(queue.modifiedAt),
    memberCount: members.length,
    joinedMemberCount: members.filter((member) => member.joined).length,
    mediaSettings: {
      call: {
        alertingTimeoutSeconds: queue.alertingTimeoutSeconds,
        serviceLevel: { percentage: queue.serviceLevelPercentage, durationMs: queue.serviceLevelMs },
      },
    },
    acwSettings: { wrapupPrompt: queue.acwWrapupPrompt, timeoutMs: queue.acwTimeoutMs },
    skillEvaluationMethod: queue.skillEvaluationMethod,
    scoringMethod: queue.scoringMethod,
    selfUri: `/api/v2/routing/queues/${queue.id}`,
  };
}

async function queueOf(c: WebContext, ports: WebPorts, id: string | undefined): Promise<Queue> {
  return found(c.var.actor, "queue with this id", id !== undefined && isId(id) ? await ports.app.stores.queues.byId(id as QueueId) : null);
}

const listQuery = pageQuery.extend({ name: z.string().optional() });

export const routingRoutes = [
  defineRoute({
    operation: "getRoutingQueues",
    method: "GET",
    path: "/api/v2/routing/queues",
    permission: "routing:queue:view",
    help,
    summary: "Queues by name, paged.",
    query: listQuery,
    response: "QueueEntityListing",
    handler: async ({ query }, _c, ports) => {
      const { app } = ports;
      const page = await app.stores.queues.list(
        app.organizationId,
        { ...(query.name === undefined ? {} : { name: query.name }), divisionIds: null },
        query,
      );
      const entities = await Promise.all(page.entities.map((queue) => presentQueue(ports, queue)));
      return listing("/api/v2/routing/queues", query, { name: query.name }, { entities, total: page.total }, (queue) => queue);
    },
  }),
  defineRoute({
    operation: "postRoutingQueues",
    method: "POST",
    path: "/api/v2/routing/queues",
    permission: "routing:queue:add",
    help,
    summary: "Makes a queue.",
    body: queueBody,
    response: "Queue",
    handler: async ({ body }, c, ports) => presentQueue(ports, await createQueue(ports.app, c.var.actor, toSettings(body, null))),
  }),
  defineRoute({
    operation: "getRoutingQueue",
    method: "GET",
    path: "/api/v2/routing/queues/:queueId",
    permission: "routing:queue:view",
    help,
    summary: "One queue.",
    response: "Queue",
    handler: async ({ params }, c, ports) => presentQueue(ports, await queueOf(c, ports, params.queueId)),
  }),
  defineRoute({
    operation: "putRoutingQueue",
    method: "PUT",
    path: "/api/v2/routing/queues/:queueId",
    permission: "routing:queue:edit",
    help,
    summary: "Changes a queue; what is not given stays as it is.",
    body: queueBody,
    response: "Queue",
    handler: async ({ params, body }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      return presentQueue(ports, await editQueue(ports.app, c.var.actor, queue.id, queue.version, toSettings(body, settingsOf(queue))));
    },
  }),
  defineRoute({
    operation: "deleteRoutingQueue",
    method: "DELETE",
    path: "/api/v2/routing/queues/:queueId",
    permission: "routing:queue:delete",
    help,
    summary: "Deletes a queue in which nobody waits.",
    status: 204,
    response: "none",
    handler: async ({ params }, c, ports) => deleteQueue(ports.app, c.var.actor, (await queueOf(c, ports, params.queueId)).id),
  }),
  defineRoute({
    operation: "getRoutingQueueMembers",
    method: "GET",
    path: "/api/v2/routing/queues/:queueId/members",
    permission: "routing:queue:view",
    help,
    summary: "Members of a queue, paged.",
    query: pageQuery,
    response: "QueueMemberEntityListing",
    handler: async ({ params, query }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      const members = await ports.app.stores.queues.members(queue.id);
      const slice = members.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
      const path = `/api/v2/routing/queues/${queue.id}/members`;
      return listing(path, query, {}, { entities: slice, total: members.length }, (member) => ({
        id: member.userId,
        user: { id: member.userId, selfUri: `/api/v2/users/${member.userId}` },
        joined: member.joined,
        ringNumber: 1,
        memberBy: "user",
        selfUri: `${path}/${member.userId}`,
      }));
    },
  }),
  defineRoute({
    operation: "postRoutingQueueMembers",
    method: "POST",
    path: "/api/v2/routing/queues/:queueId/members",
    permission: "routing:queueMember:manage",
    help,
    summary: "Adds members, or removes them with delete=true.",
    query: z.object({ delete: z.enum(["true", "false"]).default("false") }),
    body: z.array(z.object({ id: z.string().refine(isId, "not an id") }).loose()).max(100, "at most 100 at once"),
    response: "none",
    handler: async ({ params, query, body }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      for (const { id } of body)
        await setQueueMember(ports.app, c.var.actor, queue.id, id as UserId, query.delete === "true" ? null : { joined: true });
      return {};
    },
  }),
  defineRoute({
    operation: "getRoutingSkills",
    method: "GET",
    path: "/api/v2/routing/skills",
    permission: "routing:skill:view",
    help,
    summary: "Skills, paged.",
    query: pageQuery,
    response: "SkillEntityListing",
    handler: async ({ query }, _c, ports) => {
      const all = (await ports.app.stores.skills.list(ports.app.organizationId)).filter((skill) => skill.kind === "skill");
      const entities = all.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
      return listing("/api/v2/routing/skills", query, {}, { entities, total: all.length }, ({ id, name }) => ({
        id,
        name,
        state: "active",
        selfUri: `/api/v2/routing/skills/${id}`,
      }));
    },
  }),
  defineRoute({
    operation: "getRoutingWrapupcodes",
    method: "GET",
    path: "/api/v2/routing/wrapupcodes",
    permission: "routing:wrapupCode:view",
    help,
    summary: "Wrap-up codes, paged.",
    query: pageQuery,
    response: "WrapupCodeEntityListing",
    handler: async ({ query }, _c, ports) => {
      const all = await ports.app.stores.wrapupCodes.list(ports.app.organizationId);
      const entities = all.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
      return listing("/api/v2/routing/wrapupcodes", query, {}, { entities, total: all.length }, ({ id, name }) => ({
        id,
        name,
        selfUri: `/api/v2/routing/wrapupcodes/${id}`,
      }));
    },
  }),
];
