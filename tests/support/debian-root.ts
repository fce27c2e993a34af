// A Debian root file system with a few packages in it, for another processor or for an image: unpacked, not configured, once per set.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dir, "../../node_modules/.cache/landline");

/** What the database server, the argon2 addon and Bun need of the host: glibc, libstdc++ and a shell for initdb. */
const packages = ["base-files", "libc6", "libstdc++6", "libgcc-s1", "dash"];

export function debianRoot(arch: "amd64" | "arm64"): string {
  const folder = join(cache, `debian-bookworm-${arch}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const half = `${folder}.${process.pid}`;
  const words = ["mmdebstrap", `--arch=${arch}`, "--variant=extract", `--include=${packages.join(",")}`, "--quiet", "bookworm", half];
  const done = Bun.spawnSync(words);
  if (done.exitCode !== 0) {
    rmSync(half, { recursive: true, force: true });
    throw new Error(`mmdebstrap: ${done.stderr.toString().trim().split("\n").slice(-3).join(" ")}`);
  }
  renameSync(half, folder);
  return folder;
}
