// Sites with their outbound routes and number plans, as the Platform API has them: the dial plan as a program sees it.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { isId, type SiteId } from "../../core/lib/id.ts";
import { numberPlanKind, type OutboundRouteSettings, outboundRouteKind, type SiteSettings, siteKind } from "../../core/telephony/kinds.ts";
import { classifications } from "../../core/telephony/number-plan.ts";
import type { NumberPlan, OutboundRoute, Site } from "../../core/telephony/telephony.ts";
import type { WebContext } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { bodyOf, objectOperations, reference } from "./objects.ts";

const sites = "/api/v2/telephony/providers/edges/sites";
const help = "api";
const ref = z.object({ id: z.string() }).loose();
const within = { parameter: "siteId", kind: siteKind as never, word: "site" } as const;

// The vendor's site points to a location; ours has country and address itself, beside what the vendor's has.
const siteOperations = objectOperations<Site, SiteSettings>({
  kind: siteKind,
  path: sites,
  entity: "Site",
  listing: "SiteEntityListing",
  words: ["site", "sites"],
  operations: {
    list: "getTelephonyProvidersEdgesSites",
    create: "postTelephonyProvidersEdgesSites",
    get: "getTelephonyProvidersEdgesSite",
    update: ["PUT", "putTelephonyProvidersEdgesSite"],
    delete: "deleteTelephonyProvidersEdgesSite",
  },
  body: bodyOf({
    callerId: z.string().nullable().optional(),
    callerName: z.string().optional(),
    country: z.string().optional(),
    address: z.string().optional(),
    outsidePrefix: z.string().optional(),
  }),
  settings: ({ name, callerId, callerName, country, address, outsidePrefix }: Partial<SiteSettings>) => ({
    ...{ name, callerId, callerName, country, address, outsidePrefix },
  }),
  present: (site) => ({
    version: site.version,
    state: "active",
    division: reference("/api/v2/authorization/divisions", site.divisionId),
    callerId: site.callerId ?? undefined,
    callerName: site.callerName,
    country: site.country,
    address: site.address,
    outsidePrefix: site.outsidePrefix,
  }),
});

const routeOperations = objectOperations<OutboundRoute, OutboundRouteSettings>({
  kind: outboundRouteKind,
  path: `${sites}/:siteId/outboundroutes`,
  within,
  entity: "OutboundRouteBase",
  listing: "OutboundRouteBaseEntityListing",
  words: ["outbound route", "outbound routes"],
  operations: {
    list: "getTelephonyProvidersEdgesSiteOutboundroutes",
    create: "postTelephonyProvidersEdgesSiteOutboundroutes",
    get: "getTelephonyProvidersEdgesSiteOutboundroute",
    update: ["PUT", "putTelephonyProvidersEdgesSiteOutboundroute"],
    delete: "deleteTelephonyProvidersEdgesSiteOutboundroute",
  },
  body: bodyOf({
    classificationTypes: z.array(z.string()).optional(),
    distribution: z.string().optional(),
    enabled: z.boolean().optional(),
    externalTrunkBases: z.array(ref).optional(),
  }),
  settings: (body: {
    readonly name?: string;
    readonly classificationTypes?: readonly string[];
    readonly distribution?: string;
    readonly enabled?: boolean;
    readonly externalTrunkBases?: readonly { readonly id: string }[];
  }) => ({
    name: body.name,
    classifications: body.classificationTypes,
    distribution: body.distribution,
    enabled: body.enabled,
    trunkIds: body.externalTrunkBases?.map(({ id }) => id),
  }),
  present: (route) => ({
    version: route.version,
    state: "active",
    classificationTypes: route.classifications,
    distribution: route.distribution,
    enabled: route.enabled,
    externalTrunkBases: route.trunkIds.map((id) => reference("/api/v2/telephony/providers/edges/trunks", id)),
  }),
});

function presentPlan(plan: NumberPlan): object {
  return {
    id: plan.id,
    name: plan.name,
    version: plan.version,
    state: "active",
    match: plan.match,
    normalizedFormat: plan.normalizedFormat,
    priority: plan.priority,
    numbers: plan.numbers,
    digitLength: plan.digitLength ?? undefined,
    classification: plan.classification,
    matchType: plan.matchType,
    selfUri: `${sites}/${plan.siteId}/numberplans/${plan.id}`,
  };
}

/** A site's own, in the order in which they are asked. @throws NotFound for the site */
async function plansOf(c: WebContext, { app }: WebPorts, siteId: string | undefined): Promise<readonly NumberPlan[]> {
  const site = siteId !== undefined && isId(siteId) ? await app.stores.sites.byId(siteId as SiteId) : null;
  const { id } = found(c.var.actor, "site with this id", site);
  const plans = await app.stores.numberPlans.all(app.organizationId);
  return plans.filter((plan) => plan.siteId === id).toSorted((a, b) => a.priority - b.priority);
}

export const siteRoutes = [
  ...siteOperations,
  ...routeOperations,
  // The vendor writes a site's plans all at once; here each is an object of its own, made on its page or by a document.
  defineRoute({
    operation: "getTelephonyProvidersEdgesSiteNumberplans",
    method: "GET",
    path: `${sites}/:siteId/numberplans`,
    permission: numberPlanKind.permissions.view,
    help,
    summary: "A site's number plans in the order in which they are asked.",
    response: "NumberPlans",
    handler: async ({ params }, c, ports) => (await plansOf(c, ports, params.siteId)).map(presentPlan),
  }),
  defineRoute({
    operation: "getTelephonyProvidersEdgesSiteNumberplansClassifications",
    method: "GET",
    path: `${sites}/:siteId/numberplans/classifications`,
    permission: numberPlanKind.permissions.view,
    help,
    summary: "What numbers may be at a site: calls for help, what its plans say, and what a country's numbers are.",
    response: "Classifications",
    handler: async ({ params }, c, ports) => {
      const own = (await plansOf(c, ports, params.siteId)).map(({ classification }) => classification);
      return [...new Set(["Emergency", ...own, ...classifications])];
    },
  }),
  defineRoute({
    operation: "getTelephonyProvidersEdgesSiteNumberplan",
    method: "GET",
    path: `${sites}/:siteId/numberplans/:id`,
    permission: numberPlanKind.permissions.view,
    help,
    summary: "One number plan of a site.",
    response: "NumberPlan",
    handler: async ({ params }, c, ports) => {
      const plan = (await plansOf(c, ports, params.siteId)).find(({ id }) => id === params.id) ?? null;
      return presentPlan(found(c.var.actor, "number plan with this id", plan));
    },
  }),
];
