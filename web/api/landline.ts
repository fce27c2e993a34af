// Ours on top of the Platform API: conversations as they were, why this agent, and the proof of the log.
import { z } from "zod";
import { conversationView } from "../../core/conversation/queries.ts";
import { isoInstant } from "../../core/lib/calendar.ts";
import { NotFound } from "../../core/lib/errors.ts";
import { type ConversationId, isId } from "../../core/lib/id.ts";
import { explain } from "../../core/routing/explain.ts";
import { queueBoard } from "../../core/routing/queries.ts";
import { defineRoute } from "../route.ts";

const help = "api";

function conversationId(id: string | undefined): ConversationId {
  if (id === undefined || !isId(id)) throw new NotFound("conversation with this id");
  return id as ConversationId;
}

export const landlineRoutes = [
  defineRoute({
    operation: "getConversation",
    method: "GET",
    path: "/api/v2/conversations/:conversationId",
    permission: "conversation:communication:view",
    help,
    summary: "A conversation with its participants.",
    response: "Conversation",
    handler: async ({ params }, c, ports) => {
      const { conversation, participants } = await conversationView(ports.app, c.var.actor, conversationId(params.conversationId));
      return {
        id: conversation.id,
        startTime: isoInstant(conversation.startedAt),
        ...(conversation.endedAt === null ? {} : { endTime: isoInstant(conversation.endedAt) }),
        participants: participants.map((participant) => ({
          id: participant.id,
          purpose: participant.purpose,
          startTime: isoInstant(participant.startedAt),
          ...(participant.connectedAt === null ? {} : { connectedTime: isoInstant(participant.connectedAt) }),
          ...(participant.endedAt === null ? {} : { endTime: isoInstant(participant.endedAt) }),
          ...(participant.userId === null ? {} : { userId: participant.userId }),
          ...(participant.queueId === null ? {} : { queueId: participant.queueId }),
          ...(participant.wrapupCode === null ? {} : { wrapup: { code: participant.wrapupCode, name: participant.wrapupCode } }),
          ...(participant.purpose === "customer"
            ? { address: conversation.callerNumber, name: conversation.callerName, attributes: conversation.data }
            : {}),
          calls: [],
        })),
        selfUri: `/api/v2/conversations/${conversation.id}`,
      };
    },
  }),
  defineRoute({
    operation: "getLandlineConversations",
    method: "GET",
    path: "/api/v2/landline/conversations",
    permission: "analytics:conversationDetail:view",
    help,
    summary: "The newest conversations with why they ended.",
    query: z.object({ pageSize: z.coerce.number().int().min(1).max(500).default(25) }),
    response: "LandlineConversations",
    handler: async ({ query }, _c, ports) => ({
      entities: (await ports.app.stores.conversations.recent(ports.app.organizationId, query.pageSize)).map(
        ({ id, startedAt, endedAt, endReason }) => ({ id, startedAt, endedAt, endReason }),
      ),
    }),
  }),
  defineRoute({
    operation: "getLandlineConversationRecordings",
    method: "GET",
    path: "/api/v2/landline/conversations/:conversationId/recordings",
    permission: "recording:recording:view",
    help,
    summary: "Recordings of a conversation: state, length, digest.",
    response: "LandlineRecordings",
    handler: async ({ params }, c, ports) => {
      const { recordings } = await conversationView(ports.app, c.var.actor, conversationId(params.conversationId));
      return {
        entities: recordings.map(({ id, state, durationMs, sizeBytes, chunks, sha256, path }) => ({
          id,
          state,
          durationMs,
          sizeBytes,
          chunks,
          sha256,
          path,
        })),
      };
    },
  }),
  defineRoute({
    operation: "getLandlineConversationDecisions",
    method: "GET",
    path: "/api/v2/landline/conversations/:conversationId/decisions",
    permission: "analytics:conversationDetail:view",
    help,
    summary: "Routing decisions of a conversation as stored.",
    response: "LandlineDecisions",
    handler: async ({ params }, c, ports) => ({
      entities: (await conversationView(ports.app, c.var.actor, conversationId(params.conversationId))).decisions,
    }),
  }),
  defineRoute({
    operation: "getLandlineDecisionExplanation",
    method: "GET",
    path: "/api/v2/landline/decisions/:decisionId/explanation",
    permission: "analytics:conversationDetail:view",
    help,
    summary: "A decision, recomputed from the log as of its sequence.",
    response: "LandlineExplanation",
    handler: ({ params }, c, ports) => explain(ports.app, c.var.actor, params.decisionId ?? ""),
  }),
  defineRoute({
    operation: "getLandlineBoard",
    method: "GET",
    path: "/api/v2/landline/board",
    permission: "analytics:queueObservation:view",
    help,
    summary: "The figures of the board.",
    response: "LandlineBoard",
    handler: (_input, _c, ports) => queueBoard(ports.app),
  }),
  defineRoute({
    operation: "postLandlineVerify",
    method: "POST",
    path: "/api/v2/landline/verify",
    permission: "audits:chain:verify",
    help,
    summary: "Verifies chain, heads, rows and recordings, and names every place that is wrong.",
    response: "LandlineVerifyReport",
    handler: (_input, _c, ports) => ports.verify(),
  }),
];
