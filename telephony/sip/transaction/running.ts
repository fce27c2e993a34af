// Runs one transaction machine: keeps its state and timers, carries out its outputs. Decides nothing.
import type { Clock, Timer } from "../../../core/env/env.ts";
import { assertNever, type Step } from "../../../core/lib/machine.ts";
import type { Draft, SipResponse } from "../message/message.ts";
import type { TimerName, TransactionOutput } from "./machine.ts";

export type Sink = {
  /** False when the message could not leave. */
  send(message: Draft): boolean;
  deliver(response: SipResponse): void;
  failed(reason: "timeout" | "transport"): void;
  ended(): void;
};

type CommonInput<I> = I | { readonly kind: "transport-error" } | { readonly kind: "timer"; readonly timer: TimerName };

export class Running<S extends { readonly name: string }, I> {
  private readonly timers = new Map<TimerName, Timer>();
  private state: S;

  constructor(
    private readonly clock: Clock,
    private readonly start: Step<S, TransactionOutput>,
    private readonly step: (state: S, input: I) => Step<S, TransactionOutput>,
    private readonly sink: Sink,
  ) {
    this.state = start.state;
  }

  /** Carries out the first outputs, once the owner can be found by what they cause. */
  begin(): void {
    this.carryOut(this.start.outputs);
  }

  get stateName(): string {
    return this.state.name;
  }

  input(input: CommonInput<I>): void {
    // The machines ignore timers that are not theirs, so the wider type is safe here.
    const result = this.step(this.state, input as I);
    this.state = result.state;
    this.carryOut(result.outputs);
  }

  /** Ends without a word: the process stops. */
  dispose(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  private carryOut(outputs: readonly TransactionOutput[]): void {
    let couldSend = true;
    for (const output of outputs) {
      switch (output.kind) {
        case "send":
          couldSend = this.sink.send(output.message) && couldSend;
          break;
        case "start":
          this.timers.get(output.timer)?.cancel();
          this.timers.set(
            output.timer,
            this.clock.after(output.ms, () => {
              this.timers.delete(output.timer);
              this.input({ kind: "timer", timer: output.timer });
            }),
          );
          break;
        case "stop":
          this.timers.get(output.timer)?.cancel();
          this.timers.delete(output.timer);
          break;
        case "deliver":
          this.sink.deliver(output.response);
          break;
        case "failed":
          this.sink.failed(output.reason);
          break;
        case "ended":
          this.dispose();
          this.sink.ended();
          break;
        default:
          assertNever(output);
      }
    }
    if (!couldSend) this.input({ kind: "transport-error" });
  }
}
