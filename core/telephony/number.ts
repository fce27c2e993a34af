// Numbers as they are compared.

/** A number with and without its leading + is one number. */
export function isSameNumber(one: string, other: string): boolean {
  return bareNumber(one) === bareNumber(other);
}

/** Without its leading +. */
export function bareNumber(number: string): string {
  return number.replace(/^\+/, "");
}
