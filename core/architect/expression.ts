// Expressions of flows are CEL: checked when a flow is validated, evaluated without side effects, bounded in size.
import { Environment } from "@marcbachmann/cel-js";

export type FlowValue = string | number | boolean;

const expressionCharactersMax = 500;

/** Variables are strings, numbers and booleans under the names the flow set; unknown names are an error, as is a list or map result. */
export function evaluate(
  expression: string,
  variables: Readonly<Record<string, FlowValue>>,
): { readonly ok: true; readonly value: FlowValue } | { readonly ok: false; readonly message: string } {
  if (expression.length > expressionCharactersMax)
    return { ok: false, message: `An expression holds at most ${expressionCharactersMax} characters.` };
  try {
    const environment = new Environment({ unlistedVariablesAreDyn: true });
    const value: unknown = environment.evaluate(expression, { ...variables });
    if (typeof value === "bigint") return { ok: true, value: Number(value) };
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return { ok: true, value };
    return { ok: false, message: "The result is neither text, number nor yes/no." };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message.split("\n")[0]! : String(error) };
  }
}

/** Whether it parses; the message names the place. */
export function checkExpression(expression: string): string | null {
  if (expression.length > expressionCharactersMax) return `An expression holds at most ${expressionCharactersMax} characters.`;
  try {
    new Environment({ unlistedVariablesAreDyn: true }).parse(expression);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
