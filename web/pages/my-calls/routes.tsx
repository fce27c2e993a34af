// Somebody's own calls, newest first, by number when they look for one: who may not search all conversations still knows their own.

import { type PageRoute, page } from "../../route.ts";
import { Crumbs } from "../../ui/crumbs.tsx";
import { SearchField } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { FoundList } from "../conversations/views.tsx";
import { render } from "../render.tsx";

const help = "desk";
const permission = "conversation:call:accept";
const shownMax = 50;

export const myCallRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/calls", permission, help }, async (c, ports) => {
    const { stores, organizationId } = ports.app;
    const text = (c.req.query("text") ?? "").trim().slice(0, 100);
    const [found, queues, people] = await Promise.all([
      stores.conversations.search(organizationId, { userIds: [c.var.user.id], text }, null, shownMax),
      stores.queues.all(organizationId),
      stores.users.all(organizationId),
    ]);
    const byId = (rows: readonly { readonly id: string; readonly name: string }[]) => new Map(rows.map(({ id, name }) => [id, name]));
    const body = (
      <div class="page wide">
        <Crumbs actor={c.var.actor} under={[{ href: "/", label: "Work", permission }]} />
        <div class="page-head">
          <h1>{t("Your calls")}</h1>
        </div>
        <form class="toolbar" method="get" action="/calls" role="search">
          <SearchField name="text" label={t("Number or name")} value={text} />
          <button class="button" type="submit">
            {t("Search")}
          </button>
        </form>
        {found.length === 0 ? (
          <div class="empty">
            <Icon name="phone" />
            <p class="quiet">{text === "" ? t("You have not had a call yet.") : t("No call of yours fits what you look for.")}</p>
          </div>
        ) : (
          <FoundList found={found} names={{ queues: byId(queues), people: byId(people) }} />
        )}
      </div>
    );
    return render(c, ports, { title: t("Your calls"), help }, body);
  }),
];
