// Menu: plays its prompt, takes one digit (at any time), and goes where the digit leads; repeats when nothing or something else comes.
import { z } from "zod";
import { type ActionKind, type ActionResult, prompts } from "../action.ts";
import { audio } from "./audio.ts";

const key = z.string().regex(/^[0-9*#]$/, "One of 0–9, *, #.");
const schema = z.strictObject({
  audio,
  choices: z.array(key).min(1, "A menu needs at least one choice.").max(12),
  /** How long to wait after the prompt. */
  timeoutMs: z.number().int().min(1_000, "At least one second.").max(60_000, "At most a minute.").default(5_000),
  /** How often the prompt is played before `noMatch` or `noInput`. */
  attempts: z.number().int().min(1).max(10).default(3),
});
type Params = z.infer<typeof schema>;
type Frame = { readonly playId: string; readonly attempt: number };

export const menu: ActionKind<Params, Frame> = {
  type: "menu",
  schema,
  flowTypes: ["INBOUNDCALL"],
  takesDigits: true,
  outputs: (params) => ({ required: params.choices, optional: ["noInput", "noMatch", "failure"] }),
  start: (params, context) => ask(params, context.playId, 1),
  resume: (params, frame, input, context) => {
    if (input.kind === "digit") return choose(params, frame, input.digit, context.playId);
    if (input.kind === "timer") return again(params, frame, "noInput", context.playId);
    if (input.kind === "play-finished" && input.playId === frame.playId) {
      if (input.reason === "unknown-prompt") return { kind: "error", message: "A prompt of this menu does not exist." };
      return { kind: "wait", frame, outputs: [{ kind: "set-timer", ms: params.timeoutMs }] };
    }
    return { kind: "wait", frame };
  },
};

function ask(params: Params, playId: string, attempt: number): ActionResult<Frame> {
  return { kind: "wait", frame: { playId, attempt }, outputs: [{ kind: "play", playId, prompts: prompts(params.audio), loop: false }] };
}

function choose(params: Params, frame: Frame, digit: string, playId: string): ActionResult<Frame> {
  if (!params.choices.includes(digit)) return again(params, frame, "noMatch", playId);
  // A menu's choice is not private: the timeline shows it.
  return { kind: "next", output: digit, outputs: quiet(frame), facts: { pressed: digit } };
}

function again(params: Params, frame: Frame, output: "noInput" | "noMatch", playId: string): ActionResult<Frame> {
  if (frame.attempt >= params.attempts) return { kind: "next", output, outputs: quiet(frame) };
  const next = ask(params, playId, frame.attempt + 1);
  return next.kind === "wait" ? { ...next, outputs: [...quiet(frame), ...(next.outputs ?? [])] } : next;
}

function quiet(frame: Frame) {
  return [{ kind: "stop-play", playId: frame.playId } as const, { kind: "cancel-timer" } as const];
}
