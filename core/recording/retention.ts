// How long recordings are kept: erases those whose time is over, one event for each, and nothing that the log does not tell.
import { type App, newEvent } from "../app.ts";
import { type Actor, nodeActor } from "../authorization/actor.ts";
import type { Recording } from "../conversation/conversation.ts";
import { recordingsErasedAtOnce } from "../lib/limits.ts";
import type { RecordingVault } from "./vault.ts";

const dayMs = 86_400_000;
/** Of what was erased this recently the files are taken away again: a crash may have come between the event and the file. */
const leftoverMs = 2 * dayMs;

export const recordingErasedType = "recording.erased";

/** For the log and for people. */
export function retentionPolicy(days: number): string {
  return `recordings are kept for ${days} days`;
}

/** When a recording must have begun to be kept no longer, epoch ms. */
export function retentionCutoff(now: number, days: number): number {
  return now - days * dayMs;
}

/** How many recordings a rule of so many days would erase now. */
export function expiringRecordings(app: App, days: number): Promise<number> {
  return app.stores.recordings.countBefore(app.organizationId, retentionCutoff(app.env.clock.now(), days));
}

/** Erases what this node keeps longer than the organization wants; run again and again. Returns how many it erased. */
export async function eraseExpired(app: App, vault: RecordingVault): Promise<number> {
  const now = app.env.clock.now();
  for (const { path } of await app.stores.recordings.erasedSince(app.nodeId, now - leftoverMs)) vault.remove(path);
  const days = (await app.stores.organizations.byId(app.organizationId))?.recordingDays ?? null;
  if (days === null) return 0;
  const actor = nodeActor(app, "Retention");
  for (let erased = 0; ; ) {
    const due = await app.stores.recordings.before(app.nodeId, retentionCutoff(now, days), recordingsErasedAtOnce);
    for (const recording of due) if (await eraseRecording(app, actor, vault, recording, retentionPolicy(days))) erased += 1;
    if (due.length < recordingsErasedAtOnce) return erased;
  }
}

/**
 * Event and row first, the file after them: a crash between leaves a file that the next run takes away, never a loss that nobody explains.
 * False: it was erased already.
 */
export async function eraseRecording(
  app: App,
  actor: Actor,
  vault: RecordingVault,
  recording: Recording,
  policy: string,
): Promise<boolean> {
  const { id, conversationId, path, divisionId } = recording;
  const { value } = await app.unit.run(async (stores) => {
    if (!(await stores.recordings.erase(id, app.env.clock.now()))) return { value: false, events: [] };
    const event = newEvent(app, {
      type: recordingErasedType,
      actorId: actor.id,
      subjectIds: [conversationId, id],
      divisionId,
      // With the organization's key: what was forgotten, when and why stays readable.
      payload: { recordingId: id, path, policy },
    });
    return { value: true, events: [event] };
  });
  if (value) vault.remove(path);
  return value;
}
