// Queues, their members, skills and wrap-up codes.
import type { Queue, QueueMember, Skill, UserSkill, WrapupCode } from "../../core/routing/queue.ts";
import type { QueueStore, SkillStore, WrapupCodeStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

export const queues = new Table<Queue>(schema.queue);
const members = new Table<QueueMember>(schema.queueMember);
const skills = new Table<Skill>(schema.skill);
const userSkills = new Table<UserSkill>(schema.userSkill);
const codes = new Table<WrapupCode>(schema.wrapupCode);

/** Keys that an update never touches: who it is, and what the log sets. */
const fixed = new Set(["id", "organization_id", "event_seq", "created_at", "version"]);

export function queueStore(sql: Session): QueueStore {
  return {
    byId: async (id) => first(await sql`${queues.from(sql)} where t.id = ${id}`),
    byName: async (organizationId, name) =>
      first(await sql`${queues.from(sql)} where t.organization_id = ${organizationId} and lower(t.name) = lower(${name})`),
    list: async (organizationId, filter, page) => {
      const matches = sql`t.organization_id = ${organizationId}
        ${filter.name === undefined || filter.name === "" ? sql`` : sql`and strpos(lower(t.name), lower(${filter.name})) > 0`}
        ${filter.divisionIds === null ? sql`` : sql`and t.division_id = any(${filter.divisionIds as string[]}::uuid[])`}`;
      const entities = await sql<
        Queue[]
      >`${queues.from(sql)} where ${matches} order by lower(t.name), t.id limit ${page.pageSize} offset ${(page.pageNumber - 1) * page.pageSize}`;
      const [count] = await sql<{ total: number }[]>`select count(*)::int as total from queue t where ${matches}`;
      return { entities, total: count!.total };
    },
    insert: (row) => queues.insert(sql, row),
    update: async (row, expectedVersion) => {
      const values = Object.fromEntries(Object.entries(queues.toColumns(sql, row)).filter(([column]) => !fixed.has(column)));
      const updated =
        await sql`update queue set ${sql(values)}, version = ${expectedVersion + 1} where id = ${row.id} and version = ${expectedVersion}`;
      return updated.count === 1;
    },
    delete: async (id) => {
      await sql`delete from queue_member where queue_id = ${id}`;
      await sql`delete from queue_wrapup_code where queue_id = ${id}`;
      return (await sql`delete from queue where id = ${id}`).count === 1;
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
    list: async (organizationId) => sql<Skill[]>`${skills.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    insert: (row) => skills.insert(sql, row),
    ofUser: async (userId) => sql<UserSkill[]>`${userSkills.from(sql)} where t.user_id = ${userId} order by t.skill_id`,
    setOfUser: async (userId, rows) => {
      await sql`delete from user_skill where user_id = ${userId}`;
      for (const row of rows) await userSkills.insert(sql, row);
    },
  };
}

export function wrapupCodeStore(sql: Session): WrapupCodeStore {
  return {
    list: async (organizationId) =>
      sql<WrapupCode[]>`${codes.from(sql)} where t.organization_id = ${organizationId} order by lower(t.name)`,
    insert: (row) => codes.insert(sql, row),
    ofQueue: async (queueId) =>
      sql<
        WrapupCode[]
      >`${codes.from(sql)} join queue_wrapup_code q on q.wrapup_code_id = t.id where q.queue_id = ${queueId} order by lower(t.name)`,
    assign: async (queueId, codeId) => {
      await sql`insert into queue_wrapup_code (queue_id, wrapup_code_id) values (${queueId}, ${codeId}) on conflict do nothing`;
    },
  };
}
