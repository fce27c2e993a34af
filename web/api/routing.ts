// Queues with their members, skills, languages and wrap-up codes, as the Platform API has them.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { isId, type QueueId, type UserId } from "../../core/lib/id.ts";
import { editObject, settingsOf } from "../../core/objects/commands.ts";
import { setQueueMember } from "../../core/routing/commands.ts";
import { queueKind, skillKind, wrapupCodeKind } from "../../core/routing/kinds.ts";
import {
  type Queue,
  type QueueSettings,
  type Skill,
  type SkillSettings,
  scoringMethods,
  skillEvaluationMethods,
  type WrapupCode,
  wrapupPrompts,
} from "../../core/routing/queue.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { listing, pageQuery } from "./listing.ts";
import { bodyOf, objectOperations, reference } from "./objects.ts";

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
  version: z.number().optional(),
  memberCount: z.number().optional(),
  joinedMemberCount: z.number().optional(),
});

async function queueOf(c: WebContext, ports: WebPorts, id: string | undefined): Promise<Queue> {
  return found(c.var.actor, "queue with this id", id !== undefined && isId(id) ? await ports.app.stores.queues.byId(id as QueueId) : null);
}

const queueOperations = objectOperations<Queue, QueueSettings>({
  kind: queueKind,
  path: "/api/v2/routing/queues",
  entity: "Queue",
  listing: "QueueEntityListing",
  words: ["queue", "queues"],
  operations: {
    list: "getRoutingQueues",
    create: "postRoutingQueues",
    get: "getRoutingQueue",
    update: ["PUT", "putRoutingQueue"],
    delete: "deleteRoutingQueue",
  },
  body: queueBody,
  settings: (body: z.infer<typeof queueBody>) => {
    const call = body.mediaSettings?.call;
    return {
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
  },
  present: async (queue, ports) => {
    const members = await ports.app.stores.queues.members(queue.id);
    return {
      description: queue.description,
      division: reference("/api/v2/authorization/divisions", queue.divisionId),
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
    };
  },
});

/** Skills and languages are one kind here and two families there. */
function skillOperations(kind: Skill["kind"], path: string, names: readonly string[]) {
  const [list, create, get, remove] = names as [string, string, string, string];
  const word = kind === "skill" ? (["skill", "skills"] as const) : (["language", "languages"] as const);
  return objectOperations<Skill, SkillSettings>({
    kind: skillKind,
    path,
    entity: kind === "skill" ? "RoutingSkill" : "Language",
    listing: kind === "skill" ? "SkillEntityListing" : "LanguageEntityListing",
    words: word,
    operations: { list, create, get, delete: remove },
    body: bodyOf({}),
    only: (skill) => skill.kind === kind,
    settings: (body: { readonly name?: string }) => ({ name: body.name, kind }),
    present: () => ({ state: "active" }),
  });
}

const wrapupCodeOperations = objectOperations<WrapupCode, { readonly name: string }>({
  kind: wrapupCodeKind as never,
  path: "/api/v2/routing/wrapupcodes",
  entity: "WrapupCode",
  listing: "WrapupCodeEntityListing",
  words: ["wrap-up code", "wrap-up codes"],
  operations: {
    list: "getRoutingWrapupcodes",
    create: "postRoutingWrapupcodes",
    get: "getRoutingWrapupcode",
    update: ["PUT", "putRoutingWrapupcode"],
    delete: "deleteRoutingWrapupcode",
  },
  body: bodyOf({}),
  settings: (body: { readonly name?: string }) => ({ name: body.name }),
  present: (code) => ({ division: reference("/api/v2/authorization/divisions", code.divisionId) }),
});

export const routingRoutes = [
  ...queueOperations,
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
    operation: "getRoutingQueueWrapupcodes",
    method: "GET",
    path: "/api/v2/routing/queues/:queueId/wrapupcodes",
    permission: "routing:wrapupCode:view",
    help,
    summary: "The wrap-up codes that a queue offers, paged.",
    query: pageQuery,
    response: "WrapupCodeEntityListing",
    handler: async ({ params, query }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      const all = await ports.app.stores.wrapupCodes.all(ports.app.organizationId);
      const offered = all.filter((code) => queue.wrapupCodeIds.includes(code.id));
      const slice = offered.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
      const path = `/api/v2/routing/queues/${queue.id}/wrapupcodes`;
      return listing(path, query, {}, { entities: slice, total: offered.length }, (code) => ({
        name: code.name,
        ...reference("/api/v2/routing/wrapupcodes", code.id),
      }));
    },
  }),
  defineRoute({
    operation: "postRoutingQueueWrapupcodes",
    method: "POST",
    path: "/api/v2/routing/queues/:queueId/wrapupcodes",
    permission: "routing:queue:edit",
    help,
    summary: "Lets a queue offer further wrap-up codes.",
    body: z.array(z.object({ id: z.string().refine(isId, "not an id") }).loose()).max(100, "at most 100 at once"),
    response: "WrapupCodeList",
    handler: async ({ params, body }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      const wrapupCodeIds = [...new Set([...queue.wrapupCodeIds, ...body.map((code) => code.id)])];
      await editObject(ports.app, c.var.actor, queueKind, queue.id, queue.version, { ...settingsOf(queueKind, queue), wrapupCodeIds });
      const all = await ports.app.stores.wrapupCodes.all(ports.app.organizationId);
      return all
        .filter((code) => wrapupCodeIds.includes(code.id))
        .map((code) => ({ name: code.name, ...reference("/api/v2/routing/wrapupcodes", code.id) }));
    },
  }),
  defineRoute({
    operation: "deleteRoutingQueueWrapupcode",
    method: "DELETE",
    path: "/api/v2/routing/queues/:queueId/wrapupcodes/:codeId",
    permission: "routing:queue:edit",
    help,
    summary: "A queue no longer offers a wrap-up code.",
    status: 204,
    response: "none",
    handler: async ({ params }, c, ports) => {
      const queue = await queueOf(c, ports, params.queueId);
      const wrapupCodeIds = queue.wrapupCodeIds.filter((id) => id !== params.codeId);
      await editObject(ports.app, c.var.actor, queueKind, queue.id, queue.version, { ...settingsOf(queueKind, queue), wrapupCodeIds });
    },
  }),
  ...skillOperations("skill", "/api/v2/routing/skills", ["getRoutingSkills", "postRoutingSkills", "getRoutingSkill", "deleteRoutingSkill"]),
  ...skillOperations("language", "/api/v2/routing/languages", [
    "getRoutingLanguages",
    "postRoutingLanguages",
    "getRoutingLanguage",
    "deleteRoutingLanguage",
  ]),
  ...wrapupCodeOperations,
];
