// Pausing a recording: silence of the same length in the file. A secure pause also hides what is said and typed from whoever listens beside the call.
import type { ParticipantId, UserId } from "../lib/id.ts";
import { pausesPerCallMax } from "../lib/limits.ts";
import type { RecordingPause } from "../recording/vault.ts";
import { append, type CallOutput, type CallState, control, type Moment, nothing, type PauseWish, type Result } from "./state.ts";
import { usersIn } from "./supervision.ts";

/** Silence first, then the word of it: what must not be kept is not kept while a disk is slow. */
export function pauseRecording(state: CallState, wish: PauseWish, moment: Moment): Result {
  const { pause } = state;
  // A secure pause hides more: it takes the place of a plain one, and no plain one takes its place.
  if (pause !== null && (pause.secure || !wish.secure)) return nothing(state);
  if (state.pauses.length >= pausesPerCallMax) return nothing(state);
  const { secure, by, userId, participantId, reason, limitMs } = wish;
  const untilAt = moment.now + limitMs;
  const begun = { startedAt: moment.now, secure, by, reason, untilAt };
  return {
    state: { ...state, pause: begun, pauses: pause === null ? state.pauses : [...state.pauses, ended(pause, moment.now, by)] },
    outputs: [
      ...(secure ? [privacy(state, true)] : []),
      ...recordPause(state, true),
      append(state, "conversation.recording.paused", { participantId, secure, by, reason, untilAt }, subjects(state, userId)),
      { kind: "timer-set", name: "pause", ms: limitMs },
    ],
  };
}

/** `by` null: its time was over. */
export function resumeRecording(
  state: CallState,
  by: { readonly by: string; readonly userId: UserId | null; readonly participantId: ParticipantId | null } | null,
  moment: Moment,
): Result {
  const { pause } = state;
  if (pause === null) return nothing(state);
  const whose = { participantId: by?.participantId ?? null, by: by?.by ?? null };
  return {
    state: { ...state, pause: null, pauses: [...state.pauses, ended(pause, moment.now, whose.by)] },
    outputs: [
      append(state, "conversation.recording.resumed", { ...whose, secure: pause.secure }, subjects(state, by?.userId ?? null)),
      ...recordPause(state, false),
      ...(pause.secure ? [privacy(state, false)] : []),
      { kind: "timer-cancel", name: "pause" },
    ],
  };
}

/** For the media of a recording that begins, or goes on. */
export function recordPause(state: Pick<CallState, "recording" | "conversationId">, paused: boolean): CallOutput[] {
  const { recording, conversationId } = state;
  return recording === null ? [] : [control({ kind: "record-pause", recordingId: recording.recordingId, conversationId, paused })];
}

function privacy({ conversationId }: CallState, isPrivate: boolean): CallOutput {
  return control({ kind: "privacy", conversationId, isPrivate });
}

/** Every pause of the call so far, in order. */
export function pausesOf({ pauses, pause }: Pick<CallState, "pauses" | "pause">): readonly RecordingPause[] {
  return pause === null ? pauses : [...pauses, ended(pause, null, null)];
}

function ended(pause: NonNullable<CallState["pause"]>, endedAt: number | null, resumedBy: string | null): RecordingPause {
  const { startedAt, secure, by, reason } = pause;
  return { startedAt, endedAt, secure, by, reason, resumedBy };
}

/** Whoever is in the call sees it at once, whoever paused. */
function subjects(state: CallState, userId: UserId | null): readonly string[] {
  return [...new Set([...usersIn(state), ...(userId === null ? [] : [userId])])];
}
