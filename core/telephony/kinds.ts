// Trunks, stations, sites and what else calls go by, as configured objects.
import { z } from "zod";
import { BadInput, Conflict } from "../lib/errors.ts";
import { isId, type OrganizationId, type SiteId } from "../lib/id.ts";
import { endpointOf, isIpv4, isIpv6, isNetwork } from "../lib/ip-address.ts";
import { conferenceRoomPartiesMax, didsPerPoolMax, redirectsMax } from "../lib/limits.ts";
import { mediaEncryptions } from "../lib/media-encryption.ts";
import type { ConfiguredObject, ObjectKind } from "../objects/object.ts";
import type { Stores } from "../stores.ts";
import { civicAddress } from "./civic-address.ts";
import { extensionOrders } from "./extension-range.ts";
import { isSimplePattern, matchTypes, numberFormats } from "./number-plan.ts";
import { checkIssuers, fingerprintOf, isNameOrFingerprint } from "./peer-certificate.ts";
import { holderOfNumber } from "./taken-number.ts";
import {
  type ConferenceRoom,
  callerIdHeaders,
  callerIdPresentations,
  type DidPool,
  distributions,
  diversionHeaders,
  forwardings,
  geolocations,
  type NumberPlan,
  type OutboundRoute,
  redirectPolicies,
  roomCallers,
  type Site,
  type Station,
  type Trunk,
  trunkCodecs,
  trunkTransports,
} from "./telephony.ts";
import { trunkTemplate } from "./trunk-template.ts";

export const name = (what: string) =>
  z
    .string({ error: `A ${what} needs a name.` })
    .trim()
    .min(1, `A ${what} needs a name.`)
    .max(200, "At most 200 characters.");

const e164 = z.string().regex(/^\+[1-9][0-9]{3,14}$/, "A number in E.164, like +441632960100.");
const idOf = (what: string) => z.string().refine(isId, `Not a ${what}.`);

/** From a form, too. */
export const yesNo = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const mediaEncryption = z.enum(mediaEncryptions, { error: `One of ${mediaEncryptions.join(", ")}.` }).default("disabled");

const numberFormat = z.enum(numberFormats, { error: `One of ${numberFormats.join(", ")}.` }).default("E164");

/** `host` or `host:port`; IPv6 in brackets when a port follows. */
const hostPattern = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::[1-9][0-9]{0,4})?$/;
const isHost = (text: string): boolean => hostPattern.test(text) && !/:[0-9]+$/.test(text);
const proxy = z
  .string()
  .refine(
    (text) => isIpv6(text) || hostPattern.test(text),
    "A name or address, with or without a port: sip.carrier.example, 192.0.2.10:5080.",
  );

const extensionRange = z
  .strictObject({
    start: z.string().regex(/^[0-9]{2,9}$/, "Extensions of two to nine digits, like 300 or 300-399."),
    end: z.string().regex(/^[0-9]{2,9}$/, "Extensions of two to nine digits, like 300 or 300-399."),
  })
  .refine(({ start, end }) => start.length === end.length && start <= end, {
    error: "The last extension has as many digits as the first and does not come before it.",
  });

