// Whether help can be called from each site, and from where nobody would know where to send it. Values only; nothing is dialled.
import type { User } from "../directory/user.ts";
import { emergencyNumbersOf } from "../telephony/emergency.ts";
import type { Site, Station, Trunk } from "../telephony/telephony.ts";
import type { Configuration } from "./directory.ts";
import { siteOf, waysForHelp } from "./outbound.ts";

type Facts = Pick<Configuration, "sites" | "stations" | "trunks" | "users" | "whereabouts">;

/** `isUp` null: nobody has asked yet, or nobody asks. */
export type WayForHelp = { readonly trunk: Trunk; readonly isUp: boolean | null };

export type SiteReport = {
  readonly site: Site;
  readonly numbers: readonly string[];
  /** In the order in which they are tried. */
  readonly ways: readonly WayForHelp[];
  /** `untried`: no way is known to be dead, and none to be up. */
  readonly reach: "up" | "untried" | "down" | "no-trunk";
  /** `parts`: a trunk by which help is called wants the address in its parts. */
  readonly lacks: readonly ("address" | "parts" | "callback" | "contacts")[];
};

/** The graver first. `moves`: a browser is wherever its person is, and only the site's address is known of it. */
export const gaps = ["no-site", "no-address", "moves", "no-room"] as const;
export type Gap = {
  readonly station: Station;
  readonly user: User;
  readonly site: Site | null;
  readonly gap: (typeof gaps)[number];
};

/** One for each site, by name. `isUp`: what this node knows of a trunk. */
export function siteReports(facts: Facts, isUp: (trunk: Trunk) => boolean | null): readonly SiteReport[] {
  return facts.sites.toSorted(byName).map((site) => {
    const ways = waysForHelp(facts, site).map((trunk) => ({ trunk, isUp: isUp(trunk) }));
    return { site, numbers: [...emergencyNumbersOf(site.country)].sort(), ways, reach: reachOf(ways), lacks: lacksOf(site, facts) };
  });
}

function reachOf(ways: readonly WayForHelp[]): SiteReport["reach"] {
  if (ways.length === 0) return "no-trunk";
  if (ways.some(({ isUp }) => isUp === true)) return "up";
  return ways.some(({ isUp }) => isUp === null) ? "untried" : "down";
}

function lacksOf(site: Site, { users, trunks }: Facts): SiteReport["lacks"] {
  const { address, civic, callerId, emergencyContactIds } = site;
  const wantsParts = waysForHelp({ trunks }, site).some(({ geolocation }) => geolocation === "pidf-lo");
  const isTold = emergencyContactIds.some((id) => users.some((user) => user.id === id));
  return [
    ...(address === "" && civic === null ? ["address" as const] : []),
    ...(wantsParts && civic === null ? ["parts" as const] : []),
    ...(callerId === null ? ["callback" as const] : []),
    ...(isTold ? [] : ["contacts" as const]),
  ];
}

/** Stations from which help would be sent to no place, or not to the right one; the gravest first, then by name. */
export function locationGaps(facts: Facts): readonly Gap[] {
  return facts.stations
    .flatMap((station): Gap[] => {
      const user = facts.users.find(({ id }) => id === station.userId);
      // Nobody's station calls nobody.
      if (user === undefined) return [];
      const site = siteOf(facts, station.id);
      const said = station.kind === "phone" ? undefined : facts.whereabouts.find(({ userId }) => userId === user.id);
      if (said?.civic != null || station.civic != null) return [];
      const gap = gapOf(station, facts.sites.find(({ id }) => id === said?.siteId) ?? site);
      return gap === null ? [] : [{ station, user, site, gap }];
    })
    .toSorted((a, b) => gaps.indexOf(a.gap) - gaps.indexOf(b.gap) || byName(a.station, b.station));
}

function gapOf({ kind, location }: Station, site: Site | null): Gap["gap"] | null {
  if (site === null) return "no-site";
  if (site.address === "" && site.civic === null) return "no-address";
  if (location !== "") return null;
  return kind === "browser" ? "moves" : "no-room";
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, "en");
}
