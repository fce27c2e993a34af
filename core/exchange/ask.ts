// Asking something of a call that is up: hold, end, pass on. Whoever asks waits for no node; the owner of the call does it.
import { type App, newEvent } from "../app.ts";
import { type Actor, can, demand, found } from "../authorization/actor.ts";
import type { Permission } from "../authorization/permissions.ts";
import type { TransferTarget, Wish } from "../call/state.ts";
import { type Conversation, type Participant, peopleTogether, type SupervisionMode } from "../conversation/conversation.ts";
import type { EventDraft } from "../events/index.ts";
import { BadInput, Conflict, NotFound } from "../lib/errors.ts";
import { type ConversationId, newId, type ParticipantId, type StationId } from "../lib/id.ts";
import { conferencePartiesMax, pauseReasonMax, pauseSecondsDefault, supervisionReasonMax } from "../lib/limits.ts";
import type { Stores } from "../stores.ts";
import { dialledDigits, personByNumber } from "./callee.ts";
import { tieLinesTo } from "./tie-line.ts";

/** What is asked as a participant of the call. */
export type ParticipantWish = Exclude<Wish, { readonly kind: "supervise" | "pause-recording" | "resume-recording" }>;

export const wishPermissions: Readonly<Record<ParticipantWish["kind"], Permission>> = {
  hold: "conversation:call:hold",
  resume: "conversation:call:hold",
  disconnect: "conversation:call:disconnect",
  remove: "conversation:call:disconnect",
  transfer: "conversation:communication:blindTransfer",
  consult: "conversation:communication:consultTransfer",
  "speak-to": "conversation:communication:consultTransfer",
  "complete-transfer": "conversation:communication:consultTransfer",
  "cancel-transfer": "conversation:communication:consultTransfer",
};

export const supervisionPermissions: Readonly<Record<SupervisionMode, Permission>> = {
  monitoring: "conversation:call:monitor",
  coaching: "conversation:call:coach",
  barging: "conversation:call:barge",
};

/**
 * Puts a wish into the inbox of the node that owns the conversation; the result comes as an event. Also when that is this node: one path.
 * @throws Forbidden · NotFound · BadInput when a transfer's target is nobody · Conflict when it is over
 */
export async function askConversation(app: App, actor: Actor, conversationId: ConversationId, wish: ParticipantWish): Promise<void> {
  demand(actor, wishPermissions[wish.kind]);
  if ("to" in wish) await demandTarget(app, wish.to);
  await app.unit.run(async (stores) => {
    const { conversation, participant } = await participantIn(stores, actor, conversationId, wish.participantId);
    const isOwn = participant.userId === actor.userId;
    if (!isOwn && !(await hasAdded(stores, actor, participant))) demand(actor, "conversation:communication:view", conversation);
    if (wish.kind === "transfer" || wish.kind === "consult") await demandRoom(stores, participant, wish.kind);
    const isRemoval = wish.kind === "disconnect" && !isOwn && participant.addedBy !== null;
    const command: Wish = isRemoval ? { kind: "remove", participantId: participant.id } : wish;
    return { value: undefined, events: [await put(app, stores, actor, conversation, command)] };
  });
}

/** `RecordingState` and secure pause as the Platform API has them. */
export type RecordingWish = { readonly paused: boolean; readonly secure: boolean; readonly reason: string };

/** By what a pause of each kind may be begun, and ended. */
export function pausePermission(isSecure: boolean): Permission {
  return isSecure ? "conversation:call:securePause" : "conversation:call:pause";
}

/**
 * Pauses what is recorded of a call, or lets it go on. Who is in the call may with the right to; everybody else needs to see conversations too.
 * A secure pause is possible without a recording: it hides keys and voices from whoever listens. Again: changes nothing.
 * @throws Forbidden · NotFound · BadInput · Conflict when it is over, or there is nothing to pause
 */
export async function askRecording(app: App, actor: Actor, conversationId: ConversationId, wish: RecordingWish): Promise<void> {
  const { paused, reason } = wish;
  if (reason.length > pauseReasonMax) throw new BadInput(`At most ${pauseReasonMax} characters.`, "reason");
  await app.unit.run(async (stores) => {
    const conversation = found(actor, "conversation with this id", await stores.conversations.byId(conversationId));
    // A row may be behind the call: whoever may begin a secure pause may end what they have just begun.
    const isKnown = paused || conversation.pausedAt !== null;
    const secure = paused ? wish.secure : isKnown ? conversation.pauseIsSecure : can(actor, "conversation:call:securePause");
    demand(actor, pausePermission(secure), conversation);
    const participants = await stores.conversations.participants(conversationId);
    const own = participants.find(
      ({ userId, endedAt, supervises }) => userId !== null && userId === actor.userId && endedAt === null && supervises === null,
    );
    if (own === undefined) demand(actor, "conversation:communication:view", conversation);
    if (paused && !secure && !(await stores.recordings.ofConversation(conversationId)).some(({ state }) => state === "recording"))
      throw new Conflict("This call is not being recorded.", "recording.none");
    const whose = { participantId: own?.id ?? null, by: actor.id, userId: actor.userId };
    const limitMs = ((await stores.organizations.byId(app.organizationId))?.pauseSecondsMax ?? pauseSecondsDefault) * 1_000;
    const command: Wish = paused
      ? { kind: "pause-recording", ...whose, secure, reason: reason.trim(), limitMs }
      : { kind: "resume-recording", ...whose };
    return { value: undefined, events: [await put(app, stores, actor, conversation, command)] };
  });
}

