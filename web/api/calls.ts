// Calls that are up, as the Platform API has them: looked at, held, ended, passed on. The node that has the call does it.
import { z } from "zod";
import { found } from "../../core/authorization/actor.ts";
import { type SpeakTo, speakTos, type TransferTarget } from "../../core/call/state.ts";
import {
  askConversation,
  askRecording,
  type ParticipantWish,
  superviseConversation,
  supervisionPermissions,
} from "../../core/exchange/ask.ts";
import { BadInput, Conflict, NotFound } from "../../core/lib/errors.ts";
import { type ConversationId, isId, newId, type ParticipantId, type QueueId, type UserId } from "../../core/lib/id.ts";
import { pauseReasonMax, supervisionReasonMax } from "../../core/lib/limits.ts";
import { wrapUp } from "../../core/routing/agent-commands.ts";
import type { WebContext } from "../context.ts";
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

const recordingStates = ["ACTIVE", "PAUSED"] as const;
/** The vendor's has the state alone; ours may pause securely, and say why. */
const recordingState = z
  .object({
    recordingState: z.enum(recordingStates, { error: `One of ${recordingStates.join(", ")}.` }),
    securePause: z.boolean().default(false),
    reason: z.string().max(pauseReasonMax, `At most ${pauseReasonMax} characters.`).default(""),
  })
  .loose();

