// One data key per subject (conversation, person, organization), wrapped by the master key; destroying it forgets what it sealed.
import type { Env } from "../../core/env/env.ts";
import type { KeySubject } from "../../core/events/event.ts";
import { newId } from "../../core/lib/id.ts";
import { dataKeysCachedMax } from "../../core/lib/limits.ts";
import type { Session, Sql } from "../postgres/connect.ts";
import type { Keys } from "./keys.ts";
import { seal, unseal } from "./seal.ts";

export type DataKey = { readonly id: string; readonly bytes: Uint8Array };
type KeyRow = { readonly id: string; readonly kind: string; readonly subjectId: string; readonly wrapped: Buffer | null };

export class DataKeys {
  /** In order of last use; the oldest goes first. */
  private readonly bySubject = new Map<string, DataKey>();
  private readonly byId = new Map<string, Uint8Array>();

  /**
   * `sql` must be a pool of its own (one connection will do): keys are made while transactions of the main pool wait for them.
   * `organizationId` names the subject of kind `organization`.
   */
  constructor(
    private readonly env: Env,
    private readonly sql: Sql,
    private readonly keys: Keys,
    private readonly organizationId: string,
  ) {}

  /** The living key of each subject, made where there is none, in the order asked. */
  async forSubjects(subjects: readonly KeySubject[]): Promise<DataKey[]> {
    const missing = new Map(
      subjects.map((subject) => [this.name(subject), subject] as const).filter(([name]) => !this.bySubject.has(name)),
    );
    const found = new Map<string, DataKey>();
    while (missing.size > 0) {
      for (const row of await this.loadOrMake([...missing.values()])) {
        const bytes = this.unwrap(row);
        if (bytes === null) throw new Error(`data key ${row.id} cannot be unwrapped with this key file`);
        const name = `${row.kind}:${row.subjectId}`;
        found.set(name, { id: row.id, bytes });
        missing.delete(name);
      }
    }
    return subjects.map((subject) => {
      const name = this.name(subject);
      const key = found.get(name) ?? this.bySubject.get(name)!;
      remember(this.bySubject, name, key);
      remember(this.byId, key.id, key.bytes);
      return key;
    });
  }

  /** Keys by id, for opening; destroyed and unknown ones are not in the answer. */
  async byIds(ids: Iterable<string>): Promise<ReadonlyMap<string, Uint8Array>> {
    const wanted = new Set(ids);
    const missing = [...wanted].filter((id) => !this.byId.has(id));
    const loaded = new Map<string, Uint8Array>();
    if (missing.length > 0) {
      const rows = await this.sql<KeyRow[]>`
        select id, kind, subject_id as "subjectId", wrapped from data_key where id = any(${missing}::uuid[]) and wrapped is not null`;
      for (const row of rows) {
        const bytes = this.unwrap(row);
        if (bytes !== null) loaded.set(row.id, bytes);
      }
    }
    const answer = new Map<string, Uint8Array>();
    for (const id of wanted) {
      const bytes = loaded.get(id) ?? this.byId.get(id);
      if (bytes === undefined) continue;
      answer.set(id, bytes);
      remember(this.byId, id, bytes);
    }
    return answer;
  }

  /** Forgets what is cached: a key was destroyed, here or by another node. */
  forget(): void {
    this.bySubject.clear();
    this.byId.clear();
  }

  /** The row loses its bytes in the given transaction; the caller forgets the cache after the commit. Returns the ids destroyed. */
  async destroy(session: Session, subject: KeySubject): Promise<string[]> {
    const rows = await session<{ id: string }[]>`
      update data_key set wrapped = null, destroyed_at = now()
      where kind = ${subject.kind} and subject_id = ${this.subjectId(subject)} and wrapped is not null returning id`;
    return rows.map((row) => row.id);
  }

  /**
   * Not flushed by itself: whatever is sealed with a new key commits later, and the write-ahead log keeps that order. Rows that another
   * session made at the same instant are missing from the answer; the caller asks again.
   */
  private loadOrMake(subjects: readonly KeySubject[]): Promise<readonly KeyRow[]> {
    const offered = subjects.map((subject) => {
      const id = newId(this.env);
      const [kind, subjectId] = [subject.kind, this.subjectId(subject)];
      return { id, kind, subject: subjectId, wrapped: this.wrap(id, kind, subjectId).toString("base64") };
    });
    const { sql } = this;
    return sql<KeyRow[]>`
        with relaxed as materialized (select set_config('synchronous_commit', 'off', true)),
        offered as (select o.* from jsonb_to_recordset(${sql.json(offered)}) as o (id uuid, kind text, subject text, wrapped text), relaxed),
        made as (
          insert into data_key (id, kind, subject_id, master_id, wrapped)
          select o.id, o.kind, o.subject, ${this.keys.keyId}, decode(o.wrapped, 'base64') from offered o
          where not exists (select from data_key k where k.kind = o.kind and k.subject_id = o.subject and k.wrapped is not null)
          on conflict (kind, subject_id) where wrapped is not null do nothing
          returning id, kind, subject_id as "subjectId", wrapped
        )
        select * from made union all
        select k.id, k.kind, k.subject_id, k.wrapped from data_key k
        join offered o on k.kind = o.kind and k.subject_id = o.subject where k.wrapped is not null`;
  }

  private wrap(id: string, kind: string, subjectId: string): Buffer {
    return seal(this.env.random, this.keys.derive("wrap-data-keys"), this.env.random.bytes(32), `${id}|${kind}|${subjectId}`);
  }

  private unwrap(row: KeyRow): Uint8Array | null {
    if (row.wrapped === null) return null;
    return unseal(this.keys.derive("wrap-data-keys"), row.wrapped, `${row.id}|${row.kind}|${row.subjectId}`);
  }

  private subjectId(subject: KeySubject): string {
    return subject.kind === "organization" ? this.organizationId : subject.id;
  }

  private name(subject: KeySubject): string {
    return `${subject.kind}:${this.subjectId(subject)}`;
  }
}

function remember<V>(cache: Map<string, V>, key: string, value: V): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > dataKeysCachedMax) cache.delete(cache.keys().next().value!);
}
