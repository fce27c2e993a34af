// Collect Input: digits into a variable. They are private unless `log` is true: nothing but their count is ever kept.
import { z } from "zod";
import { collectDigitsMax } from "../../lib/limits.ts";
import { type ActionKind, type ActionResult, prompts } from "../action.ts";
import { audio } from "./audio.ts";

const schema = z.strictObject({
  audio,
  variable: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "A variable's name begins with a letter and holds letters, digits and underscores."),
  minDigits: z.number().int().min(1).max(collectDigitsMax).default(1),
  maxDigits: z.number().int().min(1).max(collectDigitsMax).default(20),
  /** Ends the input before `maxDigits`. */
  terminator: z.enum(["#", "*", ""]).default("#"),
  timeoutMs: z.number().int().min(1_000).max(60_000).default(5_000),
  /** Digits may be read by people: they go into the timeline. */
  log: z.boolean().default(false),
});
type Params = z.infer<typeof schema>;
type Frame = { readonly playId: string; readonly digits: string };

export const collectInput: ActionKind<Params, Frame> = {
  type: "collectInput",
  schema,
  flowTypes: ["INBOUNDCALL"],
  takesDigits: true,
  outputs: () => ({ required: ["success", "noInput"], optional: ["failure"] }),
  start: (params, { playId }) => ({
    kind: "wait",
    frame: { playId, digits: "" },
    outputs: [{ kind: "play", playId, prompts: prompts(params.audio), loop: false }],
  }),
  resume: (params, frame, input) => {
    if (input.kind === "digit") return take(params, frame, input.digit);
    if (input.kind === "timer") return finish(params, frame);
    if (input.kind === "play-finished" && input.playId === frame.playId) {
      if (input.reason === "unknown-prompt") return { kind: "error", message: "A prompt of this action does not exist." };
      // A prompt that a digit stopped has set the timer already.
      return { kind: "wait", frame, outputs: frame.digits === "" ? [{ kind: "set-timer", ms: params.timeoutMs }] : [] };
    }
    return { kind: "wait", frame };
  },
};

function take(params: Params, frame: Frame, digit: string): ActionResult<Frame> {
  if (digit === params.terminator) return finish(params, frame);
  const next = { ...frame, digits: frame.digits + digit };
  if (next.digits.length >= params.maxDigits) return finish(params, next);
  return {
    kind: "wait",
    frame: next,
    outputs: [
      { kind: "stop-play", playId: frame.playId },
      { kind: "set-timer", ms: params.timeoutMs },
    ],
  };
}

function finish(params: Params, frame: Frame): ActionResult<Frame> {
  const outputs = [{ kind: "stop-play", playId: frame.playId } as const, { kind: "cancel-timer" } as const];
  const count = { digits: frame.digits.length };
  if (frame.digits.length < params.minDigits) return { kind: "next", output: "noInput", outputs, facts: count };
  return {
    kind: "next",
    output: "success",
    outputs,
    variables: { [params.variable]: frame.digits },
    facts: params.log ? { ...count, typed: frame.digits } : count,
  };
}
