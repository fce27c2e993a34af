// One-time tickets, second factors and the progress of the set-up.
import type { Totp } from "../../core/directory/second-factor.ts";
import type { Ticket } from "../../core/directory/ticket.ts";
import type { Setup } from "../../core/setup/setup.ts";
import type { SecondFactorStore, SetupStore, TicketStore } from "../../core/stores.ts";
import type { Session } from "../postgres/connect.ts";
import * as schema from "../schema/tables.ts";
import { first, Table } from "./table.ts";

const tickets = new Table<Ticket>(schema.ticket);
const totps = new Table<Totp>(schema.totp);
const setups = new Table<Setup>(schema.setup);

export function ticketStore(sql: Session): TicketStore {
  return {
    byHash: async (hash) => first(await sql`${tickets.from(sql)} where t.token_hash = ${hash}`),
    insert: (row) => tickets.insert(sql, row),
    take: async (hash) => (await sql`delete from ticket where token_hash = ${hash}`).count === 1,
    voidAll: async (organizationId, kind, userId) =>
      (
        await sql`delete from ticket where organization_id = ${organizationId} and kind = ${kind}
          ${userId === null ? sql`` : sql`and user_id = ${userId}`}`
      ).count,
    deleteExpired: async (now) => (await sql`delete from ticket where expires_at <= ${now}`).count,
  };
}

export function secondFactorStore(sql: Session): SecondFactorStore {
  return {
    totp: async (userId) => first(await sql`${totps.from(sql)} where t.user_id = ${userId}`),
    putTotp: async (row) => {
      await sql`delete from totp where user_id = ${row.userId}`;
      await totps.insert(sql, row);
    },
    remove: async (userId) => {
      await sql`delete from recovery_code where user_id = ${userId}`;
      return (await sql`delete from totp where user_id = ${userId}`).count === 1;
    },
    confirm: async (userId, at, step) =>
      (await sql`update totp set confirmed_at = ${at}, last_step = ${step} where user_id = ${userId} and confirmed_at is null`).count === 1,
    useStep: async (userId, step) =>
      (await sql`update totp set last_step = ${step} where user_id = ${userId} and last_step < ${step}`).count === 1,
    setRecoveryCodes: async (userId, hashes) => {
      await sql`delete from recovery_code where user_id = ${userId}`;
      for (const hash of hashes) await sql`insert into recovery_code (user_id, code_hash) values (${userId}, ${hash})`;
    },
    useRecoveryCode: async (userId, hash, at) =>
      (await sql`update recovery_code set used_at = ${at} where user_id = ${userId} and code_hash = ${hash} and used_at is null`).count ===
      1,
    recoveryCodesLeft: async (userId) => {
      const [count] = await sql<{ left: number }[]>`
        select count(*)::int as left from recovery_code where user_id = ${userId} and used_at is null`;
      return count!.left;
    },
  };
}

export function setupStore(sql: Session): SetupStore {
  return {
    of: async (organizationId) => first(await sql`${setups.from(sql)} where t.organization_id = ${organizationId}`),
    put: async (row) => {
      await sql`delete from setup where organization_id = ${row.organizationId}`;
      await setups.insert(sql, row);
    },
  };
}
