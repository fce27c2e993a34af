// Platform API, families Users, Presence, OAuth clients and Tokens.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { createUser, setPassword, setUserSkills } from "../../core/directory/commands.ts";
import { userKind } from "../../core/directory/kinds.ts";
import { newUser, type User, userSettings } from "../../core/directory/user.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput } from "../../core/lib/errors.ts";
import { isId, type SkillId, type UserId } from "../../core/lib/id.ts";
import { tokenHash } from "../../core/lib/token.ts";
import { editObject, settingsOf } from "../../core/objects/commands.ts";
import type { AgentState } from "../../core/routing/agent.ts";
import { setPresence } from "../../core/routing/agent-commands.ts";
import type { Skill } from "../../core/routing/queue.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { idList, listing, pageQuery } from "./listing.ts";

const help = "api";

async function presentUser(ports: WebPorts, user: User, expand: readonly string[]) {
  const agent = expand.length === 0 ? null : await ports.app.stores.agents.byUser(user.id);
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    username: user.email,
    state: user.state,
    version: user.version,
    division: { id: user.divisionId, selfUri: `/api/v2/authorization/divisions/${user.divisionId}` },
    ...(agent !== null && expand.includes("presence") ? { presence: presentPresence(agent) } : {}),
    ...(agent !== null && expand.includes("routingStatus") ? { routingStatus: presentStatus(agent) } : {}),
    selfUri: `/api/v2/users/${user.id}`,
  };
}

export function presentPresence(agent: AgentState) {
  return {
    source: "PURECLOUD",
    primary: true,
    presenceDefinition: {
      id: agent.presenceDefinitionId ?? agent.presence,
      systemPresence: agent.presence,
      selfUri: `/api/v2/presence/definitions/${agent.presenceDefinitionId ?? agent.presence}`,
    },
    modifiedDate: isoInstant(agent.presenceAt),
    selfUri: `/api/v2/users/${agent.userId}/presences/PURECLOUD`,
  };
}

export function presentStatus(agent: AgentState) {
  return { userId: agent.userId, status: agent.routingStatus, startTime: isoInstant(agent.routingStatusAt) };
}

async function userOf(c: WebContext, ports: WebPorts, id: string | undefined): Promise<User> {
  return found(c.var.actor, "user with this id", id !== undefined && isId(id) ? await ports.app.stores.users.byId(id as UserId) : null);
}

async function agentOf(c: WebContext, ports: WebPorts, id: string | undefined): Promise<AgentState> {
  const user = await userOf(c, ports, id);
  return found(c.var.actor, "agent with this id", await ports.app.stores.agents.byUser(user.id));
}

const expandQuery = z.object({ expand: idList.default([]) });

function wrong(error: z.ZodError): BadInput {
  const issue = error.issues[0]!;
  return new BadInput(`${issue.path.join(".")}: ${issue.message}`, String(issue.path[0]));
}

