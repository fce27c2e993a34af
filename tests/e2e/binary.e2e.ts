// The binary as a file: what it needs of the host, that nothing around it changes it, and that it says what is wrong when called wrongly.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processesIn } from "../../storage/postgres/embedded.ts";
import { binary, Landline } from "../support/landline.ts";
import { processTree } from "../support/processes.ts";
import { eventually, expect, program, step } from "../support/steps.ts";

/** What README says that the host must have, by its own words: libraries without their versions. */
const readme = readFileSync(join(import.meta.dir, "../../README.md"), "utf8").replaceAll("\n", " ");
const librariesIn = (sentence: string): string[] => [...sentence.matchAll(/`(lib[\w+]+)(?:\.so[.\d]*)?`/g)].map(([, name]) => name!);
const ofTheBinary = librariesIn(/with glibc \(`ldd`: ([^)]*)\)/.exec(readme)?.[1] ?? "");
const ofTheDatabase = [...ofTheBinary, ...librariesIn(/The database server inside needs (.*?); without them/.exec(readme)?.[1] ?? "")];
/** The kernel's and the loader's own. */
const always = /^(linux-vdso|ld-linux-x86-64)\.so/;
const landline = new Landline(["--sip", "127.0.0.1:15063", "--media-ports", "19063", "--metrics", "127.0.0.1:9463"]);

function run(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): { readonly code: number; readonly text: string } {
  const done = Bun.spawnSync([binary, ...words], {
    cwd: options.cwd ?? "/",
    env: { PATH: process.env.PATH ?? "", HOME: landline.folder, ...options.env },
  });
  return { code: done.exitCode, text: `${done.stdout}${done.stderr}` };
}

/** Every ELF file below a folder. */
function elves(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1")));
}

