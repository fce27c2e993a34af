// Sign-in and sign-out: slow for guessers, the same answer for every wrong pair, a code after the password, a session of its own for every browser.
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { newEvent } from "../../../core/app.ts";
import {
  awaitSecondFactor,
  hasSecondFactor,
  type Proof,
  proveSecondFactor,
  startSession,
  ticketOf,
  useSignInLink,
} from "../../../core/directory/sign-in.ts";
import type { User } from "../../../core/directory/user.ts";
import { secondFactorMs, sessionMs, signInFailuresMax, wrongTicketsMax } from "../../../core/lib/limits.ts";
import { newToken } from "../../../core/lib/token.ts";
import { noteNetwork } from "../../../core/telephony/whereabouts.ts";
import type { WebContext } from "../../context.ts";
import { csrfOf } from "../../crypto.ts";
import { sessionCookie, signedIn } from "../../middleware/identity.ts";
import { CrossSite, demandOwnForm, isOwnOrigin, ownForm } from "../../middleware/security.ts";
import { Tries } from "../../middleware/tries.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { EnterCode, LinkUsed, SignIn } from "./views.tsx";

/** Holds the place between password and code. */
const codeCookie = "landline_code";
const codePath = "/sign-in/code";
const tooMany = "Too many tries. Wait ten minutes, then try again.";
const failures = new Tries(signInFailuresMax);
const wrongLinks = new Tries(wrongTicketsMax);
const help = "sign-in";

export const signInRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/sign-in", permission: "public", help }, async (c, ports) => {
    if (await signedIn(c, ports)) return c.redirect("/");
    return c.html(<SignIn organization={ports.organizationName} email="" problem={null} />);
  }),

  page({ method: "POST", path: "/sign-in", permission: "public", help }, async (c, ports) => {
    if (!isOwnOrigin(ports, c.req.header("origin") ?? null, c.req.header("host") ?? null)) throw new CrossSite();
    const form = await c.req.formData();
    const email = String(form.get("email") ?? "")
      .trim()
      .toLowerCase();
    const password = String(form.get("password") ?? "");
    const now = ports.app.env.clock.now();
    const keys = [`account ${email}`, addressOf(c)];
    const show = (problem: string, status: 422 | 429) =>
      c.html(<SignIn organization={ports.organizationName} email={email} problem={problem} />, status);
    const known = await ports.app.stores.users.byEmail(ports.app.organizationId, email);
    if (failures.isBarred(keys, now)) {
      await refused(c, ports, known, "password", true);
      return show(tooMany, 429);
    }
    const user = await authenticate(ports, known, password);
    if (user === null) {
      failures.remember(keys, now);
      await refused(c, ports, known, "password", false);
      return show("That email and password do not belong together.", 422);
    }
    if (!(await hasSecondFactor(ports.app, user.id))) return enter(c, ports, user, "password");
    const token = await awaitSecondFactor(ports.app, user);
    setCookie(c, codeCookie, token, { ...cookieOf(c), path: codePath, sameSite: "Strict", maxAge: secondFactorMs / 1_000 });
    return c.redirect(codePath, 303);
  }),

  page({ method: "GET", path: codePath, permission: "public", help }, async (c, ports) => {
    const token = getCookie(c, codeCookie);
    if ((await ticketOf(ports.app, "second-factor", token)) === null) return c.redirect("/sign-in");
    return c.html(<EnterCode csrf={csrfOf(token!)} problem={null} />);
  }),

  page({ method: "POST", path: codePath, permission: "public", help }, async (c, ports) => {
    const token = getCookie(c, codeCookie);
    const ticket = await ticketOf(ports.app, "second-factor", token);
    if (ticket?.userId == null) return c.redirect("/sign-in", 303);
    const form = await c.req.formData();
    demandOwnForm(c, ports, form.get("csrf"), csrfOf(token!));
    const now = ports.app.env.clock.now();
    const keys = [`code ${ticket.userId}`, addressOf(c)];
    const show = (problem: string, status: 422 | 429) => c.html(<EnterCode csrf={csrfOf(token!)} problem={problem} />, status);
    const user = await ports.app.stores.users.byId(ticket.userId);
    if (failures.isBarred(keys, now)) {
      await refused(c, ports, user, "code", true);
      return show(tooMany, 429);
    }
    const verdict = await proveSecondFactor(ports.app, ticket, String(form.get("code") ?? ""));
    if (!verdict.ok) {
      failures.remember(keys, now);
      await refused(c, ports, user, "code", false);
      const used = verdict.reason === "used";
      return show(
        used
          ? "That code has been used. Wait for the next one."
          : "That code is not right. Take the one that is shown now; if that is refused too, check that this phone's clock is right.",
        422,
      );
    }
    deleteCookie(c, codeCookie, { path: codePath });
    return enter(c, ports, verdict.user, verdict.proof);
  }),

  page({ method: "GET", path: "/sign-in/once/:token", permission: "public", help }, async (c, ports) => {
    // A browser that fetches ahead must not use up what a person has not clicked.
    if (/prefetch|prerender/.test(c.req.header("sec-purpose") ?? "")) return c.body(null, 425);
    const now = ports.app.env.clock.now();
    const keys = [addressOf(c)];
    if (wrongLinks.isBarred(keys, now)) return c.html(<LinkUsed problem={tooMany} />, 429);
    const user = await useSignInLink(ports.app, c.req.param("token") ?? "");
    if (user !== null) return enter(c, ports, user, "link", "/trial");
    wrongLinks.remember(keys, now);
    await refused(c, ports, null, "link", false);
    return c.html(<LinkUsed problem="This link has been used, or its hour is over. Landline prints a new one each time it starts." />, 404);
  }),

  page({ method: "POST", path: "/sign-out", permission: "signed-in", help }, async (c, ports) => {
    await ownForm(c, ports);
    const { session, actor } = c.var;
    await ports.app.unit.run(async (stores) => {
      await stores.sessions.delete(session.tokenHash);
      return {
        value: undefined,
        events: [newEvent(ports.app, { type: "user.signed-out", actorId: actor.id, subjectIds: [actor.id], payload: {} })],
      };
    });
    deleteCookie(c, sessionCookie, { path: "/" });
    return c.redirect("/sign-in", 303);
  }),
];

