// The first set-up in the browser, for whoever holds the printed link: one page per step, left and resumed at will, gone when it is done.
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { ZodType } from "zod";
import { type Actor, nodeActor } from "../../../core/authorization/actor.ts";
import { organizationSettings } from "../../../core/directory/organization.ts";
import { hasSecondFactor, offeredTotp, replaceRecoveryCodes, ticketOf } from "../../../core/directory/sign-in.ts";
import type { Ticket } from "../../../core/directory/ticket.ts";
import { BadInput, Conflict, NotFound } from "../../../core/lib/errors.ts";
import { wrongTicketsMax } from "../../../core/lib/limits.ts";
import {
  acknowledgeKit,
  chooseDemo,
  confirmOwner,
  finishSetup,
  keepNetworkResult,
  makeKit,
  setAddress,
  setOrganization,
  setOwner,
  setupOf,
} from "../../../core/setup/commands.ts";
import { askedGroups } from "../../../core/setup/kit.ts";
import {
  addressInput,
  type NetworkResult,
  nextStep,
  ownerInput,
  type Setup,
  type SetupStep,
  setupSteps,
} from "../../../core/setup/setup.ts";
import type { WebContext } from "../../context.ts";
import { csrfOf } from "../../crypto.ts";
import { demandOwnForm } from "../../middleware/security.ts";
import { Tries } from "../../middleware/tries.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { answerOffer } from "../network-test/answer.ts";
import { giveSession } from "../sign-in/routes.tsx";
import { Done, KitPage, RecoveryCodes, SetupPage, type StepErrors, type StepValues } from "./views.tsx";

/** Holds the link's secret, so that no later address does. */
export const setupCookie = "landline_setup";
const cookiePath = "/setup";
const cookieSeconds = 86_400;
const help = "setup";
const wrongLinks = new Tries(wrongTicketsMax);

/** Who runs the set-up, and in which browser. */
type Place = { readonly ticket: Ticket; readonly csrf: string; readonly actor: Actor; readonly setup: Setup };

export const setupRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/setup", permission: "public", help }, async (c, ports) => {
    const { setup } = await place(c, ports, getCookie(c, setupCookie));
    return c.redirect(pathOf(nextStep(setup) ?? "finish"));
  }),

  page({ method: "POST", path: "/setup/check/voice", permission: "public", help }, async (c, ports) => {
    const form = await c.req.formData();
    const { ticket } = await own(c, ports, form);
    return answerOffer(c, ports, form, `set-up ${ticket.tokenHash}`);
  }),

  page({ method: "POST", path: "/setup/recovery/kit", permission: "public", help }, async (c, ports) => {
    const { actor, csrf, setup } = await own(c, ports, await c.req.formData());
    const kit = await makeKit(ports.app, actor, ports.node);
    const made = { ...setup, stepsDone: setup.stepsDone.filter((step) => step !== "recovery") };
    return c.html(<KitPage setup={made} csrf={csrf} kit={kit} organization={ports.organizationName} at={ports.app.env.clock.now()} />);
  }),

  page({ method: "POST", path: "/setup/second-factor/codes", permission: "public", help }, async (c, ports) => {
    const { actor, csrf, setup } = await own(c, ports, await c.req.formData());
    if (setup.ownerId === null || !(await hasSecondFactor(ports.app, setup.ownerId))) throw new Conflict("The second factor comes first.");
    const codes = await replaceRecoveryCodes(ports.app, actor, setup.ownerId);
    return c.html(<RecoveryCodes setup={setup} csrf={csrf} codes={codes} organization={ports.organizationName} />);
  }),

  page({ method: "POST", path: "/setup/finish", permission: "public", help }, async (c, ports) => {
    const { actor, setup, ticket } = await own(c, ports, await c.req.formData());
    await finishSetup(ports.app, actor);
    deleteCookie(c, setupCookie, { path: cookiePath });
    // The browser in which the owner proved the second factor a moment ago needs no second proof.
    const owner = setup.ownerId === null ? null : await ports.app.stores.users.byId(setup.ownerId);
    const isOwners = owner !== null && setup.ownerTicketHash === ticket.tokenHash;
    if (isOwners) await giveSession(c, ports, owner, "set-up");
    return c.html(
      <Done isSignedIn={isOwners} withDemo={setup.withDemo === true} restart={ports.node.needsRestart()} node={ports.node.addresses()} />,
    );
  }),

  page({ method: "GET", path: "/setup/:place", permission: "public", help }, async (c, ports) => {
    const word = c.req.param("place") ?? "";
    if (word === "finish" || isStep(word)) return show(c, ports, await place(c, ports, getCookie(c, setupCookie)), word, {}, {}, 200);
    // The printed link: its secret moves into a cookie, and out of every later address.
    await place(c, ports, word);
    // Lax, not strict: a link clicked in a console that is itself a web page leads here through that page. Forms have their own check.
    setCookie(c, setupCookie, word, {
      ...{ httpOnly: true, secure: c.env.secure, sameSite: "Lax", path: cookiePath, maxAge: cookieSeconds },
    });
    return c.redirect("/setup");
  }),

  page({ method: "POST", path: "/setup/:place", permission: "public", help }, async (c, ports) => {
    const step = c.req.param("place") ?? "";
    const form = await c.req.formData();
    const at = await own(c, ports, form);
    if (!isStep(step)) throw new NotFound(`page at ${c.req.path}`);
    const values: StepValues = Object.fromEntries([...form].map(([key, value]) => [key, String(value)]));
    try {
      const shown = await carryOut(c, ports, at, step, values);
      if (shown !== null) return shown;
    } catch (error) {
      if (error instanceof StepRefused) return show(c, ports, at, step, values, error.errors, 422);
      if (!(error instanceof BadInput || error instanceof Conflict)) throw error;
      return show(c, ports, at, step, values, { [error.field ?? "form"]: error.message }, error instanceof Conflict ? 409 : 422);
    }
    return c.redirect(pathOf(nextStep(await setupOf(ports.app)) ?? "finish"), 303);
  }),
];

