// What the people in a call hear besides each other, and what is recorded of it.
import type { LegId } from "../lib/id.ts";
import type { Prompt } from "./call-control.ts";
import { type CallOutput, type CallState, control } from "./state.ts";

const holdMusic: readonly Prompt[] = [{ kind: "key", key: "music.default" }];

export type Music = { readonly state: Partial<Pick<CallState, "holdPlayId" | "plays">>; readonly outputs: readonly CallOutput[] };

export function startHoldMusic(state: CallState): Music {
  if (state.holdPlayId !== null) return { state: {}, outputs: [] };
  const music = playTo(state, state.customer.legId, "hold", holdMusic);
  return { state: { holdPlayId: music.playId, plays: music.plays }, outputs: [music.output] };
}

export function stopHoldMusic(state: CallState): Music {
  if (state.holdPlayId === null) return { state: {}, outputs: [] };
  return { state: { holdPlayId: null }, outputs: [stopPlay(state.customer.legId, state.holdPlayId)] };
}

/** Music for any other leg. */
export function playMusic(state: CallState, legId: LegId): Play {
  return playTo(state, legId, "hold", holdMusic);
}

/** What somebody hears who was answered before and is now put through. */
export function playRingback(state: CallState, legId: LegId): Play {
  return playTo(state, legId, "ringback", ringback);
}

/** Of the country: the runner knows which. */
const ringback: readonly Prompt[] = [{ kind: "key", key: "tone.ringback" }];
const busy: readonly Prompt[] = [{ kind: "key", key: "tone.busy" }];

/** What somebody hears who was answered before and whom nobody takes now. */
export function playBusy(state: CallState, legId: LegId): Play {
  return playTo(state, legId, "busy", busy);
}

export type Play = { readonly playId: string; readonly plays: number; readonly output: CallOutput };

function playTo(state: CallState, legId: LegId, what: string, prompts: readonly Prompt[]): Play {
  const plays = state.plays + 1;
  const playId = `${what}-${plays}`;
  return { playId, plays, output: control({ kind: "play", legId, playId, prompts, loop: true }) };
}

export function stopPlay(legId: LegId, playId: string): CallOutput {
  return control({ kind: "stop-play", legId, playId });
}

export function recordChannel(state: CallState, right: LegId | null): CallOutput[] {
  if (state.recording === null) return [];
  return [control({ kind: "record-channel", recordingId: state.recording.recordingId, conversationId: state.conversationId, right })];
}

export function stopRecording(state: CallState): CallOutput[] {
  if (state.recording === null) return [];
  return [control({ kind: "record-stop", recordingId: state.recording.recordingId, conversationId: state.conversationId })];
}
