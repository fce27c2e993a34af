// Turns a call event into row changes. The journal's writer runs it once per event, in the transaction that appends the event.
import type { EventDraft } from "../events/index.ts";
import type { AlertId, ConversationId, FlowId, ParticipantId, QueueId, RecordingId, SkillId, UserId } from "../lib/id.ts";
import type { AfterCallWork } from "../routing/agent.ts";
import { freeAgent } from "../routing/free-agent.ts";
import type { Stores } from "../stores.ts";
import type { Conversation, Participant, SegmentType } from "./conversation.ts";
import type { ConversationEvents, ConversationEventType } from "./events.ts";

type Context = { readonly stores: Stores; readonly event: EventDraft; readonly conversationId: ConversationId; readonly nodeId: string };
type Projector<T extends ConversationEventType> = (payload: ConversationEvents[T], context: Context) => Promise<void>;

/**
 * Row changes of one event; events that change no row do nothing. Every change is conditional, so a late event cannot undo a newer one. What
 * needs no answer of what goes before it is sent along with it: one connection carries statements out in the order in which they were sent.
 */
export async function project(stores: Stores, event: EventDraft, nodeId: string): Promise<void> {
  const projector = projectors[event.type as ConversationEventType] as Projector<ConversationEventType> | undefined;
  if (projector === undefined) return;
  const conversationId = event.subjectIds[0] as ConversationId;
  await projector(event.payload as never, { stores, event, conversationId, nodeId });
}

