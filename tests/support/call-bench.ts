// One call and what comes of each input, as short words: the pure machine, without wires, clock or disk.
import { expect } from "bun:test";
import { begin, step } from "../../core/call/call.ts";
import type { CallEvent, CallOrigin } from "../../core/call/call-control.ts";
import type { Callee, CallInput, CallOutput, CallState, Route, SpeakTo, Wish, WishWithTarget } from "../../core/call/state.ts";
import type { ConversationId, LegId, ParticipantId, StationId, UserId } from "../../core/lib/id.ts";

export const alice = { kind: "station", stationId: "alice-station" as StationId, userId: "alice" as UserId } as const;

export function person(name: string, paths = 1): Callee {
  const shown = { number: "201", name: "Alice" };
  const path = (n: number) => ({ kind: "station", stationId: `${name}-station${n === 0 ? "" : n}` as StationId, shown }) as const;
  const [first, ...rest] = Array.from({ length: paths }, (_, n) => path(n));
  const of = { purpose: "user", userId: name as UserId, number: "202", name, classification: null, isEmergency: false } as const;
  return { ...of, paths: [first!, ...rest], ringMs: 60_000 };
}

/** One call; its outputs as short words: `append dialled`, `ring L`, `bridge L 2`. Legs and participants are numbered as they are made. */
export class Bench {
  state: CallState;
  readonly said: string[] = [];
  readonly results: string[] = [];
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
    }
    this.state = state;
    return state;
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

  asks(kind: "hold" | "resume" | "disconnect" | "remove" | "complete-transfer" | "cancel-transfer", participantId: string): string[] {
    return this.wishes({ kind, participantId: participantId as ParticipantId });
  }

  wishes(wish: Wish): string[] {
    return this.input({ kind: "asked", wish });
  }

  passesOn(kind: "transfer" | "consult", participantId: string, callee: Callee, speakTo: SpeakTo = "DESTINATION"): string[] {
    const of = { participantId: participantId as ParticipantId, to: { kind: "number", number: callee.number } } as const;
    const wish: WishWithTarget =
      kind === "transfer" ? { kind, ...of } : { kind, ...of, speakTo, asId: `${callee.userId}` as ParticipantId };
    expect(this.input({ kind: "asked", wish })).toEqual(["find-target"]);
    return this.input({ kind: "target-found", wish, found: { kind: "callee", callee } });
  }
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
