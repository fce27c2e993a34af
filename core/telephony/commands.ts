// Secrets of telephony: a phone's is made here and told once, a trunk's is the carrier's; both are kept only sealed.
import type { App } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import { newId, type StationId, type TrunkId } from "../lib/id.ts";
import { createObject, objectEvent } from "../objects/commands.ts";
import { type StationSettings, stationKind, trunkKind } from "./kinds.ts";
import { ownCertificateIn } from "./peer-certificate.ts";
import type { Station, Trunk } from "./telephony.ts";

/** A phone's secret, told once, and what is kept of it. */
export type PhoneSecret = { readonly secret: string; readonly sealedHa1: string };

/** `given`: its user name; null: one is made. @throws Forbidden · BadInput */
export async function createPhone(
  app: App,
  actor: Actor,
  settings: StationSettings,
  newPhoneSecret: (username: string) => PhoneSecret,
  given: string | null = null,
): Promise<{ readonly station: Station; readonly secret: string }> {
  const id = newId<StationId>(app.env);
  const username = given ?? `p${id.slice(-10)}`;
  const { secret, sealedHa1 } = newPhoneSecret(username);
  const station = await createObject(app, actor, stationKind, settings, { id, kind: "phone", username, sealedHa1 });
  return { station, secret };
}

/** Where a trunk's password is sealed for. */
export const trunkPasswordPlace = (trunkId: TrunkId): string => `trunk password ${trunkId}`;

/** The account's password, as the carrier has given it; empty: none any more. @throws Forbidden · NotFound · BadInput · Conflict */
export async function setTrunkPassword(app: App, actor: Actor, trunkId: TrunkId, password: string): Promise<void> {
  if (password.length > 256 || /[\u0000-\u001f\u007f]/.test(password))
    throw new BadInput("At most 256 characters, on one line.", "password");
  const sealedPassword = password === "" ? null : app.secrets.seal(password, trunkPasswordPlace(trunkId));
  await changeSecrets(app, actor, trunkId, { sealedPassword });
}

/** Where the key of a trunk's certificate is sealed for. */
export const trunkKeyPlace = (trunkId: TrunkId): string => `trunk key ${trunkId}`;

/**
 * What we show a carrier that asks for a certificate. `pem`: the certificate, those between it and its issuer, and its private key; empty: none any
 * more. @throws Forbidden · NotFound · BadInput at `certificate` · Conflict
 */
export async function setTrunkCertificate(app: App, actor: Actor, trunkId: TrunkId, pem: string): Promise<void> {
  if (pem.length > 65_536) throw new BadInput("At most 64 KiB.", "certificate");
  const own = pem.trim() === "" ? null : ownCertificateIn(pem, "certificate", app.env.clock.now());
  const sealedKey = own === null ? null : app.secrets.seal(own.key, trunkKeyPlace(trunkId));
  await changeSecrets(app, actor, trunkId, { certificate: own?.chain ?? null, sealedKey });
}

async function changeSecrets(
  app: App,
  actor: Actor,
  trunkId: TrunkId,
  change: Partial<Pick<Trunk, "sealedPassword" | "certificate" | "sealedKey">>,
): Promise<void> {
  await app.unit.run(async (stores) => {
    const before = found(actor, "trunk with this id", await stores.trunks.byId(trunkId));
    demand(actor, trunkKind.permissions.edit, before);
    const after = { ...before, ...change, version: before.version + 1, modifiedAt: app.env.clock.now() };
    if (!(await stores.trunks.update(after, before.version)))
      throw new Conflict("Somebody else has changed this trunk meanwhile. Try again.");
    return { value: undefined, events: [objectEvent(app, actor, trunkKind, before, after)] };
  });
}
