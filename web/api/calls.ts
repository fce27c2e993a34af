// Calls that are up, as the Platform API has them: looked at, held, ended, passed on. The node that has the call does it.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import type { TransferTarget, Wish } from "../../core/call/state.ts";
import { askConversation } from "../../core/exchange/ask.ts";
import { BadInput, NotFound } from "../../core/lib/errors.ts";
import { type ConversationId, isId, type ParticipantId, type QueueId, type UserId } from "../../core/lib/id.ts";
import { wrapUp } from "../../core/routing/agent-commands.ts";
import type { WebPorts } from "../ports.ts";
import { defineRoute } from "../route.ts";
import { presentCallConversation } from "./conversations.ts";

const help = "api";
const path = "/api/v2/conversations/calls";
const participantPath = `${path}/:conversationId/participants/:participantId`;

const patch = z.object({
  /** Only the end of a call is anybody's to say. */
  state: z.enum(["disconnected"], { error: "A call is ended with “disconnected”; nothing else is for others to say." }).optional(),
  held: z.boolean().optional(),
  wrapup: z.object({ code: z.string() }).loose().optional(),
});
const transfer = z.object({
  address: z.string().optional(),
  userId: z.string().optional(),
  queueId: z.string().optional(),
});

export const callRoutes = [
  defineRoute({
    operation: "getConversationsCall",
    method: "GET",
    path: `${path}/:conversationId`,
    permission: "conversation:communication:view",
    help,
    summary: "A call with its participants and their states.",
    response: "CallConversation",
    handler: async ({ params }, c, ports) => {
      const id = conversationOf(params);
      found(c.var.actor, "conversation with this id", await ports.app.stores.conversations.byId(id));
      return presentCallConversation(ports.app, id);
    },
  }),
  defineRoute({
    operation: "patchConversationsCallParticipant",
    method: "PATCH",
    path: participantPath,
    permission: "conversation:call:hold",
    help,
    summary: "Holds, resumes or ends a participant's call, or sets its wrap-up code.",
    body: patch,
    status: 202,
    response: "Empty",
    handler: async ({ params, body }, c, ports) => {
      const [id, participantId] = [conversationOf(params), participantOf(params)];
      const ask = (wish: Exclude<Wish, { kind: "supervise" }>): Promise<void> => askConversation(ports.app, c.var.actor, id, wish);
      if (body.wrapup !== undefined) await wrapUp(ports.app, c.var.actor, participantId, body.wrapup.code);
      if (body.held !== undefined) await ask({ kind: body.held ? "hold" : "resume", participantId });
      if (body.state === "disconnected") await ask({ kind: "disconnect", participantId });
      return {};
    },
  }),
  defineRoute({
    operation: "postConversationsCallParticipantReplace",
    method: "POST",
    path: `${participantPath}/replace`,
    permission: "conversation:communication:blindTransfer",
    help,
    summary: "Passes the call on at once: to an address, a person or a queue.",
    body: transfer,
    status: 202,
    response: "Empty",
    handler: async ({ params, body }, c, ports) => {
      const to = await targetOf(ports, body);
      await askConversation(ports.app, c.var.actor, conversationOf(params), { kind: "transfer", participantId: participantOf(params), to });
      return {};
    },
  }),
];

/** A person is reached under their number. @throws BadInput when nobody is named, or they have none */
async function targetOf({ app }: WebPorts, { address, userId, queueId }: z.infer<typeof transfer>): Promise<TransferTarget> {
  if (queueId !== undefined && isId(queueId)) return { kind: "queue", queueId: queueId as QueueId };
  if (userId !== undefined) {
    const user = isId(userId) ? await app.stores.users.byId(userId as UserId) : null;
    const number = user?.organizationId === app.organizationId ? (user.extension ?? user.phoneNumber) : null;
    if (number === null || number === undefined) throw new BadInput("There is no such person, or they have no number.", "userId");
    return { kind: "number", number };
  }
  if (address === undefined || address.trim() === "") throw new BadInput("Say to whom: address, userId or queueId.", "address");
  return { kind: "number", number: address.trim().replace(/^(?:tel|sip):/i, "") };
}

function conversationOf(params: Readonly<Record<string, string | undefined>>): ConversationId {
  const id = params.conversationId ?? "";
  if (!isId(id)) throw new NotFound("conversation with this id");
  return id as ConversationId;
}

function participantOf(params: Readonly<Record<string, string | undefined>>): ParticipantId {
  const id = params.participantId ?? "";
  if (!isId(id)) throw new NotFound("participant with this id in the conversation");
  return id as ParticipantId;
}
