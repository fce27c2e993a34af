// How much of the Platform API answers: `npm run api:coverage` prints, for each family, operations built and operations in scope.
import { apiRoutes } from "../web/api/index.ts";
import { isVendors, scope, shapeOf } from "../web/api/scope.ts";

const built = new Set(apiRoutes.map(({ method, path }) => `${method} ${shapeOf(path)}`));
const families = Map.groupBy(scope, ({ family }) => family);
const lines = [...families].map(([family, operations]) => ({
  family,
  covered: operations.filter(({ method, path }) => built.has(`${method} ${shapeOf(path)}`)).length,
  all: operations.length,
}));
for (const { family, covered, all } of lines.sort((a, b) => b.covered - a.covered || a.family.localeCompare(b.family))) {
  console.log(`${family.padEnd(34)} ${String(covered).padStart(4)} / ${String(all).padStart(4)}`);
}
const unique = new Set(scope.map(({ method, path }) => `${method} ${shapeOf(path)}`));
const covered = [...unique].filter((shape) => built.has(shape)).length;
const own = apiRoutes.filter(({ method, path }) => !isVendors(method, path)).length;
console.log(`${"all, each once".padEnd(34)} ${String(covered).padStart(4)} / ${String(unique.size).padStart(4)}; ours on top: ${own}`);
