// A day of callers: they come by themselves, each kind as often as it does, a few at a time; nobody comes while somebody real is on the phone.
import type { Env, Random, Timer } from "../../core/env/env.ts";
import type { CallerPlan } from "./caller.ts";
import { between, exponential, fraction, pick } from "./draw.ts";

/** One kind of caller; core/demo/centre.ts has those of the demo. */
export type TrafficLine = {
  readonly called: string;
  readonly keys: readonly { readonly digit: string; readonly afterMs: readonly [number, number] }[];
  readonly perHour: number;
  /** The mean of how long they wait. */
  readonly patienceMs: number;
  readonly talkMs: readonly [number, number];
};
export type Callers = {
  readonly names: readonly string[];
  /** Their numbers are this and three digits from the range. */
  readonly prefix: string;
  readonly digits: readonly [first: number, last: number];
};

/** Nobody gives up before the menu has spoken and the music begun. */
const patienceMsMin = 20_000;
const msPerHour = 3_600_000;

export function drawCaller(random: Random, line: TrafficLine, callers: Callers): CallerPlan {
  return {
    number: `${callers.prefix}${between(random, callers.digits)}`,
    // Some networks tell a name, most do not.
    name: fraction(random) < 0.4 ? pick(random, callers.names) : "",
    called: line.called,
    hears: "agent",
    keys: line.keys.map(({ digit, afterMs }) => ({ digit, afterMs: between(random, afterMs) })),
    patienceMs: patienceMsMin + exponential(random, line.patienceMs),
    talkMs: between(random, line.talkMs),
  };
}

export type TrafficOptions = {
  readonly env: Env;
  readonly lines: readonly TrafficLine[];
  readonly callers: Callers;
  /** Whether one more may come now. */
  mayCall(): boolean;
  call(plan: CallerPlan): void;
};

export class Traffic {
  private timer: Timer | null = null;

  constructor(private readonly options: TrafficOptions) {}

  /** The first comes at once: whoever looks sees something. */
  start(): void {
    const { env, lines } = this.options;
    const perHour = lines.reduce((sum, line) => sum + line.perHour, 0);
    this.timer = env.clock.after(exponential(env.random, msPerHour / perHour), () => this.start());
    this.arrive(perHour);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  // Whoever may not come now does not come later: a crowd at the door is no day like any other.
  private arrive(perHour: number): void {
    const { env, lines, callers, mayCall, call } = this.options;
    if (!mayCall()) return;
    let left = fraction(env.random) * perHour;
    const line = lines.find((candidate) => {
      left -= candidate.perHour;
      return left < 0;
    });
    call(drawCaller(env.random, line ?? lines.at(-1)!, callers));
  }
}
