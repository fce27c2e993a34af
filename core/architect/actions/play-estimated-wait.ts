// Play Estimated Wait: "The estimated wait is about four minutes." Says nothing when no estimate can be made.
import { z } from "zod";
import { type ActionKind, prompts } from "../action.ts";
import { untilPlayed } from "./audio.ts";
import { spokenNumber } from "./spoken-number.ts";

const schema = z.strictObject({});
const minuteMs = 60_000;

export const playEstimatedWait: ActionKind<z.infer<typeof schema>, string> = {
  type: "playEstimatedWait",
  schema,
  flowTypes: ["INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: ["failure"] }),
  start: (_params, { playId }) => ({ kind: "wait", frame: playId, outputs: [{ kind: "ask-queue-facts" }] }),
  resume: (_params, playId, input) => {
    if (input.kind !== "queue-facts") return untilPlayed(playId, input);
    if (input.estimatedWaitMs === null) return { kind: "next", output: "next", facts: { estimate: "none" } };
    const minutes = Math.ceil(input.estimatedWaitMs / minuteMs);
    const said =
      minutes <= 1 ? ["system.wait-under-a-minute"] : ["system.estimated-wait-is-about", ...spokenNumber(minutes), "system.minutes"];
    return { kind: "wait", frame: playId, outputs: [{ kind: "play", playId, prompts: prompts(said), loop: false }] };
  },
};
