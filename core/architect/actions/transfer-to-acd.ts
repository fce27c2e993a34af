// Transfer to ACD: into a queue, with priority, skills and language; the in-queue flow takes over from there.
import { z } from "zod";
import type { ActionKind } from "../action.ts";

const schema = z.strictObject({
  /** A queue's name. */
  queue: z.string().min(1, "Name a queue."),
  priority: z.number().int().min(-25_000_000).max(25_000_000).default(0),
  /** Names of skills. */
  skills: z.array(z.string()).max(10).default([]),
  language: z.string().nullable().default(null),
  /** Name of a flow of type INQUEUECALL; without it the caller hears the default music. */
  inQueueFlow: z.string().nullable().default(null),
});

export const transferToAcd: ActionKind<z.infer<typeof schema>, null> = {
  type: "transferToAcd",
  schema,
  flowTypes: ["INBOUNDCALL"],
  outputs: () => ({ required: [], optional: ["failure"] }),
  start: (params) => ({ kind: "wait", frame: null, outputs: [{ kind: "transfer-to-acd", ...params }] }),
  // Success never comes back: the flow is over then.
  resume: (_params, frame, input) =>
    input.kind === "transfer-failed" ? { kind: "error", message: input.message } : { kind: "wait", frame },
};
