// OAuth clients as the Platform API has them; their secret is told once, by the operation that makes them.
import { z } from "zod";
import { oauthClientKind } from "../../core/directory/kinds.ts";
import type { OAuthClient, OAuthClientSettings } from "../../core/directory/user.ts";
import { newToken, tokenHash } from "../../core/lib/token.ts";
import { createObject } from "../../core/objects/commands.ts";
import { bodyOf, objectOperations } from "./objects.ts";

export const oauthClientRoutes = objectOperations<OAuthClient, OAuthClientSettings>({
  kind: oauthClientKind,
  path: "/api/v2/oauth/clients",
  entity: "OAuthClient",
  listing: "OAuthClientEntityListing",
  words: ["OAuth client", "OAuth clients"],
  operations: {
    list: "getOauthClients",
    create: "postOauthClients",
    get: "getOauthClient",
    update: ["PUT", "putOauthClient"],
    delete: "deleteOauthClient",
  },
  body: bodyOf({
    roleIds: z.array(z.string()).optional(),
    accessTokenValiditySeconds: z.number().optional(),
    authorizedGrantType: z.enum(["CLIENT-CREDENTIALS", "CLIENT_CREDENTIALS"], { error: "only CLIENT-CREDENTIALS is built yet" }).optional(),
  }),
  settings: (body: { readonly name?: string; readonly roleIds?: readonly string[]; readonly accessTokenValiditySeconds?: number }) => ({
    name: body.name,
    roles: body.roleIds,
    accessTokenValiditySeconds: body.accessTokenValiditySeconds,
  }),
  present: (client) => ({
    state: "active",
    authorizedGrantType: "CLIENT-CREDENTIALS",
    accessTokenValiditySeconds: client.accessTokenValiditySeconds,
    roleIds: client.roles,
  }),
  create: async (settings, _body, c, ports) => {
    const secret = newToken(ports.app.env.random);
    const row = await createObject(ports.app, c.var.actor, oauthClientKind, settings, { secretHash: tokenHash(secret) });
    return { row, more: { secret } };
  },
});