/** A person's skills, or languages: listed, replaced whole, or some of them set. */
function skillRoutes(kind: Skill["kind"], family: string, [list, put, patch]: readonly [string, string | null, string]) {
  const path = `/api/v2/users/:userId/${family}`;
  const entries = z
    .array(z.object({ id: z.string().refine(isId, "not an id"), proficiency: z.number() }).loose())
    .max(50, "at most 50 at once");
  const response = kind === "skill" ? "UserSkillEntityListing" : "UserLanguageEntityListing";
  const shown = async (c: WebContext, ports: WebPorts, id: string | undefined, query: { pageSize: number; pageNumber: number }) => {
    const user = await userOf(c, ports, id);
    const [all, has] = await Promise.all([ports.app.stores.skills.all(ports.app.organizationId), ports.app.stores.skills.ofUser(user.id)]);
    const own = has.flatMap((entry) => {
      const skill = all.find((one) => one.id === entry.skillId && one.kind === kind);
      return skill === undefined ? [] : [{ skill, proficiency: entry.proficiency }];
    });
    const slice = own.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
    const self = `/api/v2/users/${user.id}/${family}`;
    return listing(self, query, {}, { entities: slice, total: own.length }, ({ skill, proficiency }) => ({
      id: skill.id,
      name: skill.name,
      proficiency,
      state: "active",
      selfUri: `${self}/${skill.id}`,
    }));
  };
  const set = async (c: WebContext, ports: WebPorts, id: string | undefined, given: z.infer<typeof entries>, whole: boolean) => {
    const user = await userOf(c, ports, id);
    const all = await ports.app.stores.skills.all(ports.app.organizationId);
    const named = new Set(given.map((entry) => entry.id));
    const kept = (await ports.app.stores.skills.ofUser(user.id)).filter(({ skillId }) => {
      const isOfKind = all.find((skill) => skill.id === skillId)?.kind === kind;
      return !(isOfKind && whole) && !named.has(skillId);
    });
    const wanted = given.map((entry) => ({ skillId: entry.id as SkillId, proficiency: entry.proficiency }));
    await setUserSkills(ports.app, c.var.actor, user.id, [...kept, ...wanted]);
    return shown(c, ports, id, { pageSize: 500, pageNumber: 1 });
  };
  const what = kind === "skill" ? "skills" : "languages";
  return [
    defineRoute({
      operation: list,
      method: "GET",
      path,
      permission: "directory:user:view",
      help,
      summary: `A person's ${what} with their proficiency, paged.`,
      query: pageQuery,
      response,
      handler: ({ params, query }, c, ports) => shown(c, ports, params.userId, query),
    }),
    ...(
      [
        [put, "PUT", true],
        [patch, "PATCH", false],
      ] as const
    ).flatMap(([operation, method, whole]) =>
      operation === null
        ? []
        : [
            defineRoute({
              operation,
              method,
              path: `${path}/bulk`,
              permission: "directory:user:edit",
              help,
              summary: whole ? `Replaces a person's ${what}.` : `Gives a person ${what}, or another proficiency in them.`,
              body: entries,
              response,
              handler: ({ params, body }, c, ports) => set(c, ports, params.userId, body, whole),
            }),
          ],
    ),
  ];
}

