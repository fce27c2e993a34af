// Queues with their members, and skills with who has them.
import type { UserId } from "../../core/lib/id.ts";
import type { Queue, QueueMember, Skill, UserSkill } from "../../core/routing/queue.ts";
import type { QueueStore, SkillStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { objectStore } from "./object-store.ts";
import { Table } from "./table.ts";

export const queues = new Table<Queue>(schema.queue);
const members = new Table<QueueMember>(schema.queueMember);
const skills = new Table<Skill>(schema.skill);
const userSkills = new Table<UserSkill>(schema.userSkill);

export function queueStore(sql: Session): QueueStore {
  const objects = objectStore(sql, queues);
  return {
    ...objects,
    delete: async (id) => {
      await sql`delete from queue_member where queue_id = ${id}`;
      return objects.delete(id);
    },
    members: async (queueId) => sql<QueueMember[]>`${members.from(sql)} where t.queue_id = ${queueId} order by t.user_id`,
    queuesOf: async (userId) => sql<QueueMember[]>`${members.from(sql)} where t.user_id = ${userId} order by t.queue_id`,
    addMember: (member) => members.insert(sql, member),
    removeMember: async (queueId, userId) =>
      (await sql`delete from queue_member where queue_id = ${queueId} and user_id = ${userId}`).count === 1,
    setJoined: async (queueId, userId, joined) =>
      (await sql`update queue_member set joined = ${joined} where queue_id = ${queueId} and user_id = ${userId}`).count === 1,
    memberships: async (organizationId) =>
      sql<QueueMember[]>`${members.from(sql)} join queue q on q.id = t.queue_id where q.organization_id = ${organizationId}`,
    setPool: async (queueId, poolId) => {
      await sql`update queue set pool_id = ${poolId} where id = ${queueId}`;
    },
  };
}

export function skillStore(sql: Session): SkillStore {
  return {
    ...objectStore(sql, skills),
    ofUser: async (userId) => sql<UserSkill[]>`${userSkills.from(sql)} where t.user_id = ${userId} order by t.skill_id`,
    setOfUser: async (userId, rows) => {
      await sql`delete from user_skill where user_id = ${userId}`;
      for (const row of rows) await userSkills.insert(sql, row);
    },
    usersOf: async (skillId) => {
      const rows = await sql<{ userId: UserId }[]>`select user_id as "userId" from user_skill where skill_id = ${skillId} order by user_id`;
      return rows.map((row) => row.userId);
    },
  };
}
