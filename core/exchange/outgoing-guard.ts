// What one person may have of calls outside at once and in a minute, and which trunks are full: a stolen phone ends at the limit, not at the bill.
import { type CallState, isOutside } from "../call/state.ts";
import type { TestCall } from "../call/test-call.ts";
import type { Clock } from "../env/env.ts";
import type { ConversationId, TrunkId, UserId } from "../lib/id.ts";
import { outgoingPerUserMax, outgoingPerUserPerMinuteMax } from "../lib/limits.ts";
import type { Trunk } from "../telephony/telephony.ts";
import { trunksOf } from "./preemption.ts";

export type Tripped = { readonly rule: "at-once" | "per-minute"; readonly limit: number };

const minuteMs = 60_000;

export class OutgoingGuard {
  private readonly begun = new Map<UserId, number[]>();

  constructor(
    private readonly clock: Clock,
    /** The calls that are up or are being set up. */
    private readonly calls: () => Iterable<CallState>,
    /** Test calls, which are calls of a person by a trunk, too. */
    private readonly tests: () => Iterable<Pick<TestCall, "trunkId" | "userId" | "classification">> = () => [],
  ) {}

  /** Counts one more of a person's, or one in place of another; not null: it would be one too many, and is not counted. */
  begin(userId: UserId, isInstead = false): Tripped | null {
    if (this.atOnce(userId) - (isInstead ? 1 : 0) >= outgoingPerUserMax) return { rule: "at-once", limit: outgoingPerUserMax };
    const now = this.clock.monotonic();
    const recent = (this.begun.get(userId) ?? []).filter((at) => at > now - minuteMs);
    if (recent.length >= outgoingPerUserPerMinuteMax) return { rule: "per-minute", limit: outgoingPerUserPerMinuteMax };
    this.begun.set(userId, [...recent, now]);
    return null;
  }

  /** Every channel of the trunk is taken, in whichever direction; `but`: not counting that conversation. */
  isFull({ id, channelsMax }: Pick<Trunk, "id" | "channelsMax">, but: ConversationId | null = null): boolean {
    return channelsMax !== null && this.channels(id, but) >= channelsMax;
  }

  private channels(trunkId: TrunkId, but: ConversationId | null): number {
    let taken = 0;
    for (const test of this.tests()) if (test.trunkId === trunkId) taken += 1;
    for (const call of this.calls()) if (call.conversationId !== but) taken += trunksOf(call).filter((id) => id === trunkId).length;
    return taken;
  }

  private atOnce(userId: UserId): number {
    let open = 0;
    for (const test of this.tests()) if (test.userId === userId && test.classification !== null) open += 1;
    // Each number of a conference is a call that is paid for, and stays theirs when they pass it on.
    for (const { dial, party, consult, members } of this.calls())
      for (const one of [dial, party, consult, ...members])
        if (one !== null && isOutside(one.callee) && one.callee.dialledBy?.userId === userId) open += 1;
    return open;
  }
}
