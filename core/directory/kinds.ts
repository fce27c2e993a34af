// People, OAuth clients and presence definitions as configured objects.

import type { App } from "../app.ts";
import { roles as builtIn } from "../authorization/permissions.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import type { StationId } from "../lib/id.ts";
import type { ObjectKind } from "../objects/object.ts";
import { changePresence } from "../routing/agent-commands.ts";
import type { Stores } from "../stores.ts";
import { holderOfNumber } from "../telephony/taken-number.ts";
import {
  type OAuthClient,
  type OAuthClientSettings,
  oauthClientSettings,
  type PresenceDefinition,
  type PresenceSettings,
  presenceSettings,
  type User,
  type UserSettings,
  userSettings,
} from "./user.ts";

export const userKind: ObjectKind<User, UserSettings> = {
  noun: "person",
  table: "user",
  event: "user",
  permissions: {
    view: "directory:user:view",
    add: "directory:user:add",
    edit: "directory:user:edit",
    delete: "directory:user:delete",
  },
  settings: userSettings as never,
  namesRepeat: true,
  secret: ["passwordHash"],
  store: (stores) => stores.users,
  make: () => ({ passwordHash: null }) as never,
  check: async (app, stores, settings, before) => {
    refuseUnknownRoles(settings.roles);
    const other = await stores.users.byEmail(app.organizationId, settings.email);
    if (other !== null && other.id !== before?.id) {
      throw new Conflict(`Somebody with the email ${settings.email} is here already.`, "general.duplicate", "email");
    }
    await refuseTakenNumbers(app, stores, settings, before);
    // A new person's browser station is made in the same transaction, after this look.
    if (before !== null && settings.stationId !== null && settings.stationId !== before.stationId) {
      const station = await stores.stations.byId(settings.stationId as StationId);
      if (station?.organizationId !== app.organizationId) throw new BadInput("There is no such station.", "stationId");
      if (station.userId !== null && station.userId !== before.id)
        throw new BadInput("This station belongs to somebody else.", "stationId");
    }
    if (before !== null) await refuseLastAdmin(app, stores, before, settings);
  },
  usedBy: async (app, stores, user) => {
    const memberships = await stores.queues.queuesOf(user.id);
    const queues = await stores.queues.all(app.organizationId);
    return memberships.flatMap(({ queueId, joined }) => {
      const queue = queues.find((entry) => entry.id === queueId);
      return queue === undefined ? [] : [{ kind: "Queue", id: queue.id, name: queue.name, how: joined ? "answers it" : "may join it" }];
    });
  },
  written: async (app, actor, stores, before, after) => {
    // Whoever signs in otherwise now, or not at all, does so anew; roles are asked at every request.
    if (before !== null && (after?.state !== "active" || after.email !== before.email)) await stores.sessions.deleteOfUser(before.id);
    // Nobody's calls ring at somebody who may not sign in.
    const agent = before === null || after?.state === "active" ? null : await stores.agents.lock(before.id);
    const offline = { system: "OFFLINE", definitionId: null } as const;
    const told = agent === null ? [] : (await changePresence(app, actor, stores, agent, offline)).events;
    if (before !== null && after === null) await stores.agents.delete(before.id);
    return told;
  },
  seal: (user) => ({ kind: "user", id: user.id }),
};

export const oauthClientKind: ObjectKind<OAuthClient, OAuthClientSettings> = {
  noun: "OAuth client",
  table: "oauth_client",
  event: "oauth.client",
  permissions: { view: "oauth:client:view", add: "oauth:client:add", edit: "oauth:client:edit", delete: "oauth:client:delete" },
  settings: oauthClientSettings,
  freeIds: true,
  secret: ["secretHash"],
  store: (stores) => stores.oauthClients,
  make: () => ({ secretHash: "" }),
  check: async (_app, _stores, settings) => refuseUnknownRoles(settings.roles),
  written: async (_app, _actor, stores, before, after) => {
    if (before !== null && after === null) await stores.tokens.deleteOfClient(before.id);
    return [];
  },
};

export const presenceKind: ObjectKind<PresenceDefinition, PresenceSettings> = {
  noun: "presence",
  table: "presence_definition",
  event: "presence.definition",
  permissions: {
    view: "presence:presenceDefinition:view",
    add: "presence:presenceDefinition:add",
    edit: "presence:presenceDefinition:edit",
    delete: "presence:presenceDefinition:delete",
  },
  settings: presenceSettings,
  store: (stores) => stores.presences,
  make: () => ({}),
  usedBy: async (app, stores, presence) => {
    const agents = (await stores.agents.list(app.organizationId)).filter((agent) => agent.presenceDefinitionId === presence.id);
    const people = await Promise.all(agents.map((agent) => stores.users.byId(agent.userId)));
    return people.flatMap((user) => (user === null ? [] : [{ kind: "Person", id: user.id, name: user.name, how: "has it now" }]));
  },
  check: async (_app, _stores, { systemPresence }) => {
    if (systemPresence === "ON_QUEUE" || systemPresence === "OFFLINE") {
      throw new BadInput("On Queue and Offline are the system's own: choose another.", "systemPresence");
    }
  },
};

function refuseUnknownRoles(names: readonly string[]): void {
  const unknown = names.find((name) => !builtIn.some((role) => role.name === name));
  if (unknown === undefined) return;
  throw new BadInput(`There is no role “${unknown}”. Roles: ${builtIn.map((role) => role.name).join(", ")}.`, "roles");
}

/** A number rings one place. */
async function refuseTakenNumbers(app: App, stores: Stores, settings: UserSettings, before: User | null): Promise<void> {
  const { extension, phoneNumber } = settings;
  for (const [field, number] of [
    ["extension", extension],
    ["phoneNumber", phoneNumber],
  ] as const) {
    if (number === null) continue;
    const holder = await holderOfNumber(app, stores, number, before?.id ?? null);
    if (holder !== null) throw new Conflict(`${number} is the number of “${holder}” already.`, "general.duplicate", field);
  }
}

async function refuseLastAdmin(app: App, stores: Stores, before: User, after: UserSettings): Promise<void> {
  const isAdmin = (user: { readonly state: string; readonly roles: readonly string[] }): boolean =>
    user.state === "active" && user.roles.includes("admin");
  if (!isAdmin(before) || isAdmin(after)) return;
  const others = (await stores.users.all(app.organizationId)).filter((user) => user.id !== before.id && isAdmin(user));
  if (others.length === 0) throw new Conflict("This is the last administrator. Make somebody else one first.", "last.admin", "roles");
}
