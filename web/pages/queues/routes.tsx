// Queues: the list, one queue's settings, its members and its history. The recipe that every later noun repeats.
import { z } from "zod";
import { found } from "../../../core/authorization/actor.ts";
import { BadInput, Conflict } from "../../../core/lib/errors.ts";
import { isId, type QueueId, type UserId } from "../../../core/lib/id.ts";
import { createQueue, deleteQueue, editQueue, setQueueMember, settingsOf } from "../../../core/routing/commands.ts";
import { type Queue, type QueueSettings, queueSettings } from "../../../core/routing/queue.ts";
import type { WebContext } from "../../context.ts";
import { same } from "../../crypto.ts";
import { demandOwnForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { type FieldErrors, History, Members, QueueForm, QueueList } from "./views.tsx";

const help = "queues";
const pageSize = 25;

export const queueRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/queues", permission: "routing:queue:view", help }, async (c, ports) => {
    const name = c.req.query("name") ?? "";
    const pageNumber = Math.max(1, Number.parseInt(c.req.query("page") ?? "1", 10) || 1);
    const { app } = ports;
    const found = await app.stores.queues.list(app.organizationId, { name, divisionIds: null }, { pageSize, pageNumber });
    const counts = await Promise.all(found.entities.map(async (queue) => (await app.stores.queues.members(queue.id)).length));
    const view = (
      <QueueList
        queues={found.entities}
        members={counts}
        total={found.total}
        name={name}
        pageNumber={pageNumber}
        pageSize={pageSize}
        mayAdd={c.var.actor.permissions.has("routing:queue:add")}
      />
    );
    return render(c, ports, { title: t("Queues"), help }, view);
  }),

  page({ method: "GET", path: "/admin/queues/new", permission: "routing:queue:add", help }, async (c, ports) =>
    render(
      c,
      ports,
      { title: t("New queue"), help },
      <QueueForm queue={null} values={{}} errors={{}} csrf={c.var.csrf} mayEdit mayDelete={false} saved={false} />,
    ),
  ),

  page({ method: "POST", path: "/admin/queues/new", permission: "routing:queue:add", help }, (c, ports) =>
    save(c, ports, null, (input) => createQueue(ports.app, c.var.actor, input)),
  ),

  page({ method: "GET", path: "/admin/queues/:id", permission: "routing:queue:view", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    return showForm(c, ports, queue, settingsOf(queue), {}, c.req.query("saved") === "true");
  }),

  page({ method: "POST", path: "/admin/queues/:id", permission: "routing:queue:edit", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    return save(c, ports, queue, (input, version) => editQueue(ports.app, c.var.actor, queue.id, version, input));
  }),

  page({ method: "POST", path: "/admin/queues/:id/delete", permission: "routing:queue:delete", help }, async (c, ports) => {
    await ownForm(c, ports);
    await deleteQueue(ports.app, c.var.actor, (await queueOf(c, ports)).id);
    return c.redirect("/admin/queues", 303);
  }),

  page({ method: "GET", path: "/admin/queues/:id/members", permission: "routing:queue:view", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    return render(c, ports, { title: t("{name}, Members", { name: queue.name }), help }, await members(c, ports, queue));
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

  page({ method: "GET", path: "/admin/queues/:id/history", permission: "routing:queue:view", help }, async (c, ports) => {
    const queue = await queueOf(c, ports);
    const [events, users] = await Promise.all([
      ports.app.log.readSubject(queue.id, { types: ["routing.queue.created", "routing.queue.updated", "routing.queue.member.set"] }),
      ports.app.stores.users.list(ports.app.organizationId, {}, { pageSize: 10_000, pageNumber: 1 }),
    ]);
    const names = new Map(users.entities.map((user) => [user.id as string, user.name]));
    return render(
      c,
      ports,
      { title: t("{name}, History", { name: queue.name }), help },
      <History queue={queue} events={events} names={names} />,
    );
  }),
];

async function queueOf(c: WebContext, ports: WebPorts): Promise<Queue> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "queue with this id", isId(id) ? await ports.app.stores.queues.byId(id as QueueId) : null);
}

async function members(c: WebContext, ports: WebPorts, queue: Queue) {
  const [entries, users] = await Promise.all([
    ports.app.stores.queues.members(queue.id),
    ports.app.stores.users.list(ports.app.organizationId, {}, { pageSize: 10_000, pageNumber: 1 }),
  ]);
  const mayEdit = c.var.actor.permissions.has("routing:queueMember:manage");
  return <Members queue={queue} members={entries} users={users.entities} mayEdit={mayEdit} csrf={c.var.csrf} />;
}

// The form counts in seconds and percent, as people do; everything inside counts as the Platform API does.
const formNumber = (scale: number) => z.string().transform((text) => (text.trim() === "" ? Number.NaN : Number(text) * scale));
const formShape = z.object({
  name: z.string(),
  description: z.string().default(""),
  skillEvaluationMethod: z.string(),
  scoringMethod: z.string(),
  alertingTimeoutSeconds: formNumber(1),
  serviceLevelPercentage: formNumber(0.01),
  serviceLevelMs: formNumber(1_000),
  acwWrapupPrompt: z.string(),
  acwTimeoutMs: formNumber(1_000),
});

async function save(
  c: WebContext,
  ports: WebPorts,
  queue: Queue | null,
  change: (input: QueueSettings, version: number) => Promise<Queue>,
): Promise<Response> {
  const form = await ownForm(c, ports);
  const typed = formShape.safeParse(Object.fromEntries(form));
  if (!typed.success) throw new BadInput("This form is not complete. Load the page again.", String(typed.error.issues[0]?.path[0]));
  const parsed = queueSettings.safeParse(typed.data);
  if (!parsed.success) {
    const errors: FieldErrors = Object.fromEntries(parsed.error.issues.map((issue) => [String(issue.path[0]), issue.message]));
    return showForm(c, ports, queue, typed.data, errors, false, 422);
  }
  try {
    const saved = await change(parsed.data, Number(form.get("version") ?? 0));
    return c.redirect(`/admin/queues/${saved.id}?saved=true`, 303);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return showForm(c, ports, queue, typed.data, { [error.field ?? "form"]: error.message }, false, 409);
  }
}

function showForm(
  c: WebContext,
  ports: WebPorts,
  queue: Queue | null,
  values: Partial<Record<keyof QueueSettings, unknown>>,
  errors: FieldErrors,
  saved: boolean,
  status = 200,
): Promise<Response> {
  const { actor, csrf } = c.var;
  const mayEdit = actor.permissions.has(queue === null ? "routing:queue:add" : "routing:queue:edit");
  const mayDelete = queue !== null && actor.permissions.has("routing:queue:delete");
  const title = queue === null ? t("New queue") : t("{name}, Settings", { name: queue.name });
  return render(
    c,
    ports,
    { title, help, status },
    <QueueForm queue={queue} values={values} errors={errors} csrf={csrf} mayEdit={mayEdit} mayDelete={mayDelete} saved={saved} />,
  );
}

async function ownForm(c: WebContext, ports: WebPorts): Promise<FormData> {
  const form = await c.req.formData();
  demandOwnForm(c, ports, form.get("csrf"), c.var.csrf, same);
  return form;
}
