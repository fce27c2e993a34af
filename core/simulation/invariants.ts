// What must hold in every simulated world: after every event, and once everything has come to rest.
import type { LoggedEvent } from "../events/index.ts";
import { assert } from "../lib/machine.ts";
import { nearest, reasonCounts } from "../routing/assign.ts";
import { emptyWorld, fold, snapshotOf } from "../routing/fold.ts";
import { match } from "../routing/match.ts";
import type { World } from "./world.ts";

/** An alert must be over, and after-call work ended, this long after its deadline; journals and polls need a moment, crashes and absences more. */
const overdueMs = 150_000;

/** After every event. */
export function checkAlways(world: World): void {
  const { tables } = world.database;
  const now = world.time.now;
  const open = new Map<string, number>();
  for (const alert of tables.alerts.values()) {
    if (alert.outcome !== null) continue;
    open.set(alert.userId, (open.get(alert.userId) ?? 0) + 1);
    assert(now < alert.deadlineAt + overdueMs, `alert ${alert.id} still rings ${now - alert.deadlineAt} ms after its deadline`);
  }
  for (const participant of tables.participants.values()) {
    if (participant.purpose === "agent" && participant.connectedAt !== null && participant.endedAt === null) {
      open.set(participant.userId!, (open.get(participant.userId!) ?? 0) + 1);
    }
  }
  for (const work of tables.work.values()) {
    if (work.endedAt !== null) continue;
    open.set(work.userId, (open.get(work.userId) ?? 0) + 1);
    assert(
      work.deadlineAt === null || now < work.deadlineAt + overdueMs,
      `after-call work ${work.participantId} goes on after its deadline`,
    );
  }
  for (const [userId, count] of open) {
    assert(count <= 1, `agent ${userId} has ${count} things in hand`);
    assert(tables.agents.get(userId)?.inHand.kind !== "nothing", `agent ${userId} counts as free with something in hand`);
  }
  checkNobodyForgotten(world);
  for (const node of world.nodes) {
    for (const waiting of tables.waiting.values()) {
      const lost = node.alive && node.exchange.runner(waiting.conversationId)?.call?.agent?.lost;
      assert(!lost || now < lost.at + overdueMs, `conversation ${waiting.conversationId} waits for an agent who is gone`);
    }
  }
}

// Whoever waits while somebody suitable has been idle for long was forgotten.
function checkNobodyForgotten(world: World): void {
  const { tables } = world.database;
  const now = world.time.now;
  const idle = [...tables.agents.values()].filter(
    (agent) => agent.routingStatus === "IDLE" && agent.inHand.kind === "nothing" && now - agent.routingStatusAt > overdueMs,
  );
  for (const waiting of tables.waiting.values()) {
    if (waiting.state !== "waiting" || now - waiting.enteredAt < overdueMs) continue;
    const free = idle.find((agent) =>
      tables.members.some((member) => member.queueId === waiting.queueId && member.userId === agent.userId && member.joined),
    );
    assert(free === undefined, `conversation ${waiting.conversationId} waits while agent ${free?.userId} is idle`);
  }
}

/** Once everything has come to rest. */
export function checkAtRest(world: World): void {
  const { tables, events } = world.database;
  checkLog(world, events);
  const ends = new Map<string, number>();
  for (const event of events)
    if (event.type === "conversation.ended") ends.set(event.subjectIds[0]!, (ends.get(event.subjectIds[0]!) ?? 0) + 1);
  for (const conversation of tables.conversations.values()) {
    assert(conversation.endedAt !== null && conversation.endReason !== null, `conversation ${conversation.id} never ended`);
    assert(ends.get(conversation.id) === 1, `conversation ${conversation.id} ended ${ends.get(conversation.id)} times`);
  }
  for (const participant of tables.participants.values()) assert(participant.endedAt !== null, `participant ${participant.id} never ended`);
  for (const waiting of tables.waiting.values())
    assert(waiting.state === "gone", `conversation ${waiting.conversationId} is over and still ${waiting.state}`);
  for (const alert of tables.alerts.values()) assert(alert.outcome !== null, `alert ${alert.id} never ended`);
  for (const agent of tables.agents.values()) {
    assert(agent.inHand.kind === "nothing", `agent ${agent.userId} keeps ${agent.inHand.kind}`);
    assert(agent.routingStatus !== "INTERACTING", `agent ${agent.userId} is Interacting with nobody`);
  }
  for (const recording of tables.recordings.values()) assert(recording.state !== "recording", `recording ${recording.id} never closed`);
  checkFold(world, events);
}

// Acknowledged means: in the log, once.
function checkLog(world: World, events: readonly LoggedEvent[]): void {
  const seen = new Set<string>();
  for (const event of events) {
    assert(!seen.has(event.id), `event ${event.type} ${event.id} is in the log twice`);
    seen.add(event.id);
  }
  for (const draft of world.acknowledged)
    assert(seen.has(draft.id), `event ${draft.type} ${draft.id} was acknowledged and is not in the log`);
}

// The log alone leads to the same agents as the rows, and to the same decisions as were stored.
function checkFold(world: World, events: readonly LoggedEvent[]): void {
  const { tables } = world.database;
  const folded = emptyWorld();
  const decisions = [...tables.decisions.values()].sort((a, b) => a.asOfSeq - b.asOfSeq);
  let next = 0;
  const checkUpTo = (seq: number): void => {
    for (; decisions[next] !== undefined && decisions[next]!.asOfSeq <= seq; next++) {
      const stored = decisions[next]!;
      const again = match(snapshotOf(folded, stored.queueId), stored.at).find(
        (decision) => decision.conversationId === stored.conversationId,
      );
      const same =
        again !== undefined &&
        again.userId === stored.userId &&
        JSON.stringify(nearest(again)) === JSON.stringify(stored.nearest) &&
        JSON.stringify(reasonCounts(again)) === JSON.stringify(stored.counts);
      assert(same, `decision ${stored.id} cannot be recomputed from the log as of ${stored.asOfSeq}`);
    }
  };
  for (const event of events) {
    checkUpTo(event.seq - 1);
    fold(folded, event);
  }
  checkUpTo(Number.POSITIVE_INFINITY);
  for (const agent of tables.agents.values()) {
    const again = folded.agents.get(agent.userId);
    for (const key of ["presence", "presenceDefinitionId", "routingStatus", "lastHandledAt"] as const) {
      assert(again?.[key] === agent[key], `agent ${agent.userId}: ${key} is ${agent[key]} in the row, ${again?.[key]} by the log`);
    }
  }
}
