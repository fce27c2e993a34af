// Checks everything that is kept against everything else that is kept: chain, payloads, signed heads, rows, recordings, journal.
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, relative } from "node:path";
import { payloadPlace } from "../core/events/chain.ts";
import { canonicalJson } from "../core/lib/canonical.ts";
import { secretDigest } from "../core/objects/object.ts";
import { recordingErasedType } from "../core/recording/retention.ts";
import { audited } from "./audited.ts";
import { ChainWalk, type PrunedRun } from "./chain-walk.ts";
import { erasedType, keyDestroyedType } from "./erase.ts";
import { type StoredEvent, storedEventColumns } from "./event-log.ts";
import { Findings, type Found, type Verdict, verdictLines } from "./finding.ts";
import { journalSegments } from "./journal.ts";
import { parseSegmentHeader, readRecord, SegmentTags, segmentHeaderBytes, segmentKey, segmentStart } from "./journal-segment.ts";
import type { Session, Sql } from "./postgres/connect.ts";
import type { DataKeys } from "./vault/data-keys.ts";
import { linesOf, readHeads, type SignedHead } from "./vault/heads.ts";
import type { Keys, Verifier } from "./vault/keys.ts";
import { type FileRecordings, recordingFiles } from "./vault/recordings.ts";
import { openPayload } from "./vault/seal.ts";

const batchMax = 2_000;
export type VerifyInput = {
  readonly sql: Sql;
  readonly keys: Keys;
  readonly dataKeys: DataKeys;
  /** `<data>/checkpoints.log`, and copies of it. */
  readonly headFiles: readonly string[];
  /** Heads that were taken elsewhere before, their signatures checked. */
  readonly headsElsewhere: readonly SignedHead[];
  readonly journalFolder: string | null;
  readonly recordings: FileRecordings | null;
  /** Recordings of other nodes lie elsewhere. */
  readonly nodeId: string;
  /** Compare audited rows with what the log says of them. */
  readonly rows: boolean;
};
export type ErasedPayload = { readonly seq: number; readonly by: number; readonly policy: string };
export type VerifyReport = Verdict & {
  readonly erased: readonly ErasedPayload[];
  readonly checked: Readonly<Record<"events" | "payloads" | "heads" | "rows" | "recordings" | "recordingBytes" | "journalRecords", number>>;
};

/**
 * Reads everything once; changes nothing. Runs beside a living node: log and rows are read as they were at one instant, so that what is
 * changed meanwhile is not taken for a contradiction.
 */
export async function verify(input: VerifyInput): Promise<VerifyReport> {
  const run = new Verification(input);
  await input.sql.begin("isolation level repeatable read read only", async (session) => {
    await run.chain(session);
    await run.erasures(session);
    if (input.rows) await run.rows(session);
  });
  if (input.recordings !== null) await run.recordings(input.recordings);
  if (input.journalFolder !== null) run.journal(input.journalFolder);
  return run.report();
}

/** The report as lines for people; the last one is the verdict. */
export function verifyLines(report: VerifyReport): string[] {
  const { checked, erased } = report;
  const byEraser = Map.groupBy(erased, (entry) => `${entry.by} ${entry.policy}`);
  const erasures = [...byEraser.values()].map((group) => {
    const { by, policy } = group[0]!;
    const which =
      group.length === 1 ? `payload of ${group[0]!.seq}` : `payloads of ${group.length} events (${group[0]!.seq} … ${group.at(-1)!.seq})`;
    return `${which} erased by ${by}, policy ${policy}`;
  });
  const megabytes = (checked.recordingBytes / 1e6).toFixed(1);
  return [
    `${checked.events} events, ${checked.payloads} payloads, ${checked.heads} signed heads, ${checked.rows} rows, ${checked.recordings} recordings (${megabytes} MB), ${checked.journalRecords} journal records`,
    ...erasures,
    ...verdictLines(report),
  ];
}

/** The newest thing the log says of an entity; `after` null: it was deleted. */
type Latest = { readonly seq: number; readonly table: string; readonly after: Readonly<Record<string, unknown>> | null };
type ClosedRecording = { readonly node: string; readonly manifestSha256: string | undefined; readonly seq: number };

