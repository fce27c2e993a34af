// The live stream: one plain event stream per page. Events say that something changed, HTML says what is.

import { type Actor, can } from "../../core/authorization/actor.ts";
import { conversationView } from "../../core/conversation/queries.ts";
import { changesSessions, livingSession } from "../../core/directory/sign-in.ts";
import type { LoggedEvent } from "../../core/events/index.ts";
import { Forbidden, NotFound, Unavailable } from "../../core/lib/errors.ts";
import { type ConversationId, isId, type TrunkId } from "../../core/lib/id.ts";
import { liveHeartbeatMs, liveStreamsMax } from "../../core/lib/limits.ts";
import { type AgentView, agentView } from "../../core/routing/queries.ts";
import { trunkKind } from "../../core/telephony/kinds.ts";
import type { WebContext } from "../context.ts";
import { Ladder } from "../pages/conversation/ladder.tsx";
import { ladderSoFar } from "../pages/conversation/ladder-so-far.ts";
import { Timeline } from "../pages/conversation/timeline.tsx";
import { ConversationHead, Listen, Media } from "../pages/conversation/views.tsx";
import { XRay } from "../pages/conversation/xray.tsx";
import { queuesOf } from "../pages/desk/routes.tsx";
import { Desk } from "../pages/desk/views.tsx";
import { trial } from "../pages/trial/routes.tsx";
import { TestCallProgress } from "../pages/trunks/test-call.tsx";
import type { WebPorts } from "../ports.ts";
import { type PageRoute, page } from "../route.ts";
import { Capturing } from "../ui/capturing.tsx";
import { Dock } from "../ui/dock.tsx";
import { HelpCalls } from "../ui/help-calls.tsx";
import { Standing } from "../ui/standing.tsx";
import { inLanguage, language, t } from "../ui/text.ts";
import { Renderer } from "./renderer.ts";
import { aboutRouting, fragmentMessage, SharedScreens } from "./shared.tsx";

const encoder = new TextEncoder();

/** What the page may show besides the person's own standing and dock, which every page has. */
const topics: readonly string[] = ["desk", "trial", "board"];
/** Words and choices of everybody's desk. */
const aboutEveryDesk = /^routing\.(queue\.(updated|deleted)|wrapup-code)/;

let streams = 0;
/** One for each node in this process. */
const shared = new WeakMap<WebPorts, SharedScreens>();

function sharedOf(ports: WebPorts): SharedScreens {
  const found = shared.get(ports) ?? new SharedScreens(ports);
  shared.set(ports, found);
  return found;
}

export const liveRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/live", permission: "signed-in", help: "live" }, (c, ports) => {
    if (streams >= liveStreamsMax) throw new Unavailable("Too many pages are open on this server.");
    const asked = (c.req.query("topics") ?? "").split(",");
    const wanted = topics.filter((name) => asked.includes(name));
    return new Response(openStream(c, ports, wanted, soundOf(asked), testedBy(asked, c.var.actor)), {
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  }),
];

/** The trunk whose test call a page shows, as `test-call-ID`; null: none, or not for them. */
function testedBy(asked: readonly string[], actor: Actor): TrunkId | null {
  const id = asked.find((name) => name.startsWith("test-call-"))?.slice("test-call-".length) ?? "";
  return isId(id) && can(actor, trunkKind.permissions.edit) ? (id as TrunkId) : null;
}

/** The conversation whose sound a page shows, as `sound-ID`; null: none. */
function soundOf(asked: readonly string[]): ConversationId | null {
  const id = asked.find((name) => name.startsWith("sound-"))?.slice("sound-".length) ?? "";
  return isId(id) ? (id as ConversationId) : null;
}

