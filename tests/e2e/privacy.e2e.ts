// What a caller types is nowhere afterwards, and what a stranger sends stops nothing: a card number in every place that keeps, and the torture corpora as names.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { realEnv } from "../../cmd/env.ts";
import type { OrganizationId } from "../../core/lib/id.ts";
import { PostgresEventLog } from "../../storage/event-log.ts";
import { DataKeys } from "../../storage/vault/data-keys.ts";
import { loadOrCreateKeys } from "../../storage/vault/keys.ts";
import { Baresip } from "../support/baresip.ts";
import { Desk } from "../support/desk.ts";
import { landlineHere } from "../support/image.ts";
import { testCentre } from "../support/landline.ts";
import { withDatabase } from "../support/ledger.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { RawSip } from "../support/raw-sip.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

/** Of a row that no program and no date holds by chance. */
const card = "4929718305629417";
const pieceLength = 8;

const pieces = [card, [...card].reverse().join("")].flatMap((number) =>
  Array.from({ length: number.length - pieceLength + 1 }, (_, at) => number.slice(at, at + pieceLength)),
);
/** Digits in a list, or one to a line: up to three other characters between two. */
const apart = new RegExp(pieces.map((piece) => [...piece].join("[^0-9]{1,3}")).join("|"));

/** The display names that may be refused (RFC 3261 §25.1: words, or one quoted string): a quotation mark without its partner, or more behind it. */
const refused = [
  '"Mr. J. User',
  '1812 overture "In Progress"',
  '"Bell Alexander" sip:a.g.bell@example.comtag=433423',
  '"J Rosenberg \\\\\\""       sip:jdrosen@example.com  tag = 98asjd8',
  '"%Z%45" sip:resource@example.comtag=f232jadfj23',
  '"Caller" sip:caller@[2001:db8::20]',
  '"Caller" sip:caller@[2001:db8::9:1]',
];

await insideNamespace();
const landline = landlineHere(["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"]);
/** Where the card was looked for, and how much of it. */
const searched = { places: 0, bytes: 0 };

await program(
  async () => {
    await step(
      "a node with a centre",
      async () => {
        await landline.start();
        landline.apply(testCentre([ownAddress]));
      },
      { must: true },
    );
    await step("a card number is typed and taken; while the call is up no file holds it", async () => {
      const caller = new Baresip(join(landline.folder, "phone"), ownAddress, 440);
      await eventually("the phone is ready", () => caller.log.includes("ready"));
      caller.dial(`sip:100@${ownAddress}:5060`);
      await eventually("the call is answered", () => caller.established === 1);
      for (const digit of `3${card}#`) {
        await Bun.sleep(400);
        caller.press(digit);
      }
      await eventually("all sixteen digits are taken", async () =>
        (await stepsOf(await newest())).some(({ facts }) => facts?.digits === card.length),
      );
      searchFiles(landline.data);
      caller.hangUp();
      await eventually("the call has ended", async () => (await conversations())[0]!.endedAt !== null);
    });
    await step("the same typed in SIP INFO", async () => {
      const phone = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
      expect((await phone.call({ called: "100", digits: `3${card}#` }, 500)) === 200, "the call is not answered");
      phone.close();
      await eventually("all sixteen digits were taken", async () =>
        (await stepsOf(await newest())).some(({ facts }) => facts?.digits === card.length),
      );
    });
    await step("after the call it is in no file, table, event, ladder, page, metric or line of the log", async () => {
      const both = (await conversations()).map(({ id }) => id);
      expect(both.length === 2, `${both.length} conversations`);
      for (const id of both)
        await eventually("the ladder is kept", async () => (await eventsOf(id)).some(({ type }) => type === "conversation.ladder.kept"));
      searchFiles(landline.data);
      search("the node's output", landline.log);
      search("/metrics", await (await fetch("http://127.0.0.1:9464/metrics")).text());
      await searchTables();
      await searchLog();
      for (const id of both) await searchPages(id);
      expect(
        searched.places > 100 && searched.bytes > 50_000_000,
        `only ${searched.places} places and ${searched.bytes} bytes were searched`,
      );
    });
    await step("the search finds what it looks for", () => {
      const list = JSON.stringify([...card.slice(3, 11)]);
      for (const text of [card, card.slice(8), [...card].reverse().join(""), list, Buffer.from(card).toString("hex")])
        expect(holds(`x${text}y`) !== null, `${text} is not found`);
      expect(holds(`${card.slice(0, 7)} 0 ${card.slice(9)} 0`) === null, "too short a piece is found");
      return Promise.resolve();
    });
    await step("every string of the torture corpora as name, User-Agent and Call-ID of a call stops nothing", torture);
  },
  async () => {
    Baresip.quitAll();
    await landline.stop();
    if (!hasFailed()) landline.discard();
  },
);

// ── The card ──

/** The piece of the card that a text holds: as it is, reversed, its digits apart, or as hexadecimal bytes. */
function holds(text: string): string | null {
  for (const piece of pieces) {
    if (text.includes(piece)) return piece;
    if (text.includes(Buffer.from(piece).toString("hex"))) return `${piece} as bytes`;
  }
  return apart.exec(text)?.[0] ?? null;
}

function search(place: string, text: string): void {
  searched.places += 1;
  searched.bytes += text.length;
  const found = holds(text);
  expect(found === null, `${place} holds ${found}`);
}

function searchFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) searchFiles(path);
    else if (entry.isFile() && statSync(path, { throwIfNoEntry: false }) !== undefined) search(path, readFileSync(path, "latin1"));
  }
}

async function searchTables(): Promise<void> {
  await withDatabase(landline, async (sql) => {
    const tables = await sql<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`;
    expect(tables.length > 20, `only ${tables.length} tables`);
    for (const { name } of tables)
      for (const { row } of await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t`) search(`a row of ${name}`, row);
  });
}

