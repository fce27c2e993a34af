// Headers that every answer carries, and the check that a change was asked for by our own pages.
import type { MiddlewareHandler } from "hono";
import { AppError } from "../../core/lib/errors.ts";
import type { WebContext, WebEnv } from "../context.ts";
import { same } from "../crypto.ts";
import type { WebPorts } from "../ports.ts";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders: MiddlewareHandler<WebEnv> = async (c, next) => {
  await next();
  const headers = c.res.headers;
  headers.set("content-security-policy", policy);
  headers.set("x-content-type-options", "nosniff");
  // Not "no-referrer": form posts would then say "Origin: null", and look like another site.
  headers.set("referrer-policy", "same-origin");
  headers.set("permissions-policy", "microphone=(self), camera=(), geolocation=()");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (c.env.secure) headers.set("strict-transport-security", "max-age=31536000");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};

export class CrossSite extends AppError {
  override readonly name = "CrossSite";
  constructor() {
    super("cross.site", "This was asked for by another site, or your session has changed. Load the page again.", 403);
  }
}

/** Whether `origin` is ours: the public URL's, or that of the Host header it was sent to. */
export function isOwnOrigin(ports: Pick<WebPorts, "publicUrl">, origin: string | null, host: string | null): boolean {
  if (origin === null || host === null) return false;
  if (ports.publicUrl !== null && origin === new URL(ports.publicUrl).origin) return true;
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Form posts need our Origin and the session's token; both, because either alone has been got round before. @throws CrossSite */
export function demandOwnForm(c: WebContext, ports: WebPorts, token: unknown, expected: string): void {
  const origin = c.req.header("origin") ?? null;
  const host = c.req.header("host") ?? null;
  if (!isOwnOrigin(ports, origin, host)) throw new CrossSite();
  if (typeof token !== "string" || !same(token, expected)) throw new CrossSite();
}

/** What a signed-in page of ours posted. @throws CrossSite */
export async function ownForm(c: WebContext, ports: WebPorts): Promise<FormData> {
  const form = await c.req.formData();
  demandOwnForm(c, ports, form.get("csrf"), c.var.csrf);
  return form;
}
