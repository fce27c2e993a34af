// What changes the organization itself: its name, where it is, whom guests may call, how long recordings are kept.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import type { EventDraft } from "../events/index.ts";
import { assert } from "../lib/machine.ts";
import type { Stores } from "../stores.ts";
import { type Organization, type OrganizationRules, type OrganizationSettings, organizationFacts } from "./organization.ts";

/** Within another command's transaction; nothing changes, and nothing is told, when all is as it was. @throws Forbidden */
export async function changeOrganization(
  stores: Stores,
  app: App,
  actor: Actor,
  input: Partial<OrganizationSettings & OrganizationRules & Pick<Organization, "guestNumber">>,
): Promise<readonly EventDraft[]> {
  demand(actor, "directory:organization:edit", app);
  const before = await stores.organizations.byId(app.organizationId);
  assert(before !== null, "the organization is there");
  const after: Organization = { ...before, ...input };
  if (JSON.stringify(organizationFacts(before)) === JSON.stringify(organizationFacts(after))) return [];
  await stores.organizations.update(after);
  const event = newEvent(app, {
    type: "organization.updated",
    actorId: actor.id,
    subjectIds: [app.organizationId],
    payload: { before: organizationFacts(before), after: organizationFacts(after) },
    rows: [{ table: "organization", id: app.organizationId }],
  });
  return [event];
}

/** @throws Forbidden */
export async function editOrganization(app: App, actor: Actor, input: OrganizationSettings & OrganizationRules): Promise<void> {
  await app.unit.run(async (stores) => ({ value: undefined, events: await changeOrganization(stores, app, actor, input) }));
}
