// Reads the log back: headers as they are, payloads unsealed, erased ones named as such.
import { payloadPlace } from "../core/events/chain.ts";
import type { EventHeader, LoggedEvent } from "../core/events/event.ts";
import type { EventFilter, EventLog } from "../core/events/log.ts";
import { asUnavailable, type Session, type Sql } from "./postgres/connect.ts";
import type { DataKeys } from "./vault/data-keys.ts";
import { openPayload } from "./vault/seal.ts";

export type StoredEvent = EventHeader & { readonly keyId: string | null; readonly body: Buffer | null };

/** The columns of StoredEvent, from `event e left join event_payload p`. */
export function storedEventColumns(session: Session) {
  return session`e.seq, encode(e.prev, 'hex') as prev, encode(e.hash, 'hex') as hash, e.id, e.at, e.node_id as node, e.type,
    e.organization_id as "organizationId", e.division_id as "divisionId", e.actor_id as "actorId", e.subject_ids as "subjectIds",
    encode(e.payload_digest, 'hex') as "payloadDigest", p.key_id as "keyId", p.body`;
}

export class PostgresEventLog implements EventLog {
  constructor(
    private readonly sql: Sql,
    private readonly keys: DataKeys,
  ) {}

  async head(): Promise<{ readonly seq: number; readonly hash: string }> {
    const [head] = await this.asked(this.sql<{ seq: number; hash: string }[]>`select seq, encode(hash, 'hex') as hash from event_head()`);
    return head!;
  }

  read(afterSeq: number, limit: number): Promise<readonly LoggedEvent[]> {
    return this.opened(
      this.sql<StoredEvent[]>`
        select ${storedEventColumns(this.sql)} from event e left join event_payload p on p.seq = e.seq and p.at = e.at
        where e.seq > ${afterSeq} order by e.seq limit ${limit}`,
    );
  }

  readSubject(
    subjectId: string,
    options: { readonly types?: readonly string[]; readonly limit?: number } = {},
  ): Promise<readonly LoggedEvent[]> {
    const { types = null, limit = 10_000 } = options;
    return this.opened(
      this.sql<StoredEvent[]>`
        select ${storedEventColumns(this.sql)} from event e left join event_payload p on p.seq = e.seq and p.at = e.at
        where e.subject_ids @> array[${subjectId}]::text[] and (${types as string[] | null}::text[] is null or e.type = any(${types as string[] | null}::text[]))
        order by e.seq limit ${limit}`,
    );
  }

  find(filter: EventFilter, beforeSeq: number | null, limit: number): Promise<readonly LoggedEvent[]> {
    const { types, actorId, subjectId, from, to } = filter;
    // A range of the index: every type that begins so lies between the text and the text with the last possible letter.
    const begins = (type: string) => this.sql`(e.type >= ${type} and e.type < ${`${type}\uffff`})`;
    const like =
      types === undefined
        ? this.sql``
        : this.sql`and (${types.slice(1).reduce((before, type) => this.sql`${before} or ${begins(type)}`, begins(types[0] ?? ""))})`;
    return this.opened(
      this.sql<StoredEvent[]>`
        select ${storedEventColumns(this.sql)} from event e left join event_payload p on p.seq = e.seq and p.at = e.at
        where e.seq < ${beforeSeq ?? Number.MAX_SAFE_INTEGER} ${like}
          ${actorId === undefined ? this.sql`` : this.sql`and e.actor_id = ${actorId}`}
          ${subjectId === undefined ? this.sql`` : this.sql`and e.subject_ids @> array[${subjectId}]::text[]`}
          ${from === undefined ? this.sql`` : this.sql`and e.at >= ${from}`}
          ${to === undefined ? this.sql`` : this.sql`and e.at < ${to}`}
        order by e.seq desc limit ${limit}`,
    );
  }

  private async opened(rows: Promise<readonly StoredEvent[]>): Promise<readonly LoggedEvent[]> {
    const stored = await this.asked(rows);
    const keys = await this.asked(this.keys.byIds(stored.flatMap((row) => row.keyId ?? [])));
    return stored.map(({ keyId, body, ...header }) => {
      const key = keyId === null ? undefined : keys.get(keyId);
      if (key === undefined || body === null) return { ...header, payload: null, erased: true };
      const opened = openPayload(key, payloadPlace(header), body);
      // What was changed behind our back is not shown as if it had been said; `verify` names it.
      const genuine = opened !== null && opened.digest === header.payloadDigest;
      return { ...header, payload: genuine ? parsed(opened.canonical) : null, erased: false };
    });
  }

  private async asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}

// Only what no writer of ours has written is no JSON: it is shown as nothing, and `verify` names it.
function parsed(text: string): LoggedEvent["payload"] {
  try {
    return JSON.parse(text) as LoggedEvent["payload"];
  } catch {
    return null;
  }
}
