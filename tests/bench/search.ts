// `npm run bench:search`: searches among 200,000 conversations of a year, as the page and the API ask them, on a real PostgreSQL. Asserts nothing.
import type { ConversationFilter } from "../../core/conversation/search.ts";
import type { OrganizationId } from "../../core/lib/id.ts";
import type { Session } from "../../storage/postgres/connect.ts";
import { conversationStore } from "../../storage/stores/conversation-store.ts";
import { testDatabase } from "../support/postgres.ts";

const rows = Number(process.env.ROWS ?? 200_000);
const times = Number(process.env.TIMES ?? 30);
const [queues, agents] = [20, 200];
const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 30, 16);
const pageSize = 50;
const organizationId = "00000000-0000-7000-8000-000000000001" as OrganizationId;
const uuid = (kind: string, n: number): string => `00000000-0000-7000-8${kind}00-${String(n).padStart(12, "0")}`;
const queueId = (n: number): string => uuid("1", n);
const userId = (n: number): string => uuid("2", n);

const { sql, connect } = await testDatabase();
const filledAt = performance.now();
await fill(sql);
console.log(
  `${rows} conversations, filled in ${((performance.now() - filledAt) / 1_000).toFixed(0)} s; ${times} searches of each kind, ms`,
);

const one = connect(1);
const store = conversationStore(one);
/** The instant before which this share of the year lies. */
const back = (share: number): number => Math.round(now - share * 365 * dayMs);

type Case = readonly [name: string, ask: (n: number) => Promise<unknown>];
const list = (filter: ConversationFilter, before: number | null = null): Promise<unknown> =>
  store.search(organizationId, filter, before === null ? null : { startedAt: before, id: uuid("9", 0) }, pageSize + 1);
const page = (filter: ConversationFilter, pageNumber = 1, order: "asc" | "desc" = "asc", size = 25): Promise<unknown> =>
  store.searchPage(organizationId, filter, { pageSize: size, pageNumber, order });
const lastDays = (days: number): ConversationFilter => ({ from: now - days * dayMs, to: now });
const bySip = (sipId: string): Promise<unknown> => store.withSipId(organizationId, sipId, 100);
const digits = (n: number, length: number): string => String((n * 7_919) % 10 ** length).padStart(length, "0");

const cases: readonly Case[] = [
  ["list: newest", () => list({})],
  ["list: later page", (n) => list({}, back((n + 1) / (times + 2)))],
  ["list: today", () => list(lastDays(1))],
  ["list: part of a number, rare", (n) => list({ text: digits(n, 5) })],
  ["list: part of a number, common", (n) => list({ text: digits(n, 2) })],
  ["list: part of a number, none has it", (n) => list({ text: `99999${digits(n, 4)}` })],
  ["list: two characters that few have", (n) => list({ text: `x${n % 10}` })],
  ["list: a whole number", (n) => list({ text: `+4416329${digits(n, 5)}` })],
  ["list: SIP, a Call-ID", (n) => bySip(`call-${1 + ((n * 7_919) % rows)}@carrier.example`)],
  ["list: SIP, a Session-ID that none has", (n) => bySip(digits(n, 5).padStart(32, "a"))],
  ["list: part of a name", (n) => list({ text: `smith ${n}` })],
  ["list: queue, busy", () => list({ queueIds: [queueId(1)] })],
  ["list: queue, small", () => list({ queueIds: [queueId(queues)] })],
  ["list: queue, later page", (n) => list({ queueIds: [queueId(1 + (n % queues))] }, back(0.5))],
  ["list: queue that nobody called", () => list({ queueIds: [queueId(99)] })],
  ["list: person", (n) => list({ userIds: [userId(1 + (n % agents))] })],
  ["list: person, later page", (n) => list({ userIds: [userId(1 + (n % agents))] }, back(0.7))],
  ["list: person who has left", () => list({ userIds: [userId(agents + 1)] })],
  ["list: code, common", () => list({ wrapupCodes: ["Code 1"] })],
  ["list: code, rare", () => list({ wrapupCodes: ["Fraud"] })],
  ["list: code, never", () => list({ wrapupCodes: ["Never"] })],
  ["list: end, common", () => list({ endReasons: ["agent-hung-up"] })],
  ["list: end, rare", () => list({ endReasons: ["error"] })],
  [
    "list: queue, person and month",
    (n) => list({ queueIds: [queueId(1 + (n % 3))], userIds: [userId(1 + (n % agents))], ...lastDays(30) }),
  ],
  ["list: queue and part of a number", (n) => list({ queueIds: [queueId(1 + (n % queues))], text: digits(n, 4) })],
  ["list: end and part of a number", (n) => list({ endReasons: ["abandoned-in-queue"], text: digits(n, 4) })],
  ["details: a day", (n) => page({ from: now - (n + 1) * dayMs, to: now - n * dayMs })],
  ["details: a month", () => page(lastDays(30))],
  ["details: a year", () => page(lastDays(365))],
  ["details: a year, page 200 of 25", () => page(lastDays(365), 200)],
  ["details: a year, page 1,000 of 100", () => page(lastDays(365), 1_000, "asc", 100)],
  ["details: a year, newest first", () => page(lastDays(365), 1, "desc")],
  ["details: queue, a month", (n) => page({ queueIds: [queueId(1 + (n % queues))], ...lastDays(30) })],
  ["details: queue, busy, a year", () => page({ queueIds: [queueId(1)], ...lastDays(365) })],
  ["details: queue, small, a year", () => page({ queueIds: [queueId(queues)], ...lastDays(365) })],
  ["details: person, a year", (n) => page({ userIds: [userId(1 + (n % agents))], ...lastDays(365) })],
  ["details: code, common, a year", () => page({ wrapupCodes: ["Code 1"], ...lastDays(365) })],
  ["details: code, rare, a year", () => page({ wrapupCodes: ["Fraud"], ...lastDays(365) })],
  ["details: end of a part, common, a year", () => page({ disconnectTypes: ["client"], ...lastDays(365) })],
  ["details: end of a part, rare, a year", () => page({ disconnectTypes: ["timeout"], ...lastDays(365) })],
  ["details: caller, a year", (n) => page({ callerNumbers: [`+4416329${digits(n, 5)}`], ...lastDays(365) })],
  ["details: called, a year", (n) => page({ calledNumbers: [`+44163296000${n % 10}`], ...lastDays(365) })],
];

