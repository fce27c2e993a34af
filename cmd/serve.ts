// `serve`: starts everything in order, owns the one HTTP server and its sockets, says what is where, drains and stops.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createUser } from "../core/directory/commands.ts";
import { oauthClientKind } from "../core/directory/kinds.ts";
import { newUser } from "../core/directory/user.ts";
import type { Env } from "../core/env/env.ts";
import { promptBytesMax } from "../core/lib/limits.ts";
import { tokenHash } from "../core/lib/token.ts";
import { createObject } from "../core/objects/commands.ts";
import { untimelyBecause } from "../core/setup/certificate.ts";
import { offerSetup } from "../core/setup/commands.ts";
import { offerTrial } from "../core/setup/trial.ts";
import { createWebApp } from "../web/app.tsx";
import { endpoint, ownAddresses } from "./addresses.ts";
import type { Assets } from "./assets.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { type Config, ConfigError } from "./config.ts";
import { robotsReach, startDemo } from "./demo.ts";
import { metricsText } from "./metrics.ts";
import { type OpenNode, openNode } from "./node.ts";
import { demandPorts, portsOf } from "./ports.ts";
import { type SocketData, sockets, upgrade, upgradeToChannel } from "./sockets.ts";
import { machineActor, type RunningNode, wire } from "./wire.ts";

/** WebSocket frames of SIP; a message of ours is a tenth of it. */
const sipFrameBytesMax = 64 * 1024;
const pingSeconds = 15;
/** Signals closer together than this are one wish. */
const sameSignalMs = 1_500;
/** Tokens of links to print: the secret of the set-up, and of a sign-in for the trial. */
type Links = { readonly setup: string | null; readonly trial: string | null };

export async function serve(env: Env, config: Config, assets: Assets): Promise<void> {
  // What cannot work is said before anything is started.
  if (config.demo) robotsReach(config.sip);
  // From the first moment: a container's process 1 does not get a signal that it has no handler for, and a database would be left behind.
  const asked = untilAsked(env);
  const node = await openNode(env, config, assets);
  try {
    await demandPorts(portsOf(config));
    const tls = config.https === null && config["sip-tls"] === null ? null : await certificate(node);
    await bootstrap(node);
    const running = await wire(node, assets, tls);
    const servers = [await listen(running, config.http, null)];
    if (config.https !== null) servers.push(await listen(running, config.https, tls));
    const metrics = config.metrics === null ? null : serveMetrics(config.metrics, running);
    announce(
      node,
      running,
      servers.map((server) => server.url.href),
      await links(node),
    );
    // Making it takes seconds the first time: whoever waits for the node need not wait for it.
    const stopDemo = config.demo ? await startDemo(node, running).catch((error: unknown) => withoutDemo(env, error)) : null;
    await asked;
    env.log.info("stopping");
    await stopDemo?.();
    await running.stop();
    for (const server of [...servers, ...(metrics === null ? [] : [metrics])]) await server.stop(true);
  } finally {
    await node.close();
  }
  env.log.info("stopped");
}

