// A guest's page: whoever holds the link calls the centre's number from a browser, without an account, and can do nothing else.
import { NotFound } from "../../../core/lib/errors.ts";
import { wrongTicketsMax } from "../../../core/lib/limits.ts";
import { guestOf } from "../../../core/setup/trial.ts";
import { Tries } from "../../middleware/tries.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { GuestCall } from "./views.tsx";

const wrongLinks = new Tries(wrongTicketsMax);

export const guestRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/call/:token", permission: "public", help: "trial" }, async (c, ports) => {
    const guest = await guestBehind(ports, c.env.remoteAddress, c.req.param("token"));
    if (guest === null) throw new NotFound("call behind this link. It lasts an hour; a newer one from the trial's page replaces it");
    return c.html(<GuestCall organization={ports.organizationName} number={guest.number} tones={ports.tones} />);
  }),
];

/** Who may call, and where to; also asked by the socket. An address that guesses is told nothing for a while. */
export async function guestBehind(
  ports: Pick<WebPorts, "app">,
  address: string,
  token: string | undefined,
): Promise<{ readonly guestId: string; readonly number: string; readonly untilAt: number } | null> {
  const now = ports.app.env.clock.now();
  const keys = [`address ${address}`];
  if (wrongLinks.isBarred(keys, now)) return null;
  const found = await guestOf(ports.app, token);
  if (found === null) {
    wrongLinks.remember(keys, now);
    return null;
  }
  return { guestId: found.ticket.tokenHash, number: found.number, untilAt: found.ticket.expiresAt ?? now };
}
