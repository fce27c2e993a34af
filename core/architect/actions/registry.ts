// Every action a flow may use, by the type that documents write.
import type { ActionKind } from "../action.ts";
import { collectInput } from "./collect-input.ts";
import { decision } from "./decision.ts";
import { disconnect } from "./disconnect.ts";
import { holdMusic } from "./hold-music.ts";
import { menu } from "./menu.ts";
import { playAudio } from "./play-audio.ts";
import { playEstimatedWait } from "./play-estimated-wait.ts";
import { playPosition } from "./play-position.ts";
import { setParticipantData } from "./set-participant-data.ts";
import { setRecordingState } from "./set-recording-state.ts";
import { transferToAcd } from "./transfer-to-acd.ts";

const kinds = [
  playAudio,
  menu,
  collectInput,
  decision,
  setParticipantData,
  setRecordingState,
  transferToAcd,
  disconnect,
  holdMusic,
  playPosition,
  playEstimatedWait,
] as const;

export const registry: ReadonlyMap<string, ActionKind> = new Map(kinds.map((kind) => [kind.type, kind as unknown as ActionKind]));
