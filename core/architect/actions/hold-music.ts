// Hold Music: a sound that loops, for a time; what an in-queue flow does between announcements.
import { z } from "zod";
import { type ActionKind, prompts } from "../action.ts";

const schema = z.strictObject({
  audio: z.string().min(1).max(128).default("music.default"),
  forMs: z.number().int().min(1_000, "At least one second.").max(3_600_000, "At most an hour.").default(30_000),
});

export const holdMusic: ActionKind<z.infer<typeof schema>, string> = {
  type: "holdMusic",
  schema,
  flowTypes: ["INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: ["failure"] }),
  start: (params, { playId }) => ({
    kind: "wait",
    frame: playId,
    outputs: [
      { kind: "play", playId, prompts: prompts([params.audio]), loop: true },
      { kind: "set-timer", ms: params.forMs },
    ],
  }),
  resume: (_params, playId, input) => {
    if (input.kind === "timer") return { kind: "next", output: "next", outputs: [{ kind: "stop-play", playId }] };
    if (input.kind === "play-finished" && input.playId === playId && input.reason === "unknown-prompt") {
      return { kind: "error", message: "This music does not exist.", outputs: [{ kind: "cancel-timer" }] };
    }
    return { kind: "wait", frame: playId };
  },
};
