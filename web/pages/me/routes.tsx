// One's own page: language, keys of the call, password. What belongs to the device is a cookie, what belongs to the person a command.
import { setCookie } from "hono/cookie";
import { setPassword } from "../../../core/directory/commands.ts";
import { confirmTotp, hasSecondFactor, offeredTotp, offerTotp, replaceRecoveryCodes } from "../../../core/directory/sign-in.ts";
import { AppError, BadInput } from "../../../core/lib/errors.ts";
import type { WebContext } from "../../context.ts";
import { callKeysCookie, languageCookie } from "../../middleware/preferences.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { languages, said, t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Me, RecoveryCodes, SecondFactor } from "./views.tsx";

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
    if (!(await isPassword(c, ports, form, "present")))
      return show(c, ports, { field: "present", message: t("That is not your present password.") }, false);
    try {
      await setPassword(ports.app, c.var.actor, c.var.user.id, String(form.get("password") ?? ""));
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 400) throw error;
      return show(c, ports, { field: "password", message: said(error.message) }, false);
    }
    // Every session of theirs has ended, this one too.
    return c.redirect("/sign-in", 303);
  }),

  // The password again: an unlocked browser that somebody has left must not become somebody else's.
  page({ method: "POST", path: "/me/second-factor", permission: "signed-in", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    if (!(await isPassword(c, ports, form, "factorPassword")))
      return show(c, ports, { field: "factorPassword", message: t("That is not your present password.") }, false);
    const { app } = ports;
    const { actor, user } = c.var;
    if (!(await hasSecondFactor(app, user.id))) {
      await offerTotp(app, actor, user.id);
      return c.redirect("/me/second-factor", 303);
    }
    return codes(c, ports, await replaceRecoveryCodes(app, actor, user.id));
  }),

  page({ method: "GET", path: "/me/second-factor", permission: "signed-in", help }, (c, ports) => enrol(c, ports, undefined)),

  page({ method: "POST", path: "/me/second-factor/confirm", permission: "signed-in", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    try {
      return await codes(c, ports, await confirmTotp(ports.app, c.var.actor, c.var.user.id, String(form.get("code") ?? "").trim()));
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 400) throw error;
      return enrol(c, ports, said(error.message));
    }
  }),
];

async function isPassword(c: WebContext, { app }: WebPorts, form: FormData, field: string): Promise<boolean> {
  const { passwordHash } = c.var.user;
  return passwordHash !== null && (await app.passwords.verify(passwordHash, String(form.get(field) ?? "")));
}

async function enrol(c: WebContext, ports: WebPorts, error: string | undefined): Promise<Response> {
  const { user, csrf } = c.var;
  const secret = await offeredTotp(ports.app, user.id);
  if (secret === null) return c.redirect("/me", 303);
  const view = <SecondFactor {...{ user, csrf, secret, error }} organization={ports.organizationName} />;
  return render(c, ports, { title: t("Second factor"), help, status: error === undefined ? 200 : 422 }, view);
}

function codes(c: WebContext, ports: WebPorts, made: readonly string[]): Promise<Response> {
  return render(c, ports, { title: t("Ten recovery codes"), help }, <RecoveryCodes codes={made} organization={ports.organizationName} />);
}

async function show(
  c: WebContext,
  ports: WebPorts,
  wrong: { readonly field: string; readonly message: string } | null,
  saved: boolean,
): Promise<Response> {
  const { user, csrf, callKeys } = c.var;
  const hasFactor = await hasSecondFactor(ports.app, user.id);
  const codesLeft = hasFactor ? await ports.app.stores.secondFactors.recoveryCodesLeft(user.id) : null;
  const view = <Me {...{ user, csrf, callKeys, codesLeft, wrong, saved }} />;
  return render(c, ports, { title: t("You"), help, status: wrong === null ? 200 : 422 }, view);
}
