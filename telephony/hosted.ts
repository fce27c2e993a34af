// What call-control.ts hosts: legs, each with its state and what it is joined to, and the conversations they are of.
import type { LadderEntry } from "../core/call/call-control.ts";
import type { Timer } from "../core/env/env.ts";
import type { ConversationId, StationId, TrunkId } from "../core/lib/id.ts";
import { sipIdCharactersMax, sipIdsMax } from "../core/lib/limits.ts";
import type { CapturedLeg } from "./captured.ts";
import type { Presses } from "./digits.ts";
import type { DialStation, DialTrunk } from "./invite.ts";
import { couldSpeak, type LegState, type LegTimer } from "./leg.ts";
import type { ReachedBy } from "./registrar.ts";
import type { Codec } from "./sdp/codecs.ts";
import type { Session } from "./sip/dialog/layer.ts";
import type { SessionEnd } from "./sip/dialog/session.ts";
import type { LineDialog } from "./sip/dialog/watched.ts";
import { Ladder } from "./sip/trace.ts";
import type { Flow } from "./sip/transport/flow.ts";
import type { Way } from "./trunk/lines.ts";

/** A leg's host: its state, its timers, what it is joined to. */
export type Leg = {
  state: LegState;
  /** Another once it is joined with it. */
  conversation: Conversation;
  session: Session | null;
  readonly timers: Map<LegTimer, Timer>;
  /** For callees: what the INVITE is made of. */
  readonly dial: DialStation | DialTrunk | null;
  /** The path to the device; null until it is known. */
  flow: Flow | null;
  /** By which registrations its device has been called, the last one now; and with what. */
  readonly tried: ReachedBy[];
  offer: Uint8Array | null;
  /** As whom a number outside is called. */
  way: Way | null;
  /** By which trunk it came or goes. */
  readonly trunkId: TrunkId | null;
  /** Whose call it is, when a guest's. */
  guestId: string | null;
  /** How its station's line shows it; null: it is no station's. */
  readonly line: LineOfLeg | null;
  /** The peer's half of Session-ID: what it says, or what we say in its place. */
  peerSession: string | null;
  /** Of whom it talks to, as it was told last. */
  otherSession: string | null;
  readonly callIds: Set<string>;
  /** What was agreed on last, and whether digits come and go as events there; else as tones, or by INFO where it does so itself. */
  codec: Codec | null;
  hasEvents: boolean;
  usesInfo: boolean;
  /** Under which name a browser's checks find our stream; null: it is no browser's, or not described yet. */
  iceName: string | null;
  /** Digits that it told lately. */
  presses: Presses;
  /** The other end of its bridge. */
  partner: Leg | null;
};

export type LineOfLeg = {
  readonly stationId: StationId;
  readonly id: string;
  readonly party: NonNullable<LineDialog["party"]>;
  /** As it was seen last. */
  seen: LineDialog["state"] | null;
};

export type Conversation = {
  readonly id: ConversationId;
  readonly ladder: Ladder;
  readonly legs: Set<Leg>;
  readonly callIds: Set<string>;
  /** Whose voices are in one worker with it: its own, or those of a conference room. */
  mediaGroup: string;
  readonly session: string;
  /** Of both sides, of every leg that there was. */
  readonly sessions: Set<string>;
  /** In a secure pause. */
  isPrivate: boolean;
};

/** `session`: our half of its Session-ID. */
export function newConversation(id: ConversationId, session: string): Conversation {
  return {
    id,
    ladder: new Ladder(),
    legs: new Set(),
    callIds: new Set(),
    mediaGroup: id,
    session,
    sessions: new Set(),
    isPrivate: false,
  };
}

/** Out of the bridge that it is in, if it is in one. */
export function part(leg: Leg | undefined): void {
  if (leg === undefined || leg.partner === null) return;
  leg.partner.partner = null;
  leg.partner = null;
}

/** What is shown of a ladder. */
export function given(ladder: Ladder): { readonly entries: readonly LadderEntry[]; readonly truncated: boolean } {
  const { entries, truncated } = ladder.entries();
  return {
    entries: entries.map(({ at, direction, flow, startLine, text }) => ({ at, direction, flow, summary: startLine, text })),
    truncated,
  };
}

export function capturedLeg({ conversation, trunkId, line }: Leg): CapturedLeg {
  return { conversationId: conversation.id, trunkId, stationId: line?.stationId ?? null, isPrivate: conversation.isPrivate };
}

export function sipIdsOf({ callIds, sessions }: Conversation): readonly string[] {
  return [...callIds, ...sessions].filter((id) => id.length <= sipIdCharactersMax).slice(0, sipIdsMax);
}

/** What the others of its call speak, and then what those could to whom nothing was answered yet: so that as little as may be is transcoded. */
export function spokenBeside(leg: Leg | undefined): readonly Codec[] {
  const others = [...(leg?.conversation.legs ?? [])].filter((other) => other !== leg);
  return [...new Set([...others.flatMap(({ codec }) => codec ?? []), ...others.flatMap(({ state }) => couldSpeak(state))])];
}

/** Its device was not found where it had registered, and has heard nothing of the call (RFC 5626 §11.6: 430). */
export function isOfTheFlow({ state }: Leg, { cause, status }: SessionEnd): boolean {
  const isUnheard = state.name === "ringing" && state.endsAs === null && state.heard === "nothing";
  return isUnheard && (status === 430 || cause === "transport");
}
