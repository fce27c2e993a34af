// A person's skills, queues, password and second factor; their other pages are those of any configured object.
import { found } from "../../../core/authorization/actor.ts";
import { setPassword, setUserSkills } from "../../../core/directory/commands.ts";
import { hasSecondFactor, removeSecondFactor } from "../../../core/directory/sign-in.ts";
import type { User } from "../../../core/directory/user.ts";
import { AppError } from "../../../core/lib/errors.ts";
import { isId, type QueueId, type SkillId, type UserId } from "../../../core/lib/id.ts";
import { queuesOfUser, setUserQueues } from "../../../core/routing/commands.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { userPage } from "../admin/people.tsx";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { PasswordForm, QueuesForm, SkillsForm } from "./views.tsx";

const help = "people";

export const personRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/people/:id/skills", permission: "directory:user:view", help }, (c, ports) =>
    showSkills(c, ports, c.req.query("saved") === "true"),
  ),

  page({ method: "POST", path: "/admin/people/:id/skills", permission: "directory:user:edit", help }, async (c, ports) => {
    const user = await userOf(c, ports);
    const form = await ownForm(c, ports);
    const wanted = [...form].flatMap(([key, value]) => {
      const skillId = key.startsWith("skill-") ? key.slice("skill-".length) : "";
      return value === "" || !isId(skillId) ? [] : [{ skillId: skillId as SkillId, proficiency: Number(value) }];
    });
    await setUserSkills(ports.app, c.var.actor, user.id, wanted);
    return c.redirect(`/admin/people/${user.id}/skills?saved=true`, 303);
  }),

  page({ method: "GET", path: "/admin/people/:id/queues", permission: "routing:queue:view", help }, async (c, ports) => {
    const user = await userOf(c, ports);
    const [all, has] = await Promise.all([ports.app.stores.queues.all(ports.app.organizationId), queuesOfUser(ports.app, user.id)]);
    const mayEdit = c.var.actor.permissions.has("routing:queueMember:manage");
    const saved = c.req.query("saved") === "true";
    const view = (
      <ObjectFrame actor={c.var.actor} page={userPage} row={user} at="queues">
        <QueuesForm {...{ user, all, has, mayEdit, saved }} csrf={c.var.csrf} />
      </ObjectFrame>
    );
    return render(c, ports, { title: t("{name}, Queues", { name: user.name }), help }, view);
  }),

  page({ method: "POST", path: "/admin/people/:id/queues", permission: "routing:queueMember:manage", help }, async (c, ports) => {
    const user = await userOf(c, ports);
    const form = await ownForm(c, ports);
    const wanted = form.getAll("queue").map(String).filter(isId) as QueueId[];
    await setUserQueues(ports.app, c.var.actor, user.id, wanted);
    return c.redirect(`/admin/people/${user.id}/queues?saved=true`, 303);
  }),

  page({ method: "POST", path: "/admin/people/:id/second-factor/remove", permission: "directory:user:edit", help }, async (c, ports) => {
    const user = await userOf(c, ports);
    await ownForm(c, ports);
    await removeSecondFactor(ports.app, c.var.actor, user.id);
    return c.redirect(`/admin/people/${user.id}/password?removed=true`, 303);
  }),

  page({ method: "GET", path: "/admin/people/:id/password", permission: "directory:user:edit", help }, (c, ports) =>
    showPassword(c, ports, null, c.req.query("saved") === "true"),
  ),

  page({ method: "POST", path: "/admin/people/:id/password", permission: "directory:user:edit", help }, async (c, ports) => {
    const user = await userOf(c, ports);
    const form = await ownForm(c, ports);
    try {
      await setPassword(ports.app, c.var.actor, user.id, String(form.get("password") ?? ""));
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
      return showPassword(c, ports, error.message, false);
    }
    return c.redirect(`/admin/people/${user.id}/password?saved=true`, 303);
  }),
];

async function showSkills(c: WebContext, ports: WebPorts, saved: boolean): Promise<Response> {
  const user = await userOf(c, ports);
  const [all, has] = await Promise.all([ports.app.stores.skills.all(ports.app.organizationId), ports.app.stores.skills.ofUser(user.id)]);
  const mayEdit = c.var.actor.permissions.has("directory:user:edit");
  const view = (
    <ObjectFrame actor={c.var.actor} page={userPage} row={user} at="skills">
      <SkillsForm {...{ user, all, has, mayEdit, saved }} csrf={c.var.csrf} />
    </ObjectFrame>
  );
  return render(c, ports, { title: t("{name}, Skills", { name: user.name }), help }, view);
}

async function showPassword(c: WebContext, ports: WebPorts, error: string | null, saved: boolean): Promise<Response> {
  const user = await userOf(c, ports);
  const view = (
    <ObjectFrame actor={c.var.actor} page={userPage} row={user} at="password">
      <PasswordForm
        {...{ user, error, saved }}
        hasSecondFactor={await hasSecondFactor(ports.app, user.id)}
        removed={c.req.query("removed") === "true"}
        csrf={c.var.csrf}
      />
    </ObjectFrame>
  );
  const status = error === null ? 200 : 422;
  return render(c, ports, { title: t("{name}, Signing in", { name: user.name }), help, status }, view);
}

async function userOf(c: WebContext, ports: WebPorts): Promise<User> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "person with this id", isId(id) ? await ports.app.stores.users.byId(id as UserId) : null);
}
