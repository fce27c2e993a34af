// Renders a page: in its frame at first, as `main` alone when a link inside the frame asked for it.
import type { Child } from "hono/jsx";
import { agentView } from "../../core/routing/queries.ts";
import { type WebContext, wantsFragment } from "../context.ts";
import type { WebPorts } from "../ports.ts";
import { Main, Shell } from "../ui/shell.tsx";
import { t } from "../ui/text.ts";

export async function render(
  c: WebContext,
  ports: WebPorts,
  page: { readonly title: string; readonly help: string; readonly status?: number },
  body: Child,
): Promise<Response> {
  c.status((page.status ?? 200) as 200);
  if (wantsFragment(c)) return c.html(<Main title={page.title}>{body}</Main>);
  const { actor } = c.var;
  const view = actor.userId === null ? null : await agentView(ports.app, actor.userId);
  const { problem, warning } = ports.health();
  const worst = problem ?? warning;
  return c.html(
    <Shell
      title={page.title}
      path={c.req.path}
      help={page.help}
      organization={ports.organizationName}
      actor={actor}
      view={view}
      csrf={c.var.csrf}
      capture={ports.captures.running}
      now={ports.app.env.clock.now()}
      problem={worst === null ? null : t(worst)}
      callKeys={c.var.callKeys}
      tones={ports.tones}
      hasTrial={ports.guestNumber !== null}
      hasDemo={ports.demo !== null}
    >
      {body}
    </Shell>,
  );
}