/** A centre that takes calls goes on without its demo. */
function withoutDemo(env: Env, error: unknown): null {
  env.log.error("the demo did not start", { reason: error instanceof Error ? error.message : String(error) });
  return null;
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

/** What whoever starts a node without an owner is told, once and nowhere else: no password is made for anybody. */
async function links(node: OpenNode): Promise<Links> {
  const { app, config } = node;
  const actor = machineActor(node);
  const setup = await offerSetup(app, actor);
  return { setup, trial: config.trial ? await offerTrial(app, actor, ownAddresses({ "public-address": [] })) : null };
}

async function certificate(node: OpenNode): Promise<Certificate> {
  const { config } = node;
  if (config["https-cert"] === null) return makeCertificate(node.env, config);
  const [cert, key] = [await pemOf("https-cert", config["https-cert"]), await pemOf("https-key", config["https-key"]!)];
  // Calls do not need it: a centre goes on with one that is over, and says so.
  const untimely = untimelyBecause(pairOf(cert, key, config), node.env.clock.now());
  if (untimely !== null)
    node.env.log.error("browsers refuse the certificate of --https-cert", { path: config["https-cert"], mend: untimely });
  return { cert, key };
}

async function pemOf(option: "https-cert" | "https-key", path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch {
    throw new ConfigError(`${option}: ${path} cannot be read: see that it is there and that this user may read it`);
  }
}

/** @throws ConfigError when the two cannot be served */
function pairOf(cert: string, key: string, config: Config): X509Certificate {
  const made = <T>(option: "https-cert" | "https-key", what: string, make: () => T): T => {
    try {
      return make();
    } catch {
      throw new ConfigError(`${option}: ${config[option]} ${what}`);
    }
  };
  const certificate = made(
    "https-cert",
    "is no certificate in PEM form: give the chain as its issuer gave it",
    () => new X509Certificate(cert),
  );
  const privateKey = made("https-key", "is no private key in PEM form, or has a password: take the password off first", () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new ConfigError(
      `https-key: ${config["https-key"]} does not belong to the certificate ${config["https-cert"]}: give the key it was made with`,
    );
  return certificate;
}

async function listen(running: RunningNode, address: string, tls: Certificate | null) {
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
      if (sockets.test(url.pathname) && request.headers.get("upgrade") !== null)
        return upgrade(request, server, running, url.pathname, forwarded.address);
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

function announce(node: OpenNode, running: RunningNode, urls: readonly string[], links: Links): void {
  const { env, config } = node;
  env.log.info("ready", { http: urls.join(" "), sip: config.sip, database: node.version });
  if (running.health().mediaAddresses.length === 0) {
    env.log.warn("this machine has no address besides loopback: the browser phone needs one (give --public-address, or connect a network)");
  }
  if (links.setup === null && links.trial === null) return;
  // Printed once, to whoever sees the console; neither the log nor the database ever has them.
  const place = placeOf(config);
  const others = config["public-url"] === null && /^(0\.0\.0\.0|::)$/.test(endpoint(config.http).address) ? ownAddresses(config) : [];
  process.stdout.write(
    [
      "",
      ...(links.trial === null
        ? []
        : [`  Try it: ${place}/sign-in/once/${links.trial}`, "    an example centre, ready to be called; signs you in once", ""]),
      ...(links.setup === null
        ? []
        : [
            `  Set up: ${place}/setup/${links.setup}`,
            "    your own: owner, certificate, recovery kit; a new link replaces this one at each start",
            "",
          ]),
      ...(others.length === 0
        ? []
        : [`  From another machine: ${others[0]!.includes(":") ? `[${others[0]}]` : others[0]} in place of localhost.`, ""]),
      "",
    ].join("\n"),
  );
}

/** How a browser gets here, as far as the node knows: its public address, else localhost (where browsers allow the microphone), else where it listens. */
function placeOf(config: Config): string {
  if (config["public-url"] !== null) return new URL(config["public-url"]).origin;
  const scheme = config.https === null ? "http" : "https";
  const { address, port } = endpoint(config.https ?? config.http);
  const isEverywhere = address === "0.0.0.0" || address === "::" || address === "127.0.0.1" || address === "::1";
  return `${scheme}://${isEverywhere ? "localhost" : address.includes(":") ? `[${address}]` : address}:${port}`;
}

/**
 * One Ctrl-C comes several times: from the terminal, and from each wrapper that hands it on. Whoever asks again after that, as the stop takes
 * its time, is taken at their word; the database then recovers at the next start.
 */
function untilAsked(env: Env): Promise<void> {
  let askedAt: number | null = null;
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        const now = env.clock.monotonic();
        if (askedAt !== null && now - askedAt > sameSignalMs) {
          env.log.warn("asked again: ending at once", { signal });
          process.exit(1);
        }
        if (askedAt === null) env.log.info("asked to stop", { signal });
        askedAt ??= now;
        done();
      });
    }
  });
}
