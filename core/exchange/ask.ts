// Asking something of a call that is up: hold, end, pass on. Whoever asks waits for no node; the owner of the call does it.
import { type App, newEvent } from "../app.ts";
import { type Actor, demand, found } from "../authorization/actor.ts";
import type { Permission } from "../authorization/permissions.ts";
import type { TransferTarget, Wish } from "../call/state.ts";
import { BadInput, Conflict, NotFound } from "../lib/errors.ts";
import { type ConversationId, newId } from "../lib/id.ts";
import { personByNumber } from "./callee.ts";

export const wishPermissions: Readonly<Record<Wish["kind"], Permission>> = {
  hold: "conversation:call:hold",
  resume: "conversation:call:hold",
  disconnect: "conversation:call:disconnect",
  transfer: "conversation:communication:blindTransfer",
  consult: "conversation:communication:consultTransfer",
  "complete-transfer": "conversation:communication:consultTransfer",
  "cancel-transfer": "conversation:communication:consultTransfer",
};

/**
 * Puts a wish into the inbox of the node that owns the conversation; the result comes as an event. Also when that is this node: one path.
 * @throws Forbidden · NotFound · BadInput when a transfer's target is nobody · Conflict when it is over
 */
export async function askConversation(app: App, actor: Actor, conversationId: ConversationId, wish: Wish): Promise<void> {
  const { kind, participantId } = wish;
  demand(actor, wishPermissions[kind]);
  if ("to" in wish) await demandTarget(app, wish.to);
  await app.unit.run(async (stores) => {
    const conversation = found(actor, "conversation with this id", await stores.conversations.byId(conversationId));
    const participant = await stores.conversations.participant(participantId);
    if (participant === null || participant.conversationId !== conversationId)
      throw new NotFound("participant with this id in the conversation");
    if (participant.userId !== actor.userId) demand(actor, "conversation:communication:view", conversation);
    if (conversation.endedAt !== null) throw new Conflict("This conversation is over.", "conversation.ended");
    const id = newId(app.env);
    const at = app.env.clock.now();
    await stores.inbox.insert({ id, nodeId: conversation.nodeId, conversationId, actorId: actor.id, at, command: wish });
    const event = newEvent(app, {
      type: "conversation.command.asked",
      actorId: actor.id,
      subjectIds: [conversationId, participantId],
      divisionId: conversation.divisionId,
      seal: { kind: "conversation", id: conversationId },
      payload: { kind, participantId, nodeId: conversation.nodeId },
    });
    return { value: undefined, events: [event] };
  });
}

/** Said to whoever asks, before the call is touched. */
async function demandTarget(app: App, to: TransferTarget): Promise<void> {
  if (to.kind === "queue") {
    const queue = await app.stores.queues.byId(to.queueId);
    if (queue?.organizationId !== app.organizationId) throw new BadInput("There is no such queue.", "to");
    return;
  }
  const person = personByNumber({ users: await app.stores.users.all(app.organizationId) }, to.number);
  if (person === null) throw new BadInput(`${to.number} is nobody's number here.`, "to");
}
