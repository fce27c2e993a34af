// Debian's PostgreSQL as an operator runs it: a server of its own with a password, listening on loopback, that knows nothing of us.
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../storage/postgres/connect.ts";
import { externalTarget } from "../../storage/postgres/external.ts";
import { eventually } from "./steps.ts";

const installed = "/usr/lib/postgresql";
const password = "of the operator";

/** The folder of its programs, the newest version first; null: it is not installed. */
export function debianPostgresPrograms(): string | null {
  const versions = readdirSync(installed).sort((a, b) => Number(b) - Number(a));
  return versions[0] === undefined ? null : join(installed, versions[0], "bin");
}

export class DebianPostgres {
  private constructor(
    private readonly child: ChildProcess,
    /** For `--database`: a role that owns its database and nothing else. */
    readonly url: string,
  ) {}

  /** In a network namespace of its own the usual port is free. */
  static async start(folder: string): Promise<DebianPostgres> {
    const programs = debianPostgresPrograms()!;
    const data = join(folder, "data");
    const passwordFile = join(folder, "password");
    mkdirSync(data, { recursive: true });
    writeFileSync(passwordFile, password);
    const who = unprivileged();
    for (const path of [folder, data, passwordFile]) chownSync(path, who.uid, who.gid);
    const made = Bun.spawnSync(
      [join(programs, "initdb"), "-D", data, "-U", "operator", "-A", "scram-sha-256", "--pwfile", passwordFile],
      who,
    );
    if (made.exitCode !== 0) throw new Error(`initdb: ${made.stderr.toString()}`);
    const log = openSync(join(folder, "log"), "a");
    const words = ["-D", data, "-k", folder, "-c", "listen_addresses=127.0.0.1", "-p", "5432"];
    const child = spawn(join(programs, "postgres"), words, { ...who, stdio: ["ignore", log, log] });
    closeSync(log);
    const sql = connect(externalTarget(`postgres://operator:${encodeURIComponent(password)}@127.0.0.1:5432/postgres`), {
      max: 1,
      name: "test",
    });
    await eventually("Debian's PostgreSQL answers", () => sql`select 1`.catch(() => null), 20_000);
    await sql.unsafe(`create role landline login password '${password}'`);
    await sql.unsafe("create database landline owner landline");
    await sql.end();
    return new DebianPostgres(child, `postgres://landline:${encodeURIComponent(password)}@127.0.0.1:5432/landline`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGINT");
    await ended;
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const idOf = (flag: string): number => Number(Bun.spawnSync(["id", flag, "postgres"]).stdout.toString());
  return { uid: idOf("-u"), gid: idOf("-g") };
}
