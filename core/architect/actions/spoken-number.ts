// Numbers as prompts: 1–20 and the tens are recorded, the rest is put together; beyond 99 it is "more than ninety-nine".

/** Names of the prompts that say a whole number ≥ 0. */
export function spokenNumber(value: number): string[] {
  if (value > 99) return ["system.more-than", "number.90", "number.9"];
  if (value <= 20 || value % 10 === 0) return [`number.${value}`];
  return [`number.${value - (value % 10)}`, `number.${value % 10}`];
}