type Happened = { readonly type: string; readonly payload: { readonly [key: string]: unknown } | null };

/** Decrypted with the key file. */
async function events(): Promise<readonly (Happened & { readonly subjectIds: readonly string[] })[]> {
  return withDatabase(landline, async (sql) => {
    const [organization] = await sql<{ id: OrganizationId }[]>`select id from organization`;
    const env = realEnv("error");
    const keys = loadOrCreateKeys(env, join(landline.folder, "keys/landline.key"));
    return new PostgresEventLog(sql, new DataKeys(env, sql, keys, organization!.id)).read(0, 100_000);
  });
}

async function eventsOf(id: string): Promise<readonly Happened[]> {
  return (await events()).filter(({ subjectIds }) => subjectIds.includes(id));
}

async function stepsOf(id: string): Promise<{ readonly facts?: { readonly digits?: number } }[]> {
  return (await eventsOf(id)).flatMap(({ type, payload }) => (type === "conversation.flow.stepped" ? [payload as object] : []));
}

async function searchLog(): Promise<void> {
  for (const { type, payload } of await events()) {
    search(`the payload of ${type}`, JSON.stringify(payload));
    if (type !== "conversation.ladder.kept") continue;
    const ladder = gunzipSync(Buffer.from(String(payload!.gzip), "base64")).toString("utf8");
    expect(ladder.includes("INVITE"), "the ladder shows no INVITE");
    expect(!ladder.includes("Signal="), "the ladder shows single digits");
    search("the ladder", ladder);
  }
}

async function searchPages(id: string): Promise<void> {
  const desk = await Desk.signIn(landline.http, "gareth@example.org");
  for (const path of [`/conversations/${id}`, "/performance/queues"]) search(path, await desk.get(path));
  for (const path of [
    `/api/v2/conversations/${id}`,
    "/api/v2/landline/conversations",
    `/api/v2/landline/conversations/${id}/decisions`,
    "/api/v2/landline/board",
  ])
    search(path, JSON.stringify(await landline.api(path)));
}

async function conversations(): Promise<{ readonly id: string; readonly endedAt: number | null }[]> {
  return (await landline.api<{ entities: { id: string; endedAt: number | null }[] }>("/api/v2/landline/conversations?pageSize=500"))
    .entities;
}

async function newest(): Promise<string> {
  return (await conversations())[0]!.id;
}

// ── The corpora ──

/** Every header value of the torture messages, unfolded, byte for byte; Call-IDs and what stands before an address, too. */
function corpora(): { readonly values: string[]; readonly callIds: string[]; readonly names: string[] } {
  const values = new Set<string>();
  const callIds = new Set<string>();
  const names = new Set<string>();
  for (const folder of ["rfc4475", "rfc5118"]) {
    const path = join(import.meta.dir, "../corpora", folder);
    for (const file of readdirSync(path).filter((name) => name.endsWith(".dat"))) {
      const [head] = readFileSync(join(path, file), "latin1").split("\r\n\r\n");
      for (const line of head!.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
        const [, name, value] = /^([^: \t]+)[ \t]*:[ \t]*(.*)$/s.exec(line) ?? [];
        if (name === undefined || value === undefined || value === "") continue;
        values.add(value);
        if (/^(call-id|i)$/i.test(name)) callIds.add(value);
        const before = /^(.*?)[ \t]*</s.exec(value)?.[1];
        if (/^(from|to|contact|f|t|m)$/i.test(name) && before !== undefined && before !== "") names.add(before);
      }
    }
  }
  return { values: [...values], callIds: [...callIds], names: [...names] };
}

async function torture(): Promise<void> {
  const { values, callIds, names } = corpora();
  expect(
    values.length > 200 && callIds.length > 40 && names.length > 10,
    `the corpora gave ${values.length}, ${callIds.length}, ${names.length}`,
  );
  const inLog = (): Promise<number> =>
    withDatabase(landline, async (sql) => {
      const [row] = await sql<{ count: number }[]>`
        select ((select count(*) from conversation where ended_at is not null) + (select count(*) from event where type = 'event.unstorable'))::int as count`;
      return row!.count;
    });
  const before = await inLog();
  const phone = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
  let answered = 0;
  for (const [i, value] of values.entries()) {
    // Both as they are and as a display name that is no name at all: quoted and bare.
    const name = i < names.length ? names[i]! : i % 2 === 0 ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : value.replaceAll(/[<>,;]/g, "");
    const status = await phone.call(
      {
        called: "100",
        callId: `${callIds[i % callIds.length]}-${i}`,
        from: `${name} <sip:caller@localhost>`,
        headers: [`User-Agent: ${value}`, `Subject: ${value}`],
      },
      0,
    );
    const wanted = refused.includes(name) ? 400 : 200;
    expect(status === wanted, `User-Agent ${value}, name ${name}: ${status === null ? "no answer" : status}, not ${wanted}`);
    if (status === 200) answered += 1;
  }
  expect(answered === values.length - refused.length, `${answered} of ${values.length} calls were answered`);
  await eventually(`${answered} calls are in the log`, async () => (await inLog()) - before >= answered);
  expect((await inLog()) - before === answered, `${answered} calls were answered, ${(await inLog()) - before} are in the log`);
  expect((await phone.ask("OPTIONS", "100")) < 500, "OPTIONS is not answered any more");
  phone.close();
  const desk = await Desk.signIn(landline.http, "gareth@example.org");
  for (const { id } of (await conversations()).slice(0, 30)) await desk.get(`/conversations/${id}`);
  const { code, out, error } = landline.run(["verify", "--rows"]);
  expect(code === 0, `verify: ${out}${error}`);
}
