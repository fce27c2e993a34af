// Our own PostgreSQL server: made at the first start, run as a child with a user of its own, restarted after a crash, stopped last.

import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Env, Timer } from "../../core/env/env.ts";
import { pause } from "../../core/env/pause.ts";
import { postgresLogBytesMax, postgresRestartMsMax } from "../../core/lib/limits.ts";
import { flushPath, freeBytes } from "../files.ts";
import { type ConnectTarget, connect } from "./connect.ts";
import { DatabaseError } from "./external.ts";
import { lockFile } from "./folder-lock.ts";
import { type ProgramSource, type Programs, preparePrograms, removeOldPrograms } from "./programs.ts";

export type EmbeddedState = "starting" | "up" | "down" | "stopped";
type User = { readonly uid: number; readonly gid: number };

/** Settings given on the command line, so that no file of the cluster can weaken them. */
const settings = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  password_encryption: "scram-sha-256",
  max_connections: "100",
  shared_buffers: "128MB",
  wal_level: "replica",
  timezone: "UTC",
  log_timezone: "UTC",
  logging_collector: "off",
  log_line_prefix: "%m [%p] ",
  // /dev/shm is 64 MB in a container; a parallel query that wants more fails. One report at a time is fast enough.
  max_parallel_workers_per_gather: "0",
};

/** With less its server cannot start, and its log may not say why. */
const roomBytesMin = 1024 ** 2;

export class EmbeddedPostgres implements AsyncDisposable {
  state: EmbeddedState = "starting";
  /** Unplanned ends of the server since our start. */
  crashes = 0;
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private backoffMs = 0;
  private logTimer: Timer | null = null;
  private released = false;

  private constructor(
    private readonly env: Env,
    private readonly folder: string,
    private readonly run: string,
    private readonly user: User | null,
    private readonly programs: Programs,
    private readonly password: string,
    private readonly appLock: number,
  ) {}

