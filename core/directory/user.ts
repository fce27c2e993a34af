// People, and what they may sign in with.
import { z } from "zod";
import { isId, type OrganizationId, type StationId, type UserId } from "../lib/id.ts";
import type { ConfiguredObject } from "../objects/object.ts";
import { systemPresences } from "../routing/agent.ts";

export const userState = ["active", "inactive"] as const;

/** What a person may dial outside unless told otherwise. */
export const defaultDialRights: string[] = ["National", "Mobile", "Tollfree"];

export const userSettings = z.strictObject({
  name: z.string({ error: "A user needs a name." }).trim().min(1, "A user needs a name.").max(128, "At most 128 characters."),
  email: z
    .email({ error: "An email address, like ada@example.org." })
    .max(254)
    .transform((email) => email.toLowerCase()),
  state: z.enum(userState, { error: "One of active, inactive." }).default("active"),
  /** Names of built-in roles (core/authorization/permissions.ts). */
  roles: z.array(z.string()).max(20, "At most 20 roles.").default([]),
  /** Where they are rung; null: at nobody's station. */
  stationId: z.string().refine(isId, "Not a station.").nullable().default(null),
  /** What others dial inside, or the user part of a SIP address (RFC 3261 §19.1.1). */
  extension: z
    .string()
    .regex(/^(?:[0-9]{2,9}|[a-z][a-z0-9]{1,31})$/, "Two to nine digits, or a name of small letters and digits.")
    .nullable()
    .default(null),
  /** What others dial from outside, E.164. */
  phoneNumber: z
    .string()
    .regex(/^\+[1-9][0-9]{3,14}$/, "A number in E.164, like +441632960100.")
    .nullable()
    .default(null),
  /** Classifications of numbers outside that they may dial (core/telephony/number-plan.ts). International and Premium are given, never had. */
  dialRights: z
    .array(z.string().trim().min(1).max(60))
    .max(50, "At most 50 classifications.")
    .default([...defaultDialRights]),
});
export type UserSettings = z.infer<typeof userSettings>;

/** Argon2id keeps it; length is what counts (NIST SP 800-63B). */
export const password = z.string().min(12, "At least 12 characters.").max(256, "At most 256 characters.");
const { extension, phoneNumber, dialRights } = userSettings.shape;
export const newUser = userSettings.pick({ name: true, email: true, roles: true }).extend({
  password: password.optional(),
  extension: extension.optional(),
  phoneNumber: phoneNumber.optional(),
  dialRights: dialRights.optional(),
});
export type NewUser = z.infer<typeof newUser>;

export type User = ConfiguredObject &
  Omit<UserSettings, "stationId"> & {
    readonly id: UserId;
    readonly stationId: StationId | null;
    /** Argon2id PHC string; null: cannot sign in with a password. Never leaves storage and the sign-in command. */
    readonly passwordHash: string | null;
  };

/** A signed-in browser. Only the SHA-256 of its cookie is stored. */
export type Session = {
  readonly tokenHash: string;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly userAgent: string;
};

export const oauthClientSettings = z.strictObject({
  name: z.string({ error: "A client needs a name." }).trim().min(1, "A client needs a name.").max(200, "At most 200 characters."),
  roles: z.array(z.string()).min(1, "Without a role a client may do nothing: choose one.").max(20, "At most 20 roles."),
  accessTokenValiditySeconds: z.coerce
    .number({ error: "A whole number of seconds." })
    .int("A whole number of seconds.")
    .min(300, "At least 5 minutes.")
    .max(172_800, "At most two days.")
    .default(86_400),
});
export type OAuthClientSettings = z.infer<typeof oauthClientSettings>;
/** Only the SHA-256 of the secret is stored. */
export type OAuthClient = ConfiguredObject & OAuthClientSettings & { readonly secretHash: string };

export const presenceSettings = z.strictObject({
  name: z.string({ error: "A presence needs a name." }).trim().min(1, "A presence needs a name.").max(40, "At most 40 characters."),
  /** What the centre takes it for. On Queue and Offline are the system's own. */
  systemPresence: z.enum(systemPresences, { error: `One of ${systemPresences.join(", ")}.` }),
});
export type PresenceSettings = z.infer<typeof presenceSettings>;
/** A presence of the organization's own, like “School run”, that counts as one of the system's. */
export type PresenceDefinition = ConfiguredObject & PresenceSettings;

/** A bearer token; only its SHA-256 is stored. */
export type AccessToken = {
  readonly tokenHash: string;
  readonly organizationId: OrganizationId;
  readonly clientId: string;
  readonly expiresAt: number;
};
