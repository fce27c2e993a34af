// The first set-up: its steps, what each of them takes, and how far it has come. Pages and `landline setup` share all of it.
import { z } from "zod";
import { newUser } from "../directory/user.ts";
import type { OrganizationId, UserId } from "../lib/id.ts";
import { isIpv4, isIpv6 } from "../lib/ip-address.ts";

export const setupSteps = ["organization", "owner", "second-factor", "address", "network", "recovery", "demo"] as const;
export type SetupStep = (typeof setupSteps)[number];

export type Setup = {
  readonly organizationId: OrganizationId;
  readonly stepsDone: readonly SetupStep[];
  readonly ownerId: UserId | null;
  /** The ticket under which the owner proved the second factor: the browser that holds it needs no second sign-in. */
  readonly ownerTicketHash: string | null;
  /** The recovery kit, sealed with the key file, until it was asked back. */
  readonly sealedKit: string | null;
  readonly kitDigest: string | null;
  /** Null: not chosen yet. */
  readonly withDemo: boolean | null;
  readonly completedAt: number | null;
};

export function newSetup(organizationId: OrganizationId): Setup {
  return {
    ...{ organizationId, stepsDone: [], ownerId: null, ownerTicketHash: null, sealedKit: null, kitDigest: null },
    ...{ withDemo: null, completedAt: null },
  };
}

/** The first step that is still open; null: only the end is left. */
export function nextStep(setup: Setup): SetupStep | null {
  return setupSteps.find((step) => !setup.stepsDone.includes(step)) ?? null;
}

export const ownerInput = newUser.pick({ name: true, email: true }).extend({
  password: z.string({ error: "At least 12 characters." }).min(12, "At least 12 characters.").max(256, "At most 256 characters."),
});
export type OwnerInput = z.infer<typeof ownerInput>;

/** `none`: plain HTTP, for this machine alone. `proxy`: somebody in front of us has the certificate. */
export const certificateKinds = ["self-made", "upload", "proxy", "none"] as const;
export type CertificateKind = (typeof certificateKinds)[number];

const noUrl = "A whole address without a path, like https://desk.example.org.";
const isLiteral = (address: string): boolean => isIpv4(address) || isIpv6(address);

export const addressInput = z
  .strictObject({
    /** How browsers reach this server; null: by the machine's own addresses. */
    publicUrl: z
      .string()
      .trim()
      .transform((text) => (text === "" ? null : text))
      .nullable()
      .refine((text) => text === null || isOrigin(text), noUrl)
      .transform((text) => (text === null ? null : new URL(text).origin)),
    certificate: z.enum(certificateKinds, { error: `One of ${certificateKinds.join(", ")}.` }),
    httpsPort: z.coerce.number({ error: "A port, 1 to 65535." }).int().min(1, "A port, 1 to 65535.").max(65_535, "A port, 1 to 65535."),
    chain: z.string().trim().default(""),
    privateKey: z.string().trim().default(""),
    trustedProxies: z
      .array(z.string().refine(isLiteral, "Literal IPv4 or IPv6 addresses, one per line, like 10.0.0.2."))
      .max(32, "At most 32 addresses.")
      .default([]),
  })
  .superRefine((input, context) => {
    const wrong = (field: string, message: string): void => context.addIssue({ code: "custom", path: [field], message });
    if (input.certificate === "upload" && input.chain === "")
      wrong("chain", "Paste the certificate, with the ones between it and its root.");
    if (input.certificate === "upload" && input.privateKey === "") wrong("privateKey", "Paste the private key that belongs to it.");
    if (input.certificate === "proxy" && input.trustedProxies.length === 0)
      wrong("trustedProxies", "The proxy's address is needed: only from there is X-Forwarded-For believed.");
    if (input.certificate === "proxy" && input.publicUrl === null) wrong("publicUrl", "Behind a proxy the public address must be said.");
    if (input.certificate !== "none" && input.publicUrl?.startsWith("http:"))
      wrong("publicUrl", "With a certificate the address begins with https.");
    if (input.certificate === "none" && input.publicUrl?.startsWith("https:"))
      wrong("publicUrl", "Without a certificate there is no https: choose one, or begin the address with http.");
  });
export type AddressInput = z.infer<typeof addressInput>;

function isOrigin(text: string): boolean {
  if (!/^https?:\/\/[^/\s]+\/?$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hostname } = new URL(text);
  return username === "" && password === "" && hostname !== "";
}

/** What the browser's test found: each true, false, or null when it was not tried. */
export const networkResult = z.strictObject({
  socket: z.boolean().nullable(),
  voice: z.boolean().nullable(),
  encrypted: z.boolean().nullable(),
});
export type NetworkResult = z.infer<typeof networkResult>;
