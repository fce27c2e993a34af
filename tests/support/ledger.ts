// What the database holds, read beside the node: for checks that no page shows in one place.
import { join } from "node:path";
import { realEnv } from "../../cmd/env.ts";
import { connect, type Sql } from "../../storage/postgres/connect.ts";
import { runningTarget } from "../../storage/postgres/embedded.ts";
import { loadOrCreateKeys } from "../../storage/vault/keys.ts";
import { readRecording } from "../../storage/vault/recording-reader.ts";
import type { Landline } from "./landline.ts";

export async function withDatabase<T>(landline: Landline, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(runningTarget(landline.data, "landline")!, { max: 1, name: "landline test" });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Sentences about what is left over when no call is up: agents with nothing in hand who look busy, open ends, endless waits. */
export function leftovers(landline: Landline): Promise<string[]> {
  return withDatabase(landline, async (sql) => {
    const agents = await sql<{ who: string }[]>`
      select u.name || ': ' || a.routing_status || ' with ' || a.in_hand_kind as who
      from agent a join "user" u on u.id = a.user_id left join after_call_work w on w.participant_id = a.in_hand_id
      where a.in_hand_kind in ('alert', 'conversation')
        or (a.in_hand_kind = 'after-call-work' and (w.participant_id is null or w.ended_at is not null))
        or (a.routing_status = 'INTERACTING' and a.in_hand_kind = 'nothing')`;
    const conversations = await sql<{ what: string }[]>`
      select 'conversation ' || id || ' has no end' as what from conversation where ended_at is null or end_reason is null
      union all select 'participant ' || id || ' of ' || conversation_id || ' has no end' from participant where ended_at is null
      union all select 'alert ' || id || ' has no outcome' from alert where outcome is null
      union all select 'conversation ' || conversation_id || ' waits for ever' from waiting_conversation where state <> 'gone'
      union all select 'recording ' || id || ' is ' || state from recording where state not in ('sealed', 'interrupted')`;
    return [...agents.map(({ who }) => who), ...conversations.map(({ what }) => what)];
  });
}

export type KeptRecording = {
  readonly state: string;
  readonly path: string;
  readonly startedAt: number;
  readonly durationMs: number | null;
};

export function recordingsOf(landline: Landline, conversationId: string): Promise<KeptRecording[]> {
  return withDatabase(
    landline,
    (sql) => sql<KeptRecording[]>`
      select state, path, (extract(epoch from started_at) * 1000)::float8 as "startedAt", duration_ms::float8 as "durationMs"
      from recording where conversation_id = ${conversationId} order by started_at`,
  );
}

/** Decrypted with the key file: the caller's channel and the agent's. */
export async function listenTo(landline: Landline, path: string): Promise<{ readonly left: Int16Array; readonly right: Int16Array }> {
  const keys = loadOrCreateKeys(realEnv("error"), join(landline.folder, "keys/landline.key"));
  const parts: Uint8Array[] = [];
  for await (const part of readRecording(keys, join(landline.data, "recordings", path))) parts.push(part);
  const bytes = Buffer.concat(parts);
  const channel = (offset: number): Int16Array =>
    Int16Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => bytes.readInt16LE(i * 4 + offset));
  return { left: channel(0), right: channel(2) };
}