const projectors: { readonly [T in ConversationEventType]?: Projector<T> } = {
  "conversation.started": async (payload, { stores, event, conversationId, nodeId }) => {
    const conversation: Conversation = {
      id: conversationId,
      organizationId: event.organizationId,
      divisionId: event.divisionId!,
      nodeId,
      direction: payload.direction,
      callerNumber: payload.callerNumber,
      callerName: payload.callerName,
      calledNumber: payload.calledNumber,
      startedAt: event.at,
      answeredAt: null,
      endedAt: null,
      endReason: null,
      data: {},
      pausedAt: null,
      pausedUntil: null,
      pauseIsSecure: false,
      sipIds: [],
      eventSeq: null,
    };
    const userId = (payload.userId ?? null) as UserId | null;
    const purpose = payload.purpose ?? "customer";
    const type = purpose === "user" ? "dialing" : "system";
    await Promise.all([
      stores.conversations.insert(conversation),
      participant(stores, event, conversationId, payload.customerParticipantId, { purpose, userId }, type),
      occupy(stores, event, payload.customerParticipantId, userId),
    ]);
  },
  "conversation.dialled": async (payload, { stores, event, conversationId }) => {
    const { purpose, number: address, name } = payload;
    const userId = payload.userId as UserId | null;
    const type = purpose === "user" ? "alert" : "dialing";
    const who = { purpose, userId, address, name, consultedBy: payload.by as ParticipantId | null };
    await Promise.all([
      participant(stores, event, conversationId, payload.participantId, who, type),
      occupy(stores, event, payload.participantId, userId),
    ]);
  },
  "conversation.consult.updated": async ({ participantId, by, speakTo }, { stores, event, conversationId }) => {
    if (speakTo === "BOTH") await stores.conversations.joinConference(participantId as ParticipantId, by as ParticipantId);
    await segment(stores, event, conversationId, participantId, speakTo === "OBJECT" ? "hold" : "interact");
  },
  "conversation.supervision.started": async (payload, { stores, event, conversationId }) => {
    const userId = payload.userId as UserId;
    const who = { purpose: "user", userId, supervises: payload.supervises as ParticipantId } as const;
    await participant(stores, event, conversationId, payload.participantId, who, "alert");
    await occupy(stores, event, payload.participantId, userId);
  },
  "conversation.supervision.connected": async ({ participantId, mode }, { stores, event, conversationId }) => {
    await stores.conversations.connectParticipant(participantId as ParticipantId, event.at);
    await segment(stores, event, conversationId, participantId, mode);
  },
  "conversation.supervision.switched": async ({ participantId, supervises, mode }, { stores, event, conversationId }) => {
    const id = participantId as ParticipantId;
    await stores.conversations.setSupervises(id, supervises as ParticipantId);
    const isUp = (await stores.conversations.participant(id))?.connectedAt != null;
    if (isUp) await segment(stores, event, conversationId, participantId, mode);
  },
  "conversation.supervision.ended": partyEnded,
  "conversation.room.entered": async ({ participantId, customerParticipantId, name, number }, { stores, event, conversationId }) => {
    await Promise.all([
      participant(stores, event, conversationId, participantId, { purpose: "group", name, address: number }, "interact"),
      segment(stores, event, conversationId, customerParticipantId, "interact"),
    ]);
  },
  "conversation.party.connected": async (payload, { stores, event, conversationId }) => {
    await Promise.all([
      stores.conversations.connectParticipant(payload.participantId as ParticipantId, event.at),
      segment(stores, event, conversationId, payload.participantId, "interact"),
    ]);
  },
  "conversation.party.ended": partyEnded,
  "conversation.ladder.kept": async ({ sipIds = [] }, { stores, conversationId }) => {
    if (sipIds.length > 0) await stores.conversations.setSipIds(conversationId, sipIds);
  },
  "conversation.answered": async (payload, { stores, event, conversationId }) => {
    const customerId = payload.customerParticipantId as ParticipantId;
    const [customer] = await Promise.all([
      stores.conversations.participant(customerId),
      stores.conversations.setAnswered(conversationId, event.at),
      stores.conversations.connectParticipant(customerId, event.at),
    ]);
    await segment(stores, event, conversationId, payload.customerParticipantId, customer?.purpose === "customer" ? "ivr" : "interact");
  },
  "conversation.flow.started": async (payload, { stores, event, conversationId }) => {
    await participant(stores, event, conversationId, payload.participantId, { purpose: "ivr", flowId: payload.flowId as FlowId }, "ivr");
  },
  "conversation.flow.ended": async (payload, { stores, event }) => {
    await stores.conversations.endParticipant(
      payload.participantId as ParticipantId,
      event.at,
      payload.outcome === "transferred" ? "transfer" : "system",
    );
  },
  "conversation.data.set": async (payload, { stores, conversationId }) => {
    await stores.conversations.mergeData(conversationId, payload.values);
  },
  "conversation.enqueued": async (payload, { stores, event, conversationId, nodeId }) => {
    const who = { purpose: "acd", queueId: payload.queueId as QueueId } as const;
    await Promise.all([
      participant(stores, event, conversationId, payload.participantId, who, "interact"),
      segment(stores, event, conversationId, payload.customerParticipantId, "delay"),
      stores.waiting.leave(conversationId),
    ]);
    await stores.waiting.insert({
      conversationId,
      participantId: payload.participantId as ParticipantId,
      organizationId: event.organizationId,
      divisionId: event.divisionId!,
      queueId: payload.queueId as QueueId,
      nodeId,
      enteredAt: event.at,
      baseAt: payload.baseAt,
      atHead: payload.atHead,
      priority: payload.priority,
      skillIds: payload.skillIds as SkillId[],
      languageId: payload.languageId as SkillId | null,
      state: "waiting",
      alertId: null,
    });
  },
  "conversation.alert.accepted": async (payload, { stores, event, conversationId }) => {
    const alertId = payload.alertId as AlertId;
    const participantId = payload.participantId as ParticipantId;
    if (!(await stores.alerts.end(alertId, "accepted", event.at))) return;
    await Promise.all([
      stores.waiting.resolve(conversationId, alertId, "connected"),
      stores.agents.take(
        payload.userId as UserId,
        { kind: "alert", id: alertId },
        { kind: "conversation", id: participantId },
        { routingStatus: "INTERACTING", at: event.at, lastHandledAt: event.at },
      ),
      stores.conversations.endParticipant(payload.acdParticipantId as ParticipantId, event.at, "transfer"),
      stores.conversations.connectParticipant(participantId, event.at),
      segment(stores, event, conversationId, participantId, "interact"),
      segment(stores, event, conversationId, payload.customerParticipantId, "interact"),
    ]);
  },
  "conversation.alert.ended": async (payload, { stores, event, conversationId }) => {
    const alertId = payload.alertId as AlertId;
    if (!(await stores.alerts.end(alertId, payload.outcome, event.at))) return;
    // Whoever has left is not offered again; the end that should follow may never come, if its node could not close it.
    if (payload.callerLeft) await stores.waiting.leave(conversationId);
    else await stores.waiting.resolve(conversationId, alertId, "waiting");
    // The caller who left is nobody's fault; anything else makes the agent Not Responding.
    const blamed = payload.outcome !== "withdrawn";
    await freeAgent(stores, payload.userId as UserId, { kind: "alert", id: alertId }, { at: event.at, notResponding: blamed });
    await stores.conversations.endParticipant(payload.participantId as ParticipantId, event.at, blamed ? "noAnswer" : "system");
  },
  "telephony.emergency.called": async (payload, { stores, event, conversationId }) => {
    const { name, number, callback, place } = payload;
    const { organizationId, at } = event;
    const waitingFor = payload.contacts as readonly UserId[];
    const userId = payload.userId as UserId | null;
    const divisionId = event.divisionId!;
    await stores.helpCalls.insert({
      conversationId,
      organizationId,
      divisionId,
      at,
      userId,
      name,
      number,
      callback,
      place,
      waitingFor,
      seenBy: "",
    });
  },
  "conversation.charged": async (payload, { stores, event, conversationId }) => {
    const { legId: id, classification, country, startedAt, seconds, amount } = payload;
    const { organizationId } = event;
    const userId = payload.userId as UserId;
    await stores.callCharges.insert({ id, organizationId, conversationId, userId, classification, country, startedAt, seconds, amount });
  },
  "telephony.call-alarm.stopped": async ({ alarmId, subject, country, value }, { stores, event }) => {
    const { organizationId, at: stoppedAt } = event;
    await stores.callCharges.stop({ alarmId, subject, organizationId, country, value, stoppedAt, releasedAt: null });
  },
  "conversation.held": async (payload, { stores, event, conversationId }) => {
    await stores.conversations.setHeld(payload.participantId as ParticipantId, event.at);
    await segment(stores, event, conversationId, payload.participantId, "hold");
  },
  "conversation.resumed": async (payload, { stores, event, conversationId }) => {
    await stores.conversations.setHeld(payload.participantId as ParticipantId, null);
    await segment(stores, event, conversationId, payload.participantId, "interact");
  },
  "conversation.agent.ended": async (payload, { stores, event, conversationId }) => {
    const participantId = payload.participantId as ParticipantId;
    const userId = payload.userId as UserId;
    if (!(await stores.conversations.endParticipant(participantId, event.at, payload.disconnectType))) return;
    const inHand = { kind: "conversation", id: participantId } as const;
    if (payload.acw === null) {
      await freeAgent(stores, userId, inHand, { at: event.at, notResponding: payload.vanished, lastHandledAt: event.at });
      return;
    }
    const change = { routingStatus: "INTERACTING", at: event.at, lastHandledAt: event.at } as const;
    const work: AfterCallWork = {
      participantId,
      conversationId,
      userId,
      queueId: payload.queueId as QueueId,
      startedAt: event.at,
      deadlineAt: payload.acw.deadlineAt,
      endedAt: null,
      wrapupCode: null,
    };
    await Promise.all([
      stores.agents.take(userId, inHand, { kind: "after-call-work", id: participantId }, change),
      stores.agents.insertAfterCallWork(work),
      segment(stores, event, conversationId, participantId, "wrapup"),
    ]);
  },
  "conversation.recording.started": async (payload, { stores, event, conversationId, nodeId }) => {
    await stores.recordings.insert({
      id: payload.recordingId as RecordingId,
      organizationId: event.organizationId,
      divisionId: event.divisionId!,
      conversationId,
      path: payload.path,
      nodeId,
      startedAt: event.at,
      endedAt: null,
      state: "recording",
      durationMs: null,
      sizeBytes: null,
      chunks: null,
      sha256: null,
      erasedAt: null,
      eventSeq: null,
    });
  },
  "conversation.recording.closed": async (payload, { stores, event }) => {
    const { state, durationMs, sizeBytes, chunks, sha256 } = payload;
    await stores.recordings.close(payload.recordingId as RecordingId, { endedAt: event.at, state, durationMs, sizeBytes, chunks, sha256 });
  },
  "conversation.recording.paused": async ({ untilAt, secure }, { stores, event, conversationId }) => {
    await stores.conversations.setPause(conversationId, { pausedAt: event.at, pausedUntil: untilAt, pauseIsSecure: secure });
  },
  "conversation.recording.resumed": async (_payload, { stores, conversationId }) => {
    await stores.conversations.setPause(conversationId, { pausedAt: null, pausedUntil: null, pauseIsSecure: false });
  },
  "conversation.recording.failed": async (payload, { stores, event }) => {
    await stores.recordings.close(payload.recordingId as RecordingId, {
      endedAt: event.at,
      state: "failed",
      durationMs: null,
      sizeBytes: null,
      chunks: null,
      sha256: null,
    });
  },
  "conversation.ended": async (payload, { stores, event, conversationId }) => {
    const [participants] = await Promise.all([stores.conversations.participants(conversationId), stores.waiting.leave(conversationId)]);
    for (const open of participants) {
      const type = open.id === payload.customerParticipantId ? payload.disconnectType : "system";
      if (open.endedAt !== null) continue;
      await stores.conversations.endParticipant(open.id, event.at, type);
      if (open.purpose === "user" && open.userId !== null)
        await freeAgent(stores, open.userId, { kind: "conversation", id: open.id }, { at: event.at });
    }
    await stores.conversations.end(conversationId, event.at, payload.reason);
  },
};