/** One step's command. Resolves to a page when there is something to be shown once. @throws StepRefused · BadInput · Conflict */
async function carryOut(c: WebContext, ports: WebPorts, at: Place, step: SetupStep, values: StepValues): Promise<Response | null> {
  const { app, node } = ports;
  const { actor, setup, ticket, csrf } = at;
  switch (step) {
    case "organization": {
      const { name, language, country, timeZone } = values;
      await setOrganization(app, actor, parsed(organizationSettings, { name, language, country, timeZone }));
      return null;
    }
    case "owner": {
      const { name, email, password } = values;
      await setOwner(app, actor, parsed(ownerInput, { name, email, password }));
      return null;
    }
    case "second-factor": {
      const codes = await confirmOwner(app, actor, values.code ?? "", ticket.tokenHash);
      const done = await setupOf(app);
      return c.html(<RecoveryCodes setup={done} csrf={csrf} codes={codes} organization={ports.organizationName} />) as Response;
    }
    case "address": {
      const { publicUrl, certificate, httpsPort, chain, privateKey } = values;
      const trustedProxies = (values.trustedProxies ?? "").split(/[\s,]+/).filter((text) => text !== "");
      const isUpload = certificate === "upload";
      const typed = { publicUrl, certificate, httpsPort, trustedProxies: certificate === "proxy" ? trustedProxies : [] };
      await setAddress(
        app,
        actor,
        node,
        parsed(addressInput, { ...typed, chain: isUpload ? chain : "", privateKey: isUpload ? privateKey : "" }),
      );
      return null;
    }
    case "network":
      await keepNetworkResult(app, actor, {
        socket: verdict(values.socket),
        voice: verdict(values.voice),
        encrypted: verdict(values.encrypted),
      } satisfies NetworkResult);
      return null;
    case "recovery": {
      const asked = setup.kitDigest === null ? [] : askedGroups(setup.kitDigest);
      await acknowledgeKit(app, actor, Object.fromEntries(asked.map((index) => [index, values[`group-${index}`] ?? ""])));
      return null;
    }
    case "demo": {
      if (values.demo !== "yes" && values.demo !== "no") throw new StepRefused({ demo: "Choose one of the two." });
      await chooseDemo(app, actor, values.demo === "yes", node.addresses().media);
      return null;
    }
  }
}

/** What stands beside the fields. */
class StepRefused extends Error {
  constructor(readonly errors: StepErrors) {
    super("refused");
  }
}

function parsed<T>(schema: ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // The first word about each field is the one to mend.
  const issues = [...result.error.issues].reverse();
  throw new StepRefused(Object.fromEntries(issues.map((issue) => [String(issue.path[0] ?? "form"), issue.message])));
}

function verdict(text: string | undefined): boolean | null {
  return text === "good" ? true : text === "bad" ? false : null;
}

async function show(
  c: WebContext,
  ports: WebPorts,
  at: Place,
  step: SetupStep | "finish",
  values: StepValues,
  errors: StepErrors,
  status: number,
): Promise<Response> {
  const { app, node } = ports;
  const { setup, csrf } = at;
  const [organization, owner, secret] = await Promise.all([
    app.stores.organizations.byId(app.organizationId),
    setup.ownerId === null ? null : app.stores.users.byId(setup.ownerId),
    step === "second-factor" && setup.ownerId !== null ? offeredTotp(app, setup.ownerId) : null,
  ]);
  c.status(status as 200);
  return c.html(
    <SetupPage
      step={step}
      setup={setup}
      organization={organization!}
      owner={owner}
      secret={secret}
      node={node.addresses()}
      given={node.given()}
      values={values}
      errors={errors}
      csrf={csrf}
    />,
  );
}

/** The holder of the secret. @throws NotFound: for everybody else there is no set-up */
async function place(c: WebContext, ports: WebPorts, token: string | undefined): Promise<Place> {
  const { app } = ports;
  const keys = [`address ${c.env.remoteAddress}`];
  const now = app.env.clock.now();
  const ticket = wrongLinks.isBarred(keys, now) ? null : await ticketOf(app, "setup", token);
  if (ticket === null) {
    if (token !== undefined) wrongLinks.remember(keys, now);
    throw new NotFound("page here. A set-up link is printed when Landline starts, and only the newest one opens it");
  }
  return { ticket, csrf: csrfOf(token!), actor: nodeActor(app, "Set-up"), setup: await setupOf(app) };
}

async function own(c: WebContext, ports: WebPorts, form: FormData): Promise<Place> {
  const at = await place(c, ports, getCookie(c, setupCookie));
  demandOwnForm(c, ports, form.get("csrf"), at.csrf);
  return at;
}

function isStep(word: string): word is SetupStep {
  return (setupSteps as readonly string[]).includes(word);
}

function pathOf(step: SetupStep | "finish"): string {
  return `/setup/${step}`;
}
