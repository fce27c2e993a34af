// Platform API, families Users, Presence and Tokens: as much as the first call needs.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { createUser } from "../../core/directory/commands.ts";
import { newUser, type User } from "../../core/directory/user.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { BadInput } from "../../core/lib/errors.ts";
import { isId, type UserId } from "../../core/lib/id.ts";
import type { AgentState, SystemPresence } from "../../core/routing/agent.ts";
import { systemPresences } from "../../core/routing/agent.ts";
import { setPresence } from "../../core/routing/agent-commands.ts";
import type { WebContext } from "../context.ts";
import { tokenHash } from "../crypto.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { idList, listing, pageQuery } from "./listing.ts";

const help = "api";

/** The Platform API writes system presences in title case: `On Queue` is `On Queue`, id by our own name. */
function presenceWord(presence: SystemPresence): string {
  return presence === "ON_QUEUE" ? "ON_QUEUE" : presence;
}

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

function presentPresence(agent: AgentState) {
  return {
    source: "PURECLOUD",
    primary: true,
    presenceDefinition: {
      id: agent.presence,
      systemPresence: presenceWord(agent.presence),
      selfUri: `/api/v2/presencedefinitions/${agent.presence}`,
    },
    modifiedDate: isoInstant(agent.presenceAt),
    selfUri: `/api/v2/users/${agent.userId}/presences/PURECLOUD`,
  };
}

function presentStatus(agent: AgentState) {
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
      if (!parsed.success)
        throw new BadInput(
          `${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`,
          String(parsed.error.issues[0]!.path[0]),
        );
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
    summary: "Sets a presence; its definition's id is the system presence.",
    body: z
      .object({ presenceDefinition: z.object({ id: z.enum(systemPresences, { error: `One of ${systemPresences.join(", ")}.` }) }).loose() })
      .loose(),
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
      if (token !== undefined) await ports.app.stores.oauth.deleteToken(tokenHash(token));
      return {};
    },
  }),
];
