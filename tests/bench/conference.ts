// CPU of conferences, in ms for each party and second: rooms of 3, 5 and 10 in which all talk at once, and one who is heard by many; asserts nothing.
import { measure, measuredMs, median, ours } from "./measuring.ts";

const runs = Number(process.argv[2] ?? 3);
const shapes = [
  { name: "rooms of 3", parties: 3 },
  { name: "rooms of 5", parties: 5 },
  { name: "rooms of 10", parties: 10 },
  { name: "one heard by all", parties: 0 },
];

console.log(`all parties say 50 packets a second, ${measuredMs / 1_000} s measured, medians of ${runs}`);
// A mix goes on in the 0.3 s after all have fallen silent: 1.05 is all that there was to hear.
console.log("in all   shape               ms per party-second (each run)        heard for each said");
for (const legs of [30, 300])
  for (const { name, parties } of shapes) {
    const costs: number[] = [];
    const heard: number[] = [];
    for (let run = 0; run < runs; run++) {
      const { usedMs, overMs, lossPercent } = await measure(await ours(legs, parties || legs, parties === 0));
      costs.push((usedMs * 1_000) / overMs / legs);
      heard.push(1 - lossPercent / 100);
    }
    const each = costs.map((cost) => cost.toFixed(2)).join(", ");
    console.log(
      `${String(legs).padEnd(9)}${name.padEnd(20)}${`${median(costs).toFixed(2)} (${each})`.padEnd(38)}${median(heard).toFixed(2)}`,
    );
  }
process.exit(0);
