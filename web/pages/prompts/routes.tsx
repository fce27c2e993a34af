// A prompt's sound: heard, uploaded or recorded. Its other pages are those of any configured object.
import { type Prompt, setPromptAudio } from "../../../core/architect/prompt.ts";
import { found } from "../../../core/authorization/actor.ts";
import { AppError, NotFound } from "../../../core/lib/errors.ts";
import { isId, type PromptId } from "../../../core/lib/id.ts";
import { promptBytesMax } from "../../../core/lib/limits.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { said, t } from "../../ui/text.ts";
import { promptPage } from "../admin/telephony.tsx";
import { ObjectFrame } from "../objects/views.tsx";
import { render } from "../render.tsx";
import { Sound } from "./views.tsx";

const help = "prompts";

export const promptRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/prompts/:id/sound", permission: "architect:userPrompt:view", help }, (c, ports) =>
    show(c, ports, null, c.req.query("saved") === "true"),
  ),

  page({ method: "GET", path: "/admin/prompts/:id/sound.wav", permission: "architect:userPrompt:view", help }, async (c, ports) => {
    const prompt = await promptOf(c, ports);
    const wav = await ports.app.stores.prompts.audio(prompt.id);
    if (wav === null) throw new NotFound("sound of this prompt");
    c.header("content-type", "audio/wav");
    return c.body(wav as Uint8Array<ArrayBuffer>);
  }),

  page(
    {
      method: "POST",
      path: "/admin/prompts/:id/sound",
      permission: "architect:userPrompt:edit",
      help,
      bodyBytesMax: promptBytesMax,
    },
    async (c, ports) => {
      const prompt = await promptOf(c, ports);
      const form = await ownForm(c, ports);
      const file = form.get("audio");
      try {
        if (!(file instanceof File) || file.size === 0) return await show(c, ports, t("Choose a file, or record one."), false);
        await setPromptAudio(ports.app, c.var.actor, prompt.id, new Uint8Array(await file.arrayBuffer()));
      } catch (error) {
        if (!(error instanceof AppError) || (error.status !== 400 && error.status !== 409)) throw error;
        return show(c, ports, said(error.message), false);
      }
      return c.redirect(`/admin/prompts/${prompt.id}/sound?saved=true`, 303);
    },
  ),
];

async function show(c: WebContext, ports: WebPorts, error: string | null, saved: boolean): Promise<Response> {
  const prompt = await promptOf(c, ports);
  const mayEdit = c.var.actor.permissions.has("architect:userPrompt:edit");
  const view = (
    <ObjectFrame actor={c.var.actor} page={promptPage} row={prompt} at="sound">
      <Sound {...{ prompt, error, saved, mayEdit }} csrf={c.var.csrf} />
    </ObjectFrame>
  );
  return render(c, ports, { title: t("{name}, Sound", { name: prompt.name }), help, status: error === null ? 200 : 422 }, view);
}

async function promptOf(c: WebContext, ports: WebPorts): Promise<Prompt> {
  const id = c.req.param("id") ?? "";
  return found(c.var.actor, "prompt with this id", isId(id) ? await ports.app.stores.prompts.byId(id as PromptId) : null);
}