const wanted = process.argv[2] ?? "";
for (const [name, ask] of cases.filter(([title]) => title.includes(wanted))) {
  await ask(0);
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    const startedAt = performance.now();
    await ask(n);
    took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): string => took[Math.min(times - 1, Math.floor(share * times))]!.toFixed(1).padStart(8);
  console.log(`${name.padEnd(42)} p50 ${at(0.5)}  p99 ${at(0.99)}${took.at(-1)! > 100 ? "  over 100" : ""}`);
}
process.exit(0);

/** A year of calls in the daytime: some numbers call again and again, some queues and codes are rare, one person has left. */
async function fill(session: Session): Promise<void> {
  await session.unsafe(`
    select setseed(0.42);
    create temporary table made as
      select gen_random_uuid() as id, i,
        to_timestamp(${now / 1_000}) - make_interval(days => floor(random() * 365)::int, secs => floor(random() * random() * 43200)::int) as at,
        least(${queues}, 1 + floor(${queues} * power(random(), 2.5))::int) as queue,
        1 + floor(random() * ${agents})::int as agent,
        random() as fate, 5 + random() * 120 as waited, 30 + random() * 600 as talked
      from generate_series(1, ${rows}) i;
    insert into conversation (id, organization_id, division_id, node_id, direction, caller_number, caller_name, called_number, started_at, answered_at, ended_at, end_reason, data, sip_ids)
      select id, '${organizationId}', '${organizationId}', '${organizationId}', 'inbound',
        '+4416329' || lpad(floor(power(random(), 2) * 100000)::int::text, 5, '0'),
        case when random() < 0.2 then (array['Smith','Jones','Okafor','Nair','Zieliński','Müller','Grant','Ito'])[1 + floor(random() * 8)::int] || ' ' || floor(random() * 500)::int else '' end,
        '+44163296000' || floor(random() * 10)::int, at, at + interval '1 second', at + make_interval(secs => waited + talked),
        case when fate < 0.60 then 'customer-hung-up' when fate < 0.86 then 'agent-hung-up' when fate < 0.94 then 'abandoned-in-queue'
          when fate < 0.98 then 'abandoned-in-flow' when fate < 0.9995 then 'rejected' else 'error' end, '{}',
        array['call-' || i || '@carrier.example', 'call-' || i || '@phone.example', md5(i::text), md5(i || 'b')]
      from made;
    insert into participant (id, conversation_id, purpose, started_at, connected_at, ended_at, disconnect_type)
      select gen_random_uuid(), id, 'customer', at, at, at + make_interval(secs => waited + talked), case when fate < 0.6 then 'client' when fate < 0.9999 then 'peer' else 'timeout' end from made;
    insert into participant (id, conversation_id, purpose, started_at, connected_at, ended_at, disconnect_type)
      select gen_random_uuid(), id, 'ivr', at, at, at + interval '5 seconds', 'transfer' from made where fate < 0.98;
    insert into participant (id, conversation_id, purpose, queue_id, started_at, connected_at, ended_at, disconnect_type)
      select gen_random_uuid(), id, 'acd', ('00000000-0000-7000-8100-' || lpad(queue::text, 12, '0'))::uuid, at + interval '5 seconds', at + interval '5 seconds',
        at + make_interval(secs => waited), case when fate < 0.86 then 'transfer' else 'client' end from made where fate < 0.94;
    insert into participant (id, conversation_id, purpose, user_id, queue_id, started_at, connected_at, ended_at, disconnect_type, wrapup_code)
      select gen_random_uuid(), id, 'agent',
        ('00000000-0000-7000-8200-' || lpad((case when i % 40000 = 0 then ${agents + 1} else agent end)::text, 12, '0'))::uuid,
        ('00000000-0000-7000-8100-' || lpad(queue::text, 12, '0'))::uuid, at + make_interval(secs => waited - 3), at + make_interval(secs => waited),
        at + make_interval(secs => waited + talked), case when fate < 0.6 then 'peer' else 'client' end,
        case when i % 20000 = 0 then 'Fraud' else 'Code ' || 1 + floor(10 * random() * random())::int end from made where fate < 0.86;
    insert into segment (participant_id, conversation_id, type, started_at, ended_at)
      select id, conversation_id, case purpose when 'ivr' then 'ivr' else 'interact' end, coalesce(connected_at, started_at), ended_at from participant;
    insert into segment (participant_id, conversation_id, type, started_at, ended_at)
      select id, conversation_id, 'alert', started_at, connected_at from participant where purpose = 'agent'
      union all select id, conversation_id, 'wrapup', ended_at, ended_at + interval '20 seconds' from participant where purpose = 'agent';
  `);
  // As the server's own housekeeping has done it by then.
  for (const table of ["conversation", "participant", "segment"]) await session.unsafe(`vacuum analyze ${table}`);
}
