// The only composition root of a running node: keys and database → journal, exchange, telephony, web. Order of start, and of stop.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { App } from "../core/app.ts";
import { type Actor, nodeActor } from "../core/authorization/actor.ts";
import type { SipSocketPort } from "../core/call/call-control.ts";
import { project } from "../core/conversation/projection.ts";
import { isDemo } from "../core/demo/mark.ts";
import { pause } from "../core/env/pause.ts";
import type { LoggedEvent } from "../core/events/index.ts";
import { Assigner, wakesAssigner } from "../core/exchange/assigner.ts";
import { Directory } from "../core/exchange/directory.ts";
import { Exchange } from "../core/exchange/exchange.ts";
import { countryOf } from "../core/exchange/outbound.ts";
import { reapNode } from "../core/exchange/reaper.ts";
import { nodeLeaseMs } from "../core/lib/limits.ts";
import type { Stores } from "../core/stores.ts";
import { Captures } from "../core/telephony/capture.ts";
import { tonesOf } from "../core/telephony/tones.ts";
import { iceServerFor } from "../core/telephony/turn.ts";
import { FileJournal } from "../storage/journal.ts";
import { LiveTail } from "../storage/live-tail.ts";
import { exportProof } from "../storage/proof.ts";
import { Heads } from "../storage/vault/heads.ts";
import { fingerprintOf } from "../storage/vault/keys.ts";
import { verify } from "../storage/verify.ts";
import { WorkerPlane } from "../telephony/media/worker-plane.ts";
import { Telephony } from "../telephony/start.ts";
import { Channels } from "../web/notifications/channels.ts";
import type { NodeHealth, VerifyReport, WebPorts } from "../web/ports.ts";
import { endpoint, ownAddresses } from "./addresses.ts";
import type { Assets } from "./assets.ts";
import type { Certificate } from "./certificate.ts";
import { type Config, turnOf } from "./config.ts";
import { said } from "./health.ts";
import { nodeSettings } from "./kept.ts";
import { Membership } from "./membership.ts";
import type { OpenNode } from "./node.ts";
import { ClockWatch, DatabaseWatch, DiskWatch, Periodic } from "./periodic.ts";
import { newPhoneSecret } from "./phone-secret.ts";
import { PromptFeed } from "./prompts.ts";
import { Retention } from "./retention.ts";
import { linePort, telephonyDirectory } from "./telephony-directory.ts";
import { BackgroundVerification } from "./verification.ts";
import { landlineVersion } from "./version.ts";

const inboxPollMs = 1_000;
const probeMs = 1_000;
const diskEveryMs = 2_000;
const retentionEveryMs = 600_000;
/** How long those who were talking are waited for at a stop: two BYEs, in case the first was lost (RFC 3261 §17.1.2.2: T1 is 500 ms). */
const farewellMsMax = 1_500;

export type RunningNode = {
  readonly directory: Directory;
  readonly exchange: Exchange;
  readonly sockets: SipSocketPort;
  readonly web: WebPorts;
  readonly media: WorkerPlane;
  /** Of SIP and of calls, what is held now. */
  readonly held: () => Telephony["held"];
  readonly sipPorts: readonly number[];
  /** Who counts the calls of robots, as long as there are robots in this process. */
  robotCalls: () => number | null;
  health(): NodeHealth;
  /** Refuses new calls, ends the others with a reason, seals, signs, flushes. */
  stop(): Promise<void>;
};

/** Whoever acts in the name of the machine itself. */
export function machineActor(node: OpenNode): Actor {
  return nodeActor(node.app, "This server");
}