class Verification {
  private readonly findings = new Findings();
  private readonly found: Found = this.findings.found;
  private readonly checked = {
    events: 0,
    payloads: 0,
    heads: 0,
    rows: 0,
    recordings: 0,
    recordingBytes: 0,
    journalRecords: 0,
  };
  private readonly signedHeads: SignedHead[] = [];
  private walk = new ChainWalk([], [], () => undefined);
  private recordingsElsewhere = 0;
  /** Events without a readable payload, with the key that sealed it when the row is still there. */
  private readonly missing: { seq: number; keyId: string | null }[] = [];
  private readonly erasedBy = new Map<number, { by: number; policy: string }>();
  private readonly destroyedBy = new Map<string, { by: number }>();
  private readonly erased: ErasedPayload[] = [];
  private readonly latest = new Map<string, Latest>();
  private readonly closed = new Map<string, ClosedRecording>();
  private readonly erasedRecordings = new Map<string, { by: number; policy: string }>();

  constructor(private readonly input: VerifyInput) {
    for (const path of input.headFiles) {
      const { heads, findings } = readHeads(linesOf(path), input.keys);
      this.signedHeads.push(...heads);
      for (const finding of findings) this.found(finding.code, finding.place, finding.message);
    }
    this.signedHeads.push(...input.headsElsewhere);
    this.checked.heads = this.signedHeads.length;
  }

  async chain(sql: Session): Promise<void> {
    const { dataKeys, keys: own } = this.input;
    this.walk = new ChainWalk(this.signedHeads, await prunedRuns(sql, own, this.found), this.found);
    for await (const events of storedEvents(sql)) {
      const keys = await dataKeys.byIds(events.flatMap((event) => event.keyId ?? []));
      for (const event of events) {
        this.walk.take(event);
        this.payload(event, event.keyId === null ? undefined : keys.get(event.keyId));
      }
    }
    this.walk.end();
    this.checked.events = this.walk.events;
    // A second row under a sequence, or one where all was pruned, would be read by others and passed over above.
    const { seq, gaps, prunedEvents } = this.walk;
    const [count] = await sql<{ rows: number }[]>`select count(*) as rows from event where seq <= ${seq}`;
    const expected = seq - gaps - prunedEvents;
    if (count!.rows !== expected)
      this.found("chain-double", `events 1 to ${seq}`, `there are ${count!.rows} rows where ${expected} belong`);
  }

  private payload(event: StoredEvent, key: Uint8Array | undefined): void {
    const place = `event ${event.seq}`;
    if (event.body === null || key === undefined) {
      this.missing.push({ seq: event.seq, keyId: event.keyId });
      return;
    }
    const opened = openPayload(key, payloadPlace(event), event.body);
    if (opened === null)
      return this.found("payload-seal", place, "its payload was changed or moved here from another event, or its header was written anew");
    if (opened.digest !== event.payloadDigest)
      return this.found("payload-digest", place, "its payload is not the one that the chain names");
    this.checked.payloads += 1;
    try {
      this.remember(event, JSON.parse(opened.canonical));
    } catch (error) {
      this.found("payload-shape", place, `its payload is not what its type promises: ${String(error)}`);
    }
  }

  // What later checks need of the payloads: erasures, rows, recordings.
  private remember(event: StoredEvent, payload: Record<string, unknown>): void {
    if (event.type === erasedType || event.type === keyDestroyedType) {
      const reason = { by: event.seq, policy: String(payload.policy) };
      for (const seq of payload.seqs as number[]) this.erasedBy.set(seq, reason);
      for (const keyId of (payload.keyIds as string[] | undefined) ?? []) this.destroyedBy.set(keyId, reason);
    }
    if (event.type === "conversation.recording.closed") {
      const manifestSha256 = typeof payload.manifestSha256 === "string" ? payload.manifestSha256 : undefined;
      this.closed.set(String(payload.path), { node: event.node, manifestSha256, seq: event.seq });
    }
    if (event.type === recordingErasedType)
      this.erasedRecordings.set(String(payload.path), { by: event.seq, policy: String(payload.policy) });
    const entry = audited.find(({ types }) => types.test(event.type));
    if (entry === undefined) return;
    const after = (payload.after ?? null) as Latest["after"];
    const id = (after ?? (payload.before as Latest["after"]))?.id;
    if (typeof id === "string") this.latest.set(`${entry.table.name} ${id}`, { seq: event.seq, table: entry.table.name, after });
  }

