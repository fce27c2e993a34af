// IVRs, flows, DID pools, stations and trunks, as the Platform API has them.
import { z } from "zod";
import { type FlowSettings, flowKind, type IvrSettings, ivrKind } from "../../core/architect/kinds.ts";
import { type Prompt, type PromptSettings, promptKind } from "../../core/architect/prompt.ts";
import { BadInput } from "../../core/lib/errors.ts";
import {
  type DidPoolSettings,
  didPoolKind,
  type StationSettings,
  stationKind,
  type TrunkSettings,
  trunkKind,
} from "../../core/telephony/kinds.ts";
import { bareNumber } from "../../core/telephony/number.ts";
import type { DidPool, FlowRecord, Ivr, Station, Trunk } from "../../core/telephony/telephony.ts";
import { trunkTemplate, trunkTemplates } from "../../core/telephony/trunk-template.ts";
import { defineRoute } from "../route.ts";
import { listing, pageQuery } from "./listing.ts";
import { bodyOf, objectOperations, reference } from "./objects.ts";

const ref = z.object({ id: z.string() }).loose();
const pools = "/api/v2/telephony/providers/edges/didpools";

const ivrOperations = objectOperations<Ivr, IvrSettings>({
  kind: ivrKind,
  path: "/api/v2/architect/ivrs",
  entity: "IVR",
  listing: "IVREntityListing",
  words: ["IVR", "IVRs"],
  operations: {
    list: "getArchitectIvrs",
    create: "postArchitectIvrs",
    get: "getArchitectIvr",
    update: ["PUT", "putArchitectIvr"],
    delete: "deleteArchitectIvr",
  },
  body: bodyOf({ dnis: z.array(z.string()).optional(), openHoursFlow: ref.optional() }),
  settings: (body: { readonly name?: string; readonly dnis?: readonly string[]; readonly openHoursFlow?: { readonly id: string } }) => ({
    name: body.name,
    dnis: body.dnis,
    flowId: body.openHoursFlow?.id,
  }),
  present: (ivr) => ({
    version: ivr.version,
    state: "active",
    division: reference("/api/v2/authorization/divisions", ivr.divisionId),
    dnis: ivr.dnis,
    openHoursFlow: reference("/api/v2/flows", ivr.flowId),
  }),
});

// A flow is published by a job of the vendor's, or on its page here; the API shows and deletes.
const flowOperations = objectOperations<FlowRecord, FlowSettings>({
  kind: flowKind,
  path: "/api/v2/flows",
  entity: "Flow",
  listing: "FlowEntityListing",
  words: ["flow", "flows"],
  operations: { list: "getFlows", get: "getFlow", delete: "deleteFlow" },
  body: z.unknown(),
  settings: () => ({}),
  present: (flow) => ({
    type: flow.type,
    active: true,
    division: reference("/api/v2/authorization/divisions", flow.divisionId),
    publishedVersion: { id: String(flow.version), dateCreated: flow.modifiedAt },
  }),
});

const promptOperations = objectOperations<Prompt, PromptSettings>({
  kind: promptKind,
  path: "/api/v2/architect/prompts",
  entity: "Prompt",
  listing: "PromptEntityListing",
  words: ["prompt", "prompts"],
  operations: {
    list: "getArchitectPrompts",
    create: "postArchitectPrompts",
    get: "getArchitectPrompt",
    update: ["PUT", "putArchitectPrompt"],
    delete: "deleteArchitectPrompt",
  },
  body: bodyOf({ description: z.string().optional() }),
  settings: ({ name, description }: Partial<PromptSettings>) => ({ name, description }),
  present: (prompt) => ({
    description: prompt.description,
    ...(prompt.audioMs === null
      ? {}
      : {
          resources: [{ language: "en-gb", durationSeconds: prompt.audioMs / 1_000, uploadStatus: "transcoded" }],
        }),
  }),
});

const didPoolOperations = objectOperations<DidPool, DidPoolSettings>({
  kind: didPoolKind,
  path: pools,
  entity: "DIDPool",
  listing: "DIDPoolEntityListing",
  words: ["DID pool", "DID pools"],
  operations: {
    list: "getTelephonyProvidersEdgesDidpools",
    create: "postTelephonyProvidersEdgesDidpools",
    get: "getTelephonyProvidersEdgesDidpool",
    update: ["PUT", "putTelephonyProvidersEdgesDidpool"],
    delete: "deleteTelephonyProvidersEdgesDidpool",
  },
  body: bodyOf({ startPhoneNumber: z.string().optional(), endPhoneNumber: z.string().optional() }),
  settings: ({ name, startPhoneNumber, endPhoneNumber }: Partial<DidPoolSettings>) => ({ name, startPhoneNumber, endPhoneNumber }),
  present: (pool) => ({
    version: pool.version,
    state: "active",
    provider: "PURE_CLOUD_VOICE",
    startPhoneNumber: pool.startPhoneNumber,
    endPhoneNumber: pool.endPhoneNumber,
  }),
});

const stationOperations = objectOperations<Station, StationSettings>({
  kind: stationKind,
  path: "/api/v2/stations",
  entity: "Station",
  listing: "StationEntityListing",
  words: ["station", "stations"],
  operations: { list: "getStations", get: "getStation" },
  body: z.unknown(),
  settings: () => ({}),
  present: (station, ports) => ({
    type: station.kind === "browser" ? "inin_webrtc_softphone" : "inin_remote",
    status: ports.isRegistered(station.id) ? "ASSOCIATED" : "AVAILABLE",
    ...(station.userId === null ? {} : { userId: station.userId }),
    ...(station.kind === "browser" && station.userId !== null ? { webRtcUserId: station.userId } : {}),
  }),
});

