// What the set-up keeps for the next start: kept.toml in the data folder, read between the defaults and everything else.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parse as parseToml, stringify } from "smol-toml";
import type { Env } from "../core/env/env.ts";
import { assert } from "../core/lib/machine.ts";
import { kitBytesOf } from "../core/setup/kit.ts";
import type { NodeSettings } from "../core/setup/node-settings.ts";
import type { AddressInput } from "../core/setup/setup.ts";
import { sealKeyFile } from "../storage/vault/recovery.ts";
import { ownAddresses } from "./addresses.ts";
import type { Config } from "./config.ts";

const keptKeys = ["https", "https-cert", "https-key", "public-url", "trusted-proxies"] as const;
type Kept = Partial<Record<(typeof keptKeys)[number], unknown>>;

export function keptPath(data: string): string {
  return join(data, "kept.toml");
}

/** Everything that stands in it; `{}` without the file. @throws TomlError */
export function readKept(data: string): Record<string, unknown> {
  const path = keptPath(data);
  return existsSync(path) ? parseToml(readFileSync(path, "utf8")) : {};
}

/** The machine's side of the set-up, beside a running node or alone. */
export function nodeSettings(env: Env, config: Config): NodeSettings {
  return {
    addresses: () => ({
      http: config.http,
      https: config.https,
      sip: config.sip,
      mediaPorts: config["media-ports"].slice(0, config.workers).map(String),
      mediaTcpPorts: (config["media-tcp-ports"] ?? []).slice(0, config.workers).map(String),
      rtpPorts: config["rtp-ports"].join("–"),
      publicUrl: config["public-url"],
      trustedProxies: config["trusted-proxies"],
      media: ownAddresses(config),
    }),
    given: () => config.given,
    needsRestart: () => {
      const kept = readKept(config.data) as Kept;
      const runs = (key: keyof Kept): unknown => config[key] ?? null;
      return keptKeys.some((key) => {
        if (config.given.includes(key)) return false;
        return JSON.stringify(kept[key] ?? (key === "trusted-proxies" ? [] : null)) !== JSON.stringify(runs(key));
      });
    },
    keepAddress: async (input) => writeSafely(keptPath(config.data), textOf(config.data, input)),
    sealKeyFile: async (kit) => {
      const bytes = kitBytesOf(kit);
      assert(bytes !== null, "a kit of our own is one");
      sealKeyFile(env, config.data, config["key-file"], bytes);
    },
  };
}

/** The certificate's files are written on the way: the text names them. */
function textOf(data: string, input: AddressInput): string {
  const kept: Kept = {};
  if (input.publicUrl !== null) kept["public-url"] = input.publicUrl;
  if (input.certificate === "self-made" || input.certificate === "upload") kept.https = `0.0.0.0:${input.httpsPort}`;
  if (input.certificate === "proxy") kept["trusted-proxies"] = input.trustedProxies;
  if (input.certificate === "upload") {
    const folder = join(data, "tls");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const paths = { "https-cert": join(folder, "uploaded.crt"), "https-key": join(folder, "uploaded.key") };
    writeSafely(paths["https-key"], `${input.privateKey}\n`);
    writeSafely(paths["https-cert"], `${input.chain}\n`);
    Object.assign(kept, paths);
  }
  return `# Written by the set-up. Options given at start, in the environment or in --config win over what stands here.\n${stringify(kept)}\n`;
}

// Whole or not at all: a half file would keep the node from starting.
function writeSafely(path: string, text: string): void {
  const fd = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}