  /** Every payload that is gone must have been erased by an event; every payload that was erased must be gone. */
  async erasures(sql: Session): Promise<void> {
    for (const { seq, keyId } of this.missing) {
      // Which key a row names is nobody's word but the row's: only an event that lists the sequence has erased it.
      const reason = this.erasedBy.get(seq);
      if (reason !== undefined) this.erased.push({ seq, ...reason });
      else if (keyId === null) this.found("payload-missing", `event ${seq}`, "its payload is gone and no event says who erased it");
      else
        this.found(
          "payload-key",
          `event ${seq}`,
          `its payload cannot be opened: data key ${keyId} is gone and no event says who destroyed it`,
        );
    }
    const seqs = [...this.erasedBy.keys()];
    for (let i = 0; i < seqs.length; i += 10_000) {
      const still = await sql<{ seq: number }[]>`select seq from event_payload where seq = any(${seqs.slice(i, i + 10_000)}::bigint[])`;
      for (const { seq } of still)
        this.found("payload-returned", `event ${seq}`, `its payload is here although ${this.erasedBy.get(seq)!.by} erased it`);
    }
    for (const keyId of this.destroyedBy.keys()) {
      const [living] = await sql`select 1 from data_key where id = ${keyId} and wrapped is not null`;
      if (living !== undefined)
        this.found("key-returned", `data key ${keyId}`, `it is here although ${this.destroyedBy.get(keyId)!.by} destroyed it`);
    }
    const orphans = await sql<{ seq: number }[]>`
      select p.seq from event_payload p left join event e on e.seq = p.seq and e.at = p.at where e.seq is null order by p.seq limit 100`;
    for (const { seq } of orphans) this.found("payload-orphan", `payload ${seq}`, "it belongs to no event");
  }

  /** Row by row against the `after` of the event that it says it is as of. */
  async rows(sql: Session): Promise<void> {
    for (const { table } of audited) {
      const present = new Set<string>();
      for (const row of await sql<Record<string, unknown>[]>`${table.from(sql)} order by t.id`) {
        const key = `${table.name} ${row.id}`;
        present.add(key);
        this.row(key, row);
      }
      for (const [key, { seq, table: name, after }] of this.latest) {
        if (name === table.name && after !== null && !present.has(key)) {
          this.found("row-missing", key, `the row is gone, though event ${seq} says that it is there`);
        }
      }
    }
  }

  private row(key: string, row: Record<string, unknown>): void {
    const latest = this.latest.get(key);
    if (latest === undefined) {
      const asOf =
        row.eventSeq === null ? "no event made it" : `it is as of event ${row.eventSeq}, which says nothing of it that can be read`;
      return this.found("row-event", key, asOf);
    }
    this.checked.rows += 1;
    if (latest.after === null) return this.found("row-returned", key, `the row is here although event ${latest.seq} deleted it`);
    if (row.eventSeq !== latest.seq) {
      return this.found(
        "row-event",
        key,
        `it is as of event ${row.eventSeq}, the newest about it is ${latest.seq}: an older row was put back`,
      );
    }
    const { after } = latest;
    const fields = Object.keys(after).filter((field) => canonicalJson(valueIn(row, field)) !== canonicalJson(after[field] ?? null));
    if (fields.length > 0) this.found("row-differs", key, `${fields.join(", ")} differ from event ${latest.seq}`);
  }

  async recordings(vault: FileRecordings): Promise<void> {
    const onDisk = new Set(recordingFiles(vault.folder).map((path) => relative(vault.folder, path)));
    for (const [path, { by }] of this.erasedRecordings) {
      if (onDisk.delete(path)) this.found("recording-returned", path, `the recording is here although ${by} erased it`);
      this.closed.delete(path);
    }
    for (const [path, { node, manifestSha256 }] of this.closed) {
      if (!onDisk.has(path) && node !== this.input.nodeId) {
        this.recordingsElsewhere += 1;
        continue;
      }
      await this.recording(vault, path, manifestSha256);
      onDisk.delete(path);
    }
    // Not named by the log: being recorded just now (no manifest yet), or its event was erased.
    for (const path of onDisk) if (existsSync(`${vault.folder}/${path}.json`)) await this.recording(vault, path, undefined);
  }

  private async recording(vault: FileRecordings, path: string, manifestSha256: string | undefined): Promise<void> {
    const { findings, bytes } = await vault.verify(path, manifestSha256);
    for (const { code, place, message } of findings) this.found(code, place, message);
    this.checked.recordings += 1;
    this.checked.recordingBytes += bytes;
  }

