// Whose database it is makes no difference: built in, Debian's programs, or an operator's server; twenty writers for half a minute leave one whole chain.
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import type { EventDraft } from "../../core/events/event.ts";
import { type DivisionId, type EventId, newId, type OrganizationId } from "../../core/lib/id.ts";
import { joinCluster } from "../../storage/nodes.ts";
import { type ConnectTarget, connect, type Session } from "../../storage/postgres/connect.ts";
import { runningTarget } from "../../storage/postgres/embedded.ts";
import { externalTarget } from "../../storage/postgres/external.ts";
import { PostgresUnitOfWork } from "../../storage/unit-of-work.ts";
import { DataKeys } from "../../storage/vault/data-keys.ts";
import { loadOrCreateKeys } from "../../storage/vault/keys.ts";
import { Baresip } from "../support/baresip.ts";
import { DebianPostgres, debianPostgresPrograms } from "../support/debian-postgres.ts";
import { hearsSomething } from "../support/hearing.ts";
import { Landline, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

const writers = 20;
const writeMs = 30_000;
const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];

await insideNamespace();
const programs = debianPostgresPrograms()!;
const debianVersion = programs.split("/").at(-2)!;
const builtIn = new Landline(options);
let server: DebianPostgres | null = null;
let external: Landline | null = null;
let ownPrograms: Landline | null = null;

await program(
  async () => {
    await step("built in: twenty writers for half a minute neither fork the chain nor leave a gap, and verify is green", async () => {
      await builtIn.start();
      const version = await databaseOf(builtIn);
      expect(version.startsWith("18."), `the built-in server is ${version}`);
      await manyWriters(builtIn, runningTarget(builtIn.data, "landline")!).finally(() => builtIn.stop());
    });

    await step(
      "an operator's server: it starts over an empty database, runs no server of its own, and takes a centre",
      async () => {
        server = await DebianPostgres.start(join(builtIn.folder, "debian"));
        external = new Landline([...options, "--database", server.url]);
        await external.start();
        const version = await databaseOf(external);
        expect(version.startsWith(`${debianVersion}.`), `the operator's server is ${version}`);
        expect(runningTarget(external.data, "landline") === null, "a server of its own runs in the data folder");
        external.apply(testCentre([ownAddress]));
      },
      { must: true },
    );
    await step("an operator's server: a call is answered, waits with music, and its end is in the log", () => aCall(external!));
    await step("an operator's server: twenty writers for half a minute, and verify is green", () =>
      manyWriters(external!, externalTarget(server!.url)),
    );
    await step("an operator's server: everything is there after a restart", async () => {
      await external!.stop();
      await external!.start();
      expect((await conversationsOf(external!)).length === 1, "the call is gone");
      await verified(external!);
      await external!.stop();
    });

    await step("Debian's programs, run by us: it starts, takes a call, verifies, starts again", async () => {
      ownPrograms = new Landline([...options, "--postgres-bin", programs]);
      await ownPrograms.start();
      const version = await databaseOf(ownPrograms);
      expect(version.startsWith(`${debianVersion}.`), `it runs ${version}`);
      ownPrograms.apply(testCentre([ownAddress]));
      await aCall(ownPrograms);
      await ownPrograms.stop();
      await ownPrograms.start();
      expect((await conversationsOf(ownPrograms)).length === 1, "the call is gone");
      await verified(ownPrograms);
      await ownPrograms.stop();
    });
  },
  async () => {
    Baresip.quitAll();
    const all = [builtIn, external, ownPrograms].filter((landline) => landline !== null);
    for (const landline of all) await landline.stop();
    await server?.stop();
    if (!hasFailed()) for (const landline of all) landline.discard();
  },
);