export const trunkSettings = z.strictObject({
  name: name("trunk"),
  addresses: z
    .array(z.string().refine((text) => isIpv4(text) || isIpv6(text), "A literal IPv4 or IPv6 address, like 192.0.2.10."))
    .max(64, "At most 64 addresses.")
    .default([]),
  proxies: z.array(proxy).max(8, "At most 8 next hops.").default([]),
  username: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9._+~*!'()-]{0,64}$/, "The account as it stands before the @: letters, digits and . _ + - ~ * ! ' ( ).")
    .default(""),
  domain: z
    .string()
    .trim()
    .refine((text) => text === "" || isHost(text), "A name or address without a port: sip.carrier.example.")
    .default(""),
  registers: yesNo.default(false),
  heartbeat: yesNo.default(true),
  transport: z.enum(trunkTransports, { error: `One of ${trunkTransports.join(", ")}.` }).default("UDP"),
  mediaEncryption,
  demandsCertificate: yesNo.default(false),
  peerIssuers: z.string().trim().max(65_536, "At most 64 KiB.").default(""),
  peerNames: z
    .array(z.string().refine(isNameOrFingerprint, "A name like sip.carrier.example, or a SHA-256 fingerprint of 64 hex digits."))
    .max(32, "At most 32 names.")
    .default([]),
  template: z
    .string()
    .refine((id) => id === "" || trunkTemplate(id) !== null, "No such template.")
    .default(""),
  numberFormat,
  incomingFormat: numberFormat,
  callerIdHeader: z.enum(callerIdHeaders, { error: `One of ${callerIdHeaders.join(", ")}.` }).default("P-Asserted-Identity"),
  codecs: z
    .array(z.enum(trunkCodecs, { error: `One of ${trunkCodecs.join(", ")}.` }))
    .min(1, "A trunk needs a codec.")
    .refine((codecs) => new Set(codecs).size === codecs.length, "Each codec once.")
    .default(["PCMA", "PCMU"]),
  sessionTimers: yesNo.default(true),
  redirects: z.enum(redirectPolicies, { error: `One of ${redirectPolicies.join(", ")}.` }).default("refuse"),
  redirectsMax: z.coerce
    .number({ error: "A whole number." })
    .int("A whole number.")
    .min(1, "At least one.")
    .max(redirectsMax, `At most ${redirectsMax}.`)
    .default(2),
  diversion: z.enum(diversionHeaders, { error: `One of ${diversionHeaders.join(", ")}.` }).default("none"),
  geolocation: z.enum(geolocations, { error: `One of ${geolocations.join(", ")}.` }).default("none"),
  callerIdPresentation: z.enum(callerIdPresentations, { error: `One of ${callerIdPresentations.join(", ")}.` }).default("user"),
  callerId: e164.nullable().default(null),
  channelsMax: z.coerce
    .number({ error: "A whole number." })
    .int("A whole number.")
    .min(1, "At least one.")
    .max(10_000)
    .nullable()
    .default(null),
  extensionRanges: z.array(extensionRange).max(200, "At most 200 ranges.").default([]),
  extensionsFirst: z.enum(extensionOrders, { error: `One of ${extensionOrders.join(", ")}.` }).default("here"),
});
export type TrunkSettings = Pick<
  Trunk,
  | "name"
  | "addresses"
  | "proxies"
  | "username"
  | "domain"
  | "registers"
  | "heartbeat"
  | "transport"
  | "mediaEncryption"
  | "demandsCertificate"
  | "peerIssuers"
  | "peerNames"
  | "template"
  | "numberFormat"
  | "incomingFormat"
  | "callerIdHeader"
  | "codecs"
  | "sessionTimers"
  | "redirects"
  | "redirectsMax"
  | "diversion"
  | "geolocation"
  | "callerIdPresentation"
  | "callerId"
  | "channelsMax"
  | "extensionRanges"
  | "extensionsFirst"
>;

export const stationSettings = z.strictObject({
  name: name("station"),
  userId: idOf("person").nullable().default(null),
  siteId: idOf("site").nullable().default(null),
  location: z.string().trim().max(200, "At most 200 characters.").default(""),
  address: z
    .string()
    .trim()
    .refine((text) => text === "" || endpointOf(text) !== null, "A literal address, with or without a port: 192.0.2.20, 192.0.2.20:5062.")
    .default(""),
  mediaEncryption,
  forwarding: z.enum(forwardings, { error: `One of ${forwardings.join(", ")}.` }).default("inside"),
  civic: civicAddress,
});
export type StationSettings = Pick<
  Station,
  "name" | "userId" | "siteId" | "location" | "civic" | "address" | "mediaEncryption" | "forwarding"
>;

export const siteSettings = z.strictObject({
  name: name("site"),
  country: z.string().regex(/^[A-Z]{2}$/, "Two capital letters, as in GB, DE, US."),
  address: z.string().trim().max(500, "At most 500 characters.").default(""),
  civic: civicAddress,
  networks: z
    .array(z.string().trim().refine(isNetwork, "A network like 192.0.2.0/24 or 2001:db8::/32."))
    .max(64, "At most 64 networks.")
    .default([]),
  outsidePrefix: z
    .string()
    .regex(/^[0-9]{0,3}$/, "At most three digits, or nothing.")
    .default(""),
  callerId: e164.nullable().default(null),
  callerName: z.string().trim().max(80, "At most 80 characters.").default(""),
  emergencyTrunkIds: z.array(idOf("trunk")).max(8, "At most 8 trunks.").default([]),
  emergencyContactIds: z.array(idOf("person")).max(20, "At most 20 people.").default([]),
});
export type SiteSettings = Omit<Site, keyof ConfiguredObject> & { readonly name: string };

