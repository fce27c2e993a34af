// Configuration: defaults < file (TOML) < environment (LANDLINE_…) < flags. Unknown keys are errors that name the nearest known one.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { z } from "zod";
import { type TurnSettings, turnUrl } from "../core/telephony/turn.ts";
import { algorithms } from "../telephony/sip/auth/digest.ts";
import { logLevels } from "./env.ts";
import { keptPath, readKept } from "./kept.ts";

/** Wrong configuration: exit code 2 and one sentence that names the key and the mend. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):\d{1,5}$/, "host:port, like 0.0.0.0:8080 or [::]:8080");
const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, "first-last, like 20000-29999")
  .transform((text) => text.split("-").map(Number) as [number, number])
  .refine(([first, last]) => first > 0 && first < last && last < 65_536, "the first below the last, both between 1 and 65535");
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  ),
]);
const ports = list
  .transform((texts) => texts.map(Number))
  .refine((all) => all.every((port) => Number.isInteger(port) && port >= 0 && port < 65_536), "port numbers, separated by commas");
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

/** Every key: flag `--public-url`, environment `LANDLINE_PUBLIC_URL`, file `public-url`. Secrets may come as `LANDLINE_…_FILE` too. */
const shape = {
  data: z.string().min(1),
  "key-file": z.string().min(1),
  http: address,
  https: address.nullable(),
  "https-cert": z.string().nullable(),
  "https-key": z.string().nullable(),
  "public-url": z.url("a URL, like https://desk.example.org").nullable(),
  "trusted-proxies": list,
  sip: address,
  "sip-tls": address.nullable(),
  "trunk-ca": z.string().nullable(),
  "sip-digest": list.pipe(z.array(z.enum(algorithms, { error: `of ${algorithms.join(", ")}` })).min(1, `of ${algorithms.join(", ")}`)),
  "rtp-ports": portRange,
  "media-ports": ports,
  "media-tcp-ports": ports.nullable(),
  "public-address": list,
  turn: list.refine(
    (urls) => urls.every((url) => turnUrl.test(url)),
    "turn: or turns: URLs, like turn:turn.example.org:3478?transport=udp",
  ),
  "turn-secret": z.string().nullable(),
  "turn-user": z.string().nullable(),
  "turn-password": z.string().nullable(),
  database: z.string().nullable(),
  "postgres-bin": z.string().nullable(),
  metrics: address.nullable(),
  workers: z.coerce.number().int().min(1, "at least 1").max(32, "at most 32"),
  "log-level": z.enum(logLevels, { error: `one of ${logLevels.join(", ")}` }),
  "test-peers": list,
  "bootstrap-email": z.string().nullable(),
  "bootstrap-password": z.string().nullable(),
  "bootstrap-client-id": z.string().nullable(),
  "bootstrap-client-secret": z.string().nullable(),
  trial: flag,
  demo: flag,
} as const;
const schema = z.strictObject(shape);
export type Config = z.infer<typeof schema> & {
  /** Keys that file, environment or flags gave: what the set-up keeps does not win over them. */
  readonly given: readonly string[];
};
export type ConfigKey = keyof typeof shape;

/** What each key means, for `--help`; in the order it is shown. */
export const captions: Readonly<Record<ConfigKey, string>> = {
  data: "folder for everything that is kept (database, recordings, journal)",
  "key-file": "file with the keys that unlock the data; keep it, and a copy of it, elsewhere",
  http: "address for browsers and the API",
  https: "address for browsers and the API with TLS",
  "https-cert": "certificate chain (PEM) for --https; without it one is made",
  "https-key": "private key (PEM) for --https-cert",
  "public-url": "how browsers reach this server, when not by --http or --https",
  "trusted-proxies": "addresses of reverse proxies whose X-Forwarded-For is believed",
  sip: "address for phones and trunks, UDP and TCP",
  "sip-tls": "address for phones and trunks over TLS, with the certificate of --https",
  "trunk-ca": "issuers (PEM) of trunks' certificates, besides those that the machine knows",
  "sip-digest": "what phones may prove themselves with, first choice first; MD5 alone for devices that stumble over SHA-256",
  "rtp-ports": "ports for voice of phones and trunks",
  "media-ports": "one UDP port per worker for voice of browsers",
  "media-tcp-ports": "one TCP port per worker for voice of browsers that get no UDP through; empty: none",
  "public-address": "address that browsers and trunks reach this server's voice at; repeatable",
  turn: "TURN servers for browsers that get nothing else through, like turn:turn.example.org:3478; repeatable",
  "turn-secret": "secret shared with them (coturn: use-auth-secret), for credentials that end by themselves",
  "turn-user": "their user, where no secret is shared: every browser learns it",
  "turn-password": "the password of --turn-user",
  database: "URL of your own PostgreSQL (15 or newer); without it one is run inside --data",
  "postgres-bin": "folder with PostgreSQL programs to run instead of the built-in ones",
  metrics: "address for /metrics; empty: none",
  workers: "threads for voice",
  "log-level": logLevels.join(", "),
  "test-peers": "addresses that may call in as a trunk does, without one being made: for tests",
  "bootstrap-email": "owner made at the first start",
  "bootstrap-password": "the owner's password",
  "bootstrap-client-id": "OAuth client made at the first start, with the role admin",
  "bootstrap-client-secret": "the OAuth client's secret",
  trial: "a one-time sign-in link to an example centre, until there is an owner",
  demo: "the demo centre, with robots that call and answer: up to eight calls at once",
};

