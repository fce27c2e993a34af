// A centre is lost and comes back: a real call recorded, a cold backup, damage named, restored with the key file and with the recovery kit alone.
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connect } from "../../storage/postgres/connect.ts";
import { Baresip } from "../support/baresip.ts";
import { Desk } from "../support/desk.ts";
import { binary, Landline, testCentre } from "../support/landline.ts";
import { listenTo } from "../support/ledger.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { startTestPostgres } from "../support/postgres.ts";
import { agentHz, callerHz, centreWithPhone, recordedCall } from "../support/recorded-call.ts";
import { eventually, expect, hasFailed, program, step } from "../support/steps.ts";
import { strongest } from "../support/tones.ts";

await insideNamespace();

const options = ["--sip", `${ownAddress}:5060`, "--rtp-ports", "20000-20999", "--metrics", "127.0.0.1:9464"];
const nodes: Landline[] = [];
const original = node();
const backup = join(original.folder, "backup");
const half = `${backup}.landline-half`;

/** A node of its own folder; never two at once. */
function node(more: readonly string[] = []): Landline {
  nodes.push(new Landline([...options, ...more]));
  return nodes.at(-1)!;
}

const keyFile = (of: Landline): string => join(of.folder, "keys/landline.key");

function giveKey(to: Landline): void {
  mkdirSync(dirname(keyFile(to)), { mode: 0o700 });
  copyFileSync(keyFile(original), keyFile(to));
}

/** Starts the subcommand and kills it with -9 as soon as `isThere`; fails when it was done before. */
async function killWhen(of: Landline, words: readonly string[], isThere: () => boolean): Promise<void> {
  const child = spawn(binary, [...words, ...of.options], { stdio: "ignore", env: { PATH: process.env.PATH ?? "" } });
  const ended = new Promise<NodeJS.Signals | null>((done) => child.on("exit", (_code, signal) => done(signal)));
  const until = Date.now() + 30_000;
  while (!isThere() && child.exitCode === null && Date.now() < until) await Bun.sleep(1);
  child.kill("SIGKILL");
  expect((await ended) === "SIGKILL", `${words[0]} was over before the kill`);
}

function count(folder: string): number {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).length : 0;
}

function run(...words: string[]): void {
  const done = Bun.spawnSync(words);
  if (done.exitCode !== 0) throw new Error(`${words.join(" ")}: ${done.stderr.toString().trim()}`);
}

let conversationId = "";
let path = "";
let kit = "";

/** What was there before is there, the proof is clean, and a call's sound can be heard. */
async function servesAsBefore(restored: Landline): Promise<void> {
  const verified = restored.run(["verify", "--rows"]);
  expect(verified.code === 0 && /1 recordings/.test(verified.out), `verify: ${verified.out}${verified.error}`);
  await restored.start();
  const { entities } = await restored.api<{ entities: { name: string }[] }>("/api/v2/routing/queues");
  expect(
    entities
      .map(({ name }) => name)
      .sort()
      .join() === "Accounts,Service",
    `queues: ${JSON.stringify(entities)}`,
  );
  await restored.api(`/api/v2/conversations/${conversationId}`);
  await Desk.signIn(restored.http, "gareth@example.org");
  const { left, right } = await listenTo(restored, path);
  const middle = (samples: Int16Array): number => strongest(samples.subarray(samples.length >> 2, (samples.length >> 2) * 3)).hz;
  expect(Math.abs(middle(left) - callerHz) < 12 && Math.abs(middle(right) - agentHz) < 12, "the recording holds other tones");
  await restored.stop();
}

