// The configuration a node keeps in memory: loaded at start, loaded again when the log says that it changed.

import type { App } from "../app.ts";
import type { FlowDocument } from "../architect/document.ts";
import { parseFlow } from "../architect/document.ts";
import type { CallerIdentity, CallOrigin } from "../call/call-control.ts";
import type { Route } from "../call/state.ts";
import type { Organization } from "../directory/organization.ts";
import type { User } from "../directory/user.ts";
import type { LoggedEvent } from "../events/index.ts";
import { setHomeZone } from "../lib/calendar.ts";
import type { FlowId } from "../lib/id.ts";
import type { Queue, Skill } from "../routing/queue.ts";
import type { FlowRecord, Ivr, Station, Trunk } from "../telephony/telephony.ts";
import { calleeOf, personByNumber } from "./callee.ts";

export type Flow = { readonly record: FlowRecord; readonly document: FlowDocument };

export type Configuration = {
  /** Null before it was loaded. */
  readonly organization: Organization | null;
  readonly queues: readonly Queue[];
  readonly skills: readonly Skill[];
  readonly trunks: readonly Trunk[];
  readonly stations: readonly Station[];
  readonly ivrs: readonly Ivr[];
  readonly flows: readonly Flow[];
  readonly users: readonly User[];
};

const empty: Configuration = { organization: null, queues: [], skills: [], trunks: [], stations: [], ivrs: [], flows: [], users: [] };
const configurationTypes = /^(routing\.queue|routing\.skill|telephony\.|architect\.|user\.(created|updated|deleted)|organization\.)/;

export class Directory {
  private loaded: Configuration = empty;
  private loading: Promise<void> | null = null;
  private again = false;

  constructor(private readonly app: App) {}

  get current(): Configuration {
    return this.loaded;
  }

  /** Loads everything; calls that come while it loads share one more load after it. */
  load(): Promise<void> {
    if (this.loading !== null) {
      this.again = true;
      return this.loading;
    }
    this.loading = this.read().finally(() => {
      this.loading = null;
      if (!this.again) return;
      this.again = false;
      this.load().catch((error: unknown) => this.app.env.log.warn("configuration not reloaded", { reason: String(error) }));
    });
    return this.loading;
  }

  /** Loads again after an event that changes configuration. */
  async onLogged(event: LoggedEvent): Promise<void> {
    if (configurationTypes.test(event.type)) await this.load();
  }

  private async read(): Promise<void> {
    const { stores, organizationId, env } = this.app;
    const [organization, queues, skills, trunks, stations, ivrs, records, users] = await Promise.all([
      stores.organizations.byId(organizationId),
      stores.queues.all(organizationId),
      stores.skills.all(organizationId),
      stores.trunks.all(organizationId),
      stores.stations.all(organizationId),
      stores.ivrs.all(organizationId),
      stores.flows.all(organizationId),
      stores.users.all(organizationId),
    ]);
    const flows = records.flatMap((record): Flow[] => {
      const parsed = parseFlow(record.document);
      if (parsed.ok) return [{ record, document: parsed.flow }];
      env.log.error("flow cannot be used", { flow: record.id, problem: `${parsed.problems[0]?.path}: ${parsed.problems[0]?.message}` });
      return [];
    });
    setHomeZone(organization?.timeZone ?? null);
    this.loaded = { organization, queues, skills, trunks, stations, ivrs, flows, users };
  }
}

/** Where a new call goes: a value, no I/O. Numbers match with and without a leading +. */
export function route(
  configuration: Configuration,
  call: { readonly called: string; readonly caller: CallerIdentity; readonly origin: CallOrigin },
): Route {
  // Also when the wish came by an older link: what is switched off is off at once.
  if (call.origin.kind === "guest" && configuration.organization?.guestNumber !== call.called)
    return { kind: "reject", reason: "not-allowed" };
  const digits = call.called.replace(/^\+/, "");
  const ivr = configuration.ivrs.find((entry) => entry.dnis.some((number) => number.replace(/^\+/, "") === digits));
  if (ivr === undefined) return toPerson(configuration, call);
  const flow = flowById(configuration, ivr.flowId);
  if (flow === null || flow.document.type !== "INBOUNDCALL") return { kind: "reject", reason: "unavailable" };
  return { kind: "flow", flowId: flow.record.id, flowName: flow.record.name, version: flow.record.version };
}

function toPerson(configuration: Configuration, { called, caller }: { readonly called: string; readonly caller: CallerIdentity }): Route {
  const user = personByNumber(configuration, called);
  if (user === null) return { kind: "reject", reason: "no-such-number" };
  const callee = calleeOf(user, caller);
  return callee === null ? { kind: "reject", reason: "unavailable" } : { kind: "dial", callee };
}

export function flowById(configuration: Configuration, id: FlowId): Flow | null {
  return configuration.flows.find((flow) => flow.record.id === id) ?? null;
}

export function inQueueFlowByName(configuration: Configuration, name: string): Flow | null {
  return configuration.flows.find((flow) => flow.record.name === name && flow.document.type === "INQUEUECALL") ?? null;
}
