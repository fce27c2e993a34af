// Signing in: sessions, the second factor, one-time links. What proves a person is never in the log; that it did is.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { EventDraft, LoggedEvent } from "../events/index.ts";
import { fromBase32 } from "../lib/base32.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import type { UserId } from "../lib/id.ts";
import { secondFactorMs, sessionMs } from "../lib/limits.ts";
import { assert } from "../lib/machine.ts";
import { newToken, tokenHash } from "../lib/token.ts";
import type { Stores } from "../stores.ts";
import { newRecoveryCodes, newTotpSecret, recoveryCodeHash, stepOfCode } from "./second-factor.ts";
import type { Ticket, TicketKind } from "./ticket.ts";
import type { Session, User } from "./user.ts";

/** How somebody proved who they are. */
export type Proof = "password" | "code" | "recovery-code" | "link" | "set-up";

/** The token of a new session, for the browser's cookie. */
export async function startSession(app: App, user: User, proof: Proof, userAgent: string): Promise<string> {
  const token = newToken(app.env.random);
  const now = app.env.clock.now();
  await app.unit.run(async (stores) => {
    await stores.sessions.insert({
      tokenHash: tokenHash(token),
      organizationId: app.organizationId,
      userId: user.id,
      createdAt: now,
      expiresAt: now + sessionMs,
      userAgent: userAgent.slice(0, 256),
    });
    return { value: undefined, events: [newEvent(app, { type: "user.signed-in", ...by(user), payload: { proof } })] };
  });
  return token;
}

/** The session with this hash, if it lives and its user is active. */
export async function livingSession(app: App, hash: string): Promise<{ readonly session: Session; readonly user: User } | null> {
  const session = await app.stores.sessions.byTokenHash(hash);
  if (session === null || session.expiresAt <= app.env.clock.now() || session.organizationId !== app.organizationId) return null;
  const user = await app.stores.users.byId(session.userId);
  return user === null || user.state !== "active" ? null : { session, user };
}

/** Whether after this event somebody's open streams and sockets have to be looked at again: they may have been signed out, or may do less. */
export function changesSessions(event: LoggedEvent, userId: UserId): boolean {
  return /^user\.(updated|deleted|signed-out|totp\.removed)$/.test(event.type) && event.subjectIds[0] === userId;
}

/** A ticket by its token: of this organization and kind, and not yet expired. */
export async function ticketOf(app: App, kind: TicketKind, token: string | undefined): Promise<Ticket | null> {
  if (token === undefined || token === "") return null;
  const ticket = await app.stores.tickets.byHash(tokenHash(token));
  if (ticket === null || ticket.kind !== kind || ticket.organizationId !== app.organizationId) return null;
  return ticket.expiresAt !== null && ticket.expiresAt <= app.env.clock.now() ? null : ticket;
}

/** Whether this user's sign-in asks for a code. */
export async function hasSecondFactor(app: App, userId: UserId): Promise<boolean> {
  return (await app.stores.secondFactors.totp(userId))?.confirmedAt != null;
}

/** The password was right: the token under which the code is awaited for a few minutes. */
export async function awaitSecondFactor(app: App, user: User): Promise<string> {
  const token = newToken(app.env.random);
  const now = app.env.clock.now();
  await app.unit.run(async (stores) => {
    await stores.tickets.insert({
      tokenHash: tokenHash(token),
      organizationId: app.organizationId,
      kind: "second-factor",
      userId: user.id,
      createdAt: now,
      expiresAt: now + secondFactorMs,
    });
    return { value: undefined, events: [newEvent(app, { type: "user.code.awaited", ...by(user), payload: {} })] };
  });
  return token;
}

export type CodeVerdict =
  | { readonly ok: true; readonly proof: "code" | "recovery-code"; readonly user: User }
  /** `used`: right, but it has been used already. */
  | { readonly ok: false; readonly reason: "wrong" | "used" };

