// Makes dist/landline-image.tar, a docker archive, from deploy/Dockerfile on a root of Debian's packages: buildah alone, no engine, no registry.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { debianRoot } from "./debian-root.ts";
import type { Arch } from "./foreign.ts";

const root = join(import.meta.dir, "..");
const started = performance.now();
const user = { id: 10_001, name: "landline" };
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

const [given = `linux-${process.arch}`] = process.argv.slice(2).filter((word) => word !== "--target");
if (given !== "linux-x64" && given !== "linux-arm64") fail(`--target is linux-x64 or linux-arm64, not ${given}`);
if (process.getuid?.() !== 0) fail("run it as root: the files in the image belong to several users");
install(["buildah", "mmdebstrap"]);
const arch = given.slice("linux-".length) as Arch;
const suffix = arch === process.arch ? "" : `-${arch}`;
const binary = join(root, `dist/landline${suffix}`);
if (!existsSync(binary)) fail(`${binary} is not there: npm run build${suffix === "" ? "" : ` -- --target ${given}`}`);

const work = mkdtempSync(join(root, "dist/image-"));
try {
  const context = join(work, "context");
  const out = join(root, `dist/landline-image${suffix}.tar`);
  prepareContext(context);
  buildah(["build", "--tag", "localhost/landline-root", "--file", join(context, "root.Dockerfile"), context]);
  // Docker's form: the OCI's has no HEALTHCHECK.
  const named = ["--build-arg", "ROOT=localhost/landline-root", "--build-arg", "BINARY=landline", "--build-arg", `VERSION=${version}`];
  buildah(["build", ...named, "--tag", `landline:${version}`, "--file", join(context, "Dockerfile"), context]);
  // Into a file that is not there: buildah does not write over an archive.
  buildah(["push", "--quiet", `landline:${version}`, `docker-archive:${join(work, "image.tar")}:landline:${version}`]);
  renameSync(join(work, "image.tar"), out);
  console.log(
    `${relative(root, out)} built in ${((performance.now() - started) / 1_000).toFixed(1)} s, ${(statSync(out).size / 1e6).toFixed(1)} MB`,
  );
} catch (error) {
  console.error(`image: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** What the two builds copy: the root file system with its users and volumes, and the binary. */
function prepareContext(context: string): void {
  const system = join(context, "root");
  cpSync(debianRoot(arch), system, { recursive: true, verbatimSymlinks: true });
  for (const path of ["dev", "proc", "sys", "run", "tmp", "root", "etc", "usr/local/bin"])
    mkdirSync(join(system, path), { recursive: true });
  chmodSync(join(system, "tmp"), 0o1777);
  chmodSync(join(system, "root"), 0o700);
  // The database server looks its user's name up.
  const { id, name } = user;
  writeFileSync(join(system, "etc/passwd"), `root:x:0:0:root:/root:/usr/sbin/nologin\n${name}:x:${id}:${id}::/data:/usr/sbin/nologin\n`);
  writeFileSync(join(system, "etc/group"), `root:x:0:\n${name}:x:${id}:\n`);
  writeFileSync(join(system, "etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
  for (const path of ["data", "keys"]) {
    mkdirSync(join(system, path), { mode: 0o700 });
    chownSync(join(system, path), id, id);
  }
  copyFileSync(binary, join(context, "landline"));
  // ADD of a folder would give everything to root.
  run("tar", ["--create", "--numeric-owner", "--sort=name", "--directory", system, "--file", join(context, "root.tar"), "."]);
  rmSync(system, { recursive: true });
  writeFileSync(join(context, "root.Dockerfile"), "FROM scratch\nADD root.tar /\n");
  // The one instruction that runs something makes what is there already; it could not run for another processor.
  writeFileSync(join(context, "Dockerfile"), readFileSync(join(import.meta.dir, "Dockerfile"), "utf8").replace(/^RUN (.*\\\n)*.*\n/m, ""));
}

/** Everything it keeps lies in the working folder: the machine's own images are not touched. */
function buildah(words: readonly string[]): void {
  const [verb, ...rest] = words;
  const policy = join(work, "policy.json");
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  const place = ["--root", join(work, "storage"), "--runroot", join(work, "run"), "--storage-driver", "vfs"];
  const building = ["--isolation", "chroot", "--format", "docker", "--pull=never", "--arch", arch === "x64" ? "amd64" : "arm64", "--quiet"];
  run("buildah", [...place, verb!, "--signature-policy", policy, ...(verb === "build" ? building : ["--format", "v2s2"]), ...rest]);
}

function run(program: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  // Layers are packed in /var/tmp otherwise.
  const done = Bun.spawnSync([program, ...words], { env: { ...process.env, TMPDIR: work, STORAGE_OPTS: "", ...env } });
  if (done.exitCode !== 0)
    throw new Error(`${program} ${words.join(" ")}: ${done.stderr.toString().trim().split("\n").slice(-5).join("\n")}`);
}

/** Of Debian's packages, as tests/run.ts does. */
function install(programs: readonly string[]): void {
  const missing = programs.filter((name) => !existsSync(`/usr/bin/${name}`));
  if (missing.length === 0) return;
  console.log(`installing ${missing.join(" ")}`);
  const quiet = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  for (const words of [
    ["update", "-q"],
    ["install", "-y", "-q", "--no-install-recommends", ...missing],
  ]) {
    const done = Bun.spawnSync(["apt-get", ...words], { env: { ...process.env, ...quiet } });
    if (done.exitCode !== 0) fail(`apt-get ${words.join(" ")}: ${done.stderr.toString().trim()}`);
  }
}

function fail(message: string): never {
  console.error(`image: ${message}`);
  process.exit(1);
}
