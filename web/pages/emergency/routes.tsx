// Whether help can be called, site by site, without ringing anybody; and from where nobody would know where to send it.
import { locationGaps, siteReports } from "../../../core/exchange/emergency-report.ts";
import { lastHelpTests, testHelp } from "../../../core/exchange/help-test.ts";
import { NotFound } from "../../../core/lib/errors.ts";
import { isId, type SiteId } from "../../../core/lib/id.ts";
import { civicText } from "../../../core/telephony/civic-address.ts";
import type { Trunk } from "../../../core/telephony/telephony.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { csvLine } from "../objects/form-values.ts";
import { render } from "../render.tsx";
import type { SiteTests } from "./tests.tsx";
import { EmergencyPage, gapText } from "./views.tsx";

const help = "outside";
const permission = "telephony:plugin:all";

export const emergencyRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/emergency", permission, help }, async (c, ports) => {
    const facts = await factsOf(ports);
    const sites = siteReports(facts, (trunk) => isUp(ports, trunk));
    const tests = new Map<string, SiteTests>();
    for (const { site } of sites) tests.set(site.id, await lastHelpTests(ports.app, site.id));
    const names = new Map(facts.users.map(({ id, name }) => [id as string, name]));
    const props = { actor: c.var.actor, csrf: c.var.csrf, sites, tests, names, gaps: locationGaps(facts) };
    const view = <EmergencyPage {...props} opened={c.req.query("tested") ?? null} now={ports.app.env.clock.now()} />;
    return render(c, ports, { title: t("Emergency calls"), help }, view);
  }),

  page({ method: "POST", path: "/admin/emergency/test", permission, help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const siteId = String(form.get("site") ?? "");
    if (!isId(siteId)) throw new NotFound("site with this id");
    await testHelp(ports.app, c.var.actor, await factsOf(ports), siteId as SiteId, ports.trunks);
    return c.redirect(`/admin/emergency?tested=${siteId}`, 303);
  }),

  page({ method: "GET", path: "/admin/emergency.csv", permission, help }, async (c, ports) => {
    const lines = locationGaps(await factsOf(ports)).map(({ station, user, site, gap }) =>
      csvLine([
        station.id,
        station.name,
        station.kind,
        user.name,
        site?.name ?? "",
        site?.address || (site?.civic == null ? "" : civicText(site.civic)),
        station.location,
        gap,
        gapText(gap),
      ]),
    );
    c.header("content-type", "text/csv; charset=utf-8");
    c.header("content-disposition", 'attachment; filename="stations-without-place.csv"');
    return c.body(csvLine(["id", "station", "kind", "person", "site", "address", "floorAndRoom", "gap", "why"]) + lines.join(""));
  }),
];

async function factsOf({ app: { stores, organizationId, env } }: WebPorts) {
  const [sites, stations, trunks, users, said] = await Promise.all([
    stores.sites.all(organizationId),
    stores.stations.all(organizationId),
    stores.trunks.all(organizationId),
    stores.users.all(organizationId),
    stores.whereabouts.all(organizationId),
  ]);
  const whereabouts = said.filter(({ expiresAt }) => expiresAt > env.clock.now());
  return { sites: sites.toSorted((a, b) => a.createdAt - b.createdAt), stations, trunks, users, whereabouts };
}

/** Up where one next hop is; null where none is, and one has not been asked. */
function isUp(ports: WebPorts, trunk: Trunk): boolean | null {
  const hops = ports.trunks.state(trunk.id)?.hops ?? [];
  if (hops.some((hop) => hop.isUp === true)) return true;
  return hops.length === 0 || hops.some((hop) => hop.isUp === null) ? null : false;
}
