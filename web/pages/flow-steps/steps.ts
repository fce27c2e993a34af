// Between a flow's document and the form of its steps. What the form does not show stays in the document as it was.
import type { FlowAction, FlowDocument } from "../../../core/architect/document.ts";

export type Step = { readonly id: string; readonly action: FlowAction };

/** As a caller meets them: from the start, each before what it leads to; what nothing leads to comes last. */
export function stepsOf(flow: FlowDocument): readonly Step[] {
  const order: string[] = [];
  const open = [flow.start];
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    if (order.includes(id) || flow.actions[id] === undefined) continue;
    order.push(id);
    open.push(...Object.values(flow.actions[id]!.outputs));
  }
  const rest = Object.keys(flow.actions).filter((id) => !order.includes(id));
  return [...order, ...rest].map((id) => ({ id, action: flow.actions[id]! }));
}

/** What a new step can be, chosen where something leads to it: `new:queue`. */
export const newSteps = ["queue", "prompt", "end"] as const;
type NewStep = (typeof newSteps)[number];

/** Keys of a telephone, in its order. */
export const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

/** The document that the form describes. `queue`: the one that a new step gets, until another is chosen. */
export function readSteps(flow: FlowDocument, form: FormData, queue: string): FlowDocument {
  const actions: Record<string, FlowAction> = {};
  const added = new Map<string, FlowAction>();
  /** Where an output leads now; null: nowhere. */
  const target = (field: string, from: string): string | null => {
    const value = String(form.get(field) ?? "");
    const kind = newSteps.find((step) => value === `new:${step}`);
    if (kind === undefined) return value === "" ? null : value;
    const id = freeId(`${from}-${kind}`, { ...flow.actions, ...Object.fromEntries(added) });
    for (const [name, action] of newStep(kind, id, queue, flow)) added.set(name, action);
    return id;
  };
  for (const [id, action] of Object.entries(flow.actions)) actions[id] = readStep(id, action, form, target);
  return { ...flow, actions: { ...actions, ...Object.fromEntries(added) } };
}

function readStep(id: string, action: FlowAction, form: FormData, target: (field: string, from: string) => string | null): FlowAction {
  const field = (name: string): string => `${id}.${name}`;
  const has = (name: string): boolean => form.has(field(name));
  const text = (name: string): string => String(form.get(field(name)) ?? "").trim();
  const next: Record<string, unknown> = { ...action };
  if (has("name")) next.name = text("name");
  if (has("audio")) {
    const names = form
      .getAll(field("audio"))
      .map(String)
      .filter((name) => name !== "");
    next.audio = Array.isArray(action.audio) ? names : (names[0] ?? "");
  }
  const set = (name: string, value: unknown): void => {
    // What stands nowhere and is what it would be anyway stays unwritten.
    if (action[name] !== undefined || value !== defaults[name]) next[name] = value;
  };
  for (const name of ["queue", "inQueueFlow"]) if (has(name)) set(name, text(name) === "" ? null : text(name));
  for (const name of ["minDigits", "maxDigits"]) if (has(name)) set(name, Number(text(name)));
  for (const name of ["timeout", "for"]) if (has(name)) set(`${name}Ms`, Math.round(Number(text(name).replace(",", ".")) * 1_000));
  if (has("log")) set("log", text("log") === "true");
  const outputs = Object.fromEntries(
    [...new Set([...Object.keys(action.outputs), ...outputFields(id, form)])].flatMap((output) => {
      const to = has(`to.${output}`) ? target(field(`to.${output}`), id) : (action.outputs[output] ?? null);
      return to === null ? [] : [[output, to] as const];
    }),
  );
  next.outputs = outputs;
  if (action.type === "menu") next.choices = keys.filter((key) => outputs[key] !== undefined);
  return next as FlowAction;
}

/** What the actions' schemas take where nothing is written. */
export const defaults: Readonly<Record<string, unknown>> = { inQueueFlow: null, minDigits: 1, maxDigits: 20, log: false };

/** One thing that the form has changed; `field` as in the form, texts as people read them. */
export type StepChange = { readonly step: string; readonly field: string; readonly before: string; readonly after: string };

/** What differs, step by step, in the order of the steps as they are now; what was added comes whole. */
export function stepChanges(before: FlowDocument, after: FlowDocument): readonly StepChange[] {
  const nameOf = (flow: FlowDocument, id: string | undefined): string => (id === undefined ? "–" : (flow.actions[id]?.name ?? id));
  const gone = Object.keys(before.actions).filter((id) => after.actions[id] === undefined);
  return [
    ...stepsOf(after).flatMap(({ id, action }): StepChange[] => {
      const was = before.actions[id];
      if (was === undefined) return [{ step: action.name, field: "", before: "–", after: said(action) }];
      const params = new Set([...Object.keys(was), ...Object.keys(action)].filter((name) => name !== "outputs" && name !== "choices"));
      const outputs = new Set([...Object.keys(was.outputs), ...Object.keys(action.outputs)]);
      return [
        ...[...params].map((name) => ({ step: was.name, field: name, before: wordsOf(was[name]), after: wordsOf(action[name]) })),
        ...[...outputs].map((output) => ({
          ...{ step: was.name, field: `to.${output}` },
          ...{ before: nameOf(before, was.outputs[output]), after: nameOf(after, action.outputs[output]) },
        })),
      ].filter((change) => change.before !== change.after);
    }),
    ...gone.map((id) => ({ step: before.actions[id]!.name, field: "", before: said(before.actions[id]!), after: "–" })),
  ];
}

function said({ type, name }: FlowAction): string {
  return `${name} (${type})`;
}

function wordsOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return "–";
  return Array.isArray(value) ? value.map(String).join(" → ") : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function outputFields(id: string, form: FormData): readonly string[] {
  const prefix = `${id}.to.`;
  return [...form.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** A step that is whole by itself; what it needs after it comes with it. */
function newStep(kind: NewStep, id: string, queue: string, flow: FlowDocument): readonly (readonly [string, FlowAction])[] {
  switch (kind) {
    case "queue":
      return [[id, { type: "transferToAcd", name: `To ${queue}`, queue, outputs: {} }]];
    case "end":
      return [[id, { type: "disconnect", name: "Goodbye", outputs: {} }]];
    case "prompt": {
      const end = Object.keys(flow.actions).find((one) => flow.actions[one]!.type === "disconnect");
      const after = end ?? `${id}-end`;
      const prompt: FlowAction = { type: "playAudio", name: "Announcement", audio: ["system.welcome"], outputs: { next: after } };
      return end === undefined
        ? [
            [id, prompt],
            [after, { type: "disconnect", name: "Goodbye", outputs: {} }],
          ]
        : [[id, prompt]];
    }
  }
}

function freeId(wanted: string, taken: Readonly<Record<string, unknown>>): string {
  const base = wanted.slice(0, 60);
  if (taken[base] === undefined) return base;
  let n = 2;
  while (taken[`${base}-${n}`] !== undefined) n++;
  return `${base}-${n}`;
}
