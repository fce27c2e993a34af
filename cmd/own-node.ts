// A node of one's own for a while: this same program as a child process, in a temporary folder, on ports that are free; stopped and taken away.

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Env } from "../core/env/env.ts";
import { pause } from "../core/env/pause.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { SipNetwork } from "../telephony/net/network.ts";
import { askNode } from "./ask-node.ts";
import { type Config, loadConfig } from "./config.ts";

const startMs = 60_000;
const stopMs = 20_000;
const pollMs = 100;
/** USER_HZ: what /proc counts in, whatever the kernel ticks at. */
const ticksPerSecond = 100;
const portTries = 20;

/** Seconds of processor time since the start, and bytes of memory now: what several processes share is counted once. */
export type Usage = { readonly seconds: number; readonly bytes: number };

export class OwnNode {
  private constructor(
    private readonly env: Env,
    readonly config: Config,
    readonly sipPort: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  /** Ready when it resolves. @throws Unavailable with the end of its log */
  static async start(env: Env): Promise<OwnNode> {
    const folder = mkdtempSync(join(tmpdir(), "landline-loadtest-"));
    // Started by root the database server runs as another user, who must get through.
    chmodSync(folder, 0o755);
    const [http, sip] = [await freePort(env), await freePort(env)];
    const options = {
      ...{ data: join(folder, "data"), "key-file": join(folder, "keys", "landline.key"), "log-level": "warn", metrics: "" },
      ...{ http: `127.0.0.1:${http}`, sip: `127.0.0.1:${sip}`, "media-ports": "0" },
    };
    const config = loadConfig(options, {}, null);
    const log = openSync(join(folder, "log"), "a");
    // A compiled program is itself; from its sources it is a script of Bun's.
    const self = Bun.main.includes("$bunfs") ? [] : [Bun.main];
    const words = ["serve", ...Object.entries(options).map(([key, value]) => `--${key}=${value}`)];
    const child = spawn(process.execPath, [...self, ...words], { env: { PATH: process.env.PATH ?? "" }, stdio: ["ignore", log, log] });
    closeSync(log);
    const node = new OwnNode(env, config, sip, folder, child);
    const until = env.clock.monotonic() + startMs;
    while (!(await askNode(config, "/readyz")).ok) {
      if (node.hasEnded || env.clock.monotonic() > until) {
        const said = readFileSync(join(folder, "log"), "utf8").trim().split("\n").slice(-3).join("; ");
        await node.stop();
        throw new Unavailable(`The node of the load test did not start: ${said}`);
      }
      await pause(node.env.clock, pollMs);
    }
    return node;
  }

  /** What the node itself uses, voice and all, and what its database server does. */
  usage(): { readonly node: Usage; readonly database: Usage } {
    const all = processes();
    const servers = all.filter(({ parent }) => parent === this.child.pid);
    const backends = all.filter(({ parent }) => servers.some(({ pid }) => pid === parent));
    const database = [...servers, ...backends];
    // Backends that have ended are counted by the server that waited for them.
    const dead = servers.reduce((sum, { deadSeconds }) => sum + deadSeconds, 0);
    return {
      node: usageOf(all.filter(({ pid }) => pid === this.child.pid)),
      database: { ...usageOf(database), seconds: usageOf(database).seconds + dead },
    };
  }

  /** Stops it in order, by force when it takes too long, and takes its folder away. */
  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const ended = new Promise<void>((done) => this.child.once("exit", () => done()));
      this.child.kill("SIGTERM");
      const timer = this.env.clock.after(stopMs, () => this.child.kill("SIGKILL"));
      await ended;
      timer.cancel();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** A port that is free for UDP and TCP on loopback. It is let go again: somebody else may take it, and then the node says so. */
async function freePort(env: Env): Promise<number> {
  for (let tries = 0; tries < portTries; tries++) {
    const network = new SipNetwork(env);
    try {
      const { port } = await network.listen({ transport: "udp", address: "127.0.0.1", port: 0 });
      await network.listen({ transport: "tcp", address: "127.0.0.1", port });
      return port;
    } catch (error) {
      env.log.debug("port taken", { reason: String(error) });
    } finally {
      await network[Symbol.asyncDispose]();
    }
  }
  throw new Unavailable("No free port was found on 127.0.0.1.");
}

type Process = { readonly pid: number; readonly parent: number; readonly ownSeconds: number; readonly deadSeconds: number };

function usageOf(some: readonly Process[]): Usage {
  return {
    seconds: some.reduce((sum, { ownSeconds }) => sum + ownSeconds, 0),
    bytes: some.reduce((sum, { pid }) => sum + shareOfMemory(pid), 0),
  };
}

/** proc(5): of the fields behind the name the second is the parent, and 12 to 15 are times. */
function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name): Process[] => {
      const stat = readProcess(`${name}/stat`);
      if (stat === null) return [];
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const [user, system, deadUser, deadSystem] = fields.slice(11, 15).map((ticks) => Number(ticks) / ticksPerSecond);
      return [{ pid: Number(name), parent: Number(fields[1]), ownSeconds: user! + system!, deadSeconds: deadUser! + deadSystem! }];
    });
}

/** The proportional set size; 0 where the kernel does not tell it. */
function shareOfMemory(pid: number): number {
  const kilobytes = /^Pss: +([0-9]+) kB$/m.exec(readProcess(`${pid}/smaps_rollup`) ?? "")?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}

/** Null: it has ended meanwhile, or is not ours to look at. */
function readProcess(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return null;
  }
}