  /** Ready for connections when it resolves. Refuses a folder that another process uses. @throws DatabaseError */
  static async start(env: Env, data: string, source: ProgramSource): Promise<EmbeddedPostgres> {
    const folder = resolve(data, "postgres");
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const appLock = lockFile(appLockPath(data));
    if (appLock === null) throw new DatabaseError(`${data} is in use by another Landline process`);
    try {
      const user = process.getuid?.() === 0 ? serverUser() : null;
      if (user !== null) for (const path of [resolve(data), folder]) letThrough(path);
      const programs = await preparePrograms(source, folder);
      const run = socketFolder(folder, user);
      const server = new EmbeddedPostgres(env, folder, run, user, programs, keptPassword(env, folder), appLock);
      await server.create();
      await server.launch();
      if (source.kind === "asset") removeOldPrograms(programs, folder);
      server.watchLog();
      return server;
    } catch (error) {
      closeSync(appLock);
      throw error;
    }
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  target(database: string): ConnectTarget {
    return targetOf(this.run, this.password, database);
  }

  /** Creates the database when it is not there. */
  async ensureDatabase(name: string): Promise<void> {
    const sql = connect(this.target("postgres"), { max: 1, name: "landline setup" });
    try {
      const found = await sql`select from pg_database where datname = ${name}`;
      if (found.length === 0) await sql`create database ${sql(name)}`;
    } finally {
      await sql.end();
    }
  }

  /** The server ends, and the folder is free for others. */
  async stop(): Promise<void> {
    await this.stopServer();
    if (this.released) return;
    this.released = true;
    closeSync(this.appLock);
  }

  /**
   * Fast shutdown: open transactions end, everything committed is flushed. After 30 s without an end, at once. The folder stays ours until
   * `stop`: nobody starts a server while it is copied.
   */
  async stopServer(): Promise<void> {
    if (this.state === "stopped") return;
    this.state = "stopped";
    this.logTimer?.cancel();
    const { child } = this;
    if (child !== null) {
      child.kill("SIGINT");
      const impatience = this.env.clock.after(30_000, () => child.kill("SIGQUIT"));
      await this.exited;
      impatience.cancel();
    }
    if (!this.run.startsWith(this.folder)) rmSync(this.run, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private get cluster(): string {
    return join(this.folder, "data");
  }

  // Made aside and renamed: a cluster is there whole or not at all.
  private async create(): Promise<void> {
    const { folder, cluster, programs, user } = this;
    if (existsSync(cluster)) return this.checkVersion();
    const half = join(folder, "data.half");
    const secret = join(folder, "initdb-password");
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { mode: 0o700 });
    writeFileSync(secret, this.password, { mode: 0o600 });
    for (const path of user === null ? [] : [half, secret]) chownSync(path, user!.uid, user!.gid);
    // Default collation without the host's locales or ICU, where the server can do that (17 and newer).
    const locale = programs.libraries === null ? ["--locale=C"] : ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
    const { code, output } = await this.runProgram("initdb", [
      ...["-D", half, "-U", "landline", "-A", "scram-sha-256", `--pwfile=${secret}`, "-E", "UTF8"],
      ...[...locale, "--data-checksums", "--no-instructions"],
    ]);
    rmSync(secret, { force: true });
    if (code !== 0) throw new DatabaseError(`initdb failed: ${output.trim().slice(-600)}${this.hint()}`);
    renameSync(half, cluster);
    flushPath(folder);
  }

  private async checkVersion(): Promise<void> {
    const have = readFileSync(join(this.cluster, "PG_VERSION"), "utf8").trim();
    const { output } = await this.runProgram("postgres", ["--version"]);
    const want = /PostgreSQL\)? (\d+)/.exec(output)?.[1] ?? "";
    if (have !== want) {
      throw new DatabaseError(
        `${this.cluster} was made by PostgreSQL ${have}, this is ${want || output.trim()}: start the Landline that made it`,
      );
    }
  }

  // A full disk, on which its log had no room to say so; as root, a path that the server's user cannot enter.
  private hint(): string {
    if (freeBytes(this.folder) < roomBytesMin) return " (no space left on device)";
    if (this.user === null) return "";
    for (let path = this.folder; path !== "/"; path = dirname(path)) {
      if ((statSync(path).mode & 0o001) === 0)
        return ` (the server runs as user ${this.user.uid}, who cannot enter ${path}: choose another --data)`;
    }
    return "";
  }

  private async launch(): Promise<void> {
    const { env, folder, run, programs, user } = this;
    await this.stopSurvivors();
    const serverLock = lockFile(join(folder, "server.lock"));
    if (serverLock === null) throw new DatabaseError(`a PostgreSQL server that this process cannot see still runs on ${folder}`);
    const log = openSync(this.logPath, "a", 0o600);
    const options = Object.entries({ ...settings, unix_socket_directories: run }).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    // Its own session: Ctrl-C at our terminal, or systemd's KillMode, must not stop it while we drain.
    const child = spawn(join(programs.bin, "postgres"), ["-D", this.cluster, ...options], {
      cwd: folder,
      env: this.programEnvironment(),
      detached: true,
      // The lock is handed to the server: it lives as long as any of its processes.
      stdio: ["ignore", log, log, serverLock],
      ...(user ?? {}),
    });
    this.child = child;
    this.exited = new Promise((done) => {
      child.once("exit", (code, signal) => done(this.onExit(child, code, signal)));
      child.once("error", (error) => {
        env.log.error("postgres cannot be run", { reason: String(error) });
        done(this.onExit(child, null, null));
      });
    });
    closeSync(log);
    closeSync(serverLock);
    const startedAt = env.clock.monotonic();
    for (let tick = 0; !this.isReady(child); tick++) {
      if (this.child !== child) throw new DatabaseError(`postgres ended at start: ${this.logTail()}${this.hint()}`);
      if (tick % 1_000 === 999)
        env.log.warn("postgres recovers; still waiting", { waitedMs: Math.round(env.clock.monotonic() - startedAt) });
      await pause(env.clock, 10);
    }
    if (this.state !== "stopped") this.state = "up";
  }

  private onExit(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.child !== child) return;
    this.child = null;
    if (this.state === "stopped") return;
    const whileUp = this.state === "up";
    this.state = "down";
    // At the first start the caller is told instead.
    if (!whileUp && this.crashes === 0) return;
    this.crashes += 1;
    this.backoffMs = whileUp ? 100 : Math.min(this.backoffMs * 2, postgresRestartMsMax);
    this.env.log.error("postgres ended and is started again", { code, signal, inMs: this.backoffMs, crashes: this.crashes });
    this.env.clock.after(this.backoffMs, () => void this.relaunch());
  }

