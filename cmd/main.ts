// The command line: one binary, its subcommands, help, exit codes 0 (done), 1 (found something or failed) and 2 (called wrongly).
// Before everything: the X.509 and DTLS libraries look for it when they load.
import "reflect-metadata";
import { readFileSync } from "node:fs";
import { parse as parseToml } from "smol-toml";
import { type Applied, applyCentre } from "../core/centre/apply.ts";
import { centreDocument } from "../core/centre/centre.ts";
import { benchPhoneSecret, loadBench } from "../core/demo/bench.ts";
import { loadDemo, wipeDemo } from "../core/demo/commands.ts";
import { createUser } from "../core/directory/commands.ts";
import { removeSecondFactor } from "../core/directory/sign-in.ts";
import { newUser } from "../core/directory/user.ts";
import type { Env } from "../core/env/env.ts";
import { isLoopback } from "../core/lib/ip-address.ts";
import { verify, verifyLines } from "../storage/verify.ts";
import { apiRoutes } from "../web/api/index.ts";
import { openApiDocument } from "../web/api/openapi.ts";
import { endpoint } from "./addresses.ts";
import { askNode } from "./ask-node.ts";
import { loadAssets } from "./assets.ts";
import { backupLines, coldBackup, restore, restoredLines, summary } from "./backup.ts";
import { type Config, ConfigError, captions, loadConfig, parseArguments } from "./config.ts";
import { doctor } from "./doctor.ts";
import { realEnv } from "./env.ts";
import { failureText } from "./failure.ts";
import { lineOf } from "./finding.ts";
import { loadLines, loadOrder, loadtest } from "./loadtest.ts";
import { attachNode, type OpenNode } from "./node.ts";
import { newPhoneSecret, phoneSecretOf } from "./phone-secret.ts";
import { checkProofFile, exportProofFile, headsOfFile } from "./proof.ts";
import { serve } from "./serve.ts";
import { newRecoveryKit, restoreKey, setupFrom } from "./setup.ts";
import { landlineVersion } from "./version.ts";
import { machineActor, verifyInput } from "./wire.ts";

type Context = {
  readonly config: Config;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly positional: readonly string[];
  print(value: unknown, lines: readonly string[]): void;
};
type Subcommand = {
  readonly usage: string;
  readonly caption: string;
  readonly flags?: Readonly<Record<string, "flag" | "value">>;
  /** The exit code. */
  run(context: Context): Promise<number>;
};

