// WebSockets: who may open one for what, and when it ends because its session did.
import { changesSessions, livingSession, ticketOf } from "../core/directory/sign-in.ts";
import type { Session } from "../core/directory/user.ts";
import type { Timer } from "../core/env/env.ts";
import { voiceCheckMs } from "../core/lib/limits.ts";
import { sessionCookie, sessionOf } from "../web/middleware/identity.ts";
import { isOwnOrigin } from "../web/middleware/security.ts";
import { guestBehind } from "../web/pages/guest/routes.tsx";
import { setupCookie } from "../web/pages/setup/routes.tsx";
import type { WebPorts } from "../web/ports.ts";
import type { RunningNode } from "./wire.ts";

/** How soon a session that is over is looked at again while its person talks. */
const busyMs = 5_000;
export type Handler = { receive(text: string): void; closed(): void };
/** Opens its conversation once the socket is there; null: it has nothing to say to whoever asked. */
export type SocketData = { readonly open: (socket: Wire) => Handler | null; handler: Handler | null };
export type Wire = { send(text: string): void; close(code: number, reason: string): void };
type Server = { upgrade(request: Request, options: { data: SocketData; headers: Record<string, string> }): boolean };

/** Stations by their session, guests by their link, and the looks of set-up and network test whether sockets get through. */
export const sockets = /^\/(sip|setup\/socket|network-test\/socket|call\/[\w-]+\/sip)$/;
const looks: ReadonlySet<string> = new Set(["/setup/socket", "/network-test/socket"]);

// Our own origin in any case: nobody else's page can register a station, or call in somebody's name.
export async function upgrade(
  request: Request,
  server: Server,
  running: RunningNode,
  path: string,
  address: string,
): Promise<Response | undefined> {
  const { headers } = request;
  if (!isOwnOrigin(running.web, headers.get("origin"), headers.get("host"))) return new Response("not from here\n", { status: 403 });
  const isSip = !looks.has(path);
  const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (isSip && !protocols.includes("sip")) return new Response("the subprotocol is sip\n", { status: 400 });
  const open = await opens(request, running, path, address);
  if (open === null) return new Response("sign in first\n", { status: 403 });
  const done = server.upgrade(request, { data: { open, handler: null }, headers: isSip ? { "Sec-WebSocket-Protocol": "sip" } : {} });
  return done ? undefined : new Response("this is a WebSocket\n", { status: 426 });
}

/** What the socket is for; null: nobody who may have one. */
async function opens(request: Request, running: RunningNode, path: string, address: string): Promise<SocketData["open"] | null> {
  const cookie = (name: string): string | undefined => new RegExp(`(?:^|; )${name}=([^;]+)`).exec(request.headers.get("cookie") ?? "")?.[1];
  if (path === "/setup/socket") {
    return (await ticketOf(running.web.app, "setup", cookie(setupCookie))) === null ? null : (socket) => clock(running, socket);
  }
  if (path === "/network-test/socket") {
    return (await sessionOf(running.web, cookie(sessionCookie))) === null ? null : (socket) => clock(running, socket);
  }
  if (path === "/sip") return station(running, cookie(sessionCookie));
  const guest = await guestBehind(running.web, address, path.split("/")[2]);
  return guest === null ? null : (socket) => running.sockets.open(guest, socket);
}

/** Says what the time is here, at once and whenever it is asked, for as long as a test may take. */
function clock({ web }: RunningNode, socket: Wire): Handler {
  const { clock } = web.app.env;
  const tell = (): void => socket.send(String(clock.now()));
  const over = clock.after(voiceCheckMs, () => socket.close(1000, "the test is over"));
  tell();
  return { receive: tell, closed: () => over.cancel() };
}

async function station(running: RunningNode, token: string | undefined): Promise<SocketData["open"] | null> {
  const found = await sessionOf(running.web, token);
  if (found === null || found.user.stationId === null) return null;
  const { session, user } = found;
  const identity = { userId: user.id, stationId: found.user.stationId };
  return (socket) => {
    const handler = running.sockets.open(identity, socket);
    const unwatch = whileSignedIn(running.web, session, () => socket.close(1008, "signed out"));
    return {
      receive: (text) => handler.receive(text),
      closed: () => {
        unwatch();
        handler.closed();
      },
    };
  };
}

/**
 * Calls `over` when the session ends: at once when its person was signed out or deactivated; when its time is over, not before the call in
 * hand is. Returns how to stop watching.
 */
function whileSignedIn({ app, subscribe }: WebPorts, session: Session, over: () => void): () => void {
  let timer: Timer | null = null;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    unsubscribe();
    timer?.cancel();
  };
  const look = async (): Promise<void> => {
    if ((await livingSession(app, session.tokenHash)) !== null) return;
    // Signed out while this was looked at: nothing is left to do.
    if (stopped) return;
    const isOver =
      session.expiresAt > app.env.clock.now() || (await app.stores.agents.byUser(session.userId))?.inHand.kind !== "conversation";
    if (!isOver) return expireAfter(busyMs);
    stop();
    over();
  };
  // A database that is away says nothing about anybody.
  const lookNow = (): void => void look().catch(() => expireAfter(busyMs));
  const expireAfter = (ms: number): void => {
    timer?.cancel();
    if (!stopped) timer = app.env.clock.after(ms, lookNow);
  };
  const unsubscribe = subscribe((event) => {
    if (changesSessions(event, session.userId)) lookNow();
  });
  expireAfter(session.expiresAt - app.env.clock.now() + 1);
  return stop;
}

// The channel's id is its secret, as the vendor's clients expect: they send nothing else.
export function upgradeToChannel(request: Request, server: Server, running: RunningNode, id: string): Response | undefined {
  const open = (socket: Wire): Handler | null => running.web.channels.connect(id, socket);
  return server.upgrade(request, { data: { open, handler: null }, headers: {} })
    ? undefined
    : new Response("this is a WebSocket\n", { status: 426 });
}