/** `certificate`: what --sip-tls shows; null: nothing listens there. */
export async function wire(node: OpenNode, assets: Assets, certificate: Certificate | null = null): Promise<RunningNode> {
  const { env, config, app } = node;
  // Read first: what happens from here on comes by the log, however long the start takes.
  const { seq } = await node.log.head();
  const journal = FileJournal.open<Stores>(env, join(config.data, "journal"), node.keys, {
    unit: node.unit,
    nodeId: app.nodeId,
    organizationId: app.organizationId,
    project: (stores, event) => project(stores, event, app.nodeId),
    // Beside work to be assigned: people who are called are offered nothing else from then on.
    isUrgent: (event) => wakesAssigner(event) || event.type === "conversation.dialled",
    onFenced: () => void membership.rejoin().catch((error: unknown) => env.log.error("cannot join again", { reason: String(error) })),
  });
  const membership = new Membership(env, node.sql, node.identity, app, journal, () => exchange);
  await journal.drained();
  const directory = new Directory(app);
  await directory.load();
  const recovery = await node.recordings.recover();
  const ended = await reapNode(app, journal, app.nodeId, "node-died");
  if (ended > 0) {
    env.log.warn("conversations of an earlier run were closed", { count: ended });
    // Whoever asks a node that says it is ready finds them closed.
    await journal.drained();
  }

  const addresses = ownAddresses(config);
  const { media, telephony } = await startTelephony(node, directory, assets, addresses, certificate);
  const exchange = new Exchange({
    app,
    journal,
    control: telephony.control,
    directory,
    vault: node.recordings,
    look: (trunkId, hop) => telephony.trunks.look(trunkId, hop),
  });
  await exchange.spend.load();
  for (const facts of recovery.recovered) await exchange.keepRecording(facts);
  await exchange.keepLostRecordings(recovery.lost.map(({ recordingId, reason }) => ({ recordingId, reason })));
  const assigner = new Assigner(app, directory);
  const prompts = new PromptFeed(app, (name, wav) => media.setPrompt(name, wav));
  const heads = new Heads(env, join(config.data, "checkpoints.log"), node.keys, node.log, {
    organizationId: app.organizationId,
    nodeId: app.nodeId,
  });

  const retention = new Retention(app, node.recordings);
  const listeners = new Set<(event: LoggedEvent) => void>(
    [assigner, prompts, retention, telephony.trunks].map((listener) => (event) => listener.onLogged(event)),
  );
  const subscribe = (listener: (event: LoggedEvent) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const tail = new LiveTail(env, node.sql, node.log, (events) => deliver(events), seq, node.hintId);
  node.onCommit = (events) => tail.committed(events);
  // Calls and configuration first and awaited: whoever comes after sees an event with the configuration that it made. One listener that
  // fails costs the others nothing.
  async function deliver(events: readonly LoggedEvent[]): Promise<void> {
    const failed = (event: LoggedEvent) => (error: unknown) =>
      env.log.error("event not taken", { seq: event.seq, type: event.type, reason: String(error) });
    for (const event of events) {
      await exchange.onLogged(event).catch(failed(event));
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          failed(event)(error);
        }
      }
    }
  }

  const periodic = new Periodic(env);
  const database = new DatabaseWatch(env, () => node.sql`select 1`);
  periodic.every(probeMs, () => database.ask());
  const disk = new DiskWatch(env, config.data);
  const clock = new ClockWatch(env);
  periodic.every(probeMs, async () => clock.look());
  periodic.every(diskEveryMs, () => disk.look());
  periodic.every(nodeLeaseMs / 3, () => membership.keep());
  periodic.every(inboxPollMs, () => exchange.readInbox());
  periodic.every(3_600_000, () => deleteExpired(app));
  periodic.every(retentionEveryMs, () => retention.run());
  await prompts.load();
  await tail.start();
  assigner.start();
  heads.start();
  void retention.run();

  function health(): NodeHealth {
    const { bytes, events } = journal.pending();
    const full = journal.isFull();
    const { problem, warning } = said({
      stopping: periodic.stopped,
      journalFull: full,
      databaseAway: !database.isUp,
      diskLow: disk.isLow,
      clockChanged: clock.hasJumped,
      callsStopped: exchange.spend.holdsAll,
    });
    return {
      ...{ database: database.isUp, journalBytes: bytes, journalEvents: events, journalFull: full },
      ...{ problem, warning, mediaAddresses: addresses },
    };
  }

  // Reading every recording is for `landline verify`: here calls are in progress.
  const prove = async (withRecordings: boolean): Promise<VerifyReport> => {
    const input = verifyInput(node, true);
    const report = await verify(withRecordings ? input : { ...input, recordings: null });
    const { checked, findings, erased } = report;
    return {
      events: checked.events,
      erased: erased.length,
      recordings: checked.recordings,
      headSeq: (await node.log.head()).seq,
      findings,
    };
  };
  const verification = new BackgroundVerification(env, () => prove(false));
  verification.keep();
  const web: WebPorts = {
    app,
    channels: new Channels(app, subscribe),
    subscribe,
    get organizationName() {
      return directory.current.organization?.name ?? node.organization.name;
    },
    get organizationLanguage() {
      return directory.current.organization?.language ?? node.organization.language;
    },
    get guestNumber() {
      return directory.current.organization?.guestNumber ?? null;
    },
    get country() {
      return countryOf(directory.current) ?? "";
    },
    get tones() {
      return tonesOf(countryOf(directory.current));
    },
    get demo() {
      return directory.current.trunks.some(isDemo) ? { robotCalls: running.robotCalls() } : null;
    },
    node: nodeSettings(env, config),
    voiceCheck: telephony.voiceCheck,
    iceServers: (whose) => {
      const turn = turnOf(config);
      return turn === null ? [] : [iceServerFor(turn, whose, env.clock.now())];
    },
    vault: node.recordings,
    asset: assets.web,
    health,
    verify: () => prove(true),
    verification,
    lastHead: () => heads.last,
    exportProof: () => exportProof(proofInput(node)),
    keyFingerprint: fingerprintOf(node.keys.publicPem),
    trunks: telephony.trunks,
    testCalls: exchange.testCalls,
    captures: new Captures(app, telephony.capture),
    ladder: (conversationId) => telephony.control.ladder(conversationId),
    conversationsWith: (sipId) => telephony.control.conversationsWith(sipId),
    archive: (files) => new Bun.Archive({ ...files }, { compress: "gzip" }).bytes(),
    nodeFacts: () => {
      const { sip, rtpPorts, media: mediaAddresses } = web.node.addresses();
      const machine = { platform: process.platform, arch: process.arch, bun: Bun.version };
      return { version: landlineVersion, nodeId: app.nodeId, sip, rtpPorts, mediaAddresses, ...machine };
    },
    isRegistered: (stationId) => telephony.control.isRegistered(stationId as never),
    newPhoneSecret: (username) => newPhoneSecret(env.random, node.keys, username),
    publicUrl: config["public-url"],
    trustedProxies: new Set(config["trusted-proxies"]),
    version: landlineVersion,
  };

  const running: RunningNode = {
    directory,
    robotCalls: () => null,
    exchange,
    sockets: telephony.sockets,
    web,
    media,
    sipPorts: telephony.ports,
    held: () => telephony.held,
    health,
    stop: async () => {
      periodic.stop();
      exchange.drain();
      await exchange.endAll("node-stopped");
      // Their answers to our BYEs, or the time to send those once more; recordings close meanwhile.
      for (let waitedMs = 0; telephony.control.size > 0 && waitedMs < farewellMsMax; waitedMs += 20) await pause(env.clock, 20);
      await telephony[Symbol.asyncDispose]();
      await media.close();
      assigner.stop();
      await Promise.race([journal.drained(), pause(env.clock, 5_000)]);
      await journal.stop();
      await tail.stop();
      await heads.stop().catch((error: unknown) => env.log.warn("the last head was not signed", { reason: String(error) }));
    },
  };
  return running;
}

