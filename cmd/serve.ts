// `serve`: starts everything in order, owns the one HTTP server and its sockets, says what is where, drains and stops.
import { applyCentre } from "../core/centre/apply.ts";
import { createUser } from "../core/directory/commands.ts";
import { oauthClientKind } from "../core/directory/kinds.ts";
import { newUser } from "../core/directory/user.ts";
import type { Env } from "../core/env/env.ts";
import { promptBytesMax } from "../core/lib/limits.ts";
import { createObject } from "../core/objects/commands.ts";
import { createWebApp } from "../web/app.tsx";
import { newToken, tokenHash } from "../web/crypto.ts";
import { sessionCookie, sessionOf } from "../web/middleware/identity.ts";
import { isOwnOrigin } from "../web/middleware/security.ts";
import type { Assets } from "./assets.ts";
import { makeCertificate } from "./certificate.ts";
import { type Config, ConfigError } from "./config.ts";
import { metricsText } from "./metrics.ts";
import { type OpenNode, openNode } from "./node.ts";
import { newPhoneSecret } from "./phone-secret.ts";
import { trialCentre } from "./trial.ts";
import { endpoint, machineActor, ownAddresses, type RunningNode, wire } from "./wire.ts";

/** WebSocket frames of SIP; a message of ours is a tenth of it. */
const sipFrameBytesMax = 64 * 1024;
const pingSeconds = 15;
type Handler = { receive(text: string): void; closed(): void };
/** Opens its conversation once the socket is there; null: it has nothing to say to whoever asked. */
type SocketData = { readonly open: (socket: Wire) => Handler | null; handler: Handler | null };
type Wire = { send(text: string): void; close(code: number, reason: string): void };

export async function serve(env: Env, config: Config, assets: Assets): Promise<void> {
  const node = await openNode(env, config, assets);
  try {
    await bootstrap(node);
    const password = config.trial ? await startTrial(node) : null;
    const running = await wire(node, assets);
    const servers = [await listen(running, config.http, null)];
    if (config.https !== null) servers.push(await listen(running, config.https, await certificate(node)));
    const metrics = config.metrics === null ? null : serveMetrics(config.metrics, running);
    announce(
      node,
      running,
      servers.map((server) => server.url.href),
      password,
    );
    await untilAsked(env);
    env.log.info("stopping");
    await running.stop();
    for (const server of [...servers, ...(metrics === null ? [] : [metrics])]) await server.stop(true);
  } finally {
    await node.close();
  }
  env.log.info("stopped");
}

/** The owner and the OAuth client of a headless first start. Only made when they are not there. */
async function bootstrap(node: OpenNode): Promise<void> {
  const { config, app } = node;
  const actor = machineActor(node);
  const email = config["bootstrap-email"];
  if (email !== null && (await app.stores.users.byEmail(app.organizationId, email)) === null) {
    const parsed = newUser.safeParse({
      name: email.split("@")[0],
      email,
      password: config["bootstrap-password"] ?? undefined,
      roles: ["admin"],
    });
    if (!parsed.success) throw new ConfigError(`bootstrap-${String(parsed.error.issues[0]!.path[0])}: ${parsed.error.issues[0]!.message}`);
    if (parsed.data.password === undefined) throw new ConfigError("bootstrap-password: bootstrap-email needs one");
    await createUser(app, actor, parsed.data);
    node.env.log.info("owner made", { email });
  }
  const id = config["bootstrap-client-id"];
  const secret = config["bootstrap-client-secret"];
  if (id === null || (await app.stores.oauthClients.byId(id)) !== null) return;
  if (secret === null || secret.length < 16) throw new ConfigError("bootstrap-client-secret: at least 16 characters");
  const settings = { name: "Bootstrap client", roles: ["admin"], accessTokenValiditySeconds: 86_400 };
  await createObject(app, actor, oauthClientKind, settings, { id, secretHash: tokenHash(secret) });
}

/** Makes the trial centre when there is nobody yet; the password is told once. */
async function startTrial(node: OpenNode): Promise<string | null> {
  const { app, env, keys } = node;
  const users = await app.stores.users.list(app.organizationId, {}, { pageSize: 1, pageNumber: 1 });
  if (users.total > 0) return null;
  const password = newToken(env.random).slice(0, 16);
  const centre = trialCentre(password, ownAddresses({ "public-address": [] }));
  await applyCentre(app, machineActor(node), centre, (username) => newPhoneSecret(env.random, keys, username));
  return password;
}

type Tls = { readonly cert: string; readonly key: string };

async function certificate(node: OpenNode): Promise<Tls> {
  const { config } = node;
  if (config["https-cert"] === null) return makeCertificate(node.env, config);
  return { cert: await Bun.file(config["https-cert"]).text(), key: await Bun.file(config["https-key"]!).text() };
}