const range = z.strictObject({
  start: z.string().regex(/^\+?[0-9*#]{1,20}$/, "Digits."),
  end: z.string().regex(/^\+?[0-9*#]{1,20}$/, "Digits."),
});

export const numberPlanSettings = z.strictObject({
  name: name("number plan"),
  siteId: idOf("site"),
  priority: z.coerce.number({ error: "A whole number." }).int("A whole number.").min(0).max(1_000).default(100),
  matchType: z.enum(matchTypes, { error: `One of ${matchTypes.join(", ")}.` }),
  match: z
    .string()
    .refine(isSimplePattern, "Digits, classes like [2-9] or \\d, groups without quantifiers, and at most three open ends.")
    .default(""),
  normalizedFormat: z
    .string()
    .regex(/^[0-9+*#$]{0,40}$/, "Digits, + and $1 to $9.")
    .default(""),
  numbers: z.array(range).max(200, "At most 200 ranges.").default([]),
  digitLength: z
    .strictObject({ start: z.coerce.number().int().min(1).max(32), end: z.coerce.number().int().min(1).max(32) })
    .nullable()
    .default(null),
  classification: z.string().trim().min(1, "A number plan says what its numbers are.").max(60, "At most 60 characters."),
});
export type NumberPlanSettings = Omit<NumberPlan, Exclude<keyof ConfiguredObject, "name">>;

export const outboundRouteSettings = z.strictObject({
  name: name("route"),
  siteId: idOf("site"),
  classifications: z.array(z.string().trim().min(1).max(60)).min(1, "A route without classifications takes no number.").max(50),
  distribution: z.enum(distributions, { error: `One of ${distributions.join(", ")}.` }).default("SEQUENTIAL"),
  trunkIds: z.array(idOf("trunk")).min(1, "A route needs a trunk.").max(8, "At most 8 trunks."),
  enabled: yesNo.default(true),
});
export type OutboundRouteSettings = Omit<OutboundRoute, Exclude<keyof ConfiguredObject, "name">>;
export const didPoolSettings = z.strictObject({
  name: name("pool"),
  startPhoneNumber: e164,
  endPhoneNumber: e164,
});
export type DidPoolSettings = z.infer<typeof didPoolSettings>;

export const conferenceRoomSettings = z.strictObject({
  name: name("conference room"),
  number: z
    .string()
    .trim()
    .regex(
      /^(?:\+[1-9][0-9]{3,14}|[0-9*#]{1,15}|[A-Za-z][A-Za-z0-9._-]{0,31})$/,
      "An extension, a name as in sip:NAME@…, or a number in E.164.",
    ),
  callers: z.enum(roomCallers, { error: `One of ${roomCallers.join(", ")}.` }).default("people"),
  participantsMax: z.coerce
    .number({ error: "A whole number." })
    .int("A whole number.")
    .min(2, "At least two.")
    .max(conferenceRoomPartiesMax, `At most ${conferenceRoomPartiesMax}.`)
    .default(20),
});
export type ConferenceRoomSettings = Pick<ConferenceRoom, "name" | "number" | "callers" | "participantsMax">;

// The vendor's API has one permission for all of telephony.
export const permissions = {
  view: "telephony:plugin:all",
  add: "telephony:plugin:all",
  edit: "telephony:plugin:all",
  delete: "telephony:plugin:all",
} as const;

export const trunkKind: ObjectKind<Trunk, TrunkSettings> = {
  noun: "trunk",
  table: "trunk",
  event: "telephony.trunk",
  permissions,
  settings: trunkSettings as never,
  secret: ["sealedPassword", "sealedKey"],
  store: (stores) => stores.trunks,
  make: () => ({ sealedPassword: null, certificate: null, sealedKey: null }),
  check: async (app, stores, settings, before) => {
    if (settings.addresses.length === 0 && settings.proxies.length === 0)
      throw new BadInput("A trunk is known by its addresses, or leads somewhere: give an address or a next hop.", "addresses");
    if (settings.registers && settings.proxies.length === 0)
      throw new BadInput("To register, a next hop is needed: the carrier's registrar.", "proxies");
    if (settings.registers && settings.username === "") throw new BadInput("To register, the account's user name is needed.", "username");
    if (settings.extensionRanges.length > 0 && settings.proxies.length === 0)
      throw new BadInput("To reach extensions on another PBX, a next hop is needed: its address.", "proxies");
    checkIssuers(settings.peerIssuers, "peerIssuers", app.env.clock.now());
    if (settings.demandsCertificate) checkDemand(settings);
    for (const other of await stores.trunks.all(app.organizationId)) {
      const taken = settings.addresses.find((address) => other.addresses.includes(address));
      if (other.id !== before?.id && taken !== undefined) {
        throw new BadInput(`${taken} is an address of the trunk “${other.name}”: a caller must belong to one trunk.`, "addresses");
      }
    }
  },
  usedBy: async (app, stores, trunk) => [
    ...(await stores.outboundRoutes.all(app.organizationId))
      .filter(({ trunkIds }) => trunkIds.includes(trunk.id))
      .map(({ id, name }) => ({ kind: "Outbound route", id, name, how: "calls leave by it" })),
    ...(await stores.sites.all(app.organizationId))
      .filter(({ emergencyTrunkIds }) => emergencyTrunkIds.includes(trunk.id))
      .map(({ id, name }) => ({ kind: "Site", id, name, how: "calls for help leave by it" })),
  ],
};

/** A demand that nobody could meet, or everybody, is none. @throws BadInput */
function checkDemand({ transport, peerIssuers, peerNames }: TrunkSettings): void {
  if (transport !== "TLS") throw new BadInput("A certificate is shown by TLS only: set the transport to TLS.", "transport");
  if (peerIssuers === "" && peerNames.length === 0)
    throw new BadInput("Say whose certificates are the carrier's: their issuers, or fingerprints among the names.", "peerIssuers");
  if (peerIssuers === "" && peerNames.some((name) => fingerprintOf(name) === null))
    throw new BadInput("A name proves nothing without an issuer: give the issuers, or fingerprints alone.", "peerIssuers");
}

export const stationKind: ObjectKind<Station, StationSettings> = {
  noun: "station",
  table: "station",
  event: "telephony.station",
  permissions,
  settings: stationSettings as never,
  // Two phones of one person are told apart by their user names.
  namesRepeat: true,
  store: (stores) => stores.stations,
  make: (id) => ({ kind: "phone", username: `p${id.slice(-10)}`, sealedHa1: null }),
  check: async (app, stores, settings, before) => {
    const user = settings.userId === null ? null : await stores.users.byId(settings.userId);
    if (settings.userId !== null && user?.organizationId !== app.organizationId) throw new BadInput("There is no such person.", "userId");
    if (settings.siteId !== null) await demandSite(app.organizationId, stores, settings.siteId);
    if (before?.kind === "browser" && before.userId !== settings.userId) {
      throw new BadInput("A browser's station belongs to its person.", "userId");
    }
    if (before?.kind === "browser" && settings.address !== "") throw new BadInput("A browser has no address of its own.", "address");
  },
  usedBy: async (app, stores, station) =>
    (await stores.users.all(app.organizationId))
      .filter((user) => user.stationId === station.id)
      .map((user) => ({ kind: "Person", id: user.id, name: user.name, how: "is rung there" })),
};

export const didPoolKind: ObjectKind<DidPool, DidPoolSettings> = {
  noun: "DID pool",
  table: "did_pool",
  event: "telephony.did-pool",
  permissions,
  settings: didPoolSettings,
  store: (stores) => stores.didPools,
  make: () => ({}),
  check: async (app, stores, { startPhoneNumber, endPhoneNumber }, before) => {
    if (startPhoneNumber.length !== endPhoneNumber.length || startPhoneNumber > endPhoneNumber) {
      throw new BadInput("The last number must have as many digits as the first and not come before it.", "endPhoneNumber");
    }
    if (Number(endPhoneNumber) - Number(startPhoneNumber) >= didsPerPoolMax) {
      throw new BadInput(`At most ${didsPerPoolMax} numbers in a pool.`, "endPhoneNumber");
    }
    for (const other of await stores.didPools.all(app.organizationId)) {
      const apart = endPhoneNumber < other.startPhoneNumber || startPhoneNumber > other.endPhoneNumber;
      const comparable = other.startPhoneNumber.length === startPhoneNumber.length;
      if (other.id !== before?.id && comparable && !apart) {
        throw new BadInput(`It overlaps with the pool “${other.name}”.`, "startPhoneNumber");
      }
    }
  },
};

export const conferenceRoomKind: ObjectKind<ConferenceRoom, ConferenceRoomSettings> = {
  noun: "conference room",
  table: "conference_room",
  event: "telephony.conference-room",
  permissions,
  settings: conferenceRoomSettings as never,
  store: (stores) => stores.conferenceRooms,
  make: () => ({}),
  check: async (app, stores, { number }, before) => {
    const holder = await holderOfNumber(app, stores, number, before?.id ?? null);
    if (holder !== null) throw new Conflict(`${number} is the number of “${holder}” already.`, "general.duplicate", "number");
  },
};

export const siteKind: ObjectKind<Site, SiteSettings> = {
  noun: "site",
  table: "site",
  event: "telephony.site",
  permissions,
  settings: siteSettings as never,
  store: (stores) => stores.sites,
  make: () => ({}),
  check: async (app, stores, { emergencyTrunkIds, emergencyContactIds }) => {
    await demandTrunks(app.organizationId, stores, emergencyTrunkIds, "emergencyTrunkIds");
    const people = await stores.users.all(app.organizationId);
    if (emergencyContactIds.some((id) => !people.some((user) => user.id === id && user.state === "active")))
      throw new BadInput("Somebody among the contacts is not here, or may not sign in.", "emergencyContactIds");
  },
  usedBy: async (app, stores, site) => [
    ...(await stores.outboundRoutes.all(app.organizationId))
      .filter(({ siteId }) => siteId === site.id)
      .map(({ id, name }) => ({ kind: "Outbound route", id, name, how: "is its route" })),
    ...(await stores.numberPlans.all(app.organizationId))
      .filter(({ siteId }) => siteId === site.id)
      .map(({ id, name }) => ({ kind: "Number plan", id, name, how: "is its plan" })),
    ...(await stores.stations.all(app.organizationId))
      .filter(({ siteId }) => siteId === site.id)
      .map(({ id, name }) => ({ kind: "Station", id, name, how: "stands there" })),
  ],
};

export const numberPlanKind: ObjectKind<NumberPlan, NumberPlanSettings> = {
  noun: "number plan",
  table: "number_plan",
  event: "telephony.number-plan",
  permissions,
  settings: numberPlanSettings as never,
  store: (stores) => stores.numberPlans,
  make: () => ({}),
  check: async (app, stores, { siteId, matchType, match, numbers, digitLength }) => {
    await demandSite(app.organizationId, stores, siteId);
    if (matchType === "regex" && match === "") throw new BadInput("A pattern is needed.", "match");
    if ((matchType === "numberList" || matchType === "E164NumberList") && numbers.length === 0)
      throw new BadInput("A list needs a number, or a range like 100-199.", "numbers");
    if (matchType === "digitLength" && digitLength === null) throw new BadInput("From how many digits to how many?", "digitLength");
    const broken = numbers.find(({ start, end }) => start.length !== end.length || start > end);
    if (broken !== undefined)
      throw new BadInput(`${broken.start}-${broken.end}: the last has as many digits as the first and does not come before it.`, "numbers");
  },
};

export const outboundRouteKind: ObjectKind<OutboundRoute, OutboundRouteSettings> = {
  noun: "outbound route",
  table: "outbound_route",
  event: "telephony.outbound-route",
  permissions,
  settings: outboundRouteSettings as never,
  store: (stores) => stores.outboundRoutes,
  make: () => ({}),
  check: async (app, stores, { siteId, trunkIds }) => {
    await demandSite(app.organizationId, stores, siteId);
    await demandTrunks(app.organizationId, stores, trunkIds, "trunkIds");
  },
};

async function demandSite(organizationId: OrganizationId, stores: Stores, siteId: SiteId): Promise<void> {
  const site = await stores.sites.byId(siteId);
  if (site?.organizationId !== organizationId) throw new BadInput("There is no such site.", "siteId");
}

/** Calls leave only by trunks that lead somewhere. */
async function demandTrunks(organizationId: OrganizationId, stores: Stores, ids: readonly string[], field: string): Promise<void> {
  const trunks = await stores.trunks.all(organizationId);
  for (const id of ids) {
    const trunk = trunks.find((entry) => entry.id === id);
    if (trunk === undefined) throw new BadInput("There is no such trunk.", field);
    if (trunk.proxies.length === 0) throw new BadInput(`Calls only come in by “${trunk.name}”: give it a next hop first.`, field);
  }
}
