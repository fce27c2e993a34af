// The steps of a flow, changed by a form. Saved by the same command as the document, so checked, logged and restored alike.
import { type FlowDocument, parseFlow, shapedFlow } from "../../../core/architect/document.ts";
import { flowKind } from "../../../core/architect/kinds.ts";
import { systemPrompts } from "../../../core/architect/system-prompts.ts";
import { found } from "../../../core/authorization/actor.ts";
import { AppError } from "../../../core/lib/errors.ts";
import { type FlowId, isId } from "../../../core/lib/id.ts";
import { editObject } from "../../../core/objects/commands.ts";
import type { FlowRecord } from "../../../core/telephony/telephony.ts";
import { toneKeys } from "../../../core/telephony/tones.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import type { FieldErrors } from "../../ui/form.tsx";
import { t } from "../../ui/text.ts";
import { flowPage } from "../admin/telephony.tsx";
import type { Option } from "../objects/object-page.ts";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { readSteps, stepChanges, stepsOf } from "./steps.ts";
import { StepsForm, type StepsProps } from "./views.tsx";

const help = "flows";
const path = "/admin/flows/:id/steps";

export const flowStepRoutes: readonly PageRoute[] = [
  page({ method: "GET", path, permission: "architect:flow:view", help }, async (c, ports) => {
    const record = await flowOf(c, ports);
    return show(c, ports, record, documentOf(record), { saved: c.req.query("saved") === "true" });
  }),

  page({ method: "POST", path, permission: "architect:flow:edit", help }, async (c, ports) => {
    const record = await flowOf(c, ports);
    const form = await ownForm(c, ports);
    const queues = await ports.app.stores.queues.all(ports.app.organizationId);
    const before = documentOf(record);
    // What was added since is in the form alone.
    const after = readSteps(editedOf(form) ?? before, form, queues[0]?.name ?? "");
    if (form.get("preview") === "true") {
      return show(c, ports, record, after, { preview: stepChanges(before, after), errors: errorsOf(after) });
    }
    try {
      const settings = { name: after.name, type: after.type, document: after };
      await editObject(ports.app, c.var.actor, flowKind, record.id, Number(form.get("version")), settings);
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
      const errors = errorsOf(after);
      return show(c, ports, record, after, { errors: Object.keys(errors).length > 0 ? errors : { document: error.message } });
    }
    return c.redirect(`/admin/flows/${record.id}/steps?saved=true`, 303);
  }),
];

function editedOf(form: FormData): FlowDocument | null {
  try {
    return shapedFlow(JSON.parse(String(form.get("document") ?? "null")));
  } catch {
    // Somebody else's form; what is kept is right.
    return null;
  }
}

/** Problems by the field that mends them: `actions.menu.outputs.1` is `menu.to.1`. */
function errorsOf(flow: FlowDocument): FieldErrors {
  const parsed = parseFlow(flow);
  if (parsed.ok) return {};
  return Object.fromEntries(
    parsed.problems.map(({ path: place, message }) => {
      const [, id, field, output] = /^actions\.([^.]+)(?:\.([^.]+)(?:\.([^.]+))?)?/.exec(place) ?? [];
      if (id === undefined) return ["document", `${place}: ${message}`];
      if (field === "outputs" && output !== undefined) return [`${id}.to.${output}`, message];
      return [`${id}.${field === undefined || field === "outputs" ? "name" : field.replace(/Ms$/, "")}`, message];
    }),
  );
}

async function show(
  c: WebContext,
  ports: WebPorts,
  record: FlowRecord,
  flow: FlowDocument,
  how: { readonly saved?: boolean; readonly errors?: FieldErrors; readonly preview?: StepsProps["preview"] },
): Promise<Response> {
  const { app } = ports;
  const [prompts, queues, flows] = await Promise.all([
    app.stores.prompts.all(app.organizationId),
    app.stores.queues.all(app.organizationId),
    app.stores.flows.all(app.organizationId),
  ]);
  const named = (rows: readonly { readonly name: string }[]): readonly Option[] => rows.map(({ name }) => ({ value: name, label: name }));
  const { errors = {}, preview = null, saved = false } = how;
  const view = (
    <ObjectFrame actor={c.var.actor} page={flowPage} row={record} at="steps">
      <StepsForm
        steps={stepsOf(flow)}
        document={JSON.stringify(flow)}
        start={flow.start}
        version={record.version}
        discard={`/admin/flows/${record.id}/steps`}
        prompts={[...named(prompts), ...[...systemPrompts, ...toneKeys].map((name) => ({ value: name, label: name }))]}
        queues={named(queues)}
        inQueueFlows={named(flows.filter(({ type }) => type === "INQUEUECALL"))}
        mayEdit={c.var.actor.permissions.has("architect:flow:edit")}
        csrf={c.var.csrf}
        {...{ errors, preview, saved }}
      />
    </ObjectFrame>
  );
  const status = Object.keys(errors).length === 0 ? 200 : 422;
  return render(c, ports, { title: t("{name}, Steps", { name: record.name }), help, status }, view);
}

async function flowOf(c: WebContext, ports: WebPorts): Promise<FlowRecord> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "flow with this id", isId(id) ? await ports.app.stores.flows.byId(id as FlowId) : null);
}

/** What is kept was parsed before it was kept. */
function documentOf(record: FlowRecord): FlowDocument {
  const parsed = parseFlow(record.document);
  if (!parsed.ok) throw new Error(`flow ${record.id} does not parse: ${parsed.problems[0]!.message}`);
  return parsed.flow;
}