await program(
  async () => {
    await step(
      "a centre with a recorded call and a recovery kit",
      async () => {
        await original.start();
        const [phone] = original.apply(centreWithPhone(ownAddress)).phones;
        kit = (JSON.parse(original.run(["setup", "kit", "--json"]).out) as { kit: string }).kit;
        const call = await recordedCall(original, ownAddress, phone!);
        conversationId = call.conversationId;
        path = call.path;
      },
      { must: true },
    );

    await step("beside a running node it is refused, and says what to do; called wrongly it ends with 2", async () => {
      const { code, error } = original.run(["backup", "--cold", backup]);
      expect(code === 1 && /a node runs on .*stop it first/.test(error), `${code} ${error}`);
      expect(!existsSync(backup) && !existsSync(half), "something was made");
      for (const words of [["backup", backup], ["backup", "--cold"], ["restore"]]) expect(original.run(words).code === 2, words.join(" "));
      await original.stop();
    });

    await step("kill -9 in the middle: no backup that claims to be one, and the centre is as it was", async () => {
      await killWhen(original, ["backup", "--cold", backup], () => count(half) > 100);
      expect(!existsSync(backup) && existsSync(half), "the half backup has the name of a whole one");
      const { code, error } = original.run(["restore", half, "--check"]);
      expect(code === 1 && /not finished/.test(error), `${code} ${error}`);
      expect(original.run(["verify", "--rows"]).code === 0, "the original does not verify");
    });

    await step("a full disk: refused before, and in the middle; nothing is left there", async () => {
      const disk = join(original.folder, "disk");
      mkdirSync(disk);
      for (const [size, pattern] of [
        ["size=20m", /MB are needed in .* make room/],
        ["size=400m,nr_inodes=300", /the disk under .* is full/],
      ] as const) {
        run("mount", "-t", "tmpfs", "-o", size, "landline-test", disk);
        try {
          const { code, error } = original.run(["backup", "--cold", join(disk, "backup")]);
          expect(code === 1 && pattern.test(error), `${size}: ${code} ${error}`);
          expect(count(disk) === 0, `${size}: something is left`);
        } finally {
          run("umount", disk);
        }
      }
      expect(original.run(["verify", "--rows"]).code === 0, "the original does not verify");
    });

    await step(
      "stopped, it is made: whole, signed, without the key file, and never over another",
      async () => {
        const { code, out, error } = original.run(["backup", "--cold", backup, "--json"]);
        expect(code === 0 && !existsSync(half), `${code} ${error}`);
        const made = JSON.parse(out) as { files: number; head: { seq: number }; organization: { name: string } };
        expect(made.files > 500 && made.head.seq > 20, out);
        const { master, signing } = JSON.parse(readFileSync(keyFile(original), "utf8")) as { master: string; signing: string };
        for (const entry of readdirSync(backup, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
          const bytes = readFileSync(join(entry.parentPath, entry.name));
          for (const secret of [master, signing])
            expect(!bytes.includes(secret) && !bytes.includes(Buffer.from(secret, "base64")), `the key is in ${entry.name}`);
        }
        const again = original.run(["backup", "--cold", backup]);
        expect(again.code === 1 && /is there already/.test(again.error), `${again.code} ${again.error}`);
        const checked = original.run(["restore", backup, "--check"]);
        expect(checked.code === 0 && /each as it was backed up/.test(checked.out), `${checked.code} ${checked.out}${checked.error}`);
      },
      { must: true },
    );

    await step("one flipped byte: restore names the file and writes nothing", async () => {
      const other = node();
      giveKey(other);
      const recording = join(backup, "data/recordings", path);
      const bytes = readFileSync(recording);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(recording, bytes);
      const { code, out } = other.run(["restore", backup]);
      expect(code === 1 && out.includes(path) && /nothing was written/.test(out), `${code} ${out}`);
      expect(!existsSync(other.data), "something was written");
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(recording, bytes);
    });

    await step("killed in the middle of a restore: the folder cannot be started; the next restore begins anew, and is proved", async () => {
      const other = node();
      giveKey(other);
      await killWhen(other, ["restore", backup], () => count(join(other.data, "postgres/data")) > 200);
      for (const words of [["verify"], ["serve"], ["backup", "--cold", join(other.folder, "x")]]) {
        const { code, error } = other.run(words);
        expect(code === 1 && /did not finish/.test(error), `${words[0]}: ${code} ${error}`);
      }
      const { code, out, error } = other.run(["restore", backup]);
      expect(code === 0 && /verified: nothing was found/.test(out), `${code} ${out}${error}`);
      const again = other.run(["restore", backup]);
      expect(again.code === 1 && /is not empty/.test(again.error), `${again.code} ${again.error}`);
      await servesAsBefore(other);
    });

    await step("with the recovery kit alone: no key file is made up; key restore brings it, the proof is clean, it serves", async () => {
      const other = node();
      const { code, out, error } = other.run(["restore", backup]);
      expect(code === 0 && /not proved yet/.test(out) && /landline key restore/.test(out), `${code} ${out}${error}`);
      expect(!existsSync(keyFile(other)), "a key file was made");
      const restored = other.run(["key", "restore"], `${kit}\n`);
      expect(restored.code === 0, restored.error);
      expect(readFileSync(keyFile(other)).equals(readFileSync(keyFile(original))), "it is another key file");
      await servesAsBefore(other);
    });

    await step("the kit in one step, from a file", async () => {
      const other = node();
      const typed = join(other.folder, "kit.txt");
      writeFileSync(typed, `${kit}\n`);
      const { code, out, error } = other.run(["restore", backup, "--kit-file", typed]);
      expect(code === 0 && /verified: nothing was found/.test(out), `${code} ${out}${error}`);
    });

    await step("a database of one's own: said to be theirs, the rest comes back, and another state of it is found", async () => {
      const { server } = await startTestPostgres();
      const url = (name: string): string => {
        const { host, user, password } = server.target(name);
        return `postgres://${user}:${password}@localhost/${name}?host=${host}`;
      };
      await server.ensureDatabase("operator");
      const own = node(["--database", url("operator")]);
      const copy = join(own.folder, "backup");
      await own.start();
      own.apply(testCentre([ownAddress]));
      const refused = own.run(["backup", "--cold", copy]);
      expect(refused.code === 1 && /a node runs on/.test(refused.error), `${refused.code} ${refused.error}`);
      await own.stop();
      const made = own.run(["backup", "--cold", copy]);
      expect(made.code === 0 && /the database is not in it/.test(made.out), `${made.code} ${made.out}${made.error}`);
      expect(!existsSync(join(copy, "data/postgres")), "there is a database in it");
      // Their own tool: a copy of the database, and of a later state.
      const admin = connect(server.target("postgres"), { max: 1, name: "operator" });
      await admin`create database brought_back template operator`;
      await own.start();
      await own.api("/api/v2/routing/skills", { method: "POST", body: { name: "Later" } });
      await own.stop();
      await admin.end();
      const options = ["--key-file", keyFile(own)];
      const without = node().run(["restore", copy, ...options]);
      expect(without.code === 2 && /give its URL/.test(without.error), `${without.code} ${without.error}`);
      const back = node(["--database", url("brought_back"), ...options]);
      const restored = back.run(["restore", copy]);
      expect(restored.code === 0 && /verified: nothing was found/.test(restored.out), `${restored.code} ${restored.out}${restored.error}`);
      const late = node(["--database", url("operator"), ...options]).run(["restore", copy]);
      expect(late.code === 1 && /backup-head/.test(late.out), `${late.code} ${late.out}${late.error}`);
    });
  },
  async () => {
    Baresip.quitAll();
    for (const one of nodes) {
      await one.stop();
      if (!hasFailed()) one.discard();
    }
    if (!hasFailed()) rmSync(backup, { recursive: true, force: true });
    await eventually("all nodes are gone", () => nodes.every((one) => !existsSync(one.folder)) || hasFailed());
  },
);
