// Where help is sent, in the parts that carriers and those who answer read (RFC 5139 §3.4). Checked by country where the public rule is simple.
import { z } from "zod";

/** Each part as people write it, empty where it has none. */
export type CivicAddress = {
  /** ISO 3166-1 alpha-2 (`country`). */
  readonly country: string;
  /** State, province, land (`A1`). */
  readonly region: string;
  /** City, town (`A3`). */
  readonly city: string;
  /** Primary road (`RD`). */
  readonly street: string;
  /** With its letter, where it has one (`HNO`). */
  readonly houseNumber: string;
  /** `PC` */
  readonly postalCode: string;
  /** Building, floor, room (`LOC`). */
  readonly extra: string;
};

/** In the order of a form. */
export const civicParts = ["street", "houseNumber", "extra", "postalCode", "city", "region", "country"] as const;

type Rule = { readonly postalCode: RegExp; readonly like: string; readonly regions?: ReadonlySet<string> };
const regions = (codes: string): ReadonlySet<string> => new Set(codes.split(" "));

/**
 * Forms of postal codes (Universal Postal Union, addressing systems by country), and regions where letters without one go astray: USPS
 * Publication 28 appendix B, Canada Post addressing guidelines, Australia Post. Countries that are not here are not checked.
 */
const rules: Readonly<Record<string, Rule>> = {
  AT: { postalCode: /^[1-9][0-9]{3}$/, like: "1010" },
  AU: { postalCode: /^[0-9]{4}$/, like: "2000", regions: regions("ACT NSW NT QLD SA TAS VIC WA") },
  BE: { postalCode: /^[1-9][0-9]{3}$/, like: "1000" },
  CA: {
    postalCode: /^[ABCEGHJ-NPRSTVXY][0-9][A-Z] [0-9][A-Z][0-9]$/,
    like: "K1A 0B1",
    regions: regions("AB BC MB NB NL NS NT NU ON PE QC SK YT"),
  },
  CH: { postalCode: /^[1-9][0-9]{3}$/, like: "3000" },
  DE: { postalCode: /^[0-9]{5}$/, like: "10115" },
  DK: { postalCode: /^[0-9]{4}$/, like: "1050" },
  ES: { postalCode: /^[0-5][0-9]{4}$/, like: "28013" },
  FR: { postalCode: /^[0-9]{5}$/, like: "75001" },
  GB: { postalCode: /^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$/, like: "LS1 5HD" },
  IT: { postalCode: /^[0-9]{5}$/, like: "00187" },
  NL: { postalCode: /^[1-9][0-9]{3} [A-Z]{2}$/, like: "1012 AB" },
  US: {
    postalCode: /^[0-9]{5}(?:-[0-9]{4})?$/,
    like: "20500",
    regions: regions(
      "AL AK AS AZ AR CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MP MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA PR RI SC SD TN TX UT VT VA VI WA WV WI WY",
    ),
  },
};

const part = z
  .string()
  .trim()
  .max(120, "At most 120 characters for each part of an address.")
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Cs}\ufffe\uffff]/u.test(text), "No control characters in an address.")
  .default("");
const capitals = part.transform((text) => text.toUpperCase());

/** Nothing in any part is no address: null. An address that is begun is whole. */
export const civicAddress = z
  .strictObject({ country: capitals, region: part, city: part, street: part, houseNumber: part, postalCode: capitals, extra: part })
  .nullable()
  .default(null)
  .transform((address) => (address === null || civicParts.every((name) => address[name] === "") ? null : address))
  .superRefine((address, context) => {
    const problem = address === null ? null : problemOf(address);
    if (problem !== null) context.addIssue({ code: "custom", path: [problem.part], message: problem.error });
  });

function problemOf(address: CivicAddress): { readonly part: keyof CivicAddress; readonly error: string } | null {
  if (!/^[A-Z]{2}$/.test(address.country)) return { part: "country", error: "The country as two letters, as in GB, DE, US." };
  if (address.street === "") return { part: "street", error: "An address needs a street." };
  if (address.city === "") return { part: "city", error: "An address needs a city." };
  const rule = rules[address.country];
  if (rule === undefined) return null;
  if (!rule.postalCode.test(address.postalCode))
    return { part: "postalCode", error: `A postal code of this country looks like ${rule.like}.` };
  if (rule.regions?.has(address.region) === false)
    return { part: "region", error: `The region is one of ${[...rule.regions].join(", ")}.` };
  return null;
}

/** On one line, the most exact part first. */
export function civicText({ country, region, city, street, houseNumber, postalCode, extra }: CivicAddress): string {
  const numberFirst = /^(AU|CA|FR|GB|IE|NZ|US)$/.test(country);
  const road = (numberFirst ? [houseNumber, street] : [street, houseNumber]).filter((text) => text !== "").join(" ");
  const town = (numberFirst && country !== "FR" ? [city, region, postalCode] : [postalCode, city, region])
    .filter((text) => text !== "")
    .join(" ");
  return [extra, road, town, country].filter((text) => text !== "").join(", ");
}
