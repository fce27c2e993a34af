// Whether sound that should come and go does: once a second the counters of a stream are looked at. Pure; stream.ts hosts it.
import { troublesToldMax } from "../../core/lib/limits.ts";
import type { Step } from "../../core/lib/machine.ts";
import type { SoundFigures, Trouble, TroubleCause } from "./plane.ts";

/** With a look a second, silence is told within 5 s of its beginning. */
export const silentMs = 4_000;
/** A peer that sends nothing while nobody speaks (RFC 3551 §4.1, RFC 3389) may well listen for this long. */
export const pausingSilentMs = 30_000;
/** Packets in which nothing sounds before they are taken for a microphone that is off: 4 s at 20 ms. */
const soundlessPackets = 200;
/** Fewer are strays, or the tail of what was sent before. */
const packetsThatCount = 3;
/** A second of packets: what the peer says that it sent, and what we send between two of its reports. */
const secondOfPackets = 50;
/** Below this score many are dissatisfied (ITU-T G.109: R under 70), above the other nobody need be told. */
const poorMos = 3.6;
const fairMos = 3.8;

/** Counters since the stream opened, and what is true now. */
export type Look = {
  /** Whether the peer should be heard: answered, agreed, and not on hold. */
  readonly isExpected: boolean;
  /** Whether the peer should hear us. */
  readonly isSending: boolean;
  readonly isConnected: boolean;
  /** It was, and the peer has ceased to show that it is there. */
  readonly isGone: boolean;
  /** Browsers always report on what they hear; of others some never do. */
  readonly isBrowser: boolean;
  /** Packets of sound, of digits and of comfort noise. */
  readonly heard: number;
  /** Whether anything but digital silence was ever in them. */
  readonly hasSounded: boolean;
  /** Whether the peer has shown that it sends nothing while nobody speaks. */
  readonly pauses: boolean;
  readonly refused: number;
  /** From where the last refused one came; empty: not known. */
  readonly refusedFrom: string;
  readonly discarded: number;
  /** The peer's reports, those of them that say what it sends, and how many packets that was by the last one; null: none has said. */
  readonly reports: number;
  readonly senderReports: number;
  readonly reportedSent: number | null;
  /** Those that say what it hears, and the newest of ours by the last one; null: it says that nothing arrives. */
  readonly accounts: number;
  readonly arrived: number | null;
  readonly sent: number;
  /** Where the peer is. */
  readonly peer: string;
  /** Windows measured so far, and the last one's figures. */
  readonly from: SoundFigures | null;
  readonly to: SoundFigures | null;
};

export type Told = {
  readonly direction: "from" | "to";
  readonly trouble: Trouble | null;
  readonly before: TroubleCause | null;
  readonly forMs: number;
};

type Way = {
  readonly trouble: Trouble | null;
  readonly sinceMs: number;
  /** Windows looked at, and how many in a row were poor. */
  readonly windows: number;
  readonly poorWindows: number;
};

/** The look at which the peer was last heard. */
type LastHeard = Look & {
  readonly atMs: number;
  /** How much it said that it had sent in its first sender report after that, and which one that was; null: none came. */
  readonly said: { readonly sent: number; readonly senderReports: number } | null;
};

export type Hearing = {
  /** When the peer was last heard, or began to be expected; null: it is not expected. */
  readonly last: LastHeard | null;
  /** Since when it is expected, and how much had been heard by then. */
  readonly expected: { readonly atMs: number; readonly heard: number } | null;
  /** The peer's last report about us, and what we had sent by then. */
  readonly report: { readonly accounts: number; readonly arrived: number | null; readonly sent: number; readonly deaf: number };
  /** Whether the peer ever reported on what we send. */
  readonly reportsOnUs: boolean;
  readonly from: Way;
  readonly to: Way;
  readonly told: number;
};

const quiet: Way = { trouble: null, sinceMs: 0, windows: 0, poorWindows: 0 };
export const notListening: Hearing = {
  ...{ last: null, expected: null, reportsOnUs: false, from: quiet, to: quiet, told: 0 },
  report: { accounts: 0, arrived: null, sent: 0, deaf: 0 },
};

export function stepHearing(state: Hearing, look: Look, atMs: number): Step<Hearing, Told> {
  const listening = listen(state, look, atMs);
  const read = readReport(listening, look);
  const from = withPoor(read.from, look.from);
  const to = withPoor(read.to, look.to);
  const silence = look.isExpected ? silenceOf(read, look, atMs) : null;
  const deafness = look.isSending && read.report.deaf >= 2 ? { cause: "not-received" as const, detail: look.peer } : null;
  return told(
    { ...read, from, to },
    silence ?? (look.isExpected ? poorOf(from, look.from) : null),
    deafness ?? (look.isSending ? poorOf(to, look.to) : null),
    atMs,
  );
}