const speakToField = z.enum(speakTos, { error: `One of ${speakTos.join(", ")}.` });
const consult = z.object({ speakTo: speakToField, destination: transfer }).loose();
/** The vendor's has no body; ours may say why. */
const supervision = z
  .object({ reason: z.string().max(supervisionReasonMax, `At most ${supervisionReasonMax} characters.`).default("") })
  .loose();

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
      const ask = (wish: ParticipantWish): Promise<void> => askConversation(ports.app, c.var.actor, id, wish);
      if (body.wrapup !== undefined) await wrapUp(ports.app, c.var.actor, participantId, body.wrapup.code);
      if (body.held !== undefined) await ask({ kind: body.held ? "hold" : "resume", participantId });
      if (body.state === "disconnected") await ask({ kind: "disconnect", participantId });
      return {};
    },
  }),
  defineRoute({
    operation: "putConversationsCallRecordingstate",
    method: "PUT",
    path: `${path}/:conversationId/recordingstate`,
    permission: "signed-in",
    help,
    summary: "Pauses what is recorded of a call, securely or not, or lets it go on.",
    body: recordingState,
    status: 202,
    response: "string",
    handler: ({ params, body }, c, ports) => setRecordingState(c, ports, params, body),
  }),
  defineRoute({
    operation: "patchConversationRecordingstate",
    method: "PATCH",
    path: "/api/v2/conversations/:conversationId/recordingstate",
    permission: "signed-in",
    help,
    summary: "The same of any conversation.",
    body: recordingState,
    status: 202,
    response: "Empty",
    handler: async ({ params, body }, c, ports) => {
      await setRecordingState(c, ports, params, body);
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
  defineRoute({
    operation: "postConversationsCallParticipantConsult",
    method: "POST",
    path: `${participantPath}/consult`,
    permission: "conversation:communication:consultTransfer",
    help,
    summary: "Asks somebody before passing the call on, or to bring them in.",
    body: consult,
    status: 202,
    response: "ConsultTransferResponse",
    handler: ({ params, body }, c, ports) => ask(c, ports, params, body.destination, body.speakTo),
  }),
  defineRoute({
    operation: "postConversationsCallParticipantConsultAgent",
    method: "POST",
    path: `${participantPath}/consult/agent`,
    permission: "conversation:communication:consultTransfer",
    help,
    summary: "The same of a person here.",
    body: z.object({ speakTo: speakToField, userId: z.string({ error: "Say whom: userId." }) }).loose(),
    status: 202,
    response: "ConsultTransferResponse",
    handler: ({ params, body }, c, ports) => ask(c, ports, params, { userId: body.userId }, body.speakTo),
  }),
  defineRoute({
    operation: "postConversationsCallParticipantConsultExternal",
    method: "POST",
    path: `${participantPath}/consult/external`,
    permission: "conversation:communication:consultTransfer",
    help,
    summary: "The same of a number.",
    body: z.object({ speakTo: speakToField, address: z.string({ error: "Say whom: address." }) }).loose(),
    status: 202,
    response: "ConsultTransferResponse",
    handler: ({ params, body }, c, ports) => ask(c, ports, params, { address: body.address }, body.speakTo),
  }),
  defineRoute({
    operation: "patchConversationsCallParticipantConsult",
    method: "PATCH",
    path: `${participantPath}/consult`,
    permission: "conversation:communication:consultTransfer",
    help,
    summary: "With whom whoever asks talks: the one asked, the one who waits, or both together.",
    body: z.object({ speakTo: speakToField }).loose(),
    status: 202,
    response: "ConsultTransferResponse",
    handler: async ({ params, body }, c, ports) => {
      const [id, participantId] = [conversationOf(params), participantOf(params)];
      const participants = await ports.app.stores.conversations.participants(id);
      const asked = participants.findLast((one) => one.consultedBy === participantId && one.endedAt === null);
      await askConversation(ports.app, c.var.actor, id, { kind: "speak-to", participantId, speakTo: body.speakTo });
      if (asked === undefined) throw new Conflict("This participant asks nobody.", "consult.nobody");
      return { destinationParticipantId: asked.id };
    },
  }),
  defineRoute({
    operation: "deleteConversationsCallParticipantConsult",
    method: "DELETE",
    path: `${participantPath}/consult`,
    permission: "conversation:communication:consultTransfer",
    help,
    summary: "Ends the question: whoever asked is back with the other.",
    status: 202,
    response: "Empty",
    handler: async ({ params }, c, ports) => {
      const participantId = participantOf(params);
      await askConversation(ports.app, c.var.actor, conversationOf(params), { kind: "cancel-transfer", participantId });
      return {};
    },
  }),
  ...(
    [
      ["postConversationsCallParticipantMonitor", "monitor", "monitoring", "Listens beside a participant, heard by nobody."],
      ["postConversationsCallParticipantCoach", "coach", "coaching", "Listens beside a participant, heard by that one alone."],
      ["postConversationsCallParticipantBarge", "barge", "barging", "Talks along beside a participant, heard by everybody."],
    ] as const
  ).map(([operation, verb, mode, summary]) =>
    defineRoute({
      operation,
      method: "POST",
      path: `${participantPath}/${verb}`,
      permission: supervisionPermissions[mode],
      help,
      summary,
      body: supervision,
      status: 202,
      response: "Empty",
      handler: async ({ params, body }, c, ports) => {
        const listening = { mode, reason: body.reason, isRegistered: ports.isRegistered };
        await superviseConversation(ports.app, c.var.actor, conversationOf(params), participantOf(params), listening);
        return {};
      },
    }),
  ),
];

async function setRecordingState(
  c: WebContext,
  { app }: WebPorts,
  params: Readonly<Record<string, string | undefined>>,
  { recordingState: state, securePause: secure, reason }: z.infer<typeof recordingState>,
): Promise<string> {
  await askRecording(app, c.var.actor, conversationOf(params), { paused: state === "PAUSED", secure, reason });
  return state;
}

/** The participant that is asked has its id before anybody is called. */
async function ask(
  c: WebContext,
  ports: WebPorts,
  params: Readonly<Record<string, string | undefined>>,
  destination: z.infer<typeof transfer>,
  speakTo: SpeakTo,
): Promise<{ readonly destinationParticipantId: string }> {
  const [id, participantId] = [conversationOf(params), participantOf(params)];
  const to = await targetOf(ports, destination);
  if (to.kind === "queue") throw new BadInput("A queue cannot be asked: pass the call on into it.", "destination");
  const asId = newId<ParticipantId>(ports.app.env);
  await askConversation(ports.app, c.var.actor, id, { kind: "consult", participantId, to, speakTo, asId });
  return { destinationParticipantId: asId };
}

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
