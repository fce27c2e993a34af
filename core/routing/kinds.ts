// Queues, skills and wrap-up codes as configured objects: what uses them, and what must follow when they change.
import { renameInFlows } from "../architect/kinds.ts";
import { flowUses } from "../architect/references.ts";
import { BadInput, Conflict } from "../lib/errors.ts";
import type { QueueId } from "../lib/id.ts";
import type { ObjectKind } from "../objects/object.ts";
import { savePools } from "./commands.ts";
import {
  type Queue,
  type QueueSettings,
  queueSettings,
  type Skill,
  type SkillSettings,
  skillSettings,
  type WrapupCode,
  type WrapupCodeSettings,
  wrapupCodeSettings,
} from "./queue.ts";

export const queueKind: ObjectKind<Queue, QueueSettings> = {
  noun: "queue",
  table: "queue",
  event: "routing.queue",
  permissions: {
    view: "routing:queue:view",
    add: "routing:queue:add",
    edit: "routing:queue:edit",
    delete: "routing:queue:delete",
  },
  settings: queueSettings,
  // Derived from the members, who have events of their own.
  unlogged: ["poolId"],
  store: (stores) => stores.queues,
  make: (id) => ({ poolId: id }),
  check: async (app, stores, settings) => {
    const known = new Set((await stores.wrapupCodes.all(app.organizationId)).map((code) => code.id as string));
    const unknown = settings.wrapupCodeIds.find((id) => !known.has(id));
    if (unknown !== undefined) throw new BadInput(`There is no wrap-up code with the id ${unknown}.`, "wrapupCodeIds");
  },
  usedBy: (app, stores, queue) => flowUses(app, stores, "queue", queue.name),
  written: async (app, actor, stores, before, after) => {
    if (after === null) {
      const waiting = await stores.waiting.ofQueue(before!.id as QueueId);
      if (waiting.length > 0)
        throw new Conflict(`${waiting.length} conversations are in this queue. Let them finish first.`, "queue.in.use");
      await savePools(stores, app);
    }
    return before === null || after === null ? [] : renameInFlows(app, actor, stores, "queue", before.name, after.name);
  },
};

export const skillKind: ObjectKind<Skill, SkillSettings> = {
  noun: "skill",
  table: "skill",
  event: "routing.skill",
  permissions: {
    view: "routing:skill:view",
    add: "routing:skill:manage",
    edit: "routing:skill:manage",
    delete: "routing:skill:manage",
  },
  settings: skillSettings,
  store: (stores) => stores.skills,
  make: () => ({}),
  check: async (_app, stores, settings, before) => {
    if (before === null || before.kind === settings.kind) return;
    if ((await stores.skills.usersOf(before.id)).length > 0) {
      throw new BadInput("People have this skill already: a skill and a language are matched differently. Make a new one.", "kind");
    }
  },
  usedBy: async (app, stores, skill) => {
    const users = await stores.skills.usersOf(skill.id);
    const people = await Promise.all(users.map((id) => stores.users.byId(id)));
    return [
      ...people.flatMap((user) => (user === null ? [] : [{ kind: "Person", id: user.id, name: user.name, how: "has it" }])),
      ...(await flowUses(app, stores, skill.kind, skill.name)),
    ];
  },
  written: async (app, actor, stores, before, after) =>
    before === null || after === null ? [] : renameInFlows(app, actor, stores, after.kind, before.name, after.name),
};

export const wrapupCodeKind: ObjectKind<WrapupCode, WrapupCodeSettings> = {
  noun: "wrap-up code",
  table: "wrapup_code",
  event: "routing.wrapup-code",
  permissions: {
    view: "routing:wrapupCode:view",
    add: "routing:wrapupCode:add",
    edit: "routing:wrapupCode:edit",
    delete: "routing:wrapupCode:delete",
  },
  settings: wrapupCodeSettings,
  store: (stores) => stores.wrapupCodes,
  make: () => ({}),
  usedBy: async (app, stores, code) =>
    (await stores.queues.all(app.organizationId))
      .filter((queue) => queue.wrapupCodeIds.includes(code.id))
      .map((queue) => ({ kind: "Queue", id: queue.id, name: queue.name, how: "offers it" })),
};
