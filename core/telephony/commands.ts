// SIP phones: their secret is made here, told once, and kept only sealed.
import type { App } from "../app.ts";
import type { Actor } from "../authorization/actor.ts";
import { newId, type StationId } from "../lib/id.ts";
import { createObject } from "../objects/commands.ts";
import { type StationSettings, stationKind } from "./kinds.ts";
import type { Station } from "./telephony.ts";

/** A phone's secret, told once, and what is kept of it. */
export type PhoneSecret = { readonly secret: string; readonly sealedHa1: string };

/** @throws Forbidden · BadInput */
export async function createPhone(
  app: App,
  actor: Actor,
  settings: StationSettings,
  newPhoneSecret: (username: string) => PhoneSecret,
): Promise<{ readonly station: Station; readonly secret: string }> {
  const id = newId<StationId>(app.env);
  const username = `p${id.slice(-10)}`;
  const { secret, sealedHa1 } = newPhoneSecret(username);
  const station = await createObject(app, actor, stationKind, settings, { id, kind: "phone", username, sealedHa1 });
  return { station, secret };
}
