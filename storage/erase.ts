// Forgetting, which is itself remembered: payloads by sequence, or all of a subject by destroying its key; headers and chain stay.

import type { Env } from "../core/env/env.ts";
import type { EventDraft, EventHeader, KeySubject } from "../core/events/event.ts";
import { type EventId, isId, newId, type OrganizationId } from "../core/lib/id.ts";
import { instantOf } from "./append.ts";
import type { SessionUnit } from "./unit-of-work.ts";
import type { DataKeys } from "./vault/data-keys.ts";

/** Who asked, and by which policy or request; both become part of the log. */
export type EraseOrder = {
  readonly organizationId: OrganizationId;
  readonly actorId: string;
  /** Name of the retention policy, or the reference of the person's request. */
  readonly policy: string;
};
export type Erasure = { readonly payloads: number; readonly events: readonly EventHeader[] };

export const erasedType = "event.payload.erased";
export const keyDestroyedType = "event.key.destroyed";
/** Sequences named by one erasing event. */
const seqsPerEvent = 1_000;

/** Erases the payloads of these events; those that have none any more are passed over. */
export async function erasePayloads<Stores>(
  env: Env,
  unit: SessionUnit<Stores>,
  order: EraseOrder,
  eventIds: readonly string[],
): Promise<Erasure> {
  const { value, events } = await unit.run(async (_stores, session) => {
    const wanted = eventIds.map((id) => ({ id, at: instantOf(id) }));
    const rows = await session<{ seq: number }[]>`
      delete from event_payload p using jsonb_to_recordset(${session.json(wanted)}) as batch (id uuid, at bigint), event e
      where e.id = batch.id and e.at = 'epoch'::timestamptz + batch.at * interval '1 millisecond' and p.seq = e.seq and p.at = e.at
      returning p.seq`;
    const drafts = chunked(rows).map((seqs) => erasingEvent(env, order, erasedType, [], { seqs, policy: order.policy }));
    return { value: rows.length, events: drafts };
  });
  return { payloads: value, events };
}

/**
 * Forgets a subject: its data key loses its bytes and every payload sealed with it is deleted; of a conversation the row forgets who called
 * and what flows noted. Recordings are files and have their own erasure (core/recording/retention.ts); rows of users are changed by core's commands. Copies of the database from before hold the
 * wrapped key still; they age out with the backups' own retention.
 */
export async function eraseSubject<Stores>(
  env: Env,
  unit: SessionUnit<Stores>,
  keys: DataKeys,
  order: EraseOrder,
  subject: Exclude<KeySubject, { kind: "organization" }>,
): Promise<Erasure> {
  const { value, events } = await unit.run(async (_stores, session) => {
    const keyIds = await keys.destroy(session, subject);
    if (keyIds.length === 0) return { value: 0, events: [] };
    const rows = await session<{ seq: number }[]>`delete from event_payload where key_id = any(${keyIds}::uuid[]) returning seq`;
    if (subject.kind === "conversation" && isId(subject.id)) {
      await session`update conversation set caller_number = '', caller_name = '', data = '{}', sip_ids = '{}' where id = ${subject.id}`;
      await session`update participant set address = '', name = '' where conversation_id = ${subject.id}`;
    }
    const [seqs = [], ...more] = chunked(rows);
    const { policy } = order;
    const drafts = [
      erasingEvent(env, order, keyDestroyedType, [subject.id], { keyIds, kind: subject.kind, payloads: rows.length, policy, seqs }),
      ...more.map((rest) => erasingEvent(env, order, erasedType, [subject.id], { seqs: rest, policy })),
    ];
    return { value: rows.length, events: drafts };
  });
  keys.forget();
  return { payloads: value, events };
}

function chunked(rows: readonly { readonly seq: number }[]): number[][] {
  const seqs = rows.map((row) => row.seq).sort((a, b) => a - b);
  const chunks: number[][] = [];
  for (let i = 0; i < seqs.length; i += seqsPerEvent) chunks.push(seqs.slice(i, i + seqsPerEvent));
  return chunks;
}

// Sealed with the organization's key: what was forgotten, when and why stays readable.
function erasingEvent(
  env: Env,
  order: EraseOrder,
  type: string,
  subjectIds: readonly string[],
  payload: EventDraft["payload"],
): EventDraft {
  const id = newId<EventId>(env);
  return {
    id,
    at: instantOf(id),
    type,
    organizationId: order.organizationId,
    divisionId: null,
    actorId: order.actorId,
    subjectIds,
    seal: { kind: "organization" },
    payload,
  };
}
