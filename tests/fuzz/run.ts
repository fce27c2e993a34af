// `npm run fuzz -- --seed 7 [--million 2] [--only sip]`: mutated inputs for every parser of the network. Ends with 1 after a crash, a hang, growth, or a message that does not come back as it was read.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { corpusFolder, fuzz, growthBytesMax, hangMs } from "./fuzz.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, million: { type: "string", default: "2" }, only: { type: "string" } },
});
const [seed, millions] = [Number(values.seed), Number(values.million)];
const chosen = targets.filter(({ name }) => values.only === undefined || values.only.split(",").includes(name));
if (!Number.isInteger(seed) || !(millions > 0) || chosen.length === 0) {
  console.error(`--seed takes a whole number, --million a number above 0, --only some of ${targets.map(({ name }) => name).join(",")}`);
  process.exit(2);
}
let isGood = true;
for (const target of chosen) {
  const { inputs, seconds, slowestMs, slowest, growthBytes, findings } = fuzz(target, seed, Math.round(millions * 1_000_000));
  const grew = growthBytes > growthBytesMax;
  isGood &&= findings.length === 0 && !grew;
  const figures = [
    `${inputs} inputs`,
    `${seconds.toFixed(1)} s`,
    `slowest ${slowestMs.toFixed(2)} ms for ${slowest.length} bytes (at most ${hangMs})`,
    `heap ${(growthBytes / 1_048_576).toFixed(1)} MiB${grew ? " GREW" : ""}`,
    `${findings.length} found`,
  ];
  console.log(`${target.name.padEnd(6)} seed ${seed}: ${figures.join(", ")}`);
  for (const { what, input } of findings) console.log(`${keep(target.name, input)}\n  ${what.split("\n").slice(0, 4).join("\n  ")}`);
}
process.exit(isGood ? 0 : 1);

/** A found input stays in the corpus, where every later run begins. */
function keep(name: string, input: Buffer): string {
  const folder = corpusFolder(name);
  mkdirSync(folder, { recursive: true });
  const path = `${folder}${createHash("sha256").update(input).digest("hex").slice(0, 12)}`;
  writeFileSync(path, input);
  return path;
}
