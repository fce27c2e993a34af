// The organization: what it is called, the language and time it lives in, and the number that guests may call.
import { z } from "zod";
import { newEvent } from "../app.ts";
import type { Env } from "../env/env.ts";
import type { EventDraft, Json } from "../events/index.ts";
import type { DivisionId, OrganizationId } from "../lib/id.ts";
import { pauseSecondsDefault, pauseSecondsLeast, pauseSecondsMost } from "../lib/limits.ts";

export type Organization = {
  readonly id: OrganizationId;
  readonly name: string;
  readonly divisionId: string;
  /** BCP 47. */
  readonly language: string;
  /** ISO 3166-1 alpha-2; null: nobody has said it. */
  readonly country: string | null;
  /** IANA name; null: the server's own. */
  readonly timeZone: string | null;
  /** Guests (people with a one-purpose link and no account) may call this number from a browser; null: none may. */
  readonly guestNumber: string | null;
  /** Recordings are erased when they are older; null: they are kept until somebody erases them. */
  readonly recordingDays: number | null;
  /** Whether people see who listens to them unheard; whoever speaks to them they see in any case. */
  readonly showsMonitoring: boolean;
  /** A paused recording goes on by itself after so many seconds. */
  readonly pauseSecondsMax: number;
  /** ISO 4217: in which calls outside are priced; null: nobody has said it. */
  readonly currency: string | null;
  readonly createdAt: number;
  readonly eventSeq: number | null;
};

/** The name of an organization that nobody has named yet. */
export const unnamed = "Landline";

/** Languages that callers and pages may have; what is not translated yet appears in English. */
export const languages = ["en-GB", "en-US", "de-DE", "fr-FR"] as const;

/** Each in itself. */
export const languageNames: Readonly<Record<(typeof languages)[number], string>> = {
  "en-GB": "English (United Kingdom)",
  "en-US": "English (United States)",
  "de-DE": "Deutsch",
  "fr-FR": "Français",
};

export const organizationSettings = z.strictObject({
  name: z
    .string({ error: "The organisation needs a name." })
    .trim()
    .min(1, "The organisation needs a name.")
    .max(256, "At most 256 characters."),
  language: z.enum(languages, { error: `One of ${languages.join(", ")}.` }),
  country: z.string({ error: "Choose a country." }).refine(isCountry, "Choose a country from the list, like GB."),
  timeZone: z.string({ error: "Choose a time zone." }).refine(isTimeZone, "Choose a time zone from the list, like Europe/London."),
});
export type OrganizationSettings = z.infer<typeof organizationSettings>;

export const recordingDaysMax = 36_500;
export const organizationRules = z.strictObject({
  recordingDays: z
    .number({ error: "A number of days, or nothing." })
    .int("Whole days.")
    .min(1, "At least one day.")
    .max(recordingDaysMax, `At most ${recordingDaysMax} days, a hundred years.`)
    .nullable(),
  showsMonitoring: z.boolean({ error: "Yes or no." }),
  pauseSecondsMax: z
    .number({ error: "A number of seconds." })
    .int("Whole seconds.")
    .min(pauseSecondsLeast, "At least ten seconds.")
    .max(pauseSecondsMost, "At most 3600 seconds, an hour."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "Three capital letters, as in GBP, EUR, USD.")
    .nullable(),
});
export type OrganizationRules = z.infer<typeof organizationRules>;

export function newOrganization(id: OrganizationId, divisionId: string, name: string, createdAt: number): Organization {
  return {
    id,
    divisionId,
    name,
    language: "en-GB",
    country: null,
    timeZone: null,
    guestNumber: null,
    recordingDays: null,
    showsMonitoring: true,
    pauseSecondsMax: pauseSecondsDefault,
    currency: null,
    createdAt,
    eventSeq: null,
  };
}

/** What the log says of an organization. */
export function organizationFacts(organization: Organization): { readonly [key: string]: Json } {
  const { eventSeq: _seq, divisionId: _division, ...facts } = organization;
  return facts;
}

/** The first thing that is ever said of it. */
export function organizationCreated(env: Env, organization: Organization, nodeId: string): EventDraft {
  return newEvent(
    { env, organizationId: organization.id, divisionId: organization.divisionId as DivisionId },
    {
      type: "organization.created",
      actorId: nodeId,
      subjectIds: [organization.id],
      payload: { before: null, after: organizationFacts(organization) },
      rows: [{ table: "organization", id: organization.id }],
    },
  );
}

/** Regions of CLDR that are groups, outlying or reserved, not countries. */
const noCountries = new Set(["EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"]);

/** Every country as code and name, by name, in a language. */
export function countries(language: string): readonly { readonly code: string; readonly name: string }[] {
  const names = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters
    .flatMap((a) => letters.map((b) => a + b))
    .flatMap((code) => {
      // Codes that were withdrawn are written as their successors.
      const name = noCountries.has(code) || Intl.getCanonicalLocales(`und-${code}`)[0] !== `und-${code}` ? undefined : names.of(code);
      return name === undefined ? [] : [{ code, name }];
    })
    .sort((a, b) => a.name.localeCompare(b.name, language));
}

/** IANA names, with UTC. */
export function timeZones(): readonly string[] {
  return [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])].sort();
}

function isCountry(code: string): boolean {
  return countries("en-GB").some((country) => country.code === code);
}

function isTimeZone(name: string): boolean {
  return timeZones().includes(name);
}
