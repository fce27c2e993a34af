// The core's store ports over one PostgreSQL session: a pool for reading, a transaction for changing.

import type { OAuthClient, PresenceDefinition } from "../../core/directory/user.ts";
import type { WrapupCode } from "../../core/routing/queue.ts";
import type { Stores } from "../../core/stores.ts";
import type { CallAlarm, RateTable } from "../../core/telephony/call-alarm.ts";
import type {
  ConferenceRoom,
  DidPool,
  FlowRecord,
  Ivr,
  NumberPlan,
  OutboundRoute,
  Site,
  Station,
  Trunk,
} from "../../core/telephony/telephony.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { agentStore } from "./agent-store.ts";
import { bindingStore } from "./binding-store.ts";
import { callChargeStore } from "./call-charge-store.ts";
import { conversationStore, recordingStore } from "./conversation-store.ts";
import { organizationStore, sessionStore, tokenStore, userStore } from "./directory-store.ts";
import { secondFactorStore, setupStore, ticketStore } from "./first-run-store.ts";
import { helpCallStore } from "./help-call-store.ts";
import { inboxStore } from "./inbox-store.ts";
import { objectStore } from "./object-store.ts";
import { promptStore } from "./prompt-store.ts";
import { queueStore, skillStore } from "./queue-store.ts";
import { routingStore } from "./routing-store.ts";
import { Table } from "./table.ts";
import { alertStore, waitingStore } from "./waiting-store.ts";
import { whereaboutsStore } from "./whereabouts-store.ts";

const wrapupCodes = new Table<WrapupCode>(schema.wrapupCode);
const oauthClients = new Table<OAuthClient>(schema.oauthClient);
const presences = new Table<PresenceDefinition>(schema.presenceDefinition);
const trunks = new Table<Trunk>(schema.trunk);
const stations = new Table<Station>(schema.station);
const didPools = new Table<DidPool>(schema.didPool);
const conferenceRooms = new Table<ConferenceRoom>(schema.conferenceRoom);
const rateTables = new Table<RateTable>(schema.rateTable);
const callAlarms = new Table<CallAlarm>(schema.callAlarm);
const sites = new Table<Site>(schema.site);
const numberPlans = new Table<NumberPlan>(schema.numberPlan);
const outboundRoutes = new Table<OutboundRoute>(schema.outboundRoute);
const ivrs = new Table<Ivr>(schema.ivr);
const flows = new Table<FlowRecord>(schema.flow);

export function postgresStores(sql: Session): Stores {
  return {
    organizations: organizationStore(sql),
    queues: queueStore(sql),
    skills: skillStore(sql),
    wrapupCodes: objectStore(sql, wrapupCodes),
    users: userStore(sql),
    sessions: sessionStore(sql),
    tokens: tokenStore(sql),
    oauthClients: objectStore(sql, oauthClients),
    presences: objectStore(sql, presences),
    tickets: ticketStore(sql),
    secondFactors: secondFactorStore(sql),
    setup: setupStore(sql),
    agents: agentStore(sql),
    waiting: waitingStore(sql),
    alerts: alertStore(sql),
    routing: routingStore(sql),
    conversations: conversationStore(sql),
    recordings: recordingStore(sql),
    trunks: objectStore(sql, trunks),
    stations: objectStore(sql, stations),
    didPools: objectStore(sql, didPools),
    conferenceRooms: objectStore(sql, conferenceRooms),
    rateTables: objectStore(sql, rateTables),
    callAlarms: objectStore(sql, callAlarms),
    callCharges: callChargeStore(sql),
    sites: objectStore(sql, sites),
    numberPlans: objectStore(sql, numberPlans),
    outboundRoutes: objectStore(sql, outboundRoutes),
    ivrs: objectStore(sql, ivrs),
    flows: objectStore(sql, flows),
    prompts: promptStore(sql),
    inbox: inboxStore(sql),
    helpCalls: helpCallStore(sql),
    whereabouts: whereaboutsStore(sql),
    bindings: bindingStore(sql),
  };
}