/** The server's version, as the node says it when it is ready. */
function databaseOf(landline: Landline): Promise<string> {
  return eventually("the node says what database it has", () => /fact=ready .*database="?([\d.]+)/.exec(landline.log)?.[1]);
}

async function verified(landline: Landline): Promise<void> {
  const { code, out, error } = landline.run(["verify", "--rows"]);
  expect(code === 0, `verify: ${out}${error}`);
}

type Conversation = { readonly id: string; readonly endReason: string | null };
async function conversationsOf(landline: Landline): Promise<Conversation[]> {
  return (await landline.api<{ entities: Conversation[] }>("/api/v2/landline/conversations")).entities;
}

async function aCall(landline: Landline): Promise<void> {
  Baresip.quitAll();
  const caller = new Baresip(join(landline.folder, "phone"), ownAddress, 440);
  await caller.ready();
  caller.dial(`sip:100@${ownAddress}:5060`);
  await eventually("the call is answered", () => caller.established === 1);
  await hearsSomething(caller, "the caller hears the menu");
  caller.press("2");
  await eventually("the caller waits in the queue, and routing has found nobody", async () =>
    (await decisionsOf(landline)).some(({ userId }) => userId === null),
  );
  await hearsSomething(caller, "the waiting caller hears music");
  caller.hangUp();
  await eventually("the end is in the log", async () => (await conversationsOf(landline))[0]?.endReason === "abandoned-in-queue");
  await verified(landline);
}

async function decisionsOf(landline: Landline): Promise<{ readonly userId: string | null }[]> {
  const { id } = (await conversationsOf(landline))[0]!;
  return (await landline.api<{ entities: { userId: string | null }[] }>(`/api/v2/landline/conversations/${id}/decisions`)).entities;
}

/** Writers of the test's own beside the running node, under an id of their own, each transaction with one event or three. */
async function manyWriters(landline: Landline, target: ConnectTarget): Promise<void> {
  const env = realEnv("error");
  const sql = connect(target, { max: writers, name: "landline writers" });
  // As in the product: a transaction that needs a new key must not wait for a connection that the others hold.
  const keySql = connect(target, { max: 2, name: "landline writers' keys" });
  try {
    const [home] = await sql<{ organizationId: OrganizationId; divisionId: DivisionId }[]>`
      select organization_id as "organizationId", division_id as "divisionId" from event where division_id is not null limit 1`;
    const keys = loadOrCreateKeys(env, join(landline.folder, "keys/landline.key"));
    const dataKeys = new DataKeys(env, keySql, keys, home!.organizationId);
    const identity = await joinCluster(env, sql, newId(env));
    const unit = new PostgresUnitOfWork<Session>(sql, { env, identity, keys: dataKeys }, (session) => session);
    const draft = (n: number): EventDraft => {
      const id = newId<EventId>(env);
      const at = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
      const whose = { actorId: identity.nodeId, subjectIds: [], seal: { kind: "organization" }, payload: { writer: n } } as const;
      return { id, at, type: "test.happened", ...home!, ...whose };
    };
    let written = 0;
    const until = Date.now() + writeMs;
    const writer = async (n: number): Promise<void> => {
      for (let i = 0; Date.now() < until; i++) {
        const events = i % 3 === 0 ? [draft(n), draft(n), draft(n)] : [draft(n)];
        await unit.run(async () => ({ value: undefined, events }));
        written += events.length;
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, n) => writer(n)));
    const [chain] = await sql<{ ours: number; all: number; last: number; broken: number; predecessors: number }[]>`
      select count(*) filter (where type = 'test.happened') as ours, count(*) as all, max(seq) as last,
        count(*) filter (where prev <> before) as broken, count(distinct prev) as predecessors
      from (select seq, type, prev, lag(hash) over (order by seq) as before from event) as chained`;
    const { ours, all, last, broken, predecessors } = chain!;
    console.log(`${written} events by ${writers} writers in ${writeMs / 1_000} s on PostgreSQL ${await databaseOf(landline)}`);
    expect(written > writers * 10 && ours === written, `${written} events were acknowledged, ${ours} are in the log`);
    expect(all === last, `the log holds ${all} events up to ${last}: gaps`);
    expect(broken === 0 && predecessors === all, `${broken} events do not follow the one before, ${all - predecessors} forks`);
  } finally {
    await Promise.all([sql.end({ timeout: 5 }), keySql.end({ timeout: 5 })]);
  }
  await verified(landline);
}
