// The organization's own page: what it is called, where its day begins, how long its recordings are kept, and whether people see who listens.
import { found } from "../../../core/authorization/actor.ts";
import {
  type Organization,
  type OrganizationRules,
  organizationRules,
  organizationSettings,
} from "../../../core/directory/organization.ts";
import { editOrganization } from "../../../core/directory/organization-commands.ts";
import { expiringRecordings } from "../../../core/recording/retention.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { OrganizationPage, type OrganizationValues } from "./views.tsx";

const help = "organization";
const permission = "directory:organization:edit";
const settings = organizationSettings.extend(organizationRules.shape);

export const organizationRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/organization", permission, help }, async (c, ports) =>
    show(c, ports, valuesOf(await organization(c, ports)), { saved: c.req.query("saved") === "true" }),
  ),

  page({ method: "POST", path: "/admin/organization", permission, help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const given = (name: string): string => String(form.get(name) ?? "").trim();
    const values: OrganizationValues = {
      ...{ name: given("name"), language: given("language"), country: given("country"), timeZone: given("timeZone") },
      recordingDays: given("recordingDays"),
      pauseSecondsMax: given("pauseSecondsMax"),
      currency: given("currency").toUpperCase(),
      showsMonitoring: given("showsMonitoring") === "true",
    };
    const days = values.recordingDays === "" ? null : Number(values.recordingDays);
    const parsed = settings.safeParse({
      ...values,
      recordingDays: days,
      pauseSecondsMax: Number(values.pauseSecondsMax),
      currency: values.currency || null,
    });
    if (!parsed.success) {
      const errors = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [String(path[0]), t(message)]).reverse());
      return show(c, ports, values, { errors });
    }
    // What is erased is gone for good: said before, in numbers, and done only when that was read.
    const before = await organization(c, ports);
    const expiring = isShorter(parsed.data.recordingDays, before.recordingDays) ? await expiringRecordings(ports.app, days!) : 0;
    if (expiring > 0 && given("confirmed") !== String(days)) return show(c, ports, values, { expiring });
    await editOrganization(ports.app, c.var.actor, parsed.data);
    return c.redirect("/admin/organization?saved=true", 303);
  }),
];

function isShorter(days: OrganizationRules["recordingDays"], before: OrganizationRules["recordingDays"]): boolean {
  return days !== null && (before === null || days < before);
}

async function organization(c: WebContext, { app }: WebPorts): Promise<Organization> {
  const row = await app.stores.organizations.byId(app.organizationId);
  return found(c.var.actor, "organization", row === null ? null : { ...row, organizationId: row.id });
}

function valuesOf({
  name,
  language,
  country,
  timeZone,
  recordingDays,
  showsMonitoring,
  pauseSecondsMax,
  currency,
}: Organization): OrganizationValues {
  return {
    name,
    language,
    country: country ?? "",
    timeZone: timeZone ?? "",
    recordingDays: recordingDays === null ? "" : String(recordingDays),
    showsMonitoring,
    pauseSecondsMax: String(pauseSecondsMax),
    currency: currency ?? "",
  };
}

function show(
  c: WebContext,
  ports: WebPorts,
  values: OrganizationValues,
  more: { readonly errors?: Readonly<Record<string, string>>; readonly expiring?: number; readonly saved?: boolean },
): Promise<Response> {
  const { errors = {}, expiring = 0, saved = false } = more;
  const view = <OrganizationPage actor={c.var.actor} {...{ values, errors, expiring, saved }} csrf={c.var.csrf} />;
  return render(c, ports, { title: t("Organisation"), help, status: Object.keys(errors).length > 0 || expiring > 0 ? 422 : 200 }, view);
}
