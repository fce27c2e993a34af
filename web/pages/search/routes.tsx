// What the command bar finds: pages and actions at once, then people, queues, flows and the manual; only what the person may see.

import type { App } from "../../../core/app.ts";
import type { Actor } from "../../../core/authorization/actor.ts";
import type { Permission } from "../../../core/authorization/permissions.ts";
import { type ConversationId, isId } from "../../../core/lib/id.ts";
import { spokenManual } from "../../help/spoken.ts";
import { type PageRoute, page } from "../../route.ts";
import { type Finding, Findings } from "../../ui/command-bar.tsx";
import { areas } from "../../ui/shell.tsx";
import { t } from "../../ui/text.ts";
import { dateTime } from "../../ui/time.tsx";
import { adminPages } from "../admin/routes.tsx";

const findingsMax = 12;
const eachMax = 4;

export const searchRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/search", permission: "signed-in", help: "command-bar" }, async (c, ports) => {
    const query = (c.req.query("q") ?? "").trim().slice(0, 100);
    const found = [...fixed(c.var.actor), ...(query === "" ? [] : await stored(ports.app, c.var.actor, query))];
    const fitting = found.filter((finding) => `${finding.text} ${finding.end}`.toLowerCase().includes(query.toLowerCase()));
    return c.html(<Findings findings={best(fitting, query)} query={query} />);
  }),
];

/** Those that begin with the query come first; what would be dialled last: who looks a number up does not call it by the same Enter. */
function best(findings: readonly Finding[], query: string): readonly Finding[] {
  const begins = (finding: Finding): number => (finding.text.toLowerCase().startsWith(query.toLowerCase()) ? 0 : 1);
  const toDial = findings.filter((finding) => "dial" in finding);
  const others = findings.filter((finding) => !("dial" in finding)).toSorted((a, b) => begins(a) - begins(b));
  return [...others.slice(0, findingsMax - toDial.length), ...toDial];
}

function fixed({ permissions }: Actor): Finding[] {
  const may = <T extends { readonly permission: Permission }>(all: readonly T[]): T[] =>
    all.filter((one) => permissions.has(one.permission));
  const pages: readonly (Finding & { readonly permission: Permission })[] = [
    { icon: "file-text", text: t("API explorer"), end: t("Admin"), href: "/admin/api", permission: "oauth:client:view" },
    { icon: "activity", text: t("Network test"), end: t("Page"), href: "/network-test", permission: "directory:user:view" },
  ];
  const actions: readonly (Finding & { readonly permission: Permission })[] = [
    {
      icon: "headphones",
      text: t("On Queue on or off"),
      end: t("Action"),
      press: '#standing [role="switch"]',
      permission: "telephony:station:use",
    },
    {
      icon: "contrast",
      text: t("Switch light or dark"),
      end: t("Action"),
      press: "[data-theme-toggle]",
      permission: "directory:user:view",
    },
    { icon: "log-out", text: t("Sign out"), end: t("Action"), press: '[action="/sign-out"] button', permission: "directory:user:view" },
  ];
  return [
    ...may(areas).map(({ icon, label, href }) => ({ icon, text: t(label), end: t("Page"), href })),
    ...adminPages
      .filter(({ kind }) => permissions.has(kind.permissions.view))
      .map(({ icon, title, path }) => ({ icon, text: t(title), end: t("Admin"), href: path })),
    ...adminPages
      .filter(({ kind }) => permissions.has(kind.permissions.add))
      .map(({ newLabel, path }) => ({ icon: "plus", text: t(newLabel), end: t("Admin"), href: `${path}/new` })),
    ...may(pages),
    ...may(actions),
    ...spokenManual().map(({ id, title }) => ({ icon: "circle-help", text: title, end: t("Help"), href: `/help/${id}` })),
  ];
}

async function stored(app: App, actor: Actor, query: string): Promise<Finding[]> {
  const { stores, organizationId } = app;
  const at = { pageSize: eachMax, pageNumber: 1 };
  const may = (permission: Permission): boolean => actor.permissions.has(permission);
  const toDial = may("conversation:call:add") ? await numbersToDial(app, query) : [];
  const calls =
    /^\+?[\d ]{4,}$/.test(query) && may("analytics:conversationDetail:view")
      ? await stores.conversations.search(organizationId, { text: query.replaceAll(" ", "") }, null, eachMax)
      : [];
  const none = { entities: [] };
  const [queues, people, flows] = await Promise.all([
    may("routing:queue:view") ? stores.queues.list(organizationId, { name: query }, at) : none,
    may("directory:user:edit") ? stores.users.list(organizationId, { name: query }, at) : none,
    may("architect:flow:view") ? stores.flows.list(organizationId, { name: query }, at) : none,
  ]);
  const conversation =
    isId(query) && may("conversation:communication:view") ? await stores.conversations.byId(query as ConversationId) : null;
  return [
    ...(conversation?.organizationId === organizationId
      ? [{ icon: "phone", text: query, end: t("Conversation"), href: `/conversations/${query}` }]
      : []),
    ...calls.map(({ conversation: { id, callerName, callerNumber, startedAt } }) => ({
      icon: "phone-incoming",
      text: callerName === "" ? callerNumber : `${callerNumber}, ${callerName}`,
      end: dateTime(startedAt),
      href: `/conversations/${id}`,
    })),
    ...queues.entities.map(({ id, name }) => ({ icon: "list-ordered", text: name, end: t("Queue"), href: `/admin/queues/${id}` })),
    ...people.entities.map(({ id, name, email }) => ({
      icon: "user",
      text: `${name}, ${email}`,
      end: t("Person"),
      href: `/admin/people/${id}`,
    })),
    ...flows.entities.map(({ id, name }) => ({ icon: "workflow", text: name, end: t("Flow"), href: `/admin/flows/${id}` })),
    ...toDial,
  ];
}

/** A number as typed, and people by name whom one can ring. */
async function numbersToDial(app: App, query: string): Promise<readonly Finding[]> {
  const people = await app.stores.users.list(app.organizationId, { name: query }, { pageSize: eachMax, pageNumber: 1 });
  const number = /^\+?[\d ().-]{2,}$/.test(query) ? [{ icon: "phone-outgoing", text: query, end: t("Call"), dial: query }] : [];
  return [
    ...number,
    ...people.entities.flatMap(({ name, extension, state }) =>
      extension === null || state !== "active"
        ? []
        : [{ icon: "phone-outgoing", text: `${name}, ${extension}`, end: t("Call"), dial: extension }],
    ),
  ];
}