const switches: ReadonlySet<string> = new Set(["trial", "demo"]);
const repeatable: ReadonlySet<string> = new Set([
  "trusted-proxies",
  "public-address",
  "media-ports",
  "media-tcp-ports",
  "turn",
  "test-peers",
]);
const secret: ReadonlySet<string> = new Set(["turn-secret", "turn-password", "database", "bootstrap-password", "bootstrap-client-secret"]);

function defaults(): Record<ConfigKey, unknown> {
  const root = process.getuid?.() === 0;
  return {
    data: resolve("landline-data"),
    "key-file": root ? "/etc/landline/landline.key" : join(homedir(), ".config", "landline", "landline.key"),
    http: "0.0.0.0:8080",
    https: null,
    "https-cert": null,
    "https-key": null,
    "public-url": null,
    "trusted-proxies": [],
    sip: "0.0.0.0:5060",
    "sip-tls": null,
    "trunk-ca": null,
    "sip-digest": [...algorithms],
    "rtp-ports": "20000-29999",
    "media-ports": ["19000"],
    "media-tcp-ports": ["19000"],
    "public-address": [],
    turn: [],
    "turn-secret": null,
    "turn-user": null,
    "turn-password": null,
    database: null,
    "postgres-bin": null,
    metrics: "127.0.0.1:9464",
    workers: 1,
    "log-level": "info",
    "test-peers": [],
    "bootstrap-email": null,
    "bootstrap-password": null,
    "bootstrap-client-id": null,
    "bootstrap-client-secret": null,
    trial: false,
    demo: false,
  };
}

export type Arguments = {
  readonly positional: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | readonly string[]>>;
};

/** Splits `--key value`, `--key=value` and bare words; `known` are flags that the subcommand has besides the configuration. @throws ConfigError */
export function parseArguments(argv: readonly string[], known: Readonly<Record<string, "flag" | "value">>): Arguments {
  const positional: string[] = [];
  const flags: Record<string, string | boolean | readonly string[]> = {};
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith("--")) {
      positional.push(word);
      continue;
    }
    const [name, inline] = splitOnce(word.slice(2));
    const kind =
      (Object.hasOwn(known, name) ? known[name] : undefined) ?? (isKey(name) ? (switches.has(name) ? "flag" : "value") : undefined);
    if (kind === undefined)
      throw new ConfigError(`unknown option --${name}${hint(name, [...Object.keys(known), ...Object.keys(shape)], "--")}`);
    if (kind === "flag") {
      flags[name] = inline ?? true;
      continue;
    }
    const value = inline ?? argv[++i];
    if (value === undefined) throw new ConfigError(`--${name} needs a value`);
    const before = flags[name];
    flags[name] = repeatable.has(name) ? [...(Array.isArray(before) ? before : []), ...value.split(",")] : value;
  }
  return { positional, flags };
}

/** Merges all sources. `configFile` null: none. @throws ConfigError naming source, key and mend */
export function loadConfig(
  flags: Arguments["flags"],
  environment: Readonly<Record<string, string | undefined>>,
  configFile: string | null,
): Config {
  const given: Record<string, unknown> = { ...fromFile(configFile), ...fromEnvironment(environment), ...onlyConfig(flags) };
  const start = { ...defaults(), ...given };
  const merged: Record<string, unknown> = { ...start, ...fromSetup(String(start.data)), ...given };
  // The same numbers, unless there are others: firewalls are told of one port.
  if (!("media-tcp-ports" in given)) merged["media-tcp-ports"] = merged["media-ports"];
  const parsed = schema.safeParse(merged);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ConfigError(`${String(issue.path[0])}: ${issue.message}`);
  }
  const config: Config = { ...parsed.data, given: Object.keys(given) };
  if (resolve(config["key-file"]).startsWith(`${resolve(config.data)}/`)) {
    throw new ConfigError("key-file: must not lie inside --data, or whoever copies the data has the key too");
  }
  for (const key of ["media-ports", "media-tcp-ports"] as const) {
    const { workers, [key]: ports } = config;
    if (ports !== null && ports.length < workers) throw new ConfigError(`${key}: ${workers} workers need ${workers} ports, one each`);
  }
  checkTurn(config);
  if ((config["https-cert"] === null) !== (config["https-key"] === null)) throw new ConfigError("https-cert and https-key go together");
  return config;
}

