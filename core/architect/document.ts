// The flow document: actions by id, each with its parameters and the actions its outputs lead to. The manual's page on flows describes it for people.
import { z } from "zod";
import { registry } from "./actions/registry.ts";

const actionId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, "An action's id begins with a letter and holds letters, digits and hyphens, at most 64.");

const action = z.looseObject({
  type: z.string(),
  name: z.string().min(1).max(128),
  outputs: z.record(z.string(), actionId).default({}),
});

const document = z.strictObject({
  name: z.string().trim().min(1, "A flow needs a name.").max(200),
  type: z.enum(["INBOUNDCALL", "INQUEUECALL"], { error: "One of INBOUNDCALL, INQUEUECALL." }),
  /** BCP 47; picks the spoken numbers. */
  language: z.enum(["en-GB"], { error: "en-GB is the only language built in." }).default("en-GB"),
  start: actionId,
  /** Where an action that fails goes when it has no `failure` output; without it the caller hears an apology and is disconnected. */
  onError: actionId.optional(),
  actions: z.record(actionId, action),
});

export type FlowAction = z.infer<typeof action>;
export type FlowDocument = z.infer<typeof document>;

/** One thing to mend; `path` says where, as in `actions.menu.outputs.1`. */
export type FlowProblem = { readonly path: string; readonly message: string };

/**
 * Parses and validates a flow: shapes, parameters of every action by its own schema, outputs that lead somewhere, required outputs
 * present, everything reachable, and nothing private written where it would be kept.
 */
export function parseFlow(
  input: unknown,
): { readonly ok: true; readonly flow: FlowDocument } | { readonly ok: false; readonly problems: readonly FlowProblem[] } {
  const parsed = document.safeParse(input);
  if (!parsed.success)
    return { ok: false, problems: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })) };
  const flow = parsed.data;
  const problems = [...referenceProblems(flow), ...actionProblems(flow), ...reachabilityProblems(flow), ...privacyProblems(flow)];
  return problems.length === 0 ? { ok: true, flow } : { ok: false, problems };
}

/** A document of the right shape, whatever is wrong with its meaning: what an editor goes on from. Null: it is none. */
export function shapedFlow(input: unknown): FlowDocument | null {
  const parsed = document.safeParse(input);
  return parsed.success ? parsed.data : null;
}

/** The parameters of an action without what every action has. */
export function paramsOf(action: FlowAction): Record<string, unknown> {
  const { type: _type, name: _name, outputs: _outputs, ...params } = action;
  return params;
}

function referenceProblems(flow: FlowDocument): FlowProblem[] {
  const missing = (path: string, id: string | undefined): FlowProblem[] =>
    id === undefined || flow.actions[id] !== undefined ? [] : [{ path, message: `There is no action “${id}”.` }];
  return [
    ...missing("start", flow.start),
    ...missing("onError", flow.onError),
    ...Object.entries(flow.actions).flatMap(([id, { outputs }]) =>
      Object.entries(outputs).flatMap(([output, target]) => missing(`actions.${id}.outputs.${output}`, target)),
    ),
  ];
}

function actionProblems(flow: FlowDocument): FlowProblem[] {
  return Object.entries(flow.actions).flatMap(([id, action]) => {
    const kind = registry.get(action.type);
    const path = `actions.${id}`;
    if (kind === undefined)
      return [{ path: `${path}.type`, message: `Unknown action “${action.type}”. Known: ${[...registry.keys()].join(", ")}.` }];
    if (!kind.flowTypes.includes(flow.type))
      return [{ path: `${path}.type`, message: `“${action.type}” does not belong in a flow of type ${flow.type}.` }];
    const params = kind.schema.safeParse(paramsOf(action));
    if (!params.success) return params.error.issues.map((issue) => ({ path: [path, ...issue.path].join("."), message: issue.message }));
    const allowed = kind.outputs(params.data);
    return [
      ...allowed.required
        .filter((output) => action.outputs[output] === undefined)
        .map((output) => ({ path: `${path}.outputs`, message: `Needs the output “${output}”.` })),
      ...Object.keys(action.outputs)
        .filter((output) => !allowed.required.includes(output) && !allowed.optional.includes(output))
        .map((output) => ({ path: `${path}.outputs.${output}`, message: `“${action.type}” has no output “${output}”.` })),
    ];
  });
}

function reachabilityProblems(flow: FlowDocument): FlowProblem[] {
  const reached = new Set<string>();
  const open = [flow.start, ...(flow.onError === undefined ? [] : [flow.onError])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const action = flow.actions[id];
    if (reached.has(id) || action === undefined) continue;
    reached.add(id);
    open.push(...Object.values(action.outputs));
  }
  return Object.keys(flow.actions)
    .filter((id) => !reached.has(id))
    .map((id) => ({ path: `actions.${id}`, message: "Nothing leads here." }));
}

// Participant data are kept and shown, so nothing typed privately may flow into them.
function privacyProblems(flow: FlowDocument): FlowProblem[] {
  const privateNames = Object.values(flow.actions)
    .filter((action) => action.type === "collectInput" && action.log !== true && typeof action.variable === "string")
    .map((action) => action.variable as string);
  return Object.entries(flow.actions)
    .filter(([, action]) => action.type === "setParticipantData")
    .flatMap(([id, action]) =>
      Object.entries((action.values ?? {}) as Record<string, unknown>).flatMap(([key, expression]) =>
        privateNames
          .filter((name) => new RegExp(`\\b${name}\\b`).test(String(expression)))
          .map((name) => ({
            path: `actions.${id}.values.${key}`,
            message: `“${name}” is typed privately and participant data are kept. Set "log": true on its Collect Input if it may be read by people.`,
          })),
      ),
    );
}
