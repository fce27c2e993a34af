// What `npm start` does: installs by the lock file, builds when the sources are newer, and runs the trial centre.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "..");
const binary = join(root, "dist/landline");

run(["install", "--frozen-lockfile"]);
if (!existsSync(binary) || newestSource(root) > statSync(binary).mtimeMs) run(["deploy/build.ts"]);
const home = trialHome();
mkdirSync(home, { recursive: true, mode: 0o755 });
const words = process.argv.slice(2);
const trial = ["serve", "--trial", "--data", join(home, "landline-data"), "--key-file", join(home, "landline-keys", "landline.key")];
// Options alone are the trial's; a subcommand is run as it stands.
const arguments_ = words[0]?.startsWith("--") === false ? words : [...trial, ...words];
const child = spawn(binary, arguments_, { stdio: "inherit", cwd: root });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));

// Started by root the database server runs as another user, who cannot enter a folder below /root.
function trialHome(): string {
  if (process.getuid?.() !== 0) return root;
  for (let folder = root; folder !== "/"; folder = dirname(folder))
    if ((statSync(folder).mode & 0o001) === 0) return "/var/lib/landline-trial";
  return root;
}

function run(words: readonly string[]): void {
  const done = Bun.spawnSync([process.execPath, ...words], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (done.exitCode !== 0) process.exit(done.exitCode);
}

function newestSource(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (/^(\.|node_modules|dist|landline-|assets)/.test(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestSource(path) : statSync(path).mtimeMs);
  }
  return newest;
}
