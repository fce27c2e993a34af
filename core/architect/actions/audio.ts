// What the actions that speak share: the list of prompts, and waiting for its end.
import { z } from "zod";
import type { ActionResult, FlowInput } from "../action.ts";

/** Names of prompts, played in order. */
export const audio = z.array(z.string().min(1).max(128)).min(1, "Name at least one prompt.").max(20, "At most 20 prompts.");

/** Waits until `playId` has ended, then goes on by `next`; a prompt that does not exist is an error, never silence. */
export function untilPlayed(playId: string, input: FlowInput): ActionResult<string> {
  if (input.kind !== "play-finished" || input.playId !== playId) return { kind: "wait", frame: playId };
  if (input.reason === "unknown-prompt") return { kind: "error", message: "A prompt of this action does not exist." };
  return { kind: "next", output: "next" };
}
