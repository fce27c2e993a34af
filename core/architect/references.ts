// Flows name queues, skills, other flows and prompts. Who is named cannot go; who is renamed keeps their place.
import type { App } from "../app.ts";
import type { Use } from "../objects/object.ts";
import type { Stores } from "../stores.ts";
import type { FlowRecord } from "../telephony/telephony.ts";
import { toneKeys } from "../telephony/tones.ts";
import type { FlowDocument, FlowProblem } from "./document.ts";
import { systemPrompts } from "./system-prompts.ts";

export type Referred = "queue" | "skill" | "language" | "inQueueFlow" | "prompt";
type Action = Readonly<Record<string, unknown>>;

/** Where flows of the organization name it: one entry for each flow, with the actions that do. */
export async function flowUses(app: App, stores: Stores, what: Referred, name: string): Promise<readonly Use[]> {
  const flows = await stores.flows.all(app.organizationId);
  return flows.flatMap((flow): Use[] => {
    const actions = actionsOf(flow).filter(([, action]) => namesIn(action, what).includes(name));
    if (actions.length === 0) return [];
    return [{ kind: "Flow", id: flow.id, name: flow.name, how: actions.map(([id, action]) => String(action.name ?? id)).join(", ") }];
  });
}

/** What the flow names that is not there; `path` says where. */
export async function missingReferences(app: App, stores: Stores, flow: FlowDocument): Promise<readonly FlowProblem[]> {
  const { organizationId } = app;
  const [queues, skills, flows, prompts] = await Promise.all([
    stores.queues.all(organizationId),
    stores.skills.all(organizationId),
    stores.flows.all(organizationId),
    stores.prompts.all(organizationId),
  ]);
  const named = <T extends { readonly name: string }>(rows: readonly T[]): ReadonlySet<string> => new Set(rows.map((row) => row.name));
  const known: Readonly<Record<Referred, ReadonlySet<string>>> = {
    queue: named(queues),
    skill: named(skills.filter((skill) => skill.kind === "skill")),
    language: named(skills.filter((skill) => skill.kind === "language")),
    inQueueFlow: named(flows.filter((other) => other.type === "INQUEUECALL")),
    prompt: new Set([...systemPrompts, ...toneKeys, ...named(prompts)]),
  };
  return Object.entries(flow.actions).flatMap(([id, action]) =>
    (Object.keys(known) as Referred[]).flatMap((what) =>
      namesIn(action, what)
        .filter((name) => !known[what].has(name))
        .map((name) => ({ path: `actions.${id}.${keyOf(what)}`, message: `There is no ${words[what]} “${name}”.` })),
    ),
  );
}

const words: Readonly<Record<Referred, string>> = {
  queue: "queue",
  skill: "skill",
  language: "language",
  inQueueFlow: "in-queue flow",
  prompt: "prompt",
};

/** The document with the new name wherever the old one stood; null: it does not name it. */
export function withRenamed(flow: FlowRecord, what: Referred, before: string, after: string): unknown {
  if (!actionsOf(flow).some(([, action]) => namesIn(action, what).includes(before))) return null;
  const actions = Object.fromEntries(actionsOf(flow).map(([id, action]) => [id, renamed(action, what, before, after)]));
  return { ...(flow.document as object), actions };
}

function actionsOf(flow: FlowRecord): [string, Action][] {
  return Object.entries((flow.document as { readonly actions?: Readonly<Record<string, Action>> }).actions ?? {});
}

function namesIn(action: Action, what: Referred): readonly string[] {
  if (what === "prompt") return [action.audio].flat().filter((name) => typeof name === "string");
  if (action.type !== "transferToAcd") return [];
  return [what === "skill" ? action.skills : action[what]].flat().filter((name) => typeof name === "string");
}

/** The parameter of an action that holds it. */
function keyOf(what: Referred): string {
  return what === "prompt" ? "audio" : what === "skill" ? "skills" : what;
}

function renamed(action: Action, what: Referred, before: string, after: string): Action {
  if (!namesIn(action, what).includes(before)) return action;
  const key = keyOf(what);
  const value = action[key];
  return { ...action, [key]: Array.isArray(value) ? value.map((name) => (name === before ? after : name)) : after };
}
