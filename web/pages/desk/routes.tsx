// The agent's desk, and what agents do: presence, hold, end, wrap-up.
import { speakTos, type TransferTarget, type WishWithTarget } from "../../../core/call/state.ts";
import { supervisionModes } from "../../../core/conversation/conversation.ts";
import {
  askConversation,
  askRecording,
  superviseConversation,
  supervisionPermissions,
  wishPermissions,
} from "../../../core/exchange/ask.ts";
import { BadInput } from "../../../core/lib/errors.ts";
import { type ConversationId, isId, newId, type ParticipantId, type QueueId } from "../../../core/lib/id.ts";
import { setPresence, wrapUp } from "../../../core/routing/agent-commands.ts";
import { agentView, type Board, type QueueFigures, queueBoard } from "../../../core/routing/queries.ts";
import { knowOfHelpCall } from "../../../core/telephony/help.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { areas } from "../../ui/shell.tsx";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Desk } from "./views.tsx";

export const deskRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/", permission: "signed-in", help: "desk" }, async (c, ports) => {
    const { actor } = c.var;
    if (!actor.permissions.has("conversation:call:accept"))
      return c.redirect(areas.find((area) => area.href !== "/" && actor.permissions.has(area.permission))?.href ?? "/help");
    return render(c, ports, { title: t("Work"), help: "desk" }, await desk(c, ports));
  }),

  page({ method: "POST", path: "/me/presence", permission: "presence:userPresence:edit", help: "desk" }, async (c, ports) => {
    const form = await ownForm(c, ports);
    await setPresence(ports.app, c.var.actor, c.var.user.id, String(form.get("presence") ?? ""));
    return done(c);
  }),

  ...(["hold", "resume", "disconnect", "remove", "complete-transfer", "cancel-transfer"] as const).map((kind) =>
    page(
      { method: "POST", path: `/calls/:conversation/:participant/${kind}`, permission: wishPermissions[kind], help: "calls" },
      async (c, ports) => {
        await ownForm(c, ports);
        const { conversation, participant } = ids(c);
        await askConversation(ports.app, c.var.actor, conversation, { kind, participantId: participant });
        return done(c);
      },
    ),
  ),

  page(
    { method: "POST", path: "/calls/:conversation/:participant/transfer", permission: wishPermissions.transfer, help: "calls" },
    async (c, ports) => {
      const form = await ownForm(c, ports);
      const { conversation, participant } = ids(c);
      const to = targetOf(String(form.get("to") ?? ""), String(form.get("queue") ?? ""));
      const wish: WishWithTarget =
        form.get("how") === "consult"
          ? { kind: "consult", participantId: participant, to, speakTo: "DESTINATION", asId: newId(ports.app.env) }
          : { kind: "transfer", participantId: participant, to };
      await askConversation(ports.app, c.var.actor, conversation, wish);
      return done(c);
    },
  ),

  page(
    { method: "POST", path: "/calls/:conversation/:participant/speak-to", permission: wishPermissions["speak-to"], help: "calls" },
    async (c, ports) => {
      const form = await ownForm(c, ports);
      const { conversation, participant } = ids(c);
      const speakTo = speakTos.find((one) => one === form.get("speakTo"));
      if (speakTo === undefined) throw new BadInput(`One of ${speakTos.join(", ")}.`, "speakTo");
      await askConversation(ports.app, c.var.actor, conversation, { kind: "speak-to", participantId: participant, speakTo });
      return done(c);
    },
  ),

  ...([true, false] as const).map((paused) =>
    page(
      { method: "POST", path: `/calls/:conversation/${paused ? "pause" : "unpause"}-recording`, permission: "signed-in", help: "calls" },
      async (c, ports) => {
        const form = await ownForm(c, ports);
        const conversation = c.req.param("conversation") ?? "";
        if (!isId(conversation)) throw new BadInput("This address names no conversation.", "conversation");
        const wish = { paused, secure: form.get("secure") === "true", reason: String(form.get("reason") ?? "") };
        await askRecording(ports.app, c.var.actor, conversation as ConversationId, wish);
        return done(c);
      },
    ),
  ),

  page(
    { method: "POST", path: "/calls/:conversation/supervise", permission: supervisionPermissions.monitoring, help: "listen" },
    async (c, ports) => {
      const form = await ownForm(c, ports);
      const [conversation, participant] = [c.req.param("conversation") ?? "", String(form.get("participant") ?? "")];
      if (!isId(conversation) || !isId(participant)) throw new BadInput("This address names no conversation.", "conversation");
      const mode = supervisionModes.find((one) => one === form.get("mode"));
      if (mode === undefined) throw new BadInput(`One of ${supervisionModes.join(", ")}.`, "mode");
      const listening = { mode, reason: String(form.get("reason") ?? ""), isRegistered: ports.isRegistered };
      await superviseConversation(ports.app, c.var.actor, conversation as ConversationId, participant as ParticipantId, listening);
      return done(c);
    },
  ),

  page({ method: "POST", path: "/help-calls/:conversation/known", permission: "signed-in", help: "outside" }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const id = c.req.param("conversation") ?? "";
    if (!isId(id)) throw new BadInput("This address names no call.", "conversation");
    await knowOfHelpCall(ports.app, c.var.actor, id as ConversationId, form.get("seesTo") === "true" ? "see-to" : "know");
    return done(c);
  }),

  page(
    { method: "POST", path: "/calls/:conversation/:participant/wrapup", permission: "conversation:wrapup:edit", help: "desk" },
    async (c, ports) => {
      const form = await ownForm(c, ports);
      await wrapUp(ports.app, c.var.actor, ids(c).participant, String(form.get("code") ?? ""));
      return done(c);
    },
  ),
];

/** The desk as it is now; the page and the live stream render the same. */
export async function desk(c: Pick<WebContext, "var">, ports: WebPorts) {
  const { actor, csrf } = c.var;
  const [view, board] = await Promise.all([agentView(ports.app, actor.userId!), queueBoard(ports.app)]);
  return <Desk view={view} queues={queuesOf(board, actor.userId)} asOf={board.asOf} csrf={csrf} />;
}

/** The queues in which somebody is active. */
export function queuesOf(board: Board, userId: string | null): readonly QueueFigures[] {
  const joined = board.agents.find((agent) => agent.userId === userId)?.queues.filter((entry) => entry.joined) ?? [];
  return board.queues.filter(({ queue }) => joined.some((entry) => entry.queueId === queue.id));
}

// Without script the browser goes back to the desk; with it, the live stream brings what changed.
function done(c: WebContext): Response {
  return c.req.header("x-quiet") === "true" ? c.body(null, 204) : c.redirect("/", 303);
}

/** A queue that was chosen counts before a number. @throws BadInput when neither was given */
function targetOf(number: string, queueId: string): TransferTarget {
  if (isId(queueId)) return { kind: "queue", queueId: queueId as QueueId };
  if (number.trim() === "") throw new BadInput("Say to whom: an extension, a number or a queue.", "to");
  return { kind: "number", number: number.trim() };
}

function ids(c: WebContext): { readonly conversation: ConversationId; readonly participant: ParticipantId } {
  const conversation = c.req.param("conversation") ?? "";
  const participant = c.req.param("participant") ?? "";
  if (!isId(conversation) || !isId(participant)) throw new BadInput("This address names no conversation.", "conversation");
  return { conversation: conversation as ConversationId, participant: participant as ParticipantId };
}
