// One conversation: what happened on one time axis, why this agent, the ladder, media, and the recording.
import { found } from "../../../core/authorization/actor.ts";
import { exportBundle } from "../../../core/conversation/bundle.ts";
import { conversationView } from "../../../core/conversation/queries.ts";
import { NotFound } from "../../../core/lib/errors.ts";
import { type ConversationId, isId, type RecordingId } from "../../../core/lib/id.ts";
import { openRecording } from "../../../core/recording/commands.ts";
import { explain } from "../../../core/routing/explain.ts";
import { readable } from "../../readable.ts";
import { type PageRoute, page } from "../../route.ts";
import { callerTitle } from "../../ui/dock.tsx";
import { render } from "../render.tsx";
import { ladderSoFar } from "./ladder-so-far.ts";
import { ConversationPage } from "./views.tsx";
import { wavOf } from "./wav.ts";

const help = "conversation";

export const conversationRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/conversations/:id", permission: "signed-in", help }, async (c, ports) => {
    const id = c.req.param("id") ?? "";
    if (!isId(id)) throw new NotFound("conversation with this id");
    const { actor } = c.var;
    const view = await conversationView(ports.app, actor, id as ConversationId);
    const last = view.decisions.findLast((decision) => decision.userId !== null) ?? view.decisions.at(-1);
    const asked = view.decisions.find((decision) => decision.id === c.req.query("decision")) ?? last;
    const mayExplain = actor.permissions.has("analytics:conversationDetail:view");
    const explanation = asked === undefined || !mayExplain ? null : await explain(ports.app, actor, asked.id);
    const ladder = mayExplain ? ladderSoFar(ports, view) : [];
    const body = (
      <ConversationPage
        actor={actor}
        view={view}
        explanation={explanation}
        ladder={ladder}
        mayExport={mayExplain}
        mayListen={actor.permissions.has("recording:recording:view")}
        now={ports.app.env.clock.now()}
        csrf={c.var.csrf}
      />
    );
    return render(c, ports, { title: callerTitle(view.conversation), help }, body);
  }),

  page(
    { method: "GET", path: "/conversations/:id/bundle.tar.gz", permission: "analytics:conversationDetail:view", help },
    async (c, ports) => {
      const id = c.req.param("id") ?? "";
      if (!isId(id)) throw new NotFound("conversation with this id");
      const files = await exportBundle(ports.app, c.var.actor, id as ConversationId, {
        ladder: (view) => ladderSoFar(ports, view),
        node: ports.nodeFacts(),
        showsPeople: c.req.query("people") === "shown",
      });
      const archive = new Uint8Array(await ports.archive(files));
      return new Response(archive, {
        headers: { "content-type": "application/gzip", "content-disposition": `attachment; filename="conversation-${id}.tar.gz"` },
      });
    },
  ),

  page({ method: "GET", path: "/recordings/:id/audio", permission: "signed-in", help }, async (c, ports) => {
    const id = c.req.param("id") ?? "";
    const recording = found(
      c.var.actor,
      "recording with this id",
      isId(id) ? await ports.app.stores.recordings.byId(id as RecordingId) : null,
    );
    await openRecording(ports.app, c.var.actor, recording.id);
    return new Response(readable(wavOf(ports.vault.read(recording.path), recording.durationMs ?? 0)), {
      headers: { "content-type": "audio/wav", "content-disposition": `inline; filename="${recording.id}.wav"`, "accept-ranges": "none" },
    });
  }),
];
