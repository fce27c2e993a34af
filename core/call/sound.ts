// What the people in a call hear besides each other, and what is recorded of it.
import type { LegId } from "../lib/id.ts";
import type { Prompt } from "./call-control.ts";
import { type CallOutput, type CallState, control } from "./state.ts";

const holdMusic: readonly Prompt[] = [{ kind: "key", key: "music.default" }];

/** Music begins for whoever waits from here on, and ends for whoever waits no more; with a leg that is gone it has ended. */
export function changeMusic(
  state: CallState,
  wanted: ReadonlySet<LegId>,
  present: ReadonlySet<LegId>,
): { readonly state: CallState; readonly stops: readonly CallOutput[]; readonly starts: readonly CallOutput[] } {
  const over = [...state.music].filter(([legId]) => !wanted.has(legId));
  const begins = [...wanted].filter((legId) => !state.music.has(legId));
  if (over.length === 0 && begins.length === 0) return { state, stops: [], starts: [] };
  const music = new Map([...state.music].filter(([legId]) => wanted.has(legId)));
  const starts: CallOutput[] = [];
  let { plays } = state;
  for (const legId of begins) {
    const play = playTo({ plays }, legId, "hold", holdMusic);
    plays = play.plays;
    music.set(legId, play.playId);
    starts.push(play.output);
  }
  const stops = over.filter(([legId]) => present.has(legId)).map(([legId, playId]) => stopPlay(legId, playId));
  return { state: { ...state, music, plays }, stops, starts };
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

function playTo(state: Pick<CallState, "plays">, legId: LegId, what: string, prompts: readonly Prompt[]): Play {
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
