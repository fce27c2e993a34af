// The only composition root of a running node: keys and database → journal, exchange, telephony, web. Order of start, and of stop.
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type Actor, nodeActor } from "../core/authorization/actor.ts";
import type { SipSocketPort, TelephonyDirectory } from "../core/call/call-control.ts";
import { project } from "../core/conversation/projection.ts";
import { isDemo } from "../core/demo/mark.ts";
import type { LoggedEvent } from "../core/events/index.ts";
import { Assigner } from "../core/exchange/assigner.ts";
import { Directory } from "../core/exchange/directory.ts";
import { Exchange } from "../core/exchange/exchange.ts";
import { reapNode } from "../core/exchange/reaper.ts";
import type { TrunkId } from "../core/lib/id.ts";
import { isLoopback, normalAddress } from "../core/lib/ip-address.ts";
import { nodeLeaseMs } from "../core/lib/limits.ts";
import type { Stores } from "../core/stores.ts";
import { FileJournal } from "../storage/journal.ts";
import { LiveTail } from "../storage/live-tail.ts";
import { fenceExpired, joinCluster, renewLease } from "../storage/nodes.ts";
import { Heads } from "../storage/vault/heads.ts";
import { verify } from "../storage/verify.ts";
import { WorkerPlane } from "../telephony/media/worker-plane.ts";
import { Telephony } from "../telephony/start.ts";
import { Channels } from "../web/notifications/channels.ts";
import type { NodeHealth, VerifyReport, WebPorts } from "../web/ports.ts";
import type { Assets } from "./assets.ts";
import type { Config } from "./config.ts";
import { nodeSettings } from "./kept.ts";
import type { OpenNode } from "./node.ts";
import { newPhoneSecret, openHa1 } from "./phone-secret.ts";
import { PromptFeed } from "./prompts.ts";
import { BackgroundVerification } from "./verification.ts";
import { landlineVersion } from "./version.ts";

const inboxPollMs = 1_000;
const probeMs = 1_000;
/** A database that has not answered for this long is away, whatever keeps it: a frozen one refuses nothing. */
const probeAnswerMs = 2_000;

