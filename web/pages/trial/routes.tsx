// The owner's home of a trial: what to do next, from an empty desk to the first call heard and looked at.

import { agentView } from "../../../core/routing/queries.ts";
import { tryItQueue } from "../../../core/setup/example.ts";
import { makeGuestLink } from "../../../core/setup/trial.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { Trial } from "./views.tsx";

const help = "trial";
/** Newest conversations with the guests' number in them that are looked at for one of a guest. */
const conversationsLookedAt = 20;

export const trialRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/trial", permission: "telephony:guestCall:add", help }, async (c, ports) =>
    render(c, ports, { title: t("Your first call"), help }, await trial(c, ports)),
  ),

  page({ method: "POST", path: "/trial/call", permission: "telephony:guestCall:add", help }, async (c, ports) => {
    await ownForm(c, ports);
    return c.redirect(`/call/${await makeGuestLink(ports.app, c.var.actor)}`, 303);
  }),
];

/** The page as it is now; it and the live stream render the same. */
export async function trial(c: Pick<WebContext, "var">, ports: WebPorts) {
  const { app, guestNumber } = ports;
  const { actor, csrf } = c.var;
  const [view, found, queue] = await Promise.all([
    actor.userId === null ? null : agentView(app, actor.userId),
    // By the number: robots of a demo may have called often meanwhile.
    guestNumber === null ? [] : app.stores.conversations.search(app.organizationId, { text: guestNumber }, null, conversationsLookedAt),
    app.stores.queues.byName(app.organizationId, tryItQueue),
  ]);
  const calls = found.map(({ conversation }) => conversation).filter(({ calledNumber }) => calledNumber === guestNumber);
  return (
    <Trial
      number={guestNumber}
      isOnQueue={view?.agent?.presence === "ON_QUEUE"}
      isUp={calls.some((call) => call.endedAt === null)}
      call={calls.find((call) => call.endedAt !== null) ?? null}
      queue={queue}
      csrf={csrf}
    />
  );
}