/** Gives this browser a session of its own. */
export async function giveSession(c: WebContext, ports: WebPorts, user: User, proof: Proof): Promise<void> {
  const token = await startSession(ports.app, user, proof, c.req.header("user-agent") ?? "");
  setCookie(c, sessionCookie, token, { ...cookieOf(c), sameSite: "Lax", path: "/", maxAge: sessionMs / 1_000 });
}

async function enter(c: WebContext, ports: WebPorts, user: User, proof: Proof, to = "/"): Promise<Response> {
  await giveSession(c, ports, user, proof);
  const isElsewhere = to === "/" && (await noteNetwork(ports.app, user.id, c.env.remoteAddress));
  return c.redirect(isElsewhere ? "/where?asked=true" : to, 303);
}

function cookieOf(c: WebContext): { readonly httpOnly: true; readonly secure: boolean } {
  return { httpOnly: true, secure: c.env.secure };
}

function addressOf(c: WebContext): string {
  return `address ${c.env.remoteAddress}`;
}

// The same work for an unknown account as for a known one, so that the time tells nothing.
async function authenticate(ports: WebPorts, user: User | null, password: string): Promise<User | null> {
  const { app } = ports;
  const hash = user?.passwordHash ?? (await decoyHash(ports));
  const right = await app.passwords.verify(hash, password);
  return right && user !== null && user.state === "active" && user.passwordHash !== null ? user : null;
}

let decoy: Promise<string> | null = null;
function decoyHash(ports: WebPorts): Promise<string> {
  decoy ??= ports.app.passwords.hash(newToken(ports.app.env.random));
  return decoy;
}

async function refused(
  c: WebContext,
  ports: WebPorts,
  user: User | null,
  factor: "password" | "code" | "link",
  barred: boolean,
): Promise<void> {
  const { app } = ports;
  await app.unit.run(async () => ({
    value: undefined,
    events: [
      newEvent(app, {
        type: "user.sign-in.refused",
        actorId: app.nodeId,
        subjectIds: user === null ? [app.organizationId] : [user.id],
        payload: { address: c.env.remoteAddress, factor, barred },
      }),
    ],
  }));
  app.env.log.warn("sign-in refused", { address: c.env.remoteAddress, factor, barred });
}
