// The commands of the first set-up. The pages and `landline setup` call the same; each step can be repeated until the end.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import { createUser, setPassword } from "../directory/commands.ts";
import { userKind } from "../directory/kinds.ts";
import type { OrganizationSettings } from "../directory/organization.ts";
import { changeOrganization } from "../directory/organization-commands.ts";
import { newTotpSecret } from "../directory/second-factor.ts";
import { confirmTotp, putSecret } from "../directory/sign-in.ts";
import type { User } from "../directory/user.ts";
import type { EventDraft, Json } from "../events/index.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import { newToken, tokenHash } from "../lib/token.ts";
import { editObject, objectEvent, settingsOf } from "../objects/commands.ts";
import { setPresence } from "../routing/agent-commands.ts";
import { setQueueMember } from "../routing/commands.ts";
import type { Stores } from "../stores.ts";
import { checkCertificate } from "./certificate.ts";
import { exampleNumber, loadExample, trialEmail } from "./example.ts";
import { askedGroups, digestOf, isGroup, newKit } from "./kit.ts";
import type { NodeSettings } from "./node-settings.ts";
import { type AddressInput, type NetworkResult, newSetup, nextStep, type OwnerInput, type Setup, type SetupStep } from "./setup.ts";

export async function setupOf(app: App, stores: Stores = app.stores): Promise<Setup> {
  return (await stores.setup.of(app.organizationId)) ?? newSetup(app.organizationId);
}

/** Whether somebody may sign in and change everything. A person without a password (the trial's) is no owner. */
async function hasOwner(stores: Stores, app: App): Promise<boolean> {
  const users = await stores.users.all(app.organizationId);
  return users.some((user) => user.state === "active" && user.passwordHash !== null && user.roles.includes("admin"));
}

/** Whether the set-up is still to be done: nobody owns the organization, or whoever does has come to it by the set-up and has not ended it. */
export async function needsSetup(app: App, stores: Stores = app.stores): Promise<boolean> {
  const setup = await setupOf(app, stores);
  if (setup.completedAt !== null) return false;
  return setup.ownerId !== null || !(await hasOwner(stores, app));
}

/** A new secret for the set-up, when there is one to do; the older ones are void in any case. Null: nothing to set up. */
export async function offerSetup(app: App, actor: Actor): Promise<string | null> {
  demand(actor, "directory:organization:edit");
  const token = newToken(app.env.random);
  const { value } = await app.unit.run(async (stores) => {
    const voided = await stores.tickets.voidAll(app.organizationId, "setup", null);
    const event = (type: string): EventDraft => setupEvent(app, actor, type, {});
    if (!(await needsSetup(app, stores))) return { value: null, events: voided > 0 ? [event("setup.link.voided")] : [] };
    const createdAt = app.env.clock.now();
    const { organizationId } = app;
    await stores.tickets.insert({ tokenHash: tokenHash(token), organizationId, kind: "setup", userId: null, createdAt, expiresAt: null });
    return { value: token, events: [event("setup.link.made")] };
  });
  return value;
}

/** @throws Forbidden */
export async function setOrganization(app: App, actor: Actor, input: OrganizationSettings): Promise<void> {
  await step(app, actor, "organization", async (stores) => ({ change: {}, events: await changeOrganization(stores, app, actor, input) }));
}

/** Sets the number that guests may call; null: none. @throws Forbidden */
export async function setGuestNumber(app: App, actor: Actor, guestNumber: string | null): Promise<void> {
  await app.unit.run(async (stores) => ({ value: undefined, events: await changeOrganization(stores, app, actor, { guestNumber }) }));
}

/**
 * Makes the owner, and a secret for their second factor; until that is confirmed the owner's facts may be given anew.
 * @throws Forbidden · Conflict `general.duplicate` when the email is taken
 */
export async function setOwner(app: App, actor: Actor, input: OwnerInput): Promise<User> {
  demand(actor, "directory:organization:edit", app);
  const before = await setupOf(app);
  if (before.ownerId !== null) {
    if (before.stepsDone.includes("second-factor")) throw new Conflict("The owner has been made. Sign in to change it.");
    const { password, ...facts } = input;
    await setPassword(app, actor, before.ownerId, password);
    const owner = found(actor, "person with this id", await app.stores.users.byId(before.ownerId));
    return editObject(app, actor, userKind, owner.id, owner.version, { ...settingsOf(userKind, owner), ...facts });
  }
  return createUser(app, actor, { ...input, roles: ["admin"] }, async (stores, owner) => {
    const offered = await putSecret(stores, app, actor.id, owner.id, newTotpSecret(app.env.random));
    return [...offered, ...(await markDone(stores, app, actor, "owner", { ownerId: owner.id }))];
  });
}

