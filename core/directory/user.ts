// People, and what they may sign in with.
import { z } from "zod";
import type { DivisionId, OrganizationId, StationId, UserId } from "../lib/id.ts";

export const userState = ["active", "inactive"] as const;

export const newUser = z.strictObject({
  name: z.string({ error: "A user needs a name." }).trim().min(1, "A user needs a name.").max(128, "At most 128 characters."),
  email: z
    .email({ error: "An email address, like ada@example.org." })
    .max(254)
    .transform((email) => email.toLowerCase()),
  /** Argon2id keeps it; length is what counts (NIST SP 800-63B). */
  password: z.string().min(12, "At least 12 characters.").max(256, "At most 256 characters.").optional(),
  roles: z.array(z.string()).default([]),
});
export type NewUser = z.infer<typeof newUser>;

export type User = {
  readonly id: UserId;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  readonly email: string;
  readonly state: (typeof userState)[number];
  /** Names of built-in roles (core/authorization/roles.ts). */
  readonly roles: readonly string[];
  /** Argon2id PHC string; null: cannot sign in with a password. Never leaves storage and the sign-in command. */
  readonly passwordHash: string | null;
  readonly stationId: StationId | null;
  readonly version: number;
  readonly eventSeq: number | null;
  readonly createdAt: number;
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

export type OAuthClient = {
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly divisionId: DivisionId;
  readonly name: string;
  readonly secretHash: string;
  readonly roles: readonly string[];
  readonly accessTokenValiditySeconds: number;
  readonly eventSeq: number | null;
};

/** A bearer token; only its SHA-256 is stored. */
export type AccessToken = {
  readonly tokenHash: string;
  readonly organizationId: OrganizationId;
  readonly clientId: string;
  readonly expiresAt: number;
};
