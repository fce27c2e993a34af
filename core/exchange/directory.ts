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
import type { ConferenceRoomId, FlowId } from "../lib/id.ts";
import type { Queue, Skill } from "../routing/queue.ts";
import type { CallAlarm, RateTable } from "../telephony/call-alarm.ts";
import { emergencyNumber } from "../telephony/emergency.ts";
import { isSameNumber } from "../telephony/number.ts";
import type { ConferenceRoom, FlowRecord, Ivr, NumberPlan, OutboundRoute, Site, Station, Trunk } from "../telephony/telephony.ts";
import type { Whereabouts } from "../telephony/whereabouts.ts";
import { calleeOf, dialledDigits, personByNumber } from "./callee.ts";
import { countryOf, type Dialler, type OutboundPlan, planEmergency, planHelpTest, planOutside } from "./outbound.ts";
import { isInside, planExtension } from "./tie-line.ts";

export type Flow = { readonly record: FlowRecord; readonly document: FlowDocument };

export type Configuration = {
  /** Null before it was loaded. */
  readonly organization: Organization | null;
  readonly queues: readonly Queue[];
  readonly skills: readonly Skill[];
  readonly trunks: readonly Trunk[];
  readonly stations: readonly Station[];
  readonly ivrs: readonly Ivr[];
  readonly conferenceRooms: readonly ConferenceRoom[];
  readonly flows: readonly Flow[];
  readonly users: readonly User[];
  /** The first is the organization's own: where no station says otherwise. */
  readonly sites: readonly Site[];
  readonly numberPlans: readonly NumberPlan[];
  readonly outboundRoutes: readonly OutboundRoute[];
  readonly rateTables: readonly RateTable[];
  readonly callAlarms: readonly CallAlarm[];
  readonly whereabouts: readonly Whereabouts[];
};

const empty: Configuration = {
  organization: null,
  ...{ queues: [], skills: [], trunks: [], stations: [], ivrs: [], conferenceRooms: [], flows: [], users: [] },
  ...{ sites: [], numberPlans: [], outboundRoutes: [], rateTables: [], callAlarms: [], whereabouts: [] },
};
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
    const [organization, queues, skills, trunks, stations, ivrs, conferenceRooms, records, users, sites, numberPlans, outboundRoutes] =
      await Promise.all([
        stores.organizations.byId(organizationId),
        stores.queues.all(organizationId),
        stores.skills.all(organizationId),
        stores.trunks.all(organizationId),
        stores.stations.all(organizationId),
        stores.ivrs.all(organizationId),
        stores.conferenceRooms.all(organizationId),
        stores.flows.all(organizationId),
        stores.users.all(organizationId),
        stores.sites.all(organizationId),
        stores.numberPlans.all(organizationId),
        stores.outboundRoutes.all(organizationId),
      ]);
    const [rateTables, callAlarms, whereabouts] = await Promise.all([
      stores.rateTables.all(organizationId),
      stores.callAlarms.all(organizationId),
      stores.whereabouts.all(organizationId),
    ]);
    const flows = records.flatMap((record): Flow[] => {
      const parsed = parseFlow(record.document);
      if (parsed.ok) return [{ record, document: parsed.flow }];
      env.log.error("flow cannot be used", { flow: record.id, problem: `${parsed.problems[0]?.path}: ${parsed.problems[0]?.message}` });
      return [];
    });
    setHomeZone(organization?.timeZone ?? null);
    this.loaded = {
      organization,
      queues,
      skills,
      trunks,
      stations,
      ivrs,
      conferenceRooms,
      flows,
      users,
      sites: sites.toSorted((a, b) => a.createdAt - b.createdAt),
      numberPlans,
      outboundRoutes,
      rateTables,
      callAlarms,
      whereabouts,
    };
  }
}

/** What decides beside the configuration: which trunks are full, how many are in a conference room, and chance. */
export type RouteFacts = {
  readonly isFull: (trunk: Trunk) => boolean;
  readonly inRoom: (roomId: ConferenceRoomId) => number;
  readonly draw: number;
  /** Epoch ms. */
  readonly now: number;
};

