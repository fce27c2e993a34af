// A centre as one document: people, queues, flows, numbers, trunks. What `config apply` reads.
import { z } from "zod";
import { newUser } from "../directory/user.ts";
import { queueSettings } from "../routing/queue.ts";

const name = z.string().trim().min(1, "A name is needed.").max(256);
const address = z.string().regex(/^[0-9a-fA-F:.]+$/, "A literal IPv4 or IPv6 address.");

export const centreDocument = z.strictObject({
  skills: z.array(name).default([]),
  languages: z.array(name).default([]),
  wrapupCodes: z.array(name).default([]),
  users: z
    .array(
      newUser.extend({
        skills: z.record(z.string(), z.number().min(0).max(5)).default({}),
        /** A SIP phone that rings instead of the browser: its secret is made and told once. */
        phone: z.boolean().default(false),
      }),
    )
    .default([]),
  queues: z.array(queueSettings.extend({ members: z.array(z.email()).default([]), wrapupCodes: z.array(name).default([]) })).default([]),
  /** Flow documents, as web/help describes them; checked as a whole. */
  flows: z.array(z.looseObject({ name, type: z.enum(["INBOUNDCALL", "INQUEUECALL"]) })).default([]),
  ivrs: z
    .array(
      z.strictObject({
        name,
        dnis: z.array(z.string().regex(/^\+?[0-9*#]{2,32}$/, "Digits, with or without a leading +.")).min(1),
        flow: name,
      }),
    )
    .default([]),
  trunks: z.array(z.strictObject({ name, addresses: z.array(address).min(1) })).default([]),
});

export type CentreDocument = z.infer<typeof centreDocument>;
