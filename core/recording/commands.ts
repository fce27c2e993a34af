// Listening to a recording: permitted, and written down before the first sample leaves.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { Recording } from "../conversation/conversation.ts";
import { Conflict } from "../lib/errors.ts";
import type { RecordingId } from "../lib/id.ts";

/** Opens a recording for listening; the access is an event of its own. @throws Forbidden · NotFound · Conflict while it is being recorded */
export async function openRecording(app: App, actor: Actor, id: RecordingId): Promise<Recording> {
  const recording = found(actor, "recording with this id", await app.stores.recordings.byId(id));
  const denied = !actor.permissions.has("recording:recording:view");
  await app.unit.run(async () => ({
    value: undefined,
    events: [
      newEvent(app, {
        type: denied ? "recording.access.denied" : "recording.accessed",
        actorId: actor.id,
        subjectIds: [recording.conversationId, recording.id],
        divisionId: recording.divisionId,
        seal: { kind: "conversation", id: recording.conversationId },
        payload: { recordingId: recording.id, by: actor.name },
      }),
    ],
  }));
  demand(actor, "recording:recording:view", recording);
  if (recording.state === "recording") throw new Conflict("This call is still being recorded. Listen when it has ended.", "recording.open");
  if (recording.state === "erased") throw new Conflict("This recording was erased; the log says when and why.", "recording.erased");
  if (recording.state === "failed") throw new Conflict("This recording failed; there is nothing to hear.", "recording.failed");
  return recording;
}