/** Takes a code of the app, or a recovery code; each counts once. Uses up the ticket when it is right. */
export async function proveSecondFactor(app: App, ticket: Ticket, typed: string): Promise<CodeVerdict> {
  const { clock } = app.env;
  const { value } = await app.unit.run(async (stores): Promise<{ value: CodeVerdict; events: EventDraft[] }> => {
    const user = ticket.userId === null ? null : await stores.users.byId(ticket.userId);
    const totp = user === null ? null : await stores.secondFactors.totp(user.id);
    const wrong = { value: { ok: false, reason: "wrong" } as const, events: [] };
    if (user === null || user.state !== "active" || totp?.confirmedAt == null) return wrong;
    const step = stepOfCode(openSecret(app, user.id, totp.sealedSecret), typed, clock.now());
    const proof = step === null ? "recovery-code" : "code";
    const isTaken =
      step === null
        ? await stores.secondFactors.useRecoveryCode(user.id, recoveryCodeHash(user.id, typed), clock.now())
        : await stores.secondFactors.useStep(user.id, step);
    if (!isTaken) return step === null ? wrong : { value: { ok: false, reason: "used" }, events: [] };
    if (!(await stores.tickets.take(ticket.tokenHash))) return wrong;
    const left = proof === "code" ? undefined : await stores.secondFactors.recoveryCodesLeft(user.id);
    const event = newEvent(app, { type: `user.${proof}.accepted`, ...by(user), payload: left === undefined ? {} : { left } });
    return { value: { ok: true, proof, user }, events: [event] };
  });
  return value;
}

/** A fresh secret for the user's app; nothing is asked for until its first code was typed. @throws Forbidden · NotFound · Conflict */
export async function offerTotp(app: App, actor: Actor, userId: UserId): Promise<void> {
  await app.unit.run(async (stores) => {
    demandOwn(actor, found(actor, "user with this id", await stores.users.byId(userId)));
    if ((await stores.secondFactors.totp(userId))?.confirmedAt != null) throw new Conflict("This person has a second factor already.");
    return { value: undefined, events: await putSecret(stores, app, actor.id, userId, newTotpSecret(app.env.random)) };
  });
}

/** The secret that waits for its first code; null: none does. */
export async function offeredTotp(app: App, userId: UserId): Promise<Uint8Array | null> {
  const totp = await app.stores.secondFactors.totp(userId);
  return totp === null || totp.confirmedAt !== null ? null : openSecret(app, userId, totp.sealedSecret);
}

/** For `offerTotp` within another command's transaction. */
export async function putSecret(
  stores: Stores,
  app: App,
  actorId: string,
  userId: UserId,
  secret: Uint8Array,
): Promise<readonly EventDraft[]> {
  const sealedSecret = app.secrets.seal(Buffer.from(secret).toString("base64"), placeOf(userId));
  await stores.secondFactors.putTotp({ userId, organizationId: app.organizationId, sealedSecret, confirmedAt: null, lastStep: 0 });
  return [newEvent(app, { type: "user.totp.offered", actorId, subjectIds: [userId], payload: {} })];
}

/**
 * The first code, or null when the secret came from elsewhere and its owner vouches for it. Resolves to ten recovery codes, told once.
 * @throws BadInput when the code is wrong · Conflict when nothing waits for one
 */
export async function confirmTotp(app: App, actor: Actor, userId: UserId, code: string | null): Promise<readonly string[]> {
  const codes = newRecoveryCodes(app.env.random);
  const now = app.env.clock.now();
  await app.unit.run(async (stores) => {
    demandOwn(actor, found(actor, "user with this id", await stores.users.byId(userId)));
    const totp = await stores.secondFactors.totp(userId);
    if (totp === null || totp.confirmedAt !== null) throw new Conflict("No second factor waits for its first code.");
    const step = code === null ? 0 : stepOfCode(openSecret(app, userId, totp.sealedSecret), code, now);
    if (step === null)
      throw new BadInput(
        "That code is not right now. Take the one that the app shows, and check that this phone's clock is right.",
        "code",
      );
    if (!(await stores.secondFactors.confirm(userId, now, step))) throw new Conflict("Somebody else has confirmed it meanwhile.");
    await stores.secondFactors.setRecoveryCodes(
      userId,
      codes.map((entry) => recoveryCodeHash(userId, entry)),
    );
    return {
      value: undefined,
      events: ["user.totp.confirmed", "user.recovery-codes.made"].map((type) =>
        newEvent(app, { type, actorId: actor.id, subjectIds: [userId], payload: {} }),
      ),
    };
  });
  return codes;
}