function openStream(
  c: WebContext,
  ports: WebPorts,
  names: readonly string[],
  looksAt: ConversationId | null,
  tests: TrunkId | null,
): ReadableStream<Uint8Array> {
  const { clock } = ports.app.env;
  const { actor, csrf } = c.var;
  const screens = sharedOf(ports);
  const has = (name: string): boolean => names.includes(name);
  // What happens later happens on behalf of events, which speak no language.
  const spoken = language();
  let stop = (): void => undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      streams += 1;
      let seq = 0;
      let open = true;
      let watched = looksAt;
      /** What it was sent last of that conversation, part by part. */
      let seen: readonly string[] = [];
      /** What is due: the person's own part, the trial's, the call that they look at, and the test call. */
      const dirty = { own: true, trial: has("trial"), media: watched !== null, test: tests !== null };
      /** Conversations in front of this person, by id, and those that may be since the last look. */
      let mine = new Set<string>();
      let since = new Set<string>();
      /** While their part is read: conversations that something happens to. */
      let touched: Set<string> | null = null;
      const send = (message: Uint8Array): void => {
        if (open) controller.enqueue(message);
      };
      const say = (event: string, data: string): void => send(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
      const render = async (): Promise<void> => {
        const [due, at] = [{ ...dirty }, seq];
        dirty.own = dirty.trial = dirty.media = dirty.test = false;
        try {
          await show(due, at);
        } catch (error) {
          dirty.own ||= due.own;
          dirty.trial ||= due.trial;
          dirty.media ||= due.media;
          dirty.test ||= due.test;
          throw error;
        }
      };
      const show = async (due: typeof dirty, at: number): Promise<void> => {
        if (due.own) {
          since = new Set();
          touched = new Set();
          const view = actor.userId === null ? null : await agentView(ports.app, actor.userId);
          const front = view === null ? [] : inFrontOf(view);
          mine = new Set([...since, ...front]);
          // What became of it while it was read, this page could not know to be about it.
          if (front.some((id) => touched?.has(id))) {
            dirty.own = true;
            renderer.due();
          }
          touched = null;
          send(
            fragmentMessage(
              at,
              `${await (<Standing view={view} actor={actor} csrf={csrf} />)}${await (<Dock view={view} csrf={csrf} />)}${await (<HelpCalls calls={view?.helpCalls ?? []} csrf={csrf} />)}${await (<Capturing capture={ports.captures.running} actor={actor} />)}`,
            ),
          );
          if (has("desk")) {
            const board = await screens.figures();
            const queues = queuesOf(board, actor.userId);
            send(fragmentMessage(at, String(await (<Desk view={view} queues={queues} asOf={board.asOf} csrf={csrf} />))));
          }
        }
        if (due.media && watched !== null) await showMedia(watched, at);
        if (due.test && tests !== null) await showTest(tests, at);
        if (due.trial && can(actor, "telephony:guestCall:add")) send(fragmentMessage(at, String(await trial(c, ports))));
      };
      /** Whoever may not see the conversation is shown nothing of it, now or later. */
      const showMedia = async (id: ConversationId, at: number): Promise<void> => {
        try {
          const view = await conversationView(ports.app, actor, id);
          const mayExplain = actor.permissions.has("analytics:conversationDetail:view");
          const ladder = mayExplain ? ladderSoFar(ports, view) : [];
          const parts = [
            <ConversationHead view={view} mayExport={mayExplain} />,
            <XRay view={view} ladder={ladder} now={clock.now()} />,
            <Timeline view={view} mayExplain={mayExplain} />,
            <Ladder entries={ladder} />,
            <Media view={view} />,
          ];
          const html = await Promise.all(parts.map(async (part) => String(await part)));
          const changed = html.filter((part, i) => part !== seen[i]);
          seen = html;
          // The page leaves alone what somebody is typing in: it is sent again.
          send(fragmentMessage(at, `${changed.join("")}${await (<Listen view={view} actor={actor} csrf={csrf} />)}`));
        } catch (error) {
          if (!(error instanceof Forbidden || error instanceof NotFound)) throw error;
          watched = null;
        }
      };
      const showTest = async (id: TrunkId, at: number): Promise<void> => {
        const trunk = await ports.app.stores.trunks.byId(id);
        if (trunk === null || trunk.organizationId !== actor.organizationId) return;
        const shown = ports.testCalls.of(id);
        send(fragmentMessage(at, String(await (<TestCallProgress {...{ trunk, shown, csrf }} country={ports.country} />))));
      };
      const renderer = new Renderer(ports.app.env, () => inLanguage(spoken, render));
      const concernsOwn = (event: LoggedEvent): boolean => {
        if (actor.userId === null) return false;
        if (event.subjectIds.includes(actor.userId)) {
          // The conversation that it is about may be theirs from now on.
          mine.add(event.subjectIds[0]!);
          since.add(event.subjectIds[0]!);
          return true;
        }
        if (has("desk") && aboutEveryDesk.test(event.type)) return true;
        if (!aboutRouting.test(event.type)) return false;
        const [conversationId = ""] = event.subjectIds;
        touched?.add(conversationId);
        return mine.has(conversationId);
      };
      const unsubscribe = ports.subscribe((event) => {
        seq = Math.max(seq, event.seq);
        if (changesSessions(event, c.var.session.userId)) void recheck();
        if (concernsOwn(event) || event.type.startsWith("telephony.capture.")) dirty.own = true;
        if (has("trial") && (aboutRouting.test(event.type) || event.type === "organization.updated")) dirty.trial = true;
        if (watched !== null && event.subjectIds[0] === watched) dirty.media = true;
        if (dirty.own || dirty.trial || dirty.media) renderer.due();
      });
      const silence = ports.app.sound.subscribe((conversationId, change) => {
        if (change === "trouble" && mine.has(conversationId)) dirty.own = true;
        if (conversationId === watched) dirty.media = true;
        if (dirty.own || dirty.media) renderer.due();
      });
      const testing = ports.testCalls.subscribe((trunkId) => {
        if (trunkId !== tests) return;
        dirty.test = true;
        renderer.due();
      });
      const kinds = (["board", "desk"] as const).filter(
        (kind) => has(kind) && (kind === "desk" || can(actor, "analytics:queueObservation:view")),
      );
      const leaves = kinds.map((kind) => screens.join({ kind, userId: actor.userId, language: spoken, send }));
      // What this person may see was decided when the stream began: whoever was changed begins anew, whoever was signed out leaves the page.
      const recheck = async (): Promise<void> => {
        const lives = await livingSession(ports.app, c.var.session.tokenHash).catch(() => null);
        say("bye", lives === null ? "signed-out" : "anew");
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
        say("beat", JSON.stringify({ now: clock.now(), problem: said }));
        if (c.var.session.expiresAt <= clock.now()) return void recheck();
        clock.after(liveHeartbeatMs, beat);
      };
      stop = () => {
        if (!open) return;
        open = false;
        renderer.stop();
        streams -= 1;
        unsubscribe();
        silence();
        testing();
        for (const leave of leaves) leave();
      };
      beat();
      renderer.due();
    },
    cancel() {
      stop();
    },
  });
}

function inFrontOf({ alert, ringing, current, supervising }: AgentView): readonly string[] {
  return [alert, ringing, current, supervising].filter((one) => one !== null).map(({ conversation }) => conversation.id);
}
