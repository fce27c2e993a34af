// OAuth 2: client credentials for programs (RFC 6749 §4.4). Errors are RFC 6749's own, as clients expect them here.
import type { Hono } from "hono";
import { z } from "zod";
import { newEvent } from "../../core/app.ts";
import { signInFailuresMax, signInWindowMs } from "../../core/lib/limits.ts";
import { newToken, tokenHash } from "../../core/lib/token.ts";
import type { WebContext, WebEnv } from "../context.ts";
import { same } from "../crypto.ts";
import type { WebPorts } from "../ports.ts";

const failures = new Map<string, { count: number; since: number }>();
const failuresKept = 10_000;

export function oauth(app: Hono<WebEnv>, ports: WebPorts): void {
  app.post("/oauth/token", async (c) => {
    const form = await c.req.parseBody();
    const grant = z.string().safeParse(form.grant_type);
    if (!grant.success) return refuse(c, 400, "invalid_request", "grant_type is missing");
    if (grant.data !== "client_credentials") return refuse(c, 400, "unsupported_grant_type", "only client_credentials is built yet");
    const credentials = basic(c) ?? { id: String(form.client_id ?? ""), secret: String(form.client_secret ?? "") };
    const now = ports.app.env.clock.now();
    if (barred(c.env.remoteAddress, now)) return refuse(c, 429, "invalid_client", "too many tries, wait ten minutes");
    const client = await ports.app.stores.oauthClients.byId(credentials.id);
    if (client === null || client.organizationId !== ports.app.organizationId || !same(tokenHash(credentials.secret), client.secretHash)) {
      remember(c.env.remoteAddress, now);
      ports.app.env.log.warn("oauth client refused", { address: c.env.remoteAddress });
      return refuse(c, 401, "invalid_client", "client not found or secret wrong");
    }
    const token = newToken(ports.app.env.random);
    const seconds = client.accessTokenValiditySeconds;
    await ports.app.unit.run(async (stores) => {
      await stores.tokens.insert({
        tokenHash: tokenHash(token),
        organizationId: client.organizationId,
        clientId: client.id,
        expiresAt: now + seconds * 1_000,
      });
      return {
        value: undefined,
        events: [newEvent(ports.app, { type: "oauth.token.issued", actorId: client.id, subjectIds: [client.id], payload: { seconds } })],
      };
    });
    return c.json({ access_token: token, token_type: "bearer", expires_in: seconds });
  });
}

function refuse(c: WebContext, status: 400 | 401 | 429, error: string, description: string): Response {
  return c.json({ error, error_description: description, description }, status);
}

function basic(c: WebContext): { readonly id: string; readonly secret: string } | null {
  const encoded = /^Basic (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (encoded === undefined) return null;
  const [id = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { id, secret: rest.join(":") };
}

function barred(address: string, now: number): boolean {
  const entry = failures.get(address);
  return entry !== undefined && entry.count >= signInFailuresMax && now - entry.since < signInWindowMs;
}

function remember(address: string, now: number): void {
  const entry = failures.get(address);
  if (entry !== undefined && now - entry.since < signInWindowMs) entry.count += 1;
  else failures.set(address, { count: 1, since: now });
  if (failures.size > failuresKept) failures.delete(failures.keys().next().value!);
}