/** What an ELF file needs besides what lies in `own`, sorted; every one of them is there. */
function librariesOf(path: string, own: string): string[] {
  const env = { LD_LIBRARY_PATH: join(path, "../../lib"), PATH: process.env.PATH ?? "" };
  const done = Bun.spawnSync(["ldd", path], { env });
  const out = done.stdout.toString();
  expect(done.exitCode === 0 && out.trim() !== "" && !out.includes("not found"), `ldd ${path}: ${done.exitCode} ${out}${done.stderr}`);
  const found = out.matchAll(/^\s*(?:\S*\/)?(\S+?\.so\S*)(?: => (\S+))? \(0x/gm);
  return [...found]
    .filter(([, name, where]) => !always.test(name!) && (own === "" || where?.startsWith(own) !== true))
    .map(([, name]) => name!.replace(/\.so.*$/, ""))
    .sort();
}

await program(
  async () => {
    await step("help, version and OpenAPI are printed; wrong calls end with 2 and name the nearest", async () => {
      const help = run(["--help"]);
      expect(help.code === 0 && /serve[\s\S]*verify[\s\S]*doctor/.test(help.text), help.text);
      expect(run(["version", "--json"]).text.includes('"version"'), "version as JSON");
      expect((JSON.parse(run(["openapi"]).text) as { openapi: string }).openapi === "3.1.0", "an OpenAPI document");
      const cases: readonly (readonly [readonly string[], Record<string, string>, RegExp])[] = [
        [["sreve"], {}, /unknown subcommand sreve/],
        [["serve", "--htp", "1"], {}, /did you mean --http/],
        [["serve"], { LANDLINE_HTPP: "1" }, /did you mean LANDLINE_HTTP/],
        [["serve", "--http", "nonsense"], {}, /http: host:port/],
        [["serve", "--data", "/tmp/a", "--key-file", "/tmp/a/key"], {}, /key-file: must not lie inside --data/],
        [["serve", "--workers", "2"], {}, /media-ports: 2 workers need 2 ports/],
      ];
      for (const [words, env, message] of cases) {
        const { code, text } = run(words, { env });
        expect(code === 2 && message.test(text), `${words.join(" ")}: ${code} ${text}`);
      }
    });

    await step("a TOML file is read, an unknown key in it is an error, secrets come from files, flags win", async () => {
      const folder = mkdtempSync(join(tmpdir(), "landline-config-"));
      const toml = join(folder, "landline.toml");
      writeFileSync(toml, 'http = "127.0.0.1:1"\ndatabse = "x"\n');
      const wrong = run(["healthcheck", "--config", toml]);
      expect(wrong.code === 2 && /unknown key databse \(did you mean database\?\)/.test(wrong.text), wrong.text);
      writeFileSync(toml, 'http = "127.0.0.1:1"\n');
      expect(/port 1$/m.test(run(["healthcheck", "--config", toml]).text), "the file's port");
      expect(
        /port 2$/m.test(run(["healthcheck", "--config", toml], { env: { LANDLINE_HTTP: "127.0.0.1:2" } }).text),
        "the environment's port",
      );
      expect(
        /port 3$/m.test(run(["healthcheck", "--config", toml, "--http", "127.0.0.1:3"], { env: { LANDLINE_HTTP: "127.0.0.1:2" } }).text),
        "the flag's port",
      );
      const missing = run(["healthcheck"], { env: { LANDLINE_BOOTSTRAP_PASSWORD_FILE: join(folder, "nothing") } });
      expect(missing.code === 2 && /cannot be read/.test(missing.text), missing.text);
    });

    await step(".env and bunfig.toml of the folder change nothing", async () => {
      const folder = join(landline.folder, "trap");
      mkdirSync(folder);
      writeFileSync(join(folder, "trap.ts"), 'console.log("TRAPPED");');
      writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
      writeFileSync(join(folder, ".env"), "LANDLINE_NONSENSE=1\n");
      const { code, text } = run(["version"], { cwd: folder });
      expect(code === 0 && !text.includes("TRAPPED"), text);
    });

    await step("asked to stop while it starts for the first time, it ends in order and leaves no process behind", async () => {
      landline.launch();
      await eventually(
        "initdb runs",
        () => processTree(landline.pid).some(({ command }) => /initdb|--boot|--single/.test(command)),
        30_000,
      );
      const tree = processTree(landline.pid);
      await landline.stop();
      await eventually("all of them are gone", () => tree.every(({ pid }) => !existsSync(`/proc/${pid}`)));
      expect(processesIn(join(landline.data, "postgres/data")).length === 0, "a database server was left behind");
    });

    await step("it starts, is healthy, and every ELF file it ships needs only what README says", async () => {
      await landline.start();
      expect(landline.run(["healthcheck"]).code === 0, "healthcheck");
      expect(landline.run(["doctor"]).out.includes("commits a second"), "doctor measures the disk");
      const needed = librariesOf(binary, "");
      expect(
        ofTheBinary.length >= 4 && needed.join(" ") === [...ofTheBinary].sort().join(" "),
        `the binary needs ${needed.join(", ")}, README says ${ofTheBinary.join(", ")}`,
      );
      const server = elves(join(landline.data, "postgres"));
      const addon = elves(join(landline.data, "lib"));
      expect(server.length > 10 && addon.length === 1, `${server.length} files of the database server, ${addon.length} of Argon2`);
      const used = new Set<string>();
      for (const path of [...server, ...addon]) {
        const all = librariesOf(path, join(landline.data, "postgres"));
        const foreign = all.filter((name) => !ofTheDatabase.includes(name));
        expect(foreign.length === 0, `${path} needs ${foreign.join(", ")}, which README does not name`);
        for (const name of all) used.add(name);
      }
      const idle = ofTheDatabase.filter((name) => !used.has(name));
      expect(idle.length === 0, `README names ${idle.join(", ")}, which nothing needs`);
    });

    await step("a second process on the same data is refused with a sentence", async () => {
      const second = run(["serve", ...landline.options.map((word) => word.replace("127.0.0.1:8080", "127.0.0.1:8081"))]);
      expect(second.code === 1 && /in use by another Landline process/.test(second.text), second.text);
    });
  },
  () => landline.stop(),
);
