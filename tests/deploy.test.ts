// What is shipped around the binary calls it by options, subcommands and ports that there are.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, parseArguments } from "../cmd/config.ts";

const root = join(import.meta.dir, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");

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