/** The first code of the owner's app; resolves to ten recovery codes, told once. @throws BadInput at `code` · Conflict */
export async function confirmOwner(app: App, actor: Actor, code: string | null, ticketHash: string | null): Promise<readonly string[]> {
  const { ownerId } = await setupOf(app);
  if (ownerId === null) throw new Conflict("The owner comes first.");
  const codes = await confirmTotp(app, actor, ownerId, code);
  await step(app, actor, "second-factor", async () => ({ change: { ownerTicketHash: ticketHash }, events: [] }));
  return codes;
}

/** For the headless set-up: the owner signs in with the password alone. */
export async function skipSecondFactor(app: App, actor: Actor): Promise<void> {
  await step(app, actor, "second-factor", async () => ({ change: {}, events: [] }));
}

/** Keeps how the next start listens. @throws Forbidden · BadInput that names the field */
export async function setAddress(app: App, actor: Actor, node: NodeSettings, input: AddressInput): Promise<void> {
  demand(actor, "directory:organization:edit", app);
  if (input.certificate === "upload") checkCertificate(input.chain, input.privateKey, input.publicUrl, app.env.clock.now());
  await node.keepAddress(input);
  await step(app, actor, "address", async () => {
    const { publicUrl, certificate, httpsPort, trustedProxies } = input;
    const payload = { publicUrl, certificate, httpsPort, trustedProxies, chain: input.chain };
    return { change: {}, events: [setupEvent(app, actor, "setup.address.kept", payload)] };
  });
}

/** What the browser's test found. @throws Forbidden */
export async function keepNetworkResult(app: App, actor: Actor, result: NetworkResult): Promise<void> {
  await step(app, actor, "network", async () => ({ change: {}, events: [setupEvent(app, actor, "setup.network.tested", result)] }));
}

/** A new recovery kit; the one before opens nothing from then on. @throws Forbidden */
export async function makeKit(app: App, actor: Actor, node: NodeSettings): Promise<string> {
  demand(actor, "directory:organization:edit", app);
  const kit = newKit(app.env.random);
  await node.sealKeyFile(kit);
  await app.unit.run(async (stores) => {
    const before = await setupOf(app, stores);
    const stepsDone = before.stepsDone.filter((name) => name !== "recovery");
    // After the set-up nobody asks it back: there is no copy to keep.
    const sealedKit = before.completedAt === null ? app.secrets.seal(kit, "recovery kit") : null;
    await stores.setup.put({ ...before, stepsDone, sealedKit, kitDigest: digestOf(kit) });
    return { value: undefined, events: [setupEvent(app, actor, "setup.kit.made", {})] };
  });
  return kit;
}

/** The kit as long as it was not asked back yet. */
export function openKit(app: App, setup: Setup): string | null {
  return setup.sealedKit === null ? null : app.secrets.open(setup.sealedKit, "recovery kit");
}

/** Three groups of the kit, by their place from 0. @throws Conflict without a kit · BadInput at `group-N` when one is wrong */
export async function acknowledgeKit(app: App, actor: Actor, typed: Readonly<Record<number, string>>): Promise<void> {
  const setup = await setupOf(app);
  const kit = openKit(app, setup);
  if (kit === null) throw new Conflict("There is no recovery kit to ask back. Make one first.");
  for (const index of askedGroups(digestOf(kit))) {
    if (!isGroup(kit, index, typed[index] ?? ""))
      throw new BadInput(`Group ${index + 1} is another one. Read it from your print.`, `group-${index}`);
  }
  await kitAcknowledged(app, actor);
}

/** The same by the kit's digest, which `landline setup kit` prints beside it. @throws BadInput */
export async function acknowledgeKitByDigest(app: App, actor: Actor, digest: string): Promise<void> {
  const { kitDigest } = await setupOf(app);
  if (kitDigest === null) throw new BadInput("there is no recovery kit yet: `landline setup kit` makes and prints one", "recovery.digest");
  if (digest !== kitDigest) throw new BadInput("this is not the digest of the newest recovery kit", "recovery.digest");
  await kitAcknowledged(app, actor);
}

async function kitAcknowledged(app: App, actor: Actor): Promise<void> {
  await step(app, actor, "recovery", async () => ({
    change: { sealedKit: null },
    events: [setupEvent(app, actor, "setup.kit.acknowledged", {})],
  }));
}

