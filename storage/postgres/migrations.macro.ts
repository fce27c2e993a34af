// Reads the migrations while the binary is built; Bun puts the result into the bundle as a literal.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Migration = { readonly number: number; readonly name: string; readonly sql: string; readonly sha256: string };

/** Every storage/migrations/NNNN_name.sql, in order. */
export function embedMigrations(): Migration[] {
  const folder = join(import.meta.dir, "../migrations");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name, index) => {
    const number = Number(name.slice(0, 4));
    if (!/^\d{4}_[a-z0-9-]+\.sql$/.test(name) || number !== index + 1) throw new Error(`${name}: migrations are numbered from 0001 on`);
    const sql = readFileSync(join(folder, name), "utf8");
    return { number, name: name.slice(0, -".sql".length), sql, sha256: createHash("sha256").update(sql).digest("hex") };
  });
}
