// Admin pages of people: users with their skills and password, and OAuth clients.

import { createUser } from "../../../core/directory/commands.ts";
import { oauthClientKind, userKind } from "../../../core/directory/kinds.ts";
import type { OAuthClient, OAuthClientSettings, User, UserSettings } from "../../../core/directory/user.ts";
import { defaultDialRights, userState } from "../../../core/directory/user.ts";
import { newToken, tokenHash } from "../../../core/lib/token.ts";
import { createObject } from "../../../core/objects/commands.ts";
import { t } from "../../ui/text.ts";
import { type ObjectPage, options } from "../objects/object-page.ts";
import { classificationOptions, peopleNames, roleOptions, words } from "./words.ts";

export const userPage: ObjectPage<User, UserSettings> = {
  kind: userKind,
  path: "/admin/people",
  help: "people",
  icon: "users",
  title: "People",
  newLabel: "New person",
  purpose: "Everybody who signs in. Each can be given queues, skills and a phone.",
  next: { about: "Whoever is to take calls needs a queue.", label: "Queues", href: ({ id }) => `/admin/people/${id}/queues` },
  groups: [
    {
      title: "Person",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "email", label: "Email", help: "They sign in with it.", control: { kind: "text", type: "email" } },
        {
          name: "state",
          label: "State",
          help: "Inactive people cannot sign in; their history stays.",
          control: { kind: "choice", options: options(userState, words) },
        },
        {
          name: "stationId",
          label: "Station",
          help: "Where they are rung.",
          control: {
            kind: "choice",
            none: "Their browser",
            options: async (app) => (await app.stores.stations.all(app.organizationId)).map(({ id, name }) => ({ value: id, label: name })),
          },
        },
        {
          name: "extension",
          label: "Extension",
          help: "What colleagues dial.",
          control: { kind: "text", mono: true, mayBeEmpty: true },
        },
        {
          name: "phoneNumber",
          label: "Direct number",
          help: "What others dial from outside, with + and country code.",
          control: { kind: "text", type: "tel", mono: true, mayBeEmpty: true },
        },
      ],
    },
    {
      title: "Roles",
      about: "What they may do.",
      fields: [{ name: "roles", label: "Roles", control: { kind: "picks", options: roleOptions } }],
    },
    {
      title: "Numbers outside",
      about: "What they may dial. Calls for help need no right.",
      fields: [{ name: "dialRights", label: "May dial", control: { kind: "picks", options: classificationOptions } }],
    },
  ],
  columns: [
    { label: "Email", cell: (user) => user.email },
    { label: "Extension", cell: (user) => user.extension ?? "" },
    { label: "Roles", cell: (user) => user.roles.join(", ") },
    { label: "State", cell: (user) => t(words[user.state]!) },
  ],
  filters: ["state", "roles"],
  initial: { state: "active", roles: ["agent"], dialRights: defaultDialRights },
  tabs: [
    { at: "skills", label: "Skills" },
    { at: "queues", label: "Queues" },
    { at: "password", label: "Signing in" },
  ],
  alsoTells: {
    "user.skills.set": () => t("set the skills"),
    "user.password.set": () => t("set a new password"),
    "user.totp.removed": () => t("removed the second factor"),
  },
  // Whoever has taken a call is named by its history: they become inactive, and stay.
  keeps: () => true,
  // A password that nobody chose: it is told once, and whoever gets it changes it.
  create: async (c, ports, { name, email, roles, extension, phoneNumber, dialRights }) => {
    const password = newToken(ports.app.env.random).slice(0, 16);
    const row = await createUser(ports.app, c.var.actor, { name, email, roles, extension, phoneNumber, dialRights, password });
    return { row, told: [{ label: "First password", value: password }] };
  },
};

export const oauthClientPage: ObjectPage<OAuthClient, OAuthClientSettings> = {
  kind: oauthClientKind,
  path: "/admin/oauth-clients",
  help: "oauth-clients",
  icon: "key-round",
  title: "OAuth clients",
  newLabel: "New client",
  purpose: "Programs that use the Platform API on their own behalf, with client credentials.",
  groups: [
    {
      title: "Client",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "accessTokenValiditySeconds", label: "Tokens are good for", control: { kind: "quantity", unit: "seconds", scale: 1 } },
      ],
    },
    {
      title: "Roles",
      about: "What it may do.",
      fields: [{ name: "roles", label: "Roles", control: { kind: "picks", options: roleOptions } }],
    },
  ],
  columns: [
    { label: "Client id", cell: (client) => client.id },
    { label: "Roles", cell: (client) => client.roles.join(", ") },
  ],
  initial: { accessTokenValiditySeconds: 86_400, roles: [] },
  names: peopleNames,
  create: async (c, ports, settings) => {
    const secret = newToken(ports.app.env.random);
    const row = await createObject(ports.app, c.var.actor, oauthClientKind, settings, { secretHash: tokenHash(secret) });
    return {
      row,
      told: [
        { label: "Client id", value: row.id },
        { label: "Client secret", value: secret },
      ],
    };
  },
};
