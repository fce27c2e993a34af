// What calls outside cost, what alarms have said, and whom they have stopped, with the release.
import { AppError } from "../../../core/lib/errors.ts";
import { releaseCalls, spendView } from "../../../core/telephony/alarm-commands.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { type Said, SpendPage } from "./views.tsx";

const help = "spend";
const permission = "telephony:plugin:all";
const told = ["telephony.call-alarm.stopped", "telephony.call-alarm.tripped", "telephony.call-alarm.released", "telephony.fraud.alarm"];
const toldShown = 20;

export const spendRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/spend", permission, help }, (c, ports) => show(c, ports, null, 200)),

  page({ method: "POST", path: "/admin/spend/release", permission, help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    try {
      await releaseCalls(ports.app, c.var.actor, String(form.get("alarm") ?? ""), String(form.get("subject") ?? ""));
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 409) throw error;
      return show(c, ports, error.message, error.status);
    }
    return c.redirect("/admin/spend", 303);
  }),
];

async function show(c: WebContext, ports: WebPorts, error: string | null, status: number): Promise<Response> {
  const { actor, csrf } = c.var;
  const { stores, log, organizationId } = ports.app;
  const view = await spendView(ports.app, actor);
  const names = new Map((await stores.users.all(organizationId)).map(({ id, name }) => [id as string, name]));
  const alarms = new Map(view.alarms.map(({ id, name }) => [id, name]));
  const events = await log.find({ types: told }, null, toldShown);
  const said = events.flatMap(({ type, at, actorId, payload }): Said[] => {
    if (payload === null) return [];
    const what = type.split(".").at(-1) as Said["what"];
    const subject = typeof payload.userId === "string" ? payload.userId : String(payload.subject ?? "");
    const alarm = alarms.get(String(payload.alarmId)) ?? (typeof payload.name === "string" ? payload.name : "");
    const who = what === "released" ? (names.get(actorId) ?? "") : (names.get(subject) ?? "");
    return [{ what, at, alarm, who, called: typeof payload.called === "string" ? payload.called : "" }];
  });
  return render(
    c,
    ports,
    { title: t("Costs of calls outside"), help, status },
    <SpendPage {...{ actor, view, names, said, error, csrf }} />,
  );
}