/** @throws ConfigError when relays and what proves somebody to them do not fit each other */
function checkTurn(config: Config): void {
  const { turn, "turn-secret": secret, "turn-user": user, "turn-password": password } = config;
  if ((user === null) !== (password === null)) throw new ConfigError("turn-user and turn-password go together");
  if (secret !== null && user !== null) throw new ConfigError("turn-secret: either that, or turn-user and turn-password");
  if (turn.length > 0 && secret === null && user === null)
    throw new ConfigError("turn: give turn-secret with it, or turn-user and turn-password");
  if (turn.length === 0 && (secret !== null || user !== null)) throw new ConfigError("turn: name the servers that the secret is for");
}

/** The relays that browsers may use; null: there are none. */
export function turnOf(config: Config): TurnSettings | null {
  const { turn: urls, "turn-secret": secret, "turn-user": username, "turn-password": password } = config;
  if (urls.length === 0) return null;
  return secret === null
    ? { urls, proof: { kind: "account", username: username!, password: password! } }
    : { urls, proof: { kind: "secret", secret } };
}

/** For printing: secrets are left out. */
export function redacted(config: Config): Record<string, unknown> {
  const { given: _given, ...values } = config;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secret.has(key) && value !== null ? "(set)" : value]));
}

function fromFile(path: string | null): Record<string, unknown> {
  if (path === null) return {};
  if (!existsSync(path)) throw new ConfigError(`${path}: there is no such file`);
  return knownKeys(path, () => parseToml(readFileSync(path, "utf8")));
}

// What the set-up wrote. A folder that cannot be read says so when it is opened.
function fromSetup(data: string): Record<string, unknown> {
  return knownKeys(keptPath(data), () => readKept(data));
}

function knownKeys(path: string, read: () => Record<string, unknown>): Record<string, unknown> {
  try {
    const table = read();
    for (const key of Object.keys(table))
      if (!isKey(key)) throw new ConfigError(`${path}: unknown key ${key}${hint(key, Object.keys(shape), "")}`);
    return table;
  } catch (error) {
    if (error instanceof TomlError) throw new ConfigError(`${path}, line ${error.line}: ${error.message.split("\n")[0]}`);
    throw error;
  }
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("LANDLINE_") || value === undefined) continue;
    const asFile = name.endsWith("_FILE") && !isKey(keyOf(name));
    const key = keyOf(asFile ? name.slice(0, -"_FILE".length) : name);
    if (!isKey(key))
      throw new ConfigError(
        `unknown environment variable ${name}${hint(key, Object.keys(shape), "", (near) => `LANDLINE_${near.toUpperCase().replaceAll("-", "_")}`)}`,
      );
    if (asFile && !secret.has(key)) throw new ConfigError(`${name}: only secrets can be given as a file (${[...secret].join(", ")})`);
    values[key] = asFile ? readSecret(name, value) : value === "" ? null : value;
  }
  return values;
}

function readSecret(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch {
    throw new ConfigError(`${name}: ${path} cannot be read`);
  }
}

function keyOf(name: string): string {
  return name.slice("LANDLINE_".length).toLowerCase().replaceAll("_", "-");
}

function onlyConfig(flags: Arguments["flags"]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([name]) => isKey(name))
      .map(([name, value]) => [name, value === "" ? null : value]),
  );
}

function isKey(name: string): boolean {
  return Object.hasOwn(shape, name);
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** ` (did you mean …?)`, or nothing when no known name is near. */
export function hint(
  name: string,
  known: readonly string[],
  prefix: string,
  shown: (near: string) => string = (near) => prefix + near,
): string {
  const [nearest] = [...known].sort((a, b) => distance(name, a) - distance(name, b));
  return nearest !== undefined && distance(name, nearest) <= 3 ? ` (did you mean ${shown(nearest)}?)` : "";
}

// Levenshtein, row by row.
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