/** What somebody needs to listen to a call, besides the right to. */
export type Listening = {
  readonly mode: SupervisionMode;
  /** Why, in their words; may be empty. */
  readonly reason: string;
  /** Whether a device is registered at a station, on this node. */
  readonly isRegistered: (stationId: StationId) => boolean;
};

/**
 * Calls the actor's own station to listen beside a participant; or, when they listen to this call already, to do so in another way.
 * @throws Forbidden · NotFound · BadInput · Conflict that says what stands in the way
 */
export async function superviseConversation(
  app: App,
  actor: Actor,
  conversationId: ConversationId,
  participantId: ParticipantId,
  { mode, reason, isRegistered }: Listening,
): Promise<void> {
  demand(actor, supervisionPermissions[mode]);
  if (reason.length > supervisionReasonMax) throw new BadInput(`At most ${supervisionReasonMax} characters.`, "reason");
  const { userId } = actor;
  if (userId === null) throw new Conflict("Only a person can listen: a program has no station.", "supervision.no.person");
  await app.unit.run(async (stores) => {
    const { conversation, participant } = await participantIn(stores, actor, conversationId, participantId);
    demand(actor, supervisionPermissions[mode], conversation);
    const mine = (await stores.conversations.openOfUser(userId)).filter((open) => open.participant.endedAt === null);
    const listensHere = mine.some((open) => open.conversation.id === conversationId && open.participant.supervises !== null);
    if (!listensHere && mine.some((open) => open.conversation.id === conversationId))
      throw new Conflict("You are in this call yourself.", "supervision.own.call");
    if (participant.userId === null || participant.supervises !== null)
      throw new BadInput("Choose one of your own people in this call: callers are listened to beside them.", "participantId");
    if (participant.connectedAt === null) throw new Conflict("This call is not up yet.", "supervision.not.up");
    if (participant.endedAt !== null) throw new Conflict("They have left this call.", "supervision.not.up");
    if (!listensHere && mine.length > 0) throw new Conflict("You are on another call: end it first.", "supervision.busy");
    const [me, target] = await Promise.all([stores.users.byId(userId), stores.users.byId(participant.userId)]);
    const stationId = me?.stationId ?? null;
    if (stationId === null) throw new Conflict("You have no station to listen at.", "supervision.no.station");
    if (!listensHere && conversation.nodeId === app.nodeId && !isRegistered(stationId))
      throw new Conflict("Your station is not connected: no phone of yours can be called.", "supervision.no.station");
    const shown = target?.name ?? "";
    const wish: Wish = { kind: "supervise", participantId, mode, userId, stationId, reason: reason.trim(), shown };
    return { value: undefined, events: [await put(app, stores, actor, conversation, wish)] };
  });
}

async function participantIn(stores: Stores, actor: Actor, conversationId: ConversationId, participantId: ParticipantId) {
  const conversation = found(actor, "conversation with this id", await stores.conversations.byId(conversationId));
  const participant = await stores.conversations.participant(participantId);
  if (participant === null || participant.conversationId !== conversationId)
    throw new NotFound("participant with this id in the conversation");
  return { conversation, participant };
}

/** What the machine would refuse, said to whoever asks. */
async function demandRoom(stores: Stores, { conversationId, addedBy }: Participant, kind: "transfer" | "consult"): Promise<void> {
  const participants = await stores.conversations.participants(conversationId);
  const together = peopleTogether(participants).length;
  if (participants.some(({ id, endedAt }) => id === addedBy && endedAt === null))
    throw new Conflict("Who was brought in cannot bring in others.", "conference.member");
  if (kind === "transfer" && together > 2)
    throw new Conflict("In a conference, ask them first and bring them in; then leave.", "conference.transfer");
  if (together >= conferencePartiesMax) throw new Conflict(`A conference has at most ${conferencePartiesMax} people.`, "conference.full");
}

/** Whoever brought somebody into a conference may let them go. */
async function hasAdded(stores: Stores, actor: Actor, { addedBy }: Participant): Promise<boolean> {
  return addedBy !== null && (await stores.conversations.participant(addedBy))?.userId === actor.userId;
}

async function put(app: App, stores: Stores, actor: Actor, conversation: Conversation, command: Wish): Promise<EventDraft> {
  if (conversation.endedAt !== null) throw new Conflict("This conversation is over.", "conversation.ended");
  const { nodeId, id: conversationId } = conversation;
  const { kind, participantId } = command;
  const at = app.env.clock.now();
  await stores.inbox.insert({ id: newId(app.env), nodeId, conversationId, actorId: actor.id, at, command });
  return newEvent(app, {
    type: "conversation.command.asked",
    actorId: actor.id,
    subjectIds: participantId === null ? [conversationId] : [conversationId, participantId],
    divisionId: conversation.divisionId,
    seal: { kind: "conversation", id: conversationId },
    payload: { kind, participantId, nodeId },
  });
}

/** Said to whoever asks, before the call is touched. */
async function demandTarget(app: App, to: TransferTarget): Promise<void> {
  if (to.kind === "queue") {
    const queue = await app.stores.queues.byId(to.queueId);
    if (queue?.organizationId !== app.organizationId) throw new BadInput("There is no such queue.", "to");
    return;
  }
  const { stores, organizationId } = app;
  const [users, trunks] = await Promise.all([stores.users.all(organizationId), stores.trunks.all(organizationId)]);
  const isKnown = personByNumber({ users }, to.number) !== null || tieLinesTo({ trunks }, dialledDigits(to.number)).length > 0;
  if (!isKnown) throw new BadInput(`${to.number} is nobody's number here.`, "to");
}
