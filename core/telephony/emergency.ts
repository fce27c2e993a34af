// Calls for help: which numbers they are in which country. They come first in every dial plan, and nothing may stand in their way.

/** National emergency numbers beside 112, which every GSM network and the whole EU knows. Sources: EU 112 directory, FCC, ACMA, Ofcom, ITU-T E.161.1. */
const byCountry: Readonly<Record<string, readonly string[]>> = {
  AT: ["122", "133", "140", "141", "144"],
  AU: ["000", "106"],
  BE: ["100", "101"],
  CA: ["911"],
  CH: ["117", "118", "144", "1414", "145"],
  CZ: ["150", "155", "158"],
  DE: ["110"],
  DK: [],
  ES: ["061", "062", "080", "091"],
  FI: [],
  FR: ["15", "17", "18", "114", "115", "119", "191", "196", "197"],
  GB: ["999"],
  IE: ["999"],
  IT: ["113", "115", "118"],
  NL: [],
  NO: ["110", "113"],
  NZ: ["111"],
  PL: ["997", "998", "999"],
  PT: [],
  SE: [],
  US: ["911"],
};

/** Where nothing is known of a country: whatever most countries use, and no extension anyone should have. */
const everywhere: readonly string[] = ["000", "110", "112", "113", "115", "118", "119", "911", "999"];

/**
 * What is dialled to try a call for help without reaching it; null: the country has no such number for everybody. US: 933 by the custom of its VoIP
 * carriers, who say back number and address; no rule makes them have it, so that one may refuse it.
 */
export function emergencyTestNumber(country: string): string | null {
  return country === "US" ? "933" : null;
}

/** As dialled, digits only. `country` is ISO 3166-1 alpha-2; null: not known yet. */
export function emergencyNumbersOf(country: string | null): ReadonlySet<string> {
  const own = country === null ? undefined : byCountry[country];
  return new Set(own === undefined ? everywhere : ["112", ...own]);
}

/**
 * The emergency number behind what was dialled, or null. `called`: digits, with or without a plus, or a service URN (RFC 5031, which stands
 * for the country's first number). With an outside prefix, too: nobody has to remember it in need.
 */
export function emergencyNumber(called: string, country: string | null, outsidePrefix = ""): string | null {
  const numbers = emergencyNumbersOf(country);
  if (/^urn:service:sos\b/i.test(called)) return country === "US" || country === "CA" ? "911" : country === "AU" ? "000" : "112";
  const digits = called.replace(/[\s().-]/g, "").replace(/^\+/, "");
  if (numbers.has(digits)) return digits;
  const bare = outsidePrefix !== "" && digits.startsWith(outsidePrefix) ? digits.slice(outsidePrefix.length) : null;
  return bare !== null && numbers.has(bare) ? bare : null;
}

/** Whether it may be a call for help in any country: asked before anything is known but the number. */
export function mayBeEmergency(called: string): boolean {
  if (/^urn:service:sos\b/i.test(called)) return true;
  const digits = called.replace(/[\s().-]/g, "").replace(/^\+/, "");
  return allNumbers.has(digits) || (digits.length > 1 && allNumbers.has(digits.slice(1)));
}

const allNumbers: ReadonlySet<string> = new Set([...everywhere, ...Object.values(byCountry).flat()]);
