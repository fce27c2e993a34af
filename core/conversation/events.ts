// Everything that happens to a conversation, as the log tells it. The projection turns each into rows; timelines read them back.
import type { LegEndReason, MediaVerdict, SoundDirection, TroubleCause } from "../call/call-control.ts";
import type { SoundChart } from "../call/sound-chart.ts";
import type { SpeakTo } from "../call/state.ts";
import type { WrapupPrompt } from "../routing/queue.ts";
import type { AlertOutcome } from "../routing/waiting.ts";
import type { DisconnectType, EndReason, SupervisionMode } from "./conversation.ts";

/** After-call work that begins; `deadlineAt` null: as long as the agent wants. */
export type AcwBegin = { readonly deadlineAt: number | null };

/** Payloads by type. Ids are UUIDs; instants epoch ms; `at` of the event is the instant of what it tells. */
export type ConversationEvents = {
  "conversation.started": {
    customerParticipantId: string;
    legId: string;
    direction: "inbound" | "outbound";
    callerNumber: string;
    callerName: string;
    calledNumber: string;
    trunkId: string | null;
    stationId: string | null;
    /** From a browser, by a guest's link. */
    guest?: true;
    /** Of the one who called, when no queue is involved; else they are the customer. */
    purpose?: "user" | "external";
    userId?: string;
  };
  /** Somebody is called; `by`: the participant who wants to speak to them alone before passing the call on. */
  "conversation.dialled": {
    participantId: string;
    purpose: "user" | "external";
    userId: string | null;
    number: string;
    name: string;
    classification: string | null;
    by: string | null;
    emergency?: true;
    /** They were not called: they take the call that rang for this participant. */
    pickedUpFrom?: string;
    /** They were not called: they come from this conversation, which a phone has joined with this one. */
    joinedFrom?: string;
  };
  /** One of several ways to a party did not work; `path` is its index. */
  "conversation.path.failed": { participantId: string; path: number; reason: LegEndReason; sipStatus: number | null };
  /** Their side has sent the call on (3xx): to a number, or nowhere, as `refused` says in words. */
  "conversation.redirected": { participantId: string; sipStatus: number | null; to: string | null; refused: string | null };
  /** A number outside was answered, and is over: what it cost, whose call it was. */
  "conversation.charged": {
    legId: string;
    userId: string;
    classification: string;
    country: string;
    startedAt: number;
    seconds: number;
    amount: number;
    currency: string | null;
  };
  /** The next call outside would have been beyond it: from here on it, and those like it, are stopped. */
  "telephony.call-alarm.stopped": {
    alarmId: string;
    name: string;
    rule: string;
    subject: string;
    userId: string;
    country: string;
    value: number;
  };
  /** With whom `by` talks from here on, who asks the participant: with `BOTH` they are in a conference. */
  "conversation.consult.updated": { participantId: string; by: string; speakTo: SpeakTo };
  /** Somebody wants to listen beside a participant; their station is called. `reason`: in their words, or empty. */
  "conversation.supervision.started": {
    participantId: string;
    userId: string;
    supervises: string;
    mode: SupervisionMode;
    reason: string;
  };
  /** From here on they hear. */
  "conversation.supervision.connected": { participantId: string; mode: SupervisionMode };
  "conversation.supervision.switched": { participantId: string; supervises: string; mode: SupervisionMode };
  "conversation.supervision.ended": { participantId: string; userId: string; disconnectType: DisconnectType };
  /** They wanted to, and could not. */
  "conversation.supervision.refused": { userId: string; supervises: string; mode: SupervisionMode; message: string };
  "conversation.party.connected": { participantId: string; customerParticipantId: string };
  "conversation.party.ended": { participantId: string; userId: string | null; disconnectType: DisconnectType };
  /** Help was called: who, where, and who is to know at once. */
  "telephony.emergency.called": {
    stationId: string | null;
    userId: string | null;
    name: string;
    number: string;
    callback: string;
    place: string;
    contacts: readonly string[];
  };
  /** They are in a conference room from here on, until their call ends. */
  "conversation.room.entered": { participantId: string; customerParticipantId: string; roomId: string; name: string; number: string };
  /** Ended, as a call for help needed its channel of a trunk. `lostBy`: people of ours in it. */
  "telephony.emergency.preempted": { trunkId: string; forHelp: string; lostBy: readonly string[] };
  /** What was asked for names nobody: the call goes on as it was. */
  "conversation.transfer.failed": { participantId: string; message: string };
  "conversation.rejected": { reason: string; why?: string };
  "conversation.answered": { customerParticipantId: string };
  "conversation.flow.started": { participantId: string; flowId: string; flowName: string; version: number };
  "conversation.flow.stepped": {
    participantId: string;
    actionId: string;
    actionType: string;
    name: string;
    facts: Readonly<Record<string, string | number>>;
  };
  "conversation.flow.ended": { participantId: string; outcome: "transferred" | "disconnected" | "abandoned" };
  "conversation.data.set": { values: Readonly<Record<string, string>> };
  "conversation.enqueued": {
    participantId: string;
    customerParticipantId: string;
    queueId: string;
    queueName: string;
    baseAt: number;
    atHead: boolean;
    priority: number;
    skillIds: readonly string[];
    languageId: string | null;
  };
  /** Written by routing, in the transaction that reserved the agent. */
  "routing.alert.created": {
    alertId: string;
    participantId: string;
    acdParticipantId: string;
    queueId: string;
    userId: string;
    stationId: string | null;
    nodeId: string;
    deadlineAt: number;
    decisionId: string;
    acwPrompt: WrapupPrompt;
    acwTimeoutMs: number;
  };
  "conversation.alert.accepted": {
    alertId: string;
    participantId: string;
    acdParticipantId: string;
    customerParticipantId: string;
    queueId: string;
    userId: string;
  };
  "conversation.alert.ended": {
    alertId: string;
    participantId: string;
    queueId: string;
    userId: string;
    outcome: Exclude<AlertOutcome, "accepted">;
    callerLeft: boolean;
  };
  "conversation.held": { participantId: string };
  "conversation.resumed": { participantId: string };
  "conversation.agent.lost": { participantId: string; heldUntil: number };
  "conversation.agent.returned": { participantId: string; goneMs: number };
  "conversation.agent.ended": {
    participantId: string;
    queueId: string;
    userId: string;
    disconnectType: DisconnectType;
    acw: AcwBegin | null;
    /** The agent vanished and did not come back: Not Responding. */
    vanished: boolean;
  };
  "conversation.recording.started": { recordingId: string; path: string };
  "conversation.recording.closed": {
    recordingId: string;
    state: "sealed" | "interrupted";
    path: string;
    chunks: number;
    durationMs: number;
    sizeBytes: number;
    sha256: string;
    /** SHA-256 of the signed manifest beside the file. */
    manifestSha256: string;
  };
  /** Nothing is recorded from here on, until `untilAt` at the latest; `secure`: nor heard by whoever listens beside the call. */
  "conversation.recording.paused": {
    participantId: string | null;
    secure: boolean;
    /** A person, a program or a flow. */
    by: string;
    reason: string;
    untilAt: number;
  };
  /** `by` null: its time was over. */
  "conversation.recording.resumed": { participantId: string | null; secure: boolean; by: string | null };
  "conversation.recording.failed": { recordingId: string; reason: string };
  "conversation.media.measured": { participantId: string; verdict: MediaVerdict };
  /** How the same leg sounded over time; beside its figures, as whoever reads those of many conversations needs no charts. */
  "conversation.media.charted": { participantId: string; chart: SoundChart };
  /** What should arrive from the participant, or (`to`) at them, does not. Without a direction: of before causes were told; `from`. */
  "conversation.media.silent": { participantId: string; forMs: number; direction?: SoundDirection; cause?: TroubleCause; detail?: string };
  /** That is over; `forMs`: how long it was. */
  "conversation.media.heard": { participantId: string; direction: SoundDirection; forMs: number };
  /** The participant's side does not encrypt voice (`sipStatus`; null: it answered without keys), and was called plainly. */
  "conversation.media.unprotected": { participantId: string; sipStatus: number | null };
  "conversation.ended": {
    reason: EndReason;
    disconnectType: DisconnectType;
    customerParticipantId: string;
    /** With `joined`: in which conversation whoever stays goes on. */
    joinedInto?: string;
  };
  /** The redacted ladder, gzip, base64; the Call-IDs and Session-IDs of its legs (none: of before they were kept). */
  "conversation.ladder.kept": { entries: number; truncated: boolean; gzip: string; sipIds?: readonly string[] };
  "routing.acw.ended": { participantId: string; userId: string; queueId: string; wrapupCode: string; by: "agent" | "timeout" };
};

export type ConversationEventType = keyof ConversationEvents;
