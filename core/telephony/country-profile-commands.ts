// Takes of a country's profile what somebody has chosen, and nothing else: each change is one of an object's own, with its history.
import type { App } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import type { SiteId } from "../lib/id.ts";
import { createObject, editObject, settingsOf } from "../objects/commands.ts";
import { type ProfileDifference, profileDifferences, profileOf } from "./country-profile.ts";
import { numberPlanKind, siteKind } from "./kinds.ts";
import type { NumberPlan } from "./telephony.ts";

/** Behind what people have written themselves: those are tried first. */
const profilePriority = 500;

/** @throws Forbidden · NotFound · BadInput at `country` when there is no such profile */
export async function differencesOf(app: App, actor: Actor, siteId: SiteId, country: string): Promise<readonly ProfileDifference[]> {
  const site = found(actor, "site with this id", await app.stores.sites.byId(siteId));
  demand(actor, siteKind.permissions.view, site);
  const profile = profileOf(country);
  if (profile === null) throw new BadInput("There is no profile of this country.", "country");
  return profileDifferences(profile, site, await app.stores.numberPlans.all(app.organizationId));
}

/**
 * `seen`: the differences as they were shown, `chosen` the ids of those to take. How many were taken. @throws Forbidden · NotFound · BadInput ·
 * Conflict when what is set has changed meanwhile, before anything is taken
 */
export async function takeProfile(
  app: App,
  actor: Actor,
  siteId: SiteId,
  country: string,
  { seen, chosen }: { readonly seen: string; readonly chosen: readonly string[] },
): Promise<number> {
  const differences = await differencesOf(app, actor, siteId, country);
  if (fingerprintOf(differences) !== seen) throw new Conflict("What is set has changed meanwhile: look at the differences again.");
  const wanted = differences.filter(({ id }) => chosen.includes(id));
  if (wanted.length === 0) throw new BadInput("Choose what to take.", "take");
  const changed = new Map<string, NumberPlan>();
  for (const difference of wanted) {
    switch (difference.kind) {
      case "country": {
        const site = found(actor, "site with this id", await app.stores.sites.byId(siteId));
        await editObject(app, actor, siteKind, siteId, site.version, { ...settingsOf(siteKind, site), country: difference.wanted });
        break;
      }
      case "new-plan": {
        const rest = { siteId, priority: profilePriority, match: "", normalizedFormat: "", digitLength: null };
        await createObject(app, actor, numberPlanKind, { ...difference.plan, ...rest });
        break;
      }
      case "plan-field":
        changed.set(difference.plan.id, { ...(changed.get(difference.plan.id) ?? difference.plan), [difference.field]: difference.wanted });
    }
  }
  for (const plan of changed.values())
    await editObject(app, actor, numberPlanKind, plan.id, plan.version, settingsOf(numberPlanKind, plan));
  return wanted.length;
}

/** Of what was shown: the same again only while nothing has changed. */
export function fingerprintOf(differences: readonly ProfileDifference[]): string {
  return differences
    .map((one) => (one.kind === "plan-field" ? `${one.id} ${one.plan.version}` : one.id + (one.kind === "country" ? one.now : "")))
    .join("\n");
}