const subcommands: Readonly<Record<string, Subcommand>> = {
  serve: {
    usage: "serve [options]",
    caption: "run the centre until SIGTERM or Ctrl-C",
    run: async ({ config }) => {
      await serve(realEnv(config["log-level"]), config, await loadAssets());
      return 0;
    },
  },
  migrate: {
    usage: "migrate [options]",
    caption: "bring the database forward; `serve` does it too",
    run: (context) =>
      withNode(context, async (node) => context.print({ database: node.version }, [`the database (${node.version}) is up to date`])),
  },
  "admin user create": {
    usage: "admin user create --email EMAIL --name NAME [--role ROLE] [--password-file FILE]",
    caption: "make a person; the password is read from the file or from standard input",
    flags: { email: "value", name: "value", role: "value", "password-file": "value" },
    run: (context) =>
      withNode(context, async (node) => {
        const { flags } = context;
        const password = await secretFrom(flags["password-file"]);
        const parsed = newUser.safeParse({ email: flags.email, name: flags.name, password, roles: [flags.role ?? "admin"] });
        if (!parsed.success) throw new ConfigError(`--${String(parsed.error.issues[0]!.path[0])}: ${parsed.error.issues[0]!.message}`);
        const user = await createUser(node.app, machineActor(node), parsed.data);
        context.print({ id: user.id, email: user.email }, [`${user.name} <${user.email}> may sign in now`]);
      }),
  },
  "admin second-factor remove": {
    usage: "admin second-factor remove --email EMAIL",
    caption: "for who has lost phone and recovery codes: the password alone signs them in from then on",
    flags: { email: "value" },
    run: (context) =>
      withNode(context, async (node) => {
        const { app } = node;
        const user = await app.stores.users.byEmail(app.organizationId, String(context.flags.email ?? ""));
        if (user === null) throw new ConfigError(`--email: there is nobody with the email ${String(context.flags.email ?? "")}`);
        await removeSecondFactor(app, machineActor(node), user.id);
        context.print({ id: user.id }, [`${user.name} <${user.email}> signs in with the password alone`]);
      }),
  },
  "config apply": {
    usage: "config apply FILE",
    caption: "make the centre look like the document (JSON or TOML); takes nothing away",
    run: (context) =>
      withNode(context, async (node) => {
        const [path] = context.positional;
        if (path === undefined) throw new ConfigError("config apply needs a file");
        const parsed = centreDocument.safeParse(readDocument(path));
        if (!parsed.success)
          throw new ConfigError(`${path}, ${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
        const applied = await applyCentre(node.app, machineActor(node), parsed.data, (username) =>
          newPhoneSecret(node.env.random, node.keys, username),
        );
        context.print(applied, [
          ...applied.made.map((what) => `made ${what}`),
          ...applied.changed.map((what) => `changed ${what}`),
          ...applied.phones.map(({ username, secret }) => `phone ${username}: secret ${secret} (told this once)`),
          ...(applied.made.length + applied.changed.length === 0 ? ["nothing to change"] : []),
        ]);
      }),
  },
  setup: {
    usage: "setup --from FILE",
    caption: "the first set-up without a browser, from a TOML file (see the help page “setup”)",
    flags: { from: "value" },
    run: (context) =>
      withNode(context, async (node) => {
        if (typeof context.flags.from !== "string") throw new ConfigError("setup needs --from FILE");
        const done = await setupFrom(node, context.flags.from);
        context.print(done, [
          "the centre is set up",
          ...(done.recoveryCodes.length === 0 ? [] : ["recovery codes (told this once):", ...done.recoveryCodes]),
          ...(done.needsRestart ? ["start Landline again: address and certificate take effect then"] : []),
        ]);
      }),
  },
  "setup kit": {
    usage: "setup kit",
    caption: "make a new recovery kit, and print it with its digest; an older one opens nothing any more",
    run: (context) =>
      withNode(context, async (node) => {
        const made = await newRecoveryKit(node);
        context.print(made, [
          `recovery kit (told this once): ${made.kit}`,
          `digest for setup.toml: ${made.digest}`,
          "keep the kit on paper, away from this machine: with a copy of the data it brings everything back",
        ]);
      }),
  },
  "key restore": {
    usage: "key restore [--kit-file FILE]",
    caption: "make the key file anew from its sealed copy; the recovery kit is read from the file or from standard input",
    flags: { "kit-file": "value" },
    run: async (context) => {
      restoreKey(context.config, await secretFrom(context.flags["kit-file"]));
      context.print({ restored: context.config["key-file"] }, [`${context.config["key-file"]} is there again`]);
      return 0;
    },
  },
  "demo load": {
    usage: "demo load [--profile bench]",
    caption:
      "put the demo centre beside what is there; `serve --demo` does it too, and lets robots call. `--profile bench`: what load generators " +
      "on this machine call instead",
    flags: { profile: "value" },
    run: (context) =>
      withNode(context, async (node) => {
        const { made, changed } = await loadProfile(node, context);
        context.print({ made, changed }, [
          ...made.map((what) => `made ${what}`),
          ...changed.map((what) => `changed ${what} back`),
          ...(made.length + changed.length === 0 ? ["the demo is there already"] : []),
          ...(context.flags.profile === "bench" ? ["SIPp registers with MD5 alone: serve with --sip-digest MD5"] : []),
        ]);
      }),
  },
  "demo wipe": {
    usage: "demo wipe",
    caption: "take every object and person of the demo away; conversations, recordings and events stay, as evidence",
    run: (context) =>
      withNode(context, async (node) => {
        const gone = await wipeDemo(node.app, machineActor(node));
        context.print({ gone }, [
          ...(gone.length === 0 ? ["there is no demo"] : gone.map((what) => `gone: ${what}`)),
          ...(gone.length === 0 ? [] : ["conversations, recordings and events of the demo stay: they have happened"]),
        ]);
      }),
  },
  verify: {
    usage: "verify [--rows] [--against PROOF] | --export PROOF | --from PROOF",
    caption:
      "check chain, heads, recordings and journal; with --rows the tables too; --export writes a proof, --from checks one anywhere, --against holds the log against an older one",
    flags: { rows: "flag", against: "value", export: "value", from: "value" },
    run: (context) => {
      const { rows, against, export: to, from } = context.flags;
      if (typeof from === "string") return checkProofFile(context, from);
      if (typeof to === "string") return withNode(context, (node) => exportProofFile(context, node, to));
      return withNode(context, async (node) => {
        const headsElsewhere = typeof against === "string" ? await headsOfFile(node, against) : [];
        const report = await verify({ ...verifyInput(node, rows === true), headsElsewhere });
        context.print(report, verifyLines(report));
        return report.findingsTotal === 0 ? 0 : 1;
      });
    },
  },
  backup: {
    usage: "backup --cold DIR",
    caption: "copy everything but the key file into a new folder, under a signed manifest; the node must be stopped",
    flags: { cold: "flag" },
    run: async (context) => {
      const { config, flags, positional } = context;
      const [target] = positional;
      if (flags.cold !== true || target === undefined) throw new ConfigError("a backup is made with the node stopped: backup --cold DIR");
      const manifest = await coldBackup(quietEnv(config), config, await loadAssets(), target);
      context.print({ backup: target, ...summary(manifest) }, backupLines(config, target, manifest));
      return 0;
    },
  },
  restore: {
    usage: "restore DIR [--kit-file FILE] [--check]",
    caption: "bring a backup back into an empty --data and prove it; with --check only look at it",
    flags: { "kit-file": "value", check: "flag" },
    run: async (context) => {
      const { config, flags, positional } = context;
      const [folder] = positional;
      if (folder === undefined) throw new ConfigError("restore needs the folder of a backup");
      const kit = typeof flags["kit-file"] === "string" ? await secretFrom(flags["kit-file"]) : null;
      const options = { check: flags.check === true, kit };
      const restored = await restore(quietEnv(config), config, await loadAssets(), folder, options);
      context.print({ ...restored, manifest: summary(restored.manifest) }, restoredLines(config, folder, options, restored));
      return restored.wrong.length === 0 && (restored.verification?.findingsTotal ?? 0) === 0 ? 0 : 1;
    },
  },
  doctor: {
    usage: "doctor",
    caption: "look at ports, disk, database and network, and say what to mend",
    run: async (context) => {
      const findings = await doctor(context.config);
      context.print(findings, findings.map(lineOf));
      return findings.some(({ level }) => level === "problem") ? 1 : 0;
    },
  },
  loadtest: {
    usage: "loadtest [--calls N] [--minutes M] [--to ADDRESS:PORT --number NUMBER]",
    caption: "let robots hold N calls for M minutes in a centre of their own, or call a node that runs; says how it went",
    flags: { calls: "value", minutes: "value", to: "value", number: "value" },
    run: async (context) => {
      const order = loadOrder(context.flags);
      const result = await loadtest(realEnv("warn"), order, await loadAssets());
      context.print(result, loadLines(result, order.target === null));
      return result.isGood ? 0 : 1;
    },
  },
  healthcheck: {
    usage: "healthcheck",
    caption: "ask the running node whether it is ready; for container engines",
    run: async (context) => {
      const answer = await askNode(context.config, "/readyz");
      context.print({ ready: answer.ok, text: answer.text }, [answer.text]);
      return answer.ok ? 0 : 1;
    },
  },
  openapi: {
    usage: "openapi",
    caption: "print the OpenAPI document of the API",
    run: async () => {
      console.log(JSON.stringify(openApiDocument(apiRoutes, landlineVersion), null, 2));
      return 0;
    },
  },
  version: {
    usage: "version",
    caption: "print the version",
    run: async (context) => {
      context.print({ version: landlineVersion, bun: Bun.version }, [`landline ${landlineVersion}`]);
      return 0;
    },
  },
};

const everywhere = { config: "value", json: "flag", help: "flag" } as const;

process.exit(await main(Bun.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  try {
    const [name, rest] = subcommandOf(argv);
    if (name === null || rest.includes("--help")) {
      console.log(help(name));
      return name === null && argv.length > 0 && !/^(--help|-h|help)$/.test(argv[0]!) ? wrong(`unknown subcommand ${argv[0]}`) : 0;
    }
    const { positional, flags } = parseArguments(rest, { ...everywhere, ...subcommands[name]!.flags });
    const config = loadConfig(flags, process.env, typeof flags.config === "string" ? flags.config : null);
    const json = flags.json === true;
    return await subcommands[name]!.run({
      config,
      flags,
      positional,
      print: (value, lines) => console.log(json ? JSON.stringify(value, null, 2) : lines.join("\n")),
    });
  } catch (error) {
    if (error instanceof ConfigError) return wrong(error.message);
    console.error(failureText(error));
    return 1;
  }
}

function wrong(message: string): number {
  console.error(`landline: ${message}`);
  return 2;
}

// The longest name that the words begin with: `admin user create` is one.
function subcommandOf(argv: readonly string[]): [string | null, readonly string[]] {
  for (let words = 3; words >= 1; words--) {
    const name = argv.slice(0, words).join(" ");
    if (Object.hasOwn(subcommands, name)) return [name, argv.slice(words)];
  }
  return [null, argv];
}

function help(name: string | null): string {
  if (name !== null) {
    const { usage, caption } = subcommands[name]!;
    const options = Object.entries(captions).map(([key, text]) => `  --${key.padEnd(24)}${text}`);
    return [
      `landline ${usage}`,
      "",
      caption,
      "",
      "Options (also LANDLINE_… in the environment, or keys of the file given with --config):",
      ...options,
      "  --config                  a TOML file with these keys",
      "  --json                    print JSON",
    ].join("\n");
  }
  const rows = Object.values(subcommands).map(
    ({ usage, caption }) => `  ${usage.padEnd(24)}${usage.length > 22 ? `\n  ${"".padEnd(24)}` : ""}${caption}`,
  );
  return [
    `landline ${landlineVersion}, the self-hosted contact centre`,
    "",
    "Subcommands:",
    ...rows,
    "",
    "landline SUBCOMMAND --help says more.",
  ].join("\n");
}

/** What a subcommand has to say it prints; its log is for what goes wrong. */
function quietEnv(config: Config): Env {
  return realEnv(config["log-level"] === "info" ? "warn" : config["log-level"]);
}

async function withNode(context: Context, work: (node: OpenNode) => Promise<unknown>): Promise<number> {
  const node = await attachNode(quietEnv(context.config), context.config, await loadAssets());
  try {
    const code = await work(node);
    return typeof code === "number" ? code : 0;
  } finally {
    await node.close();
  }
}

function readDocument(path: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    return path.endsWith(".toml") ? parseToml(text) : JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
}

function loadProfile(node: OpenNode, { config, flags }: Context): Promise<Applied> {
  const { app, env, keys } = node;
  const actor = machineActor(node);
  if (flags.profile === undefined) return loadDemo(app, actor, (username) => newPhoneSecret(env.random, keys, username));
  if (flags.profile !== "bench") throw new ConfigError("--profile: the one profile is bench; without it the demo centre is loaded");
  if (!isLoopback(endpoint(config.sip).address))
    throw new ConfigError(
      "--profile bench: the password of its phones is known to everybody, so --sip must be an address like 127.0.0.1:5060",
    );
  return loadBench(app, actor, (username) => phoneSecretOf(benchPhoneSecret, env.random, keys, username));
}

async function secretFrom(path: unknown): Promise<string> {
  const text = typeof path === "string" ? readFileSync(path, "utf8") : await Bun.stdin.text();
  return text.replace(/\r?\n$/, "");
}