async function listen(running: RunningNode, address: string, tls: Tls | null) {
  const app = createWebApp(running.web);
  const { address: hostname, port } = endpoint(address);
  return Bun.serve<SocketData>({
    hostname,
    port,
    ...(tls === null ? {} : { tls }),
    // Only uploads may be as big; every route says how much it takes.
    maxRequestBodySize: promptBytesMax,
    idleTimeout: 30,
    async fetch(request, server) {
      const url = new URL(request.url);
      const forwarded = clientOf(request, server.requestIP(request)?.address ?? "", running);
      if (url.pathname === "/sip") return upgradeToSip(request, server, running);
      const channel = /^\/streaming\/channels\/([\w-]+)$/.exec(url.pathname)?.[1];
      if (channel !== undefined) return upgradeToChannel(request, server, running, channel);
      // A live stream is silent for as long as it likes; the heartbeat says that it lives.
      if (url.pathname === "/live") server.timeout(request, 0);
      return app.fetch(request, { remoteAddress: forwarded.address, secure: forwarded.secure || tls !== null });
    },
    websocket: {
      maxPayloadLength: sipFrameBytesMax,
      idleTimeout: pingSeconds * 2,
      sendPings: true,
      backpressureLimit: 1024 * 1024,
      closeOnBackpressureLimit: true,
      open(socket) {
        socket.data.handler = socket.data.open({
          send: (text) => void socket.send(text),
          close: (code, reason) => socket.close(code, reason),
        });
        if (socket.data.handler === null) socket.close(1008, "nothing for you here");
      },
      message(socket, message) {
        socket.data.handler?.receive(typeof message === "string" ? message : new TextDecoder().decode(message));
      },
      close(socket) {
        socket.data.handler?.closed();
      },
    },
  });
}

type Server = { upgrade(request: Request, options: { data: SocketData; headers: Record<string, string> }): boolean };

// The session's cookie and our own origin: nobody else's page can register a station.
async function upgradeToSip(request: Request, server: Server, running: RunningNode): Promise<Response | undefined> {
  const { headers } = request;
  if (!isOwnOrigin(running.web, headers.get("origin"), headers.get("host"))) return new Response("not from here\n", { status: 403 });
  const protocols = (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (!protocols.includes("sip")) return new Response("the subprotocol is sip\n", { status: 400 });
  const cookie = new RegExp(`(?:^|; )${sessionCookie}=([^;]+)`).exec(headers.get("cookie") ?? "")?.[1];
  const found = await sessionOf(running.web, cookie);
  if (found === null) return new Response("sign in first\n", { status: 403 });
  const { id: userId, stationId } = found.user;
  const open = (socket: Wire): Handler | null => (stationId === null ? null : running.sockets.open({ userId, stationId }, socket));
  const done = server.upgrade(request, { data: { open, handler: null }, headers: { "Sec-WebSocket-Protocol": "sip" } });
  return done ? undefined : new Response("this is a WebSocket\n", { status: 426 });
}

// The channel's id is its secret, as the vendor's clients expect: they send nothing else.
function upgradeToChannel(request: Request, server: Server, running: RunningNode, id: string): Response | undefined {
  const open = (socket: Wire): Handler | null => running.web.channels.connect(id, socket);
  return server.upgrade(request, { data: { open, handler: null }, headers: {} })
    ? undefined
    : new Response("this is a WebSocket\n", { status: 426 });
}

// A proxy is believed only when its address is configured.
function clientOf(request: Request, peer: string, running: RunningNode): { readonly address: string; readonly secure: boolean } {
  if (!running.web.trustedProxies.has(peer)) return { address: peer, secure: false };
  const chain = (request.headers.get("x-forwarded-for") ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return {
    address: chain.findLast((address) => !running.web.trustedProxies.has(address)) ?? peer,
    secure: request.headers.get("x-forwarded-proto") === "https",
  };
}

function serveMetrics(address: string, running: RunningNode) {
  const { address: hostname, port } = endpoint(address);
  return Bun.serve({
    hostname,
    port,
    fetch: (request) =>
      new URL(request.url).pathname === "/metrics"
        ? new Response(metricsText(running), { headers: { "content-type": "text/plain; version=0.0.4" } })
        : new Response("not here\n", { status: 404 }),
  });
}

function announce(node: OpenNode, running: RunningNode, urls: readonly string[], password: string | null): void {
  const { env, config } = node;
  env.log.info("ready", { http: urls.join(" "), sip: config.sip, database: node.version });
  if (running.health().mediaAddresses.length === 0) {
    env.log.warn("this machine has no address besides loopback: the browser phone needs one (give --public-address, or connect a network)");
  }
  if (password === null) return;
  const port = endpoint(config.http).port;
  process.stdout.write(
    [
      "",
      "  Landline is running.",
      `  1  Open      http://localhost:${port}  and sign in as ada@trial.example, password ${password}`,
      "  2  Turn on   On Queue, and allow the microphone",
      `  3  Call      sip:100@127.0.0.1:${endpoint(config.sip).port}  with any SIP phone on this machine, press 1`,
      "",
      "",
    ].join("\n"),
  );
}

function untilAsked(env: Env): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        env.log.info("asked to stop", { signal });
        done();
      });
    }
  });
}
