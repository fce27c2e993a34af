// Extensions from the first to the last, digit for digit: which of them live on the PBX at the other end of a tie line. No I/O.

/** Both have as many digits, and the first does not come after the last. */
export type ExtensionRange = { readonly start: string; readonly end: string };

/** Who is asked first when an extension is known here and at the other end. */
export const extensionOrders = ["here", "there"] as const;
export type ExtensionOrder = (typeof extensionOrders)[number];

/** Whether digits as dialled are an extension of the ranges: with as many digits, as 0300 and 300 are two. */
export function isWithin(ranges: readonly ExtensionRange[], digits: string): boolean {
  if (!/^[0-9]+$/.test(digits)) return false;
  return ranges.some(({ start, end }) => digits.length === start.length && start <= digits && digits <= end);
}
