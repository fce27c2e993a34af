// The web application: one Hono app over declared routes. Errors end here; nothing is reachable without a declared permission.
import { Hono } from "hono";
import { AppError, NotFound, Unauthenticated } from "../core/lib/errors.ts";
import { newId } from "../core/lib/id.ts";
import { apiRoutes } from "./api/index.ts";
import { oauth } from "./api/oauth.ts";
import { openApiDocument } from "./api/openapi.ts";
import { isInScope } from "./api/scope.ts";
import type { WebContext, WebEnv } from "./context.ts";
import { wantsFragment } from "./context.ts";
import { apiError, pageError } from "./errors.tsx";
import { liveRoutes } from "./live/stream.tsx";
import { bearer, signedIn } from "./middleware/identity.ts";
import { preferences } from "./middleware/preferences.ts";
import { securityHeaders } from "./middleware/security.ts";
import { adminRoutes } from "./pages/admin/routes.tsx";
import { agentRoutes } from "./pages/agent/routes.tsx";
import { apiExplorerRoutes } from "./pages/api-explorer/routes.tsx";
import { auditRoutes } from "./pages/audit/routes.tsx";
import { boardRoutes } from "./pages/board/routes.tsx";
import { conversationRoutes } from "./pages/conversation/routes.tsx";
import { conversationListRoutes } from "./pages/conversations/routes.tsx";
import { deskRoutes } from "./pages/desk/routes.tsx";
import { guestRoutes } from "./pages/guest/routes.tsx";
import { helpRoutes } from "./pages/help/routes.tsx";
import { meRoutes } from "./pages/me/routes.tsx";
import { myCallRoutes } from "./pages/my-calls/routes.tsx";
import { networkTestRoutes } from "./pages/network-test/routes.tsx";
import { searchRoutes } from "./pages/search/routes.tsx";
import { setupRoutes } from "./pages/setup/routes.tsx";
import { signInRoutes } from "./pages/sign-in/routes.tsx";
import { trialRoutes } from "./pages/trial/routes.tsx";
import { whereRoutes } from "./pages/where/routes.tsx";
import type { WebPorts } from "./ports.ts";
import { type ApiRoute, demandAccess, type PageRoute } from "./route.ts";

export const pageRoutes: readonly PageRoute[] = [
  ...signInRoutes,
  ...setupRoutes,
  ...trialRoutes,
  ...guestRoutes,
  ...deskRoutes,
  ...boardRoutes,
  ...agentRoutes,
  ...myCallRoutes,
  ...adminRoutes,
  ...auditRoutes,
  ...conversationListRoutes,
  ...conversationRoutes,
  ...apiExplorerRoutes,
  ...searchRoutes,
  ...meRoutes,
  ...whereRoutes,
  ...networkTestRoutes,
  ...helpRoutes,
  ...liveRoutes,
];

/** Bodies of forms and API calls; a route that takes sounds says how much it takes. */
const bodyBytesMax = 1024 * 1024;

export function createWebApp(ports: WebPorts): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  app.use(securityHeaders);
  app.use(async (c, next) => {
    c.set("requestId", newId(ports.app.env));
    await next();
  });
  app.use(preferences(ports));
  app.get("/assets/*", (c) => serveAsset(c, ports));
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const { problem } = ports.health();
    return c.text(`${problem ?? "ready"}\n`, problem === null ? 200 : 503);
  });
  for (const route of pageRoutes) app.on(route.method, route.path, (c) => servePage(c, ports, route));
  app.use("/oauth/*", async (c, next) => refusedBody(c, bodyBytesMax) ?? (await next()));
  oauth(app, ports);
  for (const route of apiRoutes) app.on(route.method, route.path, (c) => serveApi(c, ports, route));
  app.get("/api/v2/docs/openapi.json", (c) => c.json(openApiDocument(apiRoutes, ports.version)));
  app.notFound((c) => (isApi(c) ? apiError(c, ports, notBuilt(c)) : pageError(c, ports, new NotFound(`page at ${c.req.path}`))));
  app.onError((error, c) => (isApi(c) ? apiError(c, ports, error) : pageError(c, ports, error)));
  return app;
}

function isApi(c: WebContext): boolean {
  return c.req.path.startsWith("/api/") || c.req.path.startsWith("/oauth/");
}

// The vendor's clients know more operations than are built: they are told so, and never that nothing was found.
function notBuilt(c: WebContext): AppError {
  const { method, path } = c.req;
  return isInScope(method, path)
    ? new AppError("not.implemented", `${method} ${path} is not built yet.`, 501)
    : new NotFound(`operation ${method} ${path}`);
}

/** What a request may bring, before a byte of it is kept. A body whose length is not said could be any. */
function refusedBody(c: WebContext, bytesMax: number): Response | null {
  if (c.req.header("transfer-encoding") !== undefined) return c.text("Say the length of the body\n", 411);
  return Number(c.req.header("content-length") ?? 0) > bytesMax ? c.text("Too large\n", 413) : null;
}

async function servePage(c: WebContext, ports: WebPorts, route: PageRoute): Promise<Response> {
  const refused = refusedBody(c, route.bodyBytesMax ?? bodyBytesMax);
  if (refused !== null) return refused;
  if (route.permission !== "public" && !(await signedIn(c, ports))) {
    // A fragment cannot show the sign-in page in the middle of another: the whole page goes there.
    if (wantsFragment(c)) c.header("hx-redirect", "/sign-in");
    if (c.req.path === "/live") return c.text("Sign in first\n", 401);
    return wantsFragment(c) ? c.body(null, 204) : c.redirect("/sign-in", 303);
  }
  demandAccess(c, route.permission);
  return route.handle(c, ports);
}

async function serveApi(c: WebContext, ports: WebPorts, route: ApiRoute): Promise<Response> {
  c.header("inin-correlation-id", c.var.requestId);
  const refused = refusedBody(c, bodyBytesMax);
  if (refused !== null)
    throw new AppError("request.too.large", "A body of an API call has at most 1 MiB, and says its length.", refused.status);
  // The API is for bearer tokens; a session's cookie opens it only for reading, so that no other site can change anything through it.
  if (c.req.header("authorization") !== undefined) c.set("actor", await bearer(c, ports));
  else if (route.permission !== "public" && !(c.req.method === "GET" && (await signedIn(c, ports)))) throw new Unauthenticated();
  demandAccess(c, route.permission);
  const result = await route.handle(c, ports);
  if (result instanceof Response) return result;
  return route.status === 204 ? c.body(null, 204) : c.json(result as object, route.status as 200);
}

function serveAsset(c: WebContext, ports: WebPorts): Response {
  const asset = ports.asset(c.req.path.slice("/assets/".length));
  if (asset === null) return c.text("There is no such file\n", 404);
  c.header("cache-control", "no-cache");
  c.header("etag", asset.etag);
  if (c.req.header("if-none-match") === asset.etag) return c.body(null, 304);
  c.header("content-type", asset.type);
  return c.body(asset.bytes as Uint8Array<ArrayBuffer>);
}
