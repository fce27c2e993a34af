// Trunks, stations and DID pools as configured objects.
import { z } from "zod";
import { BadInput } from "../lib/errors.ts";
import { isId, type UserId } from "../lib/id.ts";
import { isIpv4, isIpv6 } from "../lib/ip-address.ts";
import { didsPerPoolMax } from "../lib/limits.ts";
import type { ObjectKind } from "../objects/object.ts";
import type { DidPool, Station, Trunk } from "./telephony.ts";

const name = (what: string) =>
  z
    .string({ error: `A ${what} needs a name.` })
    .trim()
    .min(1, `A ${what} needs a name.`)
    .max(200, "At most 200 characters.");

export const trunkSettings = z.strictObject({
  name: name("trunk"),
  addresses: z
    .array(z.string().refine((text) => isIpv4(text) || isIpv6(text), "A literal IPv4 or IPv6 address, like 192.0.2.10."))
    .min(1, "A trunk is known by its addresses: give at least one.")
    .max(64, "At most 64 addresses."),
});
export type TrunkSettings = { readonly name: string; readonly addresses: readonly string[] };

export const stationSettings = z.strictObject({
  name: name("station"),
  userId: z.string().refine(isId, "Not a person.").nullable().default(null),
});
export type StationSettings = { readonly name: string; readonly userId: UserId | null };

const e164 = z.string().regex(/^\+[1-9][0-9]{3,14}$/, "A number in E.164, like +441632960100.");
export const didPoolSettings = z.strictObject({
  name: name("pool"),
  startPhoneNumber: e164,
  endPhoneNumber: e164,
});
export type DidPoolSettings = z.infer<typeof didPoolSettings>;

// The vendor's API has one permission for all of telephony.
const permissions = {
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
  store: (stores) => stores.trunks,
  make: () => ({}),
  check: async (app, stores, settings, before) => {
    for (const other of await stores.trunks.all(app.organizationId)) {
      const taken = settings.addresses.find((address) => other.addresses.includes(address));
      if (other.id !== before?.id && taken !== undefined) {
        throw new BadInput(`${taken} is an address of the trunk “${other.name}”: a caller must belong to one trunk.`, "addresses");
      }
    }
  },
};

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
    if (before?.kind === "browser" && before.userId !== settings.userId) {
      throw new BadInput("A browser's station belongs to its person.", "userId");
    }
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
