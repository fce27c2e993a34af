// The compiled binary as a user runs it: started in an empty directory, asked over HTTP, stopped or killed.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./steps.ts";

export const binary = join(import.meta.dir, "../../dist/landline");
export const password = "correct horse battery";
export const client = { id: "test-client", secret: "a secret of the test client" };

/** An error of the node's own, and what the runtime prints of its own accord when a promise or the process breaks. */
const amiss =
  /^at=\S+ level=error |^at=\S+ level=warn fact="event not taken"|^(?!at=)(?:\s*\w*(?:Error|error): |\s*panic|.*(?:unhandled|uncaught|Segmentation))/;

type Applied = { readonly phones: readonly { readonly username: string; readonly secret: string }[] };

export class Landline {
  readonly folder: string;
  readonly http: string = "http://localhost:8080";
  private child: ChildProcess | null = null;
  private token = "";
  /** How much of the log was looked through for what must not be there. */
  private examined = 0;

  /** `bootstrap` false: nobody owns it at first, as after an installation. */
  constructor(
    private readonly more: readonly string[] = [],
    private readonly bootstrap = true,
    private readonly how: {
      /** Errors that the program brings about on purpose. */
      readonly provokes?: readonly RegExp[];
      /** Variables that the node is given as files, by their `…_FILE`. */
      readonly asFiles?: readonly string[];
      /** The binary, or what runs it. */
      readonly program?: readonly string[];
    } = {},
  ) {
    this.folder = mkdtempSync(join(tmpdir(), "landline-e2e-"));
    // As root the database server runs as another user, who must get through.
    chmodSync(this.folder, 0o755);
    mkdirSync(join(this.folder, "empty"));
  }

  get data(): string {
    return join(this.folder, "data");
  }

  get options(): string[] {
    return ["--data", this.data, "--key-file", join(this.folder, "keys/landline.key"), "--http", "127.0.0.1:8080", ...this.more];
  }

  protected get command(): readonly string[] {
    return this.how.program ?? [binary];
  }

  /** For subcommands, while the node runs. */
  protected get beside(): readonly string[] {
    return this.command;
  }

  /** Where a file is put for a subcommand, and where that sees it. */
  protected passed(name: string): { readonly here: string; readonly seen: string } {
    return { here: join(this.folder, name), seen: join(this.folder, name) };
  }

  protected get environment(): Record<string, string> {
    return { PATH: process.env.PATH ?? "" };
  }

  /** A folder that the node must own, made by the program. */
  handOver(_path: string): void {
    // The node runs as whoever runs the program.
  }

  get log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  protected get isStarted(): boolean {
    return this.child !== null;
  }

  /** What was started: the program, or what runs it. */
  get pid(): number {
    return this.child!.pid!;
  }

  /** The program itself. */
  get inside(): number {
    return this.pid;
  }

