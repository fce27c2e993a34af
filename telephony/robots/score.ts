// What a load test has found: every call counted once, as heard both ways or by the reason why it was not. Pure.
import type { StreamStats } from "../media/plane.ts";
import type { AnswerReport, CallReport } from "./robots.ts";
import type { Heard } from "./voice.ts";

export type Spread = { readonly p50: number; readonly p99: number; readonly max: number };

export type Score = {
  readonly tried: number;
  /** Calls that the node took. */
  readonly answered: number;
  /** Calls in which each side heard the other's voice, and not its own, for as long as they talked. */
  readonly heardBothWays: number;
  /** The others, by why. */
  readonly failed: Readonly<Record<string, number>>;
  /** From the INVITE to its answer. */
  readonly setupMs: Spread | null;
  /** From the answer until the agent was heard, to the second. */
  readonly waitedMs: Spread | null;
  readonly lossPercent: number;
  readonly jitterMs: Spread | null;
  readonly callMinutes: number;
};

/**
 * A phrase is voice for three fifths of its length; the ear's windows cut some of it. What is heard in less than this share of the time has
 * holes, or began late.
 */
const voiceShareMin = 0.4;
/** The first second may lie before the ear's first window, and the last after it was told to close. */
const ownSecondsMs = 2_000;

/** `answers`: the agents' ends; null: the agents are not ours, and only the callers' ears count. */
export function score(reports: readonly CallReport[], answers: readonly AnswerReport[] | null): Score {
  const byCaller = new Map((answers ?? []).map((answer) => [answer.callerNumber, answer]));
  const failed: Record<string, number> = {};
  let heardBothWays = 0;
  for (const report of reports) {
    const why = complaint(report, answers === null ? "not ours" : (byCaller.get(report.plan.number) ?? null));
    if (why === null) heardBothWays += 1;
    else failed[why] = (failed[why] ?? 0) + 1;
  }
  const streams = [...reports, ...(answers ?? [])].flatMap(({ end }) => (end.stats === null ? [] : [end.stats]));
  const setups = reports.flatMap(({ setupMs }) => (setupMs === null ? [] : [setupMs]));
  return {
    tried: reports.length,
    answered: setups.length,
    heardBothWays,
    failed,
    setupMs: spread(setups),
    waitedMs: spread(reports.flatMap(({ waitedMs }) => (waitedMs === null ? [] : [waitedMs]))),
    lossPercent: lossPercent(streams),
    jitterMs: spread(streams.filter(({ packetsReceived }) => packetsReceived > 0).map(({ jitterMs }) => jitterMs)),
    callMinutes: reports.reduce((sum, { connectedMs }) => sum + connectedMs, 0) / 60_000,
  };
}

function complaint(report: CallReport, answer: AnswerReport | "not ours" | null): string | null {
  const { outcome, end } = report;
  if (outcome !== "talked") return `${outcome} (${end.why})`;
  if (answer === "not ours") return end.heard.agent + end.heard.caller + end.heard.sound > 0 ? null : "nothing was heard";
  if (!isRight(end.heard, "agent", "caller", report.talkedMs)) return "the caller did not hear the agent well";
  if (answer === null) return "no agent's end was found";
  return isRight(answer.end.heard, "caller", "agent", answer.talkedMs) ? null : "the agent did not hear the caller well";
}

function isRight(heard: Heard, other: "caller" | "agent", own: "caller" | "agent", talkedMs: number): boolean {
  return heard[own] === 0 && heard[other] >= Math.max(1, talkedMs - ownSecondsMs) * voiceShareMin;
}

function lossPercent(streams: readonly StreamStats[]): number {
  const lost = streams.reduce((sum, { packetsLost }) => sum + Math.max(0, packetsLost), 0);
  const received = streams.reduce((sum, { packetsReceived }) => sum + packetsReceived, 0);
  return lost + received === 0 ? 0 : (100 * lost) / (lost + received);
}

/** Null of nothing. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  // Nearest rank: of a hundred values the 99th.
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}