async function partyEnded(payload: ConversationEvents["conversation.party.ended"], { stores, event }: Context): Promise<void> {
  const id = payload.participantId as ParticipantId;
  if (!(await stores.conversations.endParticipant(id, event.at, payload.disconnectType))) return;
  if (payload.userId !== null) await freeAgent(stores, payload.userId as UserId, { kind: "conversation", id }, { at: event.at });
}

async function participant(
  stores: Stores,
  event: EventDraft,
  conversationId: ConversationId,
  id: string,
  who: { readonly purpose: Participant["purpose"] } & Partial<
    Pick<Participant, "userId" | "flowId" | "queueId" | "address" | "name" | "consultedBy" | "supervises">
  >,
  type: SegmentType,
): Promise<void> {
  const row: Participant = {
    id: id as ParticipantId,
    conversationId,
    userId: null,
    queueId: null,
    flowId: null,
    address: "",
    name: "",
    consultedBy: null,
    addedBy: null,
    supervises: null,
    ...who,
    startedAt: event.at,
    connectedAt: who.purpose === "ivr" || who.purpose === "acd" || who.purpose === "group" ? event.at : null,
    endedAt: null,
    disconnectType: null,
    wrapupCode: null,
    heldSince: null,
  };
  await Promise.all([stores.conversations.insertParticipant(row), segment(stores, event, conversationId, id, type)]);
}

/** Whoever is on the phone is offered nothing meanwhile. What they have in hand already stays in hand. */
async function occupy(stores: Stores, event: EventDraft, participantId: string, userId: UserId | null): Promise<void> {
  if (userId === null) return;
  const inHand = { kind: "conversation", id: participantId as ParticipantId } as const;
  await stores.agents.take(userId, { kind: "nothing" }, inHand, { routingStatus: "COMMUNICATING", at: event.at });
}

function segment(
  stores: Stores,
  event: EventDraft,
  conversationId: ConversationId,
  participantId: string,
  type: SegmentType,
): Promise<void> {
  return stores.conversations.beginSegment({
    participantId: participantId as ParticipantId,
    conversationId,
    type,
    startedAt: event.at,
    endedAt: null,
  });
}
