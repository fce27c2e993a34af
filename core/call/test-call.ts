// The life of a test call: by one trunk's next hops in their order, until one answers; heard both ways or not; taken down. Pure; the exchange's TestCalls hosts it.
import type { Actor } from "../authorization/actor.ts";
import type { ConversationId, LegId, TrunkId, UserId } from "../lib/id.ts";
import { testCallEnoughMs, testCallRingMs, testCallTalkMs } from "../lib/limits.ts";
import { assertNever, type Step } from "../lib/machine.ts";
import type {
  CallCommand,
  CallEvent,
  CallerIdentity,
  LadderEntry,
  LegEndReason,
  MediaVerdict,
  SoundDirection,
  Trouble,
  TrunkTrouble,
} from "./call-control.ts";
import { isOfThePath } from "./dialling.ts";

/** What happened, in order. `host`: the next hop as it is configured; `said`: the carrier's own words, cleaned. */
export type TestCallStep = { readonly at: number } & (
  | { readonly kind: "way"; readonly host: string; readonly address: string | null; readonly trouble: TrunkTrouble | null }
  | { readonly kind: "ringing"; readonly hasEarlyMedia: boolean }
  | { readonly kind: "answered" }
  | { readonly kind: "voice"; readonly protection: string }
  | { readonly kind: "unprotected"; readonly sipStatus: number | null }
  | { readonly kind: "trouble"; readonly direction: SoundDirection; readonly trouble: Trouble | null }
  | { readonly kind: "failed"; readonly reason: LegEndReason; readonly sipStatus: number | null; readonly said: string }
  | { readonly kind: "hung-up" | "taken-down" | "stopped" | "preempted" | "node-stopped" }
);

export type TestCall = {
  readonly id: ConversationId;
  readonly trunkId: TrunkId;
  /** Whose call it is: their rights, their limits, their name in the log. */
  readonly userId: UserId;
  readonly startedAt: number;
  /** As it is known here, and as the trunk's format sends it. */
  readonly number: string;
  readonly sent: string;
  /** Null: an extension of a tie line's. */
  readonly classification: string | null;
  readonly shown: CallerIdentity;
  /** Next hops, as configured. */
  readonly hosts: readonly string[];
  readonly hop: number;
  readonly phase: "looking" | "calling" | "up" | "over";
  readonly legId: LegId | null;
  readonly answeredAt: number | null;
  readonly steps: readonly TestCallStep[];
  /** The newest figures, at its end the last. */
  readonly verdict: MediaVerdict | null;
  /** Why we take it down; null: we do not. */
  readonly endsAs: "taken-down" | "stopped" | "preempted" | "node-stopped" | null;
};

type LegEvent = Extract<CallEvent, { legId: LegId }>;

export type TestCallInput =
  | { readonly kind: "looked"; readonly address: string | null; readonly trouble: TrunkTrouble | null }
  | { readonly kind: "leg"; readonly event: LegEvent }
  | { readonly kind: "timer" }
  | { readonly kind: "stop"; readonly as: Exclude<TestCall["endsAs"], "taken-down" | null> };

export type TestCallOutput =
  /** Whether there is a way to a next hop: its name, its connection. Comes back as `looked`. */
  | { readonly kind: "look"; readonly hop: number }
  | { readonly kind: "control"; readonly command: CallCommand }
  | { readonly kind: "timer"; readonly ms: number }
  | { readonly kind: "over" };

type Result = Step<TestCall, TestCallOutput>;
type Moment = { readonly now: number; readonly legId: LegId };

/** What the other side hears: nothing that could be taken for the network's own tones. */
const hum = { kind: "tone", hz: [660], onMs: 600, offMs: 200 } as const;
/** Two seconds of voice: what comes for a moment and stops is not taken for a way. */
const packetsEnough = 100;

export function beginTestCall(facts: Omit<TestCall, "hop" | "phase" | "legId" | "answeredAt" | "steps" | "verdict" | "endsAs">): Result {
  const state: TestCall = {
    ...facts,
    ...{ hop: 0, phase: "looking", legId: null, answeredAt: null, steps: [], verdict: null, endsAs: null },
  };
  return { state, outputs: [{ kind: "look", hop: 0 }] };
}

export function stepTestCall(state: TestCall, input: TestCallInput, moment: Moment): Result {
  if (state.phase === "over") return stay(state);
  switch (input.kind) {
    case "looked":
      return state.phase === "looking" ? looked(state, input, moment) : stay(state);
    case "leg":
      return input.event.legId === state.legId ? legStep(state, input.event, moment) : stay(state);
    case "timer":
      return state.phase === "up" && state.endsAs === null ? takeDown(state, "taken-down") : stay(state);
    case "stop":
      if (state.endsAs !== null) return stay(state);
      return state.legId === null ? over(withStep(state, { at: moment.now, kind: input.as })) : takeDown(state, input.as);
    default:
      return assertNever(input);
  }
}

function looked(state: TestCall, { address, trouble }: Extract<TestCallInput, { kind: "looked" }>, { now, legId }: Moment): Result {
  const seen = withStep(state, { at: now, kind: "way", host: state.hosts[state.hop]!, address, trouble });
  if (trouble !== null) return nextHop(seen);
  const { id: conversationId, trunkId, hop, sent: number, shown } = state;
  const call = { kind: "dial-trunk", legId, conversationId, trunkId, hop, number, shown, isEmergency: false, isTest: true } as const;
  const { userId, number: called, classification } = state;
  const paid = classification === null ? {} : { payer: { userId, number: called, classification } };
  return {
    state: { ...seen, phase: "calling", legId },
    outputs: [{ kind: "control", command: { ...call, ...paid, ringMs: testCallRingMs } }],
  };
}

