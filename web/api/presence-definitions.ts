// An organization's own presences as the Platform API has them.
import { z } from "zod";
import { presenceKind } from "../../core/directory/kinds.ts";
import type { PresenceDefinition, PresenceSettings } from "../../core/directory/user.ts";
import { bodyOf, objectOperations } from "./objects.ts";

export const presenceRoutes = objectOperations<PresenceDefinition, PresenceSettings>({
  kind: presenceKind,
  path: "/api/v2/presence/definitions",
  entity: "OrganizationPresenceDefinition",
  listing: "OrganizationPresenceDefinitionEntityListing",
  words: ["presence definition", "presence definitions"],
  operations: {
    list: "getPresenceDefinitions0",
    create: "postPresenceDefinitions0",
    get: "getPresenceDefinition0",
    update: ["PUT", "putPresenceDefinition0"],
    delete: "deletePresenceDefinition0",
  },
  body: bodyOf({ languageLabels: z.record(z.string(), z.string()).optional(), systemPresence: z.string().optional() }),
  settings: (body: {
    readonly name?: string;
    readonly languageLabels?: Readonly<Record<string, string>>;
    readonly systemPresence?: string;
  }) => ({
    name: body.name ?? body.languageLabels?.en_US ?? Object.values(body.languageLabels ?? {})[0],
    systemPresence: body.systemPresence?.toUpperCase().replaceAll(" ", "_"),
  }),
  present: (presence) => ({
    type: "User",
    languageLabels: { en_US: presence.name },
    systemPresence: presence.systemPresence,
    divisionId: presence.divisionId,
    deactivated: false,
  }),
});
