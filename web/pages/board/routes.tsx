// The live board of queues and agents.
import { type Board as Figures, queueBoard } from "../../../core/routing/queries.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Board } from "./views.tsx";

export const boardRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/performance/queues", permission: "analytics:queueObservation:view", help: "board" }, async (c, ports) =>
    render(c, ports, { title: t("Queues and agents"), help: "board" }, await board(ports)),
  ),
];

/** The board as it is now; the page and the live stream render the same. */
export async function board(ports: WebPorts) {
  return <Board {...(await boardFacts(ports, await queueBoard(ports.app)))} />;
}

/** What the board shows besides the figures. */
export async function boardFacts({ app, demo }: WebPorts, figures: Figures) {
  const [users, recent] = await Promise.all([
    app.stores.users.all(app.organizationId),
    app.stores.conversations.recent(app.organizationId, 10),
  ]);
  return { board: figures, users: new Map(users.map((user) => [user.id, user])), recent, demo };
}