function nextHop(state: TestCall): Result {
  const hop = state.hop + 1;
  if (hop >= state.hosts.length) return over(state);
  return { state: { ...state, hop, phase: "looking", legId: null }, outputs: [{ kind: "look", hop }] };
}

function legStep(state: TestCall, event: LegEvent, { now: at }: Moment): Result {
  const { legId } = event;
  switch (event.kind) {
    case "leg.ringing":
      return stay(withStep(state, { at, kind: "ringing", hasEarlyMedia: event.hasEarlyMedia }));
    case "leg.answered":
      return {
        state: { ...withStep(state, { at, kind: "answered" }), phase: "up", answeredAt: at },
        outputs: [
          { kind: "control", command: { kind: "confirm", legId } },
          { kind: "control", command: { kind: "play", legId, playId: legId, prompts: [hum], loop: true } },
          { kind: "timer", ms: testCallTalkMs },
        ],
      };
    case "leg.connected":
      return stay(withStep(state, { at, kind: "voice", protection: event.protection }));
    case "leg.unprotected":
      return stay(withStep(state, { at, kind: "unprotected", sipStatus: event.sipStatus }));
    case "leg.trouble":
      return stay(withStep(state, { at, kind: "trouble", direction: event.direction, trouble: event.trouble }));
    case "leg.quality":
      return measured({ ...state, verdict: event.verdict }, at);
    case "leg.media":
      return stay({ ...state, verdict: event.verdict });
    case "leg.ended":
      return ended(state, event, at);
    case "leg.transfer-asked":
    case "leg.join-asked":
      return { state, outputs: [{ kind: "control", command: { kind: "refer-result", legId, status: 403 } }] };
    case "call.offered":
    case "leg.replace-asked":
    case "leg.lost":
    case "leg.held":
    case "digit":
    case "play.finished":
      return stay(state);
    default:
      return assertNever(event);
  }
}

/** What is known already need not be listened to any longer: they come through, and say by RTCP that we do. */
function measured(state: TestCall, now: number): Result {
  const { verdict, answeredAt, endsAs } = state;
  const isKnown = verdict !== null && verdict.packetsReceived >= packetsEnough && verdict.remotePacketsLost !== null;
  if (endsAs !== null || answeredAt === null || !isKnown || now - answeredAt < testCallEnoughMs) return stay(state);
  return takeDown(state, "taken-down");
}

function takeDown(state: TestCall, endsAs: NonNullable<TestCall["endsAs"]>): Result {
  return {
    state: { ...state, endsAs },
    outputs: [
      { kind: "control", command: { kind: "hang-up", legId: state.legId!, reason: endsAs === "preempted" ? "preempted" : "normal" } },
    ],
  };
}

function ended(state: TestCall, { reason, sipStatus, said = "" }: Extract<LegEvent, { kind: "leg.ended" }>, at: number): Result {
  if (state.endsAs !== null) return over(withStep(state, { at, kind: state.endsAs }));
  if (state.phase === "up" && reason === "hung-up") return over(withStep(state, { at, kind: "hung-up" }));
  const failed = withStep(state, { at, kind: "failed", reason, sipStatus, said });
  // As of any call: what says nothing about who is called is tried by the next hop.
  return state.phase === "calling" && isOfThePath(reason, sipStatus) ? nextHop(failed) : over(failed);
}

function over(state: TestCall): Result {
  return { state: { ...state, phase: "over" }, outputs: [{ kind: "over" }] };
}

function withStep(state: TestCall, step: TestCallStep): TestCall {
  return { ...state, steps: [...state.steps, step] };
}

function stay(state: TestCall): Result {
  return { state, outputs: [] };
}

/** Whether voice got through, one way and the other; null: it cannot be told. Of a call that was answered. */
export function heardWays({ steps, verdict }: Pick<TestCall, "steps" | "verdict">): {
  readonly from: boolean | null;
  readonly to: boolean | null;
} {
  const last = (direction: SoundDirection): Trouble | null =>
    steps.reduce<Trouble | null>((now, step) => (step.kind === "trouble" && step.direction === direction ? step.trouble : now), null);
  const isSilent = (trouble: Trouble | null): boolean => trouble !== null && trouble.cause !== "poor";
  if (verdict === null) return { from: null, to: null };
  const from = verdict.packetsReceived > 0 && !isSilent(last("from"));
  const to = isSilent(last("to")) ? false : verdict.remotePacketsLost === null ? null : true;
  return { from, to };
}

/** In one word: `well` only where voice came back. */
export function outcomeOf(test: TestCall): "going" | "well" | "unheard" | "failed" {
  if (test.phase !== "over") return "going";
  if (test.answeredAt === null) return "failed";
  const { from, to } = heardWays(test);
  return from === true && to !== false ? "well" : "unheard";
}

/** As kept and shown: without what only the node knows while it lasts. */
export type TestCallShown = { readonly test: TestCall; readonly ladder: readonly LadderEntry[] };

/** This node's test calls, as web wants them. */
export interface TestCallPort {
  /** Calls by this trunk alone. @throws Forbidden · NotFound · BadInput at `number` · Conflict that says what stands in the way */
  start(actor: Actor, trunkId: TrunkId, number: string): Promise<TestCall>;
  /** Hangs up. Nothing when none is up. */
  stop(trunkId: TrunkId): void;
  /** The last one by this trunk here; null: none since this node started. */
  of(trunkId: TrunkId): TestCallShown | null;
  /** Told whenever something has happened to one. Returns how to stop. */
  subscribe(listener: (trunkId: TrunkId) => void): () => void;
}
