// The admin's home, and the pages of everything that can be configured.

import type { App } from "../../../core/app.ts";
import { can } from "../../../core/authorization/actor.ts";
import type { ConfiguredObject } from "../../../core/objects/object.ts";
import { readsNetworkTests } from "../../../core/telephony/network-test-commands.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { captureRoutes } from "../capture/routes.tsx";
import { countryProfileRoutes } from "../country-profile/routes.tsx";
import { emergencyRoutes } from "../emergency/routes.tsx";
import { flowStepRoutes } from "../flow-steps/routes.tsx";
import type { AnyObjectPage, ObjectPage } from "../objects/object-page.ts";
import { type Hrefs, objectRoutes } from "../objects/routes.tsx";
import { organizationRoutes } from "../organization/routes.tsx";
import { personRoutes } from "../people/routes.tsx";
import { promptRoutes } from "../prompts/routes.tsx";
import { queueMemberRoutes } from "../queue-members/routes.tsx";
import { render } from "../render.tsx";
import { spendRoutes } from "../spend/routes.tsx";
import { testCallRoutes, trunkRoutes } from "../trunks/routes.tsx";
import { callAlarmPage, rateTablePage } from "./alarms.tsx";
import { presencePage, queuePage, skillPage, wrapupCodePage } from "./contact-centre.ts";
import { numberPlanPage, outboundRoutePage, sitePage } from "./outside.tsx";
import { oauthClientPage, userPage } from "./people.tsx";
import { conferenceRoomPage, didPoolPage, flowPage, ivrPage, promptPage, stationPage, trunkPage } from "./telephony.tsx";
import { type AdminEntry, AdminHome } from "./views.tsx";

/** The pages of what uses something, by the word its kind of object has for it. */
const places: Readonly<Record<string, Pick<AnyObjectPage, "path" | "kind">>> = {
  Flow: flowPage,
  IVR: ivrPage,
  Queue: queuePage,
  Person: userPage,
  Site: sitePage,
  "Outbound route": outboundRoutePage,
  "Number plan": numberPlanPage,
  Station: stationPage,
};
const href: Hrefs = (use, actor) => {
  const place = places[use.kind];
  return place === undefined || !can(actor, place.kind.permissions.view) ? null : `${place.path}/${use.id}`;
};

type Entry = { readonly page: AnyObjectPage; readonly routes: readonly PageRoute[] };

function entry<Row extends ConfiguredObject & Settings, Settings extends { readonly name: string }>(of: ObjectPage<Row, Settings>): Entry {
  const count = async (app: App) => (await of.kind.store(app.stores).list(app.organizationId, {}, { pageSize: 1, pageNumber: 1 })).total;
  return { page: { ...of, count }, routes: objectRoutes(of, href) };
}

const costsTitle = "Costs of calls outside";
const areas: readonly { readonly title: string; readonly entries: readonly Entry[] }[] = [
  { title: "Contact centre", entries: [entry(queuePage), entry(skillPage), entry(wrapupCodePage), entry(presencePage)] },
  { title: "Calls", entries: [entry(flowPage), entry(promptPage), entry(ivrPage), entry(conferenceRoomPage), entry(didPoolPage)] },
  { title: "Telephony", entries: [entry(stationPage), entry(trunkPage)] },
  { title: "Calls outside", entries: [entry(sitePage), entry(outboundRoutePage), entry(numberPlanPage)] },
  { title: costsTitle, entries: [entry(rateTablePage), entry(callAlarmPage)] },
  { title: "People and programs", entries: [entry(userPage), entry(oauthClientPage)] },
];

/** Everything that can be configured, in the order of the admin's home. */
export const adminPages: readonly AnyObjectPage[] = areas.flatMap((area) => area.entries).map((one) => one.page);

const organizationEntry: AdminEntry = {
  path: "/admin/organization",
  icon: "settings",
  title: "Organisation",
  purpose: "Its name, its time zone, and how long recordings are kept.",
  count: null,
};

const networkTestEntry: AdminEntry = {
  path: "/network-test",
  icon: "activity",
  title: "Network test",
  purpose: "Voice between a browser and this server; what people have sent of theirs.",
  count: null,
};

const spendEntry: Omit<AdminEntry, "count"> = {
  path: "/admin/spend",
  icon: "chart-column",
  title: "Costs and stopped calls",
  purpose: "What calls outside have cost, by whom and to where; whom an alarm has stopped.",
};

const captureEntry: AdminEntry = {
  path: "/admin/capture",
  icon: "circle-dot",
  title: "Packet capture",
  purpose: "SIP and voice packets as a file, for a while, with a reason.",
  count: null,
};

const emergencyEntry: AdminEntry = {
  path: "/admin/emergency",
  icon: "siren",
  title: "Emergency calls",
  purpose: "Whether help is reached from each site, and of which stations nobody knows where they are.",
  count: null,
};

async function stoppedCount({ app: { stores, organizationId } }: WebPorts): Promise<number> {
  return (await stores.callCharges.stops(organizationId)).filter(({ releasedAt }) => releasedAt === null).length;
}

/** The longer paths stand first: `/admin/queues/:id/members` before `/admin/queues/:id`. */
export const adminRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin", permission: "directory:user:edit", help: "admin" }, async (c, ports) => {
    const shown = await Promise.all(
      areas.map(async ({ title, entries }) => ({
        title,
        entries: await Promise.all(
          entries
            .filter((one) => c.var.actor.permissions.has(one.page.kind.permissions.view))
            .map(async ({ page: { path, icon, title, purpose, count } }) => ({
              path,
              icon,
              title,
              purpose,
              count: await count(ports.app),
            })),
        ),
      })),
    );
    const mayConfigure = c.var.actor.permissions.has("telephony:plugin:all");
    const emergency = { title: "Emergency", entries: mayConfigure ? [emergencyEntry] : [] };
    const spend = mayConfigure ? [{ ...spendEntry, count: await stoppedCount(ports) }] : [];
    const costs = shown.map((area) => (area.title === costsTitle ? { ...area, entries: [...spend, ...area.entries] } : area));
    const network = [
      ...(c.var.actor.permissions.has(readsNetworkTests) ? [networkTestEntry] : []),
      ...(c.var.actor.permissions.has("telephony:pcap:view") ? [captureEntry] : []),
    ];
    const tests = { title: "Network", entries: network };
    const own = { title: "Organisation", entries: c.var.actor.permissions.has("directory:organization:edit") ? [organizationEntry] : [] };
    return render(
      c,
      ports,
      { title: t("Admin"), help: "admin" },
      <AdminHome
        areas={[...costs, emergency, tests, own].filter((area) => area.entries.length > 0)}
        mayExplore={c.var.actor.permissions.has("oauth:client:view")}
      />,
    );
  }),
  ...organizationRoutes,
  ...queueMemberRoutes,
  ...personRoutes,
  ...flowStepRoutes,
  ...promptRoutes,
  ...trunkRoutes,
  ...countryProfileRoutes,
  ...testCallRoutes,
  ...emergencyRoutes,
  ...spendRoutes,
  ...captureRoutes,
  ...areas.flatMap((area) => area.entries).flatMap((one) => one.routes),
];
