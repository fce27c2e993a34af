// A Debian root file system with what the binary needs of a host and no more; unpacked from Debian's packages, not configured, once per processor.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Arch } from "./foreign.ts";

const cache = join(import.meta.dir, "../node_modules/.cache/landline");

/** glibc, libstdc++ for the database server and the argon2 addon, and the shell that initdb calls. */
const packages = ["base-files", "libc6", "libstdc++6", "libgcc-s1", "dash"];
const debianArch = { x64: "amd64", arm64: "arm64" } as const;

/** What is kept of what the packages bring: no package manager, no caches, nothing of the machine that built it. */
const kept = [
  ...["bin/dash", "bin/sh", "lib", "lib64", "etc/debian_version", "etc/host.conf", "etc/os-release", "etc/ld.so.conf.d"],
  ...["usr/lib/os-release", "usr/share/common-licenses", "usr/share/doc", "var/lib/dpkg/status"],
];

/** A folder to be taken as it is. @throws Error when there is no mmdebstrap, or it cannot fetch */
export function debianRoot(arch: Arch): string {
  const folder = join(cache, `debian-bookworm-${arch}`);
  if (existsSync(folder)) return folder;
  const [whole, half] = [`${folder}.${process.pid}.whole`, `${folder}.${process.pid}`];
  mkdirSync(cache, { recursive: true });
  try {
    const words = [`--arch=${debianArch[arch]}`, "--variant=extract", `--include=${packages.join(",")}`, "--quiet", "bookworm", whole];
    const done = Bun.spawnSync(["mmdebstrap", ...words]);
    if (done.exitCode !== 0) throw new Error(`mmdebstrap: ${done.stderr.toString().trim().split("\n").slice(-3).join(" ")}`);
    keep(whole, half, arch);
    renameSync(half, folder);
    return folder;
  } finally {
    for (const path of [whole, half]) rmSync(path, { recursive: true, force: true });
  }
}

function keep(whole: string, half: string, arch: Arch): void {
  const libraries = `usr/lib/${arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`;
  const gcc = readdirSync(join(whole, libraries)).filter((name) => /^lib(stdc\+\+|gcc_s)\.so/.test(name));
  for (const path of [...kept, ...gcc.map((name) => `${libraries}/${name}`)]) {
    if (!existsSync(join(whole, path))) continue;
    mkdirSync(dirname(join(half, path)), { recursive: true });
    // Of the documentation only the licences: they must go with what they are of.
    const filter = (from: string): boolean => path !== "usr/share/doc" || statSync(from).isDirectory() || from.endsWith("/copyright");
    cpSync(join(whole, path), join(half, path), { recursive: true, verbatimSymlinks: true, filter });
  }
}
