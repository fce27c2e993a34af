// Keeps events of a call in the journal, however long that takes: a disk that refuses is asked again; nothing is forgotten, media goes on.

import type { Env } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import type { EventDraft, Journal } from "../events/index.ts";
import { journalRetryMs } from "../lib/limits.ts";

/** Resolves when they are on disk. */
export async function keep(env: Env, journal: Journal, events: readonly EventDraft[], call: string): Promise<void> {
  for (;;) {
    try {
      return await journal.append(events);
    } catch (error) {
      env.log.error("journal refuses", { call, reason: String(error) });
      await pause(env.clock, journalRetryMs);
    }
  }
}
