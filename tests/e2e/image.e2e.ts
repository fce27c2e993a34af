// The image as an engine would run it: built from Debian's packages, nobody's root, a file system that cannot be written, a call, an orderly stop.
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Baresip } from "../support/baresip.ts";
import { ContainedLandline, Image } from "../support/image.ts";
import { insideNamespace, ownAddress } from "../support/namespace.ts";
import { hasOperatorPostgres, OperatorPostgres } from "../support/operator-postgres.ts";
import { processTree } from "../support/processes.ts";
import { centreWithPhone, recordedCall } from "../support/recorded-call.ts";
import { eventually, expect, hasFailed, leftOut, program, step } from "../support/steps.ts";

const tools = ["/usr/bin/buildah", "/usr/bin/mmdebstrap", "/usr/bin/unshare", "/usr/bin/nsenter"];
const lacking = tools.filter((path) => !existsSync(path));
if (lacking.length > 0)
  await program(
    async () => leftOut("the image", `${lacking.join(", ")} is not there`),
    async () => undefined,
  );

// It fetches packages, which the namespace would keep it from.
if (process.env.LANDLINE_TEST_INSIDE !== "1") {
  const built = Bun.spawnSync([process.execPath, join(import.meta.dir, "../../deploy/image.ts")]);
  if (built.exitCode !== 0) {
    console.log(`not ok the image is built: ${built.stderr.toString().trim().split("\n").join(" | ")}`);
    process.exit(1);
  }
}
await insideNamespace();

const image = Image.unpack();
const landline = new ContainedLandline(image, { options: ["--rtp-ports", "20000-20999"] });