/** Where a new call goes: a value, no I/O. Numbers match with and without a leading +. Calls for help come first, whatever else there is. */
export function route(
  configuration: Configuration,
  call: Dialled,
  facts: RouteFacts = { isFull: () => false, inRoom: () => 0, draw: 0, now: 0 },
): Route {
  const dialler = call.origin.kind === "station" ? { ...call.origin, draw: facts.draw } : null;
  const help = dialler === null ? null : planEmergency(configuration, call.called, dialler, facts.now);
  if (help !== null) return planned(help);
  const isFromTrunk = call.origin.kind === "trunk";
  if (isFromTrunk && emergencyNumber(call.called, countryOf(configuration)) !== null && !isOurs(configuration, call.called))
    return { kind: "reject", reason: "emergency-not-available", why: "dialled by a trunk: nobody's place is known" };
  // Also when the wish came by an older link: what is switched off is off at once.
  if (call.origin.kind === "guest" && configuration.organization?.guestNumber !== call.called)
    return { kind: "reject", reason: "not-allowed" };
  const ivr = ivrByNumber(configuration, call.called);
  if (ivr === undefined) {
    const inside = toRoom(configuration, call, facts) ?? toExtension(configuration, call, facts);
    if (inside !== null || dialler === null) return inside ?? unknown;
    const test = planHelpTest(configuration, call.called, dialler, facts.now);
    return test === null ? outside(configuration, call.called, dialler, facts.isFull) : planned(test);
  }
  const flow = flowById(configuration, ivr.flowId);
  if (flow === null || flow.document.type !== "INBOUNDCALL") return { kind: "reject", reason: "unavailable" };
  return { kind: "flow", flowId: flow.record.id, flowName: flow.record.name, version: flow.record.version };
}

const unknown: Route = { kind: "reject", reason: "no-such-number" };

function planned(plan: OutboundPlan): Route {
  return plan.kind === "callee" ? { kind: "dial", callee: plan.callee } : { kind: "reject", reason: plan.reason, why: plan.why };
}

function outside(configuration: Configuration, called: string, dialler: Dialler, isFull: RouteFacts["isFull"]): Route {
  const plan = planOutside(configuration, called, dialler, isFull);
  return plan === null ? unknown : planned(plan);
}

function isOurs(configuration: Configuration, called: string): boolean {
  return (
    ivrByNumber(configuration, called) !== undefined ||
    roomByNumber(configuration, called) !== undefined ||
    personByNumber(configuration, called) !== null
  );
}

function ivrByNumber({ ivrs }: Configuration, called: string): Ivr | undefined {
  return ivrs.find(({ dnis }) => dnis.some((number) => isSameNumber(number, called)));
}

function roomByNumber({ conferenceRooms }: Configuration, called: string): ConferenceRoom | undefined {
  return conferenceRooms.find(({ number }) => isSameNumber(number, called));
}

type Dialled = { readonly called: string; readonly caller: CallerIdentity; readonly origin: CallOrigin };

/** A person here, or whoever has the extension on another PBX. */
function toExtension(configuration: Configuration, { called, caller, origin }: Dialled, { isFull }: RouteFacts): Route | null {
  const user = personByNumber(configuration, called);
  const here = user === null ? null : calleeOf(user, caller);
  const seeker = {
    shown: caller,
    cameBy: origin.kind === "trunk" ? origin.trunkId : null,
    mayLeave: isInside(configuration, origin, caller),
  };
  const plan = planExtension(configuration, dialledDigits(called), here, seeker, isFull);
  if (plan !== null) return planned(plan);
  return user === null ? null : { kind: "reject", reason: "unavailable" };
}

function toRoom(configuration: Configuration, { called, caller, origin }: Dialled, { inRoom }: RouteFacts): Route | null {
  const room = roomByNumber(configuration, dialledDigits(called));
  if (room === undefined) return null;
  if (room.callers === "people" && !isInside(configuration, origin, caller))
    return { kind: "reject", reason: "not-allowed", why: `“${room.name}” takes nobody from outside` };
  if (inRoom(room.id) >= room.participantsMax) return { kind: "reject", reason: "busy", why: `“${room.name}” is full` };
  return { kind: "room", roomId: room.id, name: room.name, number: room.number };
}

export function flowById(configuration: Configuration, id: FlowId): Flow | null {
  return configuration.flows.find((flow) => flow.record.id === id) ?? null;
}

export function inQueueFlowByName(configuration: Configuration, name: string): Flow | null {
  return configuration.flows.find((flow) => flow.record.name === name && flow.document.type === "INQUEUECALL") ?? null;
}
