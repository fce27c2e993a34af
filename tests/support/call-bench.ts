// One call and what comes of each input, as short words: the pure machine, without wires, clock or disk.
import { expect } from "bun:test";
import { begin, step } from "../../core/call/call.ts";
import type { CallEvent, CallOrigin } from "../../core/call/call-control.ts";
import type {
  Append,
  Callee,
  CallInput,
  CallOutput,
  CallState,
  FoundRedirect,
  Route,
  SpeakTo,
  Wish,
  WishWithTarget,
} from "../../core/call/state.ts";
import type { AlertId, ConversationId, FlowId, LegId, ParticipantId, QueueId, StationId, TrunkId, UserId } from "../../core/lib/id.ts";

export const alice = { kind: "station", stationId: "alice-station" as StationId, userId: "alice" as UserId } as const;

export function person(name: string, paths = 1): Callee {
  const shown = { number: "201", name: "Alice" };
  const path = (n: number) => ({ kind: "station", stationId: `${name}-station${n === 0 ? "" : n}` as StationId, shown }) as const;
  const [first, ...rest] = Array.from({ length: paths }, (_, n) => path(n));
  const of = { purpose: "user", userId: name as UserId, number: "202", name, classification: null, isEmergency: false } as const;
  return { ...of, paths: [first!, ...rest], ringMs: 60_000, otherwise: null };
}

/** A customer by a trunk (leg `L`) who talks with an agent (leg `A`, participant `priya`) out of a queue. */
export function queueCall(pausedByFlow = false): Bench {
  const route = { kind: "flow", flowId: "f" as FlowId, flowName: "F", version: 1 } as const;
  const bench = new Bench(route, { kind: "trunk", trunkId: "carrier" as TrunkId });
  bench.answers("L");
  if (pausedByFlow) bench.pauses(true, "f");
  const queue = { queueId: "q" as QueueId, queueName: "Q", priority: 0, skillIds: [], languageId: null, inQueueFlow: null };
  bench.input({ kind: "queue-found", queue, message: "" });
  const acw = { prompt: "MANDATORY", timeoutMs: 0 } as const;
  const of = { alertId: "alert" as AlertId, participantId: "priya" as ParticipantId, queueId: "q" as QueueId };
  const dialled = bench.input({
    kind: "alerted",
    alert: { ...of, userId: "priya" as UserId, stationId: "priya-station" as StationId, deadlineAt: 60_000, acw },
  });
  expect(bench.answers(legIn(dialled))).toContain(`bridge L ${agentLeg(bench)}`);
  return bench;
}

/** Of the device that is called. */
export function legIn(said: readonly string[]): string {
  return said.find((word) => word.startsWith("dial "))!.split(" ")[2]!;
}

export const agentLeg = (bench: Bench): string => bench.state.agent!.legId;

/** One call; its outputs as short words: `append dialled`, `ring L`, `bridge L 2`. Legs and participants are numbered as they are made. */
export class Bench {
  state: CallState;
  readonly said: string[] = [];
  readonly results: string[] = [];
  /** Whole, with the instant of each. */
  readonly appended: { readonly type: string; readonly at: number; readonly payload: Append["payload"] }[] = [];
  private made = 0;

  constructor(route: Route, origin: CallOrigin = alice) {
    const caller = { number: "201", name: "Alice" };
    const input = {
      kind: "offered",
      conversationId: "c" as ConversationId,
      legId: "L" as LegId,
      origin,
      caller,
      called: "202",
      route,
    } as const;
    this.state = this.take(begin(input, this.moment()));
  }

  private moment() {
    this.made += 1;
    return { now: this.made, ids: ["a", "b", "c", "d"].map((letter) => `${this.made}${letter}`) };
  }

  private take({ state, outputs }: { readonly state: CallState; readonly outputs: readonly CallOutput[] }): CallState {
    for (const output of outputs) {
      const word = wordOf(output);
      // What a device without a wish of its own never hears.
      if (word.startsWith("refer-result")) this.results.push(word);
      else this.said.push(word);
      if (output.kind === "append") this.appended.push({ type: output.type, at: this.made, payload: output.payload });
    }
    this.state = state;
    return state;
  }

