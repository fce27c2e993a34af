// Where somebody works today: asked at sign-in from a network that nobody has named, and changed whenever they like.
import { AppError } from "../../../core/lib/errors.ts";
import type { CivicAddress } from "../../../core/telephony/civic-address.ts";
import { sayWhereabouts } from "../../../core/telephony/whereabouts.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { civicOf } from "../../ui/civic.tsx";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Where } from "./views.tsx";

const help = "me";

export const whereRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/where", permission: "signed-in", help }, async (c, ports) => {
    const { app } = ports;
    const now = app.env.clock.now();
    const all = await app.stores.whereabouts.all(app.organizationId);
    const said = all.find(({ userId, expiresAt }) => userId === c.var.user.id && expiresAt > now) ?? null;
    const site = said?.siteId == null ? null : await app.stores.sites.byId(said.siteId);
    return show(c, ports, {
      civic: said?.civic ?? null,
      siteName: site?.name ?? null,
      expiresAt: said?.expiresAt ?? null,
      asked: c.req.query("asked") === "true",
    });
  }),

  page({ method: "POST", path: "/where", permission: "signed-in", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const asked = form.get("asked") === "true";
    const civic = form.get("forget") === "true" ? null : civicOf("civic", form);
    try {
      await sayWhereabouts(ports.app, c.var.user.id, civic);
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 400) throw error;
      return show(c, ports, { civic, siteName: null, expiresAt: null, asked, error: error.message });
    }
    return c.redirect(asked ? "/" : "/where?saved=true", 303);
  }),
];

type Shown = {
  readonly civic: Partial<CivicAddress> | null;
  readonly siteName: string | null;
  readonly expiresAt: number | null;
  readonly asked: boolean;
  readonly error?: string;
};

function show(c: WebContext, ports: WebPorts, { error, ...shown }: Shown): Promise<Response> {
  const view = <Where {...shown} error={error} csrf={c.var.csrf} saved={c.req.query("saved") === "true"} />;
  return render(c, ports, { title: t("Where you work today"), help, ...(error === undefined ? {} : { status: 422 }) }, view);
}
