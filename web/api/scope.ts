// Which operations of the Platform API belong to this product: what is not built yet says so, and what is none of ours is not found.
import operations from "./operations.txt" with { type: "text" };

export type ScopedOperation = { readonly family: string; readonly operation: string; readonly method: string; readonly path: string };

/** Family, SDK method, HTTP method and path, as the vendor's clients call them; one that belongs to two families is there twice. */
export const scope: readonly ScopedOperation[] = operations
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [family, operation, method, path] = line.split("\t") as [string, string, string, string];
    return { family, operation, method, path };
  });

const shapes = new Set(scope.map(({ method, path }) => `${method} ${shapeOf(path)}`));

/** Whether the vendor has such an operation and we mean to. */
export function isInScope(method: string, path: string): boolean {
  const parts = path.split("/");
  // Parameters may stand anywhere: every path of the same length is compared part by part.
  return scope.some((one) => one.method === method && matches(one.path.split("/"), parts));
}

/** Whether a route of ours is one of the vendor's, under whatever names its parameters have. */
export function isVendors(method: string, path: string): boolean {
  return shapes.has(`${method} ${shapeOf(path)}`);
}

/** The path with its parameters unnamed. */
export function shapeOf(path: string): string {
  return path.replaceAll(/\{\w+\}|:\w+/g, "{}");
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, i) => part.startsWith("{") || part === parts[i]);
}
