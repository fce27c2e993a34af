// One's own page: language, keys of the call, password. What belongs to the device is a cookie, what belongs to the person a command.
import { setCookie } from "hono/cookie";
import { setPassword } from "../../../core/directory/commands.ts";
import { AppError, BadInput } from "../../../core/lib/errors.ts";
import type { WebContext } from "../../context.ts";
import { callKeysCookie, languageCookie } from "../../middleware/preferences.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { languages, t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Me } from "./views.tsx";

const help = "me";
const yearSeconds = 31_536_000;

export const meRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/me", permission: "signed-in", help }, (c, ports) => show(c, ports, null, c.req.query("saved") === "true")),

  page({ method: "POST", path: "/me/device", permission: "signed-in", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const tag = String(form.get("language") ?? "");
    if (!languages.some((one) => one.tag === tag)) throw new BadInput("There is no such language.", "language");
    const options = { httpOnly: true, sameSite: "Lax", path: "/", secure: c.env.secure, maxAge: yearSeconds } as const;
    setCookie(c, languageCookie, tag, options);
    setCookie(c, callKeysCookie, form.get("callKeys") === "on" ? "on" : "off", options);
    return c.redirect("/me?saved=true", 303);
  }),

  page({ method: "POST", path: "/me/password", permission: "signed-in", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const { user } = c.var;
    const right = user.passwordHash !== null && (await ports.app.passwords.verify(user.passwordHash, String(form.get("present") ?? "")));
    if (!right) return show(c, ports, { field: "present", message: t("That is not your present password.") }, false);
    try {
      await setPassword(ports.app, c.var.actor, user.id, String(form.get("password") ?? ""));
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 400) throw error;
      return show(c, ports, { field: "password", message: t(error.message) }, false);
    }
    // Every session of theirs has ended, this one too.
    return c.redirect("/sign-in", 303);
  }),
];

function show(
  c: WebContext,
  ports: WebPorts,
  wrong: { readonly field: string; readonly message: string } | null,
  saved: boolean,
): Promise<Response> {
  const view = <Me user={c.var.user} csrf={c.var.csrf} callKeys={c.var.callKeys} wrong={wrong} saved={saved} />;
  return render(c, ports, { title: t("You"), help, status: wrong === null ? 200 : 422 }, view);
}
