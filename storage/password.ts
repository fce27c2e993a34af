// Passwords as Argon2id strings, computed off the main thread by the addon of npm's argon2; by Bun's own Argon2id where that cannot be loaded.
import { createHash, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PasswordHasher } from "../core/app.ts";
import type { Env } from "../core/env/env.ts";
import { Unavailable } from "../core/lib/errors.ts";
import { passwordHashesAtOnce, passwordHashesWaitingMax } from "../core/lib/limits.ts";
import { embedAddons } from "./password.macro.ts" with { type: "macro" };

const addons = embedAddons();

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane; about 32 ms here. */
const cost = { m: 19_456, t: 2, p: 1 } as const;
const version = 19;
const argon2id = 2;
/** What a stored string may ask of us: one that was put there to exhaust the memory is refused. */
const costMax = { m: 262_144, t: 16, p: 8 } as const;

type Cost = { readonly m: number; readonly t: number; readonly p: number };
type RawHash = (password: string, salt: Uint8Array, cost: Cost, hashBytes: number) => Promise<Uint8Array>;
type Addon = {
  hash(
    input: Cost & Record<"password" | "salt" | "secret" | "data", Buffer> & Record<"hashLength" | "version" | "type", number>,
  ): Promise<Buffer>;
};

/**
 * The hasher. The addon is copied to `folder` (inside the data directory) and loaded from there: TMPDIR may be noexec. Where it cannot be
 * loaded (no libstdc++, noexec data), Bun's implementation takes over: the strings are the same.
 */
export async function loadPasswordHasher(env: Env, folder: string): Promise<PasswordHasher> {
  try {
    const addon = loadAddon(await unpackAddon(folder));
    return gated(
      argon2Hasher(env, (password, salt, { m, t, p }, hashLength) =>
        addon.hash({
          ...{ m, t, p, hashLength, version, type: argon2id },
          ...{ password: Buffer.from(password, "utf8"), salt: Buffer.from(salt), secret: Buffer.alloc(0), data: Buffer.alloc(0) },
        }),
      ),
    );
  } catch (error) {
    env.log.warn("the argon2 addon cannot be loaded; the built-in implementation is used", { reason: String(error) });
    return gated(bunHasher);
  }
}

/** Exported for tests: Bun's Argon2id with the same cost and the same strings. */
export const bunHasher: PasswordHasher = {
  hash: (password) => Bun.password.hash(password, { algorithm: "argon2id", memoryCost: cost.m, timeCost: cost.t }),
  verify: async (hash, password) => parsePhc(hash) !== null && Bun.password.verify(password, hash, "argon2id"),
};

function argon2Hasher(env: Env, rawHash: RawHash): PasswordHasher {
  return {
    async hash(password) {
      const salt = env.random.bytes(16);
      return formatPhc(salt, await rawHash(password, salt, cost, 32));
    },
    async verify(hash, password) {
      const stored = parsePhc(hash);
      if (stored === null) return false;
      const computed = await rawHash(password, stored.salt, stored.cost, stored.hash.length);
      return timingSafeEqual(computed, stored.hash);
    },
  };
}

/** PHC string with parameters in the order m, t, p: the one that every implementation reads. */
function formatPhc(salt: Uint8Array, hash: Uint8Array): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replaceAll("=", "");
  return `$argon2id$v=${version}$m=${cost.m},t=${cost.t},p=${cost.p}$${base64(salt)}$${base64(hash)}`;
}

/** Null: not an Argon2id string, or one that asks for more than we give. */
function parsePhc(text: string): { readonly cost: Cost; readonly salt: Buffer; readonly hash: Buffer } | null {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/.exec(text);
  if (match === null) return null;
  const [m, t, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (p < 1 || t < 1 || m < 8 * p || m > costMax.m || t > costMax.t || p > costMax.p) return null;
  return { cost: { m, t, p }, salt: Buffer.from(match[4]!, "base64"), hash: Buffer.from(match[5]!, "base64") };
}

// 19 MiB and a busy core each: a few at once, some waiting, and a plain answer to the rest.
function gated(inner: PasswordHasher): PasswordHasher {
  let running = 0;
  const waiting: (() => void)[] = [];
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= passwordHashesAtOnce) {
      if (waiting.length >= passwordHashesWaitingMax)
        throw new Unavailable("Too many people sign in at once. Try again in a moment.", 2_000);
      await new Promise<void>((turn) => waiting.push(turn));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, so nobody can slip in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return {
    hash: (password) => inTurn(() => inner.hash(password)),
    verify: (hash, password) => inTurn(() => inner.verify(hash, password)),
  };
}

// Named by its content: an upgrade brings its own, and a changed copy is never loaded under an old name.
async function unpackAddon(folder: string): Promise<string> {
  const bytes = Buffer.from(process.arch === "arm64" ? addons.arm64 : addons.x64, "base64");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, `argon2-${sha256.slice(0, 16)}.node`);
  const intact =
    existsSync(path) &&
    createHash("sha256")
      .update(await Bun.file(path).bytes())
      .digest("hex") === sha256;
  if (!intact) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.${process.pid}`, bytes, { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
}

function loadAddon(path: string): Addon {
  const module: { exports: Partial<Addon> } = { exports: {} };
  process.dlopen(module, path);
  if (typeof module.exports.hash !== "function") throw new Error(`${path} is not the argon2 addon`);
  return module.exports as Addon;
}
