// Organizations, people, and what they are signed in with.
import type { AccessToken, User, Session as WebSession } from "../../core/directory/user.ts";
import type { Organization, OrganizationStore, SessionStore, TokenStore, UserStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { objectStore } from "./object-store.ts";
import { first, Table } from "./table.ts";

const users = new Table<User>(schema.user);
const sessions = new Table<WebSession>(schema.session);
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
    ...objectStore(sql, users, ["name", "email"]),
    byEmail: async (organizationId, email) =>
      first(await sql`${users.from(sql)} where t.organization_id = ${organizationId} and t.email = ${email.toLowerCase()}`),
  };
}

export function sessionStore(sql: Session): SessionStore {
  return {
    byTokenHash: async (hash) => first(await sql`${sessions.from(sql)} where t.token_hash = ${hash}`),
    insert: (row) => sessions.insert(sql, row),
    delete: async (hash) => {
      await sql`delete from session where token_hash = ${hash}`;
    },
    deleteOfUser: async (userId) => {
      await sql`delete from session where user_id = ${userId}`;
    },
    deleteExpired: async (now) => (await sql`delete from session where expires_at <= ${now}`).count,
  };
}

export function tokenStore(sql: Session): TokenStore {
  return {
    byHash: async (hash) => first(await sql`${tokens.from(sql)} where t.token_hash = ${hash}`),
    insert: (row) => tokens.insert(sql, row),
    delete: async (hash) => {
      await sql`delete from access_token where token_hash = ${hash}`;
    },
    deleteOfClient: async (clientId) => {
      await sql`delete from access_token where client_id = ${clientId}`;
    },
    deleteExpired: async (now) => (await sql`delete from access_token where expires_at <= ${now}`).count,
  };
}