/** Ten new ones; the older ones open nothing from then on. @throws Forbidden · NotFound */
export async function replaceRecoveryCodes(app: App, actor: Actor, userId: UserId): Promise<readonly string[]> {
  const codes = newRecoveryCodes(app.env.random);
  await app.unit.run(async (stores) => {
    demandOwn(actor, found(actor, "user with this id", await stores.users.byId(userId)));
    await stores.secondFactors.setRecoveryCodes(
      userId,
      codes.map((entry) => recoveryCodeHash(userId, entry)),
    );
    return {
      value: undefined,
      events: [newEvent(app, { type: "user.recovery-codes.made", actorId: actor.id, subjectIds: [userId], payload: {} })],
    };
  });
  return codes;
}

/** For who has lost phone and codes: the password alone is enough from then on, and every browser of theirs is signed out. @throws Forbidden · NotFound · Conflict */
export async function removeSecondFactor(app: App, actor: Actor, userId: UserId): Promise<void> {
  await app.unit.run(async (stores) => {
    demand(actor, "directory:user:edit", found(actor, "person with this id", await stores.users.byId(userId)));
    if (!(await stores.secondFactors.remove(userId))) throw new Conflict("This person has no second factor.");
    await stores.sessions.deleteOfUser(userId);
    return {
      value: undefined,
      events: [newEvent(app, { type: "user.totp.removed", actorId: actor.id, subjectIds: [userId], payload: {} })],
    };
  });
}

/** A link's token that signs this person in once. @throws Forbidden */
export async function makeSignInLink(app: App, actor: Actor, userId: UserId, validMs: number): Promise<string> {
  const token = newToken(app.env.random);
  const now = app.env.clock.now();
  await app.unit.run(async (stores) => {
    demand(actor, "directory:user:edit", found(actor, "user with this id", await stores.users.byId(userId)));
    await stores.tickets.voidAll(app.organizationId, "sign-in", userId);
    await stores.tickets.insert({
      tokenHash: tokenHash(token),
      organizationId: app.organizationId,
      kind: "sign-in",
      userId,
      createdAt: now,
      expiresAt: now + validMs,
    });
    return {
      value: undefined,
      events: [newEvent(app, { type: "user.sign-in-link.made", actorId: actor.id, subjectIds: [userId], payload: { validMs } })],
    };
  });
  return token;
}

/** Uses a sign-in link up; null: it is none, is too old, or was used. */
export async function useSignInLink(app: App, token: string): Promise<User | null> {
  const ticket = await ticketOf(app, "sign-in", token);
  if (ticket?.userId == null) return null;
  const user = await app.stores.users.byId(ticket.userId);
  if (user === null || user.state !== "active") return null;
  const { value } = await app.unit.run(async (stores) => {
    const isTaken = await stores.tickets.take(ticket.tokenHash);
    return { value: isTaken, events: isTaken ? [newEvent(app, { type: "user.sign-in-link.used", ...by(user), payload: {} })] : [] };
  });
  return value ? user : null;
}

/** One's own second factor is one's own business; anybody else's is an administrator's. @throws Forbidden */
function demandOwn(actor: Actor, user: User): void {
  if (actor.userId !== user.id) demand(actor, "directory:user:edit", user);
}

function by(user: User): { readonly actorId: string; readonly subjectIds: readonly string[] } {
  return { actorId: user.id, subjectIds: [user.id] };
}

function placeOf(userId: UserId): string {
  return `totp ${userId}`;
}

function openSecret(app: App, userId: UserId, sealed: string): Uint8Array {
  const opened = app.secrets.open(sealed, placeOf(userId));
  assert(opened !== null, "the second factor was sealed with another key file");
  return Buffer.from(opened, "base64");
}

/** A secret typed by people: base32, at least 128 bits (RFC 4226 §4, R6). Null: it is none. */
export function typedSecret(text: string): Uint8Array | null {
  const bytes = fromBase32(text);
  return bytes === null || bytes.length < 16 ? null : bytes;
}
