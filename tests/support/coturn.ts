// A real TURN server, coturn, for one test: credentials by a shared secret, in a network that the test names.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./steps.ts";

export class Coturn {
  private readonly log: string;

  private constructor(
    folder: string,
    private readonly child: ChildProcess,
  ) {
    this.log = join(folder, "log");
  }

  /** `prefix`: what runs it elsewhere. It listens when it resolves. */
  static async start(
    folder: string,
    { address, port, secret, prefix = [] }: { address: string; port: number; secret: string; prefix?: readonly string[] },
  ): Promise<Coturn> {
    mkdirSync(folder, { recursive: true });
    const log = openSync(join(folder, "log"), "a");
    const words = [
      ...["-n", "--use-auth-secret", `--static-auth-secret=${secret}`, "--realm=example.org"],
      ...[`--listening-ip=${address}`, `--relay-ip=${address}`, `--listening-port=${port}`, "--min-port=45000", "--max-port=45100"],
      ...["--no-cli", "--no-tls", "--no-dtls", "--verbose", "--log-file=stdout", "--simple-log"],
      ...[`--pidfile=${join(folder, "pid")}`, `--userdb=${join(folder, "users")}`],
    ];
    const [program, ...more] = [...prefix, "/usr/bin/turnserver", ...words];
    const child = spawn(program!, more, { stdio: ["ignore", log, log] });
    closeSync(log);
    const coturn = new Coturn(folder, child);
    await eventually("coturn listens", () => Promise.resolve(/IO method \(auth/.test(readFileSync(coturn.log, "utf8"))));
    return coturn;
  }

  /** Names under which somebody has been given a relay. */
  get users(): readonly string[] {
    return [
      ...new Set([...readFileSync(this.log, "utf8").matchAll(/user <([^>]+)>.*ALLOCATE processed, success/g)].map(([, user]) => user!)),
    ];
  }

  stop(): void {
    this.child.kill();
  }
}
