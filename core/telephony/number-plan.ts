// What a dialled number is: normalised to E.164 and classified, by the number plans of a site in their order, then by what numbers mean. Pure.
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/max";

/** The Platform API's match types. */
export const matchTypes = ["digitLength", "numberList", "E164NumberList", "intraCountryCode", "interCountryCode", "regex"] as const;
export type MatchType = (typeof matchTypes)[number];

/** What numbers are by themselves. A number plan may name others. */
export const classifications = ["National", "Mobile", "Tollfree", "International", "Premium"] as const;

export type PlanRule = {
  readonly matchType: MatchType;
  /** For `regex`: the whole of what was dialled, digits and an optional plus. */
  readonly match: string;
  /** For `regex`: with $1…$9; empty: as it was dialled. */
  readonly normalizedFormat: string;
  /** For lists: first to last, inclusive. */
  readonly numbers: readonly { readonly start: string; readonly end: string }[];
  /** For `digitLength`. */
  readonly digitLength: { readonly start: number; readonly end: number } | null;
  readonly classification: string;
};

export type DialledNumber = {
  /** E.164 where that is known, else what the plan makes of it. */
  readonly number: string;
  readonly classification: string;
};

/** Longer ones are nobody's number, and cost. */
const dialledMax = 32;

/** Digits with an optional plus, freed of what people write between them; null: no number. */
export function cleanDialled(text: string): string | null {
  const clean = text.replace(/[\s().\-/]/g, "");
  return clean.length <= dialledMax && /^\+?[0-9*#]+$/.test(clean) ? clean : null;
}

/**
 * The first plan that fits, else the country's own meaning (ITU-T E.164, libphonenumber's types). Null: no number that can be called.
 * `country`: ISO 3166-1 alpha-2 of the place that dials; `outsidePrefix` is dropped where it was dialled.
 */
export function classifyNumber(plans: readonly PlanRule[], text: string, country: string, outsidePrefix = ""): DialledNumber | null {
  const dialled = cleanDialled(text);
  if (dialled === null) return null;
  for (const plan of plans) {
    const number = matches(plan, dialled, country);
    if (number !== null) return { number, classification: plan.classification };
  }
  const outside = outsidePrefix !== "" && dialled.startsWith(outsidePrefix) ? dialled.slice(outsidePrefix.length) : dialled;
  return byItself(outside, country);
}

function matches(plan: PlanRule, dialled: string, country: string): string | null {
  switch (plan.matchType) {
    case "digitLength": {
      const digits = dialled.replace(/^\+/, "");
      return plan.digitLength !== null && digits.length >= plan.digitLength.start && digits.length <= plan.digitLength.end ? dialled : null;
    }
    case "numberList":
      return isAmong(plan.numbers, dialled) ? dialled : null;
    case "E164NumberList": {
      const known = byItself(dialled, country);
      return known !== null && isAmong(plan.numbers, known.number) ? known.number : null;
    }
    case "intraCountryCode":
    case "interCountryCode": {
      const known = byItself(dialled, country);
      if (known === null) return null;
      return (known.classification === "International") === (plan.matchType === "interCountryCode") ? known.number : null;
    }
    case "regex": {
      const pattern = new RegExp(`^(?:${plan.match})$`);
      if (!pattern.test(dialled)) return null;
      return plan.normalizedFormat === "" ? dialled : dialled.replace(pattern, plan.normalizedFormat);
    }
  }
}

function isAmong(numbers: PlanRule["numbers"], number: string): boolean {
  return numbers.some(({ start, end }) => number.length === start.length && number >= start && number <= end);
}

function byItself(dialled: string, country: string): DialledNumber | null {
  const home = isSupportedCountry(country) ? (country as CountryCode) : undefined;
  const number = parsePhoneNumberFromString(dialled, home);
  if (number === undefined || !number.isPossible()) return null;
  const type = number.getType();
  // A premium number costs as much from abroad.
  if (type === "PREMIUM_RATE" || type === "SHARED_COST") return { number: number.number, classification: "Premium" };
  const isHome =
    home !== undefined && number.countryCallingCode === callingCodeOf(home) && (number.country === undefined || number.country === home);
  if (!isHome) return { number: number.number, classification: "International" };
  if (type === "TOLL_FREE") return { number: number.number, classification: "Tollfree" };
  return { number: number.number, classification: type === "MOBILE" ? "Mobile" : "National" };
}

const callingCodes = new Map<CountryCode, string>();

function callingCodeOf(country: CountryCode): string {
  const known = callingCodes.get(country) ?? parsePhoneNumberFromString("2015550123", country)?.countryCallingCode ?? "";
  callingCodes.set(country, known);
  return known;
}

/** Where a number in E.164 is, ISO 3166-1 alpha-2, or its calling code where that is no one country's; what is none is nowhere: empty. */
export function countryOfNumber(number: string): string {
  const parsed = parsePhoneNumberFromString(number.startsWith("+") ? number : "");
  return parsed === undefined ? "" : (parsed.country ?? `+${parsed.countryCallingCode}`);
}

/** How a trunk wants numbers. `National`: as dialled inside the country, with its trunk prefix. */
export const numberFormats = ["E164", "E164WithoutPlus", "National"] as const;
export type NumberFormat = (typeof numberFormats)[number];

/** What is no E.164 number (an emergency number, a short code) leaves as it is. */
export function formatNumber(number: string, format: NumberFormat, country: string): string {
  if (!number.startsWith("+")) return number;
  if (format === "E164") return number;
  if (format === "E164WithoutPlus") return number.slice(1);
  const parsed = parsePhoneNumberFromString(number);
  if (parsed === undefined || !isSupportedCountry(country)) return number;
  const text = parsed.country === country ? parsed.formatNational() : parsed.format("IDD", { fromCountry: country });
  return text.replace(/[^0-9]/g, "");
}

/** A number as a trunk tells it, in E.164 where it is one; an extension, a name and whatever else it may be stays as it is. */
export function readNumber(number: string, format: NumberFormat, country: string | null): string {
  if (format === "E164" || !/^[0-9]+$/.test(number)) return number;
  const parsed =
    format === "E164WithoutPlus"
      ? parsePhoneNumberFromString(`+${number}`)
      : country !== null && isSupportedCountry(country)
        ? parsePhoneNumberFromString(number, country)
        : undefined;
  return parsed?.isValid() === true ? parsed.number : number;
}

/**
 * Whether a pattern can be tried on every dialled number without hurry: literals, classes, groups without quantifiers, quantifiers on single
 * characters, at most three of them open-ended. So no input of 32 characters takes more than some ten thousand steps.
 */
export function isSimplePattern(pattern: string): boolean {
  if (pattern.length > 200) return false;
  const atom = "(?:\\\\[d+*#]|[0-9+*#.]|\\[[0-9*#+-]{1,30}\\])(?:[?*+]|\\{[0-9]{1,2}(?:,[0-9]{0,2})?\\})?";
  const simple = new RegExp(`^\\^?(?:${atom}|\\((?:\\?:)?|\\)|\\|)*\\$?$`);
  if (!simple.test(pattern) || /\)[?*+{]/.test(pattern)) return false;
  if ((pattern.match(/[*+](?![^[]*\])|,\}/g) ?? []).length > 3) return false;
  try {
    new RegExp(`^(?:${pattern})$`);
    return true;
  } catch {
    return false;
  }
}