const trunkOperations = objectOperations<Trunk, TrunkSettings>({
  kind: trunkKind,
  path: "/api/v2/telephony/providers/edges/trunks",
  entity: "Trunk",
  listing: "TrunkEntityListing",
  words: ["trunk", "trunks"],
  operations: { list: "getTelephonyProvidersEdgesTrunks", get: "getTelephonyProvidersEdgesTrunk" },
  body: z.unknown(),
  settings: () => ({}),
  present: (trunk, ports) => {
    const state = ports.trunks.state(trunk.id);
    const isRegistered = state === null || state.registration === null || state.registration.name === "registered";
    return {
      version: trunk.version,
      trunkType: "EXTERNAL",
      inService: isRegistered && (state === null || state.hops.some(({ isUp }) => isUp !== false)),
      enabled: true,
      connectedStatus: { connected: isRegistered },
      proxyAddressList: trunk.proxies.length > 0 ? trunk.proxies : trunk.addresses,
      // Ours beside the vendor's: a tie line's extensions.
      extensionRanges: trunk.extensionRanges,
      extensionsFirst: trunk.extensionsFirst,
    };
  },
});

const trunkBases = "/api/v2/telephony/providers/edges/trunkbasesettings";

/** Where a trunk may begin, as the vendor has them: a metabase for each template, and the base settings that it stands for. */
const templateRoutes = [
  defineRoute({
    operation: "getTelephonyProvidersEdgesTrunkbasesettingsAvailablemetabases",
    method: "GET",
    path: `${trunkBases}/availablemetabases`,
    permission: "telephony:plugin:all",
    help: "trunks",
    summary: "The templates from which a trunk may begin, paged.",
    query: pageQuery,
    response: "TrunkMetabaseEntityListing",
    handler: async ({ query }) => {
      const first = (query.pageNumber - 1) * query.pageSize;
      const shown = { entities: trunkTemplates.slice(first, first + query.pageSize), total: trunkTemplates.length };
      return listing(`${trunkBases}/availablemetabases`, query, {}, shown, ({ id, name }) => ({ id, name, type: "EXTERNAL" }));
    },
  }),
  defineRoute({
    operation: "getTelephonyProvidersEdgesTrunkbasesettingsTemplate",
    method: "GET",
    path: `${trunkBases}/template`,
    permission: "telephony:plugin:all",
    help: "trunks",
    summary: "The settings with which a trunk begins from a template.",
    query: z.object({ trunkMetabaseId: z.string() }),
    response: "TrunkBase",
    handler: async ({ query }) => {
      const template = trunkTemplate(query.trunkMetabaseId);
      if (template === null) throw new BadInput("There is no such template.", "trunkMetabaseId");
      const { id, name, values } = template;
      const properties = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value: { instance: value } }]));
      return { name, trunkMetabase: { id, name }, trunkType: "EXTERNAL", properties };
    },
  }),
];

export const telephonyRoutes = [
  ...ivrOperations,
  ...flowOperations,
  ...promptOperations,
  defineRoute({
    operation: "getTelephonyProvidersEdgesDidpoolsDids",
    method: "GET",
    path: `${pools}/dids`,
    permission: "telephony:plugin:all",
    help: "api",
    summary: "Every number of every pool with what it leads to, paged.",
    query: pageQuery.extend({
      type: z.enum(["ASSIGNED_AND_UNASSIGNED", "UNASSIGNED"]).default("ASSIGNED_AND_UNASSIGNED"),
      numberMatch: z.string().optional(),
    }),
    response: "DIDNumberEntityListing",
    handler: async ({ query }, _c, ports) => {
      const { stores, organizationId } = ports.app;
      const [all, ivrs] = await Promise.all([stores.didPools.all(organizationId), stores.ivrs.all(organizationId)]);
      const owners = new Map(ivrs.flatMap((ivr) => ivr.dnis.map((number) => [bareNumber(number), ivr] as const)));
      const numbers = all
        .flatMap((pool) => numbersOf(pool).map((number) => ({ number, pool, ivr: owners.get(number.slice(1)) })))
        .filter((did) => query.type !== "UNASSIGNED" || did.ivr === undefined)
        .filter((did) => query.numberMatch === undefined || did.number.includes(query.numberMatch));
      const slice = numbers.slice((query.pageNumber - 1) * query.pageSize, query.pageNumber * query.pageSize);
      const { type, numberMatch } = query;
      return listing(
        `${pools}/dids`,
        query,
        { type, numberMatch },
        { entities: slice, total: numbers.length },
        ({ number, pool, ivr }) => ({
          id: number,
          number,
          assigned: ivr !== undefined,
          didPool: reference(pools, pool.id),
          ...(ivr === undefined ? {} : { owner: reference("/api/v2/architect/ivrs", ivr.id), ownerType: "IVR_CONFIG" }),
          selfUri: `${pools}/dids/${encodeURIComponent(number)}`,
        }),
      );
    },
  }),
  ...didPoolOperations,
  ...stationOperations,
  ...trunkOperations,
  ...templateRoutes,
];

/** From the first number to the last, as E.164. */
function numbersOf({ startPhoneNumber, endPhoneNumber }: DidPool): readonly string[] {
  const first = Number(startPhoneNumber);
  return Array.from({ length: Number(endPhoneNumber) - first + 1 }, (_, n) => `+${first + n}`);
}
