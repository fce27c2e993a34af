// Flows and IVRs as configured objects.

import { z } from "zod";
import type { App } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import type { EventDraft } from "../events/index.ts";
import { BadInput } from "../lib/errors.ts";
import { type FlowId, isId } from "../lib/id.ts";
import { objectEvent } from "../objects/commands.ts";
import type { ObjectKind } from "../objects/object.ts";
import type { Stores } from "../stores.ts";
import { holderOfNumber } from "../telephony/taken-number.ts";
import type { FlowRecord, Ivr } from "../telephony/telephony.ts";
import { type FlowProblem, parseFlow } from "./document.ts";
import { flowUses, missingReferences, type Referred, withRenamed } from "./references.ts";

export const flowSettings = z.strictObject({
  name: z.string({ error: "A flow needs a name." }).trim().min(1, "A flow needs a name.").max(200, "At most 200 characters."),
  type: z.enum(["INBOUNDCALL", "INQUEUECALL"], { error: "One of INBOUNDCALL, INQUEUECALL." }),
  /** Parsed by document.ts; its own name and type are the record's. */
  document: z.unknown(),
});
export type FlowSettings = { readonly name: string; readonly type: FlowRecord["type"]; readonly document: unknown };

const problemsShownMax = 12;
/** A number, or the user part of a SIP address (RFC 3261 §19.1.1), that leads to an IVR. */
export const dialledNumber = z
  .string()
  .regex(/^(?:\+?[0-9*#]{2,32}|[a-z][a-z0-9]{1,31})$/, "Digits, with or without a leading +, or a name of small letters and digits.");
export const ivrSettings = z.strictObject({
  name: z.string({ error: "An IVR needs a name." }).trim().min(1, "An IVR needs a name.").max(200, "At most 200 characters."),
  dnis: z.array(dialledNumber).min(1, "An IVR needs a number that leads to it.").max(1_000, "At most 1,000 numbers."),
  flowId: z.string().refine(isId, "Choose the flow that answers."),
});
export type IvrSettings = { readonly name: string; readonly dnis: readonly string[]; readonly flowId: FlowId };

const permissions = {
  view: "architect:flow:view",
  add: "architect:flow:add",
  edit: "architect:flow:edit",
  delete: "architect:flow:delete",
} as const;

export const flowKind: ObjectKind<FlowRecord, FlowSettings> = {
  noun: "flow",
  table: "flow",
  event: "architect.flow",
  permissions,
  settings: flowSettings as never,
  store: (stores) => stores.flows,
  make: () => ({}),
  check: async (app, stores, settings, before) => {
    const parsed = parseFlow(settings.document);
    if (!parsed.ok) throw unfit(parsed.problems);
    const missing = await missingReferences(app, stores, parsed.flow);
    if (missing.length > 0) throw unfit(missing);
    const { name, type } = parsed.flow;
    if (name !== settings.name) throw new BadInput(`The document's name is “${name}”, the flow's is “${settings.name}”.`, "name");
    if (type !== settings.type) throw new BadInput(`The document's type is ${type}.`, "type");
    if (before !== null && before.type !== type) throw new BadInput(`A flow keeps its type, ${before.type}. Make a new one.`, "type");
  },
  usedBy: async (app, stores, flow) => [
    ...(await stores.ivrs.all(app.organizationId))
      .filter((ivr) => ivr.flowId === flow.id)
      .map((ivr) => ({ kind: "IVR", id: ivr.id, name: ivr.name, how: `answers ${ivr.dnis.join(", ")}` })),
    ...(await flowUses(app, stores, "inQueueFlow", flow.name)),
  ],
  written: async (app, actor, stores, before, after) =>
    before === null || after === null ? [] : renameInFlows(app, actor, stores, "inQueueFlow", before.name, after.name),
};

/** All that is to be mended, a line each, as far as one can read at once. */
function unfit(problems: readonly FlowProblem[]): BadInput {
  const lines = problems.slice(0, problemsShownMax).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - lines.length;
  return new BadInput([...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join("\n"), "document");
}

export const ivrKind: ObjectKind<Ivr, IvrSettings> = {
  noun: "IVR",
  table: "ivr",
  event: "architect.ivr",
  permissions: {
    view: "telephony:plugin:all",
    add: "telephony:plugin:all",
    edit: "telephony:plugin:all",
    delete: "telephony:plugin:all",
  },
  settings: ivrSettings as never,
  store: (stores) => stores.ivrs,
  make: () => ({}),
  check: async (app, stores, settings, before) => {
    const flow = await stores.flows.byId(settings.flowId);
    if (flow === null || flow.organizationId !== app.organizationId) throw new BadInput("There is no such flow.", "flowId");
    if (flow.type !== "INBOUNDCALL")
      throw new BadInput(`“${flow.name}” is a flow for callers who wait; an IVR needs an INBOUNDCALL flow.`, "flowId");
    for (const number of settings.dnis) {
      const holder = await holderOfNumber(app, stores, number, before?.id ?? null);
      if (holder !== null) throw new BadInput(`${number} is the number of “${holder}” already.`, "dnis");
    }
  },
};

/** Flows that name it by its old name are published again with the new one, in the caller's transaction; their events. */
export async function renameInFlows(
  app: App,
  actor: Actor,
  stores: Stores,
  what: Referred,
  before: string,
  after: string,
): Promise<readonly EventDraft[]> {
  if (before === after) return [];
  const events: EventDraft[] = [];
  for (const flow of await stores.flows.all(app.organizationId)) {
    const document = withRenamed(flow, what, before, after);
    if (document === null) continue;
    const next: FlowRecord = { ...flow, document, version: flow.version + 1, modifiedAt: app.env.clock.now() };
    await stores.flows.update(next, flow.version);
    events.push(objectEvent(app, actor, flowKind, flow, next));
  }
  return events;
}
