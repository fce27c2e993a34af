// How it stands with one trunk, its tests, and its password. Its other pages are those of any configured object.
import { found } from "../../../core/authorization/actor.ts";
import type { TestCall } from "../../../core/call/test-call.ts";
import { AppError } from "../../../core/lib/errors.ts";
import { isId, type TrunkId } from "../../../core/lib/id.ts";
import { setTrunkCertificate, setTrunkPassword } from "../../../core/telephony/commands.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { said, t } from "../../ui/text.ts";
import { trunkPage } from "../admin/telephony.tsx";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { TestCallPage } from "./test-call.tsx";
import { Connection } from "./views.tsx";

const help = "trunks";
const permission = "telephony:plugin:all";
const path = "/admin/trunks/:id/connection";

export const trunkRoutes: readonly PageRoute[] = [
  page({ method: "GET", path, permission, help }, (c, ports) => show(c, ports, null)),

  page({ method: "POST", path, permission, help }, (c, ports) => setSecret(c, ports, "password", setTrunkPassword)),
  page({ method: "POST", path: "/admin/trunks/:id/certificate", permission, help }, (c, ports) =>
    setSecret(c, ports, "certificate", setTrunkCertificate),
  ),

  page({ method: "POST", path: "/admin/trunks/:id/test", permission, help }, async (c, ports) => {
    const trunk = await trunkOf(c, ports);
    await ownForm(c, ports);
    await ports.trunks.test(trunk.id);
    return c.redirect(`/admin/trunks/${trunk.id}/connection?tested=true`, 303);
  }),
];

const testPath = "/admin/trunks/:id/test-call";
const testKept = "telephony.test-call.ended";
const earlierShown = 8;

export const testCallRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: testPath, permission, help }, (c, ports) => showTest(c, ports, "", null)),

  page({ method: "POST", path: testPath, permission, help }, async (c, ports) => {
    const trunk = await trunkOf(c, ports);
    const form = await ownForm(c, ports);
    const number = String(form.get("number") ?? "").trim();
    try {
      await ports.testCalls.start(c.var.actor, trunk.id, number);
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
      return showTest(c, ports, number, { message: error.message, status: error.status });
    }
    return c.redirect(`/admin/trunks/${trunk.id}/test-call`, 303);
  }),

  page({ method: "POST", path: `${testPath}/stop`, permission, help }, async (c, ports) => {
    const trunk = await trunkOf(c, ports);
    await ownForm(c, ports);
    ports.testCalls.stop(trunk.id);
    return c.redirect(`/admin/trunks/${trunk.id}/test-call`, 303);
  }),
];

async function showTest(
  c: WebContext,
  ports: WebPorts,
  number: string,
  error: { readonly message: string; readonly status: number } | null,
): Promise<Response> {
  const trunk = await trunkOf(c, ports);
  const { log, stores, organizationId } = ports.app;
  const shown = ports.testCalls.of(trunk.id);
  const events = await log.find({ types: [testKept], subjectId: trunk.id }, null, earlierShown);
  const people = new Map((await stores.users.all(organizationId)).map(({ id, name }) => [id as string, name]));
  const earlier = events.flatMap(({ actorId, payload }) => {
    const test = payload === null ? null : (payload.test as unknown as TestCall);
    return test === null || test.id === shown?.test.id ? [] : [{ test, who: people.get(actorId) ?? "–" }];
  });
  const view = (
    <ObjectFrame actor={c.var.actor} page={trunkPage} row={trunk} at="test-call">
      <TestCallPage {...{ trunk, shown, earlier, number }} country={ports.country} error={error?.message ?? null} csrf={c.var.csrf} />
    </ObjectFrame>
  );
  return render(c, ports, { title: t("{name}, Test call", { name: trunk.name }), help, status: error?.status ?? 200 }, view);
}

type Secret = "password" | "certificate";

/** Back to the page; what was typed is not shown again. */
async function setSecret(c: WebContext, ports: WebPorts, field: Secret, set: typeof setTrunkPassword): Promise<Response> {
  const trunk = await trunkOf(c, ports);
  const form = await ownForm(c, ports);
  try {
    await set(ports.app, c.var.actor, trunk.id, String(form.get(field) ?? ""));
  } catch (error) {
    if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
    return show(c, ports, { field, message: said(error.message) });
  }
  return c.redirect(`/admin/trunks/${trunk.id}/connection?saved=${field}`, 303);
}

async function show(c: WebContext, ports: WebPorts, error: { readonly field: Secret; readonly message: string } | null): Promise<Response> {
  const trunk = await trunkOf(c, ports);
  const done = c.req.query("saved");
  const saved = done === "password" || done === "certificate" ? done : null;
  const tested = c.req.query("tested") === "true";
  const refusal = ports.trunks.refusal(trunk.id);
  const view = (
    <ObjectFrame actor={c.var.actor} page={trunkPage} row={trunk} at="connection">
      <Connection {...{ trunk, error, saved, tested, refusal }} state={ports.trunks.state(trunk.id)} csrf={c.var.csrf} />
    </ObjectFrame>
  );
  const status = error === null ? 200 : 422;
  return render(c, ports, { title: t("{name}, Connection", { name: trunk.name }), help, status }, view);
}

async function trunkOf(c: WebContext, ports: WebPorts): Promise<Trunk> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "trunk with this id", isId(id) ? await ports.app.stores.trunks.byId(id as TrunkId) : null);
}
