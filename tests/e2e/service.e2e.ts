// The systemd unit, as far as a machine without systemd can tell: it is well-formed, closed up, and the binary needs nothing that it forbids.
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, Landline } from "../support/landline.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { RawSip } from "../support/raw-sip.ts";
import { expect, hasFailed, leftOut, program, step } from "../support/steps.ts";

/** Of ten; 9.6 is a unit without any hardening. */
const exposureMax = 2.5;

await insideNamespace();

const unit = readFileSync(join(import.meta.dir, "../../deploy/landline.service"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "landline-unit-"));
const trace = join(folder, "trace");
/** A user who is nobody else here and has an entry, as the database server wants. */
const user = 1;
const asUser = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--no-new-privs", "--bounding-set=-all"];
// The tracer is the grandchild: signals go to the binary itself.
const traced = ["strace", "-D", "-f", "-qq", "-s", "0", "-e", "signal=none", "-o", trace];
const landline = new Landline(["--sip", `${ownAddress}:5060`], true, { program: [...asUser, ...traced, binary] });

const valuesOf = (key: string): string[] => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value!);

function analyze(...words: string[]): { readonly code: number; readonly text: string } {
  const done = Bun.spawnSync(["systemd-analyze", ...words]);
  return { code: done.exitCode, text: `${done.stdout}${done.stderr}` };
}

/** The names in a group of system calls, and in the groups in it. */
function callsIn(group: string): string[] {
  const { code, text } = analyze("syscall-filter", group);
  expect(code === 0, text);
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((name) => (name.startsWith("@") ? callsIn(name) : [name]));
}

await program(
  async () => {
    if (!existsSync("/usr/bin/systemd-analyze")) return leftOut("the unit", "systemd is not installed");
    await step("systemd takes the unit without a word, and finds it closed up", async () => {
      const path = join(folder, "landline.service");
      // Program and user of this machine: verify looks whether they are there.
      writeFileSync(path, unit.replaceAll("/usr/local/bin/landline", binary).replace(/^(User|Group)=.*$/gm, "$1=daemon"));
      const verified = analyze("verify", path);
      expect(verified.code === 0 && verified.text.trim() === "", verified.text);
      const { text } = analyze("security", "--offline=true", path);
      const exposure = Number(/Overall exposure level for landline.service: ([\d.]+)/.exec(text)?.[1]);
      expect(
        exposure <= exposureMax,
        `exposure ${exposure}: ${text
          .split("\n")
          .filter((line) => line.startsWith("✗"))
          .join(" | ")}`,
      );
    });

    if (!existsSync("/usr/bin/strace")) return leftOut("what the unit forbids", "strace is not installed");
    await step("first start, work and stop need no system call and no kind of socket that the unit forbids", async () => {
      for (const path of [folder, landline.folder]) chownSync(path, user, user);
      await landline.start();
      await landline.api("/api/v2/routing/skills", { method: "POST", body: { name: "Accounts" } });
      const caller = await RawSip.open(ownAddress, { address: ownAddress, port: 5_060 });
      expect((await caller.ask("REGISTER", "somebody")) === 401, "it does not speak SIP");
      caller.close();
      await landline.stop();
      const text = readFileSync(trace, "latin1");
      const used = new Set([...text.matchAll(/^\d+ +([a-z_0-9]+)\(/gm)].map(([, name]) => name!));
      expect(used.size > 80 && used.has("execve"), `${used.size} calls were seen`);
      const filters = valuesOf("SystemCallFilter");
      const allowed = new Set(filters.filter((group) => !group.startsWith("~")).flatMap(callsIn));
      const forbidden = new Set(filters.filter((group) => group.startsWith("~")).flatMap((group) => callsIn(group.slice(1))));
      const refused = [...used].filter((name) => !allowed.has(name) || forbidden.has(name));
      expect(refused.length === 0, `the unit forbids ${refused.join(", ")}`);
      const families = new Set([...text.matchAll(/ socket(?:pair)?\((AF_\w+)/g)].map(([, family]) => family!));
      const known = valuesOf("RestrictAddressFamilies").join(" ").split(" ");
      expect(families.size >= 2 && [...families].every((family) => known.includes(family)), `sockets of ${[...families].join(", ")}`);
    });
  },
  async () => {
    await landline.stop();
    rmSync(folder, { recursive: true, force: true });
    if (!hasFailed()) landline.discard();
  },
);
