// Checks everything that is kept against everything else that is kept: chain, payloads, signed heads, rows, recordings, journal.
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, relative } from "node:path";
import { firstPrev, headerHash, payloadPlace } from "../core/events/chain.ts";
import { canonicalJson } from "../core/lib/canonical.ts";
import { verifyFindingsMax } from "../core/lib/limits.ts";
import { secretDigest } from "../core/objects/object.ts";
import { recordingErasedType } from "../core/recording/retention.ts";
import { audited } from "./audited.ts";
import { erasedType, keyDestroyedType } from "./erase.ts";
import { type StoredEvent, storedEventColumns } from "./event-log.ts";
import type { Finding } from "./finding.ts";
import { journalSegments } from "./journal.ts";
import { parseSegmentHeader, readRecord, SegmentTags, segmentHeaderBytes, segmentKey, segmentStart } from "./journal-segment.ts";
import { instantText, type Sql } from "./postgres/connect.ts";
import type { DataKeys } from "./vault/data-keys.ts";
import { readHeads, type SignedHead } from "./vault/heads.ts";
import type { Keys } from "./vault/keys.ts";
import { type FileRecordings, recordingFiles } from "./vault/recordings.ts";
import { openPayload } from "./vault/seal.ts";

const batchMax = 2_000;
/** Heads are signed every minute; events this much younger than the newest head are no longer explained by that. */
const unsignedMsMax = 5 * 60_000;

export type VerifyInput = {
  readonly sql: Sql;
  readonly keys: Keys;
  readonly dataKeys: DataKeys;
  /** `<data>/checkpoints.log`, and exported copies of it. */
  readonly headFiles: readonly string[];
  readonly journalFolder: string | null;
  readonly recordings: FileRecordings | null;
  /** Recordings of other nodes lie elsewhere. */
  readonly nodeId: string;
  /** Compare audited rows with what the log says of them. */
  readonly rows: boolean;
};
export type ErasedPayload = { readonly seq: number; readonly by: number; readonly policy: string };
export type VerifyReport = {
  readonly findings: readonly Finding[];
  /** More than are listed. */
  readonly findingsTotal: number;
  readonly erased: readonly ErasedPayload[];
  readonly checked: Readonly<Record<"events" | "payloads" | "heads" | "rows" | "recordings" | "recordingBytes" | "journalRecords", number>>;
  /** What this check cannot exclude, in sentences. */
  readonly remains: readonly string[];
};

/** Reads everything once; changes nothing. Runs beside a living node. */
export async function verify(input: VerifyInput): Promise<VerifyReport> {
  const run = new Verification(input);
  await run.chain();
  await run.erasures();
  run.heads();
  if (input.rows) await run.rows();
  if (input.recordings !== null) await run.recordings(input.recordings);
  if (input.journalFolder !== null) run.journal(input.journalFolder);
  return run.report();
}

/** The report as lines for people; the last one is the verdict. */
export function verifyLines(report: VerifyReport): string[] {
  const { checked, findings, findingsTotal, erased } = report;
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
    ...findings.map(({ code, place, message }) => `${code}: ${place}: ${message}`),
    ...(findingsTotal > findings.length ? [`… and ${findingsTotal - findings.length} more`] : []),
    ...report.remains.map((sentence) => `remains possible: ${sentence}`),
    findingsTotal === 0 ? "verified: nothing was found" : `not verified: ${findingsTotal} findings`,
  ];
}

/** A run of sequences that was removed with its month: what is signed of it, and all that is left. */
export type PrunedRun = {
  readonly from: number;
  readonly to: number;
  readonly prev: string;
  readonly hash: string;
  readonly partition: string;
};
/** The newest thing the log says of an entity; `after` null: it was deleted. */
type Latest = { readonly seq: number; readonly table: string; readonly after: Readonly<Record<string, unknown>> | null };
type ClosedRecording = { readonly node: string; readonly manifestSha256: string | undefined; readonly seq: number };