  /** The same, whole. */
  outputsOf(input: CallInput): readonly CallOutput[] {
    const result = step(this.state, input, this.moment());
    this.take(result);
    return result.outputs;
  }

  /** What came of it. */
  input(input: CallInput): string[] {
    const before = this.said.length;
    this.take(step(this.state, input, this.moment()));
    return this.said.slice(before);
  }

  leg(event: Extract<CallEvent, { legId: LegId }>): string[] {
    return this.input({ kind: "leg", event });
  }

  rings(legId: string, hasEarlyMedia = false): string[] {
    return this.leg({ kind: "leg.ringing", legId: legId as LegId, hasEarlyMedia });
  }

  answers(legId: string): string[] {
    return this.leg({ kind: "leg.answered", legId: legId as LegId });
  }

  ends(legId: string, reason: Extract<CallEvent, { kind: "leg.ended" }>["reason"], sipStatus: number | null = null): string[] {
    return this.leg({ kind: "leg.ended", legId: legId as LegId, reason, sipStatus });
  }

  /** The leg's device sends the call on (302), and this is what becomes of that. */
  sendsOn(legId: string, of: "dial" | "consult", found: FoundRedirect): string[] {
    const end = { reason: "redirected", sipStatus: 302, targets: [{ number: "203", host: "", isNear: true }] } as const;
    expect(this.leg({ kind: "leg.ended", legId: legId as LegId, ...end })).toEqual(["find-redirect"]);
    return this.input({ kind: "redirect-found", of, end, found });
  }

  asks(kind: "hold" | "resume" | "disconnect" | "remove" | "complete-transfer" | "cancel-transfer", participantId: string): string[] {
    return this.wishes({ kind, participantId: participantId as ParticipantId });
  }

  wishes(wish: Wish): string[] {
    return this.input({ kind: "asked", wish });
  }

  pauses(secure: boolean, by = "priya"): string[] {
    return this.wishes({ kind: "pause-recording", ...whose(by), secure, reason: "card", limitMs: 60_000 });
  }

  unpauses(by = "priya"): string[] {
    return this.wishes({ kind: "resume-recording", ...whose(by) });
  }

  passesOn(kind: "transfer" | "consult", participantId: string, callee: Callee, speakTo: SpeakTo = "DESTINATION"): string[] {
    const of = { participantId: participantId as ParticipantId, to: { kind: "number", number: callee.number } } as const;
    const wish: WishWithTarget =
      kind === "transfer" ? { kind, ...of } : { kind, ...of, speakTo, asId: `${callee.userId}` as ParticipantId };
    expect(this.input({ kind: "asked", wish })).toEqual(["find-target"]);
    return this.input({ kind: "target-found", wish, found: { kind: "callee", callee } });
  }
}

function whose(by: string) {
  return { participantId: by as ParticipantId, by, userId: by as UserId };
}

function wordOf(output: CallOutput): string {
  if (output.kind === "append") return output.type.replace("conversation.", "");
  if (output.kind !== "control") return output.kind;
  const { command } = output;
  switch (command.kind) {
    case "bridge":
      return `bridge ${command.a} ${command.b}`;
    case "refer-result":
      return `refer-result ${command.legId} ${command.status}`;
    case "play":
    case "stop-play":
      return `${command.kind} ${command.playId.replace(/-.*/, "")} ${command.legId}`;
    case "hang-up":
    case "reject":
      return `${command.kind} ${command.legId} ${command.reason}`;
    case "dial-station":
      return `dial ${command.stationId} ${command.legId}`;
    case "dial-trunk":
      return `dial ${command.trunkId} ${command.legId}`;
    case "record-channel":
      return `record-channel ${command.right ?? "nobody"}`;
    case "record-pause":
      return `record-pause ${command.paused}`;
    case "privacy":
      return `privacy ${command.isPrivate}`;
    case "record-start":
    case "record-stop":
      return command.kind;
    case "answer":
      return `answer ${command.legId}${command.meetsIn === undefined ? "" : ` meets in ${command.meetsIn}`}`;
    case "mix":
      return `mix ${command.legId} > ${command.heardBy === null ? "all" : command.heardBy.join(" ") || "nobody"}`;
    default:
      return `${command.kind} ${command.legId}`;
  }
}