  journal(folder: string): void {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      const aside = /\.log\.(damaged|unknown|gap)$/.exec(name)?.[1] as keyof typeof asideMessages | undefined;
      if (aside !== undefined) this.found(`journal-${aside}`, `journal ${name}`, asideMessages[aside]);
    }
    let before: SegmentTags | null = null;
    for (const { number, path } of journalSegments(folder)) {
      const name = `journal ${basename(path)}`;
      // A living node moves on: a file that has gone since the listing is in the database.
      if (!existsSync(path)) continue;
      const fd = openSync(path, "r");
      const header = Buffer.alloc(segmentHeaderBytes);
      readSync(fd, header, 0, segmentHeaderBytes, 0);
      const parsed = parseSegmentHeader(header);
      if (parsed === null || parsed.keyId !== this.input.keys.keyId) {
        this.found("journal-key", `${name} at byte 0`, "it was not written with this key file");
      } else {
        const key = segmentKey(this.input.keys.derive("journal"), parsed.salt);
        const end = fstatSync(fd).size;
        const tags = new SegmentTags(number);
        if (before !== null && !before.precedes(parsed.previous))
          this.found("journal-gap", name, `acknowledged records of segment ${parsed.previous.number} are missing before it`);
        let cursor = segmentStart(header);
        let read = readRecord(fd, key, cursor, end);
        for (; read.kind === "record"; read = readRecord(fd, key, cursor, end)) {
          cursor = read.next;
          tags.add(cursor);
          this.checked.journalRecords += 1;
        }
        if (tags.holdsRecords) before = tags;
        if (read.kind === "damaged") this.found("journal-damaged", `${name} at byte ${cursor.offset}`, "the record was changed");
      }
      closeSync(fd);
    }
  }

  report(): VerifyReport {
    const { findings, erased, checked } = this;
    return {
      findings: findings.listed,
      findingsTotal: findings.total,
      erased: erased.sort((a, b) => a.seq - b.seq),
      checked,
      remains: this.remains(),
    };
  }

  private remains(): string[] {
    const { seq, signedSeq, prunedEvents } = this.walk;
    const sentences: string[] = [];
    if (signedSeq === 0)
      sentences.push("no signed head was found: the whole chain may have been written anew by whoever can write the database");
    else if (signedSeq < seq) {
      sentences.push(`events ${signedSeq + 1} to ${seq} are linked but not yet signed: they may have been cut off or written anew`);
    }
    sentences.push(
      "whoever has both this server and its key file can sign a history of their own: only heads exported elsewhere contradict it",
      "whoever can write both the database and the data folder can take both back to an earlier head: only heads exported elsewhere contradict it",
    );
    if (this.erased.length > 0) sentences.push(`what ${this.erased.length} erased payloads said cannot be told any more`);
    if (prunedEvents > 0) sentences.push(`${prunedEvents} events were pruned; only the signed hashes at their ends are left`);
    if (!this.input.rows) sentences.push("rows were not compared with the log (--rows)");
    else sentences.push("of the tables only configured objects were compared: not memberships, second factors, sessions and conversations");
    if (this.recordingsElsewhere > 0)
      sentences.push(`${this.recordingsElsewhere} recordings lie on other nodes and were not checked here: run verify there`);
    return sentences;
  }
}

/** Runs that were pruned, in order; what is not signed by us is told and taken all the same. */
export async function prunedRuns(sql: Session, keys: Verifier, found: Found): Promise<PrunedRun[]> {
  return (await signedPrunedRuns(sql)).map(({ signature, ...run }) => {
    if (!keys.verify("pruned", run, signature))
      found("pruned-signature", `events ${run.from} to ${run.to}`, `their removal with ${run.partition} is not signed by our key`);
    return run;
  });
}

export async function signedPrunedRuns(sql: Session): Promise<(PrunedRun & { readonly signature: string })[]> {
  const rows = await sql<(PrunedRun & { signature: string })[]>`
    select from_seq as "from", to_seq as "to", encode(prev, 'hex') as prev, encode(hash, 'hex') as hash, partition,
      encode(signature, 'base64') as signature from event_pruned order by from_seq`;
  return rows.map((row) => ({ ...row, signature: row.signature.replaceAll("\n", "") }));
}

/** All of the log in order of sequence, batch by batch. */
export async function* storedEvents(sql: Session): AsyncGenerator<readonly StoredEvent[]> {
  for (let seq = 0; ; ) {
    const events = await sql<StoredEvent[]>`
      select ${storedEventColumns(sql)} from event e left join event_payload p on p.seq = e.seq and p.at = e.at
      where e.seq > ${seq} order by e.seq limit ${batchMax}`;
    if (events.length === 0) return;
    yield events;
    seq = events.at(-1)!.seq;
  }
}

// What the log keeps only the digest of (core/objects/commands.ts) is compared by that.
function valueIn(row: Readonly<Record<string, unknown>>, field: string): unknown {
  if (field in row) return row[field] ?? null;
  const secret = row[field.replace(/Digest$/, "")];
  return secret == null ? null : secretDigest(String(secret));
}

const asideMessages = {
  damaged: "a start found a record in it that was changed",
  unknown: "a start could not tell what it is",
  gap: "a start found acknowledged records missing before it",
} as const;
