// `npm run sim -- --seed 7 --hours 8 [--fault KIND]`: one simulated stretch of days, and what broke, if anything.
import { parseArgs } from "node:util";
import { type FaultKind, faultKinds } from "../../core/simulation/faults.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, hours: { type: "string", default: "1" }, fault: { type: "string" } },
});
if (values.fault !== undefined && !faultKinds.includes(values.fault as FaultKind)) {
  console.error(`unknown fault ${values.fault}; known: ${faultKinds.join(", ")}`);
  process.exit(2);
}
const fault = values.fault as FaultKind | undefined;
const outcome = await simulate(Number(values.seed), { hours: Number(values.hours), ...(fault === undefined ? {} : { fault }) });
const { problem, conversations, answered, events, struck, reached } = outcome;
console.log(
  `seed ${values.seed}: ${conversations} conversations, ${answered} answered, ${events} events; nature: ${[...reached].join(", ") || "kind"}; fault struck ${struck} times`,
);
console.log(problem === null ? "every invariant held" : `BROKEN: ${problem}`);
process.exit(problem === null ? 0 : 1);
