// Trying a centre: the person of a trial without an owner, and links with which a guest calls from a browser, without an account.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand } from "../authorization/actor.ts";
import { makeSignInLink, ticketOf } from "../directory/sign-in.ts";
import type { Ticket } from "../directory/ticket.ts";
import { Conflict } from "../lib/errors.ts";
import { guestLinkMs, signInLinkMs } from "../lib/limits.ts";
import { assert } from "../lib/machine.ts";
import { newToken, tokenHash } from "../lib/token.ts";
import { needsSetup, setGuestNumber, setupOf } from "./commands.ts";
import { exampleNumber, loadExample, trialEmail } from "./example.ts";

/**
 * A one-time sign-in link's token for whoever tries a centre that nobody owns yet; the example is made if it is not there. Null: there is an
 * owner, or one is being made, and that one signs in as owners do.
 */
export async function offerTrial(app: App, actor: Actor, addresses: readonly string[]): Promise<string | null> {
  if (!(await needsSetup(app)) || (await setupOf(app)).ownerId !== null) return null;
  const known = await app.stores.users.byEmail(app.organizationId, trialEmail);
  if (known === null) {
    await loadExample(app, actor, trialEmail, addresses);
    await setGuestNumber(app, actor, exampleNumber);
  }
  const visitor = known ?? (await app.stores.users.byEmail(app.organizationId, trialEmail));
  assert(visitor !== null, "the example has its person");
  return makeSignInLink(app, actor, visitor.id, signInLinkMs);
}

/** The number that guests may call; null: they may not. */
export async function guestNumberOf(app: App): Promise<string | null> {
  return (await app.stores.organizations.byId(app.organizationId))?.guestNumber ?? null;
}

/** A link's token with which somebody calls the guests' number for an hour. The actor's link before is void. @throws Forbidden · Conflict */
export async function makeGuestLink(app: App, actor: Actor): Promise<string> {
  demand(actor, "telephony:guestCall:add", app);
  if ((await guestNumberOf(app)) === null) throw new Conflict("Calls from a browser without an account are not switched on.");
  const token = newToken(app.env.random);
  const now = app.env.clock.now();
  const { organizationId } = app;
  await app.unit.run(async (stores) => {
    if (actor.userId !== null) await stores.tickets.voidAll(organizationId, "guest", actor.userId);
    const ticket = { tokenHash: tokenHash(token), organizationId, kind: "guest" as const, userId: actor.userId };
    await stores.tickets.insert({ ...ticket, createdAt: now, expiresAt: now + guestLinkMs });
    const event = newEvent(app, { type: "telephony.guest-link.made", actorId: actor.id, subjectIds: [actor.id], payload: {} });
    return { value: undefined, events: [event] };
  });
  return token;
}

/** Who may call as a guest, and where to; null: nobody with this token. */
export async function guestOf(app: App, token: string | undefined): Promise<{ readonly ticket: Ticket; readonly number: string } | null> {
  const ticket = await ticketOf(app, "guest", token);
  const number = ticket === null ? null : await guestNumberOf(app);
  return ticket === null || number === null ? null : { ticket, number };
}
