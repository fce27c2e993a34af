// A country's profile beside what a site has: the differences, taken one by one.
import { found } from "../../../core/authorization/actor.ts";
import { countries } from "../../../core/directory/organization.ts";
import { AppError } from "../../../core/lib/errors.ts";
import { isId, type SiteId } from "../../../core/lib/id.ts";
import { profileCountries } from "../../../core/telephony/country-profile.ts";
import { differencesOf, fingerprintOf, takeProfile } from "../../../core/telephony/country-profile-commands.ts";
import type { Site } from "../../../core/telephony/telephony.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { language, said } from "../../ui/text.ts";
import { sitePage } from "../admin/outside.tsx";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { ProfilePage } from "./views.tsx";

const help = "outside";
const permission = "telephony:plugin:all";
const path = "/admin/sites/:id/country";

export const countryProfileRoutes: readonly PageRoute[] = [
  page({ method: "GET", path, permission, help }, (c, ports) => show(c, ports, c.req.query("country") ?? null, null)),

  page({ method: "POST", path, permission, help }, async (c, ports) => {
    const site = await siteOf(c, ports);
    const form = await ownForm(c, ports);
    const country = String(form.get("country") ?? "");
    const seen = String(form.get("seen") ?? "").replaceAll("\r\n", "\n");
    try {
      await takeProfile(ports.app, c.var.actor, site.id, country, { seen, chosen: form.getAll("take").map(String) });
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
      return show(c, ports, country, error);
    }
    return c.redirect(`/admin/sites/${site.id}/country?country=${country}&saved=true`, 303);
  }),
];

async function siteOf(c: WebContext, { app }: WebPorts): Promise<Site> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "site with this id", isId(id) ? await app.stores.sites.byId(id as SiteId) : null);
}

async function show(c: WebContext, ports: WebPorts, wanted: string | null, error: AppError | null): Promise<Response> {
  const site = await siteOf(c, ports);
  const { actor, csrf } = c.var;
  const country = [wanted, site.country].find((one) => one !== null && profileCountries.includes(one)) ?? profileCountries[0]!;
  const differences = await differencesOf(ports.app, actor, site.id, country);
  const named = countries(language().tag).filter(({ code }) => profileCountries.includes(code));
  const saved = error === null && c.req.query("saved") === "true";
  const view = (
    <ObjectFrame page={sitePage} row={site} at="country" {...{ actor }}>
      <ProfilePage
        {...{ site, country, differences, csrf, saved }}
        countries={named}
        seen={fingerprintOf(differences)}
        error={error === null ? null : said(error.message)}
      />
    </ObjectFrame>
  );
  return render(c, ports, { title: site.name, help, ...(error === null ? {} : { status: error.status }) }, view);
}
