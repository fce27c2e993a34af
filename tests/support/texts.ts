// Every text that the web says, found in its source: what goes through `t` and `count`, and the words that pages and tables hand to them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../..");
const literal = /"((?:[^"\\]|\\.)*)"/g;

function sources(pattern: string): string[] {
  return [...new Glob(pattern).scanSync({ cwd: root })]
    .filter((path) => !/languages\/|\.test\./.test(path))
    .map((path) => readFileSync(join(root, path), "utf8"));
}

function literalsIn(text: string): string[] {
  return [...text.matchAll(literal)].map(([, inner]) => JSON.parse(`"${inner}"`) as string);
}

/** English texts, sorted, each once. Help pages are prose and have a file of their own in each language. */
export function textsOfTheWeb(): string[] {
  const web = sources("web/**/*.{ts,tsx}");
  const said = web.flatMap((text) => [
    ...[...text.matchAll(/\bt\(\s*("(?:[^"\\]|\\.)*")/g)].flatMap(([, first]) => literalsIn(first!)),
    // A choice between texts: t(a ? "…" : "…").
    ...[...text.matchAll(/\bt\([^()"]*\?\s*("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")/g)].flatMap(([, a, b]) => literalsIn(`${a}${b}`)),
    ...[...text.matchAll(/\bcount\(\s*[^,]+,\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")/g)].flatMap(([, one, many]) =>
      literalsIn(`${one}${many}`),
    ),
  ]);
  const properties =
    /\b(?:label|title|help|about|purpose|newLabel|unit|none|caption|what|whose|protection|kept):\s*("(?:[^"\\]|\\.)*[a-z](?:[^"\\]|\\.)*")/g;
  const described = [
    "web/pages/admin/*.{ts,tsx}",
    "web/ui/shell.tsx",
    "web/pages/objects/views.tsx",
    "web/ui/period.tsx",
    "web/pages/audit/data-map.ts",
  ]
    .flatMap(sources)
    .flatMap((text) => [...text.matchAll(properties)].flatMap(([, value]) => literalsIn(value!)))
    // Ids of help pages are words of ours, not of people.
    .filter((text) => !/^[a-z-]+$/.test(text) || text === "seconds");
  // Tables of words: KEY: "Word".
  const tables = [
    "web/pages/admin/words.ts",
    "web/pages/setup/words.ts",
    "web/pages/network-test/words.ts",
    "web/ui/status.tsx",
    "web/ui/trouble.tsx",
    "web/pages/conversation/*.tsx",
    "web/pages/board/views.tsx",
    "web/pages/flow-steps/views.tsx",
    "web/errors.tsx",
    "web/client/words.ts",
    "cmd/health.ts",
    "web/pages/audit/views.tsx",
  ]
    .flatMap(sources)
    .flatMap((text) =>
      [...text.matchAll(/^\s+(?:"?[\w.-]+"?:\s*)?("[A-Z](?:[^"\\]|\\.)*"),?$|return ("[A-Z](?:[^"\\]|\\.)*");/gm)].flatMap(([, a, b]) =>
        literalsIn(a ?? b!),
      ),
    );
  // Refusals that a handler chooses: whole sentences.
  const refused = sources("web/pages/sign-in/routes.tsx").flatMap((text) =>
    [...text.matchAll(/("[A-Z][^"\n]*\.")/g)].flatMap(([, sentence]) => literalsIn(sentence!)),
  );
  return [...new Set([...said, ...described, ...tables, ...refused])].filter((text) => /[a-zA-Z]{2}/.test(text)).sort();
}

/** What core and pages refuse with, as keys of a language's sentences: values are {1}, {2} … in their order. Commands of the machine speak English. */
export function sentencesOfCore(): string[] {
  const quoted = String.raw`("(?:[^"\\]|\\.)*"|\`[^\`]*\`)`;
  const thrown = [
    new RegExp(String.raw`new (?:BadInput|Conflict|Unavailable|NotFound)\(\s*${quoted}`, "g"),
    new RegExp(String.raw`\bfound\([\w.]+,\s*${quoted}`, "g"),
  ];
  const ofSchemas = [/(?:\.(?:min|max|regex|refine|int|length)\([^"`\n]*|error: |, )("[A-Z](?:[^"\\]|\\.)*[.!?]")/g, /error: (`[^`]*`)/g];
  const keysIn = (patterns: readonly RegExp[], texts: readonly string[]): string[] =>
    texts.flatMap((text) => patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, literal]) => keyOf(literal!))));
  // Programs of the API are answered in English.
  const found = [
    ...keysIn([...thrown, ...ofSchemas], sources("core/**/*.ts")),
    ...keysIn(thrown, sources("web/{pages,middleware}/**/*.{ts,tsx}")),
  ]
    // What a document or a command line is told has its place in it.
    .filter((key) => !/^(?:there is|this is|users, |queues, |flows\.|ivrs\.|\{1\}: there is no “|[{}\d: .-]+$)/.test(key));
  return [...new Set([...found, "There is no {1}.", "You need the permission {1} for this."])].sort();
}

function keyOf(literal: string): string {
  if (literal.startsWith('"')) return JSON.parse(literal) as string;
  let n = 0;
  let key = "";
  for (let at = 1; at < literal.length - 1; at++) {
    if (!literal.startsWith("${", at)) {
      key += literal[at]!;
      continue;
    }
    let depth = 1;
    for (at += 2; depth > 0; at++) depth += literal[at] === "{" ? 1 : literal[at] === "}" ? -1 : 0;
    at -= 1;
    n += 1;
    key += `{${n}}`;
  }
  return key;
}
