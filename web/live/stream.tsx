// The live stream: one plain event stream per page. Events say that something changed, HTML says what is.

import { can } from "../../core/authorization/actor.ts";
import { changesSessions, livingSession } from "../../core/directory/sign-in.ts";
import type { LoggedEvent } from "../../core/events/index.ts";
import { Unavailable } from "../../core/lib/errors.ts";
import { liveHeartbeatMs, liveStreamsMax } from "../../core/lib/limits.ts";
import { agentView } from "../../core/routing/queries.ts";
import type { WebContext } from "../context.ts";
import { board } from "../pages/board/routes.tsx";
import { desk } from "../pages/desk/routes.tsx";
import { trial } from "../pages/trial/routes.tsx";
import type { WebPorts } from "../ports.ts";
import { type PageRoute, page } from "../route.ts";
import { Dock } from "../ui/dock.tsx";
import { Standing } from "../ui/standing.tsx";
import { inLanguage, language, t } from "../ui/text.ts";

/** Many changes in one moment are one rendering. */
const coalesceMs = 60;

type Topic = {
  /** Whether an event may have changed it. */
  concerns(event: LoggedEvent, userId: string | null): boolean;
  /** Its fragments, each with its own id. */
  render(c: WebContext, ports: WebPorts): Promise<string>;
  /** Same for all who may see it: rendered once for all of them. */
  readonly shared: boolean;
};

const aboutRouting =
  /^(conversation\.(started|enqueued|alert|agent|held|resumed|answered|ended|data|wrapup)|routing\.|user\.(presence|created|skills))/;

const topics: Readonly<Record<string, Topic>> = {
  /** Always on: the person's own standing and dock. */
  me: {
    shared: false,
    concerns: (event, userId) =>
      userId !== null && (event.subjectIds.includes(userId) || /^conversation\.(held|resumed|data|wrapup|ended)/.test(event.type)),
    render: async (c, ports) => {
      const { actor, csrf } = c.var;
      const view = actor.userId === null ? null : await agentView(ports.app, actor.userId);
      return `${await (<Standing view={view} actor={actor} csrf={csrf} />)}${await (<Dock view={view} csrf={csrf} />)}`;
    },
  },
  desk: {
    shared: false,
    concerns: (event) => aboutRouting.test(event.type),
    render: async (c, ports) => String(await desk(c, ports)),
  },
  trial: {
    shared: false,
    concerns: (event) => aboutRouting.test(event.type) || event.type === "organization.updated",
    render: async (c, ports) => (can(c.var.actor, "telephony:guestCall:add") ? String(await trial(c, ports)) : ""),
  },
  board: {
    shared: true,
    concerns: (event) => aboutRouting.test(event.type),
    render: async (c, ports) => (can(c.var.actor, "analytics:queueObservation:view") ? String(await board(ports)) : ""),
  },
};

let streams = 0;
/** Renderings of shared topics in flight or just done, by topic and language, with the newest event they include. */
const sharedRenderings = new Map<string, { readonly seq: number; readonly html: Promise<string> }>();

export const liveRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/live", permission: "signed-in", help: "live" }, (c, ports) => {
    if (streams >= liveStreamsMax) throw new Unavailable("Too many pages are open on this server.");
    const wanted = ["me", ...(c.req.query("topics") ?? "").split(",")].filter(
      (name, i, all) => Object.hasOwn(topics, name) && all.indexOf(name) === i,
    );
    return new Response(openStream(c, ports, wanted), {
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  }),
];

function openStream(c: WebContext, ports: WebPorts, names: readonly string[]): ReadableStream<string> {
  const { clock } = ports.app.env;
  // What happens later happens on behalf of events, which speak no language.
  const spoken = language();
  let stop = (): void => undefined;
  return new ReadableStream<string>({
    start(controller) {
      streams += 1;
      const dirty = new Set<string>(names);
      let seq = 0;
      let scheduled = false;
      let open = true;
      const send = (text: string): void => {
        if (open) controller.enqueue(text);
      };
      const render = async (): Promise<void> => {
        scheduled = false;
        const due = [...dirty];
        dirty.clear();
        for (const name of due) {
          const html = await inLanguage(spoken, () => fragment(c, ports, name, seq));
          if (html !== "") send(`event: fragment\nid: ${seq}\ndata: ${html.replaceAll("\n", "\ndata: ")}\n\n`);
        }
      };
      const schedule = (): void => {
        if (scheduled || !open) return;
        scheduled = true;
        clock.after(coalesceMs, () => {
          render().catch((error: unknown) => ports.app.env.log.warn("fragment not rendered", { reason: String(error) }));
        });
      };
      const unsubscribe = ports.subscribe((event) => {
        seq = Math.max(seq, event.seq);
        if (changesSessions(event, c.var.session.userId)) void recheck();
        for (const name of names) if (topics[name]!.concerns(event, c.var.actor.userId)) dirty.add(name);
        if (dirty.size > 0) schedule();
      });
      // What this person may see was decided when the stream began: whoever was changed begins anew, whoever was signed out leaves the page.
      const recheck = async (): Promise<void> => {
        const lives = await livingSession(ports.app, c.var.session.tokenHash).catch(() => null);
        send(`event: bye\ndata: ${lives === null ? "signed-out" : "anew"}\n\n`);
        if (!open) return;
        stop();
        controller.close();
      };
      // The heartbeat carries the server's clock and what is wrong with it, if anything.
      const beat = (): void => {
        if (!open) return;
        const { problem, warning } = ports.health();
        const worst = problem ?? warning;
        const said = worst === null ? null : inLanguage(spoken, () => t(worst));
        send(`event: beat\ndata: ${JSON.stringify({ now: clock.now(), problem: said })}\n\n`);
        if (c.var.session.expiresAt <= clock.now()) return void recheck();
        clock.after(liveHeartbeatMs, beat);
      };
      stop = () => {
        if (!open) return;
        open = false;
        streams -= 1;
        unsubscribe();
      };
      beat();
      schedule();
    },
    cancel() {
      stop();
    },
  });
}

function fragment(c: WebContext, ports: WebPorts, name: string, seq: number): Promise<string> {
  const topic = topics[name]!;
  if (!topic.shared || !can(c.var.actor, "analytics:queueObservation:view")) return topic.render(c, ports);
  const key = `${name} ${language().tag}`;
  const before = sharedRenderings.get(key);
  if (before !== undefined && before.seq >= seq && seq > 0) return before.html;
  const html = topic.render(c, ports);
  sharedRenderings.set(key, { seq, html });
  return html;
}
