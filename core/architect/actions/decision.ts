// Decision: a CEL expression that is true or false.
import { z } from "zod";
import type { ActionKind } from "../action.ts";
import { checkExpression } from "../expression.ts";

export const expression = z
  .string()
  .min(1, "An expression is needed.")
  .superRefine((text, context) => {
    const problem = checkExpression(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });

const schema = z.strictObject({ expression });

export const decision: ActionKind<z.infer<typeof schema>, never> = {
  type: "decision",
  schema,
  flowTypes: ["INBOUNDCALL", "INQUEUECALL"],
  outputs: () => ({ required: ["yes", "no"], optional: ["failure"] }),
  start: (params, context) => {
    const result = context.evaluate(params.expression);
    if (!result.ok) return { kind: "error", message: result.message };
    if (typeof result.value !== "boolean") return { kind: "error", message: "The expression is neither true nor false." };
    return { kind: "next", output: result.value ? "yes" : "no", facts: { went: result.value ? "yes" : "no" } };
  },
};
