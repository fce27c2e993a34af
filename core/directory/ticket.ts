// Tickets: secrets on the wire that let their holder do exactly one thing. Only their hash is kept.
import type { OrganizationId, UserId } from "../lib/id.ts";

/**
 * `setup`: runs the first set-up. `sign-in`: signs a person in, once. `second-factor`: the password was right, the code is awaited.
 * `guest`: calls the organization's guest number from a browser.
 */
export type TicketKind = "setup" | "sign-in" | "second-factor" | "guest";

export type Ticket = {
  readonly tokenHash: string;
  readonly organizationId: OrganizationId;
  readonly kind: TicketKind;
  /** Whom it signs in, or who made it; null for set-up. */
  readonly userId: UserId | null;
  readonly createdAt: number;
  /** Null: until it is used. */
  readonly expiresAt: number | null;
};
