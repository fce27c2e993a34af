// Play Position: "You are number three in the queue." Says nothing when the place is not known.
import { z } from "zod";
import { type ActionKind, prompts } from "../action.ts";
import { untilPlayed } from "./audio.ts";
import { spokenNumber } from "./spoken-number.ts";

const schema = z.strictObject({});

export const playPosition: ActionKind<z.infer<typeof schema>, string> = {
  type: "playPosition",
  schema,
  flowTypes: ["INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: ["failure"] }),
  start: (_params, { playId }) => ({ kind: "wait", frame: playId, outputs: [{ kind: "ask-queue-facts" }] }),
  resume: (_params, playId, input) => {
    if (input.kind !== "queue-facts") return untilPlayed(playId, input);
    if (input.position === null) return { kind: "next", output: "next", facts: { position: "unknown" } };
    const audio = prompts(["system.your-position-is", ...spokenNumber(input.position)]);
    return { kind: "wait", frame: playId, outputs: [{ kind: "play", playId, prompts: audio, loop: false }] };
  },
};
