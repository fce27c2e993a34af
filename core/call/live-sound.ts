// How the calls that are up on this node sound at this moment: the newest figures of each leg, and what is wrong. Kept in memory, gone with the leg.
import type { ConversationId, LegId, ParticipantId } from "../lib/id.ts";
import type { MediaVerdict, SoundDirection, Trouble } from "./call-control.ts";
import type { SoundPoint } from "./sound-chart.ts";

export type LegSound = {
  readonly participantId: ParticipantId;
  /** Null: nothing measured yet. */
  readonly verdict: MediaVerdict | null;
  readonly from: Trouble | null;
  readonly to: Trouble | null;
};

/** Who has the leg is asked anew each time: a transfer gives it to another participant. */
type Owner = () => ParticipantId | null;
type Entry = Omit<LegSound, "participantId"> & { readonly owner: Owner; readonly points: readonly SoundPoint[] };
type Change = "figures" | "trouble";

/** A leg's chart so far; at most `soundPointsMax` points. */
export type ChartedLeg = Pick<LegSound, "participantId"> & { readonly points: readonly SoundPoint[] };

const unknown = { verdict: null, from: null, to: null, points: [] } as const;

export class LiveSound {
  private readonly calls = new Map<ConversationId, Map<LegId, Entry>>();
  private readonly listeners = new Set<(conversationId: ConversationId, change: Change) => void>();

  /** Of every leg that is up, in the order in which they were first heard of. */
  of(conversationId: ConversationId): readonly LegSound[] {
    return this.owned(conversationId).map(({ participantId, verdict, from, to }) => ({ participantId, verdict, from, to }));
  }

  /** How every leg that is up has sounded since it began, as far as it was measured. */
  charts(conversationId: ConversationId): readonly ChartedLeg[] {
    return this.owned(conversationId).flatMap(({ participantId, points }) => (points.length === 0 ? [] : [{ participantId, points }]));
  }

  /** Returns how to stop. */
  subscribe(listener: (conversationId: ConversationId, change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** `points`: of the leg's whole life. */
  measured(conversationId: ConversationId, legId: LegId, owner: Owner, verdict: MediaVerdict, points: readonly SoundPoint[]): void {
    this.change(conversationId, legId, owner, { verdict, points }, "figures");
  }

  troubled(conversationId: ConversationId, legId: LegId, owner: Owner, direction: SoundDirection, trouble: Trouble | null): void {
    this.change(conversationId, legId, owner, { [direction]: trouble }, "trouble");
  }

  over(conversationId: ConversationId, legId: LegId): void {
    const legs = this.calls.get(conversationId);
    if (legs === undefined || !legs.delete(legId)) return;
    if (legs.size === 0) this.calls.delete(conversationId);
    this.tell(conversationId, "trouble");
  }

  private owned(conversationId: ConversationId): readonly (LegSound & Pick<Entry, "points">)[] {
    return [...(this.calls.get(conversationId)?.values() ?? [])].flatMap(({ owner, ...sound }) => {
      const participantId = owner();
      return participantId === null ? [] : [{ participantId, ...sound }];
    });
  }

  private change(conversationId: ConversationId, legId: LegId, owner: Owner, change: Partial<Entry>, what: Change): void {
    const legs = this.calls.get(conversationId) ?? new Map<LegId, Entry>();
    this.calls.set(conversationId, legs);
    legs.set(legId, { ...(legs.get(legId) ?? unknown), ...change, owner });
    this.tell(conversationId, what);
  }

  private tell(conversationId: ConversationId, change: Change): void {
    for (const listener of this.listeners) listener(conversationId, change);
  }
}
