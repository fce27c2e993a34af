// Builds dist/landline: the page's script and style, the database server and the sounds, all inside one executable. `--target linux-arm64`: for that.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Arch, foreignBun, foreignPostgres } from "./foreign.ts";
import { buildPostgresAsset } from "./postgres-asset.ts";

const root = join(import.meta.dir, "..");
const assets = join(import.meta.dir, "assets");
const started = performance.now();
const arch = targetOf(process.argv.slice(2));
const isForeign = arch !== process.arch;
/** What another processor's build makes stands beside ours, so that neither is stale for the other. */
const suffix = isForeign ? `-${arch}` : "";

mkdirSync(assets, { recursive: true });
mkdirSync(join(root, "dist"), { recursive: true });
const files = new Map<string, Uint8Array>([
  ["landline.js", await buildScript()],
  ["landline.css", buildStyle()],
  ["icons.svg", readFileSync(join(root, "web/ui/icons.svg"))],
  ["mark.svg", readFileSync(join(root, "web/ui/mark.svg"))],
  ...filesOf("web/ui/fonts", ".woff2", "fonts/"),
  ...filesOf("storage/prompts", ".wav", "sounds/"),
]);
writeBundle(files);
const postgres = buildPostgresAsset(join(assets, `postgres${suffix}.tar.zst`), isForeign ? await foreignPostgres(arch) : undefined);
await compile();
console.log(
  `dist/landline${suffix} built in ${((performance.now() - started) / 1_000).toFixed(1)} s; database server ${(postgres.sizeBytes / 1e6).toFixed(1)} MB`,
);

function targetOf(words: readonly string[]): Arch {
  const given = words[0] === "--target" ? words[1] : (words[0]?.replace("--target=", "") ?? `linux-${process.arch}`);
  if (given === "linux-x64" || given === "linux-arm64") return given.slice("linux-".length) as Arch;
  console.error(`build: --target is linux-x64 or linux-arm64, not ${given ?? "nothing"}`);
  process.exit(2);
}

async function buildScript(): Promise<Uint8Array> {
  const built = await Bun.build({ entrypoints: [join(root, "web/client/boot.ts")], target: "browser", minify: true });
  if (!built.success) fail(built.logs);
  return new Uint8Array(await built.outputs[0]!.arrayBuffer());
}

// Layers first, so that the order of the files does not matter to what wins.
function buildStyle(): Uint8Array {
  const folder = join(root, "web/ui/css");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".css"))
    .sort();
  return new TextEncoder().encode(names.map((name) => readFileSync(join(folder, name), "utf8")).join("\n"));
}

function filesOf(folder: string, ending: string, prefix: string): [string, Uint8Array][] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => [`${prefix}${name}`, readFileSync(join(root, folder, name))]);
}

/** One file with everything in it behind a table of contents: an executable embeds one file more easily than seventy. */
function writeBundle(entries: ReadonlyMap<string, Uint8Array>): void {
  let at = 0;
  const places = [...entries].map(([path, bytes]) => {
    const place = { path, at, size: bytes.length };
    at += bytes.length;
    return place;
  });
  const table = Buffer.from(JSON.stringify(places));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(table.length);
  writeFileSync(join(assets, "landline.bundle"), Buffer.concat([length, table, ...entries.values()]));
}

/** The code names one database server: here it is the other processor's. */
function foreignAsset(): Bun.BunPlugin {
  return {
    name: "foreign database server",
    setup: (build) => {
      build.onResolve({ filter: /\/postgres\.tar\.zst$/ }, () => ({ path: join(assets, `postgres${suffix}.tar.zst`) }));
    },
  };
}

// No .env and no bunfig.toml of the folder it is started in may change what it does; real clients send 20 kB of URL.
async function compile(): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(root, "cmd/main.ts"), join(root, "cmd/media-worker.ts")],
    target: "bun",
    minify: true,
    bytecode: true,
    format: "esm",
    ...(isForeign ? { plugins: [foreignAsset()] } : {}),
    compile: {
      outfile: join(root, `dist/landline${suffix}`),
      ...(isForeign ? { target: `bun-linux-${arch}`, executablePath: await foreignBun(arch) } : {}),
      autoloadDotenv: false,
      autoloadBunfig: false,
      execArgv: ["--max-http-header-size=65536"],
    },
  });
  if (!built.success) fail(built.logs);
}

function fail(logs: readonly unknown[]): never {
  for (const log of logs) console.error(String(log));
  process.exit(1);
}