export type RunningNode = {
  readonly directory: Directory;
  readonly exchange: Exchange;
  readonly sockets: SipSocketPort;
  readonly web: WebPorts;
  readonly media: WorkerPlane;
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

export async function wire(node: OpenNode, assets: Assets): Promise<RunningNode> {
  const { env, config, app } = node;
  const journal = FileJournal.open<Stores>(env, join(config.data, "journal"), node.keys, {
    unit: node.unit,
    nodeId: app.nodeId,
    project: (stores, event) => project(stores, event, app.nodeId),
    onFenced: () => void rejoin().catch((error: unknown) => env.log.error("cannot join again", { reason: String(error) })),
  });
  await journal.drained();
  const directory = new Directory(app);
  await directory.load();
  const recovery = await node.recordings.recover();
  const ended = await reapNode(app, journal, app.nodeId, "node-died");
  if (ended > 0) env.log.warn("conversations of an earlier run were closed", { count: ended });

  const addresses = ownAddresses(config);
  const media = await WorkerPlane.start({
    env,
    entry: new URL("./media-worker.ts", import.meta.url).href,
    starts: workerStarts(config, assets),
  });
  const telephony = await Telephony.start({
    env,
    directory: telephonyDirectory(directory, node),
    media,
    addresses,
    mediaAddress: "0.0.0.0",
    listen: (["udp", "tcp"] as const).map((transport) => ({ transport, ...endpoint(config.sip) })),
    recordingTarget: async (recordingId, conversationId) => node.recordings.target(recordingId, conversationId),
  });
  const exchange = new Exchange({ app, journal, control: telephony.control, directory, vault: node.recordings });
  for (const facts of recovery.recovered) await exchange.keepRecording(facts);
  await exchange.keepLostRecordings(recovery.lost.map(({ recordingId, reason }) => ({ recordingId, reason })));
  const assigner = new Assigner(app, directory);
  const heads = new Heads(env, join(config.data, "checkpoints.log"), node.keys, node.log, {
    organizationId: app.organizationId,
    nodeId: app.nodeId,
  });

  const prompts = new PromptFeed(app, (name, wav) => media.setPrompt(name, wav));
  const listeners = new Set<(event: LoggedEvent) => void>();
  const { seq } = await node.log.head();
  const tail = new LiveTail(env, node.sql, node.log, (events) => deliver(events), seq);
  node.onCommit = () => tail.wake();
  // Each in its own time: a page that renders slowly must not keep a call waiting.
  async function deliver(events: readonly LoggedEvent[]): Promise<void> {
    for (const event of events) {
      await exchange.onLogged(event).catch((error: unknown) => env.log.warn("event not taken", { seq: event.seq, reason: String(error) }));
      assigner.onLogged(event);
      prompts.onLogged(event);
      for (const listener of listeners) listener(event);
    }
  }

  let databaseUp = true;
  let stopping = false;
  async function rejoin(): Promise<void> {
    await exchange.stop("node-fenced");
    const { epoch } = await joinCluster(env, node.sql, app.nodeId);
    node.identity.epoch = epoch;
  }
  const every = (ms: number, work: () => Promise<unknown>): void => {
    const again = (): void => {
      if (stopping) return;
      work()
        .catch((error: unknown) => env.log.debug("periodic work failed", { reason: String(error) }))
        .finally(() => env.clock.after(ms, again));
    };
    env.clock.after(ms, again);
  };
  every(probeMs, async () => {
    const late = env.clock.after(probeAnswerMs, () => {
      databaseUp = false;
    });
    try {
      await node.sql`select 1`;
      databaseUp = true;
    } catch (error) {
      databaseUp = false;
      throw error;
    } finally {
      late.cancel();
    }
  });
  every(nodeLeaseMs / 3, async () => {
    if (!(await renewLease(env, node.sql, node.identity))) await rejoin();
    for (const dead of await fenceExpired(env, node.sql, app.nodeId)) await reapNode(app, journal, dead, "node-died");
  });
  every(inboxPollMs, () => exchange.readInbox());
  every(3_600_000, async () => {
    const now = env.clock.now();
    await app.stores.sessions.deleteExpired(now);
    await app.stores.tokens.deleteExpired(now);
    await app.stores.tickets.deleteExpired(now);
  });
  await prompts.load();
  await tail.start();
  assigner.start();
  heads.start();

  function health(): NodeHealth {
    const { bytes, events } = journal.pending();
    const full = journal.isFull();
    const problem = full
      ? "The disk is full or the journal cannot be written: new calls are refused until it can."
      : databaseUp
        ? null
        : "The database is away: calls go on, new work is not assigned until it is back.";
    return { database: databaseUp, journalBytes: bytes, journalEvents: events, journalFull: full, problem, mediaAddresses: addresses };
  }

  const subscribe = (listener: (event: LoggedEvent) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
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
    get demo() {
      return directory.current.trunks.some(isDemo) ? { robotCalls: running.robotCalls() } : null;
    },
    node: nodeSettings(env, config),
    voiceCheck: telephony.voiceCheck,
    vault: node.recordings,
    asset: assets.web,
    health,
    verify: () => prove(true),
    verification,
    lastHead: () => heads.last,
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
    health,
    stop: async () => {
      stopping = true;
      exchange.drain();
      await exchange.stop("node-stopped");
      await telephony[Symbol.asyncDispose]();
      await media.close();
      assigner.stop();
      await Promise.race([journal.drained(), new Promise<void>((done) => env.clock.after(5_000, done))]);
      await journal.stop();
      await tail.stop();
      await heads.stop().catch((error: unknown) => env.log.warn("the last head was not signed", { reason: String(error) }));
    },
  };
  return running;
}

/** What `verify` looks at, for the page and for the command. */
export function verifyInput(node: OpenNode, rows: boolean) {
  const { config } = node;
  return {
    sql: node.sql,
    keys: node.keys,
    dataKeys: node.dataKeys,
    headFiles: [join(config.data, "checkpoints.log")],
    journalFolder: join(config.data, "journal"),
    recordings: node.recordings,
    nodeId: node.app.nodeId,
    rows,
  };
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
    logLevel: config["log-level"],
    prompts: assets.sounds,
  }));
}

/** Public ones first, then this machine's own; never loopback: browsers get no voice there. */
export function ownAddresses(config: Pick<Config, "public-address">): string[] {
  const local = Object.values(networkInterfaces())
    .flat()
    .filter((entry) => entry !== undefined && !entry.internal && !entry.address.startsWith("fe80"))
    .map((entry) => entry!.address);
  return [...new Set([...config["public-address"], ...local])].filter((address) => !isLoopback(address));
}

export function endpoint(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(":");
  return { address: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
}

function telephonyDirectory(directory: Directory, node: OpenNode): TelephonyDirectory {
  const testPeers = new Set(node.config["test-peers"].map(normalAddress));
  return {
    trunkByAddress: (address) => {
      const wanted = normalAddress(address);
      const trunk = directory.current.trunks.find((entry) => entry.addresses.some((own) => normalAddress(own) === wanted));
      if (trunk !== undefined) return { trunkId: trunk.id, name: trunk.name };
      return testPeers.has(wanted) ? { trunkId: node.app.nodeId as unknown as TrunkId, name: "test peer" } : null;
    },
    phone: (username) => {
      const station = directory.current.stations.find((entry) => entry.username === username && entry.kind === "phone");
      if (station?.sealedHa1 == null || station.userId === null) return null;
      const ha1 = openHa1(node.keys, username, station.sealedHa1);
      return ha1 === null ? null : { stationId: station.id, userId: station.userId, ha1 };
    },
    station: (id) => {
      const station = directory.current.stations.find((entry) => entry.id === id);
      return station === undefined || station.userId === null
        ? null
        : { username: station.username, userId: station.userId, kind: station.kind };
    },
  };
}