await program(
  async () => {
    await step("it says of itself what an engine has to know", async () => {
      const { User, Entrypoint, Cmd, StopSignal, Volumes, ExposedPorts, Healthcheck, Labels } = image.config;
      expect(/^[1-9]\d*:[1-9]\d*$/.test(User) && StopSignal === "SIGTERM", `${User} ${StopSignal}`);
      expect([...Entrypoint, ...Cmd].join(" ") === "/usr/local/bin/landline serve", [...Entrypoint, ...Cmd].join(" "));
      expect(Healthcheck.Test.join(" ") === "CMD /usr/local/bin/landline healthcheck", JSON.stringify(Healthcheck));
      expect(Object.keys(Volumes).sort().join() === "/data,/keys", Object.keys(Volumes).join());
      expect(
        Object.keys(ExposedPorts).sort().join() === "19000/tcp,19000/udp,5060/tcp,5060/udp,8080/tcp",
        Object.keys(ExposedPorts).join(),
      );
      const { version } = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8")) as { version: string };
      expect(Labels["org.opencontainers.image.version"] === version, JSON.stringify(Labels));
      expect(
        image.tags.some((tag) => tag.endsWith(`landline:${version}`)),
        image.tags.join(),
      );
    });

    await step("nothing in it is set-uid, a package manager, or of the machine that built it", async () => {
      const files = readdirSync(image.root, { recursive: true, encoding: "utf8" });
      const odd = files.filter((path) => (lstatSync(join(image.root, path)).mode & 0o6000) !== 0 || /(^|\/)(apt|dpkg)$/.test(path));
      expect(files.length > 50 && odd.length === 0, odd.join());
      const filled = ["etc/hostname", "etc/hosts", "etc/resolv.conf"].filter((path) => existsSync(join(image.root, path)));
      expect(
        filled.every((path) => readFileSync(join(image.root, path), "utf8") === ""),
        filled.join(),
      );
    });

    await step(
      "it starts as a user without rights, on a root that cannot be written; the health check tells when it is ready",
      async () => {
        landline.launch();
        await landline.ready();
        const status = readFileSync(`/proc/${landline.inside}/status`, "utf8");
        const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)![1]!;
        expect(field("Uid").split("\t")[0] === String(image.uid), `uid ${field("Uid")}`);
        expect(/^0+$/.test(field("CapEff")) && field("NoNewPrivs") === "1", `${field("CapEff")} ${field("NoNewPrivs")}`);
        expect(/\t1$/.test(field("NSpid")), `it is process ${field("NSpid")}`);
        const mounted = readFileSync(`/proc/${landline.inside}/mountinfo`, "utf8")
          .split("\n")
          .find((line) => line.split(" ")[4] === "/");
        expect(/ ro[, ]/.test(mounted ?? ""), `the root is mounted ${mounted}`);
        const healthy = landline.run(["healthcheck"]);
        expect(healthy.code === 0, `${healthy.code} ${healthy.out}${healthy.error}`);
        expect(!/cannot be loaded|permission denied|read-only/i.test(landline.log), landline.log);
      },
      { must: true },
    );

    await step("a call through it, recorded; the proof is clean", async () => {
      const [phone] = landline.apply(centreWithPhone(ownAddress)).phones;
      const { path } = await recordedCall(landline, ownAddress, phone!);
      expect(existsSync(join(landline.data, "recordings", path)), "the recording is not in the volume");
      const verified = landline.run(["verify", "--rows"]);
      expect(verified.code === 0 && /1 recordings/.test(verified.out), `${verified.out}${verified.error}`);
    });

    await step("SIGTERM while a call is up: the caller gets a BYE, the log is closed, the exit code is 0, nothing is left", async () => {
      const caller = new Baresip(join(landline.folder, "last"), ownAddress, 440);
      await eventually("the caller's phone is ready", () => caller.log.includes("ready"), 10_000);
      caller.dial(`sip:100@${ownAddress}:5060`);
      await eventually("the call is answered", () => caller.established === 1, 10_000);
      const tree = processTree(landline.pid);
      expect(
        tree.some(({ command }) => command.includes("postgres")),
        "no database server",
      );
      const code = await landline.stop();
      expect(code === 0 && /stopped/.test(landline.log.split("\n").slice(-3).join(" ")), `${code}: ${landline.log.slice(-400)}`);
      await eventually("the caller is told", () => /session closed|Call with .* terminated/i.test(caller.log), 5_000);
      const left = tree.filter(({ pid }) => existsSync(`/proc/${pid}`));
      expect(left.length === 0, left.map(({ command }) => command).join());
    });

    await step("SIGTERM during the start: process 1 gets it, the start is brought to its end and everything is stopped", async () => {
      landline.launch();
      const catches = (): boolean => {
        const pid = processTree(landline.pid).find(({ command }) => command.startsWith(image.config.Entrypoint[0]!))?.pid;
        const caught = pid === undefined ? undefined : /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        // SIGTERM is 15, the lowest bit is 1.
        return caught !== undefined && ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n;
      };
      await eventually("SIGTERM is awaited", catches);
      expect(
        await fetch(`${landline.http}/readyz`).then(
          () => false,
          () => true,
        ),
        "it was up already",
      );
      const code = await landline.stop();
      expect(code === 0 && /stopped/.test(landline.log.split("\n").slice(-3).join(" ")), `${code}: ${landline.log.slice(-400)}`);
    });

    await step("the same volumes start again; stopped, a backup is made by the image itself", async () => {
      await landline.start();
      expect((await landline.stop()) === 0, "it did not stop well");
      const backups = join(landline.folder, "backups");
      mkdirSync(backups, { mode: 0o700 });
      chownSync(backups, image.uid, image.uid);
      const done = landline.once(["backup", "--cold", "/backups/first"], [`${backups}:/backups`]);
      expect(done.code === 0 && existsSync(join(backups, "first/manifest.json")), `${done.code} ${done.text}`);
    });

    if (!hasOperatorPostgres()) return leftOut("beside a PostgreSQL of the operator's", "postgresql-15 is not installed");
    await step("beside a PostgreSQL of the operator's, its URL in a secret's file, as compose.yaml says", async () => {
      const database = await OperatorPostgres.start(join(landline.folder, "database"), 5_433);
      const secrets = join(landline.folder, "secrets");
      mkdirSync(secrets);
      writeFileSync(join(secrets, "database-url"), database.url, { mode: 0o400 });
      chownSync(join(secrets, "database-url"), image.uid, image.uid);
      const environment = { LANDLINE_DATABASE_FILE: "/run/secrets/database-url" };
      const beside = new ContainedLandline(image, { environment, mounts: [`${secrets}:/run/secrets`] });
      try {
        await beside.start();
        beside.apply(centreWithPhone(ownAddress));
        expect(beside.run(["healthcheck"]).code === 0 && beside.run(["verify", "--rows"]).code === 0, "healthcheck or verify");
        expect(!existsSync(join(beside.data, "postgres")), "it has a database of its own, too");
        expect((await beside.stop()) === 0 && !beside.log.includes("operator's own"), beside.log.slice(-400));
      } finally {
        await beside.stop();
        await database.stop();
        if (!hasFailed()) beside.discard();
      }
    });
  },
  async () => {
    Baresip.quitAll();
    await landline.stop();
    if (hasFailed()) return console.error(`kept: ${landline.folder} ${image.folder}`);
    landline.discard();
    image.discard();
    rmSync(landline.folder, { recursive: true, force: true });
  },
);
