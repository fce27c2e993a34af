// Where a number outside is called: what it is at the site that dials, whether whoever dials may, and by which trunks. Values only; no I/O.
import type { CallerIdentity, RejectReason } from "../call/call-control.ts";
import type { Callee, DialPath, Place } from "../call/state.ts";
import type { User } from "../directory/user.ts";
import { BadInput } from "../lib/errors.ts";
import type { StationId, TrunkId, UserId } from "../lib/id.ts";
import { emergencyRingMs, outsideRingMs } from "../lib/limits.ts";
import { type CivicAddress, civicText } from "../telephony/civic-address.ts";
import { emergencyNumber, emergencyTestNumber } from "../telephony/emergency.ts";
import { isWithin } from "../telephony/extension-range.ts";
import { classifyNumber, formatNumber } from "../telephony/number-plan.ts";
import type { NumberPlan, OutboundRoute, Site, Station, Trunk } from "../telephony/telephony.ts";
import type { Configuration } from "./directory.ts";

/** Who wants it: a person at a station of theirs. `draw`, 0 ≤ draw < 1, decides where trunks are chosen at random. */
export type Dialler = { readonly userId: UserId; readonly stationId: StationId | null; readonly draw: number };

export type OutboundPlan =
  | { readonly kind: "callee"; readonly callee: Callee }
  | { readonly kind: "refused"; readonly reason: RejectReason; readonly why: string };

type Nonempty = Callee["paths"];

/** Where nothing says otherwise; null: nobody has said it yet. */
export function countryOf({ sites, organization }: Pick<Configuration, "sites" | "organization">): string | null {
  return sites[0]?.country ?? (organization?.country || null);
}

/** The site of a station, else the organization's first; null: none is set up. */
export function siteOf({ sites, stations }: Pick<Configuration, "sites" | "stations">, stationId: StationId | null): Site | null {
  const siteId = stations.find(({ id }) => id === stationId)?.siteId ?? null;
  return sites.find(({ id }) => id === siteId) ?? sites[0] ?? null;
}

/** Which number for help is meant where the station stands; null: none. */
export function helpNumberOf(configuration: Configuration, stationId: StationId | null, called: string): string | null {
  const site = siteOf(configuration, stationId);
  return emergencyNumber(called, site?.country ?? countryOf(configuration), site?.outsidePrefix);
}

/**
 * A call for help, before and above every other rule: no right, no limit and no route stands in its way. Null: it is none. The number shown
 * is one that can be called back. `now`: epoch ms; what people said of where they are ends.
 */
export function planEmergency(configuration: Configuration, called: string, dialler: Dialler, now: number): OutboundPlan | null {
  const site = siteOf(configuration, dialler.stationId);
  const number = helpNumberOf(configuration, dialler.stationId, called);
  if (number === null) return null;
  const place = placeOf(configuration, dialler, now);
  const paths = waysForHelp(configuration, site).flatMap((trunk): DialPath[] => {
    const shown = helpShownBy(trunk, site, userOf(configuration, dialler.userId));
    return pathsForHelp(trunk, number, shown, place);
  });
  if (!isNonempty(paths)) return { kind: "refused", reason: "emergency-not-available", why: "no trunk by which help could be called" };
  const of = { purpose: "external", userId: null, number, name: "", classification: "Emergency", isEmergency: true } as const;
  return { kind: "callee", callee: { ...of, paths, ringMs: emergencyRingMs, place, otherwise: null } };
}

/** One that can be called back, whatever the trunk shows of other calls. */
export function helpShownBy(trunk: Trunk, site: Site | null, user: User | null): CallerIdentity {
  return { number: user?.phoneNumber ?? trunk.callerId ?? site?.callerId ?? "", name: site?.callerName ?? "" };
}

/**
 * A country's number for trying calls for help (emergency.ts): by the ways, with the number and from the place of one, to a carrier's machine that
 * says back what it was told. For everybody; null: it is none there, or nobody could be called.
 */
export function planHelpTest(configuration: Configuration, called: string, dialler: Dialler, now: number): OutboundPlan | null {
  const site = siteOf(configuration, dialler.stationId);
  const number = site === null ? null : emergencyTestNumber(site.country);
  if (site === null || number === null || called.replace(/[\s().-]/g, "") !== number) return null;
  const user = userOf(configuration, dialler.userId);
  const place = placeOf(configuration, dialler, now);
  const paths = waysForHelp(configuration, site).flatMap((trunk) => pathsForHelp(trunk, number, helpShownBy(trunk, site, user), place));
  if (!isNonempty(paths)) return { kind: "refused", reason: "unavailable", why: "no trunk by which help could be called" };
  const of = { purpose: "external", userId: null, number, name: "", classification: "Emergency test", isEmergency: false } as const;
  return { kind: "callee", callee: { ...of, paths, ringMs: outsideRingMs, place, isHelpTestOf: site.id, otherwise: null } };
}

