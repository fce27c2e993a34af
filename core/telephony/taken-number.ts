// A number leads to one place: a person, an IVR or a conference room.
import type { App } from "../app.ts";
import type { Stores } from "../stores.ts";
import { isSameNumber } from "./number.ts";

/** The name of whatever the number leads to, with and without a leading +; null: nowhere yet. `exceptId`: whoever asks. */
export async function holderOfNumber(app: App, stores: Stores, number: string, exceptId: string | null): Promise<string | null> {
  const { organizationId } = app;
  const [users, ivrs, rooms] = await Promise.all([
    stores.users.all(organizationId),
    stores.ivrs.all(organizationId),
    stores.conferenceRooms.all(organizationId),
  ]);
  const isIt = (one: string | null): boolean => one !== null && isSameNumber(one, number);
  const holder =
    users.find(({ id, extension, phoneNumber }) => id !== exceptId && (isIt(extension) || isIt(phoneNumber))) ??
    ivrs.find(({ id, dnis }) => id !== exceptId && dnis.some(isIt)) ??
    rooms.find((room) => room.id !== exceptId && isIt(room.number));
  return holder?.name ?? null;
}
