// What happened in a conversation, on its time axis: instants and spans by track, read from its log. Pure.
import type { LoggedEvent } from "../events/index.ts";
import type { ConversationEventType } from "./events.ts";

/** Flow path · queue and routing · holds · recording pauses · who was called, came, asked and left · troubles of the network. */
export const tracks = ["flow", "routing", "hold", "pause", "people", "trouble"] as const;
export type Track = (typeof tracks)[number];

/** `endedAt` (epoch ms): `at` for an instant; null: it goes on. `event` is what tells it in words. */
export type Moment = { readonly track: Track; readonly at: number; readonly endedAt: number | null; readonly event: LoggedEvent };

const trackOf: Readonly<Partial<Record<string, Track>>> = {
  "conversation.flow.started": "flow",
  "conversation.flow.stepped": "flow",
  "conversation.enqueued": "routing",
  "routing.decision.nobody": "routing",
  "routing.alert.created": "routing",
  "conversation.alert.accepted": "routing",
  "conversation.alert.ended": "routing",
  "conversation.held": "hold",
  "conversation.recording.paused": "pause",
  "conversation.dialled": "people",
  "conversation.party.connected": "people",
  "conversation.party.ended": "people",
  "conversation.consult.updated": "people",
  "conversation.transfer.failed": "people",
  "conversation.room.entered": "people",
  "conversation.supervision.connected": "people",
  "conversation.supervision.switched": "people",
  "conversation.supervision.ended": "people",
  "conversation.agent.ended": "people",
  "conversation.media.silent": "trouble",
  "conversation.media.unprotected": "trouble",
  "conversation.agent.lost": "trouble",
} satisfies Partial<Record<ConversationEventType | "routing.decision.nobody", Track>>;

/** What begins with one event and ends with another. */
const endings: Readonly<Record<string, readonly string[]>> = {
  "conversation.held": ["conversation.resumed"],
  "conversation.recording.paused": ["conversation.recording.resumed"],
  "conversation.media.silent": ["conversation.media.heard"],
  "conversation.agent.lost": ["conversation.agent.returned"],
};

/** After these nothing of a participant goes on. */
const leavings: ReadonlySet<string> = new Set(["conversation.agent.ended", "conversation.party.ended", "conversation.supervision.ended"]);

/** In the order in which they began. `events`: of one conversation, in sequence order; what was erased is left out. */
export function momentsOf(events: readonly LoggedEvent[]): readonly Moment[] {
  const moments: Moment[] = [];
  /** Index of a span that is open, by what it is and whose. */
  const open = new Map<string, number>();
  const close = (keys: Iterable<string>, at: number): void => {
    for (const key of [...keys]) {
      const index = open.get(key);
      if (index !== undefined) moments[index] = { ...moments[index]!, endedAt: Math.max(at, moments[index]!.at) };
      open.delete(key);
    }
  };
  for (const event of events) {
    const { type, at, payload } = event;
    if (payload === null) continue;
    const isOver = type === "conversation.ended";
    const leaver = leavings.has(type) ? String(payload.participantId) : null;
    const ended = [...open.keys()].filter((key) => isOver || (leaver !== null && key.includes(` ${leaver} `)) || endsBy(key, event));
    close(ended, at);
    const track = trackOf[type];
    if (track === undefined) continue;
    const isSpan = type in endings;
    const key = keyOf(type, event);
    // More of a cause became known: it is still the same silence.
    if (isSpan && open.has(key)) {
      const index = open.get(key)!;
      moments[index] = { ...moments[index]!, event };
      continue;
    }
    if (isSpan) open.set(key, moments.length);
    moments.push({ track, at, endedAt: isSpan ? null : at, event });
  }
  return moments;
}

/** A pause is the call's, whoever asked for it. */
function keyOf(type: string, { payload }: LoggedEvent): string {
  const whose = type === "conversation.recording.paused" ? "" : String(payload?.participantId);
  const direction = type === "conversation.media.silent" ? String(payload?.direction ?? "from") : "";
  return `${type} ${whose} ${direction}`;
}

function endsBy(key: string, event: LoggedEvent): boolean {
  const [began = ""] = key.split(" ");
  return endings[began]!.includes(event.type) && keyOf(began, event) === key;
}