export const peopleRoutes = [
  defineRoute({
    operation: "getUsers",
    method: "GET",
    path: "/api/v2/users",
    permission: "directory:user:view",
    help,
    summary: "People, paged; by id with `id`.",
    query: pageQuery.extend({ id: idList.optional(), expand: idList.default([]) }),
    response: "UserEntityListing",
    handler: async ({ query }, _c, ports) => {
      const { app } = ports;
      const page = await app.stores.users.list(app.organizationId, query.id === undefined ? {} : { ids: query.id.filter(isId) }, query);
      const entities = await Promise.all(page.entities.map((user) => presentUser(ports, user, query.expand)));
      return listing(
        "/api/v2/users",
        query,
        { id: query.id?.join(","), expand: query.expand.join(",") },
        { entities, total: page.total },
        (user) => user,
      );
    },
  }),
  defineRoute({
    operation: "postUsers",
    method: "POST",
    path: "/api/v2/users",
    permission: "directory:user:add",
    help,
    summary: "Makes a person, who is an agent too.",
    body: z.object({ name: z.string(), email: z.string(), password: z.string().optional() }).loose(),
    response: "User",
    handler: async ({ body }, c, ports) => {
      const { name, email, password } = body;
      const parsed = newUser.safeParse({ name, email, ...(password === undefined ? {} : { password }), roles: ["agent"] });
      if (!parsed.success) throw wrong(parsed.error);
      return presentUser(ports, await createUser(ports.app, c.var.actor, parsed.data), []);
    },
  }),
  defineRoute({
    operation: "getUser",
    method: "GET",
    path: "/api/v2/users/:userId",
    permission: "directory:user:view",
    help,
    summary: "One person; presence and routingStatus by `expand`.",
    query: expandQuery,
    response: "User",
    handler: async ({ params, query }, c, ports) => presentUser(ports, await userOf(c, ports, params.userId), query.expand),
  }),
  defineRoute({
    operation: "patchUser",
    method: "PATCH",
    path: "/api/v2/users/:userId",
    permission: "directory:user:edit",
    help,
    summary: "Changes a person; what is not given stays as it is.",
    body: z
      .object({ name: z.string().optional(), email: z.string().optional(), state: z.string().optional(), version: z.number().optional() })
      .loose(),
    response: "User",
    handler: async ({ params, body }, c, ports) => {
      const user = await userOf(c, ports, params.userId);
      const { name, email, state } = body;
      const given = Object.fromEntries(Object.entries({ name, email, state }).filter(([, value]) => value !== undefined));
      const parsed = userSettings.safeParse({ ...settingsOf(userKind, user), ...given });
      if (!parsed.success) throw wrong(parsed.error);
      const settings = { ...parsed.data, stationId: user.stationId };
      return presentUser(ports, await editObject(ports.app, c.var.actor, userKind, user.id, body.version ?? user.version, settings), []);
    },
  }),
  defineRoute({
    operation: "deleteUser",
    method: "DELETE",
    path: "/api/v2/users/:userId",
    permission: "directory:user:delete",
    help,
    summary: "Makes a person inactive: what they did stays in the log under their name.",
    response: "User",
    handler: async ({ params }, c, ports) => {
      const user = await userOf(c, ports, params.userId);
      const settings = { ...settingsOf(userKind, user), state: "inactive" as const };
      return presentUser(ports, await editObject(ports.app, c.var.actor, userKind, user.id, user.version, settings), []);
    },
  }),
  defineRoute({
    operation: "postUserPassword",
    method: "POST",
    path: "/api/v2/users/:userId/password",
    permission: "directory:user:edit",
    help,
    summary: "Sets a new password and signs the person out everywhere.",
    body: z.object({ newPassword: z.string() }),
    status: 204,
    response: "none",
    handler: async ({ params, body }, c, ports) =>
      setPassword(ports.app, c.var.actor, (await userOf(c, ports, params.userId)).id, body.newPassword),
  }),
  ...skillRoutes("skill", "routingskills", ["getUserRoutingskills", "putUserRoutingskillsBulk", "patchUserRoutingskillsBulk"]),
  ...skillRoutes("language", "routinglanguages", ["getUserRoutinglanguages", null, "patchUserRoutinglanguagesBulk"]),
  defineRoute({
    operation: "getUserRoutingstatus",
    method: "GET",
    path: "/api/v2/users/:userId/routingstatus",
    permission: "directory:user:view",
    help,
    summary: "An agent's routing status.",
    response: "RoutingStatus",
    handler: async ({ params }, c, ports) => presentStatus(await agentOf(c, ports, params.userId)),
  }),
  defineRoute({
    operation: "getUserPresence",
    method: "GET",
    path: "/api/v2/users/:userId/presences/:sourceId",
    permission: "directory:user:view",
    help,
    summary: "A person's presence.",
    response: "UserPresence",
    handler: async ({ params }, c, ports) => presentPresence(await agentOf(c, ports, params.userId)),
  }),
  defineRoute({
    operation: "patchUserPresence",
    method: "PATCH",
    path: "/api/v2/users/:userId/presences/:sourceId",
    permission: "presence:userPresence:edit",
    help,
    summary: "Sets a presence; its definition's id is a system presence or one of the organization's own.",
    body: z.object({ presenceDefinition: z.object({ id: z.string() }).loose() }).loose(),
    response: "UserPresence",
    handler: async ({ params, body }, c, ports) => {
      const user = await userOf(c, ports, params.userId);
      return presentPresence(await setPresence(ports.app, c.var.actor, user.id, body.presenceDefinition.id));
    },
  }),
  defineRoute({
    operation: "deleteTokensMe",
    method: "DELETE",
    path: "/api/v2/tokens/me",
    permission: "signed-in",
    help,
    summary: "Ends the bearer token that asks.",
    response: "none",
    handler: async (_input, c, ports) => {
      const token = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
      if (token !== undefined) await ports.app.stores.tokens.delete(tokenHash(token));
      return {};
    },
  }),
];
