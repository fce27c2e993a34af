// Holds the documents to the code: options, the log's example, licences, links.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { captions } from "../cmd/config.ts";
import { headerHash } from "../core/events/chain.ts";
import type { EventHeader } from "../core/events/event.ts";

const root = join(import.meta.dir, "..");
const tops = ["core", "telephony", "storage", "web", "cmd", "deploy", "tests"];

describe("the documents", () => {
  const read = (name: string): string => readFileSync(join(root, name), "utf8");
  // Tables are padded so that they can be read as text.
  const rows = (name: string): string[] =>
    read(name)
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " "));

  test("README names every option as --help does", () => {
    const table = rows("README.md").flatMap((row) => /^\| `--([a-z-]+)` \|.*\| (.+) \|$/.exec(row)?.slice(1, 3).join(": ") ?? []);
    expect(table).toEqual(Object.entries(captions).map(([key, caption]) => `${key}: ${caption}`));
  });

  test("ARCHITECTURE's example of a header has the hash that stands above it", () => {
    const [, hash, example] = /whose hash is `([0-9a-f]{64})`:\n\n *```\n([^`]+?)\n *```/.exec(read("ARCHITECTURE.md"))!;
    const [, organizationId, seq, prev, id, at, node, type, division, actorId, subjects, payloadDigest] = example!
      .split("\n")
      .map((line) => line.trim());
    const header = {
      organizationId,
      seq: Number(seq),
      prev,
      id,
      at: Number(at),
      node,
      type,
      divisionId: division === "-" ? null : division,
    };
    const subjectIds = subjects === "-" ? [] : subjects!.split(",");
    expect(headerHash({ ...header, actorId, subjectIds, payloadDigest } as unknown as EventHeader)).toBe(hash!);
  });

  test("THIRD_PARTY names every package that is installed for the binary, and its licence", () => {
    const listed = Bun.spawnSync([process.execPath, "pm", "licenses", "--prod", "--json"], { cwd: root }).stdout.toString();
    const packages = Object.entries(JSON.parse(listed) as Record<string, { name: string; versions: string[] }[]>);
    const wanted = packages.flatMap(([licence, list]) =>
      list.map(({ name, versions }) => `| ${name} | ${versions.join(", ")} | ${licence} |`),
    );
    const there = new Set(rows("THIRD_PARTY.md"));
    expect(wanted.filter((row) => !there.has(row))).toEqual([]);
    expect(wanted.length).toBeGreaterThan(20);
  });

  test("are there, and what they point to is too", () => {
    const files = ["*.md", "*/README.md"].flatMap((pattern) => [...new Glob(pattern).scanSync({ cwd: root })]);
    const documents = files.filter((path) => !path.startsWith("node_modules/")).map((path) => ({ path, text: read(path) }));
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)]
        .filter(([, to]) => !existsSync(join(root, dirname(path), to!)))
        .map(([, to]) => `${path}: ${to}`),
    );
    expect(broken).toEqual([]);
    const names = documents.map(({ path }) => path);
    const wanted = ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG", "THIRD_PARTY"].map((name) => `${name}.md`);
    expect([...wanted, ...tops.map((top) => `${top}/README.md`)].filter((name) => !names.includes(name))).toEqual([]);
  });
});