async function startTelephony(
  node: OpenNode,
  directory: Directory,
  assets: Assets,
  addresses: readonly string[],
  certificate: Certificate | null,
) {
  const { app, env, config } = node;
  const { stores } = app;
  const safe =
    config["sip-tls"] === null || certificate === null
      ? []
      : [{ transport: "tls" as const, ...endpoint(config["sip-tls"]), tls: certificate }];
  const media = await WorkerPlane.start({
    env,
    entry: new URL("./media-worker.ts", import.meta.url).href,
    starts: workerStarts(config, assets),
  });
  const telephony = await Telephony.start({
    env,
    directory: telephonyDirectory(directory, node),
    lines: linePort(directory),
    media,
    addresses,
    mediaAddress: "0.0.0.0",
    digestOrder: config["sip-digest"],
    // A list of issuers given to TLS stands instead of the machine's own: those are added.
    trunkCa: config["trunk-ca"] === null ? null : [...rootCertificates, readFileSync(config["trunk-ca"], "utf8")].join("\n"),
    listen: [...(["udp", "tcp"] as const).map((transport) => ({ transport, ...endpoint(config.sip) })), ...safe],
    bindings: {
      kept: () => stores.bindings.ofNode(app.nodeId, env.clock.now()),
      write: async (changed, gone) => {
        await stores.bindings.put(changed.map((binding) => ({ ...binding, nodeId: app.nodeId })));
        await stores.bindings.remove(app.nodeId, gone);
      },
    },
    recordingTarget: async (recordingId, conversationId) => node.recordings.target(recordingId, conversationId),
  });
  return { media, telephony };
}

async function deleteExpired({ env, stores }: App): Promise<void> {
  const now = env.clock.now();
  await stores.sessions.deleteExpired(now);
  await stores.tokens.deleteExpired(now);
  await stores.tickets.deleteExpired(now);
  await stores.whereabouts.deleteExpired(now);
}

/** What `verify` looks at, for the page and for the command. */
export function verifyInput(node: OpenNode, rows: boolean) {
  const { config } = node;
  return {
    sql: node.sql,
    keys: node.keys,
    dataKeys: node.dataKeys,
    headFiles: [join(config.data, "checkpoints.log")],
    headsElsewhere: [],
    journalFolder: join(config.data, "journal"),
    recordings: node.recordings,
    nodeId: node.app.nodeId,
    rows,
  };
}

/** What a proof is made of, for the page and for the command. */
export function proofInput(node: OpenNode) {
  const { config, env, sql, keys, app, recordings } = node;
  const headFile = join(config.data, "checkpoints.log");
  return { sql, keys, organizationId: app.organizationId, headFile, recordingsFolder: recordings.folder, now: env.clock.now() };
}

function workerStarts(config: Config, assets: Assets) {
  const [first, last] = config["rtp-ports"];
  // Each worker has its own even slice of the range, so that two never try for one port.
  const size = Math.floor((last - first + 1) / config.workers) & ~1;
  return Array.from({ length: config.workers }, (_, worker) => ({
    worker,
    rtpPorts: [first + worker * size, first + (worker + 1) * size - 1] as const,
    muxAddress: "0.0.0.0",
    muxPort: config["media-ports"][worker]!,
    muxTcpPort: config["media-tcp-ports"]?.[worker] ?? null,
    logLevel: config["log-level"],
    prompts: assets.sounds,
  }));
}
