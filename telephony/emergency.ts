// Which dialled texts are calls for help. Until an organisation has set emergency calling up, they are refused plainly and reported.

/** The numbers of most countries that stand for emergency services and are no extension anyone should have. */
export const emergencyNumbers: ReadonlySet<string> = new Set(["000", "110", "112", "113", "115", "118", "119", "911", "999"]);

/** `called` as dialled: digits, with or without a plus, or a service URN (RFC 5031). */
export function isEmergency(called: string, numbers: ReadonlySet<string> = emergencyNumbers): boolean {
  return /^urn:service:sos\b/i.test(called) || numbers.has(called.replace(/[\s().-]/g, "").replace(/^\+/, ""));
}
