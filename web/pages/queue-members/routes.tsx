// The members of a queue; its other pages are those of any configured object.
import { found } from "../../../core/authorization/actor.ts";
import { BadInput } from "../../../core/lib/errors.ts";
import { isId, type QueueId, type UserId } from "../../../core/lib/id.ts";
import { setQueueMember } from "../../../core/routing/commands.ts";
import type { Queue } from "../../../core/routing/queue.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { queuePage } from "../admin/contact-centre.ts";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { Members } from "./views.tsx";

const help = "queues";

export const queueMemberRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/queues/:id/members", permission: "routing:queue:view", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    const [members, users] = await Promise.all([
      ports.app.stores.queues.members(queue.id),
      ports.app.stores.users.all(ports.app.organizationId),
    ]);
    const mayEdit = c.var.actor.permissions.has("routing:queueMember:manage");
    const view = (
      <ObjectFrame actor={c.var.actor} page={queuePage} row={queue} at="members">
        <Members {...{ queue, members, users, mayEdit }} csrf={c.var.csrf} />
      </ObjectFrame>
    );
    return render(c, ports, { title: t("{name}, Members", { name: queue.name }), help }, view);
  }),

  page({ method: "POST", path: "/admin/queues/:id/members", permission: "routing:queueMember:manage", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    const form = await ownForm(c, ports);
    const userId = String(form.get("user") ?? "");
    if (!isId(userId)) throw new BadInput("Choose a person.", "user");
    const wanted = form.get("is") === "member" ? { joined: true } : null;
    await setQueueMember(ports.app, c.var.actor, queue.id, userId as UserId, wanted);
    return c.redirect(`/admin/queues/${queue.id}/members`, 303);
  }),
];

async function queueOf(c: WebContext, ports: WebPorts): Promise<Queue> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "queue with this id", isId(id) ? await ports.app.stores.queues.byId(id as QueueId) : null);
}
