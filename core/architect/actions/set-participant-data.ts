// Set Participant Data: attributes of the customer, from expressions; kept with the conversation and shown to the agent.
import { z } from "zod";
import type { ActionKind } from "../action.ts";
import { expression } from "./decision.ts";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_. -]{0,63}$/, "An attribute's name begins with a letter, at most 64 characters.");
const schema = z.strictObject({ values: z.record(name, expression) });

export const setParticipantData: ActionKind<z.infer<typeof schema>, never> = {
  type: "setParticipantData",
  schema,
  flowTypes: ["INBOUNDCALL", "INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: ["failure"] }),
  start: (params, context) => {
    const values: Record<string, string> = {};
    for (const [key, text] of Object.entries(params.values)) {
      const result = context.evaluate(text);
      if (!result.ok) return { kind: "error", message: `${key}: ${result.message}` };
      values[key] = String(result.value);
    }
    return { kind: "next", output: "next", outputs: [{ kind: "set-data", values }] };
  },
};
