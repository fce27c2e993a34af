// Play Audio: one or more prompts, to the end. Keys do not stop them, and are kept for the next action that asks for some.
import { z } from "zod";
import { type ActionKind, prompts } from "../action.ts";
import { audio, untilPlayed } from "./audio.ts";

const schema = z.strictObject({ audio });

export const playAudio: ActionKind<z.infer<typeof schema>, string> = {
  type: "playAudio",
  schema,
  flowTypes: ["INBOUNDCALL", "INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: ["failure"] }),
  start: (params, context) => ({
    kind: "wait",
    frame: context.playId,
    outputs: [{ kind: "play", playId: context.playId, prompts: prompts(params.audio), loop: false }],
  }),
  resume: (_params, playId, input) => untilPlayed(playId, input),
};