  private async relaunch(): Promise<void> {
    if (this.state === "stopped") return;
    try {
      await this.launch();
      this.env.log.info("postgres is up again", { crashes: this.crashes });
    } catch (error) {
      if (this.wasStopped()) return;
      // An end of the child has scheduled the next try already; anything else does it here.
      this.env.log.error("postgres does not start", { reason: String(error) });
      if (this.child === null && !(error instanceof DatabaseError && error.message.startsWith("postgres ended"))) {
        this.env.clock.after(postgresRestartMsMax, () => void this.relaunch());
      }
    }
  }

  // Line 8 of postmaster.pid says "ready" once connections are taken.
  private isReady(child: ChildProcess): boolean {
    try {
      const lines = readFileSync(join(this.cluster, "postmaster.pid"), "utf8").split("\n");
      return Number(lines[0]) === child.pid && lines[7]?.trim() === "ready";
    } catch {
      return false;
    }
  }

  /**
   * After a kill -9 of ours, or of the postmaster, server processes may live on; each has the cluster as its working directory. They are
   * stopped first. Only when none is left are the lock files stale, whatever process has their ids by now.
   */
  private async stopSurvivors(): Promise<void> {
    const lock = join(this.cluster, "postmaster.pid");
    if (existsSync(lock)) {
      const postmaster = Number(readFileSync(lock, "utf8").split("\n")[0]);
      let living = processesIn(this.cluster);
      if (living.length > 0) this.env.log.warn("stopping a postgres that an earlier run left behind", { processes: living.length });
      for (let tick = 0; living.length > 0; tick++) {
        // Backends without a postmaster notice by themselves; after 10 s of patience they are asked, too.
        if (tick % 1_000 === 0)
          for (const pid of tick === 0 ? living.filter((pid) => pid === postmaster) : living) process.kill(pid, "SIGINT");
        if (tick > 6_000) throw new DatabaseError(`PostgreSQL processes ${living.join(", ")} on ${this.cluster} do not stop`);
        await pause(this.env.clock, 10);
        living = processesIn(this.cluster);
      }
    }
    rmSync(lock, { force: true });
    for (const name of readdirSync(this.run)) if (name.startsWith(".s.PGSQL.")) rmSync(join(this.run, name), { force: true });
  }

  private runProgram(name: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((done, fail) => {
      const child = spawn(join(this.programs.bin, name), args, {
        cwd: this.folder,
        env: this.programEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
        ...(this.user ?? {}),
      });
      let output = "";
      const collect = (chunk: Buffer): void => {
        output = (output + chunk.toString("utf8")).slice(-4_096);
      };
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      child.once("error", (error) => fail(new DatabaseError(`${name} cannot be run: ${error.message}${this.hint()}`)));
      child.once("close", (code) => done({ code, output }));
    });
  }