class Verification {
  private readonly findings: Finding[] = [];
  private findingsTotal = 0;
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
  private readonly headsBySeq = new Map<number, SignedHead[]>();
  private lastMatching: SignedHead | null = null;
  private lastSeq = 0;
  private lastAt = 0;
  private firstAt = 0;
  /** Sequences that are missing and named as that. */
  private gaps = 0;
  /** Runs of sequences that were removed whole, in order; those before the walk's place are taken off. */
  private pruned: PrunedRun[] = [];
  private prunedTotal = 0;
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
      const { heads, findings } = readHeads(path, input.keys);
      this.signedHeads.push(...heads);
      for (const finding of findings) this.found(finding.code, finding.place, finding.message);
    }
    for (const head of this.signedHeads) this.headsBySeq.set(head.seq, [...(this.headsBySeq.get(head.seq) ?? []), head]);
    this.checked.heads = this.signedHeads.length;
  }

  async chain(): Promise<void> {
    const { sql, dataKeys } = this.input;
    let [seq, hash] = [0, firstPrev];
    this.pruned = await this.prunedRuns();
    for (;;) {
      const events = await sql<StoredEvent[]>`
        select ${storedEventColumns(sql)} from event e left join event_payload p on p.seq = e.seq and p.at = e.at
        where e.seq > ${seq} order by e.seq limit ${batchMax}`;
      if (events.length === 0) break;
      const keys = await dataKeys.byIds(events.flatMap((event) => event.keyId ?? []));
      for (const event of events) {
        ({ seq, hash } = this.passPruned(seq, hash));
        this.link(event, seq, hash);
        this.payload(event, event.keyId === null ? undefined : keys.get(event.keyId));
        ({ seq, hash } = event);
      }
      if (this.firstAt === 0) this.firstAt = events[0]!.at;
      this.lastAt = events.at(-1)!.at;
      this.checked.events += events.length;
    }
    ({ seq, hash } = this.passPruned(seq, hash));
    for (const { from, to } of this.pruned) this.found("chain-gap", `pruned events ${from} to ${to}`, "they do not lie in the chain");
    this.lastSeq = seq;
    // A second row under a sequence, or one where all was pruned, would be read by others and passed over above.
    const [count] = await sql<{ rows: number }[]>`select count(*) as rows from event where seq <= ${seq}`;
    const expected = seq - this.gaps - this.prunedTotal;
    if (count!.rows !== expected)
      this.found("chain-double", `events 1 to ${seq}`, `there are ${count!.rows} rows where ${expected} belong`);
  }

  /** Over what was pruned right after `seq`, as long as it links. */
  private passPruned(seq: number, hash: string): { seq: number; hash: string } {
    while (this.pruned[0]?.from === seq + 1) {
      const run = this.pruned.shift()!;
      if (run.prev !== hash)
        this.found("chain-link", `pruned events ${run.from} to ${run.to}`, `they do not follow event ${seq} as that is now`);
      this.prunedTotal += run.to - run.from + 1;
      ({ to: seq, hash } = run);
    }
    return { seq, hash };
  }

  private link(event: StoredEvent, previousSeq: number, previousHash: string): void {
    const place = `event ${event.seq}`;
    if (event.seq <= previousSeq) this.found("chain-double", place, "it stands where all was pruned");
    else if (event.seq !== previousSeq + 1) {
      this.gaps += event.seq - previousSeq - 1;
      const gap = event.seq === previousSeq + 2 ? `event ${previousSeq + 1} is` : `events ${previousSeq + 1} to ${event.seq - 1} are`;
      this.found("chain-gap", place, `${gap} missing before it`);
    } else if (event.prev !== previousHash) this.found("chain-link", place, `it does not follow event ${previousSeq} as that is now`);
    if (headerHash(event) !== event.hash) this.found("chain-hash", place, "its header was changed after it was hashed");
    for (const head of this.headsBySeq.get(event.seq) ?? []) {
      if (head.hash === event.hash) this.lastMatching = head;
      else {
        const since = this.lastMatching === null ? "before or at it" : `after event ${this.lastMatching.seq}`;
        this.found(
          "head-mismatch",
          place,
          `it is not the event whose hash was signed at ${instantText(head.at)}: the chain was written anew ${since}`,
        );
      }
    }
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
  async erasures(): Promise<void> {
    const { sql } = this.input;
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

  heads(): void {
    const newest = this.signedHeads.reduce<SignedHead | null>((max, head) => (max === null || head.seq > max.seq ? head : max), null);
    if (newest === null) {
      if (this.lastAt - this.firstAt > unsignedMsMax)
        this.found("head-missing", "signed heads", "there is none, though the node signs one every minute");
      return;
    }
    for (const head of this.signedHeads) {
      if (head.seq > this.lastSeq && head === newest) {
        this.found(
          "chain-cut",
          `event ${this.lastSeq}`,
          `the chain ends here, but event ${head.seq} was signed at ${instantText(head.at)}: ${head.seq - this.lastSeq} events were cut off`,
        );
      }
    }
    if (this.lastSeq > newest.seq && this.lastAt - newest.at > unsignedMsMax) {
      this.found(
        "head-late",
        `event ${newest.seq}`,
        `no head was signed after ${instantText(newest.at)}, though events went on until ${instantText(this.lastAt)}`,
      );
    }
  }

  /** Row by row against the `after` of the event that it says it is as of. */
  async rows(): Promise<void> {
    const { sql } = this.input;
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
    const { findings, findingsTotal, erased, checked } = this;
    return { findings, findingsTotal, erased: erased.sort((a, b) => a.seq - b.seq), checked, remains: this.remains() };
  }

  private remains(): string[] {
    const newest = this.signedHeads.reduce((max, head) => Math.max(max, head.seq), 0);
    const sentences: string[] = [];
    if (newest === 0)
      sentences.push("no signed head was found: the whole chain may have been written anew by whoever can write the database");
    else if (newest < this.lastSeq) {
      sentences.push(`events ${newest + 1} to ${this.lastSeq} are linked but not yet signed: they may have been cut off or written anew`);
    }
    sentences.push(
      "whoever has both this server and its key file can sign a history of their own: only heads exported elsewhere contradict it",
      "whoever can write both the database and the data folder can take both back to an earlier head: only heads exported elsewhere contradict it",
    );
    if (this.erased.length > 0) sentences.push(`what ${this.erased.length} erased payloads said cannot be told any more`);
    if (this.prunedTotal > 0) sentences.push(`${this.prunedTotal} events were pruned; only the signed hashes at their ends are left`);
    if (!this.input.rows) sentences.push("rows were not compared with the log (--rows)");
    else sentences.push("of the tables only configured objects were compared: not memberships, second factors, sessions and conversations");
    if (this.recordingsElsewhere > 0)
      sentences.push(`${this.recordingsElsewhere} recordings lie on other nodes and were not checked here: run verify there`);
    return sentences;
  }

  private async prunedRuns(): Promise<PrunedRun[]> {
    const rows = await this.input.sql<(PrunedRun & { signature: string })[]>`
      select from_seq as "from", to_seq as "to", encode(prev, 'hex') as prev, encode(hash, 'hex') as hash, partition,
        encode(signature, 'base64') as signature from event_pruned order by from_seq`;
    return rows.map(({ signature, ...run }) => {
      if (!this.input.keys.verify("pruned", run, signature.replaceAll("\n", "")))
        this.found("pruned-signature", `events ${run.from} to ${run.to}`, `their removal with ${run.partition} is not signed by our key`);
      return run;
    });
  }

  private found(code: string, place: string, message: string): void {
    this.findingsTotal += 1;
    if (this.findings.length < verifyFindingsMax) this.findings.push({ code, place, message });
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
