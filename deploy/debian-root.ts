// A Debian root file system with what the binary needs of a host and no more; unpacked from Debian's packages, not configured, once per processor.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Arch } from "./foreign.ts";

const cache = join(import.meta.dir, "../node_modules/.cache/landline");

/** glibc, libstdc++ for the database server and the argon2 addon, and the shell that initdb calls. */
const packages = ["base-files", "libc6", "libstdc++6", "libgcc-s1", "gcc-12-base", "dash"];
const debianArch = { x64: "amd64", arm64: "arm64" } as const;
const triplet = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** What is kept of what they and their dependencies bring: no package manager, no caches, nothing of the machine that built it. */
const kept = [
  ...["bin/dash", "bin/sh", "lib64", "lib/ld-linux-aarch64.so.1", "etc/debian_version", "etc/host.conf", "etc/os-release"],
  ...["etc/ld.so.conf.d", "usr/lib/os-release", "usr/share/common-licenses"],
  // Their licences go with them.
  ...packages.map((name) => `usr/share/doc/${name}/copyright`),
];
const libraries = /^(ld-linux|lib(c|m|mvec|dl|pthread|rt|resolv|util|anl|nss_\w+|stdc\+\+|gcc_s)\.so)/;

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
  const found = [`lib/${triplet[arch]}`, `usr/lib/${triplet[arch]}`].flatMap((folder) =>
    readdirSync(join(whole, folder))
      .filter((name) => libraries.test(name))
      .map((name) => `${folder}/${name}`),
  );
  for (const path of [...kept, ...found]) {
    if (lstatSync(join(whole, path), { throwIfNoEntry: false }) === undefined) continue;
    mkdirSync(dirname(join(half, path)), { recursive: true });
    cpSync(join(whole, path), join(half, path), { recursive: true, verbatimSymlinks: true });
  }
}
