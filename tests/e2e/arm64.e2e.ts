// The binary for arm64, built here and run by an emulator: what is in it is of that processor, and it serves beside a database of the operator's.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianRoot } from "../../deploy/debian-root.ts";
import { Desk } from "../support/desk.ts";
import { binary, Landline, testCentre } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { startTestPostgres } from "../support/postgres.ts";
import { expect, hasFailed, leftOut, program, step } from "../support/steps.ts";

const emulator = "/usr/bin/qemu-aarch64-static";
const canRun = existsSync(emulator) && existsSync("/usr/bin/mmdebstrap");
const build = join(import.meta.dir, "../../deploy/build.ts");
// Both fetch what is not there yet, which the namespace keeps them from.
const emulatorRoot = canRun ? debianRoot("arm64") : "";
const built = run([process.execPath, build, "--target", "linux-arm64"]);
await insideNamespace();

/** ELF header, e_machine at byte 18 (System V ABI for AArch64 §4.1.1). */
const machineArm64 = 183;
const foreign = `${binary}-arm64`;
const folder = mkdtempSync(join(tmpdir(), "landline-arm64-"));
let landline: Landline | null = null;

function run(words: readonly string[]): { readonly code: number; readonly text: string } {
  const { LANDLINE_TEST_INSIDE: _inside, ...env } = process.env;
  const done = Bun.spawnSync([...words], { env });
  return { code: done.exitCode, text: `${done.stdout}${done.stderr}` };
}

const isArm64 = (path: string): boolean => {
  const head = readFileSync(path).subarray(0, 20);
  return head.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1")) && head.readUInt16LE(18) === machineArm64;
};

await program(
  async () => {
    await step(
      "it is built here, for that processor, with that processor's database server",
      async () => {
        expect(built.code === 0 && isArm64(foreign), built.text);
        const wrong = run([process.execPath, build, "--target", "linux-mips"]);
        expect(wrong.code === 2 && /linux-x64 or linux-arm64/.test(wrong.text), wrong.text);
        const asset = await Bun.file(join(build, "../assets/postgres-arm64.tar.zst")).bytes();
        await new Bun.Archive(await Bun.zstdDecompress(asset)).extract(folder);
        const programs = readdirSync(join(folder, "bin")).filter((name) => /^(postgres|initdb)$/.test(name));
        expect(programs.length === 2 && programs.every((name) => isArm64(join(folder, "bin", name))), `programs: ${programs.join()}`);
      },
      { must: true },
    );
    if (!canRun) return leftOut("what runs on it", "qemu-user-static or mmdebstrap is not installed");
    const emulated = [emulator, "-L", emulatorRoot];

    await step("version, help and the database server answer", async () => {
      const version = run([...emulated, foreign, "version"]);
      expect(version.code === 0 && version.text === run([binary, "version"]).text, version.text);
      const server = run([...emulated, "-E", `LD_LIBRARY_PATH=${join(folder, "lib")}`, join(folder, "bin/postgres"), "--version"]);
      expect(server.code === 0 && /PostgreSQL\) 18/.test(server.text), server.text);
    });

    await step("it serves: migrations, people with passwords by its own argon2, pages, and an orderly stop", async () => {
      const { server } = await startTestPostgres();
      await server.ensureDatabase("emulated");
      const { host, user, password } = server.target("emulated");
      const url = `postgres://${user}:${password}@localhost/emulated?host=${host}`;
      landline = new Landline(["--sip", `${ownAddress}:5060`, "--database", url], true, { program: [...emulated, foreign] });
      await landline.start();
      expect(!landline.log.includes("argon2 addon cannot be loaded"), "the argon2 addon is not of this processor");
      landline.apply(testCentre([ownAddress]));
      await Desk.signIn(landline.http, "gareth@example.org");
      const { entities } = await landline.api<{ entities: unknown[] }>("/api/v2/routing/queues");
      expect(entities.length === 2, `${entities.length} queues`);
      const verified = landline.run(["verify", "--rows"]);
      expect(verified.code === 0, `${verified.out}${verified.error}`);
      await landline.stop();
      expect(/fact=stopped|"?stopped/.test(landline.log), landline.log.split("\n").slice(-3).join(" "));
    });
  },
  async () => {
    await landline?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (!hasFailed()) landline?.discard();
  },
);
