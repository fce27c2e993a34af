// The pauses of a call's recording, read back from its log.
import type { LoggedEvent } from "../events/index.ts";
import type { RecordingPause } from "./vault.ts";

/** In order; one that nothing ended has `endedAt` null. What was erased of the log is not told. */
export function loggedPauses(events: readonly Pick<LoggedEvent, "type" | "at" | "payload">[]): readonly RecordingPause[] {
  const pauses: RecordingPause[] = [];
  const finish = (endedAt: number, resumedBy: string | null): void => {
    const last = pauses.at(-1);
    if (last !== undefined && last.endedAt === null) pauses[pauses.length - 1] = { ...last, endedAt, resumedBy };
  };
  for (const { type, at, payload } of events) {
    if (payload === null) continue;
    if (type === "conversation.recording.resumed") finish(at, payload.by as string | null);
    if (type !== "conversation.recording.paused") continue;
    // A secure pause takes the place of a plain one.
    finish(at, String(payload.by));
    const { secure, by, reason } = payload as { readonly secure: boolean; readonly by: string; readonly reason: string };
    pauses.push({ startedAt: at, endedAt: null, secure, by, reason, resumedBy: null });
  }
  return pauses;
}
