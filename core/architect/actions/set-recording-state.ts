// Set Recording State: pauses what is recorded of the call, now or as soon as it is recorded, and lets it go on; as the Platform API names it.
import { z } from "zod";
import type { ActionKind } from "../action.ts";

const schema = z.strictObject({
  recordingState: z.enum(["ACTIVE", "PAUSED"], { error: "One of ACTIVE, PAUSED." }),
  /** What is said and typed is hidden from whoever listens beside the call, and keys from its log. */
  securePause: z.boolean().default(true),
});

export const setRecordingState: ActionKind<z.infer<typeof schema>, never> = {
  type: "setRecordingState",
  schema,
  flowTypes: ["INBOUNDCALL", "INQUEUECALL"],
  outputs: () => ({ required: ["next"], optional: [] }),
  start: ({ recordingState, securePause }) => ({
    kind: "next",
    output: "next",
    outputs: [recordingState === "PAUSED" ? { kind: "pause-recording", secure: securePause } : { kind: "resume-recording" }],
  }),
};
