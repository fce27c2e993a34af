// The server's programs: unpacked once from the asset inside our binary, or the operator's own folder.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { flushPath } from "../files.ts";
import { DatabaseError } from "./external.ts";

/** The version inside the asset; a test compares it with what the server says. */
export const embeddedPostgresVersion = "18.4";

export type ProgramSource =
  /** `read` gives the zstd tar made by deploy/postgres-asset.ts. */
  { readonly kind: "asset"; readonly read: () => Promise<Uint8Array> } | { readonly kind: "system"; readonly folder: string };

export type Programs = { readonly bin: string; readonly libraries: string | null };

/** Unpacks when this version is not there yet; whole or not at all. @throws DatabaseError */
export async function preparePrograms(source: ProgramSource, folder: string): Promise<Programs> {
  if (source.kind === "system") {
    for (const program of ["initdb", "postgres"]) {
      if (!existsSync(join(source.folder, program))) throw new DatabaseError(`postgres-bin: there is no ${program} in ${source.folder}`);
    }
    return { bin: source.folder, libraries: null };
  }
  const asset = await source.read();
  const name = `${embeddedPostgresVersion}-${createHash("sha256").update(asset).digest("hex").slice(0, 16)}`;
  const home = join(folder, name);
  if (!existsSync(home)) {
    const half = `${home}.half`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { mode: 0o755 });
    await new Bun.Archive(await Bun.zstdDecompress(asset)).extract(half);
    flushTree(half);
    renameSync(half, home);
    flushPath(folder);
  }
  return { bin: join(home, "bin"), libraries: join(home, "lib") };
}

/** Removes what earlier versions unpacked; called once a newer one has started. */
export function removeOldPrograms(programs: Programs, folder: string): void {
  for (const name of readdirSync(folder)) {
    const home = join(folder, name);
    if (/^\d+\.\d+-[0-9a-f]{16}(\.half)?$/.test(name) && !programs.bin.startsWith(`${home}/`)) {
      rmSync(home, { recursive: true, force: true });
    }
  }
}

// Without this, a power cut after the rename could leave empty programs under a name that promises whole ones.
function flushTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) flushTree(path);
    else flushPath(path);
  }
  flushPath(folder);
}