  /** Ready when it resolves. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts, and does not wait. */
  launch(): void {
    const log = openSync(join(this.folder, "log"), "a");
    const given: Record<string, string> = {
      ...(this.bootstrap ? { LANDLINE_BOOTSTRAP_EMAIL: "owner@example.org", LANDLINE_BOOTSTRAP_PASSWORD: password } : {}),
      LANDLINE_BOOTSTRAP_CLIENT_ID: client.id,
      LANDLINE_BOOTSTRAP_CLIENT_SECRET: client.secret,
    };
    const env = Object.fromEntries(
      Object.entries(given).map(([name, value]) => (this.how.asFiles?.includes(name) === true ? this.asFile(name, value) : [name, value])),
    );
    const [program, ...words] = [...this.command, "serve", ...this.options];
    this.child = spawn(program!, words, {
      cwd: join(this.folder, "empty"),
      env: { ...this.environment, ...env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
  }

  // As a secret store leaves it: a line of its own, readable by nobody else.
  private asFile(name: string, value: string): [string, string] {
    const path = join(this.folder, name.toLowerCase());
    writeFileSync(path, `${value}\n`, { mode: 0o600 });
    return [`${name}_FILE`, path];
  }

  async ready(): Promise<void> {
    const child = this.child!;
    await eventually(
      "the node is ready",
      async () => {
        if (child.exitCode !== null) throw new Error(`landline ended with ${child.exitCode}: ${this.log.split("\n").slice(-6).join(" ")}`);
        if (child.signalCode !== null) throw new Error(`landline ended by ${child.signalCode}`);
        return fetch(`${this.http}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        );
      },
      60_000,
    );
  }

  /** An orderly stop; its exit code, null when the program had killed it. It ends with 0, and has logged no error that the program did not provoke. Who was killed by the program stays dead. */
  async stop(): Promise<number | null> {
    const { child } = this;
    if (child === null) return null;
    this.child = null;
    const hadEnded = child.exitCode !== null || child.signalCode !== null;
    if (!hadEnded) {
      const ended = new Promise((done) => child.on("exit", done));
      child.kill("SIGTERM");
      await ended;
    }
    this.soundOfMind();
    if (hadEnded && child.signalCode === "SIGKILL") return null;
    if (hadEnded) throw new Error(`landline had ended by itself with ${child.exitCode ?? child.signalCode}: ${this.lastLines()}`);
    if (child.exitCode !== 0)
      throw new Error(`landline ended with ${child.exitCode ?? child.signalCode}, asked to stop: ${this.lastLines()}`);
    return 0;
  }

  /** Throws when the log holds an error, or a line that the node's own log did not write, which nobody provoked. */
  private soundOfMind(): void {
    const log = existsSync(join(this.folder, "log")) ? this.log : "";
    const fresh = log.slice(this.examined).split("\n");
    this.examined = log.length;
    const wrong = fresh.filter((line) => amiss.test(line) && !(this.how.provokes ?? []).some((provoked) => provoked.test(line)));
    if (wrong.length > 0) throw new Error(`the node's log says ${wrong.slice(0, 4).join(" | ")}`);
  }

  private lastLines(): string {
    return this.log.trim().split("\n").slice(-4).join(" | ");
  }

  /** Takes everything away; after `stop`. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A subcommand beside the running node. */
  run(words: readonly string[], input = ""): { readonly code: number; readonly out: string; readonly error: string } {
    const done = Bun.spawnSync([...this.beside, ...words, ...this.options], {
      cwd: join(this.folder, "empty"),
      stdin: Buffer.from(input),
      env: this.environment,
    });
    return { code: done.exitCode, out: done.stdout.toString(), error: done.stderr.toString() };
  }

  /** What `config apply` says: also the secrets of phones, told once. */
  apply(document: object): Applied {
    const { here, seen } = this.passed("centre.json");
    writeFileSync(here, JSON.stringify(document));
    const { code, out, error } = this.run(["config", "apply", seen, "--json"]);
    if (code !== 0) throw new Error(`config apply: ${error}${out}`);
    return JSON.parse(out) as Applied;
  }

  /** The API as a program uses it. */
  async api<T>(path: string, options: { readonly method?: string; readonly body?: object } = {}): Promise<T> {
    if (this.token === "") {
      const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
      const answer = await fetch(`${this.http}/oauth/token`, {
        method: "POST",
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      this.token = ((await answer.json()) as { access_token: string }).access_token;
    }
    const answer = await fetch(`${this.http}${path}`, {
      // A connection that is kept would be of the network before, where a test changes it.
      keepalive: false,
      method: options.method ?? "GET",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const body = (await answer.json()) as T;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }
}

/** The centre of the end-to-end tests: one number, two queues, two agents, a trunk for each address. */
export function testCentre(addresses: readonly string[]): object {
  const codes = ["Answered", "Passed on"];
  return {
    skills: ["Accounts"],
    wrapupCodes: codes,
    users: [
      { name: "Priya Nair", email: "priya@example.org", password, roles: ["agent"], skills: { Accounts: 4 } },
      { name: "Tomasz Zieliński", email: "tomasz@example.org", password, roles: ["agent"] },
      { name: "Nadia Farooq", email: "nadia@example.org", password, roles: ["auditor"] },
      { name: "Gareth Hollis", email: "gareth@example.org", password, roles: ["supervisor"] },
    ],
    queues: [
      { name: "Accounts", alertingTimeoutSeconds: 20, acwTimeoutMs: 60_000, members: ["priya@example.org"], wrapupCodes: codes },
      { name: "Service", alertingTimeoutSeconds: 20, members: ["priya@example.org", "tomasz@example.org"], wrapupCodes: codes },
    ],
    flows: [
      {
        name: "Main",
        type: "INBOUNDCALL",
        start: "menu",
        onError: "sorry",
        actions: {
          menu: {
            type: "menu",
            name: "Main menu",
            audio: ["system.menu"],
            choices: ["1", "2", "3"],
            timeoutMs: 8_000,
            outputs: { 1: "reason", 2: "service", 3: "card", noInput: "service", noMatch: "service" },
          },
          reason: { type: "setParticipantData", name: "Reason", values: { Reason: '"Accounts"' }, outputs: { next: "accounts" } },
          accounts: { type: "transferToAcd", name: "To Accounts", queue: "Accounts", skills: ["Accounts"], outputs: { failure: "sorry" } },
          service: { type: "transferToAcd", name: "To Service", queue: "Service", outputs: { failure: "sorry" } },
          card: {
            type: "collectInput",
            name: "Card number",
            audio: ["system.enter-number"],
            variable: "card",
            minDigits: 12,
            maxDigits: 19,
            timeoutMs: 10_000,
            outputs: { success: "known", noInput: "sorry" },
          },
          known: { type: "decision", name: "A card of ours", expression: 'card.startsWith("4")', outputs: { yes: "service", no: "sorry" } },
          sorry: { type: "playAudio", name: "Apology", audio: ["system.error"], outputs: { next: "bye" } },
          bye: { type: "disconnect", name: "Goodbye" },
        },
      },
    ],
    ivrs: [{ name: "Main number", dnis: ["+441632960100", "100"], flow: "Main" }],
    trunks: [{ name: "Carrier", addresses }],
  };
}
