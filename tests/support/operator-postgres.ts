// A PostgreSQL as an operator runs it: Debian's, on a TCP port with a password, nothing of ours.
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../storage/postgres/connect.ts";
import { externalTarget } from "../../storage/postgres/external.ts";
import { eventually } from "./steps.ts";

const programs = "/usr/lib/postgresql/15/bin";
/** A user with an entry: a server refuses root. */
const user = 1;
const password = "the operator's own";

export const hasOperatorPostgres = (): boolean => existsSync(join(programs, "postgres"));

export class OperatorPostgres {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** In `folder`, with an empty database; ready when it resolves. */
  static async start(folder: string, port: number): Promise<OperatorPostgres> {
    mkdirSync(folder);
    chownSync(folder, user, user);
    const secret = join(folder, "password");
    writeFileSync(secret, password, { mode: 0o644 });
    const cluster = join(folder, "cluster");
    const asUser = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    const authentication = ["-U", "landline", "-A", "scram-sha-256", `--pwfile=${secret}`];
    const made = Bun.spawnSync([...asUser, join(programs, "initdb"), "-D", cluster, ...authentication, "-E", "UTF8", "--locale=C"]);
    if (made.exitCode !== 0) throw new Error(`initdb: ${made.stderr}`);
    const log = openSync(join(folder, "log"), "a");
    const settings = ["-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${folder}`];
    const [program, ...words] = [...asUser, join(programs, "postgres"), "-D", cluster, ...settings];
    const child = spawn(program!, words, { stdio: ["ignore", log, log] });
    const url = (database: string): string => `postgres://landline:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
    await eventually("the operator's database takes connections", async () => {
      const sql = connect(externalTarget(url("postgres")), { max: 1, name: "operator" });
      return sql`create database landline`
        .then(
          () => true,
          () => false,
        )
        .finally(() => sql.end({ timeout: 1 }));
    });
    return new OperatorPostgres(child, url("landline"));
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.on("exit", done));
    this.child.kill("SIGINT");
    await ended;
  }
}
