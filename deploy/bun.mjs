// Runs the pinned Bun with the given arguments; fetches it from the npm registry first. Needs only Node and npm.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const version = "1.4.5";
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, ".bun", version);

/** The package with Bun's executable for this machine. Processors without AVX2 cannot run Bun 1.4 on x64. */
function platformPackage() {
  const arch = { x64: "x64", arm64: "aarch64" }[process.arch];
  if (process.platform !== "linux" || !arch) {
    console.error(`landline: builds on linux x64 and arm64, this is ${process.platform} ${process.arch}`);
    process.exit(2);
  }
  return `@oven/bun-linux-${arch}`;
}

// Only the platform package is fetched: it is the executable itself, so no install script has to run.
function fetchBun(name) {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{"private":true}\n');
  const npm = spawnSync(
    "npm",
    ["install", "--prefix", home, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", `${name}@${version}`],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  if (npm.status !== 0) {
    console.error(`landline: npm could not fetch ${name}@${version}`);
    process.exit(2);
  }
}

const name = platformPackage();
const bun = join(home, "node_modules", name, "bin", "bun");
if (!existsSync(bun)) fetchBun(name);
if (!existsSync(bun)) {
  console.error(
    `landline: ${name}@${version} holds no bin/bun (${readFileSync(join(home, "package.json"), "utf8").length} bytes of manifest)`,
  );
  process.exit(2);
}
const env = { ...process.env, PATH: `${dirname(bun)}:${process.env.PATH ?? ""}` };
const child = spawn(bun, process.argv.slice(2), { stdio: "inherit", cwd: root, env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
