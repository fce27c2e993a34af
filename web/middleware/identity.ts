// Who asks: a signed-in browser by its cookie, or a program by its bearer token.
import { getCookie } from "hono/cookie";
import { type Actor, userActor } from "../../core/authorization/actor.ts";
import { permissionsOf } from "../../core/authorization/permissions.ts";
import { livingSession } from "../../core/directory/sign-in.ts";
import type { Session, User } from "../../core/directory/user.ts";
import { Unauthenticated } from "../../core/lib/errors.ts";
import { tokenHash } from "../../core/lib/token.ts";
import type { WebContext } from "../context.ts";
import { csrfOf } from "../crypto.ts";
import type { WebPorts } from "../ports.ts";

export const sessionCookie = "landline_session";

/** The session behind a cookie's value, if it lives and its user is active. Also asked by the /sip upgrade. */
export async function sessionOf(
  ports: Pick<WebPorts, "app">,
  token: string | undefined,
): Promise<{ readonly session: Session; readonly user: User } | null> {
  return token === undefined || token === "" ? null : livingSession(ports.app, tokenHash(token));
}

/** Puts session, user and actor into the context; false: nobody is signed in. */
export async function signedIn(c: WebContext, ports: WebPorts): Promise<boolean> {
  const token = getCookie(c, sessionCookie);
  const found = await sessionOf(ports, token);
  if (found === null) return false;
  c.set("session", found.session);
  c.set("user", found.user);
  c.set("csrf", csrfOf(token!));
  c.set("actor", userActor(found.user));
  return true;
}

/** The OAuth client behind a bearer token. @throws Unauthenticated */
export async function bearer(c: WebContext, ports: WebPorts): Promise<Actor> {
  const header = c.req.header("authorization") ?? "";
  const token = /^Bearer (.+)$/i.exec(header)?.[1];
  if (token === undefined) throw new Unauthenticated();
  const { app } = ports;
  const found = await app.stores.tokens.byHash(tokenHash(token));
  if (found === null || found.expiresAt <= app.env.clock.now())
    throw new Unauthenticated("The token is unknown or has expired. Ask for a new one.", "bad.credentials");
  const client = await app.stores.oauthClients.byId(found.clientId);
  if (client === null) throw new Unauthenticated("The OAuth client of this token is gone.", "bad.credentials");
  return {
    id: client.id,
    kind: "client",
    userId: null,
    name: client.name,
    organizationId: client.organizationId,
    permissions: permissionsOf(client.roles),
    divisionIds: null,
  };
}
