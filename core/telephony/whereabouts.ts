// Where somebody works today who is not where their station stands: a site, as their network says, or an address of their own. Ends by itself.
import { type App, newEvent } from "../app.ts";
import type { EventDraft } from "../events/index.ts";
import { BadInput } from "../lib/errors.ts";
import type { OrganizationId, SiteId, UserId } from "../lib/id.ts";
import { isWithinNetwork } from "../lib/ip-address.ts";
import { whereaboutsMs } from "../lib/limits.ts";
import { type CivicAddress, civicAddress } from "./civic-address.ts";
import type { Site } from "./telephony.ts";

export type Whereabouts = {
  readonly userId: UserId;
  readonly organizationId: OrganizationId;
  /** By whose network they have signed in; null: by none that is known. */
  readonly siteId: SiteId | null;
  /** As they said it; null: not said. */
  readonly civic: CivicAddress | null;
  readonly saidAt: number;
  readonly expiresAt: number;
};

/** Of which site the network is that an address belongs to; null: of none. Sites are asked in their order. */
export function siteByNetwork(sites: readonly Site[], address: string): Site | null {
  return sites.find(({ networks }) => networks.some((network) => isWithinNetwork(network, address))) ?? null;
}

/**
 * Somebody has signed in from `address`. True: it is nobody's network though networks are known, and they have a browser to call with, so that they
 * are to be asked where they are.
 */
export async function noteNetwork(app: App, userId: UserId, address: string): Promise<boolean> {
  const { stores, organizationId } = app;
  const sites = (await stores.sites.all(organizationId)).toSorted((a, b) => a.createdAt - b.createdAt);
  if (sites.every(({ networks }) => networks.length === 0)) return false;
  const stations = await stores.stations.all(organizationId);
  if (!stations.some((station) => station.userId === userId && station.kind === "browser")) return false;
  const site = siteByNetwork(sites, address);
  // What was said of another place, and what another network said, is true no more.
  await change(app, userId, site === null ? null : { siteId: site.id, civic: null });
  return site === null;
}

/** A person says where they work today. @throws BadInput at `civic`, with what is wrong with it */
export async function sayWhereabouts(app: App, userId: UserId, given: unknown): Promise<void> {
  const parsed = civicAddress.safeParse(given);
  if (!parsed.success) throw new BadInput(parsed.error.issues[0]!.message, "civic");
  await change(app, userId, parsed.data === null ? null : { siteId: null, civic: parsed.data });
}

/** That they said so is in the log, and what they said is not: where somebody lives is forgotten when it ends. */
async function change(app: App, userId: UserId, to: Pick<Whereabouts, "siteId" | "civic"> | null): Promise<void> {
  const { organizationId } = app;
  const saidAt = app.env.clock.now();
  await app.unit.run(async (stores) => {
    const before = (await stores.whereabouts.all(organizationId)).find((one) => one.userId === userId) ?? null;
    if (to === null && before === null) return { value: undefined, events: [] };
    if (to === null) await stores.whereabouts.remove(userId);
    else await stores.whereabouts.put({ userId, organizationId, ...to, saidAt, expiresAt: saidAt + whereaboutsMs });
    const event: EventDraft = newEvent(app, {
      type: "telephony.whereabouts.changed",
      actorId: userId,
      subjectIds: [userId],
      seal: { kind: "user", id: userId },
      payload: { siteId: to?.siteId ?? null, hasOwnAddress: to !== null && to.civic !== null },
    });
    return { value: undefined, events: [event] };
  });
}
