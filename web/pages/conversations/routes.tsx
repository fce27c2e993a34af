// Conversations: searched and narrowed, newest first; as CSV, and one of them whole as JSON.
import { endReasons } from "../../../core/conversation/conversation.ts";
import { exportConversation } from "../../../core/conversation/queries.ts";
import {
  type ConversationCursor,
  type ConversationFilter,
  searchConversations,
  summaryOf,
  typed,
} from "../../../core/conversation/search.ts";
import { isoInstant } from "../../../core/lib/calendar.ts";
import { NotFound } from "../../../core/lib/errors.ts";
import { type ConversationId, isId } from "../../../core/lib/id.ts";
import { conversationsExportMax } from "../../../core/lib/limits.ts";
import type { WebContext } from "../../context.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { rangeOf, withDates } from "../../ui/period.tsx";
import { t } from "../../ui/text.ts";
import { endWord } from "../board/views.tsx";
import { csvLine } from "../objects/form-values.ts";
import { render } from "../render.tsx";
import { Conversations, type Names } from "./views.tsx";

const help = "conversations";
const permission = "analytics:conversationDetail:view";
const pageSize = 50;
/** What the list can be narrowed to beside one reason of an end. */
const endings: Readonly<Record<string, ConversationFilter>> = {
  live: { isLive: true },
  abandoned: { endReasons: endReasons.filter((reason) => reason.startsWith("abandoned-")) },
};

export const conversationListRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/conversations", permission, help }, async (c, ports) => {
    const { found, next } = await searchConversations(ports.app, c.var.actor, await filterOf(c, ports), cursorOf(c), pageSize);
    const names = await namesOf(ports);
    const query = queryOf(c, ports);
    const after = next === null ? null : `${next.startedAt}.${next.id}`;
    const view = <Conversations {...{ found, names, query, after }} isFirst={cursorOf(c) === null} now={ports.app.env.clock.now()} />;
    return render(c, ports, { title: t("Conversations"), help }, view);
  }),

  page({ method: "GET", path: "/conversations.csv", permission, help }, async (c, ports) => {
    const { found } = await searchConversations(ports.app, c.var.actor, await filterOf(c, ports), null, conversationsExportMax);
    const { people, queues } = await namesOf(ports);
    const lines = found.map((one) => {
      const { conversation } = one;
      const summary = summaryOf(one);
      return csvLine([
        conversation.id,
        isoInstant(conversation.startedAt),
        conversation.endedAt === null ? "" : isoInstant(conversation.endedAt),
        conversation.callerNumber,
        conversation.callerName,
        conversation.calledNumber,
        summary.queueIds.map((id) => queues.get(id) ?? id).join("; "),
        summary.userIds.map((id) => people.get(id) ?? id).join("; "),
        summary.waitMs === null ? "" : String(Math.round(summary.waitMs / 1_000)),
        summary.talkMs === null ? "" : String(Math.round(summary.talkMs / 1_000)),
        summary.wrapupCodes.join("; "),
        conversation.endReason ?? "",
      ]);
    });
    const head = ["id", "start", "end", "callerNumber", "callerName", "calledNumber", "queues", "agents", "waitSeconds", "talkSeconds"];
    c.header("content-type", "text/csv; charset=utf-8");
    c.header("content-disposition", 'attachment; filename="conversations.csv"');
    return c.body(csvLine([...head, "wrapupCodes", "endReason"]) + lines.join(""));
  }),

  page({ method: "GET", path: "/conversations/:id/export.json", permission, help }, async (c, ports) => {
    const id = c.req.param("id") ?? "";
    if (!isId(id)) throw new NotFound("conversation with this id");
    const whole = await exportConversation(ports.app, c.var.actor, id as ConversationId, (gzip) => ports.vault.decompress(gzip));
    c.header("content-disposition", `attachment; filename="conversation-${id}.json"`);
    return c.json(whole as object);
  }),
];

function queryOf(c: WebContext, ports: WebPorts): URLSearchParams {
  return withDates(new URL(c.req.url).searchParams, ports.app.env.clock.now());
}

/** What the address asks for; what makes no sense in it is as if it were not there. */
async function filterOf(c: WebContext, ports: WebPorts): Promise<ConversationFilter> {
  const query = queryOf(c, ports);
  const given = (name: string): string | undefined => {
    const value = (query.get(name) ?? "").trim();
    return value === "" ? undefined : value;
  };
  const id = (name: string): string | undefined => {
    const value = given(name);
    return value !== undefined && isId(value) ? value : undefined;
  };
  const text = given("text");
  const ending = given("end") ?? "";
  const reason = endReasons.find((one) => one === ending);
  const waited = Number(given("waited"));
  return {
    ...(text === undefined ? {} : await typed(ports.app, text, (sipId) => ports.conversationsWith(sipId))),
    ...only("queueIds", id("queue")),
    ...only("userIds", id("person")),
    ...only("wrapupCodes", given("wrapup")),
    ...(reason === undefined ? (Object.hasOwn(endings, ending) ? endings[ending] : {}) : { endReasons: [reason] }),
    ...(Number.isSafeInteger(waited) && waited > 0 ? { waitedMs: waited * 1_000 } : {}),
    ...rangeOf(query),
  };
}

function only(list: "queueIds" | "userIds" | "wrapupCodes", value: string | undefined): Partial<ConversationFilter> {
  return value === undefined ? {} : { [list]: [value] };
}

function cursorOf(c: WebContext): ConversationCursor | null {
  const [startedAt, id] = (c.req.query("after") ?? "").split(".");
  return id !== undefined && isId(id) && /^\d{1,15}$/.test(startedAt!) ? { startedAt: Number(startedAt), id } : null;
}

async function namesOf(ports: WebPorts): Promise<Names> {
  const { stores, organizationId } = ports.app;
  const [people, queues, codes] = await Promise.all([
    stores.users.all(organizationId),
    stores.queues.all(organizationId),
    stores.wrapupCodes.all(organizationId),
  ]);
  const byId = (rows: readonly { readonly id: string; readonly name: string }[]) => new Map(rows.map(({ id, name }) => [id, name]));
  return {
    people: byId(people),
    queues: byId(queues),
    codes: codes.map((code) => code.name),
    ends: [
      { value: "live", label: t("Live") },
      { value: "abandoned", label: t("Abandoned") },
      ...endReasons.map((reason) => ({ value: reason, label: endWord(reason) })),
    ],
  };
}