  private programEnvironment(): Record<string, string> {
    const { libraries } = this.programs;
    return { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin", ...(libraries === null ? {} : { LD_LIBRARY_PATH: libraries }) };
  }

  private get logPath(): string {
    return join(this.folder, "pg.log");
  }

  private logTail(): string {
    return readFileSync(this.logPath, "utf8").trim().split("\n").slice(-3).join(" · ").slice(-600);
  }

  // The server appends to one open file, so it is emptied in place; one older copy is kept.
  private watchLog(): void {
    const fd = openSync(this.logPath, "r+");
    if (fstatSync(fd).size > postgresLogBytesMax) {
      copyFileSync(this.logPath, `${this.logPath}.1`);
      ftruncateSync(fd, 0);
    }
    closeSync(fd);
    this.logTimer = this.env.clock.after(60_000, () => this.watchLog());
  }

  private wasStopped(): boolean {
    return this.state === "stopped";
  }
}

/** Held by whoever runs the server of this data folder, or copies it. */
export function appLockPath(data: string): string {
  return resolve(data, "postgres", "app.lock");
}

/** Who the server runs as when we are root: an unprivileged user that has an entry (the server looks its name up). */
export function serverUser(): User {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["landline", "postgres", "nobody"]) {
    const entry = users.find((fields) => fields[0] === name);
    if (entry !== undefined && Number(entry[2]) > 0) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new DatabaseError("PostgreSQL does not run as root: create a user named landline");
}

// The server's user must get through our folders to its own; it may not list them.
function letThrough(path: string): void {
  const { uid, mode } = statSync(path);
  if (uid === 0 && (mode & 0o001) === 0) chmodSync(path, (mode & 0o777) | 0o011);
}

// A socket's path holds 107 bytes; a deep data folder gets its socket under /tmp, in a folder that only the server's user can enter.
function socketFolder(folder: string, user: User | null): string {
  const owner = user?.uid ?? process.getuid!();
  const path = socketPath(folder, owner);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  demandOwner(path, [owner]);
  if (user !== null) chownSync(path, user.uid, user.gid);
  return path;
}

function socketPath(folder: string, owner: number): string {
  const inside = join(folder, "run");
  return inside.length <= 90 ? inside : `/tmp/landline-${owner}-${Bun.hash(folder).toString(36)}`;
}

/** A password is told to nobody who merely made a folder of the right name. */
function demandOwner(path: string, owners: readonly number[]): void {
  const { uid } = statSync(path);
  if (!owners.includes(uid) && uid !== process.getuid!()) throw new DatabaseError(`${path} belongs to somebody else`);
}

/** How to reach the server that another process of ours runs in this data folder; null: none has been made there. */
export function runningTarget(data: string, database: string): ConnectTarget | null {
  const folder = resolve(data, "postgres");
  const password = join(folder, "password");
  if (!existsSync(password)) return null;
  // As root we may look at what somebody else runs, in a container for instance: then the folder is theirs.
  const owners = process.getuid?.() === 0 ? [serverUser().uid, statSync(folder).uid] : [process.getuid!()];
  const run = owners.map((owner) => socketPath(folder, owner)).find((path) => existsSync(path)) ?? socketPath(folder, owners[0]!);
  if (existsSync(run)) demandOwner(run, owners);
  return targetOf(run, readFileSync(password, "utf8"), database);
}

function targetOf(run: string, password: string, database: string): ConnectTarget {
  return {
    host: run,
    socketPath: join(run, ".s.PGSQL.5432"),
    port: 5432,
    database,
    user: "landline",
    password,
    tls: false,
    parameters: {},
  };
}

function keptPassword(env: Env, folder: string): string {
  const path = join(folder, "password");
  if (!existsSync(path)) {
    writeFileSync(path, Buffer.from(env.random.bytes(24)).toString("base64url"), { mode: 0o600, flag: "wx", flush: true });
  }
  return readFileSync(path, "utf8");
}

/** Living processes whose working directory this is; zombies do not count: a container's PID 1 may never reap them. */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      } catch {
        return false;
      }
    })
    .map(Number);
}