function listen(state: Hearing, look: Look, atMs: number): Hearing {
  const { last, expected } = state;
  if (!look.isExpected) return { ...state, last: null, expected: null };
  const said = look.heard === 0 ? { sent: 0, senderReports: look.senderReports } : null;
  const now: LastHeard = { ...look, atMs, said };
  if (last === null || expected === null) return { ...state, last: now, expected: { atMs, heard: look.heard } };
  if (look.heard > last.heard) return { ...state, last: now };
  // A report of the second in which it fell silent may be of before.
  const { reports, senderReports, reportedSent } = look;
  if (atMs - last.atMs < 1_500) return { ...state, last: { ...last, reports, senderReports } };
  if (last.said !== null || reportedSent === null || senderReports === last.senderReports) return state;
  return { ...state, last: { ...last, said: { sent: reportedSent, senderReports } } };
}

/** A report that names nothing newer of ours, although we sent for seconds, was written by a peer that does not hear us. */
function readReport(state: Hearing, look: Look): Hearing {
  const { report } = state;
  if (!look.isSending) return { ...state, report: { ...report, accounts: look.accounts, sent: look.sent, deaf: 0 } };
  const reportsOnUs = state.reportsOnUs || look.arrived !== null;
  if (look.accounts === report.accounts) return { ...state, reportsOnUs };
  const hasSent = look.sent - report.sent >= 2 * secondOfPackets;
  const isDeaf = hasSent && look.arrived === report.arrived && (reportsOnUs || look.isBrowser);
  const deaf = look.arrived !== null && look.arrived !== report.arrived ? 0 : isDeaf ? report.deaf + 1 : report.deaf;
  return { ...state, reportsOnUs, report: { accounts: look.accounts, arrived: look.arrived, sent: look.sent, deaf } };
}

function silenceOf(state: Hearing, look: Look, atMs: number): Trouble | null {
  const { last, expected } = state;
  if (last === null || expected === null) return null;
  const forMs = atMs - last.atMs;
  // Its own reports of what it sends tell even of a peer that pauses.
  const isSendingIntoVoid = look.reportedSent !== null && last.said !== null && look.reportedSent - last.said.sent >= secondOfPackets;
  if (forMs >= (look.pauses && !isSendingIntoVoid ? pausingSilentMs : silentMs)) return whyNothing(last, look, isSendingIntoVoid);
  if (!look.hasSounded && look.heard - expected.heard >= soundlessPackets && atMs - expected.atMs >= silentMs)
    return { cause: "only-silence", detail: "" };
  return null;
}

/** The probable cause, by what else has come since the peer was last heard. */
function whyNothing(last: LastHeard, look: Look, isSendingIntoVoid: boolean): Trouble {
  if (look.refused - last.refused >= packetsThatCount)
    return look.refusedFrom === "" ? { cause: "not-authentic", detail: "" } : { cause: "other-address", detail: look.refusedFrom };
  if (look.discarded - last.discarded >= packetsThatCount) return { cause: "other-codec", detail: "" };
  if (look.isGone) return { cause: "gone", detail: "" };
  if (!look.isConnected) return { cause: "not-connected", detail: "" };
  if (isSendingIntoVoid) return { cause: "lost-on-the-way", detail: "" };
  const saysNothing =
    look.reportedSent === null ? look.reports > last.reports : look.senderReports > (last.said?.senderReports ?? Infinity);
  if (saysNothing) return { cause: "sends-nothing", detail: "" };
  return { cause: look.heard === 0 ? "never-came" : "stopped", detail: look.peer };
}

/** Two bad windows in a row are trouble, one may be a hiccup; and it is over with one that is good. */
function withPoor(way: Way, figures: SoundFigures | null): Way {
  if (figures === null || figures.windows === way.windows) return way;
  const isPoor = figures.mos < (way.trouble?.cause === "poor" ? fairMos : poorMos);
  return { ...way, windows: figures.windows, poorWindows: isPoor ? way.poorWindows + 1 : 0 };
}

function poorOf(way: Way, figures: SoundFigures | null): Trouble | null {
  return way.poorWindows < 2 || figures === null ? null : { cause: "poor", detail: String(Math.round(figures.lossPercent)) };
}

/** What changed is told; the figures of one cause may change unsaid. A peer that comes and goes for ever is told of no more in the end. */
function told(state: Hearing, from: Trouble | null, to: Trouble | null, atMs: number): Step<Hearing, Told> {
  const outputs: Told[] = [];
  const next = (direction: "from" | "to", way: Way, trouble: Trouble | null): Way => {
    const before = way.trouble?.cause ?? null;
    if ((trouble?.cause ?? null) === before) return way;
    if (before === null && state.told >= troublesToldMax) return way;
    const sinceMs = before !== null ? way.sinceMs : direction === "from" ? (state.last?.atMs ?? atMs) : atMs;
    outputs.push({ direction, trouble, before, forMs: atMs - sinceMs });
    return { ...way, trouble, sinceMs };
  };
  const ways = { from: next("from", state.from, from), to: next("to", state.to, to) };
  return { state: { ...state, ...ways, told: state.told + outputs.length }, outputs };
}
