// What is shipped around the binary calls it by options, subcommands and ports that there are.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, parseArguments } from "../cmd/config.ts";

const root = join(import.meta.dir, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");

/** The options that a container gets as LANDLINE_…; files of secrets are not here, so their content is anything. */
function environmentOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value] = pair.split(/=(.*)/s) as [string, string];
      return value.startsWith("/run/secrets/") ? [name.replace(/_FILE$/, ""), "x"] : [name, value];
    }),
  );
}

describe("landline.service", () => {
  test("starts the binary with options that there are", () => {
    const [, subcommand, words] = /^ExecStart=\/usr\/local\/bin\/landline (\w+) (.*)$/m.exec(read("deploy/landline.service"))!;
    expect(subcommand).toBe("serve");
    const { flags, positional } = parseArguments(words!.split(" "), {});
    expect(positional).toEqual([]);
    const config = loadConfig(flags, {}, null);
    expect(config.data).toBe("/var/lib/landline");
    expect(config.given).toEqual(["data", "key-file"]);
  });
});

describe("Dockerfile and compose.yaml", () => {
  const dockerfile = read("deploy/Dockerfile");
  const instruction = (name: string): string => new RegExp(`^${name} ((?:.*\\\\\n)*.*)$`, "m").exec(dockerfile)![1]!;
  type Service = {
    readonly environment: Readonly<Record<string, string>>;
    readonly volumes: readonly string[];
    readonly secrets: readonly string[];
  };
  const compose = Bun.YAML.parse(read("deploy/compose.yaml")) as {
    readonly services: Readonly<Record<"landline" | "database", Service & Readonly<Record<string, unknown>>>>;
    readonly secrets: Readonly<Record<string, unknown>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };

  test("the image's data and keys are volumes of their own, and the options that it sets are there", () => {
    const config = loadConfig({}, environmentOf(instruction("ENV").split(/[\s\\]+/)), null);
    const volumes = JSON.parse(instruction("VOLUME")) as string[];
    expect(volumes).toContain(config.data);
    expect(volumes.some((volume) => config["key-file"].startsWith(`${volume}/`) && volume !== config.data)).toBe(true);
    const [, command] = /CMD (\[.*\])$/.exec(instruction("HEALTHCHECK"))!;
    expect(JSON.parse(command!)).toEqual([...(JSON.parse(instruction("ENTRYPOINT")) as string[]), "healthcheck"]);
  });

  test("the ports that it exposes are those that the binary listens on", () => {
    const { http, sip, "media-ports": media, "media-tcp-ports": byTcp } = loadConfig({}, {}, null);
    const portOf = (address: string): string => address.split(":").at(-1)!;
    expect(instruction("EXPOSE").split(" ").sort()).toEqual(
      [
        `${portOf(http)}/tcp`,
        `${portOf(sip)}/tcp`,
        `${portOf(sip)}/udp`,
        ...media.map((port) => `${port}/udp`),
        ...byTcp!.map((port) => `${port}/tcp`),
      ].sort(),
    );
  });

  test("compose gives the image's volumes, options that there are, and secrets only as files", () => {
    const { landline, database } = compose.services;
    const pairs = Object.entries(landline.environment).map(([name, value]) => `${name}=${value}`);
    expect(loadConfig({}, environmentOf(pairs), null).given).toEqual(["database"]);
    expect(landline.volumes.map((volume) => volume.split(":")[1]!).sort()).toEqual((JSON.parse(instruction("VOLUME")) as string[]).sort());
    for (const service of [landline, database]) {
      for (const [name, value] of Object.entries(service.environment)) {
        if (!name.endsWith("_FILE")) expect(name).not.toMatch(/PASSWORD|SECRET|DATABASE$/);
        else expect(service.secrets.map((secret) => `/run/secrets/${secret}`)).toContain(value);
      }
      expect([...service.secrets].filter((secret) => compose.secrets[secret] === undefined)).toEqual([]);
      expect(service.volumes.filter((volume) => !(volume.split(":")[0]! in compose.volumes))).toEqual([]);
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    }
    expect(landline.depends_on).toEqual({ database: { condition: "service_healthy" } });
  });
});

test("README's table of ports says what the binary listens on", () => {
  const rows = [...read("README.md").matchAll(/^\| ([^|]*?) +\| [^|]* \| `--([a-z-]+)` +\|$/gm)];
  const config = loadConfig({}, {}, null);
  const said = Object.fromEntries(rows.map(([, ports, option]) => [option!, ports!.match(/\d+/g)?.join() ?? ""]));
  const portOf = (address: string | null): string => address?.split(":").at(-1) ?? "";
  const sip = portOf(config.sip);
  expect(said).toMatchObject({
    ...{ http: portOf(config.http), https: portOf(config.https), sip: `${sip},${sip}`, metrics: portOf(config.metrics) },
    ...{
      "media-ports": config["media-ports"].join(),
      "media-tcp-ports": config["media-tcp-ports"]!.join(),
      "rtp-ports": config["rtp-ports"].join(),
    },
  });
});