/** The trunks by which help is called, in their order: the site's own for it, then every other one that leads outside. */
export function waysForHelp({ trunks }: Pick<Configuration, "trunks">, site: Site | null): readonly Trunk[] {
  const ways = trunks.filter(({ proxies }) => proxies.length > 0);
  const wanted = (site?.emergencyTrunkIds ?? []).flatMap((id) => ways.filter((trunk) => trunk.id === id));
  return [...wanted, ...ways.filter((trunk) => !wanted.includes(trunk))];
}

/** A number outside; null: it is no number that a plan knows. `isFull`: trunks without a free channel are passed over. */
export function planOutside(
  configuration: Configuration,
  called: string,
  dialler: Dialler,
  isFull: (trunk: Trunk) => boolean = () => false,
): OutboundPlan | null {
  const site = siteOf(configuration, dialler.stationId);
  if (site === null) return null;
  const dialled = classifyNumber(plansOf(configuration, site), called, site.country, site.outsidePrefix);
  if (dialled === null) return null;
  const { number, classification } = dialled;
  const user = userOf(configuration, dialler.userId);
  if (user?.dialRights.includes(classification) !== true)
    return { kind: "refused", reason: "not-allowed", why: `no right to dial ${classification}` };
  const route = configuration.outboundRoutes.find(
    (one) => one.siteId === site.id && one.enabled && one.classifications.includes(classification),
  );
  if (route === undefined) return { kind: "refused", reason: "unavailable", why: `no outbound route takes ${classification}` };
  const trunks = trunksOf(configuration, route, dialler.draw);
  const free = trunks.filter((trunk) => !isFull(trunk));
  const paths = free.flatMap((trunk) => pathsBy(trunk, formatNumber(number, trunk.numberFormat, site.country), shownBy(trunk, site, user)));
  if (!isNonempty(paths)) {
    const why = trunks.length === 0 ? `no trunk of “${route.name}” leads anywhere` : `every trunk of “${route.name}” is full`;
    return { kind: "refused", reason: trunks.length === 0 ? "unavailable" : "overloaded", why };
  }
  const of = { purpose: "external", userId: null, number, name: "", classification, isEmergency: false } as const;
  const dialledBy = { userId: dialler.userId, stationId: dialler.stationId };
  return { kind: "callee", callee: { ...of, paths, ringMs: outsideRingMs, dialledBy, otherwise: null } };
}

export type TestPlan = {
  readonly number: string;
  readonly sent: string;
  /** Null: an extension of a tie line's. */
  readonly classification: string | null;
  readonly shown: CallerIdentity;
};

/**
 * A test call by this trunk alone, whatever the routes say: with the same rights as any other call of that person, and never for help.
 * @throws BadInput at `number`
 */
export function planTest(configuration: Configuration, trunk: Trunk, called: string, userId: UserId): TestPlan {
  const user = userOf(configuration, userId);
  const stationId = user?.stationId ?? null;
  const demandNoHelp = (number: string): void => {
    if (helpNumberOf(configuration, stationId, number) !== null)
      throw new BadInput("Emergency numbers are not called as a test.", "number");
  };
  if (user === null) throw new BadInput("You are nobody here who may dial.", "number");
  if (trunk.proxies.length === 0) throw new BadInput("Calls only come in by this trunk: give it a next hop first.", "number");
  demandNoHelp(called);
  const extension = called.replace(/[\s().\-/]/g, "");
  if (isWithin(trunk.extensionRanges, extension))
    return { number: extension, sent: extension, classification: null, shown: { number: user.extension ?? "", name: user.name } };
  const site = siteOf(configuration, stationId);
  if (site === null) throw new BadInput("No site is set up, so nobody knows what a number means here: make one first.", "number");
  const dialled = classifyNumber(plansOf(configuration, site), called, site.country, site.outsidePrefix);
  if (dialled === null) throw new BadInput("This is no number that can be called from here.", "number");
  const { number, classification } = dialled;
  if (!user.dialRights.includes(classification)) throw new BadInput(`You have no right to dial ${classification}.`, "number");
  const sent = formatNumber(number, trunk.numberFormat, site.country);
  for (const one of [number, sent]) demandNoHelp(one);
  return { number, sent, classification, shown: shownBy(trunk, site, user) };
}