/**
 * With demo data: the example centre, whose number guests may call; without: no guest calls, also not the example of a trial that was there
 * before. `addresses` are this machine's own. @throws Forbidden
 */
export async function chooseDemo(app: App, actor: Actor, withDemo: boolean, addresses: readonly string[]): Promise<void> {
  demand(actor, "directory:organization:edit", app);
  if (withDemo) {
    const { ownerId } = await setupOf(app);
    const owner = ownerId === null ? null : await app.stores.users.byId(ownerId);
    if (owner === null) throw new Conflict("The owner comes first.");
    await loadExample(app, actor, owner.email, addresses);
    await setGuestNumber(app, actor, exampleNumber);
  } else if ((await app.stores.organizations.byId(app.organizationId))?.guestNumber != null) await setGuestNumber(app, actor, null);
  await step(app, actor, "demo", async () => ({ change: { withDemo }, events: [] }));
}

/** Ends the set-up: its link opens nothing any more, and the trial's person cannot sign in. @throws BadInput that names what is missing */
export async function finishSetup(app: App, actor: Actor): Promise<Setup> {
  if (nextStep(await setupOf(app)) === null) await takeOffQueue(app, actor);
  const { value } = await app.unit.run(async (stores) => {
    demand(actor, "directory:organization:edit", app);
    const before = await setupOf(app, stores);
    if (before.completedAt !== null) throw new Conflict("The set-up is done already.");
    const missing = nextStep(before);
    if (missing !== null) throw new BadInput(`The step “${missing}” is still open.`, missing);
    const after: Setup = { ...before, completedAt: app.env.clock.now(), sealedKit: null };
    await stores.setup.put(after);
    for (const kind of ["setup", "sign-in"] as const) await stores.tickets.voidAll(app.organizationId, kind, null);
    const visitor = await stores.users.byEmail(app.organizationId, trialEmail);
    const leaving = visitor === null || visitor.state !== "active" ? [] : await deactivate(stores, app, actor, visitor);
    return { value: after, events: [...leaving, setupEvent(app, actor, "setup.completed", { withDemo: before.withDemo })] };
  });
  return value;
}

/** Nothing may be offered to the trial's person from here on: out of the queues, and off them. */
async function takeOffQueue(app: App, actor: Actor): Promise<void> {
  const visitor = await app.stores.users.byEmail(app.organizationId, trialEmail);
  if (visitor === null) return;
  for (const { queueId } of await app.stores.queues.queuesOf(visitor.id)) await setQueueMember(app, actor, queueId, visitor.id, null);
  await setPresence(app, actor, visitor.id, "OFFLINE");
}

async function deactivate(stores: Stores, app: App, actor: Actor, before: User): Promise<readonly EventDraft[]> {
  const after: User = { ...before, state: "inactive", version: before.version + 1, modifiedAt: app.env.clock.now() };
  if (!(await stores.users.update(after, before.version))) throw new Conflict("Somebody else has changed this person meanwhile.");
  await stores.sessions.deleteOfUser(before.id);
  return [objectEvent(app, actor, userKind, before, after)];
}

type Work = (stores: Stores) => Promise<{ readonly change: Partial<Setup>; readonly events: readonly EventDraft[] }>;

/** One step: what it changes, and that it is done, in one transaction. */
async function step(app: App, actor: Actor, name: SetupStep, work: Work): Promise<void> {
  await app.unit.run(async (stores) => {
    demand(actor, "directory:organization:edit", app);
    const { change, events } = await work(stores);
    return { value: undefined, events: [...events, ...(await markDone(stores, app, actor, name, change))] };
  });
}

async function markDone(stores: Stores, app: App, actor: Actor, name: SetupStep, change: Partial<Setup>): Promise<readonly EventDraft[]> {
  const before = await setupOf(app, stores);
  if (before.completedAt !== null) throw new Conflict("The set-up is done already.");
  const isNew = !before.stepsDone.includes(name);
  await stores.setup.put({ ...before, ...change, stepsDone: isNew ? [...before.stepsDone, name] : before.stepsDone });
  return [setupEvent(app, actor, "setup.step.done", { step: name, again: !isNew })];
}

function setupEvent(app: App, actor: Actor, type: string, payload: { readonly [key: string]: Json | undefined }): EventDraft {
  return newEvent(app, { type, actorId: actor.id, subjectIds: [app.organizationId], payload });
}
