// What an action of a flow is: parameters, outputs, and two pure functions. One file per action in actions/, one registry.
import type { ZodType } from "zod";
import type { Prompt } from "../call/call-control.ts";
import type { FlowValue } from "./expression.ts";

/** What the engine tells its host to do, in order. */
export type FlowOutput =
  | { readonly kind: "play"; readonly playId: string; readonly prompts: readonly Prompt[]; readonly loop: boolean }
  | { readonly kind: "stop-play"; readonly playId: string }
  /** One timer; setting it again replaces it. */
  | { readonly kind: "set-timer"; readonly ms: number }
  | { readonly kind: "cancel-timer" }
  /** For the timeline. Never a private digit. */
  | {
      readonly kind: "step";
      readonly actionId: string;
      readonly type: string;
      readonly name: string;
      readonly facts: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: "set-data"; readonly values: Readonly<Record<string, string>> }
  | {
      readonly kind: "transfer-to-acd";
      readonly queue: string;
      readonly priority: number;
      readonly skills: readonly string[];
      readonly language: string | null;
      readonly inQueueFlow: string | null;
    }
  /** `secure`: also hidden from whoever listens beside the call. Ends by itself after the organization's limit. */
  | { readonly kind: "pause-recording"; readonly secure: boolean }
  | { readonly kind: "resume-recording" }
  /** Answered by the input `queue-facts`. */
  | { readonly kind: "ask-queue-facts" }
  | { readonly kind: "disconnect" };

/** What happens to a flow. */
export type FlowInput =
  | { readonly kind: "start" }
  | { readonly kind: "digit"; readonly digit: string }
  | { readonly kind: "play-finished"; readonly playId: string; readonly reason: "done" | "stopped" | "unknown-prompt" }
  | { readonly kind: "timer" }
  /** `position` counts from 1; null: not known. */
  | { readonly kind: "queue-facts"; readonly position: number | null; readonly estimatedWaitMs: number | null }
  /** A `transfer-to-acd` that cannot be carried out: no such queue. */
  | { readonly kind: "transfer-failed"; readonly message: string };

export type ActionContext = {
  /** A play id that no other play of this flow has. */
  readonly playId: string;
  evaluate(expression: string): { readonly ok: true; readonly value: FlowValue } | { readonly ok: false; readonly message: string };
};

export type ActionResult<F> =
  /** On to the action behind this output; `variables` are set first. */
  | {
      readonly kind: "next";
      readonly output: string;
      readonly outputs?: readonly FlowOutput[];
      readonly variables?: Readonly<Record<string, FlowValue>>;
      /** For the timeline: what was chosen. Never a private digit. */
      readonly facts?: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: "wait"; readonly frame: F; readonly outputs?: readonly FlowOutput[] }
  | { readonly kind: "end"; readonly outputs: readonly FlowOutput[]; readonly facts?: Readonly<Record<string, string | number>> }
  | { readonly kind: "error"; readonly message: string; readonly outputs?: readonly FlowOutput[] };

export type ActionKind<P = unknown, F = unknown> = {
  readonly type: string;
  readonly schema: ZodType<P>;
  readonly flowTypes: readonly ("INBOUNDCALL" | "INQUEUECALL")[];
  /** Outputs that must, and that may, lead somewhere. */
  outputs(params: P): { readonly required: readonly string[]; readonly optional: readonly string[] };
  /** Whether it asks the caller for keys: what was typed while nothing asked is for the next that does. */
  readonly takesDigits?: true;
  start(params: P, context: ActionContext): ActionResult<F>;
  /** Every input that comes while the action waits. */
  resume?(params: P, frame: F, input: FlowInput, context: ActionContext): ActionResult<F>;
};

/** Prompts by name, as documents write them. */
export function prompts(names: readonly string[]): Prompt[] {
  return names.map((key) => ({ kind: "key", key }));
}
