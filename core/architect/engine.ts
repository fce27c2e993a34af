// Runs one flow: a pure machine over the document's actions. Every fault leads to the flow's error handling, never to silence.
import { collectDigitsMax, flowActionsWithoutWaitMax } from "../lib/limits.ts";
import type { Step } from "../lib/machine.ts";
import type { ActionContext, ActionKind, ActionResult, FlowInput, FlowOutput } from "./action.ts";
import { prompts } from "./action.ts";
import { registry } from "./actions/registry.ts";
import { type FlowDocument, paramsOf } from "./document.ts";
import { evaluate, type FlowValue } from "./expression.ts";

export type FlowState = {
  readonly document: FlowDocument;
  /** The action that waits, and what it remembers; null once the flow has ended. */
  readonly waiting: { readonly actionId: string; readonly frame: unknown } | null;
  readonly variables: Readonly<Record<string, FlowValue>>;
  readonly playCount: number;
  /** Keys that were pressed while nothing asked for any: people who know the way do not wait for the question. Private, as all digits. */
  readonly typedAhead: string;
  /** Inside error handling: a second fault there ends the call after the built-in apology. */
  readonly failing: "no" | "flow" | "apology";
  /** Makes its play ids unique within the conversation. */
  readonly prefix: string;
};

/** A flow that has not started. */
export function newFlow(document: FlowDocument, variables: Readonly<Record<string, FlowValue>>, prefix: string): FlowState {
  return { document, waiting: null, variables, playCount: 0, typedAhead: "", failing: "no", prefix };
}

/** One input; runs actions until one waits or the flow ends. */
export function step(state: FlowState, input: FlowInput): Step<FlowState, FlowOutput> {
  const run = new Run(state);
  if (input.kind === "start") run.go(state.document.start);
  else if (state.failing === "apology") run.apologized(input);
  else if (input.kind === "digit") run.press(input.digit);
  else if (state.waiting !== null) run.resume(state.waiting.actionId, state.waiting.frame, input);
  run.takeTyped();
  return { state: run.state(), outputs: run.outputs };
}

/** One run through the document; lives only during a step. */
class Run {
  readonly outputs: FlowOutput[] = [];
  private waiting: FlowState["waiting"];
  private variables: FlowState["variables"];
  private playCount: number;
  private failing: FlowState["failing"];
  private typedAhead: string;
  private steps = 0;

  constructor(private readonly before: FlowState) {
    this.waiting = before.waiting;
    this.variables = before.variables;
    this.playCount = before.playCount;
    this.failing = before.failing;
    this.typedAhead = before.typedAhead;
  }

  state(): FlowState {
    const { waiting, variables, playCount, typedAhead, failing } = this;
    return { ...this.before, waiting, variables, playCount, typedAhead, failing };
  }

  go(first: string): void {
    for (let id: string | null = first; id !== null; ) {
      this.waiting = null;
      this.steps += 1;
      const found = this.find(id);
      if (found === null || this.steps > flowActionsWithoutWaitMax) {
        this.apologize();
        return;
      }
      const { kind, params } = found;
      id = this.apply(
        id,
        kind,
        this.guard(() => kind.start(params(), this.context())),
      );
    }
  }

  resume(id: string, frame: unknown, input: FlowInput): void {
    const found = this.find(id);
    if (found?.kind.resume === undefined) {
      this.apologize();
      return;
    }
    const { kind, params } = found;
    const next = this.apply(
      id,
      kind,
      this.guard(() => kind.resume!(params(), frame, input, this.context())),
    );
    if (next !== null) this.go(next);
  }

  press(digit: string): void {
    if (this.typedAhead.length < collectDigitsMax) this.typedAhead += digit;
  }

  /** Gives what was typed to the action that waits, key by key, as long as one asks. */
  takeTyped(): void {
    while (this.typedAhead !== "" && this.waiting !== null && this.failing !== "apology") {
      const { actionId, frame } = this.waiting;
      if (this.find(actionId)?.kind.takesDigits !== true) return;
      const digit = this.typedAhead[0]!;
      this.typedAhead = this.typedAhead.slice(1);
      this.resume(actionId, frame, { kind: "digit", digit });
    }
  }

  private find(id: string): { readonly kind: ActionKind; params(): unknown } | null {
    const action = this.before.document.actions[id];
    const kind = action && registry.get(action.type);
    return action === undefined || kind === undefined ? null : { kind, params: () => kind.schema.parse(paramsOf(action)) };
  }

  apologized(input: FlowInput): void {
    if (input.kind !== "play-finished" || input.playId !== this.apologyId()) return;
    this.waiting = null;
    this.outputs.push({ kind: "disconnect" });
  }

  // An action that throws is a bug of ours, but the caller still gets the flow's error handling.
  private guard(run: () => ActionResult<unknown>): ActionResult<unknown> {
    try {
      return run();
    } catch (error) {
      return { kind: "error", message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Carries out a result; returns the action to go on with, or null. */
  private apply(id: string, kind: ActionKind, result: ActionResult<unknown>): string | null {
    this.outputs.push(...(result.outputs ?? []));
    switch (result.kind) {
      case "wait":
        this.waiting = { actionId: id, frame: result.frame };
        return null;
      case "end":
        this.waiting = null;
        this.note(id, kind, result.facts ?? {});
        return null;
      case "next": {
        this.variables = { ...this.variables, ...result.variables };
        this.note(id, kind, result.facts ?? {});
        const target = this.before.document.actions[id]?.outputs[result.output];
        // An optional output that leads nowhere (no input, no match) is the flow's error handling.
        return target ?? this.fail();
      }
      case "error":
        this.note(id, kind, { error: result.message });
        return this.before.document.actions[id]?.outputs.failure ?? this.fail();
    }
  }

  private note(actionId: string, kind: ActionKind, facts: Readonly<Record<string, string | number>>): void {
    const name = this.before.document.actions[actionId]?.name ?? actionId;
    this.outputs.push({ kind: "step", actionId, type: kind.type, name, facts });
  }

  private fail(): string | null {
    const { onError } = this.before.document;
    // Whatever was typed was an answer to something else.
    this.typedAhead = "";
    if (this.failing === "no" && onError !== undefined) {
      this.failing = "flow";
      return onError;
    }
    this.apologize();
    return null;
  }

  private apologize(): void {
    this.failing = "apology";
    this.waiting = { actionId: "", frame: null };
    this.outputs.push(
      { kind: "cancel-timer" },
      { kind: "play", playId: this.apologyId(), prompts: prompts(["system.error"]), loop: false },
    );
  }

  private apologyId(): string {
    return `${this.before.prefix}-apology`;
  }

  private context(): ActionContext {
    this.playCount += 1;
    return { playId: `${this.before.prefix}-${this.playCount}`, evaluate: (expression) => evaluate(expression, this.variables) };
  }
}