function plansOf({ numberPlans }: Configuration, site: Site): readonly NumberPlan[] {
  return numberPlans.filter(({ siteId }) => siteId === site.id).toSorted((a, b) => a.priority - b.priority);
}

/** Each next hop with the place where the carrier wants it told, then without: help does not fail for a document that somebody cannot read. */
function pathsForHelp(trunk: Trunk, number: string, shown: CallerIdentity, { civic }: Place): DialPath[] {
  const paths = pathsBy(trunk, number, shown);
  if (trunk.geolocation !== "pidf-lo" || civic === null) return paths;
  return paths.flatMap((path): DialPath[] =>
    path.kind === "trunk"
      ? [
          { ...path, place: civic },
          { ...path, isAgain: true },
        ]
      : [path],
  );
}

/** One for each of the trunk's next hops. */
export function pathsBy({ id, proxies }: Trunk, number: string, shown: CallerIdentity): DialPath[] {
  return proxies.map((_, hop) => ({ kind: "trunk", trunkId: id, hop, number, shown }));
}

function trunksOf({ trunks }: Configuration, { trunkIds, distribution }: OutboundRoute, draw: number): readonly Trunk[] {
  const known = trunkIds.flatMap((id: TrunkId) => trunks.filter((trunk) => trunk.id === id && trunk.proxies.length > 0));
  if (distribution === "SEQUENTIAL") return known;
  const first = Math.floor(draw * known.length);
  return [...known.slice(first), ...known.slice(0, first)];
}

/** A person's number as a carrier knows it, whatever is shown; empty: there is none. */
export function ownNumberBy(configuration: Configuration, trunk: Trunk, userId: UserId, stationId: StationId | null): string {
  return userOf(configuration, userId)?.phoneNumber ?? trunk.callerId ?? siteOf(configuration, stationId)?.callerId ?? "";
}

function shownBy(trunk: Trunk, site: Site, user: User): CallerIdentity {
  const own = trunk.callerId ?? site.callerId ?? "";
  switch (trunk.callerIdPresentation) {
    case "withhold":
      return { number: "", name: "" };
    case "trunk":
      return { number: own, name: site.callerName };
    case "user":
      return { number: user.phoneNumber ?? own, name: site.callerName };
  }
}

/**
 * Where somebody is, for those who are sent to help; whatever says it most exactly: what the person said of today, at a browser; where the phone
 * stands that is not at its site; the site by whose network they have signed in; the station's own site, with floor and room.
 */
export function placeOf(
  configuration: Pick<Configuration, "sites" | "stations" | "whereabouts">,
  { userId, stationId }: { readonly userId: UserId | null; readonly stationId: StationId | null },
  now: number,
): Place {
  const station: Station | undefined = configuration.stations.find(({ id }) => id === stationId);
  // A phone does not move with its person.
  const said =
    station?.kind === "phone" ? undefined : configuration.whereabouts.find((one) => one.userId === userId && one.expiresAt > now);
  if (said?.civic != null) return { civic: said.civic, address: "", from: "person" };
  if (station?.civic != null) return { civic: withRoom(station.civic, station.location), address: "", from: "station" };
  const seen = configuration.sites.find(({ id }) => id === said?.siteId);
  const own = siteOf(configuration, stationId);
  const site = seen ?? own;
  // Floor and room are those of the station's own site.
  const room = site === own ? (station?.location ?? "") : "";
  const address = [site?.address ?? "", room].filter((part) => part !== "").join(", ");
  return { civic: site?.civic == null ? null : withRoom(site.civic, room), address, from: "site" };
}

function withRoom(civic: CivicAddress, room: string): CivicAddress {
  return { ...civic, extra: [room, civic.extra].filter((part) => part !== "").join(", ") };
}

/** For people: in its parts where those are known, else as somebody wrote it; empty: nobody has said. */
export function placeText(place: Place | undefined): string {
  return place?.civic != null ? civicText(place.civic) : (place?.address ?? "");
}

function userOf({ users }: Configuration, userId: UserId): User | null {
  return users.find(({ id }) => id === userId) ?? null;
}

export function isNonempty(paths: readonly DialPath[]): paths is Nonempty {
  return paths.length > 0;
}
