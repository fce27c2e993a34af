// What makes and changes people. Each user is an agent too, from the first moment: routing reads one kind of person.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import { roles } from "../authorization/permissions.ts";
import type { Json } from "../events/index.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import { newId, type SkillId, type StationId, type UserId } from "../lib/id.ts";
import { newAgent } from "../routing/fold.ts";
import type { NewUser, User } from "./user.ts";

/** @throws Forbidden · BadInput unknown role · Conflict `general.duplicate` when the email is taken */
export async function createUser(app: App, actor: Actor, input: NewUser): Promise<User> {
  demand(actor, "directory:user:add", app);
  for (const role of input.roles) {
    if (!roles.some((entry) => entry.name === role)) {
      throw new BadInput(`There is no role “${role}”. Roles: ${roles.map((entry) => entry.name).join(", ")}.`, "roles");
    }
  }
  const passwordHash = input.password === undefined ? null : await app.passwords.hash(input.password);
  const { value } = await app.unit.run(async (stores) => {
    if ((await stores.users.byEmail(app.organizationId, input.email)) !== null) {
      throw new Conflict(`Somebody with the email ${input.email} is here already.`, "general.duplicate", "email");
    }
    const id = newId<UserId>(app.env);
    const stationId = newId<StationId>(app.env);
    const { organizationId, divisionId } = app;
    const now = app.env.clock.now();
    const user: User = {
      id,
      organizationId,
      divisionId,
      name: input.name,
      email: input.email,
      state: "active",
      roles: input.roles,
      passwordHash,
      stationId,
      version: 1,
      eventSeq: null,
      createdAt: now,
    };
    const event = newEvent(app, {
      type: "user.created",
      actorId: actor.id,
      subjectIds: [id],
      seal: { kind: "user", id },
      payload: { after: userFacts(user) },
      rows: [{ table: "user", id }],
    });
    const name = `${user.name}, browser`;
    const station = {
      id: stationId,
      organizationId,
      divisionId,
      name,
      kind: "browser",
      userId: id,
      username: id,
      sealedHa1: null,
    } as const;
    const stationEvent = newEvent(app, {
      type: "telephony.station.created",
      actorId: actor.id,
      subjectIds: [stationId, id],
      seal: { kind: "user", id },
      payload: { after: station },
      rows: [{ table: "station", id: stationId }],
    });
    await stores.telephony.insertStation({ ...station, eventSeq: null });
    await stores.users.insert(user);
    // The agent's first instants are the event's own, so that the log alone leads to the same row.
    await stores.agents.insert(newAgent(id, organizationId, divisionId, event.at));
    return { value: user, events: [event, stationEvent] };
  });
  return value;
}

/** Replaces a user's skills and languages; proficiency 0–5, 0 is held (O5). @throws Forbidden · NotFound · BadInput */
export async function setUserSkills(
  app: App,
  actor: Actor,
  userId: UserId,
  skills: readonly { readonly skillId: SkillId; readonly proficiency: number }[],
): Promise<void> {
  await app.unit.run(async (stores) => {
    const user = found(actor, "user with this id", await stores.users.byId(userId));
    demand(actor, "directory:user:edit", user);
    const known = new Set((await stores.skills.list(app.organizationId)).map((skill) => skill.id));
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

/** Which station rings for a user from now on. @throws Forbidden · NotFound · Conflict when the user was changed meanwhile */
export async function setUserStation(app: App, actor: Actor, userId: UserId, stationId: StationId): Promise<void> {
  await app.unit.run(async (stores) => {
    const before = found(actor, "user with this id", await stores.users.byId(userId));
    demand(actor, "directory:user:edit", before);
    const after: User = { ...before, stationId, version: before.version + 1 };
    if (!(await stores.users.update(after, before.version))) throw new Conflict("Somebody else has changed this user meanwhile.");
    const event = newEvent(app, {
      type: "user.updated",
      actorId: actor.id,
      subjectIds: [userId, stationId],
      divisionId: before.divisionId,
      seal: { kind: "user", id: userId },
      payload: { before: userFacts(before), after: userFacts(after) },
      rows: [{ table: "user", id: userId }],
    });
    return { value: undefined, events: [event] };
  });
}

/** What the log says of a user: all but the password and the event's own sequence. */
export function userFacts(user: User): { readonly [key: string]: Json } {
  const { passwordHash: _hash, eventSeq: _seq, ...facts } = user;
  return facts;
}
