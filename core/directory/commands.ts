// What makes and changes people. Each user is an agent too, from the first moment: routing reads one kind of person.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { EventDraft } from "../events/index.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import { newId, type SkillId, type StationId, type UserId } from "../lib/id.ts";
import { editObject, insertObject, objectEvent, settingsOf } from "../objects/commands.ts";
import { newAgent } from "../routing/fold.ts";
import type { Stores } from "../stores.ts";
import { stationKind } from "../telephony/kinds.ts";
import { userKind } from "./kinds.ts";
import { defaultDialRights, type NewUser, password, type User } from "./user.ts";

/**
 * With a browser station of their own; `alongside` changes what must change in the same transaction. @throws Forbidden · BadInput unknown
 * role · Conflict `general.duplicate` when the email is taken
 */
export async function createUser(
  app: App,
  actor: Actor,
  input: NewUser,
  alongside: (stores: Stores, user: User) => Promise<readonly EventDraft[]> = async () => [],
): Promise<User> {
  demand(actor, "directory:user:add", app);
  const { password, ...settings } = input;
  const passwordHash = password === undefined ? null : await app.passwords.hash(password);
  const { value } = await app.unit.run(async (stores) => {
    const stationId = newId<StationId>(app.env);
    const made = await insertObject(
      app,
      actor,
      stores,
      userKind,
      { extension: null, phoneNumber: null, dialRights: defaultDialRights, ...settings, state: "active", stationId },
      { passwordHash },
    );
    const user = made.row;
    const station = await insertObject(
      app,
      actor,
      stores,
      stationKind,
      {
        name: `${user.name}, browser`,
        userId: user.id,
        siteId: null,
        civic: null,
        location: "",
        address: "",
        mediaEncryption: "disabled",
        forwarding: "inside",
      },
      { id: stationId, kind: "browser", username: user.id },
    );
    // The agent's first instants are the event's own, so that the log alone leads to the same row.
    await stores.agents.insert(newAgent(user.id, app.organizationId, app.divisionId, made.events[0]!.at));
    return { value: user, events: [...made.events, ...station.events, ...(await alongside(stores, user))] };
  });
  return value;
}

/** Signs every browser of the user out. @throws Forbidden · NotFound · BadInput */
export async function setPassword(app: App, actor: Actor, userId: UserId, input: string): Promise<void> {
  const parsed = password.safeParse(input);
  if (!parsed.success) throw new BadInput(parsed.error.issues[0]!.message, "password");
  const passwordHash = await app.passwords.hash(parsed.data);
  await app.unit.run(async (stores) => {
    const before = found(actor, "person with this id", await stores.users.byId(userId));
    if (actor.userId !== userId) demand(actor, "directory:user:edit", before);
    const after: User = { ...before, passwordHash, version: before.version + 1, modifiedAt: app.env.clock.now() };
    if (!(await stores.users.update(after, before.version))) throw new Conflict("Somebody else has changed this person meanwhile.");
    await stores.sessions.deleteOfUser(userId);
    const told = newEvent(app, {
      type: "user.password.set",
      actorId: actor.id,
      subjectIds: [userId],
      divisionId: before.divisionId,
      seal: { kind: "user", id: userId },
      payload: { userId },
    });
    return { value: undefined, events: [told, objectEvent(app, actor, userKind, before, after)] };
  });
}

/** Replaces a user's skills and languages; proficiency 0–5, 0 is held. @throws Forbidden · NotFound · BadInput */
export async function setUserSkills(
  app: App,
  actor: Actor,
  userId: UserId,
  skills: readonly { readonly skillId: SkillId; readonly proficiency: number }[],
): Promise<void> {
  await app.unit.run(async (stores) => {
    const user = found(actor, "user with this id", await stores.users.byId(userId));
    demand(actor, "directory:user:edit", user);
    const known = new Set((await stores.skills.all(app.organizationId)).map((skill) => skill.id));
    for (const { skillId, proficiency } of skills) {
      if (!known.has(skillId)) throw new BadInput(`There is no skill with the id ${skillId}.`, "skills");
      if (!(proficiency >= 0 && proficiency <= 5)) throw new BadInput("A proficiency is a number from 0 to 5.", "proficiency");
    }
    await stores.skills.setOfUser(
      userId,
      skills.map((skill) => ({ ...skill, userId })),
    );
    const event = newEvent(app, {
      type: "user.skills.set",
      actorId: actor.id,
      subjectIds: [userId],
      divisionId: user.divisionId,
      payload: { userId, skills: skills.map(({ skillId, proficiency }) => ({ skillId, proficiency })) },
    });
    return { value: undefined, events: [event] };
  });
}

/** Which station rings for a user from now on. @throws Forbidden · NotFound · BadInput · Conflict when the user was changed meanwhile */
export async function setUserStation(app: App, actor: Actor, userId: UserId, stationId: StationId): Promise<void> {
  const user = found(actor, "person with this id", await app.stores.users.byId(userId));
  await editObject(app, actor, userKind, userId, user.version, { ...settingsOf(userKind, user), stationId });
}
