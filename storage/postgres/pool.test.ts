// The pool when its server throws it out: nothing crashes, nothing hangs, nothing runs outside its transaction.
import { expect, test } from "bun:test";
import { testDatabase } from "../../tests/support/postgres.ts";
import { isAway } from "./connect.ts";

test("connections killed under load, again and again, cost only what was on them", async () => {
  const { sql: admin, connect } = await testDatabase();
  await admin`create table kept (n int)`;
  const sql = connect(8);
  let stop = false;
  let lost = 0;
  const committed: number[] = [];
  let next = 0;
  const away = (error: unknown): void => {
    if (!isAway(error)) throw error;
    lost += 1;
  };
  const transactions = async (): Promise<void> => {
    while (!stop) {
      const n = next++;
      await sql
        .begin(async (session) => {
          await session`insert into kept values (${n})`;
          await session`select pg_sleep(0.002)`;
          await session`update kept set n = n where n = ${n}`;
        })
        .then(() => void committed.push(n), away);
    }
  };
  const statements = async (): Promise<void> => {
    while (!stop) await sql`select ${"x".repeat(50)}::text as x`.then(() => undefined, away);
  };
  const load = [...Array.from({ length: 6 }, transactions), ...Array.from({ length: 6 }, statements)];
  // As often as it takes: a pool that does not come back commits nothing, and the test's own time ends it.
  for (let round = 0; round < 8 || committed.length <= 50; round++) {
    await admin`select pg_sleep(0.1)`;
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  }
  stop = true;
  await Promise.all(load);
  expect(lost).toBeGreaterThan(8);
  const kept = new Set((await sql<{ n: number }[]>`select n from kept`).map((row) => row.n));
  expect(committed.filter((n) => !kept.has(n))).toEqual([]);
  await Promise.all(Array.from({ length: 20 }, () => sql.begin((session) => session`select 1`)));
  await sql.end();
}, 60_000);

test("a transaction whose connection is lost while it does something else runs nothing afterwards, anywhere", async () => {
  const { sql: admin, connect } = await testDatabase();
  await admin`create table kept (n int)`;
  const sql = connect(2);
  const failed = sql.begin(async (session) => {
    await session`insert into kept values (1)`;
    const [own] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await admin`select pg_terminate_backend(${own!.pid})`;
    await admin`select pg_sleep(0.05)`;
    await session`insert into kept values (2)`.catch(() => undefined);
    await session`insert into kept values (3)`.catch(() => undefined);
    return "done";
  });
  await expect(failed).rejects.toThrow();
  expect(isAway(await failed.catch((error: unknown) => error))).toBe(true);
  expect(await admin`select * from kept`).toBeEmpty();
  expect((await sql`select 1 as one`)[0]).toEqual({ one: 1 });
  await sql.end();
});

test("a failed statement that was swallowed does not pass for a commit", async () => {
  const { sql } = await testDatabase();
  await sql`create table kept (n int)`;
  const failed = sql.begin(async (session) => {
    await session`insert into kept values (1)`;
    await session`select 1/0`.catch(() => undefined);
  });
  await expect(failed).rejects.toThrow("nothing was committed");
  expect(await sql`select * from kept`).toBeEmpty();
});

test("more transactions than connections wait their turn; the end of the pool tells those that still wait", async () => {
  const { connect } = await testDatabase();
  const sql = connect(2);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => sql.begin((session) => session`select ${n}::int as n`)));
  expect(answers.map((rows) => rows[0]!.n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  let release: () => void = () => undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  const running = [1, 2].map(() => sql.begin(() => held));
  const late = sql.begin((session) => session`select 1`);
  const ended = sql.end();
  await expect(late).rejects.toThrow("gone");
  release();
  await Promise.all(running);
  await ended;
  const stuck = connect(1);
  const never = stuck.begin(() => new Promise(() => undefined));
  await stuck.end({ timeout: 0.05 });
  await expect(never).rejects.toThrow("gone");
});

test("arrays come back as they were sent, whatever their texts hold", async () => {
  const { sql } = await testDatabase();
  const texts = ["", "null", "NULL", "a,b", '"quoted"', "back\\slash\\", "{}", " spaces ", "two\nlines", "ä€😀", "plain"];
  const ids = ["0199f0aa-0000-7000-8000-000000000001"];
  const [row] =
    await sql`select ${texts}::text[] as texts, ${[]}::text[] as none, ${ids}::uuid[] as ids, ${[1, 2 ** 53 - 1]}::bigint[] as numbers`;
  expect(row).toEqual({ texts, none: [], ids, numbers: [1, 2 ** 53 - 1] });
});
