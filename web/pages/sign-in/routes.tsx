// Sign-in and sign-out: slow for guessers, the same answer for every wrong pair, a session of its own for every browser.
import { deleteCookie, setCookie } from "hono/cookie";
import { newEvent } from "../../../core/app.ts";
import type { User } from "../../../core/directory/user.ts";
import { signInFailuresMax, signInWindowMs } from "../../../core/lib/limits.ts";
import type { WebContext } from "../../context.ts";
import { newToken, same, tokenHash } from "../../crypto.ts";
import { sessionCookie, signedIn } from "../../middleware/identity.ts";
import { CrossSite, demandOwnForm, isOwnOrigin } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { SignIn } from "./views.tsx";

const sessionMs = 12 * 3_600_000;

/** Failures by account and by address; kept in memory: a restart forgives, a flood cannot fill it. */
const failures = new Map<string, { count: number; since: number }>();
const failuresKept = 10_000;

export const signInRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/sign-in", permission: "public", help: "sign-in" }, async (c, ports) => {
    if (await signedIn(c, ports)) return c.redirect("/");
    return c.html(<SignIn organization={ports.organizationName} email="" problem={null} />);
  }),

  page({ method: "POST", path: "/sign-in", permission: "public", help: "sign-in" }, async (c, ports) => {
    if (!isOwnOrigin(ports, c.req.header("origin") ?? null, c.req.header("host") ?? null)) throw new CrossSite();
    const form = await c.req.formData();
    const email = String(form.get("email") ?? "")
      .trim()
      .toLowerCase();
    const password = String(form.get("password") ?? "");
    const now = ports.app.env.clock.now();
    const keys = [`account ${email}`, `address ${c.env.remoteAddress}`];
    if (keys.some((key) => isBarred(key, now))) return refuse(c, ports, email, 429, "Too many tries. Wait ten minutes, then try again.");
    const user = await authenticate(ports, email, password);
    if (user === null) {
      for (const key of keys) remember(key, now);
      return refuse(c, ports, email, 422, "That email and password do not belong together.");
    }
    await startSession(c, ports, user);
    return c.redirect("/", 303);
  }),

  page({ method: "POST", path: "/sign-out", permission: "signed-in", help: "sign-in" }, async (c, ports) => {
    const form = await c.req.formData();
    demandOwnForm(c, ports, form.get("csrf"), c.var.csrf, same);
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

// The same work for an unknown account as for a known one, so that the time tells nothing.
async function authenticate(ports: WebPorts, email: string, password: string): Promise<User | null> {
  const { app } = ports;
  const user = await app.stores.users.byEmail(app.organizationId, email);
  const hash = user?.passwordHash ?? (await decoyHash(ports));
  const right = await app.passwords.verify(hash, password);
  return right && user !== null && user.state === "active" && user.passwordHash !== null ? user : null;
}

let decoy: Promise<string> | null = null;
function decoyHash(ports: WebPorts): Promise<string> {
  decoy ??= ports.app.passwords.hash(newToken(ports.app.env.random));
  return decoy;
}

async function startSession(c: WebContext, ports: WebPorts, user: User): Promise<void> {
  const { app } = ports;
  const token = newToken(app.env.random);
  const now = app.env.clock.now();
  await app.unit.run(async (stores) => {
    await stores.sessions.insert({
      tokenHash: tokenHash(token),
      organizationId: app.organizationId,
      userId: user.id,
      createdAt: now,
      expiresAt: now + sessionMs,
      userAgent: (c.req.header("user-agent") ?? "").slice(0, 256),
    });
    return { value: undefined, events: [newEvent(app, { type: "user.signed-in", actorId: user.id, subjectIds: [user.id], payload: {} })] };
  });
  setCookie(c, sessionCookie, token, { httpOnly: true, sameSite: "Lax", path: "/", secure: c.env.secure, maxAge: sessionMs / 1_000 });
}

async function refuse(c: WebContext, ports: WebPorts, email: string, status: 422 | 429, problem: string): Promise<Response> {
  const { app } = ports;
  const user = await app.stores.users.byEmail(app.organizationId, email);
  await app.unit.run(async () => ({
    value: undefined,
    events: [
      newEvent(app, {
        type: "user.sign-in.refused",
        actorId: app.nodeId,
        subjectIds: user === null ? [app.organizationId] : [user.id],
        payload: { address: c.env.remoteAddress, barred: status === 429 },
      }),
    ],
  }));
  app.env.log.warn("sign-in refused", { address: c.env.remoteAddress, status });
  return c.html(<SignIn organization={ports.organizationName} email={email} problem={problem} />, status);
}

function isBarred(key: string, now: number): boolean {
  const entry = failures.get(key);
  return entry !== undefined && entry.count >= signInFailuresMax && now - entry.since < signInWindowMs;
}

function remember(key: string, now: number): void {
  const entry = failures.get(key);
  if (entry !== undefined && now - entry.since < signInWindowMs) entry.count += 1;
  else failures.set(key, { count: 1, since: now });
  if (failures.size > failuresKept) failures.delete(failures.keys().next().value!);
}
