// What a site of some country is set to: its country, and number plans for short numbers that no library of ordinary numbers knows. Values only.
import type { PlanRule } from "./number-plan.ts";
import type { NumberPlan, Site } from "./telephony.ts";

export type ProfilePlan = Pick<PlanRule, "matchType" | "numbers" | "classification"> & { readonly name: string };
export type CountryProfile = { readonly country: string; readonly plans: readonly ProfilePlan[] };

const list = (name: string, classification: string, ranges: string): ProfilePlan => ({
  ...{ name, classification, matchType: "numberList" },
  numbers: ranges.split(" ").map((text) => {
    const [start = "", end = start] = text.split("-");
    return { start, end };
  }),
});

/** Harmonised services of social value, free of charge: Commission Decisions 2007/116/EC, 2007/698/EC and 2009/884/EC. */
const socialValue = "116000 116006 116111 116117 116123";
const european = (country: string): CountryProfile => ({
  country,
  plans: [list(`${country}: 116 numbers`, "Tollfree", socialValue)],
});
/** Service codes N11 (FCC, 47 CFR §52.5 and orders; CRTC), and 988 (FCC 20-100; CRTC 2022-234). 411 costs what the carrier wants. */
const northAmerican = (country: string): CountryProfile => ({
  country,
  plans: [
    list(`${country}: service codes`, "National", "211 311 511 811"),
    list(`${country}: relay and crisis lines`, "Tollfree", "711 988"),
    list(`${country}: directory enquiries`, "Premium", "411"),
  ],
});

const profiles: readonly CountryProfile[] = [
  ...["AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "GR", "HR", "HU", "IE", "IT"].map(european),
  ...["LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"].map(european),
  // ACMA, Telecommunications Numbering Plan 2015: local rate numbers of six and of ten digits, which libraries take for dear ones.
  { country: "AU", plans: [list("AU: local rate", "National", "130000-139999 1300000000-1300999999")] },
  northAmerican("CA"),
  // Bundesnetzagentur: 115, 116xxx with 116116, and directory enquiries 118xy and 1180yy.
  {
    country: "DE",
    plans: [
      list("DE: 116 numbers", "Tollfree", `${socialValue} 116116`),
      list("DE: public authorities", "National", "115"),
      list("DE: directory enquiries", "Premium", "11810-11899 118000-118099"),
    ],
  },
  // ARCEP, plan national de numérotation (décision 2018-0881): short numbers 3BPQ, free where they begin with 30 or 31, and 118XYZ.
  {
    country: "FR",
    plans: [
      list("FR: free short numbers", "Tollfree", `3000-3199 ${socialValue}`),
      list("FR: short numbers", "Premium", "3200-3999"),
      list("FR: directory enquiries", "Premium", "118000-118999"),
    ],
  },
  // Ofcom, National Telephone Numbering Plan: Type A and B access codes that are free, 116 numbers, and directory enquiries.
  {
    country: "GB",
    plans: [
      list("GB: free short codes", "Tollfree", `101 105 111 ${socialValue}`),
      list("GB: directory enquiries", "Premium", "118000-118999"),
    ],
  },
  northAmerican("US"),
];

/** ISO 3166-1 alpha-2. */
export const profileCountries: readonly string[] = profiles.map(({ country }) => country).sort();

export function profileOf(country: string): CountryProfile | null {
  return profiles.find((profile) => profile.country === country) ?? null;
}

const comparedFields = ["matchType", "numbers", "classification"] as const;
export type ProfileField = (typeof comparedFields)[number];

/** What differs from what is set now, one entry for each thing that can be taken or left. */
export type ProfileDifference =
  | { readonly id: string; readonly kind: "country"; readonly now: string; readonly wanted: string }
  | { readonly id: string; readonly kind: "new-plan"; readonly plan: ProfilePlan }
  | {
      readonly id: string;
      readonly kind: "plan-field";
      readonly plan: NumberPlan;
      readonly field: ProfileField;
      readonly now: unknown;
      readonly wanted: unknown;
    };

/** A plan is known by its name, which no other plan has. One of the same name at another site is not touched: a plan for this one is named after it. */
export function profileDifferences(profile: CountryProfile, site: Site, plans: readonly NumberPlan[]): readonly ProfileDifference[] {
  const country = { id: "country", kind: "country", now: site.country, wanted: profile.country } as const;
  return [
    ...(site.country === profile.country ? [] : [country]),
    ...profile.plans.flatMap((wanted): readonly ProfileDifference[] => {
      const names = [wanted.name, nameAt(site, wanted)].map((name) => name.toLowerCase());
      const plan = plans.find((one) => one.siteId === site.id && names.includes(one.name.toLowerCase()));
      if (plan !== undefined)
        return comparedFields
          .filter((field) => JSON.stringify(compared(plan[field])) !== JSON.stringify(compared(wanted[field])))
          .map((field) => ({ id: `${wanted.name}/${field}`, kind: "plan-field", plan, field, now: plan[field], wanted: wanted[field] }));
      const isTaken = plans.some(({ name }) => name.toLowerCase() === wanted.name.toLowerCase());
      return [{ id: wanted.name, kind: "new-plan", plan: isTaken ? { ...wanted, name: nameAt(site, wanted) } : wanted }];
    }),
  ];
}

function nameAt(site: Site, { name }: ProfilePlan): string {
  return `${name}, ${site.name}`;
}

/** What is kept as jsonb comes back with its keys in another order. */
function compared(value: ProfilePlan[ProfileField]): unknown {
  return typeof value === "string" ? value : value.map(({ start, end }) => `${start}-${end}`);
}
