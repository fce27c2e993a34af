// Every id of the security checklist that telephony answers for has tests whose titles begin with it, or figures of its own.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "..");
const numbered = (area: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${area}-${String(n + 1).padStart(2, "0")}`);
const ids = [
  ...[...numbered("SIP", 18), ...numbered("TF", 2), ...numbered("SDP", 2), ...numbered("RTP", 8)],
  ...["STUN-01", ...numbered("WS", 2), "TLS-01", ...numbered("DOS", 2)],
];

test("each of them is the beginning of a title", () => {
  const found = new Set<string>();
  for (const top of ["core", "telephony", "cmd", "tests"])
    for (const path of new Glob(`${top}/**/*.{test,e2e}.ts`).scanSync({ cwd: root })) {
      const text = readFileSync(join(root, path), "utf8");
      // In titles that are made for each message of a corpus the id is a value.
      for (const [, id] of text.matchAll(/(?:test|step)\(\s*["'`]([A-Z]{2,4}-[0-9]{2}): /g)) found.add(id!);
      if (path.endsWith("torture.test.ts")) for (const [, id] of text.matchAll(/"(SIP-0[12])"/g)) found.add(id!);
    }
  expect(ids.filter((id) => !found.has(id))).toEqual([]);
});
