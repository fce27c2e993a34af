// Two commands on a machine that has Node and npm: a fresh clone, `npm start`, and a link that signs in.
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";

const folder = mkdtempSync(join(tmpdir(), "landline-start-"));
const clone = join(folder, "landline");
const tools = join(folder, "tools");
const http = "127.0.0.1:18089";
const options = ["--http", http, "--sip", "127.0.0.1:15089", "--media-ports", "19089", "--metrics", "127.0.0.1:19489"];
let pid: number | null = null;

const output = (): string => (existsSync(join(folder, "log")) ? readFileSync(join(folder, "log"), "utf8") : "");

await program(
  async () => {
    await step(
      "a fresh clone, with nothing on the path but Node, npm and a shell",
      async () => {
        const cloned = Bun.spawnSync(["git", "clone", "--quiet", "--no-hardlinks", join(import.meta.dir, "../.."), clone]);
        expect(cloned.exitCode === 0, cloned.stderr.toString());
        expect(!existsSync(join(clone, "node_modules")) && !existsSync(join(clone, ".bun")), "nothing is installed in it");
        Bun.spawnSync(["mkdir", tools]);
        for (const name of ["node", "npm", "sh", "env"]) {
          const place = Bun.which(name);
          expect(place !== null, `${name} is not on this machine`);
          symlinkSync(place, join(tools, name));
        }
      },
      { must: true },
    );

    await step(
      "npm start fetches, builds and runs; it prints two links",
      async () => {
        const log = openSync(join(folder, "log"), "a");
        // What npm needs to know of its registry comes with the environment; nothing else that was installed here does.
        const { PATH: _path, ...rest } = process.env;
        const env = { ...rest, PATH: `${tools}:${dirname(process.execPath)}/none` };
        const child = spawn(join(tools, "npm"), ["start", "--", ...options], {
          cwd: clone,
          env,
          detached: true,
          stdio: ["ignore", log, log],
        });
        closeSync(log);
        pid = child.pid!;
        await eventually(
          "the links are printed",
          () => {
            if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}: ${output().slice(-800)}`);
            return /Set up: \S+\/setup\//.test(output());
          },
          300_000,
        );
      },
      { must: true },
    );

    await step("the trial's link signs in, and its page is there", async () => {
      const path = /Try it: \S+?(\/sign-in\/once\/\S+)/.exec(output())?.[1] ?? "";
      const entered = await fetch(`http://${http}${path}`, { redirect: "manual" });
      expect(entered.status === 303 && entered.headers.get("location") === "/trial", `${entered.status}`);
      const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
      const page = await (await fetch(`http://${http}/trial`, { headers: { cookie } })).text();
      expect(page.includes('id="trial"'), "the trial's page");
    });

    await step("Ctrl-C ends all of it", async () => {
      process.kill(-pid!, "SIGINT");
      await eventually("it has stopped", () => output().includes("fact=stopped"), 30_000);
      const answers = await fetch(`http://${http}/healthz`).then(
        () => true,
        () => false,
      );
      expect(!answers, "nobody answers any more");
      pid = null;
    });
  },
  async () => {
    if (pid !== null) process.kill(-pid, "SIGKILL");
    if (!hasFailed()) rmSync(folder, { recursive: true, force: true });
  },
);
