// Organizations, people, and what they are signed in with.
import type { AccessToken, OAuthClient, User, Session as WebSession } from "../../core/directory/user.ts";
import type { OAuthStore, Organization, OrganizationStore, SessionStore, UserStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

const users = new Table<User>(schema.user);
const sessions = new Table<WebSession>(schema.session);
const clients = new Table<OAuthClient>(schema.oauthClient);
const tokens = new Table<AccessToken>(schema.accessToken);

export function organizationStore(sql: Session): OrganizationStore {
  return {
    list: async () =>
      sql<
        Organization[]
      >`select o.id, o.name, d.id as "divisionId", o.created_at as "createdAt" from organization o join division d on d.organization_id = o.id and d.name = 'Home' order by o.created_at, o.id`,
    insert: async (row) => {
      await sql`insert into organization (id, name, created_at) values (${row.id}, ${row.name}, ${row.createdAt})`;
      await sql`insert into division (id, organization_id, name, created_at) values (${row.divisionId}, ${row.id}, 'Home', ${row.createdAt})`;
    },
  };
}

export function userStore(sql: Session): UserStore {
  return {
    byId: async (id) => first(await sql`${users.from(sql)} where t.id = ${id}`),
    byEmail: async (organizationId, email) =>
      first(await sql`${users.from(sql)} where t.organization_id = ${organizationId} and t.email = ${email.toLowerCase()}`),
    list: async (organizationId, filter, page) => {
      const matches = sql`t.organization_id = ${organizationId} ${filter.ids === undefined ? sql`` : sql`and t.id = any(${filter.ids as string[]}::uuid[])`}`;
      const entities = await sql<
        User[]
      >`${users.from(sql)} where ${matches} order by lower(t.name), t.id limit ${page.pageSize} offset ${(page.pageNumber - 1) * page.pageSize}`;
      const [count] = await sql<{ total: number }[]>`select count(*)::int as total from "user" t where ${matches}`;
      return { entities, total: count!.total };
    },
    insert: (row) => users.insert(sql, row),
    update: async (row, expectedVersion) => {
      const { name, email, state, roles, passwordHash, stationId, divisionId } = row;
      const updated = await sql`update "user" set name = ${name}, email = ${email}, state = ${state}, roles = ${roles as string[]},
        password_hash = ${passwordHash}, station_id = ${stationId}, division_id = ${divisionId}, version = ${expectedVersion + 1}
        where id = ${row.id} and version = ${expectedVersion}`;
      return updated.count === 1;
    },
  };
}

export function sessionStore(sql: Session): SessionStore {
  return {
    byTokenHash: async (hash) => first(await sql`${sessions.from(sql)} where t.token_hash = ${hash}`),
    insert: (row) => sessions.insert(sql, row),
    delete: async (hash) => {
      await sql`delete from session where token_hash = ${hash}`;
    },
    deleteExpired: async (now) => (await sql`delete from session where expires_at <= ${now}`).count,
  };
}

export function oauthStore(sql: Session): OAuthStore {
  return {
    client: async (id) => first(await sql`${clients.from(sql)} where t.id = ${id}`),
    insertClient: (row) => clients.insert(sql, row),
    token: async (hash) => first(await sql`${tokens.from(sql)} where t.token_hash = ${hash}`),
    insertToken: (row) => tokens.insert(sql, row),
    deleteToken: async (hash) => {
      await sql`delete from access_token where token_hash = ${hash}`;
    },
    deleteExpired: async (now) => (await sql`delete from access_token where expires_at <= ${now}`).count,
  };
}
