// Organizations, people, and what they are signed in with.
import type { Organization } from "../../core/directory/organization.ts";
import type { AccessToken, User, Session as WebSession } from "../../core/directory/user.ts";
import type { OrganizationStore, SessionStore, TokenStore, UserStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { objectStore } from "./object-store.ts";
import { first, Table } from "./table.ts";

const organizations = new Table<Omit<Organization, "divisionId">>(schema.organization);
const users = new Table<User>(schema.user);
const sessions = new Table<WebSession>(schema.session);
const tokens = new Table<AccessToken>(schema.accessToken);

export function organizationStore(sql: Session): OrganizationStore {
  const from = () => sql`select ${organizations.columns(sql)}, d.id as "divisionId" from organization t
    join division d on d.organization_id = t.id and d.name = 'Home'`;
  return {
    list: async () => sql<Organization[]>`${from()} order by t.created_at, t.id`,
    byId: async (id) => first(await sql`${from()} where t.id = ${id}`),
    insert: async ({ divisionId, ...row }) => {
      await organizations.insert(sql, row);
      await sql`insert into division (id, organization_id, name, created_at) values (${divisionId}, ${row.id}, 'Home', ${row.createdAt})`;
    },
    update: async ({ id, name, language, country, timeZone, guestNumber, recordingDays, showsMonitoring, pauseSecondsMax, currency }) => {
      await sql`update organization set name = ${name}, language = ${language}, country = ${country}, time_zone = ${timeZone},
        guest_number = ${guestNumber}, recording_days = ${recordingDays},
        shows_monitoring = ${showsMonitoring}, pause_seconds_max = ${pauseSecondsMax},
        currency = ${currency} where id = ${id}`;
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
