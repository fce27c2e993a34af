// Seals drafts and appends them as the last statement of a transaction; what the log cannot hold becomes `event.unstorable`.
import { createHash } from "node:crypto";
import type { Env } from "../core/env/env.ts";
import { eventTypePattern, headerIdPattern, payloadPlace, subjectsMax } from "../core/events/chain.ts";
import type { EventDraft, LoggedEvent } from "../core/events/event.ts";
import { canonicalJson } from "../core/lib/canonical.ts";
import { AppError } from "../core/lib/errors.ts";
import { type EventId, isId, newId } from "../core/lib/id.ts";
import { eventPayloadBytesMax } from "../core/lib/limits.ts";
import type { Session } from "./postgres/connect.ts";
import { codeOf } from "./postgres/connect.ts";
import type { DataKeys } from "./vault/data-keys.ts";
import { sealPayload } from "./vault/seal.ts";

/** Which node writes, in which of its lives; shared by everything of one process, so that a re-join changes it everywhere. */
export type NodeIdentity = { readonly nodeId: string; epoch: number };

/** Another node declared this one dead while it paused: what it holds is no longer its own. */
export class NodeFenced extends AppError {
  override readonly name = "NodeFenced";
  constructor() {
    super("node.fenced", "This node was declared dead by another; its calls have been closed.", 503);
  }
}

export type Appender = { readonly env: Env; readonly identity: NodeIdentity; readonly keys: DataKeys };

/** The events as the log holds them, in the order of the drafts. Nothing may follow it in the transaction: it takes the log's lock. @throws NodeFenced */
export async function appendEvents(appender: Appender, session: Session, drafts: readonly EventDraft[]): Promise<LoggedEvent[]> {
  if (drafts.length === 0) return [];
  const { env, identity, keys } = appender;
  const storable = drafts.map((draft) => storableForm(env, identity.nodeId, draft));
  const dataKeys = await keys.forSubjects(storable.map(({ draft }) => draft.seal));
  const sealed = storable.map(({ draft, canonical }, i) => ({
    draft,
    canonical,
    key: dataKeys[i]!,
    ...sealPayload(env.random, dataKeys[i]!.bytes, payloadPlace({ ...draft, node: identity.nodeId }), canonical),
  }));
  const batch = sealed.map(({ draft, key, digest, body }) => ({
    id: draft.id,
    at: draft.at,
    type: draft.type,
    organization: draft.organizationId,
    division: draft.divisionId,
    actor: draft.actorId,
    subjects: draft.subjectIds,
    digest,
    key: key.id,
    body: body.toString("base64"),
    rows: draft.rows ?? [],
  }));
  const places = await session<{ seq: number; prev: string; hash: string }[]>`
    select seq, prev, hash from append_events(${identity.nodeId}::uuid, ${identity.epoch}::int, ${session.json(batch)}::jsonb)`.catch(
    (error: unknown) => {
      throw codeOf(error) === "LL001" ? new NodeFenced() : error;
    },
  );
  return sealed.map(({ draft, canonical, digest }, i) => ({
    ...places[i]!,
    id: draft.id,
    at: draft.at,
    node: identity.nodeId,
    type: draft.type,
    organizationId: draft.organizationId,
    divisionId: draft.divisionId,
    actorId: draft.actorId,
    subjectIds: draft.subjectIds,
    payloadDigest: digest,
    payload: JSON.parse(canonical) as LoggedEvent["payload"],
    erased: false,
  }));
}

/** A data key was destroyed by another node between sealing and appending: seal anew. */
export function isKeyDestroyed(error: unknown): boolean {
  return codeOf(error) === "LL002";
}

type Storable = { readonly draft: EventDraft; readonly canonical: string };

function storableForm(env: Env, nodeId: string, draft: EventDraft): Storable {
  try {
    const canonical = canonicalJson(draft.payload);
    const reason = headerFault(draft) ?? (Buffer.byteLength(canonical) > eventPayloadBytesMax ? "payload too big" : null);
    if (reason === null) return { draft, canonical };
    return unstorable(env, nodeId, draft, reason);
  } catch (error) {
    return unstorable(env, nodeId, draft, String(error));
  }
}

/** Why the header cannot be written; null: it can. The same rules as the table's checks. */
function headerFault(draft: EventDraft): string | null {
  if (!isId(draft.id) || instantOf(draft.id) !== draft.at) return "id";
  if (!eventTypePattern.test(draft.type)) return "type";
  if (!isId(draft.organizationId) || (draft.divisionId !== null && !isId(draft.divisionId))) return "organization or division";
  if (!headerIdPattern.test(draft.actorId)) return "actor";
  if (draft.subjectIds.length > subjectsMax || !draft.subjectIds.every((id) => headerIdPattern.test(id))) return "subjects";
  if (draft.seal.kind !== "organization" && !headerIdPattern.test(draft.seal.id)) return "seal";
  return null;
}

/**
 * The event as evidence that something could not be kept as it was: its type, the digest of its bytes, and the bytes (the first part, when
 * they are many). One bad display name must not stop the log; the alarm is visible.
 */
export function unstorable(env: Env, nodeId: string, draft: EventDraft, reason: string): Storable {
  env.log.error("an event could not be stored as it is", { event: draft.id, type: draft.type.slice(0, 64), reason: reason.slice(0, 200) });
  const bytes = Buffer.from(JSON.stringify(draft), "utf8");
  const id = isId(draft.id) ? draft.id : newId<EventId>(env);
  const payload = {
    type: draft.type.toWellFormed().slice(0, 64),
    reason: reason.toWellFormed().slice(0, 200),
    digest: createHash("sha256").update(bytes).digest("hex"),
    base64: bytes.subarray(0, eventPayloadBytesMax / 2).toString("base64"),
    bytes: bytes.length,
  };
  const stored: EventDraft = {
    id,
    at: instantOf(id),
    type: "event.unstorable",
    organizationId: draft.organizationId,
    divisionId: draft.divisionId !== null && isId(draft.divisionId) ? draft.divisionId : null,
    actorId: nodeId,
    subjectIds: draft.subjectIds.filter((subject) => headerIdPattern.test(subject)).slice(0, subjectsMax),
    seal: draft.seal.kind !== "organization" && headerIdPattern.test(draft.seal.id) ? draft.seal : { kind: "organization" },
    payload,
  };
  return { draft: stored, canonical: canonicalJson(payload) };
}

/** The epoch ms inside a UUIDv7. */
export function instantOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
