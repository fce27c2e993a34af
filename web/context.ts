// The one Hono environment: what middleware has found out by the time a handler runs.
import type { Context } from "hono";
import type { Actor } from "../core/authorization/actor.ts";
import type { Session, User } from "../core/directory/user.ts";

export type WebEnv = {
  Bindings: { readonly remoteAddress: string; readonly secure: boolean };
  Variables: {
    requestId: string;
    actor: Actor;
    user: User;
    session: Session;
    csrf: string;
    /** Whether single keys control the call in this browser (WCAG 2.1.4: they can be turned off). */
    callKeys: boolean;
  };
};

export type WebContext = Context<WebEnv>;

/** Whether htmx asks for a fragment of a page that is there already. */
export function wantsFragment(c: WebContext): boolean {
  return c.req.header("hx-request") === "true";
}
