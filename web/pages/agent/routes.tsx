// One agent's page, and their status set by whoever runs the queues.
import { found } from "../../../core/authorization/actor.ts";
import { isId, type UserId } from "../../../core/lib/id.ts";
import { setPresence } from "../../../core/routing/agent-commands.ts";
import { ownForm } from "../../middleware/security.ts";
import { type PageRoute, page } from "../../route.ts";
import { render } from "../render.tsx";
import { Agent } from "./views.tsx";

const recentMax = 10;

export const agentRoutes: readonly PageRoute[] = [
  page(
    { method: "GET", path: "/performance/agents/:id", permission: "analytics:queueObservation:view", help: "board" },
    async (c, ports) => {
      const { stores, organizationId } = ports.app;
      const { actor, csrf } = c.var;
      const id = c.req.param("id") ?? "";
      const user = found(actor, "agent with this id", isId(id) ? await stores.users.byId(id as UserId) : null);
      const [agents, queues, talked] = await Promise.all([
        stores.routing.agents(organizationId),
        stores.queues.all(organizationId),
        stores.conversations.search(organizationId, { userIds: [user.id] }, null, recentMax),
      ]);
      const agent = found(actor, "agent with this id", agents.find(({ userId }) => userId === user.id) ?? null);
      const body = (
        <Agent
          {...{ actor, user, agent, queues, csrf }}
          recent={talked.map(({ conversation }) => conversation)}
          mayOpen={actor.permissions.has("conversation:communication:view")}
          maySet={actor.permissions.has("routing:queueMember:manage")}
          saved={c.req.query("saved") === "true"}
        />
      );
      return render(c, ports, { title: user.name, help: "board" }, body);
    },
  ),

  page(
    { method: "POST", path: "/performance/agents/:id/presence", permission: "routing:queueMember:manage", help: "board" },
    async (c, ports) => {
      const form = await ownForm(c, ports);
      const id = c.req.param("id") ?? "";
      await setPresence(ports.app, c.var.actor, id as UserId, String(form.get("presence") ?? ""));
      return c.redirect(`/performance/agents/${id}?saved=true`, 303);
    },
  ),
];
