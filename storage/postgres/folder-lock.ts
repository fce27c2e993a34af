// Locks a folder for one process by flock(2): the kernel lets go when the last holder dies, so a stale lock cannot exist.
import { dlopen } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

const LOCK_EX_NB = 2 | 4;

/**
 * Takes the lock file and returns its descriptor; null: somebody holds it. Handed to a child, the lock lives as long as either does.
 * Works across containers that share a volume, where process ids say nothing.
 */
export function lockFile(path: string): number | null {
  const fd = openSync(path, "a", 0o600);
  if (flock(fd) === 0) return fd;
  closeSync(fd);
  return null;
}

let library: { readonly symbols: { readonly flock: (fd: number, operation: number) => number } } | null = null;

function flock(fd: number): number {
  library ??= dlopen("libc.so.6", { flock: { args: ["i32", "i32"], returns: "i32" } });
  return library.symbols.flock(fd, LOCK_EX_NB);
}
